/* SPDX-License-Identifier: MIT
 *
 * Runs as documents. Each format is a function that appends all of it to a text. What machines read
 * is English; what people read is in the language asked for, but for the cases' own words.
 */
#ifndef WHY_CONFORM_REPORT_H
#define WHY_CONFORM_REPORT_H

#include "conform/result.h"
#include "whysocket/explain.h"

/* One JSON object on one line, as docs/conform.schema.json describes. */
void conform_report_json(const struct conform_run *run, struct why_text *text);

/* JUnit XML as Jenkins and GitLab read it: a suite for each group of each run. What is only
 * informational is no failure there. */
void conform_report_junit(const struct conform_run *runs, size_t count, struct why_text *text);

/* SARIF 2.1.0: a result for each finding.
 *
 * path  the file that findings point to; NULL: the target */
void conform_report_sarif(const struct conform_run *runs, size_t count, const char *path,
                          struct why_text *text);

/* A page that needs nothing else, the runs side by side. */
void conform_report_html(const struct conform_run *runs, size_t count, enum why_lang lang,
                         struct why_text *text);

/* SVG: one badge, or one under the other where there are several runs. */
void conform_report_badge(const struct conform_run *runs, size_t count, struct why_text *text);

/* ---- Words that formats share ---- */

/* "5.4" -> "RFC 6455 section 5.4", "7692:7.2.1" -> "RFC 7692 section 7.2.1". */
void conform_clause_append(const char *clause, struct why_text *text);

const char *conform_severity_name(enum conform_severity severity); /* "must" */
const char *conform_verdict_name(enum conform_verdict verdict);    /* "passed" */
const char *conform_role_name(enum conform_role role);             /* "server" */

/* Those that are built in are known in other languages. */
const char *conform_group_title(const struct conform_group *group, enum why_lang lang);

/* The line that runs a case alone. */
void conform_command_append(const struct conform_run *run, const struct conform_case *test,
                            struct why_text *text);

/* Lines ended by "\n", each behind a margin. */
void conform_lines_append(const char *lines, const char *margin, struct why_text *text);

/* A run in one sentence: "conformant: 1829 cases passed, none failed". */
void conform_verdict_append(const struct conform_run *run, enum why_lang lang,
                            struct why_text *text);

/* "716 cases in 5.8 s" */
void conform_elapsed_append(const struct conform_run *run, enum why_lang lang,
                            struct why_text *text);

/* "20 passed, 1 failed (must)" */
void conform_counts_append(const struct conform_counts *counts, enum why_lang lang,
                           struct why_text *text);

/* The run's results from `begin` on that are of one group: where they end. */
size_t conform_group_end(const struct conform_run *run, size_t begin);

/* Those of one group, counted. */
void conform_count_part(const struct conform_run *run, size_t begin, size_t end,
                        struct conform_counts *counts);

/* By numbers, not by characters: 5.10 comes after 5.9. */
int conform_id_compare(const char *a, const char *b);

#endif
