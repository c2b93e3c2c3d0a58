/* SPDX-License-Identifier: MIT
 *
 * The shortest way through a connection: a client's message of up to 125 bytes that lies whole in
 * the input, between two messages, and a server's answer of as many. It is here for whoever has one
 * after the other of them; all else, and whatever breaks a rule, takes the long way
 * (why_conn_receive(), why_conn_send()), which is right for these as well.
 */
#ifndef WHY_CORE_CONN_SHORT_H
#define WHY_CORE_CONN_SHORT_H

#include "base/short.h"
#include "core/conn_state.h"

#define WHY__SHORT_HEADER 6 /* 2 and the masking key */

/* Between two messages, with nothing left of the one before. Nothing but receiving ends that. */
static inline bool why__conn_is_between(const struct why_conn *conn) {
    return conn->activity == NULL || why__activity_is_between(conn->activity);
}

/* It is a server's, between two messages, and hands none of them out in pieces. */
static inline bool why__conn_takes_short(const struct why_conn *conn) {
    return conn->is_server && why__conn_is_between(conn) && !conn->options->stream_messages;
}

/* It may be worth a try: what begins here has a length that is short enough. */
static inline bool why__is_short_frame(struct why_span input) {
    return input.len > WHY__SHORT_HEADER && (input.data[1] & 0x7f) <= WHY__CONTROL_MAX;
}

/* The longest message that may be taken by why__conn_receive_short(). */
static inline size_t why__conn_short_max(const struct why_conn *conn) {
    uint64_t max = conn->options->message_len_max;
    return max < WHY__CONTROL_MAX ? (size_t)max : WHY__CONTROL_MAX;
}

/* Take one message, unmasked and checked, where why__conn_takes_short() and there was no end yet.
 * Nothing but the counters changes; that bytes have come is the caller's to note.
 * returns  false: it is none of these, and nothing was used */
static inline bool why__conn_receive_short(struct why_conn *conn, struct why_span *input,
                                           size_t len_max, enum why_opcode *opcode,
                                           struct why_bytes *data) {
    uint8_t *frame = input->data;
    if (input->len <= WHY__SHORT_HEADER) {
        return false;
    }
    size_t len = frame[1] - (size_t)0x80;               /* without the mask's bit it is too large */
    unsigned kind = frame[0] - 0x80u - WHY_OPCODE_TEXT; /* as it is without FIN, or with RSV */
    if (len - 1 >= len_max || input->len - WHY__SHORT_HEADER < len ||
        kind > WHY_OPCODE_BINARY - WHY_OPCODE_TEXT) {
        return false;
    }
    uint8_t *payload = frame + WHY__SHORT_HEADER;
    uint32_t key = why__short_load_4(payload - 4);
    bool is_ascii = why__short_unmask(payload, len, key);
    if (!is_ascii && kind == 0 && !why__utf8_is_valid(payload, len)) {
        (void)why__short_unmask(payload, len, key); /* as it came */
        return false;
    }
    input->data = payload + len;
    input->len -= WHY__SHORT_HEADER + len;
    conn->counters.messages_received++;
    conn->counters.bytes_received += WHY__SHORT_HEADER + len;
    conn->message_ms = conn->received_low;
    *opcode = (enum why_opcode)(kind + WHY_OPCODE_TEXT);
    *data = (struct why_bytes){payload, len};
    return true;
}

/* Whether what is to be sent is one of a server's short messages, known to be valid. */
static inline bool why__conn_is_short(const struct why_conn *conn, enum why_opcode opcode,
                                      struct why_bytes data, unsigned flags) {
    bool is_valid =
        opcode == WHY_OPCODE_BINARY || (opcode == WHY_OPCODE_TEXT && (flags & WHY_SEND_VALID) != 0);
    return is_valid && data.len - 1 < WHY__CONTROL_MAX && (flags & WHY_SEND_MORE) == 0 &&
           conn->is_server && conn->deflate == NULL && conn->sending == 0 &&
           conn->state == WHY_CONN_OPEN && !why__conn_is_full(conn);
}

/* Write such a message to `out`, which is in the queue. */
static inline void why__conn_put_short(struct why_conn *conn, uint8_t *out, enum why_opcode opcode,
                                       struct why_bytes data) {
    out[0] = (uint8_t)(0x80 | opcode);
    out[1] = (uint8_t)data.len;
    why__short_copy(out + 2, data.data, data.len);
    conn->counters.messages_sent++;
    conn->message_ms = (uint32_t)why__conn_now(conn);
}

/* As below, where there is no room yet. */
int why__conn_send_first(struct why_conn *conn, enum why_opcode opcode, struct why_bytes data);

/* Queue such a message. returns  WHY_OK; WHY_ERR_NOMEM: nothing was queued */
static inline int why__conn_send_short(struct why_conn *conn, enum why_opcode opcode,
                                       struct why_bytes data) {
    uint8_t *out = why__send_queue_take(&conn->output, 2 + data.len);
    if (out == NULL) {
        return why__conn_send_first(conn, opcode, data);
    }
    why__conn_put_short(conn, out, opcode, data);
    return WHY_OK;
}

#endif
