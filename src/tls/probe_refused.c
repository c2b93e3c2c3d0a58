/* SPDX-License-Identifier: MIT
 *
 * The branches of the decision tree where the server sent an alert: what does it take, and what of
 * that was not in our ClientHello?
 */
#include "tls/alert.h"
#include "tls/probe_inquiry.h"

/* ---- The server would have answered another hello: what is in that which was not in ours ---- */

static bool is_in(uint16_t number, const uint16_t *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == number) {
            return true;
        }
    }
    return false;
}

static void tell_version(const struct why__inquiry *inquiry, uint16_t version) {
    const struct why_tls_offer *offer = &inquiry->first->tls.offer;
    uint16_t lowest = offer->versions[0], highest = why__inquiry_highest_version(inquiry);
    for (size_t i = 1; i < offer->version_count; i++) {
        lowest = offer->versions[i] < lowest ? offer->versions[i] : lowest;
    }
    char server[WHY__HELLO_NAME_MAX], ours[WHY__HELLO_NAME_MAX];
    const char *theirs = why__hello_version_name(version, server);
    if (version < lowest) {
        why__inquiry_conclude(inquiry, WHY_CAUSE_TLS_VERSION, false,
                              "the server speaks %s at most, and %s is the least that was offered",
                              theirs, why__hello_version_name(lowest, ours));
        return;
    }
    why__inquiry_conclude(inquiry, WHY_CAUSE_TLS_VERSION, false,
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

static bool is_version_ours(const struct why__inquiry *inquiry,
                            const struct why__probe_result *result) {
    const struct why_tls_offer *offer = &inquiry->first->tls.offer;
    return is_in(result->answer.version, offer->versions, offer->version_count);
}

/* The server chose a version that was not offered before. With an alert that does not say so, it
 * may have ours too, and lack something else in it: returned is the answer that tells, NULL where
 * it is told already, or asked for. */
static const struct why__probe_result *settle_version(const struct why__inquiry *inquiry,
                                                      const struct why__probe_result *result) {
    uint16_t version = result->answer.version;
    if (inquiry->first->tls.alert == WHY__TLS_ALERT_PROTOCOL_VERSION ||
        version < why__inquiry_highest_version(inquiry)) {
        tell_version(inquiry, version);
        return NULL;
    }
    const struct why__probe_result *ours = why__inquiry_ask(inquiry, WHY_PROBE_OUR_VERSIONS);
    if (ours == NULL || (why__inquiry_goes_on(ours) && is_version_ours(inquiry, ours))) {
        return ours;
    }
    tell_version(inquiry, version);
    return NULL;
}

static void compare(const struct why__inquiry *inquiry, const struct why__probe_result *result) {
    if (!is_version_ours(inquiry, result)) {
        result = settle_version(inquiry, result);
        if (result == NULL) {
            return;
        }
    }
    const struct why_tls_offer *offer = &inquiry->first->tls.offer;
    const struct why__hello_answer *answer = &result->answer;
    char name[WHY__HELLO_NAME_MAX];
    if (!is_in(answer->cipher, offer->ciphers, offer->cipher_count)) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_NO_SHARED_CIPHER, false,
            "offered everything, the server chooses %s, which is not offered otherwise",
            why__hello_cipher_name(answer->cipher, name));
    } else if (answer->group != 0 && !is_in(answer->group, offer->groups, offer->group_count)) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_NO_SHARED_GROUP, false,
            "offered every group, the server chooses %s, which is not offered otherwise",
            why__hello_group_name(answer->group, name));
    } else if (answer->signature != 0 &&
               !is_in(answer->signature, offer->signatures, offer->signature_count)) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE, false,
            "offered every algorithm, the server signs with %s, which is not offered "
            "otherwise",
            why__hello_signature_name(answer->signature, name));
    } else if (is_refusal(inquiry->first->tls.alert)) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_NO_SHARED_SIGNATURE, true,
            "version, cipher and group are shared (%s), so it is the kind of the server's "
            "certificate or how it signs",
            why__hello_cipher_name(answer->cipher, name));
    } else {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_HELLO_INTOLERANT, true,
            "alert %s (%d) to a ClientHello of %u bytes, while another of %u is answered",
            why__tls_alert_name(inquiry->first->tls.alert), inquiry->first->tls.alert, offer->len,
            result->hello_len);
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

static void decide_refused_twice(const struct why__inquiry *inquiry) {
    const struct why_tls_evidence *tls = &inquiry->first->tls;
    int alert = tls->alert;
    const char *alert_name = why__tls_alert_name(alert);
    if (!may_be_about_name(alert)) {
        why__inquiry_conclude(inquiry, cause_of_alert(alert), false,
                              "alert %s (%d), to a ClientHello that offers everything too",
                              alert_name, alert);
        return;
    }
    if (tls->is_address || tls->server_name[0] == '\0') {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_NAME_REQUIRED, true,
            "alert %s (%d) to whatever is offered, as long as no server name is sent: the "
            "URL has an address",
            alert_name, alert);
        return;
    }
    const struct why__probe_result *nameless = why__inquiry_ask(inquiry, WHY_PROBE_NO_NAME);
    if (nameless == NULL) {
        return;
    }
    if (why__inquiry_goes_on(nameless)) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_UNKNOWN_NAME, false,
            "alert %s (%d) when asked for %.80s, while it answers where no name is asked for",
            alert_name, alert, tls->server_name);
    } else {
        why__inquiry_conclude(
            inquiry, cause_of_alert(alert), false,
            "alert %s (%d), with the server name and without, whatever is offered", alert_name,
            alert);
    }
}

void why__inquiry_refused(const struct why__inquiry *inquiry) {
    const struct why__probe_result *wide = why__inquiry_ask(inquiry, WHY_PROBE_EVERYTHING);
    if (wide == NULL) {
        return;
    }
    if (why__inquiry_goes_on(wide)) {
        compare(inquiry, wide);
    } else if (wide->answer.kind == WHY__HELLO_ALERT) {
        decide_refused_twice(inquiry);
    } else {
        why__inquiry_keep(inquiry);
    }
}

void why__inquiry_alpn(const struct why__inquiry *inquiry) {
    const struct why__probe_result *h2 = why__inquiry_ask(inquiry, WHY_PROBE_H2);
    if (h2 == NULL) {
        return;
    }
    if (why__inquiry_goes_on(h2)) {
        why__inquiry_conclude(inquiry, WHY_CAUSE_TLS_ALPN, false,
                              "offered http/1.1 the server refuses, offered h2 it goes on");
    } else if (h2->answer.kind == WHY__HELLO_ALERT) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_TLS_ALPN, false,
            "the server takes neither http/1.1 nor h2: some other protocol is on this port");
    } else {
        why__inquiry_keep(inquiry);
    }
}
