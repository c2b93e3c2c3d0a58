/* SPDX-License-Identifier: MIT
 *
 * The client's side of the opening handshake: what it sends, what it lets in, and the cause and the
 * evidence of what it does not. Each answer comes whole, bytewise and at every split.
 */
#include "whysocket/handshake.h"

#include "support/host.h"
#include "support/pieces.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: @\r\n" /* the @ is replaced by the right value */
#define GOOD SWITCH UPGRADE ACCEPT
#define END "\r\n"

struct row {
    const char *name;
    const char *rfc; /* section of RFC 6455 unless it says another */
    const char *input;
    bool is_eof;              /* the stream ends behind it */
    bool takes_no_deflate;    /* nothing is offered */
    bool is_split_dependent;  /* what came in the same piece is evidence: no look at the body */
    const char *expect_cause; /* NULL: it is good */
    const char *expect_header;
    const char *expect_body;
    const char *expect_detail; /* NULL: any */
    uint16_t expect_status;
    size_t expect_left; /* bytes behind a 101 */
};

#define FAILS(cause, header, status)                                                               \
    .expect_cause = (cause), .expect_header = (header), .expect_status = (status)

static const struct row rows[] = {
    {.name = "a good 101", .rfc = "4.1", .input = GOOD END, .expect_status = 101},
    {.name = "names and tokens in any case",
     .rfc = "4.1",
     .input = SWITCH "UPGRADE: WebSocket\r\nconnection: keep-alive, upgrade\r\n" ACCEPT END,
     .expect_status = 101},
    {.name = "frames behind the 101 stay in the input", /* bad input, row 18 */
     .rfc = "4.1",
     .input = GOOD END "\x81\x02hi",
     .expect_status = 101,
     .expect_left = 4},
    {.name = "interim answers first",
     .rfc = "9110 15.2",
     .input =
         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" GOOD END,
     .expect_status = 101},
    {.name = "a subprotocol of those offered",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: v2\r\n" END,
     .expect_status = 101},
    {.name = "permessage-deflate",
     .rfc = "7692 5.1",
     .input =
         GOOD "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n" END,
     .expect_status = 101},

    /* The headers of a 101 */
    {.name = "no Upgrade",
     .rfc = "4.1",
     .input = SWITCH "Connection: Upgrade\r\n" ACCEPT END,
     FAILS("http.response.upgrade", "", 101)},
    {.name = "an Upgrade to h2c",
     .rfc = "4.1",
     .input = SWITCH "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT END,
     FAILS("http.response.upgrade", "Upgrade", 101)},
    {.name = "an Upgrade to a list",
     .rfc = "4.1",
     .input = SWITCH "Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n" ACCEPT END,
     FAILS("http.response.upgrade", "Upgrade", 101)},
    {.name = "two Upgrades",
     .rfc = "4.1",
     .input = GOOD "Upgrade: websocket\r\n" END,
     FAILS("http.response.upgrade", "Upgrade", 101)},
    {.name = "no Connection",
     .rfc = "4.1",
     .input = SWITCH "Upgrade: websocket\r\n" ACCEPT END,
     FAILS("http.response.upgrade", "", 101)},
    {.name = "Connection: close",
     .rfc = "4.1",
     .input = SWITCH "Upgrade: websocket\r\nConnection: close\r\n" ACCEPT END,
     FAILS("http.response.upgrade", "Connection", 101)},
    {.name = "no Sec-WebSocket-Accept",
     .rfc = "4.1",
     .input = SWITCH UPGRADE END,
     FAILS("http.response.accept", "", 101)},
    {.name = "the answer to another key",
     .rfc = "4.1",
     .input = SWITCH UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" END,
     FAILS("http.response.accept", "Sec-WebSocket-Accept", 101)},
    {.name = "the right answer and more",
     .rfc = "4.1",
     .input = SWITCH UPGRADE "Sec-WebSocket-Accept: @=\r\n" END,
     FAILS("http.response.accept", "Sec-WebSocket-Accept", 101)},
    {.name = "two Sec-WebSocket-Accepts",
     .rfc = "11.3.3",
     .input = GOOD ACCEPT END,
     FAILS("http.response.accept", "Sec-WebSocket-Accept", 101)},
    {.name = "a subprotocol that was not offered",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: v9\r\n" END,
     FAILS("http.response.subprotocol", "Sec-WebSocket-Protocol", 101)},
    {.name = "a subprotocol in capitals",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: V2\r\n" END,
     FAILS("http.response.subprotocol", "Sec-WebSocket-Protocol", 101)},
    {.name = "all that were offered",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol: v1, v2\r\n" END,
     FAILS("http.response.subprotocol", "Sec-WebSocket-Protocol", 101)},
    {.name = "two subprotocols",
     .rfc = "11.3.4",
     .input = GOOD "Sec-WebSocket-Protocol: v1\r\nSec-WebSocket-Protocol: v2\r\n" END,
     FAILS("http.response.subprotocol", "Sec-WebSocket-Protocol", 101)},
    {.name = "an empty subprotocol",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Protocol:\r\n" END,
     FAILS("http.response.subprotocol", "Sec-WebSocket-Protocol", 101)},
    {.name = "an extension that was not offered",
     .rfc = "4.1",
     .input = GOOD "Sec-WebSocket-Extensions: x\r\n" END,
     FAILS("http.response.extension", "Sec-WebSocket-Extensions", 101)},
    {.name = "permessage-deflate, not offered",
     .rfc = "4.1",
     .takes_no_deflate = true,
     .input = GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n" END,
     FAILS("http.response.extension", "Sec-WebSocket-Extensions", 101)},
    {.name = "a window of 99", /* bad input, row 84 */
     .rfc = "7692 7.1.2.1",
     .input = GOOD "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                   "server_max_window_bits=99\r\n" END,
     FAILS("http.response.extension", "Sec-WebSocket-Extensions", 101)},
    {.name = "two headers of extensions",
     .rfc = "11.3.2",
     .input =
         GOOD "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"
              "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n" END,
     FAILS("http.response.extension", "Sec-WebSocket-Extensions", 101)},
    {.name = "a 101 of HTTP/1.0",
     .rfc = "4.1",
     .input = "HTTP/1.0 101 x\r\n" UPGRADE ACCEPT END,
     FAILS("http.response.malformed", "", 101)},

    /* Other statuses: bad input, row 13 */
    {.name = "200 with all that a 101 has",
     .rfc = "4.1",
     .input = "HTTP/1.1 200 OK\r\n" UPGRADE ACCEPT "Content-Length: 2\r\n" END "ok",
     FAILS("http.not_upgraded", "", 200),
     .expect_body = "ok"},
    {.name = "204",
     .rfc = "4.1",
     .input = "HTTP/1.1 204 No Content\r\n" UPGRADE ACCEPT END,
     FAILS("http.not_upgraded", "", 204)},
    {.name = "206, until the stream ends",
     .rfc = "4.1",
     .input = "HTTP/1.1 206 x\r\n" UPGRADE ACCEPT END "part",
     .is_eof = true,
     FAILS("http.not_upgraded", "", 206),
     .expect_body = "part"},
    {.name = "301, with where to",
     .rfc = "4.1",
     .input = "HTTP/1.1 301 x\r\nLocation: https://b.example/\r\nContent-Length: 0\r\n" END,
     FAILS("http.status.redirect", "", 301),
     .expect_detail = "Location: https://b.example/"},
    {.name = "401, with what is asked for",
     .rfc = "4.1",
     .input = "HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=a\r\nContent-Length: 0\r\n" END,
     FAILS("http.status.401", "", 401),
     .expect_detail = "WWW-Authenticate: Basic realm=a"},
    {.name = "403 of HTTP/1.0, without a length",
     .rfc = "4.1",
     .input = "HTTP/1.0 403 Forbidden\r\n" END "<h1>no</h1>",
     .is_eof = true,
     FAILS("http.status.403", "", 403),
     .expect_body = "<h1>no</h1>",
     .expect_detail = ""},
    {.name = "404 whose body is cut",
     .rfc = "4.1",
     .input = "HTTP/1.1 404 x\r\nContent-Length: 100\r\n" END "cut",
     .is_eof = true,
     FAILS("http.status.404", "", 404),
     .expect_body = "cut"},
    {.name = "503 in chunks",
     .rfc = "9112 7.1",
     .input = "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\nRetry-After: 7\r\n" END
              "3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n",
     FAILS("http.status.503", "", 503),
     .expect_body = "abc0123456789",
     .expect_detail = "Retry-After: 7"},
    {.name = "502 in a chunk of seventeen digits", /* bad input, row 22 */
     .rfc = "9112 7.1",
     .input = "HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n" END "10000000000000003\r\nabc\r\n",
     FAILS("http.status.502", "", 502)},
    {.name = "502 in a chunk that is no number",
     .rfc = "9112 7.1",
     .input = "HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n" END "x\r\nabc\r\n",
     FAILS("http.status.502", "", 502)},
    {.name = "502 in a chunk whose extension has an LF",
     .rfc = "9112 7.1",
     .input = "HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n" END "3;a\nabc\r\n",
     FAILS("http.status.502", "", 502)},
    {.name = "502 in chunks without CR LF between",
     .rfc = "9112 7.1",
     .input = "HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n" END "3\r\nabcd",
     FAILS("http.status.502", "", 502),
     .expect_body = "abc"},
    {.name = "500 with a negative length", /* bad input, row 20 */
     .rfc = "9110 8.6",
     .input = "HTTP/1.1 500 x\r\nContent-Length: -1\r\n" END "ab",
     .is_eof = true,
     FAILS("http.status.5xx", "", 500),
     .expect_body = "ab"},

    /* Grammar */
    {.name = "a header line in LF",
     .rfc = "9112 2.2",
     .input = SWITCH "Upgrade: websocket\n" END,
     FAILS("http.response.malformed", "Upgrade", 101)},
    {.name = "a folded line",
     .rfc = "9112 5.2",
     .input = SWITCH "Upgrade:\r\n websocket\r\n" END,
     FAILS("http.response.malformed", "", 101)},
    {.name = "HTTP/2",
     .rfc = "4.1",
     .input = "HTTP/2 101 x\r\n" UPGRADE ACCEPT END,
     FAILS("http.response.malformed", "", 0)},

    /* Not HTTP */
    {.name = "a server of SSH",
     .rfc = "4.1",
     .input = "SSH-2.0-OpenSSH_9.2\r\n",
     .is_split_dependent = true,
     FAILS("http.not_http", "", 0),
     .expect_body = "SSH-2.0-OpenSSH_9.2\r\n"},
    {.name = "a WebSocket frame without a handshake",
     .rfc = "4.1",
     .input = "\x81\x02hi",
     .is_split_dependent = true,
     FAILS("http.not_http", "", 0),
     .expect_body = "\x81\x02hi"},
    {.name = "HTTP in lower case",
     .rfc = "4.1",
     .input = "HTtp/1.1 101",
     .is_split_dependent = true,
     FAILS("http.not_http", "", 0),
     .expect_body = "HTtp/1.1 101"},
    {.name = "a TLS alert",
     .rfc = "4.1",
     .input = "\x15\x03\x01",
     .is_split_dependent = true,
     FAILS("http.tls_port", "", 0),
     .expect_body = "\x15\x03\x01"},
    {.name = "a TLS handshake record",
     .rfc = "4.1",
     .input = "\x16\x03\x03\x01",
     .is_split_dependent = true,
     FAILS("http.tls_port", "", 0),
     .expect_body = "\x16\x03\x03\x01"},
    {.name = "what begins like TLS and is not",
     .rfc = "4.1",
     .input = "\x15\x04",
     .is_split_dependent = true,
     FAILS("http.not_http", "", 0),
     .expect_body = "\x15\x04"},
    {.name = "one byte of what may be TLS, and the end",
     .rfc = "4.1",
     .input = "\x15",
     .is_eof = true,
     FAILS("http.not_http", "", 0),
     .expect_body = "\x15"},

    /* Cut */
    {.name = "a stream that ends inside the head",
     .rfc = "4.1",
     .input = SWITCH "Upgrade: webs",
     .is_eof = true,
     FAILS("http.response.cut", "", 101)},
    {.name = "a stream that ends behind an interim answer",
     .rfc = "4.1",
     .input = "HTTP/1.1 100 Continue\r\n\r\n",
     .is_eof = true,
     FAILS("http.response.cut", "", 0),
     .expect_detail = "the server ended its stream inside the head"},
};

static const char *const subprotocols[] = {"v1", "v2"};

struct fixture {
    struct test_host host;
    struct why_options options;
    struct why_client_handshake *handshake;
};

static void start(struct fixture *fixture, bool deflate) {
    test_host_init(&fixture->host);
    fixture->options = why_options_default(&fixture->host.host);
    fixture->options.deflate = deflate;
    struct why_client_request request = {.host = "a.example",
                                         .target = "/chat",
                                         .subprotocols = subprotocols,
                                         .subprotocol_count = 2};
    assert_int_equal(why_client_handshake_new(&fixture->options, &request, &fixture->handshake),
                     WHY_OK);
}

static void end(struct fixture *fixture) {
    why_client_handshake_free(fixture->handshake);
    assert_int_equal(fixture->host.live_blocks, 0);
}

/* What a server makes of our request: our own one, so that no second SHA-1 is needed here. That it
 * answers rightly is the server's test, by the RFC's own example. */
static void find_accept(const struct fixture *fixture, char out[29]) {
    struct why_server_handshake *server = why_server_handshake_new(
        &fixture->options, &(struct why_origin_policy){.mode = WHY_ORIGIN_ANY});
    struct why_bytes request = why_client_handshake_output(fixture->handshake);
    assert_int_equal(why_server_handshake_receive(server, &request), WHY_HANDSHAKE_DECIDE);
    assert_int_equal(why_server_handshake_accept(server, NULL), WHY_OK);
    static const char name[] = "Sec-WebSocket-Accept: ";
    struct why_bytes answer = why_server_handshake_output(server);
    const uint8_t *found = memmem(answer.data, answer.len, name, sizeof name - 1);
    assert_non_null(found);
    memcpy(out, found + sizeof name - 1, 28);
    out[28] = '\0';
    why_server_handshake_free(server);
}

static size_t fill_in(const char *text, const char *accept, char *out, size_t out_size) {
    size_t len = 0;
    for (; *text != '\0'; text++) {
        assert_true(len + 30 < out_size);
        if (*text == '@') {
            memcpy(out + len, accept, 28);
            len += 28;
        } else {
            out[len++] = *text;
        }
    }
    return len;
}

static size_t take(void *context, const uint8_t *data, size_t len) {
    struct why_bytes input = {data, len};
    why_client_handshake_receive(context, &input);
    return len - input.len;
}

static bool is_good(const struct row *row, const struct fixture *fixture, size_t left) {
    struct why_bytes none = {NULL, 0};
    return why_client_handshake_receive(fixture->handshake, &none) == WHY_HANDSHAKE_DONE &&
           left == row->expect_left && !why_client_handshake_is_refused(fixture->handshake) &&
           why_client_handshake_head(fixture->handshake)->status == 101;
}

static bool is_failed_as(const struct row *row, const struct why_record *record) {
    const char *header = row->expect_header == NULL ? "" : row->expect_header;
    const char *body = row->expect_body == NULL ? "" : row->expect_body;
    return strcmp(why_cause_id(record->cause), row->expect_cause) == 0 &&
           record->http.status == row->expect_status && strcmp(record->http.header, header) == 0 &&
           (row->is_split_dependent || (record->http.body_len == strlen(body) &&
                                        memcmp(record->http.body, body, strlen(body)) == 0)) &&
           (row->expect_detail == NULL || strcmp(record->detail, row->expect_detail) == 0);
}

static bool run(const void *context, size_t first, size_t piece) {
    const struct row *row = context;
    struct fixture fixture;
    start(&fixture, !row->takes_no_deflate);
    char accept[29];
    find_accept(&fixture, accept);
    char text[1024];
    size_t len = fill_in(row->input, accept, text, sizeof text);
    size_t used = test_feed((const uint8_t *)text, len, first, piece, take, fixture.handshake);
    if (row->is_eof) {
        why_client_handshake_eof(fixture.handshake);
    }
    struct why_record record;
    why_record_init(&record);
    why_client_handshake_report(fixture.handshake, &record);
    bool pass =
        row->expect_cause == NULL ? is_good(row, &fixture, len - used) : is_failed_as(row, &record);
    if (!pass) {
        print_error("%s (RFC 6455 section %s), first %zu then %zu: %s, status %u, header \"%s\", "
                    "detail \"%s\", body \"%.*s\"\n",
                    row->name, row->rfc, first, piece, why_cause_id(record.cause),
                    record.http.status, record.http.header, record.detail, record.http.body_len,
                    record.http.body);
    }
    end(&fixture);
    return pass;
}

static void answers_are_judged_the_same_at_every_split(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t accept_len = strchr(rows[i].input, '@') != NULL ? 28 - 1 : 0;
        failures += test_every_split(&rows[i], strlen(rows[i].input) + accept_len, run);
    }
    assert_int_equal(failures, 0);
}

static void what_came_instead_of_http_is_evidence(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        if (rows[i].is_split_dependent) {
            struct row whole = rows[i];
            whole.is_split_dependent = false;
            assert_true(run(&whole, strlen(whole.input), 1));
        }
    }
}

/* ---- The request ---- */

static void the_request_is_that_of_the_rfc(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    static const char *const headers[] = {"Authorization: Bearer x", "X-Empty:"};
    struct why_client_request request = {.host = "[::1]:8080",
                                         .target = "/chat?room=1",
                                         .origin = "https://b.example",
                                         .subprotocols = subprotocols,
                                         .subprotocol_count = 2,
                                         .headers = headers,
                                         .header_count = 2};
    struct why_client_handshake *handshake = NULL;
    assert_int_equal(why_client_handshake_new(&options, &request, &handshake), WHY_OK);
    struct why_bytes output = why_client_handshake_output(handshake);
    static const char begin[] = "GET /chat?room=1 HTTP/1.1\r\n"
                                "Host: [::1]:8080\r\n"
                                "Upgrade: websocket\r\n"
                                "Connection: Upgrade\r\n"
                                "Sec-WebSocket-Key: ";
    static const char finish[] = "==\r\n"
                                 "Sec-WebSocket-Version: 13\r\n"
                                 "Origin: https://b.example\r\n"
                                 "Sec-WebSocket-Protocol: v1, v2\r\n"
                                 "Sec-WebSocket-Extensions: permessage-deflate; "
                                 "server_no_context_takeover; client_no_context_takeover; "
                                 "client_max_window_bits\r\n"
                                 "Authorization: Bearer x\r\n"
                                 "X-Empty:\r\n\r\n";
    assert_int_equal(output.len, sizeof begin - 1 + 22 + sizeof finish - 1);
    assert_memory_equal(output.data, begin, sizeof begin - 1);
    assert_memory_equal(output.data + sizeof begin - 1 + 22, finish, sizeof finish - 1);
    why_client_handshake_output_consumed(handshake, output.len);
    assert_int_equal(why_client_handshake_output(handshake).len, 0);
    why_client_handshake_free(handshake);
}

static void every_request_has_another_key(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    struct why_client_request request = {.host = "a", .target = "/"};
    uint8_t first[1024];
    for (int i = 0; i < 2; i++) {
        struct why_client_handshake *handshake = NULL;
        assert_int_equal(why_client_handshake_new(&options, &request, &handshake), WHY_OK);
        struct why_bytes output = why_client_handshake_output(handshake);
        assert_true(output.len < sizeof first);
        if (i == 0) {
            memcpy(first, output.data, output.len);
        } else {
            assert_memory_not_equal(first, output.data, output.len);
        }
        why_client_handshake_free(handshake);
    }
}

/* Bad input, row 26. */
static void nothing_can_be_slipped_into_the_request(void **state) {
    (void)state;
    static const struct {
        const char *name, *host, *target, *origin, *subprotocol, *other, *header;
    } bad[] = {
        {"an empty host", "", "/", NULL, NULL, NULL, NULL},
        {"a host with CR LF", "a\r\nX: y", "/", NULL, NULL, NULL, NULL},
        {"a host with a path", "a/b", "/", NULL, NULL, NULL, NULL},
        {"a host with a port of letters", "a:b", "/", NULL, NULL, NULL, NULL},
        {"an empty target", "a", "", NULL, NULL, NULL, NULL},
        {"a target without its slash", "a", "b", NULL, NULL, NULL, NULL},
        {"a whole URL for a target", "a", "http://a/", NULL, NULL, NULL, NULL},
        {"a target with a space", "a", "/ HTTP/1.1", NULL, NULL, NULL, NULL},
        {"a target with LF", "a", "/\nX: y", NULL, NULL, NULL, NULL},
        {"a target with a fragment", "a", "/#b", NULL, NULL, NULL, NULL},
        {"a target that is not encoded", "a", "/\xc3\xa9", NULL, NULL, NULL, NULL},
        {"an empty origin", "a", "/", "", NULL, NULL, NULL},
        {"an origin with CR", "a", "/", "https://b\rX", NULL, NULL, NULL},
        {"an empty subprotocol", "a", "/", NULL, "", NULL, NULL},
        {"a subprotocol with a comma", "a", "/", NULL, "b,c", NULL, NULL},
        {"a subprotocol with CR LF", "a", "/", NULL, "b\r\nX: y", NULL, NULL},
        {"a subprotocol twice", "a", "/", NULL, "b", "b", NULL},
        {"a header without a colon", "a", "/", NULL, NULL, NULL, "X"},
        {"a header without a name", "a", "/", NULL, NULL, NULL, ": y"},
        {"a header with a space before the colon", "a", "/", NULL, NULL, NULL, "X : y"},
        {"a header with CR LF", "a", "/", NULL, NULL, NULL, "X: y\r\nZ: z"},
        {"a header with LF", "a", "/", NULL, NULL, NULL, "X: y\nZ: z"},
        {"a header that ends in CR LF", "a", "/", NULL, NULL, NULL, "X: y\r\n"},
        {"Host", "a", "/", NULL, NULL, NULL, "host: b"},
        {"Upgrade", "a", "/", NULL, NULL, NULL, "Upgrade: h2c"},
        {"Connection", "a", "/", NULL, NULL, NULL, "Connection: close"},
        {"Origin", "a", "/", NULL, NULL, NULL, "Origin: https://b"},
        {"Content-Length", "a", "/", NULL, NULL, NULL, "Content-Length: 5"},
        {"Transfer-Encoding", "a", "/", NULL, NULL, NULL, "Transfer-Encoding: chunked"},
        {"Expect", "a", "/", NULL, NULL, NULL, "Expect: 100-continue"},
        {"Sec-WebSocket-Key", "a", "/", NULL, NULL, NULL, "sec-websocket-key: x"},
        {"Sec-WebSocket-Extensions", "a", "/", NULL, NULL, NULL, "Sec-WebSocket-Extensions: x"},
    };
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        const char *offered[] = {bad[i].subprotocol, bad[i].other};
        size_t subprotocol_count = bad[i].subprotocol == NULL ? 0 : bad[i].other == NULL ? 1 : 2;
        struct why_client_request request = {.host = bad[i].host,
                                             .target = bad[i].target,
                                             .origin = bad[i].origin,
                                             .subprotocols = offered,
                                             .subprotocol_count = subprotocol_count,
                                             .headers = &bad[i].header,
                                             .header_count = bad[i].header != NULL};
        struct why_client_handshake *handshake = NULL;
        int result = why_client_handshake_new(&options, &request, &handshake);
        if (result != WHY_ERR_ARGUMENT || handshake != NULL || host.live_blocks != 0) {
            fail_msg("%s: %d", bad[i].name, result);
        }
    }
}

/* ---- What is agreed on ---- */

static void what_is_agreed_on_can_be_asked_for(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture, true);
    char accept[29];
    find_accept(&fixture, accept);
    why_client_handshake_output_consumed(fixture.handshake,
                                         why_client_handshake_output(fixture.handshake).len);
    char text[1024];
    size_t len =
        fill_in(GOOD "Sec-WebSocket-Protocol: v2\r\nSec-WebSocket-Extensions: permessage-deflate; "
                     "server_no_context_takeover; client_max_window_bits=12\r\n" END,
                accept, text, sizeof text);
    take(fixture.handshake, (const uint8_t *)text, len);
    struct why_bytes subprotocol = why_client_handshake_subprotocol(fixture.handshake);
    assert_int_equal(subprotocol.len, 2);
    assert_memory_equal(subprotocol.data, "v2", 2);
    struct why_deflate_params deflate = why_client_handshake_deflate(fixture.handshake);
    assert_true(deflate.enabled && deflate.server_no_context_takeover);
    assert_int_equal(deflate.client_max_window_bits, 12);
    assert_int_equal(why_client_handshake_eof(fixture.handshake), WHY_HANDSHAKE_DONE);
    end(&fixture);
}

/* Both sides as they are, each with the other's own bytes. */
static void our_two_sides_agree(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture, true);
    struct why_server_handshake *server = why_server_handshake_new(&fixture.options, NULL);
    struct why_bytes bytes = why_client_handshake_output(fixture.handshake);
    assert_int_equal(why_server_handshake_receive(server, &bytes), WHY_HANDSHAKE_DECIDE);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(why_server_handshake_accept(server, "v1"), WHY_OK);
    bytes = why_server_handshake_output(server);
    assert_int_equal(why_client_handshake_receive(fixture.handshake, &bytes), WHY_HANDSHAKE_DONE);
    assert_int_equal(bytes.len, 0);
    struct why_bytes subprotocol = why_client_handshake_subprotocol(fixture.handshake);
    assert_memory_equal(subprotocol.data, "v1", 2);
    struct why_deflate_params at_client = why_client_handshake_deflate(fixture.handshake);
    struct why_deflate_params at_server = why_server_handshake_deflate(server);
    assert_memory_equal(&at_client, &at_server, sizeof at_client);
    why_server_handshake_free(server);
    end(&fixture);
}

static void a_refusal_is_known_before_its_body_is_there(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture, true);
    static const char head[] = "HTTP/1.1 403 x\r\nContent-Length: 1000\r\n\r\n";
    take(fixture.handshake, (const uint8_t *)head, sizeof head - 2);
    assert_false(why_client_handshake_is_refused(fixture.handshake));
    take(fixture.handshake, (const uint8_t *)"\n", 1);
    assert_true(why_client_handshake_is_refused(fixture.handshake));
    struct why_bytes none = {NULL, 0};
    uint8_t body[600];
    memset(body, 'b', sizeof body);
    take(fixture.handshake, body, 511);
    assert_int_equal(why_client_handshake_receive(fixture.handshake, &none), WHY_HANDSHAKE_READING);
    take(fixture.handshake, body, 89);
    assert_int_equal(why_client_handshake_receive(fixture.handshake, &none), WHY_HANDSHAKE_FAILED);
    struct why_record record;
    why_record_init(&record);
    why_client_handshake_report(fixture.handshake, &record);
    assert_int_equal(record.cause, WHY_CAUSE_HTTP_STATUS_403);
    assert_int_equal(record.http.body_len, 512);
    end(&fixture);
}

/* ---- Limits and memory ---- */

/* Bad input, row 6, and answers that never become one. */
static void an_endless_answer_is_cut(void **state) {
    (void)state;
    static const struct {
        const char *begin, *unit;
        enum why_cause cause;
    } answers[] = {
        {"HTTP/1.1 101 x\r\n", "X: y\r\n", WHY_CAUSE_HTTP_RESPONSE_TOO_LARGE},
        {"HTTP/1.1 101 x\r\nX: ", "y", WHY_CAUSE_HTTP_RESPONSE_TOO_LARGE},
        {"HTTP/1.1 101 ", "y", WHY_CAUSE_HTTP_RESPONSE_TOO_LARGE},
        {"", "HTTP/1.1 100 x\r\n\r\n", WHY_CAUSE_HTTP_RESPONSE_MALFORMED},
        {"HTTP/1.1 500 x\r\n\r\n", "body", WHY_CAUSE_HTTP_STATUS_5XX},
    };
    for (size_t i = 0; i < TEST_COUNT(answers); i++) {
        struct fixture fixture;
        start(&fixture, true);
        take(fixture.handshake, (const uint8_t *)answers[i].begin, strlen(answers[i].begin));
        size_t fed = 0;
        struct why_bytes none = {NULL, 0};
        while (why_client_handshake_receive(fixture.handshake, &none) == WHY_HANDSHAKE_READING &&
               fed < 65536) {
            fed +=
                take(fixture.handshake, (const uint8_t *)answers[i].unit, strlen(answers[i].unit));
        }
        struct why_record record;
        why_record_init(&record);
        why_client_handshake_report(fixture.handshake, &record);
        assert_int_equal(record.cause, answers[i].cause);
        assert_true(fed <= 8192 + 8);
        assert_true(fixture.host.peak_bytes < 8192 + 8192);
        end(&fixture);
    }
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    bool failed = true;
    for (size_t fail_at = 1; failed; fail_at++) {
        struct fixture fixture;
        start(&fixture, true);
        char accept[29];
        find_accept(&fixture, accept);
        char text[1024];
        size_t len = fill_in(GOOD "Sec-WebSocket-Protocol: v2\r\n" END, accept, text, sizeof text);
        end(&fixture);

        struct test_host host;
        test_host_init(&host);
        host.fail_at = fail_at;
        struct why_options options = why_options_default(&host.host);
        struct why_client_request request = {.host = "a.example",
                                             .target = "/chat",
                                             .subprotocols = subprotocols,
                                             .subprotocol_count = 2};
        struct why_client_handshake *handshake = NULL;
        int result = why_client_handshake_new(&options, &request, &handshake);
        failed = result == WHY_ERR_NOMEM;
        assert_true(failed || result == WHY_OK);
        assert_int_equal(handshake == NULL, failed);
        if (handshake != NULL) {
            take(handshake, (const uint8_t *)text, len);
            struct why_record record;
            why_record_init(&record);
            why_client_handshake_report(handshake, &record);
            failed = record.cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY;
            assert_true(failed || record.cause == WHY_CAUSE_NONE);
        }
        why_client_handshake_free(handshake);
        assert_int_equal(host.live_blocks, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_judged_the_same_at_every_split),
        cmocka_unit_test(what_came_instead_of_http_is_evidence),
        cmocka_unit_test(the_request_is_that_of_the_rfc),
        cmocka_unit_test(every_request_has_another_key),
        cmocka_unit_test(nothing_can_be_slipped_into_the_request),
        cmocka_unit_test(what_is_agreed_on_can_be_asked_for),
        cmocka_unit_test(our_two_sides_agree),
        cmocka_unit_test(a_refusal_is_known_before_its_body_is_there),
        cmocka_unit_test(an_endless_answer_is_cut),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
