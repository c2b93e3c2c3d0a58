/* SPDX-License-Identifier: MIT
 *
 * A server that sends what one says to all: framed once, however many there are.
 */
#include <whysocket/whysocket.h>

#include <stdio.h>

#define SESSIONS_MAX 1000

static struct why_options options;
static struct why_session *sessions[SESSIONS_MAX];
static size_t session_count;

static void on_open(struct why_session *session, const struct why_http_head *head) {
    (void)head;
    sessions[session_count++] = session; /* connection_max keeps it within the array */
}

static void on_message(struct why_session *session, const struct why_event *event) {
    struct why_prepared *message = NULL;
    if (why_prepared_new(&options, event->opcode, event->data, WHY_SEND_VALID, &message) !=
        WHY_OK) {
        why_session_fail(session, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
        return;
    }
    /* Who does not read is closed with 1013, as the config asks for: the others are not held up. */
    why_session_broadcast(sessions, session_count, &message, 1, NULL);
    why_prepared_free(message); /* what is queued somewhere stays as long as it is */
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct why_text text = {0};
    size_t i = 0;
    while (sessions[i] != session) {
        i++;
    }
    sessions[i] = sessions[--session_count];
    why_record_write_line(record, WHY_LANG_EN, &text);
    puts(text.failed ? why_cause_id(record->cause) : text.data);
    fflush(stdout);
    why_text_clear(&text);
}

int main(int argc, char **argv) {
    struct why_loop *loop = why_loop_new();
    if (loop == NULL) {
        perror("why_loop_new");
        return 1;
    }
    options = why_options_default(why_loop_host(loop));
    struct why_session_handler handler = {
        .on_open = on_open, .on_message = on_message, .on_close = on_close};
    struct why_server_config config = {.options = &options,
                                       .handler = &handler,
                                       .when_full = WHY_FULL_CLOSE,
                                       .connection_max = SESSIONS_MAX};
    struct why_server *server = NULL;
    char error[256] = "";
    int result = why_server_new(loop, &config, &server);
    if (result == WHY_OK) {
        result = why_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:9001", NULL, error,
                                   sizeof error);
    }
    if (result == WHY_OK) {
        printf("listening on ws://%s/\n", why_server_address(server, 0));
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
