/* SPDX-License-Identifier: MIT
 *
 * What a run was and what came of it: all that reports are written from.
 */
#ifndef WHY_BENCH_RESULT_H
#define WHY_BENCH_RESULT_H

#include "bench/closes.h"
#include "bench/histogram.h"
#include "bench/server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_SECOND_NS UINT64_C(1000000000)

/* What was asked for. Texts are borrowed. */
struct bench_asked {
    const char *url;
    const char *version;  /* of whysocket */
    const char *date;     /* "2026-01-15T10:30:00Z" */
    const char *messages; /* "text:20*8,binary:65536*2" */
    uint32_t connections;
    double rate;        /* messages a second, of all connections; 0: the closed model */
    uint32_t in_flight; /* closed model, for each connection */
    bool deflate;
    uint64_t ramp_ms, warm_up_ms, think_ms;
    uint64_t duration_ms; /* 0: until `count` messages are answered */
    uint64_t count;
};

/* A piece of the time that was measured, by when replies came. */
struct bench_slot {
    uint64_t ns; /* how long it was */
    uint64_t replies;
    uint64_t p50_ns, p99_ns, max_ns;
    uint64_t server_cpu_ns;
};

enum {
    BENCH_SLOTS_MAX = 2000, /* what comes later belongs to the last one */
};

struct bench_result {
    struct bench_asked asked;
    bool is_interrupted;

    uint32_t opened;
    uint32_t deflated;              /* connections that agreed on permessage-deflate */
    struct bench_histogram opening; /* ns from the beginning to the 101 */

    uint64_t elapsed_ns; /* that was measured */
    uint64_t sent;       /* messages that were due in that time, and sent */
    uint64_t unsent; /* due, and could not be: their connection's queue was full, or none open */
    uint64_t late;   /* due, and not sent before the end, as this program was behind */
    uint64_t answered;
    uint64_t wrong;                 /* replies of another length or kind than what was sent */
    uint64_t unasked;               /* messages that nothing was sent for */
    uint64_t replies;               /* that came within the time that was measured */
    uint64_t payload_bytes;         /* of those */
    struct bench_histogram latency; /* ns from when a message was due; closed model: sent */
    struct bench_histogram slip;    /* ns from when it was due to when it was sent */

    struct bench_closes closes;
    struct bench_slot slots[BENCH_SLOTS_MAX];
    size_t slot_count;

    struct bench_server server;
    struct bench_usage before, after; /* the server's, around what was measured */
    uint64_t own_cpu_ns;
};

/* ---- What follows from it ---- */

/* Sent, and never answered. */
uint64_t bench_unanswered(const struct bench_result *result);

double bench_seconds(const struct bench_result *result);
double bench_replies_per_second(const struct bench_result *result);

/* Of one core; 0.9 is where this program itself may be what limits. */
double bench_own_load(const struct bench_result *result);

/* Microseconds of the server's processor for each reply; 0 where it is not known. */
double bench_server_us_per_reply(const struct bench_result *result);

enum bench_limit {
    BENCH_LIMIT_NONE,
    BENCH_LIMIT_CPU,  /* this program used 90% of a core, or more */
    BENCH_LIMIT_SLIP, /* 1% of the messages left a millisecond late, or not at all */
};

/* Whether the figures are this program's as much as the server's. */
enum bench_limit bench_limit_of(const struct bench_result *result);

/* Whether all was answered as it should be, and all ended so. */
bool bench_is_clean(const struct bench_result *result);

#endif
