/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"
#include "why/i18n.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    WIDTH_DEFAULT = 80,
    WIDTH_MIN = 40,
    WIDTH_MAX = 100, /* longer lines are hard to read */
};

/* ---- What the terminal and the environment say ---- */

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

static bool wants_color(int fd, enum color_choice choice) {
    if (choice != COLOR_AUTO) {
        return choice == COLOR_ALWAYS;
    }
    if (*environment("NO_COLOR") != '\0') {
        return false;
    }
    const char *force = environment("CLICOLOR_FORCE");
    if (*force != '\0' && strcmp(force, "0") != 0) {
        return true;
    }
    return isatty(fd) != 0 && strcmp(environment("TERM"), "dumb") != 0;
}

static bool is_utf8_locale(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = environment(names[i]);
        if (*value != '\0') {
            const char *charset = strchr(value, '.');
            return charset != NULL && (strncasecmp(charset, ".UTF-8", 6) == 0 ||
                                       strncasecmp(charset, ".utf8", 5) == 0);
        }
    }
    return false;
}

static size_t clamp_width(unsigned long columns) {
    return columns < WIDTH_MIN ? WIDTH_MIN : columns > WIDTH_MAX ? WIDTH_MAX : columns;
}

static size_t text_width(void) {
    unsigned long columns = strtoul(environment("COLUMNS"), NULL, 10);
    if (columns > 0) {
        return clamp_width(columns);
    }
    if (isatty(STDOUT_FILENO) == 0) {
        return 0;
    }
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? clamp_width(size.ws_col) : WIDTH_DEFAULT;
}

struct output output_start(const char *command, enum why_lang lang, enum color_choice color) {
    return (struct output){
        .command = command,
        .lang = lang,
        .color = wants_color(STDOUT_FILENO, color),
        .color_error = wants_color(STDERR_FILENO, color),
        .utf8 = is_utf8_locale(),
        .width = text_width(),
    };
}

const char *output_style(const struct output *output, enum style style) {
    static const char *const sequences[] = {
        [STYLE_PLAIN] = "\033[0m",  [STYLE_HEADING] = "\033[1m",  [STYLE_GOOD] = "\033[32m",
        [STYLE_BAD] = "\033[1;31m", [STYLE_WARNING] = "\033[33m", [STYLE_FAINT] = "\033[2m",
    };
    return output->color ? sequences[style] : "";
}

const char *output_symbol(const struct output *output, enum symbol symbol) {
    static const char *const symbols[][2] = {
        [SYMBOL_GOOD] = {"ok", "\u2713"},
        [SYMBOL_BAD] = {"XX", "\u2717"},
        [SYMBOL_WARNING] = {"!!", "!"},
        [SYMBOL_SKIPPED] = {"--", "\u2013"},
    };
    return symbols[symbol][output->utf8 ? 1 : 0];
}

/* ---- Wrapping ---- */

/* Columns of a stretch of UTF-8: one for each character. */
static size_t columns_of(const char *text, size_t len) {
    size_t columns = 0;
    for (size_t i = 0; i < len; i++) {
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return columns;
}

static size_t count_spaces(const char *text, size_t len) {
    size_t count = 0;
    while (count < len && text[count] == ' ') {
        count++;
    }
    return count;
}

/* Bytes up to where the text of a line begins, under which what follows is indented: after its
 * leading spaces, after the mark of a list ("- ", "12. "), or after a label that two spaces part
 * from it. */
static size_t hanging_len(const char *line, size_t len) {
    size_t lead = count_spaces(line, len);
    if (lead == 0) {
        return 2;
    }
    size_t at = lead;
    while (at < len && line[at] >= '0' && line[at] <= '9') {
        at++;
    }
    if (at > lead && at + 1 < len && line[at] == '.' && line[at + 1] == ' ') {
        return at + 2;
    }
    if (len > lead + 1 && line[lead] == '-' && line[lead + 1] == ' ') {
        return lead + 2;
    }
    for (at = lead; at + 2 < len && at < lead + 34; at++) {
        if (line[at] == ' ' && line[at + 1] == ' ') {
            return at + count_spaces(line + at, len - at);
        }
    }
    return lead;
}

static void append_wrapped(struct why_text *text, const char *line, size_t len, size_t width) {
    size_t hanging = hanging_len(line, len);
    size_t indent = hanging < len ? columns_of(line, hanging) : 0;
    indent = indent < width / 2 ? indent : 2;
    size_t column = 0;
    for (size_t at = 0; at < len;) {
        /* A piece is a word and the spaces before it. */
        size_t spaces = count_spaces(line + at, len - at);
        const char *end = memchr(line + at + spaces, ' ', len - at - spaces);
        size_t word = end == NULL ? len - at - spaces : (size_t)(end - line) - at - spaces;
        size_t columns = columns_of(line + at, spaces + word);
        if (at >= hanging && column > indent && column + columns > width) {
            why_text_append(text, "\n%*s%.*s", (int)indent, "", (int)word, line + at + spaces);
            column = indent + columns - spaces;
        } else {
            why_text_append(text, "%.*s", (int)(spaces + word), line + at);
            column += columns;
        }
        at += spaces + word;
    }
}

void output_document(struct output *output, const char *content) {
    struct why_text text = {0};
    size_t rest = strlen(content);
    for (const char *line = content; rest > 0;) {
        const char *end = memchr(line, '\n', rest);
        size_t len = end == NULL ? rest : (size_t)(end - line);
        bool is_heading = len > 0 && *line != ' ';
        why_text_append(&text, "%s", is_heading ? output_style(output, STYLE_HEADING) : "");
        append_wrapped(&text, line, len, output->width > 0 ? output->width : SIZE_MAX);
        why_text_append(&text, "%s\n", is_heading ? output_style(output, STYLE_PLAIN) : "");
        size_t used = len + (end != NULL);
        line += used;
        rest -= used;
    }
    output_text(output, &text);
    why_text_clear(&text);
}

void output_text(struct output *output, const struct why_text *text) {
    errno = 0;
    if (text->failed) {
        errno = ENOMEM;
    }
    if ((text->failed || fwrite(text->data, 1, text->len, stdout) != text->len) &&
        output->write_error == 0) {
        output->write_error = errno;
    }
}

enum exit_code output_file(struct output *output, const char *path, const struct why_text *text) {
    if (text->failed || text->data == NULL) {
        output_diagnostic(output, "%s", tr(output->lang, "out of memory"));
        return EXIT_CODE_INTERNAL;
    }
    if (strcmp(path, "-") == 0) {
        output_text(output, text);
        return EXIT_CODE_OK;
    }
    FILE *file = fopen(path, "we");
    bool is_written = file != NULL && fwrite(text->data, 1, text->len, file) == text->len;
    int error = errno;
    if (file != NULL && fclose(file) != 0 && is_written) {
        is_written = false;
        error = errno;
    }
    if (!is_written) {
        output_diagnostic(output, "%s: %s", path, strerror(error));
    }
    return is_written ? EXIT_CODE_OK : EXIT_CODE_INTERNAL;
}

void output_diagnostic(const struct output *output, const char *format, ...) {
    fflush(stdout);
    fprintf(stderr, output->color_error ? "\033[1m%s:\033[0m " : "%s: ", output->command);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
}

bool output_finish(struct output *output) {
    if (fflush(stdout) != 0 && output->write_error == 0) {
        output->write_error = errno;
    }
    if (output->write_error == 0 || output->write_error == EPIPE) {
        return true; /* EPIPE: whoever read has read enough, "| head" */
    }
    output_diagnostic(output, tr(output->lang, "cannot write the result: %s"),
                      strerror(output->write_error));
    return false;
}
