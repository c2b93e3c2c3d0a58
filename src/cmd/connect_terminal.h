/* SPDX-License-Identifier: MIT
 *
 * The terminal: a line being edited at the bottom, what comes shown above it.
 */
#ifndef WHY_CMD_CONNECT_TERMINAL_H
#define WHY_CMD_CONNECT_TERMINAL_H

#include "whysocket/explain.h"

#include <stdbool.h>

struct connect;
struct terminal;

/* Whether stdin and stdout are one that a line can be edited on. */
bool terminal_is_there(void);

/* Lines go to connect_typed(), the end of the input to connect_leave(), both on the loop's thread.
 * returns  NULL with errno */
struct terminal *terminal_new(struct connect *connect);

/* Begin to edit, if that has not begun. Before it the terminal is left as it is. */
bool terminal_start(struct terminal *terminal);

/* Show text that ends with a line feed. */
void terminal_print(struct terminal *terminal, const struct why_text *text);

/* The window has another size; the process was stopped and goes on. */
void terminal_resize(struct terminal *terminal);
void terminal_continue(struct terminal *terminal);

/* Give the terminal back as it was; keep the history. What is printed after it, is printed plain.
 * NULL is allowed. */
void terminal_stop(struct terminal *terminal);

void terminal_free(struct terminal *terminal);

#endif
