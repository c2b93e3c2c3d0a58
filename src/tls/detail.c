/* SPDX-License-Identifier: MIT
 *
 * The one fact of this very connection that a cause's own words cannot know: names, dates, alerts.
 * A clause without a full stop; all of it safe to show.
 */
#include "tls/engine.h"

#include "tls/alert.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400
#define NAME_SIZE 100

static void date_text(int64_t seconds, char *out, size_t size) {
    time_t time = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || strftime(out, size, "%Y-%m-%d", &parts) == 0) {
        (void)snprintf(out, size, "an unknown date");
    }
}

static void span_text(int64_t seconds, char *out, size_t size) {
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{SECONDS_PER_DAY, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    size_t i = 0;
    while (i < 3 && seconds < units[i].seconds) {
        i++;
    }
    long long count = (long long)(seconds / units[i].seconds);
    (void)snprintf(out, size, "%lld %s%s", count, units[i].unit, count == 1 ? "" : "s");
}

/* Whose certificate an error is about: "" for the peer's own, else the name and a space. */
static void whose(const struct why__tls_verify_error *error, char *out, size_t size) {
    out[0] = '\0';
    if (error->depth > 0 && error->certificate != NULL) {
        char name[NAME_SIZE - 20];
        why__tls_name_text(X509_get_subject_name(error->certificate), name, sizeof name);
        (void)snprintf(out, size, "the issuer %s ", name);
    }
}

static void detail_date(const struct why__tls *tls, const struct why__tls_verify_error *error,
                        bool expired, char *out, size_t size) {
    char owner[NAME_SIZE], date[32], span[32];
    int64_t now = (int64_t)tls->evidence->verified_at;
    int64_t limit = why__tls_time(expired ? X509_get0_notAfter(error->certificate)
                                          : X509_get0_notBefore(error->certificate));
    whose(error, owner, sizeof owner);
    date_text(limit, date, sizeof date);
    span_text(expired ? now - limit : limit - now, span, sizeof span);
    if (expired) {
        (void)snprintf(out, size, "%sexpired %s ago, on %s", owner, span, date);
    } else {
        (void)snprintf(out, size, "%svalid only from %s, in %s", owner, date, span);
    }
}

static void detail_name(const struct why__tls *tls, X509 *certificate, char *out, size_t size) {
    char names[NAME_SIZE];
    why__tls_names_text(certificate, names, sizeof names);
    if (names[0] != '\0') {
        (void)snprintf(out, size, "asked for %.60s, the certificate names %s", tls->server_name,
                       names);
        return;
    }
    why__tls_name_text(X509_get_subject_name(certificate), names, sizeof names);
    (void)snprintf(out, size, "asked for %.60s, the certificate of %s names no host",
                   tls->server_name, names);
}

static void detail_gap(const struct why__tls *tls, enum why_cause cause, char *out, size_t size) {
    X509 *top = why__tls_chain_top(tls->evidence);
    char issuer[NAME_SIZE] = "";
    if (top != NULL) {
        why__tls_name_text(X509_get_issuer_name(top), issuer, sizeof issuer);
    }
    if (cause == WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE) {
        (void)snprintf(out, size, "no CA certificates in %.50s or %.50s",
                       X509_get_default_cert_file(), X509_get_default_cert_dir());
    } else if (cause == WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA) {
        (void)snprintf(out, size, "unknown CA: %s", issuer);
    } else {
        bool others = sk_X509_num(tls->evidence->chain) > 1;
        (void)snprintf(out, size, "%s %s was not sent", others ? "others came, but" : "the issuer",
                       issuer);
    }
}

static void detail_weak(const struct why__tls_verify_error *error, char *out, size_t size) {
    char owner[NAME_SIZE];
    whose(error, owner, sizeof owner);
    if (error->error == X509_V_ERR_CA_MD_TOO_WEAK) {
        const char *name = OBJ_nid2sn(X509_get_signature_nid(error->certificate));
        (void)snprintf(out, size, "%ssigned with %s", owner, name == NULL ? "?" : name);
        return;
    }
    EVP_PKEY *key = X509_get0_pubkey(error->certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    (void)snprintf(out, size, "%s%s key of %d bits", owner, type == NULL ? "a" : type,
                   key == NULL ? 0 : EVP_PKEY_get_bits(key));
}

static void detail_verify(const struct why__tls *tls, const struct why__tls_verdict *verdict,
                          char *out, size_t size) {
    const struct why__tls_verify_error *error = &tls->evidence->errors[verdict->error];
    char owner[NAME_SIZE];
    enum why_cause cause = verdict->cause;
    if (cause == WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE || cause == WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA ||
        cause == WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE) {
        detail_gap(tls, cause, out, size);
    } else if (error->certificate == NULL) {
        (void)snprintf(out, size, "%s", X509_verify_cert_error_string(error->error));
    } else if (cause == WHY_CAUSE_TLS_CERT_EXPIRED || cause == WHY_CAUSE_TLS_CERT_NOT_YET_VALID) {
        detail_date(tls, error, cause == WHY_CAUSE_TLS_CERT_EXPIRED, out, size);
    } else if (cause == WHY_CAUSE_TLS_CERT_NAME_MISMATCH) {
        detail_name(tls, error->certificate, out, size);
    } else if (cause == WHY_CAUSE_TLS_CERT_WEAK_KEY || cause == WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE) {
        detail_weak(error, out, size);
    } else if (cause == WHY_CAUSE_TLS_CERT_SELF_SIGNED) {
        why__tls_name_text(X509_get_subject_name(error->certificate), owner, sizeof owner);
        (void)snprintf(out, size, "issued by itself: %s", owner);
    } else {
        whose(error, owner, sizeof owner);
        (void)snprintf(out, size, "%s%s%s", owner, owner[0] == '\0' ? "" : "has: ",
                       X509_verify_cert_error_string(error->error));
    }
}

/* What the server wants of a client certificate, where it said. */
static void detail_wanted(const struct why__tls *tls, char *out, size_t size) {
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(tls->ssl);
    char alert[64] = "", issuer[NAME_SIZE - 30];
    if (tls->alert >= 0 && !tls->alert_sent) {
        (void)snprintf(alert, sizeof alert, "; alert %s (%d)", why__tls_alert_name(tls->alert),
                       tls->alert);
    }
    if (sk_X509_NAME_num(names) <= 0) {
        (void)snprintf(out, size, "the server asked for a client certificate%s", alert);
        return;
    }
    why__tls_name_text(sk_X509_NAME_value(names, 0), issuer, sizeof issuer);
    (void)snprintf(out, size, "the server asked for a client certificate of %s%s%s", issuer,
                   sk_X509_NAME_num(names) > 1 ? " or others" : "", alert);
}

static void detail_alert(const struct why__tls *tls, char *out, size_t size) {
    const char *peer = tls->context->is_server ? "client" : "server";
    const char *sni = "";
    if (tls->alert == WHY__TLS_ALERT_UNRECOGNIZED_NAME && !tls->context->is_server) {
        sni = tls->is_address ? ": no name was sent, the URL has an address" : ", asked for ";
    }
    (void)snprintf(out, size, "the %s sent alert %s (%d)%s%.80s", peer,
                   why__tls_alert_name(tls->alert), tls->alert, sni,
                   sni[0] == ',' ? tls->server_name : "");
}

static void detail_first_bytes(const struct why__tls *tls, char *out, size_t size) {
    const struct why__tls_evidence *evidence = tls->evidence;
    size_t len = 0;
    while (len < evidence->first_bytes_len && evidence->first_bytes[len] >= 0x20 &&
           evidence->first_bytes[len] < 0x7f) {
        len++;
    }
    if (len >= 4) {
        (void)snprintf(out, size, "it began with \"%.*s\"", (int)len,
                       (const char *)evidence->first_bytes);
        return;
    }
    size_t at = (size_t)snprintf(out, size, "it began with the bytes");
    for (size_t i = 0; i < evidence->first_bytes_len && i < 16; i++) {
        at += (size_t)snprintf(out + at, size - at, " %02x", evidence->first_bytes[i]);
    }
}

static void detail_lost(const struct why__tls *tls, char *out, size_t size) {
    const char *peer = tls->context->is_server ? "client" : "server";
    const char *how = tls->lost == WHY_TRANSPORT_FIN       ? "closed"
                      : tls->lost == WHY_TRANSPORT_TIMEOUT ? "went silent"
                      : tls->lost == WHY_TRANSPORT_NONE    ? "closed in order"
                                                           : "reset";
    unsigned long long received = tls->evidence == NULL ? 0 : tls->evidence->received;
    if (received == 0) {
        (void)snprintf(out, size, "the %s %s before it sent a byte", peer, how);
    } else if (tls->context->is_server && tls->certificate_sent && tls->lost == WHY_TRANSPORT_FIN) {
        (void)snprintf(
            out, size,
            "the client closed after seeing our certificate, as Node.js and Java do where "
            "they reject it");
    } else {
        (void)snprintf(out, size, "the %s %s after %llu bytes of its handshake", peer, how,
                       received);
    }
}

static void detail_library(const struct why__tls *tls, char *out, size_t size) {
    if (tls->flooded) {
        (void)snprintf(out, size, "it asks for answers and reads none");
        return;
    }
    const char *reason = tls->error == 0 ? NULL : ERR_reason_error_string(tls->error);
    (void)snprintf(out, size, "%s", reason == NULL ? "" : reason);
}

static void detail_version(const struct why__tls *tls, char *out, size_t size) {
    static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1"};
    const struct why__tls_evidence *evidence = tls->evidence;
    unsigned version = evidence == NULL ? 0 : evidence->offered_version;
    const char *verb = "client offers";
    if (!tls->context->is_server) {
        /* Record header, message header, then the version that a ServerHello chose. */
        bool has_hello = evidence != NULL && evidence->first_bytes_len > 10 &&
                         evidence->first_bytes[5] == SSL3_MT_SERVER_HELLO;
        version =
            has_hello ? (unsigned)evidence->first_bytes[9] << 8 | evidence->first_bytes[10] : 0;
        verb = "server chose";
    }
    if (version >= SSL3_VERSION && version < TLS1_2_VERSION) {
        (void)snprintf(out, size, "the %s %s%s, TLS 1.2 is the least here", verb,
                       names[version - SSL3_VERSION], tls->context->is_server ? " at most" : "");
    } else {
        detail_library(tls, out, size);
    }
}

void why__tls_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict, char *out,
                     size_t size) {
    bool by_alert = tls->alert >= 0 && !tls->alert_sent;
    out[0] = '\0';
    if (verdict->error >= 0) {
        detail_verify(tls, verdict, out, size);
        return;
    }
    switch ((int)verdict->cause) {
    case WHY_CAUSE_LOCAL_OUT_OF_MEMORY:
        return;
    case WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED:
        if (!tls->context->is_server) {
            detail_wanted(tls, out, size);
        } else {
            (void)snprintf(out, size, "the client sent no certificate, and one is asked for here");
        }
        return;
    case WHY_CAUSE_TLS_PLAIN_HTTP:
    case WHY_CAUSE_TLS_NOT_TLS:
        detail_first_bytes(tls, out, size);
        return;
    default:
        break;
    }
    if (by_alert && tls->alert != WHY__TLS_ALERT_CLOSE_NOTIFY) {
        detail_alert(tls, out, size);
    } else if (tls->lost != WHY_TRANSPORT_NONE || verdict->cause == WHY_CAUSE_TLS_EOF) {
        detail_lost(tls, out, size);
    } else if (verdict->cause == WHY_CAUSE_TLS_VERSION) {
        detail_version(tls, out, size);
    } else {
        detail_library(tls, out, size);
    }
}
