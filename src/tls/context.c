/* SPDX-License-Identifier: MIT
 *
 * What a client's or a listener's connections share: certificates, trust, policy, the last session.
 */
#include "tls/engine.h"

#include "tls/traffic.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* RFC 7301 section 3.1: a length, then the name. WebSocket over HTTP/1.1 is all that is spoken. */
static const unsigned char alpn_http11[] = "\x08http/1.1";
#define ALPN_HTTP11_LEN (sizeof alpn_http11 - 1)

int why__tls_refuse(const struct why__tls_message *message, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message->text, message->size, format, arguments);
    va_end(arguments);
    return WHY_ERR_CONFIG;
}

/* The key log is the one way by which OpenSSL gives the secrets of the records away: to a server's
 * own records (traffic.c), and to a program that asks for them. */
static void keep_secret(const SSL *ssl, const char *line) {
    struct why__tls *tls = SSL_get_app_data(ssl);
    if (tls->context->is_server) {
        why__tls_traffic_see_secret(tls, line);
    }
    if (tls->context->on_secret != NULL && !tls->is_check) {
        tls->context->on_secret(tls->context->on_secret_context, line);
    }
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned int offered_len, void *argument) {
    (void)ssl;
    (void)argument;
    for (unsigned int at = 0; at < offered_len; at += 1u + offered[at]) {
        if (offered_len - at >= ALPN_HTTP11_LEN &&
            memcmp(offered + at, alpn_http11, ALPN_HTTP11_LEN) == 0) {
            *out = offered + at + 1;
            *out_len = offered[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Keep the session for the next connection to the same name. Returns 1: the reference is ours. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
    struct why__tls *tls = SSL_get_app_data(ssl);
    struct why__tls_context *context = tls->context;
    bool has_errors = tls->evidence != NULL && tls->evidence->verification.error_count > 0;
    /* A resumed handshake shows no certificate, so what was wrong with it would be forgotten. */
    if (has_errors || tls->is_nameless || SSL_SESSION_is_resumable(session) != 1) {
        return 0;
    }
    size_t len = strlen(tls->server_name);
    if (len > WHY__TLS_NAME_MAX) {
        return 0;
    }
    SSL_SESSION_free(context->session);
    context->session = session;
    memcpy(context->session_name, tls->server_name, len + 1);
    return 1;
}

static bool set_modes(struct why__tls_context *context) {
    SSL_CTX *ssl = context->ssl;
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
    if (context->on_secret != NULL || context->is_server) {
        SSL_CTX_set_keylog_callback(ssl, keep_secret);
    }
    why__tls_evidence_install(context);
    if (context->is_server) {
        /* Tickets carry the sessions: the server keeps none. */
        SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_alpn_select_cb(ssl, choose_alpn, NULL);
        return SSL_CTX_set_session_id_context(ssl, alpn_http11, ALPN_HTTP11_LEN) == 1;
    }
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, keep_session);
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_alpn_protos(ssl, alpn_http11, ALPN_HTTP11_LEN) == 0;
}

static int load(struct why__tls_context *context, const struct why_tls_config *config,
                const struct why__tls_message *message) {
    int result = why__tls_set_policy(context->ssl, context->is_server, config, message);
    if (result == WHY_OK) {
        result = why__tls_load_own(context->ssl, config, message);
    }
    if (result != WHY_OK) {
        return result;
    }
    if (context->is_server) {
        if (config->cert_file == NULL) {
            return why__tls_refuse(
                message, "a TLS server needs a certificate; for a trial: openssl req -x509 -nodes "
                         "-newkey rsa:2048 -subj /CN=localhost -addext "
                         "subjectAltName=DNS:localhost -keyout key.pem -out cert.pem");
        }
        if (config->ca_file == NULL) {
            return WHY_OK;
        }
        SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    if (config->ca_file != NULL) {
        context->own_trust = true;
        return why__tls_load_trust(context->ssl, config->ca_file, message);
    }
    /* A store that is not there is no error to OpenSSL: chain.c finds it where it matters. */
    return SSL_CTX_set_default_verify_paths(context->ssl) == 1 ? WHY_OK : WHY_ERR_NOMEM;
}

/* Make `ssl` and what goes with it, from files. */
static int build(struct why__tls_context *context, const struct why_tls_config *config,
                 const struct why__tls_message *message) {
    if (message->size > 0) {
        message->text[0] = '\0';
    }
    ERR_clear_error();
    context->ssl = SSL_CTX_new(context->is_server ? TLS_server_method() : TLS_client_method());
    int result = WHY_ERR_NOMEM;
    if (context->ssl != NULL && set_modes(context)) {
        result = load(context, config, message);
    }
    if (result == WHY_OK && context->is_server) {
        result = why__tls_pairs_load(context, config, message);
    }
    ERR_clear_error();
    return result;
}

static void unbuild(struct why__tls_context *context) {
    why__tls_pairs_free(context);
    SSL_CTX_free(context->ssl);
}

int why__tls_context_new(const struct why_host *host, const struct why_tls_config *config,
                         bool is_server, struct why__tls_context **out, char *error,
                         size_t error_size) {
    const struct why__tls_message message = {error, error_size};
    *out = NULL;
    struct why__tls_context *context = host->allocate(host->context, NULL, sizeof *context);
    if (context == NULL) {
        return WHY_ERR_NOMEM;
    }
    *context = (struct why__tls_context){
        .host = host,
        .is_server = is_server,
        .insecure = config->insecure && !is_server,
        .offers_sending = config->kernel_sends && is_server,
        .notices = config->notices && !is_server,
        .on_secret = config->on_secret,
        .on_secret_context = config->on_secret_context,
        .on_chain = is_server ? NULL : config->on_chain,
        .on_chain_context = config->on_chain_context,
    };
    context->bio = why__tls_bio_method();
    int result = context->bio == NULL ? WHY_ERR_NOMEM : build(context, config, &message);
    if (result == WHY_OK && is_server) {
        context->config = why__tls_config_copy(host, config);
        result = context->config == NULL ? WHY_ERR_NOMEM : WHY_OK;
    }
    if (result != WHY_OK) {
        why__tls_context_free(context);
        return result;
    }
    *out = context;
    return WHY_OK;
}

struct why__tls_context *why__tls_context_like(const struct why__tls_context *other) {
    const struct why_host *host = other->host;
    struct why__tls_context *context = host->allocate(host->context, NULL, sizeof *context);
    if (context == NULL) {
        return NULL;
    }
    *context = (struct why__tls_context){
        .host = host,
        .insecure = other->insecure,
        .own_trust = other->own_trust,
        .notices = other->notices,
        .on_secret = other->on_secret,
        .on_secret_context = other->on_secret_context,
        .on_chain = other->on_chain,
        .on_chain_context = other->on_chain_context,
        .bio = why__tls_bio_method(),
    };
    if (context->bio != NULL && SSL_CTX_up_ref(other->ssl) == 1) {
        context->ssl = other->ssl;
        return context;
    }
    why__tls_context_free(context);
    return NULL;
}

int why__tls_context_reload(struct why__tls_context *context, char *error, size_t error_size) {
    const struct why__tls_message message = {error, error_size};
    struct why__tls_context fresh = *context;
    fresh.ssl = NULL;
    fresh.more = NULL;
    int result = build(&fresh, context->config, &message);
    if (result != WHY_OK) {
        unbuild(&fresh);
        return result;
    }
    unbuild(context); /* connections hold what they use of it */
    why__tls_own_free(context);
    context->ssl = fresh.ssl;
    context->more = fresh.more;
    return WHY_OK;
}

void why__tls_context_free(struct why__tls_context *context) {
    if (context == NULL) {
        return;
    }
    if (context->users > 0) {
        context->is_orphan = true;
        return;
    }
    SSL_SESSION_free(context->session);
    why__tls_own_free(context);
    why__tls_ciphers_free(context);
    context->host->allocate(context->host->context, context->spare, 0);
    unbuild(context);
    context->host->allocate(context->host->context, context->config, 0);
    BIO_meth_free(context->bio);
    context->host->allocate(context->host->context, context, 0);
}
