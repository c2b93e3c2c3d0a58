/* SPDX-License-Identifier: MIT
 *
 * What control frames lead to, and how many of them may come.
 */
#include "core/conn_state.h"

enum {
    CONTROL_BURST_S = 10, /* seconds that the rate of control frames may be exceeded */
    THOUSANDTHS = 1000,
};

bool why__conn_count_empty(struct why_conn *conn) {
    uint32_t rate = conn->options->control_rate_max;
    if (rate == 0) {
        return true;
    }
    uint32_t now = (uint32_t)why__conn_now(conn);
    uint64_t leaked = (uint64_t)(now - conn->control_time_ms) * rate;
    uint64_t level = conn->control_level > leaked ? conn->control_level - leaked : 0;
    level += THOUSANDTHS;
    conn->control_time_ms = now;
    if (level > (uint64_t)rate * CONTROL_BURST_S * THOUSANDTHS || level > UINT32_MAX) {
        return false;
    }
    conn->control_level = (uint32_t)level;
    return true;
}

static void take_pong(struct why_conn *conn, struct why_bytes payload) {
    if (conn->ping_open && why__ping_hash(payload) == conn->ping_hash) {
        conn->ping_rtt_ms = (uint32_t)why__conn_now(conn) - conn->ping_ms;
        conn->ping_open = false;
    }
}

void why__conn_take_control(struct why_conn *conn, struct why_bytes payload,
                            struct why_event *event) {
    enum why_opcode opcode = why__frame_opcode(&conn->activity->decoder);
    if (opcode == WHY_OPCODE_CLOSE) {
        why__conn_take_close(conn, payload, event);
        return;
    }
    if (opcode == WHY_OPCODE_PING) {
        why__conn_want_pong(conn, payload);
    } else {
        take_pong(conn, payload);
    }
    *event = (struct why_event){
        .type = opcode == WHY_OPCODE_PING ? WHY_EVENT_PING : WHY_EVENT_PONG,
        .data = payload,
    };
}
