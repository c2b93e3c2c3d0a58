/* SPDX-License-Identifier: MIT
 *
 * The page: the figures, three plots, how connections ended. It has no script.
 */
#include "bench/plot.h"
#include "bench/report.h"
#include "conform/markup.h"
#include "why/i18n.h"

#include <stdlib.h>
#include <string.h>

extern const uint8_t bench_report_css[];
extern const size_t bench_report_css_len;

enum {
    CURVE_POINTS = 200,
};

/* ---- Plots ---- */

/* Up to the share that one value in all is beyond; more would only be the maximum again. */
static void append_curve(const struct bench_result *result, enum why_lang lang,
                         struct why_text *text) {
    double x[CURVE_POINTS];
    double y[CURVE_POINTS];
    size_t count = 0;
    double rest = 1; /* of all, above the point */
    double least = 1.0 / (double)(result->latency.count + 1);
    for (; count < CURVE_POINTS && rest >= least; count++) {
        x[count] = 1 - rest;
        y[count] = (double)bench_histogram_at(&result->latency, 1 - rest);
        rest *= 0.93;
    }
    const struct bench_line line = {tr(lang, "latency"), "one", y};
    bench_plot_append(&(struct bench_plot){.title = tr(lang, "Latency by percentile"),
                                           .x_name = tr(lang, "share of the messages"),
                                           .x = x,
                                           .count = count,
                                           .is_percentiles = true,
                                           .is_time = true,
                                           .lines = &line,
                                           .line_count = 1},
                      text);
}

/* The columns of the slots, as plots take them. */
struct columns {
    double x[BENCH_SLOTS_MAX], p50[BENCH_SLOTS_MAX], p99[BENCH_SLOTS_MAX], max[BENCH_SLOTS_MAX];
    double rate[BENCH_SLOTS_MAX];
};

static void fill_columns(const struct bench_result *result, struct columns *columns) {
    double end_ns = 0;
    for (size_t i = 0; i < result->slot_count; i++) {
        const struct bench_slot *slot = &result->slots[i];
        end_ns += (double)slot->ns;
        columns->x[i] = end_ns / (double)BENCH_SECOND_NS;
        columns->p50[i] = (double)slot->p50_ns;
        columns->p99[i] = (double)slot->p99_ns;
        columns->max[i] = (double)slot->max_ns;
        columns->rate[i] = (double)slot->replies * (double)BENCH_SECOND_NS / (double)slot->ns;
    }
}

static void append_times(const struct bench_result *result, enum why_lang lang,
                         struct why_text *text) {
    struct columns *columns = malloc(sizeof *columns);
    if (columns == NULL) {
        text->failed = true;
        return;
    }
    fill_columns(result, columns);
    const struct bench_line latencies[] = {
        {"p50", "one", columns->p50}, {"p99", "two", columns->p99}, {"max", "three", columns->max}};
    const struct bench_line rate = {tr(lang, "replies a second"), "one", columns->rate};
    struct bench_plot plot = {.title = tr(lang, "Latency over time"),
                              .x_name = tr(lang, "seconds, by when replies came"),
                              .x = columns->x,
                              .count = result->slot_count,
                              .is_time = true,
                              .lines = latencies,
                              .line_count = sizeof latencies / sizeof *latencies};
    bench_plot_append(&plot, text);
    plot.title = tr(lang, "Throughput over time");
    plot.is_time = false;
    plot.lines = &rate;
    plot.line_count = 1;
    bench_plot_append(&plot, text);
    free(columns);
}

/* ---- Tables ---- */

static void append_row(struct why_text *text, const char *name, const char *value) {
    why_text_append(text, "<tr><th scope=\"row\">%s</th><td class=\"n\">%s</td></tr>\n", name,
                    value);
}

static void append_figure(struct why_text *text, const char *name, int digits, double value) {
    struct why_text words = {0};
    why_text_append(&words, "%.*f", digits, value);
    append_row(text, name, words.data == NULL ? "" : words.data);
    why_text_clear(&words);
}

static void append_latencies(const struct bench_result *result, struct why_text *text) {
    why_text_append(text, "<table>\n");
    for (size_t i = 0; i < bench_percentile_count; i++) {
        struct why_text value = {0};
        bench_time_append((double)bench_histogram_at(&result->latency, bench_percentiles[i].share),
                          &value);
        append_row(text, bench_percentiles[i].name, value.data == NULL ? "" : value.data);
        why_text_clear(&value);
    }
    why_text_append(text, "</table>\n");
}

static void append_figures(const struct bench_result *result, enum why_lang lang,
                           struct why_text *text) {
    why_text_append(text, "<h2>%s</h2>\n<div class=\"sides\"><table>\n", tr(lang, "Figures"));
    append_figure(text, tr(lang, "messages sent"), 0, (double)result->sent);
    append_figure(text, tr(lang, "answered"), 0, (double)result->answered);
    append_figure(text, tr(lang, "replies a second"), 0, bench_replies_per_second(result));
    append_figure(text, tr(lang, "seconds measured"), 2, bench_seconds(result));
    append_figure(text, tr(lang, "connections opened"), 0, (double)result->opened);
    if (result->server.count > 0) {
        append_figure(text, tr(lang, "server, µs of processor a message"), 2,
                      bench_server_us_per_reply(result));
        append_figure(text, tr(lang, "server, MiB resident"), 1,
                      (double)result->after.rss_byte / 1048576);
    }
    append_figure(text, tr(lang, "this program, percent of a core"), 0,
                  100 * bench_own_load(result));
    why_text_append(text, "</table>\n");
    append_latencies(result, text);
    why_text_append(text, "</div>\n");
}

static void append_closes(const struct bench_result *result, enum why_lang lang,
                          struct why_text *text) {
    why_text_append(text,
                    "<h2>%s</h2>\n<table>\n<thead><tr><th scope=\"col\">%s</th><th "
                    "scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead>\n",
                    tr(lang, "How connections ended"), tr(lang, "Connections"), tr(lang, "When"),
                    tr(lang, "Why"));
    static const char *const stages[] = {[BENCH_OPENING] = N_("while opening"),
                                         [BENCH_RUNNING] = N_("while running"),
                                         [BENCH_ENDING] = N_("at the end")};
    for (size_t i = 0; i < result->closes.count; i++) {
        const struct bench_close *close = &result->closes.rows[i];
        struct why_text line = {0};
        bool is_expected = bench_close_is_expected(close);
        why_record_write_line(close->first, lang, &line);
        why_text_append(text, "<tr><td class=\"n\">%llu</td><td>%s</td><td%s>",
                        (unsigned long long)close->count, tr(lang, stages[close->stage]),
                        is_expected ? "" : " class=\"bad\"");
        conform_markup_append(text, line.data == NULL ? "" : line.data);
        if (!is_expected && close->first->cause != WHY_CAUSE_NONE) {
            why_text_append(text, "<br><small>");
            conform_markup_append(text, tr(lang, why_cause_info(close->first->cause)->fix));
            why_text_append(text, "</small>");
        }
        why_text_append(text, "</td></tr>\n");
        why_text_clear(&line);
    }
    why_text_append(text, "</table>\n");
}

/* ---- The page ---- */

static void append_head(const struct bench_result *result, enum why_lang lang,
                        struct why_text *text) {
    why_text_append(text,
                    "<!DOCTYPE html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\">"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<title>whysocket bench ",
                    why_lang_tag(lang));
    conform_markup_append(text, result->asked.url);
    why_text_append(text, "</title>\n<style>\n%.*s</style></head>\n<body>\n<header><h1>",
                    (int)bench_report_css_len, (const char *)bench_report_css);
    conform_markup_append(text, result->asked.url);
    why_text_append(text, "</h1>\n<p>");
    struct why_text words = {0};
    bench_asked_append(&result->asked, lang, &words);
    conform_markup_append(text, words.data == NULL ? "" : words.data);
    why_text_append(text, "<br><small>%s &middot; %s</small></p>\n", result->asked.date,
                    result->asked.rate > 0 ? tr(lang, "Latency, from when each message was due")
                                           : tr(lang, "Latency, from when each message was sent"));
    words.len = 0;
    bench_doubts_append(result, lang, &words);
    for (char *line = words.len == 0 ? NULL : words.data; line != NULL && *line != '\0';) {
        size_t len = strcspn(line, "\n");
        why_text_append(text, "<p class=\"bad\">%.*s</p>\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    why_text_append(text, "</header>\n");
    why_text_clear(&words);
}

void bench_report_html(const struct bench_result *result, enum why_lang lang,
                       struct why_text *text) {
    append_head(result, lang, text);
    why_text_append(text, "<main>\n");
    if (result->latency.count > 0) {
        append_figures(result, lang, text);
        append_curve(result, lang, text);
        append_times(result, lang, text);
    }
    append_closes(result, lang, text);
    why_text_append(text, "</main>\n<footer>whysocket bench %s</footer>\n</body></html>\n",
                    result->asked.version);
}
