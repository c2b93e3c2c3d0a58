/* SPDX-License-Identifier: MIT */
#include "conform/report.h"

#include <string.h>

void conform_clause_append(const char *clause, struct why_text *text) {
    const char *colon = strchr(clause, ':');
    if (colon == NULL) {
        why_text_append(text, "RFC 6455 section %s", clause);
    } else {
        why_text_append(text, "RFC %.*s section %s", (int)(colon - clause), clause, colon + 1);
    }
}

const char *conform_severity_name(enum conform_severity severity) {
    static const char *const names[] = {
        [CONFORM_INFO] = "info", [CONFORM_SHOULD] = "should", [CONFORM_MUST] = "must"};
    return names[severity];
}

const char *conform_verdict_name(enum conform_verdict verdict) {
    static const char *const names[] = {[CONFORM_PASSED] = "passed",
                                        [CONFORM_FAILED] = "failed",
                                        [CONFORM_NOT_APPLICABLE] = "not applicable",
                                        [CONFORM_NOT_RUN] = "not run"};
    return names[verdict];
}

void conform_command_append(const struct conform_run *run, const struct conform_case *test,
                            struct why_text *text) {
    const char *at = strstr(run->command, "%s");
    if (at == NULL) {
        why_text_append(text, "%s", run->command);
    } else {
        why_text_append(text, "%.*s%s%s", (int)(at - run->command), run->command, test->id, at + 2);
    }
}
