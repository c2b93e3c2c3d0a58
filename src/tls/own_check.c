/* SPDX-License-Identifier: MIT
 *
 * Our own certificate, seen as a client sees it: a client's engine and a server's are joined in
 * memory, so that what the client finds is what any client of this library would. Asked where a
 * client turned our certificate down. The answers are kept, by name, and only so many are found in
 * a second: a flood of refusals costs next to nothing.
 */
#include "tls/alert.h"
#include "tls/server_verdict.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ANSWERS 8
#define ANSWER_LIFETIME_S 600 /* dates pass, and trust stores change */
#define CHECKS_PER_SECOND 8
#define FLIGHTS_MAX 8 /* a handshake has four */

struct answer {
    char name[128]; /* "": the place is free */
    time_t at;
    char detail[200];
    struct why_detail_parts detail_parts;
    struct why_tls_evidence evidence; /* as a client's record has it */
};

struct why__tls_own {
    struct why__tls_context *client;
    struct answer answers[ANSWERS];
    unsigned next; /* the oldest */
    time_t second; /* in which `checks` were made */
    unsigned checks;
    char groups[96];
};

/* Every group that OpenSSL 3.0 can name: what it has in common with ours is all of ours. */
static const char all_groups[] = "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096:"
                                 "ffdhe6144:ffdhe8192";

static struct why__tls_own *own_of(struct why__tls_context *context) {
    const struct why_host *host = context->host;
    if (context->own != NULL) {
        return context->own;
    }
    struct why__tls_own *own = host->allocate(host->context, NULL, sizeof *own);
    if (own == NULL) {
        return NULL;
    }
    memset(own, 0, sizeof *own);
    const struct why_tls_config config = {.ca_file = context->config->client_trust_file,
                                          .notices = true};
    char unwanted[8];
    if (why__tls_context_new(host, &config, false, &own->client, unwanted, sizeof unwanted) !=
            WHY_OK ||
        SSL_CTX_set1_groups_list(own->client->ssl, all_groups) != 1) {
        why__tls_context_free(own->client);
        host->allocate(host->context, own, 0);
        return NULL;
    }
    context->own = own;
    return own;
}

void why__tls_own_free(struct why__tls_context *context) {
    if (context->own != NULL) {
        why__tls_context_free(context->own->client);
        context->host->allocate(context->host->context, context->own, 0);
        context->own = NULL;
    }
}

/* ---- The two ends ---- */

static void carry(struct why__tls *from, struct why__tls *to) {
    struct why_bytes bytes = why__tls_output(from);
    size_t len = bytes.len;
    while (bytes.len > 0) {
        uint8_t plain[64];
        size_t plain_len = 0;
        (void)why__tls_receive(to, &bytes, (struct why_span){plain, sizeof plain}, &plain_len);
    }
    why__tls_output_consumed(from, len);
}

struct ends {
    struct why__tls *client, *server;
};

static void end_both(struct ends *ends) {
    why__tls_free(ends->client);
    why__tls_free(ends->server);
}

/* False: out of memory. */
static bool join(struct why__tls_context *context, const char *name, struct ends *ends) {
    ends->client = why__tls_new(context->own->client, name);
    ends->server = why__tls_new(context, NULL);
    if (ends->client == NULL || ends->server == NULL) {
        end_both(ends);
        return false;
    }
    ends->server->is_check = true;
    for (int i = 0; i < FLIGHTS_MAX && why__tls_status(ends->client) == WHY__TLS_HANDSHAKE; i++) {
        carry(ends->client, ends->server);
        carry(ends->server, ends->client);
    }
    return true;
}

const char *why__tls_own_groups(struct why__tls_context *context) {
    struct why__tls_own *own = own_of(context);
    struct ends ends;
    if (own == NULL || own->groups[0] != '\0' || !join(context, "localhost", &ends)) {
        return own == NULL ? "" : own->groups;
    }
    size_t at = 0;
    for (int i = 0; i < (int)SSL_get_shared_group(ends.server->ssl, -1); i++) {
        const char *name =
            SSL_group_to_name(ends.server->ssl, (int)SSL_get_shared_group(ends.server->ssl, i));
        if (name == NULL || at + strlen(name) + sizeof ", " > sizeof own->groups) {
            break;
        }
        at += (size_t)snprintf(own->groups + at, sizeof own->groups - at, "%s%s",
                               at > 0 ? ", " : "", name);
    }
    end_both(&ends);
    return own->groups;
}

/* ---- Answers ---- */

static const struct answer *known_answer(const struct why__tls_own *own, const char *name,
                                         time_t now) {
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct answer *answer = &own->answers[i];
        if (strcmp(answer->name, name) == 0 && now - answer->at < ANSWER_LIFETIME_S) {
            return answer;
        }
    }
    return NULL;
}

static const struct answer *find_answer(struct why__tls_context *context, const char *name) {
    struct why__tls_own *own = own_of(context);
    time_t now = time(NULL);
    const struct answer *known = own == NULL ? NULL : known_answer(own, name, now);
    if (own == NULL || known != NULL) {
        return known;
    }
    own->checks = own->second == now ? own->checks + 1 : 1;
    own->second = now;
    struct ends ends;
    if (own->checks > CHECKS_PER_SECOND || !join(context, name, &ends)) {
        return NULL;
    }
    struct why_record record;
    why_record_init(&record);
    why__tls_report(ends.client, &record);
    end_both(&ends);
    struct answer *answer = &own->answers[own->next];
    own->next = (own->next + 1) % ANSWERS;
    *answer = (struct answer){.at = now, .evidence = record.tls};
    (void)snprintf(answer->name, sizeof answer->name, "%s", name);
    memcpy(answer->detail, record.detail, sizeof answer->detail);
    answer->detail_parts = record.detail_parts;
    return answer;
}

/* ---- What it was turned down for ---- */

/* The alerts that OpenSSL's clients, and those that follow the RFC, send for each fault. */
static const struct {
    int alert;
    enum why_cause cause;
} told_by_alert[] = {
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CHAIN_NO_TRUST_STORE},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CERT_SELF_SIGNED},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CERT_DEFAULT},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_INTERCEPTED},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CERT_PATH_LENGTH},
    {WHY__TLS_ALERT_UNKNOWN_CA, WHY_CAUSE_TLS_CERT_NO_CRL},
    {WHY__TLS_ALERT_CERTIFICATE_EXPIRED, WHY_CAUSE_TLS_CERT_EXPIRED},
    {WHY__TLS_ALERT_CERTIFICATE_REVOKED, WHY_CAUSE_TLS_CERT_REVOKED},
    {WHY__TLS_ALERT_UNSUPPORTED_CERTIFICATE, WHY_CAUSE_TLS_CERT_WRONG_PURPOSE},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_NAME_MISMATCH},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_NOT_YET_VALID},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_WEAK_KEY},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_WILDCARD},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_IP_NOT_LISTED},
    {WHY__TLS_ALERT_BAD_CERTIFICATE, WHY_CAUSE_TLS_CERT_NAMES_MALFORMED},
    {WHY__TLS_ALERT_CERTIFICATE_UNKNOWN, WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS},
    {WHY__TLS_ALERT_CERTIFICATE_UNKNOWN, WHY_CAUSE_TLS_CERT_UNKNOWN_CRITICAL},
    {WHY__TLS_ALERT_CERTIFICATE_UNKNOWN, WHY_CAUSE_TLS_CERT_INVALID},
    {WHY__TLS_ALERT_DECRYPT_ERROR, WHY_CAUSE_TLS_CERT_BAD_SIGNATURE},
};

#define TOLD (sizeof told_by_alert / sizeof told_by_alert[0])

static bool tells(int alert, enum why_cause cause) {
    for (size_t i = 0; i < TOLD; i++) {
        if (told_by_alert[i].alert == alert && told_by_alert[i].cause == cause) {
            return true;
        }
    }
    return false;
}

/* These send one alert for whatever is wrong. */
static bool has_one_alert(enum why_tls_client client) {
    return client == WHY_TLS_CLIENT_CHROMIUM || client == WHY_TLS_CLIENT_GO ||
           client == WHY_TLS_CLIENT_GNUTLS || client == WHY_TLS_CLIENT_JAVA;
}

/* These look at the whole certificate, its name too, before the handshake is done. */
static bool has_looked_at_all(enum why_tls_client client) {
    return client == WHY_TLS_CLIENT_CHROMIUM || client == WHY_TLS_CLIENT_FIREFOX ||
           client == WHY_TLS_CLIENT_GO || client == WHY_TLS_CLIENT_GNUTLS;
}

static bool is_about_name(enum why_cause cause) {
    return cause == WHY_CAUSE_TLS_CERT_NAME_MISMATCH || cause == WHY_CAUSE_TLS_CERT_WILDCARD ||
           cause == WHY_CAUSE_TLS_CERT_IP_NOT_LISTED ||
           cause == WHY_CAUSE_TLS_CERT_NAMES_MALFORMED || cause == WHY_CAUSE_TLS_CERT_DEFAULT;
}

static void add_reason(struct why_tls_evidence *evidence, enum why_cause cause) {
    for (size_t i = 0; i < evidence->reason_count; i++) {
        if (evidence->reasons[i] == cause) {
            return;
        }
    }
    if (evidence->reason_count < WHY_TLS_REASONS_MAX) {
        evidence->reasons[evidence->reason_count++] = cause;
    }
}

/* What only some clients find wrong, and ours passed over. */
static void add_notices(enum why_tls_client client, struct why_tls_evidence *evidence) {
    bool no_name = (evidence->notices & UINT32_C(1) << WHY_NOTICE_NO_SAN) != 0;
    if (no_name && (client == WHY_TLS_CLIENT_CHROMIUM || client == WHY_TLS_CLIENT_GO ||
                    client == WHY_TLS_CLIENT_FIREFOX)) {
        add_reason(evidence, WHY_CAUSE_TLS_CERT_NAME_MISMATCH);
    }
}

/* May it be any of the errors? Not where this kind of client would have told which by an alert. */
static bool may_be_any(const struct why__tls *tls, bool has_alert) {
    enum why_tls_client client = why__tls_client_of(tls);
    if (has_alert) {
        return has_one_alert(client) || client == WHY_TLS_CLIENT_FIREFOX ||
               client == WHY_TLS_CLIENT_UNKNOWN;
    }
    return !tls->handshake_done || !has_looked_at_all(client);
}

/* The errors that were found, as far as the alert, or the silence, allows them. */
static void find_reasons(const struct why__tls *tls, bool is_name_sure,
                         struct why_tls_evidence *evidence) {
    enum why_tls_client client = why__tls_client_of(tls);
    bool has_alert = tls->alert > 0 && !tls->alert_sent;
    for (size_t i = 0; has_alert && !has_one_alert(client) && i < evidence->error_count; i++) {
        if (tells(tls->alert, evidence->errors[i].cause)) {
            add_reason(evidence, evidence->errors[i].cause);
        }
    }
    bool any = evidence->reason_count == 0 && may_be_any(tls, has_alert);
    /* OpenSSL sends alerts, so where it was silent after the handshake, it is the name: curl
     * compares that by itself. */
    bool is_name = tls->handshake_done && !has_alert && client == WHY_TLS_CLIENT_OPENSSL;
    for (size_t i = 0; any && i < evidence->error_count; i++) {
        bool about_name = is_about_name(evidence->errors[i].cause);
        if (about_name ? is_name_sure : !is_name) {
            add_reason(evidence, evidence->errors[i].cause);
        }
    }
    for (size_t i = 0; any && !is_name_sure && i < evidence->error_count; i++) {
        if (is_about_name(evidence->errors[i].cause)) {
            add_reason(evidence, evidence->errors[i].cause);
        }
    }
    add_notices(client, evidence);
}

/* Nothing is wrong with it here: then it is what the client has and we have not. */
static void find_reasons_elsewhere(const struct why__tls *tls, struct why_tls_evidence *evidence) {
    bool told = tls->alert > 0 && !tls->alert_sent && !has_one_alert(why__tls_client_of(tls));
    for (size_t i = 0; told && i < TOLD; i++) {
        if (told_by_alert[i].alert == tls->alert) {
            add_reason(evidence, told_by_alert[i].cause);
            told =
                tls->alert == WHY__TLS_ALERT_BAD_CERTIFICATE; /* the rest are one cause's forms */
        }
    }
    if (evidence->reason_count == 0) {
        add_reason(evidence, WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA); /* it trusts other CAs */
    }
}

/* ---- In the record ---- */

static bool is_refusal(const struct why_record *record) {
    return record->cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED ||
           record->cause == WHY_CAUSE_TLS_CLIENT_LEFT;
}

static const char *asked_name(const struct why__tls *tls) {
    const char *name = tls->evidence == NULL ? "" : tls->evidence->asked_name;
    /* One that was cut would be found missing in the certificate. */
    return strlen(name) < sizeof tls->evidence->asked_name - 1 ? name : "";
}

bool why__tls_wants_address(const struct why__tls *tls, const struct why_record *record) {
    return tls->context->is_server && tls->certificate_sent && is_refusal(record) &&
           record->tls.server_name[0] == '\0';
}

static void write_detail(const struct answer *answer, struct why_record *record) {
    char said[sizeof record->detail];
    struct why_detail_parts parts = record->detail_parts;
    memcpy(said, record->detail, sizeof said);
    struct why__say say = why__say_in(record);
    why__say_again(&say, said, &parts);
    if (record->tls.error_count == 0) {
        why__say(&say, "; it verifies here for %.80s", answer->name);
    } else {
        why__say(&say, "; checked here: ");
        why__say_again(&say, answer->detail, &answer->detail_parts);
    }
}

void why__tls_explain_rejection(const struct why__tls *tls, const char *address,
                                struct why_record *record) {
    if (!tls->context->is_server || !tls->certificate_sent || !is_refusal(record)) {
        return;
    }
    const char *name = asked_name(tls);
    bool is_name_sure = name[0] != '\0';
    if (name[0] == '\0' && record->tls.server_name[0] == '\0' && address != NULL) {
        /* RFC 6066 section 3: whoever goes to an address asks for no name. Java asks for none
         * either where it is one word. */
        name = address;
    }
    const struct answer *answer = name[0] == '\0' ? NULL : find_answer(tls->context, name);
    if (answer == NULL) {
        return;
    }
    struct why_tls_evidence *evidence = &record->tls;
    evidence->self_checked = true;
    evidence->error_count = answer->evidence.error_count;
    memcpy(evidence->errors, answer->evidence.errors, sizeof evidence->errors);
    evidence->chain_len = answer->evidence.chain_len;
    memcpy(evidence->chain, answer->evidence.chain, sizeof evidence->chain);
    evidence->notices = answer->evidence.notices;
    find_reasons(tls, is_name_sure, evidence);
    if (record->cause == WHY_CAUSE_TLS_CLIENT_LEFT && evidence->reason_count > 0) {
        record->cause = WHY_CAUSE_TLS_OUR_CERT_REJECTED;
        record->side = why_cause_side(record->cause);
        record->likely = true;
    }
    if (record->cause == WHY_CAUSE_TLS_OUR_CERT_REJECTED) {
        if (evidence->reason_count == 0) {
            find_reasons_elsewhere(tls, evidence);
        }
        write_detail(answer, record);
    }
    ERR_clear_error();
}
