/* SPDX-License-Identifier: MIT
 *
 * The kernel for NEON (AArch64), 16 bytes at a time.
 */
#include <arm_neon.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8x16_t vec;
#define VEC_SIZE 16
#define BLOCK_SIZE 64

static inline vec vec_load(const uint8_t *data) {
    return vld1q_u8(data);
}

static inline void vec_store(uint8_t *out, vec value) {
    vst1q_u8(out, value);
}

static inline vec vec_splat(uint8_t byte) {
    return vdupq_n_u8(byte);
}

static inline vec vec_splat_word(uint32_t word) {
    return vreinterpretq_u8_u32(vdupq_n_u32(word));
}

static inline vec vec_table(const uint8_t table[16]) {
    return vec_load(table);
}

static inline vec vec_lookup(vec table, vec index) {
    return vqtbl1q_u8(table, index);
}

static inline vec vec_and(vec a, vec b) {
    return vandq_u8(a, b);
}

static inline vec vec_or(vec a, vec b) {
    return vorrq_u8(a, b);
}

static inline vec vec_xor(vec a, vec b) {
    return veorq_u8(a, b);
}

static inline vec vec_sub_saturated(vec a, vec b) {
    return vqsubq_u8(a, b);
}

static inline vec vec_low_half(vec value) {
    return vandq_u8(value, vdupq_n_u8(15));
}

static inline vec vec_high_half(vec value) {
    return vshrq_n_u8(value, 4);
}

static inline vec vec_back_1(vec value, vec before) {
    return vextq_u8(before, value, 15);
}

static inline vec vec_back_2(vec value, vec before) {
    return vextq_u8(before, value, 14);
}

static inline vec vec_back_3(vec value, vec before) {
    return vextq_u8(before, value, 13);
}

static inline bool vec_is_any_high(vec value) {
    return vmaxvq_u8(value) >= 0x80;
}

static inline bool vec_is_zero(vec value) {
    return vmaxvq_u8(value) == 0;
}

/* Every AArch64 processor has it. */
static bool is_supported(void) {
    return true;
}

#include "base/kernel_part.h"

#include "base/kernel_vector.h"

DEFINE_KERNEL(why__kernel_neon, "neon");
