/* SPDX-License-Identifier: MIT
 *
 * What a term is made of: between its reader (term_read.c), its maker (term.c) and the texts that
 * are made up (term_text.c).
 */
#ifndef WHY_CONFORM_TERM_KINDS_H
#define WHY_CONFORM_TERM_KINDS_H

#include "conform/term.h"

enum conform_term_kind {
    CONFORM_TERM_LITERAL,
    CONFORM_TERM_VALUE, /* one of struct conform_values */
    CONFORM_TERM_REPEATED,
    CONFORM_TERM_ASCII,
    CONFORM_TERM_UTF8,
    CONFORM_TERM_BYTES,
    CONFORM_TERM_JSON,
    CONFORM_TERM_U16,
    CONFORM_TERM_DEFLATE,
    CONFORM_TERM_FIRST,
    CONFORM_TERM_FROM,
};

enum conform_value {
    CONFORM_VALUE_I,
    CONFORM_VALUE_PATH,
    CONFORM_VALUE_HOST,
    CONFORM_VALUE_KEY,
    CONFORM_VALUE_ACCEPT,
    CONFORM_VALUE_COUNT,
};

/* As they are written, in that order. */
extern const char *const conform_value_names[CONFORM_VALUE_COUNT];

#define CONFORM_NUMBER_IS_I UINT64_MAX

struct conform_term {
    enum conform_term_kind kind;
    enum conform_value value;
    struct conform_term *next, *child;
    uint64_t number; /* CONFORM_NUMBER_IS_I: the repetition's */
    struct why_bytes literal;
    uint8_t bits, level; /* of deflate(); bits 0: as agreed */
    bool final, stored, fixed, context, whole;
};

/* Add `len` bytes to `out`, the same ones on every run.
 * returns  false if out of memory */
WHY_MUST_USE bool conform_text_ascii(struct conform_buffer *out, size_t len);
WHY_MUST_USE bool conform_text_utf8(struct conform_buffer *out, size_t len);
WHY_MUST_USE bool conform_text_bytes(struct conform_buffer *out, size_t len);
WHY_MUST_USE bool conform_text_json(struct conform_buffer *out, size_t len);

/* Compress as a term asks for it.
 * returns  false if out of memory */
WHY_MUST_USE bool conform_deflate(struct conform_deflater *deflater,
                                  const struct conform_term *term, struct why_bytes data,
                                  struct conform_buffer *out);

#endif
