/* SPDX-License-Identifier: MIT
 *
 * Between the files that read the language of the cases: language.c has the lines and the groups,
 * language_each.c the repetitions, language_case.c a case's own lines, language_step.c and
 * language_frame.c its steps.
 */
#ifndef WHY_CONFORM_LANGUAGE_H
#define WHY_CONFORM_LANGUAGE_H

#include "conform/case.h"
#include "conform/scan.h"

/* Without its indentation, its comment and the spaces at its end. */
struct conform_line {
    const char *text;
    uint32_t number; /* from 1 */
};

/* `each` lines of one case. */
struct conform_each;

/* Take the `each` lines out of a case's.
 *
 * lines   without them on return
 * each    NULL if there is none */
WHY_MUST_USE bool conform_each_read(struct conform_scan *scan, struct conform_line *lines,
                                    size_t *count, struct conform_each **each);

/* How many repetitions: 1 without any `each`. */
size_t conform_each_count(const struct conform_each *each);

/* A line as it is in one repetition, from 0: a copy in the arena. */
WHY_MUST_USE bool conform_each_fill(struct conform_scan *scan, struct conform_each *each,
                                    size_t repetition, const char *text, const char **filled);

/* Fails where a name was never used. */
WHY_MUST_USE bool conform_each_check(struct conform_scan *scan, const struct conform_each *each);

/* Read a case from its lines in one repetition; the first is its `case`. */
WHY_MUST_USE bool conform_case_read(struct conform_scan *scan, const struct conform_line *lines,
                                    size_t count, struct conform_case *result);

/* A clause: "5.4", "7692:7.2.1". */
WHY_MUST_USE bool conform_clause_read(struct conform_scan *scan, const char **clause);

/* Read one step; the line's words are `scan`'s. Its severity is the case's at first. */
WHY_MUST_USE bool conform_step_read(struct conform_scan *scan, const struct conform_case *test,
                                    struct conform_step *step);

/* Read the flags and the payload of `send`, or what `expect` expects. */
WHY_MUST_USE bool conform_frame_read(struct conform_scan *scan, struct conform_step *step);
WHY_MUST_USE bool conform_expect_read(struct conform_scan *scan, const struct conform_case *test,
                                      struct conform_step *step);

/* Words for numbers. */
struct conform_name {
    const char *name;
    int value;
};

/* The row that has this name; NULL if there is none. */
const struct conform_name *conform_name_find(const struct conform_name *names, size_t count,
                                             struct conform_word word);

#endif
