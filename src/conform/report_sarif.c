/* SPDX-License-Identifier: MIT */
#include "conform/markup.h"
#include "conform/report.h"
#include "why/json.h"
#include "why/words.h"

#include <string.h>

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

/* GitHub shows an alert for an error or a warning, and lists notes below. */
static const char *level_name(enum conform_severity severity) {
    static const char *const names[] = {
        [CONFORM_INFO] = "note", [CONFORM_SHOULD] = "warning", [CONFORM_MUST] = "error"};
    return names[severity];
}

static void write_words(struct why__json *json, const char *key, const char *words) {
    why__json_open(json, key, '{');
    why__json_string(json, "text", words);
    why__json_close(json, '}');
}

static void write_text(struct why__json *json, const char *key, const struct why_text *words) {
    write_words(json, key, words->data == NULL ? "" : words->data);
}

/* A case, as a rule. */
static void write_rule(struct why__json *json, const struct conform_case *test) {
    struct why_text words = {0};
    struct why_text url = {0};
    conform_clause_append(test->clause, &words);
    why__append_reference_url(&url, words.data == NULL ? "" : words.data);
    why_text_append(&words, ": %s", test->why);
    why__json_open(json, NULL, '{');
    why__json_string(json, "id", test->id);
    write_words(json, "shortDescription", test->title);
    write_text(json, "fullDescription", &words);
    if (url.len > 0) {
        why__json_string(json, "helpUri", url.data);
    }
    write_text(json, "help", &words);
    why__json_open(json, "defaultConfiguration", '{');
    why__json_string(json, "level", level_name(test->severity));
    why__json_close(json, '}');
    why__json_open(json, "properties", '{');
    why__json_open(json, "tags", '[');
    why__json_string(json, NULL, test->group->title);
    why__json_string(json, NULL, conform_severity_name(test->severity));
    why__json_close(json, ']');
    why__json_close(json, '}');
    why__json_close(json, '}');
    why_text_clear(&words);
    why_text_clear(&url);
}

/* Only the cases that a result names: the others would be a megabyte that says nothing. */
static void write_rules(struct why__json *json, const struct conform_run *run) {
    why__json_open(json, "rules", '[');
    for (size_t i = 0; i < run->count; i++) {
        if (run->results[i].verdict == CONFORM_FAILED) {
            write_rule(json, run->results[i].test);
        }
    }
    why__json_close(json, ']');
}

static void write_driver(struct why__json *json, const struct conform_run *run) {
    why__json_open(json, "tool", '{');
    why__json_open(json, "driver", '{');
    why__json_string(json, "name", "whysocket conform");
    why__json_string(json, "version", run->version);
    write_rules(json, run);
    why__json_close(json, '}');
    why__json_close(json, '}');
}

/* A path or an address as RFC 3986 writes it: what may not stand there is in percent signs. */
static void append_uri(struct why_text *text, const char *words) {
    static const char allowed[] = "-._~:/?#[]@!$&'()*+,;=%";
    for (const char *at = words; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z') || strchr(allowed, byte) != NULL;
        why_text_append(text, is_plain ? "%c" : "%%%02X", byte);
    }
}

static void write_location(struct why__json *json, const struct conform_run *run,
                           const char *path) {
    struct why_text uri = {0};
    append_uri(&uri, path != NULL ? path : run->target);
    why__json_open(json, "locations", '[');
    why__json_open(json, NULL, '{');
    why__json_open(json, "physicalLocation", '{');
    why__json_open(json, "artifactLocation", '{');
    why__json_string(json, "uri", uri.data == NULL ? "" : uri.data);
    why__json_close(json, '}');
    /* What is wrong has no line; there are viewers that show nothing without one. */
    why__json_open(json, "region", '{');
    why__json_unsigned(json, "startLine", 1);
    why__json_close(json, '}');
    why__json_close(json, '}');
    why__json_close(json, '}');
    why__json_close(json, ']');
    why_text_clear(&uri);
}

/* `rule` is its index among the rules. */
static void write_finding(struct why__json *json, const struct conform_run *run,
                          const struct conform_result *result, size_t index, size_t rule,
                          const char *path) {
    const struct conform_finding *finding = &result->findings[index];
    struct why_text words = {0};
    why_text_append(&words, "%s %s: expected %s; got %s. Alone: ", result->test->id,
                    result->test->title, finding->expected, finding->got);
    conform_command_append(run, result->test, &words);
    why__json_open(json, NULL, '{');
    why__json_string(json, "ruleId", result->test->id);
    why__json_unsigned(json, "ruleIndex", rule);
    why__json_string(json, "level", level_name(finding->severity));
    write_text(json, "message", &words);
    write_location(json, run, path);
    /* The same finding in the next run is the same alert, whatever came and when. */
    words.len = 0;
    why_text_append(&words, "%s|%s|%s", run->agent, result->test->id, finding->step);
    why__json_open(json, "partialFingerprints", '{');
    why__json_string(json, "conformCase/v1", words.data == NULL ? "" : words.data);
    why__json_close(json, '}');
    words.len = 0;
    conform_transcript_append(run, result, &words);
    why__json_open(json, "properties", '{');
    why__json_string(json, "agent", run->agent);
    why__json_string(json, "transcript", words.data == NULL ? "" : words.data);
    why__json_close(json, '}');
    why__json_close(json, '}');
    why_text_clear(&words);
}

static void write_results(struct why__json *json, const struct conform_run *run, const char *path) {
    size_t rule = 0;
    why__json_open(json, "results", '[');
    for (size_t i = 0; i < run->count; i++) {
        const struct conform_result *result = &run->results[i];
        for (size_t f = 0; result->verdict == CONFORM_FAILED && f < result->finding_count; f++) {
            write_finding(json, run, result, f, rule, path);
        }
        rule += result->verdict == CONFORM_FAILED;
    }
    why__json_close(json, ']');
}

static void write_invocation(struct why__json *json, const struct conform_run *run) {
    why__json_open(json, "invocations", '[');
    why__json_open(json, NULL, '{');
    why__json_bool(json, "executionSuccessful", run->trouble[0] == '\0');
    if (run->date[0] != '\0') {
        why__json_string(json, "startTimeUtc", run->date);
    }
    if (run->trouble[0] != '\0') {
        why__json_open(json, "toolExecutionNotifications", '[');
        why__json_open(json, NULL, '{');
        why__json_string(json, "level", "error");
        write_words(json, "message", run->trouble);
        why__json_close(json, '}');
        why__json_close(json, ']');
    }
    why__json_close(json, '}');
    why__json_close(json, ']');
}

static void write_run(struct why__json *json, const struct conform_run *run, const char *path) {
    struct why_text id = {0};
    why_text_append(&id, "whysocket-conform/%s/%s/", run->agent, conform_role_name(run->role));
    why__json_open(json, NULL, '{');
    write_driver(json, run);
    /* Runs of one category take each other's place at GitHub: an agent and role is one. */
    why__json_open(json, "automationDetails", '{');
    why__json_string(json, "id", id.data == NULL ? "" : id.data);
    why__json_close(json, '}');
    write_invocation(json, run);
    write_results(json, run, path);
    why__json_close(json, '}');
    why_text_clear(&id);
}

void conform_report_sarif(const struct conform_run *runs, size_t count, const char *path,
                          struct why_text *text) {
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "$schema", SCHEMA);
    why__json_string(&json, "version", "2.1.0");
    why__json_open(&json, "runs", '[');
    for (size_t i = 0; i < count; i++) {
        write_run(&json, &runs[i], path);
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}
