/* SPDX-License-Identifier: MIT
 *
 * Contexts of zlib's, and our own encoder, that connections share: where none is kept between
 * messages, whoever has one to compress or to inflate takes a context from here and puts it back.
 * Making one takes several times as long as compressing a short message with it.
 */
#ifndef WHY_CORE_DEFLATE_CODECS_H
#define WHY_CORE_DEFLATE_CODECS_H

#include "core/deflate_short.h"
#include "whysocket/host.h"

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

/* Of each kind so many are kept; more are made while more are needed at once. */
#define WHY__CODECS_MAX 4

/* What contexts must have in common to stand in for each other. */
struct why__codec_kind {
    bool is_deflater;
    uint8_t window_bits;
    uint8_t level, memory_level; /* of a deflater; else 0 */
};

struct why_codecs;

/* NULL if out of memory. `host` is borrowed, and is what the contexts are allocated by. */
struct why_codecs *why__codecs_new(const struct why_host *host);
void why__codecs_free(struct why_codecs *codecs);

/* A context that knows nothing of what came before; NULL if out of memory.
 *
 * codecs  may be NULL: then it is made anew, by `host` */
z_stream *why__codecs_take(struct why_codecs *codecs, const struct why_host *host,
                           struct why__codec_kind kind);
void why__codecs_give_back(struct why_codecs *codecs, const struct why_host *host,
                           struct why__codec_kind kind, z_stream *stream);

/* The same for our own encoder, of which one is kept: nobody has it for longer than a call. */
struct why__encoder *why__codecs_take_encoder(struct why_codecs *codecs,
                                              const struct why_host *host);
void why__codecs_give_back_encoder(struct why_codecs *codecs, const struct why_host *host,
                                   struct why__encoder *encoder);

/* Free what was not taken since the last call. */
void why__codecs_trim(struct why_codecs *codecs);

/* Whether any is kept, so that there is something to trim. */
bool why__codecs_is_empty(const struct why_codecs *codecs);

#endif
