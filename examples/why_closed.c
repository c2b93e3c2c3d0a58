/* SPDX-License-Identifier: MIT
 *
 * The least there is to it: connect, and print why the connection ended.
 */
#include <stdio.h>
#include <whysocket/whysocket.h>

static void on_close(struct why_session *session, const struct why_record *record) {
    (void)session;
    struct why_text text = {0};
    why_record_write_text(record, WHY_LANG_EN, &text);
    puts(text.data);
    why_text_clear(&text);
}

int main(int argc, char **argv) {
    struct why_loop *loop = why_loop_new();
    struct why_options options = why_options_default(why_loop_host(loop));
    struct why_session_handler handler = {.on_close = on_close};
    struct why_client_config config = {
        .url = argv[argc - 1], .options = &options, .handler = &handler};
    struct why_client *client = NULL;
    char error[256];
    if (why_client_connect(loop, &config, &client, error, sizeof error) != WHY_OK) {
        puts(error); /* a URL that is none, say */
    } else if (why_loop_run(loop) != WHY_OK) {
        perror("why_loop_run");
    }
    why_client_free(client);
    why_loop_free(loop);
    return 0;
}
