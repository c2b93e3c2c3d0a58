/* SPDX-License-Identifier: MIT
 *
 * Whether a certificate was revoked, by the Online Certificate Status Protocol (RFC 6960): the
 * question, and what an answer to it means. Asking is the caller's.
 */
#ifndef WHY_TLS_OCSP_H
#define WHY_TLS_OCSP_H

#include "tls/consult.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <time.h>

/* The question about one certificate, with a nonce (RFC 8954).
 * returns  NULL if out of memory */
OCSP_REQUEST *why__ocsp_question(X509 *certificate, X509 *issuer);

/* What an answer says of a certificate: looked at as distrustfully as anything from the network.
 *
 * question  what was asked, for its nonce; NULL: nothing was, it is a staple
 * issuer    of the certificate; it signs, or a responder that it has delegated (section 4.2.2.2).
 *           NULL: not known, and so no signature is good */
void why__ocsp_read(struct why_bytes response, OCSP_REQUEST *question, X509 *certificate,
                    X509 *issuer, time_t now, struct why__ocsp_answer *answer);

/* The certificate's issuer: of `chain`, or of the store; NULL where neither has it.
 * Ours. */
X509 *why__ocsp_issuer(X509 *certificate, STACK_OF(X509) * chain, X509_STORE *trust);

#endif
