/* SPDX-License-Identifier: MIT
 *
 * One pass of X509_verify_cert() that goes on past every error.
 */
#include "tls/verification.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* Where X509_STORE_CTX keeps a pointer for us: its slot for applications, which libssl leaves
 * alone (it uses another). */
static struct why__tls_verification *verification_of(X509_STORE_CTX *store) {
    return X509_STORE_CTX_get_app_data(store);
}

static bool is_known(const struct why__tls_verification *verification, int depth, int error) {
    for (size_t i = 0; i < verification->error_count; i++) {
        if (verification->errors[i].depth == depth && verification->errors[i].error == error) {
            return true;
        }
    }
    return false;
}

static void append(struct why__tls_verification *verification, int depth, int error,
                   X509 *certificate) {
    if (verification->error_count == WHY_TLS_ERRORS_MAX || is_known(verification, depth, error)) {
        return;
    }
    if (certificate != NULL && X509_up_ref(certificate) != 1) {
        certificate = NULL;
    }
    verification->errors[verification->error_count++] =
        (struct why__tls_verify_error){depth, error, certificate};
}

static void keep_error(struct why__tls_verification *verification, X509_STORE_CTX *store) {
    append(verification, X509_STORE_CTX_get_error_depth(store), X509_STORE_CTX_get_error(store),
           X509_STORE_CTX_get_current_cert(store));
}

/* Issuers are looked up in revocation lists where there is one; only the peer's own certificate
 * fails where there is none. */
static bool is_list_of_issuer_missing(X509_STORE_CTX *store) {
    return X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_CRL &&
           X509_STORE_CTX_get_error_depth(store) > 0;
}

/* Called for each error and each good certificate; 1 goes on to look for more. */
static int collect(int good, X509_STORE_CTX *store) {
    if (good != 1 && !is_list_of_issuer_missing(store)) {
        keep_error(verification_of(store), store);
    }
    return 1;
}

/* OpenSSL does not look at how the last certificate of a chain is signed, as that is a root. Where
 * the chain breaks off it is not. */
static void check_last_signature(struct why__tls_verification *verification,
                                 X509_STORE_CTX *store) {
    static const int least_bits[] = {0, 80, 112, 128, 192, 256}; /* of OpenSSL's levels */
    int level = X509_VERIFY_PARAM_get_auth_level(X509_STORE_CTX_get0_param(store));
    X509 *top = why__tls_chain_top(verification);
    int bits = -1, last = sk_X509_num(X509_STORE_CTX_get0_chain(store)) - 1;
    if (top == NULL || last < 0 || level < 1 || level > 5 || why__tls_is_self_issued(top) ||
        X509_get_signature_info(top, NULL, NULL, &bits, NULL) != 1) {
        return;
    }
    if (bits >= 0 && bits < least_bits[level]) {
        append(verification, last, X509_V_ERR_CA_MD_TOO_WEAK, top);
    }
}

/* Is the last of the chain as built one that the store has? */
static bool is_anchored(X509_STORE_CTX *store) {
    const STACK_OF(X509) *built = X509_STORE_CTX_get0_chain(store);
    int count = sk_X509_num(built);
    if (count <= 0) {
        return false;
    }
    X509 *last = sk_X509_value(built, count - 1);
    STACK_OF(X509) *same = X509_STORE_CTX_get1_certs(store, X509_get_subject_name(last));
    bool found = false;
    for (int i = 0; i < sk_X509_num(same); i++) {
        found |= X509_cmp(sk_X509_value(same, i), last) == 0;
    }
    sk_X509_pop_free(same, X509_free);
    return found;
}

int why__tls_verify_all(X509_STORE_CTX *store, struct why__tls_verification *verification) {
    why__tls_verification_clear(verification);
    verification->chain = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store));
    verification->verified_at = time(NULL);
    X509_STORE_CTX_set_app_data(store, verification);
    X509_STORE_CTX_set_verify_cb(store, collect);
    int verified = X509_verify_cert(store);
    if (verified != 1 && verification->error_count == 0) {
        keep_error(verification, store); /* it could not even begin */
    }
    if (verified == 1 && verification->error_count == 0) {
        X509_STORE_CTX_set_error(store, X509_V_OK); /* whatever was let pass */
    }
    if (X509_STORE_CTX_get0_chain(store) != NULL) {
        verification->built = X509_chain_up_ref(X509_STORE_CTX_get0_chain(store));
        verification->anchored = is_anchored(store);
    }
    if (verification->error_count > 0) {
        why__tls_chain_find_gap(verification, store);
        check_last_signature(verification, store);
        X509_STORE_CTX_set_error(store, verification->errors[0].error);
        X509_STORE_CTX_set_error_depth(store, verification->errors[0].depth);
        verified = 0;
    }
    X509_STORE_CTX_set_app_data(store, NULL);
    return verified;
}

void why__tls_verification_clear(struct why__tls_verification *verification) {
    for (size_t i = 0; i < verification->error_count; i++) {
        X509_free(verification->errors[i].certificate);
    }
    sk_X509_pop_free(verification->chain, X509_free);
    sk_X509_pop_free(verification->built, X509_free);
    *verification = (struct why__tls_verification){
        .own_trust = verification->own_trust,
        .is_address = verification->is_address,
        .name = verification->name,
    };
}

bool why__tls_verify_chain(X509_STORE *trust, STACK_OF(X509) * chain,
                           struct why__tls_verification *verification) {
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    bool ready = store != NULL && sk_X509_num(chain) > 0 &&
                 X509_STORE_CTX_init(store, trust, sk_X509_value(chain, 0), chain) == 1 &&
                 X509_STORE_CTX_set_default(store, "ssl_server") == 1;
    if (ready) {
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);
        X509_VERIFY_PARAM_set_auth_level(param, 2);
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        const char *name = verification->name == NULL ? "" : verification->name;
        if (name[0] != '\0' && verification->is_address) {
            ready = X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
        } else if (name[0] != '\0') {
            ready = X509_VERIFY_PARAM_set1_host(param, name, 0) == 1;
        }
    }
    if (ready) {
        (void)why__tls_verify_all(store, verification);
    }
    X509_STORE_CTX_free(store);
    ERR_clear_error();
    return ready;
}
