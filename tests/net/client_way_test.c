/* SPDX-License-Identifier: MIT
 *
 * The client's way through proxies and TLS: it is opened, or there is one on_close that says why
 * not.
 */
#include "support/program.h"
#include "support/socket.h"
#include "support/test.h"
#include "support/tls_pair.h"

#include <string.h>
#include <unistd.h>

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
     {.exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0}, {0, TEST_GOOD, 0}}, .end = TEST_ECHO},
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
     {.exchanges = {{3, "\5\0", 2}, {19, "\5\0\0\1\0\0\0\0\0\0", 10}, {0, TEST_GOOD, 0}},
      .end = TEST_ECHO},
     WHY_CAUSE_LOCAL_CLOSED,
     "\5\1\0\5\1\0\3\14chat.example\x1f\x40GET ",
     26},
    {"SOCKS5 with our own lookup, good",
     "socks5://",
     "localhost",
     {.exchanges = {{3, "\5\0", 2}, {22, "\5\0\0\1\0\0\0\0\0\0", 10}, {0, TEST_GOOD, 0}},
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
    static struct test_program program;
    static struct test_scripted server;
    test_program_init(&program);
    program.says_hello = true;
    if (row->cause == WHY_CAUSE_TIMEOUT_PROXY) {
        program.options.connect_timeout_ms = 50;
    }
    test_scripted_start(&server, &row->script, 1);
    char proxy[100];
    (void)snprintf(proxy, sizeof proxy, "%s127.0.0.1:%u", row->proxy, (unsigned)server.port);
    program.config.proxy = proxy;
    test_program_run(&program, test_url(row->tls ? "wss" : "ws", row->host, 8000));
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
    test_program_clear(&program);
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
    static struct test_program program;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    test_program_init(&program);
    char proxy[100];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)port);
    program.config.proxy = proxy;
    test_program_run(&program, "ws://chat.example/");
    assert_string_equal(why_cause_id(program.record.cause), "proxy.unreachable");
    assert_int_equal(program.closed, 1);
    test_program_clear(&program);
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
    static struct test_program program;
    static struct test_scripted server;
    struct test_script script = test_echo_script;
    script.tls_file = pki->leaf_file;
    script.tls_wants_ca = row->wants_client_cert ? pki->ca_file : NULL;
    if (row->by_proxy) {
        script.exchanges[1] = script.exchanges[0];
        script.exchanges[0] = (struct test_exchange){0, "HTTP/1.1 200 OK\r\n\r\n", 0};
        script.tls_after = 1;
    }
    test_program_init(&program);
    program.says_hello = true;
    struct why_tls_config tls = {.ca_file = row->trusts ? pki->ca_file : pki->client_file,
                                 .insecure = row->insecure};
    program.config.tls = &tls;
    test_scripted_start(&server, &script, 1);
    char proxy[64];
    (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)server.port);
    program.config.proxy = row->by_proxy ? proxy : NULL;
    test_program_run(&program, test_url("wss", row->host, server.port));
    test_scripted_stop(&server);
    const struct why_record *record = &program.record;
    bool is_good = row->cause == WHY_CAUSE_LOCAL_CLOSED;
    size_t failed_steps = 0;
    for (size_t i = 0; i < program.step_count; i++) {
        failed_steps += !program.steps[i].ok;
    }
    bool ok = program.closed == 1 && program.opened == is_good && record->cause == row->cause &&
              failed_steps == !is_good && record->code == (is_good ? 1000 : 1015) &&
              record->tls.present && record->timings.tls_us != WHY_NO_TIME &&
              (record->timings.proxy_us != WHY_NO_TIME) == row->by_proxy &&
              strcmp(program.messages, is_good ? "hello;" : "") == 0;
    if (!ok) {
        print_message("FAIL %s: %zu closes, %u %s, \"%s\"\n", row->name, program.closed,
                      (unsigned)record->code, why_cause_id(record->cause), record->detail);
    }
    test_program_clear(&program);
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
    static struct test_program program;
    static struct test_scripted server;
    struct test_pki pki;
    test_pki_init(&pki);
    struct test_script script = test_echo_script;
    script.end = TEST_NOTIFY;
    script.tls_file = pki.leaf_file;
    test_program_init(&program);
    program.says_hello = true;
    struct why_tls_config tls = {.ca_file = pki.ca_file};
    program.config.tls = &tls;
    test_scripted_start(&server, &script, 1);
    test_program_run(&program, test_url("wss", "127.0.0.1", server.port));
    test_scripted_stop(&server);
    assert_int_equal(program.record.code, 1000);
    assert_int_equal(program.record.transport, WHY_TRANSPORT_FIN);
    assert_in_range(program.record.timings.open_ms, 0, program.options.close_timeout_ms / 2);
    test_program_clear(&program);
    test_pki_free(&pki);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_open_the_way_or_say_why_not),
        cmocka_unit_test(a_proxy_that_is_not_there_is_named),
        cmocka_unit_test(tls_opens_or_is_1015),
        cmocka_unit_test(close_notify_alone_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
