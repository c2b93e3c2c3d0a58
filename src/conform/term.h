/* SPDX-License-Identifier: MIT
 *
 * Terms: bytes that a case speaks of, read from its text and made when they are sent.
 */
#ifndef WHY_CONFORM_TERM_H
#define WHY_CONFORM_TERM_H

#include "conform/case.h"
#include "conform/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conform_scan;

/* What stands in braces in a text and is known only when a case is played. */
struct conform_values {
    uint64_t i;                             /* of the innermost repetition, from 1 */
    const char *path, *host, *key, *accept; /* NULL: "" */
};

/* What one connection's messages are compressed with; from all zeroes. */
struct conform_deflater {
    struct z_stream_s *stream; /* NULL: nothing was compressed yet */
    uint8_t bits;              /* of the window, where a term names none; 0: 15 */
    bool forgets;              /* no context is kept: `context` begins anew */
};

void conform_deflater_clear(struct conform_deflater *deflater);

/* Make the bytes and add them to `out`.
 *
 * term      NULL: nothing
 * deflater  the connection's; in the order of its messages, for `deflate(context ...)`
 * returns   WHY_OK, or WHY_ERR_NOMEM, also where it is more than CONFORM_BUFFER_MAX: `out` then
 *           has a part of it */
WHY_MUST_USE int conform_term_make(const struct conform_term *term,
                                   const struct conform_values *values,
                                   struct conform_deflater *deflater, struct conform_buffer *out);

/* Whether a term comes next. */
bool conform_term_is_next(const struct conform_scan *scan);

/* Read all terms that come next, NULL if there is none. `code`: a bare number is a close code. */
WHY_MUST_USE bool conform_term_read(struct conform_scan *scan, bool code,
                                    const struct conform_term **term);

/* A text as a term: with its values in braces. */
WHY_MUST_USE bool conform_term_of_text(struct conform_scan *scan, const uint8_t *data, size_t len,
                                       const struct conform_term **term);

#endif
