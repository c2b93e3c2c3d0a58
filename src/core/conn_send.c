/* SPDX-License-Identifier: MIT
 *
 * The connection sends: messages, Pings, Pongs, and the queue they wait in.
 */
#include "base/apart.h"
#include "base/hash.h"
#include "core/conn_short.h"

#include <string.h>

enum {
    /* A shorter payload is copied behind its header: one buffer costs less than two. */
    BORROW_LEN_MIN = 4096,
};

/* A header in front of `payload_len` bytes, in one piece of the queue. Returns where the payload
 * goes, or NULL. */
static uint8_t *reserve_frame(struct why_conn *conn, const struct why__frame_header *header) {
    uint8_t encoded[WHY__FRAME_HEADER_MAX];
    size_t header_len = why__frame_encode(header, encoded);
    uint8_t *frame = why__send_queue_reserve(&conn->output, why__conn_host(conn),
                                             header_len + (size_t)header->payload_len);
    if (frame == NULL) {
        return NULL;
    }
    memcpy(frame, encoded, header_len);
    return frame + header_len;
}

/* A fresh key for each frame, from a source that cannot be predicted (section 5.3). */
static void choose_mask(const struct why_conn *conn, struct why__frame_header *header,
                        uint8_t key[4]) {
    if (!conn->is_server) {
        const struct why_host *host = why__conn_host(conn);
        host->random(host->context, key, 4);
        header->mask_key = key;
    }
}

bool why__conn_queue_frame(struct why_conn *conn, const struct why__frame_header *header,
                           struct why_bytes payload) {
    struct why__frame_header masked = *header;
    uint8_t key[4];
    masked.payload_len = payload.len;
    choose_mask(conn, &masked, key);
    uint8_t *out = reserve_frame(conn, &masked);
    if (out == NULL) {
        return false;
    }
    if (masked.mask_key != NULL) {
        why__mask_copy(out, payload.data, payload.len, key, 0);
    } else if (payload.len > 0) {
        memcpy(out, payload.data, payload.len);
    }
    return true;
}

/* The frame's header copied, its payload left where it is.
 *
 * place  the payload again, where the header may be written in front of it: one buffer costs less
 *        than two; else NULL */
static bool queue_borrowed(struct why_conn *conn, const struct why__frame_header *header,
                           struct why_bytes payload, uint8_t *place) {
    const struct why_host *host = why__conn_host(conn);
    uint8_t encoded[WHY__FRAME_HEADER_MAX];
    size_t header_len = why__frame_encode(header, encoded);
    if (place != NULL) {
        uint8_t *frame = place - header_len;
        struct why_bytes whole = {frame, header_len + payload.len};
        if (!why__send_queue_borrow(&conn->output, host, whole)) {
            return false;
        }
        memcpy(frame, encoded, header_len);
        conn->has_borrowed = true;
        return true;
    }
    uint8_t *out = why__send_queue_reserve(&conn->output, host, header_len);
    if (out == NULL) {
        return false;
    }
    memcpy(out, encoded, header_len);
    if (!why__send_queue_borrow(&conn->output, host, payload)) {
        why__send_queue_trim(&conn->output, host, header_len);
        return false;
    }
    conn->has_borrowed = true;
    return true;
}

size_t why__conn_compress(struct why_conn *conn, const struct why__frame_header *header,
                          bool is_short, struct why_bytes payload, uint8_t *body) {
    struct why__deflate *codec = conn->deflate;
    if (is_short) {
        return why__deflate_short(codec, payload, body);
    }
    bool is_whole = header->final && header->opcode != WHY_OPCODE_CONTINUATION;
    if (is_whole && why__deflate_is_noise(codec, payload, body)) {
        return 0;
    }
    size_t len = why__deflate_compress(codec, payload, header->final, body);
    return is_whole && len >= payload.len && why__deflate_forgets(codec) ? 0 : len;
}

/* Compress beside the queue, then queue what came out: in the queue itself a message would hold the
 * room that it might have needed until it is sent. Sets *grew where it would have been shorter as
 * it was: then nothing is queued. */
static bool queue_compressed(struct why_conn *conn, struct why__frame_header *header,
                             struct why_bytes payload, bool *grew) {
    *grew = false;
    bool is_first = header->opcode != WHY_OPCODE_CONTINUATION;
    bool is_short = is_first && header->final && why__deflate_is_short(conn->deflate, payload.len);
    size_t bound = is_short ? payload.len + WHY__ENCODER_SLACK
                            : why__deflate_bound(conn->deflate, payload.len);
    uint8_t *body = bound != 0 ? why__conn_allocate(conn, NULL, bound) : NULL;
    if (body == NULL) {
        return false;
    }
    bool is_queued = true;
    size_t len = why__conn_compress(conn, header, is_short, payload, body);
    if (len == 0) {
        *grew = true;
    } else {
        header->compressed = is_first;
        is_queued = why__conn_queue_frame(conn, header, (struct why_bytes){body, len});
        if (!is_queued) {
            why__deflate_forget(conn->deflate); /* the peer will not see what it has seen */
        }
    }
    why__conn_allocate(conn, body, 0);
    return is_queued;
}

static bool queue_message(struct why_conn *conn, struct why__frame_header *header,
                          struct why_bytes data, bool compress, unsigned flags, uint8_t *place) {
    if (compress) {
        bool grew = false;
        if (!queue_compressed(conn, header, data, &grew)) {
            return false;
        }
        if (!grew) {
            return true;
        }
    }
    header->payload_len = data.len;
    if ((flags & WHY_SEND_BORROWED) != 0 && conn->is_server && data.len >= BORROW_LEN_MIN) {
        return queue_borrowed(conn, header, data, place);
    }
    return why__conn_queue_frame(conn, header, data);
}

bool why__conn_wants_compression(const struct why_conn *conn, struct why_bytes data,
                                 unsigned flags) {
    return conn->deflate != NULL && why__deflate_can_compress(conn->deflate) &&
           (flags & WHY_SEND_PLAIN) == 0 &&
           ((flags & WHY_SEND_MORE) != 0 || data.len >= conn->options->deflate_len_min) &&
           data.len > 0;
}

/* Check outgoing text as a peer would. */
static bool is_text_valid(struct why_conn *conn, struct why_bytes data, unsigned flags,
                          struct why__utf8 *utf8) {
    *utf8 = conn->sending_utf8;
    if (conn->options->trust_own_text || (flags & WHY_SEND_VALID) != 0) {
        return true;
    }
    return why__utf8_check(utf8, data.data, data.len) == data.len &&
           ((flags & WHY_SEND_MORE) != 0 || why__utf8_is_complete(utf8));
}

WHY__APART static int send_any(struct why_conn *conn, enum why_opcode opcode, struct why_bytes data,
                               unsigned flags, uint8_t *place) {
    if (opcode != WHY_OPCODE_TEXT && opcode != WHY_OPCODE_BINARY) {
        return WHY_ERR_ARGUMENT;
    }
    if (conn->state != WHY_CONN_OPEN || (conn->sending != 0 && conn->sending != opcode)) {
        return WHY_ERR_STATE;
    }
    if (why__conn_is_full(conn)) {
        return WHY_ERR_FULL;
    }
    struct why__utf8 utf8 = {0};
    if (opcode == WHY_OPCODE_TEXT && !is_text_valid(conn, data, flags, &utf8)) {
        return WHY_ERR_UTF8;
    }
    bool first = conn->sending == 0;
    bool last = (flags & WHY_SEND_MORE) == 0;
    bool compress =
        first ? why__conn_wants_compression(conn, data, flags) : conn->sending_compressed;
    struct why__frame_header header = {
        .opcode = first ? opcode : WHY_OPCODE_CONTINUATION,
        .final = last,
    };
    if (!queue_message(conn, &header, data, compress, flags, place)) {
        return WHY_ERR_NOMEM;
    }
    conn->sending = last ? 0 : (uint8_t)opcode;
    conn->sending_utf8 = last ? (struct why__utf8){0} : utf8;
    conn->sending_compressed = compress && !last;
    conn->counters.messages_sent += last;
    conn->message_ms = (uint32_t)why__conn_now(conn);
    return WHY_OK;
}

int why__conn_send_first(struct why_conn *conn, enum why_opcode opcode, struct why_bytes data) {
    uint8_t *out = why__send_queue_reserve(&conn->output, why__conn_host(conn), 2 + data.len);
    if (out == NULL) {
        return WHY_ERR_NOMEM;
    }
    why__conn_put_short(conn, out, opcode, data);
    return WHY_OK;
}

int why_conn_send(struct why_conn *conn, enum why_opcode opcode, struct why_bytes data,
                  unsigned flags) {
    return why__conn_is_short(conn, opcode, data, flags)
               ? why__conn_send_short(conn, opcode, data)
               : send_any(conn, opcode, data, flags, NULL);
}

int why__conn_send_in_place(struct why_conn *conn, enum why_opcode opcode, struct why_span data,
                            unsigned flags) {
    return send_any(conn, opcode, (struct why_bytes){data.data, data.len}, flags, data.data);
}

uint32_t why__ping_hash(struct why_bytes payload) {
    return why__hash(payload.data, payload.len);
}

int why_conn_ping(struct why_conn *conn, struct why_bytes payload) {
    if (payload.len > WHY__CONTROL_MAX) {
        return WHY_ERR_ARGUMENT;
    }
    if (conn->state != WHY_CONN_OPEN) {
        return WHY_ERR_STATE;
    }
    if (why__conn_is_full(conn)) {
        return WHY_ERR_FULL;
    }
    struct why__frame_header header = {.opcode = WHY_OPCODE_PING, .final = true};
    if (why__conn_activity(conn) == NULL || !why__conn_queue_frame(conn, &header, payload)) {
        why__conn_rest(conn);
        return WHY_ERR_NOMEM;
    }
    conn->ping_ms = (uint32_t)why__conn_now(conn);
    conn->ping_hash = why__ping_hash(payload);
    conn->ping_open = true;
    conn->ping_owed = false;
    if (!conn->is_asking) {
        conn->is_asking = true;
        conn->asked_ms = conn->ping_ms;
        conn->activity->asked_end = why__conn_output_end(conn);
    }
    return WHY_OK;
}

void why__conn_want_pong(struct why_conn *conn, struct why_bytes payload) {
    struct why__pong *pong = conn->activity->pong;
    if (pong == NULL) {
        pong = why__conn_allocate(conn, NULL, sizeof *pong);
        if (pong == NULL) {
            why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
            return;
        }
        pong->end = 0;
        conn->activity->pong = pong;
    }
    pong->is_owed = true;
    pong->len = (uint8_t)payload.len;
    if (payload.len > 0) {
        memcpy(pong->data, payload.data, payload.len);
    }
}

/* The Pong that waits, if there is one. */
static struct why__pong *owed_pong(const struct why_conn *conn) {
    struct why__pong *pong = conn->activity != NULL ? conn->activity->pong : NULL;
    return pong != NULL && pong->is_owed ? pong : NULL;
}

/* A Pong waits, and none that would be older is in the queue still. After a Close none is owed. */
static bool is_pong_due(const struct why_conn *conn) {
    const struct why__pong *pong = owed_pong(conn);
    return pong != NULL && conn->state == WHY_CONN_OPEN && why__conn_output_at(conn) >= pong->end;
}

bool why__conn_queue_pong(struct why_conn *conn) {
    struct why__pong *pong = owed_pong(conn);
    if (pong == NULL) {
        return true;
    }
    struct why__frame_header header = {.opcode = WHY_OPCODE_PONG, .final = true};
    struct why_bytes payload = {pong->data, pong->len};
    if (!why__conn_queue_frame(conn, &header, payload)) {
        return false;
    }
    pong->end = why__conn_output_end(conn);
    pong->is_owed = false;
    return true;
}

/* Forget the Pong that has left, unless another waits behind it. */
static void drop_pong(struct why_conn *conn) {
    const struct why__pong *pong = conn->activity->pong;
    if (pong != NULL && !pong->is_owed && why__conn_output_at(conn) >= pong->end) {
        why__conn_allocate(conn, conn->activity->pong, 0);
        conn->activity->pong = NULL;
    }
}

size_t why_conn_output(struct why_conn *conn, struct why_bytes *list, size_t max) {
    if (is_pong_due(conn) && !why__conn_queue_pong(conn)) {
        why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
    }
    return why__send_queue_list(&conn->output, list, max);
}

/* Bytes have left: a Pong or a Ping may have been among them. */
static void note_left(struct why_conn *conn, bool was_ping_queued) {
    drop_pong(conn);
    if (was_ping_queued && !why__conn_is_ping_queued(conn) && !conn->close_begun) {
        conn->asked_ms = conn->sent_low; /* from now on it can be answered */
    }
    why__conn_rest(conn);
}

void why_conn_output_consumed(struct why_conn *conn, size_t len) {
    bool was_ping_queued = why__conn_is_ping_queued(conn);
    why__send_queue_consume(&conn->output, why__conn_host(conn), len);
    conn->counters.bytes_sent += len;
    why__conn_note_sent(conn);
    if (conn->activity != NULL) {
        note_left(conn, was_ping_queued);
    }
    if (conn->ping_owed && !why__conn_is_full(conn)) {
        /* There is room for the Ping: the silence is as long as it was, so it is due at once. */
        conn->ping_owed = false;
        conn->is_asking = false;
    }
}

size_t why_conn_output_len(const struct why_conn *conn) {
    size_t len = why__send_queue_len(&conn->output);
    if (is_pong_due(conn)) {
        len += 2 + (size_t)conn->activity->pong->len + (conn->is_server ? 0 : 4);
    }
    return len;
}

/* The memory of the message that was delivered last, where it is no more than that message. */
static struct why__lent lend_message(const struct why_conn *conn) {
    const struct why__activity *activity = conn->activity;
    struct why__lent lent = {0};
    if (activity == NULL || !activity->message.delivered || activity->message.joined == NULL ||
        activity->step != WHY__STEP_HEADER || activity->decoder.in_message) {
        return lent;
    }
    struct why__joined *joined = activity->message.joined;
    /* The queue's limit counts bytes: memory that is mostly empty is not for it to hold. */
    if (joined->size - joined->len <= joined->len / 4) {
        lent = (struct why__lent){joined, {joined->data, joined->len}};
    }
    return lent;
}

int why__conn_cut_short(struct why_conn *conn) {
    why__send_queue_clear(&conn->output, why__conn_host(conn));
    conn->close_sent = true;
    why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
    return WHY_ERR_NOMEM;
}

int why_conn_settle(struct why_conn *conn) {
    if (!conn->has_borrowed) {
        return WHY_OK;
    }
    conn->has_borrowed = false;
    struct why__lent lent = lend_message(conn);
    bool lends = lent.memory != NULL;
    bool is_settled = why__send_queue_settle(&conn->output, why__conn_host(conn), &lent);
    if (lends && lent.memory == NULL) {
        conn->activity->message.joined = NULL; /* it is the queue's now */
    }
    return is_settled ? WHY_OK : why__conn_cut_short(conn);
}
