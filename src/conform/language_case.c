/* SPDX-License-Identifier: MIT
 *
 * A case's own lines: its id and title, and what stands before its first step.
 */
#include "conform/language.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Repetitions stand in each other so deep at most. */
#define REPEATS_MAX 4

const struct conform_name *conform_name_find(const struct conform_name *names, size_t count,
                                             struct conform_word word) {
    for (size_t i = 0; i < count; i++) {
        if (conform_word_is(word, names[i].name)) {
            return &names[i];
        }
    }
    return NULL;
}

static bool is_digits_and_dots(struct conform_word word) {
    return word.len > 0 && strspn(word.text, "0123456789.") >= word.len;
}

bool conform_clause_read(struct conform_scan *scan, const char **clause) {
    struct conform_word word;
    if (!conform_scan_word(scan, "a clause", &word)) {
        return false;
    }
    struct conform_word rfc = {word.text, strcspn(word.text, ": ")};
    bool has_rfc = rfc.len < word.len;
    struct conform_word section = {word.text + (has_rfc ? rfc.len + 1 : 0),
                                   word.len - (has_rfc ? rfc.len + 1 : 0)};
    if ((has_rfc && !is_digits_and_dots(rfc)) || !is_digits_and_dots(section)) {
        return conform_scan_fail(scan, "\"%.*s\" is no clause, such as 5.4 or 7692:7.2.1",
                                 CONFORM_WORD(word));
    }
    *clause = conform_scan_copy(scan, word);
    return *clause != NULL;
}

/* ---- The lines ---- */

static bool read_for(struct conform_scan *scan, struct conform_case *test) {
    static const struct conform_name roles[] = {{"server", CONFORM_SERVER},
                                                {"client", CONFORM_CLIENT}};
    struct conform_word word;
    if (!conform_scan_word(scan, "server or client", &word)) {
        return false;
    }
    const struct conform_name *role = conform_name_find(roles, COUNT(roles), word);
    if (role == NULL) {
        return conform_scan_fail(scan, "it is for server or for client, not for \"%.*s\"",
                                 CONFORM_WORD(word));
    }
    test->role = (enum conform_role)role->value;
    return true;
}

/* "12.1.1", or "12.1.1-12.1.18". */
static bool is_older_number(struct conform_word word) {
    const char *dash = memchr(word.text, '-', word.len);
    size_t first = dash != NULL ? (size_t)(dash - word.text) : word.len;
    return is_digits_and_dots((struct conform_word){word.text, first}) &&
           (dash == NULL ||
            is_digits_and_dots((struct conform_word){dash + 1, word.len - first - 1}));
}

static bool read_autobahn(struct conform_scan *scan, struct conform_case *test) {
    (void)conform_scan_is_end(scan);
    test->autobahn = conform_scan_copy(scan, (struct conform_word){scan->at, strlen(scan->at)});
    do {
        struct conform_word word;
        if (!conform_scan_word(scan, "a number of the older suite", &word)) {
            return false;
        }
        if (!is_older_number(word)) {
            return conform_scan_fail(scan, "\"%.*s\" is no number of the older suite",
                                     CONFORM_WORD(word));
        }
    } while (!conform_scan_is_end(scan));
    return test->autobahn != NULL;
}

static bool read_tls(struct conform_scan *scan, struct conform_case *test) {
    static const struct conform_name modes[] = {
        {"max1.0", CONFORM_SERVER},    {"max1.1", CONFORM_SERVER},
        {"max1.2", CONFORM_SERVER},    {"only1.3", CONFORM_SERVER},
        {"nosni", CONFORM_SERVER},     {"plain", CONFORM_SERVER},
        {"garbage", CONFORM_SERVER},   {"silence", CONFORM_SERVER},
        {"expired", CONFORM_CLIENT},   {"selfsigned", CONFORM_CLIENT},
        {"untrusted", CONFORM_CLIENT}, {"wronghost", CONFORM_CLIENT},
        {"notyet", CONFORM_CLIENT},    {"noserverauth", CONFORM_CLIENT},
        {"weak", CONFORM_CLIENT},      {"good", CONFORM_CLIENT},
    };
    struct conform_word word;
    if (!conform_scan_word(scan, "the mode", &word)) {
        return false;
    }
    const struct conform_name *mode = conform_name_find(modes, COUNT(modes), word);
    if (mode == NULL) {
        return conform_scan_fail(scan, "there is no TLS mode \"%.*s\"", CONFORM_WORD(word));
    }
    if (test->role != (enum conform_role)mode->value) {
        return conform_scan_fail(scan, "tls %s is \"for %s\", and that line comes first",
                                 mode->name, mode->value == CONFORM_SERVER ? "server" : "client");
    }
    test->tls = mode->name;
    test->manual = true; /* whether it opens is what it asks */
    return true;
}

enum own {
    OWN_CLAUSE,
    OWN_FOR,
    OWN_WHY,
    OWN_AUTOBAHN,
    OWN_OFFER,
    OWN_TIMED,
    OWN_SLOW,
    OWN_MANUAL,
    OWN_TLS,
    OWN_KEYS,
    OWN_EXACT,
};

static const struct conform_name own_lines[] = {
    {"clause", OWN_CLAUSE}, {"for", OWN_FOR},     {"why", OWN_WHY},     {"autobahn", OWN_AUTOBAHN},
    {"offer", OWN_OFFER},   {"timed", OWN_TIMED}, {"slow", OWN_SLOW},   {"manual", OWN_MANUAL},
    {"tls", OWN_TLS},       {"keys", OWN_KEYS},   {"exact", OWN_EXACT},
};

static bool read_own(struct conform_scan *scan, enum own own, struct conform_case *test) {
    switch (own) {
    case OWN_CLAUSE:
        return conform_clause_read(scan, &test->clause);
    case OWN_FOR:
        return read_for(scan, test);
    case OWN_WHY:
        return conform_scan_text(scan, &test->why);
    case OWN_AUTOBAHN:
        return read_autobahn(scan, test);
    case OWN_OFFER:
        return conform_scan_text(scan, &test->offer);
    case OWN_TIMED:
        test->timed = true;
        return true;
    case OWN_SLOW:
        test->slow = true;
        return true;
    case OWN_MANUAL:
        test->manual = true;
        return true;
    case OWN_TLS:
        return read_tls(scan, test);
    case OWN_KEYS:
        test->keys = true;
        return true;
    case OWN_EXACT:
        test->exact = true;
        return true;
    }
    return false;
}

/* The lines before the first step; *count becomes their number. */
static bool read_own_lines(struct conform_scan *scan, const struct conform_line *lines,
                           size_t *count, struct conform_case *test) {
    unsigned seen = 0;
    size_t line = 0;
    for (; line < *count; line++) {
        scan->line = lines[line].number;
        scan->at = lines[line].text;
        const struct conform_name *row =
            conform_name_find(own_lines, COUNT(own_lines), conform_scan_peek(scan));
        if (row == NULL) {
            break;
        }
        unsigned bit = 1U << (unsigned)row->value;
        if ((seen & bit) != 0) {
            return conform_scan_fail(scan, "a second \"%s\" in one case", row->name);
        }
        seen |= bit;
        (void)conform_scan_is(scan, row->name);
        if (!read_own(scan, (enum own)row->value, test) || !conform_scan_end(scan)) {
            return false;
        }
    }
    *count = line;
    return true;
}

/* ---- Its first line ---- */

static bool read_id(struct conform_scan *scan, struct conform_case *test) {
    struct conform_word word;
    if (!conform_scan_word(scan, "the case's number", &word)) {
        return false;
    }
    size_t group = strlen(test->group->id);
    if (word.len < group + 2 || memcmp(word.text, test->group->id, group) != 0 ||
        word.text[group] != '.' ||
        !is_digits_and_dots((struct conform_word){word.text + group, word.len - group})) {
        return conform_scan_fail(scan, "\"%.*s\" is no number in group %s, such as %s.1",
                                 CONFORM_WORD(word), test->group->id, test->group->id);
    }
    test->id = conform_scan_copy(scan, word);
    return test->id != NULL;
}

static bool read_first(struct conform_scan *scan, struct conform_case *test) {
    static const struct conform_name severities[] = {
        {"must", CONFORM_MUST}, {"should", CONFORM_SHOULD}, {"info", CONFORM_INFO}};
    struct conform_word word;
    if (!read_id(scan, test) || !conform_scan_word(scan, "must, should or info", &word)) {
        return false;
    }
    const struct conform_name *severity = conform_name_find(severities, COUNT(severities), word);
    if (severity == NULL) {
        return conform_scan_fail(scan, "\"%.*s\" is not must, should or info", CONFORM_WORD(word));
    }
    test->severity = (enum conform_severity)severity->value;
    return conform_scan_text(scan, &test->title) && conform_scan_end(scan);
}

/* ---- Its steps ---- */

struct repeats { /* those that are open: their indices */
    uint32_t steps[REPEATS_MAX];
    uint32_t lines[REPEATS_MAX];
    size_t open;
};

static bool begin_repeat(struct conform_scan *scan, struct repeats *repeats, size_t step) {
    if (repeats->open == REPEATS_MAX) {
        return conform_scan_fail(scan, "repetitions stand in each other more than %d deep",
                                 REPEATS_MAX);
    }
    repeats->steps[repeats->open] = (uint32_t)step;
    repeats->lines[repeats->open++] = scan->line;
    return true;
}

/* A `cut` frame has a rest, and only such a frame. Reading from the top is enough: a rest in the
 * next repetition would come too late for the frame of this one. */
static bool check_rest(struct conform_scan *scan, const struct conform_step *step, bool *is_cut) {
    if (step->verb == CONFORM_REST && !*is_cut) {
        return conform_scan_fail(scan, "there is no rest: no frame was cut");
    }
    if (step->verb == CONFORM_REST || step->verb == CONFORM_SEND) {
        *is_cut = step->verb == CONFORM_SEND && step->frame.cut != UINT64_MAX;
    }
    return true;
}

static bool read_steps(struct conform_scan *scan, const struct conform_line *lines, size_t count,
                       struct conform_case *test) {
    struct conform_step *steps = conform_scan_take(scan, count * sizeof *steps);
    struct repeats repeats = {0};
    size_t done = 0;
    bool is_cut = false;
    for (size_t i = 0; steps != NULL && i < count; i++) {
        scan->line = lines[i].number;
        scan->at = lines[i].text;
        if (conform_scan_is(scan, "end") && repeats.open > 0) {
            steps[repeats.steps[--repeats.open]].end_at = (uint32_t)done;
            if (!conform_scan_end(scan)) {
                return false;
            }
            continue;
        }
        scan->at = lines[i].text;
        struct conform_step *step = &steps[done];
        step->line = scan->line;
        step->text = lines[i].text;
        if (!conform_step_read(scan, test, step) || !conform_scan_end(scan) ||
            !check_rest(scan, step, &is_cut) ||
            (step->verb == CONFORM_REPEAT && !begin_repeat(scan, &repeats, done))) {
            return false;
        }
        done++;
    }
    if (repeats.open > 0) {
        scan->line = repeats.lines[repeats.open - 1];
        return conform_scan_fail(scan, "this repeat has no end");
    }
    test->steps = steps;
    test->step_count = done;
    return steps != NULL;
}

bool conform_case_read(struct conform_scan *scan, const struct conform_line *lines, size_t count,
                       struct conform_case *result) {
    scan->line = result->line = lines[0].number;
    scan->at = lines[0].text;
    (void)conform_scan_is(scan, "case");
    if (!read_first(scan, result)) {
        return false;
    }
    result->role = CONFORM_BOTH;
    result->clause = result->group->clause;
    result->why = result->title;
    result->autobahn = "";
    size_t own = count - 1;
    if (!read_own_lines(scan, lines + 1, &own, result)) {
        return false;
    }
    if (1 + own == count) {
        scan->line = result->line;
        return conform_scan_fail(scan, "case %s has no steps", result->id);
    }
    return read_steps(scan, lines + 1 + own, count - 1 - own, result);
}
