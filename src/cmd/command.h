/* SPDX-License-Identifier: MIT
 *
 * A command: what main.c's table holds of it, and what it is handed when it runs. To add one,
 * write a file with a `const struct command` and give it a line in the table.
 */
#ifndef WHY_CMD_COMMAND_H
#define WHY_CMD_COMMAND_H

#include "cmd/args.h"
#include "cmd/exit.h"
#include "cmd/output.h"

#include <stdbool.h>
#include <stddef.h>

struct command_call {
    const struct command *command;
    const char *program; /* as it can be typed again: its path, if that is how it was started */
    struct output output;
    bool json;
    void *options;         /* the command's struct, started from its defaults */
    const char **operands; /* what was no option */
    size_t operand_count;
};

struct command_example {
    const char *line; /* "whysocket explain 1007" */
    const char *text; /* what it does */
};

/* All texts are English and marked with N_(); they are translated when they are shown. */
struct command {
    const char *name;
    const char *operands; /* "CODE|CAUSE ...", after the options in the usage; "" for none */
    size_t operands_min, operands_max;
    const char *summary;     /* one line, for the list of commands */
    const char *description; /* paragraphs, parted by "\n" */
    const struct arg_option *options;
    size_t option_count;
    const struct arg_rows *shared;          /* more, of the struct that this one's begins with; or
                                             * NULL */
    size_t options_size;                    /* of the struct that the options' offsets are of */
    const void *defaults;                   /* such a struct; NULL for all zeroes */
    const struct command_example *examples; /* ends with a NULL line */
    const enum exit_code *exit_codes;       /* that it can end with; ends with EXIT_CODE_INTERNAL */
    enum exit_code (*run)(struct command_call *call);
};

extern const struct command command_bench;
extern const struct command command_check;
extern const struct command command_compare;
extern const struct command command_conform;
extern const struct command command_connect;
extern const struct command command_explain;
extern const struct command command_serve;
extern const struct command command_lab;

/* The table; ends with NULL. */
extern const struct command *const commands[];

/* The command of that name, NULL if there is none. */
const struct command *command_find(const char *name);

/* The options that every command has. */
struct common_options {
    bool help, version, json;
    const char *lang;
    int color; /* enum color_choice */
};

extern const struct arg_option common_options_table[];
extern const size_t common_options_count;

/* Say on stderr, in one line, what is wrong with the command line and where to read more.
 *
 * thing    of the command line, quoted and made harmless; NULL where it is not one thing
 * problem  translated
 * returns  EXIT_CODE_USAGE */
enum exit_code command_usage_error(const struct command_call *call, const char *thing,
                                   const char *problem);

#endif
