/* SPDX-License-Identifier: MIT
 *
 * A line of a case, read from left to right. The first thing that is wrong is said once, with its
 * file and line; after that all reading fails.
 */
#ifndef WHY_CONFORM_SCAN_H
#define WHY_CONFORM_SCAN_H

#include "conform/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conform_word { /* a run of the line, not terminated */
    const char *text;
    size_t len;
};

#define CONFORM_WORD(word) (int)(word).len, (word).text /* for "%.*s" */

struct conform_scan {
    struct conform_memory **memory; /* for what is read */
    const char *file;
    uint32_t line;
    const char *at; /* what is left of the line */
    char *error;    /* "FILE:LINE: what is wrong" */
    size_t error_size;
    int result; /* WHY_OK, WHY_ERR_CONFIG, WHY_ERR_NOMEM */
};

/* Say what is wrong. Returns false. */
__attribute__((format(printf, 2, 3))) bool conform_scan_fail(struct conform_scan *scan,
                                                             const char *format, ...);

/* Say that there is no memory. Returns false. */
bool conform_scan_no_memory(struct conform_scan *scan);

/* Zeroes in the arena, or a terminated copy; NULL if out of memory, which is then said. */
void *conform_scan_take(struct conform_scan *scan, size_t size);
char *conform_scan_copy(struct conform_scan *scan, struct conform_word word);

/* Skip spaces; whether nothing is left. */
bool conform_scan_is_end(struct conform_scan *scan);

/* Fails where something is left. */
bool conform_scan_end(struct conform_scan *scan);

/* What stands up to the next space, quote, comma or parenthesis; empty at the end. */
struct conform_word conform_scan_peek(struct conform_scan *scan);

/* Take it if it is `text`. */
bool conform_scan_is(struct conform_scan *scan, const char *text);

/* Take it whatever it is; fails, naming `what` is missing, where there is none. */
bool conform_scan_word(struct conform_scan *scan, const char *what, struct conform_word *word);

bool conform_word_is(struct conform_word word, const char *text);

/* Take digits that are no more than `max`. */
bool conform_scan_number(struct conform_scan *scan, const char *what, uint64_t max,
                         uint64_t *number);
bool conform_word_number(struct conform_scan *scan, struct conform_word word, const char *what,
                         uint64_t max, uint64_t *number);

/* Take one character, and fail where it is another. */
bool conform_scan_take_mark(struct conform_scan *scan, char mark);

/* Take a quoted string as it is written, without its quotes. */
bool conform_scan_quoted(struct conform_scan *scan, struct conform_word *inside);

/* Take a quoted string, its escapes resolved. */
bool conform_scan_string(struct conform_scan *scan, uint8_t **data, size_t *len);

/* The same as a terminated text, which has no NUL. */
bool conform_scan_text(struct conform_scan *scan, const char **text);

#endif
