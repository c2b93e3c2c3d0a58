/* SPDX-License-Identifier: MIT
 *
 * The peer is a client: the suite listens, and clients connect to be tested. They say which case
 * they want by the path:
 *
 *     /case/5.3.2                    the case of that id
 *     /getCaseCount, /getCaseInfo?case=N, /getCaseStatus?case=N&agent=A,
 *     /runCase?case=N&agent=A, /updateReports?agent=A
 *                                    the protocol of the Autobahn test suite, N from 1
 */
#ifndef WHY_CONFORM_LISTEN_H
#define WHY_CONFORM_LISTEN_H

#include "conform/certs.h"
#include "conform/player.h"
#include "conform/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFORM_AGENT_MAX 128

struct conform_invitation {
    struct conform_stage stage; /* its on_done, choose and user are the listener's */
    const struct conform_case *const *tests;
    size_t count;
    const char *address;         /* "127.0.0.1:9001", port 0 is a free one; NULL: TLS alone */
    const char *tls_address;     /* the same for TLS; the ports behind it show bad certificates */
    struct conform_certs *certs; /* NULL: no TLS */
    const char *command; /* what starts a client, with {url} in it; NULL: they come by themselves */
    uint32_t jobs;       /* commands at once */
    uint32_t idle_ms;    /* clients come by themselves: none is there for so long, it is the end */

    /* It listens: clients can be told "ws://127.0.0.1:9001". mode: a URL for the cases of that
     * `tls` alone; NULL: for all others. */
    void (*on_ready)(void *user, const char *url, const char *mode);
    /* A result is there: `done` cases of all have one. */
    void (*on_result)(void *user, const struct conform_result *result, size_t done, size_t total);
    void *user;
};

/* Listen until all cases have been played, a client says that it is done, none has been there for a
 * while after the first, or why_loop_stop().
 *
 * tally    the results; cleared by the caller, also on failure
 * agent    the name by which a client called itself; "" if it did not
 * trouble  "", or why the run ended early; in the tally's memory
 * error    what is wrong with the address, where WHY_ERR_ARGUMENT or WHY_ERR_SYSTEM is returned
 * returns  WHY_OK, WHY_ERR_ARGUMENT, WHY_ERR_SYSTEM, WHY_ERR_NOMEM */
WHY_MUST_USE int conform_run_client(const struct conform_invitation *invitation,
                                    struct conform_tally *tally, char agent[CONFORM_AGENT_MAX],
                                    const char **trouble, char *error, size_t error_size);

#endif
