/* SPDX-License-Identifier: MIT
 *
 * The one fact of this very connection that a cause's own words cannot know: names, dates, alerts.
 * A clause without a full stop; all of it safe to show.
 */
#include "tls/engine.h"

#include "base/mark.h"
#include "tls/alert.h"
#include "tls/banner.h"
#include "tls/hello.h"
#include "tls/server_verdict.h"

#include <openssl/err.h>
#include <string.h>

#define NAME_SIZE 100

static bool is_by_alert(const struct why__tls *tls) {
    return tls->alert >= 0 && !tls->alert_sent;
}

/* What the server wants of a client certificate, where it said. */
static void say_wanted(const struct why__tls *tls, struct why__say *say) {
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(tls->ssl);
    char issuer[NAME_SIZE - 30];
    if (sk_X509_NAME_num(names) <= 0) {
        why__say(say, "the server asked for a client certificate");
    } else {
        why__tls_name_text(sk_X509_NAME_value(names, 0), issuer, sizeof issuer);
        why__say_words(say,
                       sk_X509_NAME_num(names) > 1
                           ? N_("the server asked for a client certificate of %s or others")
                           : N_("the server asked for a client certificate of %s"),
                       (const char *[]){issuer});
    }
    if (is_by_alert(tls)) {
        why__say(say, "; alert %s (%d)", why__tls_alert_name(tls->alert), tls->alert);
    }
}

/* Why a server turned our certificate down, as far as its alert says. */
static void say_rejected(const struct why__tls *tls, struct why__say *say) {
    static const struct {
        int alert;
        const char *reason;
    } reasons[] = {
        {WHY__TLS_ALERT_CERTIFICATE_EXPIRED, N_(": it has expired")},
        {WHY__TLS_ALERT_UNKNOWN_CA, N_(": its issuer is none that the server trusts")},
        {WHY__TLS_ALERT_CERTIFICATE_REVOKED, N_(": it is revoked")},
        {WHY__TLS_ALERT_UNSUPPORTED_CERTIFICATE,
         N_(": it is made for something else (extendedKeyUsage clientAuth)")},
        {WHY__TLS_ALERT_DECRYPT_ERROR, N_(": its signature is wrong")},
    };
    say_wanted(tls, say);
    if (tls->client_cert_empty) {
        char key[40];
        why__tls_key_text(SSL_get_certificate(tls->ssl), key, sizeof key);
        why__say(say, "; ours was not sent: the server takes no signature of its %s", key);
        return;
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (!tls->alert_sent && tls->alert == reasons[i].alert) {
            why__say_text(say, reasons[i].reason);
        }
    }
}

static void say_alert(const struct why__tls *tls, struct why__say *say) {
    const char *name = why__tls_alert_name(tls->alert);
    if (tls->context->is_server) {
        why__say(say, "the client sent alert %s (%d)", name, tls->alert);
        return;
    }
    why__say(say, "the server sent alert %s (%d)", name, tls->alert);
    if (tls->alert == WHY__TLS_ALERT_UNRECOGNIZED_NAME && tls->is_address) {
        why__say(say, ": no name was sent, the URL has an address");
    } else if (tls->alert == WHY__TLS_ALERT_UNRECOGNIZED_NAME) {
        why__say(say, ", asked for %.80s", tls->server_name);
    }
}

static void say_first_bytes(const struct why__tls *tls, struct why__say *say) {
    const struct why__tls_evidence *evidence = tls->evidence;
    struct why_bytes first = {evidence->first_bytes, evidence->first_bytes_len};
    const char *protocol = NULL;
    enum why_cause cause = tls->context->is_server ? why__banner_of_client(first, &protocol)
                                                   : why__banner_of_server(first, &protocol);
    bool is_named = cause == WHY_CAUSE_TLS_OTHER_PROTOCOL || cause == WHY_CAUSE_TLS_PLAIN_HTTP;
    if (is_named && strcmp(protocol, "HTTP") != 0) {
        why__say(say, "%s: ", protocol);
    }
    why__banner_say(first, say);
}

/* Who did what; when is to follow. */
static void say_who_left(const struct why__tls *tls, struct why__say *say) {
    why__say_text(say, tls->context->is_server ? N_("the client ") : N_("the server "));
    why__say_text(say, tls->lost == WHY_TRANSPORT_FIN       ? N_("closed ")
                       : tls->lost == WHY_TRANSPORT_TIMEOUT ? N_("went silent ")
                       : tls->lost == WHY_TRANSPORT_NONE    ? N_("closed in order ")
                                                            : N_("reset "));
}

static void say_lost(const struct why__tls *tls, struct why__say *say) {
    const struct why__tls_evidence *evidence = tls->evidence;
    if (evidence != NULL && evidence->received > 0 && tls->context->is_server &&
        tls->certificate_sent && tls->lost == WHY_TRANSPORT_FIN) {
        why__say(say, "the client closed after seeing our certificate, as Node.js and Java do "
                      "where they reject it");
        return;
    }
    say_who_left(tls, say);
    if (evidence == NULL || evidence->received == 0) {
        why__say(say, "before it sent a byte");
        return;
    }
    const char *last = NULL;
    for (size_t i = 0; i < evidence->message_count; i++) {
        last = evidence->messages[i].sent ? last : why_tls_message_name(evidence->messages[i].type);
    }
    unsigned long long received = evidence->received;
    if (last == NULL) {
        why__say(say, "after %llu bytes, within its first message", received);
    } else {
        why__say(say, "after %llu bytes of its handshake, the last message %s", received, last);
    }
}

static void say_library(const struct why__tls *tls, struct why__say *say) {
    const char *reason = tls->error == 0 ? NULL : ERR_reason_error_string(tls->error);
    if (tls->flooded) {
        why__say(say, "it asks for answers and reads none");
    } else if (tls->endless) {
        why__say(say, "its handshake has no end within %zu bytes", WHY__TLS_HANDSHAKE_MAX);
    } else if (reason != NULL) {
        why__say(say, "OpenSSL says: %s", reason);
    }
}

/* What this side has: "TLS 1.2 to TLS 1.3". */
static void say_own_versions(const struct why__tls *tls, struct why__say *say) {
    long least = SSL_get_min_proto_version(tls->ssl), most = SSL_get_max_proto_version(tls->ssl);
    char names[2][WHY__HELLO_NAME_MAX];
    const char *low =
        why__hello_version_name((uint16_t)(least == 0 ? TLS1_VERSION : least), names[0]);
    const char *high =
        why__hello_version_name((uint16_t)(most == 0 ? TLS1_3_VERSION : most), names[1]);
    if (strcmp(low, high) == 0) {
        why__say(say, "%s alone", low);
    } else {
        why__say(say, "%s to %s", low, high);
    }
}

static void say_version(const struct why__tls *tls, struct why__say *say) {
    const struct why__tls_evidence *evidence = tls->evidence;
    /* Record header, message header, then the version that a ServerHello chose. */
    bool has_hello = evidence != NULL && evidence->first_bytes_len > 10 &&
                     evidence->first_bytes[5] == SSL3_MT_SERVER_HELLO;
    unsigned version =
        has_hello ? (unsigned)evidence->first_bytes[9] << 8 | evidence->first_bytes[10] : 0;
    char name[WHY__HELLO_NAME_MAX];
    const char *theirs = why__hello_version_name((uint16_t)version, name);
    if (version == 0) {
        why__say(say, "the server sent alert %s (%d) to ", why__tls_alert_name(tls->alert),
                 tls->alert);
        say_own_versions(tls, say);
        why__say(say, ", and does not say what it has");
    } else if (version >= (unsigned)SSL_get_min_proto_version(tls->ssl) &&
               version < TLS1_2_VERSION) {
        why__say(say,
                 "the server chose %s, which OpenSSL's security level %d leaves no signature for",
                 theirs, SSL_get_security_level(tls->ssl));
    } else {
        why__say(say, "the server chose %s, here there is ", theirs);
        say_own_versions(tls, say);
    }
}

static void say_weak_dh(const struct why__tls *tls, struct why__say *say) {
    /* Level 1 wants 80 bits of security, as 1,024 bits of a prime have; 2 wants 112, as 2,048. */
    static const unsigned least[] = {0, 1024, 2048, 3072, 7680, 15360};
    int level = SSL_get_security_level(tls->ssl);
    unsigned bits = tls->evidence == NULL ? 0 : tls->evidence->dh_bits;
    why__say(say,
             "the server's Diffie-Hellman prime has %u bits, OpenSSL's security level %d wants %u",
             bits, level,
             least[level < 0   ? 0
                   : level > 5 ? 5
                               : level]);
}

/* Where a message says more than the library's own words. Returns false where none does. */
static bool say_known(const struct why__tls *tls, enum why_cause cause, struct why__say *say) {
    switch ((int)cause) {
    case WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED:
        if (!tls->context->is_server) {
            say_wanted(tls, say);
        } else {
            why__say(say, "the client sent no certificate, and one is asked for here");
        }
        return true;
    case WHY_CAUSE_TLS_CLIENT_CERT_REJECTED:
        say_rejected(tls, say);
        return true;
    case WHY_CAUSE_PROXY_LOGIN_PAGE:
    case WHY_CAUSE_TLS_PLAIN_HTTP:
    case WHY_CAUSE_TLS_NOT_TLS:
    case WHY_CAUSE_TLS_OTHER_PROTOCOL:
    case WHY_CAUSE_TLS_PROXY_PROTOCOL:
        say_first_bytes(tls, say);
        return true;
    case WHY_CAUSE_TLS_VERSION:
        say_version(tls, say);
        return true;
    case WHY_CAUSE_TLS_WEAK_DH:
        say_weak_dh(tls, say);
        return true;
    case WHY_CAUSE_TLS_NO_SECURE_RENEGOTIATION:
        why__say(say, "the server's %s does not know RFC 5746", SSL_get_version(tls->ssl));
        return true;
    case WHY_CAUSE_TLS_CERT_TOO_LARGE:
        why__say(say, "the server's certificates are larger than %ld bytes",
                 SSL_get_max_cert_list(tls->ssl));
        return true;
    case WHY_CAUSE_TLS_NAME_REQUIRED:
        if (is_by_alert(tls)) {
            why__say(say, "alert %s (%d): no name was sent, as the URL has an address",
                     why__tls_alert_name(tls->alert), tls->alert);
        }
        return is_by_alert(tls);
    default:
        return false;
    }
}

void why__tls_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict,
                     struct why__say *say) {
    bool by_alert = why__tls_was_ended_by_alert(tls);
    if (tls->context->is_server && why__tls_server_detail(tls, verdict, say)) {
        return;
    }
    if (verdict->by_certificates) {
        struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
        (void)why__tls_findings(&tls->evidence->verification, findings);
        why__tls_finding_say(&tls->evidence->verification, &findings[0], say);
        return;
    }
    if (verdict->cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY || say_known(tls, verdict->cause, say)) {
        return;
    }
    bool is_lost = tls->lost != WHY_TRANSPORT_NONE || verdict->cause == WHY_CAUSE_TLS_EOF;
    if (is_lost && !(by_alert && tls->alert != WHY__TLS_ALERT_CLOSE_NOTIFY)) {
        say_lost(tls, say);
    } else if (by_alert) {
        say_alert(tls, say);
    } else {
        say_library(tls, say);
    }
}
