/* SPDX-License-Identifier: MIT
 *
 * A hash for telling few things apart and for tables of ours: anyone can find two that are alike.
 */
#ifndef WHY_BASE_HASH_H
#define WHY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a. */
static inline uint32_t why__hash(const void *data, size_t len) {
    const uint8_t *bytes = data;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    return hash;
}

#endif
