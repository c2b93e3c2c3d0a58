/* SPDX-License-Identifier: MIT
 *
 * What the player sends: frames bent as a case wants them, our half of the handshake, and the
 * answers that are due without being written in a case.
 */
#include "conform/player_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- What was sent ---- */

void conform_player_settle(struct conform_player *player) {
    struct conform_sent *first = player->pending;
    if (first != NULL) {
        player->pending = first->next;
        if (first->next == NULL) {
            player->pending_end = &player->pending;
        }
        conform_buffer_free(&first->content);
        free(first);
    }
}

void conform_player_drop_pending(struct conform_player *player) {
    while (player->pending != NULL) {
        conform_player_settle(player);
    }
}

static void add_pending(struct conform_player *player) {
    struct conform_message *message = &player->sent.message;
    struct conform_sent *sent = calloc(1, sizeof *sent);
    if (sent == NULL) {
        player->has_failed_memory = true;
        return;
    }
    sent->opcode = message->opcode;
    sent->content = message->content;
    message->content = (struct conform_buffer){0};
    *player->pending_end = sent;
    player->pending_end = &sent->next;
}

void conform_player_track(struct conform_player *player, struct why_bytes data) {
    while (data.len > 0) {
        enum conform_seen_kind kind = conform_reader_next(&player->sent, &data);
        const struct conform_seen *seen = &player->sent.seen;
        if (kind == CONFORM_SEEN_CONTROL && (seen->header[0] & 0x0f) == WHY_OPCODE_PING) {
            player->has_asked = true;
            player->asked_len = (uint8_t)seen->len;
            memcpy(player->asked, seen->control, sizeof player->asked);
        }
        if (kind == CONFORM_SEEN_MESSAGE && !player->sent.was_closed) {
            add_pending(player);
        } else if (kind == CONFORM_SEEN_NOTHING) {
            break;
        }
    }
}

/* Everything goes out here: written down, followed, queued. */
static void emit(struct conform_player *player, const char *what, struct why_bytes data) {
    (void)conform_transcript_add(&player->transcript, CONFORM_WIRE_SENT, what, data, data.len, -1);
    if (player->is_glued && !player->is_asked) {
        player->has_failed_memory |= !conform_buffer_add(&player->glued, data.data, data.len);
        return;
    }
    if (player->is_open) {
        conform_player_track(player, data);
    }
    conform_wire_send(&player->wire, data);
}

/* ---- Frames ---- */

static bool is_masked(const struct conform_player *player, const struct conform_frame *frame) {
    return frame->mask == 0 ? player->stage->role == CONFORM_SERVER : frame->mask > 0;
}

static size_t length_size(const struct conform_frame *frame, uint64_t len) {
    if (frame->top_bit || frame->len_bytes == 8) {
        return 8;
    }
    if (frame->len_bytes == 2) {
        return 2;
    }
    return len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
}

/* Write the header that belongs before `payload_len` bytes. Returns its length. */
static size_t write_header(const struct conform_player *player, const struct conform_frame *frame,
                           uint64_t payload_len, const uint8_t key[4],
                           uint8_t out[WHY__FRAME_HEADER_MAX]) {
    uint64_t len = frame->len == CONFORM_LEN_AS_IS ? payload_len : frame->len;
    size_t size = length_size(frame, len);
    bool masked = is_masked(player, frame);
    out[0] = (uint8_t)((frame->more ? 0 : 0x80) | (frame->rsv & 7) << 4 | (frame->opcode & 15));
    out[1] = (uint8_t)((masked ? 0x80 : 0) | (size == 0 ? (uint8_t)len : size == 2 ? 126 : 127));
    for (size_t i = 0; i < size; i++) {
        out[2 + i] = (uint8_t)(len >> 8 * (size - 1 - i));
    }
    if (frame->top_bit) {
        out[2] |= 0x80;
    }
    if (masked) {
        memcpy(out + 2 + size, key, 4);
    }
    return 2 + size + (masked ? 4 : 0);
}

/* Write it down and send it, but for what a case cuts off.
 *
 * buffer  WHY__FRAME_HEADER_MAX bytes that are free, then the payload, unmasked */
static void send_framed(struct conform_player *player, const struct conform_frame *frame,
                        struct conform_buffer *buffer) {
    uint8_t header[WHY__FRAME_HEADER_MAX];
    uint8_t key[4];
    player->frames_sent++;
    const struct why_host *host = player->stage->options->host;
    host->random(host->context, key, sizeof key);
    if (frame->has_key) {
        memcpy(key, frame->key, sizeof key);
    }
    uint8_t *payload = buffer->data + sizeof header;
    size_t payload_len = buffer->len - sizeof header;
    size_t header_len = write_header(player, frame, payload_len, key, header);
    struct why_text what = {0};
    conform_frame_describe(&what, header, payload_len, (struct why_bytes){payload, payload_len});
    if (is_masked(player, frame)) {
        why__mask(payload, payload_len, key, 0);
    }
    memcpy(payload - header_len, header, header_len);
    struct why_bytes whole = {payload - header_len, header_len + payload_len};
    struct why_bytes now = whole;
    if (frame->cut < whole.len) {
        now.len = (size_t)frame->cut;
        player->rest.len = 0;
        player->has_failed_memory |=
            !conform_buffer_add(&player->rest, whole.data + now.len, whole.len - now.len);
        why_text_append(&what, " (its first %zu bytes)", now.len);
    }
    emit(player, what.data == NULL ? "" : what.data, now);
    why_text_clear(&what);
}

/* The payload in fragments, each a frame of its own. */
static void send_split(struct conform_player *player, const struct conform_frame *frame,
                       struct why_bytes payload) {
    struct conform_frame piece = *frame;
    struct conform_buffer buffer = {0};
    for (size_t at = 0; at < payload.len || at == 0; at += (size_t)frame->split) {
        size_t left = payload.len - at;
        size_t len = left < frame->split ? left : (size_t)frame->split;
        piece.opcode = at == 0 ? frame->opcode : WHY_OPCODE_CONTINUATION;
        piece.rsv = at == 0 ? frame->rsv : 0;
        piece.more = frame->more || len < left;
        buffer.len = 0;
        if (conform_buffer_grow(&buffer, WHY__FRAME_HEADER_MAX) == NULL ||
            (len > 0 && !conform_buffer_add(&buffer, payload.data + at, len))) {
            player->has_failed_memory = true;
            break;
        }
        send_framed(player, &piece, &buffer);
    }
    conform_buffer_free(&buffer);
}

void conform_player_send_frame(struct conform_player *player, const struct conform_step *step) {
    struct conform_buffer buffer = {0};
    if (conform_buffer_grow(&buffer, WHY__FRAME_HEADER_MAX) == NULL ||
        conform_term_make(step->term, &player->values, &player->deflater, &buffer) != WHY_OK) {
        player->has_failed_memory = true;
    } else if (step->frame.split > 0) {
        send_split(player, &step->frame,
                   (struct why_bytes){buffer.data + WHY__FRAME_HEADER_MAX,
                                      buffer.len - WHY__FRAME_HEADER_MAX});
    } else {
        send_framed(player, &step->frame, &buffer);
    }
    conform_buffer_free(&buffer);
}

void conform_player_send_control(struct conform_player *player, uint8_t opcode,
                                 struct why_bytes payload) {
    struct conform_frame frame = {.opcode = opcode, .len = CONFORM_LEN_AS_IS, .cut = UINT64_MAX};
    struct conform_buffer buffer = {0};
    if (conform_buffer_grow(&buffer, WHY__FRAME_HEADER_MAX) == NULL ||
        (payload.len > 0 && !conform_buffer_add(&buffer, payload.data, payload.len))) {
        player->has_failed_memory = true;
    } else {
        send_framed(player, &frame, &buffer);
    }
    conform_buffer_free(&buffer);
}

void conform_player_send_ping(struct conform_player *player) {
    int len =
        snprintf(player->ping, sizeof player->ping, "conform %u", (unsigned)++player->ping_count);
    conform_player_send_control(player, WHY_OPCODE_PING,
                                (struct why_bytes){(const uint8_t *)player->ping, (size_t)len});
}

void conform_player_send_raw(struct conform_player *player, const struct conform_step *step) {
    struct conform_buffer buffer = {0};
    if (conform_term_make(step->term, &player->values, &player->deflater, &buffer) != WHY_OK) {
        player->has_failed_memory = true;
    } else if (buffer.len > 0) {
        struct why_text what = {0};
        why_text_append(&what, "%zu bytes as they are: ", buffer.len);
        conform_bytes_describe(&what, (struct why_bytes){buffer.data, buffer.len}, buffer.len);
        emit(player, what.data == NULL ? "" : what.data,
             (struct why_bytes){buffer.data, buffer.len});
        why_text_clear(&what);
    }
    conform_buffer_free(&buffer);
}

void conform_player_send_rest(struct conform_player *player) {
    if (player->rest.len > 0) {
        emit(player, "the rest of the frame",
             (struct why_bytes){player->rest.data, player->rest.len});
        player->rest.len = 0;
    }
}

/* ---- The opening handshake ---- */

static size_t line_len(const struct conform_buffer *buffer) {
    const uint8_t *end = buffer->len == 0 ? NULL : memchr(buffer->data, '\r', buffer->len);
    size_t len = end == NULL ? buffer->len : (size_t)(end - buffer->data);
    return len < 100 ? len : 100;
}

void conform_player_send_opening(struct conform_player *player) {
    struct conform_buffer body = {0};
    struct conform_buffer *written = &player->opening.written;
    if (conform_opening_write(&player->opening, &player->values, &body) != WHY_OK) {
        player->has_failed_memory = true;
        conform_buffer_free(&body);
        return;
    }
    struct why_text what = {0};
    why_text_append_untrusted(&what, written->data, line_len(written));
    (void)conform_transcript_add(&player->transcript, CONFORM_WIRE_SENT,
                                 what.data == NULL ? "" : what.data,
                                 (struct why_bytes){written->data, written->len}, written->len, -1);
    why_text_clear(&what);
    player->is_asked = true;
    /* In one piece, so that what is glued to the head is in its segment. */
    struct conform_buffer all = {0};
    bool is_made = conform_buffer_add(&all, written->data, written->len) &&
                   conform_buffer_add(&all, body.data, body.len) &&
                   conform_buffer_add(&all, player->glued.data, player->glued.len);
    player->has_failed_memory |= !is_made;
    conform_wire_send(&player->wire, (struct why_bytes){all.data, all.len});
    conform_buffer_free(&all);
    conform_buffer_free(&body);
}

void conform_player_begin_tls(struct conform_player *player) {
    static const uint8_t garbage[] = "This is no ClientHello, and nothing else of TLS.\r\n\r\n";
    if (strcmp(player->test->tls, "silence") == 0) {
        return;
    }
    if (strcmp(player->test->tls, "garbage") == 0) {
        emit(player, "bytes that are no TLS", (struct why_bytes){garbage, sizeof garbage - 1});
        return;
    }
    conform_player_send_opening(player);
}
