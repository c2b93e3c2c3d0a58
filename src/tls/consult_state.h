/* SPDX-License-Identifier: MIT
 *
 * A consultation from inside, for the files that it is made of.
 */
#ifndef WHY_TLS_CONSULT_STATE_H
#define WHY_TLS_CONSULT_STATE_H

#include "tls/consult.h"
#include "tls/ocsp.h"
#include "tls/tls.h"
#include "tls/verification.h"

#include <openssl/x509.h>

#define WHY__CONSULT_NAME_MAX 255

struct why__consult {
    const struct why_host *host;
    struct why__tls_context *context; /* its store is `trust`; NULL where that was given */
    X509_STORE *trust;
    STACK_OF(X509) * chain;                    /* as sent, then what was fetched */
    struct why__tls_verification verification; /* of all of it */
    char name[WHY__CONSULT_NAME_MAX + 1];

    struct why__issuers issuers;
    bool is_issuer_asked; /* the last of issuers.fetches waits for its answer */
    unsigned hops;        /* issuers that were found */
    int address_at;       /* of those that the top of the chain names: the next */

    struct why__standings standings;
    bool is_listed;        /* the standings were begun */
    size_t status_at;      /* the next to ask about, or the one that waits */
    OCSP_REQUEST *request; /* waits for its answer */
    uint8_t *question;     /* the same in DER */
};

/* Begin with certificates that are decoded already; a reference to each is taken.
 *
 * consult  all zeroes but `host`, `context` and `trust`
 * returns  WHY_OK, WHY_ERR_NOMEM: to be cleared in both cases */
WHY_MUST_USE int why__consult_init(struct why__consult *consult, const char *server_name,
                                   STACK_OF(X509) * chain, bool own_trust);
void why__consult_clear(struct why__consult *consult);

/* Verify what there is now. False: out of memory. */
bool why__consult_verify(struct why__consult *consult);

/* certificate_address.c: the http URLs that a certificate names for a purpose, NID_ad_ca_issuers or
 * NID_ad_OCSP, one at a time: those alone that can be shown and asked.
 *
 * at       the first to look at; advanced past the one that is returned
 * returns  false where there is no other */
bool why__certificate_address(X509 *certificate, int purpose, int *at,
                              char out[WHY__CONSULT_ADDRESS_MAX + 1]);

/* certificate_forms.c: read certificates in whatever form they are, at most 32.
 * returns  ours; NULL where there are none */
STACK_OF(X509) * why__certificates_read(struct why_bytes bytes, enum why__issuer_form *form);

#endif
