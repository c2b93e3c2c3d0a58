/* SPDX-License-Identifier: MIT
 *
 * The notices of a record in words, and each by itself.
 */
#include "why/explain_write.h"
#include "why/i18n.h"
#include "why/record_facts.h"

static bool has_notice(const struct why_record *record, enum why_notice notice) {
    return (record->tls.notices >> notice & 1) != 0;
}

void why__record_notices(const struct why_record *record, enum why_lang lang,
                         struct why_text *text) {
    bool any = false;
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        const struct why_notice_info *info = why_notice_info((enum why_notice)i);
        if (!has_notice(record, (enum why_notice)i)) {
            continue;
        }
        if (!any) {
            why_text_append(text, "\n%s\n", tr(lang, "Worth a look"));
            any = true;
        }
        why_text_append(text, "  %s: %s\n  %s\n  %s\n", why_notice_id((enum why_notice)i),
                        tr(lang, info->title), tr(lang, info->meaning), tr(lang, info->fix));
    }
}

static void write_words(struct why__json *json, enum why_notice notice, enum why_lang lang) {
    const struct why_notice_info *info = why_notice_info(notice);
    why__json_string(json, "id", why_notice_id(notice));
    why__json_string(json, "title", tr(lang, info->title));
    why__json_string(json, "meaning", tr(lang, info->meaning));
    why__json_string(json, "fix", tr(lang, info->fix));
}

void why__record_notices_json(const struct why_record *record, enum why_lang lang,
                              struct why__json *json) {
    why__json_open(json, "notices", '[');
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        if (has_notice(record, (enum why_notice)i)) {
            why__json_open(json, NULL, '{');
            write_words(json, (enum why_notice)i, lang);
            why__json_close(json, '}');
        }
    }
    why__json_close(json, ']');
}

void why__notice_write_text(enum why_notice notice, enum why_lang lang, struct why_text *text) {
    const struct why_notice_info *info = why_notice_info(notice);
    why_text_append(text, "%s: %s\n  %s\n", why_notice_id(notice), tr(lang, info->title),
                    tr(lang, "A notice: the connection stands, and this is no failure yet."));
    why_text_append(text, "\n%s\n  %s\n", tr(lang, "What it means"), tr(lang, info->meaning));
    why_text_append(text, "\n%s\n  %s\n", tr(lang, "How to fix it"), tr(lang, info->fix));
}

void why__notice_write_json(struct why__json *json, enum why_notice notice, enum why_lang lang) {
    why__json_open(json, NULL, '{');
    why__json_string(json, "kind", "notice");
    write_words(json, notice, lang);
    why__json_close(json, '}');
}
