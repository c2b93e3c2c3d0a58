/* SPDX-License-Identifier: MIT
 *
 * Probes of a client against a server that does one thing a connection: which are made, what they
 * come to in the record, and that the client may be freed inside of each callback.
 */
#include "whysocket/client.h"

#include "net/probe.h"
#include "support/loop.h"
#include "support/socket.h"
#include "support/test.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- The server ---- */

enum act {
    ACT_ALERT,   /* read, then alert handshake_failure */
    ACT_RC4,     /* read, then a ServerHello of TLS 1.2 with a cipher that only a probe offers */
    ACT_CLOSE,   /* read, then FIN */
    ACT_SHUT,    /* FIN, and nothing is read */
    ACT_HTTP,    /* read, then a 200 */
    ACT_NO_HTTP, /* read, then a 400 that says that TLS is wanted, a byte at a time */
    ACT_GARBAGE, /* read, then a ServerHello that never ends */
};

static const char alert[] = "\x15\x03\x03\x00\x02\x02\x28";
static const char rc4[] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
                          "0123456789abcdef0123456789abcdef\x00\x00\x05\x00"
                          "\x15\x03\x03\x00\x02\x01\x00";

struct server {
    int listener;
    uint16_t port;
    bool is_proxy; /* each connection begins with CONNECT */
    enum act acts[6];
    size_t count;
    pthread_t thread;
    size_t connects; /* how often a proxy was asked for "server.example:443" */
    size_t plain;    /* requests in plain HTTP, and whether one told more than it may */
    bool told_secret;
};

static bool says(const char *heard, size_t len, const char *text) {
    return memmem(heard, len, text, strlen(text)) != NULL;
}

static void send_garbage(int fd) {
    static char record[16389] = "\x16\x03\x03\x40\x00\x02\xff\xff\xff\x03\x03";
    for (size_t i = 0; i < 64; i++) {
        if (send(fd, record, sizeof record, MSG_NOSIGNAL) < 0) {
            return; /* it has had enough */
        }
    }
}

static void act(struct server *server, enum act what, int fd) {
    static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
    static const char refusal[] =
        "HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to "
        "HTTPS port";
    char heard[2048];
    ssize_t len = 0;
    if (server->is_proxy) {
        len = recv(fd, heard, sizeof heard, 0);
        server->connects += len > 0 && says(heard, (size_t)len, "CONNECT server.example:443 ");
        (void)send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL);
    }
    if (what != ACT_SHUT) {
        len = recv(fd, heard, sizeof heard, 0);
    }
    if (len > 0 && says(heard, (size_t)len, "GET ") && !server->is_proxy) {
        server->plain++;
        server->told_secret |= says(heard, (size_t)len, "secret");
    }
    switch (what) {
    case ACT_ALERT:
        (void)send(fd, alert, sizeof alert - 1, MSG_NOSIGNAL);
        break;
    case ACT_RC4:
        (void)send(fd, rc4, sizeof rc4 - 1, MSG_NOSIGNAL);
        break;
    case ACT_HTTP:
        (void)send(fd, ok, sizeof ok - 1, MSG_NOSIGNAL);
        break;
    case ACT_NO_HTTP:
        for (size_t i = 0; i < sizeof refusal - 1; i++) {
            (void)send(fd, refusal + i, 1, MSG_NOSIGNAL);
        }
        break;
    case ACT_GARBAGE:
        send_garbage(fd);
        break;
    case ACT_CLOSE:
    case ACT_SHUT:
        break;
    }
    (void)shutdown(fd, SHUT_WR);
    while (recv(fd, heard, sizeof heard, 0) > 0) {
    }
    close(fd);
}

static void *serve(void *context) {
    struct server *server = context;
    for (size_t i = 0; i < server->count; i++) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            break;
        }
        struct timeval patience = {.tv_sec = 10};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        act(server, server->acts[i], fd);
    }
    return NULL;
}

/* ---- The program ---- */

struct program {
    struct why_loop *loop;
    struct why_options options;
    struct why_client *client;
    struct why_record record;
    size_t closed, probes;
    bool was_closed_first; /* a probe came after on_close */
    enum why_probe_kind kinds[WHY_PROBES_MAX];
    char whats[WHY_PROBES_MAX][100];
    size_t free_at_probe; /* counted from 1; 0: never */
    bool frees_on_close;
    int late_listener; /* not -1: accept, and answer once the client has given up */
    int late_fd;
};

static void free_client(struct program *program) {
    why_client_free(program->client);
    program->client = NULL;
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct program *program = why_session_user(session);
    program->closed++;
    program->record = *record;
    if (program->frees_on_close) {
        free_client(program);
    }
}

static void on_probe(void *user, const struct why_probe *probe) {
    struct program *program = user;
    program->was_closed_first |= program->closed > 0;
    assert_true(program->probes < WHY_PROBES_MAX);
    program->kinds[program->probes] = probe->kind;
    (void)snprintf(program->whats[program->probes], sizeof program->whats[0], "%s", probe->what);
    program->probes++;
    if (program->probes == program->free_at_probe) {
        free_client(program);
    }
}

static void on_step(void *user, const struct why_step *step) {
    struct program *program = user;
    if (program->late_listener < 0) {
        return;
    }
    if (step->layer == WHY_LAYER_TCP) {
        program->late_fd = accept(program->late_listener, NULL, NULL);
        assert_true(program->late_fd >= 0);
    } else if (step->layer == WHY_LAYER_TLS) {
        assert_int_equal(send(program->late_fd, alert, sizeof alert - 1, MSG_NOSIGNAL),
                         sizeof alert - 1);
    }
}

static const struct why_session_handler handler = {.on_close = on_close};

static void program_init(struct program *program) {
    memset(program, 0, sizeof *program);
    program->late_listener = program->late_fd = -1;
    program->loop = test_loop_new();
    assert_non_null(program->loop);
    program->options = why_options_default(why_loop_host(program->loop));
}

static void program_clear(struct program *program) {
    free_client(program);
    why_loop_free(program->loop);
}

static void run(struct program *program, const char *scheme, uint16_t port, bool by_proxy,
                enum why_probe_policy policy) {
    char url[100], proxy[60], error[200];
    (void)snprintf(url, sizeof url, "%s://%s:%u/secret?token=secret", scheme,
                   by_proxy ? "server.example" : "127.0.0.1", by_proxy ? 443U : port);
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
    static const char *const headers[] = {"X-Token: secret"};
    struct why_client_config config = {.url = url,
                                       .options = &program->options,
                                       .handler = &handler,
                                       .user = program,
                                       .headers = headers,
                                       .header_count = 1,
                                       .proxy = by_proxy ? proxy : NULL,
                                       .probe = policy,
                                       .on_step = on_step,
                                       .on_probe = on_probe};
    assert_int_equal(
        why_client_connect(program->loop, &config, &program->client, error, sizeof error), WHY_OK);
    assert_int_equal(why_loop_run(program->loop), WHY_OK);
    assert_false(program->was_closed_first);
}

/* ---- What is asked, and what it comes to ---- */

static const struct row {
    const char *name;
    const char *scheme;
    bool by_proxy;
    enum why_probe_policy policy;
    enum act acts[6];
    size_t count; /* connections */
    enum why_probe_kind kinds[WHY_PROBES_MAX];
    enum why_cause cause;
    const char *detail;
    const char *last; /* of the last probe */
} rows[] = {
    {"refused, whatever is offered",
     "wss",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_ALERT, ACT_ALERT},
     2,
     {WHY_PROBE_EVERYTHING},
     WHY_CAUSE_TLS_NAME_REQUIRED,
     "the URL has an address",
     "alert handshake_failure (40)"},
    {"refused, for a cipher that it has alone",
     "wss",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_ALERT, ACT_RC4},
     2,
     {WHY_PROBE_EVERYTHING},
     WHY_CAUSE_TLS_NO_SHARED_CIPHER,
     "TLS_RSA_WITH_RC4_128_SHA",
     "TLS 1.2, TLS_RSA_WITH_RC4_128_SHA"},
    {"refused behind a proxy, by which the probes go too",
     "wss",
     true,
     WHY_PROBE_POLICY_AUTO,
     {ACT_ALERT, ACT_ALERT, ACT_RC4},
     3,
     {WHY_PROBE_EVERYTHING, WHY_PROBE_NO_NAME},
     WHY_CAUSE_TLS_UNKNOWN_NAME,
     "server.example",
     "TLS 1.2, TLS_RSA_WITH_RC4_128_SHA"},
    {"no probes unless they are asked for",
     "wss",
     false,
     WHY_PROBE_POLICY_NONE,
     {ACT_ALERT},
     1,
     {0},
     WHY_CAUSE_TLS_REFUSED,
     "alert handshake_failure (40)",
     ""},
    {"plain HTTP, which closes on TLS",
     "wss",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_CLOSE, ACT_CLOSE, ACT_CLOSE, ACT_HTTP},
     4,
     {WHY_PROBE_SMALL_HELLO, WHY_PROBE_SILENCE, WHY_PROBE_PLAIN_HTTP},
     WHY_CAUSE_TLS_PLAIN_HTTP,
     "HTTP/1.1 200 OK",
     "HTTP/1.1 200 OK"},
    {"TLS, that closes, and says in HTTP what it is",
     "wss",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_CLOSE, ACT_CLOSE, ACT_CLOSE, ACT_NO_HTTP},
     4,
     {WHY_PROBE_SMALL_HELLO, WHY_PROBE_SILENCE, WHY_PROBE_PLAIN_HTTP},
     WHY_CAUSE_TLS_EOF,
     "says that it speaks TLS",
     "HTTP/1.1 400 Bad Request"},
    {"closed, whatever is sent or not",
     "wss",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_CLOSE, ACT_CLOSE, ACT_SHUT},
     3,
     {WHY_PROBE_SMALL_HELLO, WHY_PROBE_SILENCE},
     WHY_CAUSE_TLS_CLOSED_ON_ACCEPT,
     "before anything is sent",
     "closed after"},
    {"a ServerHello that never ends",
     "wss",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_ALERT, ACT_GARBAGE},
     2,
     {WHY_PROBE_EVERYTHING},
     WHY_CAUSE_TLS_REFUSED,
     "alert handshake_failure (40)",
     ""},
    {"ws:// to a port that speaks TLS",
     "ws",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_CLOSE, ACT_ALERT},
     2,
     {WHY_PROBE_TLS},
     WHY_CAUSE_HTTP_TLS_PORT,
     "use wss://",
     "alert"},
    {"ws:// to a port that says nothing",
     "ws",
     false,
     WHY_PROBE_POLICY_AUTO,
     {ACT_CLOSE, ACT_CLOSE},
     2,
     {WHY_PROBE_TLS},
     WHY_CAUSE_HTTP_RESPONSE_CUT,
     "",
     "closed after"},
};

static void start(struct server *server, const enum act *acts, size_t count, bool is_proxy) {
    *server = (struct server){.count = count, .is_proxy = is_proxy};
    memcpy(server->acts, acts, sizeof server->acts);
    server->listener = test_listen(false, &server->port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server) {
    (void)shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static bool is_as_it_should(const struct row *row, const struct program *program,
                            const struct server *server) {
    size_t probes = row->count - 1;
    bool is_right = program->closed == 1 && program->record.cause == row->cause &&
                    program->record.code == why_cause_code(row->cause) &&
                    program->record.layer == why_cause_layer(row->cause) &&
                    strstr(program->record.detail, row->detail) != NULL &&
                    program->probes == probes &&
                    memcmp(program->kinds, row->kinds, sizeof row->kinds) == 0 &&
                    (probes == 0 || strstr(program->whats[probes - 1], row->last) != NULL);
    return is_right && !server->told_secret && server->connects == (row->by_proxy ? row->count : 0);
}

static void each_is_made_where_it_tells_more(void **state) {
    (void)state;
    size_t fds = test_count_fds();
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        static struct program program;
        struct server server;
        program_init(&program);
        start(&server, row->acts, row->count, row->by_proxy);
        run(&program, row->scheme, server.port, row->by_proxy, row->policy);
        stop(&server);
        if (strcmp(row->scheme, "ws") == 0) {
            server.told_secret = false; /* that is the request itself */
        }
        if (!is_as_it_should(row, &program, &server)) {
            fail_msg("%s: %s, \"%s\", %zu probes, the last \"%s\", %zu times by proxy", row->name,
                     why_cause_id(program.record.cause), program.record.detail, program.probes,
                     program.probes > 0 ? program.whats[program.probes - 1] : "", server.connects);
        }
        program_clear(&program);
    }
    assert_int_equal(test_count_fds(), fds);
}

static void the_client_can_be_freed_in_each_callback(void **state) {
    (void)state;
    static const enum act acts[6] = {ACT_ALERT, ACT_ALERT, ACT_RC4};
    for (size_t at = 0; at <= 2; at++) {
        static struct program program;
        struct server server;
        program_init(&program);
        program.free_at_probe = at;
        program.frees_on_close = at == 0;
        start(&server, acts, 3, true);
        run(&program, "wss", server.port, true, WHY_PROBE_POLICY_AUTO);
        stop(&server);
        assert_null(program.client);
        assert_int_equal(program.closed, at == 0 ? 1 : 0);
        assert_int_equal(program.probes, at == 0 ? 2 : at);
        program_clear(&program);
    }
}

/* The first connection is kept while others are asked: its answer is seen, and none is needed. */
static void a_late_answer_is_seen(void **state) {
    (void)state;
    static struct program program;
    uint16_t port = 0;
    program_init(&program);
    program.options.tls_timeout_ms = 50;
    program.late_listener = test_listen(false, &port);
    run(&program, "wss", port, false, WHY_PROBE_POLICY_AUTO);
    assert_int_equal(program.record.cause, WHY_CAUSE_TIMEOUT_TLS);
    assert_non_null(strstr(program.record.detail, "it answered after all"));
    assert_int_equal(program.probes, 0);
    assert_int_equal(program.closed, 1);
    assert_true(program.record.tcp.present);
    assert_int_equal(program.record.tcp.unacked, 0);
    close(program.late_fd);
    close(program.late_listener);
    program_clear(&program);
}

/* Nobody accepts: the kernel takes the bytes, and nothing ever comes. */
static void silence_is_waited_for_as_long_as_tls_may_take(void **state) {
    (void)state;
    static struct program program;
    uint16_t port = 0;
    int listener = test_listen(false, &port);
    program_init(&program);
    program.options.tls_timeout_ms = 50;
    run(&program, "wss", port, false, WHY_PROBE_POLICY_ALL);
    assert_int_equal(program.record.cause, WHY_CAUSE_TIMEOUT_TLS);
    assert_non_null(strstr(program.record.detail, "its kernel confirmed the receipt"));
    assert_int_equal(program.probes, 3);
    assert_int_equal(program.kinds[0], WHY_PROBE_SMALL_HELLO);
    assert_int_equal(program.kinds[1], WHY_PROBE_PLAIN_HTTP);
    assert_int_equal(program.kinds[2], WHY_PROBE_PROXY_PROTOCOL);
    assert_non_null(strstr(program.whats[2], "nothing within "));
    close(listener);
    program_clear(&program);
}

/* ---- Memory ---- */

static const struct why_host *loop_host;

static void *refuse_probes(void *context, void *memory, size_t size) {
    return size == sizeof(struct why__probing) ? NULL : loop_host->allocate(context, memory, size);
}

static void without_memory_the_first_has_to_do(void **state) {
    (void)state;
    static const enum act acts[6] = {ACT_ALERT};
    static struct program program;
    struct server server;
    program_init(&program);
    loop_host = program.options.host;
    struct why_host host = *loop_host;
    host.allocate = refuse_probes;
    program.options.host = &host;
    start(&server, acts, 1, false);
    run(&program, "wss", server.port, false, WHY_PROBE_POLICY_AUTO);
    stop(&server);
    assert_int_equal(program.record.cause, WHY_CAUSE_TLS_REFUSED);
    assert_int_equal(program.probes, 0);
    assert_int_equal(program.closed, 1);
    program_clear(&program);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_made_where_it_tells_more),
        cmocka_unit_test(the_client_can_be_freed_in_each_callback),
        cmocka_unit_test(a_late_answer_is_seen),
        cmocka_unit_test(silence_is_waited_for_as_long_as_tls_may_take),
        cmocka_unit_test(without_memory_the_first_has_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
