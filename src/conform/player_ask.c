/* SPDX-License-Identifier: MIT
 *
 * A client says by its request which case it wants: what it is given, and what it is told where
 * there is nothing for it.
 */
#include "conform/player_state.h"

#include "core/http_field.h"

#include <string.h>

/* End it: nothing is played. */
static void turn_away(struct conform_player *player, const char *status, const char *why,
                      struct why_text *words) {
    struct why_text answer = {0};
    why_text_append(&answer,
                    "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    status, words->len);
    why_text_append(&answer, "%s", words->data == NULL ? "" : words->data);
    conform_wire_send(&player->wire, (struct why_bytes){(uint8_t *)answer.data, answer.len});
    why_text_clear(&answer);
    player->played.fate = CONFORM_FATE_CUT;
    player->played.trouble = why;
    conform_player_end(player);
}

/* The target of a request of which only the first line's beginning can be read. */
static struct why_bytes target_of(const struct why__http_parser *head) {
    const uint8_t *end = head->buffer + head->len;
    const uint8_t *space = head->len == 0 ? NULL : memchr(head->buffer, ' ', head->len);
    const uint8_t *target = space == NULL ? end : space + 1;
    const uint8_t *after = target == end ? NULL : memchr(target, ' ', (size_t)(end - target));
    return (struct why_bytes){target, after == NULL ? 0 : (size_t)(after - target)};
}

/* What came is no request of HTTP/1.1: the finding of the case that it asks for, where it says so
 * much. */
static void turn_away_unread(struct conform_player *player) {
    const struct conform_stage *stage = player->stage;
    const char *detail = player->head.detail == NULL ? "no HTTP" : player->head.detail;
    struct why_bytes target = target_of(&player->head);
    struct why_text words = {0};
    player->test = target.len == 0 ? NULL : stage->choose(stage->user, player, target, &words);
    if (player->test != NULL) {
        conform_player_find(player, &conform_implicit_open, CONFORM_MUST,
                            player->items == NULL ? -1 : player->items->moment,
                            "a request of HTTP/1.1 that asks for WebSocket", detail);
    }
    words.len = 0;
    why_text_append(&words, "%s\n", detail);
    turn_away(player, "400 Bad Request", "the client's request cannot be read", &words);
    why_text_clear(&words);
}

bool conform_player_knows_case(struct conform_player *player) {
    const struct conform_stage *stage = player->stage;
    if (player->test != NULL) {
        return true;
    }
    if (player->head.state == WHY__HTTP_FAILED) {
        turn_away_unread(player);
        return false;
    }
    if (!player->has_head) {
        if (player->has_ended) {
            player->played.fate = CONFORM_FATE_CUT;
            player->played.trouble = "the client asked for nothing";
            conform_player_end(player);
        }
        return false;
    }
    struct why_text words = {0};
    player->test = stage->choose(stage->user, player, player->head.head.target, &words);
    if (player->test == NULL) {
        turn_away(player, "404 Not Found", "the client asked for what is not to be had", &words);
    } else {
        player->opening.extensions = player->test->offer;
    }
    why_text_clear(&words);
    return player->test != NULL;
}
