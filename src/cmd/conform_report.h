/* SPDX-License-Identifier: MIT
 *
 * What becomes of runs: shown, written as files, held against a baseline; and runs read back from
 * JSON, of which the same is made.
 */
#ifndef WHY_CMD_CONFORM_REPORT_H
#define WHY_CMD_CONFORM_REPORT_H

#include "cmd/command.h"
#include "cmd/conform_read.h"
#include "conform/result.h"

#include <stdbool.h>
#include <stddef.h>

/* The struct of `conform`'s options begins with it. */
struct conform_report_options {
    bool verbose, strict; /* rows of the command's own */
    bool is_report;
    const char *json_file, *junit, *sarif, *sarif_path, *html, *badge, *baseline;
};

extern const struct arg_rows conform_report_rows;

/* Read --baseline, before anything is played; nothing where it is not asked for.
 * returns  as conform_read() */
enum exit_code conform_report_baseline(const struct command_call *call,
                                       const struct conform_report_options *asked,
                                       struct conform_reading *baseline);

/* Show runs that were played or read, and write the files that are asked for.
 *
 * returns  EXIT_CODE_OK; EXIT_CODE_FINDING: a case fails that must pass (with --strict: that
 *          should), or a run did not come to its end; with a baseline: something is worse than
 *          there. EXIT_CODE_INTERNAL: a file could not be written, said on stderr */
enum exit_code conform_report(struct command_call *call, const struct conform_report_options *asked,
                              const struct conform_reading *baseline,
                              const struct conform_run *runs, size_t count);

/* conform --report FILE ...
 *
 * returns  as above, but that findings alone are none: they were one when the case was played */
enum exit_code conform_report_again(struct command_call *call,
                                    const struct conform_report_options *asked);

#endif
