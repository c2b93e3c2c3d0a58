/* SPDX-License-Identifier: MIT
 *
 * Every kernel that this processor has against the scalar one, which utf8_test.c checks: the same
 * answers and the same memory afterwards, wherever the bytes lie.
 */
#include "base/kernel.h"

#include "support/guard.h"
#include "support/hex.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define LEN_MAX 320
#define MARGIN 64
#define CANARY 0xa5

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

/* Characters of one to four bytes, in a run that does not fall into step with a vector. */
static const char sample[] =
    "Straße, naïve café — 東京 🙂 Ελλάδα, ASCII again for a while here. ";

/* What may break a text, at any place. */
static const char *const faults[] = {
    "80",       "bf",          "c0",       "c1 bf",       "c3 'x'",   "e0 9f bf", "e2 82 'x'",
    "ed a0 80", "f0 8f bf bf", "f0 9f 99", "f4 90 80 80", "f5 80",    "fe",       "ff",
    "e2 82",    "c3 a9 a9",    "f0",       "e2",          "f8 88 80", "ed bf bf", "f1 80 c0",
};

static void fill(uint8_t *text, size_t len, size_t begin) {
    for (size_t i = 0; i < len; i++) {
        text[i] = (uint8_t)sample[(begin + i) % (sizeof sample - 1)];
    }
}

/* Masking as RFC 6455 section 5.3 writes it. */
static void mask_plainly(uint8_t *out, const uint8_t *data, size_t len, unsigned phase) {
    for (size_t i = 0; i < len; i++) {
        out[i] = data[i] ^ key[(i + phase) % 4];
    }
}

/* Whether `kernel` answers for `text` as the scalar one, working in `place`, from `state` on. */
static bool agrees(const struct why__kernel *kernel, const uint8_t *text, size_t len,
                   uint8_t *place, unsigned phase, uint8_t state) {
    struct why__utf8 expected = {state}, checked = {state}, unmasked = {state};
    size_t end = why__kernel_scalar.check(&expected, text, len);
    mask_plainly(place, text, len, phase);
    bool pass = kernel->unmask_utf8(&unmasked, place, len, key, phase) == end &&
                unmasked.state == expected.state && memcmp(place, text, len) == 0;
    pass = pass && kernel->check(&checked, place, len) == end && checked.state == expected.state &&
           memcmp(place, text, len) == 0;
    if (!pass) {
        print_error("FAIL %s: %zu bytes, phase %u, state %u, wrong at %zu: %s\n", kernel->name, len,
                    phase, state, end, test_format_hex(text, len));
    }
    return pass;
}

static bool canaries_live(const uint8_t *place, size_t len) {
    for (size_t i = 1; i <= MARGIN; i++) {
        if (place[-(ptrdiff_t)i] != CANARY || place[len + i - 1] != CANARY) {
            return false;
        }
    }
    return true;
}

/* Calls `test` with each kernel that can run here; the scalar one too, against itself. */
static void for_each_kernel(size_t (*test)(const struct why__kernel *)) {
    size_t failures = 0;
    for (size_t i = 0; why__kernels[i] != NULL; i++) {
        if (why__kernels[i]->is_supported()) {
            failures += test(why__kernels[i]);
        }
    }
    assert_int_equal(failures, 0);
}

static size_t test_alignments(const struct why__kernel *kernel) {
    static uint8_t arena[MARGIN + 64 + LEN_MAX + MARGIN + 64], text[LEN_MAX];
    size_t failures = 0;
    for (size_t align = 0; align < 64; align++) {
        uint8_t *aligned = arena + MARGIN + (64 - ((uintptr_t)arena + MARGIN) % 64) % 64;
        uint8_t *place = aligned + align % 64;
        for (size_t len = 0; len <= 300; len++) {
            for (unsigned phase = 0; phase < 4; phase++) {
                fill(text, len, len + align);
                memset(arena, CANARY, sizeof arena);
                failures += !agrees(kernel, text, len, place, phase, 0);
                kernel->mask(place, place, len, key, phase);
                mask_plainly(text, text, len, phase);
                failures += memcmp(place, text, len) != 0 || !canaries_live(place, len);
            }
        }
    }
    return failures;
}

static void any_alignment_length_and_phase_is_the_same(void **state) {
    (void)state;
    for_each_kernel(test_alignments);
}

static size_t test_guard_page(const struct why__kernel *kernel) {
    uint8_t *memory = test_guard_new(LEN_MAX), *other = test_guard_new(LEN_MAX);
    uint8_t text[LEN_MAX], masked[LEN_MAX];
    size_t failures = 0;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (unsigned phase = 0; phase < 4; phase++) {
            fill(text, len, phase);
            failures += !agrees(kernel, text, len, memory + LEN_MAX - len, phase, 0);
            mask_plainly(masked, text, len, phase);
            kernel->mask(other + LEN_MAX - len, memory + LEN_MAX - len, len, key, phase);
            failures += memcmp(other + LEN_MAX - len, masked, len) != 0;
        }
    }
    test_guard_free(memory, LEN_MAX);
    test_guard_free(other, LEN_MAX);
    return failures;
}

static void nothing_behind_the_end_is_touched(void **state) {
    (void)state;
    for_each_kernel(test_guard_page);
}

/* With the sanitizers, memory that begins and ends exactly with the data. */
static size_t test_exact_memory(const struct why__kernel *kernel) {
    size_t failures = 0;
    for (size_t len = 1; len <= 200; len++) {
        uint8_t text[LEN_MAX];
        uint8_t *exact = malloc(len);
        assert_non_null(exact);
        for (size_t begin = 0; begin < sizeof sample; begin++) {
            fill(text, len, begin);
            failures += !agrees(kernel, text, len, exact, 1, 0);
        }
        free(exact);
    }
    return failures;
}

static void nothing_before_the_beginning_is_touched(void **state) {
    (void)state;
    for_each_kernel(test_exact_memory);
}

static size_t test_faults(const struct why__kernel *kernel) {
    uint8_t place[LEN_MAX], text[LEN_MAX], bytes[8];
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(faults); i++) {
        size_t bytes_len = test_parse_hex(faults[i], bytes, sizeof bytes);
        for (size_t len = bytes_len; len <= 200; len += len < 20 ? 1 : 9) {
            for (size_t at = 0; at + bytes_len <= len; at++) {
                /* Among ASCII, which has a path of its own, and among the rest. */
                memset(text, 'a', len);
                memcpy(text + at, bytes, bytes_len);
                failures += !agrees(kernel, text, len, place, 2, 0);
                fill(text, len, at);
                memcpy(text + at, bytes, bytes_len);
                failures += !agrees(kernel, text, len, place, 3, 0);
            }
        }
    }
    return failures;
}

static void a_fault_is_found_wherever_it_is(void **state) {
    (void)state;
    for_each_kernel(test_faults);
}

/* Bytes that are likely to mean something together, from a generator that repeats itself. */
static size_t test_random(const struct why__kernel *kernel) {
    static const uint8_t likely[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0,
                                     0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed,
                                     0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff};
    uint64_t random = 88172645463325252U;
    uint8_t place[LEN_MAX], text[LEN_MAX];
    size_t failures = 0;
    for (size_t round = 0; round < 40000; round++) {
        size_t len = 1 + round % 200;
        fill(text, len, round);
        for (size_t change = 0; change < 1 + round % 4; change++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            text[random % len] = likely[(random >> 32) % sizeof likely];
        }
        uint8_t state = (uint8_t)((random >> 40) % 8);
        failures += !agrees(kernel, text, len, place, round % 4, state);
    }
    return failures;
}

static void random_bytes_are_judged_the_same_in_any_state(void **state) {
    (void)state;
    for_each_kernel(test_random);
}

static size_t test_splits(const struct why__kernel *kernel) {
    uint8_t place[LEN_MAX], text[LEN_MAX];
    size_t failures = 0;
    for (size_t len = 150; len < 150 + 8; len++) {
        fill(text, len, len);
        text[len - 2] = 0xff; /* the last call stops short; what follows is unmasked all the same */
        for (size_t split = 0; split <= len; split++) {
            for (size_t second = split; second <= len - 2; second += 7) {
                struct why__utf8 check = {0};
                mask_plainly(place, text, len, 0);
                size_t end = kernel->unmask_utf8(&check, place, split, key, 0);
                if (split <= len - 2) {
                    end += kernel->unmask_utf8(&check, place + split, second - split, key,
                                               (unsigned)split % 4);
                    end += kernel->unmask_utf8(&check, place + second, len - second, key,
                                               (unsigned)second % 4);
                    failures += end != len - 2 || memcmp(place, text, len) != 0;
                } else {
                    failures += end != len - 2;
                }
            }
        }
    }
    return failures;
}

static void splits_do_not_matter(void **state) {
    (void)state;
    for_each_kernel(test_splits);
}

/* The functions of utf8.h, which choose a kernel by length. */
static void the_chosen_kernel_gives_the_same(void **state) {
    (void)state;
    uint8_t place[LEN_MAX], copy[LEN_MAX], text[LEN_MAX], masked[LEN_MAX];
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (unsigned phase = 0; phase < 4; phase++) {
            struct why__utf8 check = {0}, expected = {0};
            fill(text, len, len);
            mask_plainly(masked, text, len, phase);
            size_t end = why__kernel_scalar.check(&expected, text, len);
            why__mask_copy(place, text, len, key, phase);
            assert_memory_equal(place, masked, len);
            memcpy(copy, place, len);
            why__mask(copy, len, key, phase);
            assert_memory_equal(copy, text, len);
            assert_int_equal(why__unmask_utf8(&check, place, len, key, phase), end);
            assert_int_equal(check.state, expected.state);
            assert_memory_equal(place, text, len);
            check = (struct why__utf8){0};
            assert_int_equal(why__utf8_check(&check, text, len), end);
            assert_int_equal(check.state, expected.state);
        }
    }
}

/* Short texts, which have a way of their own: all ASCII, and with one other byte at each place; on
 * memory that ends, or begins, where they do. */
static void short_texts_are_judged_the_same(void **state) {
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        uint8_t *place = test_guard_new(len);
        uint8_t text[40], copy[40 + 2];
        for (size_t at = 0; at <= len; at++) { /* len: none */
            for (unsigned phase = 0; phase < 4; phase++) {
                memset(text, 'a', len);
                if (at < len) {
                    text[at] = at % 2 == 0 ? 0xc3 : 0x80;
                }
                struct why__utf8 check = {0}, expected = {0};
                size_t end = why__kernel_scalar.check(&expected, text, len);
                mask_plainly(place, text, len, phase);
                assert_int_equal(why__unmask_utf8(&check, place, len, key, phase), end);
                assert_int_equal(check.state, expected.state);
                assert_memory_equal(place, text, len);
                copy[0] = CANARY;
                copy[len + 1] = CANARY;
                mask_plainly(copy + 1, text, len, phase);
                check = (struct why__utf8){0};
                assert_int_equal(why__unmask_utf8(&check, copy + 1, len, key, phase), end);
                assert_true(copy[0] == CANARY && copy[len + 1] == CANARY);
            }
        }
        test_guard_free(place, len);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_alignment_length_and_phase_is_the_same),
        cmocka_unit_test(nothing_behind_the_end_is_touched),
        cmocka_unit_test(nothing_before_the_beginning_is_touched),
        cmocka_unit_test(a_fault_is_found_wherever_it_is),
        cmocka_unit_test(random_bytes_are_judged_the_same_in_any_state),
        cmocka_unit_test(splits_do_not_matter),
        cmocka_unit_test(the_chosen_kernel_gives_the_same),
        cmocka_unit_test(short_texts_are_judged_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
