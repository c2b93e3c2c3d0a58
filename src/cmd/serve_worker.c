/* SPDX-License-Identifier: MIT
 *
 * What a server of `whysocket serve` answers: any path echoes, /topic/NAME passes on, a plain GET
 * gets the page, the closes, the metrics.
 */
#include "cmd/serve_worker.h"

#include "cmd/serve_topic.h"
#include "cmd/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STOP_JITTER_MS = 500,
    STOP_DEADLINE_MS = 5000,
    DELIVERIES_MAX = 1024, /* a system call each, about; some milliseconds' worth */
    RELAY_WEIGHT = 4096,   /* of a message to another worker, beside its bytes */
    BACKLOG_MAX = 1024 * 1024,
    BACKLOG_WAIT_MS = 2,
};

/* A session's place in a topic; one that echoes has nothing but its path. */
struct seat {
    struct topic_member member;
    struct seat_queue *queue; /* the worker's that it is in; NULL: none */
    TAILQ_ENTRY(seat) entry;
    struct worker *worker;
    char path[];
};

/* ---- Taking turns ----
 *
 * A few bytes to a topic become as many messages as it has members. One who publishes without pause
 * would keep the loop from everybody else, and from its own end, so after so many deliveries it is
 * not read from until the others, and the workers that the messages go to, have had their turn. */

static void line_up(struct seat *seat, struct seat_queue *queue) {
    if (seat->queue == queue) {
        return;
    }
    if (seat->queue != NULL) {
        TAILQ_REMOVE(seat->queue, seat, entry);
    }
    if (queue != NULL) {
        TAILQ_INSERT_TAIL(queue, seat, entry);
    }
    seat->queue = queue;
}

static void rest(struct worker *worker, struct seat *seat) {
    if (seat->queue == &worker->resting) {
        return;
    }
    why_session_pause(seat->member.session);
    if (TAILQ_EMPTY(&worker->resting)) {
        why__timer_set(worker->loop, &worker->turn, why__loop_now(worker->loop));
    }
    line_up(seat, &worker->resting);
}

static bool has_backlog(const struct serve_plan *plan) {
    for (size_t i = 0; i < plan->worker_count; i++) {
        if (atomic_load_explicit(&plan->workers[i].backlog, memory_order_relaxed) > BACKLOG_MAX) {
            return true;
        }
    }
    return false;
}

/* One in a turn: all at once would be as long a turn as the one that this cuts short. */
static void on_turn(struct why__timer *timer) {
    struct worker *worker = (struct worker *)timer;
    struct seat *first = TAILQ_FIRST(&worker->resting);
    if (first == NULL) {
        return;
    }
    uint64_t now_ms = why__loop_now(worker->loop);
    if (has_backlog(worker->plan)) {
        why__timer_set(worker->loop, &worker->turn, now_ms + BACKLOG_WAIT_MS);
        return;
    }
    worker->deliveries = 0;
    line_up(first, NULL);
    why_session_resume(first->member.session);
    if (!TAILQ_EMPTY(&worker->resting)) {
        why__timer_set(worker->loop, &worker->turn, now_ms + 1);
    }
}

static bool is_too_much(const struct worker *worker) {
    return worker->deliveries > DELIVERIES_MAX || has_backlog(worker->plan);
}

/* The end of a turn. */
static void on_publishing(struct why__task *task) {
    struct worker *worker = WHY__CONTAINER(task, struct worker, publishing);
    worker->deliveries += topic_flush(worker->topics);
    struct seat *seat = NULL;
    while ((seat = TAILQ_FIRST(&worker->speaking)) != NULL) {
        if (is_too_much(worker)) {
            rest(worker, seat);
        } else {
            line_up(seat, NULL);
        }
    }
}

static size_t publish(struct worker *worker, const char *name, struct topic_member *sender,
                      enum why_opcode opcode, struct why_bytes data) {
    why__loop_defer(worker->loop, &worker->publishing);
    return topic_publish(worker->topics, name, sender, opcode, data);
}

/* ---- Sessions ---- */

static void on_echo_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    const struct path *path = why_session_user(session);
    const struct worker *worker = path->owner;
    serve_log_opened(worker->plan->log);
}

static void on_echo(struct why_session *session, const struct why_event *event) {
    /* What is received is known to be valid, and stays where it is until this returns. A peer that
     * does not read its echo is not read from: the queue cannot be full here. */
    (void)!why_session_send(session, event->opcode, event->data,
                            WHY_SEND_BORROWED | WHY_SEND_VALID);
}

static void on_echo_close(struct why_session *session, const struct why_record *record) {
    struct path *path = why_session_user(session);
    struct worker *worker = path->owner;
    serve_log_closed(worker->plan->log, path->text, record, true);
    path_drop(&worker->paths, path);
}

static const struct why_session_handler echo_handler = {
    .on_open = on_echo_open,
    .on_message = on_echo,
    .on_close = on_echo_close,
};

/* A message on its way to the loop of another worker. */
struct relayed {
    struct worker *to;
    enum why_opcode opcode;
    size_t name_len, data_len;
    char bytes[]; /* the name, terminated; then the data */
};

static size_t weight_of(const struct relayed *relayed) {
    return relayed->data_len + RELAY_WEIGHT;
}

static void deliver_relayed(void *argument) {
    struct relayed *relayed = argument;
    atomic_fetch_sub_explicit(&relayed->to->backlog, weight_of(relayed), memory_order_relaxed);
    struct why_bytes data = {(const uint8_t *)relayed->bytes + relayed->name_len + 1,
                             relayed->data_len};
    (void)publish(relayed->to, relayed->bytes, NULL, relayed->opcode, data);
    free(relayed);
}

static void relay(struct worker *to, const char *name, const struct why_event *event) {
    size_t name_len = strlen(name);
    struct relayed *relayed = malloc(sizeof *relayed + name_len + 1 + event->data.len);
    if (relayed == NULL) {
        return;
    }
    *relayed = (struct relayed){to, event->opcode, name_len, event->data.len};
    memcpy(relayed->bytes, name, name_len + 1);
    if (event->data.len > 0) {
        memcpy(relayed->bytes + name_len + 1, event->data.data, event->data.len);
    }
    size_t weight = weight_of(relayed); /* posted, it is the other's, who may be done with it */
    atomic_fetch_add_explicit(&to->backlog, weight, memory_order_relaxed);
    if (why_loop_post(to->loop, deliver_relayed, relayed) != WHY_OK) {
        atomic_fetch_sub_explicit(&to->backlog, weight, memory_order_relaxed);
        free(relayed);
    }
}

static void on_topic_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    struct seat *seat = why_session_user(session);
    serve_log_opened(seat->worker->plan->log);
    seat->member.session = session;
    if (!topic_join(seat->worker->topics, seat->path + strlen("/topic/"), &seat->member)) {
        why_session_fail(session, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
    }
}

static void on_topic_message(struct why_session *session, const struct why_event *event) {
    struct seat *seat = why_session_user(session);
    if (seat->member.topic == NULL) {
        return; /* it could not join, and is on its way out */
    }
    struct worker *worker = seat->worker;
    if (seat->queue == &worker->resting) {
        return; /* likewise: nothing but the end of its session makes it be read from */
    }
    const char *name = topic_name(&seat->member);
    for (size_t i = 0; i < worker->plan->worker_count; i++) {
        struct worker *other = &worker->plan->workers[i];
        if (other != worker) {
            relay(other, name, event);
        }
    }
    worker->deliveries += 1 + publish(worker, name, &seat->member, event->opcode, event->data);
    if (is_too_much(worker)) {
        rest(worker, seat);
    } else {
        line_up(seat, &worker->speaking);
    }
}

static void on_topic_close(struct why_session *session, const struct why_record *record) {
    struct seat *seat = why_session_user(session);
    struct worker *worker = seat->worker;
    line_up(seat, NULL);
    topic_leave(worker->topics, &seat->member);
    serve_log_closed(worker->plan->log, seat->path, record, true);
    free(seat);
}

static const struct why_session_handler topic_handler = {
    .on_open = on_topic_open,
    .on_message = on_topic_message,
    .on_close = on_topic_close,
};

/* ---- Requests ---- */

static struct why_bytes path_of(const struct why_http_head *head) {
    struct why_bytes path = head->target;
    const uint8_t *query = memchr(path.data, '?', path.len);
    if (query != NULL) {
        path.len = (size_t)(query - path.data);
    }
    return path;
}

static bool is_path(struct why_bytes path, const char *text) {
    return path.len == strlen(text) && memcmp(path.data, text, path.len) == 0;
}

static bool begins_with(struct why_bytes path, const char *text) {
    return path.len >= strlen(text) && memcmp(path.data, text, strlen(text)) == 0;
}

static void respond(struct why_answer *answer, uint16_t status, const char *type,
                    struct why_bytes body) {
    answer->respond = true;
    answer->response = (struct why_http_response){
        .status = status,
        .content_type = type,
        .headers = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
        .body = body,
    };
}

static void respond_text(struct why_answer *answer, uint16_t status, const char *text) {
    respond(answer, status, NULL, (struct why_bytes){(const uint8_t *)text, strlen(text)});
}

static struct why_bytes body_bytes(const struct worker *worker) {
    return (struct why_bytes){(const uint8_t *)worker->body.data, worker->body.len};
}

static void answer_plain(struct worker *worker, struct why_bytes path, struct why_answer *answer) {
    why_text_clear(&worker->body);
    if (is_path(path, "/closes.json")) {
        serve_log_write_closes(worker->plan->log, &worker->body);
        respond(answer, 200, "application/json", body_bytes(worker));
    } else if (is_path(path, "/metrics")) {
        serve_log_write_metrics(worker->plan->log, &worker->body);
        respond(answer, 200, "text/plain; version=0.0.4; charset=utf-8", body_bytes(worker));
    } else if (is_path(path, "/healthz")) {
        respond_text(answer, 200, "ok\n");
    } else {
        struct why_bytes body = {0};
        const char *type = web_find(path, &body);
        if (type != NULL) {
            respond(answer, 200, type, body);
        } else {
            respond_text(answer, 404,
                         "There is nothing here. This is a WebSocket server: connect to any path "
                         "with ws:// and it echoes, or open / in a browser.\n");
        }
    }
}

static struct seat *new_seat(struct worker *worker, struct why_bytes path) {
    struct seat *seat = calloc(1, sizeof *seat + path.len + 1);
    if (seat != NULL) {
        seat->worker = worker;
        memcpy(seat->path, path.data, path.len);
    }
    return seat;
}

/* The first that is offered will do: an echo speaks all of them. */
static const char *choose_subprotocol(struct worker *worker,
                                      const struct why_server_handshake *handshake) {
    struct why_bytes offered;
    if (!why_server_handshake_subprotocol(handshake, 0, &offered) ||
        offered.len >= sizeof worker->subprotocol) {
        return NULL;
    }
    memcpy(worker->subprotocol, offered.data, offered.len);
    worker->subprotocol[offered.len] = '\0';
    return worker->subprotocol;
}

static void on_request(void *user, const struct why_server_handshake *handshake,
                       struct why_answer *answer) {
    struct worker *worker = user;
    struct why_bytes path = path_of(why_server_handshake_head(handshake));
    if (!why_server_handshake_is_upgrade(handshake)) {
        answer_plain(worker, path, answer);
        return;
    }
    bool is_topic = begins_with(path, "/topic/");
    size_t name_len = is_topic ? path.len - strlen("/topic/") : 0;
    if (is_topic && (name_len == 0 || name_len > TOPIC_NAME_MAX)) {
        respond_text(answer, 404, "A topic has a name of 1 to 128 bytes: /topic/NAME\n");
        return;
    }
    answer->user =
        is_topic ? (void *)new_seat(worker, path) : (void *)path_take(&worker->paths, path);
    if (answer->user == NULL) {
        respond_text(answer, 503, "Out of memory.\n");
        return;
    }
    answer->handler = is_topic ? &topic_handler : &echo_handler;
    answer->subprotocol = choose_subprotocol(worker, handshake);
}

static void on_refused(void *user, const struct why_record *record) {
    struct worker *worker = user;
    /* A plain GET was answered: that is no failure. */
    if (record->cause != WHY_CAUSE_NONE) {
        serve_log_closed(worker->plan->log, "", record, false);
    }
}

/* ---- The worker ---- */

bool worker_init(struct worker *worker, const struct serve_plan *plan, bool is_first) {
    worker->plan = plan;
    worker->turn.on_due = on_turn;
    worker->publishing.run = on_publishing;
    TAILQ_INIT(&worker->speaking);
    worker->paths.owner = worker;
    TAILQ_INIT(&worker->resting);
    worker->loop = why_loop_new_on(plan->backend);
    if (worker->loop == NULL) {
        return false;
    }
    worker->options = plan->limits;
    worker->options.host = why_loop_host(worker->loop);
    worker->config = (struct why_server_config){
        .options = &worker->options,
        .origin = &plan->origin,
        .handler = &echo_handler,
        .join_ports = !is_first, /* the first finds out whether another program listens there */
        .user = worker,
        .on_request = on_request,
        .on_refused = on_refused,
    };
    worker->topics = topic_table_new(&worker->options);
    if (worker->topics == NULL ||
        why_server_new(worker->loop, &worker->config, &worker->server) != WHY_OK) {
        worker_clear(worker);
        errno = ENOMEM;
        return false;
    }
    return true;
}

void worker_clear(struct worker *worker) {
    why_server_free(worker->server);
    why_loop_free(worker->loop);
    topic_table_free(worker->topics);
    why_text_clear(&worker->body);
    worker->server = NULL;
    worker->loop = NULL;
    worker->topics = NULL;
}

bool worker_run(struct worker *worker) {
    return why_loop_run(worker->loop) == WHY_OK;
}

static void on_stopped(void *user) {
    struct worker *worker = user;
    why_loop_stop(worker->loop);
}

static void stop_server(void *argument) {
    struct worker *worker = argument;
    why_server_stop(worker->server, STOP_JITTER_MS, STOP_DEADLINE_MS, on_stopped);
}

static void stop_loop(void *loop) {
    why_loop_stop(loop);
}

void worker_drain(struct worker *worker) {
    if (why_loop_post(worker->loop, stop_loop, worker->loop) == WHY_OK) {
        (void)!worker_run(worker);
    }
}

void worker_stop(struct worker *worker) {
    if (why_loop_post(worker->loop, stop_server, worker) != WHY_OK) {
        why_loop_stop(worker->loop);
    }
}
