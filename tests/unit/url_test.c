/* SPDX-License-Identifier: MIT
 *
 * URLs: what each part becomes, and that each refusal names its offset and the mend. Every text
 * ends at a guard page, and every prefix of it is parsed too.
 */
#include "net/url.h"

#include "support/guard.h"
#include "support/test.h"

#include <string.h>

struct good {
    const char *name;
    const char *text;
    enum why__scheme scheme;
    const char *host, *host_header;
    uint16_t port;
    const char *target;
    const char *user, *password; /* NULL: none */
    bool is_address;
};

static const struct good goods[] = {
    {"plain", "ws://example.com/chat", WHY__SCHEME_WS, "example.com", "example.com", 80, "/chat",
     NULL, NULL, false},
    {"TLS", "wss://example.com/", WHY__SCHEME_WSS, "example.com", "example.com", 443, "/", NULL,
     NULL, false},
    {"http means ws", "http://example.com:81/", WHY__SCHEME_WS, "example.com", "example.com:81", 81,
     "/", NULL, NULL, false},
    {"https means wss", "https://example.com", WHY__SCHEME_WSS, "example.com", "example.com", 443,
     "/", NULL, NULL, false},
    {"scheme and host in capitals", "WSS://EXAMPLE.Com/A", WHY__SCHEME_WSS, "example.com",
     "example.com", 443, "/A", NULL, NULL, false},
    {"the usual port is not repeated", "ws://example.com:80/", WHY__SCHEME_WS, "example.com",
     "example.com", 80, "/", NULL, NULL, false},
    {"the other's usual port is", "ws://example.com:443/", WHY__SCHEME_WS, "example.com",
     "example.com:443", 443, "/", NULL, NULL, false},
    {"empty port", "ws://example.com:/", WHY__SCHEME_WS, "example.com", "example.com", 80, "/",
     NULL, NULL, false},
    {"highest port", "ws://example.com:65535", WHY__SCHEME_WS, "example.com", "example.com:65535",
     65535, "/", NULL, NULL, false},
    {"query without path", "ws://example.com?a=1", WHY__SCHEME_WS, "example.com", "example.com", 80,
     "/?a=1", NULL, NULL, false},
    {"percent-encoding is kept", "ws://h/%2F%c3%a9?q=%23", WHY__SCHEME_WS, "h", "h", 80,
     "/%2F%c3%a9?q=%23", NULL, NULL, false},
    {"dots in the path are kept", "ws://h/a/../b//c", WHY__SCHEME_WS, "h", "h", 80, "/a/../b//c",
     NULL, NULL, false},
    {"IPv4", "ws://127.0.0.1:9001/", WHY__SCHEME_WS, "127.0.0.1", "127.0.0.1:9001", 9001, "/", NULL,
     NULL, true},
    {"IPv6", "ws://[::1]:9001/", WHY__SCHEME_WS, "::1", "[::1]:9001", 9001, "/", NULL, NULL, true},
    {"IPv6 without a port, made regular", "wss://[2001:DB8:0:0::1]", WHY__SCHEME_WSS, "2001:db8::1",
     "[2001:db8::1]", 443, "/", NULL, NULL, true},
    {"last dot of a name", "ws://example.com./", WHY__SCHEME_WS, "example.com.", "example.com.", 80,
     "/", NULL, NULL, false},
    {"underscore", "ws://my_app/", WHY__SCHEME_WS, "my_app", "my_app", 80, "/", NULL, NULL, false},
    {"international name",
     "ws://b\xc3\xbc"
     "cher.example/",
     WHY__SCHEME_WS, "xn--bcher-kva.example", "xn--bcher-kva.example", 80, "/", NULL, NULL, false},
    {"user", "ws://me@h/", WHY__SCHEME_WS, "h", "h", 80, "/", "me", "", false},
    {"user and password, decoded", "ws://me%40x:p%3a%20:w@h/", WHY__SCHEME_WS, "h", "h", 80, "/",
     "me@x", "p: :w", false},
    {"the last @ ends the password", "ws://me:a@b@h/", WHY__SCHEME_WS, "h", "h", 80, "/", "me",
     "a@b", false},
    {"an @ in the path is the path's", "ws://h/@a", WHY__SCHEME_WS, "h", "h", 80, "/@a", NULL, NULL,
     false},
    {"a digit first", "ws://1a/", WHY__SCHEME_WS, "1a", "1a", 80, "/", NULL, NULL, false},
};

struct bad {
    const char *name;
    const char *text;
    size_t len; /* 0: up to its NUL */
    size_t offset;
    const char *says; /* part of the refusal */
};

static const struct bad bads[] = {
    {"empty", "", 0, 0, "empty"},
    {"no scheme", "example.com/chat", 0, 0, "did you mean ws://example.com/chat?"},
    {"no scheme but a port", "localhost:8080/x", 0, 0, "did you mean ws://localhost:8080/x?"},
    {"no scheme but slashes", "//example.com/x", 0, 0, "did you mean ws://example.com/x?"},
    {"other scheme", "ftp://example.com/", 0, 0, "\"ftp\" is not known"},
    {"no slashes", "ws:example.com", 0, 3, "did you mean ws://example.com?"},
    {"one slash", "wss:/example.com", 0, 5, "did you mean wss://example.com?"},
    {"fragment", "ws://h/a#b", 0, 8, "no fragment (RFC 6455 section 3)"},
    {"fragment after the host", "ws://h#b", 0, 6, "no fragment"},
    {"line feed", "ws://h/\nX: y", 0, 7, "a line feed"},
    {"carriage return", "ws://h/\r\nX: y", 0, 7, "a carriage return"},
    {"NUL", "ws://h/\0a", 9, 7, "a NUL byte"},
    {"tab", "ws://h/\t", 0, 7, "a tab"},
    {"escape", "ws://h/\x1b[2J", 0, 7, "a control character"},
    {"space", "ws://h/a b", 0, 8, "write %20"},
    {"space at the end", "ws://h/ ", 0, 7, "a space"},
    {"no host", "ws:///x", 0, 5, "the host is missing"},
    {"no host but a port", "ws://:80/x", 0, 5, "the host is missing"},
    {"no host but a user", "ws://me@/x", 0, 8, "the host is missing"},
    {"port 0", "ws://h:0/", 0, 7, "port 0"},
    {"port too large", "ws://h:65536/", 0, 7, "1 to 65535"},
    {"port very much too large", "ws://h:99999999999999999999/", 0, 7, "1 to 65535"},
    {"port no number", "ws://h:80a/", 0, 9, "1 to 65535"},
    {"negative port", "ws://h:-1/", 0, 7, "1 to 65535"},
    {"IPv6 without brackets", "ws://2001:db8::1/", 0, 5, "brackets"},
    {"IPv6 not closed", "ws://[::1/", 0, 5, "not closed"},
    {"IPv6 that is none", "ws://[::g]/", 0, 6, "no IPv6 address"},
    {"IPv6 with rubbish after it", "ws://[::1]a/", 0, 10, "a port (:8080) or a slash"},
    {"IPv6 zone", "ws://[fe80::1%25eth0]/", 0, 13, "zone id"},
    {"IPv4 with three numbers", "ws://10.0.1/", 0, 5, "all four numbers"},
    {"IPv4 out of range", "ws://10.0.0.256/", 0, 5, "all four numbers"},
    {"IPv4 as one number", "ws://2130706433/", 0, 5, "all four numbers"},
    {"IPv4 in hex", "ws://0x7f.1/", 0, 5, "all four numbers"},
    {"IPv4 with a last hex part", "ws://a.0x1/", 0, 5, "all four numbers"},
    {"two dots", "ws://a..b/", 0, 5, "empty part"},
    {"dot first", "ws://.a/", 0, 5, "empty part"},
    {"a dot alone", "ws://./", 0, 5, "empty part"},
    {"character no host has", "ws://a,b/", 0, 5, "cannot have \",\""},
    {"percent-encoded host", "ws://%61/", 0, 5, "percent-encoding"},
    {"slash look-alike in the host",
     "ws://a\xef\xbc\x8f"
     "b/",
     0, 5, "host"},
    {"host that is no UTF-8", "ws://a\xff/", 0, 5, "international"},
    {"backslash", "ws://good.example\\@evil.example/", 0, 17, "backslash"},
    {"control character hidden in the user", "ws://a%0d%0ab@h/", 0, 6, "control character (%0D)"},
    {"NUL hidden in the password", "ws://a:%00@h/", 0, 7, "control character (%00)"},
    {"colon hidden in the user", "ws://a%3ab:c@h/", 0, 5, "colon"},
    {"broken encoding in the user", "ws://a%4@h/", 0, 6, "two hex digits"},
    {"broken encoding", "ws://h/%4", 0, 7, "two hex digits"},
    {"encoding of no hex", "ws://h/%zz", 0, 7, "two hex digits"},
    {"beyond ASCII in the path", "ws://h/\xc3\xa9", 0, 7, "write %C3"},
    {"quote in the query", "ws://h/?a=\"", 0, 10, "write %22"},
    {"bracket in the query", "ws://h/?a[]=1", 0, 9, "write %5B"},
    {"unix without a path", "ws+unix:", 0, 8, "absolute"},
    {"unix with a host", "ws+unix://h/run/x", 0, 8, "absolute"},
    {"unix relative", "ws+unix:run/x", 0, 8, "absolute"},
    {"unix target without a slash", "ws+unix:/run/x:chat", 0, 15, "begin with a slash"},
    {"unix query without a target", "ws+unix:/run/x?a", 0, 14, "before the query"},
    {"unix with a hidden NUL", "ws+unix:/run/%00", 0, 13, "control character (%00)"},
    {"unix fragment", "ws+unix:/run/x:#a", 0, 15, "no fragment"},
};

static int parse_guarded(struct why__url *url, const char *text, size_t len, char *error,
                         size_t error_size) {
    uint8_t *guarded = test_guard_new(len);
    memcpy(guarded, text, len);
    int result = why__url_parse(url, (struct why_bytes){guarded, len}, error, error_size);
    test_guard_free(guarded, len);
    return result;
}

static bool good_holds(const struct good *row) {
    struct why__url url;
    char error[200] = "";
    size_t len = strlen(row->text);
    if (parse_guarded(&url, row->text, len, error, sizeof error) != WHY_OK) {
        print_message("FAIL %s: refused: %s\n", row->name, error);
        return false;
    }
    bool ok = url.scheme == row->scheme && strcmp(url.host, row->host) == 0 &&
              strcmp(url.host_header, row->host_header) == 0 && url.port == row->port &&
              strcmp(url.target, row->target) == 0 && url.has_user == (row->user != NULL) &&
              url.is_address == row->is_address &&
              (row->user == NULL ||
               (strcmp(url.user, row->user) == 0 && strcmp(url.password, row->password) == 0));
    if (!ok) {
        print_message("FAIL %s: %s %s %u %s\n", row->name, url.host, url.host_header,
                      (unsigned)url.port, url.target);
    }
    for (size_t cut = 0; cut < len; cut++) {
        (void)!parse_guarded(&url, row->text, cut, error, sizeof error);
    }
    return ok;
}

static void parts_are_found(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(goods); i++) {
        failures += !good_holds(&goods[i]);
    }
    assert_int_equal(failures, 0);
}

static bool bad_holds(const struct bad *row) {
    struct why__url url;
    char error[200] = "";
    size_t len = row->len != 0 ? row->len : strlen(row->text);
    int result = parse_guarded(&url, row->text, len, error, sizeof error);
    size_t offset = SIZE_MAX;
    bool ok = result == WHY_ERR_ARGUMENT && sscanf(error, "offset %zu: ", &offset) == 1 &&
              offset == row->offset && strstr(error, row->says) != NULL;
    if (!ok) {
        print_message("FAIL %s: result %d, \"%s\"\n", row->name, result, error);
    }
    char small[8];
    for (size_t cut = 0; cut <= len; cut++) {
        (void)!parse_guarded(&url, row->text, cut, small, cut % sizeof small);
    }
    return ok;
}

static void refusals_name_offset_and_mend(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(bads); i++) {
        failures += !bad_holds(&bads[i]);
    }
    assert_int_equal(failures, 0);
}

static void unix_sockets_have_a_path_and_a_target(void **state) {
    (void)state;
    static const struct {
        const char *text, *path, *target;
    } rows[] = {
        {"ws+unix:/run/app.sock:/chat?a=1", "/run/app.sock", "/chat?a=1"},
        {"ws+unix:/run/app.sock", "/run/app.sock", "/"},
        {"ws+unix:/run/app.sock:", "/run/app.sock", "/"},
        {"ws+unix:///run/app.sock:/x", "/run/app.sock", "/x"},
        {"ws+unix:/run/a%3Ab%20c:/x", "/run/a:b c", "/x"},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__url url;
        char error[200] = "";
        int result = parse_guarded(&url, rows[i].text, strlen(rows[i].text), error, sizeof error);
        assert_string_equal(error, "");
        assert_int_equal(result, WHY_OK);
        assert_int_equal(url.scheme, WHY__SCHEME_WS_UNIX);
        assert_string_equal(url.unix_path, rows[i].path);
        assert_string_equal(url.target, rows[i].target);
        assert_string_equal(url.host_header, "localhost");
    }
}

/* `head`, then `count` times `fill`. */
static int parse_long(const char *head, char fill, size_t count) {
    static char text[2 * WHY__URL_LEN_MAX];
    size_t len = strlen(head);
    memcpy(text, head, len);
    memset(text + len, fill, count);
    struct why__url url;
    char error[200];
    return parse_guarded(&url, text, len + count, error, sizeof error);
}

static void lengths_are_bounded(void **state) {
    (void)state;
    assert_int_equal(parse_long("ws://h/", 'a', WHY__TARGET_LEN_MAX - 1), WHY_OK);
    assert_int_equal(parse_long("ws://h/", 'a', WHY__TARGET_LEN_MAX), WHY_ERR_ARGUMENT);
    assert_int_equal(parse_long("ws://h/", 'a', WHY__URL_LEN_MAX), WHY_ERR_ARGUMENT);
    assert_int_equal(parse_long("ws://", 'a', 63), WHY_OK);
    assert_int_equal(parse_long("ws://", 'a', 64), WHY_ERR_ARGUMENT);
    assert_int_equal(parse_long("ws://h:", '0', 300), WHY_ERR_ARGUMENT);
    assert_int_equal(parse_long("ws+unix:/", 'a', WHY__UNIX_PATH_LEN_MAX - 1), WHY_OK);
    assert_int_equal(parse_long("ws+unix:/", 'a', WHY__UNIX_PATH_LEN_MAX), WHY_ERR_ARGUMENT);
    assert_int_equal(parse_long("ws://[", ':', 300), WHY_ERR_ARGUMENT);
}

static void proxies_are_hosts_with_a_port(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int result;
        enum why__scheme scheme;
        const char *host;
        uint16_t port;
    } rows[] = {
        {"http://proxy.example:3128", WHY_OK, WHY__SCHEME_HTTP_PROXY, "proxy.example", 3128},
        {"http://proxy.example/", WHY_OK, WHY__SCHEME_HTTP_PROXY, "proxy.example", 80},
        {"proxy.example:3128", WHY_OK, WHY__SCHEME_HTTP_PROXY, "proxy.example", 3128},
        {"10.0.0.1", WHY_OK, WHY__SCHEME_HTTP_PROXY, "10.0.0.1", 80},
        {"[::1]:8888", WHY_OK, WHY__SCHEME_HTTP_PROXY, "::1", 8888},
        {"me:secret@proxy:1", WHY_OK, WHY__SCHEME_HTTP_PROXY, "proxy", 1},
        {"socks5://127.0.0.1", WHY_OK, WHY__SCHEME_SOCKS5, "127.0.0.1", 1080},
        {"socks5h://tor:9050", WHY_OK, WHY__SCHEME_SOCKS5H, "tor", 9050},
        {"socks4://tor:9050", WHY_ERR_ARGUMENT, WHY__SCHEME_WS, "", 0},
        {"https://proxy:1", WHY_ERR_ARGUMENT, WHY__SCHEME_WS, "", 0},
        {"ws://proxy:1", WHY_ERR_ARGUMENT, WHY__SCHEME_WS, "", 0},
        {"http://proxy:1/path", WHY_ERR_ARGUMENT, WHY__SCHEME_WS, "", 0},
        {"http://proxy:1?x", WHY_ERR_ARGUMENT, WHY__SCHEME_WS, "", 0},
        {"", WHY_ERR_ARGUMENT, WHY__SCHEME_WS, "", 0},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why__url url;
        char error[200] = "";
        struct why_bytes text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
        int result = why__url_parse_proxy(&url, text, error, sizeof error);
        if (result != rows[i].result) {
            print_message("FAIL %s: %s\n", rows[i].text, error);
        }
        assert_int_equal(result, rows[i].result);
        if (result == WHY_OK) {
            assert_int_equal(url.scheme, rows[i].scheme);
            assert_string_equal(url.host, rows[i].host);
            assert_int_equal(url.port, rows[i].port);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found),
        cmocka_unit_test(refusals_name_offset_and_mend),
        cmocka_unit_test(unix_sockets_have_a_path_and_a_target),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(proxies_are_hosts_with_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
