/* SPDX-License-Identifier: MIT */
#include "conform/report_html.h"

#include "conform/markup.h"
#include "conform/report.h"
#include "why/i18n.h"
#include "why/words.h"

#include <inttypes.h>
#include <string.h>

/* What a verdict is called in the style sheet, and its sign: never the colour alone. */
static const char *class_of(const struct conform_result *result) {
    switch (result->verdict) {
    case CONFORM_PASSED:
        return "passed";
    case CONFORM_FAILED:
        return conform_severity_name(result->severity);
    case CONFORM_NOT_APPLICABLE:
        return "na";
    case CONFORM_NOT_RUN:
        return "notrun";
    }
    return "";
}

static const char *words_of(const struct conform_result *result) {
    switch (result->verdict) {
    case CONFORM_PASSED:
        return N_("passed");
    case CONFORM_FAILED:
        return result->severity == CONFORM_MUST     ? N_("failed (must)")
               : result->severity == CONFORM_SHOULD ? N_("failed (should)")
                                                    : N_("failed (info)");
    case CONFORM_NOT_APPLICABLE:
        return N_("not applicable");
    case CONFORM_NOT_RUN:
        return N_("not run");
    }
    return "";
}

static const char *sign_of(const struct conform_result *result) {
    switch (result->verdict) {
    case CONFORM_PASSED:
        return "✓";
    case CONFORM_FAILED:
        return result->severity == CONFORM_MUST ? "✗" : "!";
    case CONFORM_NOT_APPLICABLE:
    case CONFORM_NOT_RUN:
        return "–";
    }
    return "";
}

/* ---- What was found ---- */

/* <dt>name</dt><dd>value</dd>; the values are the suite's own words. */
static void append_fact(struct why_text *text, const char *name, const char *value,
                        const char *element) {
    why_text_append(text, "<dt>%s</dt><dd lang=\"en\"><%s>", name, element);
    conform_markup_append(text, value);
    why_text_append(text, "</%s></dd>", element);
}

static bool is_decisive(const struct conform_result *result, size_t moment) {
    for (size_t i = 0; i < result->finding_count; i++) {
        if (result->findings[i].moment == (int32_t)moment) {
            return true;
        }
    }
    return false;
}

static void append_moment(struct why_text *text, const struct conform_moment *moment,
                          bool decisive) {
    static const char *const arrows[] = {
        [CONFORM_WIRE_SENT] = "→", [CONFORM_WIRE_RECEIVED] = "←", [CONFORM_WIRE_NOTE] = "·"};
    why_text_append(text, "<li%s><time>%.2f&nbsp;ms</time>%s ",
                    decisive ? " class=\"decisive\"" : "", (double)moment->at_us / 1000,
                    arrows[moment->way]);
    conform_markup_append(text, moment->what);
    if (moment->head != NULL && moment->mark < 0) {
        why_text_append(text, "<pre>");
        conform_markup_append(text, moment->head);
        why_text_append(text, "</pre>");
    } else if (moment->kept > 0) {
        why_text_append(text, "<span class=\"hex\">");
        for (int i = 0; i < moment->kept; i++) {
            why_text_append(text, i == moment->mark ? "%s<mark>%02x</mark>" : "%s%02x",
                            i > 0 ? " " : "", moment->bytes[i]);
        }
        why_text_append(text, "%s</span>", moment->len > moment->kept ? " …" : "");
    }
    why_text_append(text, "</li>\n");
}

static void append_run(struct why_text *text, const struct conform_board *board, size_t run,
                       const struct conform_result *result, enum why_lang lang) {
    struct why_text words = {0};
    why_text_append(text, "<div class=\"run\">");
    if (board->run_count > 1) {
        why_text_append(text, "<h3>");
        conform_markup_append(text, board->runs[run].agent);
        why_text_append(text, "</h3>");
    }
    why_text_append(text, "<b class=\"%s\">%s %s</b><dl>", class_of(result), sign_of(result),
                    tr(lang, words_of(result)));
    for (size_t i = 0; i < result->finding_count; i++) {
        append_fact(text, tr(lang, "expected"), result->findings[i].expected, "span");
        append_fact(text, tr(lang, "got"), result->findings[i].got, "strong");
    }
    if (result->note[0] != '\0') {
        append_fact(text, tr(lang, "because"), result->note, "span");
    }
    if (result->verdict == CONFORM_FAILED) {
        conform_command_append(&board->runs[run], result->test, &words);
        append_fact(text, tr(lang, "alone"), words.data == NULL ? "" : words.data, "code");
    }
    why_text_append(text, "</dl>");
    if (result->moment_count > 0) {
        why_text_append(text, "<ol lang=\"en\">\n");
        for (size_t i = 0; i < result->moment_count; i++) {
            append_moment(text, &result->moments[i], is_decisive(result, i));
        }
        why_text_append(text, "</ol>");
    }
    why_text_append(text, "</div>\n");
    why_text_clear(&words);
}

/* ---- The case ---- */

/* Each verdict once, for the filter: the case is shown where one of them is asked for. */
static void append_classes(struct why_text *text, const struct conform_result *const *cells,
                           size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool is_new = cells[i] != NULL;
        for (size_t before = 0; before < i && is_new; before++) {
            is_new =
                cells[before] == NULL || strcmp(class_of(cells[before]), class_of(cells[i])) != 0;
        }
        if (is_new) {
            why_text_append(text, " v-%s", class_of(cells[i]));
        }
    }
}

static void append_verdicts(struct why_text *text, const struct conform_board *board,
                            const struct conform_result *const *cells, enum why_lang lang) {
    why_text_append(text, "<span class=\"verdicts\">");
    for (size_t i = 0; i < board->run_count; i++) {
        if (cells[i] == NULL) {
            continue;
        }
        why_text_append(text, "<b class=\"%s\" title=\"%s\">%s ", class_of(cells[i]),
                        tr(lang, words_of(cells[i])), sign_of(cells[i]));
        if (board->run_count > 1) {
            conform_markup_append(text, board->runs[i].agent);
        } else {
            why_text_append(text, "%s",
                            cells[i]->verdict == CONFORM_FAILED
                                ? conform_severity_name(cells[i]->severity)
                                : tr(lang, words_of(cells[i])));
        }
        why_text_append(text, "</b>");
    }
    why_text_append(text, "</span>");
}

static void append_clause(struct why_text *text, const struct conform_case *test,
                          enum why_lang lang) {
    struct why_text clause = {0};
    struct why_text url = {0};
    conform_clause_append(test->clause, &clause);
    why__append_reference_url(&url, clause.data == NULL ? "" : clause.data);
    why_text_append(text, "<p><a");
    conform_attribute_append(text, "href", url.data == NULL ? "" : url.data);
    why_text_append(text, ">");
    conform_markup_append(text, clause.data == NULL ? "" : clause.data);
    why_text_append(text, "</a> (%s)%s<span lang=\"en\">", conform_severity_name(test->severity),
                    tr(lang, ": "));
    conform_markup_append(text, test->why);
    why_text_append(text, "</span></p>");
    why_text_clear(&clause);
    why_text_clear(&url);
}

static bool has_more(const struct conform_result *result) {
    return result != NULL && (result->verdict != CONFORM_PASSED || result->moment_count > 0);
}

void conform_html_case(const struct conform_board *board, size_t row, enum why_lang lang,
                       struct why_text *text) {
    const struct conform_result *const *cells = conform_board_row(board, row);
    const struct conform_case *test = conform_board_case(board, row);
    why_text_append(text, "<details class=\"case");
    append_classes(text, cells, board->run_count);
    why_text_append(text, "\" id=\"case-");
    conform_markup_append(text, test->id);
    why_text_append(text, "\"><summary>");
    append_verdicts(text, board, cells, lang);
    why_text_append(text, "<span class=\"id\">");
    conform_markup_append(text, test->id);
    why_text_append(text, "</span><span lang=\"en\">");
    conform_markup_append(text, test->title);
    why_text_append(text, "</span></summary><div class=\"body\">");
    append_clause(text, test, lang);
    why_text_append(text, "<div class=\"runs\">");
    for (size_t i = 0; i < board->run_count; i++) {
        if (has_more(cells[i])) {
            append_run(text, board, i, cells[i], lang);
        }
    }
    why_text_append(text, "</div></div></details>\n");
}
