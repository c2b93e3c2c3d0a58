/* SPDX-License-Identifier: MIT
 *
 * What a client offered, and what is wrong with our own certificate for it: rows of a server's
 * record.
 */
#include "tls/hello.h"
#include "why/i18n.h"
#include "why/record_facts.h"

#include <string.h>

enum {
    NAMES_SHOWN = 4,
};

static const char *const client_texts[] = {
    [WHY_TLS_CLIENT_UNKNOWN] = N_("of a kind that is not known here"),
    [WHY_TLS_CLIENT_CHROMIUM] = N_("a browser like Chrome (a guess)"),
    [WHY_TLS_CLIENT_FIREFOX] = N_("Firefox (a guess)"),
    [WHY_TLS_CLIENT_OPENSSL] = N_("a program with OpenSSL: curl, Python (a guess)"),
    [WHY_TLS_CLIENT_NODE] = N_("Node.js (a guess)"),
    [WHY_TLS_CLIENT_GO] = N_("a Go program (a guess)"),
    [WHY_TLS_CLIENT_JAVA] = N_("a Java program (a guess)"),
    [WHY_TLS_CLIENT_GNUTLS] = N_("a program with GnuTLS (a guess)"),
    [WHY_TLS_CLIENT_SCANNER] = N_("a scanner (a guess)"),
};

static void code_row(const char *label, const uint16_t *list, size_t count,
                     const char *(*name_of)(uint16_t number, char *out), enum why_lang lang,
                     struct why_text *text) {
    if (count == 0) {
        return;
    }
    why__record_row(text, label);
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        char name[WHY__HELLO_NAME_MAX];
        why_text_append(text, "%s%s", i > 0 ? ", " : "", name_of(list[i], name));
    }
    if (count > NAMES_SHOWN) {
        why_text_append(text, tr(lang, " and %u more"), (unsigned)(count - NAMES_SHOWN));
    }
    why_text_append(text, "\n");
}

void why__record_offer_rows(const struct why_record *record, enum why_lang lang,
                            struct why_text *text) {
    const struct why_tls_offer *offer = &record->tls.offer;
    /* Ours is no news to who reads it; the JSON form has it. */
    if (offer->len == 0 || offer->extension_count == 0) {
        return;
    }
    why__record_row(text, tr(lang, "Client"));
    why_text_append(text, "%s\n", tr(lang, client_texts[offer->client]));
    code_row(tr(lang, "Versions offered"), offer->versions, offer->version_count,
             why__hello_version_name, lang, text);
    code_row(tr(lang, "Suites offered"), offer->ciphers, offer->cipher_count,
             why__hello_cipher_name, lang, text);
    code_row(tr(lang, "Groups offered"), offer->groups, offer->group_count, why__hello_group_name,
             lang, text);
    code_row(tr(lang, "Signatures offered"), offer->signatures, offer->signature_count,
             why__hello_signature_name, lang, text);
    if (*offer->alpn != '\0') {
        why__record_row(text, tr(lang, "ALPN offered"));
        why_text_append_untrusted(text, offer->alpn, strlen(offer->alpn));
        why_text_append(text, "\n");
    }
}

void why__record_own_rows(const struct why_record *record, enum why_lang lang,
                          struct why_text *text) {
    const struct why_tls_evidence *tls = &record->tls;
    if (tls->self_checked) {
        why__record_row(text, tr(lang, "Our certificate"));
        why_text_append(text, "%s\n",
                        tls->error_count == 0
                            ? tr(lang, "checked as a client would: it verifies here")
                            : tr(lang, "checked as a client would, with the errors below"));
    }
    for (size_t i = 0; i < tls->reason_count; i++) {
        why__record_row(text, tr(lang, "Likely refused for"));
        why_text_append(text, "%s (%s)\n", tr(lang, why_cause_info(tls->reasons[i])->title),
                        why_cause_id(tls->reasons[i]));
    }
}
