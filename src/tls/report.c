/* SPDX-License-Identifier: MIT
 *
 * The TLS part of the close record, written from what is still known at the end.
 */
#include "tls/engine.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

static void report_errors(const struct why__tls *tls, struct why_tls_evidence *out) {
    uint8_t order[WHY_TLS_ERRORS_MAX] = {0};
    out->error_count = (uint8_t)why__tls_verify_order(tls, order);
    for (size_t i = 0; i < out->error_count; i++) {
        const struct why__tls_verify_error *error = &tls->evidence->errors[order[i]];
        struct why_tls_verify_error *to = &out->errors[i];
        to->depth = error->depth;
        to->error = error->error;
        to->cause = why__tls_verify_cause(tls, order[i]);
        (void)snprintf(to->text, sizeof to->text, "%s",
                       X509_verify_cert_error_string(error->error));
    }
}

static void report_certificate(X509 *certificate, struct why_tls_evidence *out) {
    if (certificate == NULL || out->chain_len == WHY_TLS_CHAIN_MAX) {
        return;
    }
    struct why_tls_certificate *to = &out->chain[out->chain_len++];
    why__tls_name_text(X509_get_subject_name(certificate), to->subject, sizeof to->subject);
    why__tls_name_text(X509_get_issuer_name(certificate), to->issuer, sizeof to->issuer);
    to->not_before = why__tls_time(X509_get0_notBefore(certificate));
    to->not_after = why__tls_time(X509_get0_notAfter(certificate));
    why__tls_names_text(certificate, to->names, sizeof to->names);
}

static void report_chain(const struct why__tls *tls, struct why_tls_evidence *out) {
    const STACK_OF(X509) *chain = tls->evidence == NULL ? NULL : tls->evidence->chain;
    if (chain == NULL) {
        /* OpenSSL keeps it with the session; on a server without the peer's own certificate. */
        chain = SSL_get_peer_cert_chain(tls->ssl);
        if (tls->context->is_server) {
            report_certificate(SSL_get0_peer_certificate(tls->ssl), out);
        }
    }
    for (int i = 0; i < sk_X509_num(chain); i++) {
        report_certificate(sk_X509_value(chain, i), out);
    }
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

static void report_evidence(const struct why__tls *tls, struct why_tls_evidence *out) {
    *out = (struct why_tls_evidence){
        .present = true,
        .handshake_done = tls->handshake_done,
        .insecure = tls->context->insecure,
        .client_cert_requested = tls->client_cert_requested,
        .client_cert_sent = tls->client_cert_sent,
        .alert_sent = tls->alert_sent,
        .alert = tls->alert,
    };
    report_agreed(tls, out);
    report_server_name(tls, out);
    report_errors(tls, out);
    report_chain(tls, out);
    bool is_alert = ERR_GET_REASON(tls->error) >= SSL_AD_REASON_OFFSET;
    const char *reason = tls->error == 0 || is_alert ? NULL : ERR_reason_error_string(tls->error);
    if (reason != NULL) {
        (void)snprintf(out->library_error, sizeof out->library_error, "%s", reason);
    }
    if (tls->evidence != NULL) {
        out->first_bytes_len = tls->evidence->first_bytes_len;
        memcpy(out->first_bytes, tls->evidence->first_bytes, sizeof out->first_bytes);
        if (tls->evidence->offer != NULL) {
            out->offer = *tls->evidence->offer;
        }
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
        why__tls_detail(tls, &verdict, record->detail, sizeof record->detail);
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
