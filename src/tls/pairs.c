/* SPDX-License-Identifier: MIT
 *
 * A server's certificates: which of several is shown for a name, and where their files are, to read
 * them again.
 */
#include "tls/engine.h"

#include <openssl/x509v3.h>
#include <string.h>

/* ---- The paths ---- */

static size_t text_size(const char *text) {
    return text == NULL ? 0 : strlen(text) + 1;
}

static const char *put(char **at, const char *text) {
    if (text == NULL) {
        return NULL;
    }
    size_t size = text_size(text);
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

/* One block: the config, its pairs, then the text of all. */
struct why_tls_config *why__tls_config_copy(const struct why_host *host,
                                            const struct why_tls_config *config) {
    size_t pairs_size = config->more_count * sizeof *config->more;
    size_t size = sizeof *config + pairs_size + text_size(config->ca_file) +
                  text_size(config->cert_file) + text_size(config->key_file) +
                  text_size(config->client_trust_file) + text_size(config->crl_file) +
                  text_size(config->ciphers);
    for (size_t i = 0; i < config->more_count; i++) {
        size += text_size(config->more[i].cert_file) + text_size(config->more[i].key_file);
    }
    struct why_tls_config *copy = host->allocate(host->context, NULL, size);
    if (copy == NULL) {
        return NULL;
    }
    *copy = *config;
    struct why_tls_pair *more = (struct why_tls_pair *)(copy + 1);
    char *at = (char *)(more + config->more_count);
    copy->ca_file = put(&at, config->ca_file);
    copy->cert_file = put(&at, config->cert_file);
    copy->key_file = put(&at, config->key_file);
    copy->client_trust_file = put(&at, config->client_trust_file);
    copy->crl_file = put(&at, config->crl_file);
    copy->ciphers = put(&at, config->ciphers);
    for (size_t i = 0; i < config->more_count; i++) {
        more[i].cert_file = put(&at, config->more[i].cert_file);
        more[i].key_file = put(&at, config->more[i].key_file);
    }
    copy->more = more;
    return copy;
}

/* ---- The certificates ---- */

int why__tls_pairs_load(struct why__tls_context *context, const struct why_tls_config *config,
                        const struct why__tls_message *message) {
    const struct why_host *host = context->host;
    /* One more: a NULL ends it. */
    size_t size = (config->more_count + 1) * sizeof *context->more;
    context->more = host->allocate(host->context, NULL, size);
    if (context->more == NULL) {
        return WHY_ERR_NOMEM;
    }
    memset(context->more, 0, size);
    int result = WHY_OK;
    for (size_t i = 0; i < config->more_count && result == WHY_OK; i++) {
        const struct why_tls_config one = {.cert_file = config->more[i].cert_file,
                                           .key_file = config->more[i].key_file};
        context->more[i] = SSL_CTX_new(TLS_server_method());
        result = context->more[i] == NULL ? WHY_ERR_NOMEM
                                          : why__tls_load_own(context->more[i], &one, message);
    }
    return result;
}

void why__tls_pairs_free(struct why__tls_context *context) {
    for (SSL_CTX **one = context->more; one != NULL && *one != NULL; one++) {
        SSL_CTX_free(*one);
    }
    context->host->allocate(context->host->context, context->more, 0);
    context->more = NULL;
}

static bool has_name(const SSL_CTX *ssl, const char *name, size_t len) {
    X509 *certificate = SSL_CTX_get0_certificate(ssl);
    return certificate != NULL &&
           X509_check_host(certificate, name, len, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

bool why__tls_pairs_choose(const struct why__tls *tls, const char *name, size_t len) {
    const struct why__tls_context *context = tls->context;
    if (*context->more == NULL || has_name(context->ssl, name, len)) {
        return true;
    }
    for (SSL_CTX **one = context->more; *one != NULL; one++) {
        if (!has_name(*one, name, len)) {
            continue;
        }
        STACK_OF(X509) *chain = NULL;
        SSL_CTX_get0_chain_certs(*one, &chain);
        /* The first's key may be of another kind, and would stay beside this one. */
        SSL_certs_clear(tls->ssl);
        return SSL_use_cert_and_key(tls->ssl, SSL_CTX_get0_certificate(*one),
                                    SSL_CTX_get0_privatekey(*one), chain, 1) == 1;
    }
    return true;
}
