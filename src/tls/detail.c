/* SPDX-License-Identifier: MIT
 *
 * The one fact of this very connection that a cause's own words cannot know: names, dates, alerts.
 * A clause without a full stop; all of it safe to show.
 */
#include "tls/engine.h"

#include "tls/alert.h"
#include "tls/banner.h"
#include "tls/hello.h"
#include "tls/server_verdict.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 100

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

/* Why a server turned our certificate down, as far as its alert says. */
static void detail_rejected(const struct why__tls *tls, char *out, size_t size) {
    const char *reason = tls->alert_sent                                    ? ""
                         : tls->alert == WHY__TLS_ALERT_CERTIFICATE_EXPIRED ? ": it has expired"
                         : tls->alert == WHY__TLS_ALERT_UNKNOWN_CA
                             ? ": its issuer is none that the server trusts"
                         : tls->alert == WHY__TLS_ALERT_CERTIFICATE_REVOKED ? ": it is revoked"
                         : tls->alert == WHY__TLS_ALERT_UNSUPPORTED_CERTIFICATE
                             ? ": it is made for something else (extendedKeyUsage clientAuth)"
                         : tls->alert == WHY__TLS_ALERT_DECRYPT_ERROR ? ": its signature is wrong"
                                                                      : "";
    char wanted[150];
    detail_wanted(tls, wanted, sizeof wanted);
    (void)snprintf(out, size, "%s%s", wanted, reason);
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
    struct why_bytes first = {evidence->first_bytes, evidence->first_bytes_len};
    const char *protocol = NULL;
    char began[120];
    enum why_cause cause = tls->context->is_server ? why__banner_of_client(first, &protocol)
                                                   : why__banner_of_server(first, &protocol);
    why__banner_text(first, began, sizeof began);
    if (cause == WHY_CAUSE_TLS_OTHER_PROTOCOL) {
        (void)snprintf(out, size, "%s: %s", protocol, began);
    } else {
        (void)snprintf(out, size, "%s", began);
    }
}

static void detail_lost(const struct why__tls *tls, char *out, size_t size) {
    const char *peer = tls->context->is_server ? "client" : "server";
    const struct why__tls_evidence *evidence = tls->evidence;
    const char *how = tls->lost == WHY_TRANSPORT_FIN       ? "closed"
                      : tls->lost == WHY_TRANSPORT_TIMEOUT ? "went silent"
                      : tls->lost == WHY_TRANSPORT_NONE    ? "closed in order"
                                                           : "reset";
    if (evidence == NULL || evidence->received == 0) {
        (void)snprintf(out, size, "the %s %s before it sent a byte", peer, how);
        return;
    }
    if (tls->context->is_server && tls->certificate_sent && tls->lost == WHY_TRANSPORT_FIN) {
        (void)snprintf(out, size,
                       "the client closed after seeing our certificate, as Node.js and Java do "
                       "where they reject it");
        return;
    }
    const char *last = NULL;
    for (size_t i = 0; i < evidence->message_count; i++) {
        last = evidence->messages[i].sent ? last : why_tls_message_name(evidence->messages[i].type);
    }
    unsigned long long received = evidence->received;
    if (last == NULL) {
        (void)snprintf(out, size, "the %s %s after %llu bytes, within its first message", peer, how,
                       received);
    } else {
        (void)snprintf(out, size,
                       "the %s %s after %llu bytes of its handshake, the last message %s", peer,
                       how, received, last);
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

/* What this side has: "TLS 1.2 to TLS 1.3". */
static void own_versions(const struct why__tls *tls, char *out, size_t size) {
    long least = SSL_get_min_proto_version(tls->ssl), most = SSL_get_max_proto_version(tls->ssl);
    char names[2][WHY__HELLO_NAME_MAX];
    const char *low =
        why__hello_version_name((uint16_t)(least == 0 ? TLS1_VERSION : least), names[0]);
    const char *high =
        why__hello_version_name((uint16_t)(most == 0 ? TLS1_3_VERSION : most), names[1]);
    if (strcmp(low, high) == 0) {
        (void)snprintf(out, size, "%s alone", low);
    } else {
        (void)snprintf(out, size, "%s to %s", low, high);
    }
}

static void detail_version(const struct why__tls *tls, char *out, size_t size) {
    const struct why__tls_evidence *evidence = tls->evidence;
    /* Record header, message header, then the version that a ServerHello chose. */
    bool has_hello = evidence != NULL && evidence->first_bytes_len > 10 &&
                     evidence->first_bytes[5] == SSL3_MT_SERVER_HELLO;
    unsigned version =
        has_hello ? (unsigned)evidence->first_bytes[9] << 8 | evidence->first_bytes[10] : 0;
    char name[WHY__HELLO_NAME_MAX], own[64];
    own_versions(tls, own, sizeof own);
    const char *theirs = why__hello_version_name((uint16_t)version, name);
    if (version == 0) {
        (void)snprintf(out, size,
                       "the server sent alert %s (%d) to %s, and does not say what it "
                       "has",
                       why__tls_alert_name(tls->alert), tls->alert, own);
    } else if (version >= (unsigned)SSL_get_min_proto_version(tls->ssl) &&
               version < TLS1_2_VERSION) {
        (void)snprintf(out, size,
                       "the server chose %s, which OpenSSL's security level %d leaves no "
                       "signature for",
                       theirs, SSL_get_security_level(tls->ssl));
    } else {
        (void)snprintf(out, size, "the server chose %s, here there is %s", theirs, own);
    }
}

static void detail_weak_dh(const struct why__tls *tls, char *out, size_t size) {
    /* Level 1 wants 80 bits of security, as 1,024 bits of a prime have; 2 wants 112, as 2,048. */
    static const unsigned least[] = {0, 1024, 2048, 3072, 7680, 15360};
    int level = SSL_get_security_level(tls->ssl);
    unsigned bits = tls->evidence == NULL ? 0 : tls->evidence->dh_bits;
    (void)snprintf(out, size,
                   "the server's Diffie-Hellman prime has %u bits, OpenSSL's security level %d "
                   "wants %u",
                   bits, level,
                   least[level < 0   ? 0
                         : level > 5 ? 5
                                     : level]);
}

/* Where a message says more than the library's own words. Returns false where none does. */
static bool detail_known(const struct why__tls *tls, enum why_cause cause, char *out, size_t size) {
    bool by_alert = tls->alert >= 0 && !tls->alert_sent;
    switch ((int)cause) {
    case WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED:
        if (!tls->context->is_server) {
            detail_wanted(tls, out, size);
        } else {
            (void)snprintf(out, size, "the client sent no certificate, and one is asked for here");
        }
        return true;
    case WHY_CAUSE_TLS_CLIENT_CERT_REJECTED:
        detail_rejected(tls, out, size);
        return true;
    case WHY_CAUSE_PROXY_LOGIN_PAGE:
    case WHY_CAUSE_TLS_PLAIN_HTTP:
    case WHY_CAUSE_TLS_NOT_TLS:
    case WHY_CAUSE_TLS_OTHER_PROTOCOL:
    case WHY_CAUSE_TLS_PROXY_PROTOCOL:
        detail_first_bytes(tls, out, size);
        return true;
    case WHY_CAUSE_TLS_VERSION:
        detail_version(tls, out, size);
        return true;
    case WHY_CAUSE_TLS_WEAK_DH:
        detail_weak_dh(tls, out, size);
        return true;
    case WHY_CAUSE_TLS_NO_SECURE_RENEGOTIATION:
        (void)snprintf(out, size, "the server's %s does not know RFC 5746",
                       SSL_get_version(tls->ssl));
        return true;
    case WHY_CAUSE_TLS_CERT_TOO_LARGE:
        (void)snprintf(out, size, "the server's certificates are larger than %ld bytes",
                       SSL_get_max_cert_list(tls->ssl));
        return true;
    case WHY_CAUSE_TLS_NAME_REQUIRED:
        (void)snprintf(out, size, "alert %s (%d): no name was sent, as the URL has an address",
                       why__tls_alert_name(tls->alert), tls->alert);
        return by_alert;
    default:
        return false;
    }
}

void why__tls_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict, char *out,
                     size_t size) {
    bool by_alert = tls->alert >= 0 && !tls->alert_sent;
    out[0] = '\0';
    if (tls->context->is_server && why__tls_server_detail(tls, verdict, out, size)) {
        return;
    }
    if (verdict->by_certificates) {
        struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
        (void)why__tls_findings(&tls->evidence->verification, findings);
        why__tls_finding_detail(&tls->evidence->verification, &findings[0], out, size);
        return;
    }
    if (verdict->cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY ||
        detail_known(tls, verdict->cause, out, size)) {
        return;
    }
    bool is_lost = tls->lost != WHY_TRANSPORT_NONE || verdict->cause == WHY_CAUSE_TLS_EOF;
    if (is_lost && !(by_alert && tls->alert != WHY__TLS_ALERT_CLOSE_NOTIFY)) {
        detail_lost(tls, out, size);
    } else if (by_alert) {
        detail_alert(tls, out, size);
    } else {
        detail_library(tls, out, size);
    }
}
