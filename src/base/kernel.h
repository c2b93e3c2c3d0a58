/* SPDX-License-Identifier: MIT
 *
 * The kernels behind utf8.h, one for each instruction set. Each works on any length and alignment,
 * touches nothing but [data, data + len), and answers as the scalar one does.
 */
#ifndef WHY_BASE_KERNEL_H
#define WHY_BASE_KERNEL_H

#include "base/utf8.h"

struct why__kernel {
    const char *name;
    bool (*is_supported)(void); /* by the processor that runs this */
    /* why__utf8_check() */
    size_t (*check)(struct why__utf8 *check, const uint8_t *data, size_t len);
    /* why__mask_copy(); here `out` may be `data` as well. */
    void (*mask)(uint8_t *out, const uint8_t *data, size_t len, const uint8_t key[4],
                 unsigned phase);
    /* why__unmask_utf8() */
    size_t (*unmask_utf8)(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                          unsigned phase);
};

/* All that were built, best first, the scalar one last; ends with NULL. */
extern const struct why__kernel *const why__kernels[];

extern const struct why__kernel why__kernel_scalar;
extern const struct why__kernel why__kernel_sse41;
extern const struct why__kernel why__kernel_avx2;
extern const struct why__kernel why__kernel_avx512;
extern const struct why__kernel why__kernel_neon;

#endif
