/* SPDX-License-Identifier: MIT
 *
 * Which proxy the environment asks for, and what no_proxy takes out.
 */
#include "whysocket/client.h"

#include "support/test.h"

#include <string.h>

/* "name=value" pairs of the row that runs. */
static const char *const *environment;

static const char *lookup(const char *name) {
    size_t len = strlen(name);
    for (const char *const *at = environment; *at != NULL; at++) {
        if (strncmp(*at, name, len) == 0 && (*at)[len] == '=') {
            return *at + len + 1;
        }
    }
    return NULL;
}

struct row {
    const char *name;
    const char *url;
    const char *environment[4];
    const char *proxy, *variable; /* NULL: none */
};

static const struct row rows[] = {
    {"nothing set", "ws://h/", {NULL}, NULL, NULL},
    {"ws takes ws_proxy first", "ws://h/", {"http_proxy=b", "ws_proxy=a"}, "a", "ws_proxy"},
    {"ws takes http_proxy", "ws://h/", {"http_proxy=b", "https_proxy=c"}, "b", "http_proxy"},
    {"ws does not take HTTP_PROXY, which a CGI's peer can set",
     "ws://h/",
     {"HTTP_PROXY=b"},
     NULL,
     NULL},
    {"ws takes all_proxy", "ws://h/", {"all_proxy=d"}, "d", "all_proxy"},
    {"lower case goes first", "ws://h/", {"WS_PROXY=B", "ws_proxy=b"}, "b", "ws_proxy"},
    {"upper case is taken", "ws://h/", {"ALL_PROXY=D"}, "D", "ALL_PROXY"},
    {"wss takes https_proxy", "wss://h/", {"http_proxy=b", "https_proxy=c"}, "c", "https_proxy"},
    {"wss takes HTTPS_PROXY", "wss://h/", {"HTTPS_PROXY=c"}, "c", "HTTPS_PROXY"},
    {"wss takes wss_proxy first", "wss://h/", {"https_proxy=c", "wss_proxy=a"}, "a", "wss_proxy"},
    {"wss does not take http_proxy", "wss://h/", {"http_proxy=b"}, NULL, NULL},
    {"empty is not set", "ws://h/", {"ws_proxy=", "all_proxy=d"}, "d", "all_proxy"},
    {"unix sockets have none", "ws+unix:/x", {"all_proxy=d"}, NULL, NULL},
    {"localhost has none", "ws://localhost:1/", {"all_proxy=d"}, NULL, NULL},
    {"below localhost there is none", "ws://a.localhost/", {"all_proxy=d"}, NULL, NULL},
    {"notlocalhost has one", "ws://notlocalhost/", {"all_proxy=d"}, "d", "all_proxy"},
    {"127.0.0.0/8 has none", "ws://127.1.2.3/", {"all_proxy=d"}, NULL, NULL},
    {"::1 has none", "ws://[::1]/", {"all_proxy=d"}, NULL, NULL},
    {"::2 has one", "ws://[::2]/", {"all_proxy=d"}, "d", "all_proxy"},
    {"a URL that is none", "nonsense", {"all_proxy=d"}, NULL, NULL},
};

#define EXCEPTED(url, list)                                                                        \
    { (list), (url), {"all_proxy=d", "no_proxy=" list}, NULL, "no_proxy" }
#define NOT_EXCEPTED(url, list)                                                                    \
    { (list), (url), {"all_proxy=d", "no_proxy=" list}, "d", "all_proxy" }

static const struct row exceptions[] = {
    EXCEPTED("ws://example.com/", "*"),
    EXCEPTED("ws://10.1.1.1/", "*"),
    EXCEPTED("ws://example.com/", "example.com"),
    EXCEPTED("ws://example.com/", ".example.com"),
    EXCEPTED("ws://example.com/", "EXAMPLE.com."),
    EXCEPTED("ws://example.com./", "example.com"),
    EXCEPTED("ws://a.b.example.com/", "example.com"),
    EXCEPTED("ws://a.example.com/", ".example.com"),
    EXCEPTED("ws://a.example.com/", "*.example.com"),
    EXCEPTED("ws://example.com/", "x, example.com"),
    EXCEPTED("ws://example.com/", "x example.com y"),
    EXCEPTED("ws://example.com/", ",, example.com ,"),
    EXCEPTED("ws://example.com:8080/", "example.com:8080"),
    EXCEPTED("ws://example.com/", "example.com:80"),
    NOT_EXCEPTED("ws://example.com:8080/", "example.com:80"),
    NOT_EXCEPTED("ws://example.com/", "example.com:"),
    NOT_EXCEPTED("ws://example.com/", "example.com:x"),
    NOT_EXCEPTED("ws://notexample.com/", "example.com"),
    NOT_EXCEPTED("ws://example.com.evil.example/", "example.com"),
    NOT_EXCEPTED("ws://example.com/", "a.example.com"),
    NOT_EXCEPTED("ws://example.com/", "."),
    NOT_EXCEPTED("ws://example.com/", "*."),
    NOT_EXCEPTED("ws://example.com/", " "),
    EXCEPTED("ws://10.1.2.3/", "10.1.2.3"),
    EXCEPTED("ws://10.1.2.3/", "10.0.0.0/8"),
    EXCEPTED("ws://10.1.2.3:81/", "10.0.0.0/8:81"),
    NOT_EXCEPTED("ws://11.1.2.3/", "10.0.0.0/8"),
    EXCEPTED("ws://10.127.2.3/", "10.0.0.0/9"),
    NOT_EXCEPTED("ws://10.128.2.3/", "10.0.0.0/9"),
    EXCEPTED("ws://10.128.2.3/", "0.0.0.0/0"),
    NOT_EXCEPTED("ws://10.1.2.3/", "10.0.0.0/33"),
    NOT_EXCEPTED("ws://10.1.2.3/", "10.0.0.0/"),
    NOT_EXCEPTED("ws://10.1.2.3/", "10.0.0.0/-1"),
    NOT_EXCEPTED("ws://10.1.2.3/", "2.3"),
    NOT_EXCEPTED("ws://10.1.2.3/", "0::/0"),
    NOT_EXCEPTED("ws://example.com/", "0.0.0.0/0"),
    EXCEPTED("ws://[2001:db8::1]/", "2001:db8::1"),
    EXCEPTED("ws://[2001:db8::1]/", "[2001:db8:0::1]"),
    EXCEPTED("ws://[2001:db8::1]:81/", "[2001:db8::1]:81"),
    NOT_EXCEPTED("ws://[2001:db8::1]:82/", "[2001:db8::1]:81"),
    EXCEPTED("ws://[2001:db8::1]/", "2001:db8::/32"),
    NOT_EXCEPTED("ws://[2001:db9::1]/", "2001:db8::/32"),
    NOT_EXCEPTED("ws://[2001:db8::1]/", "[2001:db8::1"),
    NOT_EXCEPTED("ws://[2001:db8::1]/", "[2001:db8::1]x"),
    NOT_EXCEPTED("ws://[2001:db8::1]/", "[]"),
};

static bool is_same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static size_t run(const struct row *table, size_t count) {
    size_t failures = 0;
    for (size_t i = 0; i < count; i++) {
        environment = table[i].environment;
        const char *variable = "not written";
        const char *proxy = why_proxy_for(table[i].url, lookup, &variable);
        if (!is_same(proxy, table[i].proxy) || !is_same(variable, table[i].variable)) {
            failures++;
            print_message("FAIL %s for %s: %s by %s\n", table[i].name, table[i].url,
                          proxy == NULL ? "none" : proxy, variable == NULL ? "none" : variable);
        }
    }
    return failures;
}

static void variables_are_read_in_order(void **state) {
    (void)state;
    assert_int_equal(run(rows, TEST_COUNT(rows)), 0);
}

static void no_proxy_takes_out(void **state) {
    (void)state;
    assert_int_equal(run(exceptions, TEST_COUNT(exceptions)), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_read_in_order),
        cmocka_unit_test(no_proxy_takes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
