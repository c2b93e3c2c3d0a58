/* SPDX-License-Identifier: MIT
 *
 * One HTTP exchange with a server that says what a script says: what is asked, what becomes of the
 * answer, and that nothing stays open.
 */
#include "net/fetch.h"

#include "support/host.h"
#include "support/loop.h"
#include "support/scripted.h"
#include "support/socket.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEN_MAX 100

struct caller {
    struct why__fetch fetch;
    struct why__url url, proxy;
    struct why_options options;
    struct why_loop *loop;
    unsigned done;
};

static void on_done(struct why__fetch *fetch) {
    struct caller *caller = WHY__CONTAINER(fetch, struct caller, fetch);
    caller->done++;
    why_loop_stop(caller->loop);
}

/* Write `text` with the port wherever it has a ~. */
static void with_port(const char *text, unsigned port, char *out, size_t size) {
    size_t len = 0;
    for (; *text != '\0' && len + 8 < size; text++) {
        if (*text == '~') {
            len += (size_t)snprintf(out + len, size - len, "%u", port);
        } else {
            out[len] = *text;
            len++;
        }
    }
    out[len] = '\0';
}

static void read_url(struct why__url *url, const char *pattern, unsigned port) {
    char text[200], error[200] = "";
    with_port(pattern, port, text, sizeof text);
    if (why__fetch_read_url(url, text, error, sizeof error) != WHY_OK) {
        fail_msg("%s: %s", text, error);
    }
}

static void use_proxy(struct caller *caller, const char *text) {
    char error[200] = "";
    struct why_bytes bytes = {(const uint8_t *)text, strlen(text)};
    if (why__url_parse_proxy(&caller->proxy, bytes, error, sizeof error) != WHY_OK) {
        fail_msg("%s: %s", text, error);
    }
    caller->fetch.proxy = &caller->proxy;
}

static struct caller *caller_new(const char *url, unsigned port, const struct why_host *host) {
    struct caller *caller = calloc(1, sizeof *caller);
    assert_non_null(caller);
    caller->loop = test_loop_new();
    assert_non_null(caller->loop);
    caller->options = why_options_default(host == NULL ? why_loop_host(caller->loop) : host);
    read_url(&caller->url, url, port);
    caller->fetch.loop = caller->loop;
    caller->fetch.options = &caller->options;
    caller->fetch.url = &caller->url;
    caller->fetch.len_max = LEN_MAX;
    caller->fetch.timeout_ms = 5000;
    caller->fetch.on_done = on_done;
    return caller;
}

static void run(struct caller *caller) {
    why__fetch_start(&caller->fetch);
    assert_int_equal(why_loop_run(caller->loop), WHY_OK);
    assert_int_equal(caller->done, 1);
}

static void caller_free(struct caller *caller) {
    why__fetch_clear(&caller->fetch);
    why_loop_free(caller->loop);
    free(caller);
}

#define OK_LINE "HTTP/1.1 200 OK\r\n"
#define HUNDRED                                                                                    \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23"                                                                                           \
    "456789"

static const struct row {
    const char *name;
    const char *say;
    enum test_end_of_script end;
    unsigned status;
    const char *answer;  /* NULL: none */
    const char *problem; /* a part of it; NULL: none */
} rows[] = {
    {"a length, and the connection stays", OK_LINE "Content-Length: 5\r\n\r\nhello", TEST_SILENCE,
     200, "hello", NULL},
    {"more than the length", OK_LINE "Content-Length: 2\r\n\r\nhello", TEST_SILENCE, 200, "he",
     NULL},
    {"until the end", OK_LINE "\r\nhello", TEST_CLOSE, 200, "hello", NULL},
    {"chunks, and the connection stays",
     OK_LINE "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", TEST_SILENCE,
     200, "hello", NULL},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", TEST_CLOSE, 200, "hello", NULL},
    {"nothing, of length 0", OK_LINE "Content-Length: 0\r\n\r\n", TEST_SILENCE, 200, "", NULL},
    {"nothing, until the end", OK_LINE "\r\n", TEST_CLOSE, 200, "", NULL},
    {"an interim answer", "HTTP/1.1 100 Continue\r\n\r\n" OK_LINE "Content-Length: 1\r\n\r\nx",
     TEST_SILENCE, 200, "x", NULL},
    {"interim answers without end",
     "HTTP/1.1 100 A\r\n\r\nHTTP/1.1 100 A\r\n\r\nHTTP/1.1 100 A\r\n\r\nHTTP/1.1 100 A\r\n\r\n"
     "HTTP/1.1 100 A\r\n\r\nHTTP/1.1 100 A\r\n\r\nHTTP/1.1 100 A\r\n\r\nHTTP/1.1 100 A\r\n\r\n"
     "HTTP/1.1 100 A\r\n\r\n",
     TEST_SILENCE, 0, NULL, "interim"},
    {"as much as there may be", OK_LINE "\r\n" HUNDRED, TEST_CLOSE, 200, HUNDRED, NULL},
    {"a byte more", OK_LINE "\r\n" HUNDRED "x", TEST_SILENCE, 200, NULL, "larger than 100"},
    {"a byte more, and says so", OK_LINE "Content-Length: 101\r\n\r\n", TEST_SILENCE, 200, NULL,
     "larger than 100"},
    {"a byte more in chunks",
     OK_LINE "Transfer-Encoding: chunked\r\n\r\n64\r\n" HUNDRED "\r\n1\r\nx\r\n", TEST_SILENCE, 200,
     NULL, "larger than 100"},
    {"a chunk of all bytes that there are",
     OK_LINE "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" HUNDRED "x", TEST_SILENCE,
     200, NULL, "larger than 100"},
    {"less than its length", OK_LINE "Content-Length: 6\r\n\r\nhello", TEST_CLOSE, 200, NULL,
     "cut short"},
    {"chunks that end early", OK_LINE "Transfer-Encoding: chunked\r\n\r\n5\r\nhello", TEST_CLOSE,
     200, NULL, "cut short"},
    {"a reset within it", OK_LINE "\r\nhello", TEST_RESET, 200, NULL, "tcp.reset"},
    {"broken chunks", OK_LINE "Transfer-Encoding: chunked\r\n\r\nhello", TEST_SILENCE, 200, NULL,
     "no chunk"},
    {"half a head", "HTTP/1.1 200 OK\r\nContent", TEST_CLOSE, 0, NULL, "within the head"},
    {"nothing", "", TEST_CLOSE, 0, NULL, "without an answer"},
    {"no HTTP", "+OK ready\r\n", TEST_SILENCE, 0, NULL, "no HTTP"},
    {"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!", TEST_SILENCE, 404, NULL,
     "it answered 404"},
    {"101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", TEST_SILENCE, 101, NULL, "it answered 101"},
    {"a redirect to nowhere", "HTTP/1.1 302 Found\r\n\r\n", TEST_SILENCE, 302, NULL,
     "does not say where to"},
    {"a redirect to no address", "HTTP/1.1 302 Found\r\nLocation: /a b\r\n\r\n", TEST_SILENCE, 302,
     NULL, "is none"},
};

static void answers_are_taken_within_limits(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const struct test_script script = {.exchanges = {{.wait = 0, .say = row->say}},
                                           .end = row->end};
        struct test_scripted server;
        test_scripted_start(&server, &script, 1);
        struct caller *caller = caller_new("http://127.0.0.1:~/x", server.port, NULL);
        run(caller);
        struct why__fetch *fetch = &caller->fetch;
        bool is_whole = fetch->problem[0] == '\0';
        bool is_right =
            is_whole == (row->problem == NULL) && fetch->status == row->status &&
            (row->problem == NULL || strstr(fetch->problem, row->problem) != NULL) &&
            (row->answer == NULL || (fetch->answer_len == strlen(row->answer) &&
                                     (fetch->answer_len == 0 ||
                                      memcmp(fetch->answer, row->answer, fetch->answer_len) == 0)));
        if (!is_right) {
            fail_msg("%s: %u, \"%s\", %zu bytes", row->name, fetch->status, fetch->problem,
                     fetch->answer_len);
        }
        caller_free(caller);
        test_scripted_stop(&server);
    }
}

static const char small[] = OK_LINE "Content-Length: 2\r\n\r\nhi";

static void what_is_asked_is_no_more_than_needed(void **state) {
    (void)state;
    static const struct {
        const char *name, *body;
        const char *proxy; /* NULL: none */
        const char *expect;
    } asked[] = {
        {"a GET", "", NULL,
         "GET /x?y HTTP/1.1\r\nHost: 127.0.0.1:~\r\nUser-Agent: whysocket\r\nAccept: */*\r\n"
         "Connection: close\r\n\r\n"},
        {"a POST", "question", NULL,
         "POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:~\r\nContent-Type: a/b\r\nContent-Length: 8\r\n"
         "User-Agent: whysocket\r\nAccept: */*\r\nConnection: close\r\n\r\nquestion"},
        {"through a proxy, which has a password", "", "http://me:secret@127.0.0.1:~",
         "GET http://127.0.0.1:~/x?y HTTP/1.1\r\nHost: 127.0.0.1:~\r\n"
         "Proxy-Authorization: Basic bWU6c2VjcmV0\r\nUser-Agent: whysocket\r\nAccept: */*\r\n"
         "Connection: close\r\n\r\n"},
    };
    for (size_t i = 0; i < TEST_COUNT(asked); i++) {
        size_t body_len = strlen(asked[i].body);
        char expect[400], proxy[80];
        /* A body comes behind the empty line: the script has to wait for it, too. */
        struct test_script script = {.exchanges = {{.say = small}}, .end = TEST_SILENCE};
        struct test_scripted server;
        struct caller *caller = NULL;
        struct test_script with_body = {.exchanges = {{.say = "HTTP/1.1 100 Continue\r\n\r\n"},
                                                      {.wait = body_len, .say = small}},
                                        .end = TEST_SILENCE};
        test_scripted_start(&server, body_len > 0 ? &with_body : &script, 1);
        caller = caller_new("http://127.0.0.1:~/x?y", server.port, NULL);
        caller->fetch.body = (struct why_bytes){(const uint8_t *)asked[i].body, body_len};
        caller->fetch.content_type = "a/b";
        if (asked[i].proxy != NULL) {
            with_port(asked[i].proxy, server.port, proxy, sizeof proxy);
            use_proxy(caller, proxy);
        }
        run(caller);
        assert_string_equal(caller->fetch.problem, "");
        caller_free(caller);
        test_scripted_stop(&server);
        with_port(asked[i].expect, server.port, expect, sizeof expect);
        assert_string_equal(server.heard, expect);
    }
}

static void a_socks_proxy_gets_the_name(void **state) {
    (void)state;
    static const char reply[] = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    const struct test_script script = {
        .exchanges = {{.wait = 3, .say = "\x05\x00", .len = 2},
                      {.wait = 5 + sizeof "ca.example" - 1 + 2, .say = reply, .len = 10},
                      {.wait = 0, .say = small}},
        .end = TEST_SILENCE};
    struct test_scripted server;
    test_scripted_start(&server, &script, 1);
    struct caller *caller = caller_new("http://ca.example/x", 0, NULL);
    char proxy[80];
    (void)snprintf(proxy, sizeof proxy, "socks5h://127.0.0.1:%u", server.port);
    use_proxy(caller, proxy);
    run(caller);
    assert_string_equal(caller->fetch.problem, "");
    assert_int_equal(caller->fetch.answer_len, 2);
    caller_free(caller);
    test_scripted_stop(&server);
    assert_memory_equal(server.heard + 3,
                        "\x05\x01\x00\x03\x0a"
                        "ca.example\x00\x50",
                        17);
}

static void nobody_is_waited_for_longer_than_asked(void **state) {
    (void)state;
    static const struct {
        const char *say, *problem;
    } slow[] = {{"HTTP/1.1 200 OK\r\nX: y\r\n", "no answer after 50 ms"},
                {OK_LINE "Content-Length: 9\r\n\r\nhello", "its answer was not whole after 50 ms"}};
    for (size_t i = 0; i < TEST_COUNT(slow); i++) {
        const struct test_script script = {.exchanges = {{.say = slow[i].say}},
                                           .end = TEST_SILENCE};
        struct test_scripted server;
        test_scripted_start(&server, &script, 1);
        struct caller *caller = caller_new("http://127.0.0.1:~/", server.port, NULL);
        caller->fetch.timeout_ms = 50;
        run(caller);
        /* On a slow machine its first bytes may come too late as well. */
        bool is_right = strcmp(caller->fetch.problem, slow[i].problem) == 0 ||
                        strcmp(caller->fetch.problem, slow[0].problem) == 0;
        if (!is_right) {
            fail_msg("%s", caller->fetch.problem);
        }
        caller_free(caller);
        test_scripted_stop(&server);
    }
}

static void a_port_that_is_closed_is_said(void **state) {
    (void)state;
    uint16_t port = 0;
    int fd = test_refuse(false, &port);
    struct caller *caller = caller_new("http://127.0.0.1:~/", port, NULL);
    run(caller);
    assert_non_null(strstr(caller->fetch.problem, "tcp.refused: 127.0.0.1:"));
    caller_free(caller);
    close(fd);
}

static void it_can_be_ended_at_any_time(void **state) {
    (void)state;
    size_t fds = test_count_fds();
    struct test_silence silence;
    test_silence_init(&silence, false);
    struct caller *caller = caller_new("http://127.0.0.1:~/", silence.port, NULL);
    why__fetch_start(&caller->fetch);
    caller_free(caller); /* connecting */
    test_silence_clear(&silence);
    caller = caller_new("http://127.0.0.1:~/", 1, NULL);
    caller_free(caller); /* not begun */
    assert_int_equal(test_count_fds(), fds);
}

static void without_memory_it_fails(void **state) {
    (void)state;
    struct test_host host;
    bool has_failed = true;
    for (size_t fail_at = 1; has_failed; fail_at++) {
        assert_true(fail_at < 20);
        const struct test_script script = {.exchanges = {{.say = small}}, .end = TEST_SILENCE};
        struct test_scripted server;
        test_scripted_start(&server, &script, 1);
        test_host_init(&host);
        host.fail_at = fail_at;
        struct caller *caller = caller_new("http://127.0.0.1:~/", server.port, &host.host);
        run(caller);
        has_failed = caller->fetch.problem[0] != '\0';
        caller_free(caller);
        assert_int_equal(host.live_blocks, 0);
        test_scripted_stop(&server);
    }
}

static void redirects_lead_to_http_alone(void **state) {
    (void)state;
    static const struct {
        const char *location;
        const char *expect; /* NULL: not followed */
    } to[] = {
        {"/y", "http://a.example:8080/y"},
        {"/y#part", "http://a.example:8080/y"},
        {"//b.example/y", "http://b.example/y"},
        {"http://b.example/y", "http://b.example/y"},
        {"HTTP://b.example/y", "HTTP://b.example/y"},
        {"https://b.example/y", NULL},
        {"file:///etc/passwd", NULL},
        {"y", NULL},
        {"", NULL},
        {"#", NULL},
        {"http://b.example/a b", NULL},
    };
    struct why__url from;
    read_url(&from, "http://a.example:8080/x", 0);
    for (size_t i = 0; i < TEST_COUNT(to); i++) {
        char out[40];
        bool is_followed = why__fetch_follow(&from, to[i].location, out, sizeof out);
        if (is_followed != (to[i].expect != NULL) ||
            (is_followed && strcmp(out, to[i].expect) != 0)) {
            fail_msg("\"%s\": \"%s\"", to[i].location, is_followed ? out : "");
        }
    }
    char small_out[8];
    assert_false(why__fetch_follow(&from, "http://b.example/", small_out, sizeof small_out));
}

static void urls_that_are_not_asked(void **state) {
    (void)state;
    static const char *const urls[] = {
        "https://a.example/",
        "ws://a.example/",
        "ftp://a.example/",
        "a.example",
        "http://",
        "http://u@a.example/",
        "http://a.example/#x",
        "http://a b/",
        "http://a.example/\r\nX: y",
        "http://a.example:0/",
        "",
    };
    for (size_t i = 0; i < TEST_COUNT(urls); i++) {
        struct why__url url;
        char error[200] = "";
        assert_int_equal(why__fetch_read_url(&url, urls[i], error, sizeof error), WHY_ERR_ARGUMENT);
        assert_string_not_equal(error, "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_taken_within_limits),
        cmocka_unit_test(what_is_asked_is_no_more_than_needed),
        cmocka_unit_test(a_socks_proxy_gets_the_name),
        cmocka_unit_test(nobody_is_waited_for_longer_than_asked),
        cmocka_unit_test(a_port_that_is_closed_is_said),
        cmocka_unit_test(it_can_be_ended_at_any_time),
        cmocka_unit_test(without_memory_it_fails),
        cmocka_unit_test(redirects_lead_to_http_alone),
        cmocka_unit_test(urls_that_are_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
