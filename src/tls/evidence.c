/* SPDX-License-Identifier: MIT
 *
 * What is kept of a handshake, as it happens: messages with their times, alerts with their
 * direction, what the ClientHello offered, who asked for certificates, and what came of verifying.
 */
#include "tls/engine.h"

#include "tls/alert.h"
#include "tls/client_hello.h"
#include "tls/hello.h"

#include <openssl/err.h>
#include <string.h>

#define ALERT_LEVEL_FATAL 2

/* Lengths of a Certificate message without a certificate: header and list length (RFC 5246 section
 * 7.4.2), and the request's context before it (RFC 8446 section 4.4.2). */
#define EMPTY_CERTIFICATE_12 7
#define EMPTY_CERTIFICATE_13 8

void why__tls_see_alert(struct why__tls *tls, bool sent, const uint8_t alert[2]) {
    bool fatal = alert[0] == ALERT_LEVEL_FATAL;
    if (alert[1] == WHY__TLS_ALERT_CLOSE_NOTIFY && !fatal && tls->handshake_done) {
        return; /* the ordinary end of an open connection */
    }
    bool first = tls->alert < 0;
    bool outdoes = !first && tls->alert_sent == sent && fatal && !tls->alert_fatal;
    bool answers = !first && tls->alert_sent && !sent;
    if (!first && !outdoes && !answers) {
        return; /* what the peer says counts for more than what we say to it; of each, the first */
    }
    tls->alert = alert[1];
    tls->alert_sent = sent;
    tls->alert_fatal = fatal;
}

static void see_certificate(struct why__tls *tls, bool sent, size_t len) {
    bool empty = len == EMPTY_CERTIFICATE_12 || len == EMPTY_CERTIFICATE_13;
    if (sent) {
        tls->certificate_sent = true;
    }
    if (sent != tls->context->is_server) { /* from client to server */
        tls->client_cert_sent = !empty;
        tls->client_cert_empty = empty;
    }
}

/* A prime's length, or the group: what a ServerKeyExchange of TLS 1.2 begins with (RFC 5246 section
 * 7.4.3, RFC 8422 section 5.4). */
static void see_key_exchange(struct why__tls *tls, const uint8_t *body, size_t len) {
    const SSL_CIPHER *cipher = SSL_get_pending_cipher(tls->ssl);
    if (cipher == NULL || len < 4) {
        return;
    }
    size_t prime_len = (size_t)body[0] << 8 | body[1];
    if (SSL_CIPHER_get_kx_nid(cipher) == NID_kx_dhe && len - 2 >= prime_len && prime_len < 4096) {
        BIGNUM *prime = BN_bin2bn(body + 2, (int)prime_len, NULL);
        tls->evidence->dh_bits = prime == NULL ? 0 : (uint16_t)BN_num_bits(prime);
        BN_free(prime);
    } else if (SSL_CIPHER_get_kx_nid(cipher) == NID_kx_ecdhe) {
        tls->evidence->group = (uint16_t)(body[1] << 8 | body[2]);
    }
}

/* Before anything in it can fail: where it does, OpenSSL forgets it. Where there is no memory for
 * it, the record does without. A second ClientHello (RFC 8446 section 4.1.4) takes the place of the
 * first. */
static void keep_offer(struct why__tls *tls, const uint8_t *message, size_t len) {
    const struct why_host *host = tls->context->host;
    struct why__tls_evidence *evidence = tls->evidence;
    if (evidence->offer == NULL) {
        evidence->offer = host->allocate(host->context, NULL, sizeof *evidence->offer);
    }
    if (evidence->offer != NULL) {
        why__hello_read_offer((struct why_bytes){message, len}, evidence->offer);
        why__client_hello_read((struct why_bytes){message, len}, evidence->offer);
    }
}

static void keep_message(struct why__tls *tls, bool sent, const uint8_t *bytes, size_t len) {
    struct why__tls_evidence *evidence = tls->evidence;
    if (evidence == NULL) {
        return;
    }
    uint64_t now_ms = *tls->context->host->now_ms;
    if (evidence->message_count == 0) {
        evidence->started_ms = now_ms;
    }
    if (evidence->message_count < WHY_TLS_MESSAGES_MAX) {
        uint64_t at_ms = now_ms - evidence->started_ms;
        evidence->messages[evidence->message_count++] = (struct why_tls_message){
            .type = bytes[0],
            .sent = sent,
            .len = (uint32_t)len,
            .at_ms = at_ms < UINT32_MAX ? (uint32_t)at_ms : UINT32_MAX,
        };
    }
    if (bytes[0] == SSL3_MT_CLIENT_HELLO) {
        keep_offer(tls, bytes, len);
    } else if (bytes[0] == SSL3_MT_SERVER_KEY_EXCHANGE && len > SSL3_HM_HEADER_LENGTH) {
        see_key_exchange(tls, bytes + SSL3_HM_HEADER_LENGTH, len - SSL3_HM_HEADER_LENGTH);
    }
}

/* Count what is protected with the keys for data: they come into use behind each side's Finished.
 */
static void count_record(struct why__tls_evidence *evidence, bool sent, int content_type,
                         const uint8_t *bytes) {
    if (content_type == SSL3_RT_HEADER) {
        evidence->headers_in += !sent;
        evidence->headers_out += sent;
    } else if (content_type == SSL3_RT_INNER_CONTENT_TYPE && sent) {
        evidence->records_out++;
    } else if (content_type == SSL3_RT_INNER_CONTENT_TYPE) {
        evidence->records_in++;
        evidence->is_unusual |= bytes[0] != SSL3_RT_APPLICATION_DATA;
    } else if (content_type == SSL3_RT_HANDSHAKE && bytes[0] == SSL3_MT_FINISHED && sent) {
        evidence->headers_out = evidence->records_out = 0;
    } else if (content_type == SSL3_RT_HANDSHAKE && bytes[0] == SSL3_MT_FINISHED) {
        evidence->headers_in = evidence->records_in = 0;
        evidence->is_unusual = false;
    }
}

static void see_message(int sent, int version, int content_type, const void *data, size_t len,
                        SSL *ssl, void *argument) {
    (void)version;
    (void)argument;
    struct why__tls *tls = SSL_get_app_data(ssl);
    const uint8_t *bytes = data;
    if (tls->evidence != NULL && len > 0) {
        count_record(tls->evidence, sent != 0, content_type, bytes);
    }
    if (content_type == SSL3_RT_ALERT && len == 2) {
        why__tls_see_alert(tls, sent != 0, bytes);
    }
    if (content_type != SSL3_RT_HANDSHAKE || len == 0) {
        return;
    }
    keep_message(tls, sent != 0, bytes, len);
    switch (bytes[0]) {
    case SSL3_MT_SERVER_HELLO:
        tls->hello_done = true;
        break;
    case SSL3_MT_CERTIFICATE_REQUEST:
        tls->client_cert_requested = true;
        break;
    case SSL3_MT_CERTIFICATE:
        see_certificate(tls, sent != 0, len);
        break;
    default:
        break;
    }
}

/* The highest version that a ClientHello offers (RFC 8446 section 4.2.1). */
static uint16_t offered_version(SSL *ssl) {
    const unsigned char *list = NULL;
    size_t len = 0;
    uint16_t highest = (uint16_t)SSL_client_hello_get0_legacy_version(ssl);
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_supported_versions, &list, &len) != 1) {
        return highest;
    }
    highest = 0;
    for (size_t i = 1; i + 1 < len; i += 2) {
        uint16_t version = (uint16_t)(list[i] << 8 | list[i + 1]);
        /* GREASE (RFC 8701) is no version. */
        if (version > highest && version <= TLS1_3_VERSION) {
            highest = version;
        }
    }
    return highest;
}

/* Look at the ClientHello before OpenSSL does: where the handshake fails early, it is forgotten. */
static int see_client_hello(SSL *ssl, int *alert, void *argument) {
    (void)argument;
    struct why__tls *tls = SSL_get_app_data(ssl);
    if (tls->evidence == NULL) {
        return SSL_CLIENT_HELLO_SUCCESS;
    }
    tls->evidence->offered_version = offered_version(ssl);
    const unsigned char *name = NULL;
    size_t len = 0;
    /* RFC 6066 section 3: list length, type 0, length, name. */
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &name, &len) == 1 && len > 5 &&
        name[2] == TLSEXT_NAMETYPE_host_name) {
        why__tls_safe_text(name + 5, len - 5, tls->evidence->asked_name,
                           sizeof tls->evidence->asked_name);
        if (!why__tls_pairs_choose(tls, (const char *)name + 5, len - 5)) {
            *alert = SSL_AD_INTERNAL_ERROR;
            return SSL_CLIENT_HELLO_ERROR;
        }
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* As many as a record shows; what comes after them is hardly part of a chain. */
static void tell_chain(const struct why__tls_context *context, STACK_OF(X509) * sent) {
    struct why_bytes chain[WHY_TLS_CHAIN_MAX];
    unsigned char *encoded[WHY_TLS_CHAIN_MAX] = {NULL};
    size_t count = 0;
    for (; count < WHY_TLS_CHAIN_MAX && (int)count < sk_X509_num(sent); count++) {
        int len = i2d_X509(sk_X509_value(sent, (int)count), &encoded[count]);
        if (len <= 0) {
            break;
        }
        chain[count] = (struct why_bytes){encoded[count], (size_t)len};
    }
    context->on_chain(context->on_chain_context, chain, count);
    for (size_t i = 0; i < WHY_TLS_CHAIN_MAX; i++) {
        OPENSSL_free(encoded[i]);
    }
}

/* Verify in one pass, past every error. The verdict, and with it the alert that the peer sees, is
 * that of a client which stops at the first. */
static int verify(X509_STORE_CTX *store, void *argument) {
    (void)argument;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct why__tls *tls = SSL_get_app_data(ssl);
    if (tls->evidence == NULL) {
        return 0; /* no renegotiation: there is no second verification on a connection */
    }
    if (tls->context->on_chain != NULL) {
        tell_chain(tls->context, X509_STORE_CTX_get0_untrusted(store));
    }
    struct why__tls_verification *verification = &tls->evidence->verification;
    verification->own_trust = tls->context->own_trust;
    verification->is_address = tls->is_address;
    verification->name = tls->server_name;
    int verified = why__tls_verify_all(store, verification);
    return tls->context->insecure ? 1 : verified;
}

void why__tls_evidence_install(struct why__tls_context *context) {
    SSL_CTX_set_msg_callback(context->ssl, see_message);
    SSL_CTX_set_cert_verify_callback(context->ssl, verify, NULL);
    if (context->is_server) {
        SSL_CTX_set_client_hello_cb(context->ssl, see_client_hello, NULL);
    }
}

void why__tls_evidence_free(struct why__tls *tls) {
    struct why__tls_evidence *evidence = tls->evidence;
    if (evidence == NULL) {
        return;
    }
    why__tls_verification_clear(&evidence->verification);
    const struct why_host *host = tls->context->host;
    host->allocate(host->context, evidence->offer, 0);
    OPENSSL_cleanse(evidence->secret_in, sizeof evidence->secret_in);
    OPENSSL_cleanse(evidence->secret_out, sizeof evidence->secret_out);
    host->allocate(host->context, evidence, 0);
    tls->evidence = NULL;
}

void why__tls_evidence_first_bytes(struct why__tls *tls, struct why_bytes input) {
    struct why__tls_evidence *evidence = tls->evidence;
    size_t room = sizeof evidence->first_bytes - evidence->first_bytes_len;
    size_t take = input.len < room ? input.len : room;
    if (take > 0) {
        memcpy(evidence->first_bytes + evidence->first_bytes_len, input.data, take);
    }
    evidence->first_bytes_len = (uint8_t)(evidence->first_bytes_len + take);
    evidence->received += input.len;
}

uint32_t why__tls_evidence_error(void) {
    uint32_t best = 0;
    bool best_is_ssl = false;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        bool is_ssl = ERR_GET_LIB(code) == ERR_LIB_SSL;
        /* The last entry of the TLS code itself: what lies under it is how, not what. */
        if (is_ssl || !best_is_ssl) {
            best = (uint32_t)code;
            best_is_ssl = is_ssl;
        }
    }
    return best;
}
