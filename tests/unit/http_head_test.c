/* SPDX-License-Identifier: MIT
 *
 * HTTP heads: what is let through and how it is cut into parts, and for all that is refused the
 * reason, the offset and the header.
 */
#include "core/http_head.h"

#include "support/guard.h"
#include "support/host.h"
#include "support/pieces.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    const char *rfc; /* section of RFC 9112 unless it says another */
    const char *input;
    size_t input_len; /* 0: strlen */
    bool is_response;
    enum why__http_error expect_error;
    size_t expect_offset;
    const char *expect_header; /* NULL: "" */
    const char *expect_detail; /* NULL: any */
    const char *expect_parts;  /* where it is right */
};

#define WITH_NUL(text) .input = (text), .input_len = sizeof(text) - 1

static const struct row rows[] = {
    {.name = "a request is cut into parts",
     .rfc = "2.1",
     .input = "GET /chat?a=b HTTP/1.1\r\nHost: a.example\r\nX-Empty:\r\nX: \t v w \t\r\n\r\n",
     .expect_parts = "GET|/chat?a=b|Host=a.example|X-Empty=|X=v w|"},
    {.name = "a request may be without headers, as far as the grammar goes",
     .rfc = "2.1",
     .input = "GET / HTTP/1.1\r\n\r\n",
     .expect_parts = "GET|/|"},
    {.name = "bytes above 7f may stand in a value",
     .rfc = "9110 5.5",
     .input = "GET / HTTP/1.1\r\nX: \xc3\xa9\r\n\r\n",
     .expect_parts = "GET|/|X=\xc3\xa9|"},
    {.name = "a response is cut into parts",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
     .expect_parts = "101|Switching Protocols|Upgrade=websocket|"},
    {.name = "a reason may be missing, with the space before it",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 404\r\nX: 1\r\n\r\n",
     .expect_parts = "404||X=1|"},
    {.name = "a reason may be empty",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 404 \r\n\r\n",
     .expect_parts = "404||"},
    {.name = "a response may be HTTP/1.0",
     .rfc = "2.3",
     .is_response = true,
     .input = "HTTP/1.0 503 no\r\n\r\n",
     .expect_parts = "503|no|"},
    {.name = "no method",
     .rfc = "3",
     .input = " / HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD},
    {.name = "an empty line before the request",
     .rfc = "2.2",
     .input = "\r\nGET / HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD},
    {.name = "a method that is no token",
     .rfc = "3.1",
     .input = "G{T / HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 1},
    {.name = "two spaces before the target",
     .rfc = "3",
     .input = "GET  / HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 4},
    {.name = "absolute-form",
     .rfc = "3.2.2",
     .input = "GET http://a.example/ HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 4},
    {.name = "asterisk-form, the preface of HTTP/2",
     .rfc = "3.2.4",
     .input = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 4},
    {.name = "a fragment in the target",
     .rfc = "3.2.1",
     .input = "GET /#x HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 5},
    {.name = "a byte above 7f in the target",
     .rfc = "3.2.1",
     .input = "GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 5},
    {.name = "a request line without a version",
     .rfc = "3",
     .input = "GET /\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 5},
    {.name = "HTTP/1.0",
     .rfc = "2.3",
     .input = "GET / HTTP/1.0\r\n\r\n",
     .expect_error = WHY__HTTP_BAD_VERSION,
     .expect_offset = 13},
    {.name = "HTTP/2.0",
     .rfc = "2.3",
     .input = "GET / HTTP/2.0\r\n\r\n",
     .expect_error = WHY__HTTP_BAD_VERSION,
     .expect_offset = 11},
    {.name = "a version in lower case",
     .rfc = "2.3",
     .input = "GET / http/1.1\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 6},
    {.name = "HTTP/1.10",
     .rfc = "2.3",
     .input = "GET / HTTP/1.10\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 14},
    {.name = "a request line that ends in LF",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\nHost: a\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 14},
    {.name = "a request line that ends in CR",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\rHost: a\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 15},
    {.name = "a header line that ends in LF",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 23,
     .expect_header = "Host"},
    {.name = "a CR inside a value",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 24,
     .expect_header = "Host"},
    {.name = "a head that ends in LF",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\r\nHost: a\r\n\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 25},
    {.name = "a head that ends in CR",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\r\nHost: a\r\n\rx",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 26},
    {.name = "a folded line",
     .rfc = "5.2",
     .input = "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_detail = "a header line is folded",
     .expect_offset = 25},
    {.name = "a space before the first header",
     .rfc = "2.2",
     .input = "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 16},
    {.name = "a space before the colon",
     .rfc = "5.1",
     .input = "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 20,
     .expect_header = "Host"},
    {.name = "a line without a colon",
     .rfc = "5",
     .input = "GET / HTTP/1.1\r\nHost\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 20,
     .expect_header = "Host"},
    {.name = "a header without a name",
     .rfc = "5",
     .input = "GET / HTTP/1.1\r\n: a\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 16},
    {.name = "a name that is no token",
     .rfc = "5.1",
     .input = "GET / HTTP/1.1\r\nHo(st: a\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 18,
     .expect_header = "Ho"},
    {.name = "a NUL in a value",
     .rfc = "9110 5.5",
     WITH_NUL("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"),
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 20,
     .expect_header = "X"},
    {.name = "an escape in a value",
     .rfc = "9110 5.5",
     .input = "GET / HTTP/1.1\r\nX: \x1b[2J\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 19,
     .expect_header = "X"},
    {.name = "a DEL in a value",
     .rfc = "9110 5.5",
     .input = "GET / HTTP/1.1\r\nX: \x7f\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 19,
     .expect_header = "X"},
    {.name = "a name longer than the evidence is cut",
     .rfc = "5.1",
     .input = "GET / HTTP/1.1\r\naaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee: \x01\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 68,
     .expect_header = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddd"},
    {.name = "not HTTP",
     .rfc = "4",
     .is_response = true,
     .input = "SSH-2.0-OpenSSH_9.2\r\n",
     .expect_error = WHY__HTTP_NOT_HTTP},
    {.name = "not HTTP after two letters",
     .rfc = "4",
     .is_response = true,
     .input = "HTML",
     .expect_error = WHY__HTTP_NOT_HTTP,
     .expect_offset = 2},
    {.name = "a response of HTTP/2",
     .rfc = "2.3",
     .is_response = true,
     .input = "HTTP/2 200 \r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 5},
    {.name = "a status of two digits",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 99 x\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 11},
    {.name = "a status below 100",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 099 x\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 12},
    {.name = "a status of four digits",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 1011 x\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 12},
    {.name = "a control byte in the reason",
     .rfc = "4",
     .is_response = true,
     .input = "HTTP/1.1 200 \x01\r\n\r\n",
     .expect_error = WHY__HTTP_BAD,
     .expect_offset = 13},
};

struct fixture {
    struct test_host host;
    struct why_options options;
    struct why__http_parser parser;
};

static void start(struct fixture *fixture, bool is_response) {
    test_host_init(&fixture->host);
    fixture->options = why_options_default(&fixture->host.host);
    if (is_response) {
        why__http_parser_init_response(&fixture->parser, &fixture->options);
    } else {
        why__http_parser_init_request(&fixture->parser, &fixture->options);
    }
}

static size_t take(void *context, const uint8_t *data, size_t len) {
    struct why_bytes input = {data, len};
    why__http_parser_receive(context, &input);
    return len - input.len;
}

static void add(char *out, size_t *at, struct why_bytes part, char mark) {
    if (part.len > 0) {
        memcpy(out + *at, part.data, part.len);
    }
    *at += part.len;
    out[(*at)++] = mark;
    out[*at] = '\0';
}

static void format_parts(const struct why_http_head *head, char *out, size_t out_size) {
    size_t at = 0;
    if (head->status != 0) {
        at = (size_t)snprintf(out, out_size, "%u|", head->status);
        add(out, &at, head->reason, '|');
    } else {
        add(out, &at, head->method, '|');
        add(out, &at, head->target, '|');
    }
    for (size_t i = 0; i < head->header_count; i++) {
        add(out, &at, head->headers[i].name, '=');
        add(out, &at, head->headers[i].value, '|');
    }
}

static bool is_as_expected(const struct row *row, const struct fixture *fixture, size_t used,
                           size_t len) {
    const struct why__http_parser *parser = &fixture->parser;
    struct why_http_evidence evidence = {0};
    why__http_parser_report(parser, &evidence);
    if (parser->error != row->expect_error || parser->examined != used) {
        return false;
    }
    if (row->expect_error != WHY__HTTP_OK) {
        const char *header = row->expect_header == NULL ? "" : row->expect_header;
        return parser->state == WHY__HTTP_FAILED && parser->detail != NULL &&
               (row->expect_detail == NULL || strcmp(parser->detail, row->expect_detail) == 0) &&
               evidence.offset == row->expect_offset && used == row->expect_offset + 1 &&
               evidence.head_len == row->expect_offset && strcmp(evidence.header, header) == 0;
    }
    char parts[512];
    format_parts(&parser->head, parts, sizeof parts);
    return parser->state == WHY__HTTP_DONE && used == len && strcmp(parts, row->expect_parts) == 0;
}

static bool run(const void *context, size_t first, size_t piece) {
    const struct row *row = context;
    size_t len = row->input_len != 0 ? row->input_len : strlen(row->input);
    struct fixture fixture;
    start(&fixture, row->is_response);
    size_t used = test_feed((const uint8_t *)row->input, len, first, piece, take, &fixture.parser);
    bool pass = is_as_expected(row, &fixture, used, len);
    if (!pass) {
        struct why_http_evidence evidence = {0};
        why__http_parser_report(&fixture.parser, &evidence);
        print_error("%s (RFC 9112 section %s), first %zu then %zu: error %d, offset %u, header "
                    "\"%s\"\n",
                    row->name, row->rfc, first, piece, (int)fixture.parser.error, evidence.offset,
                    evidence.header);
    }
    why__http_parser_clear(&fixture.parser);
    return pass && fixture.host.live_blocks == 0;
}

static void heads_parse_the_same_at_every_split(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = rows[i].input_len != 0 ? rows[i].input_len : strlen(rows[i].input);
        failures += test_every_split(&rows[i], len, run);
    }
    assert_int_equal(failures, 0);
}

static void every_control_byte_is_refused_everywhere(void **state) {
    (void)state;
    static const char good[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: b\r\n\r\n";
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (unsigned byte = 0; byte < 0x20; byte++) {
            char bytes[sizeof good];
            memcpy(bytes, good, sizeof good);
            bytes[at] = (char)byte;
            bool is_in_value = at == 22 || at == 23 || at == 28 || at == 29;
            bool may_be = byte == (unsigned)good[at] || (byte == '\t' && is_in_value);
            struct fixture fixture;
            start(&fixture, false);
            struct why_bytes input = {(const uint8_t *)bytes, sizeof good - 1};
            why__http_parser_receive(&fixture.parser, &input);
            if ((fixture.parser.state == WHY__HTTP_DONE) != may_be) {
                fail_msg("byte %02x at %zu", byte, at);
            }
            why__http_parser_clear(&fixture.parser);
        }
    }
}

/* A request whose one header makes the head exactly `len` bytes long. */
static uint8_t *request_of_len(size_t len) {
    static const char begin[] = "GET / HTTP/1.1\r\nX: ";
    uint8_t *bytes = malloc(len);
    assert_non_null(bytes);
    memset(bytes, 'a', len);
    memcpy(bytes, begin, sizeof begin - 1);
    memcpy(bytes + len - 4, "\r\n\r\n", 4);
    return bytes;
}

static void a_head_is_cut_at_its_limit(void **state) {
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        size_t len = 8192 + over;
        uint8_t *bytes = request_of_len(len);
        struct fixture fixture;
        start(&fixture, false);
        size_t used = test_feed(bytes, len, 1, 1, take, &fixture.parser);
        assert_int_equal(used, len);
        assert_int_equal(fixture.parser.error, over == 0 ? WHY__HTTP_OK : WHY__HTTP_TOO_LARGE);
        why__http_parser_clear(&fixture.parser);
        free(bytes);
    }
}

/* Bad input, rows 5 and 6: the work is a step a byte, the memory is the limit. */
static void an_endless_head_costs_its_limit_and_no_more(void **state) {
    (void)state;
    for (int is_response = 0; is_response <= 1; is_response++) {
        struct fixture fixture;
        start(&fixture, is_response != 0);
        const char *begin = is_response ? "HTTP/1.1 200 \r\nX: " : "GET / HTTP/1.1\r\nX: ";
        take(&fixture.parser, (const uint8_t *)begin, strlen(begin));
        size_t fed = strlen(begin);
        for (; fed < 65536 && fixture.parser.state != WHY__HTTP_FAILED; fed++) {
            take(&fixture.parser, (const uint8_t *)"a", 1);
        }
        assert_int_equal(fixture.parser.error, WHY__HTTP_TOO_LARGE);
        assert_int_equal(fixture.parser.examined, fed);
        assert_true(fed <= 8193);
        assert_true(fixture.host.peak_bytes <= 8192);
        why__http_parser_clear(&fixture.parser);
    }
}

/* Bad input, row 1. */
static void header_lines_are_counted(void **state) {
    (void)state;
    for (size_t count = 63; count <= 65; count++) {
        struct fixture fixture;
        start(&fixture, false);
        take(&fixture.parser, (const uint8_t *)"GET / HTTP/1.1\r\n", 16);
        for (size_t i = 0; i < count; i++) {
            take(&fixture.parser, (const uint8_t *)"X: y\r\n", 6);
        }
        take(&fixture.parser, (const uint8_t *)"\r\n", 2);
        assert_int_equal(fixture.parser.error, count <= 64 ? WHY__HTTP_OK : WHY__HTTP_TOO_LARGE);
        if (count <= 64) {
            assert_int_equal(fixture.parser.head.header_count, count);
        }
        why__http_parser_clear(&fixture.parser);
    }
}

static void a_target_has_its_own_limit(void **state) {
    (void)state;
    for (size_t len = 4095; len <= 4097; len++) {
        struct fixture fixture;
        start(&fixture, false);
        take(&fixture.parser, (const uint8_t *)"GET /", 5);
        for (size_t i = 1; i < len; i++) {
            take(&fixture.parser, (const uint8_t *)"a", 1);
        }
        static const char end[] = " HTTP/1.1\r\n\r\n";
        take(&fixture.parser, (const uint8_t *)end, sizeof end - 1);
        assert_int_equal(fixture.parser.error,
                         len <= 4096 ? WHY__HTTP_OK : WHY__HTTP_TARGET_TOO_LONG);
        why__http_parser_clear(&fixture.parser);
    }
}

static void what_follows_the_head_stays_in_the_input(void **state) {
    (void)state;
    struct fixture fixture;
    start(&fixture, false);
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x85";
    struct why_bytes input = {(const uint8_t *)text, sizeof text - 1};
    why__http_parser_receive(&fixture.parser, &input);
    assert_int_equal(fixture.parser.state, WHY__HTTP_DONE);
    assert_int_equal(input.len, 2);
    assert_int_equal(input.data[0], 0x81);
    why__http_parser_clear(&fixture.parser);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    uint8_t *bytes = request_of_len(8192);
    bool failed = true;
    for (size_t fail_at = 1; failed; fail_at++) {
        struct fixture fixture;
        start(&fixture, false);
        fixture.host.fail_at = fail_at;
        take(&fixture.parser, bytes, 8192);
        failed = fixture.parser.state == WHY__HTTP_FAILED;
        assert_int_equal(fixture.parser.error, failed ? WHY__HTTP_NOMEM : WHY__HTTP_OK);
        why__http_parser_clear(&fixture.parser);
        assert_int_equal(fixture.host.live_blocks, 0);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_parse_the_same_at_every_split),
        cmocka_unit_test(every_control_byte_is_refused_everywhere),
        cmocka_unit_test(a_head_is_cut_at_its_limit),
        cmocka_unit_test(an_endless_head_costs_its_limit_and_no_more),
        cmocka_unit_test(header_lines_are_counted),
        cmocka_unit_test(a_target_has_its_own_limit),
        cmocka_unit_test(what_follows_the_head_stays_in_the_input),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
