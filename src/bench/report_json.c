/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include "why/json.h"

static void write_number(struct why__json *json, const char *key, double value) {
    why_text_append(json->text, "%s\"%s\":%.10g", json->follows ? "," : "", key, value);
    json->follows = true;
}

static void write_asked(struct why__json *json, const struct bench_asked *asked) {
    why__json_open(json, "asked", '{');
    why__json_string(json, "model", asked->rate > 0 ? "open" : "closed");
    why__json_unsigned(json, "connections", asked->connections);
    write_number(json, "rate", asked->rate);
    why__json_unsigned(json, "in_flight", asked->in_flight);
    why__json_string(json, "messages", asked->messages);
    why__json_bool(json, "deflate", asked->deflate);
    why__json_unsigned(json, "ramp_ms", asked->ramp_ms);
    why__json_unsigned(json, "warm_up_ms", asked->warm_up_ms);
    why__json_unsigned(json, "think_ms", asked->think_ms);
    why__json_unsigned(json, "duration_ms", asked->duration_ms);
    why__json_unsigned(json, "count", asked->count);
    why__json_close(json, '}');
}

static void write_counts(struct why__json *json, const struct bench_result *result) {
    why__json_open(json, "messages", '{');
    why__json_unsigned(json, "sent", result->sent);
    why__json_unsigned(json, "answered", result->answered);
    why__json_unsigned(json, "unanswered", bench_unanswered(result));
    why__json_unsigned(json, "unsent", result->unsent);
    why__json_unsigned(json, "late", result->late);
    why__json_unsigned(json, "wrong", result->wrong);
    why__json_unsigned(json, "unasked", result->unasked);
    why__json_unsigned(json, "replies", result->replies);
    why__json_unsigned(json, "payload_bytes", result->payload_bytes);
    write_number(json, "replies_per_second", bench_replies_per_second(result));
    why__json_close(json, '}');
}

static void write_histogram(struct why__json *json, const char *key,
                            const struct bench_histogram *histogram) {
    why__json_open(json, key, '{');
    why__json_unsigned(json, "count", histogram->count);
    why__json_unsigned(json, "min", histogram->min);
    write_number(json, "mean", bench_histogram_mean(histogram));
    for (size_t i = 0; i < bench_percentile_count; i++) {
        why__json_unsigned(json, bench_percentiles[i].name,
                           bench_histogram_at(histogram, bench_percentiles[i].share));
    }
    why__json_close(json, '}');
}

static void write_server(struct why__json *json, const struct bench_result *result) {
    if (result->server.count == 0) {
        why__json_null(json, "server");
        return;
    }
    why__json_open(json, "server", '{');
    why__json_open(json, "pids", '[');
    for (size_t i = 0; i < result->server.count; i++) {
        why__json_integer(json, NULL, result->server.pids[i]);
    }
    why__json_close(json, ']');
    why__json_unsigned(json, "cpu_ns",
                       result->after.cpu_ns > result->before.cpu_ns
                           ? result->after.cpu_ns - result->before.cpu_ns
                           : 0);
    write_number(json, "us_per_reply", bench_server_us_per_reply(result));
    why__json_unsigned(json, "rss_before", result->before.rss_byte);
    why__json_unsigned(json, "rss_after", result->after.rss_byte);
    why__json_close(json, '}');
}

static void write_closes(struct why__json *json, const struct bench_closes *closes,
                         enum why_lang lang) {
    why__json_open(json, "closes", '[');
    for (size_t i = 0; i < closes->count; i++) {
        const struct bench_close *close = &closes->rows[i];
        struct why_text line = {0};
        why_record_write_line(close->first, lang, &line);
        why__json_open(json, NULL, '{');
        why__json_string(json, "stage", bench_stage_name(close->stage));
        why__json_bool(json, "expected", bench_close_is_expected(close));
        why__json_unsigned(json, "count", close->count);
        why__json_unsigned(json, "code", close->first->code);
        why__json_string(json, "cause", why_cause_id(close->first->cause));
        why__json_string(json, "why", line.data == NULL ? "" : line.data);
        why_text_append(json->text, ",\"first\":");
        why_record_write_json(close->first, lang, json->text);
        why__json_close(json, '}');
        why_text_clear(&line);
    }
    why__json_close(json, ']');
}

static void write_slots(struct why__json *json, const struct bench_result *result) {
    why__json_open(json, "slots", '[');
    for (size_t i = 0; i < result->slot_count; i++) {
        const struct bench_slot *slot = &result->slots[i];
        why__json_open(json, NULL, '{');
        why__json_unsigned(json, "ns", slot->ns);
        why__json_unsigned(json, "replies", slot->replies);
        why__json_unsigned(json, "p50", slot->p50_ns);
        why__json_unsigned(json, "p99", slot->p99_ns);
        why__json_unsigned(json, "max", slot->max_ns);
        why__json_unsigned(json, "server_cpu_ns", slot->server_cpu_ns);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

void bench_report_json(const struct bench_result *result, enum why_lang lang,
                       struct why_text *text) {
    static const char *const limits[] = {
        [BENCH_LIMIT_NONE] = "", [BENCH_LIMIT_CPU] = "cpu", [BENCH_LIMIT_SLIP] = "slip"};
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.bench/1");
    why__json_string(&json, "url", result->asked.url);
    why__json_string(&json, "version", result->asked.version);
    why__json_string(&json, "date", result->asked.date);
    write_asked(&json, &result->asked);
    why__json_bool(&json, "interrupted", result->is_interrupted);
    why__json_bool(&json, "clean", bench_is_clean(result));
    why__json_string_or_null(&json, "own_limit", limits[bench_limit_of(result)]);
    write_number(&json, "own_load", bench_own_load(result));
    why__json_unsigned(&json, "elapsed_ns", result->elapsed_ns);
    why__json_unsigned(&json, "opened", result->opened);
    why__json_unsigned(&json, "deflated", result->deflated);
    write_counts(&json, result);
    write_histogram(&json, "latency_ns", &result->latency);
    write_histogram(&json, "slip_ns", &result->slip);
    write_histogram(&json, "opening_ns", &result->opening);
    write_server(&json, result);
    write_closes(&json, &result->closes, lang);
    write_slots(&json, result);
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}
