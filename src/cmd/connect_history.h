/* SPDX-License-Identifier: MIT
 *
 * What was typed, kept for the next time in $XDG_STATE_HOME/whysocket/history
 * (~/.local/state/whysocket/history), for its owner's eyes alone.
 */
#ifndef WHY_CMD_CONNECT_HISTORY_H
#define WHY_CMD_CONNECT_HISTORY_H

#include <histedit.h>
#include <stddef.h>

struct line_history;

/* Load it, and let `edit` go through it. returns NULL if out of memory; a file that cannot be used
 * is done without. */
struct line_history *line_history_new(EditLine *edit);

/* A line that begins with a space is not kept, as in shells: it may hold a secret. */
void line_history_add(struct line_history *self, const char *line, size_t len);

/* Write it to its file, and free it. NULL is allowed. */
void line_history_free(struct line_history *self);

#endif
