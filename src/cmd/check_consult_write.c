/* SPDX-License-Identifier: MIT */
#include "cmd/check_consult_write.h"

#include "cmd/check_write.h"
#include "why/i18n.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text_of(const struct why_text *text) {
    return text->data == NULL ? "" : text->data;
}

static void write_line(struct output *output, enum symbol symbol, const char *name,
                       struct why_text *fact, uint32_t us) {
    check_write_line(output, symbol, name, text_of(fact), us);
    why_text_clear(fact);
}

static const char *address_of(const char *address, const struct check_exchange *exchange) {
    return exchange->redirected[0] != '\0' ? exchange->redirected : address;
}

/* ---- Issuers ---- */

void check_write_issuer(struct output *output, const struct why__issuer_fetch *fetch,
                        const struct check_exchange *exchange) {
    enum why_lang lang = output->lang;
    struct why_text fact = {0};
    const char *address = address_of(fetch->address, exchange);
    if (exchange->redirected[0] != '\0') {
        why_text_append(&fact, tr(lang, "%s redirects"), fetch->address);
        write_line(output, SYMBOL_SKIPPED, "AIA", &fact, WHY_NO_TIME);
    }
    switch (fetch->result) {
    case WHY__ISSUER_FOUND:
        why_text_append(&fact, tr(lang, "%s, from %s"), fetch->wanted, address);
        break;
    case WHY__ISSUER_OTHER:
        why_text_append(&fact, tr(lang, "not %s but %s, from %s"), fetch->wanted, fetch->subject,
                        address);
        break;
    case WHY__ISSUER_MALFORMED:
        why_text_append(&fact, tr(lang, "no certificate, from %s"), address);
        break;
    case WHY__ISSUER_UNREACHABLE:
        why_text_append(&fact, "%s: ", address);
        why_text_append_detail(&fact, lang, exchange->problem, &exchange->problem_parts);
        break;
    }
    write_line(output, fetch->result == WHY__ISSUER_FOUND ? SYMBOL_GOOD : SYMBOL_WARNING, "AIA",
               &fact, exchange->us);
}

void check_write_issuers_end(struct output *output, const struct why__issuers *issuers) {
    enum why_lang lang = output->lang;
    struct why_text fact = {0};
    enum symbol symbol = SYMBOL_WARNING;
    switch (issuers->outcome) {
    case WHY__ISSUERS_NOT_NEEDED:
        why_text_append(&fact, "%s", tr(lang, "the chain as sent is whole"));
        symbol = SYMBOL_GOOD;
        break;
    case WHY__ISSUERS_COMPLETE:
        why_text_append(&fact, tr(lang, "with it the chain is complete, up to %s"), issuers->end);
        symbol = SYMBOL_GOOD;
        break;
    case WHY__ISSUERS_UNTRUSTED:
        why_text_append(&fact, tr(lang, "the chain ends at %s, which is not trusted here"),
                        issuers->end);
        break;
    case WHY__ISSUERS_NO_ADDRESS:
        why_text_append(&fact, tr(lang, "no http address is given for %s"), issuers->end);
        symbol = SYMBOL_SKIPPED;
        break;
    case WHY__ISSUERS_NOT_FOUND:
        why_text_append(&fact, tr(lang, "%s was not found"), issuers->end);
        break;
    case WHY__ISSUERS_TOO_LONG:
        why_text_append(&fact, "%s", tr(lang, "the chain goes on and on; the search ends here"));
        break;
    case WHY__ISSUERS_UNDECIDED:
        return;
    }
    write_line(output, symbol, "AIA", &fact, WHY_NO_TIME);
}

/* A command to paste: the address is of a certificate that anybody may have made, so that it stands
 * in quotes, and has none of them in it. */
static void append_command(struct why_text *text, const struct why__issuer_fetch *fetch,
                           const struct check_exchange *exchange) {
    static const char *const readers[] = {
        [WHY__ISSUER_FORM_NONE] = "",
        [WHY__ISSUER_FORM_DER] = " | openssl x509 -inform DER",
        [WHY__ISSUER_FORM_PKCS7] = " | openssl pkcs7 -inform DER -print_certs",
        [WHY__ISSUER_FORM_PEM] = "",
    };
    why_text_append(text, "curl -fsS '");
    for (const char *at = address_of(fetch->address, exchange); *at != '\0'; at++) {
        why_text_append(text, *at == '\'' ? "%%27" : "%c", *at);
    }
    why_text_append(text, "'%s >>fullchain.pem", readers[fetch->form]);
}

void check_write_consult_verdict(struct output *output, const struct check_consult *consult) {
    if (!consult->aia || consult->consult == NULL) {
        return;
    }
    const struct why__issuers *issuers = why__consult_issuers(consult->consult);
    enum why_lang lang = output->lang;
    struct why_text text = {0};
    if (issuers->outcome != WHY__ISSUERS_COMPLETE) {
        return;
    }
    why_text_append(&text, "\n%s\n  %s\n", tr(lang, "What the server should send too"),
                    tr(lang, "Append it to the server's chain file, in this order, and reload the "
                             "server:"));
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        if (issuers->fetches[i].used) {
            why_text_append(&text, "  ");
            append_command(&text, &issuers->fetches[i], &consult->issuers[i]);
            why_text_append(&text, "\n");
        }
    }
    for (size_t i = 0; i < issuers->left_count; i++) {
        if (i == 0) {
            why_text_append(&text, "  %s\n", tr(lang, "Even then something is wrong with it:"));
        }
        why_text_append(&text, "  %s: ", why_cause_id(issuers->left[i].cause));
        why_text_append_untrusted(&text, issuers->left[i].detail, strlen(issuers->left[i].detail));
        why_text_append(&text, "\n");
    }
    output_document(output, text_of(&text));
    why_text_clear(&text);
}

/* ---- Revocation ---- */

#define DATE_SIZE 40

static const char *date_text(int64_t seconds, char out[DATE_SIZE]) {
    time_t time = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || strftime(out, DATE_SIZE, "%Y-%m-%d", &parts) == 0) {
        (void)snprintf(out, DATE_SIZE, "?");
    }
    return out;
}

/* A status that has no facts of its own. */
static const char *status_text(enum why_lang lang, enum why__ocsp_status status) {
    switch (status) {
    case WHY__OCSP_UNKNOWN:
        return tr(lang, "the responder does not know this certificate");
    case WHY__OCSP_NOT_YET:
        return tr(lang, "the answer is of the future: the responder's clock or ours is wrong");
    case WHY__OCSP_OTHER:
        return tr(lang, "the answer is about another certificate");
    case WHY__OCSP_BAD_SIGNATURE:
        return tr(lang, "the answer is not signed by one who may speak for the issuer");
    case WHY__OCSP_BAD_NONCE:
        return tr(lang, "the answer is to another question: a replay");
    case WHY__OCSP_REFUSED:
        return tr(lang, "the responder does not want to answer");
    case WHY__OCSP_MALFORMED:
        return tr(lang, "the answer is no OCSP response");
    case WHY__OCSP_NO_RESPONDER:
        return tr(lang, "the certificate names no responder (http)");
    case WHY__OCSP_NO_ISSUER:
        return tr(lang, "without its issuer's certificate nobody can be asked; see --aia");
    case WHY__OCSP_NOT_ASKED:
    case WHY__OCSP_GOOD:
    case WHY__OCSP_REVOKED:
    case WHY__OCSP_STALE:
    case WHY__OCSP_UNREACHABLE:
        break;
    }
    return "";
}

static void append_status(struct why_text *fact, enum why_lang lang,
                          const struct why__ocsp_answer *answer,
                          const struct check_exchange *exchange) {
    char until[DATE_SIZE], revoked[DATE_SIZE], reason[sizeof answer->reason + 4] = "";
    (void)date_text(answer->next_update, until);
    (void)date_text(answer->revoked_at, revoked);
    if (answer->reason[0] != '\0') {
        (void)snprintf(reason, sizeof reason, " (%s)", answer->reason);
    }
    switch ((int)answer->status) {
    case WHY__OCSP_GOOD:
        if (answer->next_update != 0) {
            why_text_append(fact, tr(lang, "good, until %s"), until);
        } else {
            why_text_append(fact, "%s", tr(lang, "good"));
        }
        break;
    case WHY__OCSP_REVOKED:
        why_text_append(fact, tr(lang, "revoked on %s%s"), revoked, reason);
        break;
    case WHY__OCSP_STALE:
        if (answer->revoked_at != 0) {
            why_text_append(fact, tr(lang, "the answer is stale; until %s it was: revoked on %s%s"),
                            until, revoked, reason);
        } else {
            why_text_append(fact, tr(lang, "the answer is stale; it was good until %s"), until);
        }
        break;
    case WHY__OCSP_UNREACHABLE:
        why_text_append_detail(fact, lang, exchange->problem, &exchange->problem_parts);
        break;
    default:
        why_text_append(fact, "%s%s", status_text(lang, answer->status), reason);
        break;
    }
}

void check_write_standing(struct output *output, const struct why__standing *standing,
                          const struct check_exchange *exchange) {
    const struct why__ocsp_answer *answer = &standing->answer;
    bool was_asked = answer->status != WHY__OCSP_NO_RESPONDER &&
                     answer->status != WHY__OCSP_NO_ISSUER && answer->status != WHY__OCSP_NOT_ASKED;
    enum symbol symbol = answer->status == WHY__OCSP_GOOD      ? SYMBOL_GOOD
                         : answer->status == WHY__OCSP_REVOKED ? SYMBOL_BAD
                         : was_asked                           ? SYMBOL_WARNING
                                                               : SYMBOL_SKIPPED;
    struct why_text fact = {0};
    why_text_append(&fact, "%s: ", standing->subject);
    append_status(&fact, output->lang, answer, exchange);
    if (was_asked) {
        why_text_append(&fact, "; %s", standing->address);
    }
    write_line(output, symbol, "OCSP", &fact, was_asked ? exchange->us : WHY_NO_TIME);
}

/* ---- JSON ---- */

static void write_exchange(struct why__json *json, bool was_asked,
                           const struct check_exchange *exchange) {
    if (was_asked) {
        why__json_unsigned(json, "us", exchange->us);
    } else {
        why__json_null(json, "us");
    }
    why__json_string_or_null(json, "problem", exchange->problem);
}

static void write_left(struct why__json *json, const struct why__issuers *issuers) {
    why__json_open(json, "left", '[');
    for (size_t i = 0; i < issuers->left_count; i++) {
        const struct why_tls_verify_error *left = &issuers->left[i];
        why__json_open(json, NULL, '{');
        why__json_integer(json, "depth", left->depth);
        why__json_string(json, "cause", why_cause_id(left->cause));
        why__json_bool(json, "likely", left->likely);
        why__json_string(json, "detail", left->detail);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

static void write_issuers(struct why__json *json, const struct check_consult *consult) {
    const struct why__issuers *issuers = why__consult_issuers(consult->consult);
    why__json_open(json, "aia", '{');
    why__json_string(json, "outcome", why__issuers_outcome_id(issuers->outcome));
    why__json_string_or_null(json, "missing", issuers->missing);
    why__json_string_or_null(json, "end", issuers->end);
    why__json_open(json, "fetches", '[');
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        const struct why__issuer_fetch *fetch = &issuers->fetches[i];
        const struct check_exchange *exchange = &consult->issuers[i];
        struct why_text command = {0};
        if (fetch->used) {
            append_command(&command, fetch, exchange);
        }
        why__json_open(json, NULL, '{');
        why__json_string(json, "address", fetch->address);
        why__json_string_or_null(json, "redirected", exchange->redirected);
        why__json_string(json, "wanted", fetch->wanted);
        why__json_string(json, "result", why__issuer_result_id(fetch->result));
        why__json_string(json, "form", why__issuer_form_id(fetch->form));
        why__json_string_or_null(json, "subject", fetch->subject);
        why__json_bool(json, "used", fetch->used);
        why__json_string_or_null(json, "command", text_of(&command));
        write_exchange(json, true, exchange);
        why__json_close(json, '}');
        why_text_clear(&command);
    }
    why__json_close(json, ']');
    write_left(json, issuers);
    why__json_close(json, '}');
}

static void write_time(struct why__json *json, const char *key, int64_t seconds) {
    if (seconds == 0) {
        why__json_null(json, key);
    } else {
        why__json_integer(json, key, seconds);
    }
}

static void write_standings(struct why__json *json, const struct check_consult *consult) {
    const struct why__standings *standings = why__consult_standings(consult->consult);
    why__json_open(json, "ocsp", '[');
    for (size_t i = 0; i < standings->count; i++) {
        const struct why__standing *standing = &standings->list[i];
        const struct why__ocsp_answer *answer = &standing->answer;
        why__json_open(json, NULL, '{');
        why__json_integer(json, "depth", standing->depth);
        why__json_string(json, "subject", standing->subject);
        why__json_string_or_null(json, "address", standing->address);
        why__json_string(json, "status", why__ocsp_status_id(answer->status));
        why__json_bool(json, "has_nonce", answer->has_nonce);
        write_time(json, "this_update", answer->this_update);
        write_time(json, "next_update", answer->next_update);
        write_time(json, "revoked_at", answer->revoked_at);
        why__json_string_or_null(json, "reason", answer->reason);
        why__json_string_or_null(json, "signer", answer->signer);
        write_exchange(json, consult->standings[i].us != 0, &consult->standings[i]);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

void check_write_consult_json(struct why__json *json, const struct check_consult *consult) {
    if (consult->aia && consult->consult != NULL) {
        write_issuers(json, consult);
    } else {
        why__json_null(json, "aia");
    }
    if (consult->ocsp && consult->consult != NULL) {
        write_standings(json, consult);
    } else {
        why__json_null(json, "ocsp");
    }
}
