/* SPDX-License-Identifier: MIT
 *
 * A detail in another language than that in which it was said: its texts translated, its words put
 * into them, in whatever order the translation has them.
 */
#include "base/say.h"
#include "whysocket/explain.h"

#include <string.h>

/* Which of a text's words a conversion of its translation stands for: "%2$s" the second, else the
 * next in order. */
static size_t word_of(const char *conversion, const char *end, size_t next) {
    size_t number = 0;
    for (const char *at = conversion + 1; at < end; at++) {
        if (*at == '$') {
            return number - 1; /* of 0: one that no text has */
        }
        if (*at < '0' || *at > '9') {
            break;
        }
        number = number * 10 + (size_t)(*at - '0');
    }
    return next;
}

static size_t count_words(const char *text) {
    size_t count = 0;
    while (*text != '\0') {
        const char *start = why__say_next(&text);
        count += start != text && text[-1] != '%';
    }
    return count;
}

static void append_text(struct why_text *text, const char *translated, const char *detail,
                        const struct why_detail_word *words, size_t count) {
    size_t next = 0;
    while (*translated != '\0') {
        const char *before = translated;
        const char *start = why__say_next(&translated);
        why_text_append(text, "%.*s", (int)(start - before), before);
        if (start == translated) {
            return;
        }
        if (translated[-1] == '%') {
            why_text_append(text, "%%");
            continue;
        }
        size_t index = word_of(start, translated, next);
        next++;
        if (index < count) {
            why_text_append_untrusted(text, detail + words[index].at, words[index].len);
        }
    }
}

void why_text_append_detail(struct why_text *text, enum why_lang lang, const char *detail,
                            const struct why_detail_parts *parts) {
    if (lang == WHY_LANG_EN || parts == NULL || parts->text_count == 0) {
        why_text_append_untrusted(text, detail, strlen(detail));
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i < parts->text_count; i++) {
        size_t count = count_words(parts->texts[i]);
        size_t left = parts->word_count - at;
        count = count < left ? count : left;
        append_text(text, why_translate(lang, parts->texts[i]), detail, parts->words + at, count);
        at += count;
    }
}
