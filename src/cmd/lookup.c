/* SPDX-License-Identifier: MIT */
#include "cmd/lookup.h"
#include "cmd/suggest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void topic_list_clear(struct topic_list *list) {
    free(list->items);
    *list = (struct topic_list){0};
}

static void append(struct topic_list *list, struct topic topic) {
    struct topic *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL) {
        list->failed = true;
        return;
    }
    list->items = items;
    list->items[list->count++] = topic;
}

static void append_code(struct topic_list *list, uint16_t code) {
    append(list, (struct topic){.kind = TOPIC_CODE, .info = why_code_info(code), .code = code});
}

static void append_cause(struct topic_list *list, enum why_cause cause) {
    append(list, (struct topic){.kind = TOPIC_CAUSE, .cause = cause});
}

static void append_notice(struct topic_list *list, enum why_notice notice) {
    append(list, (struct topic){.kind = TOPIC_NOTICE, .notice = notice});
}

/* ---- Numbers ---- */

/* Digits; saturates. Returns what follows them, NULL if there are none. */
static const char *read_code(const char *text, unsigned long *code) {
    if (*text < '0' || *text > '9') {
        return NULL;
    }
    char *end = NULL;
    *code = strtoul(text, &end, 10);
    return end;
}

static bool is_used(uint16_t code) {
    enum why_code_status status = why_code_info(code)->status;
    return status != WHY_CODE_INVALID && status != WHY_CODE_UNASSIGNED;
}

static enum lookup_result lookup_range(unsigned long first, unsigned long last,
                                       struct topic_list *list) {
    if (first > UINT16_MAX || last > UINT16_MAX) {
        return LOOKUP_TOO_LARGE;
    }
    if (first > last) {
        return LOOKUP_BACKWARDS;
    }
    const struct why_code_info *info = NULL;
    for (size_t i = 0; (info = why_code_info_at(i)) != NULL; i++) {
        if (info->first <= last && info->last >= first) {
            append_code(list, info->first);
        }
    }
    return LOOKUP_FOUND;
}

/* "1007", "1000-1003", "1000..1003" */
static bool lookup_number(const char *text, struct topic_list *list, enum lookup_result *result) {
    unsigned long first = 0;
    unsigned long last = 0;
    const char *at = read_code(text, &first);
    if (at == NULL) {
        return false;
    }
    if (*at == '\0') {
        if (first > UINT16_MAX) {
            *result = LOOKUP_TOO_LARGE;
            return true;
        }
        append_code(list, (uint16_t)first);
        *result = is_used((uint16_t)first) ? LOOKUP_FOUND : LOOKUP_NOT_A_CODE;
        return true;
    }
    if (*at == '-') {
        at++;
    } else if (strncmp(at, "..", 2) == 0) {
        at += 2;
    } else {
        return false;
    }
    at = read_code(at, &last);
    if (at == NULL || *at != '\0') {
        return false;
    }
    *result = lookup_range(first, last, list);
    return true;
}

/* ---- Ids of causes and notices ---- */

static bool is_id_under(const char *id, const char *text, size_t len) {
    return strncasecmp(id, text, len) == 0 && (id[len] == '\0' || id[len] == '.');
}

/* "tls.cert.expired" is itself; "tls", "tls." and "tls.cert" are all that begin so. */
static bool lookup_id(const char *text, struct topic_list *list) {
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] == '.') {
        len--;
    }
    size_t before = list->count;
    for (int i = WHY_CAUSE_NONE + 1; len > 0 && i < WHY_CAUSE_COUNT; i++) {
        if (is_id_under(why_cause_id((enum why_cause)i), text, len)) {
            append_cause(list, (enum why_cause)i);
        }
    }
    for (int i = 0; len > 0 && i < WHY_NOTICE_COUNT; i++) {
        if (is_id_under(why_notice_id((enum why_notice)i), text, len)) {
            append_notice(list, (enum why_notice)i);
        }
    }
    return list->count > before;
}

/* ---- Names ---- */

static bool is_separator(char c) {
    return c == ' ' || c == '_' || c == '-' || c == '.';
}

static char fold(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether `name` begins with `text`, letter case and separators aside. */
static bool begins_with(const char *name, const char *text, bool whole) {
    for (;;) {
        name += strspn(name, " _-.");
        text += strspn(text, " _-.");
        if (*text == '\0') {
            return !whole || *name == '\0';
        }
        if (fold(*name) != fold(*text)) {
            return false;
        }
        name++;
        text++;
    }
}

/* Whether it is the name, or (not `whole`) a word of it begins so. */
static bool is_named(const char *name, const char *text, bool whole) {
    if (whole) {
        return begins_with(name, text, true);
    }
    for (const char *at = name; *at != '\0'; at++) {
        if ((at == name || is_separator(at[-1])) && begins_with(at, text, false)) {
            return true;
        }
    }
    return false;
}

static bool lookup_name(const char *text, enum why_lang lang, bool whole, struct topic_list *list) {
    size_t before = list->count;
    const struct why_code_info *info = NULL;
    for (size_t i = 0; (info = why_code_info_at(i)) != NULL; i++) {
        if (is_named(info->name, text, whole) ||
            is_named(why_translate(lang, info->name), text, whole)) {
            append_code(list, info->first);
        }
    }
    return list->count > before;
}

/* The codes that a vendor gives a meaning of its own. */
static bool lookup_vendor(const char *text, struct topic_list *list) {
    size_t before = list->count;
    const struct why_vendor_code *vendor = NULL;
    for (size_t i = 0; (vendor = why_vendor_code_at(i)) != NULL; i++) {
        if (is_named(vendor->vendor, text, false)) {
            append_code(list, vendor->first);
        }
    }
    return list->count > before;
}

enum lookup_result lookup(const char *text, enum why_lang lang, struct topic_list *list) {
    enum lookup_result result = LOOKUP_FOUND;
    if (lookup_number(text, list, &result)) {
        return result;
    }
    if (strspn(text, " _-.") == strlen(text)) {
        return LOOKUP_UNKNOWN; /* nothing but separators would begin every name */
    }
    bool found = lookup_name(text, lang, true, list) || lookup_id(text, list) ||
                 lookup_name(text, lang, false, list) || lookup_vendor(text, list);
    return found ? LOOKUP_FOUND : LOOKUP_UNKNOWN;
}

void lookup_all(struct topic_list *list) {
    lookup_range(0, UINT16_MAX, list);
    for (int i = WHY_CAUSE_NONE + 1; i < WHY_CAUSE_COUNT; i++) {
        append_cause(list, (enum why_cause)i);
    }
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        append_notice(list, (enum why_notice)i);
    }
}

const char *lookup_nearest(const char *text, enum why_lang lang) {
    struct suggestion nearest = suggestion_start(text, strlen(text));
    for (int i = WHY_CAUSE_NONE + 1; i < WHY_CAUSE_COUNT; i++) {
        suggestion_offer(&nearest, why_cause_id((enum why_cause)i));
    }
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        suggestion_offer(&nearest, why_notice_id((enum why_notice)i));
    }
    const struct why_code_info *info = NULL;
    for (size_t i = 0; (info = why_code_info_at(i)) != NULL; i++) {
        suggestion_offer(&nearest, info->name);
        suggestion_offer(&nearest, why_translate(lang, info->name));
    }
    return nearest.best;
}
