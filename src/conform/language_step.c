/* SPDX-License-Identifier: MIT
 *
 * Steps: verbs, and what is expected. Each is a row of a table.
 */
#include "conform/language.h"
#include "conform/term.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An hour: a case that waits longer is a slip of the pen. */
#define MS_MAX 3600000U

/* ---- Codes ---- */

/* "4xx", as a hundred times a hundred times its class. */
static bool read_class(struct conform_word word, uint32_t *code) {
    bool is = word.len == 3 && word.text[0] >= '1' && word.text[0] <= '5' && word.text[1] == 'x' &&
              word.text[2] == 'x';
    *code = is ? (uint32_t)(word.text[0] - '0') * 10000 : *code;
    return is;
}

static bool read_code(struct conform_scan *scan, struct conform_word word, bool http,
                      uint32_t *code) {
    uint64_t number = 0;
    if (conform_word_is(word, "any")) {
        *code = CONFORM_CODE_ANY;
        return true;
    }
    if (!http && conform_word_is(word, "none")) {
        *code = CONFORM_CODE_NONE;
        return true;
    }
    if (http && read_class(word, code)) {
        return true;
    }
    if (!conform_word_number(scan, word, http ? "a status" : "a close code",
                             http ? 599 : UINT16_MAX, &number)) {
        return false;
    }
    *code = (uint32_t)number;
    return number >= (http ? 100 : 1) ||
           conform_scan_fail(scan, "%s is no %s", http ? "that" : "0",
                             http ? "status" : "close code; \"none\" is that there is none");
}

/* "1000|1001". */
static bool read_codes(struct conform_scan *scan, bool http, struct conform_step *step) {
    struct conform_word words;
    if (!conform_scan_word(scan, http ? "a status" : "a close code", &words)) {
        return false;
    }
    for (size_t at = 0; at <= words.len;) {
        const char *bar = memchr(words.text + at, '|', words.len - at);
        size_t len = bar != NULL ? (size_t)(bar - words.text) - at : words.len - at;
        if (step->code_count == CONFORM_CODES_MAX) {
            return conform_scan_fail(scan, "more than %d codes", CONFORM_CODES_MAX);
        }
        if (!read_code(scan, (struct conform_word){words.text + at, len}, http,
                       &step->codes[step->code_count])) {
            return false;
        }
        step->code_count++;
        at += len + 1;
    }
    return true;
}

/* ---- expect ---- */

enum wants {
    WANTS_NOTHING,
    WANTS_ECHO,  /* or codes, if they are there */
    WANTS_TERM,  /* none is empty */
    WANTS_PONG,  /* none is any */
    WANTS_CODES, /* and a reason, if it is there */
    WANTS_FAIL,
    WANTS_HTTP,
    WANTS_NUMBER,
    WANTS_MS,
    WANTS_HEADER,
    WANTS_NAME,
};

static const struct {
    const char *name;
    enum conform_expectation expectation;
    enum wants wants;
    bool manual; /* of the opening handshake */
} expectations[] = {
    {"echo", CONFORM_EXPECT_ECHO, WANTS_ECHO, false},
    {"text", CONFORM_EXPECT_TEXT, WANTS_TERM, false},
    {"binary", CONFORM_EXPECT_BINARY, WANTS_TERM, false},
    {"pong", CONFORM_EXPECT_PONG, WANTS_PONG, false},
    {"close", CONFORM_EXPECT_CLOSE, WANTS_CODES, false},
    {"fail", CONFORM_EXPECT_FAIL, WANTS_FAIL, false},
    {"end", CONFORM_EXPECT_END, WANTS_NOTHING, false},
    {"alive", CONFORM_EXPECT_ALIVE, WANTS_NOTHING, false},
    {"silence", CONFORM_EXPECT_SILENCE, WANTS_MS, false},
    {"uncompressed", CONFORM_EXPECT_UNCOMPRESSED, WANTS_NOTHING, false},
    {"compressed", CONFORM_EXPECT_COMPRESSED, WANTS_NOTHING, false},
    {"fragmented", CONFORM_EXPECT_FRAGMENTED, WANTS_NOTHING, false},
    {"whole", CONFORM_EXPECT_WHOLE, WANTS_NOTHING, false},
    {"smaller", CONFORM_EXPECT_SMALLER, WANTS_NUMBER, false},
    {"http", CONFORM_EXPECT_HTTP, WANTS_HTTP, true},
    {"refused", CONFORM_EXPECT_REFUSED, WANTS_NOTHING, true},
    {"header", CONFORM_EXPECT_HEADER, WANTS_HEADER, true},
    {"noheader", CONFORM_EXPECT_NOHEADER, WANTS_NAME, true},
};

static bool read_term(struct conform_scan *scan, struct conform_step *step) {
    step->has_term = true;
    return conform_term_read(scan, false, &step->term);
}

static bool read_uint32(struct conform_scan *scan, const char *what, uint32_t max,
                        uint32_t *number) {
    uint64_t read = 0;
    bool is_read = conform_scan_number(scan, what, max, &read);
    *number = (uint32_t)read;
    return is_read;
}

static bool read_name(struct conform_scan *scan, const char **name) {
    struct conform_word word;
    return conform_scan_word(scan, "the name of a header", &word) &&
           (*name = conform_scan_copy(scan, word)) != NULL;
}

static bool read_wanted(struct conform_scan *scan, enum wants wants, struct conform_step *step) {
    switch (wants) {
    case WANTS_NOTHING:
        return true;
    case WANTS_ECHO:
        return !conform_scan_is(scan, "or") || read_codes(scan, false, step);
    case WANTS_TERM:
        return read_term(scan, step);
    case WANTS_PONG:
        return !conform_term_is_next(scan) || read_term(scan, step);
    case WANTS_CODES:
        return read_codes(scan, false, step) &&
               (!conform_scan_is(scan, "reason") || read_term(scan, step));
    case WANTS_FAIL:
        return read_codes(scan, false, step);
    case WANTS_HTTP:
        return read_codes(scan, true, step);
    case WANTS_NUMBER:
        return read_uint32(scan, "the size", UINT32_MAX, &step->number);
    case WANTS_MS:
        return read_uint32(scan, "the time in ms", MS_MAX, &step->number);
    case WANTS_HEADER:
        return read_name(scan, &step->name) &&
               (!conform_term_is_next(scan) || conform_scan_text(scan, &step->value));
    case WANTS_NAME:
        return read_name(scan, &step->name);
    }
    return false;
}

/* `as` and a severity, where the line goes on. */
static bool read_severity(struct conform_scan *scan, struct conform_step *step) {
    static const struct conform_name severities[] = {
        {"must", CONFORM_MUST}, {"should", CONFORM_SHOULD}, {"info", CONFORM_INFO}};
    if (!conform_scan_is(scan, "as")) {
        return true;
    }
    struct conform_word word;
    if (!conform_scan_word(scan, "must, should or info", &word)) {
        return false;
    }
    const struct conform_name *severity = conform_name_find(severities, COUNT(severities), word);
    if (severity == NULL) {
        return conform_scan_fail(scan, "\"%.*s\" is not must, should or info", CONFORM_WORD(word));
    }
    step->severity = (enum conform_severity)severity->value;
    return true;
}

/* "within MS", "as should". */
static bool read_terms_of_time(struct conform_scan *scan, struct conform_step *step) {
    if (conform_scan_is(scan, "within")) {
        if (!read_uint32(scan, "the time in ms", MS_MAX, &step->within_ms)) {
            return false;
        }
        if (step->within_ms == 0) {
            return conform_scan_fail(scan, "nothing comes within 0 ms");
        }
    }
    return read_severity(scan, step);
}

static bool check_manual(struct conform_scan *scan, const struct conform_case *test, bool manual,
                         struct conform_word word) {
    return !manual || test->manual ||
           conform_scan_fail(scan,
                             "\"%.*s\" is of the opening handshake: the case is not \"manual\"",
                             CONFORM_WORD(word));
}

bool conform_expect_read(struct conform_scan *scan, const struct conform_case *test,
                         struct conform_step *step) {
    struct conform_word word;
    if (!conform_scan_word(scan, "what is expected", &word)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(expectations); i++) {
        if (conform_word_is(word, expectations[i].name)) {
            step->expectation = expectations[i].expectation;
            return check_manual(scan, test, expectations[i].manual, word) &&
                   read_wanted(scan, expectations[i].wants, step) && read_terms_of_time(scan, step);
        }
    }
    return conform_scan_fail(scan, "\"%.*s\" is nothing that can be expected", CONFORM_WORD(word));
}

/* ---- Verbs ---- */

enum takes {
    TAKES_NOTHING,
    TAKES_FRAME,
    TAKES_TERM,
    TAKES_PIECE, /* a size, and a pause if it is there */
    TAKES_MS,
    TAKES_COUNT,
    TAKES_FIELD, /* "Name: value" */
    TAKES_LINE,
    TAKES_NAME,
    TAKES_EXPECTATION,
    TAKES_SEVERITY,
};

static const struct {
    const char *name;
    enum conform_verb verb;
    enum takes takes;
    bool manual;
} verbs[] = {
    {"send", CONFORM_SEND, TAKES_FRAME, false},
    {"raw", CONFORM_RAW, TAKES_TERM, false},
    {"chop", CONFORM_CHOP, TAKES_PIECE, false},
    {"rest", CONFORM_REST, TAKES_NOTHING, false},
    {"wait", CONFORM_WAIT, TAKES_MS, false},
    {"repeat", CONFORM_REPEAT, TAKES_COUNT, false},
    {"shut", CONFORM_SHUT, TAKES_NOTHING, false},
    {"reset", CONFORM_RESET, TAKES_NOTHING, false},
    {"pause", CONFORM_PAUSE, TAKES_NOTHING, false},
    {"resume", CONFORM_RESUME, TAKES_NOTHING, false},
    {"with", CONFORM_WITH, TAKES_FIELD, true},
    {"also", CONFORM_ALSO, TAKES_LINE, true},
    {"without", CONFORM_WITHOUT, TAKES_NAME, true},
    {"line", CONFORM_LINE, TAKES_LINE, true},
    {"head", CONFORM_HEAD, TAKES_TERM, true},
    {"body", CONFORM_BODY, TAKES_TERM, true},
    {"glue", CONFORM_GLUE, TAKES_NOTHING, true},
    {"open", CONFORM_OPEN, TAKES_SEVERITY, true},
    {"offerup", CONFORM_OFFERUP, TAKES_NOTHING, true},
    {"expect", CONFORM_EXPECT, TAKES_EXPECTATION, false},
};

/* A line of a head: its bytes as a term; of a field also what it is the place of. */
static bool read_line(struct conform_scan *scan, bool field, struct conform_step *step) {
    if (!conform_term_is_next(scan)) {
        return conform_scan_fail(scan, "a quoted line is missing before \"%s\"", scan->at);
    }
    struct conform_scan ahead = *scan;
    uint8_t *data = NULL;
    size_t len = 0;
    if (field && !conform_scan_string(&ahead, &data, &len)) {
        return conform_scan_string(scan, &data, &len);
    }
    if (field) {
        const uint8_t *colon = memchr(data, ':', len);
        if (colon == NULL || colon == data) {
            return conform_scan_fail(scan, "this is no \"Name: value\": %s", scan->at);
        }
        size_t name_len = (size_t)(colon - data);
        step->name = conform_scan_copy(scan, (struct conform_word){(const char *)data, name_len});
        if (step->name == NULL) {
            return false;
        }
    }
    return read_term(scan, step);
}

static bool read_piece(struct conform_scan *scan, struct conform_step *step) {
    return read_uint32(scan, "the size of a piece", UINT32_MAX, &step->number) &&
           (conform_scan_is_end(scan) ||
            read_uint32(scan, "the pause in ms", MS_MAX, &step->pause_ms));
}

static bool read_taken(struct conform_scan *scan, enum takes takes, const struct conform_case *test,
                       struct conform_step *step) {
    switch (takes) {
    case TAKES_NOTHING:
        return true;
    case TAKES_FRAME:
        return conform_frame_read(scan, step);
    case TAKES_TERM:
        return conform_term_is_next(scan) ? read_term(scan, step)
                                          : conform_scan_fail(scan, "a term is missing");
    case TAKES_PIECE:
        return read_piece(scan, step);
    case TAKES_MS:
        return read_uint32(scan, "the time in ms", MS_MAX, &step->number);
    case TAKES_COUNT:
        return read_uint32(scan, "how often", 100000000, &step->number);
    case TAKES_FIELD:
        return read_line(scan, true, step);
    case TAKES_LINE:
        return read_line(scan, false, step);
    case TAKES_NAME:
        return read_name(scan, &step->name);
    case TAKES_EXPECTATION:
        return conform_expect_read(scan, test, step);
    case TAKES_SEVERITY:
        return read_severity(scan, step);
    }
    return false;
}

bool conform_step_read(struct conform_scan *scan, const struct conform_case *test,
                       struct conform_step *step) {
    step->severity = test->severity;
    step->frame.len = CONFORM_LEN_AS_IS;
    step->frame.cut = UINT64_MAX;
    struct conform_word word;
    if (!conform_scan_word(scan, "a step", &word)) {
        return false;
    }
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (conform_word_is(word, verbs[i].name)) {
            step->verb = verbs[i].verb;
            return check_manual(scan, test, verbs[i].manual, word) &&
                   read_taken(scan, verbs[i].takes, test, step);
        }
    }
    return conform_scan_fail(scan, "\"%.*s\" is no step", CONFORM_WORD(word));
}
