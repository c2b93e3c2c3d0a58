/* SPDX-License-Identifier: MIT
 *
 * SHA-1 (RFC 3174), for Sec-WebSocket-Accept (RFC 6455 section 4.2.2) and nothing else: it protects
 * against confusion there, not against attackers.
 */
#ifndef WHY_BASE_SHA1_H
#define WHY_BASE_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define WHY__SHA1_SIZE 20

struct why__sha1 {
    uint32_t state[5];
    uint64_t len;      /* bytes so far */
    uint8_t block[64]; /* the len % 64 bytes that make no whole block yet */
};

void why__sha1_init(struct why__sha1 *sha1);
void why__sha1_add(struct why__sha1 *sha1, const uint8_t *data, size_t len);
/* `sha1` is used up after this. */
void why__sha1_finish(struct why__sha1 *sha1, uint8_t out[WHY__SHA1_SIZE]);

/* All at once. */
void why__sha1(const uint8_t *data, size_t len, uint8_t out[WHY__SHA1_SIZE]);

#endif
