/* SPDX-License-Identifier: MIT
 *
 * The certificates of `serve`: from its options, and again from their files.
 */
#ifndef WHY_CMD_SERVE_CERTS_H
#define WHY_CMD_SERVE_CERTS_H

#include "cmd/args.h"
#include "cmd/serve_worker.h"
#include "whysocket/tls_config.h"

#include <stdbool.h>

/* Fill `tls` from --cert and --key, which go together in their order; keys are as many, or none.
 *
 * pairs    receives those after the first; freed by the caller, after the last reload
 * returns  false if out of memory */
bool serve_certs_config(const struct arg_list *certs, const struct arg_list *keys,
                        struct why_tls_config *tls, struct why_tls_pair **pairs);

/* A SIGHUP came. Does it ask for the files to be read again? Not where the terminal that we were
 * started from is gone: then it says what it says to every program. */
bool serve_certs_is_reload(bool had_terminal);
bool serve_certs_has_terminal(void);

/* Have every worker read them again, in its own thread; the first one's result is logged. */
void serve_certs_reload(const struct serve_plan *plan);

#endif
