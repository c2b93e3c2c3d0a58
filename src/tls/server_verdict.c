/* SPDX-License-Identifier: MIT
 *
 * Why a client's handshake with us failed: what it offers and we do not take, what its alert means
 * from its kind of program, or that it left. What is wrong with our own certificate, where that is
 * what it turned down, is found in own_check.c.
 */
#include "tls/server_verdict.h"

#include "tls/alert.h"
#include "tls/banner.h"
#include "tls/hello.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <string.h>

/* Suites that are none: RFC 5746 section 3.3, RFC 7507. Those of TLS 1.3 begin with 0x13. */
#define SIGNAL_RENEGOTIATION 0x00ff
#define SIGNAL_FALLBACK 0x5600
#define SUITES_13 0x1300

#define ALERT_RECORD_LEN (SSL3_RT_HEADER_LENGTH + 2)

/* Who it is, and how it says that a certificate is wrong. */
static const struct {
    const char *name;
    const char *habit;
} clients[] = {
    [WHY_TLS_CLIENT_UNKNOWN] = {"the client", ""},
    [WHY_TLS_CLIENT_CHROMIUM] = {"a browser like Chrome", ", as it does for every fault"},
    [WHY_TLS_CLIENT_FIREFOX] = {"Firefox", ""},
    [WHY_TLS_CLIENT_OPENSSL] = {"a client with OpenSSL (curl, Python)", ""},
    [WHY_TLS_CLIENT_NODE] = {"Node.js", ""},
    [WHY_TLS_CLIENT_GO] = {"a Go program", ", as it does for every fault"},
    [WHY_TLS_CLIENT_JAVA] = {"a Java program", ", as it does for every fault"},
    [WHY_TLS_CLIENT_GNUTLS] = {"a client with GnuTLS", ", as it does for every fault"},
    [WHY_TLS_CLIENT_SCANNER] = {"a scanner", ""},
};

static struct why__tls_verdict verdict(enum why_cause cause) {
    /* Where nothing of ours is wrong, it is the client's side: the cause's own side is that of a
     * client which has found the same. */
    enum why_side side = cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED ||
                                 cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY ||
                                 cause == WHY_CAUSE_TLS_CORRUPTED
                             ? WHY_SIDE_NONE
                             : WHY_SIDE_PEER;
    return (struct why__tls_verdict){.cause = cause, .side = side};
}

static struct why__tls_verdict likely(enum why_cause cause) {
    struct why__tls_verdict found = verdict(cause);
    found.likely = true;
    return found;
}

static const struct why_tls_offer *offer_of(const struct why__tls *tls) {
    return tls->evidence == NULL ? NULL : tls->evidence->offer;
}

enum why_tls_client why__tls_client_of(const struct why__tls *tls) {
    const struct why_tls_offer *offer = offer_of(tls);
    return offer == NULL ? WHY_TLS_CLIENT_UNKNOWN : offer->client;
}

/* ---- What does not meet ---- */

static bool has_number(const uint16_t *list, size_t count, unsigned number) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number) {
            return true;
        }
    }
    return false;
}

/* How many of our suites for TLS 1.2 the client offers; and how many of these go with our key. */
static size_t count_shared_suites(const struct why__tls *tls, size_t *for_our_key) {
    const struct why_tls_offer *offer = offer_of(tls);
    const STACK_OF(SSL_CIPHER) *ours = SSL_get_ciphers(tls->ssl);
    X509 *certificate = SSL_get_certificate(tls->ssl);
    bool is_rsa = certificate != NULL && EVP_PKEY_is_a(X509_get0_pubkey(certificate), "RSA");
    size_t count = 0;
    *for_our_key = 0;
    for (int i = 0; offer != NULL && i < sk_SSL_CIPHER_num(ours); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ours, i);
        int auth = SSL_CIPHER_get_auth_nid(cipher);
        if (auth == NID_auth_any ||
            !has_number(offer->ciphers, offer->cipher_count, SSL_CIPHER_get_protocol_id(cipher))) {
            continue;
        }
        count++;
        *for_our_key += auth == (is_rsa ? NID_auth_rsa : NID_auth_ecdsa);
    }
    return count;
}

/* OpenSSL says "no shared cipher" too where TLS 1.2 finds no group, or no signature. */
static enum why_cause cause_of_no_cipher(const struct why__tls *tls) {
    const struct why_tls_offer *offer = offer_of(tls);
    size_t for_our_key = 0;
    if (offer == NULL || count_shared_suites(tls, &for_our_key) == 0 || for_our_key == 0) {
        return WHY_CAUSE_TLS_NO_SHARED_CIPHER;
    }
    bool shares_group = SSL_get_shared_group(tls->ssl, 0) != NID_undef;
    if (offer->group_count > 0 && !shares_group) {
        return WHY_CAUSE_TLS_NO_SHARED_GROUP;
    }
    return offer->signature_count > 0 ? WHY_CAUSE_TLS_NO_SHARED_SIGNATURE
                                      : WHY_CAUSE_TLS_NO_SHARED_CIPHER;
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
    {SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE},
    {SSL_R_NO_CIPHERS_AVAILABLE, WHY_CAUSE_TLS_NO_SHARED_CIPHER},
    {SSL_R_NO_SUITABLE_KEY_SHARE, WHY_CAUSE_TLS_NO_SHARED_GROUP},
    {SSL_R_NO_SUITABLE_GROUPS, WHY_CAUSE_TLS_NO_SHARED_GROUP},
    {SSL_R_NO_SHARED_GROUPS, WHY_CAUSE_TLS_NO_SHARED_GROUP},
    {SSL_R_NO_APPLICATION_PROTOCOL, WHY_CAUSE_TLS_ALPN},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED},
    {SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED, WHY_CAUSE_TLS_NO_SECURE_RENEGOTIATION},
    {SSL_R_HTTP_REQUEST, WHY_CAUSE_TLS_PLAIN_HTTP},
    {SSL_R_HTTPS_PROXY_REQUEST, WHY_CAUSE_TLS_PLAIN_HTTP},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_DIGEST_CHECK_FAILED, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_BAD_DIGEST_LENGTH, WHY_CAUSE_TLS_CORRUPTED},
    {SSL_R_BAD_SIGNATURE, WHY_CAUSE_TLS_CORRUPTED},
};

/* A client that could not even make its hello says so in an alert, which nobody reads for OpenSSL:
 * the alert's number, or -1. */
static int first_alert(const struct why__tls *tls) {
    const struct why__tls_evidence *evidence = tls->evidence;
    bool is_alert = evidence != NULL && evidence->offer == NULL &&
                    evidence->first_bytes_len >= ALERT_RECORD_LEN &&
                    evidence->first_bytes[0] == SSL3_RT_ALERT;
    return is_alert ? evidence->first_bytes[ALERT_RECORD_LEN - 1] : -1;
}

static struct why__tls_verdict judge_library_error(const struct why__tls *tls) {
    int reason = ERR_GET_REASON(tls->error);
    if (reason == ERR_R_MALLOC_FAILURE) {
        return verdict(WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    }
    if (ERR_GET_LIB(tls->error) != ERR_LIB_SSL) {
        return verdict(WHY_CAUSE_TLS_PROTOCOL);
    }
    if (reason == SSL_R_UNEXPECTED_MESSAGE && first_alert(tls) >= 0) {
        return verdict(WHY_CAUSE_TLS_ALERT);
    }
    if (reason == SSL_R_NO_SHARED_CIPHER) {
        return verdict(cause_of_no_cipher(tls));
    }
    for (size_t i = 0; i < sizeof library_causes / sizeof library_causes[0]; i++) {
        if (library_causes[i].reason == reason) {
            return verdict(library_causes[i].cause);
        }
    }
    return verdict(WHY_CAUSE_TLS_PROTOCOL);
}

/* ---- What the client said, or that it said nothing ---- */

static bool is_about_certificates(const struct why__tls *tls) {
    switch (tls->alert) {
    case WHY__TLS_ALERT_NO_CERTIFICATE:
    case WHY__TLS_ALERT_BAD_CERTIFICATE:
    case WHY__TLS_ALERT_UNSUPPORTED_CERTIFICATE:
    case WHY__TLS_ALERT_CERTIFICATE_REVOKED:
    case WHY__TLS_ALERT_CERTIFICATE_EXPIRED:
    case WHY__TLS_ALERT_CERTIFICATE_UNKNOWN:
    case WHY__TLS_ALERT_UNKNOWN_CA:
    case WHY__TLS_ALERT_ACCESS_DENIED:
    case WHY__TLS_ALERT_DECRYPT_ERROR:
    case WHY__TLS_ALERT_BAD_CERTIFICATE_STATUS_RESPONSE:
        return true;
    case WHY__TLS_ALERT_ILLEGAL_PARAMETER:
        /* Chrome's for a key usage that does not allow what the key is used for. */
        return why__tls_client_of(tls) == WHY_TLS_CLIENT_CHROMIUM;
    default:
        return false;
    }
}

static struct why__tls_verdict judge_alert(const struct why__tls *tls) {
    /* Browsers look anew at the certificate of a session that they resume. */
    bool is_known = tls->certificate_sent || SSL_session_reused(tls->ssl) == 1;
    if (!tls->data_came && is_known && is_about_certificates(tls)) {
        return verdict(WHY_CAUSE_TLS_OUR_CERT_REJECTED);
    }
    switch (tls->alert) {
    case WHY__TLS_ALERT_CLOSE_NOTIFY:
    case WHY__TLS_ALERT_USER_CANCELED:
        return verdict(tls->data_came ? WHY_CAUSE_TLS_EOF : WHY_CAUSE_TLS_CLIENT_LEFT);
    case WHY__TLS_ALERT_BAD_RECORD_MAC:
        return likely(WHY_CAUSE_TLS_CORRUPTED);
    case WHY__TLS_ALERT_HANDSHAKE_FAILURE:
        return tls->data_came ? verdict(WHY_CAUSE_TLS_ALERT)
                              : likely(WHY_CAUSE_TLS_NO_SHARED_CIPHER);
    case WHY__TLS_ALERT_INSUFFICIENT_SECURITY:
        return verdict(WHY_CAUSE_TLS_NO_SHARED_CIPHER);
    case WHY__TLS_ALERT_PROTOCOL_VERSION:
        return verdict(WHY_CAUSE_TLS_VERSION);
    case WHY__TLS_ALERT_NO_APPLICATION_PROTOCOL:
        return verdict(WHY_CAUSE_TLS_ALPN);
    default:
        return verdict(WHY_CAUSE_TLS_ALERT);
    }
}

static struct why__tls_verdict judge_lost(const struct why__tls *tls) {
    if (tls->lost == WHY_TRANSPORT_TIMEOUT) {
        return verdict(WHY_CAUSE_TIMEOUT_TLS);
    }
    if (tls->evidence != NULL && tls->evidence->received == 0) {
        return verdict(WHY_CAUSE_TLS_NO_HELLO);
    }
    if (!tls->certificate_sent && offer_of(tls) == NULL) {
        return verdict(tls->lost == WHY_TRANSPORT_FIN ? WHY_CAUSE_TLS_EOF : WHY_CAUSE_TLS_RESET);
    }
    enum why_tls_client client = why__tls_client_of(tls);
    bool is_silent_kind = client == WHY_TLS_CLIENT_NODE || client == WHY_TLS_CLIENT_JAVA;
    if (is_silent_kind && tls->certificate_sent && !tls->handshake_done) {
        return likely(WHY_CAUSE_TLS_OUR_CERT_REJECTED);
    }
    return verdict(WHY_CAUSE_TLS_CLIENT_LEFT);
}

static enum why_cause first_bytes_cause(const struct why__tls *tls) {
    const struct why__tls_evidence *evidence = tls->evidence;
    const char *protocol = NULL;
    if (tls->handshake_done || evidence == NULL) {
        return WHY_CAUSE_NONE;
    }
    return why__banner_of_client(
        (struct why_bytes){evidence->first_bytes, evidence->first_bytes_len}, &protocol);
}

/* ---- The verdict ---- */

static struct why__tls_verdict judge_client_certificate(const struct why__tls *tls) {
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    (void)why__tls_findings(&tls->evidence->verification, findings);
    enum why_cause cause = findings[0].cause;
    if (cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY) {
        return verdict(cause);
    }
    struct why__tls_verdict found = verdict(WHY_CAUSE_TLS_CLIENT_CERT_REJECTED);
    found.by_certificates = true;
    return found;
}

struct why__tls_verdict why__tls_judge_server(const struct why__tls *tls) {
    if (tls->evidence != NULL && tls->evidence->verification.error_count > 0) {
        return judge_client_certificate(tls);
    }
    if (why__tls_was_ended_by_alert(tls)) {
        return judge_alert(tls);
    }
    enum why_cause cause = first_bytes_cause(tls);
    if (cause != WHY_CAUSE_NONE) {
        return verdict(cause);
    }
    return tls->lost != WHY_TRANSPORT_NONE ? judge_lost(tls) : judge_library_error(tls);
}

/* ---- Its detail ---- */

typedef const char *name_of(uint16_t number, char out[WHY__HELLO_NAME_MAX]);

/* "x25519, x448 and 3 more" of a client's list. */
static void list_text(const uint16_t *list, size_t count, name_of *name_of_number, size_t shown,
                      char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && i < shown && at < size; i++) {
        char name[WHY__HELLO_NAME_MAX];
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "",
                               name_of_number(list[i], name));
    }
    if (count > shown && at < size) {
        (void)snprintf(out + at, size - at, " and %zu more", count - shown);
    }
}

/* The highest version that we speak. */
static int our_highest(const struct why__tls *tls) {
    long highest = SSL_get_max_proto_version(tls->ssl);
    return highest == 0 ? TLS1_3_VERSION : (int)highest;
}

static void detail_version(const struct why__tls *tls, const struct why_tls_offer *offer, char *out,
                           size_t size) {
    uint16_t highest = 0, lowest = UINT16_MAX;
    for (size_t i = 0; i < offer->version_count; i++) {
        highest = offer->versions[i] > highest ? offer->versions[i] : highest;
        lowest = offer->versions[i] < lowest ? offer->versions[i] : lowest;
    }
    char name[WHY__HELLO_NAME_MAX], ours[WHY__HELLO_NAME_MAX];
    int limit = (int)SSL_get_min_proto_version(tls->ssl);
    bool is_old = highest < limit;
    limit = is_old ? limit : our_highest(tls);
    (void)snprintf(out, size, "the client offers %s at %s, %s is the %s here",
                   why__hello_version_name(is_old ? highest : lowest, name),
                   is_old ? "most" : "least", why__hello_version_name((uint16_t)limit, ours),
                   is_old ? "least" : "most");
}

static void key_text(const struct why__tls *tls, char *out, size_t size) {
    X509 *certificate = SSL_get_certificate(tls->ssl);
    EVP_PKEY *key = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    (void)snprintf(out, size, "%s key of %d bits", type == NULL ? "unknown" : type,
                   key == NULL ? 0 : EVP_PKEY_get_bits(key));
}

/* Those that the version which both have can use, and that mean a cipher. */
static size_t usable_suites(const struct why__tls *tls, const struct why_tls_offer *offer,
                            uint16_t *out, size_t max) {
    bool is_13 = our_highest(tls) >= TLS1_3_VERSION &&
                 has_number(offer->versions, offer->version_count, TLS1_3_VERSION);
    size_t count = 0;
    for (size_t i = 0; i < offer->cipher_count && count < max; i++) {
        uint16_t suite = offer->ciphers[i];
        bool is_signal = suite == SIGNAL_RENEGOTIATION || suite == SIGNAL_FALLBACK;
        if (!is_signal && (suite >> 8 == SUITES_13 >> 8) == is_13) {
            out[count++] = suite;
        }
    }
    return count;
}

static void detail_suites(const struct why__tls *tls, const struct why_tls_offer *offer, char *out,
                          size_t size) {
    uint16_t suites[sizeof offer->ciphers / sizeof(uint16_t)] = {0};
    size_t count = usable_suites(tls, offer, suites, sizeof suites / sizeof suites[0]);
    char theirs[110], key[40];
    size_t for_our_key = 0;
    key_text(tls, key, sizeof key);
    if (count_shared_suites(tls, &for_our_key) > 0 && for_our_key == 0) {
        (void)snprintf(out, size,
                       "none of the suites that the client shares with us goes with our "
                       "certificate, which has a %s",
                       key);
        return;
    }
    list_text(suites, count, why__hello_cipher_name, 2, theirs, sizeof theirs);
    (void)snprintf(out, size, "the client offers %s; none is among the %d here",
                   count == 0 ? "no suite for the version in common" : theirs,
                   sk_SSL_CIPHER_num(SSL_get_ciphers(tls->ssl)));
}

static void detail_groups(const struct why__tls *tls, const struct why_tls_offer *offer, char *out,
                          size_t size) {
    char theirs[70];
    list_text(offer->groups, offer->group_count, why__hello_group_name, 3, theirs, sizeof theirs);
    (void)snprintf(out, size, "the client offers %s; here: %s", theirs,
                   why__tls_own_groups(tls->context));
}

static void detail_signatures(const struct why__tls *tls, const struct why_tls_offer *offer,
                              char *out, size_t size) {
    char theirs[80], key[40];
    list_text(offer->signatures, offer->signature_count, why__hello_signature_name, 2, theirs,
              sizeof theirs);
    key_text(tls, key, sizeof key);
    (void)snprintf(out, size, "the client takes %s; our certificate has a %s", theirs, key);
}

static void detail_client_certificate(const struct why__tls *tls, char *out, size_t size) {
    const struct why__tls_verification *verification = &tls->evidence->verification;
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    (void)why__tls_findings(verification, findings);
    char subject[80] = "?", facts[110];
    if (sk_X509_num(verification->chain) > 0) {
        why__tls_name_text(X509_get_subject_name(sk_X509_value(verification->chain, 0)), subject,
                           sizeof subject);
    }
    why__tls_finding_detail(verification, &findings[0], facts, sizeof facts);
    (void)snprintf(out, size, "%s: %s", subject, facts);
}

static void detail_left(const struct why__tls *tls, char *out, size_t size) {
    const char *who = clients[why__tls_client_of(tls)].name;
    const char *how = tls->lost == WHY_TRANSPORT_RESET ? "reset the connection" : "closed";
    if (tls->handshake_done) {
        (void)snprintf(out, size, "%s finished the handshake and %s without a request", who, how);
    } else if (tls->certificate_sent) {
        (void)snprintf(out, size, "%s %s after it saw our certificate", who, how);
    } else {
        (void)snprintf(out, size, "%s %s after its ClientHello", who, how);
    }
}

static bool by_alert(const struct why__tls *tls) {
    return tls->alert > WHY__TLS_ALERT_CLOSE_NOTIFY && !tls->alert_sent;
}

static void detail_alert(const struct why__tls *tls, char *out, size_t size) {
    enum why_tls_client client = why__tls_client_of(tls);
    (void)snprintf(out, size, "%s sent alert %s (%d)%s", clients[client].name,
                   why__tls_alert_name(tls->alert), tls->alert,
                   is_about_certificates(tls) ? clients[client].habit : "");
}

/* What it offers, and what we would take. */
static bool detail_unmet(const struct why__tls *tls, enum why_cause cause, char *out, size_t size) {
    const struct why_tls_offer *offer = offer_of(tls);
    if (offer == NULL) {
        return false;
    }
    switch ((int)cause) {
    case WHY_CAUSE_TLS_VERSION:
        detail_version(tls, offer, out, size);
        return true;
    case WHY_CAUSE_TLS_NO_SHARED_CIPHER:
        detail_suites(tls, offer, out, size);
        return true;
    case WHY_CAUSE_TLS_NO_SHARED_GROUP:
        detail_groups(tls, offer, out, size);
        return true;
    case WHY_CAUSE_TLS_NO_SHARED_SIGNATURE:
        detail_signatures(tls, offer, out, size);
        return true;
    case WHY_CAUSE_TLS_ALPN:
        (void)snprintf(out, size, "the client offers %.80s; here: http/1.1", offer->alpn);
        return true;
    default:
        return false;
    }
}

bool why__tls_server_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict_of,
                            char *out, size_t size) {
    enum why_cause cause = verdict_of->cause;
    if (verdict_of->by_certificates) {
        detail_client_certificate(tls, out, size);
    } else if (by_alert(tls)) {
        detail_alert(tls, out, size);
    } else if (cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED || cause == WHY_CAUSE_TLS_CLIENT_LEFT) {
        detail_left(tls, out, size);
    } else if (cause == WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED) {
        (void)snprintf(out, size, "the client sent no certificate, and one is asked for here");
    } else if (cause == WHY_CAUSE_TLS_ALERT && first_alert(tls) >= 0) {
        (void)snprintf(out, size, "the client sent alert %s (%d) instead of a ClientHello",
                       why__tls_alert_name(first_alert(tls)), first_alert(tls));
    } else {
        return detail_unmet(tls, cause, out, size);
    }
    return true;
}
