/* SPDX-License-Identifier: MIT
 *
 * Where a command writes: results to stdout, diagnostics to stderr; colours, symbols and the width
 * of lines as the terminal and the environment have them.
 */
#ifndef WHY_CMD_OUTPUT_H
#define WHY_CMD_OUTPUT_H

#include "cmd/exit.h"
#include "whysocket/explain.h"

#include <stdbool.h>
#include <stddef.h>

enum color_choice {
    COLOR_AUTO,
    COLOR_ALWAYS,
    COLOR_NEVER,
};

enum style {
    STYLE_PLAIN,
    STYLE_HEADING,
    STYLE_GOOD,
    STYLE_BAD,
    STYLE_WARNING,
    STYLE_FAINT,
};

enum symbol {
    SYMBOL_GOOD,
    SYMBOL_BAD,
    SYMBOL_WARNING,
    SYMBOL_SKIPPED,
};

struct output {
    const char *command; /* "whysocket check", before each diagnostic */
    enum why_lang lang;
    bool color;       /* of stdout */
    bool color_error; /* of stderr */
    bool utf8;        /* the locale can show more than ASCII */
    size_t width;     /* columns to wrap at; 0: a paragraph is a line */
    int write_error;  /* errno of the first write to stdout that failed; 0: none has */
};

/* Look at the terminal and the environment (NO_COLOR, CLICOLOR_FORCE, TERM, COLUMNS, LC_ALL,
 * LC_CTYPE, LANG). Text is wrapped on a terminal, and where COLUMNS is exported; into a pipe or a
 * file a paragraph goes as one line, so that grep finds whole sentences. */
struct output output_start(const char *command, enum why_lang lang, enum color_choice color);

/* The sequence that begins a style on stdout, "" without colours; STYLE_PLAIN ends all. */
const char *output_style(const struct output *output, enum style style);

/* A tick, a cross, ...: one or two columns, never by colour alone. */
const char *output_symbol(const struct output *output, enum symbol symbol);

/* Write text to stdout in the form of why_record_write_text(): headings at the beginning of a line
 * are emphasised, the rest is wrapped under its own indentation. */
void output_document(struct output *output, const char *content);

/* Write to stdout as it is. */
void output_text(struct output *output, const struct why_text *text);

/* Write to a file, which is replaced; "-" is stdout. What is in the way of it, a text that ran out
 * of memory too, is said on stderr.
 * returns  EXIT_CODE_OK or EXIT_CODE_INTERNAL */
enum exit_code output_file(struct output *output, const char *path, const struct why_text *text);

/* One line to stderr: "whysocket check: ..." */
void output_diagnostic(const struct output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Flush stdout. returns  false if not all was written, which is said on stderr; a reader that went
 * away (EPIPE) is no failure. */
bool output_finish(struct output *output);

#endif
