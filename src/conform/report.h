/* SPDX-License-Identifier: MIT
 *
 * A run as a document. Each format is a function that appends all of it to a text.
 */
#ifndef WHY_CONFORM_REPORT_H
#define WHY_CONFORM_REPORT_H

#include "conform/result.h"
#include "whysocket/explain.h"

/* One JSON object on one line, as docs/conform.schema.json describes. */
void conform_report_json(const struct conform_run *run, struct why_text *text);

/* ---- Words that formats share ---- */

/* "5.4" -> "RFC 6455 section 5.4", "7692:7.2.1" -> "RFC 7692 section 7.2.1". */
void conform_clause_append(const char *clause, struct why_text *text);

const char *conform_severity_name(enum conform_severity severity); /* "must" */
const char *conform_verdict_name(enum conform_verdict verdict);    /* "passed" */

/* The line that runs a case alone. */
void conform_command_append(const struct conform_run *run, const struct conform_case *test,
                            struct why_text *text);

#endif
