/* SPDX-License-Identifier: MIT
 *
 * Why the handshake of one connection failed: from its evidence to one cause. detail.c puts the
 * evidence into a sentence.
 */
#include "tls/engine.h"

#include "tls/alert.h"
#include "tls/server_verdict.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <string.h>

/* What to mend first: no other mend helps a chain that is not trusted, while a date is mended last
 * as the certificate that takes its place has a new one. */
enum rank {
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
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_CERT_UNTRUSTED, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_CERT_REJECTED, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA, RANK_TRUST},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, WHY_CAUSE_TLS_CERT_BAD_SIGNATURE, RANK_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, WHY_CAUSE_TLS_CERT_BAD_SIGNATURE, RANK_SIGNATURE},
    {X509_V_ERR_INVALID_PURPOSE, WHY_CAUSE_TLS_CERT_WRONG_PURPOSE, RANK_STRUCTURE},
    {X509_V_ERR_EE_KEY_TOO_SMALL, WHY_CAUSE_TLS_CERT_WEAK_KEY, RANK_STRENGTH},
    {X509_V_ERR_CA_KEY_TOO_SMALL, WHY_CAUSE_TLS_CERT_WEAK_KEY, RANK_STRENGTH},
    {X509_V_ERR_CA_MD_TOO_WEAK, WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE, RANK_STRENGTH},
    {X509_V_ERR_HOSTNAME_MISMATCH, WHY_CAUSE_TLS_CERT_NAME_MISMATCH, RANK_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, WHY_CAUSE_TLS_CERT_NAME_MISMATCH, RANK_NAME},
    {X509_V_ERR_CERT_REVOKED, WHY_CAUSE_TLS_CERT_REVOKED, RANK_REVOKED},
    {X509_V_ERR_CERT_NOT_YET_VALID, WHY_CAUSE_TLS_CERT_NOT_YET_VALID, RANK_DATE},
    {X509_V_ERR_CERT_HAS_EXPIRED, WHY_CAUSE_TLS_CERT_EXPIRED, RANK_DATE},
    {X509_V_ERR_OUT_OF_MEM, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, RANK_TRUST},
};

static enum rank rank_of(int error) {
    for (size_t i = 0; i < sizeof verify_causes / sizeof verify_causes[0]; i++) {
        if (verify_causes[i].error == error) {
            return verify_causes[i].rank;
        }
    }
    return RANK_STRUCTURE;
}

enum why_cause why__tls_verify_cause(const struct why__tls *tls, size_t index) {
    int error = tls->evidence->errors[index].error;
    enum why_cause cause = WHY_CAUSE_TLS_CERT_INVALID;
    for (size_t i = 0; i < sizeof verify_causes / sizeof verify_causes[0]; i++) {
        if (verify_causes[i].error == error) {
            cause = verify_causes[i].cause;
        }
    }
    if (cause != WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA) {
        return cause;
    }
    switch ((enum why__tls_gap)tls->evidence->gap) {
    case WHY__TLS_GAP_INTERMEDIATE:
        return WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE;
    case WHY__TLS_GAP_NO_STORE:
        return WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE;
    case WHY__TLS_GAP_NONE:
    case WHY__TLS_GAP_UNTRUSTED:
        break;
    }
    return cause;
}

size_t why__tls_verify_order(const struct why__tls *tls, uint8_t order[WHY_TLS_ERRORS_MAX]) {
    const struct why__tls_evidence *evidence = tls->evidence;
    size_t count = evidence == NULL ? 0 : evidence->error_count;
    for (size_t i = 0; i < count; i++) {
        enum rank rank = rank_of(evidence->errors[i].error);
        size_t at = i;
        for (; at > 0 && rank_of(evidence->errors[order[at - 1]].error) > rank; at--) {
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t)i;
    }
    return count;
}

static bool begins(const struct why__tls_evidence *evidence, const char *text) {
    size_t len = strlen(text);
    size_t known = evidence->first_bytes_len < len ? evidence->first_bytes_len : len;
    return known > 0 && memcmp(evidence->first_bytes, text, known) == 0;
}

enum why_cause why__tls_first_bytes_cause(const struct why__tls *tls) {
    static const char *const methods[] = {"GET ",     "HEAD ",    "POST ",  "PUT ",   "DELETE ",
                                          "OPTIONS ", "CONNECT ", "PATCH ", "TRACE ", "PRI "};
    const struct why__tls_evidence *evidence = tls->evidence;
    if (evidence == NULL || evidence->first_bytes_len == 0) {
        return WHY_CAUSE_NONE;
    }
    const uint8_t *bytes = evidence->first_bytes;
    bool is_record = bytes[0] >= SSL3_RT_CHANGE_CIPHER_SPEC &&
                     bytes[0] <= SSL3_RT_APPLICATION_DATA &&
                     (evidence->first_bytes_len < 2 || bytes[1] == SSL3_VERSION_MAJOR);
    if (is_record) {
        return WHY_CAUSE_NONE;
    }
    bool is_http = !tls->context->is_server && begins(evidence, "HTTP/");
    for (size_t i = 0; tls->context->is_server && i < sizeof methods / sizeof methods[0]; i++) {
        is_http |= begins(evidence, methods[i]);
    }
    return is_http ? WHY_CAUSE_TLS_PLAIN_HTTP : WHY_CAUSE_TLS_NOT_TLS;
}

static struct why__tls_verdict verdict(enum why_cause cause) {
    return (struct why__tls_verdict){.cause = cause, .error = -1};
}

static struct why__tls_verdict likely(enum why_cause cause) {
    return (struct why__tls_verdict){.cause = cause, .likely = true, .error = -1};
}

static bool is_about_certificates(int alert) {
    return (alert >= WHY__TLS_ALERT_NO_CERTIFICATE &&
            alert <= WHY__TLS_ALERT_CERTIFICATE_UNKNOWN) ||
           alert == WHY__TLS_ALERT_UNKNOWN_CA || alert == WHY__TLS_ALERT_ACCESS_DENIED ||
           alert == WHY__TLS_ALERT_DECRYPT_ERROR;
}

/* Alerts that mean the same whoever receives them. */
static struct why__tls_verdict judge_common_alert(int alert) {
    switch (alert) {
    case WHY__TLS_ALERT_CLOSE_NOTIFY:
    case WHY__TLS_ALERT_USER_CANCELED:
        return verdict(WHY_CAUSE_TLS_EOF);
    case WHY__TLS_ALERT_BAD_RECORD_MAC:
        return likely(WHY_CAUSE_TLS_CORRUPTED);
    case WHY__TLS_ALERT_HANDSHAKE_FAILURE:
        return likely(WHY_CAUSE_TLS_NO_SHARED_CIPHER);
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

/* The peer sent an alert. */
static struct why__tls_verdict judge_alert(const struct why__tls *tls) {
    int alert = tls->alert;
    if (tls->data_came) {
        return alert == WHY__TLS_ALERT_BAD_RECORD_MAC ? verdict(WHY_CAUSE_TLS_CORRUPTED)
                                                      : verdict(WHY_CAUSE_TLS_ALERT);
    }
    if (tls->context->is_server) {
        bool about_ours = tls->certificate_sent && is_about_certificates(alert);
        return about_ours ? verdict(WHY_CAUSE_TLS_OUR_CERT_REJECTED) : judge_common_alert(alert);
    }
    if (alert == WHY__TLS_ALERT_CERTIFICATE_REQUIRED) {
        return verdict(WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED);
    }
    if (tls->client_cert_requested && tls->client_cert_empty) {
        /* Whatever the alert: a server that takes no certificate for an answer would have gone on.
         */
        return likely(WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED);
    }
    if (tls->client_cert_sent && is_about_certificates(alert)) {
        return verdict(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    }
    if (tls->client_cert_sent && alert == WHY__TLS_ALERT_HANDSHAKE_FAILURE) {
        return likely(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    }
    return judge_common_alert(alert);
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
    {SSL_R_INAPPROPRIATE_FALLBACK, WHY_CAUSE_TLS_VERSION},
    {SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED, WHY_CAUSE_TLS_VERSION},
    {SSL_R_NO_SHARED_CIPHER, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_CIPHERS_AVAILABLE, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SUITABLE_KEY_SHARE, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SUITABLE_GROUPS, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SHARED_GROUPS, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_DH_KEY_TOO_SMALL, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_APPLICATION_PROTOCOL, WHY_CAUSE_TLS_ALPN},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED},
    {SSL_R_HTTP_REQUEST, WHY_CAUSE_TLS_PLAIN_HTTP},
    {SSL_R_HTTPS_PROXY_REQUEST, WHY_CAUSE_TLS_PLAIN_HTTP},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_DIGEST_CHECK_FAILED, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_BAD_DIGEST_LENGTH, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_BAD_SIGNATURE, WHY_CAUSE_TLS_CORRUPTED},
};

/* OpenSSL found fault with what came. */
static struct why__tls_verdict judge_library_error(const struct why__tls *tls) {
    if (ERR_GET_LIB(tls->error) == ERR_LIB_SSL) {
        int reason = ERR_GET_REASON(tls->error);
        for (size_t i = 0; i < sizeof library_causes / sizeof library_causes[0]; i++) {
            if (library_causes[i].reason == reason) {
                struct why__tls_verdict found = verdict(library_causes[i].cause);
                /* On a server it is the client that has no certificate, or took the wrong URL. */
                found.side = tls->context->is_server ? WHY_SIDE_PEER : WHY_SIDE_NONE;
                return found;
            }
        }
    }
    if (ERR_GET_REASON(tls->error) == ERR_R_MALLOC_FAILURE) {
        return verdict(WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    }
    return verdict(WHY_CAUSE_TLS_PROTOCOL);
}

static struct why__tls_verdict judge_lost(const struct why__tls *tls) {
    if (tls->lost == WHY_TRANSPORT_TIMEOUT) {
        return verdict(WHY_CAUSE_TIMEOUT_TLS);
    }
    if (!tls->context->is_server && tls->client_cert_requested && tls->client_cert_empty) {
        /* Its alert can be lost to a reset, and some servers send none. */
        return likely(WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED);
    }
    if (!tls->context->is_server && tls->client_cert_sent) {
        return likely(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    }
    return verdict(tls->lost == WHY_TRANSPORT_FIN ? WHY_CAUSE_TLS_EOF : WHY_CAUSE_TLS_RESET);
}

static struct why__tls_verdict judge_verification(const struct why__tls *tls) {
    uint8_t order[WHY_TLS_ERRORS_MAX] = {0};
    (void)why__tls_verify_order(tls, order);
    struct why__tls_verdict found = verdict(why__tls_verify_cause(tls, order[0]));
    found.error = order[0];
    bool is_gap = found.cause == WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA ||
                  found.cause == WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE ||
                  found.cause == WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE;
    found.likely = is_gap && !tls->evidence->gap_certain;
    return found;
}

/* A warning goes by, unless nothing else is known; in TLS 1.3 the level means nothing, and OpenSSL
 * gives its own reason to an alert that ends the handshake. */
static bool was_ended_by_alert(const struct why__tls *tls) {
    return tls->alert >= 0 && !tls->alert_sent &&
           (tls->alert_fatal || tls->error == 0 ||
            (ERR_GET_LIB(tls->error) == ERR_LIB_SSL &&
             ERR_GET_REASON(tls->error) >= SSL_AD_REASON_OFFSET));
}

struct why__tls_verdict why__tls_judge(const struct why__tls *tls) {
    if (tls->no_memory) {
        return verdict(WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    }
    if (tls->flooded) {
        return verdict(WHY_CAUSE_TLS_PROTOCOL);
    }
    if (tls->context->is_server) {
        return why__tls_judge_server(tls);
    }
    if (tls->evidence != NULL && tls->evidence->error_count > 0 && !tls->context->insecure) {
        return judge_verification(tls);
    }
    if (was_ended_by_alert(tls)) {
        return judge_alert(tls);
    }
    enum why_cause first_bytes =
        tls->handshake_done ? WHY_CAUSE_NONE : why__tls_first_bytes_cause(tls);
    if (first_bytes != WHY_CAUSE_NONE) {
        struct why__tls_verdict found = verdict(first_bytes);
        found.side = tls->context->is_server ? WHY_SIDE_PEER : WHY_SIDE_NONE;
        return found;
    }
    if (tls->lost != WHY_TRANSPORT_NONE) {
        return judge_lost(tls);
    }
    return judge_library_error(tls);
}
