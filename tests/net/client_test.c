/* SPDX-License-Identifier: MIT
 *
 * The client against servers that say right and wrong things: every way to fail ends in exactly one
 * on_close, with its cause, layer, times and evidence.
 */
#include "support/certs.h"
#include "support/program.h"
#include "support/socket.h"
#include "support/test.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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
     {.exchanges = {{0, TEST_SWITCH "Sec-WebSocket-Protocol: x\r\n" TEST_HEAD_END, 0}},
      .end = TEST_SILENCE},
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

static bool steps_fit(const struct test_program *program, const struct row *row) {
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
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    if (row->timeout_ms != 0) {
        program.options.tls_timeout_ms = row->timeout_ms;
        program.options.upgrade_timeout_ms = row->timeout_ms;
    }
    test_scripted_start(&server, &row->script, 1);
    test_program_run(&program, test_url(row->scheme, "127.0.0.1", server.port));
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
    test_program_clear(&program);
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

static void a_session_opens_echoes_and_closes(void **state) {
    (void)state;
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    program.says_hello = true;
    static const char *const headers[] = {"X-Test: 1"};
    program.config.origin = "https://app.example";
    program.config.headers = headers;
    program.config.header_count = 1;
    test_scripted_start(&server, &test_echo_script, 1);
    char url[100];
    (void)snprintf(url, sizeof url, "ws://Aladdin:open%%20sesame@127.0.0.1:%u/chat?a=1",
                   (unsigned)server.port);
    test_program_run(&program, url);
    test_scripted_stop(&server);
    test_assert_good_echo(&program);
    assert_int_equal(strncmp(server.heard, "GET /chat?a=1 HTTP/1.1\r\nHost: 127.0.0.1:", 40), 0);
    assert_non_null(strstr(server.heard, "\r\nOrigin: https://app.example\r\n"));
    assert_non_null(strstr(server.heard, "\r\nX-Test: 1\r\n"));
    assert_non_null(
        strstr(server.heard, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    assert_int_equal(program.step_count, 3);
    assert_string_equal(program.steps[2].what, "101");
    test_program_clear(&program);
}

/* Bad-input row 18, the client's twin. */
static void frames_in_the_segment_of_the_101_are_kept(void **state) {
    (void)state;
    static const char say[] = TEST_GOOD "\x81\x03one\x81\x03two\x88\x02\x03\xe8";
    static const struct test_script script = {.exchanges = {{0, say, sizeof say - 1}},
                                              .end = TEST_CLOSE};
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    test_scripted_start(&server, &script, 1);
    test_program_run(&program, test_url("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_string_equal(program.messages, "one;two;");
    assert_int_equal(program.opened, 1);
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.record.code, 1000);
    assert_string_equal(why_cause_id(program.record.cause), "peer.closed");
    test_program_clear(&program);
}

static void a_lost_session_is_1006(void **state) {
    (void)state;
    static const struct test_script script = {.exchanges = {{0, TEST_GOOD, 0}}, .end = TEST_CLOSE};
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    test_scripted_start(&server, &script, 1);
    test_program_run(&program, test_url("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.opened, 1);
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.record.code, 1006);
    assert_string_equal(why_cause_id(program.record.cause), "tcp.fin");
    test_program_clear(&program);
}

static void localhost_is_reached_by_ipv4_where_ipv6_refuses(void **state) {
    (void)state;
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    program.says_hello = true;
    test_scripted_start(&server, &test_echo_script, 1);
    int bound = test_refuse_at(true, server.port);
    test_program_run(&program, test_url("ws", "localhost", server.port));
    test_scripted_stop(&server);
    test_assert_good_echo(&program);
    if (bound >= 0) {
        close(bound);
    }
    test_program_clear(&program);
}

static void a_refused_port_and_a_missing_name_end_in_one_close(void **state) {
    (void)state;
    static struct test_program program;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    test_program_init(&program);
    test_program_run(&program, test_url("ws", "127.0.0.1", port));
    assert_int_equal(program.closed, 1);
    assert_string_equal(why_cause_id(program.record.cause), "tcp.refused");
    test_program_clear(&program);
    test_program_init(&program);
    program.options.name_timeout_ms = 5000;
    test_program_run(&program, "ws://name.invalid/");
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.record.layer, WHY_LAYER_DNS);
    test_program_clear(&program);
    close(bound);
}

static void an_override_takes_the_place_of_dns(void **state) {
    (void)state;
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    program.says_hello = true;
    test_scripted_start(&server, &test_echo_script, 1);
    char entry[100];
    (void)snprintf(entry, sizeof entry, "chat.example:%u:127.0.0.1", (unsigned)server.port);
    const char *const entries[] = {entry};
    program.config.resolve = entries;
    program.config.resolve_count = 1;
    test_program_run(&program, test_url("ws", "chat.example", server.port));
    test_scripted_stop(&server);
    test_assert_good_echo(&program);
    assert_non_null(strstr(server.heard, "\r\nHost: chat.example:"));
    test_program_clear(&program);
}

static void a_unix_socket_without_a_listener_is_named(void **state) {
    (void)state;
    static struct test_program program;
    test_program_init(&program);
    test_program_run(&program, "ws+unix:/nonexistent/socket:/chat");
    assert_string_equal(why_cause_id(program.record.cause), "tcp.no_unix_socket");
    assert_string_equal(program.record.peer, "unix:/nonexistent/socket");
    assert_int_equal(program.closed, 1);
    test_program_clear(&program);
}

static void a_unix_socket_carries_a_session(void **state) {
    (void)state;
    static struct test_program program;
    static struct test_scripted server;
    struct test_folder folder;
    test_folder_init(&folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", test_path(&folder, "socket"));
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    test_program_init(&program);
    program.says_hello = true;
    test_scripted_start_on(&server, &test_echo_script, 1, listener);
    char url[200];
    (void)snprintf(url, sizeof url, "ws+unix:%s:/chat", address.sun_path);
    test_program_run(&program, url);
    test_scripted_stop(&server);
    test_assert_good_echo(&program);
    assert_int_equal(strncmp(server.heard, "GET /chat HTTP/1.1\r\nHost: localhost\r\n", 37), 0);
    assert_int_equal(strncmp(program.record.peer, "unix:", 5), 0);
    assert_int_equal(program.step_count, 2);
    test_program_clear(&program);
    test_folder_remove(&folder);
}

/* ---- Reconnecting ---- */

static void a_lost_session_is_followed_by_another(void **state) {
    (void)state;
    static const struct test_script script = {.exchanges = {{0, TEST_GOOD, 0}}, .end = TEST_CLOSE};
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    program.config.reconnect =
        (struct why_reconnect){.enabled = true, .initial_ms = 40, .max_ms = 40, .attempts = 2};
    test_scripted_start(&server, &script, 3);
    test_program_run(&program, test_url("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.opened, 3);
    assert_int_equal(program.closed, 3);
    assert_int_equal(program.reconnects, 2);
    test_program_clear(&program);
}

static void what_cannot_help_is_not_tried_again(void **state) {
    (void)state;
    static const struct test_script script = {
        .exchanges = {{0, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", 0}}, .end = TEST_CLOSE};
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    program.config.reconnect = (struct why_reconnect){.enabled = true, .initial_ms = 1};
    test_scripted_start(&server, &script, 1);
    test_program_run(&program, test_url("ws", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.closed, 1);
    assert_int_equal(program.reconnects, 0);
    test_program_clear(&program);
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
        cmocka_unit_test(a_lost_session_is_followed_by_another),
        cmocka_unit_test(what_cannot_help_is_not_tried_again),
        cmocka_unit_test(a_unix_socket_carries_a_session),
        cmocka_unit_test(a_unix_socket_without_a_listener_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
