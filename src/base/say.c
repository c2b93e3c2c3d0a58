/* SPDX-License-Identifier: MIT */
#include "base/say.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define NUMBER_SIZE 24 /* a sign and 64 bits in decimal */

struct why__say why__say_in(struct why_record *record) {
    struct why__say say;
    why__say_begin(&say, record->detail, sizeof record->detail, &record->detail_parts);
    return say;
}

void why__say_begin(struct why__say *say, char *text, size_t size, struct why_detail_parts *parts) {
    *say = (struct why__say){text, size, 0, parts};
    text[0] = '\0';
    if (parts != NULL) {
        *parts = (struct why_detail_parts){0};
    }
}

/* ---- Texts ---- */

static bool is_flag(char c) {
    return c == '.' || c == '*' || c == '$' || c == 'l' || c == 'z' || (c >= '0' && c <= '9');
}

const char *why__say_next(const char **at) {
    const char *start = *at;
    while (*start != '\0' && *start != '%') {
        start++;
    }
    const char *end = start;
    if (*end == '%') {
        end++;
        while (is_flag(*end)) {
            end++;
        }
        end += *end != '\0';
    }
    *at = end;
    return start;
}

static void append(struct why__say *say, const char *data, size_t len) {
    size_t room = say->size - say->len - 1;
    size_t take = len < room ? len : room;
    memcpy(say->text + say->len, data, take);
    say->len += take;
    say->text[say->len] = '\0';
}

/* Where there are more than fit, none are kept: then it is said in English. */
static void give_up_parts(struct why__say *say) {
    *say->parts = (struct why_detail_parts){0};
    say->parts = NULL;
}

static void keep_text(struct why__say *say, const char *text) {
    if (say->parts == NULL || *text == '\0') {
        return;
    }
    if (say->parts->text_count == WHY_DETAIL_TEXTS_MAX) {
        give_up_parts(say);
        return;
    }
    say->parts->texts[say->parts->text_count++] = text;
}

static void append_word(struct why__say *say, const char *data, size_t len) {
    size_t at = say->len;
    append(say, data, len);
    if (say->parts == NULL) {
        return;
    }
    if (say->parts->word_count == WHY_DETAIL_WORDS_MAX) {
        give_up_parts(say);
        return;
    }
    struct why_detail_word *word = &say->parts->words[say->parts->word_count++];
    word->at = (uint8_t)at;
    word->len = (uint8_t)(say->len - at);
}

/* ---- Words ---- */

static void append_number(struct why__say *say, unsigned long long magnitude, bool is_negative) {
    char digits[NUMBER_SIZE];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (is_negative) {
        digits[--at] = '-';
    }
    append_word(say, digits + at, sizeof digits - at);
}

/* What stands between % and the letter at the end. */
struct conversion {
    size_t longs; /* l, ll; z is one */
    size_t limit; /* of a string's bytes */
    bool is_size;
    char letter;
};

static struct conversion read_conversion(const char *start, const char *end, va_list *arguments) {
    struct conversion found = {.limit = SIZE_MAX, .letter = end[-1]};
    for (const char *at = start + 1; at < end - 1; at++) {
        found.longs += *at == 'l';
        found.is_size |= *at == 'z';
        if (*at == '.') {
            found.limit = 0;
        } else if (*at == '*') {
            int limit = va_arg(*arguments, int);
            found.limit = limit < 0 ? SIZE_MAX : (size_t)limit;
        } else if (*at >= '0' && *at <= '9') {
            found.limit = found.limit * 10 + (size_t)(*at - '0');
        }
    }
    return found;
}

static size_t text_len(const char *text, size_t limit) {
    size_t len = 0;
    while (len < limit && text[len] != '\0') {
        len++;
    }
    return len;
}

static void append_argument(struct why__say *say, const struct conversion *conversion,
                            va_list *arguments) {
    if (conversion->letter == 's') {
        const char *text = va_arg(*arguments, const char *);
        append_word(say, text, text_len(text, conversion->limit));
    } else if (conversion->letter == 'd') {
        long long number = conversion->longs == 0   ? va_arg(*arguments, int)
                           : conversion->longs == 1 ? va_arg(*arguments, long)
                                                    : va_arg(*arguments, long long);
        unsigned long long magnitude = (unsigned long long)number;
        append_number(say, number < 0 ? 0 - magnitude : magnitude, number < 0);
    } else { /* u */
        append_number(say,
                      conversion->is_size      ? va_arg(*arguments, size_t)
                      : conversion->longs == 0 ? va_arg(*arguments, unsigned)
                      : conversion->longs == 1 ? va_arg(*arguments, unsigned long)
                                               : va_arg(*arguments, unsigned long long),
                      false);
    }
}

void why__say_list(struct why__say *say, const char *format, va_list list) {
    va_list arguments; /* what is a parameter may be no va_list that can be pointed to */
    va_copy(arguments, list);
    keep_text(say, format);
    for (const char *at = format; *at != '\0';) {
        const char *before = at;
        const char *start = why__say_next(&at);
        append(say, before, (size_t)(start - before));
        if (start == at) {
            break;
        }
        struct conversion conversion = read_conversion(start, at, &arguments);
        if (conversion.letter == '%') {
            append(say, "%", 1);
        } else {
            append_argument(say, &conversion, &arguments);
        }
    }
    va_end(arguments);
}

void why__say(struct why__say *say, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    why__say_list(say, format, arguments);
    va_end(arguments);
}

void why__say_words(struct why__say *say, const char *text, const char *const *words) {
    keep_text(say, text);
    while (*text != '\0') {
        const char *before = text;
        const char *start = why__say_next(&text);
        append(say, before, (size_t)(start - before));
        if (start != text) {
            append_word(say, *words, text_len(*words, SIZE_MAX));
            words++;
        }
    }
}

void why__say_text(struct why__say *say, const char *text) {
    keep_text(say, text);
    append(say, text, text_len(text, SIZE_MAX));
}

void why__say_again(struct why__say *say, const char *text, const struct why_detail_parts *parts) {
    if (parts == NULL || parts->text_count == 0) {
        if (*text != '\0') {
            why__say(say, "%s", text);
        }
        return;
    }
    size_t begin = say->len;
    for (size_t i = 0; i < parts->text_count; i++) {
        keep_text(say, parts->texts[i]);
    }
    struct why_detail_parts *all = say->parts;
    append(say, text, text_len(text, SIZE_MAX));
    for (size_t i = 0; all != NULL && i < parts->word_count; i++) {
        size_t at = begin + parts->words[i].at;
        size_t end = at + parts->words[i].len;
        at = at < say->len ? at : say->len;
        end = end < say->len ? end : say->len;
        if (all->word_count == WHY_DETAIL_WORDS_MAX) {
            give_up_parts(say);
            return;
        }
        all->words[all->word_count++] = (struct why_detail_word){(uint8_t)at, (uint8_t)(end - at)};
    }
}
