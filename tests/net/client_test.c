/* SPDX-License-Identifier: MIT
 *
 * The client against servers and proxies that say right and wrong things: every way to fail ends in
 * exactly one on_close, with its cause, layer, times and evidence.
 */
#include "whysocket/client.h"

#include "support/scripted.h"
#include "support/socket.h"
#include "support/test.h"
#include "support/tls_pair.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SWITCH                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: {accept}\r\n"
#define HEAD_END "\r\n"
#define GOOD SWITCH HEAD_END

/* What a program sees of one client. */
struct program {
    struct why_loop *loop;
    struct why_options options;
    struct why_client_config config;
    struct why_client *client;
    struct why_record record; /* of the last on_close */
    size_t opened, closed, reconnects;
    char messages[200];
    bool says_hello; /* on_open: send "hello", and close when it comes back */
    bool closes;     /* on_message: close */
    enum {
        FREE_NEVER,
        FREE_ON_STEP,
        FREE_ON_OPEN,
        FREE_ON_MESSAGE,
        FREE_ON_CLOSE
    } frees;
    enum why_layer free_at; /* FREE_ON_STEP */
    size_t step_count;
    struct {
        enum why_layer layer;
        bool ok;
        char what[200];
    } steps[32];
};

static struct why_bytes bytes_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, strlen(text)};
}

static void free_client(struct program *program) {
    why_client_free(program->client);
    program->client = NULL;
}

static void on_open(struct why_session *session, const struct why_http_head *head) {
    struct program *program = why_session_user(session);
    program->opened++;
    assert_int_equal(head->status, 101);
    if (program->frees == FREE_ON_OPEN) {
        free_client(program);
    }
    if (program->says_hello) {
        assert_int_equal(why_session_send(session, WHY_OPCODE_TEXT, bytes_of("hello"), 0), WHY_OK);
    }
    assert_int_equal(head->status, 101); /* still readable */
}

static void on_message(struct why_session *session, const struct why_event *event) {
    struct program *program = why_session_user(session);
    size_t len = strlen(program->messages);
    (void)snprintf(program->messages + len, sizeof program->messages - len, "%.*s;",
                   (int)event->data.len, (const char *)event->data.data);
    if (program->frees == FREE_ON_MESSAGE) {
        free_client(program);
    } else if (program->says_hello || program->closes) {
        assert_int_equal(why_session_close(session, 1000, bytes_of("bye")), WHY_OK);
    }
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct program *program = why_session_user(session);
    program->closed++;
    program->record = *record;
    if (program->frees == FREE_ON_CLOSE) {
        free_client(program);
    }
}

static const struct why_session_handler handler = {
    .on_open = on_open, .on_message = on_message, .on_close = on_close};

static void on_step(void *user, const struct why_step *step) {
    struct program *program = user;
    if (program->step_count < TEST_COUNT(program->steps)) {
        program->steps[program->step_count].layer = step->layer;
        program->steps[program->step_count].ok = step->ok;
        (void)snprintf(program->steps[program->step_count].what, sizeof program->steps[0].what,
                       "%s", step->what);
        program->step_count++;
    }
    if (program->frees == FREE_ON_STEP && program->free_at == step->layer) {
        free_client(program);
    }
}

static void on_reconnect(void *user, const struct why_record *record, uint32_t pause_ms) {
    struct program *program = user;
    program->reconnects++;
    assert_true(record->cause != WHY_CAUSE_NONE);
    assert_in_range(pause_ms, 0, 30000);
}

static void program_init(struct program *program) {
    memset(program, 0, sizeof *program);
    program->loop = why_loop_new();
    assert_non_null(program->loop);
    struct why_options *options = &program->options;
    *options = why_options_default(why_loop_host(program->loop));
    options->connect_timeout_ms = 3000;
    options->tls_timeout_ms = 3000;
    options->upgrade_timeout_ms = 3000;
    program->config = (struct why_client_config){.options = options,
                                                 .handler = &handler,
                                                 .user = program,
                                                 .on_step = on_step,
                                                 .on_reconnect = on_reconnect};
}

static void program_clear(struct program *program) {
    free_client(program);
    why_loop_free(program->loop);
}

/* Connect, and wait for the end of everything. */
static void run(struct program *program, const char *url) {
    char error[300] = "";
    program->config.url = url;
    int result =
        why_client_connect(program->loop, &program->config, &program->client, error, sizeof error);
    assert_string_equal(error, "");
    assert_int_equal(result, WHY_OK);
    assert_int_equal(program->step_count, 0); /* nothing is called before a later turn */
    assert_int_equal(why_loop_run(program->loop), WHY_OK);
}

static const char *url_of(const char *scheme, const char *host, uint16_t port) {
    static char url[200];
    (void)snprintf(url, sizeof url, "%s://%s:%u/chat?a=1", scheme, host, (unsigned)port);
    return url;
}

/* ---- Failures, one a row ---- */

struct row {
    const char *name;
    const char *scheme;
    struct test_script script;
    enum why_cause cause;
    const char *detail; /* part of it; NULL: whatever */
    const char *body;   /* evidence; NULL: whatever */
    uint16_t status;
    uint32_t timeout_ms; /* of TLS and upgrade; 0: long */
};

static const struct row rows[] = {
    {"closed at accept", "ws", {.end = TEST_CLOSE}, WHY_CAUSE_HTTP_RESPONSE_CUT, "nothing at all"},
    {"reset at once", "ws", {.exchanges = {{1, "", 0}}, .end = TEST_RESET}, WHY_CAUSE_TCP_RESET},
    {"silence",
     "ws",
     {.exchanges = {{0, "", 0}}, .end = TEST_SILENCE},
     WHY_CAUSE_TIMEOUT_UPGRADE,
     "nothing at all",
     .timeout_ms = 50},
    {"silence after half an answer",
     "ws",
     {.exchanges = {{0, "HTTP/1.1 101 Switching", 0}}, .end = TEST_SILENCE},
     WHY_CAUSE_TIMEOUT_UPGRADE,
     "22 bytes",
     NULL,
     101,
     50},
    {"403 with a body",
     "ws",
     {.exchanges = {{0, "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n", 0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_STATUS_403,
     NULL,
     "no!\n",
     403},
    {"403 whose body never ends is waited for a second at most",
     "ws",
     {.exchanges = {{0, "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nno", 0}},
      .end = TEST_SILENCE},
     WHY_CAUSE_HTTP_STATUS_403,
     NULL,
     "no",
     403},
    {"404, cut",
     "ws",
     {.exchanges = {{0, "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nno", 0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_STATUS_404,
     NULL,
     "no",
     404},
    {"redirects are reported, not followed",
     "ws",
     {.exchanges = {{0,
                     "HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\n"
                     "Content-Length: 0\r\n\r\n",
                     0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_STATUS_REDIRECT,
     "Location: ws://127.0.0.1:1/",
     NULL,
     301},
    {"200",
     "ws",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0}}, .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_NOT_UPGRADED,
     NULL,
     "hi",
     200},
    {"bad accept",
     "ws",
     {.exchanges = {{0,
                     "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: c2V2ZW50ZWVuIGJ5dGVzISE=\r\n\r\n",
                     0}},
      .end = TEST_SILENCE},
     WHY_CAUSE_HTTP_RESPONSE_ACCEPT,
     NULL,
     NULL,
     101},
    {"subprotocol nobody asked for",
     "ws",
     {.exchanges = {{0, SWITCH "Sec-WebSocket-Protocol: x\r\n" HEAD_END, 0}}, .end = TEST_SILENCE},
     WHY_CAUSE_HTTP_RESPONSE_SUBPROTOCOL,
     NULL,
     NULL,
     101},
    {"no HTTP",
     "ws",
     {.exchanges = {{0, "SSH-2.0-OpenSSH\r\n", 0}}, .end = TEST_SILENCE},
     WHY_CAUSE_HTTP_NOT_HTTP,
     NULL,
     "SSH-2.0-OpenSSH\r\n"},
    {"a TLS port",
     "ws",
     {.exchanges = {{0, "\x15\x03\x01\x00\x02\x02\x46", 7}}, .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_TLS_PORT},
    {"cut inside the head",
     "ws",
     {.exchanges = {{0, "HTTP/1.1 101 Switching Protocols\r\nUpgr", 0}}, .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_RESPONSE_CUT,
     "inside the head",
     NULL,
     101},
    {"TLS to a plain HTTP server",
     "wss",
     {.exchanges = {{1, "HTTP/1.1 400 Bad Request\r\nSet-Cookie: hunter2\r\n\r\n", 0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_TLS_PLAIN_HTTP},
    {"TLS, closed at accept", "wss", {.end = TEST_CLOSE}, WHY_CAUSE_TLS_EOF},
    {"TLS, reset", "wss", {.exchanges = {{1, "", 0}}, .end = TEST_RESET}, WHY_CAUSE_TLS_RESET},
    {"TLS, silence",
     "wss",
     {.exchanges = {{1, "", 0}}, .end = TEST_SILENCE},
     WHY_CAUSE_TIMEOUT_TLS,
     .timeout_ms = 50},
    {"TLS, another protocol",
     "wss",
     {.says_first = true, .exchanges = {{0, "220 mail.example ESMTP\r\n", 0}}, .end = TEST_CLOSE},
     WHY_CAUSE_TLS_OTHER_PROTOCOL},
};

static bool steps_fit(const struct program *program, const struct row *row) {
    enum why_layer last = program->steps[program->step_count - 1].layer;
    enum why_layer layer = why_cause_layer(row->cause);
    if (row->cause == WHY_CAUSE_TCP_RESET) {
        layer = WHY_LAYER_HTTP; /* it was within that step */
    }
    for (size_t i = 0; i + 1 < program->step_count; i++) {
        if (!program->steps[i].ok) {
            return false;
        }
    }
    return !program->steps[program->step_count - 1].ok && last == layer;
}

/* The password of every row that has one. */
static bool has_secret(const struct why_record *record) {
    static const char secret[] = "hunter2";
    const char *bytes = (const char *)record;
    for (size_t i = 0; i + sizeof secret - 1 <= sizeof *record; i++) {
        if (memcmp(bytes + i, secret, sizeof secret - 1) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct row *row) {
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    if (row->timeout_ms != 0) {
        program.options.tls_timeout_ms = row->timeout_ms;
        program.options.upgrade_timeout_ms = row->timeout_ms;
    }
    test_scripted_start(&server, &row->script, 1);
    run(&program, url_of(row->scheme, "127.0.0.1", server.port));
    test_scripted_stop(&server);
    const struct why_record *record = &program.record;
    bool is_tls = strcmp(row->scheme, "wss") == 0;
    const struct why_timings *timings = &record->timings;
    bool ok = program.closed == 1 && program.opened == 0 && record->cause == row->cause &&
              record->layer == why_cause_layer(row->cause) &&
              record->code == why_cause_code(row->cause) && record->http.status == row->status &&
              (row->detail == NULL || strstr(record->detail, row->detail) != NULL) &&
              timings->tcp_us != WHY_NO_TIME && steps_fit(&program, row) &&
              (is_tls ? timings->tls_us : timings->http_us) != WHY_NO_TIME &&
              strncmp(record->peer, "127.0.0.1:", 10) == 0 && !has_secret(record);
    if (!is_tls) {
        ok = ok && timings->http_us < 2500000; /* evidence is waited for, but not for long */
    }
    if (row->body != NULL) {
        ok = ok && record->http.body_len == strlen(row->body) &&
             memcmp(record->http.body, row->body, record->http.body_len) == 0;
    }
    if (row->script.end == TEST_SILENCE && !is_tls) {
        ok = ok && server.was_closed; /* row 19: not a byte behind the request */
    }
    if (!ok) {
        print_message("FAIL %s: %zu closes, %s, status %u, detail \"%s\", body %u, peer %s\n",
                      row->name, program.closed, why_cause_id(record->cause),
                      (unsigned)record->http.status, record->detail,
                      (unsigned)record->http.body_len, record->peer);
    }
    program_clear(&program);
    return ok;
}

static void failures_have_cause_layer_and_evidence(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        failures += !holds(&rows[i]);
    }
    assert_int_equal(failures, 0);
}

/* ---- Sessions ---- */

static const struct test_script echo_script = {.exchanges = {{0, GOOD, 0}}, .end = TEST_ECHO};

static void assert_good_echo(const struct program *program) {
    assert_int_equal(program->opened, 1);
    assert_int_equal(program->closed, 1);
    assert_string_equal(program->messages, "hello;");
    assert_int_equal(program->record.code, 1000);
    assert_string_equal(why_cause_id(program->record.cause), "local.closed");
    assert_true(program->record.timings.tcp_us != WHY_NO_TIME);
    assert_true(program->record.timings.http_us != WHY_NO_TIME);
}

static void a_session_opens_echoes_and_closes(void **state) {
    (void)state;
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    program.says_hello = true;
    static const char *const headers[] = {"X-Test: 1"};
    program.config.origin = "https://app.example";
    program.config.headers = headers;
    program.config.header_count = 1;
    test_scripted_start(&server, &echo_script, 1);
    char url[100];
    (void)snprintf(url, sizeof url, "ws://Aladdin:open%%20sesame@127.0.0.1:%u/chat?a=1",
                   (unsigned)server.port);
    run(&program, url);
    test_scripted_stop(&server);
    assert_good_echo(&program);
    assert_int_equal(strncmp(server.heard, "GET /chat?a=1 HTTP/1.1\r\nHost: 127.0.0.1:", 40), 0);
    assert_non_null(strstr(server.heard, "\r\nOrigin: https://app.example\r\n"));
    assert_non_null(strstr(server.heard, "\r\nX-Test: 1\r\n"));
    assert_non_null(
        strstr(server.heard, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    assert_int_equal(program.step_count, 3);
    assert_string_equal(program.steps[2].what, "101");
    program_clear(&program);
}

/* Bad-input row 18, the client's twin. */
static void frames_in_the_segment_of_the_101_are_kept(void **state) {
    (void)state;
    static const char say[] = GOOD "\x81\x03one\x81\x03two\x88\x02\x03\xe8";
    static const struct test_script script = {.exchanges = {{0, say, sizeof say - 1}},
                                              .end = TEST_CLOSE};
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    test_scripted_start(&server, &script, 1);
    run(&program, url_of("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_string_equal(program.messages, "one;two;");
    assert_int_equal(program.opened, 1);
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.record.code, 1000);
    assert_string_equal(why_cause_id(program.record.cause), "peer.closed");
    program_clear(&program);
}

static void a_lost_session_is_1006(void **state) {
    (void)state;
    static const struct test_script script = {.exchanges = {{0, GOOD, 0}}, .end = TEST_CLOSE};
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    test_scripted_start(&server, &script, 1);
    run(&program, url_of("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.opened, 1);
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.record.code, 1006);
    assert_string_equal(why_cause_id(program.record.cause), "tcp.fin");
    program_clear(&program);
}

static void localhost_is_reached_by_ipv4_where_ipv6_refuses(void **state) {
    (void)state;
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    program.says_hello = true;
    test_scripted_start(&server, &echo_script, 1);
    int bound = test_refuse_at(true, server.port);
    run(&program, url_of("ws", "localhost", server.port));
    test_scripted_stop(&server);
    assert_good_echo(&program);
    if (bound >= 0) {
        close(bound);
    }
    program_clear(&program);
}

static void a_refused_port_and_a_missing_name_end_in_one_close(void **state) {
    (void)state;
    static struct program program;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    program_init(&program);
    run(&program, url_of("ws", "127.0.0.1", port));
    assert_int_equal(program.closed, 1);
    assert_string_equal(why_cause_id(program.record.cause), "tcp.refused");
    program_clear(&program);
    program_init(&program);
    program.options.name_timeout_ms = 5000;
    run(&program, "ws://name.invalid/");
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.record.layer, WHY_LAYER_DNS);
    program_clear(&program);
    close(bound);
}

static void an_override_takes_the_place_of_dns(void **state) {
    (void)state;
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    program.says_hello = true;
    test_scripted_start(&server, &echo_script, 1);
    char entry[100];
    (void)snprintf(entry, sizeof entry, "chat.example:%u:127.0.0.1", (unsigned)server.port);
    const char *const entries[] = {entry};
    program.config.resolve = entries;
    program.config.resolve_count = 1;
    run(&program, url_of("ws", "chat.example", server.port));
    test_scripted_stop(&server);
    assert_good_echo(&program);
    assert_non_null(strstr(server.heard, "\r\nHost: chat.example:"));
    program_clear(&program);
}

/* ---- Proxies ---- */

struct proxy_row {
    const char *name;
    const char *proxy; /* its scheme and user, without host */
    const char *host;  /* of the URL */
    struct test_script script;
    enum why_cause cause;
    const char *heard; /* part of what the proxy heard first */
    size_t heard_len;
    bool tls;
};

static const struct proxy_row proxy_rows[] = {
    {"HTTP, good",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0}, {0, GOOD, 0}}, .end = TEST_ECHO},
     WHY_CAUSE_LOCAL_CLOSED,
     "CONNECT chat.example:8000 HTTP/1.1\r\nHost: chat.example:8000\r\n\r\nGET ",
     66},
    {"HTTP, wants a sign-in",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
                     0}},
      .end = TEST_SILENCE},
     WHY_CAUSE_PROXY_AUTH_REQUIRED},
    {"HTTP, forbids",
     "http://me:pw@",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 403 x\r\n\r\nno", 0}}, .end = TEST_CLOSE},
     WHY_CAUSE_PROXY_FORBIDDEN},
    {"HTTP, closes", "http://", "chat.example", {.end = TEST_CLOSE}, WHY_CAUSE_PROXY_CLOSED},
    {"HTTP, resets",
     "http://",
     "chat.example",
     {.exchanges = {{1, "", 0}}, .end = TEST_RESET},
     WHY_CAUSE_PROXY_CLOSED},
    {"HTTP, is silent",
     "http://",
     "chat.example",
     {.exchanges = {{1, "", 0}}, .end = TEST_SILENCE},
     WHY_CAUSE_TIMEOUT_PROXY},
    {"HTTP, is none",
     "http://",
     "chat.example",
     {.exchanges = {{1, "\x05\xff", 2}}, .end = TEST_CLOSE},
     WHY_CAUSE_PROXY_NOT_A_PROXY},
    {"HTTP, good, but the target is no WebSocket",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0},
                    {0, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", 0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_HTTP_STATUS_404},
    {"HTTP, good, and a sign-in page for a ServerHello",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0}, {1, "<html>Sign in", 0}}, .end = TEST_CLOSE},
     WHY_CAUSE_PROXY_LOGIN_PAGE,
     .tls = true},
    {"HTTP, good, and a sign-in page in the same segment",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE html>\n<html>Sign in", 0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_PROXY_LOGIN_PAGE,
     .tls = true},
    {"HTTP, good, and the target's banner in the same segment",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-OpenSSH\r\n", 0}}, .end = TEST_CLOSE},
     WHY_CAUSE_TLS_OTHER_PROTOCOL,
     .tls = true},
    {"HTTP, good, but the target is plain HTTP",
     "http://",
     "chat.example",
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0}, {1, "HTTP/1.1 400 x\r\n\r\n", 0}},
      .end = TEST_CLOSE},
     WHY_CAUSE_TLS_PLAIN_HTTP,
     .tls = true},
    {"SOCKS5 with the name, good",
     "socks5h://",
     "chat.example",
     {.exchanges = {{3, "\5\0", 2}, {19, "\5\0\0\1\0\0\0\0\0\0", 10}, {0, GOOD, 0}},
      .end = TEST_ECHO},
     WHY_CAUSE_LOCAL_CLOSED,
     "\5\1\0\5\1\0\3\14chat.example\x1f\x40GET ",
     26},
    {"SOCKS5 with our own lookup, good",
     "socks5://",
     "localhost",
     {.exchanges = {{3, "\5\0", 2}, {22, "\5\0\0\1\0\0\0\0\0\0", 10}, {0, GOOD, 0}},
      .end = TEST_ECHO},
     WHY_CAUSE_LOCAL_CLOSED,
     "\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x1f\x40GET ",
     29},
    {"SOCKS5, refused",
     "socks5h://",
     "chat.example",
     {.exchanges = {{3, "\5\0", 2}, {19, "\5\2\0\1\0\0\0\0\0\0", 10}}, .end = TEST_CLOSE},
     WHY_CAUSE_PROXY_SOCKS_REFUSED},
    {"SOCKS5, target down",
     "socks5h://",
     "chat.example",
     {.exchanges = {{3, "\5\0", 2}, {19, "\5\5\0\1\0\0\0\0\0\0", 10}}, .end = TEST_CLOSE},
     WHY_CAUSE_PROXY_TARGET_DOWN},
    {"SOCKS5, wants a sign-in",
     "socks5h://",
     "chat.example",
     {.exchanges = {{3, "\5\xff", 2}}, .end = TEST_SILENCE},
     WHY_CAUSE_PROXY_SOCKS_AUTH},
};

static bool proxy_holds(const struct proxy_row *row) {
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    program.says_hello = true;
    if (row->cause == WHY_CAUSE_TIMEOUT_PROXY) {
        program.options.connect_timeout_ms = 50;
    }
    test_scripted_start(&server, &row->script, 1);
    char proxy[100];
    (void)snprintf(proxy, sizeof proxy, "%s127.0.0.1:%u", row->proxy, (unsigned)server.port);
    program.config.proxy = proxy;
    run(&program, url_of(row->tls ? "wss" : "ws", row->host, 8000));
    test_scripted_stop(&server);
    const struct why_record *record = &program.record;
    bool is_good = row->cause == WHY_CAUSE_LOCAL_CLOSED;
    bool ok = program.closed == 1 && program.opened == is_good && record->cause == row->cause &&
              record->timings.proxy_us != WHY_NO_TIME &&
              strcmp(program.messages, is_good ? "hello;" : "") == 0 &&
              (row->heard == NULL || (server.heard_len >= row->heard_len &&
                                      memcmp(server.heard, row->heard, row->heard_len) == 0));
    if (!ok) {
        print_message("FAIL %s: %zu closes, %s, \"%s\", heard %zu bytes: %s\n", row->name,
                      program.closed, why_cause_id(record->cause), record->detail, server.heard_len,
                      server.heard);
    }
    program_clear(&program);
    return ok;
}

static void proxies_open_the_way_or_say_why_not(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(proxy_rows); i++) {
        failures += !proxy_holds(&proxy_rows[i]);
    }
    assert_int_equal(failures, 0);
}

static void a_proxy_that_is_not_there_is_named(void **state) {
    (void)state;
    static struct program program;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    program_init(&program);
    char proxy[100];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)port);
    program.config.proxy = proxy;
    run(&program, "ws://chat.example/");
    assert_string_equal(why_cause_id(program.record.cause), "proxy.unreachable");
    assert_int_equal(program.closed, 1);
    program_clear(&program);
    close(bound);
}

/* ---- TLS ---- */

struct tls_row {
    const char *name;
    const char *host;
    bool trusts, insecure;
    bool wants_client_cert;
    enum why_cause cause; /* LOCAL_CLOSED: a good session */
    bool by_proxy;
};

static const struct tls_row tls_rows[] = {
    {"good", "127.0.0.1", true, false, false, WHY_CAUSE_LOCAL_CLOSED},
    {"its issuer is neither known nor sent", "127.0.0.1", false, false, false,
     WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA},
    {"unverified by choice", "127.0.0.1", false, true, false, WHY_CAUSE_LOCAL_CLOSED},
    {"another name", "localhost", true, false, false, WHY_CAUSE_TLS_CERT_NAME_MISMATCH},
    {"client certificate wanted, said after the handshake (TLS 1.3)", "127.0.0.1", true, false,
     true, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED},
    {"good, behind a proxy", "127.0.0.1", true, false, false, WHY_CAUSE_LOCAL_CLOSED, true},
    {"another name, behind a proxy", "localhost", true, false, false,
     WHY_CAUSE_TLS_CERT_NAME_MISMATCH, true},
};

static bool tls_holds(const struct tls_row *row, const struct test_pki *pki) {
    static struct program program;
    static struct test_scripted server;
    struct test_script script = echo_script;
    script.tls_file = pki->leaf_file;
    script.tls_wants_ca = row->wants_client_cert ? pki->ca_file : NULL;
    if (row->by_proxy) {
        script.exchanges[1] = script.exchanges[0];
        script.exchanges[0] = (struct test_exchange){0, "HTTP/1.1 200 OK\r\n\r\n", 0};
        script.tls_after = 1;
    }
    program_init(&program);
    program.says_hello = true;
    struct why_tls_config tls = {.ca_file = row->trusts ? pki->ca_file : pki->client_file,
                                 .insecure = row->insecure};
    program.config.tls = &tls;
    test_scripted_start(&server, &script, 1);
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)server.port);
    program.config.proxy = row->by_proxy ? proxy : NULL;
    run(&program, url_of("wss", row->host, server.port));
    test_scripted_stop(&server);
    const struct why_record *record = &program.record;
    bool is_good = row->cause == WHY_CAUSE_LOCAL_CLOSED;
    bool ok = program.closed == 1 && program.opened == is_good && record->cause == row->cause &&
              record->code == (is_good ? 1000 : 1015) && record->tls.present &&
              record->timings.tls_us != WHY_NO_TIME &&
              (record->timings.proxy_us != WHY_NO_TIME) == row->by_proxy &&
              strcmp(program.messages, is_good ? "hello;" : "") == 0;
    if (!ok) {
        print_message("FAIL %s: %zu closes, %u %s, \"%s\"\n", row->name, program.closed,
                      (unsigned)record->code, why_cause_id(record->cause), record->detail);
    }
    program_clear(&program);
    return ok;
}

static void tls_opens_or_is_1015(void **state) {
    (void)state;
    struct test_pki pki;
    test_pki_init(&pki);
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(tls_rows); i++) {
        failures += !tls_holds(&tls_rows[i], &pki);
    }
    test_pki_free(&pki);
    assert_int_equal(failures, 0);
}

/* RFC 6455 section 7.1.1: the client waits for the server to end. A server whose TLS waits for our
 * close_notify sends no FIN before it: its own is the end, and not the close time-out. */
static void close_notify_alone_is_the_end(void **state) {
    (void)state;
    static struct program program;
    static struct test_scripted server;
    struct test_pki pki;
    test_pki_init(&pki);
    struct test_script script = echo_script;
    script.end = TEST_NOTIFY;
    script.tls_file = pki.leaf_file;
    program_init(&program);
    program.says_hello = true;
    struct why_tls_config tls = {.ca_file = pki.ca_file};
    program.config.tls = &tls;
    test_scripted_start(&server, &script, 1);
    run(&program, url_of("wss", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.record.code, 1000);
    assert_int_equal(program.record.transport, WHY_TRANSPORT_FIN);
    assert_in_range(program.record.timings.open_ms, 0, program.options.close_timeout_ms / 2);
    program_clear(&program);
    test_pki_free(&pki);
}

/* ---- Reconnecting ---- */

static void a_lost_session_is_followed_by_another(void **state) {
    (void)state;
    static const struct test_script script = {.exchanges = {{0, GOOD, 0}}, .end = TEST_CLOSE};
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    program.config.reconnect =
        (struct why_reconnect){.enabled = true, .initial_ms = 40, .max_ms = 40, .attempts = 2};
    test_scripted_start(&server, &script, 3);
    run(&program, url_of("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.opened, 3);
    assert_int_equal(program.closed, 3);
    assert_int_equal(program.reconnects, 2);
    program_clear(&program);
}

static void what_cannot_help_is_not_tried_again(void **state) {
    (void)state;
    static const struct test_script script = {
        .exchanges = {{0, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", 0}}, .end = TEST_CLOSE};
    static struct program program;
    static struct test_scripted server;
    program_init(&program);
    program.config.reconnect = (struct why_reconnect){.enabled = true, .initial_ms = 1};
    test_scripted_start(&server, &script, 1);
    run(&program, url_of("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.reconnects, 0);
    program_clear(&program);
}

/* ---- Life ---- */

/* Bad-input row 81: freed from inside every callback. */
static void a_client_can_be_freed_from_any_callback(void **state) {
    (void)state;
    static const char say[] = GOOD "\x81\x03one\x81\x03two";
    static const struct test_script script = {.exchanges = {{0, say, sizeof say - 1}},
                                              .end = TEST_SILENCE};
    static const struct {
        int frees;
        enum why_layer layer;
        size_t opened, closed;
        const char *messages;
    } cases[] = {
        {FREE_ON_STEP, WHY_LAYER_DNS, 0, 0, ""},         {FREE_ON_STEP, WHY_LAYER_TCP, 0, 0, ""},
        {FREE_ON_STEP, WHY_LAYER_HTTP, 0, 0, ""},        {FREE_ON_OPEN, WHY_LAYER_NONE, 1, 0, ""},
        {FREE_ON_MESSAGE, WHY_LAYER_NONE, 1, 0, "one;"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        static struct program program;
        static struct test_scripted server;
        program_init(&program);
        program.frees = cases[i].frees;
        program.free_at = cases[i].layer;
        test_scripted_start(&server, &script, i == 0 ? 0 : 1);
        run(&program, url_of("ws", "127.0.0.1", server.port));
        test_scripted_stop(&server);
        assert_null(program.client);
        assert_int_equal(program.opened, cases[i].opened);
        assert_int_equal(program.closed, cases[i].closed);
        assert_string_equal(program.messages, cases[i].messages);
        program_clear(&program);
    }
}

static void a_client_can_be_freed_between_proxy_and_tls(void **state) {
    (void)state;
    struct test_pki pki;
    test_pki_init(&pki);
    static const enum why_layer layers[] = {WHY_LAYER_PROXY, WHY_LAYER_TLS};
    for (size_t i = 0; i < 2 * TEST_COUNT(layers); i++) {
        static struct program program;
        static struct test_scripted server;
        struct test_script script = {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0}, {0, GOOD, 0}},
                                     .end = TEST_ECHO,
                                     .tls_file = pki.leaf_file,
                                     .tls_after = 1};
        program_init(&program);
        program.frees = FREE_ON_STEP;
        program.free_at = layers[i / 2];
        struct why_tls_config tls = {.ca_file = i % 2 == 0 ? pki.ca_file : pki.client_file};
        program.config.tls = &tls;
        test_scripted_start(&server, &script, 1);
        char proxy[64];
        (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)server.port);
        program.config.proxy = proxy;
        run(&program, "wss://127.0.0.1/");
        test_scripted_stop(&server);
        assert_null(program.client);
        assert_int_equal(program.opened + program.closed, 0);
        program_clear(&program);
    }
    test_pki_free(&pki);
}

static void a_client_can_be_freed_in_on_close_and_where_steps_fail(void **state) {
    (void)state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    for (int i = 0; i < 2; i++) {
        static struct program program;
        program_init(&program);
        program.frees = i == 0 ? FREE_ON_CLOSE : FREE_ON_STEP;
        program.free_at = WHY_LAYER_TCP;
        program.config.reconnect = (struct why_reconnect){.enabled = true, .initial_ms = 1};
        run(&program, url_of("ws", "127.0.0.1", port));
        assert_int_equal(program.closed, i == 0 ? 1 : 0);
        assert_int_equal(program.reconnects, 0);
        assert_null(program.client);
        program_clear(&program);
    }
    close(bound);
}

static void a_client_can_be_freed_before_anything_happened(void **state) {
    (void)state;
    static struct program program;
    program_init(&program);
    program.config.url = "ws://name.invalid/";
    assert_int_equal(why_client_connect(program.loop, &program.config, &program.client, NULL, 0),
                     WHY_OK);
    free_client(&program);
    assert_int_equal(why_loop_run(program.loop), WHY_OK);
    assert_int_equal(program.closed, 0);
    program_clear(&program);
}

/* Bad-input rows 31 and 78. */
static void a_hundred_failures_leave_nothing_open(void **state) {
    (void)state;
    static const struct test_script script = {
        .exchanges = {{0, "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", 0}}, .end = TEST_SILENCE};
    static struct program program;
    static struct test_scripted server;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    program_init(&program);
    size_t before = test_count_fds();
    for (size_t i = 0; i < 80; i++) {
        program.step_count = 0;
        run(&program, url_of("ws", "127.0.0.1", port));
        free_client(&program);
    }
    test_scripted_start(&server, &script, 20);
    for (size_t i = 0; i < 20; i++) {
        program.step_count = 0;
        run(&program, url_of("ws", "127.0.0.1", server.port));
        free_client(&program);
    }
    test_scripted_stop(&server);
    assert_int_equal(program.closed, 100);
    assert_int_equal(program.record.http.status, 403);
    assert_int_equal(test_count_fds(), before);
    program_clear(&program);
    close(bound);
}

static void a_unix_socket_without_a_listener_is_named(void **state) {
    (void)state;
    static struct program program;
    program_init(&program);
    run(&program, "ws+unix:/nonexistent/socket:/chat");
    assert_string_equal(why_cause_id(program.record.cause), "tcp.no_unix_socket");
    assert_string_equal(program.record.peer, "unix:/nonexistent/socket");
    assert_int_equal(program.closed, 1);
    program_clear(&program);
}

static void a_unix_socket_carries_a_session(void **state) {
    (void)state;
    static struct program program;
    static struct test_scripted server;
    struct test_folder folder;
    test_folder_init(&folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", test_path(&folder, "socket"));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    program_init(&program);
    program.says_hello = true;
    test_scripted_start_on(&server, &echo_script, 1, listener);
    char url[200];
    (void)snprintf(url, sizeof url, "ws+unix:%s:/chat", address.sun_path);
    run(&program, url);
    test_scripted_stop(&server);
    assert_good_echo(&program);
    assert_int_equal(strncmp(server.heard, "GET /chat HTTP/1.1\r\nHost: localhost\r\n", 37), 0);
    assert_int_equal(strncmp(program.record.peer, "unix:", 5), 0);
    assert_int_equal(program.step_count, 2);
    program_clear(&program);
    test_folder_remove(&folder);
}

/* ---- The config ---- */

/* Bad-input row 26: refused before a socket is made. */
static void what_would_break_the_request_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *url, *origin, *subprotocol, *header, *proxy, *resolve;
        const char *says;
    } bad[] = {
        {"ws://h/\r\nX: y", .says = "URL, offset 7: a carriage return"},
        {"h/", .says = "did you mean ws://h/?"},
        {"ws://h/", .origin = "https://a\r\nX: y", .says = "origin, offset 9: a carriage return"},
        {"ws://h/", .origin = "a b", .says = "origin cannot be sent"},
        {"ws://h/", .subprotocol = "a\nb", .says = "subprotocol 1, offset 1: a line feed"},
        {"ws://h/", .subprotocol = "a,b", .says = "subprotocol 1 cannot be sent"},
        {"ws://h/", .subprotocol = "", .says = "subprotocol 1 cannot be sent"},
        {"ws://h/", .header = "X: y\r\nZ: 1", .says = "header 1, offset 4: a carriage return"},
        {"ws://h/", .header = "X: y\n Z", .says = "header 1, offset 4: a line feed"},
        {"ws://h/", .header = "X: \x1b[2J", .says = "header 1, offset 3: a control character"},
        {"ws://h/", .header = "no colon", .says = "Name: value"},
        {"ws://h/", .header = "Host: x", .says = "header 1 cannot be sent"},
        {"ws://h/", .header = "Content-Length: 4", .says = "header 1 cannot be sent"},
        {"ws://u@h/", .header = "authorization: x", .says = "leave one out"},
        {"ws://h/", .proxy = "ftp://p", .says = "proxy, offset 0: the scheme \"ftp\""},
        {"ws+unix:/x", .proxy = "http://p", .says = "not reached through a proxy"},
        {"ws://h/", .resolve = "h:80", .says = "host:port:address"},
    };
    static struct program program;
    program_init(&program);
    size_t fds = test_count_fds();
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct why_client_config config = program.config;
        config.url = bad[i].url;
        config.origin = bad[i].origin;
        config.subprotocols = &bad[i].subprotocol;
        config.subprotocol_count = bad[i].subprotocol != NULL;
        config.headers = &bad[i].header;
        config.header_count = bad[i].header != NULL;
        config.proxy = bad[i].proxy;
        config.resolve = &bad[i].resolve;
        config.resolve_count = bad[i].resolve != NULL;
        char error[300] = "";
        int result =
            why_client_connect(program.loop, &config, &program.client, error, sizeof error);
        if (result != WHY_ERR_ARGUMENT || strstr(error, bad[i].says) == NULL) {
            print_message("FAIL row %zu: %d \"%s\"\n", i, result, error);
        }
        assert_int_equal(result, WHY_ERR_ARGUMENT);
        assert_non_null(strstr(error, bad[i].says));
        assert_null(program.client);
    }
    struct why_tls_config tls = {.ca_file = "/nonexistent/ca.pem"};
    program.config.url = "wss://h/";
    program.config.tls = &tls;
    char error[300] = "";
    assert_int_equal(
        why_client_connect(program.loop, &program.config, &program.client, error, sizeof error),
        WHY_ERR_CONFIG);
    assert_non_null(strstr(error, "/nonexistent/ca.pem"));
    assert_int_equal(test_count_fds(), fds);
    program_clear(&program);
}

/* Every allocation through the host fails once: no crash, no leak, an answer or a record. */
static void running_out_of_memory_is_an_answer_or_a_record(void **state) {
    (void)state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    static struct program program;
    bool is_done = false;
    for (size_t fail_at = 1; !is_done; fail_at++) {
        assert_in_range(fail_at, 1, 100);
        struct test_host test;
        test_host_init(&test);
        program_init(&program);
        test.fail_at = fail_at;
        program.options.host = &test.host;
        static const char *const headers[] = {"X: y"};
        program.config.url = url_of("ws", "127.0.0.1", port);
        program.config.headers = headers;
        program.config.header_count = 1;
        int result = why_client_connect(program.loop, &program.config, &program.client, NULL, 0);
        if (result == WHY_OK) {
            assert_int_equal(why_loop_run(program.loop), WHY_OK);
            assert_int_equal(program.closed, 1);
            is_done = program.record.cause == WHY_CAUSE_TCP_REFUSED;
        } else {
            assert_int_equal(result, WHY_ERR_NOMEM);
        }
        program_clear(&program);
        assert_int_equal(test.live_blocks, 0);
    }
    close(bound);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_have_cause_layer_and_evidence),
        cmocka_unit_test(a_session_opens_echoes_and_closes),
        cmocka_unit_test(frames_in_the_segment_of_the_101_are_kept),
        cmocka_unit_test(a_lost_session_is_1006),
        cmocka_unit_test(localhost_is_reached_by_ipv4_where_ipv6_refuses),
        cmocka_unit_test(a_refused_port_and_a_missing_name_end_in_one_close),
        cmocka_unit_test(an_override_takes_the_place_of_dns),
        cmocka_unit_test(proxies_open_the_way_or_say_why_not),
        cmocka_unit_test(a_proxy_that_is_not_there_is_named),
        cmocka_unit_test(tls_opens_or_is_1015),
        cmocka_unit_test(close_notify_alone_is_the_end),
        cmocka_unit_test(a_lost_session_is_followed_by_another),
        cmocka_unit_test(what_cannot_help_is_not_tried_again),
        cmocka_unit_test(a_client_can_be_freed_from_any_callback),
        cmocka_unit_test(a_client_can_be_freed_between_proxy_and_tls),
        cmocka_unit_test(a_client_can_be_freed_in_on_close_and_where_steps_fail),
        cmocka_unit_test(a_client_can_be_freed_before_anything_happened),
        cmocka_unit_test(a_hundred_failures_leave_nothing_open),
        cmocka_unit_test(a_unix_socket_carries_a_session),
        cmocka_unit_test(a_unix_socket_without_a_listener_is_named),
        cmocka_unit_test(what_would_break_the_request_is_refused),
        cmocka_unit_test(running_out_of_memory_is_an_answer_or_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
