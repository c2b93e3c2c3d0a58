/* SPDX-License-Identifier: MIT
 *
 * What our own decoder takes, zlib takes, and the bytes are the same; what our own encoder makes,
 * both read. Input: a byte for the window, two for the room, then the stream, which is the text of
 * the encoder as well.
 */
#include "core/deflate_short.h"
#include "core/inflate_short.h"
#include "fuzz.h"
#include "support/deflated.h"

#include <string.h>

enum {
    CHOICES = 3,
    ROOM_MAX = 65536
};

/* Just as long as it is, so that a step past it is seen. */
static uint8_t *copy_of(const uint8_t *data, size_t len) {
    uint8_t *copy = malloc(len + (len == 0));
    FUZZ_CHECK(copy != NULL);
    memcpy(copy, data, len);
    return copy;
}

static enum why__decode_result decode(struct why_bytes stream, uint8_t bits, struct why_span out,
                                      size_t *len) {
    struct why__decoder *decoder = malloc(why__decoder_size());
    FUZZ_CHECK(decoder != NULL);
    memset(decoder, 0xa5, why__decoder_size());
    why__decoder_init(decoder);
    enum why__decode_result result = why__decode(decoder, stream, bits, out, len);
    free(decoder);
    return result;
}

static void read_stream(struct why_bytes stream, uint8_t bits, size_t room) {
    static uint8_t expected[ROOM_MAX];
    uint8_t *out = malloc(room + (room == 0));
    FUZZ_CHECK(out != NULL);
    size_t len = 0;
    enum why__decode_result result = decode(stream, bits, (struct why_span){out, room}, &len);
    struct test_inflated zlib =
        test_inflate(stream, bits, (struct why_span){expected, sizeof expected});
    if (result == WHY__DECODE_OK) {
        FUZZ_CHECK(zlib.is_right && !zlib.has_final && !zlib.is_full);
        FUZZ_CHECK(len == zlib.len && memcmp(out, expected, len) == 0);
    } else if (result == WHY__DECODE_ROOM && zlib.is_right && !zlib.is_full) {
        FUZZ_CHECK(zlib.len > room);
    }
    free(out);
}

static void write_stream(struct why_bytes text, uint8_t bits) {
    static struct why__encoder *encoder;
    static uint8_t expected[ROOM_MAX];
    if (encoder == NULL) {
        encoder = malloc(why__encoder_size());
        FUZZ_CHECK(encoder != NULL);
        why__encoder_init(encoder);
    }
    uint8_t *out = malloc(text.len + WHY__ENCODER_SLACK);
    FUZZ_CHECK(out != NULL);
    struct why_bytes stream = {out, why__encode(encoder, text, bits, out)};
    FUZZ_CHECK(stream.len == 0 || stream.len < text.len);
    if (stream.len > 0 && text.len <= ROOM_MAX) {
        struct test_inflated zlib =
            test_inflate(stream, bits, (struct why_span){expected, sizeof expected});
        FUZZ_CHECK(zlib.is_right && zlib.len == text.len);
        FUZZ_CHECK(memcmp(expected, text.data, text.len) == 0);
        size_t len = 0;
        FUZZ_CHECK(decode(stream, bits, (struct why_span){expected, text.len}, &len) ==
                   WHY__DECODE_OK);
        FUZZ_CHECK(len == text.len && memcmp(expected, text.data, len) == 0);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < CHOICES) {
        return 0;
    }
    uint8_t bits = (uint8_t)(9 + data[0] % 7);
    size_t room = (size_t)data[1] | (size_t)data[2] << 8;
    size_t len = size - CHOICES;
    uint8_t *copy = copy_of(data + CHOICES, len);
    struct why_bytes bytes = {copy, len};
    read_stream(bytes, bits, room);
    write_stream(bytes, bits);
    free(copy);
    return 0;
}
