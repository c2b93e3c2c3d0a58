/* SPDX-License-Identifier: MIT
 *
 * The memory that a message is joined in which does not lie whole in one input: how it grows, and
 * where it is best read to.
 */
#include "core/conn_state.h"

#include <string.h>

enum {
    JOIN_LEN_MIN = 1024,   /* of the memory that a message is joined in */
    LARGE_LEN = 65536,     /* what has come of a message that is worth more than doubling */
    ROOM_LEN_MIN = 16384,  /* less is as well read with what follows it */
    ROOM_LEN_MAX = 262144, /* more would leave the cache before it is unmasked */
};

void why__conn_drop_message(struct why_conn *conn) {
    if (conn->activity == NULL) {
        return;
    }
    struct why__message *message = &conn->activity->message;
    if (message->joined != NULL) {
        why__conn_allocate(conn, message->joined, 0);
    }
    *message = (struct why__message){0};
}

void why__conn_abandon_message(struct why_conn *conn) {
    if (conn->activity != NULL && !conn->activity->message.delivered) {
        why__conn_drop_message(conn);
    }
}

/* Memory that the whole message fits in, where the host has kept such: that it may never be filled
 * is no loss then, and nothing has to grow, or to be copied in between. */
static bool recall_message(struct why_conn *conn, uint64_t expected) {
    const struct why_host *host = why__conn_host(conn);
    struct why__joined *joined = conn->activity->message.joined;
    struct why__joined *whole = host->recall == NULL || expected > SIZE_MAX - sizeof *whole
                                    ? NULL
                                    : host->recall(host->context, sizeof *whole + (size_t)expected);
    if (whole == NULL) {
        return false;
    }
    *whole = (struct why__joined){.size = (size_t)expected};
    if (joined != NULL) {
        whole->len = joined->len;
        whole->compressed_len = joined->compressed_len;
        memcpy(whole->data, joined->data, joined->len);
        why__conn_allocate(conn, joined, 0);
    }
    conn->activity->message.joined = whole;
    return true;
}

bool why__conn_reserve_message(struct why_conn *conn, size_t more, uint64_t expected) {
    struct why__joined *joined = conn->activity->message.joined;
    size_t old_size = joined != NULL ? joined->size : 0;
    size_t need = why__conn_joined(conn).len + more;
    if (need <= old_size) {
        return true;
    }
    bool is_bounded =
        conn->activity->step == WHY__STEP_DATA && why__frame_is_final(&conn->activity->decoder);
    if (is_bounded && need >= LARGE_LEN && expected >= need && recall_message(conn, expected)) {
        return true;
    }
    uint64_t size = (uint64_t)need * (is_bounded && need >= LARGE_LEN ? 8 : 2);
    size = size < JOIN_LEN_MIN ? JOIN_LEN_MIN : size;
    size = size > expected ? expected : size;
    size = size < need ? need : size;
    struct why__joined *grown = why__conn_allocate(conn, joined, sizeof *grown + (size_t)size);
    if (grown == NULL) {
        return false;
    }
    if (joined == NULL) {
        *grown = (struct why__joined){0};
    }
    grown->size = (size_t)size;
    conn->activity->message.joined = grown;
    return true;
}

/* What the message can still come to, where `len` bytes of it are not joined yet. */
static uint64_t expected_len(const struct why_conn *conn, size_t len) {
    return why__frame_is_final(&conn->activity->decoder)
               ? why__conn_joined(conn).len + len + conn->activity->payload_left
               : conn->options->message_len_max;
}

bool why__conn_join(struct why_conn *conn, struct why_span piece) {
    if (piece.len == 0) {
        return true;
    }
    struct why__joined *joined = conn->activity->message.joined;
    bool is_there = joined != NULL && piece.data == joined->data + joined->len;
    if (!is_there) { /* it was not read into why_conn_room() */
        if (!why__conn_reserve_message(conn, piece.len, expected_len(conn, piece.len))) {
            why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
            return false;
        }
        joined = conn->activity->message.joined;
        memcpy(joined->data + joined->len, piece.data, piece.len);
    }
    joined->len += piece.len;
    return true;
}

struct why_span why_conn_room(struct why_conn *conn) {
    const struct why__activity *activity = conn->activity;
    if (activity == NULL || activity->step != WHY__STEP_DATA ||
        activity->payload_left < ROOM_LEN_MIN || activity->message.joined == NULL ||
        activity->message.delivered || conn->state >= WHY_CONN_FINISHING) {
        return (struct why_span){0};
    }
    const struct why__message *message = &activity->message;
    size_t len =
        activity->payload_left < ROOM_LEN_MAX ? (size_t)activity->payload_left : ROOM_LEN_MAX;
    size_t left = message->joined->size - message->joined->len;
    if (left < ROOM_LEN_MIN &&
        !why__conn_reserve_message(conn, ROOM_LEN_MIN, expected_len(conn, 0))) {
        return (struct why_span){0}; /* what comes will say that there is no memory */
    }
    left = message->joined->size - message->joined->len;
    return (struct why_span){message->joined->data + message->joined->len, left < len ? left : len};
}
