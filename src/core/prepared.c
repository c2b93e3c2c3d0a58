/* SPDX-License-Identifier: MIT
 *
 * Prepared messages: the frame, and what connections with compression are sent in its place. Queues
 * hold the bytes that they send and nothing else of it: what is compressed to little holds little.
 */
#include "core/prepared.h"

#include "core/conn_state.h"

#include <string.h>

/* What decides how a message comes out that is compressed by itself, and whether it is. */
struct deflate_kind {
    size_t len_min;
    uint8_t window_bits, level, memory_level;
};

/* The same for connections of one kind. */
struct deflated {
    struct deflated *next;
    struct deflate_kind kind;
    struct why__shared *frames; /* NULL: it is shorter as it is */
};

struct why_prepared {
    const struct why_options *options;
    struct why__shared *frames;
    struct deflated *deflated;         /* a list, of as many as there are kinds of connections */
    struct why_prepared *const *parts; /* what it was joined from; NULL: it is one message */
    size_t count;                      /* of messages */
    uint8_t opcode, header_len;        /* of one message */
    bool is_plain;
};

static void *allocate(const struct why_options *options, void *memory, size_t size) {
    return options->host->allocate(options->host->context, memory, size);
}

/* With room for `len` bytes of frames. */
static struct why_prepared *new_prepared(const struct why_options *options, size_t len) {
    struct why_prepared *prepared = allocate(options, NULL, sizeof *prepared);
    struct why__shared *frames = prepared != NULL ? why__shared_new(options->host, len) : NULL;
    if (frames == NULL) {
        allocate(options, prepared, 0);
        return NULL;
    }
    *prepared = (struct why_prepared){.options = options, .frames = frames, .count = 1};
    return prepared;
}

void why_prepared_free(struct why_prepared *prepared) {
    if (prepared == NULL) {
        return;
    }
    while (prepared->deflated != NULL) {
        struct deflated *next = prepared->deflated->next;
        why__shared_release(prepared->deflated->frames);
        allocate(prepared->options, prepared->deflated, 0);
        prepared->deflated = next;
    }
    why__shared_release(prepared->frames);
    allocate(prepared->options, prepared, 0);
}

static bool is_valid(const struct why_options *options, struct why_bytes data, unsigned flags) {
    struct why__utf8 utf8 = {0};
    return (flags & WHY_SEND_VALID) != 0 || options->trust_own_text ||
           (why__utf8_check(&utf8, data.data, data.len) == data.len &&
            why__utf8_is_complete(&utf8));
}

int why_prepared_new(const struct why_options *options, enum why_opcode opcode,
                     struct why_bytes data, unsigned flags, struct why_prepared **out) {
    *out = NULL;
    if ((opcode != WHY_OPCODE_TEXT && opcode != WHY_OPCODE_BINARY) ||
        (flags & WHY_SEND_MORE) != 0) {
        return WHY_ERR_ARGUMENT;
    }
    if (opcode == WHY_OPCODE_TEXT && !is_valid(options, data, flags)) {
        return WHY_ERR_UTF8;
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
    memcpy(prepared->frames->data, encoded, header_len);
    if (data.len > 0) {
        memcpy(prepared->frames->data + header_len, data.data, data.len);
    }
    *out = prepared;
    return WHY_OK;
}

/* Copies the frames behind `at`. returns  the place behind them */
static uint8_t *append(uint8_t *at, const struct why__shared *frames) {
    memcpy(at, frames->data, frames->len);
    return at + frames->len;
}

struct why_prepared *why__prepared_join(struct why_prepared *const *list, size_t count) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += list[i]->frames->len;
    }
    struct why_prepared *joined = new_prepared(list[0]->options, len);
    if (joined == NULL) {
        return NULL;
    }
    joined->parts = list;
    joined->count = count;
    uint8_t *at = joined->frames->data;
    for (size_t i = 0; i < count; i++) {
        at = append(at, list[i]->frames);
    }
    return joined;
}

/* ---- What a connection is sent ---- */

static struct why_bytes payload_of(const struct why_prepared *message) {
    return (struct why_bytes){message->frames->data + message->header_len,
                              message->frames->len - message->header_len};
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

/* frames_len  0: it is sent as it is */
static struct deflated *add_deflated(struct why_prepared *prepared, const struct why_conn *conn,
                                     size_t frames_len) {
    struct why__shared *frames = NULL;
    struct deflated *deflated = allocate(prepared->options, NULL, sizeof *deflated);
    if (deflated != NULL && frames_len > 0) {
        frames = why__shared_new(prepared->options->host, frames_len);
        if (frames == NULL) {
            allocate(prepared->options, deflated, 0);
            return NULL;
        }
    }
    if (deflated != NULL) {
        *deflated = (struct deflated){prepared->deflated, kind_of(conn), frames};
        prepared->deflated = deflated;
    }
    return deflated;
}

/* Compress a message with a context that this connection takes, and gives back. */
static struct deflated *deflate_message(struct why_prepared *message, struct why_conn *conn) {
    struct why_bytes payload = payload_of(message);
    size_t bound = why__deflate_bound(conn->deflate, payload.len);
    uint8_t *body = bound != 0 ? allocate(message->options, NULL, bound) : NULL;
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
            memcpy(deflated->frames->data, encoded, header_len);
            memcpy(deflated->frames->data + header_len, body, len);
        }
    }
    allocate(message->options, body, 0);
    return deflated;
}

/* The one frame of a message, for this connection. NULL if out of memory. */
static struct why__shared *message_frame(struct why_prepared *message, struct why_conn *conn) {
    if (conn->deflate == NULL || !is_message_deflated(message, conn)) {
        return message->frames;
    }
    struct deflated *deflated = find_deflated(message, conn);
    if (deflated == NULL) {
        deflated = deflate_message(message, conn);
    }
    if (deflated == NULL) {
        return NULL;
    }
    return deflated->frames != NULL ? deflated->frames : message->frames;
}

static struct deflated *deflate_parts(struct why_prepared *joined, struct why_conn *conn) {
    size_t len = 0;
    for (size_t i = 0; i < joined->count; i++) {
        const struct why__shared *frame = message_frame(joined->parts[i], conn);
        if (frame == NULL) {
            return NULL;
        }
        len += frame->len;
    }
    struct deflated *deflated = add_deflated(joined, conn, len);
    if (deflated != NULL) {
        uint8_t *at = deflated->frames->data;
        for (size_t i = 0; i < joined->count; i++) {
            at = append(at, message_frame(joined->parts[i], conn)); /* which is there by now */
        }
    }
    return deflated;
}

static struct why__shared *frames_for(struct why_prepared *prepared, struct why_conn *conn) {
    if (prepared->parts == NULL) {
        return message_frame(prepared, conn);
    }
    if (!is_deflated(prepared, conn)) {
        return prepared->frames;
    }
    struct deflated *deflated = find_deflated(prepared, conn);
    if (deflated == NULL) {
        deflated = deflate_parts(prepared, conn);
    }
    return deflated != NULL ? deflated->frames : NULL;
}

/* ---- Sending ---- */

static void count_messages(const struct why_prepared *prepared, struct why_conn *conn) {
    conn->counters.messages_sent += prepared->count;
    conn->message_ms = (uint32_t)why__conn_now(conn);
}

static int queue_frames(const struct why_prepared *prepared, struct why_conn *conn,
                        struct why__shared *frames, size_t skip) {
    if (!why__send_queue_share(&conn->output, why__conn_host(conn), frames, skip)) {
        return WHY_ERR_NOMEM;
    }
    count_messages(prepared, conn);
    return WHY_OK;
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
    struct why__shared *frames = frames_for(prepared, conn);
    return frames != NULL ? queue_frames(prepared, conn, frames, 0) : WHY_ERR_NOMEM;
}

/* With an empty queue no Ping of ours is in it either: there is nothing to note but the count. */
struct why__shared *why__prepared_show(struct why_prepared *prepared, struct why_conn *conn) {
    bool is_clear = conn->state == WHY_CONN_OPEN && conn->sending == 0 &&
                    conn->output.first == NULL &&
                    (conn->activity == NULL || conn->activity->pong == NULL);
    return is_clear && is_shared(prepared, conn) ? frames_for(prepared, conn) : NULL;
}

int why__prepared_sent(const struct why_prepared *prepared, struct why_conn *conn,
                       struct why__shared *frames, size_t sent) {
    if (sent > 0) {
        conn->counters.bytes_sent += sent;
        why__conn_note_sent(conn);
    }
    if (sent == frames->len) {
        count_messages(prepared, conn);
        return WHY_OK;
    }
    int result = queue_frames(prepared, conn, frames, sent);
    return result != WHY_OK && sent > 0 ? why__conn_cut_short(conn) : result;
}
