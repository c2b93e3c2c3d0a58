/* SPDX-License-Identifier: MIT
 *
 * Base64 (RFC 4648 section 4), as Sec-WebSocket-Key and Proxy-Authorization have it.
 */
#ifndef WHY_BASE_BASE64_H
#define WHY_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters that `len` bytes become, padding included, no terminator. */
#define WHY__BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* Write WHY__BASE64_LEN(len) characters to `out`, unterminated.
 * returns  their number */
size_t why__base64_encode(const uint8_t *data, size_t len, char *out);

/* Decode what must be exactly one encoding: padding where it belongs, unused bits zero, nothing
 * else between (RFC 4648 sections 3.2, 3.3, 3.5).
 *
 * out      at most `out_size` bytes; on false it may hold a beginning of them
 * out_len  bytes written
 * returns  false where `text` is no such thing, or does not fit */
bool why__base64_decode(const char *text, size_t len, uint8_t *out, size_t out_size,
                        size_t *out_len);

#endif
