/* SPDX-License-Identifier: MIT
 *
 * A comparison in words.
 */
#include "why/compare.h"
#include "why/explain_write.h"
#include "why/i18n.h"
#include "why/json.h"
#include "why/words.h"

#include <string.h>

/* One code's line under a heading; the code is the label. */
static void row(struct why_text *text, uint16_t code, const char *content) {
    if (*content != '\0') {
        why_text_append(text, "  %u  %s\n", code, content);
    }
}

/* A heading, and the same column of both entries under it. */
static void write_both(const struct why__comparison *comparison, enum why_lang lang,
                       const char *title, const char *first, const char *second,
                       struct why_text *text) {
    why_text_append(text, "\n%s\n", title);
    row(text, comparison->codes[0], tr(lang, first));
    row(text, comparison->codes[1], tr(lang, second));
}

static void write_vendors(const struct why__comparison *comparison, enum why_lang lang,
                          struct why_text *text) {
    bool any = false;
    for (size_t i = 0; i < 2; i++) {
        const struct why_vendor_code *vendor = NULL;
        for (size_t at = 0; (vendor = why_vendor_code_at(at)) != NULL; at++) {
            uint16_t code = comparison->codes[i];
            if (code < vendor->first || code > vendor->last) {
                continue;
            }
            if (!any) {
                why_text_append(text, "\n%s\n", tr(lang, "What vendors mean by it"));
            }
            any = true;
            why_text_append(text, "  %u  ", code);
            why_text_append(text, tr(lang, "%s: %s"), vendor->vendor, tr(lang, vendor->meaning));
            why_text_append(text, "\n");
        }
    }
}

/* By their ids; explain has their titles too. */
static void write_causes(const struct why__comparison *comparison, enum why_lang lang,
                         struct why_text *text) {
    bool any = false;
    for (size_t i = 0; i < 2; i++) {
        const char *comma = "";
        for (enum why_cause cause = WHY_CAUSE_NONE;
             why__code_next_cause(comparison->codes[i], &cause);) {
            if (!any) {
                why_text_append(text, "\n%s\n", tr(lang, "Causes that whysocket reports with it"));
                any = true;
            }
            if (*comma == '\0') {
                why_text_append(text, "  %u  ", comparison->codes[i]);
            }
            why_text_append(text, "%s%s", comma, why_cause_id(cause));
            comma = ", ";
        }
        why_text_append(text, "%s", *comma == '\0' ? "" : "\n");
    }
}

/* That neither has something in common with HTTP is no common ground. */
static bool is_worth_saying(const struct why__comparison *comparison, enum why_facet facet) {
    return facet != WHY_FACET_HTTP || comparison->infos[0]->http_status != 0;
}

static void write_shared(const struct why__comparison *comparison, enum why_lang lang,
                         struct why_text *text) {
    bool any = false;
    for (size_t i = 0; i < comparison->shared_count; i++) {
        enum why_facet facet = comparison->shared[i];
        if (!is_worth_saying(comparison, facet)) {
            continue;
        }
        if (!any) {
            why_text_append(text, "\n%s\n", tr(lang, "What they share"));
            any = true;
        }
        why_text_append(text, "  - ");
        why_text_append(text, tr(lang, "%s: each of the two %s."), tr(lang, why_facet_name(facet)),
                        tr(lang, why_code_facet(comparison->infos[0], facet)));
        why_text_append(text, "\n");
    }
}

static void write_differences(const struct why__comparison *comparison, enum why_lang lang,
                              struct why_text *text) {
    why_text_append(text, "\n%s\n", tr(lang, "Key differences"));
    if (comparison->differing_count == 0) {
        why_text_append(text, "  %s\n",
                        tr(lang, "None that a table could know: both fall into one range, and what "
                                 "tells them apart is up to who uses them."));
    }
    for (size_t i = 0; i < comparison->differing_count; i++) {
        enum why_facet facet = comparison->differing[i];
        why_text_append(text, "  %zu. ", i + 1);
        why_text_append(text, tr(lang, "%s: %u %s; %u %s."), tr(lang, why_facet_name(facet)),
                        comparison->codes[0], tr(lang, why_code_facet(comparison->infos[0], facet)),
                        comparison->codes[1],
                        tr(lang, why_code_facet(comparison->infos[1], facet)));
        why_text_append(text, "\n");
    }
}

static void write_choice(const struct why__comparison *comparison, enum why_lang lang,
                         struct why_text *text) {
    unsigned first = comparison->codes[0];
    unsigned second = comparison->codes[1];
    why_text_append(text, "\n%s\n  ", tr(lang, "When to use which"));
    switch (comparison->choice) {
    case WHY__CHOICE_BOTH:
        why_text_append(text, "%s",
                        tr(lang, "A program may send either of them: choose by what happened."));
        break;
    case WHY__CHOICE_FIRST:
        why_text_append(
            text, tr(lang, "A program can choose only %u: %u may not stand in a Close frame."),
            first, second);
        break;
    case WHY__CHOICE_SECOND:
        why_text_append(
            text, tr(lang, "A program can choose only %u: %u may not stand in a Close frame."),
            second, first);
        break;
    case WHY__CHOICE_NEITHER:
        why_text_append(text, "%s",
                        tr(lang, "A program can choose neither of them: they may not stand in a "
                                 "Close frame. Read them in logs, and send another code."));
        break;
    }
    why_text_append(text, "\n");
    row(text, comparison->codes[0], tr(lang, comparison->infos[0]->use));
    row(text, comparison->codes[1], tr(lang, comparison->infos[1]->use));
}

static void write_references(const struct why__comparison *comparison, enum why_lang lang,
                             struct why_text *text) {
    why_text_append(text, "\n%s\n", tr(lang, "Read more"));
    for (size_t i = 0; i < 2; i++) {
        const char *reference = comparison->infos[i]->reference;
        why_text_append(text, "  %u  %s  ", comparison->codes[i], tr(lang, reference));
        why__append_reference_url(text, reference);
        why_text_append(text, "\n");
    }
    for (size_t i = 0; i < 2; i++) {
        why_text_append(text, "  %u  whysocket explain %u\n", comparison->codes[i],
                        comparison->codes[i]);
    }
}

void why__comparison_write_text(const struct why__comparison *comparison, enum why_lang lang,
                                struct why_text *text) {
    const struct why_code_info *a = comparison->infos[0];
    const struct why_code_info *b = comparison->infos[1];
    const uint16_t *codes = comparison->codes;
    why_text_append(text, tr(lang, "%u %s, and %u %s"), codes[0], tr(lang, a->name), codes[1],
                    tr(lang, b->name));
    why_text_append(text, "\n  ");
    why_text_append(text, tr(lang, "%u stands for %s; %u stands for %s."), codes[0],
                    tr(lang, a->essence), codes[1], tr(lang, b->essence));
    why_text_append(text, "\n");
    write_both(comparison, lang, tr(lang, "Description"), a->description, b->description, text);
    write_vendors(comparison, lang, text);
    write_both(comparison, lang, tr(lang, "When you see it"), a->when, b->when, text);
    write_both(comparison, lang, tr(lang, "How to fix it"), a->fix, b->fix, text);
    write_causes(comparison, lang, text);
    write_shared(comparison, lang, text);
    write_differences(comparison, lang, text);
    write_choice(comparison, lang, text);
    write_references(comparison, lang, text);
}

/* ---- JSON ---- */

static void write_facets(struct why__json *json, const char *key, const enum why_facet *facets,
                         size_t count, const struct why__comparison *comparison,
                         enum why_lang lang) {
    why__json_open(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        why__json_open(json, NULL, '{');
        why__json_string(json, "field", why__facet_id(facets[i]));
        why__json_string(json, "name", tr(lang, why_facet_name(facets[i])));
        why__json_open(json, "values", '[');
        for (size_t side = 0; side < 2; side++) {
            why__json_string(json, NULL,
                             tr(lang, why_code_facet(comparison->infos[side], facets[i])));
        }
        why__json_close(json, ']');
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

void why__comparison_write_json(const struct why__comparison *comparison, enum why_lang lang,
                                struct why_text *text) {
    static const char *const choices[] = {
        [WHY__CHOICE_BOTH] = "both",
        [WHY__CHOICE_FIRST] = "first",
        [WHY__CHOICE_SECOND] = "second",
        [WHY__CHOICE_NEITHER] = "neither",
    };
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.compare/1");
    why__json_string(&json, "lang", why_lang_tag(lang));
    why__json_open(&json, "codes", '[');
    for (size_t i = 0; i < 2; i++) {
        why__code_write_json(&json, comparison->codes[i], comparison->infos[i], lang);
    }
    why__json_close(&json, ']');
    write_facets(&json, "shared", comparison->shared, comparison->shared_count, comparison, lang);
    write_facets(&json, "differences", comparison->differing, comparison->differing_count,
                 comparison, lang);
    why__json_string(&json, "sendable", choices[comparison->choice]);
    why__json_close(&json, '}');
}
