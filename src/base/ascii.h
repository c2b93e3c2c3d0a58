/* SPDX-License-Identifier: MIT
 *
 * Text as protocols have it: ASCII whatever the locale says, and without the C library, of which
 * base and core use the mem* functions alone.
 */
#ifndef WHY_BASE_ASCII_H
#define WHY_BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes before the terminator. */
size_t why__text_len(const char *text);

/* Whether `data` is exactly the terminated `text`. */
bool why__text_is(const char *data, size_t len, const char *text);

/* The same, A to Z being a to z. */
bool why__text_is_nocase(const char *data, size_t len, const char *text);

/* The same for two runs of bytes. */
bool why__is_equal_nocase(const char *a, size_t a_len, const char *b, size_t b_len);

/* Copy what fits, at a character's end if the text is UTF-8, and terminate it.
 * returns  bytes copied, the terminator not counted; `out_size` is at least 1 */
size_t why__text_copy(char *out, size_t out_size, const char *data, size_t len);

static inline char why__to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool why__is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Value of a hexadecimal digit; -1 for anything else. */
int why__hex_value(char c);

/* tchar (RFC 9110 section 5.6.2). */
static inline bool why__is_token_char(char c) {
    /* A bit for each of ASCII: the digits, letters and !#$%&'*+-.^_`|~ */
    static const uint64_t token[2] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe};
    uint8_t byte = (uint8_t)c;
    return byte < 0x80 && (token[byte / 64] >> byte % 64 & 1) != 0;
}

/* Whether it is a token: one tchar or more. */
bool why__is_token(const char *data, size_t len);

/* VCHAR, obs-text, space or tab: what a field's value may have (RFC 9110 section 5.5). */
static inline bool why__is_field_char(char c) {
    uint8_t byte = (uint8_t)c;
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/* Take spaces and tabs off both ends (OWS, RFC 9110 section 5.6.3). */
void why__trim(const char **data, size_t *len);

/* Digits of the largest uint64_t. */
#define WHY__DECIMAL_MAX 20

/* Write `value` as decimal digits, unterminated.
 * returns  their number */
size_t why__decimal_write(uint64_t value, char out[WHY__DECIMAL_MAX]);

/* Read digits alone, one at least: no sign, no space, leading zeroes allowed.
 * returns  false where it is not that, or more than `max` */
bool why__decimal_read(const char *data, size_t len, uint64_t max, uint64_t *value);

#endif
