/* SPDX-License-Identifier: MIT
 *
 * The cases of a run: those built in, those of files, and of them the ones that are asked for.
 */
#ifndef WHY_CMD_CONFORM_SELECT_H
#define WHY_CMD_CONFORM_SELECT_H

#include "cmd/command.h"
#include "conform/case.h"

struct conform_selection {
    struct conform_cases cases;
    const struct conform_case **tests;
    size_t count;
};

/* files    of cases, beside those built in
 * wanted   ids and groups: "5" is all of group 5, "5.3" is 5.3 and 5.3.1; empty: all
 * returns  EXIT_CODE_OK; EXIT_CODE_USAGE, EXIT_CODE_INTERNAL with the reason on stderr: to be
 *          cleared all the same */
enum exit_code conform_select(const struct command_call *call, const struct arg_list *files,
                              const struct arg_list *wanted, struct conform_selection *selection);
void conform_selection_clear(struct conform_selection *selection);

#endif
