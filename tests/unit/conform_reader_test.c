/* SPDX-License-Identifier: MIT
 *
 * The suite's own reader of frames: what it tells of, and the byte that it points at, at every
 * split.
 */
#include "conform/reader.h"
#include "support/hex.h"
#include "support/host.h"
#include "support/pieces.h"

#include "support/test.h"

#include <string.h>

enum {
    INPUT_MAX = 128 * 1024,
};

struct row {
    const char *name, *rfc, *input;
    bool from_client, deflate, is_lenient;
    const char *seen;    /* a letter a thing: (f)rame, (m)essage, (c)ontrol, (x) fault */
    const char *fault;   /* a part of what is said of it */
    int mark;            /* FAULT: -1 or the byte of its frame */
    const char *content; /* hex of the last message; NULL: any */
};

#define ANY (-2)

static const struct row rows[] = {
    {.name = "a text", .rfc = "5.6", .input = "81 05 'Hello'", .seen = "m", .content = "'Hello'"},
    {.name = "a masked text",
     .rfc = "5.3",
     .input = "81 85 37 fa 21 3d 7f 9f 4d 51 58",
     .from_client = true,
     .seen = "m",
     .content = "'Hello'"},
    {.name = "two fragments and a Ping",
     .rfc = "5.4",
     .input = "01 03 'Hel' 89 01 'p' 80 02 'lo'",
     .seen = "fcm",
     .content = "'Hello'"},
    {.name = "an empty message", .rfc = "5.6", .input = "82 00", .seen = "m", .content = ""},
    {.name = "126 bytes",
     .rfc = "5.2",
     .input = "82 7e 00 7e 61*126",
     .seen = "m",
     .content = "61*126"},
    {.name = "65,536 bytes",
     .rfc = "5.2",
     .input = "82 7f 00 00 00 00 00 01 00 00 61*65536",
     .seen = "m",
     .content = "61*65536"},
    {.name = "a header that is not whole", .rfc = "5.2", .input = "82 7e 00", .seen = ""},
    {.name = "a server's mask",
     .rfc = "5.1",
     .input = "81 80 00 00 00 00",
     .seen = "x",
     .fault = "masked",
     .mark = 1},
    {.name = "a client's missing mask",
     .rfc = "5.1",
     .input = "81 00",
     .from_client = true,
     .seen = "x",
     .fault = "not masked",
     .mark = 1},
    {.name = "RSV2", .rfc = "5.2", .input = "a1 00", .seen = "x", .fault = "reserved bit"},
    {.name = "RSV1 without permessage-deflate",
     .rfc = "5.2",
     .input = "c1 00",
     .seen = "x",
     .fault = "reserved bit"},
    {.name = "RSV1 on a continuation",
     .rfc = "7692:6",
     .input = "41 00 c0 00",
     .deflate = true,
     .seen = "fx",
     .fault = "does not begin"},
    {.name = "RSV1 on a Pong",
     .rfc = "7692:6",
     .input = "ca 00",
     .deflate = true,
     .seen = "x",
     .fault = "does not begin"},
    {.name = "opcode 3", .rfc = "5.2", .input = "83 00", .seen = "x", .fault = "opcode"},
    {.name = "opcode 11", .rfc = "5.2", .input = "8b 00", .seen = "x", .fault = "opcode"},
    {.name = "a fragmented Pong",
     .rfc = "5.5",
     .input = "0a 00",
     .seen = "x",
     .fault = "fragmented"},
    {.name = "a Pong of 126 bytes",
     .rfc = "5.5",
     .input = "8a 7e 00 7e 61*126",
     .seen = "x",
     .fault = "125",
     .mark = 1},
    {.name = "a continuation of nothing",
     .rfc = "5.4",
     .input = "80 00",
     .seen = "x",
     .fault = "of nothing"},
    {.name = "a message inside a message",
     .rfc = "5.4",
     .input = "01 00 81 00",
     .seen = "fx",
     .fault = "inside"},
    {.name = "2 bytes of length for 125",
     .rfc = "5.2",
     .input = "82 7e 00 7d",
     .seen = "x",
     .fault = "more bytes",
     .mark = 2},
    {.name = "8 bytes of length for 65,535",
     .rfc = "5.2",
     .input = "82 7f 00 00 00 00 00 00 ff ff",
     .seen = "x",
     .fault = "more bytes",
     .mark = 2},
    {.name = "the highest bit of a length",
     .rfc = "5.2",
     .input = "82 7f 80 00 00 00 00 00 00 00",
     .seen = "x",
     .fault = "highest",
     .mark = 2},
    {.name = "a byte that is no UTF-8",
     .rfc = "8.1",
     .input = "81 05 'a' ff 'b'",
     .seen = "x",
     .fault = "UTF-8",
     .mark = 3},
    {.name = "no UTF-8 in the second fragment",
     .rfc = "8.1",
     .input = "01 02 'a' ce 80 03 ba ff 'b'",
     .seen = "fx",
     .fault = "UTF-8",
     .mark = 3},
    {.name = "a text that ends inside a character",
     .rfc = "8.1",
     .input = "81 01 ce",
     .seen = "x",
     .fault = "ends inside",
     .mark = ANY},
    {.name = "a Close", .rfc = "5.5.1", .input = "88 02 03 e8", .seen = "c"},
    {.name = "a Close without a code", .rfc = "5.5.1", .input = "88 00", .seen = "c"},
    {.name = "a Close of a code beyond all ranges",
     .rfc = "7.4.2",
     .input = "88 02 13 88",
     .seen = "x",
     .fault = "beyond all ranges",
     .mark = 2},
    {.name = "a Close of one byte",
     .rfc = "5.5.1",
     .input = "88 01 03",
     .seen = "x",
     .fault = "one byte",
     .mark = 2},
    {.name = "a Close with 1005",
     .rfc = "7.4.1",
     .input = "88 02 03 ed",
     .seen = "x",
     .fault = "may not be sent",
     .mark = 2},
    {.name = "a reason that is no UTF-8",
     .rfc = "5.5.1",
     .input = "88 04 03 e8 'a' ff",
     .seen = "x",
     .fault = "reason",
     .mark = 5},
    {.name = "a byte after the Close",
     .rfc = "5.5.1",
     .input = "88 02 03 e8 81",
     .seen = "cx",
     .fault = "after the Close"},
    {.name = "a compressed message",
     .rfc = "7692:7.2.3.1",
     .input = "c1 07 f2 48 cd c9 c9 07 00",
     .deflate = true,
     .seen = "m",
     .content = "'Hello'"},
    {.name = "one that refers to the one before",
     .rfc = "7692:7.2.3.2",
     .input = "c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00",
     .deflate = true,
     .seen = "mm",
     .content = "'Hello'"},
    {.name = "no compression, though it was agreed",
     .rfc = "7692:6",
     .input = "81 05 'Hello'",
     .deflate = true,
     .seen = "m",
     .content = "'Hello'"},
    {.name = "what cannot be inflated",
     .rfc = "7692:7.2.2",
     .input = "c2 03 ff ff ff",
     .deflate = true,
     .seen = "x",
     .fault = "inflated",
     .mark = ANY},
    {.name = "inflated text that is no UTF-8",
     .rfc = "8.1",
     .input = "c1 07 00 01 00 fe ff ff 00",
     .deflate = true,
     .seen = "x",
     .fault = "UTF-8",
     .mark = ANY},
    {.name = "the same masking key four times",
     .rfc = "5.3",
     .input = "82 81 01 02 03 04 00 82 81 01 02 03 04 00 82 81 01 02 03 04 00 82 81 01 02 03 04",
     .from_client = true,
     .seen = "mmmx",
     .fault = "masking key",
     .mark = 2},
    {.name = "lenient: text that is no UTF-8",
     .rfc = "-",
     .input = "81 01 ff",
     .is_lenient = true,
     .seen = "m",
     .content = "ff"},
    {.name = "lenient: a reserved opcode is passed over",
     .rfc = "-",
     .input = "83 01 'x' 81 01 'y'",
     .is_lenient = true,
     .seen = "fm",
     .content = "'y'"},
    {.name = "lenient: a length in too many bytes",
     .rfc = "-",
     .input = "81 7e 00 01 'x'",
     .is_lenient = true,
     .seen = "m",
     .content = "'x'"},
    {.name = "lenient: either mask",
     .rfc = "-",
     .input = "81 01 'x' 81 81 00 00 00 00 'y'",
     .is_lenient = true,
     .seen = "mm",
     .content = "'y'"},
    {.name = "lenient: a continuation of nothing",
     .rfc = "-",
     .input = "80 01 'x' 81 01 'y'",
     .is_lenient = true,
     .seen = "fm",
     .content = "'y'"},
};

struct run {
    const struct row *row;
    struct conform_reader reader;
    char seen[16];
    size_t seen_len;
    uint8_t content[INPUT_MAX];
    size_t content_len;
};

static struct run run;
static uint8_t bytes[INPUT_MAX];

static size_t take(void *context, const uint8_t *data, size_t len) {
    static const char letters[] = {[CONFORM_SEEN_FRAME] = 'f',
                                   [CONFORM_SEEN_MESSAGE] = 'm',
                                   [CONFORM_SEEN_CONTROL] = 'c',
                                   [CONFORM_SEEN_FAULT] = 'x',
                                   [CONFORM_SEEN_NOMEM] = '!'};
    (void)context;
    struct why_bytes input = {data, len};
    for (;;) {
        enum conform_seen_kind kind = conform_reader_next(&run.reader, &input);
        if (kind == CONFORM_SEEN_NOTHING) {
            return len - input.len;
        }
        assert_true(run.seen_len + 1 < sizeof run.seen);
        run.seen[run.seen_len++] = letters[kind];
        if (kind == CONFORM_SEEN_MESSAGE) {
            run.content_len = run.reader.message.content.len;
            if (run.content_len > 0) {
                memcpy(run.content, run.reader.message.content.data, run.content_len);
            }
        }
    }
}

static bool is_as_said(const struct row *row) {
    static uint8_t content[INPUT_MAX];
    const struct conform_seen *seen = &run.reader.seen;
    bool is_right = strcmp(run.seen, row->seen) == 0;
    if (row->fault != NULL) {
        is_right &= seen->fault != NULL && strstr(seen->fault, row->fault) != NULL &&
                    (row->mark == ANY || seen->mark == row->mark);
    }
    if (row->content != NULL) {
        size_t len = test_parse_hex(row->content, content, sizeof content);
        is_right &= len == run.content_len && memcmp(content, run.content, len) == 0;
    }
    return is_right;
}

static bool play(const void *context, size_t first, size_t piece) {
    const struct row *row = context;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    struct why_deflate_params params = {.enabled = row->deflate};
    memset(&run, 0, sizeof run);
    assert_true(
        conform_reader_init(&run.reader, row->from_client, row->is_lenient, &options, &params));
    size_t len = test_parse_hex(row->input, bytes, sizeof bytes);
    test_feed(bytes, len, first, piece, take, NULL);
    bool is_right = is_as_said(row);
    if (!is_right) {
        fprintf(stderr, "FAIL %s (section %s), %zu then %zu: saw \"%s\", %s, mark %d\n", row->name,
                row->rfc, first, piece, run.seen,
                run.reader.seen.fault == NULL ? "no fault" : run.reader.seen.fault,
                run.reader.seen.mark);
    }
    conform_reader_clear(&run.reader);
    return is_right && host.live_blocks == 0;
}

static void frames_are_told_the_same_at_every_split(void **state) {
    (void)state;
    size_t failed = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = test_parse_hex(rows[i].input, bytes, sizeof bytes);
        failed += len < 1000 ? test_every_split(&rows[i], len, play)
                             : !play(&rows[i], len, 1) || !play(&rows[i], 3, 4096);
    }
    assert_int_equal(failed, 0);
}

/* A client whose keys change has nothing to fear, however many frames it sends. */
static void keys_that_change_are_no_fault(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    struct why_deflate_params params = {0};
    struct conform_reader reader;
    assert_true(conform_reader_init(&reader, true, false, &options, &params));
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t frame[] = {0x82, 0x81, (uint8_t)i, (uint8_t)(i >> 8), 1, 2, 3};
        struct why_bytes input = {frame, sizeof frame};
        assert_int_equal(conform_reader_next(&reader, &input), CONFORM_SEEN_MESSAGE);
    }
    conform_reader_clear(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_told_the_same_at_every_split),
        cmocka_unit_test(keys_that_change_are_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
