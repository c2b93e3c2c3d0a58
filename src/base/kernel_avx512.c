/* SPDX-License-Identifier: MIT
 *
 * The kernel for AVX-512 with bytes (BW), 64 bytes at a time; less than a block through masks.
 */
#include <immintrin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m512i vec;
#define VEC_SIZE 64
#define BLOCK_SIZE 128

static inline vec vec_load(const uint8_t *data) {
    return _mm512_loadu_si512((const void *)data);
}

static inline void vec_store(uint8_t *out, vec value) {
    _mm512_storeu_si512((void *)out, value);
}

static inline vec vec_splat(uint8_t byte) {
    return _mm512_set1_epi8((char)byte);
}

static inline vec vec_splat_word(uint32_t word) {
    return _mm512_set1_epi32((int)word);
}

static inline vec vec_table(const uint8_t table[16]) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)table));
}

static inline vec vec_lookup(vec table, vec index) {
    return _mm512_shuffle_epi8(table, index);
}

static inline vec vec_and(vec a, vec b) {
    return _mm512_and_si512(a, b);
}

static inline vec vec_or(vec a, vec b) {
    return _mm512_or_si512(a, b);
}

static inline vec vec_xor(vec a, vec b) {
    return _mm512_xor_si512(a, b);
}

static inline vec vec_sub_saturated(vec a, vec b) {
    return _mm512_subs_epu8(a, b);
}

static inline vec vec_low_half(vec value) {
    return _mm512_and_si512(value, _mm512_set1_epi8(15));
}

static inline vec vec_high_half(vec value) {
    return vec_low_half(_mm512_srli_epi16(value, 4));
}

/* The vector that begins a quarter before the end of `before`: shifts go by quarters. */
static inline vec between(vec value, vec before) {
    return _mm512_alignr_epi32(value, before, 12);
}

static inline vec vec_back_1(vec value, vec before) {
    return _mm512_alignr_epi8(value, between(value, before), 15);
}

static inline vec vec_back_2(vec value, vec before) {
    return _mm512_alignr_epi8(value, between(value, before), 14);
}

static inline vec vec_back_3(vec value, vec before) {
    return _mm512_alignr_epi8(value, between(value, before), 13);
}

static inline bool vec_is_any_high(vec value) {
    return _mm512_movepi8_mask(value) != 0;
}

static inline bool vec_is_zero(vec value) {
    return _mm512_test_epi8_mask(value, value) == 0;
}

/* The first processors with BW slow the whole core down for registers this wide; those that have
 * VBMI too, which is not used here, do not. */
static bool is_supported(void) {
    return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi") != 0;
}

/* Those of `len` bytes that a vector holds which begins `from` bytes later. */
static inline __mmask64 mask_from(size_t len, size_t from) {
    size_t left = len < from ? 0 : len - from;
    return left < VEC_SIZE ? (UINT64_C(1) << left) - 1 : UINT64_MAX;
}

/* Fill `block` with `len` bytes, less than it holds, and zeroes. */
static inline void load_part(vec *block, const uint8_t *data, size_t len) {
    for (size_t i = 0; i < BLOCK_SIZE / VEC_SIZE; i++) {
        size_t from = i * VEC_SIZE;
        block[i] = _mm512_maskz_loadu_epi8(mask_from(len, from), data + (from < len ? from : 0));
    }
}

static inline void mask_part(uint8_t *out, const uint8_t *data, size_t len, vec key) {
    for (size_t at = 0; at < len; at += VEC_SIZE) {
        vec bytes = _mm512_maskz_loadu_epi8(mask_from(len, at), data + at);
        _mm512_mask_storeu_epi8(out + at, mask_from(len, at), vec_xor(bytes, key));
    }
}

#include "base/kernel_vector.h"

DEFINE_KERNEL(why__kernel_avx512, "avx-512");
