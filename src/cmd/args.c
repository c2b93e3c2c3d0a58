/* SPDX-License-Identifier: MIT
 *
 * The parser of options. It knows tables, not commands.
 */
#include "cmd/args.h"
#include "cmd/suggest.h"
#include "why/i18n.h"

#include <stdlib.h>
#include <string.h>

struct parse {
    const struct arg_table *tables;
    size_t table_count;
    int argc;
    char *const *argv;
    int at;
    enum why_lang lang;
    struct arg_list *operands;
    struct why_text *error;
};

/* ---- Values ---- */

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Decimal digits, then one of the units; overflow saturates. */
static bool read_with_unit(const char *text, const struct unit *units, size_t count,
                           uint64_t *out) {
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    if (at == text) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(at, units[i].suffix) == 0) {
            *out = value > UINT64_MAX / units[i].factor ? UINT64_MAX : value * units[i].factor;
            return true;
        }
    }
    return false;
}

bool args_read_duration(const char *text, uint64_t *ms) {
    static const struct unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    return read_with_unit(text, units, sizeof units / sizeof *units, ms);
}

bool args_read_size(const char *text, uint64_t *bytes) {
    static const struct unit units[] = {
        {"", 1}, {"K", UINT64_C(1) << 10}, {"M", UINT64_C(1) << 20}, {"G", UINT64_C(1) << 30}};
    return read_with_unit(text, units, sizeof units / sizeof *units, bytes);
}

static bool read_number(const char *text, uint64_t *number) {
    static const struct unit units[] = {{"", 1}};
    return read_with_unit(text, units, 1, number);
}

static bool list_append(struct arg_list *list, const char *item) {
    const char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    list->items = items;
    list->items[list->count++] = item;
    return true;
}

void args_list_clear(struct arg_list *list) {
    free(list->items);
    *list = (struct arg_list){0};
}

void args_clear(const struct arg_table *table) {
    for (size_t i = 0; i < table->count; i++) {
        if (table->options[i].kind == ARG_LIST) {
            args_list_clear((void *)((char *)table->values + table->options[i].offset));
        }
    }
}

/* ---- What is wrong, in one line ---- */

static void append_quoted(struct parse *parse, const char *value) {
    why_text_append_untrusted(parse->error, value, strlen(value));
}

static bool fail_unknown(struct parse *parse, const char *given, size_t len) {
    struct suggestion nearest = suggestion_start(given, len);
    for (size_t t = 0; t < parse->table_count; t++) {
        for (size_t i = 0; i < parse->tables[t].count; i++) {
            suggestion_offer(&nearest, parse->tables[t].options[i].name);
        }
    }
    struct why_text shown = {0};
    why_text_append_untrusted(&shown, given, len);
    const char *name = shown.data == NULL ? "" : shown.data;
    if (nearest.best == NULL) {
        why_text_append(parse->error, tr(parse->lang, "unknown option --%s"), name);
    } else {
        why_text_append(parse->error, tr(parse->lang, "unknown option --%s; is --%s meant?"), name,
                        nearest.best);
    }
    why_text_clear(&shown);
    return false;
}

static bool fail_value(struct parse *parse, const struct arg_option *option, const char *value,
                       const char *expected) {
    why_text_append(parse->error, "--%s: \"", option->name);
    append_quoted(parse, value);
    why_text_append(parse->error, "\" ");
    why_text_append(parse->error, "%s", expected);
    return false;
}

static bool fail_range(struct parse *parse, const struct arg_option *option, const char *value) {
    struct why_text expected = {0};
    unsigned long long min = option->min;
    unsigned long long max = option->max;
    if (option->kind == ARG_DURATION) {
        why_text_append(&expected, tr(parse->lang, "is not from %llu to %llu milliseconds"), min,
                        max);
    } else {
        why_text_append(&expected, tr(parse->lang, "is not from %llu to %llu"), min, max);
    }
    fail_value(parse, option, value, expected.data == NULL ? "" : expected.data);
    why_text_clear(&expected);
    return false;
}

static bool fail_choice(struct parse *parse, const struct arg_option *option, const char *value) {
    struct why_text expected = {0};
    why_text_append(&expected, "%s", tr(parse->lang, "is not one of"));
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        why_text_append(&expected, "%s %s", i > 0 ? "," : "", option->choices[i]);
    }
    fail_value(parse, option, value, expected.data == NULL ? "" : expected.data);
    why_text_clear(&expected);
    return false;
}

/* ---- Options ---- */

static bool set_quantity(struct parse *parse, const struct arg_option *option, void *field,
                         const char *value) {
    static bool (*const readers[])(const char *, uint64_t *) = {
        [ARG_NUMBER] = read_number,
        [ARG_DURATION] = args_read_duration,
        [ARG_SIZE] = args_read_size,
    };
    static const char *const expected[] = {
        [ARG_NUMBER] = N_("is not a whole number"),
        [ARG_DURATION] = N_("is not a duration such as 500ms, 10s or 2m"),
        [ARG_SIZE] = N_("is not a size such as 100, 64K or 16M"),
    };
    uint64_t quantity = 0;
    if (!readers[option->kind](value, &quantity)) {
        return fail_value(parse, option, value, tr(parse->lang, expected[option->kind]));
    }
    if (option->max != 0 && (quantity < option->min || quantity > option->max)) {
        return fail_range(parse, option, value);
    }
    *(uint64_t *)field = quantity;
    return true;
}

static bool set_choice(struct parse *parse, const struct arg_option *option, int *field,
                       const char *value) {
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(value, option->choices[i]) == 0) {
            *field = i;
            return true;
        }
    }
    return fail_choice(parse, option, value);
}

static bool set_value(struct parse *parse, const struct arg_option *option, void *values,
                      const char *value) {
    void *field = (char *)values + option->offset;
    switch (option->kind) {
    case ARG_FLAG:
        *(bool *)field = true;
        return true;
    case ARG_STRING:
    case ARG_ATTACHED:
        if (*value == '\0') {
            return fail_value(parse, option, value, tr(parse->lang, "is empty"));
        }
        *(const char **)field = value;
        return true;
    case ARG_LIST:
        if (!list_append(field, value)) {
            why_text_append(parse->error, "%s", tr(parse->lang, "out of memory"));
            return false;
        }
        return true;
    case ARG_NUMBER:
    case ARG_DURATION:
    case ARG_SIZE:
        return set_quantity(parse, option, field, value);
    case ARG_CHOICE:
        return set_choice(parse, option, field, value);
    }
    return false;
}

/* The option of that name (len 1 and `is_short`: alias), and the struct that it belongs to.
 * `has_value`: a value is attached to it. */
static const struct arg_option *find(const struct parse *parse, const char *name, size_t len,
                                     bool is_short, bool has_value, void **values) {
    for (size_t t = 0; t < parse->table_count; t++) {
        for (size_t i = 0; i < parse->tables[t].count; i++) {
            const struct arg_option *option = &parse->tables[t].options[i];
            bool is_it = is_short
                             ? option->alias == *name
                             : strncmp(option->name, name, len) == 0 && option->name[len] == '\0';
            if (is_it && (has_value || option->kind != ARG_ATTACHED)) {
                *values = parse->tables[t].values;
                return option;
            }
        }
    }
    return NULL;
}

/* The next argument, as an option's value. NULL, with the error written, where there is none. */
static const char *next_value(struct parse *parse, const struct arg_option *option) {
    if (parse->at == parse->argc) {
        why_text_append(parse->error, tr(parse->lang, "--%s needs a value: --%s %s"), option->name,
                        option->name, option->value);
        return NULL;
    }
    return parse->argv[parse->at++];
}

static bool parse_long(struct parse *parse, const char *argument) {
    const char *equals = strchr(argument, '=');
    size_t len = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    void *values = NULL;
    const struct arg_option *option = find(parse, argument, len, false, equals != NULL, &values);
    if (option == NULL) {
        return fail_unknown(parse, argument, len);
    }
    if (option->kind == ARG_FLAG) {
        if (equals != NULL) {
            why_text_append(parse->error, tr(parse->lang, "--%s takes no value"), option->name);
            return false;
        }
        return set_value(parse, option, values, "");
    }
    const char *value = equals != NULL ? equals + 1 : next_value(parse, option);
    return value != NULL && set_value(parse, option, values, value);
}

/* "-kv", "-H value", "-Hvalue" */
static bool parse_short(struct parse *parse, const char *argument) {
    for (const char *at = argument; *at != '\0'; at++) {
        void *values = NULL;
        const struct arg_option *option = find(parse, at, 1, true, false, &values);
        if (option == NULL) {
            why_text_append(parse->error, "%s -", tr(parse->lang, "unknown option"));
            append_quoted(parse, at);
            return false;
        }
        if (option->kind != ARG_FLAG) {
            const char *value = at[1] != '\0' ? at + 1 : next_value(parse, option);
            return value != NULL && set_value(parse, option, values, value);
        }
        if (!set_value(parse, option, values, "")) {
            return false;
        }
    }
    return true;
}

bool args_parse(const struct arg_table *tables, size_t table_count, int argc, char *const *argv,
                enum why_lang lang, struct arg_list *operands, struct why_text *error) {
    struct parse parse = {.tables = tables,
                          .table_count = table_count,
                          .argc = argc,
                          .argv = argv,
                          .lang = lang,
                          .operands = operands,
                          .error = error};
    bool only_operands = false;
    while (parse.at < argc) {
        const char *argument = argv[parse.at++];
        if (only_operands || argument[0] != '-' || argument[1] == '\0') {
            if (!list_append(operands, argument)) {
                why_text_append(error, "%s", tr(lang, "out of memory"));
                return false;
            }
        } else if (strcmp(argument, "--") == 0) {
            only_operands = true;
        } else if (!(argument[1] == '-' ? parse_long(&parse, argument + 2)
                                        : parse_short(&parse, argument + 1))) {
            return false;
        }
    }
    return true;
}
