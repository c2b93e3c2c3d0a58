/* SPDX-License-Identifier: MIT */
#include "whysocket/result.h"

const char *why_result_text(int result) {
    switch (result) {
#define X(name, number, text)                                                                      \
    case number:                                                                                   \
        return text;
        WHY_RESULT_MAP(X)
#undef X
    default:
        return "unknown result";
    }
}
