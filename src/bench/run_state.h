/* SPDX-License-Identifier: MIT
 *
 * A run from inside: run.c has its phases, run_send.c what goes out and comes back.
 */
#ifndef WHY_BENCH_RUN_STATE_H
#define WHY_BENCH_RUN_STATE_H

#include "bench/run.h"
#include "bench/schedule.h"
#include "net/loop.h"

/* A message that is under way. */
struct bench_sent {
    uint64_t due_ns;
    uint32_t item; /* of the mix */
    bool is_measured;
};

struct bench_connection {
    struct bench_run *run;
    struct why_client *client;
    struct why_session *session; /* NULL while it is not open */
    uint64_t begun_ns;
    bool has_opened, has_ended;
    struct bench_sent *sent; /* a ring of `room`, a power of two: replies come in that order */
    uint32_t room, first, count;
};

/* The closed model with a pause: whose turn it is, and when. All pause as long, so the first to
 * begin is the first to end. */
struct bench_pause {
    struct bench_connection *connection;
    uint64_t due_ns;
};

struct bench_run {
    const struct bench_plan *plan;
    struct bench_result *result;
    enum bench_phase phase;
    struct why__watch timer; /* a timerfd */

    struct bench_connection *connections;
    uint32_t begun, settled, ended, open; /* how many of them; settled: opened or failed */
    uint64_t begin_ns;

    struct bench_schedule schedule; /* open model */
    uint64_t scheduled;             /* messages of it that were due */
    uint64_t schedule_begin_ns;     /* 0: not yet, as nothing is open */
    uint32_t next;                  /* connection whose turn it is */
    struct bench_pause *pauses;     /* a ring of pause_room; NULL where there are none */
    size_t pause_room, pause_first, pause_count;

    uint64_t phase_ns;   /* when this phase began */
    uint64_t measure_ns; /* when measuring began, and is over */
    uint64_t measured_end_ns;
    uint64_t slot_ns; /* length of a slot */
    uint64_t slot_begin_ns;
    uint64_t slot_cpu_ns; /* the server's, at its beginning */
    struct bench_histogram slot;
    uint64_t own_cpu_ns;
    uint64_t waiting; /* measured messages without a reply yet */
    uint64_t progress_ns;
    bool is_out_of_memory;
};

/* Nanoseconds on a clock that never goes back. */
uint64_t bench_now_ns(void);

/* Whether anything is sent in this phase. */
bool bench_run_is_sending(const struct bench_run *run);

/* A connection is open, and one of the closed model begins: as many messages as may be under way.
 */
void bench_send_first(struct bench_connection *connection);

/* Send what is due by `now_ns`, of the schedule or after a pause. A bounded number: more is due
 * where bench_send_next_ns() says so. */
void bench_send_due(struct bench_run *run, uint64_t now_ns);

/* What was due before the end, and would be sent after it, is late. */
void bench_send_end(struct bench_run *run, uint64_t now_ns);

/* When something is due next; UINT64_MAX: nothing is. */
uint64_t bench_send_next_ns(const struct bench_run *run);

/* A message came. */
void bench_send_reply(struct bench_connection *connection, const struct why_event *event);

/* Its session is over: what is under way is lost. */
void bench_send_forget(struct bench_connection *connection);

/* The timer's moment may have moved. */
void bench_run_arm(struct bench_run *run);

#endif
