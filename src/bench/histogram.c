/* SPDX-License-Identifier: MIT */
#include "bench/histogram.h"

#include <string.h>

#define HALF ((size_t)1 << (BENCH_LINEAR_BITS - 1))

/* Values of `shift` bits more than the linear ones keep all but those. */
static size_t bucket_of(uint64_t value) {
    uint64_t top = (UINT64_C(1) << BENCH_VALUE_BITS_MAX) - 1;
    uint64_t kept = value < top ? value : top;
    if (kept < 2 * HALF) {
        return (size_t)kept;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(kept) - (BENCH_LINEAR_BITS - 1);
    return shift * HALF + (size_t)(kept >> shift);
}

/* The largest value of a bucket. */
static uint64_t value_of(size_t bucket) {
    if (bucket < 2 * HALF) {
        return bucket;
    }
    size_t shift = bucket / HALF - 1;
    return ((uint64_t)(bucket - shift * HALF + 1) << shift) - 1;
}

void bench_histogram_add(struct bench_histogram *histogram, uint64_t value) {
    if (histogram->count == 0 || value < histogram->min) {
        histogram->min = value;
    }
    if (value > histogram->max) {
        histogram->max = value;
    }
    histogram->count++;
    histogram->sum += (double)value;
    histogram->buckets[bucket_of(value)]++;
}

void bench_histogram_clear(struct bench_histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
}

uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share) {
    if (histogram->count == 0) {
        return 0;
    }
    double exact = share * (double)histogram->count;
    uint64_t rank = (uint64_t)exact;
    rank += (double)rank < exact; /* the smallest number of values that is that share */
    rank = rank == 0 ? 1 : rank;
    uint64_t seen = 0;
    for (size_t i = 0; i < BENCH_BUCKET_COUNT; i++) {
        seen += histogram->buckets[i];
        if (seen >= rank) {
            uint64_t value = value_of(i);
            return value < histogram->max && rank < histogram->count ? value : histogram->max;
        }
    }
    return histogram->max;
}

double bench_histogram_mean(const struct bench_histogram *histogram) {
    return histogram->count == 0 ? 0 : histogram->sum / (double)histogram->count;
}
