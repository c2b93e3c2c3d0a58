/* SPDX-License-Identifier: MIT */
#include "conform/report.h"

#include "why/i18n.h"

#include <stdlib.h>
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

const char *conform_role_name(enum conform_role role) {
    return role == CONFORM_SERVER ? "server" : role == CONFORM_CLIENT ? "client" : "both";
}

const char *conform_group_title(const struct conform_group *group, enum why_lang lang) {
    /* As src/conform/cases has them; here they are found by translators. */
    static const char *const known[] = {
        N_("Echo"),
        N_("Ping and Pong"),
        N_("Reserved bits"),
        N_("Opcodes"),
        N_("Fragmentation"),
        N_("Closing"),
        N_("Masking"),
        N_("Lengths"),
        N_("Control frames"),
        N_("The opening handshake of servers"),
        N_("The opening handshake of clients"),
        N_("Limits and sizes"),
        N_("Resilience"),
        N_("Performance"),
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(group->title, known[i]) == 0) {
            return tr(lang, known[i]);
        }
    }
    return group->title;
}

void conform_command_append(const struct conform_run *run, const struct conform_case *test,
                            struct why_text *text) {
    /* The last one: a header that was asked for may have the same. */
    const char *at = NULL;
    for (const char *next = strstr(run->command, "%s"); next != NULL; next = strstr(at + 2, "%s")) {
        at = next;
    }
    if (at == NULL) {
        why_text_append(text, "%s", run->command);
    } else {
        why_text_append(text, "%.*s%s%s", (int)(at - run->command), run->command, test->id, at + 2);
    }
}

void conform_lines_append(const char *lines, const char *margin, struct why_text *text) {
    for (const char *at = lines; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        why_text_append(text, "%s%.*s\n", margin, (int)len, at);
        at += len + (at[len] == '\n');
    }
}

/* A number of cases, if there are any, after those before it. */
static void append_part(struct why_text *text, bool *follows, size_t count, const char *what) {
    if (count > 0) {
        why_text_append(text, "%s%zu %s", *follows ? ", " : "", count, what);
        *follows = true;
    }
}

void conform_counts_append(const struct conform_counts *counts, enum why_lang lang,
                           struct why_text *text) {
    bool follows = false;
    append_part(text, &follows, counts->passed, tr(lang, "passed"));
    append_part(text, &follows, counts->must, tr(lang, "failed (must)"));
    append_part(text, &follows, counts->should, tr(lang, "failed (should)"));
    append_part(text, &follows, counts->info, tr(lang, "failed (info)"));
    append_part(text, &follows, counts->not_applicable, tr(lang, "not applicable"));
    append_part(text, &follows, counts->not_run, tr(lang, "not run"));
}

void conform_verdict_append(const struct conform_run *run, enum why_lang lang,
                            struct why_text *text) {
    struct conform_counts counts;
    conform_count(run, &counts);
    const char *verdict = N_("conformant");
    if (counts.must > 0) {
        verdict = N_("not conformant");
    } else if (run->trouble[0] != '\0' || counts.not_run > 0) {
        verdict = N_("not all was run");
    } else if (counts.passed + counts.should + counts.info == 0) {
        verdict = N_("nothing was run");
    } else if (counts.should > 0) {
        verdict = N_("conformant in all that must be");
    }
    why_text_append(text, "%s%s", tr(lang, verdict), tr(lang, ": "));
    conform_counts_append(&counts, lang, text);
}

void conform_elapsed_append(const struct conform_run *run, enum why_lang lang,
                            struct why_text *text) {
    double seconds = (double)run->elapsed_ms / 1000;
    if (run->count == 1) {
        why_text_append(text, tr(lang, "1 case in %.1f s"), seconds);
    } else {
        why_text_append(text, tr(lang, "%zu cases in %.1f s"), run->count, seconds);
    }
}

size_t conform_group_end(const struct conform_run *run, size_t begin) {
    size_t end = begin;
    while (end < run->count && run->results[end].test->group == run->results[begin].test->group) {
        end++;
    }
    return end;
}

void conform_count_part(const struct conform_run *run, size_t begin, size_t end,
                        struct conform_counts *counts) {
    struct conform_run part = *run;
    part.results = run->results + begin;
    part.count = end - begin;
    conform_count(&part, counts);
}

int conform_id_compare(const char *a, const char *b) {
    while (*a != '\0' && *b != '\0') {
        size_t a_len = strspn(a, "0123456789");
        size_t b_len = strspn(b, "0123456789");
        if (a_len > 0 && b_len > 0) {
            unsigned long left = strtoul(a, NULL, 10);
            unsigned long right = strtoul(b, NULL, 10);
            if (left != right) {
                return left < right ? -1 : 1;
            }
            a += a_len;
            b += b_len;
        } else if (*a != *b) {
            return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}
