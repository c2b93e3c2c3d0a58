/* SPDX-License-Identifier: MIT
 *
 * The player's life, and the machine that goes through a case's steps: it runs on whatever happens
 * until a step has to wait.
 */
#include "conform/player_state.h"
#include "conform/secure.h"
#include "core/http_field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SEND_HIGH = 1 << 20,  /* queued bytes: more wait until the peer has taken some, */
    SEND_LOW = 256 << 10, /* down to this */
    LONGER_MAX = 4,       /* times a case's own limit */
    ASKING_MS = 60000,    /* to say which case it is: a client may be busy with another */
    USUAL_MS = 5000,      /* the run's limit, where nobody asks for another */
    PATIENCE = 12,        /* times the limit, where there is progress */
};

const struct conform_step conform_implicit_open = {
    .verb = CONFORM_OPEN, .severity = CONFORM_MUST, .text = "(the opening handshake)"};

const struct conform_step conform_implicit_close = {.verb = CONFORM_EXPECT,
                                                    .expectation = CONFORM_EXPECT_CLOSE,
                                                    .severity = CONFORM_SHOULD,
                                                    .codes = {CONFORM_CODE_ANY},
                                                    .code_count = 1,
                                                    .text = "(the end: close 1000)"};

/* ---- Time ---- */

/* A second more for each MiB and each thousand frames that were sent: a busy peer first has to read
 * them. For the end that follows a Close half as long again: many give a peer 5 s of their own for
 * it, and who has the same to the millisecond would see it now and then. */
uint32_t conform_player_limit(const struct conform_player *player) {
    uint32_t limit = player->stage->limit_ms + (uint32_t)(player->wire.queued >> 20) * 1000 +
                     player->frames_sent / 1000 * 1000;
    return player->is_ending ? limit + limit / 2 : limit;
}

uint32_t conform_player_within(const struct conform_player *player,
                               const struct conform_step *step) {
    uint32_t limit = player->stage->limit_ms;
    uint32_t most = LONGER_MAX * USUAL_MS;
    uint64_t longer = (uint64_t)step->within_ms * (limit < most ? limit : most) / USUAL_MS;
    longer = longer < limit ? longer : limit;
    return longer > step->within_ms ? (uint32_t)longer : step->within_ms;
}

void conform_player_wait(struct conform_player *player, uint32_t within_ms) {
    uint64_t now = why__loop_now(player->stage->loop);
    uint32_t limit = conform_player_limit(player);
    player->is_due = false;
    player->moved_ms = now;
    player->deadline_ms = now + (uint64_t)limit * PATIENCE;
    why__timer_set(player->stage->loop, &player->timer, now + (within_ms != 0 ? within_ms : limit));
}

bool conform_player_is_late(struct conform_player *player, const struct conform_step *step) {
    if (!player->is_due) {
        return false;
    }
    uint64_t now = why__loop_now(player->stage->loop);
    bool is_fixed = step->within_ms != 0 || step->expectation == CONFORM_EXPECT_SILENCE;
    uint64_t until_ms = player->moved_ms + conform_player_limit(player);
    if (is_fixed || until_ms <= now || now >= player->deadline_ms) {
        return true;
    }
    player->is_due = false;
    why__timer_set(player->stage->loop, &player->timer, until_ms);
    return false;
}

static void on_due(struct why__timer *timer) {
    struct conform_player *player = WHY__CONTAINER(timer, struct conform_player, timer);
    player->is_due = true;
    if ((!player->is_connected && !player->has_ended) || player->test == NULL) {
        player->played.fate = CONFORM_FATE_MUTE;
        player->played.trouble =
            player->test == NULL ? "the client asks for nothing" : "no connection came about";
        conform_player_end(player);
    }
    conform_player_advance(player);
}

/* ---- Steps ---- */

static bool closes_at_end(const struct conform_player *player) {
    return player->is_open && !player->is_closed && !player->was_shut &&
           conform_reader_is_between(&player->sent);
}

/* Where the case stands: the handshake, its own steps, the close. NULL: at its end. */
static const struct conform_step *current_step(struct conform_player *player) {
    const struct conform_case *test = player->test;
    if (player->at == 0 && test->manual) {
        player->at = 1;
    }
    if (player->at == 0) {
        return &conform_implicit_open;
    }
    if (player->at <= test->step_count) {
        return &test->steps[player->at - 1];
    }
    return player->at == test->step_count + 1 && closes_at_end(player) ? &conform_implicit_close
                                                                       : NULL;
}

static void go_on(struct conform_player *player) {
    player->at++;
    player->is_entered = false;
    player->is_due = false;
    while (player->loop_count > 0) {
        struct conform_loop *loop = &player->loops[player->loop_count - 1];
        if (player->at - 1 != player->test->steps[loop->begin - 2].end_at) {
            break;
        }
        if (loop->turn < loop->turns) {
            loop->turn++;
            player->at = loop->begin;
            break;
        }
        player->loop_count--;
    }
    player->values.i = player->loop_count == 0 ? 0 : player->loops[player->loop_count - 1].turn;
}

static void begin_loop(struct conform_player *player, const struct conform_step *step) {
    if (step->number == 0 || player->loop_count == CONFORM_LOOPS_MAX) {
        player->at = step->end_at; /* go_on() adds one */
        return;
    }
    player->loops[player->loop_count++] =
        (struct conform_loop){.begin = player->at + 1, .turn = 0, .turns = step->number};
    player->loops[player->loop_count - 1].turn = 1;
}

void conform_player_give_up(struct conform_player *player, const char *why) {
    player->is_given_up = true;
    player->played.result.verdict = CONFORM_NOT_APPLICABLE;
    player->played.result.note = why;
    player->at = player->test->step_count;
    player->loop_count = 0;
}

/* Something came that is for an expectation to judge: no more is to be sent first. */
static bool is_decided(const struct conform_player *player) {
    for (const struct conform_item *item = player->items; item != NULL; item = item->next) {
        if (item->kind == CONFORM_ITEM_CLOSE || item->kind == CONFORM_ITEM_FAULT ||
            item->kind == CONFORM_ITEM_END) {
            return true;
        }
    }
    return false;
}

/* What is sent leaves while the case goes on, up to a bound. */
static enum conform_outcome send_step(struct conform_player *player,
                                      const struct conform_step *step) {
    bool has_begun = player->is_entered;
    if (!has_begun) {
        player->is_entered = true;
        if (step->verb == CONFORM_SEND) {
            conform_player_send_frame(player, step);
        } else if (step->verb == CONFORM_RAW) {
            conform_player_send_raw(player, step);
        } else {
            conform_player_send_rest(player);
        }
    }
    uint64_t bound = has_begun ? SEND_LOW : SEND_HIGH;
    if (conform_wire_pending(&player->wire) <= bound || player->is_paused || is_decided(player) ||
        (has_begun && conform_player_is_late(player, step))) {
        return CONFORM_NEXT;
    }
    if (!has_begun) {
        conform_player_wait(player, 0);
    }
    return CONFORM_STAY;
}

static enum conform_outcome wait_step(struct conform_player *player,
                                      const struct conform_step *step) {
    if (!player->is_entered) {
        player->is_entered = true;
        conform_player_wait(player, step->number == 0 ? 1 : step->number);
    }
    return player->is_due ? CONFORM_NEXT : CONFORM_STAY;
}

/* The steps that are done at once. */
static void do_step(struct conform_player *player, const struct conform_step *step) {
    switch (step->verb) {
    case CONFORM_CHOP:
        conform_wire_chop(&player->wire, step->number, step->pause_ms);
        break;
    case CONFORM_REPEAT:
        begin_loop(player, step);
        break;
    case CONFORM_SHUT:
        player->was_shut = true;
        conform_note(player, "our FIN follows what was sent");
        conform_wire_shut(&player->wire);
        break;
    case CONFORM_RESET:
        player->was_shut = true;
        conform_note(player, "our RST follows what was sent");
        conform_wire_reset(&player->wire);
        break;
    case CONFORM_PAUSE:
        player->is_paused = true;
        conform_wire_pause(&player->wire);
        break;
    case CONFORM_RESUME:
        player->is_paused = false;
        conform_wire_resume(&player->wire);
        break;
    case CONFORM_GLUE:
        player->is_glued = true;
        break;
    case CONFORM_OFFERUP:
        conform_player_send_opening(player);
        if (player->stage->role == CONFORM_CLIENT) {
            conform_player_drop_items(player); /* its request, which is answered */
        }
        /* Whatever the answer was: a client that takes it answers a Ping. */
        if (player->stage->role == CONFORM_CLIENT && conform_opening_is_whole(&player->opening)) {
            (void)conform_opening_agree(&player->opening, &player->head.head, NULL,
                                        &player->agreed);
            (void)conform_player_open(player);
        }
        break;
    case CONFORM_WITH:
    case CONFORM_ALSO:
    case CONFORM_WITHOUT:
    case CONFORM_LINE:
    case CONFORM_HEAD:
    case CONFORM_BODY:
        conform_opening_change(&player->opening, step);
        break;
    case CONFORM_SEND:
    case CONFORM_RAW:
    case CONFORM_REST:
    case CONFORM_WAIT:
    case CONFORM_OPEN:
    case CONFORM_EXPECT:
        break; /* they take time */
    }
}

static enum conform_outcome perform(struct conform_player *player,
                                    const struct conform_step *step) {
    switch (step->verb) {
    case CONFORM_SEND:
    case CONFORM_RAW:
    case CONFORM_REST:
        return send_step(player, step);
    case CONFORM_WAIT:
        return wait_step(player, step);
    case CONFORM_OPEN:
        return conform_player_open_step(player, step);
    case CONFORM_EXPECT:
        return conform_player_expect(player, step);
    case CONFORM_CHOP:
    case CONFORM_REPEAT:
    case CONFORM_SHUT:
    case CONFORM_RESET:
    case CONFORM_PAUSE:
    case CONFORM_RESUME:
    case CONFORM_WITH:
    case CONFORM_ALSO:
    case CONFORM_WITHOUT:
    case CONFORM_LINE:
    case CONFORM_HEAD:
    case CONFORM_BODY:
    case CONFORM_GLUE:
    case CONFORM_OFFERUP:
        break;
    }
    do_step(player, step);
    return CONFORM_NEXT;
}

/* A Pong that had to wait for a frame of ours to be whole. */
static void pay_pong(struct conform_player *player) {
    if (player->owes_pong && conform_reader_is_between(&player->sent) && !player->sent.was_closed) {
        player->owes_pong = false;
        conform_player_send_control(player, WHY_OPCODE_PONG,
                                    (struct why_bytes){player->owed, player->owed_len});
    }
}

void conform_player_advance(struct conform_player *player) {
    if (player->is_busy || player->is_done || (!player->is_connected && !player->has_ended)) {
        return;
    }
    player->is_busy = true;
    while (!player->is_done && conform_player_knows_case(player)) {
        const struct conform_step *step = current_step(player);
        if (step == NULL || player->has_failed_memory) {
            conform_player_end(player);
            break;
        }
        enum conform_outcome outcome = perform(player, step);
        pay_pong(player);
        if (outcome == CONFORM_STAY) {
            break;
        }
        if (outcome == CONFORM_OVER) {
            conform_player_end(player);
            break;
        }
        go_on(player);
    }
    player->is_busy = false;
}

/* ---- The end ---- */

void conform_player_end(struct conform_player *player) {
    if (!player->is_done) {
        player->is_done = true;
        why__timer_cancel(player->stage->loop, &player->timer);
        why__loop_defer(player->stage->loop, &player->task);
    }
}

void conform_player_stop(struct conform_player *player, const char *why) {
    player->played.result.verdict = CONFORM_NOT_RUN;
    player->played.result.note = why;
    conform_player_end(player);
}

static void judge(struct conform_player *player) {
    struct conform_result *result = &player->played.result;
    if (player->has_failed_memory) {
        result->verdict = CONFORM_NOT_RUN;
        result->note = "out of memory";
    } else if (result->verdict == CONFORM_PASSED && player->finding_count > 0) {
        result->verdict = CONFORM_FAILED;
        for (size_t i = 0; i < player->finding_count; i++) {
            enum conform_severity severity = player->findings[i].severity;
            result->severity = severity > result->severity ? severity : result->severity;
        }
    } else if (result->verdict == CONFORM_PASSED && player->played.fate != CONFORM_FATE_PLAYED) {
        result->verdict = CONFORM_NOT_RUN;
        result->note = player->played.trouble == NULL ? "" : player->played.trouble;
    }
}

static void write_result(struct conform_player *player) {
    struct conform_result *result = &player->played.result;
    result->test = player->test;
    player->played.has_key = player->received.has_first_key;
    memcpy(player->played.key, player->received.first_key, sizeof player->played.key);
    result->elapsed_us = (uint32_t)(why__clock_us() - player->begin_us);
    if (result->note == NULL) {
        result->note = "";
    }
    judge(player);
    if (result->verdict != CONFORM_FAILED && !player->stage->keeps_all) {
        conform_transcript_clear(&player->transcript);
        return;
    }
    int32_t *numbers[CONFORM_FINDINGS_MAX];
    for (size_t i = 0; i < player->finding_count; i++) {
        numbers[i] = &player->findings[i].moment;
    }
    result->moments = conform_transcript_end(&player->transcript, &player->memory,
                                             &result->moment_count, numbers, player->finding_count);
    struct conform_finding *findings =
        player->finding_count == 0
            ? NULL
            : conform_memory_take(&player->memory, player->finding_count * sizeof *findings);
    if (findings != NULL && result->verdict == CONFORM_FAILED) {
        memcpy(findings, player->findings, player->finding_count * sizeof *findings);
        result->findings = findings;
        result->finding_count = player->finding_count;
    }
}

static void free_player(struct conform_player *player) {
    conform_wire_close(&player->wire);
    conform_opening_clear(&player->opening);
    why__http_parser_clear(&player->head);
    conform_reader_clear(&player->received);
    conform_reader_clear(&player->sent);
    conform_player_drop_items(player);
    conform_player_drop_pending(player);
    conform_deflater_clear(&player->deflater);
    conform_buffer_free(&player->rest);
    conform_buffer_free(&player->glued);
    conform_transcript_clear(&player->transcript);
    conform_memory_free(player->memory);
    free(player);
}

static void run_end(struct why__task *task) {
    struct conform_player *player = WHY__CONTAINER(task, struct conform_player, task);
    const struct conform_stage *stage = player->stage;
    write_result(player);
    player->played.memory = player->memory;
    player->memory = NULL;
    stage->on_done(stage->user, player, &player->played);
    free_player(player);
}

/* ---- The beginning ---- */

static struct conform_player *new_player(const struct conform_stage *stage,
                                         const struct conform_case *test) {
    struct conform_player *player = calloc(1, sizeof *player);
    if (player == NULL) {
        return NULL;
    }
    player->stage = stage;
    player->test = test;
    player->timer.on_due = on_due;
    player->task.run = run_end;
    player->begin_us = why__clock_us();
    player->transcript.begin_us = player->begin_us;
    player->items_end = &player->items;
    player->pending_end = &player->pending;
    player->last.moment = -1;
    player->other_pong = -1;
    player->wire.watch.fd = -1;
    player->opening.role = stage->role;
    player->opening.host = stage->host;
    player->opening.path = stage->path;
    player->opening.headers = stage->headers;
    player->opening.header_count = stage->header_count;
    return player;
}

static void refuse(struct conform_player *player, int error) {
    char text[96];
    const char *words = strerror_r(error, text, sizeof text);
    player->played.fate = CONFORM_FATE_UNREACHED;
    player->played.trouble = conform_memory_text(&player->memory, words, strlen(words));
    conform_player_end(player);
}

struct conform_player *conform_player_start(const struct conform_stage *stage,
                                            const struct conform_case *test) {
    struct conform_player *player = new_player(stage, test);
    if (player == NULL) {
        return NULL;
    }
    struct why__tls *tls = NULL;
    why__http_parser_init_response(&player->head, stage->options);
    player->opening.extensions = test->offer;
    conform_opening_make_key(&player->opening, stage->options->host);
    if (stage->secure != NULL && !conform_secure_connect(stage->secure, test->tls, &tls)) {
        free_player(player);
        return NULL;
    }
    conform_player_wait(player, 0);
    if (conform_wire_connect(&player->wire, stage->loop, &stage->target, tls,
                             &conform_player_wire_ops) != WHY_OK) {
        refuse(player, errno);
    }
    return player;
}

struct conform_player *conform_player_accept(const struct conform_stage *stage, int fd,
                                             struct why__tls *tls,
                                             const struct conform_case *test) {
    struct conform_player *player = new_player(stage, test);
    if (player == NULL) {
        close(fd);
        why__tls_free(tls);
        return NULL;
    }
    player->is_accepted = true;
    player->opening.extensions = test == NULL ? NULL : test->offer;
    why__http_parser_init_request(&player->head, stage->options);
    conform_player_wait(player, test == NULL ? ASKING_MS : 0);
    if (conform_wire_take(&player->wire, stage->loop, fd, tls, &conform_player_wire_ops) !=
        WHY_OK) {
        refuse(player, errno);
    }
    return player;
}

const struct conform_case *conform_player_case(const struct conform_player *player) {
    return player->test;
}

bool conform_player_is_secure(const struct conform_player *player) {
    return player->wire.tls != NULL;
}
