/* SPDX-License-Identifier: MIT
 *
 * The conversation of `whysocket check`, a stage at a time: each waits for its answer, or for the
 * time to come that none will.
 */
#include "cmd/check_run.h"

#include "net/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    PONG_WAIT_MS = 5000, /* a Pong is owed (RFC 6455 section 5.5.2), */
    ECHO_WAIT_MS = 1000, /* an echo is not */
};

enum stage {
    STAGE_PING,
    STAGE_TEXT,
    STAGE_BINARY,
    STAGE_CLOSE,
};

/* What is sent; the binary one is no UTF-8, so that an echo as text would not go unseen. */
static const char ping_payload[] = "whysocket check";
static const char text_payload[] = "whysocket check: \xe2\x9c\x93 h\xc3\xa9llo";
static const uint8_t binary_payload[] = {0x77, 0x68, 0x79, 0x00, 0xff, 0xfe, 0x80, 0xc3, 0x28};

struct check {
    struct why__timer timer; /* first: it leads back here */
    struct why_loop *loop;
    struct why_session *session; /* while it is open */
    enum stage stage;
    uint64_t opened_us, sent_us;
    const struct check_watcher *watcher;
    struct check_result *result;
};

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void enter(struct check *check, enum stage stage);

static void wait_for_answer(struct check *check, uint32_t ms) {
    check->sent_us = now_us();
    why__timer_set(check->loop, &check->timer, why__loop_now(check->loop) + ms);
}

static int send_stage(struct check *check) {
    struct why_session *session = check->session;
    switch (check->stage) {
    case STAGE_PING:
        return why_session_ping(
            session, (struct why_bytes){(const uint8_t *)ping_payload, sizeof ping_payload - 1});
    case STAGE_TEXT:
        return why_session_send(
            session, WHY_OPCODE_TEXT,
            (struct why_bytes){(const uint8_t *)text_payload, sizeof text_payload - 1}, 0);
    case STAGE_BINARY:
        return why_session_send(session, WHY_OPCODE_BINARY,
                                (struct why_bytes){binary_payload, sizeof binary_payload}, 0);
    case STAGE_CLOSE:
        break;
    }
    return why_session_close(session, WHY_CLOSE_NORMAL, (struct why_bytes){0});
}

static void enter(struct check *check, enum stage stage) {
    check->stage = stage;
    why__timer_cancel(check->loop, &check->timer);
    /* What cannot be sent any more is answered by the session's end. */
    if (send_stage(check) == WHY_OK && stage != STAGE_CLOSE) {
        wait_for_answer(check, stage == STAGE_PING ? PONG_WAIT_MS : ECHO_WAIT_MS);
    }
}

static void on_due(struct why__timer *timer) {
    struct check *check = (struct check *)timer;
    if (check->stage == STAGE_TEXT) {
        check->result->text = CHECK_SILENT;
    } else if (check->stage == STAGE_BINARY) {
        check->result->binary = CHECK_SILENT;
    }
    enter(check, (enum stage)(check->stage + 1));
}

static void on_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    struct check *check = why_session_user(session);
    check->session = session;
    check->opened_us = now_us();
    check->result->opened = true;
    enter(check, STAGE_PING);
}

static bool is_echo(const struct why_event *event, enum why_opcode opcode, const void *data,
                    size_t len) {
    return event->opcode == opcode && event->data.len == len &&
           memcmp(event->data.data, data, len) == 0;
}

/* A greeting may come at any time: only an echo ends the waiting, anything else is remembered. */
static void on_message(struct why_session *session, const struct why_event *event) {
    struct check *check = why_session_user(session);
    struct check_result *result = check->result;
    if (check->stage == STAGE_TEXT) {
        result->text = CHECK_ANSWERED;
        if (is_echo(event, WHY_OPCODE_TEXT, text_payload, sizeof text_payload - 1)) {
            result->text = CHECK_ECHOED;
            enter(check, STAGE_BINARY);
        }
    } else if (check->stage == STAGE_BINARY) {
        result->binary = CHECK_ANSWERED;
        if (is_echo(event, WHY_OPCODE_BINARY, binary_payload, sizeof binary_payload)) {
            result->binary = CHECK_ECHOED;
            enter(check, STAGE_CLOSE);
        }
    }
}

static void on_control(struct why_session *session, const struct why_event *event) {
    struct check *check = why_session_user(session);
    if (event->type == WHY_EVENT_PONG && check->stage == STAGE_PING &&
        event->data.len == sizeof ping_payload - 1 &&
        memcmp(event->data.data, ping_payload, event->data.len) == 0) {
        check->result->ping_us = (uint32_t)(now_us() - check->sent_us);
        enter(check, STAGE_TEXT);
    }
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct check *check = why_session_user(session);
    check->result->record = *record;
    if (check->result->opened) {
        check->result->conversation_us = (uint32_t)(now_us() - check->opened_us);
    }
    check->session = NULL;
    why__timer_cancel(check->loop, &check->timer);
    why_loop_stop(check->loop);
}

static void take_step(void *user, const struct why_step *step) {
    struct check *check = user;
    struct check_result *result = check->result;
    if (result->step_count == CHECK_STEPS_MAX) {
        return;
    }
    struct check_step *taken = &result->steps[result->step_count++];
    *taken = (struct check_step){.layer = step->layer, .ok = step->ok, .us = step->us};
    (void)snprintf(taken->what, sizeof taken->what, "%s", step->what != NULL ? step->what : "");
    if (step->parts != NULL) {
        taken->parts = *step->parts;
    }
    check->watcher->on_step(check->watcher->context, taken);
}

static void take_probe(void *user, const struct why_probe *probe) {
    struct check *check = user;
    struct check_result *result = check->result;
    if (result->probe_count == WHY_PROBES_MAX) {
        return;
    }
    struct check_probe *taken = &result->probes[result->probe_count++];
    *taken = (struct check_probe){.kind = probe->kind, .end = probe->end, .us = probe->us};
    (void)snprintf(taken->what, sizeof taken->what, "%s", probe->what);
    taken->parts = *probe->parts;
    check->watcher->on_probe(check->watcher->context, taken);
}

enum exit_code check_run(const struct command_call *call, struct dial *dial, struct why_loop *loop,
                         enum why_probe_policy probe, const struct check_watcher *watcher,
                         struct check_result *result) {
    static const struct why_session_handler handler = {.on_open = on_open,
                                                       .on_message = on_message,
                                                       .on_control = on_control,
                                                       .on_close = on_close};
    memset(result, 0, sizeof *result);
    result->ping_us = WHY_NO_TIME;
    why_record_init(&result->record);
    struct check check = {
        .timer = {.on_due = on_due}, .loop = loop, .watcher = watcher, .result = result};
    dial->tls.notices = true; /* what is no failure yet is worth its while here */
    dial->config.handler = &handler;
    dial->config.user = &check;
    dial->config.probe = probe;
    dial->config.on_step = take_step;
    dial->config.on_probe = take_probe;
    struct why_client *client = NULL;
    enum exit_code code = dial_connect(dial, call, loop, &client);
    if (code == EXIT_CODE_OK && why_loop_run(loop) != WHY_OK) {
        output_diagnostic(&call->output, "%s", strerror(errno));
        code = EXIT_CODE_INTERNAL;
    }
    why_client_free(client);
    return code;
}
