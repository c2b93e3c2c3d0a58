/* SPDX-License-Identifier: MIT
 *
 * Command lines: what they set, and the one line that says what is wrong with them.
 */
#include "cmd/args.h"
#include "cmd/suggest.h"

#include "support/test.h"

#include <string.h>

struct values {
    bool flag, verbose;
    const char *string, *attached;
    struct arg_list headers;
    uint64_t number, duration, size;
    int choice;
};

static const char *const choices[] = {"red", "green", NULL};

static const struct arg_option options[] = {
    {.name = "both",
     .kind = ARG_ATTACHED,
     .value = "FILE",
     .offset = offsetof(struct values, attached)},
    {.name = "both", .kind = ARG_FLAG, .offset = offsetof(struct values, flag)},
    {.name = "flag", .alias = 'f', .kind = ARG_FLAG, .offset = offsetof(struct values, flag)},
    {.name = "only",
     .kind = ARG_ATTACHED,
     .value = "FILE",
     .offset = offsetof(struct values, attached)},
    {.name = "verbose", .alias = 'v', .kind = ARG_FLAG, .offset = offsetof(struct values, verbose)},
    {.name = "string",
     .kind = ARG_STRING,
     .value = "TEXT",
     .offset = offsetof(struct values, string)},
    {.name = "header",
     .alias = 'H',
     .kind = ARG_LIST,
     .value = "LINE",
     .offset = offsetof(struct values, headers)},
    {.name = "number",
     .kind = ARG_NUMBER,
     .value = "N",
     .min = 1,
     .max = 64,
     .offset = offsetof(struct values, number)},
    {.name = "timeout",
     .kind = ARG_DURATION,
     .value = "DURATION",
     .offset = offsetof(struct values, duration)},
    {.name = "size", .kind = ARG_SIZE, .value = "BYTES", .offset = offsetof(struct values, size)},
    {.name = "choice",
     .kind = ARG_CHOICE,
     .choices = choices,
     .offset = offsetof(struct values, choice)},
};

struct row {
    const char *name;
    const char *line; /* words parted by spaces */
    struct values expected;
    const char *headers;  /* joined by '|' */
    const char *operands; /* joined by '|' */
    const char *error;    /* part of it; NULL: none */
};

static const struct row rows[] = {
    {.name = "nothing", .line = ""},
    {.name = "a flag", .line = "--flag", .expected = {.flag = true}},
    {.name = "short flags in one", .line = "-fv", .expected = {.flag = true, .verbose = true}},
    {.name = "a value after =", .line = "--string=a=b", .expected = {.string = "a=b"}},
    {.name = "a value as the next word",
     .line = "--string --flag",
     .expected = {.string = "--flag"}},
    {.name = "a value that has to be attached", .line = "--only=a", .expected = {.attached = "a"}},
    {.name = "a name with and without a value",
     .line = "--both=a --both",
     .expected = {.flag = true, .attached = "a"}},
    {.name = "the one without it leaves the next word alone",
     .line = "--both a",
     .expected = {.flag = true},
     .operands = "a"},
    {.name = "without it there is no such option",
     .line = "--only a",
     .error = "unknown option --only"},
    {.name = "an attached value may be empty no more than another",
     .line = "--only=",
     .error = "is empty"},
    {.name = "a list", .line = "--header a --header=b -H c -Hd", .headers = "a|b|c|d"},
    {.name = "a short flag before a short value",
     .line = "-fHx",
     .expected = {.flag = true},
     .headers = "x"},
    {.name = "operands and options mixed",
     .line = "one --flag two",
     .expected = {.flag = true},
     .operands = "one|two"},
    {.name = "all after -- are operands",
     .line = "one -- --flag -f --",
     .operands = "one|--flag|-f|--"},
    {.name = "a dash is an operand", .line = "-", .operands = "-"},
    {.name = "a number", .line = "--number 64", .expected = {.number = 64}},
    {.name = "seconds", .line = "--timeout 10", .expected = {.duration = 10000}},
    {.name = "milliseconds", .line = "--timeout=500ms", .expected = {.duration = 500}},
    {.name = "minutes", .line = "--timeout 2m", .expected = {.duration = 120000}},
    {.name = "a huge duration saturates",
     .line = "--timeout 99999999999999999999h",
     .expected = {.duration = UINT64_MAX}},
    {.name = "a size", .line = "--size 16M", .expected = {.size = 16u << 20}},
    {.name = "a choice", .line = "--choice=green", .expected = {.choice = 1}},
    {.name = "an unknown option names the nearest",
     .line = "--heder x",
     .error = "unknown option --heder; is --header meant?"},
    {.name = "swapped letters", .line = "--falg", .error = "is --flag meant?"},
    {.name = "the beginning of a name", .line = "--time 5", .error = "is --timeout meant?"},
    {.name = "one far from all", .line = "--xyzzy", .error = "unknown option --xyzzy"},
    {.name = "an unknown short one", .line = "-fz", .error = "unknown option -z"},
    {.name = "escape sequences are not printed",
     .line = "--\033[31m",
     .error = "unknown option --\\x1b[31m"},
    {.name = "a value is missing",
     .line = "--string",
     .error = "--string needs a value: --string TEXT"},
    {.name = "a short value is missing", .line = "-H", .error = "--header needs a value"},
    {.name = "a value for a flag", .line = "--flag=1", .error = "--flag takes no value"},
    {.name = "an empty string", .line = "--string=", .error = "is empty"},
    {.name = "no number", .line = "--number 1x", .error = "--number: \"1x\" is not a whole number"},
    {.name = "a negative number", .line = "--number=-1", .error = "is not a whole number"},
    {.name = "a number too small", .line = "--number 0", .error = "is not from 1 to 64"},
    {.name = "one past the largest number",
     .line = "--number 65",
     .error = "--number: \"65\" is not from 1 to 64"},
    {.name = "a number too large",
     .line = "--number 18446744073709551617",
     .error = "is not from 1 to 64"},
    {.name = "no duration", .line = "--timeout 10q", .error = "is not a duration such as"},
    {.name = "no size", .line = "--size M", .error = "is not a size such as"},
    {.name = "no such choice", .line = "--choice blue", .error = "is not one of red, green"},
};

static void join(char *out, size_t size, const struct arg_list *list) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        len += (size_t)snprintf(out + len, size - len, "%s%s", i > 0 ? "|" : "", list->items[i]);
    }
}

static bool is_same(const char *a, const char *b) {
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool run(const struct row *row) {
    char line[128];
    char *words[16];
    int count = 0;
    snprintf(line, sizeof line, "%s", row->line);
    char *rest = NULL;
    for (char *at = strtok_r(line, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
        words[count++] = at;
    }
    struct values values = {0};
    const struct arg_table table = {options, TEST_COUNT(options), &values};
    struct arg_list operands = {0};
    struct why_text error = {0};
    bool parsed = args_parse(&table, 1, count, words, WHY_LANG_EN, &operands, &error);
    char headers_text[64];
    char operands_text[64];
    join(headers_text, sizeof headers_text, &values.headers);
    join(operands_text, sizeof operands_text, &operands);
    bool good =
        row->error != NULL
            ? !parsed && strstr(error.data, row->error) != NULL && strchr(error.data, '\n') == NULL
            : parsed && values.flag == row->expected.flag &&
                  values.verbose == row->expected.verbose &&
                  values.number == row->expected.number &&
                  values.duration == row->expected.duration && values.size == row->expected.size &&
                  values.choice == row->expected.choice &&
                  is_same(values.string, row->expected.string) &&
                  is_same(values.attached, row->expected.attached) &&
                  is_same(headers_text, row->headers) && is_same(operands_text, row->operands);
    if (!good) {
        print_error("FAIL %s: %s\n", row->name, error.data == NULL ? "" : error.data);
    }
    args_clear(&table);
    args_list_clear(&operands);
    why_text_clear(&error);
    return good;
}

static void lines_are_read_as_the_table_says(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        failures += !run(&rows[i]);
    }
    assert_int_equal(failures, 0);
}

static void errors_are_told_in_the_language(void **state) {
    (void)state;
    char *words[] = {(char[]){"--heder"}};
    struct values values = {0};
    const struct arg_table table = {options, TEST_COUNT(options), &values};
    struct arg_list operands = {0};
    struct why_text error = {0};
    assert_false(args_parse(&table, 1, 1, words, WHY_LANG_FR, &operands, &error));
    assert_non_null(strstr(error.data, "option inconnue --heder"));
    why_text_clear(&error);
}

static void the_nearest_name_is_suggested(void **state) {
    (void)state;
    static const char *const names[] = {"explain", "compare", "connect", "check", "serve"};
    static const struct {
        const char *given, *best;
    } cases[] = {
        {"explian", "explain"}, {"exp", "explain"},  {"compar", "compare"}, {"chek", "check"},
        {"conect", "connect"},  {"SERVE", "serve"},  {"x", NULL},           {"", NULL},
        {"dance", NULL},        {"servve", "serve"},
    };
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct suggestion nearest = suggestion_start(cases[i].given, strlen(cases[i].given));
        for (size_t j = 0; j < TEST_COUNT(names); j++) {
            suggestion_offer(&nearest, names[j]);
        }
        if (!is_same(nearest.best, cases[i].best)) {
            fail_msg("%s: %s", cases[i].given, nearest.best == NULL ? "none" : nearest.best);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_as_the_table_says),
        cmocka_unit_test(errors_are_told_in_the_language),
        cmocka_unit_test(the_nearest_name_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
