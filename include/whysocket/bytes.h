/* SPDX-License-Identifier: MIT
 *
 * Runs of bytes that somebody else owns.
 */
#ifndef WHY_BYTES_H
#define WHY_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Bytes to read. Not terminated: `len` is all there is to know of the end. */
struct why_bytes {
    const uint8_t *data;
    size_t len;
};

/* Bytes to read and to write over. What the peer sent is unmasked where it lies. */
struct why_span {
    uint8_t *data;
    size_t len;
};

#endif
