/* SPDX-License-Identifier: MIT
 *
 * What `whysocket check` asks of others than the server, where its user wants that: --aia, the
 * issuers that were not sent; --ocsp, whether certificates were revoked.
 */
#ifndef WHY_CMD_CHECK_CONSULT_H
#define WHY_CMD_CHECK_CONSULT_H

#include "cmd/dial_options.h"
#include "cmd/output.h"
#include "tls/consult.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHECK_ADDRESS_MAX = 1100, /* of a redirect, with what is put before it */
};

/* How one exchange went; beside the element of the same index in the consultation's own list. */
struct check_exchange {
    uint32_t us;
    char problem[200];                     /* "" where an answer came */
    struct why_detail_parts problem_parts; /* of it */
    char redirected[CHECK_ADDRESS_MAX];    /* the last address, "" where it is the first */
};

struct check_consult {
    /* The caller's to set. */
    struct why_loop *loop;
    const struct dial_options *asked;
    struct dial *dial;
    const char *url;

    bool aia, ocsp;
    uint8_t *chain[WHY_TLS_CHAIN_MAX]; /* as sent, in DER */
    size_t lens[WHY_TLS_CHAIN_MAX];
    size_t count;
    struct why__consult *consult; /* NULL: there was nothing to ask about */
    struct check_exchange issuers[WHY__CONSULT_FETCHES_MAX];
    struct check_exchange standings[WHY__CONSULT_STATUS_MAX];
};

/* Before the connection: keep the certificates that it will see, where something was asked for. */
void check_consult_init(struct check_consult *consult, bool aia, bool ocsp);

/* After it: ask, a line for each answer, and write what it means into the record.
 *
 * all_was_well  the connection did not fail
 * output        NULL: no lines */
void check_consult_others(struct check_consult *consult, bool all_was_well,
                          struct why_record *record, struct output *output);

void check_consult_clear(struct check_consult *consult);

#endif
