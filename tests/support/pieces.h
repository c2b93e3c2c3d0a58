/* SPDX-License-Identifier: MIT
 *
 * Input as it may arrive: whole, byte by byte, and cut in two at every place. Each piece ends at a
 * guard page.
 */
#ifndef WHY_TEST_PIECES_H
#define WHY_TEST_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Take a piece; returns the bytes used. Feeding ends where that is less than all. */
typedef size_t test_take(void *context, const uint8_t *data, size_t len);

/* Feed `first` bytes, then the rest in pieces of `piece` bytes.
 * returns  bytes used of all of them */
size_t test_feed(const uint8_t *data, size_t len, size_t first, size_t piece, test_take *take,
                 void *context);

/* One run of a row; it prints what is wrong, and answers whether all is right. */
typedef bool test_run(const void *row, size_t first, size_t piece);

/* Run a row of `len` bytes whole, bytewise and at every split.
 * returns  how many runs failed */
size_t test_every_split(const void *row, size_t len, test_run *run);

#endif
