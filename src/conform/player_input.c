/* SPDX-License-Identifier: MIT
 *
 * What comes: bytes become items, in order, for the steps to look at. Pings are answered here, at
 * once.
 */
#include "conform/player_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- Items ---- */

void conform_item_free(struct conform_item *item) {
    conform_buffer_free(&item->message.content);
    free(item);
}

struct conform_item *conform_player_take(struct conform_player *player, struct conform_item **at) {
    struct conform_item *item = *at;
    *at = item->next;
    if (item->next == NULL) {
        player->items_end = at;
    }
    item->next = NULL;
    return item;
}

void conform_player_drop_items(struct conform_player *player) {
    while (player->items != NULL) {
        conform_item_free(conform_player_take(player, &player->items));
    }
}

static struct conform_item *add_item(struct conform_player *player, enum conform_item_kind kind,
                                     int32_t moment) {
    struct conform_item *item = calloc(1, sizeof *item);
    if (item == NULL) {
        player->has_failed_memory = true;
        conform_player_end(player);
        return NULL;
    }
    item->kind = kind;
    item->moment = moment;
    *player->items_end = item;
    player->items_end = &item->next;
    return item;
}

static struct conform_item *add_fault(struct conform_player *player, enum conform_item_kind kind,
                                      int32_t moment, const char *fault) {
    struct conform_item *item = add_item(player, kind, moment);
    if (item != NULL) {
        item->fault = fault;
    }
    return item;
}

static void take_fault(struct conform_player *player, const struct conform_seen *seen,
                       int32_t moment) {
    struct conform_item *item = add_fault(player, CONFORM_ITEM_FAULT, moment, seen->fault);
    if (item != NULL) {
        item->is_lesser = seen->is_lesser;
    }
}

/* ---- Frames ---- */

static int32_t write_frame_down(struct conform_player *player, const struct conform_seen *seen) {
    struct why_text what = {0};
    uint64_t wire_len = seen->header_len + seen->len;
    if (seen->header_len >= 2) {
        conform_frame_describe(&what, seen->header, seen->len,
                               (struct why_bytes){seen->shown, seen->shown_len});
    } else {
        why_text_append(&what, "a frame that ends in its header");
        wire_len = seen->kept;
    }
    int32_t moment = conform_transcript_add(
        &player->transcript, CONFORM_WIRE_RECEIVED, what.data == NULL ? "" : what.data,
        (struct why_bytes){seen->bytes, seen->kept}, wire_len, seen->mark);
    why_text_clear(&what);
    return moment;
}

/* Section 5.5.2: a Pong, unless we have closed. It waits where a frame of ours is not whole. */
static void answer_ping(struct conform_player *player, const struct conform_seen *seen) {
    if (player->sent.was_closed || player->sent.is_over) {
        return;
    }
    if (!conform_reader_is_between(&player->sent)) {
        player->owes_pong = true;
        player->owed_len = (uint8_t)seen->len;
        memcpy(player->owed, seen->control, sizeof player->owed);
        return;
    }
    conform_player_send_control(player, WHY_OPCODE_PONG,
                                (struct why_bytes){seen->control, (size_t)seen->len});
}

static void take_control(struct conform_player *player, const struct conform_seen *seen,
                         int32_t moment) {
    uint8_t opcode = seen->header[0] & 0x0f;
    if (opcode == WHY_OPCODE_PING) {
        answer_ping(player, seen);
        return;
    }
    struct conform_item *item = add_item(
        player, opcode == WHY_OPCODE_PONG ? CONFORM_ITEM_PONG : CONFORM_ITEM_CLOSE, moment);
    if (item != NULL) {
        item->payload_len = (uint8_t)seen->len;
        item->header_len = seen->header_len;
        memcpy(item->payload, seen->control, sizeof item->payload);
    }
}

static void take_message(struct conform_player *player, int32_t moment) {
    struct conform_item *item = add_item(player, CONFORM_ITEM_MESSAGE, moment);
    if (item != NULL) {
        player->played.has_answered = true;
        item->message = player->received.message;
        item->header_len = player->received.seen.header_len;
        player->received.message.content = (struct conform_buffer){0};
    }
}

static void read_frames(struct conform_player *player, struct why_bytes data) {
    while (!player->is_done) {
        enum conform_seen_kind kind = conform_reader_next(&player->received, &data);
        const struct conform_seen *seen = &player->received.seen;
        if (kind == CONFORM_SEEN_NOTHING) {
            break;
        }
        int32_t moment = write_frame_down(player, seen);
        switch (kind) {
        case CONFORM_SEEN_MESSAGE:
            take_message(player, moment);
            break;
        case CONFORM_SEEN_CONTROL:
            take_control(player, seen, moment);
            break;
        case CONFORM_SEEN_FAULT:
            take_fault(player, seen, moment);
            break;
        case CONFORM_SEEN_NOMEM:
            player->has_failed_memory = true;
            conform_player_end(player);
            break;
        case CONFORM_SEEN_FRAME:
        case CONFORM_SEEN_NOTHING:
            break;
        }
    }
}

/* ---- The opening handshake ---- */

bool conform_player_open(struct conform_player *player) {
    const struct conform_stage *stage = player->stage;
    bool peer_is_client = stage->role == CONFORM_CLIENT;
    player->is_open = true;
    player->deflater.bits = peer_is_client ? player->agreed.server_max_window_bits
                                           : player->agreed.client_max_window_bits;
    player->deflater.forgets = peer_is_client ? player->agreed.server_no_context_takeover
                                              : player->agreed.client_no_context_takeover;
    if (!conform_reader_init(&player->received, peer_is_client, false, stage->options,
                             &player->agreed) ||
        !conform_reader_init(&player->sent, !peer_is_client, true, stage->options,
                             &player->agreed)) {
        player->has_failed_memory = true;
        return false;
    }
    conform_player_track(player, (struct why_bytes){player->glued.data, player->glued.len});
    return true;
}

static int32_t write_head_down(struct conform_player *player, int mark) {
    const struct why__http_parser *head = &player->head;
    struct why_text what = {0};
    const uint8_t *end = head->len == 0 ? NULL : memchr(head->buffer, '\r', head->len);
    size_t len = end == NULL ? head->len : (size_t)(end - head->buffer);
    if (head->len > 0) {
        why_text_append_untrusted(&what, head->buffer, len < 100 ? len : 100);
    }
    int32_t moment = conform_transcript_add(
        &player->transcript, CONFORM_WIRE_RECEIVED, what.data == NULL ? "" : what.data,
        (struct why_bytes){head->buffer, head->len}, head->len, mark);
    why_text_clear(&what);
    return moment;
}

/* Read on in the head. True: it is whole. */
static bool read_head(struct conform_player *player, struct why_bytes *data) {
    struct why__http_parser *head = &player->head;
    why__http_parser_receive(head, data);
    while (head->state == WHY__HTTP_DONE && player->stage->role == CONFORM_SERVER &&
           head->head.status < 200 && head->head.status != 101) {
        (void)write_head_down(player, -1);
        why__http_parser_next_response(head);
        why__http_parser_receive(head, data);
    }
    if (head->state == WHY__HTTP_FAILED) {
        int32_t moment = write_head_down(player, (int)head->len - 1);
        player->played.status = head->status;
        (void)add_fault(player, CONFORM_ITEM_BAD_HEAD, moment,
                        head->detail == NULL ? "no HTTP" : head->detail);
        data->len = 0;
    }
    return head->state == WHY__HTTP_DONE;
}

static void take_head(struct conform_player *player) {
    struct conform_item *item = add_item(player, CONFORM_ITEM_HEAD, write_head_down(player, -1));
    if (item == NULL) {
        return;
    }
    player->has_head = true;
    player->played.status = player->head.head.status;
    if (player->stage->role == CONFORM_CLIENT) {
        conform_opening_take_key(&player->opening, &player->head.head);
    }
    if (player->stage->role == CONFORM_SERVER && player->head.head.status == 101) {
        struct why_text wrong = {0};
        conform_opening_check_answer(&player->opening, &player->head.head, &player->agreed, &wrong);
        why_text_clear(&wrong); /* the step `open` asks again, and tells */
        (void)conform_player_open(player);
    }
}

static void on_data(struct conform_wire *wire, struct why_bytes data) {
    struct conform_player *player = (struct conform_player *)wire;
    if (!player->has_head && player->head.state != WHY__HTTP_FAILED && read_head(player, &data)) {
        take_head(player);
    }
    if (player->is_open) {
        read_frames(player, data);
    } else if (player->has_head && data.len > 0 && player->stage->role == CONFORM_CLIENT &&
               !player->is_asked) {
        int32_t moment = conform_transcript_add(&player->transcript, CONFORM_WIRE_RECEIVED,
                                                "bytes behind the request", data, data.len, 0);
        (void)add_fault(player, CONFORM_ITEM_FAULT, moment,
                        "bytes of a client that has no answer yet (section 4.1)");
    }
    /* A part of something is progress; a peer's Pings, which go on for ever, are none. */
    if (player->is_open && (player->received.in_message || player->received.in_frame)) {
        player->moved_ms = why__loop_now(player->stage->loop);
    }
    conform_player_advance(player);
}

/* ---- The rest ---- */

static void on_open(struct conform_wire *wire) {
    struct conform_player *player = (struct conform_player *)wire;
    player->is_connected = true;
    player->is_entered = false; /* from here on the time of the step counts */
    conform_note(player, "%s", player->is_accepted ? "the client connected" : "connected");
    if (!player->is_accepted && player->test->tls != NULL) {
        conform_player_begin_tls(player);
    }
    conform_player_advance(player);
}

static void on_sent(struct conform_wire *wire) {
    struct conform_player *player = (struct conform_player *)wire;
    player->moved_ms = why__loop_now(player->stage->loop);
    conform_player_advance(player);
}

static void on_end(struct conform_wire *wire, enum conform_end end, int os_error) {
    struct conform_player *player = (struct conform_player *)wire;
    player->has_ended = true;
    if (player->is_open && !conform_reader_is_between(&player->received) &&
        !player->received.is_over) {
        (void)write_frame_down(player, &player->received.seen);
        conform_note(player, "the frame before was not whole");
    }
    int32_t moment = conform_transcript_add(&player->transcript, CONFORM_WIRE_NOTE,
                                            conform_end_text(end), (struct why_bytes){0}, 0, -1);
    if (!player->is_connected && end != CONFORM_END_TLS) {
        player->played.fate = CONFORM_FATE_UNREACHED;
        char text[96];
        const char *words = strerror_r(os_error, text, sizeof text);
        player->played.trouble = conform_memory_text(&player->memory, words, strlen(words));
        conform_player_end(player);
    } else {
        struct conform_item *item = add_item(player, CONFORM_ITEM_END, moment);
        if (item != NULL) {
            item->end = end;
        }
    }
    conform_player_advance(player);
}

const struct conform_wire_ops conform_player_wire_ops = {
    .on_open = on_open, .on_data = on_data, .on_sent = on_sent, .on_end = on_end};
