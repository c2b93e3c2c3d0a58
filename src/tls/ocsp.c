/* SPDX-License-Identifier: MIT
 *
 * OCSP on OpenSSL: questions, answers, and the staple, which is an answer without a question.
 */
#include "tls/ocsp.h"

#include "tls/verification.h"

#include <openssl/err.h>
#include <stdio.h>

#define SKEW_SECONDS 300 /* between the responder's clock and ours */

const char *why__ocsp_status_id(enum why__ocsp_status status) {
    switch (status) {
#define X(name, id)                                                                                \
    case WHY__OCSP_##name:                                                                         \
        return id;
        WHY__OCSP_MAP(X)
#undef X
    }
    return "";
}

OCSP_REQUEST *why__ocsp_question(X509 *certificate, X509 *issuer) {
    OCSP_REQUEST *question = OCSP_REQUEST_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certificate, issuer); /* SHA-1: what all understand */
    if (question == NULL || id == NULL || OCSP_request_add0_id(question, id) == NULL) {
        OCSP_CERTID_free(id);
        OCSP_REQUEST_free(question);
        return NULL;
    }
    if (OCSP_request_add1_nonce(question, NULL, -1) != 1) {
        OCSP_REQUEST_free(question);
        return NULL;
    }
    return question;
}

static int64_t read_time(const ASN1_GENERALIZEDTIME *time) {
    return time == NULL ? 0 : why__tls_time(time);
}

/* Without an end, newer knowledge is to be had at any time (RFC 6960 section 4.2.2.1), and this is
 * as good as any. */
static enum why__ocsp_status judge_dates(const struct why__ocsp_answer *answer, time_t now) {
    if (answer->this_update > (int64_t)now + SKEW_SECONDS) {
        return WHY__OCSP_NOT_YET;
    }
    bool has_ended =
        answer->next_update != 0 && (answer->next_update < (int64_t)now - SKEW_SECONDS ||
                                     answer->next_update < answer->this_update);
    return has_ended ? WHY__OCSP_STALE : WHY__OCSP_GOOD;
}

/* CRLReason by its own name (RFC 5280 section 5.3.1); "" where it is left out, or unknown. */
static const char *reason_name(int reason) {
    static const char *const names[] = {
        [OCSP_REVOKED_STATUS_KEYCOMPROMISE] = "keyCompromise",
        [OCSP_REVOKED_STATUS_CACOMPROMISE] = "cACompromise",
        [OCSP_REVOKED_STATUS_AFFILIATIONCHANGED] = "affiliationChanged",
        [OCSP_REVOKED_STATUS_SUPERSEDED] = "superseded",
        [OCSP_REVOKED_STATUS_CESSATIONOFOPERATION] = "cessationOfOperation",
        [OCSP_REVOKED_STATUS_CERTIFICATEHOLD] = "certificateHold",
        [OCSP_REVOKED_STATUS_REMOVEFROMCRL] = "removeFromCRL",
        [9] = "privilegeWithdrawn",
        [10] = "aACompromise",
    };
    bool is_known = reason >= 0 && reason < (int)(sizeof names / sizeof names[0]);
    return is_known && names[reason] != NULL ? names[reason] : "";
}

static void judge_status(OCSP_BASICRESP *basic, OCSP_CERTID *id, time_t now,
                         struct why__ocsp_answer *answer) {
    int status = -1, reason = -1;
    ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
    if (OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &from, &to) != 1) {
        answer->status = WHY__OCSP_OTHER;
        return;
    }
    answer->this_update = read_time(from);
    answer->next_update = read_time(to);
    if (status == V_OCSP_CERTSTATUS_REVOKED) {
        answer->revoked_at = read_time(revoked);
        (void)snprintf(answer->reason, sizeof answer->reason, "%s", reason_name(reason));
    }
    answer->status = judge_dates(answer, now);
    if (answer->status == WHY__OCSP_GOOD && status != V_OCSP_CERTSTATUS_GOOD) {
        answer->status =
            status == V_OCSP_CERTSTATUS_REVOKED ? WHY__OCSP_REVOKED : WHY__OCSP_UNKNOWN;
    }
}

/* The issuer's own signature, or that of a responder which it has delegated, whose certificate
 * comes along; whether the issuer is trusted is told elsewhere. */
static bool is_signed(OCSP_BASICRESP *basic, X509 *issuer) {
    STACK_OF(X509) *issuers = sk_X509_new_null();
    X509_STORE *anchors = X509_STORE_new();
    bool is_good = issuers != NULL && anchors != NULL && sk_X509_push(issuers, issuer) > 0 &&
                   X509_STORE_add_cert(anchors, issuer) == 1 &&
                   X509_STORE_set_flags(anchors, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
                   OCSP_basic_verify(basic, issuers, anchors, OCSP_TRUSTOTHER) == 1;
    X509_STORE_free(anchors);
    sk_X509_free(issuers);
    return is_good;
}

static void name_signer(OCSP_BASICRESP *basic, X509 *issuer, struct why__ocsp_answer *answer) {
    STACK_OF(X509) *issuers = sk_X509_new_null();
    X509 *signer = NULL;
    if (issuers != NULL && sk_X509_push(issuers, issuer) > 0 &&
        OCSP_resp_get0_signer(basic, &signer, issuers) == 1) {
        why__tls_name_text(X509_get_subject_name(signer), answer->signer, sizeof answer->signer);
    }
    sk_X509_free(issuers);
}

static void read_basic(OCSP_BASICRESP *basic, OCSP_REQUEST *question, X509 *certificate,
                       X509 *issuer, time_t now, struct why__ocsp_answer *answer) {
    answer->status = WHY__OCSP_BAD_SIGNATURE;
    if (issuer == NULL || !is_signed(basic, issuer)) {
        return;
    }
    name_signer(basic, issuer, answer);
    if (question != NULL) {
        /* 0: there are two, and they differ; below: this responder repeats none. */
        int nonce = OCSP_check_nonce(question, basic);
        answer->has_nonce = nonce == 1;
        if (nonce == 0) {
            answer->status = WHY__OCSP_BAD_NONCE;
            return;
        }
    }
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certificate, issuer);
    if (id != NULL) {
        judge_status(basic, id, now, answer);
    }
    OCSP_CERTID_free(id);
}

/* RFC 6960 section 4.2.1, by its own names. */
static const char *refusal_name(int status) {
    switch (status) {
    case OCSP_RESPONSE_STATUS_MALFORMEDREQUEST:
        return "malformedRequest";
    case OCSP_RESPONSE_STATUS_INTERNALERROR:
        return "internalError";
    case OCSP_RESPONSE_STATUS_TRYLATER:
        return "tryLater";
    case OCSP_RESPONSE_STATUS_SIGREQUIRED:
        return "sigRequired";
    case OCSP_RESPONSE_STATUS_UNAUTHORIZED:
        return "unauthorized";
    default:
        return "";
    }
}

void why__ocsp_read(struct why_bytes response, OCSP_REQUEST *question, X509 *certificate,
                    X509 *issuer, time_t now, struct why__ocsp_answer *answer) {
    *answer = (struct why__ocsp_answer){.status = WHY__OCSP_MALFORMED};
    const unsigned char *at = response.data;
    OCSP_RESPONSE *parsed =
        response.len == 0 ? NULL : d2i_OCSP_RESPONSE(NULL, &at, (long)response.len);
    int status = parsed == NULL ? -1 : OCSP_response_status(parsed);
    if (status == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(parsed);
        if (basic != NULL) {
            read_basic(basic, question, certificate, issuer, now, answer);
        }
        OCSP_BASICRESP_free(basic);
    } else if (status >= 0) {
        answer->status = WHY__OCSP_REFUSED;
        (void)snprintf(answer->reason, sizeof answer->reason, "%s", refusal_name(status));
    }
    OCSP_RESPONSE_free(parsed);
    ERR_clear_error();
}

X509 *why__ocsp_issuer(X509 *certificate, STACK_OF(X509) * chain, X509_STORE *trust) {
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *issuer = sk_X509_value(chain, i);
        if (X509_cmp(issuer, certificate) != 0 &&
            X509_check_issued(issuer, certificate) == X509_V_OK) {
            return X509_up_ref(issuer) == 1 ? issuer : NULL;
        }
    }
    X509 *issuer = NULL;
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    if (store != NULL && trust != NULL &&
        X509_STORE_CTX_init(store, trust, certificate, NULL) == 1) {
        (void)X509_STORE_CTX_get1_issuer(&issuer, store, certificate);
    }
    X509_STORE_CTX_free(store);
    return issuer;
}

static enum why_staple staple_of(enum why__ocsp_status status) {
    switch (status) {
    case WHY__OCSP_GOOD:
        return WHY_STAPLE_GOOD;
    case WHY__OCSP_REVOKED:
        return WHY_STAPLE_REVOKED;
    case WHY__OCSP_UNKNOWN:
    case WHY__OCSP_OTHER:
        return WHY_STAPLE_UNKNOWN;
    case WHY__OCSP_STALE:
    case WHY__OCSP_NOT_YET:
        return WHY_STAPLE_EXPIRED;
    case WHY__OCSP_BAD_SIGNATURE:
        return WHY_STAPLE_BAD_SIGNATURE;
    case WHY__OCSP_NOT_ASKED:
    case WHY__OCSP_BAD_NONCE:
    case WHY__OCSP_REFUSED:
    case WHY__OCSP_MALFORMED:
    case WHY__OCSP_UNREACHABLE:
    case WHY__OCSP_NO_RESPONDER:
    case WHY__OCSP_NO_ISSUER:
        break;
    }
    return WHY_STAPLE_ERROR;
}

enum why_staple why__tls_staple(const uint8_t *response, size_t len, STACK_OF(X509) * chain,
                                X509_STORE *trust) {
    if (response == NULL || len == 0 || sk_X509_num(chain) <= 0) {
        return WHY_STAPLE_NONE;
    }
    X509 *leaf = sk_X509_value(chain, 0);
    X509 *issuer = why__ocsp_issuer(leaf, chain, trust);
    struct why__ocsp_answer answer;
    why__ocsp_read((struct why_bytes){response, len}, NULL, leaf, issuer, time(NULL), &answer);
    X509_free(issuer);
    return staple_of(answer.status);
}
