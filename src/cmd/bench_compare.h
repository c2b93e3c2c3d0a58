/* SPDX-License-Identifier: MIT
 *
 * bench --compare: two results that were written before.
 */
#ifndef WHY_CMD_BENCH_COMPARE_H
#define WHY_CMD_BENCH_COMPARE_H

#include "cmd/command.h"

/* returns  EXIT_CODE_OK; EXIT_CODE_FINDING: the second is worse in something, beyond noise;
 *          EXIT_CODE_USAGE: a file cannot be read, or is no result; EXIT_CODE_INTERNAL */
enum exit_code bench_compare_files(struct command_call *call);

#endif
