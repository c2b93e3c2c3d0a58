/* SPDX-License-Identifier: MIT
 *
 * The connection's life: made, timed, looked at, freed.
 */
#include "core/conn_state.h"

#include <string.h>

bool why__conn_init(struct why_conn *conn, const struct why_options *options, enum why_role role,
                    const struct why_deflate_params *deflate) {
    uint64_t now = *options->host->now_ms;
    *conn = (struct why_conn){
        .options = options,
        .opened_ms = now,
        .message_ms = (uint32_t)now,
        .ping_rtt_ms = WHY_NO_TIME,
        .control_time_ms = (uint32_t)now,
        .is_server = role == WHY_ROLE_SERVER,
    };
    why__conn_note_received(conn);
    why__conn_note_sent(conn);
    if (deflate == NULL || !deflate->enabled) {
        return true;
    }
    conn->deflate = why__deflate_new(options, role, deflate);
    return conn->deflate != NULL;
}

struct why_conn *why_conn_new(const struct why_options *options, enum why_role role,
                              const struct why_deflate_params *deflate) {
    const struct why_host *host = options->host;
    struct why_conn *conn = host->allocate(host->context, NULL, sizeof *conn);
    if (conn != NULL && !why__conn_init(conn, options, role, deflate)) {
        host->allocate(host->context, conn, 0);
        return NULL;
    }
    return conn;
}

void why__conn_clear(struct why_conn *conn) {
    struct why__activity *activity = conn->activity;
    why__conn_drop_message(conn);
    why__send_queue_clear(&conn->output, why__conn_host(conn));
    why__deflate_free(conn->deflate);
    if (activity != NULL) {
        why__conn_allocate(conn, activity->control, 0);
        why__conn_allocate(conn, activity->pong, 0);
        why__conn_allocate(conn, activity->ending, 0);
        why__conn_allocate(conn, activity, 0);
    }
}

void why_conn_free(struct why_conn *conn) {
    if (conn != NULL) {
        why__conn_clear(conn);
        why__conn_allocate(conn, conn, 0);
    }
}

struct why__activity *why__conn_activity(struct why_conn *conn) {
    if (conn->activity == NULL) {
        conn->activity = why__conn_allocate(conn, NULL, sizeof *conn->activity);
        if (conn->activity != NULL) {
            *conn->activity = (struct why__activity){
                .decoder = {.from_client = conn->is_server, .rsv1_allowed = conn->deflate != NULL}};
        }
    }
    return conn->activity;
}

void why__conn_rest(struct why_conn *conn) {
    const struct why__activity *activity = conn->activity;
    if (activity != NULL && why__activity_is_between(activity) && activity->pong == NULL &&
        activity->ending == NULL && !why__conn_is_ping_queued(conn)) {
        why__conn_allocate(conn, conn->activity, 0);
        conn->activity = NULL;
    }
}

/* By when the peer has to give a sign of life. While the Ping is behind what it has yet to read, or
 * we do not read from it because of that, it is one that it takes what is queued. */
static uint64_t pong_deadline(const struct why_conn *conn) {
    if (conn->options->pong_timeout_ms == 0) {
        return WHY_NO_DEADLINE;
    }
    uint64_t since_ms = why__conn_moment(conn, conn->asked_ms);
    uint64_t sent_ms = why__conn_sent_ms(conn);
    if ((why__conn_is_ping_queued(conn) || why__conn_is_full(conn)) && sent_ms > since_ms) {
        since_ms = sent_ms;
    }
    return since_ms + conn->options->pong_timeout_ms;
}

/* Silence: what the peer has to end, and by when. */
static uint64_t ping_deadline(const struct why_conn *conn) {
    const struct why_options *options = conn->options;
    if (conn->is_asking) {
        return pong_deadline(conn);
    }
    if (options->ping_interval_ms != 0) {
        return why__conn_received_ms(conn) + options->ping_interval_ms;
    }
    return WHY_NO_DEADLINE;
}

static uint64_t idle_deadline(const struct why_conn *conn) {
    uint32_t timeout = conn->options->idle_timeout_ms;
    return timeout != 0 ? why__conn_moment(conn, conn->message_ms) + timeout : WHY_NO_DEADLINE;
}

static uint64_t close_deadline(const struct why_conn *conn) {
    uint32_t timeout = conn->options->close_timeout_ms;
    return timeout != 0 ? why__conn_moment(conn, conn->asked_ms) + timeout : WHY_NO_DEADLINE;
}

uint64_t why_conn_next_deadline(const struct why_conn *conn) {
    switch ((enum why_conn_state)conn->state) {
    case WHY_CONN_OPEN: {
        uint64_t ping = ping_deadline(conn);
        uint64_t idle = idle_deadline(conn);
        return ping < idle ? ping : idle;
    }
    case WHY_CONN_CLOSING:
    case WHY_CONN_FINISHING:
        return close_deadline(conn);
    case WHY_CONN_CLOSED:
        break;
    }
    return WHY_NO_DEADLINE;
}

static void send_keep_alive(struct why_conn *conn) {
    /* The payload tells this Ping's Pong from an older one's. */
    uint8_t payload[4];
    uint64_t now = why__conn_now(conn);
    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(now >> (8 * i));
    }
    int result = why_conn_ping(conn, (struct why_bytes){payload, sizeof payload});
    if (result == WHY_ERR_FULL && why__conn_activity(conn) != NULL) {
        /* No room to ask with: the peer has to take what is queued, and is asked then. */
        conn->is_asking = true;
        conn->ping_owed = true;
        conn->asked_ms = (uint32_t)now;
        conn->activity->asked_end = why__conn_output_end(conn);
    } else if (result != WHY_OK) {
        why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
    }
}

void why_conn_tick(struct why_conn *conn) {
    uint64_t now = why__conn_now(conn);
    if (now < why_conn_next_deadline(conn)) {
        return;
    }
    switch ((enum why_conn_state)conn->state) {
    case WHY_CONN_OPEN:
        if (now >= idle_deadline(conn)) {
            why_conn_fail(conn, WHY_CAUSE_TIMEOUT_IDLE, NULL);
        } else if (conn->is_asking) {
            why_conn_lost(conn, WHY_CAUSE_TIMEOUT_PONG, WHY_TRANSPORT_TIMEOUT, 0);
        } else {
            send_keep_alive(conn);
        }
        break;
    case WHY_CONN_CLOSING:
        why_conn_lost(conn, WHY_CAUSE_TIMEOUT_CLOSE, WHY_TRANSPORT_TIMEOUT, 0);
        break;
    case WHY_CONN_FINISHING:
        why_conn_lost(conn, WHY_CAUSE_TIMEOUT_CLOSE, WHY_TRANSPORT_CLOSED, 0);
        break;
    case WHY_CONN_CLOSED:
        break;
    }
}

bool why_conn_wants_input(const struct why_conn *conn) {
    return conn->state < WHY_CONN_FINISHING && !why__conn_is_full(conn);
}

enum why_conn_state why_conn_state(const struct why_conn *conn) {
    return (enum why_conn_state)conn->state;
}

bool why_conn_is_clean(const struct why_conn *conn) {
    return conn->close_sent && conn->close_received;
}

enum why_cause why_conn_cause(const struct why_conn *conn) {
    return (enum why_cause)conn->cause;
}
