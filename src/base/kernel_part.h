/* SPDX-License-Identifier: MIT
 *
 * Less than a block, for instruction sets that cannot load and store a part of a vector: over a
 * buffer, as nothing outside the data may be touched. Part of a kernel's file, as kernel_vector.h.
 */
#ifndef WHY_BASE_KERNEL_PART_H
#define WHY_BASE_KERNEL_PART_H

#include "base/kernel.h"

#include <string.h>

/* Fill `block` with `len` bytes, less than it holds, and zeroes. */
static inline void load_part(vec *block, const uint8_t *data, size_t len) {
    uint8_t bytes[BLOCK_SIZE] = {0};
    memcpy(bytes, data, len);
    for (size_t i = 0; i < BLOCK_SIZE / VEC_SIZE; i++) {
        block[i] = vec_load(bytes + i * VEC_SIZE);
    }
}

static inline void mask_part(uint8_t *out, const uint8_t *data, size_t len, vec key) {
    uint8_t key_bytes[VEC_SIZE];
    vec_store(key_bytes, key);
    size_t at = 0;
    for (; len - at >= VEC_SIZE; at += VEC_SIZE) {
        vec_store(out + at, vec_xor(vec_load(data + at), key));
    }
    uint64_t key_word = 0;
    memcpy(&key_word, key_bytes, sizeof key_word);
    for (; len - at >= sizeof key_word; at += sizeof key_word) {
        uint64_t word = 0;
        memcpy(&word, data + at, sizeof word);
        word ^= key_word;
        memcpy(out + at, &word, sizeof word);
    }
    for (; at < len; at++) {
        out[at] = data[at] ^ key_bytes[at & 3];
    }
}

#endif
