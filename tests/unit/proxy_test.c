/* SPDX-License-Identifier: MIT
 *
 * What proxies answer, and what it becomes: an open way, with the target's first bytes untouched,
 * or a cause. Each row runs whole, bytewise and at every split.
 */
#include "net/proxy.h"

#include "support/guard.h"
#include "support/test.h"

#include <string.h>

#define OPEN WHY_CAUSE_NONE
#define BYTES(text) (text), sizeof(text) - 1

struct row {
    const char *name;
    const char *via;
    const char *host;
    const char *input;
    size_t len;
    enum why_cause cause; /* OPEN: the way is open */
    const char *rest;     /* what of the input is the target's */
    const char *detail;   /* part of it */
    bool eof;             /* after the input */
};

#define HTTP "http://p:1"
#define HTTP_USER "http://Aladdin:open%20sesame@p:1"
#define SOCKS "socks5h://p:1"
#define SOCKS_USER "socks5h://me:secret@p:1"

static const struct row rows[] = {
    {"200 opens", HTTP, "h", BYTES("HTTP/1.1 200 OK\r\n\r\n"), OPEN, "", "", false},
    {"the target's first bytes stay", HTTP, "h", BYTES("HTTP/1.1 200 OK\r\nVia: x\r\n\r\n\x16\x03"),
     OPEN, "\x16\x03", "", false},
    {"any 2xx opens, whatever its body is said to be (RFC 9110 9.3.6)", HTTP, "h",
     BYTES("HTTP/1.0 204 x\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\nabc"), OPEN,
     "abc", "", false},
    {"no reason", HTTP, "h", BYTES("HTTP/1.1 200\r\n\r\n"), OPEN, "", "", false},
    {"line feeds alone", HTTP, "h", BYTES("HTTP/1.1 200 OK\nA: b\n\nx"), OPEN, "x", "", false},
    {"interim answer", HTTP, "h", BYTES("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
     OPEN, "", "", false},
    {"407 without a user", HTTP, "h",
     BYTES("HTTP/1.1 407 x\r\nproxy-authenticate:  Basic realm=\"a\"\r\n\r\nwho?"),
     WHY_CAUSE_PROXY_AUTH_REQUIRED, "who?", "it asks for: Basic realm=\"a\"; we sent none", false},
    {"407 with a user", HTTP_USER, "h", BYTES("HTTP/1.1 407 x\r\n\r\n"),
     WHY_CAUSE_PROXY_AUTH_REQUIRED, "", "we sent a user and password", false},
    {"407 with escape sequences", HTTP, "h",
     BYTES("HTTP/1.1 407 x\r\nProxy-Authenticate: \x1b[2J\r\n\r\n"), WHY_CAUSE_PROXY_AUTH_REQUIRED,
     "", "it asks for: ?[2J", false},
    {"403", HTTP, "h", BYTES("HTTP/1.1 403 x\r\n\r\nno"), WHY_CAUSE_PROXY_FORBIDDEN, "no",
     "403 for h:443", false},
    {"405", HTTP, "h", BYTES("HTTP/1.1 405 x\r\n\r\n"), WHY_CAUSE_PROXY_BAD_METHOD, "", "405",
     false},
    {"502", HTTP, "h", BYTES("HTTP/1.1 502 x\r\n\r\n"), WHY_CAUSE_PROXY_TARGET_DOWN, "", "502",
     false},
    {"503", HTTP, "h", BYTES("HTTP/1.1 503 x\r\n\r\n"), WHY_CAUSE_PROXY_TARGET_DOWN, "", "503",
     false},
    {"504", HTTP, "h", BYTES("HTTP/1.1 504 x\r\n\r\n"), WHY_CAUSE_PROXY_TARGET_DOWN, "", "504",
     false},
    {"404", HTTP, "h", BYTES("HTTP/1.1 404 x\r\n\r\n"), WHY_CAUSE_PROXY_STATUS, "", "404", false},
    {"redirect", HTTP, "h", BYTES("HTTP/1.1 302 x\r\n\r\n"), WHY_CAUSE_PROXY_STATUS, "", "302",
     false},
    {"captive portal", HTTP, "h",
     BYTES("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html>"),
     WHY_CAUSE_PROXY_NOT_A_PROXY, "<html>", "200 with a web page", false},
    {"another protocol", HTTP, "h", BYTES("SSH-2.0-x\r\n"), WHY_CAUSE_PROXY_NOT_A_PROXY,
     "SSH-2.0-x\r\n", "no HTTP answer", false},
    {"SOCKS", HTTP, "h", BYTES("\x05\xff"), WHY_CAUSE_PROXY_NOT_A_PROXY, "\x05\xff", "SOCKS",
     false},
    {"TLS", HTTP, "h", BYTES("\x15\x03\x01"), WHY_CAUSE_PROXY_NOT_A_PROXY, "\x15\x03\x01", "TLS",
     false},
    {"HTTP/2", HTTP, "h", BYTES("HTTP/2 200\r\n\r\n"), WHY_CAUSE_PROXY_NOT_A_PROXY, NULL, "no HTTP",
     false},
    {"status of two digits", HTTP, "h", BYTES("HTTP/1.1 20 OK\r\n\r\n"),
     WHY_CAUSE_PROXY_NOT_A_PROXY, NULL, "no HTTP", false},
    {"status of four digits", HTTP, "h", BYTES("HTTP/1.1 2000 OK\r\n\r\n"),
     WHY_CAUSE_PROXY_NOT_A_PROXY, NULL, "no HTTP", false},
    {"closed at once", HTTP, "h", BYTES(""), WHY_CAUSE_PROXY_CLOSED, "", "without an answer", true},
    {"closed within the answer", HTTP, "h", BYTES("HTTP/1.1 200 OK\r\n"), WHY_CAUSE_PROXY_CLOSED,
     "", "after 17 bytes", true},
    {"opens, name", SOCKS, "h", BYTES("\5\0\5\0\0\1\0\0\0\0\0\0abc"), OPEN, "abc", "", false},
    {"answer with an IPv6 address", SOCKS, "h",
     BYTES("\5\0\5\0\0\4\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10\0\1x"), OPEN, "x", "", false},
    {"answer with a name", SOCKS, "h", BYTES("\5\0\5\0\0\3\2ab\0\1x"), OPEN, "x", "", false},
    {"answer with an empty name", SOCKS, "h", BYTES("\5\0\5\0\0\3\0\0\1x"), OPEN, "x", "", false},
    {"signs in", SOCKS_USER, "h", BYTES("\5\2\1\0\5\0\0\1\0\0\0\0\0\0"), OPEN, "", "", false},
    {"does not have to sign in", SOCKS_USER, "h", BYTES("\5\0\5\0\0\1\0\0\0\0\0\0"), OPEN, "", "",
     false},
    {"sign-in refused", SOCKS_USER, "h", BYTES("\5\2\1\7"), WHY_CAUSE_PROXY_SOCKS_AUTH, "",
     "status 7", false},
    {"no way to sign in", SOCKS, "h", BYTES("\5\xff"), WHY_CAUSE_PROXY_SOCKS_AUTH, "",
     "none was given", false},
    {"no way to sign in with a user", SOCKS_USER, "h", BYTES("\5\xff"), WHY_CAUSE_PROXY_SOCKS_AUTH,
     "", "neither", false},
    {"a method that was not offered", SOCKS, "h", BYTES("\5\2"), WHY_CAUSE_PROXY_SOCKS_AUTH, "",
     "0x02", false},
    {"reply 1", SOCKS, "h", BYTES("\5\0\5\1"), WHY_CAUSE_PROXY_SOCKS_REFUSED, "",
     "reply 1: general SOCKS server failure", false},
    {"reply 2", SOCKS, "h", BYTES("\5\0\5\2"), WHY_CAUSE_PROXY_SOCKS_REFUSED, "",
     "not allowed by ruleset", false},
    {"reply 3", SOCKS, "h", BYTES("\5\0\5\3"), WHY_CAUSE_PROXY_TARGET_DOWN, "",
     "network unreachable", false},
    {"reply 4", SOCKS, "h", BYTES("\5\0\5\4"), WHY_CAUSE_PROXY_TARGET_DOWN, "", "host unreachable",
     false},
    {"reply 5", SOCKS, "h", BYTES("\5\0\5\5"), WHY_CAUSE_PROXY_TARGET_DOWN, "",
     "connection refused", false},
    {"reply 6", SOCKS, "h", BYTES("\5\0\5\6"), WHY_CAUSE_PROXY_TARGET_DOWN, "", "TTL expired",
     false},
    {"reply 7", SOCKS, "h", BYTES("\5\0\5\7"), WHY_CAUSE_PROXY_SOCKS_REFUSED, "",
     "command not supported", false},
    {"reply 8", SOCKS, "h", BYTES("\5\0\5\10"), WHY_CAUSE_PROXY_SOCKS_REFUSED, "", "address type",
     false},
    {"reply 200", SOCKS, "h", BYTES("\5\0\5\xc8"), WHY_CAUSE_PROXY_SOCKS_REFUSED, "", "reply 200",
     false},
    {"an address type that is none", SOCKS, "h", BYTES("\5\0\5\0\0\2"), WHY_CAUSE_PROXY_NOT_A_PROXY,
     NULL, "no SOCKS5", false},
    {"SOCKS4", SOCKS, "h", BYTES("\0\x5a"), WHY_CAUSE_PROXY_NOT_A_PROXY, NULL, "no SOCKS5", false},
    {"HTTP", SOCKS, "h", BYTES("HTTP/1.1 400 x\r\n\r\n"), WHY_CAUSE_PROXY_NOT_A_PROXY, NULL,
     "use http://", false},
    {"closed at once, SOCKS", SOCKS, "h", BYTES(""), WHY_CAUSE_PROXY_CLOSED, "",
     "without an answer", true},
    {"closed within the reply", SOCKS, "h", BYTES("\5\0\5\0\0"), WHY_CAUSE_PROXY_CLOSED, "",
     "after 3 bytes", true},
};

static void begin(struct why__proxy *proxy, struct why__url *via, const char *via_text,
                  const char *host) {
    char error[200];
    struct why_bytes text = {(const uint8_t *)via_text, strlen(via_text)};
    assert_int_equal(why__url_parse_proxy(via, text, error, sizeof error), WHY_OK);
    why__proxy_begin(proxy, via, host, 443);
}

/* Feed `first` bytes, then pieces of `piece`. */
static bool holds(const struct row *row, size_t first, size_t piece) {
    static struct why__proxy proxy;
    struct why__url via;
    begin(&proxy, &via, row->via, row->host);
    uint8_t *guarded = test_guard_new(row->len);
    memcpy(guarded, row->input, row->len);
    size_t used = 0;
    size_t take = first;
    for (size_t at = 0; at < row->len && proxy.status == WHY__PROXY_READING; take = piece) {
        size_t len = take < row->len - at ? take : row->len - at;
        struct why_bytes input = {guarded + at, len};
        (void)why__proxy_receive(&proxy, &input);
        at += len;
        used = at - input.len;
    }
    test_guard_free(guarded, row->len);
    if (row->eof) {
        why__proxy_eof(&proxy);
    }
    struct why_record record;
    why_record_init(&record);
    why__proxy_report(&proxy, &record);
    size_t rest_len = row->rest == NULL ? row->len - used : strlen(row->rest);
    bool ok = record.cause == row->cause && strstr(record.detail, row->detail) != NULL &&
              proxy.status == (row->cause == OPEN ? WHY__PROXY_DONE : WHY__PROXY_FAILED) &&
              (row->cause != OPEN || row->len - used == rest_len);
    if (ok && row->cause != OPEN && row->rest != NULL && first >= row->len) {
        ok = record.http.body_len == rest_len && memcmp(record.http.body, row->rest, rest_len) == 0;
    }
    if (!ok) {
        print_message("FAIL %s, first %zu then %zu: %s \"%s\", %zu used\n", row->name, first, piece,
                      why_cause_id(record.cause), record.detail, used);
    }
    return ok;
}

static void answers_become_causes_at_every_split(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        failures += !holds(&rows[i], SIZE_MAX, SIZE_MAX);
        failures += !holds(&rows[i], 1, 1);
        for (size_t split = 1; split < rows[i].len; split++) {
            failures += !holds(&rows[i], split, SIZE_MAX);
        }
    }
    assert_int_equal(failures, 0);
}

static void assert_output(struct why__proxy *proxy, const char *expected, size_t len) {
    struct why_bytes output = why__proxy_output(proxy);
    assert_int_equal(output.len, len);
    assert_memory_equal(output.data, expected, len);
    why__proxy_output_consumed(proxy, len);
    assert_int_equal(why__proxy_output(proxy).len, 0);
}

static void feed(struct why__proxy *proxy, const char *data, size_t len) {
    struct why_bytes input = {(const uint8_t *)data, len};
    (void)why__proxy_receive(proxy, &input);
}

static void requests_are_as_their_rfcs_want(void **state) {
    (void)state;
    static struct why__proxy proxy;
    struct why__url via;
    begin(&proxy, &via, HTTP, "example.com");
    assert_output(&proxy,
                  BYTES("CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"));
    begin(&proxy, &via, HTTP, "::1");
    assert_output(&proxy, BYTES("CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n"));
    /* RFC 7617 section 2 has this pair. */
    begin(&proxy, &via, HTTP_USER, "h");
    assert_output(&proxy, BYTES("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n"
                                "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"));
    begin(&proxy, &via, SOCKS, "ab");
    assert_output(&proxy, BYTES("\5\1\0"));
    feed(&proxy, BYTES("\5\0"));
    assert_output(&proxy, BYTES("\5\1\0\3\2ab\1\xbb"));
    begin(&proxy, &via, SOCKS_USER, "192.0.2.1");
    assert_output(&proxy, BYTES("\5\2\0\2"));
    feed(&proxy, BYTES("\5\2"));
    assert_output(&proxy, BYTES("\1\2me\6secret"));
    feed(&proxy, BYTES("\1\0"));
    assert_output(&proxy, BYTES("\5\1\0\1\xc0\0\2\1\1\xbb"));
    begin(&proxy, &via, "socks5://p:1", "::1");
    assert_output(&proxy, BYTES("\5\1\0"));
    feed(&proxy, BYTES("\5\0"));
    assert_output(&proxy, BYTES("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb"));
}

static void endless_heads_are_cut(void **state) {
    (void)state;
    static struct why__proxy proxy;
    struct why__url via;
    begin(&proxy, &via, HTTP, "h");
    feed(&proxy, BYTES("HTTP/1.1 200 OK\r\n"));
    size_t lines = 0;
    while (proxy.status == WHY__PROXY_READING && lines < 10000) {
        feed(&proxy, BYTES("X: y\r\n"));
        lines++;
    }
    assert_int_equal(proxy.cause, WHY_CAUSE_PROXY_NOT_A_PROXY);
    assert_in_range(lines, 1, WHY__PROXY_HEAD_LEN_MAX / 6 + 1);
}

static void endless_interim_answers_are_cut(void **state) {
    (void)state;
    static struct why__proxy proxy;
    struct why__url via;
    begin(&proxy, &via, HTTP, "h");
    size_t answers = 0;
    while (proxy.status == WHY__PROXY_READING && answers < 10000) {
        feed(&proxy, BYTES("HTTP/1.1 100 Continue\r\n\r\n"));
        answers++;
    }
    assert_int_equal(proxy.cause, WHY_CAUSE_PROXY_NOT_A_PROXY);
    assert_in_range(answers, 1, WHY__PROXY_HEAD_LEN_MAX / 25 + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_causes_at_every_split),
        cmocka_unit_test(requests_are_as_their_rfcs_want),
        cmocka_unit_test(endless_heads_are_cut),
        cmocka_unit_test(endless_interim_answers_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
