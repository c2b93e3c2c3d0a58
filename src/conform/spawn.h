/* SPDX-License-Identifier: MIT
 *
 * A command that is started for a case, and watched until it ends.
 */
#ifndef WHY_CONFORM_SPAWN_H
#define WHY_CONFORM_SPAWN_H

#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct conform_child;

/* Start from all zeroes, then set the first group. */
struct conform_child {
    void (*on_exit)(struct conform_child *child); /* once; status and output can be looked at */

    struct why__watch watch; /* of the process */
    struct why_loop *loop;
    pid_t pid;
    int output; /* what it printed: a file without a name */
    int status; /* as waitpid() has it */
    bool is_running;
    bool has_output;
    bool was_killed; /* by conform_child_kill() */
};

/* Run `command` by the shell, in a process group of its own, without input.
 * returns  WHY_OK, or WHY_ERR_SYSTEM with errno */
WHY_MUST_USE int conform_child_start(struct conform_child *child, struct why_loop *loop,
                                     const char *command);

/* End it, and what it started; on_exit follows. */
void conform_child_kill(struct conform_child *child);

/* Forget it, and its output. Where it still runs it is ended first; on_exit does not follow. */
void conform_child_clear(struct conform_child *child);

/* The signal that ended it; 0: none did. */
int conform_child_signal(const struct conform_child *child);

/* The end of what it printed, terminated. */
void conform_child_tail(const struct conform_child *child, char *out, size_t size);

#endif
