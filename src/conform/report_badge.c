/* SPDX-License-Identifier: MIT */
#include "conform/markup.h"
#include "conform/report.h"

#include <stddef.h>

enum {
    HEIGHT = 20,
    GAP = 4,
    PADDING = 6,
    LABEL_MAX = 40, /* characters of an agent's name */
};

/* Widths of Verdana's characters at 11 px, in tenths of a pixel, as far as badges need them: what
 * is wrong by a pixel is put right by textLength. */
static unsigned width_of(const char *words) {
    unsigned tenths = 0;
    for (const char *at = words; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if ((byte & 0xc0) == 0x80) {
            continue;
        }
        tenths += byte == ' ' || byte == 'i' || byte == 'l' || byte == '.' || byte == ':' ? 40
                  : byte == 'm' || byte == 'w' || (byte >= 'A' && byte <= 'Z')            ? 80
                                                                                          : 67;
    }
    return (tenths + 9) / 10;
}

/* The first LABEL_MAX characters. */
static void append_label(struct why_text *label, const char *agent) {
    size_t characters = 0;
    size_t len = 0;
    while (agent[len] != '\0') {
        characters += ((unsigned char)agent[len] & 0xc0) != 0x80;
        if (characters > LABEL_MAX) {
            break;
        }
        len++;
    }
    why_text_append(label, "%.*s%s", (int)len, agent, agent[len] == '\0' ? "" : "...");
}

struct badge {
    struct why_text label, value;
    const char *color;
    unsigned label_width, value_width;
};

/* Dark enough for white letters on them (WCAG AA). */
#define GREEN "#1a7f37"
#define YELLOW "#8a6100"
#define RED "#c62828"
#define GREY "#5c6370"

static struct badge make_badge(const struct conform_run *run, bool is_one) {
    struct badge badge = {.color = GREEN};
    struct conform_counts counts;
    conform_count(run, &counts);
    append_label(&badge.label, is_one ? "RFC 6455" : run->agent);
    if (counts.must > 0) {
        badge.color = RED;
        why_text_append(&badge.value, "%zu of %zu fail", counts.must,
                        counts.total - counts.not_applicable - counts.not_run);
    } else if (run->trouble[0] != '\0' || counts.not_run > 0 ||
               counts.passed + counts.should + counts.info == 0) {
        badge.color = GREY;
        why_text_append(&badge.value, "not all was run");
    } else if (counts.should > 0) {
        badge.color = YELLOW;
        why_text_append(&badge.value, "conformant, %zu should fail", counts.should);
    } else {
        why_text_append(&badge.value, "conformant");
    }
    badge.label_width = width_of(badge.label.data == NULL ? "" : badge.label.data) + 2 * PADDING;
    badge.value_width = width_of(badge.value.data == NULL ? "" : badge.value.data) + 2 * PADDING;
    return badge;
}

static void append_words(struct why_text *text, unsigned x, unsigned y, unsigned width,
                         const struct why_text *words) {
    why_text_append(text, "<text x=\"%u\" y=\"%u\" textLength=\"%u\">", x + PADDING, y + 14,
                    width - 2 * PADDING);
    conform_markup_append(text, words->data == NULL ? "" : words->data);
    why_text_append(text, "</text>");
}

static void append_badge(struct why_text *text, const struct badge *badge, size_t index,
                         unsigned label_width) {
    unsigned y = (unsigned)index * (HEIGHT + GAP);
    unsigned width = label_width + badge->value_width;
    why_text_append(text,
                    "<clipPath id=\"r%zu\"><rect y=\"%u\" width=\"%u\" height=\"%d\" rx=\"3\"/>"
                    "</clipPath><g clip-path=\"url(#r%zu)\">"
                    "<rect y=\"%u\" width=\"%u\" height=\"%d\" fill=\"#444c56\"/>"
                    "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" fill=\"%s\"/>",
                    index, y, width, HEIGHT, index, y, label_width, HEIGHT, label_width, y,
                    badge->value_width, HEIGHT, badge->color);
    append_words(text, 0, y, badge->label_width, &badge->label);
    append_words(text, label_width, y, badge->value_width, &badge->value);
    why_text_append(text, "</g>");
}

static void measure(const struct conform_run *runs, size_t count, unsigned *label_width,
                    unsigned *value_width) {
    for (size_t i = 0; i < count; i++) {
        struct badge badge = make_badge(&runs[i], count == 1);
        *label_width = badge.label_width > *label_width ? badge.label_width : *label_width;
        *value_width = badge.value_width > *value_width ? badge.value_width : *value_width;
        why_text_clear(&badge.label);
        why_text_clear(&badge.value);
    }
}

void conform_report_badge(const struct conform_run *runs, size_t count, struct why_text *text) {
    unsigned label_width = 0;
    unsigned value_width = 0;
    measure(runs, count, &label_width, &value_width);
    why_text_append(text,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%zu\" "
                    "role=\"img\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" "
                    "fill=\"#fff\"><title>",
                    label_width + value_width, count * (HEIGHT + GAP) - GAP);
    for (size_t i = 0; i < count; i++) {
        struct badge badge = make_badge(&runs[i], count == 1);
        why_text_append(text, "%s", i == 0 ? "" : "; ");
        conform_markup_append(text, runs[i].agent);
        why_text_append(text, ": %s", badge.value.data == NULL ? "" : badge.value.data);
        why_text_clear(&badge.label);
        why_text_clear(&badge.value);
    }
    why_text_append(text, "</title>");
    for (size_t i = 0; i < count; i++) {
        struct badge badge = make_badge(&runs[i], count == 1);
        append_badge(text, &badge, i, label_width);
        why_text_clear(&badge.label);
        why_text_clear(&badge.value);
    }
    why_text_append(text, "</svg>\n");
}
