/* SPDX-License-Identifier: MIT
 *
 * What follows from a run, and the run in words.
 */
#include "bench/report.h"

#include "why/i18n.h"

#include <string.h>

const struct bench_percentile bench_percentiles[] = {
    {0.5, "p50"},  {0.75, "p75"},    {0.9, "p90"},       {0.95, "p95"},
    {0.99, "p99"}, {0.999, "p99.9"}, {0.9999, "p99.99"}, {1, "max"},
};
const size_t bench_percentile_count = sizeof bench_percentiles / sizeof *bench_percentiles;

#define BUSY 0.9 /* of a core */
#define SLIP_NS UINT64_C(1000000)
#define LATE_SHARE 0.01

/* ---- What follows ---- */

uint64_t bench_unanswered(const struct bench_result *result) {
    return result->sent - result->answered;
}

double bench_seconds(const struct bench_result *result) {
    return (double)result->elapsed_ns / (double)BENCH_SECOND_NS;
}

static double per_second(const struct bench_result *result, double amount) {
    return result->elapsed_ns == 0 ? 0 : amount / bench_seconds(result);
}

double bench_replies_per_second(const struct bench_result *result) {
    return per_second(result, (double)result->replies);
}

double bench_own_load(const struct bench_result *result) {
    return per_second(result, (double)result->own_cpu_ns / (double)BENCH_SECOND_NS);
}

static double server_load(const struct bench_result *result) {
    return per_second(result, (double)(result->after.cpu_ns - result->before.cpu_ns) /
                                  (double)BENCH_SECOND_NS);
}

double bench_server_us_per_reply(const struct bench_result *result) {
    bool is_known = result->replies > 0 && result->after.cpu_ns > result->before.cpu_ns;
    return !is_known ? 0
                     : (double)(result->after.cpu_ns - result->before.cpu_ns) / 1000 /
                           (double)result->replies;
}

enum bench_limit bench_limit_of(const struct bench_result *result) {
    if (bench_own_load(result) >= BUSY) {
        return BENCH_LIMIT_CPU;
    }
    bool is_late = result->asked.rate > 0 &&
                   (bench_histogram_at(&result->slip, 0.99) >= SLIP_NS ||
                    (double)result->late > LATE_SHARE * (double)(result->sent + result->late));
    return is_late ? BENCH_LIMIT_SLIP : BENCH_LIMIT_NONE;
}

bool bench_is_clean(const struct bench_result *result) {
    return result->answered > 0 && bench_unanswered(result) == 0 && result->unsent == 0 &&
           result->late == 0 && result->wrong == 0 && result->unasked == 0 &&
           bench_closes_unexpected(&result->closes) == 0;
}

/* ---- Parts ---- */

void bench_time_append(double ns, struct why_text *text) {
    static const struct {
        double ns;
        const char *unit;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "\xc2\xb5s"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        double value = ns / units[i].ns;
        /* 0.9995 would be written 1000 of the next unit. */
        if (value >= 0.9995) {
            int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
            why_text_append(text, "%.*f %s", digits, value, units[i].unit);
            return;
        }
    }
    why_text_append(text, "%.0f ns", ns);
}

void bench_asked_append(const struct bench_asked *asked, enum why_lang lang,
                        struct why_text *text) {
    why_text_append(text, tr(lang, "%u connections, "), asked->connections);
    if (asked->rate > 0) {
        why_text_append(text, tr(lang, "%.10g messages a second on schedule, "), asked->rate);
    } else {
        why_text_append(text, tr(lang, "%u in flight on each, "), asked->in_flight);
    }
    if (asked->think_ms > 0) {
        why_text_append(text, tr(lang, "%g s of thinking, "), (double)asked->think_ms / 1000);
    }
    why_text_append(text, "%s", asked->messages);
    if (asked->deflate) {
        why_text_append(text, ", permessage-deflate");
    }
}

static void append_limit(const struct bench_result *result, enum why_lang lang,
                         struct why_text *text) {
    switch (bench_limit_of(result)) {
    case BENCH_LIMIT_NONE:
        break;
    case BENCH_LIMIT_CPU:
        why_text_append(text,
                        tr(lang, "This program was the limit: it used %.0f%% of a core. The server "
                                 "may do more than this, and be quicker.\n"),
                        100 * bench_own_load(result));
        break;
    case BENCH_LIMIT_SLIP:
        why_text_append(
            text, "%s",
            tr(lang, "This program was the limit: it could not keep to the schedule. "));
        if (result->slip.count > 0) {
            why_text_append(text,
                            tr(lang, "1%% of the messages left %.2f ms or more after they were "
                                     "due, which is in their latency."),
                            (double)bench_histogram_at(&result->slip, 0.99) / 1e6);
        }
        why_text_append(text, "\n");
        break;
    }
}

static void append_losses(const struct bench_result *result, enum why_lang lang,
                          struct why_text *text) {
    if (bench_unanswered(result) > 0) {
        why_text_append(text,
                        tr(lang, "%llu messages were not answered; they are in no latency.\n"),
                        (unsigned long long)bench_unanswered(result));
    }
    if (result->unsent > 0) {
        why_text_append(text,
                        tr(lang, "%llu messages were due and could not be sent: no connection was "
                                 "open, or its queue was full; they are in no latency.\n"),
                        (unsigned long long)result->unsent);
    }
    if (result->late > 0) {
        why_text_append(text,
                        tr(lang, "%llu messages were due and had not been sent when it ended, as "
                                 "this program was behind; they are in no latency.\n"),
                        (unsigned long long)result->late);
    }
    if (result->wrong > 0) {
        why_text_append(text,
                        tr(lang, "%llu replies had another length or kind than what was sent: the "
                                 "server has to echo.\n"),
                        (unsigned long long)result->wrong);
    }
    if (result->unasked > 0) {
        why_text_append(text, tr(lang, "%llu messages came that were no reply to anything.\n"),
                        (unsigned long long)result->unasked);
    }
}

void bench_doubts_append(const struct bench_result *result, enum why_lang lang,
                         struct why_text *text) {
    if (result->is_interrupted) {
        why_text_append(text, "%s", tr(lang, "It was interrupted: this is what there was.\n"));
    }
    append_limit(result, lang, text);
    append_losses(result, lang, text);
    if (result->asked.deflate && result->deflated < result->opened) {
        why_text_append(text, tr(lang, "permessage-deflate was refused on %u connections.\n"),
                        result->opened - result->deflated);
    }
}

/* ---- In words ---- */

static void append_latencies(const struct bench_result *result, enum why_lang lang,
                             struct why_text *text) {
    why_text_append(text, "%s\n",
                    result->asked.rate > 0 ? tr(lang, "Latency, from when each message was due")
                                           : tr(lang, "Latency, from when each message was sent"));
    for (size_t i = 0; i < bench_percentile_count; i++) {
        why_text_append(text, "  %-8s", bench_percentiles[i].name);
        bench_time_append((double)bench_histogram_at(&result->latency, bench_percentiles[i].share),
                          text);
        why_text_append(text, "\n");
    }
    why_text_append(text, "\n");
}

static void append_rates(const struct bench_result *result, enum why_lang lang,
                         struct why_text *text) {
    why_text_append(text, "%s\n", tr(lang, "Messages"));
    why_text_append(text, tr(lang, "  %llu sent, %llu answered in %.2f s\n"),
                    (unsigned long long)result->sent, (unsigned long long)result->answered,
                    bench_seconds(result));
    why_text_append(text, tr(lang, "  %.0f replies a second, %.2f MB/s of payload each way\n\n"),
                    bench_replies_per_second(result),
                    per_second(result, (double)result->payload_bytes) / 1e6);
}

static void append_machines(const struct bench_result *result, enum why_lang lang,
                            struct why_text *text) {
    why_text_append(text, "%s\n", tr(lang, "Processor and memory"));
    if (result->server.count > 0) {
        why_text_append(text,
                        tr(lang, "  server         %.0f%% of a core, %.2f µs a message; %.1f "
                                 "MiB resident\n"),
                        100 * server_load(result), bench_server_us_per_reply(result),
                        (double)result->after.rss_byte / 1048576);
    } else {
        why_text_append(text, "%s",
                        tr(lang, "  server         not known: not on this machine, or not ours to "
                                 "look at (--pid)\n"));
    }
    why_text_append(text, tr(lang, "  this program   %.0f%% of a core\n\n"),
                    100 * bench_own_load(result));
}

static void append_close(const struct bench_close *close, enum why_lang lang,
                         struct why_text *text) {
    static const char *const stages[] = {[BENCH_OPENING] = N_("while opening"),
                                         [BENCH_RUNNING] = N_("while running"),
                                         [BENCH_ENDING] = N_("at the end")};
    bool is_expected = bench_close_is_expected(close);
    why_text_append(text, "  %llu %s%s%s", (unsigned long long)close->count,
                    tr(lang, stages[close->stage]), is_expected ? tr(lang, ", in order") : "",
                    tr(lang, ": "));
    why_record_write_line(close->first, lang, text);
    why_text_append(text, "\n");
    if (!is_expected && close->first->cause != WHY_CAUSE_NONE) {
        why_text_append(text, "    %s\n", tr(lang, why_cause_info(close->first->cause)->fix));
    }
}

void bench_report_text(const struct bench_result *result, enum why_lang lang,
                       struct why_text *text) {
    why_text_append_untrusted(text, result->asked.url, strlen(result->asked.url));
    why_text_append(text, "\n  ");
    bench_asked_append(&result->asked, lang, text);
    why_text_append(text, "\n\n");
    if (result->elapsed_ns > 0) {
        append_rates(result, lang, text);
    }
    if (result->latency.count > 0) {
        append_latencies(result, lang, text);
    }
    if (result->elapsed_ns > 0) {
        append_machines(result, lang, text);
    }
    why_text_append(text, "%s\n  ", tr(lang, "Connections"));
    why_text_append(text, tr(lang, "%u opened of %u"), result->opened, result->asked.connections);
    if (result->opened > 0) {
        why_text_append(text, "%s", tr(lang, ", each in "));
        bench_time_append((double)bench_histogram_at(&result->opening, 0.5), text);
        why_text_append(text, "%s", tr(lang, " (p50) to "));
        bench_time_append((double)result->opening.max, text);
    }
    why_text_append(text, "\n");
    for (size_t i = 0; i < result->closes.count; i++) {
        append_close(&result->closes.rows[i], lang, text);
    }
    struct why_text doubts = {0};
    bench_doubts_append(result, lang, &doubts);
    if (doubts.len > 0) {
        why_text_append(text, "\n%s\n", tr(lang, "What to mind"));
        for (char *line = doubts.data; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            why_text_append(text, "  %.*s\n", (int)len, line);
            line += len + (line[len] == '\n');
        }
    }
    why_text_clear(&doubts);
}
