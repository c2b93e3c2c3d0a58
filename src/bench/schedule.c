/* SPDX-License-Identifier: MIT */
#include "bench/schedule.h"

#include <math.h>

#define SECOND_NS 1e9
#define FOREVER_S 1e10 /* its nanoseconds still fit */

uint64_t bench_schedule_due_ns(const struct bench_schedule *schedule, uint64_t number) {
    double ramp_s = (double)schedule->ramp_ns / SECOND_NS;
    /* Up to t of the ramp, rate * t^2 / (2 * ramp) messages are due: the area under the slope. */
    double in_ramp = schedule->rate * ramp_s / 2;
    double due_s = (double)number < in_ramp ? sqrt(2 * (double)number * ramp_s / schedule->rate)
                                            : ramp_s + ((double)number - in_ramp) / schedule->rate;
    return due_s >= FOREVER_S ? UINT64_MAX : (uint64_t)(due_s * SECOND_NS + 0.5);
}

/* Searched for, so that the two functions agree to the message. */
uint64_t bench_schedule_count(const struct bench_schedule *schedule, uint64_t until_ns) {
    uint64_t low = 0;                  /* due before it */
    uint64_t high = UINT64_C(1) << 52; /* not */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (bench_schedule_due_ns(schedule, middle) < until_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
