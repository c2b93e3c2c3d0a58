/* SPDX-License-Identifier: MIT
 *
 * The branches of the decision tree where nothing came: is it the size of our ClientHello, another
 * protocol, a balancer without a server, or packets that were lost?
 */
#include "base/mark.h"
#include "tls/alert.h"
#include "tls/banner.h"
#include "tls/probe_inquiry.h"

/* ---- The server sent nothing at all ---- */

static const char *ending(const struct why__inquiry *inquiry) {
    switch (inquiry->first->cause == WHY_CAUSE_TIMEOUT_TLS ? WHY_TRANSPORT_TIMEOUT
                                                           : inquiry->first->transport) {
    case WHY_TRANSPORT_TIMEOUT:
        return N_("does not answer");
    case WHY_TRANSPORT_FIN:
        return N_("closes");
    case WHY_TRANSPORT_NONE:
    case WHY_TRANSPORT_RESET:
    case WHY_TRANSPORT_TLS_ALERT:
    case WHY_TRANSPORT_ERRNO:
    case WHY_TRANSPORT_CLOSED:
        break;
    }
    return N_("resets");
}

static struct why_bytes first_bytes(const struct why__probe_result *result) {
    return (struct why_bytes){result->first_bytes, result->first_bytes_len};
}

/* What came is no TLS; false where nothing came. */
static bool conclude_from_bytes(const struct why__inquiry *inquiry,
                                const struct why__probe_result *result, const char *when) {
    const char *protocol = NULL;
    enum why_cause cause = why__banner_of_server(first_bytes(result), &protocol);
    if (cause == WHY_CAUSE_NONE) {
        return false;
    }
    struct why__say say = why__inquiry_begin(inquiry, cause, false);
    why__say_text(&say, when);
    if (cause == WHY_CAUSE_TLS_OTHER_PROTOCOL) {
        why__say(&say, "%s", protocol);
    } else {
        why__banner_say(first_bytes(result), &say);
    }
    return true;
}

/* The kernel knows of bytes that never arrived. */
static bool decide_by_kernel(const struct why__inquiry *inquiry) {
    const struct why_tcp_evidence *tcp = &inquiry->first->tcp;
    if (!tcp->present || inquiry->first->cause != WHY_CAUSE_TIMEOUT_TLS) {
        return false;
    }
    if (tcp->unacked > 0) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_PACKETS_LOST, false,
            "the ClientHello of %u bytes was sent %u times, and its receipt never confirmed",
            inquiry->first->tls.offer.len, tcp->retransmits + 1);
        return true;
    }
    if (tcp->out_of_order > 0 && tcp->bytes_received == 0) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_PACKETS_LOST, false,
            "the server answered, but the first of its packets never came: later ones did");
        return true;
    }
    return false;
}

static bool is_unanswered(enum why_cause cause) {
    return cause == WHY_CAUSE_TLS_EOF || cause == WHY_CAUSE_TLS_RESET ||
           cause == WHY_CAUSE_TIMEOUT_TLS;
}

/* A small hello got an answer where ours got none. One of several servers behind a balancer may be
 * down: only where ours fails again is it the size. */
static void decide_small_hello(const struct why__inquiry *inquiry,
                               const struct why__probe_result *result) {
    unsigned ours = inquiry->first->tls.offer.len;
    if (!why__inquiry_goes_on(result)) {
        why__inquiry_conclude(inquiry, inquiry->first->cause, inquiry->first->likely,
                              "a second connection got alert %s (%d)",
                              why__tls_alert_name(result->answer.alert), result->answer.alert);
        return;
    }
    const struct why__probe_result *again =
        ours > result->hello_len ? why__inquiry_ask(inquiry, WHY_PROBE_REPEAT) : NULL;
    if (ours > result->hello_len && again == NULL) {
        return;
    }
    if (again != NULL && again->end == WHY_PROBE_END_NO_CONNECT) {
        why__inquiry_keep(inquiry);
        return;
    }
    if (again != NULL && is_unanswered(again->cause) && again->same_place) {
        struct why__say say =
            why__inquiry_conclude(inquiry, WHY_CAUSE_TLS_HELLO_INTOLERANT, false,
                                  "a ClientHello of %u bytes is answered, to one of %u the peer ",
                                  result->hello_len, ours);
        why__say_text(&say, ending(inquiry));
        return;
    }
    why__inquiry_conclude(inquiry, inquiry->first->cause, true,
                          "another connection was answered: it comes and goes, as with a balancer "
                          "one of whose servers is down");
}

static void decide_proxy_protocol(const struct why__inquiry *inquiry) {
    const char *word = ending(inquiry);
    if (inquiry->policy == WHY_PROBE_POLICY_ALL) {
        const struct why__probe_result *prefixed =
            why__inquiry_ask(inquiry, WHY_PROBE_PROXY_PROTOCOL);
        if (prefixed == NULL) {
            return;
        }
        if (why__inquiry_is_tls(prefixed)) {
            struct why__say say =
                why__inquiry_conclude(inquiry, WHY_CAUSE_TLS_PROXY_PROTOCOL, false, "it ");
            why__say_text(&say, word);
            why__say(&say, " without the PROXY protocol's line, and speaks TLS after it");
            return;
        }
    }
    bool received = inquiry->first->tcp.present && inquiry->first->tcp.unacked == 0;
    struct why__say say = why__inquiry_conclude(
        inquiry, inquiry->first->cause, inquiry->first->likely, "it accepts the connection and ");
    why__say_text(&say, word);
    why__say(&say, ", to TLS large and small as to HTTP");
    if (received && inquiry->first->cause == WHY_CAUSE_TIMEOUT_TLS) {
        why__say(&say, "; its kernel confirmed the receipt");
    }
}

static void decide_http(const struct why__inquiry *inquiry) {
    const struct why__probe_result *http = why__inquiry_ask(inquiry, WHY_PROBE_PLAIN_HTTP);
    if (http == NULL) {
        return;
    }
    if (http->wants_tls) {
        struct why__say say =
            why__inquiry_conclude(inquiry, inquiry->first->cause, inquiry->first->likely, "it ");
        why__say_text(&say, ending(inquiry));
        why__say(&say, ", to TLS large and small; asked in plain HTTP it says that it speaks TLS");
    } else if (!conclude_from_bytes(inquiry, http, N_("asked in plain HTTP it answers: "))) {
        decide_proxy_protocol(inquiry);
    }
}

static void decide_silence(const struct why__inquiry *inquiry) {
    const struct why__probe_result *quiet = why__inquiry_ask(inquiry, WHY_PROBE_SILENCE);
    if (quiet == NULL || conclude_from_bytes(inquiry, quiet, N_("it speaks first: "))) {
        return;
    }
    if (quiet->end == WHY_PROBE_END_FIN) {
        why__inquiry_conclude(inquiry, WHY_CAUSE_TLS_CLOSED_ON_ACCEPT, false,
                              "it closes each connection within %u ms, before anything is sent",
                              quiet->elapsed_ms);
    } else if (quiet->end == WHY_PROBE_END_RESET) {
        why__inquiry_conclude(inquiry, WHY_CAUSE_TCP_RESET, false, /* whatever is spoken on it */
                              "it resets each connection within %u ms, before anything is sent",
                              quiet->elapsed_ms);
    } else {
        decide_http(inquiry);
    }
}

void why__inquiry_silent(const struct why__inquiry *inquiry) {
    if (decide_by_kernel(inquiry)) {
        return;
    }
    const struct why__probe_result *small = why__inquiry_ask(inquiry, WHY_PROBE_SMALL_HELLO);
    if (small == NULL) {
        return;
    }
    if (why__inquiry_is_tls(small)) {
        decide_small_hello(inquiry, small);
    } else if (conclude_from_bytes(inquiry, small, N_("to another ClientHello it answers: "))) {
        return;
    } else if (inquiry->first->cause == WHY_CAUSE_TIMEOUT_TLS) {
        decide_http(inquiry); /* a server that speaks first would have spoken */
    } else {
        decide_silence(inquiry);
    }
}

/* ---- No TLS was tried, and nothing came ---- */

void why__inquiry_plain(const struct why__inquiry *inquiry) {
    const struct why__probe_result *hello = why__inquiry_ask(inquiry, WHY_PROBE_TLS);
    if (hello == NULL) {
        return;
    }
    if (why__inquiry_is_tls(hello)) {
        why__inquiry_conclude(inquiry, WHY_CAUSE_HTTP_TLS_PORT, false,
                              "it leaves plain HTTP unanswered, and answers TLS: use wss://");
    } else {
        why__inquiry_keep(inquiry);
    }
}
