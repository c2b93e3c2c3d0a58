/* SPDX-License-Identifier: MIT
 *
 * What goes out and what comes back. In the open model a message's time begins when it was due,
 * however late it left: a server that stalls does not get to choose when it is measured.
 */
#include "bench/run_state.h"

#include <stdlib.h>

#define GO_NS UINT64_C(500000)

enum {
    SENT_FIRST = 16,    /* room for messages under way, at first */
    SENT_MAX = 1 << 20, /* and at most, on one connection */
};

bool bench_run_is_sending(const struct bench_run *run) {
    const struct bench_result *result = run->result;
    uint64_t count = result->asked.count;
    return run->phase < BENCH_PHASE_DRAINING &&
           (run->phase != BENCH_PHASE_MEASURING || count == 0 ||
            result->sent + result->unsent < count);
}

/* What is sent in a go takes no longer than this, so that replies are looked at in between. */
static bool has_time(uint64_t begin_ns) {
    return bench_now_ns() - begin_ns < GO_NS;
}

/* ---- Under way ---- */

static bool make_room(struct bench_connection *connection) {
    uint32_t room = connection->room == 0 ? SENT_FIRST : connection->room * 2;
    struct bench_sent *sent = room > SENT_MAX ? NULL : malloc(room * sizeof *sent);
    if (sent == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < connection->count; i++) {
        sent[i] = connection->sent[(connection->first + i) & (connection->room - 1)];
    }
    free(connection->sent);
    connection->sent = sent;
    connection->room = room;
    connection->first = 0;
    return true;
}

/* returns  false where it could not be sent */
static bool send_one(struct bench_connection *connection, struct bench_sent sent) {
    static const enum why_opcode opcodes[] = {[BENCH_TEXT] = WHY_OPCODE_TEXT,
                                              [BENCH_UTF8] = WHY_OPCODE_TEXT,
                                              [BENCH_BINARY] = WHY_OPCODE_BINARY};
    if (connection->session == NULL ||
        (connection->count == connection->room && !make_room(connection))) {
        return false;
    }
    const struct bench_item *item = &connection->run->plan->mix->items[sent.item];
    struct why_bytes data = {item->data.data, item->data.len};
    if (why_session_send(connection->session, opcodes[item->kind], data, WHY_SEND_VALID) !=
        WHY_OK) {
        return false;
    }
    uint32_t at = (connection->first + connection->count) & (connection->room - 1);
    connection->sent[at] = sent;
    connection->count++;
    return true;
}

/* What was due before measuring began does not count, nor what is sent when it is over. */
static bool send_due_at(struct bench_connection *connection, uint64_t due_ns) {
    struct bench_run *run = connection->run;
    struct bench_result *result = run->result;
    struct bench_sent sent = {.due_ns = due_ns,
                              .item = (uint32_t)bench_mix_next(run->plan->mix),
                              .is_measured =
                                  run->phase == BENCH_PHASE_MEASURING && due_ns >= run->measure_ns};
    bool is_sent = send_one(connection, sent);
    if (!sent.is_measured) {
        return is_sent;
    }
    if (is_sent) {
        uint64_t now_ns = bench_now_ns();
        bench_histogram_add(&result->slip, now_ns > due_ns ? now_ns - due_ns : 0);
    }
    result->sent += is_sent;
    result->unsent += !is_sent;
    run->waiting += is_sent;
    return is_sent;
}

/* ---- The closed model ---- */

void bench_send_first(struct bench_connection *connection) {
    const struct bench_run *run = connection->run;
    if (run->result->asked.rate > 0) {
        return;
    }
    for (uint32_t i = 0; i < run->result->asked.in_flight && bench_run_is_sending(run); i++) {
        (void)send_due_at(connection, bench_now_ns());
    }
}

static void send_next(struct bench_connection *connection, uint64_t now_ns) {
    struct bench_run *run = connection->run;
    if (!bench_run_is_sending(run)) {
        return;
    }
    if (run->pauses == NULL) {
        (void)send_due_at(connection, now_ns);
        return;
    }
    if (run->pause_count < run->pause_room) {
        run->pauses[(run->pause_first + run->pause_count) % run->pause_room] =
            (struct bench_pause){connection, now_ns + run->result->asked.think_ms * 1000000};
        run->pause_count++;
        if (run->pause_count == 1) {
            bench_run_arm(run);
        }
    }
}

static void send_paused(struct bench_run *run, uint64_t now_ns) {
    while (run->pause_count > 0 && has_time(now_ns)) {
        struct bench_pause pause = run->pauses[run->pause_first];
        if (pause.due_ns > now_ns) {
            break;
        }
        run->pause_first = (run->pause_first + 1) % run->pause_room;
        run->pause_count--;
        if (pause.connection->session != NULL && bench_run_is_sending(run)) {
            (void)send_due_at(pause.connection, bench_now_ns());
        }
    }
}

/* ---- The open model ---- */

/* The next that is open, in turn. returns  NULL: none is */
static struct bench_connection *take_turn(struct bench_run *run) {
    for (uint32_t i = 0; i < run->result->asked.connections; i++) {
        struct bench_connection *connection = &run->connections[run->next];
        run->next = (run->next + 1) % run->result->asked.connections;
        if (connection->session != NULL) {
            return connection;
        }
    }
    return NULL;
}

static uint64_t schedule_next_ns(const struct bench_run *run) {
    return run->schedule_begin_ns + bench_schedule_due_ns(&run->schedule, run->scheduled);
}

static void send_scheduled(struct bench_run *run, uint64_t now_ns) {
    while (bench_run_is_sending(run) && has_time(now_ns)) {
        uint64_t due_ns = schedule_next_ns(run);
        /* What is due after the end is not sent, although the end is seen late. */
        if (due_ns > now_ns || (run->measured_end_ns != 0 && due_ns >= run->measured_end_ns)) {
            return;
        }
        run->scheduled++;
        struct bench_connection *connection = take_turn(run);
        if (connection != NULL) {
            (void)send_due_at(connection, due_ns);
        } else if (run->phase == BENCH_PHASE_MEASURING) {
            run->result->unsent++;
        }
    }
}

void bench_send_end(struct bench_run *run, uint64_t now_ns) {
    bool is_all = run->measured_end_ns != 0 && now_ns > run->measured_end_ns;
    uint64_t end_ns = is_all ? run->measured_end_ns : now_ns;
    uint64_t count = run->result->asked.count;
    if (run->schedule_begin_ns == 0) {
        return;
    }
    uint64_t begun = bench_schedule_count(&run->schedule, run->measure_ns - run->schedule_begin_ns);
    uint64_t due = bench_schedule_count(&run->schedule, end_ns - run->schedule_begin_ns);
    uint64_t first = run->scheduled > begun ? run->scheduled : begun;
    if (count == 0 && due > first) {
        run->result->late = due - first;
    }
}

/* ---- Both ---- */

void bench_send_due(struct bench_run *run, uint64_t now_ns) {
    if (run->schedule_begin_ns != 0) {
        send_scheduled(run, now_ns);
    }
    send_paused(run, now_ns);
}

uint64_t bench_send_next_ns(const struct bench_run *run) {
    uint64_t next_ns = UINT64_MAX;
    if (!bench_run_is_sending(run)) {
        return next_ns;
    }
    if (run->schedule_begin_ns != 0) {
        next_ns = schedule_next_ns(run);
        next_ns =
            run->measured_end_ns != 0 && next_ns >= run->measured_end_ns ? UINT64_MAX : next_ns;
    }
    if (run->pause_count > 0 && run->pauses[run->pause_first].due_ns < next_ns) {
        next_ns = run->pauses[run->pause_first].due_ns;
    }
    return next_ns;
}

static void count_reply(struct bench_run *run, const struct bench_sent *sent, uint64_t now_ns,
                        size_t len) {
    struct bench_result *result = run->result;
    uint64_t latency_ns = now_ns > sent->due_ns ? now_ns - sent->due_ns : 0;
    if (sent->is_measured) {
        bench_histogram_add(&result->latency, latency_ns);
        result->answered++;
        run->waiting--;
    }
    if (run->phase == BENCH_PHASE_MEASURING) {
        bench_histogram_add(&run->slot, latency_ns);
        result->replies++;
        result->payload_bytes += len;
    }
}

void bench_send_reply(struct bench_connection *connection, const struct why_event *event) {
    struct bench_run *run = connection->run;
    struct bench_result *result = run->result;
    uint64_t now_ns = bench_now_ns();
    if (connection->count == 0) {
        result->unasked++;
        return;
    }
    struct bench_sent sent = connection->sent[connection->first];
    connection->first = (connection->first + 1) & (connection->room - 1);
    connection->count--;
    const struct bench_item *item = &run->plan->mix->items[sent.item];
    bool is_binary = event->opcode == WHY_OPCODE_BINARY;
    result->wrong += event->data.len != item->data.len || is_binary != (item->kind == BENCH_BINARY);
    count_reply(run, &sent, now_ns, event->data.len);
    if (result->asked.rate == 0) {
        send_next(connection, now_ns);
    }
    if (run->waiting == 0 && !bench_run_is_sending(run)) {
        bench_run_arm(run); /* that was the last */
    }
}

void bench_send_forget(struct bench_connection *connection) {
    for (; connection->count > 0; connection->count--) {
        connection->run->waiting -= connection->sent[connection->first].is_measured;
        connection->first = (connection->first + 1) & (connection->room - 1);
    }
}
