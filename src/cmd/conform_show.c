/* SPDX-License-Identifier: MIT */
#include "cmd/conform_show.h"

#include "conform/report.h"
#include "why/i18n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PROGRESS_MS = 100,
    BYTES_PER_LINE = 16,
    BEFORE_MAX = 8,  /* moments that are shown before the decisive one, */
    AFTER_MAX = 3,   /* and after it */
    FACT_WIDTH = 12, /* columns of "expected" and the like */
};

/* ---- Progress ---- */

struct conform_progress conform_progress_start(enum why_lang lang) {
    return (struct conform_progress){.lang = lang, .is_shown = isatty(STDERR_FILENO) == 1};
}

void conform_progress_tell(struct conform_progress *progress, const struct conform_result *result,
                           size_t done, size_t total) {
    progress->failed += result->verdict == CONFORM_FAILED && result->severity != CONFORM_INFO;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (!progress->is_shown || (now_ms - progress->told_ms < PROGRESS_MS && done < total)) {
        return;
    }
    progress->told_ms = now_ms;
    fprintf(stderr, "\r\033[K");
    fprintf(stderr, tr(progress->lang, "%zu of %zu cases, %zu failed; %s"), done, total,
            progress->failed, result->test->id);
    fflush(stderr);
}

void conform_progress_end(const struct conform_progress *progress) {
    if (progress->is_shown) {
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
    }
}

/* ---- Lists ---- */

void conform_show_list(struct output *output, const struct conform_case *const *tests,
                       size_t count) {
    struct why_text text = {0};
    for (size_t i = 0; i < count; i++) {
        const struct conform_case *test = tests[i];
        if (i == 0 || test->group != tests[i - 1]->group) {
            why_text_append(&text, "%s%s %s%s\n", output_style(output, STYLE_HEADING),
                            test->group->id, test->group->title, output_style(output, STYLE_PLAIN));
        }
        const char *role = test->role == CONFORM_SERVER   ? "server"
                           : test->role == CONFORM_CLIENT ? "client"
                                                          : "both";
        why_text_append(&text, "  %-14s %-6s %-6s  %s\n", test->id,
                        conform_severity_name(test->severity), role, test->title);
    }
    output_text(output, &text);
    why_text_clear(&text);
}

struct pair {
    const char *theirs;
    size_t theirs_len;
    const char *ours;
};

/* By numbers, not by characters: 5.10 comes after 5.9. */
static int compare_pairs(const void *a, const void *b) {
    const struct pair *one = a;
    const struct pair *other = b;
    const char *x = one->theirs;
    const char *y = other->theirs;
    const char *x_end = x + one->theirs_len;
    const char *y_end = y + other->theirs_len;
    while (x < x_end && y < y_end) {
        char *x_next = NULL;
        char *y_next = NULL;
        unsigned long left = strtoul(x, &x_next, 10);
        unsigned long right = strtoul(y, &y_next, 10);
        if (left != right) {
            return left < right ? -1 : 1;
        }
        x = x_next == x ? x_end : x_next + (*x_next == '.');
        y = y_next == y ? y_end : y_next + (*y_next == '.');
    }
    int order = (x < x_end) - (y < y_end);
    return order != 0 ? order : strcmp(one->ours, other->ours);
}

static size_t collect_pairs(const struct conform_case *const *tests, size_t count,
                            struct pair *pairs) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        for (const char *at = tests[i]->autobahn; *at != '\0';) {
            size_t len = strcspn(at, " ");
            if (len > 0 && pairs != NULL) {
                pairs[found] = (struct pair){at, len, tests[i]->id};
            }
            found += len > 0;
            at += len + (at[len] == ' ');
        }
    }
    return found;
}

void conform_show_autobahn(struct output *output, const struct conform_case *const *tests,
                           size_t count) {
    size_t found = collect_pairs(tests, count, NULL);
    struct pair *pairs = calloc(found + 1, sizeof *pairs);
    struct why_text text = {0};
    if (pairs == NULL) {
        text.failed = true;
    } else {
        (void)collect_pairs(tests, count, pairs);
        qsort(pairs, found, sizeof *pairs, compare_pairs);
        for (size_t i = 0; i < found; i++) {
            bool is_next = i == 0 || pairs[i].theirs_len != pairs[i - 1].theirs_len ||
                           memcmp(pairs[i].theirs, pairs[i - 1].theirs, pairs[i].theirs_len) != 0;
            if (is_next) {
                why_text_append(&text, "%s%-10.*s %s", i == 0 ? "" : "\n", (int)pairs[i].theirs_len,
                                pairs[i].theirs, pairs[i].ours);
            } else {
                why_text_append(&text, " %s", pairs[i].ours);
            }
        }
        why_text_append(&text, "%s", found > 0 ? "\n" : "");
    }
    output_text(output, &text);
    why_text_clear(&text);
    free(pairs);
}

/* ---- Bytes ---- */

static void append_bytes(const struct output *output, const struct conform_moment *moment,
                         struct why_text *text) {
    for (int i = 0; i < moment->kept; i++) {
        if (i % BYTES_PER_LINE == 0) {
            why_text_append(text, "\n                  ");
        }
        if (i == moment->mark) {
            why_text_append(text, "%s[%02x]%s", output_style(output, STYLE_BAD), moment->bytes[i],
                            output_style(output, STYLE_PLAIN));
        } else {
            bool is_after_mark = moment->mark >= 0 && i == moment->mark + 1;
            why_text_append(text, "%s%02x", is_after_mark && i % BYTES_PER_LINE != 0 ? "" : " ",
                            moment->bytes[i]);
        }
    }
    if (moment->len > moment->kept && moment->kept > 0) {
        why_text_append(text, " ...");
    }
}

static void append_moment(const struct output *output, const struct conform_moment *moment,
                          bool is_decisive, struct why_text *text) {
    static const char *const arrows[] = {
        [CONFORM_WIRE_SENT] = ">", [CONFORM_WIRE_RECEIVED] = "<", [CONFORM_WIRE_NOTE] = "-"};
    why_text_append(text, "   %s%s%10.2f ms %s %s%s", output_style(output, STYLE_PLAIN),
                    is_decisive ? "*" : " ", (double)moment->at_us / 1000, arrows[moment->way],
                    moment->what, "");
    append_bytes(output, moment, text);
    why_text_append(text, "\n");
}

static void append_moments(const struct output *output, const struct conform_result *result,
                           bool verbose, struct why_text *text) {
    int32_t decisive = -1;
    for (size_t i = 0; i < result->finding_count; i++) {
        decisive =
            result->findings[i].moment >= 0 && decisive < 0 ? result->findings[i].moment : decisive;
    }
    size_t middle = decisive < 0 ? result->moment_count : (size_t)decisive;
    size_t begin = !verbose && middle > BEFORE_MAX ? middle - BEFORE_MAX : 0;
    size_t end = result->moment_count;
    end = !verbose && middle + 1 + AFTER_MAX < end ? middle + 1 + AFTER_MAX : end;
    if (begin > 0) {
        why_text_append(text, "                  ...\n");
    }
    for (size_t i = begin; i < end; i++) {
        append_moment(output, &result->moments[i], (int32_t)i == decisive, text);
    }
    if (end < result->moment_count) {
        why_text_append(text, "                  ...\n");
    }
}

/* ---- Results ---- */

static void append_verdict(const struct output *output, const struct conform_result *result,
                           struct why_text *text) {
    bool is_bad = result->verdict == CONFORM_FAILED;
    enum style style = !is_bad                              ? STYLE_GOOD
                       : result->severity == CONFORM_MUST   ? STYLE_BAD
                       : result->severity == CONFORM_SHOULD ? STYLE_WARNING
                                                            : STYLE_FAINT;
    enum symbol symbol = result->verdict == CONFORM_PASSED  ? SYMBOL_GOOD
                         : !is_bad                          ? SYMBOL_SKIPPED
                         : result->severity == CONFORM_MUST ? SYMBOL_BAD
                                                            : SYMBOL_WARNING;
    why_text_append(text, "  %s%s %s", output_style(output, style), output_symbol(output, symbol),
                    result->test->id);
    if (is_bad) {
        why_text_append(text, " %s", conform_severity_name(result->severity));
    }
    why_text_append(text, "%s  %s\n", output_style(output, STYLE_PLAIN), result->test->title);
}

static void append_fact(const char *name, const char *value, struct why_text *text) {
    int pad = FACT_WIDTH;
    for (const char *at = name; *at != '\0'; at++) {
        pad -= (*at & 0xc0) != 0x80; /* a character, not a byte */
    }
    why_text_append(text, "      %s%*s%s\n", name, pad > 1 ? pad : 1, "", value);
}

static void append_failure(const struct output *output, const struct conform_run *run,
                           const struct conform_result *result, struct why_text *text) {
    enum why_lang lang = output->lang;
    struct why_text words = {0};
    conform_clause_append(result->test->clause, &words);
    why_text_append(&words, ": %s", result->test->why);
    append_fact(tr(lang, "clause"), words.data == NULL ? "" : words.data, text);
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct conform_finding *finding = &result->findings[i];
        words.len = 0;
        why_text_append(&words, "%s (%s)", finding->expected,
                        conform_severity_name(finding->severity));
        append_fact(tr(lang, "expected"), words.data == NULL ? "" : words.data, text);
        append_fact(tr(lang, "got"), finding->got, text);
    }
    words.len = 0;
    conform_command_append(run, result->test, &words);
    append_fact(tr(lang, "alone"), words.data == NULL ? "" : words.data, text);
    why_text_clear(&words);
}

static void append_result(const struct output *output, const struct conform_run *run,
                          const struct conform_result *result, bool verbose,
                          struct why_text *text) {
    bool is_bad = result->verdict == CONFORM_FAILED;
    if (!is_bad && !verbose) {
        return;
    }
    append_verdict(output, result, text);
    if (is_bad) {
        append_failure(output, run, result, text);
    } else if (result->note[0] != '\0') {
        append_fact(tr(output->lang, "because"), result->note, text);
    }
    append_moments(output, result, verbose, text);
}

/* A number of cases, if there are any, after those before it. */
static void append_part(struct why_text *text, bool *follows, size_t count, const char *what) {
    if (count > 0) {
        why_text_append(text, "%s%zu %s", *follows ? ", " : "", count, what);
        *follows = true;
    }
}

/* "20 passed, 1 failed (must)" */
static void append_counts(const struct output *output, const struct conform_run *run,
                          struct why_text *text) {
    struct conform_counts counts;
    enum why_lang lang = output->lang;
    bool follows = false;
    conform_count(run, &counts);
    append_part(text, &follows, counts.passed, tr(lang, "passed"));
    append_part(text, &follows, counts.must, tr(lang, "failed (must)"));
    append_part(text, &follows, counts.should, tr(lang, "failed (should)"));
    append_part(text, &follows, counts.info, tr(lang, "failed (info)"));
    append_part(text, &follows, counts.not_applicable, tr(lang, "not applicable"));
    append_part(text, &follows, counts.not_run, tr(lang, "not run"));
    why_text_append(text, "\n");
}

static void append_group(const struct output *output, const struct conform_run *group, bool verbose,
                         struct why_text *text) {
    const struct conform_group *info = group->results[0].test->group;
    why_text_append(text, "%s%s %s%s: ", output_style(output, STYLE_HEADING), info->id, info->title,
                    output_style(output, STYLE_PLAIN));
    append_counts(output, group, text);
    for (size_t i = 0; i < group->count; i++) {
        append_result(output, group, &group->results[i], verbose, text);
    }
}

void conform_show_run(struct output *output, const struct conform_run *run, bool verbose) {
    struct why_text text = {0};
    for (size_t i = 0; i < run->count;) {
        size_t end = i;
        while (end < run->count && run->results[end].test->group == run->results[i].test->group) {
            end++;
        }
        struct conform_run group = *run;
        group.results = run->results + i;
        group.count = end - i;
        append_group(output, &group, verbose, &text);
        i = end;
    }
    why_text_append(&text, "\n%s%s%s: ", output_style(output, STYLE_HEADING), run->agent,
                    output_style(output, STYLE_PLAIN));
    append_counts(output, run, &text);
    why_text_append(&text, tr(output->lang, "cases: %zu, in %.1f s"), run->count,
                    (double)run->elapsed_ms / 1000);
    why_text_append(&text, "\n");
    if (run->trouble[0] != '\0') {
        why_text_append(&text, "%s%s%s\n", output_style(output, STYLE_BAD), run->trouble,
                        output_style(output, STYLE_PLAIN));
    }
    output_text(output, &text);
    why_text_clear(&text);
}
