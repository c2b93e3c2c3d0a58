/* SPDX-License-Identifier: MIT
 *
 * The library sends back what it gets, as a server and as a client (roles.py says how it is
 * called).
 */
#include "support/loop.h"

#include <whysocket/whysocket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    URL_MAX = 512,
    AT_ONCE_MAX = 64,
};

static void on_message(struct why_session *session, const struct why_event *event) {
    int result =
        why_session_send(session, event->opcode, event->data, WHY_SEND_BORROWED | WHY_SEND_VALID);
    if (result != WHY_OK && result != WHY_ERR_STATE) {
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, why_result_text(result));
    }
}

static int fail(int result, const char *error) {
    fprintf(stderr, "%s\n", error[0] != '\0' ? error : why_result_text(result));
    return 1;
}

static int serve(struct why_loop *loop, const struct why_options *options, const char *cert,
                 const char *key) {
    static const struct why_session_handler handler = {.on_message = on_message};
    struct why_server_config config = {.options = options, .handler = &handler};
    struct why_tls_config tls = {.cert_file = cert, .key_file = key};
    struct why_server *server = NULL;
    char error[256] = "";
    int result = why_server_new(loop, &config, &server);
    if (result == WHY_OK) {
        result = why_server_listen(server, "127.0.0.1:0", cert == NULL ? NULL : &tls, error,
                                   sizeof error);
    }
    if (result == WHY_OK) {
        printf("{\"event\":\"listening\",\"address\":\"%s\"}\n", why_server_address(server, 0));
        fflush(stdout);
        result = why_loop_run(loop);
    }
    why_server_free(server);
    return result == WHY_OK ? 0 : fail(result, error);
}

/* ---- Client ---- */

struct errands {
    struct why_loop *loop;
    const struct why_options *options;
    struct why_tls_config tls;
    int result;
    char error[256];
};

/* One connection at a time, for one URL after the other. */
struct worker {
    struct errands *errands;
    struct why_client *client;
};

static void on_close(struct why_session *session, const struct why_record *record);

static const struct why_session_handler client_handler = {.on_message = on_message,
                                                          .on_close = on_close};

/* The next URL, or nothing more to do. */
static void go_on(struct worker *worker) {
    struct errands *errands = worker->errands;
    char url[URL_MAX];
    why_client_free(worker->client);
    worker->client = NULL;
    if (errands->result != WHY_OK || fgets(url, sizeof url, stdin) == NULL) {
        return;
    }
    url[strcspn(url, "\n")] = '\0';
    struct why_client_config config = {.url = url,
                                       .options = errands->options,
                                       .handler = &client_handler,
                                       .user = worker,
                                       .tls = &errands->tls};
    errands->result = why_client_connect(errands->loop, &config, &worker->client, errands->error,
                                         sizeof errands->error);
}

static void on_close(struct why_session *session, const struct why_record *record) {
    (void)record; /* the suite knows why */
    go_on(why_session_user(session));
}

static int echo_all(struct why_loop *loop, const struct why_options *options, const char *ca_file,
                    size_t at_once) {
    struct errands errands = {.loop = loop, .options = options, .tls = {.ca_file = ca_file}};
    struct worker workers[AT_ONCE_MAX] = {0};
    for (size_t i = 0; i < at_once && i < AT_ONCE_MAX; i++) {
        workers[i].errands = &errands;
        go_on(&workers[i]);
    }
    int result = errands.result == WHY_OK ? why_loop_run(loop) : errands.result;
    for (size_t i = 0; i < AT_ONCE_MAX; i++) {
        why_client_free(workers[i].client);
    }
    result = result == WHY_OK ? errands.result : result;
    return result == WHY_OK ? 0 : fail(result, errands.error);
}

static const char *file_or_null(const char *name) {
    return strcmp(name, "-") == 0 ? NULL : name;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: echo_whysocket server DEFLATE CERT_FILE|- KEY_FILE|-\n"
                        "       echo_whysocket client DEFLATE CA_FILE|- AT_ONCE < URLS\n");
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
    int status = strcmp(argv[1], "server") == 0
                     ? serve(loop, &options, file_or_null(argv[3]), file_or_null(argv[4]))
                     : echo_all(loop, &options, file_or_null(argv[3]), strtoul(argv[4], NULL, 10));
    why_loop_free(loop);
    return status;
}
