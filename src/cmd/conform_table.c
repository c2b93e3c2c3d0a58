/* SPDX-License-Identifier: MIT
 *
 * Runs in numbers: a row for each group, or for each run; the verdict; what has changed since a
 * baseline.
 */
#include "cmd/conform_show.h"
#include "conform/report.h"
#include "why/i18n.h"

#include <string.h>

enum {
    NAME_MAX_WIDTH = 40, /* columns; a longer name moves its numbers to the right */
    COLUMNS = 6,
};

/* In the order of the columns; beside each other they need short words. */
static const char *const column_names[COLUMNS] = {N_("passed"), N_("must"), N_("should"),
                                                  N_("info"),   N_("n/a"),  N_("not run")};
static const enum style column_styles[COLUMNS] = {STYLE_GOOD,  STYLE_BAD,   STYLE_WARNING,
                                                  STYLE_PLAIN, STYLE_FAINT, STYLE_WARNING};

/* Characters, each of which is taken for a column. */
static size_t width_of(const char *words) {
    size_t width = 0;
    for (const char *at = words; *at != '\0'; at++) {
        width += ((unsigned char)*at & 0xc0) != 0x80;
    }
    return width;
}

static void append_padded(struct why_text *text, const char *words, size_t width) {
    size_t has = width_of(words);
    why_text_append(text, "%s%*s", words, has < width ? (int)(width - has) : 0, "");
}

static size_t column_width(const struct output *output, size_t column) {
    size_t width = width_of(tr(output->lang, column_names[column]));
    return width > 5 ? width : 5;
}

static void append_head(const struct output *output, const char *first, size_t width,
                        struct why_text *text) {
    why_text_append(text, "%s", output_style(output, STYLE_HEADING));
    append_padded(text, first, width);
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *name = tr(output->lang, column_names[i]);
        why_text_append(text, "  %*s%s", (int)(column_width(output, i) - width_of(name)), "", name);
    }
    why_text_append(text, "%s\n", output_style(output, STYLE_PLAIN));
}

/* Nothing is a dash: what is not zero stands out. */
static void append_numbers(const struct output *output, const struct conform_counts *counts,
                           struct why_text *text) {
    const size_t numbers[COLUMNS] = {counts->passed, counts->must,           counts->should,
                                     counts->info,   counts->not_applicable, counts->not_run};
    for (size_t i = 0; i < COLUMNS; i++) {
        int width = (int)column_width(output, i);
        if (numbers[i] == 0) {
            why_text_append(text, "  %s%*s%s", output_style(output, STYLE_FAINT), width, "-",
                            output_style(output, STYLE_PLAIN));
        } else {
            why_text_append(text, "  %s%*zu%s", output_style(output, column_styles[i]), width,
                            numbers[i], output_style(output, STYLE_PLAIN));
        }
    }
    why_text_append(text, "\n");
}

/* "5 Fragmentation" */
static void name_group(const struct output *output, const struct conform_group *group,
                       struct why_text *name) {
    name->len = 0;
    why_text_append(name, "%2s %s", group->id, conform_group_title(group, output->lang));
}

static size_t widest_group(const struct output *output, const struct conform_run *run) {
    struct why_text name = {0};
    size_t widest = width_of(tr(output->lang, "Group"));
    for (size_t i = 0; i < run->count; i = conform_group_end(run, i)) {
        name_group(output, run->results[i].test->group, &name);
        size_t width = name.data == NULL ? 0 : width_of(name.data);
        widest = width > widest ? width : widest;
    }
    why_text_clear(&name);
    return widest < NAME_MAX_WIDTH ? widest : NAME_MAX_WIDTH;
}

static void append_groups(const struct output *output, const struct conform_run *run,
                          struct why_text *text) {
    struct why_text name = {0};
    size_t width = widest_group(output, run);
    append_head(output, tr(output->lang, "Group"), width, text);
    for (size_t begin = 0; begin < run->count;) {
        size_t end = conform_group_end(run, begin);
        struct conform_counts counts;
        name_group(output, run->results[begin].test->group, &name);
        append_padded(text, name.data == NULL ? "" : name.data, width);
        conform_count_part(run, begin, end, &counts);
        append_numbers(output, &counts, text);
        begin = end;
    }
    why_text_append(text, "\n");
    why_text_clear(&name);
}

static void append_runs(const struct output *output, const struct conform_run *runs, size_t count,
                        struct why_text *text) {
    size_t width = width_of(tr(output->lang, "Agent"));
    for (size_t i = 0; i < count; i++) {
        size_t own = width_of(runs[i].agent);
        width = own > width ? own : width;
    }
    width = width < NAME_MAX_WIDTH ? width : NAME_MAX_WIDTH;
    append_head(output, tr(output->lang, "Agent"), width, text);
    for (size_t i = 0; i < count; i++) {
        struct conform_counts counts;
        conform_count(&runs[i], &counts);
        append_padded(text, runs[i].agent, width);
        append_numbers(output, &counts, text);
    }
    why_text_append(text, "\n");
}

/* The last line: whoever reads only that knows. */
static void append_verdict(const struct output *output, const struct conform_run *run,
                           struct why_text *text) {
    struct conform_counts counts;
    conform_count(run, &counts);
    bool is_bad = counts.must > 0 || run->trouble[0] != '\0';
    if (run->trouble[0] != '\0') {
        why_text_append(text, "%s%s%s\n", output_style(output, STYLE_BAD), run->trouble,
                        output_style(output, STYLE_PLAIN));
    }
    why_text_append(text, "%s%s%s%s%s", output_style(output, STYLE_HEADING), run->agent,
                    output_style(output, STYLE_PLAIN), tr(output->lang, ": "),
                    output_style(output, is_bad              ? STYLE_BAD
                                         : counts.should > 0 ? STYLE_WARNING
                                                             : STYLE_GOOD));
    conform_verdict_append(run, output->lang, text);
    why_text_append(text, "%s; ", output_style(output, STYLE_PLAIN));
    conform_elapsed_append(run, output->lang, text);
    why_text_append(text, "\n");
}

void conform_show_runs(struct output *output, const struct conform_run *runs, size_t count,
                       bool verbose) {
    struct why_text text = {0};
    if (count == 1) {
        conform_show_findings(output, runs, verbose, &text);
        append_groups(output, runs, &text);
    } else {
        append_runs(output, runs, count, &text);
    }
    for (size_t i = 0; i < count; i++) {
        append_verdict(output, &runs[i], &text);
    }
    output_text(output, &text);
    why_text_clear(&text);
}

/* ---- Since the baseline ---- */

/* "must", "passed" */
static const char *state_name(const struct conform_result *result, enum why_lang lang) {
    if (result == NULL) {
        return tr(lang, "unknown");
    }
    switch (result->verdict) {
    case CONFORM_PASSED:
        return tr(lang, "passed");
    case CONFORM_FAILED:
        return result->severity == CONFORM_MUST     ? tr(lang, "failed (must)")
               : result->severity == CONFORM_SHOULD ? tr(lang, "failed (should)")
                                                    : tr(lang, "failed (info)");
    case CONFORM_NOT_APPLICABLE:
        return tr(lang, "not applicable");
    case CONFORM_NOT_RUN:
        return tr(lang, "not run");
    }
    return "";
}

static void append_change(const struct output *output, const struct conform_change *change,
                          struct why_text *text) {
    static const char *const names[] = {[CONFORM_WORSE] = N_("worse"),
                                        [CONFORM_BETTER] = N_("better"),
                                        [CONFORM_OTHER] = N_("otherwise"),
                                        [CONFORM_NEW] = N_("new")};
    static const enum style styles[] = {[CONFORM_WORSE] = STYLE_BAD,
                                        [CONFORM_BETTER] = STYLE_GOOD,
                                        [CONFORM_OTHER] = STYLE_PLAIN,
                                        [CONFORM_NEW] = STYLE_WARNING};
    bool is_bad = conform_change_is_bad(change);
    enum style style =
        change->kind == CONFORM_WORSE && !is_bad ? STYLE_PLAIN : styles[change->kind];
    why_text_append(text, "  %s", output_style(output, style));
    append_padded(text, tr(output->lang, names[change->kind]), 10);
    why_text_append(text, "%s %s  %s -> %s  %s\n", output_style(output, STYLE_PLAIN),
                    change->now->test->id, state_name(change->before, output->lang),
                    state_name(change->now, output->lang), change->now->test->title);
}

void conform_show_changes(const struct output *output, const struct conform_run *before,
                          const struct conform_run *now, const struct conform_changes *changes,
                          bool may_style, struct why_text *text) {
    struct output plain = *output;
    enum why_lang lang = output->lang;
    size_t counts[CONFORM_NEW + 1] = {0};
    size_t bad = 0;
    plain.color = output->color && may_style;
    why_text_append(text, may_style ? "\n" : "");
    for (size_t i = 0; i < changes->count; i++) {
        append_change(&plain, &changes->list[i], text);
        counts[changes->list[i].kind]++;
        bad += conform_change_is_bad(&changes->list[i]);
    }
    if (before == NULL) {
        why_text_append(text, tr(lang, "the baseline has no run of %s"), now->agent);
        why_text_append(text, "\n");
    }
    if (changes->unknown > 0) {
        why_text_append(text,
                        tr(lang, "new to the baseline: %zu, of which %zu fail; they do not count "
                                 "until it is made anew"),
                        changes->unknown, counts[CONFORM_NEW]);
        why_text_append(text, "\n");
    }
    if (changes->gone > 0) {
        why_text_append(text, tr(lang, "in the baseline, and not asked for: %zu"), changes->gone);
        why_text_append(text, "\n");
    }
    if (changes->has_new_trouble) {
        why_text_append(text, "%s%s%s\n", output_style(&plain, STYLE_BAD), now->trouble,
                        output_style(&plain, STYLE_PLAIN));
    }
    bool is_bad = conform_changes_are_bad(changes);
    why_text_append(text, "%s", output_style(&plain, is_bad ? STYLE_BAD : STYLE_GOOD));
    why_text_append(text, tr(lang, "against the baseline: %zu worse, %zu better"), bad,
                    counts[CONFORM_BETTER]);
    why_text_append(text, "%s\n", output_style(&plain, STYLE_PLAIN));
}
