/* SPDX-License-Identifier: MIT */
#include "bench/compare.h"

#include <math.h>

#define NOISE_LEAST 0.05
#define ERRORS_WIDE                                                                                \
    2 /* standard errors: one difference in twenty is taken for one that is none                   \
       */

/* The metric in one slot; below 0 where the slot does not tell. */
static double in_slot(const struct bench_slot *slot, enum bench_metric metric) {
    if (slot->ns == 0 || (slot->replies == 0 && metric != BENCH_METRIC_RATE)) {
        return -1;
    }
    switch (metric) {
    case BENCH_METRIC_RATE:
        return (double)slot->replies / (double)slot->ns;
    case BENCH_METRIC_P50:
        return (double)slot->p50_ns;
    case BENCH_METRIC_P99:
        return (double)slot->p99_ns;
    case BENCH_METRIC_P999:
    case BENCH_METRIC_MAX:
        return (double)slot->max_ns;
    case BENCH_METRIC_CPU:
        return (double)slot->server_cpu_ns / (double)slot->replies;
    case BENCH_METRIC_RSS:
    case BENCH_METRIC_COUNT:
        break;
    }
    return -1;
}

/* How far the mean of the slots may be off, as a share of it. */
static double error_of(const struct bench_summary *summary, enum bench_metric metric) {
    double sum = 0;
    double squares = 0;
    double count = 0;
    for (size_t i = 0; i < summary->slot_count; i++) {
        double value = in_slot(&summary->slots[i], metric);
        if (value >= 0) {
            sum += value;
            squares += value * value;
            count++;
        }
    }
    if (count < 2 || sum <= 0) {
        return 0;
    }
    double mean = sum / count;
    double variance = (squares - sum * mean) / (count - 1);
    return variance <= 0 ? 0 : sqrt(variance / count) / mean;
}

struct bench_difference bench_compare(const struct bench_summary *before,
                                      const struct bench_summary *now, enum bench_metric metric) {
    double old = before->values[metric];
    double new = now->values[metric];
    if (!(old > 0) || !(new > 0)) {
        return (struct bench_difference){.verdict = BENCH_UNKNOWN};
    }
    double error = hypot(error_of(before, metric), error_of(now, metric));
    struct bench_difference difference = {.ratio = new / old, .noise = ERRORS_WIDE *error};
    if (difference.noise < NOISE_LEAST) {
        difference.noise = NOISE_LEAST;
    }
    bool is_more = difference.ratio > 1 + difference.noise;
    bool is_less = difference.ratio * (1 + difference.noise) < 1;
    bool is_better = metric == BENCH_METRIC_RATE ? is_more : is_less;
    difference.verdict = !is_more && !is_less ? BENCH_NOISE
                         : is_better          ? BENCH_BETTER
                                              : BENCH_WORSE;
    return difference;
}
