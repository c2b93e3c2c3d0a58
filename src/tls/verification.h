/* SPDX-License-Identifier: MIT
 *
 * A chain of certificates, verified past every error: what is wrong with it, each as a cause with
 * its facts, and what is no failure yet. It knows nothing of connections, so that a server's own
 * chain, and any bytes that decode, can be looked at as well.
 */
#ifndef WHY_TLS_VERIFICATION_H
#define WHY_TLS_VERIFICATION_H

#include "base/say.h"
#include "whysocket/record.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What an issuer that could not be found most likely means. */
enum why__tls_gap {
    WHY__TLS_GAP_NONE,
    WHY__TLS_GAP_UNTRUSTED,    /* a CA that nobody here trusts */
    WHY__TLS_GAP_INTERMEDIATE, /* a certificate that the peer should have sent */
    WHY__TLS_GAP_OTHER_KEY,    /* one of that name was sent, and its key is another */
    WHY__TLS_GAP_NO_STORE,     /* this machine trusts nobody at all */
};

struct why__tls_verify_error {
    int depth;
    int error;         /* X509_V_ERR_... */
    X509 *certificate; /* at that depth; ours */
};

struct why__tls_verification {
    STACK_OF(X509) * chain; /* as sent, the peer's own first; ours */
    STACK_OF(X509) * built; /* as it was put together; ours */
    struct why__tls_verify_error errors[WHY_TLS_ERRORS_MAX]; /* as they were found */
    uint8_t error_count;
    uint8_t gap; /* enum why__tls_gap */
    bool gap_certain;
    bool name_trusted; /* the store has the missing issuer's name, with another key */
    bool own_trust;    /* set by the caller: a file of CAs is trusted, not the system's store */
    bool is_address;   /* set by the caller: what `name` is */
    bool anchored;     /* the chain as built ends in a trusted certificate */
    const char *name;  /* set by the caller: what was asked for, "" for nothing; borrowed */
    time_t verified_at;
};

/* Verify in one pass, past every error, into `verification`, where the caller has set what is his.
 * returns  1 without an error; else 0, and the store's error is that of a client which stops at the
 *          first */
int why__tls_verify_all(X509_STORE_CTX *store, struct why__tls_verification *verification);
void why__tls_verification_clear(struct why__tls_verification *verification);

/* Verify a chain as a client would that asks for verification->name.
 * chain    the server's own first; a reference to each is taken
 * returns  false if out of memory, or where the chain is empty */
bool why__tls_verify_chain(X509_STORE *trust, STACK_OF(X509) * chain,
                           struct why__tls_verification *verification);

/* chain.c */
void why__tls_chain_find_gap(struct why__tls_verification *verification, X509_STORE_CTX *store);
/* The certificate in which the chain of issuers breaks off; NULL where it does not. Borrowed. */
X509 *why__tls_chain_top(const struct why__tls_verification *verification);

/* certificate.c: text that is safe to show (ASCII, no control characters), cut to what fits,
 * terminated. */
void why__tls_safe_text(const void *data, size_t len, char *out, size_t size);
void why__tls_name_text(const X509_NAME *name, char *out, size_t size);
void why__tls_names_text(X509 *certificate, char *out, size_t size);
void why__tls_key_text(X509 *certificate, char *out, size_t size);
void why__tls_signature_text(X509 *certificate, char *out, size_t size);
/* Where the issuer's certificate can be had (RFC 5280 section 4.2.2.1); "" where it does not say.
 */
void why__tls_issuer_address(X509 *certificate, char *out, size_t size);
int64_t why__tls_time(const ASN1_TIME *time);
bool why__tls_is_self_issued(X509 *certificate);

/* names.c: why a certificate does not name what was asked for.
 * near  set to the name that comes near, "" where none does */
enum why_cause why__tls_name_cause(const struct why__tls_verification *verification,
                                   X509 *certificate, char *near, size_t size);

/* known.c */
/* Whose default certificate it is ("Traefik"); NULL for none that is known.
 * is_address  what was asked for is one */
const char *why__tls_default_certificate(X509 *certificate, bool is_address);
/* What is known to read along under an issuer's name of this kind ("Zscaler"); NULL for none. */
const char *why__tls_interceptor(const STACK_OF(X509) * chain);

/* findings.c */
struct why__tls_finding {
    enum why_cause cause;
    bool likely;
    uint8_t rank;
    int depth;
    int error;         /* X509_V_ERR_..., 0 where OpenSSL has none for it */
    X509 *certificate; /* borrowed; NULL where it is not about one */
};
/* What is wrong, first to mend first; each cause once for each certificate. Returns how many. */
size_t why__tls_findings(const struct why__tls_verification *verification,
                         struct why__tls_finding out[WHY_TLS_ERRORS_MAX]);

/* findings_detail.c: one clause with the facts. */
void why__tls_finding_say(const struct why__tls_verification *verification,
                          const struct why__tls_finding *finding, struct why__say *say);

/* notices.c: bits of enum why_notice, from the certificates alone.
 * trust  to verify again as strictly as RFC 5280 can be read; NULL to leave that out */
uint32_t why__tls_chain_notices(STACK_OF(X509) * chain, X509_STORE *trust, time_t now);
/* ocsp.c: an OCSP response (RFC 6960) to the chain's first certificate, looked at offline. */
enum why_staple why__tls_staple(const uint8_t *response, size_t len, STACK_OF(X509) * chain,
                                X509_STORE *trust);

#endif
