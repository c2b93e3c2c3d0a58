/* SPDX-License-Identifier: MIT
 *
 * The TLS part of the close record, written from what is still known at the end.
 */
#include "tls/engine.h"

#include "tls/hello.h"
#include "tls/traffic.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static void report_errors(const struct why__tls *tls, struct why_tls_evidence *out) {
    if (tls->evidence == NULL) {
        return;
    }
    const struct why__tls_verification *verification = &tls->evidence->verification;
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    out->error_count = (uint8_t)why__tls_findings(verification, findings);
    for (size_t i = 0; i < out->error_count; i++) {
        struct why_tls_verify_error *to = &out->errors[i];
        to->depth = findings[i].depth;
        to->error = findings[i].error;
        to->cause = findings[i].cause;
        to->likely = findings[i].likely;
        if (findings[i].error != 0) {
            (void)snprintf(to->text, sizeof to->text, "%s",
                           X509_verify_cert_error_string(findings[i].error));
        }
        struct why__say say;
        why__say_begin(&say, to->detail, sizeof to->detail, NULL);
        why__tls_finding_say(verification, &findings[i], &say);
    }
}

static bool is_in_built(const struct why__tls *tls, X509 *certificate) {
    const STACK_OF(X509) *built = tls->evidence == NULL ? NULL : tls->evidence->verification.built;
    for (int i = 0; i < sk_X509_num(built); i++) {
        if (X509_cmp(sk_X509_value(built, i), certificate) == 0) {
            return true;
        }
    }
    return false;
}

static void report_certificate(const struct why__tls *tls, X509 *certificate,
                               struct why_tls_evidence *out) {
    if (certificate == NULL || out->chain_len == WHY_TLS_CHAIN_MAX) {
        return;
    }
    struct why_tls_certificate *to = &out->chain[out->chain_len++];
    why__tls_name_text(X509_get_subject_name(certificate), to->subject, sizeof to->subject);
    why__tls_name_text(X509_get_issuer_name(certificate), to->issuer, sizeof to->issuer);
    to->not_before = why__tls_time(X509_get0_notBefore(certificate));
    to->not_after = why__tls_time(X509_get0_notAfter(certificate));
    why__tls_names_text(certificate, to->names, sizeof to->names);
    why__tls_key_text(certificate, to->key, sizeof to->key);
    why__tls_signature_text(certificate, to->signature, sizeof to->signature);
    to->used = is_in_built(tls, certificate);
}

static void report_chain(const struct why__tls *tls, struct why_tls_evidence *out) {
    const STACK_OF(X509) *chain = tls->evidence == NULL ? NULL : tls->evidence->verification.chain;
    if (chain == NULL) {
        /* OpenSSL keeps it with the session; on a server without the peer's own certificate. */
        chain = SSL_get_peer_cert_chain(tls->ssl);
        if (tls->context->is_server) {
            report_certificate(tls, SSL_get0_peer_certificate(tls->ssl), out);
        }
    }
    for (int i = 0; i < sk_X509_num(chain); i++) {
        report_certificate(tls, sk_X509_value(chain, i), out);
    }
}

static void report_taken_over(const struct why__tls_traffic *traffic,
                              struct why_tls_evidence *out) {
    (void)snprintf(out->version, sizeof out->version, "TLSv1.3");
    (void)snprintf(out->cipher, sizeof out->cipher, "%s", why__tls_traffic_cipher(traffic));
    (void)snprintf(out->group, sizeof out->group, "%s", traffic->group);
    (void)snprintf(out->alpn, sizeof out->alpn, "%s", traffic->has_alpn ? "http/1.1" : "");
    why__tls_safe_text(traffic->asked_name, strlen(traffic->asked_name), out->server_name,
                       sizeof out->server_name);
}

static void report_agreed(const struct why__tls *tls, struct why_tls_evidence *out) {
    const unsigned char *alpn = NULL;
    unsigned int alpn_len = 0;
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    SSL_get0_alpn_selected(tls->ssl, &alpn, &alpn_len);
    if (alpn_len > 0) {
        why__tls_safe_text(alpn, alpn_len, out->alpn, sizeof out->alpn);
    }
    if (!tls->hello_done) {
        return; /* until then it is the highest that we speak, not what is spoken */
    }
    (void)snprintf(out->version, sizeof out->version, "%s", SSL_get_version(tls->ssl));
    if (cipher != NULL) {
        (void)snprintf(out->cipher, sizeof out->cipher, "%s", SSL_CIPHER_get_name(cipher));
    }
}

static void report_server_name(const struct why__tls *tls, struct why_tls_evidence *out) {
    const char *name = tls->server_name;
    if (tls->context->is_server) {
        const char *asked = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
        name = asked != NULL ? asked : tls->evidence != NULL ? tls->evidence->asked_name : "";
    }
    why__tls_safe_text(name, strlen(name), out->server_name, sizeof out->server_name);
}

#define BIT(notice) ((uint32_t)1 << WHY_NOTICE_##notice)

/* What Chrome and Firefox both offer; in any of its spellings. */
static bool is_browser_group(const char *group) {
    static const char *const groups[] = {"x25519", "secp256r1", "prime256v1",
                                         "P-256",  "secp384r1", "P-384"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (strcasecmp(group, groups[i]) == 0) {
            return true;
        }
    }
    return group[0] == '\0';
}

static uint32_t look_at_agreed(const struct why__tls *tls, const struct why_tls_evidence *out) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    uint32_t notices = is_browser_group(out->group) ? 0 : BIT(GROUP_BROWSER);
    if (cipher == NULL || SSL_version(tls->ssl) >= TLS1_3_VERSION) {
        return notices;
    }
    notices |= SSL_version(tls->ssl) <= TLS1_2_VERSION ? BIT(VERSION_OLD) : 0;
    notices |= SSL_CIPHER_is_aead(cipher) == 1 ? 0 : BIT(CIPHER_CBC);
    notices |= SSL_CIPHER_get_kx_nid(cipher) == NID_kx_rsa ? BIT(CIPHER_NO_FORWARD_SECRECY) : 0;
    return notices;
}

static uint32_t look_at_staple(enum why_staple staple, X509 *leaf) {
    switch (staple) {
    case WHY_STAPLE_EXPIRED:
        return BIT(STAPLE_EXPIRED);
    case WHY_STAPLE_REVOKED:
        return BIT(STAPLE_REVOKED);
    case WHY_STAPLE_UNKNOWN:
        return BIT(STAPLE_UNKNOWN);
    case WHY_STAPLE_BAD_SIGNATURE:
        return BIT(STAPLE_BAD_SIGNATURE);
    case WHY_STAPLE_ERROR:
        return BIT(STAPLE_ERROR);
    case WHY_STAPLE_NONE:
        /* RFC 7633: "must staple" */
        return X509_get_ext_by_NID(leaf, NID_tlsfeature, -1) >= 0 ? BIT(STAPLE_MISSING) : 0;
    case WHY_STAPLE_NOT_ASKED:
    case WHY_STAPLE_GOOD:
        break;
    }
    return 0;
}

/* What is no failure yet, where the program wants to know. */
static void report_notices(const struct why__tls *tls, struct why_tls_evidence *out) {
    if (!tls->context->notices || !tls->handshake_done || tls->evidence == NULL ||
        sk_X509_num(tls->evidence->verification.chain) <= 0) {
        return;
    }
    STACK_OF(X509) *chain = tls->evidence->verification.chain;
    X509_STORE *trust = SSL_CTX_get_cert_store(tls->context->ssl);
    const unsigned char *staple = NULL;
    long len = SSL_get_tlsext_status_ocsp_resp(tls->ssl, &staple);
    out->staple = why__tls_staple(staple, len > 0 ? (size_t)len : 0, chain, trust);
    out->notices = why__tls_chain_notices(chain, trust, tls->evidence->verification.verified_at) |
                   look_at_agreed(tls, out) | look_at_staple(out->staple, sk_X509_value(chain, 0));
}

static void report_wanted_cas(const struct why__tls *tls, struct why_tls_evidence *out) {
    const STACK_OF(X509_NAME) *names =
        tls->context->is_server ? NULL : SSL_get0_peer_CA_list(tls->ssl);
    size_t len = 0;
    for (int i = 0; i < sk_X509_NAME_num(names) && len + 8 < sizeof out->wanted_cas; i++) {
        char name[128];
        why__tls_name_text(sk_X509_NAME_value(names, i), name, sizeof name);
        int written = snprintf(out->wanted_cas + len, sizeof out->wanted_cas - len, "%s%s",
                               len > 0 ? "; " : "", name);
        len += written < 0 ? 0 : (size_t)written;
    }
}

static void report_group(const struct why__tls *tls, struct why_tls_evidence *out) {
    char name[WHY__HELLO_NAME_MAX];
    if (tls->evidence != NULL && tls->evidence->group != 0) {
        (void)snprintf(out->group, sizeof out->group, "%.23s",
                       why__hello_group_name(tls->evidence->group, name));
        return;
    }
    int group = tls->hello_done ? (int)SSL_get_negotiated_group(tls->ssl) : NID_undef;
    const char *known = group == NID_undef ? NULL : SSL_group_to_name(tls->ssl, group);
    if (known != NULL) {
        (void)snprintf(out->group, sizeof out->group, "%s", known);
    }
}

static void report_handshake(const struct why__tls *tls, struct why_tls_evidence *out) {
    const struct why__tls_evidence *evidence = tls->evidence;
    if (evidence == NULL) {
        return;
    }
    out->received = evidence->received;
    out->dh_bits = evidence->dh_bits;
    out->first_bytes_len = evidence->first_bytes_len;
    memcpy(out->first_bytes, evidence->first_bytes, sizeof out->first_bytes);
    out->message_count = evidence->message_count;
    memcpy(out->messages, evidence->messages, sizeof out->messages);
    if (evidence->offer != NULL) {
        out->offer = *evidence->offer;
    }
    const STACK_OF(X509) *built = evidence->verification.built;
    if (evidence->verification.anchored && sk_X509_num(built) > 0) {
        X509 *anchor = sk_X509_value(built, sk_X509_num(built) - 1);
        why__tls_name_text(X509_get_subject_name(anchor), out->anchor, sizeof out->anchor);
    }
}

static void report_evidence(const struct why__tls *tls, struct why_tls_evidence *out) {
    *out = (struct why_tls_evidence){
        .present = true,
        .handshake_done = tls->handshake_done,
        .insecure = tls->context->insecure,
        .client_cert_requested = tls->client_cert_requested,
        .client_cert_sent = tls->client_cert_sent,
        .is_address = tls->is_address,
        .alert_sent = tls->alert_sent,
        .alert = tls->alert,
        .security_level = (uint8_t)SSL_get_security_level(tls->ssl),
    };
    if (tls->traffic != NULL) {
        report_taken_over(tls->traffic, out);
    } else {
        report_agreed(tls, out);
        report_group(tls, out);
        report_server_name(tls, out);
    }
    report_errors(tls, out);
    report_chain(tls, out);
    report_wanted_cas(tls, out);
    report_handshake(tls, out);
    report_notices(tls, out);
    bool is_alert = ERR_GET_REASON(tls->error) >= SSL_AD_REASON_OFFSET;
    const char *reason = tls->error == 0 || is_alert ? NULL : ERR_reason_error_string(tls->error);
    if (reason != NULL) {
        (void)snprintf(out->library_error, sizeof out->library_error, "%s", reason);
    }
}

static void report_failure(const struct why__tls *tls, struct why_record *record) {
    struct why__tls_verdict verdict = why__tls_judge(tls);
    why_record_fail(record, verdict.cause);
    if (record->cause != verdict.cause) {
        return; /* something else came first */
    }
    record->likely = verdict.likely;
    if (verdict.side != WHY_SIDE_NONE) {
        record->side = verdict.side;
    }
    if (record->detail[0] == '\0') {
        struct why__say say = why__say_in(record);
        why__tls_detail(tls, &verdict, &say);
    }
    if (record->transport == WHY_TRANSPORT_NONE) {
        bool by_alert = tls->alert >= 0 && !tls->alert_sent;
        record->transport = by_alert ? WHY_TRANSPORT_TLS_ALERT : (enum why_transport)tls->lost;
    }
    if (record->os_error == 0) {
        record->os_error = tls->os_error;
    }
}

void why__tls_report(const struct why__tls *tls, struct why_record *record) {
    report_evidence(tls, &record->tls);
    if (tls->status == WHY__TLS_FAILED) {
        report_failure(tls, record);
    }
    ERR_clear_error();
}
