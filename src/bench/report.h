/* SPDX-License-Identifier: MIT
 *
 * A run in words, as JSON (docs/bench.schema.json), and as a page.
 */
#ifndef WHY_BENCH_REPORT_H
#define WHY_BENCH_REPORT_H

#include "bench/result.h"
#include "whysocket/explain.h"

void bench_report_text(const struct bench_result *result, enum why_lang lang,
                       struct why_text *text);
void bench_report_json(const struct bench_result *result, enum why_lang lang,
                       struct why_text *text);
void bench_report_html(const struct bench_result *result, enum why_lang lang,
                       struct why_text *text);

/* ---- Parts of several of them ---- */

/* The latencies that are reported, as shares and by name: 0.5 "p50", ..., 1 "max". */
struct bench_percentile {
    double share;
    const char *name;
};
extern const struct bench_percentile bench_percentiles[];
extern const size_t bench_percentile_count;

/* "830 ns", "12.3 µs", "4.56 ms", "1.20 s". */
void bench_time_append(double ns, struct why_text *text);

/* "20 connections, 4 messages in flight on each, text:20, for 10.0 s". */
void bench_asked_append(const struct bench_asked *asked, enum why_lang lang, struct why_text *text);

/* Sentences on what makes the figures doubtful, each a line; nothing where nothing does. */
void bench_doubts_append(const struct bench_result *result, enum why_lang lang,
                         struct why_text *text);

#endif
