/* SPDX-License-Identifier: MIT
 *
 * Whether a page's origin is let in (RFC 6454; RFC 6455 section 10.2).
 */
#ifndef WHY_CORE_ORIGIN_H
#define WHY_CORE_ORIGIN_H

#include "core/http_field.h"
#include "whysocket/handshake.h"

#include <stdbool.h>

/* Compare by scheme, host and port, never by a part of the text. "null" and what is no origin at
 * all match nothing but WHY_ORIGIN_ANY.
 *
 * policy  NULL: WHY_ORIGIN_SAME with no further hosts
 * host    the request's Host. Which scheme the page came by cannot be told behind a proxy that ends
 *         TLS, so SAME compares host and port, where a missing port is that of the origin's own
 *         scheme. Host has to be known too: else a name that an attacker points at this machine
 *         would be its own origin (DNS rebinding) */
bool why__origin_is_allowed(const struct why_origin_policy *policy, struct why_bytes origin,
                            const struct why__authority *host);

/* Whether it is an origin at all: SCHEME://HOST[:PORT] and nothing after it (RFC 6454 section 6.2).
 */
bool why__is_origin(const char *text);

#endif
