/* SPDX-License-Identifier: MIT */
#include "conform/markup.h"
#include "conform/report.h"

#include <stdbool.h>
#include <string.h>

/* A finding that is only informational fails nobody's build. */
static bool is_failure(const struct conform_result *result) {
    return result->verdict == CONFORM_FAILED && result->severity != CONFORM_INFO;
}

static void append_seconds(struct why_text *text, const char *name, double seconds) {
    why_text_append(text, " %s=\"%.6f\"", name, seconds);
}

static void append_property(struct why_text *text, const char *name, const char *value) {
    why_text_append(text, "      <property");
    conform_attribute_append(text, "name", name);
    conform_attribute_append(text, "value", value);
    why_text_append(text, "/>\n");
}

static void append_properties(const struct conform_run *run, const struct conform_group *group,
                              struct why_text *text) {
    struct why_text clause = {0};
    conform_clause_append(group->clause, &clause);
    why_text_append(text, "    <properties>\n");
    append_property(text, "agent", run->agent);
    append_property(text, "target", run->target);
    append_property(text, "role", conform_role_name(run->role));
    append_property(text, "whysocket", run->version);
    append_property(text, "clause", clause.data == NULL ? "" : clause.data);
    why_text_append(text, "    </properties>\n");
    why_text_clear(&clause);
}

/* <failure message="expected ..., got ..." type="must">all of it</failure>, or the same as what the
 * case wrote. */
static void append_failure(const struct conform_run *run, const struct conform_result *result,
                           struct why_text *text) {
    struct why_text words = {0};
    if (is_failure(result)) {
        if (result->finding_count > 0) {
            why_text_append(&words, "expected %s; got %s", result->findings[0].expected,
                            result->findings[0].got);
        }
        why_text_append(text, "      <failure");
        conform_attribute_append(text, "message", words.data == NULL ? "" : words.data);
        conform_attribute_append(text, "type", conform_severity_name(result->severity));
        why_text_append(text, ">");
    } else {
        why_text_append(text, "      <system-out>");
    }
    words.len = 0;
    conform_transcript_append(run, result, &words);
    conform_markup_append(text, words.data == NULL ? "" : words.data);
    why_text_append(text, is_failure(result) ? "</failure>\n" : "</system-out>\n");
    why_text_clear(&words);
}

static void append_case(const struct conform_run *run, const struct conform_result *result,
                        struct why_text *text) {
    const struct conform_case *test = result->test;
    struct why_text name = {0};
    why_text_append(&name, "%s %s", test->id, test->title);
    why_text_append(text, "    <testcase");
    conform_attribute_append(text, "name", name.data == NULL ? "" : name.data);
    name.len = 0;
    why_text_append(&name, "conform.%s.%s", run->agent, test->group->id);
    conform_attribute_append(text, "classname", name.data == NULL ? "" : name.data);
    append_seconds(text, "time", (double)result->elapsed_us / 1e6);
    why_text_clear(&name);
    switch (result->verdict) {
    case CONFORM_PASSED:
        why_text_append(text, "/>\n");
        return;
    case CONFORM_FAILED:
        why_text_append(text, ">\n");
        append_failure(run, result, text);
        break;
    case CONFORM_NOT_APPLICABLE:
    case CONFORM_NOT_RUN:
        why_text_append(text, ">\n      <skipped");
        why_text_append(&name, "%s%s%s", conform_verdict_name(result->verdict),
                        result->note[0] == '\0' ? "" : ": ", result->note);
        conform_attribute_append(text, "message", name.data == NULL ? "" : name.data);
        why_text_append(text, "/>\n");
        why_text_clear(&name);
        break;
    }
    why_text_append(text, "    </testcase>\n");
}

static void append_numbers(struct why_text *text, const struct conform_counts *counts,
                           size_t errors) {
    why_text_append(text, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"",
                    counts->total + errors, counts->must + counts->should, errors,
                    counts->not_applicable + counts->not_run);
}

/* xs:dateTime has no "Z" in what Jenkins writes, and GitLab takes it either way. */
static void append_timestamp(struct why_text *text, const char *date) {
    size_t len = strcspn(date, "Z");
    if (len > 0) {
        why_text_append(text, " timestamp=\"%.*s\"", (int)len, date);
    }
}

static void append_suite(const struct conform_run *run, size_t begin, size_t end,
                         struct why_text *text) {
    const struct conform_group *group = run->results[begin].test->group;
    struct conform_counts counts;
    struct why_text name = {0};
    double seconds = 0;
    for (size_t i = begin; i < end; i++) {
        seconds += (double)run->results[i].elapsed_us / 1e6;
    }
    conform_count_part(run, begin, end, &counts);
    why_text_append(&name, "%s: %s %s", run->agent, group->id, group->title);
    why_text_append(text, "  <testsuite");
    conform_attribute_append(text, "name", name.data == NULL ? "" : name.data);
    append_numbers(text, &counts, 0);
    append_seconds(text, "time", seconds);
    append_timestamp(text, run->date);
    why_text_append(text, ">\n");
    append_properties(run, group, text);
    for (size_t i = begin; i < end; i++) {
        append_case(run, &run->results[i], text);
    }
    why_text_append(text, "  </testsuite>\n");
    why_text_clear(&name);
}

/* That the run did not come to its end is a failure of no case. */
static void append_trouble(const struct conform_run *run, struct why_text *text) {
    struct why_text name = {0};
    why_text_append(&name, "%s: the run", run->agent);
    why_text_append(text, "  <testsuite");
    conform_attribute_append(text, "name", name.data == NULL ? "" : name.data);
    append_numbers(text, &(struct conform_counts){0}, 1);
    append_seconds(text, "time", (double)run->elapsed_ms / 1e3);
    append_timestamp(text, run->date);
    name.len = 0;
    why_text_append(&name, "conform.%s", run->agent);
    why_text_append(text, ">\n    <testcase name=\"the run comes to its end\"");
    conform_attribute_append(text, "classname", name.data == NULL ? "" : name.data);
    append_seconds(text, "time", (double)run->elapsed_ms / 1e3);
    why_text_append(text, ">\n      <error type=\"trouble\"");
    conform_attribute_append(text, "message", run->trouble);
    why_text_append(text, "/>\n    </testcase>\n  </testsuite>\n");
    why_text_clear(&name);
}

void conform_report_junit(const struct conform_run *runs, size_t count, struct why_text *text) {
    struct conform_counts all = {0};
    size_t errors = 0;
    double seconds = 0;
    for (size_t i = 0; i < count; i++) {
        struct conform_counts counts;
        conform_count(&runs[i], &counts);
        all.total += counts.total;
        all.must += counts.must;
        all.should += counts.should;
        all.not_applicable += counts.not_applicable;
        all.not_run += counts.not_run;
        errors += runs[i].trouble[0] != '\0';
        seconds += (double)runs[i].elapsed_ms / 1e3;
    }
    why_text_append(text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<testsuites name=\"whysocket conform\"");
    append_numbers(text, &all, errors);
    append_seconds(text, "time", seconds);
    why_text_append(text, ">\n");
    for (size_t i = 0; i < count; i++) {
        for (size_t begin = 0; begin < runs[i].count;) {
            size_t end = conform_group_end(&runs[i], begin);
            append_suite(&runs[i], begin, end, text);
            begin = end;
        }
        if (runs[i].trouble[0] != '\0') {
            append_trouble(&runs[i], text);
        }
    }
    why_text_append(text, "</testsuites>\n");
}
