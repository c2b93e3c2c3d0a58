/* SPDX-License-Identifier: MIT
 *
 * Texts of any length, the same ones on every run. A block is made up and then copied until it is
 * enough: sixteen MiB take as long as copying them.
 */
#include "conform/term_kinds.h"

#include <stdio.h>
#include <string.h>

/* xorshift64*: no more than that no two places look alike. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dU;
}

#define SEED 0x77687920736f636bU

/* Fill from data[period] on with what stands before. */
static void repeat_block(uint8_t *data, size_t period, size_t len) {
    for (size_t filled = period; filled < len;) {
        size_t piece = filled < len - filled ? filled : len - filled;
        memcpy(data + filled, data, piece);
        filled += piece;
    }
}

/* No power of two, so that a block in the wrong place is seen. */
#define ASCII_PERIOD ((size_t)4099)

bool conform_text_ascii(struct conform_buffer *out, size_t len) {
    uint8_t *data = conform_buffer_grow(out, len);
    if (data == NULL) {
        return false;
    }
    size_t period = len < ASCII_PERIOD ? len : ASCII_PERIOD;
    uint64_t state = SEED;
    for (size_t i = 0; i < period; i++) {
        data[i] = (uint8_t)('a' + next_random(&state) % 26);
    }
    repeat_block(data, period, len);
    return true;
}

#define UTF8_PERIOD ((size_t)4096)

/* A character of `len` bytes, at random. */
static void put_character(uint8_t *data, unsigned len, uint64_t random) {
    static const struct {
        uint32_t first, count;
        uint8_t mark;
    } ranges[4] = {
        {'a', 26, 0},
        {0x00a1, 0x0600, 0xc0},
        {0x3041, 0x6000, 0xe0}, /* up to U+9040, before the surrogates */
        {0x10000, 0xf0000, 0xf0},
    };
    uint32_t code = ranges[len - 1].first + (uint32_t)(random >> 8) % ranges[len - 1].count;
    for (unsigned i = len; i-- > 1;) {
        data[i] = (uint8_t)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    data[0] = (uint8_t)(ranges[len - 1].mark | code);
}

/* The last byte of a character that begins before `len` and ends behind it is not written: what is
 * left of such a place is filled with letters. */
static size_t put_characters(uint8_t *data, size_t len) {
    uint64_t state = SEED;
    size_t at = 0;
    while (at < len) {
        uint64_t random = next_random(&state);
        unsigned bytes = 1 + (unsigned)(random % 4);
        bytes = bytes <= len - at ? bytes : 1;
        put_character(data + at, bytes, random);
        at += bytes;
    }
    return at;
}

bool conform_text_utf8(struct conform_buffer *out, size_t len) {
    uint8_t *data = conform_buffer_grow(out, len);
    if (data == NULL) {
        return false;
    }
    if (len <= UTF8_PERIOD) {
        put_characters(data, len);
        return true;
    }
    /* Whole blocks end at a character's end; what is left is a text of its own. */
    size_t rest = len % UTF8_PERIOD;
    put_characters(data, UTF8_PERIOD);
    repeat_block(data, UTF8_PERIOD, len - rest);
    put_characters(data + len - rest, rest);
    return true;
}

bool conform_text_bytes(struct conform_buffer *out, size_t len) {
    uint8_t *data = conform_buffer_grow(out, len);
    if (data == NULL) {
        return false;
    }
    uint64_t state = SEED;
    for (size_t at = 0; at < len;) {
        uint64_t random = next_random(&state);
        size_t piece = len - at < sizeof random ? len - at : sizeof random;
        for (size_t i = 0; i < piece; i++) {
            data[at + i] = (uint8_t)(random >> (8 * i));
        }
        at += piece;
    }
    return true;
}

/* A record of a list, as services send them: names that recur, values that differ. All of it is
 * ASCII, so that it may be cut anywhere. */
static size_t put_record(char *out, size_t size, uint64_t random) {
    static const char *const names[] = {"Ada", "Blaise", "Charles", "Emilie", "Grace", "Kurt"};
    static const char *const states[] = {"active", "waiting", "closed", "archived"};
    int len = snprintf(out, size,
                       "{\"id\":%u,\"name\":\"%s\",\"state\":\"%s\",\"score\":%u.%02u,"
                       "\"tags\":[\"a%u\",\"b%u\"],\"seen\":\"2026-%02u-%02uT%02u:%02u:00Z\"},\n",
                       (unsigned)(random >> 44), names[random % 6], states[(random >> 3) % 4],
                       (unsigned)(random >> 5) % 100, (unsigned)(random >> 12) % 100,
                       (unsigned)(random >> 19) % 50, (unsigned)(random >> 25) % 50,
                       1 + (unsigned)(random >> 31) % 12, 1 + (unsigned)(random >> 35) % 28,
                       (unsigned)(random >> 40) % 24, (unsigned)(random >> 45) % 60);
    return (size_t)len;
}

/* Longer than deflate's window, so that a block does not compress as a copy of the one before. */
#define JSON_PERIOD ((size_t)49999)

bool conform_text_json(struct conform_buffer *out, size_t len) {
    uint8_t *data = conform_buffer_grow(out, len);
    if (data == NULL) {
        return false;
    }
    size_t period = len < JSON_PERIOD ? len : JSON_PERIOD;
    uint64_t state = SEED;
    for (size_t at = 0; at < period;) {
        char record[256];
        size_t piece = put_record(record, sizeof record, next_random(&state));
        piece = piece < period - at ? piece : period - at;
        memcpy(data + at, record, piece);
        at += piece;
    }
    repeat_block(data, period, len);
    return true;
}
