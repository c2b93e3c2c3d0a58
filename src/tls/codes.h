/* SPDX-License-Identifier: MIT
 *
 * What the numbers in a ClientHello are called in IANA's registries: those that programs offer.
 */
#ifndef WHY_TLS_CODES_H
#define WHY_TLS_CODES_H

#include <stdbool.h>
#include <stdint.h>

/* "TLS 1.2"; NULL for what has no name here. So are those below. */
const char *why__tls_version_name(uint16_t version);
const char *why__tls_suite_name(uint16_t suite);
const char *why__tls_group_name(uint16_t group);
const char *why__tls_signature_name(uint16_t signature);

/* RFC 8701: a number that means nothing, offered so that servers do not forget to ignore such. */
bool why__tls_is_grease(uint16_t number);

#endif
