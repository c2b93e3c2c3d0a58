/* SPDX-License-Identifier: MIT
 *
 * What `whysocket check` shows: a line for each step as it ends, then the verdict; or all of it as
 * one JSON object.
 */
#ifndef WHY_CMD_CHECK_WRITE_H
#define WHY_CMD_CHECK_WRITE_H

#include "cmd/check_consult.h"
#include "cmd/check_run.h"
#include "cmd/output.h"

/* "  ✓ TLS        TLSv1.3, TLS_AES_256_GCM_SHA384          35.0 ms" */
void check_write_step(struct output *output, const struct check_step *step);

/* "  ! Again      no TLS is answered; asked in plain HTTP
 *                 it began with "HTTP/1.1 200 OK"                  3.1 ms" */
void check_write_probe(struct output *output, const struct check_probe *probe);

/* A line of that form. `name` is of the step; `us` may be WHY_NO_TIME. */
void check_write_line(struct output *output, enum symbol symbol, const char *name, const char *what,
                      uint32_t us);

/* The line of the WebSocket step, where it came to that. */
void check_write_conversation(struct output *output, const struct check_result *result,
                              int exit_code);

/* What is to be said of the whole. */
void check_write_verdict(struct output *output, const struct check_result *result, int exit_code);

/* As docs/check.schema.json describes. `proxy_variable` may be NULL. */
void check_write_json(struct output *output, const char *url, const char *proxy_variable,
                      const struct check_result *result, const struct check_consult *consult,
                      int exit_code);

#endif
