/* SPDX-License-Identifier: MIT
 *
 * The step `open`, also where a case does not say it: the opening handshake, on either side.
 */
#include "conform/player_state.h"

#include "core/http_field.h"

#include <string.h>

static void find_opening(struct conform_player *player, const struct conform_step *step,
                         int32_t moment, const char *got) {
    conform_player_find(player, step, step->severity, moment, "the opening handshake succeeds",
                        got);
}

static enum conform_outcome look_at_answer(struct conform_player *player,
                                           const struct conform_step *step, int32_t moment) {
    const struct why_http_head *head = &player->head.head;
    struct why_text got = {0};
    if (head->status != 101) {
        why_text_append(&got, "HTTP %u came", head->status);
    } else {
        conform_opening_check_answer(&player->opening, head, &player->agreed, &got);
    }
    bool is_right = got.len == 0;
    if (!is_right) {
        find_opening(player, step, moment, got.data == NULL ? "" : got.data);
    }
    why_text_clear(&got);
    if (is_right && player->test->offer != NULL && !player->agreed.enabled) {
        conform_player_give_up(player, "the peer does not agree to permessage-deflate as offered");
    }
    return is_right ? CONFORM_NEXT : CONFORM_OVER;
}

static enum conform_outcome open_server(struct conform_player *player,
                                        const struct conform_step *step) {
    if (!player->is_entered) {
        player->is_entered = true;
        if (!player->is_asked) {
            conform_player_send_opening(player);
        }
        conform_player_wait(player, 0);
    }
    if (player->items != NULL) {
        struct conform_item *item = conform_player_take(player, &player->items);
        enum conform_outcome outcome = CONFORM_OVER;
        if (item->kind == CONFORM_ITEM_HEAD) {
            outcome = look_at_answer(player, step, item->moment);
        } else {
            if (item->kind == CONFORM_ITEM_END) {
                player->played.fate = CONFORM_FATE_CUT;
                player->played.is_cut = true;
                player->played.trouble = conform_end_text(item->end);
            }
            conform_player_find_item(player, step, step->severity, item);
        }
        conform_item_free(item);
        return outcome;
    }
    if (!conform_player_is_late(player, step)) {
        return CONFORM_STAY;
    }
    player->played.fate = CONFORM_FATE_MUTE;
    player->played.trouble = "no answer to the opening handshake";
    conform_player_find_silence(player, step, step->severity);
    return CONFORM_OVER;
}

/* Whether the client said that it will keep no context. */
static bool gives_hint(const struct why_http_head *request) {
    static const char hint[] = "client_no_context_takeover";
    for (size_t i = 0; i < request->header_count; i++) {
        const struct why_header *header = &request->headers[i];
        if (why__bytes_are(header->name, "Sec-WebSocket-Extensions") && header->value.len > 0 &&
            memmem(header->value.data, header->value.len, hint, sizeof hint - 1) != NULL) {
            return true;
        }
    }
    return false;
}

/* Whether the case's answer, with these words behind it, is one to the request. */
static bool agree_with(struct conform_player *player, const struct why_http_head *request,
                       const char *more) {
    const char *offer = player->test->offer;
    size_t len = strlen(offer);
    size_t more_len = strlen(more);
    char *longer = conform_memory_take(&player->memory, len + more_len + 1);
    if (longer == NULL) {
        player->has_failed_memory = true;
        return false;
    }
    memcpy(longer, offer, len);
    memcpy(longer + len, more, more_len + 1);
    player->opening.extensions = longer;
    return conform_opening_agree(&player->opening, request, longer, &player->agreed);
}

/* Find an answer that is the case's and fits the request. A client may have asked that our messages
 * stand alone; then the answer says that they do (RFC 7692 section 7.1.1.1), also where the case
 * does not. Where it said that its own will, the answer takes that up, as most servers do: a client
 * that insists on it, though it is no more than a hint, fails the cases that are about it
 * (`exact`), and not all. */
static bool agree(struct conform_player *player, const struct why_http_head *request) {
    bool hint = !player->test->exact && gives_hint(request);
    return (hint && agree_with(player, request, "; client_no_context_takeover")) ||
           (hint && agree_with(player, request,
                               "; server_no_context_takeover; client_no_context_takeover")) ||
           agree_with(player, request, "") ||
           agree_with(player, request, "; server_no_context_takeover");
}

/* The client's request is here: answer it. */
static enum conform_outcome answer_client(struct conform_player *player,
                                          const struct conform_step *step) {
    const struct why_http_head *request = &player->head.head;
    struct why_text wrong = {0};
    struct conform_item *item =
        player->items == NULL ? NULL : conform_player_take(player, &player->items);
    conform_opening_check_request(request, &wrong);
    bool is_explicit = step != &conform_implicit_open;
    bool has_key = why__bytes_trim(why_http_head_find(request, "Sec-WebSocket-Key")).len > 0;
    if (wrong.len > 0 && (is_explicit || !has_key)) {
        find_opening(player, step, item == NULL ? -1 : item->moment, wrong.data);
    }
    why_text_clear(&wrong);
    if (item != NULL) {
        conform_item_free(item);
    }
    if (player->test->offer != NULL && !player->test->manual && !agree(player, request)) {
        player->opening.extensions = NULL;
        conform_player_give_up(player, "the client does not offer permessage-deflate so that it "
                                       "can be answered like this");
    }
    if (!player->is_asked) {
        conform_player_send_opening(player);
    }
    player->agreed = (struct why_deflate_params){0};
    (void)conform_opening_agree(&player->opening, request, NULL, &player->agreed);
    return has_key && conform_player_open(player) ? CONFORM_NEXT : CONFORM_OVER;
}

/* The case was known before the client has asked: its request is still to come. */
static enum conform_outcome await_request(struct conform_player *player,
                                          const struct conform_step *step) {
    if (player->items != NULL) {
        struct conform_item *item = conform_player_take(player, &player->items);
        conform_player_find_item(player, step, step->severity, item);
        conform_item_free(item);
        return CONFORM_OVER;
    }
    if (!conform_player_is_late(player, step)) {
        return CONFORM_STAY;
    }
    conform_player_find_silence(player, step, step->severity);
    return CONFORM_OVER;
}

static enum conform_outcome open_client(struct conform_player *player,
                                        const struct conform_step *step) {
    if (!player->has_head) {
        return await_request(player, step);
    }
    if (!player->is_entered) {
        enum conform_outcome outcome = player->is_open ? CONFORM_NEXT : answer_client(player, step);
        if (outcome != CONFORM_NEXT || step == &conform_implicit_open) {
            return outcome;
        }
        player->is_entered = true;
        conform_player_send_ping(player);
        conform_player_wait(player, 0);
    }
    const struct conform_step alive = {.verb = CONFORM_EXPECT,
                                       .expectation = CONFORM_EXPECT_ALIVE,
                                       .severity = step->severity,
                                       .text = step->text};
    return conform_player_expect(player, &alive);
}

enum conform_outcome conform_player_open_step(struct conform_player *player,
                                              const struct conform_step *step) {
    return player->stage->role == CONFORM_SERVER ? open_server(player, step)
                                                 : open_client(player, step);
}
