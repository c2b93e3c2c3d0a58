/* SPDX-License-Identifier: MIT
 *
 * What is no failure yet: "works here, will fail in ...".
 */
#include "tls/verification.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SECONDS_PER_DAY ((int64_t)86400)
#define SOON (30 * SECONDS_PER_DAY)
#define LIFETIME_MAX (398 * SECONDS_PER_DAY)
#define MANY_NAMES 1000

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
