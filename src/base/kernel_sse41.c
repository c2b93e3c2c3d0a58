/* SPDX-License-Identifier: MIT
 *
 * The kernel for SSE4.1, 16 bytes at a time.
 */
#include <smmintrin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __m128i vec;
#define VEC_SIZE 16
#define BLOCK_SIZE 64

static inline vec vec_load(const uint8_t *data) {
    return _mm_loadu_si128((const void *)data);
}

static inline void vec_store(uint8_t *out, vec value) {
    _mm_storeu_si128((void *)out, value);
}

static inline vec vec_splat(uint8_t byte) {
    return _mm_set1_epi8((char)byte);
}

static inline vec vec_splat_word(uint32_t word) {
    return _mm_set1_epi32((int)word);
}

static inline vec vec_table(const uint8_t table[16]) {
    return vec_load(table);
}

static inline vec vec_lookup(vec table, vec index) {
    return _mm_shuffle_epi8(table, index);
}

static inline vec vec_and(vec a, vec b) {
    return _mm_and_si128(a, b);
}

static inline vec vec_or(vec a, vec b) {
    return _mm_or_si128(a, b);
}

static inline vec vec_xor(vec a, vec b) {
    return _mm_xor_si128(a, b);
}

static inline vec vec_sub_saturated(vec a, vec b) {
    return _mm_subs_epu8(a, b);
}

static inline vec vec_low_half(vec value) {
    return _mm_and_si128(value, _mm_set1_epi8(15));
}

static inline vec vec_high_half(vec value) {
    return vec_low_half(_mm_srli_epi16(value, 4));
}

static inline vec vec_back_1(vec value, vec before) {
    return _mm_alignr_epi8(value, before, 15);
}

static inline vec vec_back_2(vec value, vec before) {
    return _mm_alignr_epi8(value, before, 14);
}

static inline vec vec_back_3(vec value, vec before) {
    return _mm_alignr_epi8(value, before, 13);
}

static inline bool vec_is_any_high(vec value) {
    return _mm_movemask_epi8(value) != 0;
}

static inline bool vec_is_zero(vec value) {
    return _mm_testz_si128(value, value) != 0;
}

static bool is_supported(void) {
    return __builtin_cpu_supports("sse4.1") != 0;
}

#include "base/kernel_part.h"

#include "base/kernel_vector.h"

DEFINE_KERNEL(why__kernel_sse41, "sse4.1");
