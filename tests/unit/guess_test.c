/* SPDX-License-Identifier: MIT
 *
 * Guesses at what was sent instead of UTF-8: samples as real programs write them, things that look
 * like one and are not, and noise, which is nothing but noise.
 */
#include "base/guess.h"

#include "base/utf8.h"
#include "support/guard.h"
#include "support/hex.h"
#include "support/test.h"

#include <string.h>

#define PART 1        /* the message goes on after the sample */
#define LATER 2       /* the message began before it */
#define AT_FRAGMENT 4 /* the wrong byte is the first of a frame */

static const struct row {
    const char *name, *input;
    enum why_guess expected;
    unsigned flags;
} rows[] = {
    {"gzip", "1f 8b 08 00 00 00 00 00 02 03 cb 48 cd c9 c9 07 00 86 a6 10 36 05 00 00 00",
     WHY_GUESS_GZIP, 0},
    {"gzip, not at the start", "1f 8b 08 00 00 00 00 00 02 ff", WHY_GUESS_BINARY, LATER},
    {"zlib", "78 9c cb 48 cd c9 c9 57 c8 40 90 00 3a 2e 06 7d", WHY_GUESS_ZLIB, 0},
    {"zlib, stored", "78 01 01 11 00 ee ff 'hello hello hello' 3a 2e 06 7d", WHY_GUESS_ZLIB, 0},
    {"no zlib: text that begins like it", "'x^2 + y^2 = r' b2", WHY_GUESS_LATIN1, 0},
    {"no zlib: a stored block of no length", "78 01 01 11 00 11 00 ff ff ff", WHY_GUESS_BINARY, 0},
    {"zstd", "28 b5 2f fd 24 05 29 00 00 'hello' 40 9d 2f 23", WHY_GUESS_ZSTD, 0},
    {"png", "89 'PNG' 0d 0a 1a 0a 00 00 00 0d 'IHDR' 00 00 00 01", WHY_GUESS_PNG, 0},
    {"no png: line ends translated", "89 'PNG' 0a 1a 0a 00 00 00 0d 'IHDR'", WHY_GUESS_BINARY, 0},
    {"jpeg", "ff d8 ff e0 00 10 'JFIF' 00 01 01 00", WHY_GUESS_JPEG, 0},
    {"utf-16 le with a mark", "ff fe 'H' 00 'i' 00", WHY_GUESS_UTF16_LE, 0},
    {"utf-16 be with a mark, Chinese", "fe ff 67 71 4e ac", WHY_GUESS_UTF16_BE, 0},
    {"no utf-16: a mark, and half a pair", "ff fe 00 d8 'H' 00", WHY_GUESS_BINARY, 0},
    {"utf-16 le, a pair", "ff fe 3d d8 42 de", WHY_GUESS_UTF16_LE, 0},
    {"utf-32 with a mark is not utf-16", "ff fe 00 00 'H' 00 00 00 'i' 00 00 00", WHY_GUESS_BINARY,
     0},
    {"utf-16 le without a mark", "'c' 00 'a' 00 'f' 00 e9 00 '!' 00", WHY_GUESS_UTF16_LE, 0},
    {"utf-16 be without a mark", "00 'c' 00 'a' 00 'f' 00 e9 00 '!'", WHY_GUESS_UTF16_BE, 0},
    {"utf-16 le, from an odd offset", "00 'a' 00 'f' 00 e9 00 '!' 00", WHY_GUESS_UTF16_LE, LATER},
    {"no utf-16: small numbers", "01 00 02 00 80 00 04 00 e9 00 03 00", WHY_GUESS_BINARY, 0},
    {"latin-1, French", "'Le caf' e9 ' est ferm' e9 ', d' e9 'sol' e9 '.'", WHY_GUESS_LATIN1, 0},
    {"latin-1, German", "'Gr' fc df 'e aus K' f6 'ln'", WHY_GUESS_LATIN1, 0},
    {"latin-1 that ends in a letter", "'caf' e9", WHY_GUESS_LATIN1, 0},
    {"latin-1 within a word of capitals", "'S' c3 'O PAULO'", WHY_GUESS_LATIN1, 0},
    {"latin-1 within JSON", "7b 22 'city' 22 3a 22 'Z' fc 'rich' 22 7d", WHY_GUESS_LATIN1, 0},
    {"latin-1, a sign first", "a9 ' 2024 Example Ltd'", WHY_GUESS_LATIN1, 0},
    {"latin-1 after UTF-8", "c3 a9 't' c3 a9 ' et caf' e9 ' noir'", WHY_GUESS_LATIN1, 0},
    {"windows-1252, quotation marks", "93 'Hello' 94 ', she said'", WHY_GUESS_WINDOWS_1252, 0},
    {"windows-1252, the euro", "'it costs 5 ' 80 ' a month'", WHY_GUESS_WINDOWS_1252, 0},
    {"no windows-1252: a place it leaves open", "'it costs 5 ' 81 ' a month'", WHY_GUESS_NONE, 0},
    {"modified UTF-8, U+0000", "'a' c0 80 'b'", WHY_GUESS_MODIFIED_UTF8, 0},
    {"modified UTF-8, a pair", "'hi ' ed a0 bd ed b9 82 ' there'", WHY_GUESS_MODIFIED_UTF8, 0},
    {"modified UTF-8, cut", "'hi ' ed a0 bd ed b9 82 ' there' ed a0", WHY_GUESS_MODIFIED_UTF8,
     PART},
    {"a surrogate alone is no pair", "'hi ' ed a0 bd ' there, world'", WHY_GUESS_NONE, 0},
    {"modified UTF-8 and then a fault", "'a' c0 80 'b' ff 00", WHY_GUESS_BINARY, 0},
    {"a text cut inside a character", "'price: 5 ' e2 82", WHY_GUESS_CUT_CHARACTER, 0},
    {"a text cut after a first byte", "'na' c3 af 've caf' c3", WHY_GUESS_CUT_CHARACTER, 0},
    {"a Chinese text cut", "e6 9d b1 e4 ba ac e9", WHY_GUESS_CUT_CHARACTER, 0},
    {"a terminal's output cut", "1b '[1m' e2 94 80 e2 94 80 e2 94", WHY_GUESS_CUT_CHARACTER, 0},
    {"a piece lost between fragments", "'caf' c3 'and more'", WHY_GUESS_CUT_CHARACTER, AT_FRAGMENT},
    {"cut in the middle, then quoted", "22 e6 9d b1 e4 ba 22 2c 'x'", WHY_GUESS_CUT_CHARACTER, 0},
    {"a message begins with a character's end", "82 ac ' a month'", WHY_GUESS_CUT_CHARACTER, 0},
    {"messagepack", "82 a7 'compact' c3 a6 'schema' cd 01 c8", WHY_GUESS_MESSAGEPACK, 0},
    {"messagepack, nested", "82 a2 'id' ce 00 0f 42 40 a4 'list' 93 01 a3 'two' c3",
     WHY_GUESS_MESSAGEPACK, 0},
    {"messagepack, a call", "94 00 01 a3 'sum' 92 cc c8 02", WHY_GUESS_MESSAGEPACK, 0},
    {"messagepack, a part of it", "83 a7 'compact' c3 a6 'schema' 00 a4 'da", WHY_GUESS_MESSAGEPACK,
     PART},
    {"no messagepack: a byte too many", "81 a3 'key' c3 c3", WHY_GUESS_BINARY, 0},
    {"no messagepack: a byte that it never uses", "82 a3 'key' c1 a3 'two' 01", WHY_GUESS_BINARY,
     0},
    {"no messagepack: it ends too early", "82 a3 'key' cd 01", WHY_GUESS_BINARY, 0},
    {"cbor", "a2 64 'temp' f9 4d 60 62 'id' 19 01 f4", WHY_GUESS_CBOR, 0},
    {"cbor, nested", "bf ff", WHY_GUESS_BINARY, 0},
    {"cbor, an array", "83 63 'abc' 82 19 ff ff 20 a1 61 'k' f5", WHY_GUESS_CBOR, 0},
    {"cbor that says so", "d9 d9 f7 18 2a", WHY_GUESS_CBOR, 0},
    {"protobuf", "0a 04 'Anna' 10 96 01 1a 0c 'anna@example'", WHY_GUESS_PROTOBUF, 0},
    {"protobuf, with fixed numbers",
     "08 96 01 12 05 'hello' 1d 00 00 80 3f 21 00 00 00 00 00 00 f0 3f", WHY_GUESS_PROTOBUF, 0},
    {"no protobuf: one number", "08 96 01", WHY_GUESS_BINARY, 0},
    {"no protobuf: field 0", "02 04 'Anna' 10 96 01", WHY_GUESS_BINARY, 0},
    {"no protobuf: it ends within a tag", "0a 04 'Anna' 10 96 01 80", WHY_GUESS_BINARY, 0},
    {"no protobuf: it ends within a text", "10 96 01 0a 05 'Anna'", WHY_GUESS_BINARY, 0},
    {"protobuf, a part of it", "0a 04 'Anna' 10 96 01 1a 05 'hello' 20 ff 01 2a 99 01 'and'",
     WHY_GUESS_PROTOBUF, PART},
    {"no protobuf: a group", "0b 0a 04 'Anna' 10 96 01", WHY_GUESS_BINARY, 0},
    {"noise, 8 bytes", "45 7c 76 9f 39 d8 64 41", WHY_GUESS_NONE, 0},
    {"noise, 12 bytes", "99 c0 e5 bd bc fb c8 5b 37 ce 91 cb", WHY_GUESS_BINARY, 0},
    {"noise, 24 bytes", "de 1f c1 b0 ea 6b 44 f1 30 43 6d d7 29 fe 69 bd 9e 8c eb a6 a0 7d 1d ec",
     WHY_GUESS_BINARY, 0},
    {"a byte alone", "ff", WHY_GUESS_BINARY, 0},
    {"an ELF program", "7f 'ELF' 02 01 01 00 00 00 00 00 00 00 00 00 03 00 3e 00 01 00 00 00 c0",
     WHY_GUESS_BINARY, 0},
};

static enum why_guess guess(const uint8_t *data, size_t len, unsigned flags) {
    struct why__utf8 check = {0};
    size_t begin = 0;
    while ((flags & LATER) != 0 && begin < len && (data[begin] & 0xc0) == 0x80) {
        begin++;
    }
    size_t wrong_at = begin + why__utf8_check(&check, data + begin, len - begin);
    struct why__guess_input input = {
        .data = data,
        .len = len,
        .wrong_at = wrong_at,
        .utf8_class =
            wrong_at < len ? why__utf8_class(&check, data[wrong_at]) : WHY_UTF8_CLASS_TRUNCATED,
        .offset = (flags & LATER) != 0 ? 1001 : 0,
        .is_whole = (flags & PART) == 0,
        .at_fragment = (flags & AT_FRAGMENT) != 0,
    };
    return why__guess(&input);
}

static void samples_are_told(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t bytes[128];
        size_t len = test_parse_hex(rows[i].input, bytes, sizeof bytes);
        uint8_t *data = test_guard_new(len);
        memcpy(data, bytes, len);
        enum why_guess guessed = guess(data, len, rows[i].flags);
        if (guessed != rows[i].expected) {
            print_error("FAIL %s: %s\n", rows[i].name, why_guess_name(guessed));
            failures++;
        }
        test_guard_free(data, len);
    }
    assert_int_equal(failures, 0);
}

/* Whatever is cut off: no byte after the end is read, and an answer comes. */
static void every_part_of_a_sample_is_read_within_bounds(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t bytes[128];
        size_t whole = test_parse_hex(rows[i].input, bytes, sizeof bytes);
        uint8_t *memory = test_guard_new(sizeof bytes);
        for (size_t len = 0; len <= whole; len++) {
            uint8_t *data = memory + sizeof bytes - len;
            memcpy(data, bytes, len);
            for (unsigned flags = 0; flags < 8; flags++) {
                assert_in_range(guess(data, len, flags), WHY_GUESS_NONE, WHY_GUESS_BINARY);
            }
        }
        test_guard_free(memory, sizeof bytes);
    }
}

/* Of all messages of noise, hardly any may look like something; of long ones, none. */
static void noise_is_binary(void **state) {
    (void)state;
    uint64_t random = 88172645463325252U;
    size_t wrong_short = 0, wrong_long = 0, rounds = 20000;
    for (size_t round = 0; round < rounds; round++) {
        uint8_t data[256];
        for (size_t i = 0; i < sizeof data; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            data[i] = (uint8_t)(random >> 32);
        }
        size_t len = 4 + round % 28;
        unsigned flags = (unsigned)(round % 8);
        wrong_short += guess(data, len, flags) != WHY_GUESS_BINARY &&
                       guess(data, len, flags) != WHY_GUESS_NONE;
        wrong_long += guess(data, sizeof data, flags) != WHY_GUESS_BINARY;
    }
    /* Five bytes of noise may be a word, and two a mark in front: rarely. */
    if (wrong_short * 100 > rounds * 3 || wrong_long * 5000 > rounds) {
        fail_msg("of %zu: %zu short, %zu long", rounds, wrong_short, wrong_long);
    }
}

/* A structure without end costs no more than its bound. */
static void deep_and_long_structures_are_given_up(void **state) {
    (void)state;
    static uint8_t deep[4096];
    memset(deep, 0x91, sizeof deep); /* arrays in arrays */
    deep[sizeof deep - 1] = 0xc3;
    assert_int_equal(why__guess_structure(deep, sizeof deep, true), WHY_GUESS_NONE);
    static const uint8_t huge[] = {0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 'k', 0x01};
    assert_int_equal(why__guess_structure(huge, sizeof huge, true), WHY_GUESS_NONE);
    static const uint8_t huge_text[] = {0x82, 0xdb, 0xff, 0xff, 0xff, 0xff, 'k', 0x01};
    assert_int_equal(why__guess_structure(huge_text, sizeof huge_text, false), WHY_GUESS_NONE);
    static const uint8_t huge_cbor[] = {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x61};
    assert_int_equal(why__guess_structure(huge_cbor, sizeof huge_cbor, false), WHY_GUESS_NONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_told),
        cmocka_unit_test(every_part_of_a_sample_is_read_within_bounds),
        cmocka_unit_test(noise_is_binary),
        cmocka_unit_test(deep_and_long_structures_are_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
