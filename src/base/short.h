/* SPDX-License-Identifier: MIT
 *
 * What most messages are is short: 125 bytes at most, unmasked and copied where they are met,
 * without a call. Nothing outside of [data, data + len) is touched.
 *
 * Bytes that were written just now are read fast where each load finds all of its own in one store,
 * and else have to wait until the stores have left for the cache, which is longer than all the rest
 * takes. So unmasking writes blocks from the front and the last block over the end of them, and
 * copying reads in the same pieces.
 */
#ifndef WHY_BASE_SHORT_H
#define WHY_BASE_SHORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef uint32_t why__block __attribute__((vector_size(16)));

#define WHY__BLOCK_LEN sizeof(why__block)

static inline uint64_t why__short_load_8(const uint8_t *data) {
    uint64_t word = 0;
    memcpy(&word, data, sizeof word);
    return word;
}

static inline uint32_t why__short_load_4(const uint8_t *data) {
    uint32_t word = 0;
    memcpy(&word, data, sizeof word);
    return word;
}

static inline why__block why__short_load(const uint8_t *data) {
    why__block block;
    memcpy(&block, data, sizeof block);
    return block;
}

static inline bool why__short_is_any_high(why__block block) {
#if defined(__SSE2__)
    return _mm_movemask_epi8((__m128i)block) != 0;
#else
    return ((block[0] | block[1] | block[2] | block[3]) & UINT32_C(0x80808080)) != 0;
#endif
}

/* The key as it lies over what begins `phase` bytes into the payload. */
static inline uint32_t why__short_turn(uint32_t key, size_t phase) {
    unsigned shift = (unsigned)(phase & 3) * 8;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return key >> shift | key << (-shift & 31);
#else
    return key << shift | key >> (-shift & 31);
#endif
}

/* Less than a block. returns  whether all of it is ASCII now */
static inline bool why__short_unmask_few(uint8_t *data, size_t len, uint32_t key, uint32_t turned) {
    if (len >= 8) {
        uint64_t first = why__short_load_8(data) ^ ((uint64_t)key << 32 | key);
        uint64_t last = why__short_load_8(data + len - 8) ^ ((uint64_t)turned << 32 | turned);
        memcpy(data, &first, sizeof first);
        memcpy(data + len - 8, &last, sizeof last);
        return ((first | last) & UINT64_C(0x8080808080808080)) == 0;
    }
    if (len >= 4) {
        uint32_t first = why__short_load_4(data) ^ key;
        uint32_t last = why__short_load_4(data + len - 4) ^ turned;
        memcpy(data, &first, sizeof first);
        memcpy(data + len - 4, &last, sizeof last);
        return ((first | last) & UINT32_C(0x80808080)) == 0;
    }
    uint8_t bytes[4];
    uint8_t any = 0;
    memcpy(bytes, &key, sizeof bytes);
    for (size_t i = 0; i < len; i++) {
        data[i] ^= bytes[i];
        any |= data[i];
    }
    return any < 0x80;
}

/* Unmask in place (RFC 6455 section 5.3); doing it again masks it again.
 *
 * key      as it lies over the first bytes
 * returns  whether all of it is ASCII now */
static inline bool why__short_unmask(uint8_t *data, size_t len, uint32_t key) {
    uint32_t turned = why__short_turn(key, len); /* blocks are a multiple of the key's length */
    if (len < WHY__BLOCK_LEN) {
        return why__short_unmask_few(data, len, key, turned);
    }
    uint8_t *tail = data + len - WHY__BLOCK_LEN;
    why__block last = why__short_load(tail) ^ turned;
    why__block any = last;
    do {
        why__block block = why__short_load(data) ^ key;
        any |= block;
        memcpy(data, &block, sizeof block);
        data += WHY__BLOCK_LEN;
    } while (data <= tail);
    memcpy(tail, &last, sizeof last);
    return !why__short_is_any_high(any);
}

/* Less than a block, all of it in what one store has written. */
static inline void why__short_copy_few(uint8_t *out, const uint8_t *data, size_t len) {
    if (len >= 8) {
        uint64_t first = why__short_load_8(data);
        uint64_t last = why__short_load_8(data + len - 8);
        memcpy(out, &first, sizeof first);
        memcpy(out + len - 8, &last, sizeof last);
    } else if (len >= 4) {
        uint32_t first = why__short_load_4(data);
        uint32_t last = why__short_load_4(data + len - 4);
        memcpy(out, &first, sizeof first);
        memcpy(out + len - 4, &last, sizeof last);
    } else if (len > 0) {
        out[0] = data[0];
        out[len / 2] = data[len / 2];
        out[len - 1] = data[len - 1];
    }
}

/* Copy a payload, which may have been unmasked just now; the two do not overlap. */
static inline void why__short_copy(uint8_t *out, const uint8_t *data, size_t len) {
    if (len >= WHY__BLOCK_LEN) {
        size_t left = len - WHY__BLOCK_LEN; /* before the last block */
        why__block last = why__short_load(data + left);
        memcpy(out + left, &last, sizeof last);
        for (; left >= WHY__BLOCK_LEN; left -= WHY__BLOCK_LEN) {
            why__block block = why__short_load(data);
            memcpy(out, &block, sizeof block);
            data += WHY__BLOCK_LEN;
            out += WHY__BLOCK_LEN;
        }
        why__short_copy_few(out, data, left);
    } else if (len >= 8) {
        uint64_t last = why__short_load_8(data + len - 8);
        memcpy(out + len - 8, &last, sizeof last);
        why__short_copy_few(out, data, len - 8);
    } else if (len >= 4) {
        uint32_t last = why__short_load_4(data + len - 4);
        memcpy(out + len - 4, &last, sizeof last);
        why__short_copy_few(out, data, len - 4);
    } else {
        why__short_copy_few(out, data, len);
    }
}

#endif
