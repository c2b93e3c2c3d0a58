/* SPDX-License-Identifier: MIT
 *
 * Look-ups in the knowledge of causes.
 */
#include "why/causes.h"

#include <string.h>

const struct why_cause_info *why_cause_info(enum why_cause cause) {
    static const struct why__cause_group *const groups[] = {
        &why__causes_network,       &why__causes_tls_cert, &why__causes_tls_trust,
        &why__causes_tls_handshake, &why__causes_tls_wire, &why__causes_http,
        &why__causes_frames,
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        if (cause >= groups[i]->first && cause <= groups[i]->last) {
            return &groups[i]->infos[cause - groups[i]->first];
        }
    }
    return NULL;
}

bool why_cause_find(const char *id, enum why_cause *cause) {
    for (int i = 0; i < WHY_CAUSE_COUNT; i++) {
        if (strcmp(why_cause_id((enum why_cause)i), id) == 0) {
            *cause = (enum why_cause)i;
            return true;
        }
    }
    return false;
}
