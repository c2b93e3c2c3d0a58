/* SPDX-License-Identifier: MIT
 *
 * Bodies of responses, by their framing (RFC 9112 sections 6 and 7): the data that comes out, and
 * where it ends, whatever pieces it comes in.
 */
#include "core/http_body.h"

#include "support/pieces.h"
#include "support/test.h"

#include <string.h>

static const struct row {
    const char *name, *rfc;
    const char *header, *value;
    const char *input;
    const char *data;
    size_t used; /* bytes of the input; the rest is not the body's */
    bool is_done, is_broken;
} rows[] = {
    {"a length", "6.2", "Content-Length", "5", "hello, world", "hello", 5, true, false},
    {"a length that has not come", "6.2", "Content-Length", "5", "hell", "hell", 4, false, false},
    {"no length: until the end", "6.3", "Server", "x", "hello", "hello", 5, false, false},
    {"chunks", "7.1", "Transfer-Encoding", "chunked", "3\r\nhel\r\n2\r\nlo\r\n0\r\n", "hello", 18,
     true, false},
    {"chunks with extensions", "7.1.1", "Transfer-Encoding", "Chunked",
     "5;a=\"b\"\r\nhello\r\n0\r\n", "hello", 19, true, false},
    {"a size in capitals and zeroes", "7.1", "Transfer-Encoding", "chunked",
     "00A\r\n0123456789\r\n0\r\n", "0123456789", 20, true, false},
    {"no chunk", "7.1", "Transfer-Encoding", "chunked", "hello", "", 1, true, true},
    {"no CR LF behind a chunk", "7.1", "Transfer-Encoding", "chunked", "2\r\nhello", "he", 6, true,
     true},
    {"a bare LF behind a size", "7.1", "Transfer-Encoding", "chunked", "2\nhe", "", 2, true, true},
    {"a size of seventeen digits", "7.1", "Transfer-Encoding", "chunked", "00000000000000001\r\nx",
     "", 17, true, true},
    {"an empty size", "7.1", "Transfer-Encoding", "chunked", "\r\nx", "", 1, true, true},
    {"a control character in an extension", "7.1.1", "Transfer-Encoding", "chunked", "1;\x01\r\nx",
     "", 3, true, true},
};

struct reader {
    struct why__body body;
    char data[64];
    size_t len;
};

static size_t take(void *context, const uint8_t *data, size_t len) {
    struct reader *reader = context;
    struct why_bytes input = {data, len};
    while (input.len > 0 && reader->body.state != WHY__BODY_DONE) {
        struct why_bytes piece = why__body_next(&reader->body, &input);
        if (piece.len > 0) {
            memcpy(reader->data + reader->len, piece.data, piece.len);
        }
        reader->len += piece.len;
    }
    return len - input.len;
}

static bool run(const void *context, size_t first, size_t piece) {
    const struct row *row = context;
    struct why_http_head head = {.status = 200, .header_count = 1};
    head.headers[0] =
        (struct why_header){.name = {(const uint8_t *)row->header, strlen(row->header)},
                            .value = {(const uint8_t *)row->value, strlen(row->value)}};
    struct reader reader = {.len = 0};
    why__body_init(&reader.body, &head);
    bool until_end = reader.body.until_end;
    size_t used =
        test_feed((const uint8_t *)row->input, strlen(row->input), first, piece, take, &reader);
    if (used != row->used || (reader.body.state == WHY__BODY_DONE) != row->is_done ||
        reader.body.is_broken != row->is_broken || reader.len != strlen(row->data) ||
        memcmp(reader.data, row->data, reader.len) != 0 ||
        until_end != (strcmp(row->header, "Server") == 0)) {
        print_error("%s (RFC 9112 section %s), %zu then by %zu: %zu used, %zu of data%s\n",
                    row->name, row->rfc, first, piece, used, reader.len,
                    reader.body.is_broken ? ", broken" : "");
        return false;
    }
    return true;
}

static void bodies_are_the_same_at_every_split(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        failures += test_every_split(&rows[i], strlen(rows[i].input), run);
    }
    assert_int_equal(failures, 0);
}

static void some_answers_have_no_body(void **state) {
    (void)state;
    static const uint16_t statuses[] = {100, 204, 304};
    for (size_t i = 0; i < TEST_COUNT(statuses); i++) {
        struct why__body body;
        why__body_init(&body, &(struct why_http_head){.status = statuses[i]});
        assert_int_equal(body.state, WHY__BODY_DONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_the_same_at_every_split),
        cmocka_unit_test(some_answers_have_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
