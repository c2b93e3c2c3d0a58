/* SPDX-License-Identifier: MIT
 *
 * The connection's life: made, timed, looked at, freed.
 */
#include "core/conn_state.h"

#include <string.h>

struct why_conn *why_conn_new(const struct why_options *options, enum why_role role,
                              const struct why_deflate_params *deflate) {
    const struct why_host *host = options->host;
    struct why_conn *conn = host->allocate(host->context, NULL, sizeof *conn);
    if (conn == NULL) {
        return NULL;
    }
    uint64_t now = *host->now_ms;
    *conn = (struct why_conn){
        .options = options,
        .decoder = {.from_client = role == WHY_ROLE_SERVER},
        .opened_ms = now,
        .received_ms = now,
        .sent_ms = now,
        .message_ms = (uint32_t)now,
        .ping_rtt_ms = WHY_NO_TIME,
        .control_time_ms = (uint32_t)now,
        .is_server = role == WHY_ROLE_SERVER,
    };
    if (deflate != NULL && deflate->enabled) {
        conn->decoder.rsv1_allowed = true;
        conn->deflate = why__deflate_new(options, role, deflate);
        if (conn->deflate == NULL) {
            why_conn_free(conn);
            return NULL;
        }
    }
    return conn;
}

void why_conn_free(struct why_conn *conn) {
    if (conn == NULL) {
        return;
    }
    why__conn_drop_message(conn);
    why__send_queue_clear(&conn->output, why__conn_host(conn));
    why__deflate_free(conn->deflate);
    why__conn_allocate(conn, conn->control, 0);
    why__conn_allocate(conn, conn->pong, 0);
    why__conn_allocate(conn, conn->ending, 0);
    why__conn_allocate(conn, conn, 0);
}

/* By when the peer has to give a sign of life. While the Ping is behind what it has yet to read, or
 * we do not read from it because of that, it is one that it takes what is queued. */
static uint64_t pong_deadline(const struct why_conn *conn) {
    if (conn->options->pong_timeout_ms == 0) {
        return WHY_NO_DEADLINE;
    }
    uint64_t since_ms = why__conn_moment(conn, conn->asked_ms);
    bool is_in_queue = why__conn_output_at(conn) < conn->asked_end;
    if ((is_in_queue || why__conn_is_full(conn)) && conn->sent_ms > since_ms) {
        since_ms = conn->sent_ms;
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
        return conn->received_ms + options->ping_interval_ms;
    }
    return WHY_NO_DEADLINE;
}

static uint64_t idle_deadline(const struct why_conn *conn) {
    uint32_t timeout = conn->options->idle_timeout_ms;
    return timeout != 0 ? why__conn_moment(conn, conn->message_ms) + timeout : WHY_NO_DEADLINE;
}

static uint64_t close_deadline(const struct why_conn *conn) {
    uint32_t timeout = conn->options->close_timeout_ms;
    return timeout != 0 ? why__conn_moment(conn, conn->close_ms) + timeout : WHY_NO_DEADLINE;
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
    if (result == WHY_ERR_FULL) {
        /* No room to ask with: the peer has to take what is queued, and is asked then. */
        conn->is_asking = true;
        conn->ping_owed = true;
        conn->asked_ms = (uint32_t)now;
        conn->asked_end = why__conn_output_end(conn);
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
