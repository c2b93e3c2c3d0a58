/* SPDX-License-Identifier: MIT
 *
 * The files of web/, embedded.
 */
#ifndef WHY_CMD_WEB_H
#define WHY_CMD_WEB_H

#include "whysocket/bytes.h"

/* The file behind a path ("/" is index.html). Returns its content type; NULL: there is none. */
const char *web_find(struct why_bytes path, struct why_bytes *body);

#endif
