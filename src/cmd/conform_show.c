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
    WHOLE_MAX = 10,  /* cases of a group that are shown with all that they found */
    FACT_WIDTH = 12, /* columns of "expected" and the like */
};

/* ---- Progress ---- */

struct conform_progress conform_progress_start(const struct output *output) {
    return (struct conform_progress){.lang = output->lang,
                                     .is_shown = isatty(STDERR_FILENO) == 1,
                                     .has_color = output->color_error};
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
    fprintf(stderr, tr(progress->lang, "%zu of %zu cases"), done, total);
    bool is_red = progress->has_color && progress->failed > 0;
    fprintf(stderr, is_red ? ", \033[1;31m" : ", ");
    fprintf(stderr, tr(progress->lang, "%zu failed"), progress->failed);
    fprintf(stderr, is_red ? "\033[0m; %s" : "; %s", result->test->id);
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
                          bool is_decisive, bool verbose, struct why_text *text) {
    static const char *const arrows[] = {
        [CONFORM_WIRE_SENT] = ">", [CONFORM_WIRE_RECEIVED] = "<", [CONFORM_WIRE_NOTE] = "-"};
    why_text_append(text, "   %s%s%10.2f ms %s %s%s",
                    is_decisive ? output_style(output, STYLE_HEADING) : "", is_decisive ? "*" : " ",
                    (double)moment->at_us / 1000, arrows[moment->way], moment->what,
                    is_decisive ? output_style(output, STYLE_PLAIN) : "");
    /* A head says more as text, and before the decisive moment its first line says enough. Where a
     * byte of it is marked, it is the byte that counts. */
    if (moment->head == NULL || moment->mark >= 0) {
        append_bytes(output, moment, text);
        why_text_append(text, "\n");
    } else {
        why_text_append(text, "\n");
        conform_lines_append(is_decisive || verbose ? moment->head : "", "                   ",
                             text);
    }
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
        append_moment(output, &result->moments[i], (int32_t)i == decisive, verbose, text);
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

/* returns  whether all of it was shown */
static bool append_result(const struct output *output, const struct conform_run *run,
                          const struct conform_result *result, bool verbose, bool is_short,
                          struct why_text *text) {
    bool is_bad = result->verdict == CONFORM_FAILED;
    append_verdict(output, result, text);
    if (is_bad && is_short) {
        return false;
    }
    if (is_bad) {
        append_failure(output, run, result, text);
    } else if (result->note[0] != '\0') {
        append_fact(tr(output->lang, "because"), result->note, text);
    }
    append_moments(output, result, verbose, text);
    return true;
}

/* Whether a case is shown in one line: what is only informational is, and what comes after many
 * others of its group. Asked for by itself, it is shown whole. */
static bool is_shown_short(const struct conform_run *run, const struct conform_result *result,
                           bool verbose, size_t whole) {
    return !verbose && run->count > WHOLE_MAX &&
           (result->severity == CONFORM_INFO || whole >= WHOLE_MAX);
}

void conform_show_findings(const struct output *output, const struct conform_run *run, bool verbose,
                           struct why_text *text) {
    const struct conform_group *group = NULL;
    size_t whole = 0; /* cases of the group that were shown whole */
    bool are_all_whole = true;
    for (size_t i = 0; i < run->count; i++) {
        const struct conform_result *result = &run->results[i];
        if (result->verdict != CONFORM_FAILED && !verbose) {
            continue;
        }
        if (result->test->group != group) {
            group = result->test->group;
            whole = 0;
            why_text_append(text, "%s%s %s%s\n", output_style(output, STYLE_HEADING), group->id,
                            conform_group_title(group, output->lang),
                            output_style(output, STYLE_PLAIN));
        }
        bool is_short = is_shown_short(run, result, verbose, whole);
        bool is_whole = append_result(output, run, result, verbose, is_short, text);
        whole += is_whole && result->verdict == CONFORM_FAILED;
        are_all_whole = are_all_whole && is_whole;
    }
    if (!are_all_whole) {
        why_text_append(text, "%s\n",
                        tr(output->lang, "Of some there is one line alone: -v or --html FILE has "
                                         "all of them."));
    }
    why_text_append(text, "%s", group == NULL ? "" : "\n");
}
