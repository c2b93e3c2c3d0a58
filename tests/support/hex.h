/* SPDX-License-Identifier: MIT
 *
 * Bytes written as hex in test tables: "82 7e 00 7d", 'text' for ASCII, "61*300" for repetition.
 */
#ifndef WHY_TEST_HEX_H
#define WHY_TEST_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Parse into `out`; aborts on a table that is wrong or too long. Returns the number of bytes. */
size_t test_parse_hex(const char *text, uint8_t *out, size_t out_size);

/* Render for a failure message; static buffer, cut at 64 bytes. */
const char *test_format_hex(const uint8_t *data, size_t len);

#endif
