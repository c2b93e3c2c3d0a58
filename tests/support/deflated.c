/* SPDX-License-Identifier: MIT */
#include "support/deflated.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* In pieces, as then zlib knows no more of what came before than the window says. */
enum {
    PIECE = 61
};

static int run(z_stream *stream, struct why_span out, struct test_inflated *inflated) {
    int result = Z_OK;
    for (bool goes_on = true; goes_on && result == Z_OK;) {
        uint8_t piece[PIECE] = {0};
        bool is_fed = stream->avail_in > 0;
        stream->next_out = piece;
        stream->avail_out = sizeof piece;
        result = inflate(stream, Z_SYNC_FLUSH);
        size_t came = sizeof piece - stream->avail_out;
        inflated->is_full = came > out.len - inflated->len;
        came = inflated->is_full ? out.len - inflated->len : came;
        memcpy(out.data + inflated->len, piece, came);
        inflated->len += came;
        /* Asked once more without input, zlib forgets that it stands between two blocks. */
        inflated->is_right = is_fed ? (stream->data_type & 128) != 0 : inflated->is_right;
        goes_on = came == sizeof piece && !inflated->is_full;
    }
    return result == Z_BUF_ERROR ? Z_OK : result;
}

struct test_inflated test_inflate(struct why_bytes input, uint8_t bits, struct why_span out) {
    static const uint8_t tail[] = {0x00, 0x00, 0xff, 0xff};
    struct test_inflated inflated = {0};
    uint8_t *whole = malloc(input.len + sizeof tail);
    z_stream stream = {0};
    if (whole == NULL || inflateInit2(&stream, -bits) != Z_OK) {
        abort();
    }
    if (input.len > 0) {
        memcpy(whole, input.data, input.len);
    }
    memcpy(whole + input.len, tail, sizeof tail);
    stream.next_in = whole;
    stream.avail_in = (unsigned)(input.len + sizeof tail);
    int result = run(&stream, out, &inflated);
    inflated.has_final = result == Z_STREAM_END;
    inflated.is_right = inflated.is_right && result == Z_OK && stream.avail_in == 0;
    inflateEnd(&stream);
    free(whole);
    return inflated;
}
