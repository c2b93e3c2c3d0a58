/* SPDX-License-Identifier: MIT
 *
 * Why the handshake of one connection failed: from its evidence to one cause. detail.c puts the
 * evidence into a sentence.
 */
#include "tls/engine.h"

#include "tls/alert.h"
#include "tls/banner.h"
#include "tls/server_verdict.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string.h>

static struct why_bytes first_bytes(const struct why__tls *tls) {
    const struct why__tls_evidence *evidence = tls->evidence;
    if (evidence == NULL) {
        return (struct why_bytes){0};
    }
    return (struct why_bytes){evidence->first_bytes, evidence->first_bytes_len};
}

static struct why__tls_verdict verdict(enum why_cause cause) {
    return (struct why__tls_verdict){.cause = cause};
}

static struct why__tls_verdict likely(enum why_cause cause) {
    return (struct why__tls_verdict){.cause = cause, .likely = true};
}

static bool is_about_certificates(int alert) {
    return (alert >= WHY__TLS_ALERT_NO_CERTIFICATE &&
            alert <= WHY__TLS_ALERT_CERTIFICATE_UNKNOWN) ||
           alert == WHY__TLS_ALERT_UNKNOWN_CA || alert == WHY__TLS_ALERT_ACCESS_DENIED ||
           alert == WHY__TLS_ALERT_DECRYPT_ERROR;
}

static struct why__tls_verdict judge_common_alert(int alert) {
    switch (alert) {
    case WHY__TLS_ALERT_USER_CANCELED:
        return verdict(WHY_CAUSE_TLS_EOF);
    case WHY__TLS_ALERT_BAD_RECORD_MAC:
        return likely(WHY_CAUSE_TLS_CORRUPTED);
    case WHY__TLS_ALERT_INSUFFICIENT_SECURITY:
        return verdict(WHY_CAUSE_TLS_NO_SHARED_CIPHER);
    case WHY__TLS_ALERT_PROTOCOL_VERSION:
        return verdict(WHY_CAUSE_TLS_VERSION);
    case WHY__TLS_ALERT_UNRECOGNIZED_NAME:
        return verdict(WHY_CAUSE_TLS_UNKNOWN_NAME);
    case WHY__TLS_ALERT_NO_APPLICATION_PROTOCOL:
        return verdict(WHY_CAUSE_TLS_ALPN);
    default:
        return verdict(WHY_CAUSE_TLS_ALERT);
    }
}

/* What a server's alert can be about before it has said anything else: probe_verdict.c knows how to
 * find out more. */
static struct why__tls_verdict judge_refusal(const struct why__tls *tls) {
    switch (tls->alert) {
    case WHY__TLS_ALERT_CLOSE_NOTIFY:
        /* A fatal one says no; a warning is an ordinary end at an odd moment. */
        return verdict(tls->alert_fatal ? WHY_CAUSE_TLS_REFUSED : WHY_CAUSE_TLS_EOF);
    case WHY__TLS_ALERT_HANDSHAKE_FAILURE:
    case WHY__TLS_ALERT_ACCESS_DENIED:
        return verdict(WHY_CAUSE_TLS_REFUSED);
    case WHY__TLS_ALERT_INTERNAL_ERROR:
        return verdict(WHY_CAUSE_TLS_SERVER_ERROR);
    case WHY__TLS_ALERT_UNRECOGNIZED_NAME:
        return verdict(tls->is_address ? WHY_CAUSE_TLS_NAME_REQUIRED : WHY_CAUSE_TLS_UNKNOWN_NAME);
    default:
        return judge_common_alert(tls->alert);
    }
}

/* The server asked for our certificate and got none. Where we have one all the same, OpenSSL held
 * it back: the server takes no signature that its key can make. */
static enum why_cause cause_without_certificate(const struct why__tls *tls) {
    return SSL_get_certificate(tls->ssl) != NULL ? WHY_CAUSE_TLS_CLIENT_CERT_REJECTED
                                                 : WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED;
}

/* The peer sent an alert. */
static struct why__tls_verdict judge_alert(const struct why__tls *tls) {
    int alert = tls->alert;
    if (tls->data_came) {
        return alert == WHY__TLS_ALERT_BAD_RECORD_MAC ? verdict(WHY_CAUSE_TLS_CORRUPTED)
                                                      : verdict(WHY_CAUSE_TLS_ALERT);
    }
    if (alert == WHY__TLS_ALERT_CERTIFICATE_REQUIRED) {
        return verdict(cause_without_certificate(tls));
    }
    if (tls->client_cert_requested && tls->client_cert_empty) {
        /* Whatever the alert: a server that takes no certificate for an answer would have gone on.
         */
        return likely(cause_without_certificate(tls));
    }
    if (tls->client_cert_sent && is_about_certificates(alert)) {
        return verdict(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    }
    if (tls->client_cert_sent && alert == WHY__TLS_ALERT_HANDSHAKE_FAILURE) {
        return likely(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    }
    return judge_refusal(tls);
}

static const struct {
    int reason;
    enum why_cause cause;
} library_causes[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, WHY_CAUSE_TLS_VERSION},
    {SSL_R_UNKNOWN_PROTOCOL, WHY_CAUSE_TLS_VERSION},
    {SSL_R_VERSION_TOO_LOW, WHY_CAUSE_TLS_VERSION},
    {SSL_R_VERSION_TOO_HIGH, WHY_CAUSE_TLS_VERSION},
    {SSL_R_WRONG_SSL_VERSION, WHY_CAUSE_TLS_VERSION},
    {SSL_R_NO_CIPHERS_AVAILABLE, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE},
    {SSL_R_WRONG_SIGNATURE_TYPE, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE},
    {SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE},
    {SSL_R_WRONG_CURVE, WHY_CAUSE_TLS_NO_SHARED_GROUP},
    {SSL_R_DH_KEY_TOO_SMALL, WHY_CAUSE_TLS_WEAK_DH},
    {SSL_R_BAD_DH_VALUE, WHY_CAUSE_TLS_WEAK_DH}, /* below 512 bits it is no group at all to it */
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, WHY_CAUSE_TLS_NO_SECURE_RENEGOTIATION},
    {SSL_R_EXCESSIVE_MESSAGE_SIZE, WHY_CAUSE_TLS_CERT_TOO_LARGE},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_DIGEST_CHECK_FAILED, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_BAD_DIGEST_LENGTH, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_BAD_SIGNATURE, WHY_CAUSE_TLS_CORRUPTED},
};

/* The message that was too large is the server's certificates, unless something else is due. */
static bool certificate_is_due(const struct why__tls *tls) {
    return tls->hello_done && tls->evidence != NULL && tls->evidence->verification.chain == NULL;
}

static bool is_tiny_dh(const struct why__tls *tls) {
    return tls->evidence != NULL && tls->evidence->dh_bits > 0 && tls->evidence->dh_bits < 512;
}

static bool is_old_version(const struct why__tls *tls) {
    return tls->hello_done && SSL_version(tls->ssl) < TLS1_2_VERSION;
}

/* OpenSSL found fault with what came. */
static struct why__tls_verdict judge_library_error(const struct why__tls *tls) {
    int reason = ERR_GET_REASON(tls->error);
    enum why_cause cause = WHY_CAUSE_NONE;
    for (size_t i = 0; i < sizeof library_causes / sizeof library_causes[0]; i++) {
        if (ERR_GET_LIB(tls->error) == ERR_LIB_SSL && library_causes[i].reason == reason) {
            cause = library_causes[i].cause;
        }
    }
    bool is_of_another = (cause == WHY_CAUSE_TLS_CERT_TOO_LARGE && !certificate_is_due(tls)) ||
                         (reason == SSL_R_BAD_DH_VALUE && !is_tiny_dh(tls));
    if (is_of_another) {
        cause = WHY_CAUSE_TLS_PROTOCOL;
    } else if (cause == WHY_CAUSE_TLS_NO_SHARED_SIGNATURE && is_old_version(tls)) {
        cause = WHY_CAUSE_TLS_VERSION; /* before 1.2 it is always MD5 and SHA-1 */
    }
    if (cause != WHY_CAUSE_NONE) {
        return verdict(cause);
    }
    if (reason == ERR_R_MALLOC_FAILURE) {
        return verdict(WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    }
    return verdict(WHY_CAUSE_TLS_PROTOCOL);
}

static struct why__tls_verdict judge_lost(const struct why__tls *tls) {
    if (tls->lost == WHY_TRANSPORT_TIMEOUT) {
        return verdict(WHY_CAUSE_TIMEOUT_TLS);
    }
    if (tls->client_cert_requested && tls->client_cert_empty) {
        /* Its alert can be lost to a reset, and some servers send none. */
        return likely(cause_without_certificate(tls));
    }
    if (tls->client_cert_sent) {
        return likely(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    }
    if (tls->evidence != NULL && tls->evidence->received > 0) {
        return verdict(WHY_CAUSE_TLS_CUT);
    }
    return verdict(tls->lost == WHY_TRANSPORT_FIN ? WHY_CAUSE_TLS_EOF : WHY_CAUSE_TLS_RESET);
}

static struct why__tls_verdict judge_verification(const struct why__tls *tls) {
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    (void)why__tls_findings(&tls->evidence->verification, findings);
    return (struct why__tls_verdict){
        .cause = findings[0].cause,
        .likely = findings[0].likely,
        .by_certificates = true,
    };
}

/* What the first bytes are where they are no TLS; NONE where they are. */
static struct why__tls_verdict judge_first_bytes(const struct why__tls *tls) {
    const char *protocol = NULL;
    struct why_bytes first = first_bytes(tls);
    if (tls->handshake_done) {
        return verdict(WHY_CAUSE_NONE);
    }
    enum why_cause cause = why__banner_of_server(first, &protocol);
    if (tls->by_proxy && cause != WHY_CAUSE_NONE && why__banner_is_page(first)) {
        return likely(WHY_CAUSE_PROXY_LOGIN_PAGE);
    }
    return verdict(cause);
}

/* A warning goes by, unless nothing else is known; in TLS 1.3 the level means nothing, and OpenSSL
 * gives its own reason to an alert that ends the handshake. */
bool why__tls_was_ended_by_alert(const struct why__tls *tls) {
    bool nothing_else = tls->error == 0 && tls->lost != WHY_TRANSPORT_TIMEOUT;
    return tls->alert >= 0 && !tls->alert_sent &&
           (tls->alert_fatal || nothing_else ||
            (ERR_GET_LIB(tls->error) == ERR_LIB_SSL &&
             ERR_GET_REASON(tls->error) >= SSL_AD_REASON_OFFSET));
}

struct why__tls_verdict why__tls_judge(const struct why__tls *tls) {
    if (tls->no_memory) {
        return verdict(WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    }
    if (tls->flooded || tls->endless) {
        return verdict(WHY_CAUSE_TLS_PROTOCOL);
    }
    if (tls->context->is_server) {
        return why__tls_judge_server(tls);
    }
    if (tls->evidence != NULL && tls->evidence->verification.error_count > 0 &&
        !tls->context->insecure) {
        return judge_verification(tls);
    }
    if (why__tls_was_ended_by_alert(tls)) {
        return judge_alert(tls);
    }
    struct why__tls_verdict first = judge_first_bytes(tls);
    if (first.cause != WHY_CAUSE_NONE) {
        return first;
    }
    if (tls->lost != WHY_TRANSPORT_NONE) {
        return judge_lost(tls);
    }
    return judge_library_error(tls);
}
