/* SPDX-License-Identifier: MIT
 *
 * UTF-8 (RFC 3629) against a reference that knows no tables: it encodes every character there is,
 * and what begins none of the encodings is wrong.
 */
#include "base/utf8.h"

#include "support/hex.h"
#include "support/test.h"

#include <string.h>

/* Which runs of bytes begin an encoding; those of four bytes by the bits that they carry. */
static uint8_t begins_1[1 << 8], begins_2[1 << 16], begins_3[1 << 24], is_4[1 << 21];
/* Bytes that the character in progress has in all; by its first byte. */
static uint8_t lengths[256];

static void put(uint32_t character) {
    uint8_t bytes[4];
    size_t len = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t markers[] = {0, 0, 0xc0, 0xe0, 0xf0};
    uint32_t rest = character;
    for (size_t i = len; i-- > 1; rest >>= 6) {
        bytes[i] = (uint8_t)(0x80 | (rest & 0x3f));
    }
    bytes[0] = (uint8_t)(markers[len] | rest);
    lengths[bytes[0]] = (uint8_t)len;
    begins_1[bytes[0]] = 1;
    if (len >= 2) {
        begins_2[bytes[0] << 8 | bytes[1]] = 1;
    }
    if (len >= 3) {
        begins_3[bytes[0] << 16 | bytes[1] << 8 | bytes[2]] = 1;
    }
    if (len == 4) {
        is_4[character] = 1;
    }
}

static bool may_begin(const uint8_t *bytes, size_t len) {
    switch (len) {
    case 1:
        return begins_1[bytes[0]] != 0;
    case 2:
        return begins_2[bytes[0] << 8 | bytes[1]] != 0;
    case 3:
        return begins_3[bytes[0] << 16 | bytes[1] << 8 | bytes[2]] != 0;
    default:
        return (bytes[3] & 0xc0) == 0x80 && is_4[(bytes[0] & 7) << 18 | (bytes[1] & 0x3f) << 12 |
                                                 (bytes[2] & 0x3f) << 6 | (bytes[3] & 0x3f)] != 0;
    }
}

static enum why_utf8_class expected_class_of_first(uint8_t byte) {
    if ((byte & 0xc0) == 0x80) {
        return WHY_UTF8_CLASS_STRAY_CONTINUATION;
    }
    return byte == 0xc0 || byte == 0xc1 ? WHY_UTF8_CLASS_OVERLONG
           : byte < 0xf8                ? WHY_UTF8_CLASS_TOO_LARGE
                                        : WHY_UTF8_CLASS_BAD_LEAD;
}

/* What is wrong with the last byte, from the character that the bytes would be if all went. */
static enum why_utf8_class expected_class(const uint8_t *bytes, size_t len) {
    if (len == 1) {
        return expected_class_of_first(bytes[0]);
    }
    if ((bytes[len - 1] & 0xc0) != 0x80) {
        return WHY_UTF8_CLASS_INTERRUPTED;
    }
    size_t whole = lengths[bytes[0]];
    uint32_t character = bytes[0] & (0x7fU >> whole);
    for (size_t i = 1; i < whole; i++) {
        character = character << 6 | (i < len ? bytes[i] & 0x3fU : 0);
    }
    uint32_t least = whole == 3 ? 0x800 : 0x10000;
    return character > 0x10ffff                        ? WHY_UTF8_CLASS_TOO_LARGE
           : character >= 0xd800 && character < 0xe000 ? WHY_UTF8_CLASS_SURROGATE
           : character < least                         ? WHY_UTF8_CLASS_OVERLONG
                                                       : WHY_UTF8_CLASS_NONE;
}

/* Every byte after `bytes`, which may all be right so far; then further, while inside a character.
 */
static size_t walk(uint8_t *bytes, size_t len) {
    size_t failures = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        bytes[len] = (uint8_t)byte;
        bool right = may_begin(bytes, len + 1);
        struct why__utf8 check = {0};
        size_t end = why__utf8_check(&check, bytes, len + 1);
        bool pass = end == (right ? len + 1 : len);
        if (pass && right) {
            bool whole = lengths[bytes[0]] == len + 1;
            pass = why__utf8_is_complete(&check) == whole;
            failures += whole ? 0 : walk(bytes, len + 1);
        } else if (pass) {
            pass = why__utf8_class(&check, bytes[len]) == expected_class(bytes, len + 1);
        }
        if (!pass) {
            print_error("FAIL %s: stopped at %zu, state %u\n", test_format_hex(bytes, len + 1), end,
                        check.state);
            failures++;
        }
    }
    return failures;
}

static void every_prefix_of_four_bytes_is_judged_as_encoding_says(void **state) {
    (void)state;
    for (uint32_t character = 0; character < 0x110000; character++) {
        if (character < 0xd800 || character >= 0xe000) {
            put(character);
        }
    }
    uint8_t bytes[4];
    assert_int_equal(walk(bytes, 0), 0);
}

static const struct {
    const char *name, *input;
    size_t wrong_at;
    enum why_utf8_class utf8_class;
} rows[] = {
    {"a continuation alone", "'ab' 80", 2, WHY_UTF8_CLASS_STRAY_CONTINUATION},
    {"a continuation too many", "c3 a9 a9", 2, WHY_UTF8_CLASS_STRAY_CONTINUATION},
    {"a byte that no UTF-8 has", "'ab' ff", 2, WHY_UTF8_CLASS_BAD_LEAD},
    {"a lead byte of five", "f8 88 80 80 80", 0, WHY_UTF8_CLASS_BAD_LEAD},
    {"U+0000 in two bytes", "c0 80", 0, WHY_UTF8_CLASS_OVERLONG},
    {"a slash in two bytes", "c0 af", 0, WHY_UTF8_CLASS_OVERLONG},
    {"a slash in three bytes", "e0 80 af", 1, WHY_UTF8_CLASS_OVERLONG},
    {"U+07FF in three bytes", "e0 9f bf", 1, WHY_UTF8_CLASS_OVERLONG},
    {"U+FFFF in four bytes", "f0 8f bf bf", 1, WHY_UTF8_CLASS_OVERLONG},
    {"the first surrogate", "ed a0 80", 1, WHY_UTF8_CLASS_SURROGATE},
    {"the last surrogate", "ed bf bf", 1, WHY_UTF8_CLASS_SURROGATE},
    {"U+110000", "f4 90 80 80", 1, WHY_UTF8_CLASS_TOO_LARGE},
    {"U+140000", "f5 80 80 80", 0, WHY_UTF8_CLASS_TOO_LARGE},
    {"a character interrupted by ASCII", "e2 82 41", 2, WHY_UTF8_CLASS_INTERRUPTED},
    {"a character interrupted by another", "f0 9f c3 a9", 2, WHY_UTF8_CLASS_INTERRUPTED},
    {"Latin-1", "'caf' e9 ' noir'", 4, WHY_UTF8_CLASS_INTERRUPTED},
};

static void each_fault_has_its_place_and_class_at_every_split(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t input[64];
        size_t len = test_parse_hex(rows[i].input, input, sizeof input);
        assert_false(why__utf8_is_valid(input, len));
        for (size_t split = 0; split <= len; split++) {
            struct why__utf8 check = {0};
            size_t end = why__utf8_check(&check, input, split);
            if (end == split) {
                end += why__utf8_check(&check, input + split, len - split);
            }
            if (end != rows[i].wrong_at ||
                why__utf8_class(&check, input[end]) != rows[i].utf8_class) {
                fail_msg("%s (RFC 3629, 3), split at %zu: stopped at %zu", rows[i].name, split,
                         end);
            }
        }
    }
}

static void texts_are_valid_when_whole(void **state) {
    (void)state;
    static const struct {
        const char *input;
        bool valid;
    } texts[] = {
        {"", true},
        {"'plain'", true},
        {"00", true},
        {"7f c2 80 df bf e0 a0 80 ed 9f bf ee 80 80 ef bf bf f0 90 80 80 f4 8f bf bf", true},
        {"ef bb bf 'a mark in front'", true},
        {"ef bf be", true}, /* a noncharacter, and a character all the same */
        {"'cut' c3", false},
        {"'cut' e2 82", false},
        {"'cut' f0 9f 99", false},
    };
    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        uint8_t input[64];
        size_t len = test_parse_hex(texts[i].input, input, sizeof input);
        assert_int_equal(why__utf8_is_valid(input, len), texts[i].valid);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix_of_four_bytes_is_judged_as_encoding_says),
        cmocka_unit_test(each_fault_has_its_place_and_class_at_every_split),
        cmocka_unit_test(texts_are_valid_when_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
