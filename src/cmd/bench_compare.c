/* SPDX-License-Identifier: MIT */
#include "cmd/bench_compare.h"

#include "bench/compare.h"
#include "bench/report.h"
#include "why/i18n.h"
#include "why/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *id, *name;
    bool is_time;
} metrics[BENCH_METRIC_COUNT] = {
    [BENCH_METRIC_RATE] = {"replies_per_second", N_("replies a second"), false},
    [BENCH_METRIC_P50] = {"p50", N_("latency, p50"), true},
    [BENCH_METRIC_P99] = {"p99", N_("latency, p99"), true},
    [BENCH_METRIC_P999] = {"p99.9", N_("latency, p99.9"), true},
    [BENCH_METRIC_MAX] = {"max", N_("latency, max"), true},
    [BENCH_METRIC_CPU] = {"server_us_per_reply", N_("server, µs of processor a message"), false},
    [BENCH_METRIC_RSS] = {"server_rss", N_("server, MiB resident"), false},
};

static const char *const verdict_ids[] = {[BENCH_UNKNOWN] = "unknown",
                                          [BENCH_NOISE] = "noise",
                                          [BENCH_BETTER] = "better",
                                          [BENCH_WORSE] = "worse"};

/* ---- Reading ---- */

static uint64_t read_count(const json_t *object, const char *key) {
    json_int_t value = json_integer_value(json_object_get(object, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static bool read_slots(const json_t *slots, struct bench_summary *summary) {
    size_t count = json_array_size(slots);
    count = count > BENCH_SLOTS_MAX ? BENCH_SLOTS_MAX : count;
    summary->slots = calloc(count + 1, sizeof *summary->slots);
    if (summary->slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *slot = json_array_get(slots, i);
        summary->slots[i] = (struct bench_slot){
            .ns = read_count(slot, "ns"),
            .replies = read_count(slot, "replies"),
            .p50_ns = read_count(slot, "p50"),
            .p99_ns = read_count(slot, "p99"),
            .max_ns = read_count(slot, "max"),
            .server_cpu_ns = read_count(slot, "server_cpu_ns"),
        };
    }
    summary->slot_count = count;
    return true;
}

/* What is missing, or of another type, is not known, and said so. */
static bool read_summary(const json_t *root, struct bench_summary *summary) {
    const json_t *latency = json_object_get(root, "latency_ns");
    const json_t *server = json_object_get(root, "server");
    const json_t *messages = json_object_get(root, "messages");
    double *values = summary->values;
    values[BENCH_METRIC_RATE] = json_number_value(json_object_get(messages, "replies_per_second"));
    for (enum bench_metric metric = BENCH_METRIC_P50; metric <= BENCH_METRIC_MAX; metric++) {
        values[metric] = json_number_value(json_object_get(latency, metrics[metric].id));
    }
    values[BENCH_METRIC_CPU] = json_number_value(json_object_get(server, "us_per_reply"));
    values[BENCH_METRIC_RSS] = (double)read_count(server, "rss_after") / 1048576;
    return read_slots(json_object_get(root, "slots"), summary);
}

static enum exit_code read_file(const struct command_call *call, const char *path,
                                struct bench_summary *summary) {
    enum why_lang lang = call->output.lang;
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (schema == NULL || strcmp(schema, "whysocket.bench/1") != 0) {
        json_decref(root);
        return command_usage_error(
            call, path, tr(lang, "cannot be read as a result of whysocket bench --json"));
    }
    bool is_read = read_summary(root, summary);
    json_decref(root);
    if (!is_read) {
        output_diagnostic(&call->output, "%s", tr(lang, "out of memory"));
        return EXIT_CODE_INTERNAL;
    }
    return EXIT_CODE_OK;
}

/* ---- Writing ---- */

static void append_value(enum bench_metric metric, double value, struct why_text *text) {
    struct why_text words = {0};
    if (!(value > 0)) {
        why_text_append(&words, "-");
    } else if (metrics[metric].is_time) {
        bench_time_append(value, &words);
    } else {
        why_text_append(&words, value < 100 ? "%.2f" : "%.0f", value);
    }
    /* A micro sign is two bytes and one column. */
    int wide = words.data != NULL && strstr(words.data, "\xc2\xb5") != NULL ? 13 : 12;
    why_text_append(text, " %*s", wide, words.data == NULL ? "" : words.data);
    why_text_clear(&words);
}

static void append_verdict(const struct output *output, const struct bench_difference *difference,
                           struct why_text *text) {
    static const struct {
        enum style style;
        const char *words;
    } verdicts[] = {[BENCH_UNKNOWN] = {STYLE_FAINT, N_("not known")},
                    [BENCH_NOISE] = {STYLE_FAINT, N_("within noise")},
                    [BENCH_BETTER] = {STYLE_GOOD, N_("better")},
                    [BENCH_WORSE] = {STYLE_BAD, N_("worse")}};
    if (difference->verdict == BENCH_UNKNOWN) {
        why_text_append(text, " %8s %8s", "-", "-");
    } else {
        why_text_append(text, " %7.2fx %6.0f %%", difference->ratio, 100 * difference->noise);
    }
    why_text_append(text, "  %s%s%s\n", output_style(output, verdicts[difference->verdict].style),
                    tr(output->lang, verdicts[difference->verdict].words),
                    output_style(output, STYLE_PLAIN));
}

/* Columns after a name of any script: one is a byte, or begins one. */
static int padding(const char *name) {
    int width = 36;
    for (const char *at = name; *at != '\0'; at++) {
        width -= ((unsigned char)*at & 0xc0) != 0x80;
    }
    return width > 0 ? width : 0;
}

static void write_table(struct command_call *call, const struct bench_summary *runs,
                        const struct bench_difference *differences, struct why_text *text) {
    enum why_lang lang = call->output.lang;
    why_text_append(text, "%*s %12s %12s %8s %8s\n", 36, "", "A", "B", "B/A", tr(lang, "noise"));
    for (enum bench_metric metric = 0; metric < BENCH_METRIC_COUNT; metric++) {
        const char *name = tr(lang, metrics[metric].name);
        why_text_append(text, "%s%*s", name, padding(name), "");
        append_value(metric, runs[0].values[metric], text);
        append_value(metric, runs[1].values[metric], text);
        append_verdict(&call->output, &differences[metric], text);
    }
}

static void write_number(struct why__json *json, const char *key, double value) {
    why_text_append(json->text, "%s\"%s\":%.10g", json->follows ? "," : "", key, value);
    json->follows = true;
}

static void write_json(const struct bench_summary *runs, const struct bench_difference *differences,
                       struct why_text *text) {
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.bench-compare/1");
    why__json_open(&json, "metrics", '[');
    for (enum bench_metric metric = 0; metric < BENCH_METRIC_COUNT; metric++) {
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "id", metrics[metric].id);
        write_number(&json, "a", runs[0].values[metric]);
        write_number(&json, "b", runs[1].values[metric]);
        write_number(&json, "ratio", differences[metric].ratio);
        write_number(&json, "noise", differences[metric].noise);
        why__json_string(&json, "verdict", verdict_ids[differences[metric].verdict]);
        why__json_close(&json, '}');
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}

static enum exit_code compare(struct command_call *call, const struct bench_summary *runs) {
    struct bench_difference differences[BENCH_METRIC_COUNT];
    bool is_worse = false;
    for (enum bench_metric metric = 0; metric < BENCH_METRIC_COUNT; metric++) {
        differences[metric] = bench_compare(&runs[0], &runs[1], metric);
        is_worse = is_worse || differences[metric].verdict == BENCH_WORSE;
    }
    struct why_text text = {0};
    if (call->json) {
        write_json(runs, differences, &text);
    } else {
        write_table(call, runs, differences, &text);
    }
    output_text(&call->output, &text);
    why_text_clear(&text);
    return is_worse ? EXIT_CODE_FINDING : EXIT_CODE_OK;
}

enum exit_code bench_compare_files(struct command_call *call) {
    if (call->operand_count != 2) {
        return command_usage_error(
            call, NULL, tr(call->output.lang, "--compare needs two results of --json: A and B"));
    }
    struct bench_summary runs[2] = {0};
    enum exit_code code = EXIT_CODE_OK;
    for (size_t i = 0; i < 2 && code == EXIT_CODE_OK; i++) {
        code = read_file(call, call->operands[i], &runs[i]);
    }
    if (code == EXIT_CODE_OK) {
        code = compare(call, runs);
    }
    free(runs[0].slots);
    free(runs[1].slots);
    return code;
}
