/* SPDX-License-Identifier: MIT
 *
 * A run: connections are opened, messages go out on schedule or as replies come, all is measured,
 * and closed again.
 */
#ifndef WHY_BENCH_RUN_H
#define WHY_BENCH_RUN_H

#include "bench/mix.h"
#include "bench/result.h"
#include "whysocket/client.h"
#include "whysocket/loop.h"
#include "whysocket/result.h"

enum bench_phase {
    BENCH_PHASE_OPENING,   /* until every connection is open, or failed, and the ramp is over */
    BENCH_PHASE_WARMING,   /* messages flow, and are not measured */
    BENCH_PHASE_MEASURING, /* as long as was asked for */
    BENCH_PHASE_DRAINING,  /* nothing more is sent; replies are awaited */
    BENCH_PHASE_ENDING,    /* the close handshakes */
    BENCH_PHASE_DONE,
};

struct bench_plan {
    struct why_loop *loop;
    struct bench_mix *mix;
    struct why_client_config config; /* of each connection; handler and user are the run's */
    uint64_t patience_ms;            /* for replies that are still to come in the end */
    int pid;                         /* the server's; 0: look for it */
    /* Twice a second; NULL: none. */
    void (*on_progress)(void *user, enum bench_phase phase, const struct bench_result *result);
    void *user;
};

/* Run it to its end. why_loop_stop() from elsewhere, a signal's handler, ends it early: in order
 * the first time, at once the second.
 *
 * result   its `asked` is filled in, all else zeroes; what it holds is freed by
 *          bench_closes_clear()
 * returns  WHY_OK; WHY_ERR_ARGUMENT, WHY_ERR_CONFIG: `error` says what is wrong with the plan's
 *          config; WHY_ERR_NOMEM; WHY_ERR_SYSTEM with errno */
WHY_MUST_USE int bench_run(const struct bench_plan *plan, struct bench_result *result, char *error,
                           size_t error_size);

#endif
