/* SPDX-License-Identifier: MIT
 *
 * Prepared messages: the frame, and what connections with compression are sent in its place.
 */
#include "core/prepared.h"

#include "core/conn_state.h"

#include <string.h>

/* What decides how a message comes out that is compressed by itself, and whether it is. */
struct deflate_kind {
    size_t len_min;
    uint8_t window_bits, level, memory_level;
};

/* The same messages for connections of one kind, with their headers. */
struct deflated {
    struct deflated *next;
    struct deflate_kind kind;
    size_t len; /* 0: they are shorter as they are */
    uint8_t frames[];
};

struct why_prepared {
    const struct why_options *options;
    size_t references;
    struct deflated *deflated;   /* a list, of as many as there are kinds of connections */
    struct why_prepared **parts; /* what it was joined from; NULL: it is one message */
    size_t count;                /* of messages */
    size_t len;
    uint8_t opcode, header_len; /* of one message */
    bool is_plain;
    uint8_t frames[];
};

static void *allocate(const struct why_prepared *prepared, void *memory, size_t size) {
    const struct why_host *host = prepared->options->host;
    return host->allocate(host->context, memory, size);
}

static struct why_prepared *new_prepared(const struct why_options *options, size_t len) {
    const struct why_host *host = options->host;
    struct why_prepared *prepared = host->allocate(host->context, NULL, sizeof *prepared + len);
    if (prepared != NULL) {
        *prepared =
            (struct why_prepared){.options = options, .references = 1, .count = 1, .len = len};
    }
    return prepared;
}

int why_prepared_new(const struct why_options *options, enum why_opcode opcode,
                     struct why_bytes data, unsigned flags, struct why_prepared **out) {
    *out = NULL;
    if ((opcode != WHY_OPCODE_TEXT && opcode != WHY_OPCODE_BINARY) ||
        (flags & WHY_SEND_MORE) != 0) {
        return WHY_ERR_ARGUMENT;
    }
    if (opcode == WHY_OPCODE_TEXT && (flags & WHY_SEND_VALID) == 0 && !options->trust_own_text) {
        struct why__utf8 utf8 = {0};
        if (why__utf8_check(&utf8, data.data, data.len) != data.len ||
            !why__utf8_is_complete(&utf8)) {
            return WHY_ERR_UTF8;
        }
    }
    struct why__frame_header header = {.payload_len = data.len, .opcode = opcode, .final = true};
    uint8_t encoded[WHY__FRAME_HEADER_MAX];
    size_t header_len = why__frame_encode(&header, encoded);
    struct why_prepared *prepared = new_prepared(options, header_len + data.len);
    if (prepared == NULL) {
        return WHY_ERR_NOMEM;
    }
    prepared->opcode = (uint8_t)opcode;
    prepared->header_len = (uint8_t)header_len;
    prepared->is_plain = (flags & WHY_SEND_PLAIN) != 0;
    memcpy(prepared->frames, encoded, header_len);
    if (data.len > 0) {
        memcpy(prepared->frames + header_len, data.data, data.len);
    }
    *out = prepared;
    return WHY_OK;
}

void why__prepared_keep(struct why_prepared *prepared) {
    prepared->references++;
}

/* One that was joined holds messages, and none of those holds others. */
static bool let_go(struct why_prepared *prepared) {
    if (--prepared->references > 0) {
        return false;
    }
    while (prepared->deflated != NULL) {
        struct deflated *next = prepared->deflated->next;
        allocate(prepared, prepared->deflated, 0);
        prepared->deflated = next;
    }
    return true;
}

void why_prepared_free(struct why_prepared *prepared) {
    if (prepared == NULL || !let_go(prepared)) {
        return;
    }
    for (size_t i = 0; prepared->parts != NULL && i < prepared->count; i++) {
        if (let_go(prepared->parts[i])) {
            allocate(prepared->parts[i], prepared->parts[i], 0);
        }
    }
    allocate(prepared, prepared->parts, 0);
    allocate(prepared, prepared, 0);
}

struct why_prepared *why__prepared_join(struct why_prepared *const *list, size_t count) {
    if (count == 1) {
        why__prepared_keep(list[0]);
        return list[0];
    }
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += list[i]->len;
    }
    struct why_prepared *joined = new_prepared(list[0]->options, len);
    if (joined == NULL) {
        return NULL;
    }
    joined->parts = allocate(joined, NULL, count * sizeof(struct why_prepared *));
    if (joined->parts == NULL) {
        allocate(joined, joined, 0);
        return NULL;
    }
    joined->count = count;
    len = 0;
    for (size_t i = 0; i < count; i++) {
        why__prepared_keep(list[i]);
        joined->parts[i] = list[i];
        memcpy(joined->frames + len, list[i]->frames, list[i]->len);
        len += list[i]->len;
    }
    return joined;
}

/* ---- What a connection is sent ---- */

static struct why_bytes payload_of(const struct why_prepared *message) {
    return (struct why_bytes){message->frames + message->header_len,
                              message->len - message->header_len};
}

static unsigned flags_of(const struct why_prepared *message) {
    return message->is_plain ? (unsigned)WHY_SEND_PLAIN : 0;
}

static bool is_message_deflated(const struct why_prepared *message, const struct why_conn *conn) {
    return why__conn_wants_compression(conn, payload_of(message), flags_of(message));
}

/* Whether there is anything to compress for this connection. */
static bool is_deflated(const struct why_prepared *prepared, const struct why_conn *conn) {
    if (conn->deflate == NULL || prepared->parts == NULL) {
        return conn->deflate != NULL && is_message_deflated(prepared, conn);
    }
    size_t i = 0;
    while (i < prepared->count && !is_message_deflated(prepared->parts[i], conn)) {
        i++;
    }
    return i < prepared->count;
}

/* What a compressor makes of a message that remembers others is for its own peer alone, as are
 * masked frames. */
static bool is_shared(const struct why_prepared *prepared, const struct why_conn *conn) {
    return conn->is_server && (conn->deflate == NULL || why__deflate_forgets(conn->deflate) ||
                               !is_deflated(prepared, conn));
}

static struct deflate_kind kind_of(const struct why_conn *conn) {
    return (struct deflate_kind){.len_min = conn->options->deflate_len_min,
                                 .window_bits = why__deflate_window_bits(conn->deflate),
                                 .level = conn->options->deflate_level,
                                 .memory_level = conn->options->deflate_memory_level};
}

static struct deflated *find_deflated(const struct why_prepared *prepared,
                                      const struct why_conn *conn) {
    struct deflate_kind kind = kind_of(conn);
    struct deflated *at = prepared->deflated;
    while (at != NULL &&
           (at->kind.len_min != kind.len_min || at->kind.window_bits != kind.window_bits ||
            at->kind.level != kind.level || at->kind.memory_level != kind.memory_level)) {
        at = at->next;
    }
    return at;
}

static struct deflated *add_deflated(struct why_prepared *prepared, const struct why_conn *conn,
                                     size_t len) {
    struct deflated *deflated = allocate(prepared, NULL, sizeof *deflated + len);
    if (deflated != NULL) {
        *deflated =
            (struct deflated){.next = prepared->deflated, .kind = kind_of(conn), .len = len};
        prepared->deflated = deflated;
    }
    return deflated;
}

/* Compress a message with a context that this connection takes, and gives back. */
static struct deflated *deflate_message(struct why_prepared *message, struct why_conn *conn) {
    struct why_bytes payload = payload_of(message);
    size_t bound = why__deflate_bound(conn->deflate, payload.len);
    uint8_t *body = bound != 0 ? allocate(message, NULL, bound) : NULL;
    if (body == NULL) {
        why__deflate_forget(conn->deflate);
        return NULL;
    }
    struct why__frame_header header = {
        .opcode = (enum why_opcode)message->opcode,
        .final = true,
        .compressed = true,
        .payload_len = why__deflate_compress(conn->deflate, payload, true, body)};
    size_t len = (size_t)header.payload_len;
    uint8_t encoded[WHY__FRAME_HEADER_MAX];
    size_t header_len = why__frame_encode(&header, encoded);
    struct deflated *deflated = NULL;
    if (len >= payload.len) {
        deflated = add_deflated(message, conn, 0);
    } else if (len > 0) {
        deflated = add_deflated(message, conn, header_len + len);
        if (deflated != NULL) {
            memcpy(deflated->frames, encoded, header_len);
            memcpy(deflated->frames + header_len, body, len);
        }
    }
    allocate(message, body, 0);
    return deflated;
}

static struct why_bytes plain_frames(const struct why_prepared *prepared) {
    return (struct why_bytes){prepared->frames, prepared->len};
}

/* The one frame of a message, for this connection. False if out of memory. */
static bool message_frame(struct why_prepared *message, struct why_conn *conn,
                          struct why_bytes *frame) {
    *frame = plain_frames(message);
    if (conn->deflate == NULL || !is_message_deflated(message, conn)) {
        return true;
    }
    struct deflated *deflated = find_deflated(message, conn);
    if (deflated == NULL) {
        deflated = deflate_message(message, conn);
    }
    if (deflated != NULL && deflated->len > 0) {
        *frame = (struct why_bytes){deflated->frames, deflated->len};
    }
    return deflated != NULL;
}

static struct deflated *deflate_parts(struct why_prepared *joined, struct why_conn *conn) {
    size_t len = 0;
    struct why_bytes frame;
    for (size_t i = 0; i < joined->count; i++) {
        if (!message_frame(joined->parts[i], conn, &frame)) {
            return NULL;
        }
        len += frame.len;
    }
    struct deflated *deflated = add_deflated(joined, conn, len);
    if (deflated != NULL) {
        len = 0;
        for (size_t i = 0; i < joined->count; i++) {
            (void)message_frame(joined->parts[i], conn, &frame);
            memcpy(deflated->frames + len, frame.data, frame.len);
            len += frame.len;
        }
    }
    return deflated;
}

static bool frames_for(struct why_prepared *prepared, struct why_conn *conn,
                       struct why_bytes *frames) {
    if (prepared->parts == NULL) {
        return message_frame(prepared, conn, frames);
    }
    *frames = plain_frames(prepared);
    if (!is_deflated(prepared, conn)) {
        return true;
    }
    struct deflated *deflated = find_deflated(prepared, conn);
    if (deflated == NULL) {
        deflated = deflate_parts(prepared, conn);
    }
    if (deflated != NULL) {
        *frames = (struct why_bytes){deflated->frames, deflated->len};
    }
    return deflated != NULL;
}

/* ---- Sending ---- */

static void count_messages(const struct why_prepared *prepared, struct why_conn *conn) {
    conn->counters.messages_sent += prepared->count;
    conn->message_ms = (uint32_t)why__conn_now(conn);
}

static bool queue_frames(struct why_prepared *prepared, struct why_conn *conn,
                         struct why_bytes frames) {
    if (!why__send_queue_share(&conn->output, why__conn_host(conn), frames, prepared)) {
        return false;
    }
    count_messages(prepared, conn);
    return true;
}

int why_conn_send_prepared(struct why_conn *conn, struct why_prepared *prepared) {
    if (!is_shared(prepared, conn)) {
        return why_conn_send(conn, (enum why_opcode)prepared->opcode, payload_of(prepared),
                             flags_of(prepared) | (unsigned)WHY_SEND_VALID);
    }
    if (conn->state != WHY_CONN_OPEN || conn->sending != 0) {
        return WHY_ERR_STATE;
    }
    if (why__conn_is_full(conn)) {
        return WHY_ERR_FULL;
    }
    struct why_bytes frames;
    return frames_for(prepared, conn, &frames) && queue_frames(prepared, conn, frames)
               ? WHY_OK
               : WHY_ERR_NOMEM;
}

/* With an empty queue no Ping of ours is in it either: there is nothing to note but the count. */
bool why__prepared_show(struct why_prepared *prepared, struct why_conn *conn,
                        struct why_bytes *bytes) {
    return conn->state == WHY_CONN_OPEN && conn->sending == 0 && conn->output.first == NULL &&
           (conn->activity == NULL || conn->activity->pong == NULL) && is_shared(prepared, conn) &&
           frames_for(prepared, conn, bytes);
}

int why__prepared_sent(struct why_prepared *prepared, struct why_conn *conn, struct why_bytes bytes,
                       size_t sent) {
    struct why_bytes rest = {bytes.data + sent, bytes.len - sent};
    if (sent > 0) {
        conn->counters.bytes_sent += sent;
        why__conn_note_sent(conn);
    }
    if (rest.len == 0) {
        count_messages(prepared, conn);
        return WHY_OK;
    }
    if (queue_frames(prepared, conn, rest)) {
        return WHY_OK;
    }
    return sent > 0 ? why__conn_cut_short(conn) : WHY_ERR_NOMEM;
}
