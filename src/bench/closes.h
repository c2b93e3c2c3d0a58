/* SPDX-License-Identifier: MIT
 *
 * How connections ended: counted by cause, with the close record of the first of each.
 */
#ifndef WHY_BENCH_CLOSES_H
#define WHY_BENCH_CLOSES_H

#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bench_stage {
    BENCH_OPENING, /* before its handshake was done */
    BENCH_RUNNING,
    BENCH_ENDING, /* after we began to close, as is expected */
};

/* "opening", "running", "ending". */
const char *bench_stage_name(enum bench_stage stage);

struct bench_close {
    enum bench_stage stage;
    uint64_t count;
    struct why_record *first;
};

/* All zeroes is an empty one. There are as many rows as a stage has causes and codes. */
struct bench_closes {
    struct bench_close *rows;
    size_t count;
};

/* returns  false if out of memory; then this end is not counted */
bool bench_closes_add(struct bench_closes *closes, enum bench_stage stage,
                      const struct why_record *record);

/* The most frequent first, those that are expected last. */
void bench_closes_sort(struct bench_closes *closes);

/* Whether the end is as it should be: our own close, answered. */
bool bench_close_is_expected(const struct bench_close *close);

/* How many are not. */
uint64_t bench_closes_unexpected(const struct bench_closes *closes);

void bench_closes_clear(struct bench_closes *closes);

#endif
