/* SPDX-License-Identifier: MIT
 *
 * Our own decompressor, for a whole message that refers to none before it (RFC 7692 section 7.2.2,
 * RFC 1951). It says that a message is right and what it is, or that zlib has to look at it: what
 * is wrong with one, or only unusual, is zlib's to judge.
 */
#ifndef WHY_CORE_INFLATE_SHORT_H
#define WHY_CORE_INFLATE_SHORT_H

#include "whysocket/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct why__decoder;

/* Bytes of one, which why__decoder_init() makes of any memory that is aligned as malloc()'s. */
size_t why__decoder_size(void);
void why__decoder_init(struct why__decoder *decoder);

enum why__decode_result {
    WHY__DECODE_OK,    /* the message is whole, and nothing is wrong with it */
    WHY__DECODE_ROOM,  /* what was looked at so far does not fit */
    WHY__DECODE_OTHER, /* it is not for us: corrupt, cut off, or it has a final block */
};

/* Decompress a message that came without its tail 00 00 ff ff.
 *
 * window_bits  8 to 15: no match may be further back
 * out          room; all of it may be written to
 * out_len      set on OK alone */
enum why__decode_result why__decode(struct why__decoder *decoder, struct why_bytes input,
                                    uint8_t window_bits, struct why_span out, size_t *out_len);

#endif
