/* SPDX-License-Identifier: MIT
 *
 * Our own compressor: what comes out is what zlib reads, fits, and keeps to the window.
 */
#include "core/deflate_short.h"

#include "core/huffman.h"
#include "support/guard.h"
#include "support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    LEN_MAX = 100000,
    PIECE = 61
};

/* ---- What is compressed ---- */

static uint32_t dice(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed >> 8;
}

static void fill_zeros(uint8_t *out, size_t len) {
    memset(out, 0, len);
}

static void fill_noise(uint8_t *out, size_t len) {
    uint32_t seed = 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)dice(&seed);
    }
}

/* No matches, and few enough symbols that codes of their own pay. */
static void fill_hex(uint8_t *out, size_t len) {
    uint32_t seed = 2;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t) "0123456789abcdef"[dice(&seed) % 16];
    }
}

static void fill_json(uint8_t *out, size_t len) {
    uint32_t seed = 3;
    char row[128];
    for (size_t at = 0; at < len;) {
        int count = snprintf(row, sizeof row, "{\"id\":%u,\"name\":\"user %u\",\"ok\":%s},",
                             dice(&seed), dice(&seed) % 1000, dice(&seed) % 3 ? "true" : "null");
        size_t taken = (size_t)count < len - at ? (size_t)count : len - at;
        memcpy(out + at, row, taken);
        at += taken;
    }
}

/* Noise that was there before, as far back as each window reaches, and a byte more or less. */
static void fill_echoes(uint8_t *out, size_t len) {
    fill_noise(out, len);
    for (size_t run = 1; (run + 1) * 40 < len; run += 2) {
        size_t back = ((size_t)512 << run / 2 % 7) + run / 14 % 3 - 1;
        if (back <= run * 40) {
            memmove(out + run * 40, out + run * 40 - back, 40);
        }
    }
}

/* Frequencies that double: without a limit the longest codes would pass 15 bits. */
static void fill_skewed(uint8_t *out, size_t len) {
    uint32_t seed = 4;
    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;
        while (value < 30 && dice(&seed) % 2 == 0) {
            value++;
        }
        out[i] = (uint8_t)(value * 8 + (value > 3 ? dice(&seed) % 8 : 0));
    }
}

static const struct kind {
    const char *name;
    void (*fill)(uint8_t *out, size_t len);
    bool shrinks; /* from 200 bytes on */
} kinds[] = {
    {"zeros", fill_zeros, true}, {"noise", fill_noise, false},   {"hex", fill_hex, true},
    {"json", fill_json, true},   {"echoes", fill_echoes, false}, {"skewed", fill_skewed, true},
};

/* ---- Reading it ---- */

/* By zlib, in pieces, as then it knows no more of what came before than the window says. */
static void check_inflates(const uint8_t *data, size_t len, uint8_t bits, struct why_bytes text) {
    static uint8_t input[LEN_MAX + WHY__ENCODER_SLACK + 4];
    static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};
    memcpy(input, data, len);
    memcpy(input + len, tail, sizeof tail);
    z_stream stream = {.next_in = input, .avail_in = (unsigned)(len + sizeof tail)};
    assert_int_equal(inflateInit2(&stream, -bits), Z_OK);
    size_t at = 0;
    bool is_between_blocks = false;
    for (bool goes_on = true; goes_on;) {
        uint8_t piece[PIECE];
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        bool is_fed = stream.avail_in > 0;
        int result = inflate(&stream, Z_SYNC_FLUSH);
        is_between_blocks = is_fed ? (stream.data_type & 128) != 0 : is_between_blocks;
        assert_true(result == Z_OK || result == Z_BUF_ERROR);
        size_t came = sizeof piece - stream.avail_out;
        assert_true(came <= text.len - at);
        assert_memory_equal(piece, text.data + at, came);
        at += came;
        goes_on = came == sizeof piece;
    }
    assert_int_equal(at, text.len);
    assert_int_equal(stream.avail_in, 0);
    assert_true(is_between_blocks);
    inflateEnd(&stream);
}

static size_t check_one(struct why__encoder *encoder, const struct kind *kind, size_t len,
                        uint8_t bits) {
    uint8_t *data = test_guard_new(len);
    uint8_t *out = test_guard_new(len + WHY__ENCODER_SLACK);
    kind->fill(data, len);
    size_t got = why__encode(encoder, (struct why_bytes){data, len}, bits, out);
    if (got >= len && got > 0) {
        fail_msg("%s: %zu bytes became %zu", kind->name, len, got);
    }
    if (kind->shrinks && len >= 200 && got == 0) {
        fail_msg("%s: %zu bytes did not become shorter", kind->name, len);
    }
    if (got > 0) {
        check_inflates(out, got, bits, (struct why_bytes){data, len});
    }
    test_guard_free(data, len);
    test_guard_free(out, len + WHY__ENCODER_SLACK);
    return got;
}

static struct why__encoder *new_encoder(void) {
    struct why__encoder *encoder = malloc(why__encoder_size());
    assert_non_null(encoder);
    why__encoder_init(encoder);
    return encoder;
}

static void zlib_reads_what_comes_out(void **state) {
    (void)state;
    static const size_t lengths[] = {1000, 1024, 4096, 8192, 32767, 32768, 32769, 65536, LEN_MAX};
    struct why__encoder *encoder = new_encoder();
    for (size_t i = 0; i < TEST_COUNT(kinds); i++) {
        for (size_t len = 1; len < 300; len++) {
            check_one(encoder, &kinds[i], len, 15);
        }
        for (size_t n = 0; n < TEST_COUNT(lengths); n++) {
            for (uint8_t bits = 9; bits <= 15; bits++) {
                check_one(encoder, &kinds[i], lengths[n], bits);
            }
        }
    }
    free(encoder);
}

/* What the table holds of the messages before is not seen in the next. */
static void an_encoder_knows_nothing_of_what_came_before(void **state) {
    (void)state;
    struct why__encoder *encoder = new_encoder();
    static uint8_t data[40000], first[sizeof data + WHY__ENCODER_SLACK], out[sizeof first];
    fill_json(data, sizeof data);
    struct why_bytes message = {data, sizeof data};
    size_t len = why__encode(encoder, message, 15, first);
    /* Past the point where the places are counted anew. */
    for (size_t i = 0; i < (1 << 24) / sizeof data + 10; i++) {
        assert_int_equal(why__encode(encoder, message, 15, out), len);
        assert_memory_equal(out, first, len);
    }
    free(encoder);
}

static size_t by_zlib(const uint8_t *data, size_t len, int level) {
    static uint8_t out[2 * LEN_MAX];
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, -15, 8, 0), Z_OK);
    memcpy(&stream.next_in, &data, sizeof data);
    stream.avail_in = (unsigned)len;
    stream.next_out = out;
    stream.avail_out = sizeof out;
    assert_int_equal(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    size_t got = stream.total_out - 4;
    deflateEnd(&stream);
    return got;
}

/* Nothing asks for a size; this is what is said of it. Short messages are not worth codes of their
 * own, which cost more time than all else. */
static void it_is_not_much_longer_than_what_zlib_makes(void **state) {
    (void)state;
    static const size_t lengths[] = {256, 1024, 4096, 8192};
    static uint8_t data[8192];
    struct why__encoder *encoder = new_encoder();
    for (size_t i = 0; i < TEST_COUNT(kinds); i++) {
        for (size_t n = 0; n < TEST_COUNT(lengths); n++) {
            size_t len = lengths[n];
            size_t own = check_one(encoder, &kinds[i], len, 15);
            kinds[i].fill(data, len);
            size_t zlib = by_zlib(data, len, 6);
            zlib = zlib < len ? zlib : len;
            own = own != 0 ? own : len;
            if (own > zlib + zlib / 8 + len / 64 + 48) {
                fail_msg("%s: %zu bytes became %zu, by zlib %zu", kinds[i].name, len, own, zlib);
            }
        }
    }
    free(encoder);
}

/* ---- Codes ---- */

static void check_code(const uint32_t *frequencies, size_t count, unsigned max) {
    uint8_t lengths[WHY__HUFFMAN_SYMBOLS_MAX];
    uint32_t taken = 0;
    why__huffman_lengths(frequencies, count, max, lengths);
    for (size_t i = 0; i < count; i++) {
        assert_true(lengths[i] <= max);
        assert_true(frequencies[i] == 0 || lengths[i] > 0);
        taken += lengths[i] > 0 ? 1u << (max - lengths[i]) : 0;
        for (size_t n = 0; n < count; n++) {
            assert_true(frequencies[i] <= frequencies[n] || frequencies[n] == 0 ||
                        lengths[i] <= lengths[n]);
        }
    }
    assert_int_equal(taken, 1u << max); /* complete, and no more than that */
}

static void every_code_is_complete_and_within_its_limit(void **state) {
    (void)state;
    uint32_t frequencies[WHY__HUFFMAN_SYMBOLS_MAX] = {0};
    check_code(frequencies, 30, 15); /* none occurs */
    frequencies[29] = 7;
    check_code(frequencies, 30, 15); /* one does */
    frequencies[0] = 1;
    check_code(frequencies, 30, 15);
    for (size_t count = 2; count <= 31; count++) { /* as deep as can be */
        uint32_t a = 1;
        uint32_t b = 1;
        for (size_t i = 0; i < count; i++) {
            frequencies[i] = a;
            uint32_t next = a + b;
            a = b;
            b = next;
        }
        check_code(frequencies, count, 15);
        check_code(frequencies, count, count <= 19 ? 7 : 15);
    }
    uint32_t seed = 5;
    for (size_t i = 0; i < 200; i++) {
        for (size_t n = 0; n < WHY__HUFFMAN_SYMBOLS_MAX; n++) {
            frequencies[n] = dice(&seed) % 4 == 0 ? 0 : dice(&seed) >> (dice(&seed) % 16 + 8);
        }
        check_code(frequencies, 288, 15);
        check_code(frequencies, 19, 7);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zlib_reads_what_comes_out),
        cmocka_unit_test(an_encoder_knows_nothing_of_what_came_before),
        cmocka_unit_test(it_is_not_much_longer_than_what_zlib_makes),
        cmocka_unit_test(every_code_is_complete_and_within_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
