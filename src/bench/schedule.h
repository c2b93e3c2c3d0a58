/* SPDX-License-Identifier: MIT
 *
 * The open model: when each message is due, whatever became of those before it. What is sent late
 * is still measured from when it was due.
 */
#ifndef WHY_BENCH_SCHEDULE_H
#define WHY_BENCH_SCHEDULE_H

#include <stdint.h>

struct bench_schedule {
    double rate;      /* messages a second, in the end */
    uint64_t ramp_ns; /* the rate grows from nothing, evenly, over this long */
};

/* When message `number`, from 0, is due: nanoseconds from the schedule's beginning. */
uint64_t bench_schedule_due_ns(const struct bench_schedule *schedule, uint64_t number);

/* How many messages are due before that moment. */
uint64_t bench_schedule_count(const struct bench_schedule *schedule, uint64_t until_ns);

#endif
