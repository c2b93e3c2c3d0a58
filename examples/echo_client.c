/* SPDX-License-Identifier: MIT
 *
 * Say hello to a WebSocket server, show the answer, and why the connection closed.
 */
#include <whysocket/whysocket.h>

#include <stdio.h>

static void on_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    struct why_bytes hello = {(const uint8_t *)"hello", 5};
    if (why_session_send(session, WHY_OPCODE_TEXT, hello, 0) != WHY_OK) {
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, "could not say hello");
    }
}

static void on_message(struct why_session *session, const struct why_event *event) {
    printf("%.*s\n", (int)event->data.len, (const char *)event->data.data);
    if (why_session_close(session, WHY_CLOSE_NORMAL, (struct why_bytes){NULL, 0}) != WHY_OK) {
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, "could not close");
    }
}

static void on_close(struct why_session *session, const struct why_record *record) {
    (void)session;
    struct why_text text = {0};
    why_record_write_text(record, WHY_LANG_EN, &text);
    puts(text.data); /* which layer, which code, the evidence, and how to mend it */
    why_text_clear(&text);
}

int main(int argc, char **argv) {
    struct why_loop *loop = why_loop_new();
    struct why_options options = why_options_default(why_loop_host(loop));
    struct why_session_handler handler = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    struct why_client_config config = {.url = argc > 1 ? argv[1] : "ws://127.0.0.1:9001/",
                                       .options = &options,
                                       .handler = &handler};
    struct why_client *client = NULL;
    char error[256];
    int result = why_client_connect(loop, &config, &client, error, sizeof error);
    if (result == WHY_OK) {
        result = why_loop_run(loop);
    } else {
        fprintf(stderr, "%s\n", error);
    }
    why_client_free(client);
    why_loop_free(loop);
    return result == WHY_OK ? 0 : 1;
}
