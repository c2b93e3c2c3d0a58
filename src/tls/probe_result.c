/* SPDX-License-Identifier: MIT
 *
 * A probe by its names, how it is made, and what came of it.
 */
#include "base/mark.h"
#include "tls/alert.h"
#include "tls/banner.h"
#include "tls/probe_verdict.h"

#include <stdio.h>
#include <string.h>

static const char *const probe_names[] = {
#define X(name, id) [WHY_PROBE_##name] = (id),
    WHY_PROBE_MAP(X)
#undef X
};

const char *why_probe_name(enum why_probe_kind kind) {
    return probe_names[kind];
}

static const char *const end_names[] = {
#define X(name, id) [WHY_PROBE_END_##name] = (id),
    WHY_PROBE_END_MAP(X)
#undef X
};

const char *why_probe_end_name(enum why_probe_end end) {
    return end_names[end];
}

enum why__probe_way why__probe_way(enum why_probe_kind kind) {
    switch (kind) {
    case WHY_PROBE_PLAIN_HTTP:
        return WHY__PROBE_WAY_HTTP;
    case WHY_PROBE_SILENCE:
        return WHY__PROBE_WAY_SILENCE;
    case WHY_PROBE_DEFAULT_CERTIFICATE:
    case WHY_PROBE_REPEAT:
        return WHY__PROBE_WAY_HANDSHAKE;
    case WHY_PROBE_NONE:
    case WHY_PROBE_EVERYTHING:
    case WHY_PROBE_OUR_VERSIONS:
    case WHY_PROBE_NO_NAME:
    case WHY_PROBE_H2:
    case WHY_PROBE_SMALL_HELLO:
    case WHY_PROBE_TLS:
    case WHY_PROBE_PROXY_PROTOCOL:
    case WHY_PROBE_COUNT:
        break;
    }
    return WHY__PROBE_WAY_HELLO;
}

/* By all that a record has of them. */
static bool is_same_certificate(const struct why_tls_certificate *a,
                                const struct why_tls_certificate *b) {
    return strcmp(a->subject, b->subject) == 0 && strcmp(a->issuer, b->issuer) == 0 &&
           strcmp(a->names, b->names) == 0 && strcmp(a->key, b->key) == 0 &&
           a->not_before == b->not_before && a->not_after == b->not_after;
}

void why__probe_take_handshake(const struct why_record *first, const struct why_record *record,
                               struct why__probe_result *result) {
    const struct why_tls_evidence *tls = &record->tls;
    result->cause = record->cause;
    result->has_certificate = tls->chain_len > 0;
    result->same_certificate = tls->chain_len > 0 && first->tls.chain_len > 0 &&
                               is_same_certificate(&tls->chain[0], &first->tls.chain[0]);
    result->same_place = tls->message_count == first->tls.message_count;
    if (result->has_certificate) {
        (void)snprintf(result->certificate, sizeof result->certificate, "%.90s",
                       tls->chain[0].subject);
    }
}

/* ---- In words ---- */

/* false: the end of the connection tells more. */
static bool say_answer(const struct why__hello_answer *answer, struct why__say *say) {
    char version[WHY__HELLO_NAME_MAX], cipher[WHY__HELLO_NAME_MAX], group[WHY__HELLO_NAME_MAX];
    switch (answer->kind) {
    case WHY__HELLO_SERVER_HELLO:
    case WHY__HELLO_RETRY:
        why__say(say, "%s, %s%s%s", why__hello_version_name(answer->version, version),
                 why__hello_cipher_name(answer->cipher, cipher), answer->group == 0 ? "" : ", ",
                 answer->group == 0 ? "" : why__hello_group_name(answer->group, group));
        return true;
    case WHY__HELLO_ALERT:
        why__say(say, "alert %s (%d)", why__tls_alert_name(answer->alert), answer->alert);
        return true;
    case WHY__HELLO_NOTHING:
    case WHY__HELLO_NOT_TLS:
    case WHY__HELLO_MALFORMED:
        break;
    }
    return false;
}

static bool say_handshake(const struct why__probe_result *result, struct why__say *say) {
    if (result->kind == WHY_PROBE_DEFAULT_CERTIFICATE && result->has_certificate) {
        why__say_words(say,
                       result->same_certificate ? N_("the same certificate, %s")
                                                : N_("another certificate, %s"),
                       (const char *[]){result->certificate});
        return true;
    }
    if (result->cause == WHY_CAUSE_NONE && result->end == WHY_PROBE_END_ANSWERED) {
        why__say(say, "it went well");
        return true;
    }
    if (result->cause != WHY_CAUSE_NONE) {
        why__say(say, "%s", why_cause_id(result->cause));
        why__say_text(say, result->same_place ? N_(", at the same place") : "");
        return true;
    }
    return false;
}

static void say_end(const struct why__probe_result *result, struct why__say *say) {
    switch (result->end) {
    case WHY_PROBE_END_ANSWERED:
        why__say(say, "an answer that makes no sense");
        return;
    case WHY_PROBE_END_FIN:
        why__say(say, "closed after %u ms", result->elapsed_ms);
        return;
    case WHY_PROBE_END_RESET:
        why__say(say, "reset after %u ms", result->elapsed_ms);
        return;
    case WHY_PROBE_END_TIMEOUT:
        why__say(say, "nothing within %u ms", result->elapsed_ms);
        return;
    case WHY_PROBE_END_NO_CONNECT:
        why__say(say, "no connection");
        return;
    }
}

void why__probe_say(const struct why__probe_result *result, struct why__say *say) {
    enum why__probe_way way = why__probe_way(result->kind);
    struct why_bytes first = {result->first_bytes, result->first_bytes_len};
    if (way == WHY__PROBE_WAY_HELLO && say_answer(&result->answer, say)) {
        return;
    }
    if (way == WHY__PROBE_WAY_HANDSHAKE && say_handshake(result, say)) {
        return;
    }
    if (way != WHY__PROBE_WAY_HANDSHAKE && first.len > 0) {
        why__banner_say(first, say);
        return;
    }
    say_end(result, say);
}
