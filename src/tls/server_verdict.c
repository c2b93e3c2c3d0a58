/* SPDX-License-Identifier: MIT
 *
 * Why a client's handshake with us failed: what it offers and we do not take, what its alert means
 * from its kind of program, or that it left. What is wrong with our own certificate, where that is
 * what it turned down, is found in own_check.c.
 */
#include "tls/server_verdict.h"

#include "base/mark.h"
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
    [WHY_TLS_CLIENT_UNKNOWN] = {N_("the client"), ""},
    [WHY_TLS_CLIENT_CHROMIUM] = {N_("a browser like Chrome"), N_(", as it does for every fault")},
    [WHY_TLS_CLIENT_FIREFOX] = {N_("Firefox"), ""},
    [WHY_TLS_CLIENT_OPENSSL] = {N_("a client with OpenSSL (curl, Python)"), ""},
    [WHY_TLS_CLIENT_NODE] = {N_("Node.js"), ""},
    [WHY_TLS_CLIENT_GO] = {N_("a Go program"), N_(", as it does for every fault")},
    [WHY_TLS_CLIENT_JAVA] = {N_("a Java program"), N_(", as it does for every fault")},
    [WHY_TLS_CLIENT_GNUTLS] = {N_("a client with GnuTLS"), N_(", as it does for every fault")},
    [WHY_TLS_CLIENT_SCANNER] = {N_("a scanner"), ""},
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
    bool is_known = !tls->data_came && (tls->certificate_sent || SSL_session_reused(tls->ssl) == 1);
    if (is_known && is_about_certificates(tls)) {
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

/* "x25519, x448": the first of a client's list. */
static void list_text(const uint16_t *list, size_t count, name_of *name_of_number, char *out,
                      size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && at < size; i++) {
        char name[WHY__HELLO_NAME_MAX];
        at += (size_t)snprintf(out + at, size - at, "%s%s", i > 0 ? ", " : "",
                               name_of_number(list[i], name));
    }
}

static void say_more(struct why__say *say, size_t count, size_t shown) {
    if (count > shown) {
        why__say(say, " and %zu more", count - shown);
    }
}

/* The highest version that we speak. */
static int our_highest(const struct why__tls *tls) {
    long highest = SSL_get_max_proto_version(tls->ssl);
    return highest == 0 ? TLS1_3_VERSION : (int)highest;
}

static void say_version(const struct why__tls *tls, const struct why_tls_offer *offer,
                        struct why__say *say) {
    uint16_t highest = 0, lowest = UINT16_MAX;
    for (size_t i = 0; i < offer->version_count; i++) {
        highest = offer->versions[i] > highest ? offer->versions[i] : highest;
        lowest = offer->versions[i] < lowest ? offer->versions[i] : lowest;
    }
    char name[WHY__HELLO_NAME_MAX], ours[WHY__HELLO_NAME_MAX];
    uint16_t limit = (uint16_t)SSL_get_min_proto_version(tls->ssl);
    if (highest < limit) {
        why__say(say, "the client offers %s at most, %s is the least here",
                 why__hello_version_name(highest, name), why__hello_version_name(limit, ours));
    } else {
        limit = (uint16_t)our_highest(tls);
        why__say(say, "the client offers %s at least, %s is the most here",
                 why__hello_version_name(lowest, name), why__hello_version_name(limit, ours));
    }
}

struct key {
    const char *type;
    int bits;
};

static struct key our_key(const struct why__tls *tls) {
    X509 *certificate = SSL_get_certificate(tls->ssl);
    EVP_PKEY *key = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    return (struct key){type == NULL ? "?" : type, key == NULL ? 0 : EVP_PKEY_get_bits(key)};
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

static void say_suites(const struct why__tls *tls, const struct why_tls_offer *offer,
                       struct why__say *say) {
    uint16_t suites[sizeof offer->ciphers / sizeof(uint16_t)] = {0};
    size_t count = usable_suites(tls, offer, suites, sizeof suites / sizeof suites[0]);
    size_t shown = count < 2 ? count : 2, for_our_key = 0;
    char theirs[110];
    if (count_shared_suites(tls, &for_our_key) > 0 && for_our_key == 0) {
        struct key key = our_key(tls);
        why__say(say,
                 "none of the suites that the client shares with us goes with our certificate, "
                 "which has a %s key of %d bits",
                 key.type, key.bits);
        return;
    }
    if (count == 0) {
        why__say(say, "the client offers no suite for the version in common");
    } else {
        list_text(suites, shown, why__hello_cipher_name, theirs, sizeof theirs);
        why__say(say, "the client offers %s", theirs);
        say_more(say, count, shown);
    }
    why__say(say, "; none is among the %d here", sk_SSL_CIPHER_num(SSL_get_ciphers(tls->ssl)));
}

static void say_groups(const struct why__tls *tls, const struct why_tls_offer *offer,
                       struct why__say *say) {
    char theirs[70];
    size_t shown = offer->group_count < 3 ? offer->group_count : 3;
    list_text(offer->groups, shown, why__hello_group_name, theirs, sizeof theirs);
    why__say(say, "the client offers %s", theirs);
    say_more(say, offer->group_count, shown);
    why__say(say, "; here: %s", why__tls_own_groups(tls->context));
}

static void say_signatures(const struct why__tls *tls, const struct why_tls_offer *offer,
                           struct why__say *say) {
    char theirs[80];
    size_t shown = offer->signature_count < 2 ? offer->signature_count : 2;
    struct key key = our_key(tls);
    list_text(offer->signatures, shown, why__hello_signature_name, theirs, sizeof theirs);
    why__say(say, "the client takes %s", theirs);
    say_more(say, offer->signature_count, shown);
    why__say(say, "; our certificate has a %s key of %d bits", key.type, key.bits);
}

static void say_client_certificate(const struct why__tls *tls, struct why__say *say) {
    const struct why__tls_verification *verification = &tls->evidence->verification;
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    (void)why__tls_findings(verification, findings);
    char subject[80] = "?";
    if (sk_X509_num(verification->chain) > 0) {
        why__tls_name_text(X509_get_subject_name(sk_X509_value(verification->chain, 0)), subject,
                           sizeof subject);
    }
    why__say(say, "%s: ", subject);
    why__tls_finding_say(verification, &findings[0], say);
}

static void say_left(const struct why__tls *tls, struct why__say *say) {
    bool is_reset = tls->lost == WHY_TRANSPORT_RESET;
    why__say_text(say, clients[why__tls_client_of(tls)].name);
    if (tls->handshake_done) {
        why__say_text(say, is_reset
                               ? N_(" finished the handshake and reset the connection without a "
                                    "request")
                               : N_(" finished the handshake and closed without a request"));
    } else if (tls->certificate_sent) {
        why__say_text(say, is_reset ? N_(" reset the connection after it saw our certificate")
                                    : N_(" closed after it saw our certificate"));
    } else {
        why__say_text(say, is_reset ? N_(" reset the connection after its ClientHello")
                                    : N_(" closed after its ClientHello"));
    }
}

static bool by_alert(const struct why__tls *tls) {
    return tls->alert > WHY__TLS_ALERT_CLOSE_NOTIFY && !tls->alert_sent;
}

static void say_alert(const struct why__tls *tls, struct why__say *say) {
    enum why_tls_client client = why__tls_client_of(tls);
    why__say_text(say, clients[client].name);
    why__say(say, " sent alert %s (%d)", why__tls_alert_name(tls->alert), tls->alert);
    if (is_about_certificates(tls)) {
        why__say_text(say, clients[client].habit);
    }
}

/* What it offers, and what we would take. */
static bool say_unmet(const struct why__tls *tls, enum why_cause cause, struct why__say *say) {
    const struct why_tls_offer *offer = offer_of(tls);
    if (offer == NULL) {
        return false;
    }
    switch ((int)cause) {
    case WHY_CAUSE_TLS_VERSION:
        say_version(tls, offer, say);
        return true;
    case WHY_CAUSE_TLS_NO_SHARED_CIPHER:
        say_suites(tls, offer, say);
        return true;
    case WHY_CAUSE_TLS_NO_SHARED_GROUP:
        say_groups(tls, offer, say);
        return true;
    case WHY_CAUSE_TLS_NO_SHARED_SIGNATURE:
        say_signatures(tls, offer, say);
        return true;
    case WHY_CAUSE_TLS_ALPN:
        why__say(say, "the client offers %.80s; here: http/1.1", offer->alpn);
        return true;
    default:
        return false;
    }
}

bool why__tls_server_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict_of,
                            struct why__say *say) {
    enum why_cause cause = verdict_of->cause;
    if (verdict_of->by_certificates) {
        say_client_certificate(tls, say);
    } else if (by_alert(tls)) {
        say_alert(tls, say);
    } else if (cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED || cause == WHY_CAUSE_TLS_CLIENT_LEFT) {
        say_left(tls, say);
    } else if (cause == WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED) {
        why__say(say, "the client sent no certificate, and one is asked for here");
    } else if (cause == WHY_CAUSE_TLS_ALERT && first_alert(tls) >= 0) {
        why__say(say, "the client sent alert %s (%d) instead of a ClientHello",
                 why__tls_alert_name(first_alert(tls)), first_alert(tls));
    } else {
        return say_unmet(tls, cause, say);
    }
    return true;
}
