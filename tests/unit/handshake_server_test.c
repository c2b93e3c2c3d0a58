/* SPDX-License-Identifier: MIT
 *
 * The server's side of the opening handshake: what is let in, what is refused and with which
 * status, cause and header. Each row runs whole, bytewise and at every split.
 */
#include "support/pieces.h"
#include "support/test.h"
#include "support/upgrade.h"

#include <stdlib.h>
#include <string.h>

/* What a row comes to. */
enum outcome {
    UPGRADED, /* a good upgrade */
    PLAIN,    /* a plain request */
    REFUSED,
};

struct row {
    const char *name;
    const char *rfc; /* section of RFC 6455 unless it says another */
    const char *input;
    size_t input_len; /* 0: strlen */
    enum outcome expect;
    uint16_t expect_status;
    const char *expect_cause;  /* without "http.request." */
    const char *expect_header; /* the header refused; NULL: none */
    const struct why_origin_policy *policy;
};

#define WITH_NUL(text) .input = (text), .input_len = sizeof(text) - 1

static const char *const listed_origins[] = {"https://a.example", "http://b.example:8080",
                                             "https://[2001:db8::1]", "not an origin"};
static const char *const known_hosts[] = {"a.example", "b.example:9000"};
static const struct why_origin_policy list_policy = {
    .mode = WHY_ORIGIN_LIST, .origins = listed_origins, .origin_count = 4};
static const struct why_origin_policy same_policy = {
    .mode = WHY_ORIGIN_SAME, .hosts = known_hosts, .host_count = 2};
static const struct why_origin_policy any_policy = {.mode = WHY_ORIGIN_ANY};

/* NOLINTBEGIN(bugprone-macro-parentheses): strings are joined, which parentheses would prevent */
#define ORIGIN_ROW(title, policy_, origin, outcome)                                                \
    {                                                                                              \
        .name = title, .rfc = "10.2", .input = GOOD "Origin: " origin "\r\n" END,                  \
        .policy = &(policy_), .expect = outcome, .expect_status = (outcome) == REFUSED ? 403 : 0,  \
        .expect_cause = "origin", .expect_header = "Origin"                                        \
    }

#define HOST_ROW(title, value, outcome)                                                            \
    {                                                                                              \
        .name = title, .rfc = "9110 7.2",                                                          \
        .input = GET "Host: " value "\r\n" UPGRADE KEY VERSION END, .expect = outcome,             \
        .expect_status = (outcome) == REFUSED ? 400 : 0, .expect_cause = "host",                   \
        .expect_header = "Host"                                                                    \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

#define REFUSAL(status, cause, header)                                                             \
    .expect = REFUSED, .expect_status = (status), .expect_cause = (cause), .expect_header = (header)

#define NAME_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_250 NAME_50 NAME_50 NAME_50 NAME_50 NAME_50

static const struct row rows[] = {
    /* Let in */
    {.name = "a good request", .rfc = "4.2.1", .input = GOOD END},
    {.name = "names and tokens in any case",
     .rfc = "4.2.1",
     .input = GET HOST "UPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n"
                       "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "SEC-WEBSOCKET-VERSION: 13\r\n" END},
    {.name = "Connection in two lines",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: "
                       "upgrade\r\n" KEY VERSION END},
    {.name = "the key of the RFC's own example, with bits set past its end",
     .rfc = "4.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n" END},
    {.name = "Content-Length: 0", .rfc = "4.2.1", .input = GOOD "Content-Length: 0\r\n" END},
    {.name = "extensions and subprotocols",
     .rfc = "4.2.1",
     .input = GOOD "Sec-WebSocket-Extensions: x; y=\"z\"\r\nSec-WebSocket-Protocol: chat\r\n"
                   "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                   "Sec-WebSocket-Protocol: superchat , v2.a\r\n" END},

    /* Plain requests */
    {.name = "a GET", .rfc = "4.2.1", .input = GET HOST END, .expect = PLAIN},
    {.name = "a HEAD", .rfc = "4.2.1", .input = "HEAD / HTTP/1.1\r\n" HOST END, .expect = PLAIN},
    {.name = "an upgrade to h2c", /* bad input, row 15 */
     .rfc = "9110 7.8",
     .input = GET HOST "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n" END,
     .expect = PLAIN},
    {.name = "an upgrade to TLS",
     .rfc = "9110 7.8",
     .input = GET HOST "Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n" END,
     .expect = PLAIN},

    /* Grammar */
    {.name = "a header line in LF",
     .rfc = "9112 2.2",
     .input = GET "Host: a\n" UPGRADE KEY VERSION END,
     REFUSAL(400, "malformed", "Host")},
    {.name = "a NUL",
     .rfc = "9110 5.5",
     WITH_NUL(GET HOST "X: a\0b\r\n" END),
     REFUSAL(400, "malformed", "X")},
    {.name = "HTTP/1.0",
     .rfc = "4.2.1",
     .input = "GET / HTTP/1.0\r\n" HOST UPGRADE KEY VERSION END,
     REFUSAL(505, "malformed", NULL)},
    {.name = "absolute-form",
     .rfc = "4.2.1",
     .input = "GET http://a.example/ HTTP/1.1\r\n" HOST UPGRADE KEY VERSION END,
     REFUSAL(400, "malformed", NULL)},

    /* Method */
    {.name = "POST",
     .rfc = "4.2.1",
     .input = "POST / HTTP/1.1\r\n" HOST UPGRADE KEY VERSION END,
     REFUSAL(405, "method", NULL)},
    {.name = "get in lower case",
     .rfc = "4.2.1",
     .input = "get / HTTP/1.1\r\n" HOST END,
     REFUSAL(405, "method", NULL)},
    {.name = "an upgrade with HEAD",
     .rfc = "4.2.1",
     .input = "HEAD / HTTP/1.1\r\n" HOST UPGRADE KEY VERSION END,
     REFUSAL(405, "method", NULL)},

    /* Host: bad input, rows 7 and 25 */
    {.name = "no Host",
     .rfc = "4.2.1",
     .input = GET UPGRADE KEY VERSION END,
     REFUSAL(400, "host", NULL)},
    {.name = "two Hosts",
     .rfc = "9112 3.2",
     .input = GET HOST HOST UPGRADE KEY VERSION END,
     REFUSAL(400, "host", "Host")},
    {.name = "two Hosts on a plain request",
     .rfc = "9112 3.2",
     .input = GET HOST HOST END,
     REFUSAL(400, "host", "Host")},
    HOST_ROW("a name", "localhost", UPGRADED),
    HOST_ROW("an IPv4 address", "127.0.0.1:80", UPGRADED),
    HOST_ROW("an IPv6 address", "[::1]", UPGRADED),
    HOST_ROW("an IPv6 address with a port", "[2001:db8::1:2]:65535", UPGRADED),
    HOST_ROW("an IPv6 address in full", "[1:2:3:4:5:6:7:8]", UPGRADED),
    HOST_ROW("an IPv6 address with IPv4 at its end", "[::ffff:192.0.2.1]", UPGRADED),
    HOST_ROW("an empty Host", "", REFUSED),
    HOST_ROW("a bracket that does not close", "[::1", REFUSED),
    HOST_ROW("a bracket that does not open", "::1]", REFUSED),
    HOST_ROW("two colons", "a:b:c", REFUSED),
    HOST_ROW("an IPv6 address without brackets", "::1", REFUSED),
    HOST_ROW("nine groups", "[1:2:3:4:5:6:7:8:9]", REFUSED),
    HOST_ROW("seven groups", "[1:2:3:4:5:6:7]", REFUSED),
    HOST_ROW("two gaps", "[1::2::3]", REFUSED),
    HOST_ROW("three colons", "[:::]", REFUSED),
    HOST_ROW("a group of five digits", "[::12345]", REFUSED),
    HOST_ROW("an octet of 256", "[::256.0.0.1]", REFUSED),
    HOST_ROW("three octets", "[::1.2.3]", REFUSED),
    HOST_ROW("nothing in brackets", "[]", REFUSED),
    HOST_ROW("a zone", "[fe80::1%25eth0]", REFUSED),
    HOST_ROW("a port without a host", ":80", REFUSED),
    HOST_ROW("a colon without a port", "a:", REFUSED),
    HOST_ROW("a port of 65536", "a:65536", REFUSED),
    HOST_ROW("a port of 0", "a:0", REFUSED),
    HOST_ROW("a port with a sign", "a:+80", REFUSED),
    HOST_ROW("a user", "u@a", REFUSED),
    HOST_ROW("a path", "a/b", REFUSED),
    HOST_ROW("two names", "a, b", REFUSED),
    HOST_ROW("bytes above 7f", "\x80\xff", REFUSED),
    HOST_ROW("300 bytes", NAME_250 NAME_50, REFUSED),
    HOST_ROW("253 bytes", NAME_250 "aaa", UPGRADED),

    /* A body: bad input, rows 9, 10, 11, 20 */
    {.name = "a body of one gigabyte",
     .rfc = "4.2.1",
     .input = GOOD "Content-Length: 1073741824\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a body that is another request",
     .rfc = "4.2.1",
     .input = GOOD "Content-Length: 40\r\n" END "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n",
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a body in chunks",
     .rfc = "4.2.1",
     .input = GOOD "Transfer-Encoding: chunked\r\n" END,
     REFUSAL(400, "body", "Transfer-Encoding")},
    {.name = "a body of a plain request",
     .rfc = "9110 9.3.1",
     .input = GET HOST "Content-Length: 5\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a negative length",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: -148\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a length with a plus sign",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: +0\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a hexadecimal length",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: 0x5\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a list of lengths",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: 0,0\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "two lengths with a space",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: 0 0\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "a length of 2^64 + 5",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: 18446744073709551621\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "an empty length",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length:\r\n" END,
     REFUSAL(400, "body", "Content-Length")},
    {.name = "two lengths",
     .rfc = "9110 8.6",
     .input = GOOD "Content-Length: 0\r\nContent-Length: 0\r\n" END,
     REFUSAL(400, "body", "Content-Length")},

    /* Upgrade and Connection: bad input, row 15 */
    {.name = "websocket and h2c",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n" KEY VERSION END,
     REFUSAL(426, "upgrade", "Upgrade")},
    {.name = "websocket in two lines",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: websocket\r\n" UPGRADE KEY VERSION END,
     REFUSAL(426, "upgrade", "Upgrade")},
    {.name = "h2c with a WebSocket's key",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n" KEY VERSION END,
     REFUSAL(426, "upgrade", "Upgrade")},
    {.name = "a proxy has taken Upgrade away",
     .rfc = "4.2.1",
     .input = GET HOST "Connection: close\r\n" KEY VERSION END,
     REFUSAL(426, "upgrade", NULL)},
    {.name = "a proxy has set Connection: close",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: websocket\r\nConnection: close\r\n" KEY VERSION END,
     REFUSAL(426, "upgrade", "Connection")},
    {.name = "no Connection",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: websocket\r\n" KEY VERSION END,
     REFUSAL(426, "upgrade", NULL)},
    {.name = "a Connection that only begins so",
     .rfc = "4.2.1",
     .input = GET HOST "Upgrade: websocket\r\nConnection: upgraded\r\n" KEY VERSION END,
     REFUSAL(426, "upgrade", "Connection")},

    /* Version: bad input, row 16 */
    {.name = "no version",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE KEY END,
     REFUSAL(426, "version", NULL)},
    {.name = "version 8",
     .rfc = "4.4",
     .input = GET HOST UPGRADE KEY "Sec-WebSocket-Version: 8\r\n" END,
     REFUSAL(426, "version", "Sec-WebSocket-Version")},
    {.name = "version 1777",
     .rfc = "4.4",
     .input = GET HOST UPGRADE KEY "Sec-WebSocket-Version: 1777\r\n" END,
     REFUSAL(426, "version", "Sec-WebSocket-Version")},
    {.name = "version 13,13",
     .rfc = "4.4",
     .input = GET HOST UPGRADE KEY "Sec-WebSocket-Version: 13,13\r\n" END,
     REFUSAL(426, "version", "Sec-WebSocket-Version")},
    {.name = "version 13x",
     .rfc = "4.4",
     .input = GET HOST UPGRADE KEY "Sec-WebSocket-Version:  13x\r\n" END,
     REFUSAL(426, "version", "Sec-WebSocket-Version")},
    {.name = "version 013",
     .rfc = "4.4",
     .input = GET HOST UPGRADE KEY "Sec-WebSocket-Version: 013\r\n" END,
     REFUSAL(426, "version", "Sec-WebSocket-Version")},
    {.name = "two versions",
     .rfc = "11.3.5",
     .input = GOOD VERSION END,
     REFUSAL(400, "version", "Sec-WebSocket-Version")},

    /* Key */
    {.name = "no key",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION END,
     REFUSAL(400, "key", NULL)},
    {.name = "two keys",
     .rfc = "11.3.1",
     .input = GOOD KEY END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},
    {.name = "an empty key",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key:\r\n" END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},
    {.name = "a key of 15 bytes",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},
    {.name = "a key of 17 bytes",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWE=\r\n" END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},
    {.name = "a key without its padding",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n" END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},
    {.name = "a key with a space inside",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs SBub25jZQ==\r\n" END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},
    {.name = "a key in the alphabet of URLs",
     .rfc = "4.2.1",
     .input = GET HOST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25jZQ==\r\n" END,
     REFUSAL(400, "key", "Sec-WebSocket-Key")},

    /* Origin: bad input, rows 33, 34, 35. The Host of all of these is a.example:8080. */
    ORIGIN_ROW("listed", list_policy, "https://a.example", UPGRADED),
    ORIGIN_ROW("listed, with the default port", list_policy, "https://a.example:443", UPGRADED),
    ORIGIN_ROW("listed, in capitals", list_policy, "HTTPS://A.EXAMPLE", UPGRADED),
    ORIGIN_ROW("listed, with a port", list_policy, "http://b.example:8080", UPGRADED),
    ORIGIN_ROW("listed, an IPv6 address", list_policy, "https://[2001:DB8::1]", UPGRADED),
    ORIGIN_ROW("listed as a beginning", list_policy, "https://a.example.evil.io", REFUSED),
    ORIGIN_ROW("listed as an end", list_policy, "https://evil-a.example", REFUSED),
    ORIGIN_ROW("a host below one listed", list_policy, "https://x.a.example", REFUSED),
    ORIGIN_ROW("another scheme", list_policy, "http://a.example", REFUSED),
    ORIGIN_ROW("another port", list_policy, "https://a.example:444", REFUSED),
    ORIGIN_ROW("a port left out", list_policy, "http://b.example", REFUSED),
    ORIGIN_ROW("null", list_policy, "null", REFUSED),
    ORIGIN_ROW("a file", list_policy, "file://", REFUSED),
    ORIGIN_ROW("with a slash", list_policy, "https://a.example/", REFUSED),
    ORIGIN_ROW("with a user", list_policy, "https://a.example@evil.io", REFUSED),
    ORIGIN_ROW("two in one", list_policy, "https://a.example https://a.example", REFUSED),
    ORIGIN_ROW("empty", list_policy, "", REFUSED),
    ORIGIN_ROW("a scheme alone", list_policy, "https:", REFUSED),
    ORIGIN_ROW("an entry of the list that is none", list_policy, "not an origin", REFUSED),
    {.name = "two Origins",
     .rfc = "10.2",
     .input = GOOD "Origin: https://a.example\r\nOrigin: https://a.example\r\n" END,
     .policy = &list_policy,
     REFUSAL(403, "origin", "Origin")},
    {.name = "two Origins where any may come",
     .rfc = "10.2",
     .input = GOOD "Origin: https://a.example\r\nOrigin: https://b.example\r\n" END,
     .policy = &any_policy,
     REFUSAL(403, "origin", "Origin")},
    {.name = "no Origin where there is a list: no browser",
     .rfc = "10.2",
     .input = GOOD END,
     .policy = &list_policy},
    ORIGIN_ROW("any", any_policy, "https://evil.example", UPGRADED),
    ORIGIN_ROW("any, and null", any_policy, "null", UPGRADED),
    ORIGIN_ROW("the same as a known Host", same_policy, "http://a.example:8080", UPGRADED),
    ORIGIN_ROW("the same, in capitals", same_policy, "HTTP://A.Example:8080", UPGRADED),
    ORIGIN_ROW("a known Host, another port", same_policy, "http://a.example", REFUSED),
    ORIGIN_ROW("another host", same_policy, "https://evil.example", REFUSED),
    ORIGIN_ROW("another known host than Host", same_policy, "http://localhost:8080", REFUSED),
    ORIGIN_ROW("null beside a known Host", same_policy, "null", REFUSED),
    {.name = "by default a foreign Origin is refused",
     .rfc = "10.2",
     .input = GOOD "Origin: https://evil.example\r\nCookie: a=b\r\n" END,
     REFUSAL(403, "origin", "Origin")},
    {.name = "by default the same Origin as a Host that is not known: DNS rebinding",
     .rfc = "10.2",
     .input = GET "Host: attack.poc\r\n" UPGRADE KEY VERSION "Origin: http://attack.poc\r\n" END,
     REFUSAL(403, "origin", "Origin")},
    {.name = "by default localhost",
     .rfc = "10.2",
     .input = GET "Host: LocalHost:9001\r\n" UPGRADE KEY VERSION
                  "Origin: http://localhost:9001\r\n" END},
    {.name = "by default 127.0.0.1, with its scheme's port",
     .rfc = "10.2",
     .input = GET "Host: 127.0.0.1\r\n" UPGRADE KEY VERSION "Origin: http://127.0.0.1\r\n" END},
    {.name = "by default [::1]",
     .rfc = "10.2",
     .input = GET "Host: [::1]:443\r\n" UPGRADE KEY VERSION "Origin: https://[::1]\r\n" END},
    {.name = "a known host that is known on one port",
     .rfc = "10.2",
     .input =
         GET "Host: b.example:9000\r\n" UPGRADE KEY VERSION "Origin: http://b.example:9000\r\n" END,
     .policy = &same_policy},
    {.name = "a known host on another port than the one it is known on",
     .rfc = "10.2",
     .input =
         GET "Host: b.example:9001\r\n" UPGRADE KEY VERSION "Origin: http://b.example:9001\r\n" END,
     .policy = &same_policy,
     REFUSAL(403, "origin", "Origin")},
    {.name = "a plain request is not asked for its Origin",
     .rfc = "10.2",
     .input = GET HOST "Origin: https://evil.example\r\n" END,
     .expect = PLAIN},

    /* Extensions and subprotocols: bad input, rows 2 and 3 */
    {.name = "extensions with a quoted string that does not end",
     .rfc = "9.1",
     .input = GOOD "Sec-WebSocket-Extensions: a; b=\"\\c\\c\\c\\c\r\n" END,
     REFUSAL(400, "extensions", "Sec-WebSocket-Extensions")},
    {.name = "no extensions in their header",
     .rfc = "9.1",
     .input = GOOD "Sec-WebSocket-Extensions:\r\n" END,
     REFUSAL(400, "extensions", "Sec-WebSocket-Extensions")},
    {.name = "a second line of extensions that is malformed",
     .rfc = "9.1",
     .input = GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                   "Sec-WebSocket-Extensions: ;\r\n" END,
     REFUSAL(400, "extensions", "Sec-WebSocket-Extensions")},
    {.name = "a window of 8, declined", /* row 89 */
     .rfc = "7692 7.1.2.1",
     .input =
         GOOD "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\n" END},
    {.name = "a window of 16, declined", /* row 84 */
     .rfc = "7692 7.1.2.1",
     .input =
         GOOD "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16\r\n" END},
    {.name = "a subprotocol with a space",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: b                 x\r\n" END,
     REFUSAL(400, "subprotocols", "Sec-WebSocket-Protocol")},
    {.name = "no subprotocols in their header",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: , ,\r\n" END,
     REFUSAL(400, "subprotocols", "Sec-WebSocket-Protocol")},
    {.name = "a subprotocol twice, in two lines",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: a\r\n" END,
     REFUSAL(400, "subprotocols", "Sec-WebSocket-Protocol")},
};

/* The right status, a way out of the connection, a body as long as it says, and the record. */
static bool is_refused_as(const struct row *row, const struct test_upgrade *fixture) {
    struct why_record record;
    why_record_init(&record);
    why_server_handshake_report(fixture->handshake, &record);
    char begin[32];
    char cause[64];
    snprintf(begin, sizeof begin, "HTTP/1.1 %u ", row->expect_status);
    snprintf(cause, sizeof cause, "http.request.%s", row->expect_cause);
    const char *answer = test_upgrade_output(fixture);
    const char *body = strstr(answer, "\r\n\r\n");
    char length[48] = "";
    if (body != NULL) {
        snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", strlen(body + 4));
    }
    bool is_head = strncmp(row->input, "HEAD", 4) == 0;
    return strncmp(answer, begin, strlen(begin)) == 0 &&
           strstr(answer, "\r\nConnection: close") != NULL && body != NULL &&
           (is_head || strstr(answer, length) != NULL) &&
           (row->expect_status != 426 ||
            (strstr(answer, "\r\nSec-WebSocket-Version: 13\r\n") != NULL &&
             strstr(answer, "\r\nUpgrade: websocket\r\n") != NULL)) &&
           (row->expect_status != 405 || strstr(answer, "\r\nAllow: GET, HEAD\r\n") != NULL) &&
           strcmp(why_cause_id(record.cause), cause) == 0 && record.detail[0] != '\0' &&
           record.http.status == row->expect_status &&
           strcmp(record.http.header, row->expect_header == NULL ? "" : row->expect_header) == 0;
}

static bool is_as_expected(const struct row *row, const struct test_upgrade *fixture,
                           enum why_handshake_state state) {
    if (row->expect == REFUSED) {
        return state == WHY_HANDSHAKE_FAILED && is_refused_as(row, fixture);
    }
    return state == WHY_HANDSHAKE_DECIDE && test_upgrade_output(fixture)[0] == '\0' &&
           why_server_handshake_is_upgrade(fixture->handshake) == (row->expect == UPGRADED);
}

static bool run(const void *context, size_t first, size_t piece) {
    const struct row *row = context;
    size_t len = row->input_len != 0 ? row->input_len : strlen(row->input);
    struct test_upgrade fixture;
    test_upgrade_start(&fixture, row->policy);
    test_feed((const uint8_t *)row->input, len, first, piece, test_upgrade_take, fixture.handshake);
    struct why_bytes none = {NULL, 0};
    enum why_handshake_state state = why_server_handshake_receive(fixture.handshake, &none);
    bool pass = is_as_expected(row, &fixture, state);
    if (!pass) {
        struct why_record record;
        why_record_init(&record);
        why_server_handshake_report(fixture.handshake, &record);
        print_error("%s (RFC 6455 section %s), first %zu then %zu: state %d, %s, header \"%s\", "
                    "answer %.32s\n",
                    row->name, row->rfc, first, piece, (int)state, why_cause_id(record.cause),
                    record.http.header, test_upgrade_output(&fixture));
    }
    test_upgrade_end(&fixture);
    return pass;
}

static void requests_are_judged_the_same_at_every_split(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = rows[i].input_len != 0 ? rows[i].input_len : strlen(rows[i].input);
        failures += test_every_split(&rows[i], len, run);
    }
    assert_int_equal(failures, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_judged_the_same_at_every_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
