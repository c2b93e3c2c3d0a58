/* SPDX-License-Identifier: MIT
 *
 * What a client or server wants of TLS. Files are PEM.
 */
#ifndef WHY_TLS_CONFIG_H
#define WHY_TLS_CONFIG_H

#include "whysocket/api.h"

#include <stdbool.h>

WHY_BEGIN_DECLS

/* All zeroes is a client's good default: TLS 1.2 and up, the system's trust store, verification.
 * Borrowed for the call that takes it. */
struct why_tls_config {
    /* Trust this instead of the system's store; NULL for the store. A server that has one asks
     * clients for a certificate from it, and refuses those without. */
    const char *ca_file;
    const char *cert_file; /* our certificate, then its intermediates; NULL for none */
    const char *key_file;  /* its private key; NULL: in cert_file */
    bool insecure;         /* client: go on with a certificate that does not verify */

    /* Called with a line of NSS key log format (no newline) for every secret; NULL for none.
     * Whoever holds these lines can read the traffic. */
    void (*on_secret)(void *context, const char *line);
    void *on_secret_context;
};

WHY_END_DECLS

#endif
