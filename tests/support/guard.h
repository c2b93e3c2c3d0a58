/* SPDX-License-Identifier: MIT
 *
 * Memory that ends at a page that cannot be touched: a read or write one byte too far is a crash,
 * also where no sanitizer looks (SIMD kernels, libraries).
 */
#ifndef WHY_TEST_GUARD_H
#define WHY_TEST_GUARD_H

#include <stddef.h>
#include <stdint.h>

/* `len` bytes whose last one lies right before the guard page. */
uint8_t *test_guard_new(size_t len);
void test_guard_free(uint8_t *memory, size_t len);

#endif
