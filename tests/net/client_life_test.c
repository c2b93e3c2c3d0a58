/* SPDX-License-Identifier: MIT
 *
 * How a client is made and how it goes: what would break it is refused, it is freed from wherever
 * one likes, and what it took is given back.
 */
#include "support/host.h"
#include "support/program.h"
#include "support/socket.h"
#include "support/test.h"
#include "support/tls_pair.h"

#include <string.h>
#include <unistd.h>

/* ---- Life ---- */

/* Bad-input row 81: freed from inside every callback. */
static void a_client_can_be_freed_from_any_callback(void **state) {
    (void)state;
    static const char say[] = TEST_GOOD "\x81\x03one\x81\x03two";
    static const struct test_script script = {.exchanges = {{0, say, sizeof say - 1}},
                                              .end = TEST_SILENCE};
    static const struct {
        int frees;
        enum why_layer layer;
        size_t opened, closed;
        const char *messages;
    } cases[] = {
        {TEST_FREE_ON_STEP, WHY_LAYER_DNS, 0, 0, ""},
        {TEST_FREE_ON_STEP, WHY_LAYER_TCP, 0, 0, ""},
        {TEST_FREE_ON_STEP, WHY_LAYER_HTTP, 0, 0, ""},
        {TEST_FREE_ON_OPEN, WHY_LAYER_NONE, 1, 0, ""},
        {TEST_FREE_ON_MESSAGE, WHY_LAYER_NONE, 1, 0, "one;"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        static struct test_program program;
        static struct test_scripted server;
        test_program_init(&program);
        program.frees = cases[i].frees;
        program.free_at = cases[i].layer;
        test_scripted_start(&server, &script, i == 0 ? 0 : 1);
        test_program_run(&program, test_url("ws", "127.0.0.1", server.port));
        test_scripted_stop(&server);
        assert_null(program.client);
        assert_int_equal(program.opened, cases[i].opened);
        assert_int_equal(program.closed, cases[i].closed);
        assert_string_equal(program.messages, cases[i].messages);
        test_program_clear(&program);
    }
}

static void a_client_can_be_freed_between_proxy_and_tls(void **state) {
    (void)state;
    struct test_pki pki;
    test_pki_init(&pki);
    static const enum why_layer layers[] = {WHY_LAYER_PROXY, WHY_LAYER_TLS};
    for (size_t i = 0; i < 2 * TEST_COUNT(layers); i++) {
        static struct test_program program;
        static struct test_scripted server;
        struct test_script script = {
            .exchanges = {{0, "HTTP/1.1 200 OK\r\n\r\n", 0}, {0, TEST_GOOD, 0}},
            .end = TEST_ECHO,
            .tls_file = pki.leaf_file,
            .tls_after = 1};
        test_program_init(&program);
        program.frees = TEST_FREE_ON_STEP;
        program.free_at = layers[i / 2];
        struct why_tls_config tls = {.ca_file = i % 2 == 0 ? pki.ca_file : pki.client_file};
        program.config.tls = &tls;
        test_scripted_start(&server, &script, 1);
        char proxy[64];
        (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", (unsigned)server.port);
        program.config.proxy = proxy;
        test_program_run(&program, "wss://127.0.0.1/");
        test_scripted_stop(&server);
        assert_null(program.client);
        assert_int_equal(program.opened + program.closed, 0);
        test_program_clear(&program);
    }
    test_pki_free(&pki);
}

static void a_client_can_be_freed_in_on_close_and_where_steps_fail(void **state) {
    (void)state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    for (int i = 0; i < 2; i++) {
        static struct test_program program;
        test_program_init(&program);
        program.frees = i == 0 ? TEST_FREE_ON_CLOSE : TEST_FREE_ON_STEP;
        program.free_at = WHY_LAYER_TCP;
        program.config.reconnect = (struct why_reconnect){.enabled = true, .initial_ms = 1};
        test_program_run(&program, test_url("ws", "127.0.0.1", port));
        assert_int_equal(program.closed, i == 0 ? 1 : 0);
        assert_int_equal(program.reconnects, 0);
        assert_null(program.client);
        test_program_clear(&program);
    }
    close(bound);
}

static void a_client_can_be_freed_before_anything_happened(void **state) {
    (void)state;
    static struct test_program program;
    test_program_init(&program);
    program.config.url = "ws://name.invalid/";
    assert_int_equal(why_client_connect(program.loop, &program.config, &program.client, NULL, 0),
                     WHY_OK);
    test_program_free_client(&program);
    assert_int_equal(why_loop_run(program.loop), WHY_OK);
    assert_int_equal(program.closed, 0);
    test_program_clear(&program);
}

/* Bad-input rows 31 and 78. */
static void a_hundred_failures_leave_nothing_open(void **state) {
    (void)state;
    static const struct test_script script = {
        .exchanges = {{0, "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", 0}}, .end = TEST_SILENCE};
    static struct test_program program;
    static struct test_scripted server;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    test_program_init(&program);
    size_t before = 0;
    for (size_t i = 0; i < 80; i++) {
        program.step_count = 0;
        test_program_run(&program, test_url("ws", "127.0.0.1", port));
        test_program_free_client(&program);
        before = i == 0 ? test_count_fds() : before; /* from now on the loop has all it needs */
    }
    test_scripted_start(&server, &script, 20);
    for (size_t i = 0; i < 20; i++) {
        program.step_count = 0;
        test_program_run(&program, test_url("ws", "127.0.0.1", server.port));
        test_program_free_client(&program);
    }
    test_scripted_stop(&server);
    assert_int_equal(program.closed, 100);
    assert_int_equal(program.record.http.status, 403);
    assert_int_equal(test_count_fds(), before);
    test_program_clear(&program);
    close(bound);
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
    static struct test_program program;
    test_program_init(&program);
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
    test_program_clear(&program);
}

/* What one client has read of its TLS files is another's, too, who does not look at its own; and
 * the first may be gone by then. */
static void what_was_read_for_tls_is_shared(void **state) {
    (void)state;
    struct test_pki pki;
    test_pki_init(&pki);
    static struct test_program program;
    static struct test_scripted server;
    struct test_script script = {
        .exchanges = {{0, TEST_GOOD, 0}}, .end = TEST_ECHO, .tls_file = pki.leaf_file};
    test_program_init(&program);
    test_scripted_start(&server, &script, 1);
    struct why_tls_config tls = {.ca_file = pki.ca_file};
    struct why_tls_config missing = {.ca_file = "/nonexistent/ca.pem"};
    struct why_client *first = NULL;
    program.config.url = "wss://h/";
    program.config.tls = &tls;
    assert_int_equal(why_client_connect(program.loop, &program.config, &first, NULL, 0), WHY_OK);
    program.config.tls = &missing;
    program.config.like = first;
    program.config.url = test_url("wss", "127.0.0.1", server.port);
    assert_int_equal(why_client_connect(program.loop, &program.config, &program.client, NULL, 0),
                     WHY_OK);
    why_client_free(first);
    assert_int_equal(why_loop_run(program.loop), WHY_OK);
    test_scripted_stop(&server);
    assert_int_equal(program.opened, 1);
    test_program_clear(&program);
    test_pki_free(&pki);
}

/* Every allocation through the host fails once: no crash, no leak, an answer or a record. */
static void running_out_of_memory_is_an_answer_or_a_record(void **state) {
    (void)state;
    uint16_t port = 0;
    int bound = test_refuse(false, &port);
    static struct test_program program;
    bool is_done = false;
    for (size_t fail_at = 1; !is_done; fail_at++) {
        assert_in_range(fail_at, 1, 100);
        struct test_host test;
        test_host_init(&test);
        test_program_init(&program);
        test.fail_at = fail_at;
        program.options.host = &test.host;
        static const char *const headers[] = {"X: y"};
        program.config.url = test_url("ws", "127.0.0.1", port);
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
        test_program_clear(&program);
        assert_int_equal(test.live_blocks, 0);
    }
    close(bound);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_can_be_freed_from_any_callback),
        cmocka_unit_test(a_client_can_be_freed_between_proxy_and_tls),
        cmocka_unit_test(a_client_can_be_freed_in_on_close_and_where_steps_fail),
        cmocka_unit_test(a_client_can_be_freed_before_anything_happened),
        cmocka_unit_test(a_hundred_failures_leave_nothing_open),
        cmocka_unit_test(what_would_break_the_request_is_refused),
        cmocka_unit_test(what_was_read_for_tls_is_shared),
        cmocka_unit_test(running_out_of_memory_is_an_answer_or_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
