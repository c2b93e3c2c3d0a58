/* SPDX-License-Identifier: MIT
 *
 * Short payloads, unmasked and copied without a call: every length, on memory that ends, or begins,
 * where they do.
 */
#include "support/test.h"

#include "base/short.h"
#include "support/guard.h"

#include <string.h>

enum {
    LEN_MAX = 125,
    CANARY = 0xa5,
};

static const uint8_t key_bytes[4] = {0x37, 0xfa, 0x21, 0x3d};

/* Letters, and one other byte at `odd`; of `len` there is none. */
static void fill(uint8_t *text, size_t len, size_t odd) {
    for (size_t i = 0; i < len; i++) {
        text[i] = i == odd ? 0x80 : (uint8_t)('a' + i % 26);
    }
}

static void mask_plainly(uint8_t *out, const uint8_t *text, size_t len, unsigned phase) {
    for (size_t i = 0; i < len; i++) {
        out[i] = text[i] ^ key_bytes[(i + phase) & 3];
    }
}

static void any_length_is_unmasked_and_seen_to_be_ascii_or_not(void **state) {
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        uint8_t *at_end = test_guard_new(len);
        for (size_t odd = 0; odd <= len; odd++) {
            for (unsigned phase = 0; phase < 4; phase++) {
                uint8_t text[LEN_MAX], masked[LEN_MAX], between[LEN_MAX + 2];
                uint32_t key = why__short_turn(why__short_load_4(key_bytes), phase);
                fill(text, len, odd);
                mask_plainly(masked, text, len, phase);
                memcpy(at_end, masked, len);
                assert_int_equal(why__short_unmask(at_end, len, key), odd == len);
                assert_memory_equal(at_end, text, len);
                memset(between, CANARY, sizeof between);
                memcpy(between + 1, masked, len);
                assert_int_equal(why__short_unmask(between + 1, len, key), odd == len);
                assert_memory_equal(between + 1, text, len);
                assert_true(between[0] == CANARY && between[len + 1] == CANARY);
            }
        }
        test_guard_free(at_end, len);
    }
}

static void masking_again_gives_what_came(void **state) {
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        uint8_t text[LEN_MAX], place[LEN_MAX];
        uint32_t key = why__short_load_4(key_bytes);
        fill(text, len, len / 2);
        memcpy(place, text, len);
        (void)why__short_unmask(place, len, key);
        (void)why__short_unmask(place, len, key);
        assert_memory_equal(place, text, len);
    }
}

static void any_length_is_copied(void **state) {
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        uint8_t *from = test_guard_new(len);
        uint8_t *to = test_guard_new(len);
        uint8_t between[LEN_MAX + 2];
        for (size_t i = 0; i < len; i++) {
            from[i] = (uint8_t)(i + 1);
        }
        why__short_copy(to, from, len);
        assert_memory_equal(to, from, len);
        memset(between, CANARY, sizeof between);
        why__short_copy(between + 1, from, len);
        assert_memory_equal(between + 1, from, len);
        assert_true(between[0] == CANARY && between[len + 1] == CANARY);
        test_guard_free(from, len);
        test_guard_free(to, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_length_is_unmasked_and_seen_to_be_ascii_or_not),
        cmocka_unit_test(masking_again_gives_what_came),
        cmocka_unit_test(any_length_is_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
