/* SPDX-License-Identifier: MIT
 *
 * Secrets in evidence. Close records are logged and shown on pages: what lets somebody in does not
 * go into them.
 */
#ifndef WHY_CORE_REDACT_H
#define WHY_CORE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/* Write asterisks over the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie, and
 * over user and password in URLs, in a piece of an HTTP message, or in any other text. The length
 * and all else stay as they are, so that offsets into it stay true.
 *
 * is_cut  there was more of it: a URL that runs into the end may have had a password there, and
 *         is not shown beyond its scheme */
void why__redact(char *text, size_t len, bool is_cut);

#endif
