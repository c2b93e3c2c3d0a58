/* SPDX-License-Identifier: MIT */
#include "conform/report.h"

#include "why/json.h"

static void write_finding(struct why__json *json, const struct conform_finding *finding) {
    why__json_open(json, NULL, '{');
    why__json_string(json, "severity", conform_severity_name(finding->severity));
    why__json_string_or_null(json, "step", finding->step);
    why__json_string(json, "expected", finding->expected);
    why__json_string(json, "got", finding->got);
    if (finding->moment < 0) {
        why__json_null(json, "moment");
    } else {
        why__json_integer(json, "moment", finding->moment);
    }
    why__json_close(json, '}');
}

static void write_moment(struct why__json *json, const struct conform_moment *moment) {
    static const char *const ways[] = {[CONFORM_WIRE_SENT] = "sent",
                                       [CONFORM_WIRE_RECEIVED] = "received",
                                       [CONFORM_WIRE_NOTE] = "note"};
    why__json_open(json, NULL, '{');
    why__json_string(json, "way", ways[moment->way]);
    why__json_unsigned(json, "at_us", moment->at_us);
    why__json_string(json, "what", moment->what);
    why__json_string_or_null(json, "head", moment->head == NULL ? "" : moment->head);
    why__json_unsigned(json, "len", moment->len);
    why__json_hex(json, "bytes", moment->bytes, moment->kept);
    if (moment->mark < 0) {
        why__json_null(json, "mark");
    } else {
        why__json_integer(json, "mark", moment->mark);
    }
    why__json_close(json, '}');
}

static void write_result(struct why__json *json, const struct conform_run *run,
                         const struct conform_result *result) {
    const struct conform_case *test = result->test;
    struct why_text words = {0};
    why__json_open(json, NULL, '{');
    why__json_string(json, "id", test->id);
    why__json_string(json, "group", test->group->id);
    why__json_string(json, "title", test->title);
    why__json_string(json, "why", test->why);
    conform_clause_append(test->clause, &words);
    why__json_string(json, "clause", words.data == NULL ? "" : words.data);
    why__json_string(json, "severity", conform_severity_name(test->severity));
    why__json_string_or_null(json, "autobahn", test->autobahn);
    why__json_string(json, "verdict", conform_verdict_name(result->verdict));
    if (result->verdict == CONFORM_FAILED) {
        why__json_string(json, "worst", conform_severity_name(result->severity));
    } else {
        why__json_null(json, "worst");
    }
    why__json_string_or_null(json, "note", result->note);
    why__json_unsigned(json, "elapsed_us", result->elapsed_us);
    words.len = 0;
    conform_command_append(run, test, &words);
    why__json_string(json, "command", words.data == NULL ? "" : words.data);
    why__json_open(json, "findings", '[');
    for (size_t i = 0; i < result->finding_count; i++) {
        write_finding(json, &result->findings[i]);
    }
    why__json_close(json, ']');
    why__json_open(json, "moments", '[');
    for (size_t i = 0; i < result->moment_count; i++) {
        write_moment(json, &result->moments[i]);
    }
    why__json_close(json, ']');
    why__json_close(json, '}');
    why_text_clear(&words);
}

static void write_groups(struct why__json *json, const struct conform_run *run) {
    struct why_text clause = {0};
    why__json_open(json, "groups", '[');
    for (size_t i = 0; i < run->count; i = conform_group_end(run, i)) {
        const struct conform_group *group = run->results[i].test->group;
        clause.len = 0;
        conform_clause_append(group->clause, &clause);
        why__json_open(json, NULL, '{');
        why__json_string(json, "id", group->id);
        why__json_string(json, "title", group->title);
        why__json_string(json, "clause", clause.data == NULL ? "" : clause.data);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
    why_text_clear(&clause);
}

void conform_report_json(const struct conform_run *run, struct why_text *text) {
    struct why__json json = {.text = text};
    struct conform_counts counts;
    conform_count(run, &counts);
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.conform/1");
    why__json_string(&json, "agent", run->agent);
    why__json_string(&json, "target", run->target);
    why__json_string(&json, "role", conform_role_name(run->role));
    why__json_string(&json, "command", run->command);
    why__json_string(&json, "version", run->version);
    why__json_string(&json, "date", run->date);
    why__json_unsigned(&json, "elapsed_ms", run->elapsed_ms);
    why__json_string_or_null(&json, "trouble", run->trouble);
    why__json_open(&json, "counts", '{');
    why__json_unsigned(&json, "total", counts.total);
    why__json_unsigned(&json, "passed", counts.passed);
    why__json_unsigned(&json, "must", counts.must);
    why__json_unsigned(&json, "should", counts.should);
    why__json_unsigned(&json, "info", counts.info);
    why__json_unsigned(&json, "not_applicable", counts.not_applicable);
    why__json_unsigned(&json, "not_run", counts.not_run);
    why__json_close(&json, '}');
    write_groups(&json, run);
    why__json_open(&json, "results", '[');
    for (size_t i = 0; i < run->count; i++) {
        write_result(&json, run, &run->results[i]);
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}
