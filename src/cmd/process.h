/* SPDX-License-Identifier: MIT
 *
 * A program run to its end, or to the end of its time.
 */
#ifndef WHY_CMD_PROCESS_H
#define WHY_CMD_PROCESS_H

#include "whysocket/explain.h"

#include <stdbool.h>

struct process_result {
    bool started;
    bool timed_out; /* it and what it started were ended */
    int status;     /* its exit code; -1: none */
};

/* Run it without input and collect what it prints, stderr too, up to a mebibyte.
 *
 * argv       ends with NULL; the first is looked for in PATH
 * home       HOME for it; NULL: ours
 * stop_word  end it as soon as it has printed this; NULL: let it end */
struct process_result process_run(const char *const *argv, const char *home, const char *stop_word,
                                  unsigned timeout_ms, struct why_text *output);

/* Whether PATH has such a program. */
bool process_exists(const char *name);

#endif
