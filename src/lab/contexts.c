/* SPDX-License-Identifier: MIT */
#include "lab/contexts.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

bool lab_contexts_init(struct lab_contexts *contexts) {
    contexts->first = NULL;
    contexts->count = 0;
    return pthread_mutex_init(&contexts->lock, NULL) == 0 && lab_certs_init(&contexts->certs);
}

static void context_free(struct lab_context *context) {
    SSL_CTX_free(context->ssl);
    lab_identity_clear(&context->identity);
    free(context);
}

void lab_contexts_clear(struct lab_contexts *contexts) {
    while (contexts->first != NULL) {
        struct lab_context *context = contexts->first;
        contexts->first = context->next;
        context_free(context);
    }
    lab_certs_clear(&contexts->certs);
    pthread_mutex_destroy(&contexts->lock);
}

/* ---- Callbacks ---- */

static int send_staple(SSL *ssl, void *argument) {
    const struct lab_identity *identity = argument;
    unsigned char *copy = OPENSSL_memdup(identity->staple, (size_t)identity->staple_len);
    if (copy == NULL) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, identity->staple_len);
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 7301 section 3.2: as a server does that speaks one protocol. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned offered_len, void *argument) {
    (void)ssl;
    const char *wanted = argument;
    size_t len = strlen(wanted);
    for (unsigned at = 0; at < offered_len; at += 1u + offered[at]) {
        if (offered[at] == len && offered_len - at > len &&
            memcmp(offered + at + 1, wanted, len) == 0) {
            *out = offered + at + 1;
            *out_len = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int warn_of_name(SSL *ssl, int *alert, void *argument) {
    (void)ssl;
    (void)argument;
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_WARNING;
}

/* ---- Settings ---- */

/* The group of 1024 bits that everybody had: RFC 2409 section 6.2. */
static EVP_PKEY *dh1024_new(void) {
    EVP_PKEY *group = NULL;
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *prime = BN_get_rfc2409_prime_1024(NULL);
    BIGNUM *generator = BN_new();
    if (context != NULL && builder != NULL && prime != NULL && generator != NULL &&
        BN_set_word(generator, DH_GENERATOR_2) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_P, prime) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_FFC_G, generator) == 1 &&
        (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
        EVP_PKEY_fromdata_init(context) == 1) {
        (void)EVP_PKEY_fromdata(context, &group, EVP_PKEY_KEY_PARAMETERS, parameters);
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(generator);
    BN_free(prime);
    EVP_PKEY_CTX_free(context);
    return group;
}

static bool set_dh(SSL_CTX *ssl, int bits) {
    if (bits != 1024) {
        return SSL_CTX_set_dh_auto(ssl, 1) == 1; /* 2048, as the key of the certificate */
    }
    EVP_PKEY *group = dh1024_new();
    if (group == NULL || SSL_CTX_set0_tmp_dh_pkey(ssl, group) != 1) {
        EVP_PKEY_free(group);
        return false;
    }
    return true;
}

static bool ask_for_client_certs(SSL_CTX *ssl, const struct lab_certs *certs, bool required) {
    X509 *ca = certs->authorities[LAB_CA_CLIENTS].x509;
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       NULL);
    return SSL_CTX_add_client_CA(ssl, ca) == 1 &&
           X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), ca) == 1;
}

static bool set_tls(SSL_CTX *ssl, const struct lab_tls *tls, const struct lab_certs *certs) {
    static char http11[] = "http/1.1";
    static char h2[] = "h2";
    SSL_CTX_set_security_level(ssl, 0); /* the client is who has to mind */
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, tls->h2_only ? h2 : http11);
    if (tls->name_warning) {
        SSL_CTX_set_tlsext_servername_callback(ssl, warn_of_name);
    }
    int min = tls->version_min != 0 ? tls->version_min : TLS1_2_VERSION;
    return SSL_CTX_set_num_tickets(ssl, 0) == 1 && SSL_CTX_set_min_proto_version(ssl, min) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, tls->version_max) == 1 &&
           (tls->ciphers == NULL || SSL_CTX_set_cipher_list(ssl, tls->ciphers) == 1) &&
           (tls->groups == NULL || SSL_CTX_set1_groups_list(ssl, tls->groups) == 1) &&
           (tls->signatures == NULL || SSL_CTX_set1_sigalgs_list(ssl, tls->signatures) == 1) &&
           (tls->dh_bits == 0 || set_dh(ssl, tls->dh_bits)) &&
           (tls->client_certs == LAB_CLIENT_CERTS_NONE ||
            ask_for_client_certs(ssl, certs, tls->client_certs == LAB_CLIENT_CERTS_REQUIRED));
}

static bool fill(struct lab_context *context, struct lab_certs *certs) {
    struct lab_identity *identity = &context->identity;
    if (!lab_certs_issue(certs, &context->mode->cert, context->host, identity)) {
        return false;
    }
    context->ssl = SSL_CTX_new(TLS_server_method());
    SSL_CTX *ssl = context->ssl;
    if (ssl == NULL || !set_tls(ssl, &context->mode->tls, certs) ||
        SSL_CTX_use_certificate(ssl, identity->leaf) != 1 ||
        SSL_CTX_use_PrivateKey(ssl, identity->key) != 1 ||
        SSL_CTX_set1_chain(ssl, identity->chain) != 1) {
        return false;
    }
    /* What is to be sent is said; OpenSSL is not to look for more. */
    SSL_CTX_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
    if (identity->staple != NULL) {
        SSL_CTX_set_tlsext_status_cb(ssl, send_staple);
        SSL_CTX_set_tlsext_status_arg(ssl, identity);
    }
    return true;
}

static struct lab_context *make(struct lab_contexts *contexts, const struct lab_mode *mode,
                                const char *host) {
    size_t len = strlen(host);
    struct lab_context *context = calloc(1, sizeof *context + len + 1);
    if (context == NULL) {
        return NULL;
    }
    context->mode = mode;
    memcpy(context->host, host, len + 1);
    if (!fill(context, &contexts->certs)) {
        ERR_clear_error();
        context_free(context);
        return NULL;
    }
    context->next = contexts->first;
    contexts->first = context;
    contexts->count++;
    return context;
}

const struct lab_context *lab_contexts_get(struct lab_contexts *contexts,
                                           const struct lab_mode *mode, const char *host) {
    pthread_mutex_lock(&contexts->lock);
    struct lab_context *context = contexts->first;
    while (context != NULL && (context->mode != mode || strcmp(context->host, host) != 0)) {
        context = context->next;
    }
    if (context == NULL && contexts->count < LAB_CONTEXTS_MAX) {
        context = make(contexts, mode, host);
    }
    pthread_mutex_unlock(&contexts->lock);
    return context;
}
