/* SPDX-License-Identifier: MIT
 *
 * What --help and --version print, made from the tables that the parser reads.
 */
#ifndef WHY_CMD_HELP_H
#define WHY_CMD_HELP_H

#include "cmd/command.h"

/* The list of commands. */
void help_write_overview(enum why_lang lang, struct why_text *text);

/* One command: usage, what it does, options, examples, exit codes. */
void help_write_command(const struct command *command, enum why_lang lang, struct why_text *text);

/* The version, and a line of what it was built with. */
void help_write_version(enum why_lang lang, struct why_text *text);
void help_write_version_json(struct why_text *text);

#endif
