/* SPDX-License-Identifier: MIT
 *
 * Times by how often they came: to three significant digits, in memory that does not grow. Buckets
 * are linear within each power of two, so that none is wider than a thousandth of what it holds.
 */
#ifndef WHY_BENCH_HISTOGRAM_H
#define WHY_BENCH_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_LINEAR_BITS = 11,   /* exact below 2^11; half as many buckets for each power above */
    BENCH_VALUE_BITS_MAX = 44 /* nanoseconds: almost five hours */
};

#define BENCH_BUCKET_COUNT                                                                         \
    ((size_t)(BENCH_VALUE_BITS_MAX - BENCH_LINEAR_BITS + 2) << (BENCH_LINEAR_BITS - 1))

/* All zeroes is an empty one. */
struct bench_histogram {
    uint64_t count;
    uint64_t min, max; /* exact, where count > 0 */
    double sum;
    uint64_t buckets[BENCH_BUCKET_COUNT];
};

/* What is beyond the largest bucket is counted in it. */
void bench_histogram_add(struct bench_histogram *histogram, uint64_t value);

void bench_histogram_clear(struct bench_histogram *histogram);

/* The value that `share` (0 to 1) of all are not above: at most 0.1% above the exact one, and the
 * exact maximum for 1. 0 where there is none. */
uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share);

double bench_histogram_mean(const struct bench_histogram *histogram);

#endif
