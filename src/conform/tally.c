/* SPDX-License-Identifier: MIT */
#include "conform/tally.h"

#include <stdlib.h>
#include <string.h>

bool conform_tally_init(struct conform_tally *tally, const struct conform_case *const *tests,
                        size_t count) {
    *tally = (struct conform_tally){.count = count};
    tally->results = calloc(count + 1, sizeof *tally->results);
    if (tally->results == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        tally->results[i] =
            (struct conform_result){.test = tests[i], .verdict = CONFORM_NOT_RUN, .note = ""};
    }
    return true;
}

void conform_tally_clear(struct conform_tally *tally) {
    free(tally->results);
    conform_memory_free(tally->memory);
    *tally = (struct conform_tally){0};
}

void conform_tally_take(struct conform_tally *tally, size_t index, struct conform_played *played) {
    const struct conform_case *test = tally->results[index].test;
    tally->results[index] = played->result;
    tally->results[index].test = test;
    conform_memory_join(&tally->memory, played->memory);
    played->memory = NULL;
}

void conform_tally_find(struct conform_tally *tally, size_t index, enum conform_severity severity,
                        const char *expected, const char *got) {
    struct conform_result *result = &tally->results[index];
    size_t count = result->verdict == CONFORM_FAILED ? result->finding_count : 0;
    struct conform_finding *findings =
        conform_memory_take(&tally->memory, (count + 1) * sizeof *findings);
    if (findings == NULL) {
        return;
    }
    if (count > 0) {
        memcpy(findings + 1, result->findings, count * sizeof *findings);
    }
    findings[0] = (struct conform_finding){.severity = severity,
                                           .step = "",
                                           .expected = expected,
                                           .got = got,
                                           .moment = (int32_t)result->moment_count - 1};
    if (count == 0 || severity > result->severity) {
        result->severity = severity;
    }
    result->verdict = CONFORM_FAILED;
    result->findings = findings;
    result->finding_count = count + 1;
}

void conform_tally_excuse(struct conform_tally *tally, const char *note) {
    for (size_t i = 0; i < tally->count; i++) {
        if (tally->results[i].verdict == CONFORM_NOT_RUN && tally->results[i].note[0] == '\0') {
            tally->results[i].note = note;
        }
    }
}

const char *conform_tally_text(struct conform_tally *tally, const char *text) {
    const char *copy = conform_memory_text(&tally->memory, text, strlen(text));
    return copy == NULL ? "" : copy;
}

void conform_count(const struct conform_run *run, struct conform_counts *counts) {
    *counts = (struct conform_counts){.total = run->count};
    for (size_t i = 0; i < run->count; i++) {
        const struct conform_result *result = &run->results[i];
        switch (result->verdict) {
        case CONFORM_PASSED:
            counts->passed++;
            break;
        case CONFORM_FAILED:
            counts->must += result->severity == CONFORM_MUST;
            counts->should += result->severity == CONFORM_SHOULD;
            counts->info += result->severity == CONFORM_INFO;
            break;
        case CONFORM_NOT_APPLICABLE:
            counts->not_applicable++;
            break;
        case CONFORM_NOT_RUN:
            counts->not_run++;
            break;
        }
    }
}
