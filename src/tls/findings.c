/* SPDX-License-Identifier: MIT
 *
 * From OpenSSL's verification errors to causes: what each means for this very chain, and which is
 * to be mended first.
 */
#include "tls/verification.h"

#include <openssl/x509v3.h>
#include <string.h>

/* What to mend first: a certificate that is not the server's own to begin with; then, as no other
 * mend helps it, a chain that is not trusted. A date comes last, as the certificate that takes its
 * place has a new one. */
enum rank {
    RANK_WHOSE,
    RANK_TRUST,
    RANK_SIGNATURE,
    RANK_STRUCTURE,
    RANK_STRENGTH,
    RANK_NAME,
    RANK_REVOKED,
    RANK_DATE,
};

static const struct {
    int error;
    enum why_cause cause;
    enum rank rank;
} verify_causes[] = {
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, WHY_CAUSE_TLS_CERT_SELF_SIGNED, RANK_TRUST},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT, RANK_TRUST},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_CERT_UNTRUSTED, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_CERT_REJECTED, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, WHY_CAUSE_TLS_CERT_BAD_SIGNATURE, RANK_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, WHY_CAUSE_TLS_CERT_BAD_SIGNATURE, RANK_SIGNATURE},
    {X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, WHY_CAUSE_TLS_CERT_BAD_SIGNATURE, RANK_SIGNATURE},
    {X509_V_ERR_INVALID_PURPOSE, WHY_CAUSE_TLS_CERT_WRONG_PURPOSE, RANK_STRUCTURE},
    {X509_V_ERR_INVALID_CA, WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA, RANK_STRUCTURE},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA, RANK_STRUCTURE},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, WHY_CAUSE_TLS_CERT_PATH_LENGTH, RANK_STRUCTURE},
    {X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, WHY_CAUSE_TLS_CERT_PATH_LENGTH, RANK_STRUCTURE},
    {X509_V_ERR_PERMITTED_VIOLATION, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS, RANK_STRUCTURE},
    {X509_V_ERR_EXCLUDED_VIOLATION, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS, RANK_STRUCTURE},
    {X509_V_ERR_SUBTREE_MINMAX, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS, RANK_STRUCTURE},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS, RANK_STRUCTURE},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS, RANK_STRUCTURE},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS, RANK_STRUCTURE},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, WHY_CAUSE_TLS_CERT_UNKNOWN_CRITICAL, RANK_STRUCTURE},
    {X509_V_ERR_EE_KEY_TOO_SMALL, WHY_CAUSE_TLS_CERT_WEAK_KEY, RANK_STRENGTH},
    {X509_V_ERR_CA_KEY_TOO_SMALL, WHY_CAUSE_TLS_CERT_WEAK_KEY, RANK_STRENGTH},
    {X509_V_ERR_CA_MD_TOO_WEAK, WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE, RANK_STRENGTH},
    {X509_V_ERR_HOSTNAME_MISMATCH, WHY_CAUSE_TLS_CERT_NAME_MISMATCH, RANK_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, WHY_CAUSE_TLS_CERT_NAME_MISMATCH, RANK_NAME},
    {X509_V_ERR_CERT_REVOKED, WHY_CAUSE_TLS_CERT_REVOKED, RANK_REVOKED},
    {X509_V_ERR_UNABLE_TO_GET_CRL, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_CRL_NOT_YET_VALID, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_CRL_HAS_EXPIRED, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, WHY_CAUSE_TLS_CERT_NO_CRL, RANK_REVOKED},
    {X509_V_ERR_CERT_NOT_YET_VALID, WHY_CAUSE_TLS_CERT_NOT_YET_VALID, RANK_DATE},
    {X509_V_ERR_CERT_HAS_EXPIRED, WHY_CAUSE_TLS_CERT_EXPIRED, RANK_DATE},
    {X509_V_ERR_OUT_OF_MEM, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, RANK_WHOSE},
};

/* The issuer could not be found. */
static void judge_gap(const struct why__tls_verification *verification,
                      struct why__tls_finding *finding) {
    finding->likely = !verification->gap_certain;
    switch ((enum why__tls_gap)verification->gap) {
    case WHY__TLS_GAP_INTERMEDIATE:
        finding->cause = WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE;
        for (int i = 0; i < sk_X509_num(verification->chain); i++) {
            X509 *sent = sk_X509_value(verification->chain, i);
            if (X509_cmp(sent, finding->certificate) != 0 && X509_check_ca(sent) != 0 &&
                finding->depth == 0) {
                finding->cause = WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE;
            }
        }
        return;
    case WHY__TLS_GAP_OTHER_KEY:
        finding->cause = WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE;
        return;
    case WHY__TLS_GAP_NO_STORE:
        finding->cause = WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE;
        return;
    case WHY__TLS_GAP_NONE:
        finding->likely = false;
        return;
    case WHY__TLS_GAP_UNTRUSTED:
        return;
    }
}

/* A signature that does not fit is either damaged, or of another key under the same name. */
static void judge_signature(const struct why__tls_verification *verification,
                            struct why__tls_finding *finding) {
    X509 *certificate = finding->certificate;
    int depth = finding->depth;
    X509 *issuer = depth + 1 < sk_X509_num(verification->built)
                       ? sk_X509_value(verification->built, depth + 1)
                       : certificate;
    int key_nid = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(certificate), NULL, &key_nid) != 1) {
        return;
    }
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    int kind = key == NULL ? NID_undef : EVP_PKEY_get_base_id(key);
    bool same_kind = kind == NID_undef || key_nid == NID_undef || key_nid == kind ||
                     (key_nid == EVP_PKEY_RSA_PSS && kind == EVP_PKEY_RSA);
    if (!same_kind) {
        finding->cause = WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE;
        return;
    }
    /* Key identifiers that are there agree, or OpenSSL would not have taken this issuer. */
    finding->likely = X509_get0_authority_key_id(certificate) == NULL && issuer != certificate;
}

static struct why__tls_finding judge_error(const struct why__tls_verification *verification,
                                           const struct why__tls_verify_error *error) {
    struct why__tls_finding finding = {
        .cause = WHY_CAUSE_TLS_CERT_INVALID,
        .rank = RANK_STRUCTURE,
        .depth = error->depth,
        .error = error->error,
        .certificate = error->certificate,
    };
    for (size_t i = 0; i < sizeof verify_causes / sizeof verify_causes[0]; i++) {
        if (verify_causes[i].error == error->error) {
            finding.cause = verify_causes[i].cause;
            finding.rank = (uint8_t)verify_causes[i].rank;
        }
    }
    if (finding.certificate == NULL) {
        return finding;
    }
    char near[8];
    switch ((int)finding.cause) {
    case WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA:
        judge_gap(verification, &finding);
        break;
    case WHY_CAUSE_TLS_CERT_BAD_SIGNATURE:
        judge_signature(verification, &finding);
        break;
    case WHY_CAUSE_TLS_CERT_WRONG_PURPOSE:
        /* OpenSSL says the same of an issuer that is no CA at all. */
        if (finding.depth > 0 && X509_check_ca(finding.certificate) == 0) {
            finding.cause = WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA;
        }
        break;
    case WHY_CAUSE_TLS_CERT_NAME_MISMATCH:
        finding.cause = why__tls_name_cause(verification, finding.certificate, near, sizeof near);
        break;
    default:
        break;
    }
    return finding;
}

/* Add it behind those that are to be mended first; no cause twice for the same certificate. */
static size_t add(struct why__tls_finding *findings, size_t count,
                  const struct why__tls_finding *finding) {
    for (size_t i = 0; i < count; i++) {
        if (findings[i].cause == finding->cause && findings[i].depth == finding->depth) {
            return count;
        }
    }
    if (count == WHY_TLS_ERRORS_MAX) {
        return count;
    }
    size_t at = count;
    for (; at > 0 && findings[at - 1].rank > finding->rank; at--) {
        findings[at] = findings[at - 1];
    }
    findings[at] = *finding;
    return count + 1;
}

static bool is_about_trust(const struct why__tls_finding *finding) {
    return finding->rank == RANK_TRUST && finding->cause != WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE;
}

/* What the errors come from, where the certificates say so themselves. */
static size_t add_origin(const struct why__tls_verification *verification,
                         struct why__tls_finding *findings, size_t count) {
    X509 *leaf =
        sk_X509_num(verification->chain) > 0 ? sk_X509_value(verification->chain, 0) : NULL;
    bool about_trust = false, about_name = false;
    for (size_t i = 0; i < count; i++) {
        about_trust |= is_about_trust(&findings[i]);
        about_name |= findings[i].rank == RANK_NAME;
    }
    struct why__tls_finding origin = {.rank = RANK_WHOSE, .certificate = leaf};
    if (leaf == NULL) {
        return count;
    }
    if (about_trust && why__tls_interceptor(verification->chain) != NULL) {
        origin.cause = WHY_CAUSE_TLS_INTERCEPTED;
        origin.likely = true;
        return add(findings, count, &origin);
    }
    if (about_name && why__tls_default_certificate(leaf, verification->is_address) != NULL) {
        origin.cause = WHY_CAUSE_TLS_CERT_DEFAULT;
        return add(findings, count, &origin);
    }
    return count;
}

size_t why__tls_findings(const struct why__tls_verification *verification,
                         struct why__tls_finding out[WHY_TLS_ERRORS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < verification->error_count; i++) {
        struct why__tls_finding finding = judge_error(verification, &verification->errors[i]);
        count = add(out, count, &finding);
    }
    return add_origin(verification, out, count);
}
