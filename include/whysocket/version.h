/* SPDX-License-Identifier: MIT */
#ifndef WHY_VERSION_H
#define WHY_VERSION_H

#include "whysocket/api.h"

WHY_BEGIN_DECLS

#define WHY_VERSION_MAJOR 0
#define WHY_VERSION_MINOR 1
#define WHY_VERSION_PATCH 0
#define WHY_VERSION "0.1.0"

/* The version of the library that runs, which may be another than the header's. Static. */
WHY_API const char *why_version(void);

WHY_END_DECLS

#endif
