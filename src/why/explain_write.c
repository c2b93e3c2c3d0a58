/* SPDX-License-Identifier: MIT
 *
 * Codes and causes in words.
 */
#include "why/explain_write.h"
#include "why/i18n.h"
#include "why/words.h"
#include "whysocket/close_code.h"

#include <string.h>

static void section(struct why_text *text, const char *title, const char *content) {
    if (*content != '\0') {
        why_text_append(text, "\n%s\n  %s\n", title, content);
    }
}

/* Labels of a list stand in a column as wide as the longest of the client names. */
static void row(struct why_text *text, const char *label, const char *content) {
    why_text_append(text, "  %-9s %s\n", label, content);
}

static void write_clients(const char *const clients[WHY_CLIENT_KIND_COUNT], enum why_lang lang,
                          struct why_text *text) {
    bool any = false;
    for (int i = 0; i < WHY_CLIENT_KIND_COUNT; i++) {
        if (*clients[i] == '\0') {
            continue;
        }
        if (!any) {
            why_text_append(text, "\n%s\n", tr(lang, "What clients show"));
            any = true;
        }
        row(text, why_client_kind_name((enum why_client_kind)i), tr(lang, clients[i]));
    }
}

static void write_reference(const char *reference, enum why_lang lang, struct why_text *text) {
    if (*reference == '\0') {
        return;
    }
    section(text, tr(lang, "Read more"), tr(lang, reference));
    struct why_text url = {0};
    why__append_reference_url(&url, reference);
    if (url.len > 0) {
        why_text_append(text, "  %s\n", url.data);
    }
    why_text_clear(&url);
}

static void write_retry(enum why_retry retry, const char *advice, enum why_lang lang,
                        struct why_text *text) {
    section(text, tr(lang, "Connect again?"),
            tr(lang, *advice != '\0' ? advice : why__retry_text(retry)));
}

/* ---- Codes ---- */

/* Whether a vendor's meaning is for `code`; where a whole range is explained, for any of it. */
static bool is_vendor_of(const struct why_vendor_code *vendor, uint16_t code,
                         const struct why_code_info *info) {
    if (code != info->first || info->first == info->last) {
        return code >= vendor->first && code <= vendor->last;
    }
    return vendor->first <= info->last && vendor->last >= info->first &&
           why_code_info(vendor->first) == info;
}

static void write_vendors(uint16_t code, const struct why_code_info *info, enum why_lang lang,
                          struct why_text *text) {
    const struct why_vendor_code *vendor = NULL;
    bool any = false;
    for (size_t i = 0; (vendor = why_vendor_code_at(i)) != NULL; i++) {
        if (!is_vendor_of(vendor, code, info)) {
            continue;
        }
        if (!any) {
            why_text_append(text, "\n%s\n", tr(lang, "What vendors mean by it"));
            any = true;
        }
        why_text_append(text, "  ");
        why__append_code_range(text, vendor->first, vendor->last);
        why_text_append(text, "  ");
        why_text_append(text, tr(lang, "%s: %s"), vendor->vendor, tr(lang, vendor->meaning));
        why_text_append(text, "\n");
    }
}

bool why__code_next_cause(uint16_t code, enum why_cause *cause) {
    for (int i = (int)*cause + 1; i < WHY_CAUSE_COUNT; i++) {
        *cause = (enum why_cause)i;
        if (why_cause_code(*cause) == code) {
            return true;
        }
    }
    return false;
}

static void write_causes(uint16_t code, enum why_lang lang, struct why_text *text) {
    bool any = false;
    for (enum why_cause cause = WHY_CAUSE_NONE; why__code_next_cause(code, &cause);) {
        if (!any) {
            why_text_append(text, "\n%s\n", tr(lang, "Causes that whysocket reports with it"));
            any = true;
        }
        why_text_append(text, "  %-31s %s\n", why_cause_id(cause),
                        tr(lang, why_cause_info(cause)->title));
    }
}

void why__code_write_text(uint16_t code, const struct why_code_info *info, enum why_lang lang,
                          struct why_text *text) {
    bool is_one_of_many = info->first != info->last && code != info->first;
    if (is_one_of_many) {
        why_text_append(text, "%u (", code);
    }
    why__append_code_range(text, info->first, info->last);
    why_text_append(text, "%s %s\n", is_one_of_many ? ")" : "", tr(lang, info->name));
    why_text_append(text, tr(lang, "  It %s."), tr(lang, why_code_facet(info, WHY_FACET_STATUS)));
    why_text_append(text, "\n");
    section(text, tr(lang, "Description"), tr(lang, info->description));
    section(text, tr(lang, "When you see it"), tr(lang, info->when));
    section(text, tr(lang, "How to fix it"), tr(lang, info->fix));
    section(text, tr(lang, "When to use it"), tr(lang, info->use));
    section(text, tr(lang, "Who may send it"), tr(lang, info->sender));
    write_retry(info->retry, info->retry_advice, lang, text);
    write_clients(info->clients, lang, text);
    write_vendors(code, info, lang, text);
    write_causes(code, lang, text);
    write_reference(info->reference, lang, text);
}

static void write_clients_json(struct why__json *json,
                               const char *const clients[WHY_CLIENT_KIND_COUNT],
                               enum why_lang lang) {
    why__json_open(json, "clients", '{');
    for (int i = 0; i < WHY_CLIENT_KIND_COUNT; i++) {
        why__json_string(json, why__client_id((enum why_client_kind)i), tr(lang, clients[i]));
    }
    why__json_close(json, '}');
}

static void write_reference_json(struct why__json *json, const char *reference,
                                 enum why_lang lang) {
    struct why_text url = {0};
    why__append_reference_url(&url, reference);
    why__json_string(json, "reference", tr(lang, reference));
    why__json_string_or_null(json, "url", url.data == NULL ? "" : url.data);
    why_text_clear(&url);
}

static void write_vendors_json(struct why__json *json, uint16_t code,
                               const struct why_code_info *info, enum why_lang lang) {
    const struct why_vendor_code *vendor = NULL;
    why__json_open(json, "vendors", '[');
    for (size_t i = 0; (vendor = why_vendor_code_at(i)) != NULL; i++) {
        if (is_vendor_of(vendor, code, info)) {
            why__json_open(json, NULL, '{');
            why__json_string(json, "vendor", vendor->vendor);
            why__json_unsigned(json, "first", vendor->first);
            why__json_unsigned(json, "last", vendor->last);
            why__json_string(json, "meaning", tr(lang, vendor->meaning));
            why__json_close(json, '}');
        }
    }
    why__json_close(json, ']');
}

static void write_causes_json(struct why__json *json, uint16_t code) {
    why__json_open(json, "causes", '[');
    for (enum why_cause cause = WHY_CAUSE_NONE; why__code_next_cause(code, &cause);) {
        why__json_string(json, NULL, why_cause_id(cause));
    }
    why__json_close(json, ']');
}

void why__code_write_json(struct why__json *json, uint16_t code, const struct why_code_info *info,
                          enum why_lang lang) {
    why__json_open(json, NULL, '{');
    why__json_string(json, "kind", "code");
    why__json_unsigned(json, "code", code);
    why__json_unsigned(json, "first", info->first);
    why__json_unsigned(json, "last", info->last);
    why__json_string(json, "status", why__status_id(info->status));
    why__json_bool(json, "sendable", why_close_code_is_sendable(code));
    why__json_string(json, "name", tr(lang, info->name));
    why__json_string(json, "essence", tr(lang, info->essence));
    why__json_string(json, "description", tr(lang, info->description));
    why__json_string(json, "when", tr(lang, info->when));
    why__json_string(json, "fix", tr(lang, info->fix));
    why__json_string(json, "use", tr(lang, info->use));
    why__json_string(json, "sender", tr(lang, info->sender));
    why__json_string(json, "retry", why__retry_id(info->retry));
    why__json_string(json, "retry_advice", tr(lang, info->retry_advice));
    why__json_open(json, "facets", '{');
    for (int i = 0; i < WHY_FACET_COUNT; i++) {
        why__json_string(json, why__facet_id((enum why_facet)i),
                         tr(lang, why_code_facet(info, (enum why_facet)i)));
    }
    why__json_close(json, '}');
    write_clients_json(json, info->clients, lang);
    write_vendors_json(json, code, info, lang);
    write_causes_json(json, code);
    write_reference_json(json, info->reference, lang);
    why__json_close(json, '}');
}

/* ---- Causes ---- */

void why__cause_write_text(enum why_cause cause, enum why_lang lang, struct why_text *text) {
    const struct why_cause_info *info = why_cause_info(cause);
    uint16_t code = why_cause_code(cause);
    why_text_append(text, "%s: %s\n", why_cause_id(cause), tr(lang, info->title));
    if (code != 0) {
        why_text_append(text, tr(lang, "  Reported as %u %s; layer: %s; side: %s."), code,
                        tr(lang, why_code_info(code)->name), why_layer_name(why_cause_layer(cause)),
                        tr(lang, why__side_word(why_cause_side(cause))));
    } else {
        why_text_append(text,
                        tr(lang, "  Reported with the Close frame's own code; layer: %s; "
                                 "side: %s."),
                        why_layer_name(why_cause_layer(cause)),
                        tr(lang, why__side_word(why_cause_side(cause))));
    }
    why_text_append(text, "\n");
    section(text, tr(lang, "What happened"), tr(lang, info->happened));
    section(text, tr(lang, "When you see it"), tr(lang, info->when));
    section(text, tr(lang, "How to fix it"), tr(lang, info->fix));
    why__append_sides(text, info, lang);
    write_retry(info->retry, "", lang, text);
    write_clients(info->clients, lang, text);
    write_reference(info->reference, lang, text);
}

void why__cause_write_json(struct why__json *json, enum why_cause cause, enum why_lang lang) {
    const struct why_cause_info *info = why_cause_info(cause);
    uint16_t code = why_cause_code(cause);
    why__json_open(json, NULL, '{');
    why__json_string(json, "kind", "cause");
    why__json_string(json, "id", why_cause_id(cause));
    if (code == 0) {
        why__json_null(json, "code");
    } else {
        why__json_unsigned(json, "code", code);
    }
    why__json_string(json, "layer", why_layer_name(why_cause_layer(cause)));
    why__json_string(json, "side", why_side_name(why_cause_side(cause)));
    why__json_string(json, "title", tr(lang, info->title));
    why__json_string(json, "happened", tr(lang, info->happened));
    why__json_string(json, "when", tr(lang, info->when));
    why__json_string(json, "fix", tr(lang, info->fix));
    why__json_sides(json, info, lang);
    why__json_string(json, "retry", why__retry_id(info->retry));
    write_clients_json(json, info->clients, lang);
    write_reference_json(json, info->reference, lang);
    why__json_close(json, '}');
}
