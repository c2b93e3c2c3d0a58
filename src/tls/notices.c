/* SPDX-License-Identifier: MIT
 *
 * What is no failure yet: "works here, will fail in ...".
 */
#include "tls/verification.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SECONDS_PER_DAY ((int64_t)86400)
#define SOON (30 * SECONDS_PER_DAY)
#define LIFETIME_MAX (398 * SECONDS_PER_DAY)
#define MANY_NAMES 1000
#define STAPLE_SKEW_SECONDS 300L /* between the responder's clock and ours */

#define BIT(notice) ((uint32_t)1 << WHY_NOTICE_##notice)

/* ---- The server's own certificate ---- */

static uint32_t look_at_names(X509 *leaf) {
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    uint32_t notices = names == NULL ? BIT(NO_SAN) : 0;
    if (sk_GENERAL_NAME_num(names) > MANY_NAMES) {
        notices |= BIT(MANY_NAMES);
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS) {
            continue;
        }
        const uint8_t *text = ASN1_STRING_get0_data(value);
        size_t len = (size_t)ASN1_STRING_length(value);
        const uint8_t *star = len == 0 ? NULL : memchr(text, '*', len);
        if (star != NULL && (star != text || len < 2 || text[1] != '.')) {
            notices |= BIT(PARTIAL_WILDCARD);
        }
    }
    GENERAL_NAMES_free(names);
    return notices;
}

/* Chrome has neither EdDSA nor P-521 among its signature algorithms. */
static uint32_t look_at_key(X509 *leaf) {
    char key[40];
    why__tls_key_text(leaf, key, sizeof key);
    bool unknown_to_browsers = strcmp(key, "EC P-521") == 0 || strncmp(key, "ED", 2) == 0;
    return unknown_to_browsers ? BIT(BROWSER_KEY) : 0;
}

static uint32_t look_at_dates(X509 *leaf, time_t now) {
    int64_t from = why__tls_time(X509_get0_notBefore(leaf));
    int64_t to = why__tls_time(X509_get0_notAfter(leaf));
    uint32_t notices = 0;
    if (to >= (int64_t)now && to - (int64_t)now <= SOON) {
        notices |= BIT(EXPIRES_SOON);
    }
    /* The CA/Browser Forum counts the last second too. */
    if (to - from >= LIFETIME_MAX + SECONDS_PER_DAY) {
        notices |= BIT(LONG_LIFETIME);
    }
    return notices;
}

/* Weaker than what OpenSSL calls level 2, 112 bits: Debian's default, not everybody's. */
static bool is_weak(X509 *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    int bits = -1;
    bool self_issued = why__tls_is_self_issued(certificate); /* no one checks a root's signature */
    bool signed_weakly = !self_issued &&
                         X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) == 1 &&
                         bits >= 0 && bits < 112;
    return signed_weakly || (key != NULL && EVP_PKEY_get_security_bits(key) < 112);
}

/* ---- The chain as sent ---- */

static bool has_issued(X509 *issuer, X509 *certificate) {
    return X509_check_issued(issuer, certificate) == X509_V_OK;
}

static uint32_t look_at_order(STACK_OF(X509) * chain) {
    uint32_t notices = 0;
    int count = sk_X509_num(chain);
    for (int i = 1; i < count; i++) {
        X509 *certificate = sk_X509_value(chain, i);
        bool is_needed = false, is_twice = false;
        for (int j = 0; j < count; j++) {
            X509 *other = sk_X509_value(chain, j);
            is_needed |= j != i && has_issued(certificate, other);
            is_twice |= j < i && X509_cmp(other, certificate) == 0;
        }
        if (why__tls_is_self_issued(certificate) && is_needed) {
            notices |= BIT(CHAIN_ROOT_SENT);
        }
        if (!is_needed || is_twice) {
            notices |= BIT(CHAIN_SUPERFLUOUS);
        } else if (!has_issued(certificate, sk_X509_value(chain, i - 1))) {
            notices |= BIT(CHAIN_MISORDERED);
        }
    }
    return notices;
}

static uint32_t look_at_issuers(STACK_OF(X509) * chain, time_t now) {
    uint32_t notices = 0;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *certificate = sk_X509_value(chain, i);
        int64_t to = why__tls_time(X509_get0_notAfter(certificate));
        if (is_weak(certificate)) {
            notices |= BIT(WEAK_ELSEWHERE);
        }
        if (i > 0 && to >= (int64_t)now && to - (int64_t)now <= SOON) {
            notices |= BIT(CHAIN_EXPIRES_SOON);
        }
    }
    return notices;
}

/* Would it pass with X509_V_FLAG_X509_STRICT, where it passes without? */
static bool is_strict(X509_STORE *trust, STACK_OF(X509) * chain) {
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    bool strict = true;
    for (int pass = 0; pass < 2 && store != NULL; pass++) {
        if (X509_STORE_CTX_init(store, trust, sk_X509_value(chain, 0), chain) != 1) {
            break;
        }
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
        (void)X509_STORE_CTX_set_default(store, "ssl_server");
        (void)X509_VERIFY_PARAM_clear_flags(param,
                                            X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        if (pass == 1) {
            (void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
        }
        bool passes = X509_verify_cert(store) == 1;
        X509_STORE_CTX_cleanup(store);
        if (!passes) {
            strict = pass == 0; /* without it, it does not even pass here */
            break;
        }
    }
    X509_STORE_CTX_free(store);
    return strict;
}

uint32_t why__tls_chain_notices(STACK_OF(X509) * chain, X509_STORE *trust, time_t now) {
    if (sk_X509_num(chain) <= 0) {
        return 0;
    }
    X509 *leaf = sk_X509_value(chain, 0);
    uint32_t notices = look_at_names(leaf) | look_at_key(leaf) | look_at_dates(leaf, now) |
                       look_at_order(chain) | look_at_issuers(chain, now);
    if (trust != NULL && !is_strict(trust, chain)) {
        notices |= BIT(STRICT);
    }
    ERR_clear_error();
    return notices;
}

/* ---- The staple ---- */

static enum why_staple judge_status(OCSP_BASICRESP *basic, OCSP_CERTID *id) {
    int status = -1, reason = -1;
    ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
    if (OCSP_resp_find_status(basic, id, &status, &reason, &revoked, &from, &to) != 1) {
        return WHY_STAPLE_UNKNOWN; /* it is about another certificate */
    }
    if (OCSP_check_validity(from, to, STAPLE_SKEW_SECONDS, -1L) != 1) {
        return WHY_STAPLE_EXPIRED;
    }
    return status == V_OCSP_CERTSTATUS_REVOKED ? WHY_STAPLE_REVOKED
           : status == V_OCSP_CERTSTATUS_GOOD  ? WHY_STAPLE_GOOD
                                               : WHY_STAPLE_UNKNOWN;
}

/* The issuer: of the chain as sent, or in the store. Ours. */
static X509 *find_issuer(STACK_OF(X509) * chain, X509_STORE *trust) {
    X509 *leaf = sk_X509_value(chain, 0);
    for (int i = 1; i < sk_X509_num(chain); i++) {
        X509 *issuer = sk_X509_value(chain, i);
        if (has_issued(issuer, leaf)) {
            return X509_up_ref(issuer) == 1 ? issuer : NULL;
        }
    }
    X509 *issuer = NULL;
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    if (store != NULL && trust != NULL && X509_STORE_CTX_init(store, trust, leaf, NULL) == 1) {
        (void)X509_STORE_CTX_get1_issuer(&issuer, store, leaf);
    }
    X509_STORE_CTX_free(store);
    return issuer;
}

static enum why_staple judge_basic(OCSP_BASICRESP *basic, STACK_OF(X509) * chain,
                                   X509_STORE *trust) {
    X509 *issuer = find_issuer(chain, trust);
    if (issuer == NULL) {
        return WHY_STAPLE_BAD_SIGNATURE;
    }
    enum why_staple staple = WHY_STAPLE_BAD_SIGNATURE;
    /* The issuer's own signature, or that of a responder which it has delegated, whose certificate
     * comes along; whether the issuer is trusted is told elsewhere. */
    STACK_OF(X509) *issuers = sk_X509_new_null();
    X509_STORE *anchors = X509_STORE_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, sk_X509_value(chain, 0), issuer);
    if (issuers != NULL && anchors != NULL && id != NULL && sk_X509_push(issuers, issuer) > 0 &&
        X509_STORE_add_cert(anchors, issuer) == 1 &&
        X509_STORE_set_flags(anchors, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
        OCSP_basic_verify(basic, issuers, anchors, OCSP_TRUSTOTHER) == 1) {
        staple = judge_status(basic, id);
    }
    OCSP_CERTID_free(id);
    X509_STORE_free(anchors);
    sk_X509_free(issuers);
    X509_free(issuer);
    return staple;
}

enum why_staple why__tls_staple(const uint8_t *response, size_t len, STACK_OF(X509) * chain,
                                X509_STORE *trust) {
    if (response == NULL || len == 0 || sk_X509_num(chain) <= 0) {
        return WHY_STAPLE_NONE;
    }
    const unsigned char *at = response;
    OCSP_RESPONSE *parsed = d2i_OCSP_RESPONSE(NULL, &at, (long)len);
    enum why_staple staple = WHY_STAPLE_ERROR;
    if (parsed != NULL && OCSP_response_status(parsed) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(parsed);
        if (basic != NULL) {
            staple = judge_basic(basic, chain, trust);
        }
        OCSP_BASICRESP_free(basic);
    }
    OCSP_RESPONSE_free(parsed);
    ERR_clear_error();
    return staple;
}
