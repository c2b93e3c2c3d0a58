/* SPDX-License-Identifier: MIT
 *
 * Our client, on the public API, following plans (plan.h) against somebody else's server.
 *
 * usage: echo_client URL DEFLATE CA_FILE|- PLAN...
 *
 * One connection after the other; a JSON line each, with the close record.
 */
#include "plan.h"
#include "support/loop.h"

#include <whysocket/whysocket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct plan plan;
    size_t at;   /* the step in hand */
    size_t sent; /* bytes of it that were handed over */
    bool waits;  /* for the answer to it */
    unsigned echoed, pongs, compressed;
    char error[160];
};

static void fail(struct why_session *session, struct run *run, const char *what) {
    if (run->error[0] == '\0') {
        snprintf(run->error, sizeof run->error, "step %zu: %s", run->at + 1, what);
    }
    why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, what);
}

/* A fragment at a time, as far as the queue takes them; on_writable goes on. */
static int send_pieces(struct why_session *session, struct run *run, enum why_opcode opcode) {
    const struct plan_step *step = &run->plan.steps[run->at];
    int result = WHY_OK;
    while (run->sent < step->len && result == WHY_OK) {
        size_t left = step->len - run->sent;
        size_t len = left < step->piece ? left : step->piece;
        result = why_session_send(session, opcode, (struct why_bytes){step->data + run->sent, len},
                                  len < left ? WHY_SEND_MORE : 0);
        run->sent += result == WHY_OK ? len : 0;
    }
    return result == WHY_ERR_FULL ? WHY_OK : result;
}

static int begin_step(struct why_session *session, struct run *run) {
    const struct plan_step *step = &run->plan.steps[run->at];
    struct why_bytes data = {step->data, step->len};
    run->waits = true;
    switch (step->kind) {
    case PLAN_TEXT:
        return send_pieces(session, run, WHY_OPCODE_TEXT);
    case PLAN_BINARY:
        return send_pieces(session, run, WHY_OPCODE_BINARY);
    case PLAN_PING:
        return why_session_ping(session, data);
    case PLAN_SAY:
        run->waits = false;
        return why_session_send(session, WHY_OPCODE_TEXT, data, 0);
    case PLAN_CLOSE:
        return why_session_close(session, step->code,
                                 (struct why_bytes){(const uint8_t *)PLAN_REASON, 3});
    case PLAN_INVALID:
        /* The library does not let text out that is none. */
        run->waits = false;
        return why_session_send(session, WHY_OPCODE_TEXT, data, 0) == WHY_ERR_UTF8 ? WHY_OK
                                                                                   : WHY_ERR_STATE;
    case PLAN_HEAR:
    case PLAN_AWAIT:
        break;
    }
    return WHY_OK;
}

static void go_on(struct why_session *session, struct run *run) {
    while (!run->waits && run->at < run->plan.count) {
        int result = begin_step(session, run);
        if (result != WHY_OK) {
            fail(session, run, why_result_text(result));
            return;
        }
        run->at += run->waits ? 0 : 1;
    }
}

static void answered(struct why_session *session, struct run *run) {
    run->at++;
    run->sent = 0;
    run->waits = false;
    go_on(session, run);
}

static void on_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    go_on(session, why_session_user(session));
}

static void on_writable(struct why_session *session) {
    struct run *run = why_session_user(session);
    if (run->at < run->plan.count && run->plan.steps[run->at].kind <= PLAN_BINARY) {
        int result = begin_step(session, run);
        if (result != WHY_OK) {
            fail(session, run, why_result_text(result));
        }
    }
}

static void on_message(struct why_session *session, const struct why_event *event) {
    struct run *run = why_session_user(session);
    run->compressed += event->compressed;
    static const struct plan_step none = {.kind = PLAN_AWAIT};
    const struct plan_step *step = run->at < run->plan.count ? &run->plan.steps[run->at] : &none;
    enum why_opcode wanted = step->kind == PLAN_BINARY ? WHY_OPCODE_BINARY : WHY_OPCODE_TEXT;
    if (step->kind != PLAN_TEXT && step->kind != PLAN_BINARY && step->kind != PLAN_HEAR) {
        fail(session, run, "a message that nobody awaited");
    } else if (event->opcode != wanted || event->data.len != step->len ||
               memcmp(event->data.data, step->data, step->len) != 0) {
        fail(session, run, "what came is not what was to come");
    } else {
        run->echoed++;
        answered(session, run);
    }
}

static void on_control(struct why_session *session, const struct why_event *event) {
    struct run *run = why_session_user(session);
    const struct plan_step *step = &run->plan.steps[run->at];
    if (event->type != WHY_EVENT_PONG || run->at == run->plan.count || step->kind != PLAN_PING) {
        return;
    }
    if (event->data.len != step->len || memcmp(event->data.data, step->data, step->len) != 0) {
        fail(session, run, "the Pong is not that of the Ping");
        return;
    }
    run->pongs++;
    answered(session, run);
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct run *run = why_session_user(session);
    bool at_end = run->at + 1 >= run->plan.count;
    if (!at_end && run->error[0] == '\0') {
        snprintf(run->error, sizeof run->error, "closed at step %zu", run->at + 1);
    }
    struct why_text json = {0};
    why_record_write_json(record, WHY_LANG_EN, &json);
    printf("{\"path\":\"%s\",\"error\":\"%s\",\"echoed\":%u,\"pongs\":%u,\"compressed\":%u,"
           "\"record\":%s}\n",
           run->plan.path, run->error, run->echoed, run->pongs, run->compressed,
           json.failed ? "null" : json.data);
    fflush(stdout);
    why_text_clear(&json);
}

static const struct why_session_handler handler = {.on_open = on_open,
                                                   .on_message = on_message,
                                                   .on_control = on_control,
                                                   .on_writable = on_writable,
                                                   .on_close = on_close};

static int follow(struct why_loop *loop, const struct why_options *options, const char *base,
                  const char *ca_file, const char *words) {
    struct run run = {0};
    plan_parse(&run.plan, words);
    char url[256];
    snprintf(url, sizeof url, "%s%s", base, run.plan.path);
    struct why_tls_config tls = {.ca_file = ca_file};
    struct why_client_config config = {
        .url = url, .options = options, .handler = &handler, .user = &run, .tls = &tls};
    struct why_client *client = NULL;
    char error[256] = "";
    int result = why_client_connect(loop, &config, &client, error, sizeof error);
    if (result == WHY_OK) {
        result = why_loop_run(loop);
    } else {
        fprintf(stderr, "%s\n", error);
    }
    why_client_free(client);
    plan_clear(&run.plan);
    return result;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: echo_client URL DEFLATE CA_FILE|- PLAN...\n");
        return 2;
    }
    struct why_loop *loop = test_loop_new();
    if (loop == NULL) {
        perror("test_loop_new");
        return 1;
    }
    struct why_options options = why_options_default(why_loop_host(loop));
    options.deflate = strcmp(argv[2], "1") == 0;
    options.deflate_len_min = 0;
    const char *ca_file = strcmp(argv[3], "-") == 0 ? NULL : argv[3];
    int result = WHY_OK;
    for (int i = 4; i < argc && result == WHY_OK; i++) {
        result = follow(loop, &options, argv[1], ca_file, argv[i]);
    }
    why_loop_free(loop);
    return result == WHY_OK ? 0 : 1;
}
