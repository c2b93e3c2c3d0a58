/* SPDX-License-Identifier: MIT
 *
 * What kind of program a ClientHello comes from. What it offers is read by hello.h.
 */
#ifndef WHY_TLS_CLIENT_HELLO_H
#define WHY_TLS_CLIENT_HELLO_H

#include "whysocket/bytes.h"
#include "whysocket/record.h"

#include <stddef.h>

/* Add what only the order and the set of extensions tell to what why__hello_read_offer() found in
 * the same message. OpenSSL passes over extensions that it does not know: they tell most. */
void why__client_hello_read(struct why_bytes message, struct why_tls_offer *offer);

/* What tells one TLS library from another beside what it offers. */
struct why__client_hello_shape {
    const int *extensions; /* in the order in which they came */
    size_t extension_count;
    size_t point_format_count; /* ec_point_formats (RFC 8422 section 5.1.2) */
};

enum why_tls_client why__client_hello_guess(const struct why_tls_offer *offer,
                                            const struct why__client_hello_shape *shape);

#endif
