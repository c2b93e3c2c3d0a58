/* SPDX-License-Identifier: MIT
 *
 * The decision tree over several connections. Each branch looks for the answer of the probe that
 * it needs, and asks for that probe where there is none yet.
 */
#include "tls/probe_verdict.h"

#include "tls/alert.h"
#include "tls/banner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const probe_names[] = {
#define X(name, text) [WHY__PROBE_##name] = (text),
    WHY__PROBE_MAP(X)
#undef X
};

const char *why__probe_name(enum why__probe probe) {
    return probe_names[probe];
}

struct inquiry {
    const struct why_record *first;
    const struct why__probe_result *results;
    size_t count;
    enum why__probe_policy policy;
    struct why__probe_step *out;
};

/* ---- What can be said ---- */

__attribute__((format(printf, 4, 5))) static void conclude(const struct inquiry *inquiry,
                                                           enum why_cause cause, bool likely,
                                                           const char *format, ...) {
    struct why__probe_step *out = inquiry->out;
    out->probe = WHY__PROBE_NONE;
    out->cause = cause;
    out->likely = likely;
    out->side = cause == inquiry->first->cause ? inquiry->first->side : why_cause_side(cause);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(out->text, sizeof out->text, format, arguments);
    va_end(arguments);
}

/* As the first connection left it. */
static void keep(const struct inquiry *inquiry) {
    const struct why_record *first = inquiry->first;
    conclude(inquiry, first->cause, first->likely, "%s", first->detail);
}

static bool is_same_hello(const struct why__hello_options *a, const struct why__hello_options *b) {
    bool a_named = a->server_name != NULL && a->server_name[0] != '\0';
    bool b_named = b->server_name != NULL && b->server_name[0] != '\0';
    return a_named == b_named && a->alpn == b->alpn;
}

/* The result of that probe; where there is none yet, it becomes the next step. */
static const struct why__probe_result *ask(const struct inquiry *inquiry, enum why__probe probe,
                                           struct why__hello_options hello, const char *reason) {
    for (size_t i = 0; i < inquiry->count; i++) {
        const struct why__probe_result *result = &inquiry->results[i];
        if (result->probe == probe && is_same_hello(&result->hello, &hello)) {
            return result;
        }
    }
    if (inquiry->count >= WHY__PROBES_MAX) {
        keep(inquiry);
        return NULL;
    }
    struct why__probe_step *out = inquiry->out;
    *out = (struct why__probe_step){.probe = probe, .hello = hello};
    (void)snprintf(out->text, sizeof out->text, "%s", reason);
    return NULL;
}

static struct why__hello_options same_name(const struct inquiry *inquiry) {
    const char *name = inquiry->first->tls.server_name;
    bool is_address = inquiry->first->tls.is_address;
    return (struct why__hello_options){.server_name = is_address || *name == '\0' ? NULL : name};
}

static bool goes_on(const struct why__hello_answer *answer) {
    return answer->kind == WHY__HELLO_SERVER_HELLO || answer->kind == WHY__HELLO_RETRY;
}

static struct why_bytes first_bytes(const struct why__probe_result *result) {
    return (struct why_bytes){result->first_bytes, result->first_bytes_len};
}

/* ---- The server would have answered another hello: what is in that which was not in ours ---- */

static bool is_in(uint16_t number, const uint16_t *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number) {
            return true;
        }
    }
    return false;
}

static void tell_version(const struct inquiry *inquiry, uint16_t version) {
    const struct why_tls_offer *offer = &inquiry->first->tls.offer;
    uint16_t lowest = offer->versions[0], highest = offer->versions[0];
    for (size_t i = 1; i < offer->version_count; i++) {
        lowest = offer->versions[i] < lowest ? offer->versions[i] : lowest;
        highest = offer->versions[i] > highest ? offer->versions[i] : highest;
    }
    char server[WHY__HELLO_NAME_MAX], ours[WHY__HELLO_NAME_MAX];
    const char *theirs = why__hello_version_name(version, server);
    if (version < lowest) {
        conclude(inquiry, WHY_CAUSE_TLS_VERSION, false,
                 "the server speaks %s at most, and %s is the least that was offered", theirs,
                 why__hello_version_name(lowest, ours));
        return;
    }
    /* An alert other than protocol_version may be about what the lower version lacks. */
    bool likely = inquiry->first->tls.alert != WHY__TLS_ALERT_PROTOCOL_VERSION;
    conclude(inquiry, WHY_CAUSE_TLS_VERSION, likely,
             "the server speaks %s, and %s is the most that was offered", theirs,
             why__hello_version_name(highest, ours));
}

/* Alerts that a server sends to what it cannot agree to; the others mean that it does not
 * understand, or that it failed. */
static bool is_refusal(int alert) {
    return alert == WHY__TLS_ALERT_HANDSHAKE_FAILURE ||
           alert == WHY__TLS_ALERT_INSUFFICIENT_SECURITY ||
           alert == WHY__TLS_ALERT_UNSUPPORTED_CERTIFICATE ||
           alert == WHY__TLS_ALERT_MISSING_EXTENSION;
}

static void compare(const struct inquiry *inquiry, const struct why__probe_result *result) {
    const struct why_tls_offer *offer = &inquiry->first->tls.offer;
    const struct why__hello_answer *answer = &result->answer;
    char name[WHY__HELLO_NAME_MAX];
    if (!is_in(answer->version, offer->versions, offer->version_count)) {
        tell_version(inquiry, answer->version);
    } else if (!is_in(answer->cipher, offer->ciphers, offer->cipher_count)) {
        conclude(inquiry, WHY_CAUSE_TLS_NO_SHARED_CIPHER, false,
                 "offered everything, the server chooses %s, which is not offered otherwise",
                 why__hello_cipher_name(answer->cipher, name));
    } else if (answer->group != 0 && !is_in(answer->group, offer->groups, offer->group_count)) {
        conclude(inquiry, WHY_CAUSE_TLS_NO_SHARED_GROUP, false,
                 "offered every group, the server chooses %s, which is not offered otherwise",
                 why__hello_group_name(answer->group, name));
    } else if (answer->signature != 0 &&
               !is_in(answer->signature, offer->signatures, offer->signature_count)) {
        conclude(inquiry, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE, false,
                 "offered every algorithm, the server signs with %s, which is not offered "
                 "otherwise",
                 why__hello_signature_name(answer->signature, name));
    } else if (is_refusal(inquiry->first->tls.alert)) {
        conclude(inquiry, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE, true,
                 "version, cipher and group are shared (%s), so it is the kind of the server's "
                 "certificate or how it signs",
                 why__hello_cipher_name(answer->cipher, name));
    } else {
        conclude(inquiry, WHY_CAUSE_TLS_HELLO_INTOLERANT, true,
                 "alert %s (%d) to a ClientHello of %u bytes, while another of %u is answered",
                 why__tls_alert_name(inquiry->first->tls.alert), inquiry->first->tls.alert,
                 offer->len, result->hello_len);
    }
}

/* ---- The server sent an alert ---- */

static enum why_cause cause_of_alert(int alert) {
    switch (alert) {
    case WHY__TLS_ALERT_CLOSE_NOTIFY:
    case WHY__TLS_ALERT_HANDSHAKE_FAILURE:
    case WHY__TLS_ALERT_ACCESS_DENIED:
        return WHY_CAUSE_TLS_REFUSED;
    case WHY__TLS_ALERT_PROTOCOL_VERSION:
        return WHY_CAUSE_TLS_VERSION;
    case WHY__TLS_ALERT_INSUFFICIENT_SECURITY:
        return WHY_CAUSE_TLS_NO_SHARED_CIPHER;
    case WHY__TLS_ALERT_INTERNAL_ERROR:
        return WHY_CAUSE_TLS_SERVER_ERROR;
    default:
        return WHY_CAUSE_TLS_ALERT;
    }
}

/* Can the name that was asked for be what the alert is about? */
static bool may_be_about_name(int alert) {
    return alert == WHY__TLS_ALERT_CLOSE_NOTIFY || alert == WHY__TLS_ALERT_HANDSHAKE_FAILURE ||
           alert == WHY__TLS_ALERT_ACCESS_DENIED || alert == WHY__TLS_ALERT_INTERNAL_ERROR ||
           alert == WHY__TLS_ALERT_DECODE_ERROR || alert == WHY__TLS_ALERT_ILLEGAL_PARAMETER;
}

static void decide_refused_twice(const struct inquiry *inquiry) {
    const struct why_tls_evidence *tls = &inquiry->first->tls;
    int alert = tls->alert;
    const char *alert_name = why__tls_alert_name(alert);
    struct why__hello_options named = same_name(inquiry);
    if (!may_be_about_name(alert)) {
        conclude(inquiry, cause_of_alert(alert), false,
                 "alert %s (%d), to a ClientHello that offers everything too", alert_name, alert);
        return;
    }
    if (named.server_name == NULL) {
        conclude(inquiry, WHY_CAUSE_TLS_NAME_REQUIRED, true,
                 "alert %s (%d) to whatever is offered, as long as no server name is sent: the "
                 "URL has an address",
                 alert_name, alert);
        return;
    }
    const struct why__probe_result *nameless =
        ask(inquiry, WHY__PROBE_HELLO, (struct why__hello_options){0},
            "the server refuses everything under this name: does it without a name?");
    if (nameless == NULL) {
        return;
    }
    if (goes_on(&nameless->answer)) {
        conclude(inquiry, WHY_CAUSE_TLS_UNKNOWN_NAME, false,
                 "alert %s (%d) when asked for %.80s, while it answers where no name is asked for",
                 alert_name, alert, tls->server_name);
    } else {
        conclude(inquiry, cause_of_alert(alert), false,
                 "alert %s (%d), with the server name and without, whatever is offered", alert_name,
                 alert);
    }
}

static void decide_alert(const struct inquiry *inquiry) {
    const struct why__probe_result *wide =
        ask(inquiry, WHY__PROBE_HELLO, same_name(inquiry),
            "an alert does not say what the server lacks: offer everything there is, and see what "
            "it chooses");
    if (wide == NULL) {
        return;
    }
    if (goes_on(&wide->answer)) {
        compare(inquiry, wide);
    } else if (wide->answer.kind == WHY__HELLO_ALERT) {
        decide_refused_twice(inquiry);
    } else {
        keep(inquiry);
    }
}

static void decide_alpn(const struct inquiry *inquiry) {
    struct why__hello_options hello = same_name(inquiry);
    hello.alpn = WHY__HELLO_ALPN_H2;
    const struct why__probe_result *h2 = ask(
        inquiry, WHY__PROBE_HELLO, hello, "the server does not take http/1.1: would it take h2?");
    if (h2 == NULL) {
        return;
    }
    if (goes_on(&h2->answer)) {
        conclude(inquiry, WHY_CAUSE_TLS_ALPN, false,
                 "offered http/1.1 the server refuses, offered h2 it goes on");
    } else if (h2->answer.kind == WHY__HELLO_ALERT) {
        conclude(inquiry, WHY_CAUSE_TLS_ALPN, false,
                 "the server takes neither http/1.1 nor h2: some other protocol is on this port");
    } else {
        keep(inquiry);
    }
}

/* ---- The server sent nothing at all ---- */

static const char *ending(const struct inquiry *inquiry) {
    switch (inquiry->first->cause == WHY_CAUSE_TIMEOUT_TLS ? WHY_TRANSPORT_TIMEOUT
                                                           : inquiry->first->transport) {
    case WHY_TRANSPORT_TIMEOUT:
        return "does not answer";
    case WHY_TRANSPORT_FIN:
        return "closes";
    case WHY_TRANSPORT_NONE:
    case WHY_TRANSPORT_RESET:
    case WHY_TRANSPORT_TLS_ALERT:
    case WHY_TRANSPORT_ERRNO:
    case WHY_TRANSPORT_CLOSED:
        break;
    }
    return "resets";
}

/* What came is no TLS; false where nothing came. */
static bool conclude_from_bytes(const struct inquiry *inquiry,
                                const struct why__probe_result *result, const char *when) {
    const char *protocol = NULL;
    char began[120];
    enum why_cause cause = why__banner_of_server(first_bytes(result), &protocol);
    if (cause == WHY_CAUSE_NONE) {
        return false;
    }
    why__banner_text(first_bytes(result), began, sizeof began);
    conclude(inquiry, cause, false, "%s%s%s", when,
             cause == WHY_CAUSE_TLS_OTHER_PROTOCOL ? protocol : "",
             cause == WHY_CAUSE_TLS_OTHER_PROTOCOL ? "" : began);
    return true;
}

/* The kernel knows of bytes that never arrived. */
static bool decide_by_kernel(const struct inquiry *inquiry) {
    const struct why_tcp_evidence *tcp = &inquiry->first->tcp;
    if (!tcp->present || inquiry->first->cause != WHY_CAUSE_TIMEOUT_TLS) {
        return false;
    }
    if (tcp->unacked > 0) {
        conclude(inquiry, WHY_CAUSE_TLS_PACKETS_LOST, false,
                 "the ClientHello of %u bytes was sent %u times, and its receipt never confirmed",
                 inquiry->first->tls.offer.len, tcp->retransmits + 1);
        return true;
    }
    if (tcp->out_of_order > 0 && tcp->bytes_received == 0) {
        conclude(inquiry, WHY_CAUSE_TLS_PACKETS_LOST, false,
                 "the server answered, but the first of its packets never came: later ones did");
        return true;
    }
    return false;
}

/* A small hello got an answer where ours got none. */
static void decide_small_hello(const struct inquiry *inquiry,
                               const struct why__probe_result *result) {
    unsigned ours = inquiry->first->tls.offer.len;
    if (goes_on(&result->answer) && ours > result->hello_len) {
        conclude(inquiry, WHY_CAUSE_TLS_HELLO_INTOLERANT, false,
                 "a ClientHello of %u bytes is answered, to one of %u the peer %s",
                 result->hello_len, ours, ending(inquiry));
    } else if (goes_on(&result->answer)) {
        conclude(inquiry, inquiry->first->cause, true,
                 "a second connection was answered: it comes and goes, as with a balancer one of "
                 "whose servers is down");
    } else {
        conclude(inquiry, inquiry->first->cause, inquiry->first->likely,
                 "a second connection got alert %s (%d)", why__tls_alert_name(result->answer.alert),
                 result->answer.alert);
    }
}

static void decide_proxy_protocol(const struct inquiry *inquiry) {
    const char *word = ending(inquiry);
    if (inquiry->policy == WHY__PROBE_POLICY_ALL) {
        const struct why__probe_result *prefixed =
            ask(inquiry, WHY__PROBE_PROXY_PROTOCOL, same_name(inquiry),
                "does it want the PROXY protocol's line first, as behind a balancer?");
        if (prefixed == NULL) {
            return;
        }
        if (goes_on(&prefixed->answer) || prefixed->answer.kind == WHY__HELLO_ALERT) {
            conclude(inquiry, WHY_CAUSE_TLS_PROXY_PROTOCOL, false,
                     "it %s without the PROXY protocol's line, and speaks TLS after it", word);
            return;
        }
    }
    bool received = inquiry->first->tcp.present && inquiry->first->tcp.unacked == 0;
    conclude(inquiry, inquiry->first->cause, inquiry->first->likely,
             "it accepts the connection and %s, to TLS large and small as to HTTP%s", word,
             received && inquiry->first->cause == WHY_CAUSE_TIMEOUT_TLS
                 ? "; its kernel confirmed the receipt"
                 : "");
}

static void decide_http(const struct inquiry *inquiry) {
    const struct why__probe_result *http =
        ask(inquiry, WHY__PROBE_PLAIN_HTTP, (struct why__hello_options){0},
            "no TLS is answered: is it plain HTTP that is spoken here?");
    if (http != NULL && !conclude_from_bytes(inquiry, http, "asked in plain HTTP it answers: ")) {
        decide_proxy_protocol(inquiry);
    }
}

static void decide_silence(const struct inquiry *inquiry) {
    const struct why__probe_result *quiet =
        ask(inquiry, WHY__PROBE_SILENCE, (struct why__hello_options){0},
            "does it close by itself, or speak first, where nothing is sent?");
    if (quiet == NULL || conclude_from_bytes(inquiry, quiet, "it speaks first: ")) {
        return;
    }
    if (quiet->end == WHY__PROBE_FIN || quiet->end == WHY__PROBE_RESET) {
        conclude(inquiry, WHY_CAUSE_TLS_CLOSED_ON_ACCEPT, false,
                 "it %s each connection within %u ms, before anything is sent",
                 quiet->end == WHY__PROBE_FIN ? "closes" : "resets", quiet->elapsed_ms);
    } else {
        decide_http(inquiry);
    }
}

static void decide_nothing_came(const struct inquiry *inquiry) {
    if (decide_by_kernel(inquiry)) {
        return;
    }
    const struct why__probe_result *small =
        ask(inquiry, WHY__PROBE_HELLO, same_name(inquiry),
            "nothing came: does it answer another, small ClientHello?");
    if (small == NULL) {
        return;
    }
    if (goes_on(&small->answer) || small->answer.kind == WHY__HELLO_ALERT) {
        decide_small_hello(inquiry, small);
    } else if (conclude_from_bytes(inquiry, small, "to another ClientHello it answers: ")) {
        return;
    } else if (inquiry->first->cause == WHY_CAUSE_TIMEOUT_TLS) {
        decide_http(inquiry); /* a server that speaks first would have spoken */
    } else {
        decide_silence(inquiry);
    }
}

/* ---- No TLS was tried, and nothing came ---- */

static void decide_plain(const struct inquiry *inquiry) {
    const struct why__probe_result *hello =
        ask(inquiry, WHY__PROBE_HELLO, (struct why__hello_options){0},
            "no answer to plain HTTP: is it TLS that is spoken here?");
    if (hello == NULL) {
        return;
    }
    if (goes_on(&hello->answer) || hello->answer.kind == WHY__HELLO_ALERT) {
        conclude(inquiry, WHY_CAUSE_HTTP_TLS_PORT, false,
                 "it leaves plain HTTP unanswered, and answers TLS: use wss://");
    } else {
        keep(inquiry);
    }
}

/* ---- Which branch ---- */

static bool is_unanswered_plain(const struct why_record *first) {
    bool is_cut = first->cause == WHY_CAUSE_TCP_FIN || first->cause == WHY_CAUSE_TCP_RESET ||
                  first->cause == WHY_CAUSE_HTTP_RESPONSE_CUT ||
                  first->cause == WHY_CAUSE_TIMEOUT_UPGRADE;
    return is_cut && !first->tls.present && first->timings.tcp_us != WHY_NO_TIME &&
           first->http.status == 0 && first->http.head_len == 0 && first->http.body_len == 0;
}

static bool is_unanswered_tls(const struct why_record *first) {
    bool is_cut = first->cause == WHY_CAUSE_TLS_EOF || first->cause == WHY_CAUSE_TLS_RESET ||
                  first->cause == WHY_CAUSE_TIMEOUT_TLS;
    return is_cut && first->tls.present && first->tls.received == 0;
}

/* An alert for an answer to the ClientHello, of the kind that another ClientHello may tell more of.
 */
static bool is_refused_hello(const struct why_record *first) {
    bool is_open = first->cause == WHY_CAUSE_TLS_REFUSED || first->cause == WHY_CAUSE_TLS_ALERT ||
                   first->cause == WHY_CAUSE_TLS_VERSION ||
                   first->cause == WHY_CAUSE_TLS_NO_SHARED_CIPHER ||
                   first->cause == WHY_CAUSE_TLS_SERVER_ERROR;
    const struct why_tls_evidence *tls = &first->tls;
    return is_open && tls->present && tls->alert >= 0 && !tls->alert_sent && !tls->handshake_done &&
           tls->version[0] == '\0';
}

/* nginx and others take the handshake without a certificate, and refuse the request. */
static bool is_certificate_missed_in_http(const struct why_record *first) {
    bool is_refused =
        first->cause == WHY_CAUSE_HTTP_STATUS_400 || first->cause == WHY_CAUSE_HTTP_STATUS_401 ||
        first->cause == WHY_CAUSE_HTTP_STATUS_403 || first->cause == WHY_CAUSE_HTTP_STATUS_4XX;
    return is_refused && first->tls.client_cert_requested && !first->tls.client_cert_sent;
}

void why__probe_next(const struct why_record *first, const struct why__probe_result *results,
                     size_t count, enum why__probe_policy policy, struct why__probe_step *out) {
    const struct inquiry inquiry = {first, results, count, policy, out};
    *out = (struct why__probe_step){.probe = WHY__PROBE_NONE};
    if (is_certificate_missed_in_http(first)) {
        conclude(&inquiry, WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED, true,
                 "the server asked for a client certificate%s%.80s, got none, and answers HTTP %u",
                 first->tls.wanted_cas[0] == '\0' ? "" : " of ", first->tls.wanted_cas,
                 first->http.status);
        return;
    }
    bool may_probe = policy != WHY__PROBE_POLICY_NONE;
    if (may_probe && is_refused_hello(first)) {
        decide_alert(&inquiry);
    } else if (may_probe && first->cause == WHY_CAUSE_TLS_ALPN && !first->tls.alert_sent) {
        decide_alpn(&inquiry);
    } else if (may_probe && is_unanswered_tls(first)) {
        decide_nothing_came(&inquiry);
    } else if (may_probe && is_unanswered_plain(first)) {
        decide_plain(&inquiry);
    } else {
        keep(&inquiry);
    }
}
