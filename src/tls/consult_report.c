/* SPDX-License-Identifier: MIT
 *
 * What a consultation found out, for the record of the connection: facts in a clause, and where
 * they say so another cause.
 */
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

static const char *result_words(enum why__issuer_result result) {
    switch (result) {
    case WHY__ISSUER_OTHER:
        return "holds another certificate";
    case WHY__ISSUER_MALFORMED:
        return "holds no certificate";
    case WHY__ISSUER_UNREACHABLE:
        return "could not be fetched";
    case WHY__ISSUER_FOUND:
        break;
    }
    return "holds it";
}

static void say_complete(const struct why__issuers *issuers, const char *missing,
                         const char *address, char *out, size_t size) {
    uint8_t used = 0;
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        used = (uint8_t)(used + (issuers->fetches[i].used ? 1 : 0));
    }
    if (used > 1) {
        (void)snprintf(out, size,
                       "%s was not sent; it is at %s, and with it and %u more the chain is "
                       "complete",
                       missing, address, (unsigned)(uint8_t)(used - 1));
    } else {
        (void)snprintf(out, size, "%s was not sent; it is at %s, and with it the chain is complete",
                       missing, address);
    }
}

/* No certificate is missing between the server's and a root that is not trusted. */
static bool is_only_untrusted(const struct why__consult *consult) {
    const struct why__issuers *issuers = &consult->issuers;
    return issuers->outcome == WHY__ISSUERS_UNTRUSTED && consult->hops > 0 &&
           strcmp(issuers->missing, issuers->end) == 0;
}

/* False where nothing is known beyond what the record says already. */
static bool say_issuers(const struct why__consult *consult, char *out, size_t size) {
    const struct why__issuers *issuers = &consult->issuers;
    const struct why__issuer_fetch *found = first_found(issuers);
    char missing[NAME_SHOWN + 1], last[NAME_SHOWN + 1], address[ADDRESS_SHOWN + 1];
    if (issuers->fetch_count == 0) {
        return false;
    }
    const struct why__issuer_fetch *asked =
        found != NULL ? found : &issuers->fetches[issuers->fetch_count - 1];
    (void)shorten(issuers->missing, NAME_SHOWN, missing, sizeof missing);
    (void)shorten(issuers->end, NAME_SHOWN, last, sizeof last);
    (void)shorten(asked->address, ADDRESS_SHOWN, address, sizeof address);
    if (issuers->outcome == WHY__ISSUERS_COMPLETE) {
        say_complete(issuers, missing, address, out, size);
    } else if (found == NULL) {
        (void)snprintf(out, size, "%s was not sent, and %s %s", missing, address,
                       result_words(asked->result));
    } else if (is_only_untrusted(consult)) {
        (void)snprintf(out, size, "unknown CA: %s; its certificate is at %s", missing, address);
    } else if (issuers->outcome == WHY__ISSUERS_UNTRUSTED) {
        (void)snprintf(out, size, "%s was not sent; with it the chain ends at %s, not trusted here",
                       missing, last);
    } else {
        (void)snprintf(out, size, "%s was not sent; with it the chain lacks %s, which is nowhere",
                       missing, last);
    }
    return true;
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

static void set_cause(struct why_record *record, enum why_cause cause, const char *detail) {
    record->cause = WHY_CAUSE_NONE;
    why_record_fail(record, cause);
    record->likely = false;
    (void)snprintf(record->detail, sizeof record->detail, "%s", detail);
}

static void report_issuers(const struct why__consult *consult, struct why_record *record) {
    struct why_tls_evidence *tls = &record->tls;
    char detail[sizeof record->detail];
    if (!say_issuers(consult, detail, sizeof detail)) {
        return;
    }
    bool is_certain =
        consult->issuers.outcome == WHY__ISSUERS_COMPLETE || is_only_untrusted(consult);
    for (size_t i = 0; i < tls->error_count; i++) {
        struct why_tls_verify_error *error = &tls->errors[i];
        if (!is_about_issuer(error->cause)) {
            continue;
        }
        bool is_the_cause = record->cause == error->cause;
        bool was_likely = error->likely;
        error->cause = certain_cause(consult, error->cause);
        error->likely = was_likely && !is_certain;
        memcpy(error->detail, detail, sizeof error->detail);
        if (is_the_cause) {
            set_cause(record, error->cause, detail);
            record->likely = error->likely;
        }
        return;
    }
}

/* ---- Revocation ---- */

static void say_revoked(const struct why__standing *standing, char *out, size_t size) {
    time_t at = (time_t)standing->answer.revoked_at;
    struct tm parts;
    char date[40] = "";
    if (at != 0 && gmtime_r(&at, &parts) != NULL &&
        strftime(date, sizeof date, " on %Y-%m-%d", &parts) == 0) {
        date[0] = '\0';
    }
    char subject[NAME_SHOWN + 1];
    const struct why__ocsp_answer *answer = &standing->answer;
    (void)shorten(standing->subject, NAME_SHOWN, subject, sizeof subject);
    (void)snprintf(out, size, "%s%s%srevoked%s%s%s%s, as its responder says",
                   standing->depth > 0 ? "the issuer " : "", standing->depth > 0 ? subject : "",
                   standing->depth > 0 ? " was " : "", date, answer->reason[0] != '\0' ? " (" : "",
                   answer->reason, answer->reason[0] != '\0' ? ")" : "");
}

static void report_revoked(const struct why__standing *standing, bool all_was_well,
                           struct why_record *record) {
    struct why_tls_evidence *tls = &record->tls;
    char detail[sizeof record->detail];
    say_revoked(standing, detail, sizeof detail);
    if (tls->error_count < WHY_TLS_ERRORS_MAX) {
        struct why_tls_verify_error *error = &tls->errors[tls->error_count++];
        *error = (struct why_tls_verify_error){.depth = standing->depth,
                                               .error = X509_V_ERR_CERT_REVOKED,
                                               .cause = WHY_CAUSE_TLS_CERT_REVOKED};
        (void)snprintf(error->text, sizeof error->text, "%s",
                       X509_verify_cert_error_string(X509_V_ERR_CERT_REVOKED));
        memcpy(error->detail, detail, sizeof error->detail);
    }
    if (all_was_well && !tls->insecure && record->cause != WHY_CAUSE_TLS_CERT_REVOKED) {
        set_cause(record, WHY_CAUSE_TLS_CERT_REVOKED, detail);
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
