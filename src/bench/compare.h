/* SPDX-License-Identifier: MIT
 *
 * Two runs side by side, with what a difference is worth.
 */
#ifndef WHY_BENCH_COMPARE_H
#define WHY_BENCH_COMPARE_H

#include "bench/result.h"

enum bench_metric {
    BENCH_METRIC_RATE, /* replies a second: more is better; of the others less is */
    BENCH_METRIC_P50,
    BENCH_METRIC_P99,
    BENCH_METRIC_P999,
    BENCH_METRIC_MAX,
    BENCH_METRIC_CPU, /* the server's, microseconds for each reply */
    BENCH_METRIC_RSS,
    BENCH_METRIC_COUNT,
};

/* What is compared of a run, as it is read back. */
struct bench_summary {
    double values[BENCH_METRIC_COUNT]; /* 0: not known */
    struct bench_slot *slots;          /* owned by who made it */
    size_t slot_count;
};

enum bench_verdict {
    BENCH_UNKNOWN, /* one of the two lacks it */
    BENCH_NOISE,   /* no more apart than each is from itself over its run */
    BENCH_BETTER,  /* the second */
    BENCH_WORSE,
};

struct bench_difference {
    double ratio; /* the second by the first */
    double noise; /* the ratio may be off by this share, by what varied within the runs */
    enum bench_verdict verdict;
};

/* The noise is twice the standard error over the slots of both runs, and never below a twentieth:
 * between runs a machine varies more than within one. */
struct bench_difference bench_compare(const struct bench_summary *before,
                                      const struct bench_summary *now, enum bench_metric metric);

#endif
