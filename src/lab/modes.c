/* SPDX-License-Identifier: MIT */
#include "lab/modes.h"

#include <string.h>

static const struct lab_mode *const tables[] = {lab_certificate_modes, lab_protocol_modes,
                                                lab_transport_modes};

const struct lab_mode *lab_mode_at(size_t index) {
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (const struct lab_mode *mode = tables[t]; mode->name != NULL; mode++) {
            if (index-- == 0) {
                return mode;
            }
        }
    }
    return NULL;
}

/* Whether `name` is one of the words of `list`. */
static bool has_word(const char *list, const char *name, size_t len) {
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t word_len = strcspn(at, " ");
        if (word_len == len && memcmp(at, name, len) == 0) {
            return true;
        }
        at += word_len + (at[word_len] == ' ');
    }
    return false;
}

const struct lab_mode *lab_mode_find(const char *name, size_t len) {
    const struct lab_mode *mode = NULL;
    for (size_t i = 0; (mode = lab_mode_at(i)) != NULL; i++) {
        if ((strncmp(mode->name, name, len) == 0 && mode->name[len] == '\0') ||
            has_word(mode->badssl, name, len)) {
            return mode;
        }
    }
    return NULL;
}

bool lab_mode_is_of(const struct lab_mode *mode, enum lab_kind kind) {
    switch (kind) {
    case LAB_KIND_ALL:
        return true;
    case LAB_KIND_TLS:
        return mode->where == LAB_BY_NAME;
    case LAB_KIND_RAW:
        /* A proxy that works needs a target that does. */
        return mode->where != LAB_BY_NAME && mode->act != LAB_ACT_PROXY_OPEN;
    }
    return false;
}

unsigned lab_mode_port(const struct lab_mode *mode, unsigned base) {
    if (mode->where == LAB_BY_NAME || base == 0) {
        return base;
    }
    unsigned port = base;
    const struct lab_mode *other = NULL;
    for (size_t i = 0; (other = lab_mode_at(i)) != NULL; i++) {
        port += other->where != LAB_BY_NAME;
        if (other == mode) {
            break;
        }
    }
    return port;
}
