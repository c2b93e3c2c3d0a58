/* SPDX-License-Identifier: MIT */
#include "whysocket/notice.h"

static const char *const notice_ids[WHY_NOTICE_COUNT] = {
#define X(name, id) [WHY_NOTICE_##name] = (id),
    WHY_NOTICE_MAP(X)
#undef X
};

const char *why_notice_id(enum why_notice notice) {
    return notice_ids[notice];
}
