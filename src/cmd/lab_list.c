/* SPDX-License-Identifier: MIT */
#include "cmd/lab_list.h"

#include "why/i18n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME_WIDTH = 20,
};

static const char *string_of(const struct why_text *text) {
    return text->data == NULL ? "" : text->data;
}

/* ---- Where ---- */

static bool is_wanted(const struct lab_place *place, const struct lab_mode *mode) {
    if (!lab_mode_is_of(mode, place->kind)) {
        return false;
    }
    for (size_t i = 0; i < place->names.count; i++) {
        const char *name = place->names.items[i];
        if (lab_mode_find(name, strlen(name)) == mode) {
            return true;
        }
    }
    return place->names.count == 0;
}

const struct lab_mode *lab_place_mode(const struct lab_place *place, size_t *index) {
    const struct lab_mode *mode = NULL;
    do {
        mode = lab_mode_at((*index)++);
    } while (mode != NULL && !is_wanted(place, mode));
    return mode;
}

static size_t host_len(const struct lab_place *place) {
    const char *colon = strrchr(place->address, ':');
    return colon == NULL ? 0 : (size_t)(colon - place->address);
}

/* As it stands in a URL. */
static void append_url_host(const struct lab_place *place, struct why_text *text) {
    size_t len = host_len(place);
    bool is_any = len == 0 || strncmp(place->address, "0.0.0.0", len) == 0 ||
                  strncmp(place->address, "[::]", len) == 0;
    if (is_any) {
        why_text_append(text, "127.0.0.1");
    } else {
        why_text_append(text, "%.*s", (int)len, place->address);
    }
}

void lab_append_host(const struct lab_place *place, struct why_text *text) {
    struct why_text host = {0};
    append_url_host(place, &host);
    size_t bracket = host.len > 0 && host.data[0] == '[';
    why_text_append(text, "%.*s", (int)(host.len - 2 * bracket), string_of(&host) + bracket);
    why_text_clear(&host);
}

/* `mode` NULL: the TLS port. */
static unsigned port_of(const struct lab_place *place, const struct lab_mode *mode) {
    if (place->server != NULL) {
        return lab_server_port(place->server, mode);
    }
    const char *colon = strrchr(place->address, ':');
    unsigned base = colon == NULL ? 0 : (unsigned)strtoul(colon + 1, NULL, 10);
    return mode == NULL ? base : lab_mode_port(mode, base);
}

void lab_append_url(const struct lab_place *place, const struct lab_mode *mode,
                    struct why_text *text) {
    why_text_append(text, "%s://", mode->scheme == NULL ? "wss" : mode->scheme);
    if (mode->where == LAB_BY_PROXY) {
        why_text_append(text, "ok.localhost:%u/", port_of(place, NULL));
        return;
    }
    if (mode->host == NULL) {
        why_text_append(text, "%s.localhost", mode->name);
    } else if (strcmp(mode->host, "127.0.0.1") == 0) {
        append_url_host(place, text);
    } else {
        why_text_append(text, "%s", mode->host);
    }
    why_text_append(text, ":%u/", port_of(place, mode));
}

static const char *folder_of(const struct lab_place *place) {
    return place->folder == NULL ? "DIR" : place->folder;
}

size_t lab_options(const struct lab_place *place, const struct lab_mode *mode,
                   struct why_text words[LAB_WORDS_MAX]) {
    size_t count = 0;
    memset(words, 0, LAB_WORDS_MAX * sizeof *words);
    if (mode->scheme == NULL) {
        why_text_append(&words[count++], "--cacert");
        if (place->ca_file != NULL) {
            why_text_append(&words[count++], "%s", place->ca_file);
        } else {
            why_text_append(&words[count++], "%s/ca.pem", folder_of(place));
        }
    }
    if (mode->where == LAB_BY_PROXY) {
        why_text_append(&words[count++], "--proxy");
        why_text_append(&words[count], "http://");
        append_url_host(place, &words[count]);
        why_text_append(&words[count++], ":%u", port_of(place, mode));
    }
    for (const char *at = mode->options; at != NULL && *at != '\0' && count < LAB_WORDS_MAX;) {
        size_t len = strcspn(at, " ");
        if (*at == '@') {
            why_text_append(&words[count], "%s/", folder_of(place));
        }
        why_text_append(&words[count++], "%.*s", (int)(len - (*at == '@')), at + (*at == '@'));
        at += len + (at[len] == ' ');
    }
    return count;
}

/* ---- For people ---- */

static void append_finding(const struct lab_mode *mode, enum why_lang lang, struct why_text *text) {
    why_text_append(text, "%s",
                    mode->cause == WHY_CAUSE_NONE ? tr(lang, "healthy")
                                                  : why_cause_id(mode->cause));
    for (size_t i = 0; i < LAB_ALSO_MAX && mode->also[i] != WHY_CAUSE_NONE; i++) {
        why_text_append(text, " + %s", why_cause_id(mode->also[i]));
    }
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        if ((mode->notices >> i & 1) != 0) {
            why_text_append(text, ", %s", why_notice_id((enum why_notice)i));
        }
    }
}

void lab_write_list(const struct lab_place *place, enum why_lang lang, struct why_text *text) {
    const char *group = "";
    const struct lab_mode *mode = NULL;
    for (size_t index = 0; (mode = lab_place_mode(place, &index)) != NULL;) {
        if (strcmp(group, mode->group) != 0) {
            why_text_append(text, "%s%s\n", *group == '\0' ? "" : "\n", mode->group);
            group = mode->group;
        }
        why_text_append(text, "  %-*s %s\n  %*s ", NAME_WIDTH, mode->name, tr(lang, mode->what),
                        NAME_WIDTH, "");
        lab_append_url(place, mode, text);
        if (mode->where == LAB_BY_PROXY || mode->options != NULL) {
            struct why_text words[LAB_WORDS_MAX];
            size_t count = lab_options(place, mode, words);
            for (size_t i = 0; i < count; i++) {
                if (i >= 2) { /* the CA goes for all of them */
                    why_text_append(text, " %s", string_of(&words[i]));
                }
                why_text_clear(&words[i]);
            }
        }
        why_text_append(text, "\n  %*s ", NAME_WIDTH, "");
        append_finding(mode, lang, text);
        why_text_append(text, "\n");
    }
}

/* ---- For /etc/hosts ---- */

void lab_write_hosts(const struct lab_place *place, struct why_text *text) {
    const struct lab_mode *mode = NULL;
    for (size_t index = 0; (mode = lab_place_mode(place, &index)) != NULL;) {
        bool is_address = mode->host != NULL && strcmp(mode->host, "127.0.0.1") == 0;
        if (mode->where == LAB_BY_PROXY || mode->scheme != NULL || is_address) {
            continue;
        }
        lab_append_host(place, text);
        if (mode->host == NULL) {
            why_text_append(text, " %s.localhost\n", mode->name);
        } else {
            why_text_append(text, " %s\n", mode->host);
        }
    }
}

/* ---- For scripts ---- */

/* An array of the words of a list that has them parted by spaces. */
static void write_words(struct why__json *json, const char *key, const char *list) {
    why__json_open(json, key, '[');
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, " ");
        why__json_bytes(json, NULL, at, len);
        at += len + (at[len] == ' ');
    }
    why__json_close(json, ']');
}

void lab_write_cause(struct why__json *json, const char *key, enum why_cause cause) {
    if (cause == WHY_CAUSE_NONE) {
        why__json_null(json, key);
    } else {
        why__json_string(json, key, why_cause_id(cause));
    }
}

void lab_write_mode(const struct lab_place *place, const struct lab_mode *mode, enum why_lang lang,
                    struct why__json *json) {
    struct why_text url = {0};
    struct why_text words[LAB_WORDS_MAX];
    lab_append_url(place, mode, &url);
    why__json_string(json, "name", mode->name);
    why__json_string(json, "group", mode->group);
    why__json_string(json, "what", tr(lang, mode->what));
    why__json_string(json, "url", string_of(&url));
    why_text_clear(&url);
    size_t count = lab_options(place, mode, words);
    why__json_open(json, "options", '[');
    for (size_t i = 0; i < count; i++) {
        why__json_string(json, NULL, string_of(&words[i]));
        why_text_clear(&words[i]);
    }
    why__json_close(json, ']');
    lab_write_cause(json, "cause", mode->cause);
    lab_write_cause(json, "or", mode->or_cause);
    why__json_open(json, "also", '[');
    for (size_t i = 0; i < LAB_ALSO_MAX && mode->also[i] != WHY_CAUSE_NONE; i++) {
        why__json_string(json, NULL, why_cause_id(mode->also[i]));
    }
    why__json_close(json, ']');
    why__json_open(json, "notices", '[');
    for (int i = 0; i < WHY_NOTICE_COUNT; i++) {
        if ((mode->notices >> i & 1) != 0) {
            why__json_string(json, NULL, why_notice_id((enum why_notice)i));
        }
    }
    why__json_close(json, ']');
    write_words(json, "badssl", mode->badssl);
}

void lab_write_json(const struct lab_place *place, enum why_lang lang, struct why_text *text) {
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.lab/1");
    why__json_string(&json, "lang", why_lang_tag(lang));
    why__json_open(&json, "modes", '[');
    const struct lab_mode *mode = NULL;
    for (size_t index = 0; (mode = lab_place_mode(place, &index)) != NULL;) {
        why__json_open(&json, NULL, '{');
        lab_write_mode(place, mode, lang, &json);
        why__json_close(&json, '}');
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}
