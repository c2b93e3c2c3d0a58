/* SPDX-License-Identifier: MIT */
#include "cmd/conform_select.h"

#include "why/i18n.h"
#include "whysocket/result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ERROR_MAX = 512,
};

static bool read_file(const char *path, struct why_text *text) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char piece[4096];
    size_t len = 0;
    while ((len = fread(piece, 1, sizeof piece, file)) > 0) {
        why_text_append(text, "%.*s", (int)len, piece);
        if (memchr(piece, 0, len) != NULL) {
            errno = EINVAL; /* no text */
            break;
        }
    }
    bool is_read = len == 0 && ferror(file) == 0 && !text->failed;
    int error = errno;
    (void)fclose(file);
    errno = error;
    return is_read;
}

static enum exit_code add_file(const struct command_call *call, const char *path,
                               struct conform_cases *cases) {
    struct why_text text = {0};
    char error[ERROR_MAX] = "";
    if (!read_file(path, &text)) {
        const char *words = strerror(errno);
        why_text_clear(&text);
        return command_usage_error(call, path, words);
    }
    struct why_bytes bytes = {(const uint8_t *)text.data, text.len};
    int result = conform_cases_read(cases, path, bytes, error, sizeof error);
    why_text_clear(&text);
    return result == WHY_OK ? EXIT_CODE_OK : command_usage_error(call, NULL, error);
}

static bool is_wanted(const struct conform_case *test, const char *wanted) {
    size_t len = strlen(wanted);
    return strncmp(test->id, wanted, len) == 0 &&
           (test->id[len] == '\0' || test->id[len] == '.' || (len > 0 && wanted[len - 1] == '.'));
}

static bool is_any_wanted(const struct conform_case *test, const struct arg_list *wanted,
                          bool *is_used) {
    bool is = wanted->count == 0;
    for (size_t i = 0; i < wanted->count; i++) {
        if (is_wanted(test, wanted->items[i])) {
            is_used[i] = true;
            is = true;
        }
    }
    return is;
}

/* One group after the other: a file of one's own may go on with one that is built in. */
static bool gather_groups(struct conform_selection *selection) {
    const struct conform_case **gathered = calloc(selection->count + 1, sizeof *gathered);
    if (gathered == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < selection->count; i++) {
        const struct conform_case *first = selection->tests[i];
        for (size_t k = i; first != NULL && k < selection->count; k++) {
            if (selection->tests[k] != NULL && selection->tests[k]->group == first->group) {
                gathered[count++] = selection->tests[k];
                selection->tests[k] = NULL;
            }
        }
    }
    free(selection->tests);
    selection->tests = gathered;
    return true;
}

static enum exit_code pick(const struct command_call *call, const struct arg_list *wanted,
                           struct conform_selection *selection) {
    bool *is_used = calloc(wanted->count + 1, sizeof *is_used);
    selection->tests = calloc(selection->cases.count + 1, sizeof *selection->tests);
    if (is_used == NULL || selection->tests == NULL) {
        free(is_used);
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
        return EXIT_CODE_INTERNAL;
    }
    for (size_t i = 0; i < selection->cases.count; i++) {
        const struct conform_case *test = &selection->cases.list[i];
        if (is_any_wanted(test, wanted, is_used)) {
            selection->tests[selection->count++] = test;
        }
    }
    enum exit_code code = EXIT_CODE_OK;
    if (!gather_groups(selection)) {
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
        code = EXIT_CODE_INTERNAL;
    }
    for (size_t i = 0; i < wanted->count && code == EXIT_CODE_OK; i++) {
        if (!is_used[i]) {
            code = command_usage_error(
                call, wanted->items[i],
                tr(call->output.lang, "is no case and no group: conform --list shows them"));
        }
    }
    free(is_used);
    return code;
}

enum exit_code conform_select(const struct command_call *call, const struct arg_list *files,
                              const struct arg_list *wanted, struct conform_selection *selection) {
    char error[ERROR_MAX] = "";
    *selection = (struct conform_selection){0};
    if (conform_cases_read_own(&selection->cases, error, sizeof error) != WHY_OK) {
        output_diagnostic(&call->output, "%s", error);
        return EXIT_CODE_INTERNAL;
    }
    for (size_t i = 0; i < files->count; i++) {
        enum exit_code code = add_file(call, files->items[i], &selection->cases);
        if (code != EXIT_CODE_OK) {
            return code;
        }
    }
    return pick(call, wanted, selection);
}

void conform_selection_clear(struct conform_selection *selection) {
    free(selection->tests);
    conform_cases_free(&selection->cases);
    *selection = (struct conform_selection){0};
}
