/* SPDX-License-Identifier: MIT
 *
 * The kernel for AVX2, 32 bytes at a time.
 */
#include <immintrin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m256i vec;
#define VEC_SIZE 32
#define BLOCK_SIZE 64

static inline vec vec_load(const uint8_t *data) {
    return _mm256_loadu_si256((const void *)data);
}

static inline void vec_store(uint8_t *out, vec value) {
    _mm256_storeu_si256((void *)out, value);
}

static inline vec vec_splat(uint8_t byte) {
    return _mm256_set1_epi8((char)byte);
}

static inline vec vec_splat_word(uint32_t word) {
    return _mm256_set1_epi32((int)word);
}

static inline vec vec_table(const uint8_t table[16]) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)table));
}

static inline vec vec_lookup(vec table, vec index) {
    return _mm256_shuffle_epi8(table, index);
}

static inline vec vec_and(vec a, vec b) {
    return _mm256_and_si256(a, b);
}

static inline vec vec_or(vec a, vec b) {
    return _mm256_or_si256(a, b);
}

static inline vec vec_xor(vec a, vec b) {
    return _mm256_xor_si256(a, b);
}

static inline vec vec_sub_saturated(vec a, vec b) {
    return _mm256_subs_epu8(a, b);
}

static inline vec vec_low_half(vec value) {
    return _mm256_and_si256(value, _mm256_set1_epi8(15));
}

static inline vec vec_high_half(vec value) {
    return vec_low_half(_mm256_srli_epi16(value, 4));
}

/* The vector that begins in the middle of `before`: shifts go by halves. */
static inline vec between(vec value, vec before) {
    return _mm256_permute2x128_si256(before, value, 0x21);
}

static inline vec vec_back_1(vec value, vec before) {
    return _mm256_alignr_epi8(value, between(value, before), 15);
}

static inline vec vec_back_2(vec value, vec before) {
    return _mm256_alignr_epi8(value, between(value, before), 14);
}

static inline vec vec_back_3(vec value, vec before) {
    return _mm256_alignr_epi8(value, between(value, before), 13);
}

static inline bool vec_is_any_high(vec value) {
    return _mm256_movemask_epi8(value) != 0;
}

static inline bool vec_is_zero(vec value) {
    return _mm256_testz_si256(value, value) != 0;
}

static bool is_supported(void) {
    return __builtin_cpu_supports("avx2") != 0;
}

#include "base/kernel_part.h"

#include "base/kernel_vector.h"

DEFINE_KERNEL(why__kernel_avx2, "avx2");
