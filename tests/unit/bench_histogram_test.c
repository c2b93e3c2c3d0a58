/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include "bench/histogram.h"

#include <stdlib.h>
#include <string.h>

static struct bench_histogram histogram; /* large for a stack */

static int compare(const void *a, const void *b) {
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;
    return one < other ? -1 : one > other;
}

/* Numbers of every size, the same each time. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void percentiles_are_within_a_thousandth_of_the_exact(void **unused) {
    (void)unused;
    static const double shares[] = {0, 0.001, 0.1, 0.5, 0.75, 0.9, 0.99, 0.999, 0.9999, 1};
    enum {
        COUNT = 20000
    };
    uint64_t *values = malloc(COUNT * sizeof *values);
    assert_non_null(values);
    for (unsigned bits = 1; bits <= BENCH_VALUE_BITS_MAX; bits++) {
        uint64_t state = bits * UINT64_C(0x9e3779b97f4a7c15);
        bench_histogram_clear(&histogram);
        for (size_t i = 0; i < COUNT; i++) {
            /* Spread over the powers of two, not only over the largest. */
            unsigned size = 1 + (unsigned)(next_random(&state) % bits);
            values[i] = next_random(&state) >> (64 - size);
            bench_histogram_add(&histogram, values[i]);
        }
        qsort(values, COUNT, sizeof *values, compare);
        assert_int_equal(histogram.min, values[0]);
        assert_int_equal(histogram.max, values[COUNT - 1]);
        for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
            size_t rank = (size_t)(shares[i] * COUNT);
            rank += (double)rank < shares[i] * COUNT;
            uint64_t exact = values[rank == 0 ? 0 : rank - 1];
            uint64_t found = bench_histogram_at(&histogram, shares[i]);
            if (found < exact || found - exact > exact / 1000) {
                fail_msg("%u bits, share %g: %llu instead of %llu", bits, shares[i],
                         (unsigned long long)found, (unsigned long long)exact);
            }
        }
    }
    free(values);
}

static void small_values_are_exact(void **unused) {
    (void)unused;
    for (uint64_t value = 0; value < 2048; value++) {
        bench_histogram_clear(&histogram);
        bench_histogram_add(&histogram, value);
        bench_histogram_add(&histogram, value + 100000);
        assert_int_equal(bench_histogram_at(&histogram, 0.5), value);
    }
}

static void every_power_of_two_and_its_neighbours_are_in_order(void **unused) {
    (void)unused;
    for (unsigned bits = 1; bits < 64; bits++) {
        uint64_t power = UINT64_C(1) << bits;
        bench_histogram_clear(&histogram);
        bench_histogram_add(&histogram, power - 1);
        bench_histogram_add(&histogram, power);
        bench_histogram_add(&histogram, power + power / 2);
        uint64_t low = bench_histogram_at(&histogram, 1.0 / 3);
        uint64_t middle = bench_histogram_at(&histogram, 2.0 / 3);
        assert_true(low <= middle && middle <= bench_histogram_at(&histogram, 1));
        /* Past the largest bucket only the exact maximum is known. */
        assert_true(low >= power - 1 || bits > BENCH_VALUE_BITS_MAX);
    }
}

static void the_largest_value_is_kept_exactly_and_the_mean_too(void **unused) {
    (void)unused;
    bench_histogram_clear(&histogram);
    assert_int_equal(bench_histogram_at(&histogram, 0.5), 0);
    assert_true(bench_histogram_mean(&histogram) == 0);
    bench_histogram_add(&histogram, 1000003);
    bench_histogram_add(&histogram, 2000005);
    assert_int_equal(bench_histogram_at(&histogram, 1), 2000005);
    assert_true(bench_histogram_mean(&histogram) == 1500004);
    bench_histogram_add(&histogram, UINT64_MAX);
    assert_true(bench_histogram_at(&histogram, 1) == UINT64_MAX);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_within_a_thousandth_of_the_exact),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(every_power_of_two_and_its_neighbours_are_in_order),
        cmocka_unit_test(the_largest_value_is_kept_exactly_and_the_mean_too),
    };
    return cmocka_run_group_tests_name("bench_histogram", tests, NULL, NULL);
}
