/* SPDX-License-Identifier: MIT
 *
 * permessage-deflate. This and deflate_codecs.c are what the engine knows of zlib.
 */
#include "core/deflate.h"

#include "core/deflate_codecs.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

#define OUR_BITS_MIN 9 /* zlib's raw deflate has no smaller window */

/* Up to these levels our own encoder takes messages up to these sizes: what comes out is about as
 * long as zlib's at level 1, and up to a tenth longer than at level 6 (docs/performance.md). */
#define FAST_LEVEL_MAX 3
#define MIDDLE_LEVEL_MAX 6
#define SHORT_LEN_MAX_FAST 65536
#define SHORT_LEN_MAX 8192

/* Up to this size a message is inflated by our own decoder, which needs all of it at hand. */
#define SHORT_INPUT_MAX 65536

/* What a sender leaves off the end of each message (RFC 7692 section 7.2.1). */
static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};

struct why__deflate {
    const struct why_options *options;
    z_stream *inflater, *deflater; /* NULL while there is no context */
    uint8_t inflate_bits, deflate_bits;
    bool inflate_forgets, deflate_forgets; /* no_context_takeover, for that direction */
    bool at_final_block;                   /* what was inflated last ended a block with BFINAL */
    bool finishing; /* the message's last byte is in, its tail is being fed */
    uint8_t tail_left;
};

/* A size that was not spoken of is the largest (RFC 7692 section 7.1.2). */
static uint8_t window_bits(uint8_t agreed) {
    return agreed != 0 ? agreed : MAX_WBITS;
}

struct why__deflate *why__deflate_new(const struct why_options *options, enum why_role role,
                                      const struct why_deflate_params *params) {
    const struct why_host *host = options->host;
    struct why__deflate *codec = host->allocate(host->context, NULL, sizeof *codec);
    if (codec == NULL) {
        return NULL;
    }
    bool is_server = role == WHY_ROLE_SERVER;
    uint8_t server_bits = window_bits(params->server_max_window_bits);
    uint8_t client_bits = window_bits(params->client_max_window_bits);
    *codec = (struct why__deflate){
        .options = options,
        .deflate_bits = is_server ? server_bits : client_bits,
        .inflate_bits = is_server ? client_bits : server_bits,
        .deflate_forgets =
            is_server ? params->server_no_context_takeover : params->client_no_context_takeover,
        .inflate_forgets =
            is_server ? params->client_no_context_takeover : params->server_no_context_takeover,
    };
    /* Asked to remember, we may still forget: it is the peer that must then hold our window. */
    if (!options->deflate_keep_context) {
        codec->deflate_forgets = true;
    }
    return codec;
}

static struct why__codec_kind inflater_kind(const struct why__deflate *codec) {
    return (struct why__codec_kind){.window_bits = codec->inflate_bits};
}

static struct why__codec_kind deflater_kind(const struct why__deflate *codec) {
    return (struct why__codec_kind){.is_deflater = true,
                                    .window_bits = codec->deflate_bits,
                                    .level = codec->options->deflate_level,
                                    .memory_level = codec->options->deflate_memory_level};
}

static void drop_inflater(struct why__deflate *codec) {
    if (codec->inflater != NULL) {
        const struct why_host *host = codec->options->host;
        why__codecs_give_back(host->codecs, host, inflater_kind(codec), codec->inflater);
        codec->inflater = NULL;
    }
}

static void drop_deflater(struct why__deflate *codec) {
    if (codec->deflater != NULL) {
        const struct why_host *host = codec->options->host;
        why__codecs_give_back(host->codecs, host, deflater_kind(codec), codec->deflater);
        codec->deflater = NULL;
    }
}

void why__deflate_free(struct why__deflate *codec) {
    if (codec != NULL) {
        const struct why_host *host = codec->options->host;
        drop_inflater(codec);
        drop_deflater(codec);
        host->allocate(host->context, codec, 0);
    }
}

static bool need_inflater(struct why__deflate *codec) {
    if (codec->inflater == NULL) {
        const struct why_host *host = codec->options->host;
        codec->inflater = why__codecs_take(host->codecs, host, inflater_kind(codec));
    }
    return codec->inflater != NULL;
}

static bool need_deflater(struct why__deflate *codec) {
    if (codec->deflater == NULL) {
        const struct why_host *host = codec->options->host;
        codec->deflater = why__codecs_take(host->codecs, host, deflater_kind(codec));
    }
    return codec->deflater != NULL;
}

static unsigned clamp_to_zlib(size_t len) {
    return len > (1u << 30) ? 1u << 30 : (unsigned)len;
}

/* zlib's input pointer has no const, but with the library built as it is zlib does not write. */
static Bytef *zlib_input(const uint8_t *data) {
    Bytef *input = NULL;
    memcpy(&input, &data, sizeof input);
    return input;
}

enum why__inflate_result why__inflate(struct why__deflate *codec, struct why_bytes *input,
                                      struct why_span out, size_t *out_len) {
    *out_len = 0;
    if (!need_inflater(codec)) {
        return WHY__INFLATE_NOMEM;
    }
    z_stream *stream = codec->inflater;
    enum why__inflate_result answer = WHY__INFLATE_OK;
    unsigned room = clamp_to_zlib(out.len);
    stream->next_out = out.data;
    stream->avail_out = room;
    /* Once without input too: what did not fit into the last room comes out of zlib's own state. */
    do {
        unsigned given = clamp_to_zlib(input->len);
        stream->next_in = zlib_input(input->data);
        stream->avail_in = given;
        int result = inflate(stream, Z_SYNC_FLUSH);
        input->data += given - stream->avail_in;
        input->len -= given - stream->avail_in;
        if (given > 0 || result == Z_STREAM_END) {
            codec->at_final_block = result == Z_STREAM_END;
        }
        if (result == Z_STREAM_END) {
            /* A block with BFINAL: the message may go on after it, and later ones may refer to it
             * (section 7.2.3.4), so the window stays. */
            result = inflateResetKeep(stream);
        }
        if (result == Z_MEM_ERROR) {
            answer = WHY__INFLATE_NOMEM;
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            answer = WHY__INFLATE_CORRUPT;
        }
    } while (answer == WHY__INFLATE_OK && input->len > 0 && stream->avail_out > 0);
    *out_len = room - stream->avail_out;
    return answer;
}

enum why__inflate_result why__inflate_finish(struct why__deflate *codec, struct why_span out,
                                             size_t *out_len) {
    if (!codec->finishing) {
        codec->finishing = true;
        /* A sender that ends on a BFINAL block should add a byte for the tail to go on with; where
         * it did not, the message is whole as it is. */
        codec->tail_left = codec->at_final_block ? 0 : sizeof tail;
    }
    struct why_bytes input = {tail + sizeof tail - codec->tail_left, codec->tail_left};
    enum why__inflate_result result = why__inflate(codec, &input, out, out_len);
    codec->tail_left = (uint8_t)input.len;
    if (result != WHY__INFLATE_OK || *out_len == out.len) {
        return result;
    }
    codec->finishing = false;
    /* zlib's sign of standing between two blocks: elsewhere the data was cut off. */
    if (!codec->at_final_block && (codec->inflater->data_type & 128) == 0) {
        return WHY__INFLATE_CORRUPT;
    }
    codec->at_final_block = false;
    if (codec->inflate_forgets) {
        drop_inflater(codec);
    }
    return WHY__INFLATE_OK;
}

bool why__inflate_is_short(const struct why__deflate *codec, size_t len) {
    return codec->inflate_forgets && len <= SHORT_INPUT_MAX;
}

enum why__decode_result why__inflate_short(struct why__deflate *codec, struct why_bytes input,
                                           struct why_span out, size_t *out_len) {
    const struct why_host *host = codec->options->host;
    struct why__decoder *decoder = why__codecs_take_decoder(host->codecs, host);
    if (decoder == NULL) {
        return WHY__DECODE_OTHER; /* zlib may still find what it needs, or say that it cannot */
    }
    enum why__decode_result result = why__decode(decoder, input, codec->inflate_bits, out, out_len);
    why__codecs_give_back_decoder(host->codecs, host, decoder);
    return result;
}

bool why__deflate_can_compress(const struct why__deflate *codec) {
    return codec->deflate_bits >= OUR_BITS_MIN;
}

uint8_t why__deflate_window_bits(const struct why__deflate *codec) {
    return codec->deflate_bits;
}

size_t why__deflate_bound(struct why__deflate *codec, size_t len) {
    if (!need_deflater(codec)) {
        return 0;
    }
    /* deflateBound() speaks of one finished stream; a flush adds an empty block, and what an
     * earlier fragment left pending. */
    return deflateBound(codec->deflater, len) + 16;
}

/* zlib does not flush twice without data between: an empty block by hand (section 7.2.3.6). */
static size_t write_empty_block(uint8_t *out) {
    out[0] = 0x00;
    memcpy(out + 1, tail, sizeof tail);
    return 1 + sizeof tail;
}

static size_t compress_all(struct why__deflate *codec, struct why_bytes data, uint8_t *out) {
    z_stream *stream = codec->deflater;
    size_t room = why__deflate_bound(codec, data.len);
    size_t written = 0;
    while (data.len > 0) {
        unsigned given = clamp_to_zlib(data.len);
        unsigned given_room = clamp_to_zlib(room - written);
        stream->next_in = zlib_input(data.data);
        stream->avail_in = given;
        stream->next_out = out + written;
        stream->avail_out = given_room;
        int result = deflate(stream, given == data.len ? Z_SYNC_FLUSH : Z_NO_FLUSH);
        assert(result == Z_OK && stream->avail_in == 0 && stream->avail_out > 0);
        (void)result;
        written += given_room - stream->avail_out;
        data.data += given;
        data.len -= given;
    }
    return written;
}

size_t why__deflate_compress(struct why__deflate *codec, struct why_bytes data, bool last,
                             uint8_t *out) {
    if (!need_deflater(codec)) {
        return 0;
    }
    size_t written = data.len == 0 ? write_empty_block(out) : compress_all(codec, data, out);
    if (last) {
        written -= sizeof tail;
        if (codec->deflate_forgets) {
            drop_deflater(codec);
        }
    }
    return written;
}

bool why__deflate_is_short(const struct why__deflate *codec, size_t len) {
    unsigned level = codec->options->deflate_level;
    size_t max = level <= FAST_LEVEL_MAX     ? SHORT_LEN_MAX_FAST
                 : level <= MIDDLE_LEVEL_MAX ? SHORT_LEN_MAX
                                             : 0;
    return codec->deflate_forgets && len <= max;
}

size_t why__deflate_short(struct why__deflate *codec, struct why_bytes data, uint8_t *out) {
    const struct why_host *host = codec->options->host;
    struct why__encoder *encoder = why__codecs_take_encoder(host->codecs, host);
    if (encoder == NULL) {
        return 0;
    }
    size_t len = why__encode(encoder, data, codec->deflate_bits, out);
    why__codecs_give_back_encoder(host->codecs, host, encoder);
    return len;
}

bool why__deflate_is_noise(struct why__deflate *codec, struct why_bytes data, uint8_t *out) {
    if (!codec->deflate_forgets || data.len < 2 * WHY__DEFLATE_SAMPLE_LEN) {
        return false;
    }
    struct why_bytes sample = {data.data, WHY__DEFLATE_SAMPLE_LEN};
    bool is_noise = why__deflate_short(codec, sample, out) == 0;
    if (is_noise) {
        drop_deflater(codec); /* it was taken to say how long it would become */
    }
    return is_noise;
}

void why__deflate_forget(struct why__deflate *codec) {
    drop_deflater(codec);
}

bool why__deflate_forgets(const struct why__deflate *codec) {
    return codec->deflate_forgets;
}
