/* SPDX-License-Identifier: MIT */
#include "cmd/conform_report.h"

#include "cmd/conform_show.h"
#include "conform/baseline.h"
#include "conform/report.h"
#include "why/i18n.h"

#include <stdio.h>
#include <string.h>

#define FIELD(name) offsetof(struct conform_report_options, name)

static const struct arg_option options[] = {
    {.name = "json",
     .kind = ARG_ATTACHED,
     .value = N_("FILE"),
     .help = N_("write JSON into a file, which --report and --baseline read"),
     .offset = FIELD(json_file)},
    {.name = "junit",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("write JUnit XML, as Jenkins and GitLab read it; - is stdout, here and below"),
     .offset = FIELD(junit)},
    {.name = "sarif",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("write SARIF 2.1.0, as GitHub's code scanning reads it"),
     .offset = FIELD(sarif)},
    {.name = "sarif-path",
     .kind = ARG_STRING,
     .value = N_("PATH"),
     .help = N_("the file of your repository that findings in SARIF point to; else the URL"),
     .offset = FIELD(sarif_path)},
    {.name = "html",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("write a page that needs nothing else"),
     .offset = FIELD(html)},
    {.name = "badge",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("write a badge, as SVG"),
     .offset = FIELD(badge)},
    {.name = "baseline",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("a result of --json from before: only what is worse than there is a finding"),
     .offset = FIELD(baseline)},
    {.name = "report",
     .kind = ARG_FLAG,
     .help = N_("play nothing; read results of --json, and show or write them side by side"),
     .offset = FIELD(is_report)},
};

const struct arg_rows conform_report_rows = {options, sizeof options / sizeof *options};

/* ---- Files ---- */

/* One run a line. */
static void append_json(const struct conform_run *runs, size_t count, struct why_text *text) {
    for (size_t i = 0; i < count; i++) {
        conform_report_json(&runs[i], text);
    }
}

static enum exit_code write_files(struct command_call *call,
                                  const struct conform_report_options *asked,
                                  const struct conform_run *runs, size_t count) {
    enum {
        JSON,
        JUNIT,
        SARIF,
        HTML,
        BADGE,
        FORMATS
    };
    const char *const paths[FORMATS] = {[JSON] = asked->json_file,
                                        [JUNIT] = asked->junit,
                                        [SARIF] = asked->sarif,
                                        [HTML] = asked->html,
                                        [BADGE] = asked->badge};
    enum exit_code code = EXIT_CODE_OK;
    for (int i = 0; i < FORMATS; i++) {
        struct why_text text = {0};
        if (paths[i] == NULL) {
            continue;
        }
        if (i == JSON) {
            append_json(runs, count, &text);
        } else if (i == JUNIT) {
            conform_report_junit(runs, count, &text);
        } else if (i == SARIF) {
            conform_report_sarif(runs, count, asked->sarif_path, &text);
        } else if (i == HTML) {
            conform_report_html(runs, count, call->output.lang, &text);
        } else {
            conform_report_badge(runs, count, &text);
        }
        enum exit_code written = output_file(&call->output, paths[i], &text);
        code = written != EXIT_CODE_OK ? written : code;
        why_text_clear(&text);
    }
    return code;
}

/* stdout is a program's: a document goes there. */
static bool is_stdout_taken(const struct command_call *call,
                            const struct conform_report_options *asked) {
    const char *const paths[] = {asked->json_file, asked->junit, asked->sarif, asked->html,
                                 asked->badge};
    bool is_taken = call->json;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        is_taken = is_taken || (paths[i] != NULL && strcmp(paths[i], "-") == 0);
    }
    return is_taken;
}

/* ---- The baseline ---- */

enum exit_code conform_report_baseline(const struct command_call *call,
                                       const struct conform_report_options *asked,
                                       struct conform_reading *baseline) {
    return asked->baseline == NULL ? EXIT_CODE_OK : conform_read(call, asked->baseline, baseline);
}

static enum exit_code compare(struct command_call *call, const struct conform_reading *baseline,
                              const struct conform_run *run, bool is_stdout_free) {
    struct conform_changes changes;
    struct why_text text = {0};
    const struct conform_run *before = conform_baseline_find(baseline->runs, baseline->count, run);
    if (!conform_changes_init(&changes, before, run)) {
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
        return EXIT_CODE_INTERNAL;
    }
    conform_show_changes(&call->output, before, run, &changes, is_stdout_free, &text);
    if (is_stdout_free) {
        output_text(&call->output, &text);
    } else {
        (void)fwrite(text.data, 1, text.len, stderr);
    }
    bool is_bad = conform_changes_are_bad(&changes);
    why_text_clear(&text);
    conform_changes_clear(&changes);
    return is_bad ? EXIT_CODE_FINDING : EXIT_CODE_OK;
}

/* ---- Both together ---- */

static bool is_bad_run(const struct conform_report_options *asked, const struct conform_run *run) {
    struct conform_counts counts;
    conform_count(run, &counts);
    return counts.must > 0 || run->trouble[0] != '\0' || (asked->strict && counts.should > 0);
}

enum exit_code conform_report(struct command_call *call, const struct conform_report_options *asked,
                              const struct conform_reading *baseline,
                              const struct conform_run *runs, size_t count) {
    bool is_stdout_free = !is_stdout_taken(call, asked);
    if (call->json) {
        struct why_text text = {0};
        append_json(runs, count, &text);
        output_text(&call->output, &text);
        why_text_clear(&text);
    } else if (is_stdout_free) {
        conform_show_runs(&call->output, runs, count, asked->verbose);
    }
    enum exit_code code = write_files(call, asked, runs, count);
    for (size_t i = 0; i < count; i++) {
        enum exit_code found = EXIT_CODE_OK;
        if (asked->baseline != NULL) {
            found = compare(call, baseline, &runs[i], is_stdout_free);
        } else if (!asked->is_report && is_bad_run(asked, &runs[i])) {
            found = EXIT_CODE_FINDING;
        }
        code = found > code ? found : code;
    }
    return code;
}

/* Side by side two runs need two names: "ws" of yesterday and "ws" of today are "ws" and "ws (2)".
 */
static bool name_apart(struct conform_reading *reading) {
    for (size_t i = 0; i < reading->count; i++) {
        size_t same = 1;
        for (size_t before = 0; before < i; before++) {
            const struct conform_run *run = &reading->runs[before];
            size_t len = strlen(reading->runs[i].agent);
            same += strncmp(run->agent, reading->runs[i].agent, len) == 0 &&
                    (run->agent[len] == '\0' || strncmp(run->agent + len, " (", 2) == 0);
        }
        if (same > 1) {
            struct why_text name = {0};
            why_text_append(&name, "%s (%zu)", reading->runs[i].agent, same);
            const char *copy =
                name.failed ? NULL : conform_memory_text(&reading->memory, name.data, name.len);
            why_text_clear(&name);
            if (copy == NULL) {
                return false;
            }
            reading->runs[i].agent = copy;
        }
    }
    return true;
}

enum exit_code conform_report_again(struct command_call *call,
                                    const struct conform_report_options *asked) {
    struct conform_reading reading = {0};
    struct conform_reading baseline = {0};
    enum exit_code code = EXIT_CODE_OK;
    if (call->operand_count == 0) {
        return command_usage_error(call, NULL,
                                   tr(call->output.lang, "--report needs results to read"));
    }
    for (size_t i = 0; i < call->operand_count && code == EXIT_CODE_OK; i++) {
        code = conform_read(call, call->operands[i], &reading);
    }
    if (code == EXIT_CODE_OK && !name_apart(&reading)) {
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
        code = EXIT_CODE_INTERNAL;
    }
    if (code == EXIT_CODE_OK) {
        code = conform_report_baseline(call, asked, &baseline);
    }
    if (code == EXIT_CODE_OK) {
        code = conform_report(call, asked, &baseline, reading.runs, reading.count);
    }
    conform_reading_clear(&baseline);
    conform_reading_clear(&reading);
    return code;
}
