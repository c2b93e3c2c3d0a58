/* SPDX-License-Identifier: MIT
 *
 * What is expected against what came. An expectation goes through the items in order; what it
 * passes over, a later one may want.
 */
#include "conform/player_state.h"

#include "core/http_field.h"

#include <inttypes.h>
#include <string.h>

enum match {
    MATCH_YES,  /* this is it */
    MATCH_NO,   /* this is against it: a finding */
    MATCH_SAID, /* the same, and the finding is told already */
    MATCH_KEEP, /* neither; a later step may want it */
    MATCH_DROP, /* neither, and nobody will */
};

static enum conform_severity at_most(enum conform_severity a, enum conform_severity b) {
    return a < b ? a : b;
}

static bool has_code(const struct conform_step *step, uint32_t code) {
    for (uint8_t i = 0; i < step->code_count; i++) {
        if (step->codes[i] == code || step->codes[i] == CONFORM_CODE_ANY ||
            (step->codes[i] >= 10000 && step->codes[i] != CONFORM_CODE_ANY &&
             step->codes[i] / 10000 == code / 100)) {
            return true;
        }
    }
    return false;
}

static uint32_t code_of(const struct conform_item *item) {
    return item->payload_len < 2 ? CONFORM_CODE_NONE
                                 : (uint32_t)(item->payload[0] << 8 | item->payload[1]);
}

/* ---- Messages ---- */

static size_t first_difference(struct why_bytes a, struct why_bytes b) {
    size_t len = a.len < b.len ? a.len : b.len;
    size_t at = 0;
    while (at < len && a.data[at] == b.data[at]) {
        at++;
    }
    return at;
}

static const char *type_name(uint8_t opcode) {
    return opcode == WHY_OPCODE_TEXT ? "text" : "binary";
}

/* Say how what came differs, and mark the byte. */
static void find_difference(struct conform_player *player, const struct conform_step *step,
                            const struct conform_item *item, uint8_t opcode,
                            struct why_bytes wanted) {
    const struct conform_message *message = &item->message;
    struct why_bytes came = {message->content.data, message->content.len};
    size_t at = first_difference(came, wanted);
    struct why_text expected = {0};
    struct why_text got = {0};
    why_text_append(&expected, "a %s message of %zu bytes: ", type_name(opcode), wanted.len);
    conform_bytes_describe(&expected, wanted, wanted.len);
    conform_item_describe(item, &got);
    if (message->opcode == opcode && at < came.len && at < wanted.len) {
        why_text_append(&got, "; byte %zu is %02x in place of %02x", at, came.data[at],
                        wanted.data[at]);
    } else if (message->opcode == opcode) {
        why_text_append(&got, "; its first %zu bytes are right", at);
    }
    if (message->opcode != opcode) {
        conform_transcript_mark(&player->transcript, item->moment, 0);
    } else if (message->frame_count == 1 && !message->compressed &&
               at < (size_t)CONFORM_BYTES_KEPT) {
        conform_transcript_mark(&player->transcript, item->moment, (int)(item->header_len + at));
    }
    conform_player_find(player, step, step->severity, item->moment,
                        expected.data == NULL ? "" : expected.data,
                        got.data == NULL ? "" : got.data);
    why_text_clear(&expected);
    why_text_clear(&got);
}

static bool is_message(const struct conform_item *item, uint8_t opcode, struct why_bytes wanted) {
    const struct conform_message *message = &item->message;
    return message->opcode == opcode && message->content.len == wanted.len &&
           (wanted.len == 0 || memcmp(message->content.data, wanted.data, wanted.len) == 0);
}

static struct why_bytes pending_bytes(const struct conform_player *player) {
    const struct conform_sent *pending = player->pending;
    return (struct why_bytes){pending->content.data, pending->content.len};
}

static bool is_pending(const struct conform_player *player, const struct conform_item *item) {
    return player->pending != NULL &&
           is_message(item, player->pending->opcode, pending_bytes(player));
}

static enum match match_echo(struct conform_player *player, const struct conform_step *step,
                             const struct conform_item *item) {
    if (item->kind == CONFORM_ITEM_CLOSE && step->code_count > 0 && has_code(step, code_of(item))) {
        return MATCH_YES;
    }
    if (item->kind != CONFORM_ITEM_MESSAGE) {
        return item->kind == CONFORM_ITEM_PONG ? MATCH_KEEP : MATCH_NO;
    }
    if (player->pending == NULL) {
        return MATCH_NO;
    }
    if (is_pending(player, item)) {
        return MATCH_YES;
    }
    find_difference(player, step, item, player->pending->opcode, pending_bytes(player));
    return MATCH_SAID;
}

/* The bytes of a step's term. */
static struct why_bytes make_term(struct conform_player *player, const struct conform_step *step,
                                  struct conform_buffer *buffer) {
    struct conform_deflater own = {0};
    if (conform_term_make(step->term, &player->values, &own, buffer) != WHY_OK) {
        player->has_failed_memory = true;
    }
    conform_deflater_clear(&own);
    return (struct why_bytes){buffer->data, buffer->len};
}

static enum match match_message(struct conform_player *player, const struct conform_step *step,
                                const struct conform_item *item) {
    if (item->kind != CONFORM_ITEM_MESSAGE) {
        return item->kind == CONFORM_ITEM_PONG ? MATCH_KEEP : MATCH_NO;
    }
    uint8_t opcode = step->expectation == CONFORM_EXPECT_TEXT ? WHY_OPCODE_TEXT : WHY_OPCODE_BINARY;
    struct conform_buffer buffer = {0};
    struct why_bytes wanted = make_term(player, step, &buffer);
    bool is_it = is_message(item, opcode, wanted);
    if (!is_it) {
        find_difference(player, step, item, opcode, wanted);
    }
    conform_buffer_free(&buffer);
    return is_it ? MATCH_YES : MATCH_SAID;
}

/* ---- Control frames ---- */

static bool has_payload(const struct conform_item *item, struct why_bytes wanted) {
    return item->payload_len == wanted.len &&
           (wanted.len == 0 || memcmp(item->payload, wanted.data, wanted.len) == 0);
}

/* Any other Pong is one that nobody asked for. An echo may overtake a Pong. */
static enum match match_pong(struct conform_player *player, const struct conform_step *step,
                             const struct conform_item *item) {
    if (item->kind == CONFORM_ITEM_MESSAGE) {
        return player->pending != NULL ? MATCH_KEEP : MATCH_NO;
    }
    if (item->kind != CONFORM_ITEM_PONG) {
        return MATCH_NO;
    }
    if (!step->has_term) {
        return MATCH_YES;
    }
    struct conform_buffer buffer = {0};
    bool is_it = has_payload(item, make_term(player, step, &buffer));
    conform_buffer_free(&buffer);
    player->other_pong = is_it ? -1 : item->moment;
    return is_it ? MATCH_YES : MATCH_DROP;
}

static enum match match_alive(struct conform_player *player, const struct conform_item *item) {
    if (item->kind != CONFORM_ITEM_PONG) {
        return MATCH_NO;
    }
    bool is_it = has_payload(item, why__bytes_of(player->ping));
    player->other_pong = is_it ? -1 : item->moment;
    return is_it ? MATCH_YES : MATCH_DROP;
}

/* Messages that were on their way come before the Close frame. */
static enum match match_close(struct conform_player *player, const struct conform_step *step,
                              const struct conform_item *item) {
    if (item->kind == CONFORM_ITEM_MESSAGE && is_pending(player, item)) {
        conform_player_settle(player);
        return MATCH_DROP;
    }
    if (item->kind != CONFORM_ITEM_CLOSE) {
        return item->kind == CONFORM_ITEM_PONG ? MATCH_DROP : MATCH_NO;
    }
    if (!has_code(step, code_of(item))) {
        conform_transcript_mark(&player->transcript, item->moment, item->header_len);
        conform_player_find_item(player, step, step->severity, item);
    } else if (step->has_term) {
        struct conform_buffer buffer = {0};
        struct why_bytes wanted = make_term(player, step, &buffer);
        struct why_bytes reason = {item->payload + 2,
                                   item->payload_len < 2 ? 0 : (size_t)item->payload_len - 2};
        if (!why__bytes_are_equal(reason, wanted)) {
            conform_player_find_item(player, step, step->severity, item);
        }
        conform_buffer_free(&buffer);
    }
    return MATCH_YES;
}

/* The wrong code, and no Close frame at all, are less than going on (section 7.1.7). */
static enum match match_fail(struct conform_player *player, const struct conform_step *step,
                             const struct conform_item *item) {
    enum conform_severity less = at_most(step->severity, CONFORM_SHOULD);
    if (item->kind == CONFORM_ITEM_PONG) {
        /* Whoever answers our last Ping goes on. */
        const struct why_bytes asked = {player->asked, player->asked_len};
        return player->has_asked && has_payload(item, asked) ? MATCH_NO : MATCH_KEEP;
    }
    if (item->kind == CONFORM_ITEM_CLOSE) {
        if (!has_code(step, code_of(item))) {
            conform_transcript_mark(&player->transcript, item->moment, item->header_len);
            conform_player_find_item(player, step, less, item);
        }
        return MATCH_YES;
    }
    if (item->kind == CONFORM_ITEM_END) {
        /* Pieces that come behind the failure reset the connection, and may take the Close with
         * them: whether it came is a race, and is looked at where bytes go out at once. */
        if (player->wire.piece == 0) {
            conform_player_find_item(player, step, less, item);
        }
        return MATCH_YES;
    }
    return MATCH_NO;
}

/* The end that an `expect close` has awaited already. */
static bool is_at_end(const struct conform_player *player, const struct conform_step *step) {
    return step->expectation == CONFORM_EXPECT_END && player->has_ended && player->items == NULL;
}

static enum match match_end(struct conform_player *player, const struct conform_item *item) {
    if (item->kind == CONFORM_ITEM_END) {
        return MATCH_YES;
    }
    if (item->kind == CONFORM_ITEM_MESSAGE && is_pending(player, item)) {
        conform_player_settle(player);
        return MATCH_DROP;
    }
    return item->kind == CONFORM_ITEM_CLOSE || item->kind == CONFORM_ITEM_PONG ? MATCH_DROP
                                                                               : MATCH_NO;
}

/* ---- The opening handshake ---- */

static enum match match_http(struct conform_player *player, const struct conform_step *step,
                             const struct conform_item *item) {
    if (item->kind != CONFORM_ITEM_HEAD) {
        return MATCH_NO;
    }
    uint16_t status = player->head.head.status;
    if (has_code(step, status)) {
        return MATCH_YES;
    }
    struct why_text expected = {0};
    struct why_text got = {0};
    conform_step_expected(step, &expected);
    why_text_append(&got, "HTTP %u came", status);
    conform_player_find(player, step, step->severity, item->moment,
                        expected.data == NULL ? "" : expected.data,
                        got.data == NULL ? "" : got.data);
    why_text_clear(&expected);
    why_text_clear(&got);
    return MATCH_SAID;
}

static enum match match_refused(struct conform_player *player, const struct conform_step *step,
                                const struct conform_item *item) {
    if (item->kind == CONFORM_ITEM_END || item->kind == CONFORM_ITEM_BAD_HEAD ||
        item->kind == CONFORM_ITEM_CLOSE) {
        return MATCH_YES;
    }
    if (item->kind == CONFORM_ITEM_FAULT && conform_opening_is_denial(&player->opening)) {
        player->is_closed = true; /* it goes on with HTTP: another request */
        return MATCH_YES;
    }
    if (item->kind != CONFORM_ITEM_HEAD) {
        return MATCH_NO;
    }
    if (player->stage->role == CONFORM_CLIENT && player->is_asked) {
        return MATCH_DROP; /* its request; the answer that it should refuse is out */
    }
    if (player->stage->role == CONFORM_CLIENT) {
        conform_player_find(player, step, step->severity, item->moment,
                            "the client refuses the certificate, and sends no request",
                            "its request came: it took the certificate");
        return MATCH_SAID;
    }
    if (player->head.head.status != 101) {
        return MATCH_YES;
    }
    conform_player_find(player, step, step->severity, item->moment,
                        "the opening handshake is refused", "HTTP 101 came: it was accepted");
    return MATCH_SAID;
}

static enum match match(struct conform_player *player, const struct conform_step *step,
                        const struct conform_item *item) {
    switch (step->expectation) {
    case CONFORM_EXPECT_ECHO:
        return match_echo(player, step, item);
    case CONFORM_EXPECT_TEXT:
    case CONFORM_EXPECT_BINARY:
        return match_message(player, step, item);
    case CONFORM_EXPECT_PONG:
        return match_pong(player, step, item);
    case CONFORM_EXPECT_CLOSE:
        return match_close(player, step, item);
    case CONFORM_EXPECT_FAIL:
        return match_fail(player, step, item);
    case CONFORM_EXPECT_END:
        return match_end(player, item);
    case CONFORM_EXPECT_ALIVE:
        return match_alive(player, item);
    case CONFORM_EXPECT_SILENCE:
        return MATCH_NO;
    case CONFORM_EXPECT_HTTP:
        return match_http(player, step, item);
    case CONFORM_EXPECT_REFUSED:
        return match_refused(player, step, item);
    case CONFORM_EXPECT_UNCOMPRESSED:
    case CONFORM_EXPECT_COMPRESSED:
    case CONFORM_EXPECT_FRAGMENTED:
    case CONFORM_EXPECT_WHOLE:
    case CONFORM_EXPECT_SMALLER:
    case CONFORM_EXPECT_HEADER:
    case CONFORM_EXPECT_NOHEADER:
        break; /* they look at what came already */
    }
    return MATCH_KEEP;
}

/* ---- What is known already ---- */

static bool is_of_last(enum conform_expectation expectation) {
    return expectation == CONFORM_EXPECT_UNCOMPRESSED || expectation == CONFORM_EXPECT_COMPRESSED ||
           expectation == CONFORM_EXPECT_FRAGMENTED || expectation == CONFORM_EXPECT_WHOLE ||
           expectation == CONFORM_EXPECT_SMALLER;
}

static enum conform_outcome look_at_last(struct conform_player *player,
                                         const struct conform_step *step) {
    bool is_right = false;
    struct why_text got = {0};
    enum conform_expectation wanted = step->expectation;
    if (wanted == CONFORM_EXPECT_UNCOMPRESSED || wanted == CONFORM_EXPECT_COMPRESSED) {
        is_right = player->last.compressed == (wanted == CONFORM_EXPECT_COMPRESSED);
        why_text_append(&got, player->last.compressed ? "it was compressed (RSV1)"
                                                      : "it was not compressed");
    } else if (wanted == CONFORM_EXPECT_SMALLER) {
        is_right = player->last.wire_len <= step->number;
        why_text_append(&got, "it took %" PRIu64 " bytes", player->last.wire_len);
    } else {
        is_right = (player->last.frame_count > 1) == (wanted == CONFORM_EXPECT_FRAGMENTED);
        why_text_append(&got, "it came in %" PRIu32 " frames", player->last.frame_count);
    }
    if (!is_right || !player->last.is_known) {
        struct why_text expected = {0};
        conform_step_expected(step, &expected);
        conform_transcript_mark(&player->transcript, player->last.moment, 0);
        conform_player_find(player, step, step->severity, player->last.moment,
                            expected.data == NULL ? "" : expected.data,
                            !player->last.is_known || got.data == NULL ? "no message came"
                                                                       : got.data);
        why_text_clear(&expected);
    }
    why_text_clear(&got);
    return CONFORM_NEXT;
}

static void look_at_header(struct conform_player *player, const struct conform_step *step) {
    const struct why_http_head *head = &player->head.head;
    size_t count = 0;
    bool has_value = false;
    for (size_t i = 0; i < head->header_count; i++) {
        if (why__bytes_are(head->headers[i].name, step->name)) {
            count++;
            has_value |= step->value == NULL ||
                         why__bytes_are(why__bytes_trim(head->headers[i].value), step->value);
        }
    }
    bool is_wanted = step->expectation == CONFORM_EXPECT_HEADER;
    if (is_wanted ? has_value : count == 0) {
        return;
    }
    struct why_text expected = {0};
    struct why_text got = {0};
    conform_step_expected(step, &expected);
    if (count == 0) {
        why_text_append(&got, "there is none");
    } else {
        struct why_bytes value = why_http_head_find(head, step->name);
        why_text_append(&got, "%s: ", step->name);
        why_text_append_untrusted(&got, value.data, value.len < 100 ? value.len : 100);
    }
    conform_player_find(player, step, step->severity, -1,
                        expected.data == NULL ? "" : expected.data,
                        got.data == NULL ? "" : got.data);
    why_text_clear(&expected);
    why_text_clear(&got);
}

/* ---- After the match ---- */

static void remember(struct conform_player *player, const struct conform_item *item) {
    const struct conform_message *message = &item->message;
    if (is_pending(player, item)) {
        conform_player_settle(player);
    }
    player->last.is_known = true;
    player->last.compressed = message->compressed;
    player->last.frame_count = message->frame_count;
    player->last.wire_len = message->wire_len;
    player->last.moment = item->moment;
}

/* Their Close came: ours, if it is due, and then the end of the transport, which is the server's to
 * begin (section 7.1.1). */
static void begin_ending(struct conform_player *player, const struct conform_item *item) {
    player->is_ending = true;
    player->is_closed = true;
    if (!player->sent.was_closed && conform_reader_is_between(&player->sent)) {
        size_t len = item->payload_len < 2 ? 0 : 2;
        conform_player_send_control(player, WHY_OPCODE_CLOSE,
                                    (struct why_bytes){item->payload, len});
    }
    if (player->stage->role == CONFORM_CLIENT && !player->was_shut) {
        player->was_shut = true;
        conform_wire_shut(&player->wire);
    }
    conform_player_wait(player, 0);
}

static enum conform_outcome await_end(struct conform_player *player,
                                      const struct conform_step *step) {
    while (player->items != NULL) {
        struct conform_item *item = conform_player_take(player, &player->items);
        enum conform_item_kind kind = item->kind;
        if (kind == CONFORM_ITEM_FAULT) {
            conform_player_find_item(player, step, item->is_lesser ? step->severity : CONFORM_MUST,
                                     item);
        }
        conform_item_free(item);
        if (kind == CONFORM_ITEM_END || kind == CONFORM_ITEM_FAULT) {
            player->is_ending = false;
            /* `echo or CODES`: nothing more can come back. */
            bool goes_on = kind == CONFORM_ITEM_END && step->expectation != CONFORM_EXPECT_ECHO;
            return goes_on ? CONFORM_NEXT : CONFORM_OVER;
        }
    }
    if (!conform_player_is_late(player, step)) {
        return CONFORM_STAY;
    }
    static const struct conform_step end = {
        .verb = CONFORM_EXPECT, .expectation = CONFORM_EXPECT_END, .text = "(the end)"};
    conform_player_find_silence(player, &end, at_most(step->severity, CONFORM_SHOULD));
    player->is_ending = false;
    return CONFORM_OVER;
}

/* It is what was expected: what follows from it. */
static enum conform_outcome settle(struct conform_player *player, const struct conform_step *step,
                                   const struct conform_item *item) {
    switch (item->kind) {
    case CONFORM_ITEM_MESSAGE:
        remember(player, item);
        return CONFORM_NEXT;
    case CONFORM_ITEM_CLOSE:
        begin_ending(player, item);
        return await_end(player, step);
    case CONFORM_ITEM_END:
        player->is_closed = true;
        return CONFORM_NEXT;
    case CONFORM_ITEM_HEAD:
    case CONFORM_ITEM_BAD_HEAD:
    case CONFORM_ITEM_PONG:
    case CONFORM_ITEM_FAULT:
        break;
    }
    return CONFORM_NEXT;
}

static enum conform_outcome go_through(struct conform_player *player,
                                       const struct conform_step *step) {
    struct conform_item **at = &player->items;
    while (*at != NULL) {
        enum match found = match(player, step, *at);
        if (found == MATCH_KEEP) {
            at = &(*at)->next;
            continue;
        }
        struct conform_item *item = conform_player_take(player, at);
        enum conform_outcome outcome = CONFORM_OVER;
        if (found == MATCH_NO) {
            bool is_fault = item->kind == CONFORM_ITEM_FAULT && !item->is_lesser;
            player->played.is_cut = item->kind == CONFORM_ITEM_END;
            conform_player_find_item(player, step, is_fault ? CONFORM_MUST : step->severity, item);
        } else if (found == MATCH_YES) {
            outcome = settle(player, step, item);
        }
        conform_item_free(item);
        if (found != MATCH_DROP) {
            return outcome;
        }
    }
    return CONFORM_STAY;
}

/* ---- The steps ---- */

static enum conform_outcome expect_header(struct conform_player *player,
                                          const struct conform_step *step) {
    if (!player->has_head && !player->has_ended && !conform_player_is_late(player, step)) {
        return CONFORM_STAY;
    }
    look_at_header(player, step);
    return CONFORM_NEXT;
}

/* Pongs that earlier steps passed over are no noise. */
static void drop_pongs(struct conform_player *player) {
    for (struct conform_item **at = &player->items; *at != NULL;) {
        if ((*at)->kind == CONFORM_ITEM_PONG) {
            conform_item_free(conform_player_take(player, at));
        } else {
            at = &(*at)->next;
        }
    }
}

static void enter(struct conform_player *player, const struct conform_step *step) {
    player->is_entered = true;
    player->other_pong = -1;
    bool is_silence = step->expectation == CONFORM_EXPECT_SILENCE;
    if (is_silence) {
        drop_pongs(player);
    }
    /* A client that has taken what it should refuse is asked, so that its answer tells. */
    bool is_taken = step->expectation == CONFORM_EXPECT_REFUSED && player->is_open &&
                    player->stage->role == CONFORM_CLIENT && !player->was_shut;
    if (step->expectation == CONFORM_EXPECT_ALIVE || is_taken) {
        conform_player_send_ping(player);
    }
    if (step == &conform_implicit_close && !player->sent.was_closed) {
        static const uint8_t normal[] = {1000 >> 8, 1000 & 0xff};
        conform_player_send_control(player, WHY_OPCODE_CLOSE,
                                    (struct why_bytes){normal, sizeof normal});
    }
    conform_player_wait(player, is_silence ? step->number : conform_player_within(player, step));
}

enum conform_outcome conform_player_expect(struct conform_player *player,
                                           const struct conform_step *step) {
    if (is_of_last(step->expectation)) {
        return look_at_last(player, step);
    }
    if (!player->is_entered) {
        enter(player, step);
    }
    if (step->expectation == CONFORM_EXPECT_HEADER ||
        step->expectation == CONFORM_EXPECT_NOHEADER) {
        return expect_header(player, step);
    }
    if (player->is_ending) {
        return await_end(player, step);
    }
    if (is_at_end(player, step)) {
        return CONFORM_NEXT;
    }
    enum conform_outcome outcome = go_through(player, step);
    if (outcome != CONFORM_STAY || player->is_ending || !conform_player_is_late(player, step)) {
        return outcome;
    }
    if (step->expectation == CONFORM_EXPECT_SILENCE) {
        return CONFORM_NEXT;
    }
    if (step->expectation == CONFORM_EXPECT_REFUSED && player->stage->role == CONFORM_CLIENT &&
        conform_opening_is_denial(&player->opening)) {
        player->is_closed = true; /* HTTP lets it keep the connection, for another request */
        return CONFORM_NEXT;
    }
    player->played.is_silent = true;
    conform_player_find_silence(player, step, step->severity);
    return CONFORM_OVER;
}
