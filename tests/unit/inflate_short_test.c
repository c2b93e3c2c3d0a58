/* SPDX-License-Identifier: MIT
 *
 * Our own decompressor takes what zlib takes, and nothing else.
 */
#include "core/inflate_short.h"

#include "core/deflate_short.h"
#include "support/deflated.h"
#include "support/guard.h"
#include "support/hex.h"
#include "support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    TEXT_MAX = 70000,
    STREAM_MAX = 80000
};

static struct why__decoder *decoder;

static int set_up(void **state) {
    (void)state;
    decoder = malloc(why__decoder_size());
    if (decoder != NULL) {
        why__decoder_init(decoder);
    }
    return decoder != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    free(decoder);
    return 0;
}

/* Both sides end at a page that cannot be touched. */
static enum why__decode_result decode(struct why_bytes stream, uint8_t bits, struct why_span out,
                                      size_t *len) {
    uint8_t *input = test_guard_new(stream.len);
    uint8_t *room = test_guard_new(out.len);
    if (stream.len > 0) {
        memcpy(input, stream.data, stream.len);
    }
    struct why_bytes guarded = {input, stream.len};
    enum why__decode_result result =
        why__decode(decoder, guarded, bits, (struct why_span){room, out.len}, len);
    if (result == WHY__DECODE_OK) {
        assert_true(*len <= out.len);
        memcpy(out.data, room, *len);
    }
    test_guard_free(input, stream.len);
    test_guard_free(room, out.len);
    return result;
}

/* ---- Row by row ---- */

static const struct row {
    const char *name;
    const char *rfc;
    const char *stream; /* hex */
    enum why__decode_result result;
    const char *text;
    uint8_t bits; /* 0: 15 */
} rows[] = {
    {"fixed codes", "7692 7.2.3.1", "f2 48 cd c9 c9 07 00", WHY__DECODE_OK, "Hello"},
    {"a stored block", "7692 7.2.3.3", "00 05 00 fa ff 48 65 6c 6c 6f 00", WHY__DECODE_OK, "Hello"},
    {"two blocks", "7692 7.2.3.5", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", WHY__DECODE_OK,
     "Hello"},
    {"nothing", "7692 7.2.3.6", "00", WHY__DECODE_OK, ""},
    {"nothing, after empty blocks", "1951 3.2.4", "00 00 00 ff ff 00", WHY__DECODE_OK, ""},
    {"padding that is not 0", "1951 3.2.4", "f8", WHY__DECODE_OK, ""},
    {"not a byte", "7692 7.2.2", "", WHY__DECODE_OTHER, NULL},
    {"a final block", "7692 7.2.3.4", "f3 48 cd c9 c9 07 00", WHY__DECODE_OTHER, NULL},
    {"a final block, nothing after it", "7692 7.2.3.4", "f3 48 cd c9 c9 07", WHY__DECODE_OTHER,
     NULL},
    {"cut off in a code", "7692 7.2.2", "f2 48 cd c9", WHY__DECODE_OTHER, NULL},
    {"cut off before the empty block", "7692 7.2.2", "f2 48 cd c9 c9 07", WHY__DECODE_OTHER, NULL},
    {"with its tail", "7692 7.2.1", "f2 48 cd c9 c9 07 00 00 00 ff ff", WHY__DECODE_OTHER, NULL},
    {"block type 3", "1951 3.2.3", "06 00", WHY__DECODE_OTHER, NULL},
    {"lengths that differ", "1951 3.2.4", "00 01 00 fe fe 41 00", WHY__DECODE_OTHER, NULL},
    {"a stored block cut off", "1951 3.2.4", "00 05 00 fa ff 48 65 6c 6c", WHY__DECODE_OTHER, NULL},
    {"a stored block cut off in its length", "1951 3.2.4", "00 05 00", WHY__DECODE_OTHER, NULL},
    {"a match before the start", "1951 3.2.3", "4a 04 62 00 00", WHY__DECODE_OTHER, NULL},
    {"286 in the fixed code", "1951 3.2.6", "1a 03 00", WHY__DECODE_OTHER, NULL},
    {"distance 30 in the fixed code", "1951 3.2.6", "4a 84 1f 00", WHY__DECODE_OTHER, NULL},
};

static void each_row_is_judged_as_zlib_judges_it(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        uint8_t stream[64], text[64], expected[64];
        struct why_bytes input = {stream, test_parse_hex(rows[i].stream, stream, sizeof stream)};
        size_t len = 0;
        enum why__decode_result result =
            decode(input, 15, (struct why_span){text, sizeof text}, &len);
        struct test_inflated zlib =
            test_inflate(input, 15, (struct why_span){expected, sizeof expected});
        bool is_right = zlib.is_right && !zlib.has_final;
        if (result != rows[i].result || is_right != (result == WHY__DECODE_OK)) {
            fail_msg("%s (%s): %d, zlib %d", rows[i].name, rows[i].rfc, (int)result, is_right);
        }
        if (result == WHY__DECODE_OK) {
            assert_int_equal(len, strlen(rows[i].text));
            assert_memory_equal(text, rows[i].text, len);
        }
    }
}

/* ---- Streams of zlib's ---- */

static uint32_t dice(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed >> 8;
}

/* Rows that are much alike, of letters that are not equally frequent; from `noise` on nothing is
 * like anything. */
static void write_text(uint8_t *out, size_t len, size_t noise, uint32_t seed) {
    for (size_t i = 0; i < len; i++) {
        unsigned roll = dice(&seed) % 64;
        out[i] = (uint8_t)(roll < 40 && i >= 23 ? out[i - 23] : 'a' + __builtin_ctz(roll | 256));
        out[i] = i < noise ? out[i] : (uint8_t)dice(&seed);
    }
}

struct shape {
    int level, strategy;
    uint8_t bits;
    size_t flush_each; /* 0: at the end alone */
};

static size_t by_zlib(struct shape shape, const uint8_t *text, size_t len, uint8_t *out) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, shape.level, Z_DEFLATED, -shape.bits, 8, shape.strategy),
                     Z_OK);
    stream.next_out = out;
    stream.avail_out = STREAM_MAX;
    for (size_t at = 0, part = 0; at < len; at += part) {
        part = shape.flush_each != 0 && shape.flush_each < len - at ? shape.flush_each : len - at;
        const uint8_t *from = text + at;
        memcpy(&stream.next_in, &from, sizeof from);
        stream.avail_in = (unsigned)part;
        int flush = at + part == len ? Z_SYNC_FLUSH : at % 2 == 0 ? Z_PARTIAL_FLUSH : Z_BLOCK;
        assert_int_equal(deflate(&stream, flush), Z_OK);
    }
    size_t got = stream.total_out - 4;
    deflateEnd(&stream);
    return got;
}

static const struct shape shapes[] = {
    {1, Z_DEFAULT_STRATEGY, 15, 0}, {6, Z_DEFAULT_STRATEGY, 15, 0},
    {9, Z_DEFAULT_STRATEGY, 9, 0},  {6, Z_FIXED, 15, 0},
    {6, Z_HUFFMAN_ONLY, 15, 0},     {6, Z_RLE, 12, 0},
    {0, Z_DEFAULT_STRATEGY, 15, 0}, {6, Z_DEFAULT_STRATEGY, 15, 77},
    {1, Z_FIXED, 10, 1000},
};

static void check_stream(struct why_bytes stream, uint8_t bits, const uint8_t *text, size_t len) {
    static uint8_t out[TEXT_MAX + 100];
    for (size_t spare = 0; spare <= 100; spare += 10) {
        size_t got = 0;
        assert_int_equal(decode(stream, bits, (struct why_span){out, len + spare}, &got),
                         WHY__DECODE_OK);
        assert_int_equal(got, len);
        assert_memory_equal(out, text, len);
    }
    for (size_t less = 1; less <= len && less < 30; less++) {
        size_t got = 0;
        assert_int_equal(decode(stream, bits, (struct why_span){out, len - less}, &got),
                         WHY__DECODE_ROOM);
    }
}

static void what_zlib_makes_is_read(void **state) {
    (void)state;
    static const size_t lengths[] = {1, 2, 30, 257, 258, 1024, 5000, TEXT_MAX};
    static uint8_t text[TEXT_MAX], stream[STREAM_MAX];
    for (size_t i = 0; i < TEST_COUNT(shapes); i++) {
        for (size_t n = 0; n < TEST_COUNT(lengths); n++) {
            for (uint32_t noise = 0; noise < 3; noise++) {
                size_t len = lengths[n];
                write_text(text, len, len - noise * len / 2, 7 + noise);
                size_t stream_len = by_zlib(shapes[i], text, len, stream);
                check_stream((struct why_bytes){stream, stream_len}, shapes[i].bits, text, len);
            }
        }
    }
}

static void what_our_encoder_makes_is_read(void **state) {
    (void)state;
    static uint8_t text[TEXT_MAX], stream[TEXT_MAX + WHY__ENCODER_SLACK];
    struct why__encoder *encoder = malloc(why__encoder_size());
    assert_non_null(encoder);
    why__encoder_init(encoder);
    for (size_t len = 60; len <= TEXT_MAX; len = len < 300 ? len + 1 : len * 3) {
        write_text(text, len, len, 9);
        size_t stream_len = why__encode(encoder, (struct why_bytes){text, len}, 15, stream);
        assert_true(stream_len > 0);
        check_stream((struct why_bytes){stream, stream_len}, 15, text, len);
    }
    free(encoder);
}

/* ---- Streams that are broken ---- */

/* The tail itself was the end of a stored block. */
static bool ends_in_tail(const uint8_t *text, size_t len) {
    static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};
    return len >= sizeof tail && memcmp(text + len - sizeof tail, tail, sizeof tail) == 0;
}

/* What we take, zlib takes, and the bytes are the same. false  zlib takes what we do not */
static bool check_verdict(struct why_bytes stream, uint8_t bits) {
    static uint8_t out[4096], expected[4096];
    size_t len = 0;
    enum why__decode_result result = decode(stream, bits, (struct why_span){out, sizeof out}, &len);
    struct test_inflated zlib =
        test_inflate(stream, bits, (struct why_span){expected, sizeof expected});
    bool is_right = zlib.is_right && !zlib.is_full;
    if (result == WHY__DECODE_OK) {
        assert_true(is_right);
        assert_int_equal(len, zlib.len);
        assert_memory_equal(out, expected, len);
    }
    return !is_right || result == WHY__DECODE_OK || ends_in_tail(expected, zlib.len);
}

static void broken_streams_are_judged_as_zlib_judges_them(void **state) {
    (void)state;
    static uint8_t text[400], stream[STREAM_MAX];
    size_t differing = 0;
    for (size_t i = 0; i < TEST_COUNT(shapes); i++) {
        write_text(text, sizeof text, sizeof text, 11);
        size_t len = by_zlib(shapes[i], text, sizeof text, stream);
        for (size_t cut = 0; cut <= len; cut++) {
            differing += !check_verdict((struct why_bytes){stream, cut}, shapes[i].bits);
        }
        for (size_t bit = 0; bit < len * 8; bit++) {
            stream[bit / 8] ^= (uint8_t)(1u << bit % 8);
            differing += !check_verdict((struct why_bytes){stream, len}, shapes[i].bits);
            stream[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    assert_int_equal(differing, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_judged_as_zlib_judges_it),
        cmocka_unit_test(what_zlib_makes_is_read),
        cmocka_unit_test(what_our_encoder_makes_is_read),
        cmocka_unit_test(broken_streams_are_judged_as_zlib_judges_them),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
