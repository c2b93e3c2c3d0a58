/* SPDX-License-Identifier: MIT
 *
 * Questions about a server's certificates that only others can answer: where an issuer is that the
 * server did not send (RFC 5280 section 4.2.2.1, caIssuers), and whether the certificates were
 * revoked (RFC 6960). This says what to ask, and what the answers mean; asking is the caller's.
 *
 *     new -> issuer_next -> issuer_take, until there is no next -> status_next -> status_take,
 *     until there is no next -> report
 */
#ifndef WHY_TLS_CONSULT_H
#define WHY_TLS_CONSULT_H

#include "whysocket/bytes.h"
#include "whysocket/host.h"
#include "whysocket/record.h"
#include "whysocket/result.h"
#include "whysocket/tls_config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__CONSULT_ADDRESS_MAX 512 /* of a URL in a certificate; longer ones are not asked */
#define WHY__CONSULT_ISSUER_LEN_MAX ((size_t)1024 * 1024) /* of an answer */
#define WHY__CONSULT_STATUS_LEN_MAX ((size_t)64 * 1024)
#define WHY__CONSULT_FETCHES_MAX 6
#define WHY__CONSULT_HOPS_MAX 4   /* issuers above each other */
#define WHY__CONSULT_STATUS_MAX 3 /* certificates that are asked about */

/* ---- Issuers ---- */

/* Where the search ended. X(name, id); the ids are those of docs/check.schema.json. */
#define WHY__ISSUERS_MAP(X)                                                                        \
    X(UNDECIDED, "undecided")   /* there is more to ask */                                         \
    X(NOT_NEEDED, "not_needed") /* the chain as sent is whole */                                   \
    X(COMPLETE, "complete")     /* with what was fetched it is */                                  \
    X(UNTRUSTED, "untrusted")   /* it ends at a root, and that is not trusted here */              \
    X(NO_ADDRESS, "no_address") /* the certificate names none that can be asked */                 \
    X(NOT_FOUND, "not_found")   /* what came from there is not the issuer, or nothing came */      \
    X(TOO_LONG, "too_long")     /* and so it went on */

enum why__issuers_outcome {
#define X(name, id) WHY__ISSUERS_##name,
    WHY__ISSUERS_MAP(X)
#undef X
};

const char *why__issuers_outcome_id(enum why__issuers_outcome outcome);

/* What came from one address. */
#define WHY__ISSUER_MAP(X)                                                                         \
    X(FOUND, "found")                                                                              \
    X(OTHER, "other")         /* certificates, none of which has signed */                         \
    X(MALFORMED, "malformed") /* no certificate, in none of the three forms */                     \
    X(UNREACHABLE, "unreachable")

enum why__issuer_result {
#define X(name, id) WHY__ISSUER_##name,
    WHY__ISSUER_MAP(X)
#undef X
};

const char *why__issuer_result_id(enum why__issuer_result result);

/* How certificates travel (RFC 5280 section 4.2.2.1 has the first two; the third is common). */
#define WHY__ISSUER_FORM_MAP(X)                                                                    \
    X(NONE, "none")                                                                                \
    X(DER, "der")                                                                                  \
    X(PKCS7, "pkcs7")                                                                              \
    X(PEM, "pem")

enum why__issuer_form {
#define X(name, id) WHY__ISSUER_FORM_##name,
    WHY__ISSUER_FORM_MAP(X)
#undef X
};

const char *why__issuer_form_id(enum why__issuer_form form);

struct why__issuer_fetch {
    char address[WHY__CONSULT_ADDRESS_MAX + 1];
    char wanted[128];  /* whose certificate it should be, RFC 2253 */
    char subject[128]; /* OTHER: the first that came */
    enum why__issuer_result result;
    enum why__issuer_form form;
    bool used; /* COMPLETE: it is part of the chain, and to be added to what the server sends */
};

struct why__issuers {
    enum why__issuers_outcome outcome;
    char missing[128]; /* the first that was not sent; "" where nothing is missing */
    char end[128];     /* COMPLETE: the trusted certificate; UNTRUSTED: the root; else whose issuer
                        * was not found */
    size_t fetch_count;
    struct why__issuer_fetch fetches[WHY__CONSULT_FETCHES_MAX];
    /* COMPLETE: what is wrong with the chain even so, first to mend first. */
    size_t left_count;
    struct why_tls_verify_error left[WHY_TLS_ERRORS_MAX];
};

struct why__consult;

/* chain    as the server sent it, its own first, each in DER; borrowed for the call
 * returns  WHY_OK; WHY_ERR_ARGUMENT (it is empty, or no certificates), WHY_ERR_CONFIG (the CA file
 *          cannot be used), WHY_ERR_NOMEM */
WHY_MUST_USE int why__consult_new(const struct why_host *host, const struct why_tls_config *config,
                                  const char *server_name, const struct why_bytes *chain,
                                  size_t count, struct why__consult **out);
void why__consult_free(struct why__consult *consult);

/* The http address to fetch an issuer from, to be answered with why__consult_issuer_take(); NULL:
 * the search is over. Safe to show: ASCII, no control characters, no space. */
const char *why__consult_issuer_next(struct why__consult *consult);
/* answer  empty: nothing came */
void why__consult_issuer_take(struct why__consult *consult, struct why_bytes answer);
const struct why__issuers *why__consult_issuers(const struct why__consult *consult);

/* ---- Revocation ---- */

/* What came of asking. X(name, id); the ids are those of docs/check.schema.json. */
#define WHY__OCSP_MAP(X)                                                                           \
    X(NOT_ASKED, "not_asked")                                                                      \
    X(GOOD, "good")                                                                                \
    X(REVOKED, "revoked")                                                                          \
    X(UNKNOWN, "unknown")             /* to the responder, which is the right one */               \
    X(STALE, "stale")                 /* it was true once; its time is over */                     \
    X(NOT_YET, "not_yet")             /* it is of the future: one of the two clocks is wrong */    \
    X(OTHER, "other_certificate")     /* it is about another certificate */                        \
    X(BAD_SIGNATURE, "bad_signature") /* not signed by who may speak for the issuer */             \
    X(BAD_NONCE, "bad_nonce")         /* it answers another question: a replay */                  \
    X(REFUSED, "refused")             /* the responder's own error */                              \
    X(MALFORMED, "malformed")         /* no OCSP response at all */                                \
    X(UNREACHABLE, "unreachable")                                                                  \
    X(NO_RESPONDER, "no_responder") /* the certificate names none that can be asked */             \
    X(NO_ISSUER, "no_issuer")       /* without the issuer's key no question can be put */

enum why__ocsp_status {
#define X(name, id) WHY__OCSP_##name,
    WHY__OCSP_MAP(X)
#undef X
};

const char *why__ocsp_status_id(enum why__ocsp_status status);

struct why__ocsp_answer {
    enum why__ocsp_status status;
    bool has_nonce;      /* the question's came back */
    int64_t this_update; /* seconds since 1970; 0: not said */
    int64_t next_update;
    int64_t revoked_at; /* 0: not revoked; it can be told with STALE, too */
    char reason[32];    /* of a revocation: "keyCompromise"; REFUSED: "tryLater"; "" not said */
    char signer[128];   /* who signed it, RFC 2253; "" before that is verified */
};

struct why__standing {
    int depth;
    char subject[128];
    char address[WHY__CONSULT_ADDRESS_MAX + 1];
    struct why__ocsp_answer answer;
};

struct why__standings {
    size_t count;
    struct why__standing list[WHY__CONSULT_STATUS_MAX];
};

/* The next responder to ask, by POST (RFC 6960 appendix A.1), to be answered with
 * why__consult_status_take(). The server's own certificate is the first, then those above it that
 * name a responder.
 *
 * question  the body; borrowed until the answer is taken
 * returns   the http address; NULL: there is no other */
const char *why__consult_status_next(struct why__consult *consult, struct why_bytes *question);
/* answer  empty: nothing came */
void why__consult_status_take(struct why__consult *consult, struct why_bytes answer);
const struct why__standings *why__consult_standings(const struct why__consult *consult);

/* Write what came of it into the record of the connection: where the missing issuer is, and whether
 * it was that; a certificate that was revoked.
 *
 * all_was_well  the connection did not fail: a revoked certificate is why it should have */
void why__consult_report(const struct why__consult *consult, bool all_was_well,
                         struct why_record *record);

#endif
