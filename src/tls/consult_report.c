/* SPDX-License-Identifier: MIT
 *
 * What a consultation found out, for the record of the connection: facts in a clause, and where
 * they say so another cause.
 */
#include "base/mark.h"
#include "base/say.h"
#include "tls/consult_state.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NAME_SHOWN 46
#define ADDRESS_SHOWN 80

/* A text that is cut says so. */
static const char *shorten(const char *text, size_t len_max, char *out, size_t size) {
    int shown = (int)(len_max < size ? len_max : size - 1);
    if (strlen(text) <= (size_t)shown) {
        (void)snprintf(out, size, "%s", text);
    } else {
        (void)snprintf(out, size, "%.*s...", shown - 3, text);
    }
    return out;
}

/* ---- Issuers ---- */

/* The last address that was asked, and the first that had what was wanted. */
static const struct why__issuer_fetch *first_found(const struct why__issuers *issuers) {
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        if (issuers->fetches[i].result == WHY__ISSUER_FOUND) {
            return &issuers->fetches[i];
        }
    }
    return NULL;
}

static const char *result_text(enum why__issuer_result result) {
    switch (result) {
    case WHY__ISSUER_OTHER:
        return N_("%s was not sent, and %s holds another certificate");
    case WHY__ISSUER_MALFORMED:
        return N_("%s was not sent, and %s holds no certificate");
    case WHY__ISSUER_UNREACHABLE:
    case WHY__ISSUER_FOUND: /* not where it is the first that was found */
        break;
    }
    return N_("%s was not sent, and %s could not be fetched");
}

static void say_complete(const struct why__issuers *issuers, const char *missing,
                         const char *address, struct why__say *say) {
    unsigned used = 0;
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        used += issuers->fetches[i].used ? 1 : 0;
    }
    if (used > 1) {
        why__say(say, "%s was not sent; it is at %s, and with it and %u more the chain is complete",
                 missing, address, used - 1);
    } else {
        why__say(say, "%s was not sent; it is at %s, and with it the chain is complete", missing,
                 address);
    }
}

/* No certificate is missing between the server's and a root that is not trusted. */
static bool is_only_untrusted(const struct why__consult *consult) {
    const struct why__issuers *issuers = &consult->issuers;
    return issuers->outcome == WHY__ISSUERS_UNTRUSTED && consult->hops > 0 &&
           strcmp(issuers->missing, issuers->end) == 0;
}

static void say_issuers(const struct why__consult *consult, struct why__say *say) {
    const struct why__issuers *issuers = &consult->issuers;
    const struct why__issuer_fetch *found = first_found(issuers);
    const struct why__issuer_fetch *asked =
        found != NULL ? found : &issuers->fetches[issuers->fetch_count - 1];
    char missing[NAME_SHOWN + 1], last[NAME_SHOWN + 1], address[ADDRESS_SHOWN + 1];
    (void)shorten(issuers->missing, NAME_SHOWN, missing, sizeof missing);
    (void)shorten(issuers->end, NAME_SHOWN, last, sizeof last);
    (void)shorten(asked->address, ADDRESS_SHOWN, address, sizeof address);
    if (issuers->outcome == WHY__ISSUERS_COMPLETE) {
        say_complete(issuers, missing, address, say);
    } else if (found == NULL) {
        why__say_words(say, result_text(asked->result), (const char *[]){missing, address});
    } else if (is_only_untrusted(consult)) {
        why__say(say, "unknown CA: %s; its certificate is at %s", missing, address);
    } else if (issuers->outcome == WHY__ISSUERS_UNTRUSTED) {
        why__say(say, "%s was not sent; with it the chain ends at %s, not trusted here", missing,
                 last);
    } else {
        why__say(say, "%s was not sent; with it the chain lacks %s, which is nowhere", missing,
                 last);
    }
}

static bool is_about_issuer(enum why_cause cause) {
    return cause == WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE ||
           cause == WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE ||
           cause == WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA;
}

/* A wrong intermediate stays one, wherever the right one is. */
static enum why_cause certain_cause(const struct why__consult *consult, enum why_cause cause) {
    if (cause == WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA &&
        consult->issuers.outcome == WHY__ISSUERS_COMPLETE) {
        return WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE;
    }
    if (cause == WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE && is_only_untrusted(consult)) {
        return WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA;
    }
    return cause;
}

/* What was said of it before is said anew. */
static struct why__say set_cause(struct why_record *record, enum why_cause cause, bool likely) {
    record->cause = WHY_CAUSE_NONE;
    why_record_fail(record, cause);
    record->likely = likely;
    return why__say_in(record);
}

static struct why__say say_of(struct why_tls_verify_error *error) {
    struct why__say say;
    why__say_begin(&say, error->detail, sizeof error->detail, NULL);
    return say;
}

static void report_issuers(const struct why__consult *consult, struct why_record *record) {
    struct why_tls_evidence *tls = &record->tls;
    if (consult->issuers.fetch_count == 0) {
        return; /* nothing is known beyond what the record says already */
    }
    bool is_certain =
        consult->issuers.outcome == WHY__ISSUERS_COMPLETE || is_only_untrusted(consult);
    for (size_t i = 0; i < tls->error_count; i++) {
        struct why_tls_verify_error *error = &tls->errors[i];
        if (!is_about_issuer(error->cause)) {
            continue;
        }
        bool is_the_cause = record->cause == error->cause;
        error->cause = certain_cause(consult, error->cause);
        error->likely = error->likely && !is_certain;
        struct why__say say = say_of(error);
        say_issuers(consult, &say);
        if (is_the_cause) {
            say = set_cause(record, error->cause, error->likely);
            say_issuers(consult, &say);
        }
        return;
    }
}

/* ---- Revocation ---- */

static void say_revoked(const struct why__standing *standing, struct why__say *say) {
    const struct why__ocsp_answer *answer = &standing->answer;
    time_t at = (time_t)answer->revoked_at;
    struct tm parts;
    char date[40] = "?", subject[NAME_SHOWN + 1];
    if (at != 0 && gmtime_r(&at, &parts) != NULL &&
        strftime(date, sizeof date, "%Y-%m-%d", &parts) == 0) {
        (void)snprintf(date, sizeof date, "?");
    }
    (void)shorten(standing->subject, NAME_SHOWN, subject, sizeof subject);
    bool is_issuer = standing->depth > 0, has_reason = answer->reason[0] != '\0';
    if (is_issuer && has_reason) {
        why__say(say, "the issuer %s was revoked on %s (%s), as its responder says", subject, date,
                 answer->reason);
    } else if (is_issuer) {
        why__say(say, "the issuer %s was revoked on %s, as its responder says", subject, date);
    } else if (has_reason) {
        why__say(say, "revoked on %s (%s), as its responder says", date, answer->reason);
    } else {
        why__say(say, "revoked on %s, as its responder says", date);
    }
}

static void report_revoked(const struct why__standing *standing, bool all_was_well,
                           struct why_record *record) {
    struct why_tls_evidence *tls = &record->tls;
    struct why__say say;
    if (tls->error_count < WHY_TLS_ERRORS_MAX) {
        struct why_tls_verify_error *error = &tls->errors[tls->error_count++];
        *error = (struct why_tls_verify_error){.depth = standing->depth,
                                               .error = X509_V_ERR_CERT_REVOKED,
                                               .cause = WHY_CAUSE_TLS_CERT_REVOKED};
        (void)snprintf(error->text, sizeof error->text, "%s",
                       X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED));
        say = say_of(error);
        say_revoked(standing, &say);
    }
    if (all_was_well && !tls->insecure && record->cause != WHY_CAUSE_TLS_CERT_REVOKED) {
        say = set_cause(record, WHY_CAUSE_TLS_CERT_REVOKED, false);
        say_revoked(standing, &say);
    }
}

void why__consult_report(const struct why__consult *consult, bool all_was_well,
                         struct why_record *record) {
    report_issuers(consult, record);
    for (size_t i = 0; i < consult->standings.count; i++) {
        const struct why__standing *standing = &consult->standings.list[i];
        if (standing->answer.status == WHY__OCSP_REVOKED) {
            report_revoked(standing, all_was_well, record);
        }
    }
}
