/* SPDX-License-Identifier: MIT
 *
 * UTF-8 as it comes (RFC 3629), failing at the first byte that cannot be right; and unmasking (RFC
 * 6455 section 5.3), alone or in the same pass. Kernels are chosen at run time; all of them answer
 * as the scalar one does, which is the oracle.
 */
#ifndef WHY_BASE_UTF8_H
#define WHY_BASE_UTF8_H

#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in a character the text stands; all zeroes: between two. */
struct why__utf8 {
    uint8_t state;
};

/* Check `len` more bytes.
 * returns  `len` if all may be right so far; else the index of the first wrong byte: `check` then
 *          stays as it was before that byte, for why__utf8_class(). */
size_t why__utf8_check(struct why__utf8 *check, const uint8_t *data, size_t len);

/* Whether the text may end here. */
static inline bool why__utf8_is_complete(const struct why__utf8 *check) {
    return check->state == 0;
}

/* What is wrong with `byte` after `check`, at which why__utf8_check() stopped. */
enum why_utf8_class why__utf8_class(const struct why__utf8 *check, uint8_t byte);

/* Whether a whole text is valid. */
bool why__utf8_is_valid(const uint8_t *data, size_t len);

/* XOR with the masking key, in place; `phase` is the offset of data[0] in the frame's payload,
 * modulo 4. Masks as well as it unmasks. */
void why__mask(uint8_t *data, size_t len, const uint8_t key[4], unsigned phase);

/* XOR from one place to another, which do not overlap: masking while copying. */
void why__mask_copy(uint8_t *out, const uint8_t *data, size_t len, const uint8_t key[4],
                    unsigned phase);

/* Unmask all of `data` in place and check it as text, in one pass over the bytes.
 * returns  as why__utf8_check() */
size_t why__unmask_utf8(struct why__utf8 *check, uint8_t *data, size_t len, const uint8_t key[4],
                        unsigned phase);

#endif
