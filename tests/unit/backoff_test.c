/* SPDX-License-Identifier: MIT
 *
 * Pauses between attempts: random from nothing to a bound that doubles up to a limit.
 */
#include "net/backoff.h"

#include "support/host.h"
#include "support/test.h"

/* A source that gives the same 32 bits again and again. */
static void constant_random(void *context, uint8_t *out, size_t len) {
    const uint8_t *byte = context;
    for (size_t i = 0; i < len; i++) {
        out[i] = *byte;
    }
}

static const struct {
    const char *name;
    struct why_reconnect config;
    uint32_t longest[8]; /* of the pauses, attempt by attempt; the last one repeats */
} rows[] = {
    {"defaults", {.enabled = true}, {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000}},
    {"own", {.enabled = true, .initial_ms = 3, .max_ms = 10}, {3, 6, 10, 10, 10, 10, 10, 10}},
    {"limit below the first",
     {.enabled = true, .initial_ms = 100, .max_ms = 7},
     {7, 7, 7, 7, 7, 7, 7, 7}},
    {"as long as can be",
     {.enabled = true, .initial_ms = UINT32_MAX, .max_ms = UINT32_MAX},
     {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX,
      UINT32_MAX}},
};

static void bounds_double_up_to_the_limit(void **state) {
    (void)state;
    static uint8_t all_ones = 0xff;
    static uint8_t all_zeroes = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why_host high = {.context = &all_ones, .random = constant_random};
        struct why_host low = {.context = &all_zeroes, .random = constant_random};
        struct why__backoff backoff;
        struct why__backoff other;
        why__backoff_init(&backoff, &rows[i].config);
        why__backoff_init(&other, &rows[i].config);
        for (size_t attempt = 0; attempt < 100; attempt++) {
            uint32_t pause = 1;
            uint32_t longest = rows[i].longest[attempt < 8 ? attempt : 7];
            assert_true(why__backoff_next(&backoff, WHY_RETRY_BACK_OFF, &high, &pause));
            assert_int_equal(pause, longest);
            assert_true(why__backoff_next(&other, WHY_RETRY_BACK_OFF, &low, &pause));
            assert_int_equal(pause, 0);
        }
    }
}

static void pauses_are_spread_over_the_whole_range(void **state) {
    (void)state;
    struct test_host test;
    test_host_init(&test);
    struct why_reconnect config = {.enabled = true, .initial_ms = 9, .max_ms = 9};
    struct why__backoff backoff;
    why__backoff_init(&backoff, &config);
    size_t seen[10] = {0};
    for (size_t i = 0; i < 10000; i++) {
        uint32_t pause = 0;
        assert_true(why__backoff_next(&backoff, WHY_RETRY_BACK_OFF, &test.host, &pause));
        assert_in_range(pause, 0, 9);
        seen[pause]++;
    }
    for (size_t i = 0; i < 10; i++) {
        assert_in_range(seen[i], 800, 1200);
    }
}

static void attempts_end_and_a_session_that_lasts_begins_anew(void **state) {
    (void)state;
    struct test_host test;
    test_host_init(&test);
    struct why_reconnect config = {.enabled = true, .attempts = 3};
    struct why__backoff backoff;
    why__backoff_init(&backoff, &config);
    uint32_t pause = 0;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            assert_true(why__backoff_next(&backoff, WHY_RETRY_BACK_OFF, &test.host, &pause));
        }
        assert_false(why__backoff_next(&backoff, WHY_RETRY_BACK_OFF, &test.host, &pause));
        why__backoff_opened(&backoff, 3999);
        assert_false(why__backoff_next(&backoff, WHY_RETRY_BACK_OFF, &test.host, &pause));
        why__backoff_opened(&backoff, 4000);
    }
}

static void only_what_may_help_is_tried(void **state) {
    (void)state;
    struct test_host test;
    test_host_init(&test);
    struct why_reconnect config = {.enabled = true};
    struct why__backoff backoff;
    why__backoff_init(&backoff, &config);
    uint32_t pause = 0;
    assert_false(why__backoff_next(&backoff, WHY_RETRY_NOT_NEEDED, &test.host, &pause));
    assert_false(why__backoff_next(&backoff, WHY_RETRY_CHANGED, &test.host, &pause));
    assert_false(why__backoff_next(&backoff, WHY_RETRY_DEPENDS, &test.host, &pause));
    config.enabled = false;
    why__backoff_init(&backoff, &config);
    assert_false(why__backoff_next(&backoff, WHY_RETRY_BACK_OFF, &test.host, &pause));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_double_up_to_the_limit),
        cmocka_unit_test(pauses_are_spread_over_the_whole_range),
        cmocka_unit_test(attempts_end_and_a_session_that_lasts_begins_anew),
        cmocka_unit_test(only_what_may_help_is_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
