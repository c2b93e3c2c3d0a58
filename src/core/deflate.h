/* SPDX-License-Identifier: MIT
 *
 * permessage-deflate (RFC 7692): the two contexts of one connection, which are zlib's. Each is
 * taken when the first message needs it, and given back after every message where no context is
 * kept. Short messages without a context do without zlib.
 */
#ifndef WHY_CORE_DEFLATE_H
#define WHY_CORE_DEFLATE_H

#include "core/deflate_short.h"
#include "whysocket/bytes.h"
#include "whysocket/conn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why__deflate;

/* NULL if out of memory. */
struct why__deflate *why__deflate_new(const struct why_options *options, enum why_role role,
                                      const struct why_deflate_params *params);
void why__deflate_free(struct why__deflate *codec);

enum why__inflate_result {
    WHY__INFLATE_OK,      /* all input is used, or the room is full */
    WHY__INFLATE_CORRUPT, /* no deflate data, or of another window */
    WHY__INFLATE_NOMEM,
};

/* Inflate a piece of a message (section 7.2.2).
 *
 * input  advanced past what was used
 * out    room; *out_len is set to what was written, before a fault too; a full room means: call
 *        again */
enum why__inflate_result why__inflate(struct why__deflate *codec, struct why_bytes *input,
                                      struct why_span out, size_t *out_len);

/* Go on with the four bytes that the sender left off the message's end; call until *out_len is less
 * than the room: then the message is whole and its context is reset or freed as agreed. */
enum why__inflate_result why__inflate_finish(struct why__deflate *codec, struct why_span out,
                                             size_t *out_len);

/* Whether our own messages may be compressed: a window of 8 bits, which a server may ask of a
 * client (section 7.1.2.2), is one that zlib cannot keep to. */
bool why__deflate_can_compress(const struct why__deflate *codec);

/* The window of our own messages, in bits. */
uint8_t why__deflate_window_bits(const struct why__deflate *codec);

/* At most so many bytes come out of why__deflate_compress() for `len` bytes. 0 if out of memory. */
size_t why__deflate_bound(struct why__deflate *codec, size_t len);

/* Compress a message, or a fragment of one (section 7.2.1).
 *
 * last     it ends the message: the tail 00 00 ff ff is left off, the context reset as agreed
 * out      room for why__deflate_bound() bytes
 * returns  the length; 0 if out of memory */
size_t why__deflate_compress(struct why__deflate *codec, struct why_bytes data, bool last,
                             uint8_t *out);

/* Whether a whole message of so many bytes is for why__deflate_short(): no context is kept, and the
 * level is not one that asks for more than our own encoder finds. */
bool why__deflate_is_short(const struct why__deflate *codec, size_t len);

/* Compress such a message.
 *
 * out      room for WHY__ENCODER_SLACK bytes more than the message has
 * returns  the length; 0 where the message is better sent as it is, or out of memory */
size_t why__deflate_short(struct why__deflate *codec, struct why_bytes data, uint8_t *out);

/* Whether a longer whole message is not worth compressing, as its beginning is not: noise, or what
 * is compressed already. Always false where a context is kept, which may know it.
 *
 * out  as for why__deflate_short(), and at least for WHY__DEFLATE_SAMPLE_LEN bytes */
bool why__deflate_is_noise(struct why__deflate *codec, struct why_bytes data, uint8_t *out);
#define WHY__DEFLATE_SAMPLE_LEN 2048

/* What was compressed last is not sent: go on with nothing that refers to it. */
void why__deflate_forget(struct why__deflate *codec);

/* Whether our compressor forgets after each message, so that one may be sent uncompressed although
 * it was compressed already. */
bool why__deflate_forgets(const struct why__deflate *codec);

#endif
