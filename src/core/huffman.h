/* SPDX-License-Identifier: MIT
 *
 * Huffman codes as deflate has them (RFC 1951 section 3.2): canonical, of at most so many bits, and
 * written from the lowest bit on.
 */
#ifndef WHY_CORE_HUFFMAN_H
#define WHY_CORE_HUFFMAN_H

#include <stddef.h>
#include <stdint.h>

#define WHY__HUFFMAN_SYMBOLS_MAX 288

/* Choose lengths for symbols that occur so often. Those that do not occur get 0; where fewer than
 * two do, others get a length as well, so that the code is complete: not every decoder takes an
 * incomplete one.
 *
 * count  of symbols, 2 to WHY__HUFFMAN_SYMBOLS_MAX
 * total  of all frequencies: less than 2^22
 * max    of bits, 7 or 15 */
void why__huffman_lengths(const uint32_t *frequencies, size_t count, unsigned max,
                          uint8_t *lengths);

/* The code of each symbol, its first bit lowest. */
void why__huffman_codes(const uint8_t *lengths, size_t count, uint16_t *codes);

#endif
