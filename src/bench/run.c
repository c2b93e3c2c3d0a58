/* SPDX-License-Identifier: MIT
 *
 * The phases of a run, by one timer: what is due is done, and the timer set for what is due next.
 */
#include "bench/run.h"

#include "bench/run_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)
#define PROGRESS_NS (BENCH_SECOND_NS / 2)
#define CATCH_UP_NS (BENCH_SECOND_NS / 4)
#define SLOT_NS (BENCH_SECOND_NS / 4) /* where the end is not known */

enum {
    SLOTS_WANTED = 100,
    SLOT_MS_MIN = 20,
    AT_ONCE_MAX = 64, /* connections that are being opened */
};

uint64_t bench_now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BENCH_SECOND_NS + (uint64_t)now.tv_nsec;
}

/* ---- Slots ---- */

static void begin_slot(struct bench_run *run, uint64_t now_ns, uint64_t cpu_ns) {
    bench_histogram_clear(&run->slot);
    run->slot_begin_ns = now_ns;
    run->slot_cpu_ns = cpu_ns;
}

static void end_slot(struct bench_run *run, uint64_t now_ns) {
    struct bench_result *result = run->result;
    uint64_t cpu_ns = bench_server_cpu_ns(&result->server);
    if (result->slot_count < BENCH_SLOTS_MAX && now_ns > run->slot_begin_ns) {
        result->slots[result->slot_count++] = (struct bench_slot){
            .ns = now_ns - run->slot_begin_ns,
            .replies = run->slot.count,
            .p50_ns = bench_histogram_at(&run->slot, 0.5),
            .p99_ns = bench_histogram_at(&run->slot, 0.99),
            .max_ns = run->slot.max,
            .server_cpu_ns = cpu_ns > run->slot_cpu_ns ? cpu_ns - run->slot_cpu_ns : 0,
        };
    }
    begin_slot(run, now_ns, cpu_ns);
}

/* ---- Phases ---- */

static void enter(struct bench_run *run, enum bench_phase phase, uint64_t now_ns) {
    run->phase = phase;
    run->phase_ns = now_ns;
}

/* Not before all is open: looking through all processes takes a while, which would be theirs. */
static void begin_warming(struct bench_run *run) {
    struct bench_server *server = &run->result->server;
    for (uint32_t i = 0; i < run->begun && server->count == 0; i++) {
        if (run->connections[i].session != NULL) {
            struct why_record record;
            why_session_report(run->connections[i].session, &record);
            bench_server_find(server, record.peer);
            break;
        }
    }
    enter(run, BENCH_PHASE_WARMING, bench_now_ns());
}

static void begin_measuring(struct bench_run *run, uint64_t now_ns) {
    struct bench_result *result = run->result;
    enter(run, BENCH_PHASE_MEASURING, now_ns);
    result->before = bench_server_usage(&result->server);
    run->own_cpu_ns = bench_own_cpu_ns();
    now_ns = bench_now_ns(); /* looking took a moment */
    run->measure_ns = now_ns;
    uint64_t duration_ns = result->asked.duration_ms * MS_NS;
    run->measured_end_ns = duration_ns == 0 ? 0 : now_ns + duration_ns;
    uint64_t slot_ns = duration_ns / SLOTS_WANTED;
    run->slot_ns = duration_ns == 0                ? SLOT_NS
                   : slot_ns < SLOT_MS_MIN * MS_NS ? SLOT_MS_MIN * MS_NS
                                                   : slot_ns;
    begin_slot(run, now_ns, result->before.cpu_ns);
}

static void end_measuring(struct bench_run *run, uint64_t now_ns) {
    struct bench_result *result = run->result;
    if (result->slot_count == 0 || now_ns - run->slot_begin_ns > run->slot_ns / 2) {
        end_slot(run, now_ns); /* a shorter one would tell of chance */
    }
    bench_send_end(run, now_ns);
    result->elapsed_ns = now_ns - run->measure_ns;
    result->after = bench_server_usage(&result->server);
    result->own_cpu_ns = bench_own_cpu_ns() - run->own_cpu_ns;
    enter(run, BENCH_PHASE_DRAINING, now_ns);
}

static void end_run(struct bench_run *run) {
    run->phase = BENCH_PHASE_DONE;
    why_loop_stop(run->plan->loop);
}

static void begin_ending(struct bench_run *run, uint64_t now_ns) {
    static const struct why_bytes no_reason = {NULL, 0};
    enter(run, BENCH_PHASE_ENDING, now_ns);
    for (uint32_t i = 0; i < run->begun; i++) {
        struct bench_connection *connection = &run->connections[i];
        if (connection->session != NULL) {
            /* Where it cannot be sent, the end has come without us. */
            (void)!why_session_close(connection->session, WHY_CLOSE_NORMAL, no_reason);
        }
    }
}

/* The messages that were asked for are sent and answered. */
static bool is_counted_out(const struct bench_run *run) {
    return run->result->asked.count != 0 && !bench_run_is_sending(run) && run->waiting == 0;
}

/* The end is seen late on a machine with much to do: what was due before it is sent yet, unless
 * that is more than can be caught up with. */
static bool is_measured_out(const struct bench_run *run, uint64_t now_ns) {
    return run->measured_end_ns != 0 && now_ns >= run->measured_end_ns &&
           (bench_send_next_ns(run) >= run->measured_end_ns ||
            now_ns >= run->measured_end_ns + CATCH_UP_NS);
}

/* Whether this phase is over; what follows it is begun. */
static bool go_on(struct bench_run *run, uint64_t now_ns) {
    const struct bench_asked *asked = &run->result->asked;
    uint64_t since_ns = now_ns > run->phase_ns ? now_ns - run->phase_ns : 0;
    bool is_over = run->open == 0 && run->settled == asked->connections;
    switch (run->phase) {
    case BENCH_PHASE_OPENING:
        if (!is_over && (run->settled < asked->connections || since_ns < asked->ramp_ms * MS_NS)) {
            return false;
        }
        begin_warming(run);
        return true;
    case BENCH_PHASE_WARMING:
        if (is_over) {
            enter(run, BENCH_PHASE_ENDING, now_ns);
        } else if (since_ns < asked->warm_up_ms * MS_NS) {
            return false;
        } else {
            begin_measuring(run, now_ns);
        }
        return true;
    case BENCH_PHASE_MEASURING:
        if (!is_over && !is_counted_out(run) && !is_measured_out(run, now_ns)) {
            return false;
        }
        end_measuring(run, now_ns);
        return true;
    case BENCH_PHASE_DRAINING:
        if (run->waiting > 0 && since_ns < run->plan->patience_ms * MS_NS) {
            return false;
        }
        begin_ending(run, now_ns);
        return true;
    case BENCH_PHASE_ENDING:
        if (run->ended < run->begun) {
            return false;
        }
        end_run(run);
        return false;
    case BENCH_PHASE_DONE:
        return false;
    }
    return false;
}

/* ---- Connections ---- */

static void on_open(struct why_session *session, const struct why_http_head *head) {
    struct bench_connection *connection = why_session_user(session);
    struct bench_run *run = connection->run;
    struct bench_result *result = run->result;
    uint64_t now_ns = bench_now_ns();
    connection->session = session;
    connection->has_opened = true;
    run->open++;
    run->settled++;
    result->opened++;
    result->deflated += why_http_head_find(head, "Sec-WebSocket-Extensions").len > 0;
    bench_histogram_add(&result->opening, now_ns - connection->begun_ns);
    if (result->opened == 1 && result->asked.rate > 0) {
        run->schedule_begin_ns = now_ns;
    }
    if (run->phase >= BENCH_PHASE_ENDING) {
        struct why_bytes no_reason = {NULL, 0};
        (void)!why_session_close(session, WHY_CLOSE_NORMAL, no_reason);
    } else {
        bench_send_first(connection);
    }
    bench_run_arm(run);
}

static void on_message(struct why_session *session, const struct why_event *event) {
    bench_send_reply(why_session_user(session), event);
}

static enum bench_stage stage_of(const struct bench_connection *connection) {
    return !connection->has_opened                        ? BENCH_OPENING
           : connection->run->phase >= BENCH_PHASE_ENDING ? BENCH_ENDING
                                                          : BENCH_RUNNING;
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct bench_connection *connection = why_session_user(session);
    struct bench_run *run = connection->run;
    if (!bench_closes_add(&run->result->closes, stage_of(connection), record)) {
        run->is_out_of_memory = true;
    }
    bench_send_forget(connection);
    connection->session = NULL;
    connection->has_ended = true;
    run->ended++;
    run->open -= connection->has_opened;
    run->settled += !connection->has_opened;
    bench_run_arm(run);
}

static const struct why_session_handler handler = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static int begin_connection(struct bench_run *run, char *error, size_t error_size) {
    struct bench_connection *connection = &run->connections[run->begun];
    struct why_client_config config = run->plan->config;
    config.handler = &handler;
    config.user = connection;
    config.like = run->begun == 0 ? NULL : run->connections[0].client;
    connection->run = run;
    connection->begun_ns = bench_now_ns();
    int result =
        why_client_connect(run->plan->loop, &config, &connection->client, error, error_size);
    run->begun += result == WHY_OK;
    return result;
}

/* When the next connection is to be begun: evenly over the ramp. */
static uint64_t next_opening_ns(const struct bench_run *run) {
    const struct bench_asked *asked = &run->result->asked;
    if (run->begun == asked->connections || run->phase != BENCH_PHASE_OPENING ||
        run->begun - run->settled >= AT_ONCE_MAX) {
        return UINT64_MAX;
    }
    return run->begin_ns + asked->ramp_ms * MS_NS / asked->connections * run->begun;
}

static void begin_due(struct bench_run *run, uint64_t now_ns) {
    while (next_opening_ns(run) <= now_ns) {
        char error[256];
        /* The first was made of the same config; only memory can be missing. */
        if (begin_connection(run, error, sizeof error) != WHY_OK) {
            run->is_out_of_memory = true;
            end_run(run);
            return;
        }
    }
}

/* ---- The timer ---- */

static uint64_t least(uint64_t one, uint64_t other) {
    return one < other ? one : other;
}

static uint64_t phase_end_ns(const struct bench_run *run) {
    const struct bench_asked *asked = &run->result->asked;
    switch (run->phase) {
    case BENCH_PHASE_OPENING:
        return run->settled < asked->connections ? UINT64_MAX
                                                 : run->phase_ns + asked->ramp_ms * MS_NS;
    case BENCH_PHASE_WARMING:
        return run->phase_ns + asked->warm_up_ms * MS_NS;
    case BENCH_PHASE_MEASURING:
        return least(run->measured_end_ns == 0 ? UINT64_MAX : run->measured_end_ns,
                     run->slot_begin_ns + run->slot_ns);
    case BENCH_PHASE_DRAINING:
        return run->waiting == 0 ? 0 : run->phase_ns + run->plan->patience_ms * MS_NS;
    case BENCH_PHASE_ENDING:
        return run->ended == run->begun ? 0 : UINT64_MAX;
    case BENCH_PHASE_DONE:
        break;
    }
    return UINT64_MAX;
}

void bench_run_arm(struct bench_run *run) {
    uint64_t next_ns = least(least(bench_send_next_ns(run), next_opening_ns(run)),
                             least(phase_end_ns(run), run->progress_ns));
    bool is_over = run->open == 0 && run->settled == run->result->asked.connections;
    if (is_over || is_counted_out(run)) {
        next_ns = 0;
    }
    next_ns = next_ns == 0 ? 1 : next_ns; /* all zeroes would switch it off */
    struct itimerspec moment = {.it_value = {.tv_sec = (time_t)(next_ns / BENCH_SECOND_NS),
                                             .tv_nsec = (long)(next_ns % BENCH_SECOND_NS)}};
    (void)timerfd_settime(run->timer.fd, TFD_TIMER_ABSTIME, &moment, NULL);
}

static void on_timer(struct why__watch *watch, unsigned ready) {
    (void)ready;
    struct bench_run *run = WHY__CONTAINER(watch, struct bench_run, timer);
    uint64_t times = 0;
    ssize_t got = read(watch->fd, &times, sizeof times);
    (void)got;
    uint64_t now_ns = bench_now_ns();
    begin_due(run, now_ns);
    bench_send_due(run, now_ns);
    if (run->phase == BENCH_PHASE_MEASURING && now_ns >= run->slot_begin_ns + run->slot_ns) {
        end_slot(run, now_ns);
    }
    while (go_on(run, now_ns)) {
    }
    if (now_ns >= run->progress_ns) {
        run->progress_ns = now_ns + PROGRESS_NS;
        if (run->plan->on_progress != NULL) {
            run->plan->on_progress(run->plan->user, run->phase, run->result);
        }
    }
    bench_run_arm(run);
}

/* ---- The run ---- */

static int prepare(struct bench_run *run) {
    const struct bench_asked *asked = &run->result->asked;
    run->connections = calloc(asked->connections, sizeof *run->connections);
    if (asked->think_ms > 0 && asked->rate == 0) {
        run->pause_room = (size_t)asked->connections * asked->in_flight;
        run->pauses = calloc(run->pause_room, sizeof *run->pauses);
    }
    if (run->connections == NULL || (run->pause_room > 0 && run->pauses == NULL)) {
        return WHY_ERR_NOMEM;
    }
    run->timer.on_ready = on_timer;
    run->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (run->timer.fd < 0) {
        return WHY_ERR_SYSTEM;
    }
    run->begin_ns = bench_now_ns();
    run->progress_ns = run->begin_ns + PROGRESS_NS;
    enter(run, BENCH_PHASE_OPENING, run->begin_ns);
    return why__loop_watch(run->plan->loop, &run->timer, WHY__READABLE);
}

/* why_loop_stop() that was not ours: what there is, is the result. returns  whether to go on */
static bool interrupt(struct bench_run *run) {
    if (run->phase >= BENCH_PHASE_ENDING) {
        return false;
    }
    uint64_t now_ns = bench_now_ns();
    run->result->is_interrupted = true;
    if (run->phase == BENCH_PHASE_MEASURING) {
        end_measuring(run, now_ns);
    }
    for (uint32_t i = 0; i < run->begun; i++) {
        struct bench_connection *connection = &run->connections[i];
        if (!connection->has_opened && !connection->has_ended) {
            why_client_free(connection->client); /* without a word: nobody waits for it any more */
            connection->client = NULL;
            connection->has_ended = true;
            run->ended++;
        }
    }
    begin_ending(run, now_ns);
    bench_run_arm(run);
    return true;
}

static int run_loop(struct bench_run *run) {
    int result = WHY_OK;
    do {
        result = why_loop_run(run->plan->loop);
    } while (result == WHY_OK && run->phase != BENCH_PHASE_DONE && interrupt(run));
    return run->is_out_of_memory && result == WHY_OK ? WHY_ERR_NOMEM : result;
}

static void clear(struct bench_run *run) {
    for (uint32_t i = 0; i < run->begun; i++) {
        why_client_free(run->connections[i].client);
        free(run->connections[i].sent);
    }
    if (run->timer.interest != 0) {
        why__loop_unwatch(run->plan->loop, &run->timer);
    }
    if (run->timer.fd >= 0) {
        close(run->timer.fd);
    }
    free(run->pauses);
    free(run->connections);
    free(run);
}

int bench_run(const struct bench_plan *plan, struct bench_result *result, char *error,
              size_t error_size) {
    struct bench_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        return WHY_ERR_NOMEM;
    }
    run->plan = plan;
    run->result = result;
    run->timer.fd = -1;
    run->schedule = (struct bench_schedule){.rate = result->asked.rate,
                                            .ramp_ns = result->asked.ramp_ms * MS_NS};
    if (plan->pid != 0) {
        result->server = (struct bench_server){.pids = {plan->pid}, .count = 1};
    }
    int code = prepare(run);
    if (code == WHY_OK) {
        code = begin_connection(run, error, error_size);
    }
    if (code == WHY_OK) {
        bench_run_arm(run);
        code = run_loop(run);
        bench_closes_sort(&result->closes);
    }
    int os_error = errno;
    clear(run);
    errno = os_error;
    return code;
}
