/* SPDX-License-Identifier: MIT
 *
 * Many cases against a server: in parallel with a bound, those about time apart. It tells a server
 * that crashed or hangs from one that fails cases.
 */
#ifndef WHY_CONFORM_RUN_H
#define WHY_CONFORM_RUN_H

#include "conform/player.h"
#include "conform/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFORM_JOBS_MAX 64

struct conform_plan {
    struct conform_stage stage; /* its on_done and user are the run's */
    const struct conform_case *const *tests;
    size_t count;
    uint32_t jobs;       /* connections at once */
    uint32_t restart_ms; /* how long a server that crashed may take to come back */

    /* A result is there: `done` of all. */
    void (*on_result)(void *user, const struct conform_result *result, size_t done, size_t total);
    void *user;
};

/* Play them all; why_loop_stop() ends it early.
 *
 * tally    the results; cleared by the caller, also on failure
 * trouble  "", or why the run ended early or what became of the server; in the tally's memory
 * returns  WHY_OK, WHY_ERR_NOMEM, WHY_ERR_SYSTEM with errno */
WHY_MUST_USE int conform_run_server(const struct conform_plan *plan, struct conform_tally *tally,
                                    const char **trouble);

#endif
