/* SPDX-License-Identifier: MIT
 *
 * Languages: which there are, how they are named, and looking a text up in one.
 */
#include "why/catalogue.h"
#include "whysocket/explain.h"

#include <string.h>

static const char *const tags[WHY_LANG_COUNT] = {
    [WHY_LANG_EN] = "en",
    [WHY_LANG_FR] = "fr",
};

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether the language of a locale's name ("fr_CA.UTF-8@euro") is `tag`. */
static bool names_language(const char *name, const char *tag) {
    size_t len = strlen(tag);
    for (size_t i = 0; i < len; i++) {
        if (lower(name[i]) != lower(tag[i])) {
            return false;
        }
    }
    return name[len] == '\0' || strchr("_-.@", name[len]) != NULL;
}

bool why_lang_find(const char *name, enum why_lang *lang) {
    if (names_language(name, "C") || names_language(name, "POSIX")) {
        *lang = WHY_LANG_EN;
        return true;
    }
    for (int i = 0; i < WHY_LANG_COUNT; i++) {
        if (names_language(name, tags[i])) {
            *lang = (enum why_lang)i;
            return true;
        }
    }
    return false;
}

const char *why_lang_tag(enum why_lang lang) {
    return tags[lang];
}

const char *why_translate(enum why_lang lang, const char *text) {
    struct why__catalogue catalogue;
    /* The entry of the empty text is the catalogue's own header. */
    if (lang != WHY_LANG_FR || *text == '\0' ||
        !why__catalogue_open(&catalogue, why__catalogue_fr, why__catalogue_fr_len)) {
        return text;
    }
    const char *found = why__catalogue_find(&catalogue, text);
    return found == NULL ? text : found;
}
