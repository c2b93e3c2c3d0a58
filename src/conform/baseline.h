/* SPDX-License-Identifier: MIT
 *
 * A run against one from before: what has become worse, and what better.
 */
#ifndef WHY_CONFORM_BASELINE_H
#define WHY_CONFORM_BASELINE_H

#include "conform/result.h"
#include "whysocket/api.h"

#include <stdbool.h>
#include <stddef.h>

enum conform_change_kind {
    CONFORM_WORSE,  /* it fails, or more severely than before, or it was played then and not now */
    CONFORM_BETTER, /* it passes, or fails less severely */
    CONFORM_OTHER,  /* as severely as before, at another step; or it does not apply any more */
    CONFORM_NEW,    /* the baseline does not know how it was, and it fails */
};

struct conform_change {
    enum conform_change_kind kind;
    const struct conform_result *before; /* NEW: NULL, or one that was not run */
    const struct conform_result *now;
};

struct conform_changes {
    struct conform_change *list; /* in the order of the cases */
    size_t count;
    size_t unknown;       /* cases that it does not know, failed or not */
    size_t gone;          /* cases that only the baseline has */
    bool has_new_trouble; /* the run did not come to its end, and the baseline's did */
};

/* `before` is NULL where the baseline has no run of this agent: all its cases are unknown then.
 * returns  false if out of memory; the changes are empty then */
WHY_MUST_USE bool conform_changes_init(struct conform_changes *changes,
                                       const struct conform_run *before,
                                       const struct conform_run *now);
void conform_changes_clear(struct conform_changes *changes);

/* Whether a build should fail for it: a case that must or should pass has become worse, or the run
 * did not come to its end any more. What is informational, and what the baseline does not know, is
 * told and no more. */
bool conform_changes_are_bad(const struct conform_changes *changes);

/* Whether this one counts for the verdict. */
bool conform_change_is_bad(const struct conform_change *change);

/* The baseline for a run among several: of the same role and agent; where there is only one of that
 * role, it. NULL: there is none. */
const struct conform_run *conform_baseline_find(const struct conform_run *baselines, size_t count,
                                                const struct conform_run *run);

#endif
