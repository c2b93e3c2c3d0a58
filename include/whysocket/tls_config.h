/* SPDX-License-Identifier: MIT
 *
 * What a client or server wants of TLS. Files are PEM.
 */
#ifndef WHY_TLS_CONFIG_H
#define WHY_TLS_CONFIG_H

#include "whysocket/api.h"
#include "whysocket/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

/* A certificate with its intermediates, and its private key (NULL: in cert_file). */
struct why_tls_pair {
    const char *cert_file;
    const char *key_file;
};

/* All zeroes is a client's good default: TLS 1.2 and up, the system's trust store, verification.
 * Borrowed for the call that takes it. */
struct why_tls_config {
    /* Trust this instead of the system's store; NULL for the store. A server that has one asks
     * clients for a certificate from it, and refuses those without. */
    const char *ca_file;
    const char *cert_file; /* our certificate, then its intermediates; NULL for none */
    const char *key_file;  /* its private key; NULL: in cert_file */

    /* Server: more certificates. The first of all, cert_file's before these, that has the name
     * which the client asks for (SNI) is shown, wildcards included; cert_file's where none has. */
    const struct why_tls_pair *more;
    size_t more_count;

    /* Server: what its clients trust, where that is not the system's store; NULL for the store. Our
     * own certificate is verified with it where a client turned it down, to say why. */
    const char *client_trust_file;

    bool insecure; /* client: go on with a certificate that does not verify */

    /* Certificate revocation lists: each certificate of the chain is looked up in that of its
     * issuer; the peer's own fails where there is none. NULL: revocation is not looked at. */
    const char *crl_file;
    /* Versions, 0x0301 (TLS 1.0) to 0x0304 (TLS 1.3); 0: TLS 1.2, and the highest there is. Below
     * 0x0303 OpenSSL also needs ciphers of "DEFAULT@SECLEVEL=0". */
    uint16_t min_version, max_version;
    /* OpenSSL's cipher list for TLS 1.2 and below, or names of TLS 1.3 ("TLS_AES_128_GCM_SHA256"),
     * separated by colons; NULL: OpenSSL's default. */
    const char *ciphers;
    /* Look for what is no failure yet (notice.h), and ask for an OCSP staple. It costs some
     * verifications more: a connection that wants to be open, and no report, goes without. */
    bool notices;

    /* Server: let the kernel encrypt what is sent (kTLS) where it has that, and the connection is
     * of TLS 1.3; elsewhere nothing changes. Linux before 6.14 cannot change keys under way: a
     * client that asks for it, or 16 million records, then end the connection with local.tls_keys.
     */
    bool kernel_sends;

    /* Called with a line of NSS key log format (no newline) for every secret; NULL for none.
     * Whoever holds these lines can read the traffic. */
    void (*on_secret)(void *context, const char *line);
    void *on_secret_context;

    /* Client: called with the certificates that the server sent, its own first, each in DER, before
     * they are looked at; NULL for not wanted. The bytes are borrowed for the call. */
    void (*on_chain)(void *context, const struct why_bytes *chain, size_t count);
    void *on_chain_context;
};

WHY_END_DECLS

#endif
