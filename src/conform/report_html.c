/* SPDX-License-Identifier: MIT
 *
 * The page: the runs, the groups, the cases. It has no script; what a case found is
 * report_html_case.c's.
 */
#include "conform/report_html.h"

#include "conform/markup.h"
#include "conform/report.h"
#include "why/i18n.h"
#include "whysocket/version.h"

#include <string.h>

extern const uint8_t conform_report_css[];
extern const size_t conform_report_css_len;

/* ---- The runs ---- */

static void append_head_cells(struct why_text *text, enum why_lang lang, const char *first) {
    static const char *const names[] = {N_("passed"),          N_("failed (must)"),
                                        N_("failed (should)"), N_("failed (info)"),
                                        N_("not applicable"),  N_("not run")};
    why_text_append(text, "<thead><tr><th scope=\"col\">%s</th>", first);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        why_text_append(text, "<th scope=\"col\">%s</th>", tr(lang, names[i]));
    }
    why_text_append(text, "</tr></thead>\n");
}

static void append_count_cells(struct why_text *text, const struct conform_counts *counts) {
    const struct {
        size_t count;
        const char *style;
    } cells[] = {{counts->passed, "passed"},     {counts->must, "must"},
                 {counts->should, "should"},     {counts->info, "info"},
                 {counts->not_applicable, "na"}, {counts->not_run, "notrun"}};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        why_text_append(text, "<td class=\"n %s\">%zu</td>",
                        cells[i].count == 0 ? "zero" : cells[i].style, cells[i].count);
    }
}

static void append_run(struct why_text *text, const struct conform_run *run, enum why_lang lang) {
    struct conform_counts counts;
    struct why_text words = {0};
    conform_count(run, &counts);
    conform_verdict_append(run, lang, &words);
    bool is_bad = counts.must > 0 || run->trouble[0] != '\0';
    why_text_append(text, "<p><strong>");
    conform_markup_append(text, run->agent);
    why_text_append(text, "</strong>%s<span class=\"%s\">%s</span><br><small class=\"na\">",
                    tr(lang, ": "),
                    is_bad              ? "must"
                    : counts.should > 0 ? "should"
                                        : "passed",
                    words.data == NULL ? "" : words.data);
    conform_markup_append(text, run->target);
    why_text_append(text, " &middot; %s &middot; ",
                    run->role == CONFORM_CLIENT ? tr(lang, "a client") : tr(lang, "a server"));
    conform_markup_append(text, run->date);
    why_text_append(text, " &middot; ");
    conform_elapsed_append(run, lang, text);
    why_text_append(text, " &middot; whysocket ");
    conform_markup_append(text, run->version);
    why_text_append(text, "</small></p>\n");
    if (run->trouble[0] != '\0') {
        why_text_append(text, "<p class=\"must\" lang=\"en\">");
        conform_markup_append(text, run->trouble);
        why_text_append(text, "</p>\n");
    }
    why_text_clear(&words);
}

/* ---- The groups ---- */

static void append_anchor(struct why_text *text, const struct conform_group *group,
                          enum why_lang lang) {
    why_text_append(text, "<a href=\"#group-");
    conform_markup_append(text, group->id);
    why_text_append(text, "\">");
    conform_markup_append(text, group->id);
    why_text_append(text, " ");
    conform_markup_append(text, conform_group_title(group, lang));
    why_text_append(text, "</a>");
}

static void add_counts(struct conform_counts *counts, const struct conform_counts *more) {
    counts->total += more->total;
    counts->passed += more->passed;
    counts->must += more->must;
    counts->should += more->should;
    counts->info += more->info;
    counts->not_applicable += more->not_applicable;
    counts->not_run += more->not_run;
}

/* A column of the board, from row to row. */
static void count_rows(const struct conform_board *board, size_t run, size_t begin, size_t end,
                       struct conform_counts *counts) {
    *counts = (struct conform_counts){0};
    for (size_t row = begin; row < end; row++) {
        const struct conform_result *result = conform_board_row(board, row)[run];
        if (result == NULL) {
            continue;
        }
        struct conform_counts one;
        conform_count(&(struct conform_run){.results = result, .count = 1}, &one);
        add_counts(counts, &one);
    }
}

/* One run: a column for each verdict. */
static void append_groups_of_one(struct why_text *text, const struct conform_board *board,
                                 enum why_lang lang) {
    struct conform_counts counts;
    append_head_cells(text, lang, tr(lang, "Group"));
    for (size_t begin = 0; begin < board->row_count;) {
        size_t end = conform_board_group_end(board, begin);
        why_text_append(text, "<tr><td>");
        append_anchor(text, conform_board_case(board, begin)->group, lang);
        why_text_append(text, "</td>");
        count_rows(board, 0, begin, end, &counts);
        append_count_cells(text, &counts);
        why_text_append(text, "</tr>\n");
        begin = end;
    }
}

/* "40", or "38 of 40, 2 must"; a dash where the run has no such cases. */
static void append_group_cell(struct why_text *text, const struct conform_counts *counts,
                              enum why_lang lang) {
    size_t failed = counts->must + counts->should + counts->info;
    size_t played = counts->passed + failed;
    if (counts->total == 0) {
        why_text_append(text, "<td class=\"na\">–</td>");
        return;
    }
    if (played == 0) {
        why_text_append(text, "<td class=\"na\">%s</td>",
                        counts->not_run > 0 ? tr(lang, "not run") : tr(lang, "not applicable"));
        return;
    }
    why_text_append(text, "<td>");
    if (failed == 0) {
        why_text_append(text, "<span class=\"passed\">%zu</span>", counts->passed);
    } else {
        why_text_append(text, tr(lang, "%zu of %zu"), counts->passed, played);
    }
    const struct {
        size_t count;
        enum conform_severity severity;
    } parts[] = {{counts->must, CONFORM_MUST},
                 {counts->should, CONFORM_SHOULD},
                 {counts->info, CONFORM_INFO}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].count > 0) {
            why_text_append(text, ", <span class=\"%s\">%zu&nbsp;%s</span>",
                            conform_severity_name(parts[i].severity), parts[i].count,
                            conform_severity_name(parts[i].severity));
        }
    }
    why_text_append(text, "</td>");
}

/* Several: a column for each. */
static void append_groups_of_many(struct why_text *text, const struct conform_board *board,
                                  enum why_lang lang) {
    struct conform_counts counts;
    why_text_append(text, "<thead><tr><th scope=\"col\">%s</th>", tr(lang, "Group"));
    for (size_t run = 0; run < board->run_count; run++) {
        why_text_append(text, "<th scope=\"col\">");
        conform_markup_append(text, board->runs[run].agent);
        why_text_append(text, "</th>");
    }
    why_text_append(text, "</tr></thead>\n");
    for (size_t begin = 0; begin < board->row_count;) {
        size_t end = conform_board_group_end(board, begin);
        why_text_append(text, "<tr><td>");
        append_anchor(text, conform_board_case(board, begin)->group, lang);
        why_text_append(text, "</td>");
        for (size_t run = 0; run < board->run_count; run++) {
            count_rows(board, run, begin, end, &counts);
            append_group_cell(text, &counts, lang);
        }
        why_text_append(text, "</tr>\n");
        begin = end;
    }
}

static void append_groups(struct why_text *text, const struct conform_board *board,
                          enum why_lang lang) {
    why_text_append(text, "<div class=\"scroll\"><table>");
    if (board->run_count == 1) {
        append_groups_of_one(text, board, lang);
    } else {
        append_groups_of_many(text, board, lang);
    }
    why_text_append(text, "</table></div>\n");
}

/* ---- The filters ---- */

static void append_filters(struct why_text *text, const struct conform_board *board,
                           enum why_lang lang) {
    static const struct {
        const char *id, *words;
        bool is_on;
    } boxes[] = {{"must", N_("failed (must)"), true}, {"should", N_("failed (should)"), true},
                 {"info", N_("failed (info)"), true}, {"passed", N_("passed"), false},
                 {"na", N_("not applicable"), false}, {"notrun", N_("not run"), true}};
    why_text_append(text, "<form aria-label=\"%s\">", tr(lang, "Cases that are shown"));
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        why_text_append(text, "<label><input type=\"checkbox\" id=\"show-%s\"%s> %s</label>",
                        boxes[i].id, boxes[i].is_on ? " checked" : "", tr(lang, boxes[i].words));
    }
    why_text_append(text, "<label>%s <select id=\"show-group\"><option value=\"\">%s</option>",
                    tr(lang, "Group"), tr(lang, "all"));
    for (size_t begin = 0; begin < board->row_count;
         begin = conform_board_group_end(board, begin)) {
        const struct conform_group *group = conform_board_case(board, begin)->group;
        why_text_append(text, "<option");
        conform_attribute_append(text, "value", group->id);
        why_text_append(text, ">");
        conform_markup_append(text, group->id);
        why_text_append(text, " ");
        conform_markup_append(text, conform_group_title(group, lang));
        why_text_append(text, "</option>");
    }
    why_text_append(text, "</select></label></form>\n");
}

/* Which sections the group's choice hides. An id of the suite is numbers and dots; one that is not,
 * of a file that was made otherwise, gets no rule. */
static void append_group_rules(struct why_text *text, const struct conform_board *board) {
    for (size_t begin = 0; begin < board->row_count;
         begin = conform_board_group_end(board, begin)) {
        const char *id = conform_board_case(board, begin)->group->id;
        if (id[strspn(id, "0123456789.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-")] ==
            '\0') {
            why_text_append(text,
                            "body:has(#show-group option[value=\"%s\"]:checked) "
                            "section:not([id=\"group-%s\"]){display:none}\n",
                            id, id);
        }
    }
}

/* ---- The page ---- */

/* With the verdicts of its cases: where none of them is shown, it is not. */
static void append_section_tag(struct why_text *text, const struct conform_board *board,
                               size_t begin, size_t end) {
    struct conform_counts all = {0};
    for (size_t run = 0; run < board->run_count; run++) {
        struct conform_counts counts;
        count_rows(board, run, begin, end, &counts);
        add_counts(&all, &counts);
    }
    why_text_append(text, "<section class=\"%s%s%s%s%s%s\" id=\"group-",
                    all.passed > 0 ? "v-passed " : "", all.must > 0 ? "v-must " : "",
                    all.should > 0 ? "v-should " : "", all.info > 0 ? "v-info " : "",
                    all.not_applicable > 0 ? "v-na " : "", all.not_run > 0 ? "v-notrun" : "");
    conform_markup_append(text, conform_board_case(board, begin)->group->id);
    why_text_append(text, "\">");
}

static void append_section(struct why_text *text, const struct conform_board *board, size_t begin,
                           size_t end, enum why_lang lang) {
    const struct conform_group *group = conform_board_case(board, begin)->group;
    struct conform_counts counts = {0};
    struct why_text words = {0};
    append_section_tag(text, board, begin, end);
    why_text_append(text, "<h2>");
    conform_markup_append(text, group->id);
    why_text_append(text, " ");
    conform_markup_append(text, conform_group_title(group, lang));
    if (board->run_count == 1) {
        count_rows(board, 0, begin, end, &counts);
        conform_counts_append(&counts, lang, &words);
        why_text_append(text, " <small>%s</small>", words.data == NULL ? "" : words.data);
    }
    why_text_append(text, "</h2>\n");
    for (size_t row = begin; row < end; row++) {
        conform_html_case(board, row, lang, text);
    }
    why_text_append(text, "</section>\n");
    why_text_clear(&words);
}

static void append_title(struct why_text *text, const struct conform_run *runs, size_t count,
                         enum why_lang lang) {
    why_text_append(text, "%s", tr(lang, "Conformance to RFC 6455"));
    for (size_t i = 0; i < count; i++) {
        why_text_append(text, "%s", i == 0 ? tr(lang, ": ") : ", ");
        conform_markup_append(text, runs[i].agent);
    }
}

void conform_report_html(const struct conform_run *runs, size_t count, enum why_lang lang,
                         struct why_text *text) {
    struct conform_board board;
    if (!conform_board_init(&board, runs, count)) {
        text->failed = true;
        return;
    }
    why_text_append(text,
                    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<title>",
                    why_lang_tag(lang));
    append_title(text, runs, count, lang);
    why_text_append(text, "</title>\n<style>\n%.*s", (int)conform_report_css_len,
                    (const char *)conform_report_css);
    append_group_rules(text, &board);
    why_text_append(text, "</style></head>\n<body>\n<header><h1>");
    append_title(text, runs, count == 1 ? 1 : 0, lang);
    why_text_append(text, "</h1>\n");
    for (size_t i = 0; i < count; i++) {
        append_run(text, &runs[i], lang);
    }
    append_groups(text, &board, lang);
    why_text_append(text, "</header>\n");
    append_filters(text, &board, lang);
    why_text_append(text, "<main>\n");
    for (size_t begin = 0; begin < board.row_count;) {
        size_t end = conform_board_group_end(&board, begin);
        append_section(text, &board, begin, end, lang);
        begin = end;
    }
    why_text_append(text, "</main>\n<footer>whysocket conform %s</footer>\n</body></html>\n",
                    why_version());
    conform_board_clear(&board);
}
