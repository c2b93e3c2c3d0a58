/* SPDX-License-Identifier: MIT
 *
 * The decision tree over several connections. Each branch looks for the answer of the probe that
 * it needs, and asks for that probe where there is none yet. The branches with many steps are in
 * probe_refused.c and probe_silent.c.
 */
#include "base/mark.h"
#include "tls/banner.h"
#include "tls/probe_inquiry.h"

#include <stdarg.h>
#include <string.h>

/* ---- What can be said ---- */

struct why__say why__inquiry_begin(const struct why__inquiry *inquiry, enum why_cause cause,
                                   bool likely) {
    struct why__probe_step *out = inquiry->out;
    struct why__say say;
    out->kind = WHY_PROBE_NONE;
    out->cause = cause;
    out->likely = likely;
    out->side = cause == inquiry->first->cause ? inquiry->first->side : why_cause_side(cause);
    why__say_begin(&say, out->text, sizeof out->text, &out->parts);
    return say;
}

struct why__say why__inquiry_conclude(const struct why__inquiry *inquiry, enum why_cause cause,
                                      bool likely, const char *format, ...) {
    struct why__say say = why__inquiry_begin(inquiry, cause, likely);
    va_list arguments;
    va_start(arguments, format);
    why__say_list(&say, format, arguments);
    va_end(arguments);
    return say;
}

static struct why__say keep(const struct why__inquiry *inquiry) {
    const struct why_record *first = inquiry->first;
    struct why__say say = why__inquiry_begin(inquiry, first->cause, first->likely);
    why__say_again(&say, first->detail, &first->detail_parts);
    return say;
}

void why__inquiry_keep(const struct why__inquiry *inquiry) {
    (void)keep(inquiry);
}

void why__inquiry_add(const struct why__inquiry *inquiry, const char *text) {
    struct why__say say = keep(inquiry);
    if (say.len + strlen("; ") + strlen(text) < say.size) {
        why__say_text(&say, say.len == 0 ? "" : "; ");
        why__say_text(&say, text);
    }
}

/* ---- Asking ---- */

uint16_t why__inquiry_highest_version(const struct why__inquiry *inquiry) {
    const struct why_tls_offer *offer = &inquiry->first->tls.offer;
    uint16_t highest = 0;
    for (size_t i = 0; i < offer->version_count; i++) {
        highest = offer->versions[i] > highest ? offer->versions[i] : highest;
    }
    return highest;
}

static struct why__hello_options hello_of(const struct why__inquiry *inquiry,
                                          enum why_probe_kind kind) {
    const struct why_tls_evidence *tls = &inquiry->first->tls;
    bool is_nameless = kind == WHY_PROBE_NO_NAME || kind == WHY_PROBE_DEFAULT_CERTIFICATE ||
                       tls->is_address || tls->server_name[0] == '\0';
    return (struct why__hello_options){
        .server_name = is_nameless ? NULL : tls->server_name,
        .alpn = kind == WHY_PROBE_H2 ? WHY__HELLO_ALPN_H2 : WHY__HELLO_ALPN_BOTH,
        .highest_version =
            kind == WHY_PROBE_OUR_VERSIONS ? why__inquiry_highest_version(inquiry) : 0,
        .is_small = kind == WHY_PROBE_SMALL_HELLO,
    };
}

const struct why__probe_result *why__inquiry_ask(const struct why__inquiry *inquiry,
                                                 enum why_probe_kind kind) {
    for (size_t i = 0; i < inquiry->count; i++) {
        if (inquiry->results[i].kind == kind) {
            return &inquiry->results[i];
        }
    }
    if (inquiry->count >= WHY_PROBES_MAX) {
        why__inquiry_keep(inquiry);
        return NULL;
    }
    *inquiry->out = (struct why__probe_step){.kind = kind, .hello = hello_of(inquiry, kind)};
    return NULL;
}

bool why__inquiry_goes_on(const struct why__probe_result *result) {
    return result->answer.kind == WHY__HELLO_SERVER_HELLO ||
           result->answer.kind == WHY__HELLO_RETRY;
}

bool why__inquiry_is_tls(const struct why__probe_result *result) {
    return why__inquiry_goes_on(result) || result->answer.kind == WHY__HELLO_ALERT;
}

/* ---- The branches that are one question ---- */

/* Has the server no certificate for the name, or did it choose a wrong one? */
static void decide_name(const struct why__inquiry *inquiry) {
    const struct why__probe_result *result =
        why__inquiry_ask(inquiry, WHY_PROBE_DEFAULT_CERTIFICATE);
    if (result == NULL) {
        return;
    }
    if (!result->has_certificate) {
        why__inquiry_keep(inquiry);
    } else if (result->same_certificate) {
        why__inquiry_add(inquiry, N_("without a name it shows the same: it is its default one"));
    } else {
        why__inquiry_add(inquiry,
                         N_("without a name it shows another: it chose this one by the name"));
    }
}

/* Is the damage an accident on the way, or done to every connection? */
static void decide_damage(const struct why__inquiry *inquiry) {
    const struct why__probe_result *again = why__inquiry_ask(inquiry, WHY_PROBE_REPEAT);
    if (again == NULL) {
        return;
    }
    bool is_known = again->end != WHY_PROBE_END_NO_CONNECT && again->end != WHY_PROBE_END_TIMEOUT;
    if (is_known && again->cause == WHY_CAUSE_NONE) {
        why__inquiry_add(inquiry, N_("a second connection went well: an accident on the way"));
    } else if (is_known && again->cause == inquiry->first->cause) {
        why__inquiry_add(inquiry,
                         again->same_place
                             ? N_("a second connection broke at the same place: no accident")
                             : N_("a second connection broke too, at another place"));
    } else {
        why__inquiry_keep(inquiry);
    }
}

/* ---- Which branch ---- */

static bool is_unanswered_plain(const struct why_record *first) {
    bool is_cut = first->cause == WHY_CAUSE_TCP_FIN || first->cause == WHY_CAUSE_TCP_RESET ||
                  first->cause == WHY_CAUSE_HTTP_RESPONSE_CUT ||
                  first->cause == WHY_CAUSE_TIMEOUT_UPGRADE;
    return is_cut && !first->tls.present && first->timings.http_us != WHY_NO_TIME &&
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

/* nginx and others take the handshake without a certificate, and refuse the request: with 400, or
 * with 495 and 496, which only they use. */
static bool is_certificate_missed_in_http(const struct why_record *first) {
    unsigned status = first->http.status;
    bool is_refused = status == 400 || status == 495 || status == 496;
    return is_refused && first->layer == WHY_LAYER_HTTP && first->tls.client_cert_requested &&
           !first->tls.client_cert_sent;
}

/* The same, of a certificate that was sent. It would not do to take any 400 for that. */
static bool is_certificate_refused_in_http(const struct why_record *first) {
    const struct why_http_evidence *http = &first->http;
    struct why_bytes body = {(const uint8_t *)http->body, http->body_len};
    return (http->status == 495 ||
            (http->status == 400 && why__banner_refuses_certificate(body))) &&
           first->layer == WHY_LAYER_HTTP && first->tls.client_cert_sent;
}

/* ws:// to a TLS port, which has words for that. */
static bool is_told_to_use_tls(const struct why_record *first) {
    const struct why_http_evidence *http = &first->http;
    return first->cause == WHY_CAUSE_HTTP_STATUS_400 && !first->tls.present &&
           why__banner_wants_tls((struct why_bytes){(const uint8_t *)http->body, http->body_len});
}

/* The name is another one, with nothing about it that would explain by itself how it came. */
static bool is_wrong_name(const struct why_record *first) {
    return first->cause == WHY_CAUSE_TLS_CERT_NAME_MISMATCH && first->tls.present &&
           !first->tls.is_address && first->tls.chain_len > 0;
}

/* What the first connection's evidence says by itself, once it is looked at as a whole. */
static bool conclude_at_once(const struct why__inquiry *inquiry) {
    const struct why_record *first = inquiry->first;
    bool is_missed = is_certificate_missed_in_http(first);
    if (is_missed || is_certificate_refused_in_http(first)) {
        struct why__say say = why__inquiry_begin(inquiry,
                                                 is_missed ? WHY_CAUSE_TLS_CLIENT_CERT_REQUIRED
                                                           : WHY_CAUSE_TLS_CLIENT_CERT_REJECTED,
                                                 is_missed);
        if (first->tls.wanted_cas[0] == '\0') {
            why__say(&say, "the server asked for a client certificate");
        } else {
            why__say(&say, "the server asked for a client certificate of %.80s",
                     first->tls.wanted_cas);
        }
        if (is_missed) {
            why__say(&say, ", got none, and answers HTTP %u", first->http.status);
        } else {
            why__say(&say, ", and answers ours with HTTP %u", first->http.status);
        }
        return true;
    }
    if (is_told_to_use_tls(first)) {
        why__inquiry_conclude(
            inquiry, WHY_CAUSE_HTTP_TLS_PORT, false,
            "the server answers plain HTTP with 400, and says that it speaks TLS");
        return true;
    }
    return false;
}

void why__probe_next(const struct why_record *first, const struct why__probe_result *results,
                     size_t count, enum why_probe_policy policy, struct why__probe_step *out) {
    const struct why__inquiry inquiry = {first, results, count, policy, out};
    *out = (struct why__probe_step){.kind = WHY_PROBE_NONE};
    if (conclude_at_once(&inquiry)) {
        return;
    }
    bool may_ask = policy != WHY_PROBE_POLICY_NONE;
    if (may_ask && is_refused_hello(first)) {
        why__inquiry_refused(&inquiry);
    } else if (may_ask && first->cause == WHY_CAUSE_TLS_ALPN && !first->tls.alert_sent) {
        why__inquiry_alpn(&inquiry);
    } else if (may_ask && is_unanswered_tls(first)) {
        why__inquiry_silent(&inquiry);
    } else if (may_ask && is_unanswered_plain(first)) {
        why__inquiry_plain(&inquiry);
    } else if (may_ask && is_wrong_name(first)) {
        decide_name(&inquiry);
    } else if (may_ask && first->cause == WHY_CAUSE_TLS_CORRUPTED && first->tls.present) {
        decide_damage(&inquiry);
    } else {
        why__inquiry_keep(&inquiry);
    }
}

void why__probe_late(const struct why_record *first, uint32_t after_ms,
                     struct why__probe_step *out) {
    const struct why__inquiry inquiry = {.first = first, .out = out};
    why__inquiry_conclude(&inquiry, first->cause, false,
                          "it answered after all, %u.%u s after the ClientHello: it is slow",
                          after_ms / 1000, after_ms % 1000 / 100);
}

void why__probe_apply(const struct why__probe_step *step, struct why_record *record) {
    if (step->kind != WHY_PROBE_NONE || step->cause == WHY_CAUSE_NONE) {
        return;
    }
    if (step->cause != record->cause) {
        record->cause = step->cause;
        record->code = why_cause_code(step->cause);
        record->layer = why_cause_layer(step->cause);
    }
    record->side = step->side;
    record->likely = step->likely;
    memcpy(record->detail, step->text, sizeof record->detail);
    record->detail_parts = step->parts;
}
