/* SPDX-License-Identifier: MIT
 *
 * Runs that were written as JSON, read again: to be shown side by side, and as baselines.
 */
#ifndef WHY_CMD_CONFORM_READ_H
#define WHY_CMD_CONFORM_READ_H

#include "cmd/command.h"
#include "conform/memory.h"
#include "conform/result.h"

#include <stddef.h>

struct conform_reading { /* from all zeroes */
    struct conform_run *runs;
    size_t count;
    struct conform_memory *memory; /* what they point to */
};

/* Add the runs of a file: one, or several one after the other.
 *
 * path     "-" is stdin
 * returns  EXIT_CODE_OK; EXIT_CODE_USAGE where it cannot be read or is none of ours,
 *          EXIT_CODE_INTERNAL, both said on stderr: to be cleared all the same */
enum exit_code conform_read(const struct command_call *call, const char *path,
                            struct conform_reading *reading);
void conform_reading_clear(struct conform_reading *reading);

#endif
