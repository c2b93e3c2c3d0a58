/* SPDX-License-Identifier: MIT */
#include "whysocket/version.h"

const char *why_version(void) {
    return WHY_VERSION;
}
