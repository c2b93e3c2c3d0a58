/* SPDX-License-Identifier: MIT
 *
 * Our server, on the public API, in the manners of plan.h: it closes and pings first, which
 * `whysocket serve` never does of itself. Pages of any origin are let in.
 *
 * usage: closing_server
 *
 * JSON lines: {"event":"listening","address":...}, then {"event":"close","path":...,"record":...}.
 */
#include "plan.h"
#include "support/loop.h"

#include <whysocket/whysocket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep_result(struct why_session *session, int result) {
    if (result != WHY_OK && result != WHY_ERR_STATE) {
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, why_result_text(result));
    }
}

static struct why_bytes bytes_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

static void on_message(struct why_session *session, const struct why_event *event) {
    uint16_t code = 0;
    switch (plan_manner(why_session_user(session), &code)) {
    case PLAN_CLOSES:
        keep_result(session, why_session_close(session, code, bytes_of(PLAN_REASON)));
        break;
    case PLAN_PINGS:
        keep_result(session, why_session_ping(session, bytes_of("are you there?")));
        break;
    case PLAN_ECHOES:
    case PLAN_BREAKS: /* the library lets nobody send invalid text */
        keep_result(session, why_session_send(session, event->opcode, event->data, 0));
        break;
    }
}

static void on_control(struct why_session *session, const struct why_event *event) {
    if (event->type == WHY_EVENT_PONG) {
        keep_result(session, why_session_send(session, WHY_OPCODE_TEXT, bytes_of("pong"), 0));
    }
}

static void print_close(const char *path, const struct why_record *record) {
    struct why_text json = {0};
    why_record_write_json(record, WHY_LANG_EN, &json);
    printf("{\"event\":\"close\",\"path\":\"%s\",\"record\":%s}\n", path,
           json.failed ? "null" : json.data);
    fflush(stdout);
    why_text_clear(&json);
}

static void on_close(struct why_session *session, const struct why_record *record) {
    char *path = why_session_user(session);
    print_close(path, record);
    free(path);
}

static const struct why_session_handler handler = {
    .on_message = on_message, .on_control = on_control, .on_close = on_close};

static void on_request(void *user, const struct why_server_handshake *handshake,
                       struct why_answer *answer) {
    (void)user;
    const struct why_http_head *head = why_server_handshake_head(handshake);
    char *path = malloc(head->target.len + 1);
    if (path == NULL || !why_server_handshake_is_upgrade(handshake)) {
        answer->respond = true;
        answer->response.status = 404;
        free(path);
        return;
    }
    memcpy(path, head->target.data, head->target.len);
    path[head->target.len] = '\0';
    answer->user = path;
}

static void on_refused(void *user, const struct why_record *record) {
    (void)user;
    print_close("", record);
}

int main(void) {
    struct why_loop *loop = test_loop_new();
    if (loop == NULL) {
        perror("test_loop_new");
        return 1;
    }
    struct why_options options = why_options_default(why_loop_host(loop));
    options.deflate_len_min = 0;
    struct why_origin_policy policy = {.mode = WHY_ORIGIN_ANY};
    struct why_server_config config = {.options = &options,
                                       .origin = &policy,
                                       .handler = &handler,
                                       .on_request = on_request,
                                       .on_refused = on_refused};
    struct why_server *server = NULL;
    char error[256] = "";
    int result = why_server_new(loop, &config, &server);
    if (result == WHY_OK) {
        result = why_server_listen(server, "127.0.0.1:0", NULL, error, sizeof error);
    }
    if (result == WHY_OK) {
        printf("{\"event\":\"listening\",\"address\":\"%s\",\"tls\":false}\n",
               why_server_address(server, 0));
        fflush(stdout);
        result = why_loop_run(loop);
    }
    if (result != WHY_OK) {
        fprintf(stderr, "%s\n", error[0] != '\0' ? error : why_result_text(result));
    }
    why_server_free(server);
    why_loop_free(loop);
    return result == WHY_OK ? 0 : 1;
}
