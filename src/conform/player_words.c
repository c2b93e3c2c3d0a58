/* SPDX-License-Identifier: MIT
 *
 * Findings in words. They are English: reports go to machines and to bug trackers.
 */
#include "conform/player_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void conform_note(struct conform_player *player, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)conform_transcript_add(&player->transcript, CONFORM_WIRE_NOTE, text,
                                 (struct why_bytes){0}, 0, -1);
}

void conform_player_find(struct conform_player *player, const struct conform_step *step,
                         enum conform_severity severity, int32_t moment, const char *expected,
                         const char *got) {
    if (player->is_given_up || player->finding_count == CONFORM_FINDINGS_MAX) {
        return;
    }
    const char *expected_copy = conform_memory_text(&player->memory, expected, strlen(expected));
    const char *got_copy = conform_memory_text(&player->memory, got, strlen(got));
    if (expected_copy == NULL || got_copy == NULL) {
        player->has_failed_memory = true;
        return;
    }
    player->findings[player->finding_count++] = (struct conform_finding){
        .severity = severity,
        .step = step->text,
        .expected = expected_copy,
        .got = got_copy,
        .moment = moment,
    };
}

void conform_player_find_item(struct conform_player *player, const struct conform_step *step,
                              enum conform_severity severity, const struct conform_item *item) {
    struct why_text expected = {0};
    struct why_text got = {0};
    conform_step_expected(step, &expected);
    conform_item_describe(item, &got);
    conform_player_find(player, step, severity, item->moment,
                        expected.data == NULL ? "" : expected.data,
                        got.data == NULL ? "" : got.data);
    why_text_clear(&expected);
    why_text_clear(&got);
}

void conform_player_find_silence(struct conform_player *player, const struct conform_step *step,
                                 enum conform_severity severity) {
    struct why_text expected = {0};
    struct why_text got = {0};
    uint32_t ms =
        step->within_ms != 0 ? conform_player_within(player, step) : conform_player_limit(player);
    conform_step_expected(step, &expected);
    if (!player->is_connected) {
        why_text_append(&got, "no connection");
    } else if (player->is_open && !conform_reader_is_between(&player->received)) {
        why_text_append(&got, "a part of a frame, and then nothing");
    } else if (player->other_pong >= 0) {
        why_text_append(&got, "a Pong with another payload, and nothing else");
    } else {
        why_text_append(&got, "nothing");
    }
    if (ms % 1000 == 0) {
        why_text_append(&got, " within %" PRIu32 " s", ms / 1000);
    } else {
        why_text_append(&got, " within %" PRIu32 " ms", ms);
    }
    int32_t moment =
        player->other_pong >= 0 ? player->other_pong : (int32_t)player->transcript.count - 1;
    conform_player_find(player, step, severity, moment, expected.data == NULL ? "" : expected.data,
                        got.data == NULL ? "" : got.data);
    why_text_clear(&expected);
    why_text_clear(&got);
}

/* ---- Expected ---- */

static void append_codes(const struct conform_step *step, bool is_http, struct why_text *text) {
    for (uint8_t i = 0; i < step->code_count; i++) {
        uint32_t code = step->codes[i];
        const char *between = i == 0 ? "" : i + 1 == step->code_count ? " or " : ", ";
        why_text_append(text, "%s", between);
        if (code == CONFORM_CODE_ANY) {
            why_text_append(text, is_http ? "any status" : "any code");
        } else if (is_http && code >= 10000) {
            why_text_append(text, "%uxx", (unsigned)(code / 10000));
        } else if (!is_http && code == CONFORM_CODE_NONE) {
            why_text_append(text, "no code");
        } else {
            why_text_append(text, "%" PRIu32, code);
        }
    }
}

void conform_step_expected(const struct conform_step *step, struct why_text *text) {
    if (step->verb != CONFORM_EXPECT) {
        why_text_append(text, "the opening handshake succeeds");
        return;
    }
    switch (step->expectation) {
    case CONFORM_EXPECT_ECHO:
        why_text_append(text, "the message comes back as it was sent");
        break;
    case CONFORM_EXPECT_TEXT:
    case CONFORM_EXPECT_BINARY:
        why_text_append(text, "this message: %s", step->text);
        break;
    case CONFORM_EXPECT_PONG:
        why_text_append(text, step->has_term ? "a Pong with the Ping's payload" : "a Pong");
        break;
    case CONFORM_EXPECT_CLOSE:
        why_text_append(text, "a Close frame with ");
        append_codes(step, false, text);
        break;
    case CONFORM_EXPECT_FAIL:
        why_text_append(text, "the connection is failed: a Close frame with ");
        append_codes(step, false, text);
        why_text_append(text, ", and the end");
        break;
    case CONFORM_EXPECT_END:
        why_text_append(text, "the peer ends the transport");
        break;
    case CONFORM_EXPECT_ALIVE:
        why_text_append(text, "the connection lives on: a Ping is answered, and nothing came "
                              "before it");
        break;
    case CONFORM_EXPECT_SILENCE:
        why_text_append(text, "nothing for %" PRIu32 " ms", step->number);
        break;
    case CONFORM_EXPECT_UNCOMPRESSED:
        why_text_append(text, "the last message is not compressed");
        break;
    case CONFORM_EXPECT_COMPRESSED:
        why_text_append(text, "the last message is compressed");
        break;
    case CONFORM_EXPECT_FRAGMENTED:
        why_text_append(text, "the last message is fragmented");
        break;
    case CONFORM_EXPECT_WHOLE:
        why_text_append(text, "the last message is one frame");
        break;
    case CONFORM_EXPECT_SMALLER:
        why_text_append(text, "the last message took at most %" PRIu32 " bytes on the wire",
                        step->number);
        break;
    case CONFORM_EXPECT_HTTP:
        why_text_append(text, "HTTP ");
        append_codes(step, true, text);
        break;
    case CONFORM_EXPECT_REFUSED:
        why_text_append(text, "the opening handshake is refused");
        break;
    case CONFORM_EXPECT_HEADER:
        why_text_append(text, "a header %s%s%s", step->name, step->value == NULL ? "" : ": ",
                        step->value == NULL ? "" : step->value);
        break;
    case CONFORM_EXPECT_NOHEADER:
        why_text_append(text, "no header %s", step->name);
        break;
    }
}

/* ---- Got ---- */

static void describe_message(const struct conform_message *message, struct why_text *text) {
    struct why_bytes content = {message->content.data, message->content.len};
    why_text_append(text, "a %s message of %zu bytes came",
                    message->opcode == WHY_OPCODE_TEXT ? "text" : "binary", content.len);
    if (content.len > 0) {
        why_text_append(text, ": ");
        conform_bytes_describe(text, content, content.len);
    }
}

static void describe_close(const struct conform_item *item, struct why_text *text) {
    if (item->payload_len < 2) {
        why_text_append(text, "a Close frame without a code came");
        return;
    }
    why_text_append(text, "a Close frame with %u came", item->payload[0] << 8 | item->payload[1]);
    if (item->payload_len > 2) {
        why_text_append(text, ": \"");
        why_text_append_untrusted(text, item->payload + 2, (size_t)item->payload_len - 2);
        why_text_append(text, "\"");
    }
}

void conform_item_describe(const struct conform_item *item, struct why_text *text) {
    switch (item->kind) {
    case CONFORM_ITEM_HEAD:
        why_text_append(text, "another answer to the opening handshake");
        break;
    case CONFORM_ITEM_BAD_HEAD:
        why_text_append(text, "what came is no head of HTTP/1.1: %s", item->fault);
        break;
    case CONFORM_ITEM_MESSAGE:
        describe_message(&item->message, text);
        break;
    case CONFORM_ITEM_PONG:
        why_text_append(text, "a Pong came");
        if (item->payload_len > 0) {
            why_text_append(text, ": ");
            conform_bytes_describe(text, (struct why_bytes){item->payload, item->payload_len},
                                   item->payload_len);
        }
        break;
    case CONFORM_ITEM_CLOSE:
        describe_close(item, text);
        break;
    case CONFORM_ITEM_FAULT:
        why_text_append(text, "%s", item->fault);
        break;
    case CONFORM_ITEM_END:
        why_text_append(text, "%s", conform_end_text(item->end));
        break;
    }
}
