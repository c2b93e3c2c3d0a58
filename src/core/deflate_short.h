/* SPDX-License-Identifier: MIT
 *
 * Our own compressor, for a whole message that refers to none before it (RFC 7692 section 7.2.1,
 * RFC 1951): what most messages of a server are, and where zlib takes longer to be set up again
 * than to compress. Streams, fragments, kept contexts and the higher levels are zlib's.
 */
#ifndef WHY_CORE_DEFLATE_SHORT_H
#define WHY_CORE_DEFLATE_SHORT_H

#include "whysocket/bytes.h"

#include <stddef.h>
#include <stdint.h>

struct why__encoder;

/* Bytes of one, which why__encoder_init() makes of any memory that is aligned as malloc()'s. */
size_t why__encoder_size(void);
void why__encoder_init(struct why__encoder *encoder);

/* So much more than the message has to be there for what comes out of it. */
#define WHY__ENCODER_SLACK 512

/* Compress a message; no match is further back than a window of `window_bits`.
 *
 * data     of less than 2^31 bytes
 * out      room for data.len + WHY__ENCODER_SLACK bytes
 * returns  the length, without the tail 00 00 ff ff; 0 where the message would not become shorter,
 *          which is seen early where none of it does */
size_t why__encode(struct why__encoder *encoder, struct why_bytes data, uint8_t window_bits,
                   uint8_t *out);

#endif
