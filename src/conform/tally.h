/* SPDX-License-Identifier: MIT
 *
 * The results of a run as they come, in the order of the cases, and in words.
 */
#ifndef WHY_CONFORM_TALLY_H
#define WHY_CONFORM_TALLY_H

#include "conform/player.h"
#include "conform/result.h"

#include <stdbool.h>
#include <stddef.h>

struct conform_tally {
    struct conform_result *results; /* one a case; `test` is set from the beginning */
    size_t count;
    struct conform_memory *memory; /* what they point to */
};

/* All are NOT_RUN at first.
 * returns  false if out of memory */
WHY_MUST_USE bool conform_tally_init(struct conform_tally *tally,
                                     const struct conform_case *const *tests, size_t count);
void conform_tally_clear(struct conform_tally *tally);

/* Take a result over; what was there before is forgotten. */
void conform_tally_take(struct conform_tally *tally, size_t index, struct conform_played *played);

/* Add a finding to a result: that the peer crashed, say. It becomes a failed one.
 *
 * texts  static, or in the tally's memory */
void conform_tally_find(struct conform_tally *tally, size_t index, enum conform_severity severity,
                        const char *expected, const char *got);

/* What has not been run was not for this reason (in the tally's memory, or static). */
void conform_tally_excuse(struct conform_tally *tally, const char *note);

/* A text in the tally's memory; "" if out of memory. */
const char *conform_tally_text(struct conform_tally *tally, const char *text);

#endif
