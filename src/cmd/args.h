/* SPDX-License-Identifier: MIT
 *
 * Options of a command line, by tables. A table says what there is, args_parse() writes what was
 * given into a struct of the command's, and --help is made from the same rows.
 */
#ifndef WHY_CMD_ARGS_H
#define WHY_CMD_ARGS_H

#include "base/mark.h"
#include "whysocket/explain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option takes, and the type of the field that it is written to. */
enum arg_kind {
    ARG_FLAG,     /* bool; takes no value */
    ARG_STRING,   /* const char *, of argv; may not be empty */
    ARG_ATTACHED, /* the same, but only as --name=VALUE: --name alone is another table's */
    ARG_LIST,     /* struct arg_list; may be given again and again */
    ARG_NUMBER,   /* uint64_t, from `min` to `max` */
    ARG_DURATION, /* uint64_t in milliseconds: "500ms", "10s", "2m", "1h", "10" is seconds */
    ARG_SIZE,     /* uint64_t in bytes: "100", "64K", "16M", "1G" (powers of 1024) */
    ARG_CHOICE,   /* int: the index in `choices` */
};

struct arg_list {
    const char **items; /* the strings are argv's */
    size_t count;
};

struct arg_option {
    const char *name; /* "timeout", without dashes */
    char alias;       /* 'k', or 0 */
    enum arg_kind kind;
    const char *value;          /* "DURATION", in the help; NULL for a flag */
    const char *help;           /* English, translated when it is shown */
    size_t offset;              /* offsetof the field */
    uint64_t min, max;          /* of a number, duration or size; both 0: any */
    const char *const *choices; /* ends with NULL */
};

/* Rows that several commands have. */
struct arg_rows {
    const struct arg_option *options;
    size_t count;
};

/* A table and the struct that its offsets are of. */
struct arg_table {
    const struct arg_option *options;
    size_t count;
    void *values;
};

/* Read `argv` (without the name of program and command) against tables, the first of which wins.
 * Options and operands may be mixed; all after "--" are operands; "-" is one.
 *
 * operands  what is no option, in order; cleared by args_list_clear()
 * error     receives one line in `lang`, without a newline, where false is returned
 * returns   false if the line cannot be understood; values may then be written in part */
bool args_parse(const struct arg_table *tables, size_t table_count, int argc, char *const *argv,
                enum why_lang lang, struct arg_list *operands, struct why_text *error);

void args_list_clear(struct arg_list *list);

/* Free what a table's lists hold. */
void args_clear(const struct arg_table *table);

/* "10s" -> 10000. Saturates at UINT64_MAX. returns  false if it is no duration */
bool args_read_duration(const char *text, uint64_t *ms);
/* "64K" -> 65536. */
bool args_read_size(const char *text, uint64_t *bytes);

#endif
