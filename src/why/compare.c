/* SPDX-License-Identifier: MIT */
#include "why/compare.h"
#include "whysocket/close_code.h"

#include <string.h>

static enum why__choice choice_between(uint16_t first, uint16_t second) {
    if (why_close_code_is_sendable(first)) {
        return why_close_code_is_sendable(second) ? WHY__CHOICE_BOTH : WHY__CHOICE_FIRST;
    }
    return why_close_code_is_sendable(second) ? WHY__CHOICE_SECOND : WHY__CHOICE_NEITHER;
}

void why__compare(uint16_t first, uint16_t second, struct why__comparison *comparison) {
    *comparison = (struct why__comparison){
        .codes = {first, second},
        .infos = {why_code_info(first), why_code_info(second)},
        .choice = choice_between(first, second),
    };
    for (int i = 0; i < WHY_FACET_COUNT; i++) {
        enum why_facet facet = (enum why_facet)i;
        if (strcmp(why_code_facet(comparison->infos[0], facet),
                   why_code_facet(comparison->infos[1], facet)) == 0) {
            comparison->shared[comparison->shared_count++] = facet;
        } else {
            comparison->differing[comparison->differing_count++] = facet;
        }
    }
}
