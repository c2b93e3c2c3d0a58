/* SPDX-License-Identifier: MIT
 *
 * Secrets in evidence: what is hidden and what is not, by a table, and that every record is free of
 * them, however its bytes came.
 */
#include "core/redact.h"
#include "whysocket/handshake.h"

#include "net/proxy.h"
#include "support/host.h"
#include "support/test.h"

#include <string.h>

struct row {
    const char *name;
    const char *input;
    const char *expect;
    bool is_cut;
};

static const struct row rows[] = {
    {"what is no secret stays", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
     "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"},
    {"Cookie", "X: y\r\nCookie: a=b; c=d\r\nZ: z\r\n", "X: y\r\nCookie: ********\r\nZ: z\r\n"},
    {"Set-Cookie, twice", "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n",
     "Set-Cookie: ***\r\nSet-Cookie: ***\r\n"},
    {"Authorization, its scheme too", "Authorization: Basic eA==\r\n",
     "Authorization: **********\r\n"},
    {"Proxy-Authorization in small letters", "proxy-authorization:\tx\r\n",
     "proxy-authorization:\t*\r\n"},
    {"a name that only begins like one", "Cookies: a\r\nX-Cookie: b\r\n",
     "Cookies: a\r\nX-Cookie: b\r\n"},
    {"a blank before the colon", "Cookie : abc\n", "Cookie : ***\n"},
    {"lines that end in LF alone", "Cookie: a\nX: b\n", "Cookie: *\nX: b\n"},
    {"a folded value", "Cookie: a;\r\n b=c\r\nX: d\r\n", "Cookie: **\r\n ***\r\nX: d\r\n"},
    {"a folded value of another", "X: a\r\n b=c\r\n", "X: a\r\n b=c\r\n"},
    {"a value that is cut off", "Cookie: abc", "Cookie: ***"},
    {"a name that is cut off", "Cookie", "Cookie"},
    {"no value", "Cookie:\r\nX: y\r\n", "Cookie:\r\nX: y\r\n"},
    {"user and password in a URL", "Location: https://me:pw@a.example/x",
     "Location: https://*****@a.example/x"},
    {"an at sign in the password", "http://me:p@w@a/", "http://******@a/"},
    {"an at sign in the path is none", "https://a.example/@me", "https://a.example/@me"},
    {"two URLs", "http://u@a http://v:w@b", "http://*@a http://***@b"},
    {"a host and its port", "wss://a.example:8443", "wss://a.example:8443"},
    {"a URL that is cut off", "see http://me:p", "see http://****", .is_cut = true},
    {"a URL that ends before the cut", "http://a/b", "http://a/b", .is_cut = true},
    {"nothing", "", ""},
};

static void secrets_are_hidden_and_nothing_else(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        char text[128];
        size_t len = strlen(rows[i].input);
        memcpy(text, rows[i].input, len + 1);
        why__redact(text, len, rows[i].is_cut);
        if (strcmp(text, rows[i].expect) != 0) {
            fprintf(stderr, "FAIL %s: \"%s\"\n", rows[i].name, text);
            failures++;
        }
    }
    assert_int_equal(failures, 0);
}

/* The secret of every record below. */
#define SECRET "hunter2"

static bool has_secret(const struct why_record *record) {
    const char *bytes = (const char *)record;
    for (size_t i = 0; i + sizeof SECRET - 1 <= sizeof *record; i++) {
        if (memcmp(bytes + i, SECRET, sizeof SECRET - 1) == 0) {
            return true;
        }
    }
    return false;
}

static const char *const requests[] = {
    "GET / HTTP/1.1\r\nHost: a\r\nCookie: id=" SECRET "\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " SECRET "\r\n\r\n",
    "GET http://me:" SECRET "@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nCookie: " SECRET "\x01",
    "GET / HTTP/1.1\r\nCookie: " SECRET,
};

static void a_servers_record_has_none(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(requests); i++) {
        struct test_host host;
        test_host_init(&host);
        struct why_options options = why_options_default(&host.host);
        struct why_server_handshake *handshake = why_server_handshake_new(&options, NULL);
        assert_non_null(handshake);
        struct why_bytes input = {(const uint8_t *)requests[i], strlen(requests[i])};
        (void)why_server_handshake_receive(handshake, &input);
        struct why_record record;
        why_record_init(&record);
        why_server_handshake_report(handshake, &record);
        assert_true(record.http.head_len > 3);
        assert_false(has_secret(&record));
        why_server_handshake_free(handshake);
    }
}

static const char *const responses[] = {
    "HTTP/1.1 403 no\r\nSet-Cookie: id=" SECRET "\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 302 there\r\nLocation: https://me:" SECRET "@a/\r\nContent-Length: 0\r\n\r\n",
    /* what echoes our own request: as no HTTP, and as the body of a refusal */
    "GET / HTTP/1.1\r\nAuthorization: Basic " SECRET "\r\n\r\n",
    "HTTP/1.1 400 no\r\nContent-Length: 60\r\n\r\nYou said:\nCookie: " SECRET "\n",
};

static void a_clients_record_has_none(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(responses); i++) {
        struct test_host host;
        test_host_init(&host);
        struct why_options options = why_options_default(&host.host);
        struct why_client_request request = {.host = "a", .target = "/"};
        struct why_client_handshake *handshake = NULL;
        assert_int_equal(why_client_handshake_new(&options, &request, &handshake), WHY_OK);
        struct why_bytes input = {(const uint8_t *)responses[i], strlen(responses[i])};
        (void)why_client_handshake_receive(handshake, &input);
        (void)why_client_handshake_eof(handshake);
        struct why_record record;
        why_record_init(&record);
        why_client_handshake_report(handshake, &record);
        assert_true(record.http.head_len > 0 || record.http.body_len > 0);
        assert_false(has_secret(&record));
        why_client_handshake_free(handshake);
    }
}

static void a_proxys_record_has_none(void **state) {
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 407 no\r\nSet-Cookie: " SECRET "\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic " SECRET "\r\n\r\n",
    };
    static const struct why__url via = {.scheme = WHY__SCHEME_HTTP_PROXY};
    for (size_t i = 0; i < TEST_COUNT(answers); i++) {
        struct why__proxy proxy;
        why__proxy_begin(&proxy, &via, "a", 1);
        struct why_bytes input = {(const uint8_t *)answers[i], strlen(answers[i])};
        assert_int_equal(why__proxy_receive(&proxy, &input), WHY__PROXY_FAILED);
        struct why_record record;
        why_record_init(&record);
        why__proxy_report(&proxy, &record);
        assert_true(record.http.head_len > 0 || record.http.body_len > 0);
        assert_false(has_secret(&record));
    }
}

static void a_programs_detail_has_none(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
    why_conn_fail(conn, WHY_CAUSE_LOCAL_INTERNAL, "no answer from redis://me:" SECRET "@cache");
    struct why_record record;
    why_record_init(&record);
    why_conn_report(conn, &record);
    assert_string_equal(record.detail, "no answer from redis://**********@cache");
    assert_false(has_secret(&record));
    why_conn_free(conn);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_hidden_and_nothing_else),
        cmocka_unit_test(a_servers_record_has_none),
        cmocka_unit_test(a_clients_record_has_none),
        cmocka_unit_test(a_proxys_record_has_none),
        cmocka_unit_test(a_programs_detail_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
