/* SPDX-License-Identifier: MIT
 *
 * Payloads of compressed messages (RFC 7692 section 7.2.1), also such as no compressor of a peer
 * would write: with BFINAL, in stored or fixed blocks, with any window.
 */
#include "conform/term_kinds.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void conform_deflater_clear(struct conform_deflater *deflater) {
    if (deflater->stream != NULL) {
        deflateEnd(deflater->stream);
        free(deflater->stream);
        deflater->stream = NULL;
    }
}

/* zlib has no window of 256 bytes for raw DEFLATE. Runs of one byte, which refer to the byte before
 * alone, fit any window. */
static bool begin(struct conform_deflater *deflater, const struct conform_term *term) {
    conform_deflater_clear(deflater);
    z_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return false;
    }
    int wanted = term->bits != 0 ? term->bits : deflater->bits != 0 ? deflater->bits : 15;
    int strategy = term->fixed ? Z_FIXED : wanted == 8 ? Z_RLE : Z_DEFAULT_STRATEGY;
    int level = term->stored ? 0 : term->level;
    int bits = wanted > 8 ? wanted : 9;
    if (deflateInit2(stream, level, Z_DEFLATED, -bits, 8, strategy) != Z_OK) {
        free(stream);
        return false;
    }
    deflater->stream = stream;
    return true;
}

/* All of it, with `flush` at its end. */
static bool compress_all(z_stream *stream, struct why_bytes data, int flush,
                         struct conform_buffer *out) {
    /* zlib does not write there; its pointer has no const where ZLIB_CONST is not defined. */
    memcpy(&stream->next_in, &data.data, sizeof data.data);
    stream->avail_in = (uInt)data.len;
    for (;;) {
        size_t room = deflateBound(stream, (uLong)stream->avail_in) + 64;
        uint8_t *piece = conform_buffer_grow(out, room);
        if (piece == NULL) {
            return false;
        }
        stream->next_out = piece;
        stream->avail_out = (uInt)room;
        int result = deflate(stream, flush);
        out->len -= stream->avail_out;
        if (result == Z_STREAM_ERROR) {
            return false;
        }
        if (stream->avail_out > 0) {
            return true;
        }
    }
}

/* What ends a message and its sender leaves off. */
static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};

bool conform_deflate(struct conform_deflater *deflater, const struct conform_term *term,
                     struct why_bytes data, struct conform_buffer *out) {
    bool goes_on = term->context && !deflater->forgets && deflater->stream != NULL;
    if (!goes_on && !begin(deflater, term)) {
        return false;
    }
    size_t start = out->len;
    if (!compress_all(deflater->stream, data, term->final ? Z_FINISH : Z_SYNC_FLUSH, out)) {
        return false;
    }
    if (term->final) {
        /* Section 7.2.3.4: an empty block behind the last one, of which only its first byte is
         * sent. The context goes on; zlib's stream has ended with it, so it begins anew. */
        conform_deflater_clear(deflater);
        return conform_buffer_add(out, tail, 1) &&
               (!term->whole || conform_buffer_add(out, tail, sizeof tail));
    }
    if (out->len == start) {
        /* Nothing was added to what had been flushed: the empty message (section 7.2.3.6). */
        static const uint8_t empty_block[5] = {0x00, 0x00, 0x00, 0xff, 0xff};
        if (!conform_buffer_add(out, empty_block, sizeof empty_block)) {
            return false;
        }
    }
    out->len -= term->whole ? 0 : sizeof tail;
    return true;
}
