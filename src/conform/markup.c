/* SPDX-License-Identifier: MIT */
#include "conform/markup.h"

#include "base/utf8.h"
#include "conform/report.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* What stands for the byte or the character that begins at `at`; NULL: itself.
 *
 * used  bytes of the text that it stands for */
static const char *replacement(const char *at, bool is_utf8, size_t *used) {
    unsigned char first = (unsigned char)*at;
    *used = 1;
    switch (first) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\n':
    case '\t':
        return NULL;
    default:
        break;
    }
    if (first < 0x20 || first == 0x7f || (first >= 0x80 && !is_utf8)) {
        return REPLACEMENT;
    }
    /* U+FFFE and U+FFFF are no characters of XML. */
    if (strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0) {
        *used = 3;
        return REPLACEMENT;
    }
    return NULL;
}

void conform_markup_append(struct why_text *text, const char *words) {
    bool is_utf8 = why__utf8_is_valid((const uint8_t *)words, strlen(words));
    const char *begin = words;
    const char *at = words;
    while (*at != '\0') {
        size_t used = 1;
        const char *instead = replacement(at, is_utf8, &used);
        if (instead != NULL) {
            why_text_append(text, "%.*s%s", (int)(at - begin), begin, instead);
            begin = at + used;
        }
        at += used;
    }
    why_text_append(text, "%s", begin);
}

void conform_attribute_append(struct why_text *text, const char *name, const char *words) {
    why_text_append(text, " %s=\"", name);
    conform_markup_append(text, words);
    why_text_append(text, "\"");
}

static void append_moment(const struct conform_moment *moment, bool is_decisive,
                          struct why_text *text) {
    static const char *const ways[] = {
        [CONFORM_WIRE_SENT] = ">", [CONFORM_WIRE_RECEIVED] = "<", [CONFORM_WIRE_NOTE] = "-"};
    why_text_append(text, "%s %10.2f ms %s %s\n", is_decisive ? "*" : " ",
                    (double)moment->at_us / 1000, ways[moment->way], moment->what);
    /* A head says more as text; where a byte of it is marked, it is the byte that counts. */
    if (moment->head != NULL && moment->mark < 0) {
        conform_lines_append(moment->head, "                ", text);
        return;
    }
    for (int i = 0; i < moment->kept; i++) {
        why_text_append(text, "%s%s%02x%s", i % 16 == 0 ? "                " : " ",
                        i == moment->mark ? "[" : "", moment->bytes[i],
                        i == moment->mark ? "]" : "");
        bool is_last = i + 1 == moment->kept;
        if (i % 16 == 15 || is_last) {
            why_text_append(text, "%s\n", is_last && moment->len > moment->kept ? " ..." : "");
        }
    }
}

void conform_transcript_append(const struct conform_run *run, const struct conform_result *result,
                               struct why_text *text) {
    conform_clause_append(result->test->clause, text);
    why_text_append(text, ": %s\n", result->test->why);
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct conform_finding *finding = &result->findings[i];
        why_text_append(text, "expected (%s): %s\ngot: %s\n",
                        conform_severity_name(finding->severity), finding->expected, finding->got);
    }
    for (size_t i = 0; i < result->moment_count; i++) {
        bool is_decisive = false;
        for (size_t f = 0; f < result->finding_count; f++) {
            is_decisive = is_decisive || result->findings[f].moment == (int32_t)i;
        }
        append_moment(&result->moments[i], is_decisive, text);
    }
    why_text_append(text, "alone: ");
    conform_command_append(run, result->test, text);
    why_text_append(text, "\n");
}
