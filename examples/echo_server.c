/* SPDX-License-Identifier: MIT
 *
 * A server that echoes, and writes one line for every connection that ends.
 */
#include <whysocket/whysocket.h>

#include <stdio.h>

static void on_message(struct why_session *session, const struct why_event *event) {
    /* It was just received, so a text is known to be UTF-8. A full queue never happens here: the
     * server reads no further while what it sends back is not taken. */
    int result = why_session_send(session, event->opcode, event->data, WHY_SEND_VALID);
    if (result != WHY_OK && result != WHY_ERR_STATE) {
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, why_result_text(result));
    }
}

static void print_record(const struct why_record *record) {
    struct why_text text = {0};
    why_record_write_line(record, WHY_LANG_EN, &text);
    puts(text.failed ? why_cause_id(record->cause) : text.data);
    fflush(stdout);
    why_text_clear(&text);
}

static void on_close(struct why_session *session, const struct why_record *record) {
    (void)session;
    print_record(record);
}

static void on_refused(void *user, const struct why_record *record) {
    (void)user;
    print_record(record);
}

int main(int argc, char **argv) {
    struct why_loop *loop = why_loop_new();
    if (loop == NULL) {
        perror("why_loop_new");
        return 1;
    }
    struct why_options options = why_options_default(why_loop_host(loop));
    struct why_session_handler handler = {.on_message = on_message, .on_close = on_close};
    struct why_server_config config = {
        .options = &options, .handler = &handler, .on_refused = on_refused};
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
