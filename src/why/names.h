/* SPDX-License-Identifier: MIT
 *
 * Names for the numbers of others that a close record holds: errno, getaddrinfo, TLS alerts.
 */
#ifndef WHY_WHY_NAMES_H
#define WHY_WHY_NAMES_H

#include "whysocket/cause.h"

/* "ECONNRESET", or "EAI_NONAME" where the layer is dns; NULL if it has no name here. */
const char *why__os_error_name(enum why_layer layer, int number);

/* RFC 8446 section 6, and older ones: "certificate_expired"; "unknown" for the rest. */
const char *why__alert_name(int alert);

#endif
