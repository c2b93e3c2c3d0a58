/* SPDX-License-Identifier: MIT
 *
 * What a person may call a code, a cause or a notice: "1007", "1000-1003", "tls.cert.expired",
 * "tls.", "cert.expires_soon", "policy violation", "discord".
 */
#ifndef WHY_CMD_LOOKUP_H
#define WHY_CMD_LOOKUP_H

#include "whysocket/explain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum topic_kind {
    TOPIC_CODE,
    TOPIC_CAUSE,
    TOPIC_NOTICE,
};

/* One thing to explain. */
struct topic {
    enum topic_kind kind;
    const struct why_code_info *info; /* a code's */
    uint16_t code;
    enum why_cause cause;
    enum why_notice notice;
};

struct topic_list {
    struct topic *items;
    size_t count;
    bool failed; /* out of memory */
};

void topic_list_clear(struct topic_list *list);

enum lookup_result {
    LOOKUP_FOUND,
    LOOKUP_NOT_A_CODE, /* found, too: a number that no Close frame can hold and nobody reports; its
                          range is in the list */
    LOOKUP_TOO_LARGE,  /* a number that does not fit a code's 16 bits */
    LOOKUP_BACKWARDS,  /* a range whose end lies before its beginning */
    LOOKUP_UNKNOWN,
};

/* Append what `text` names. Names are looked for in English and in `lang`. */
enum lookup_result lookup(const char *text, enum why_lang lang, struct topic_list *list);

/* Everything: all codes, then all causes, then all notices. */
void lookup_all(struct topic_list *list);

/* The id or name that is nearest to `text`; NULL if none is near. */
const char *lookup_nearest(const char *text, enum why_lang lang);

#endif
