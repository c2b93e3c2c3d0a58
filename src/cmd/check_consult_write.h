/* SPDX-License-Identifier: MIT
 *
 * What --aia and --ocsp found out, as lines between the steps, as a section of the verdict, and as
 * JSON.
 */
#ifndef WHY_CMD_CHECK_CONSULT_WRITE_H
#define WHY_CMD_CHECK_CONSULT_WRITE_H

#include "cmd/check_consult.h"
#include "cmd/output.h"
#include "why/json.h"

/* "  ✓ AIA        CN=Inter, from http://ca.example/inter.der" */
void check_write_issuer(struct output *output, const struct why__issuer_fetch *fetch,
                        const struct check_exchange *exchange);

/* Where the search ended, unless the lines before it say so. */
void check_write_issuers_end(struct output *output, const struct why__issuers *issuers);

/* "  ✓ OCSP       CN=leaf: good, until 2026-12-01; http://ocsp.example/" */
void check_write_standing(struct output *output, const struct why__standing *standing,
                          const struct check_exchange *exchange);

/* How to complete the server's chain file, where that is known. */
void check_write_consult_verdict(struct output *output, const struct check_consult *consult);

/* The members "aia" and "ocsp". */
void check_write_consult_json(struct why__json *json, const struct check_consult *consult);

#endif
