/* SPDX-License-Identifier: MIT
 *
 * What `whysocket conform` shows on a terminal: progress, the list of cases, the result by group.
 */
#ifndef WHY_CMD_CONFORM_SHOW_H
#define WHY_CMD_CONFORM_SHOW_H

#include "cmd/output.h"
#include "conform/baseline.h"
#include "conform/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line on stderr that is written over, where that is a terminal. */
struct conform_progress {
    enum why_lang lang;
    bool is_shown, has_color;
    size_t failed;
    uint64_t told_ms;
};

struct conform_progress conform_progress_start(const struct output *output);
void conform_progress_tell(struct conform_progress *progress, const struct conform_result *result,
                           size_t done, size_t total);
void conform_progress_end(const struct conform_progress *progress);

/* Ids, severities and titles. */
void conform_show_list(struct output *output, const struct conform_case *const *tests,
                       size_t count);

/* The older suite's numbers beside ours, by its order. */
void conform_show_autobahn(struct output *output, const struct conform_case *const *tests,
                           size_t count);

/* Results: what failed, the groups, and in the last line the verdict; of several runs the runs side
 * by side. `verbose`: with all that was sent and came, of cases that have passed, too. */
void conform_show_runs(struct output *output, const struct conform_run *runs, size_t count,
                       bool verbose);

/* What failed of one run, with its bytes; nothing where nothing did. */
void conform_show_findings(const struct output *output, const struct conform_run *run, bool verbose,
                           struct why_text *text);

/* What has changed since the baseline, NULL if it has no such run; `may_style`: it is for stdout,
 * whose colours `output` knows. */
void conform_show_changes(const struct output *output, const struct conform_run *before,
                          const struct conform_run *now, const struct conform_changes *changes,
                          bool may_style, struct why_text *text);

#endif
