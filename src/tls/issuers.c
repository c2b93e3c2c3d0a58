/* SPDX-License-Identifier: MIT
 *
 * The search for issuers that were not sent: from the certificate in which the chain breaks off to
 * the address that it names, and again, until the chain is whole or leads nowhere.
 */
#include "tls/consult_state.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

const char *why__issuers_outcome_id(enum why__issuers_outcome outcome) {
    switch (outcome) {
#define X(name, id)                                                                                \
    case WHY__ISSUERS_##name:                                                                      \
        return id;
        WHY__ISSUERS_MAP(X)
#undef X
    }
    return "";
}

const char *why__issuer_result_id(enum why__issuer_result result) {
    switch (result) {
#define X(name, id)                                                                                \
    case WHY__ISSUER_##name:                                                                       \
        return id;
        WHY__ISSUER_MAP(X)
#undef X
    }
    return "";
}

const char *why__issuer_form_id(enum why__issuer_form form) {
    switch (form) {
#define X(name, id)                                                                                \
    case WHY__ISSUER_FORM_##name:                                                                  \
        return id;
        WHY__ISSUER_FORM_MAP(X)
#undef X
    }
    return "";
}

/* ---- The end of the search ---- */

static X509 *find_built(const struct why__consult *consult, const char *subject) {
    const STACK_OF(X509) *built = consult->verification.built;
    for (int i = 0; i < sk_X509_num(built); i++) {
        char name[128];
        why__tls_name_text(X509_get_subject_name(sk_X509_value(built, i)), name, sizeof name);
        if (strcmp(name, subject) == 0) {
            return sk_X509_value(built, i);
        }
    }
    return NULL;
}

/* Those that were fetched are to be served, but the last of the chain: that one is trusted. */
static void mark_used(struct why__consult *consult) {
    struct why__issuers *issuers = &consult->issuers;
    const STACK_OF(X509) *built = consult->verification.built;
    const X509 *anchor =
        sk_X509_num(built) > 0 ? sk_X509_value(built, sk_X509_num(built) - 1) : NULL;
    for (size_t i = 0; i < issuers->fetch_count; i++) {
        struct why__issuer_fetch *fetch = &issuers->fetches[i];
        const X509 *certificate = find_built(consult, fetch->wanted);
        fetch->used =
            fetch->result == WHY__ISSUER_FOUND && certificate != NULL && certificate != anchor;
    }
}

static void keep_left(struct why__consult *consult) {
    struct why__tls_finding findings[WHY_TLS_ERRORS_MAX];
    struct why__issuers *issuers = &consult->issuers;
    issuers->left_count = why__tls_findings(&consult->verification, findings);
    for (size_t i = 0; i < issuers->left_count; i++) {
        struct why_tls_verify_error *to = &issuers->left[i];
        *to = (struct why_tls_verify_error){.depth = findings[i].depth,
                                            .error = findings[i].error,
                                            .cause = findings[i].cause,
                                            .likely = findings[i].likely};
        struct why__say say;
        why__say_begin(&say, to->detail, sizeof to->detail, NULL);
        why__tls_finding_say(&consult->verification, &findings[i], &say);
    }
}

static const char *end(struct why__consult *consult, enum why__issuers_outcome outcome) {
    struct why__issuers *issuers = &consult->issuers;
    const struct why__tls_verification *verification = &consult->verification;
    X509 *top = why__tls_chain_top(verification);
    int built = sk_X509_num(verification->built);
    issuers->outcome = outcome;
    if (top != NULL && outcome == WHY__ISSUERS_UNTRUSTED) {
        why__tls_name_text(X509_get_subject_name(top), issuers->end, sizeof issuers->end);
    } else if (top != NULL) {
        why__tls_name_text(X509_get_issuer_name(top), issuers->end, sizeof issuers->end);
    } else if (built > 0) {
        X509 *anchor = sk_X509_value(verification->built, built - 1);
        why__tls_name_text(X509_get_subject_name(anchor), issuers->end, sizeof issuers->end);
    }
    if (outcome == WHY__ISSUERS_COMPLETE) {
        mark_used(consult);
        keep_left(consult);
    }
    return NULL;
}

/* ---- One step ---- */

static const char *ask(struct why__consult *consult, X509 *top) {
    struct why__issuers *issuers = &consult->issuers;
    bool was_asked = consult->address_at > 0;
    if (issuers->fetch_count == WHY__CONSULT_FETCHES_MAX) {
        return end(consult, WHY__ISSUERS_TOO_LONG);
    }
    struct why__issuer_fetch *fetch = &issuers->fetches[issuers->fetch_count];
    *fetch = (struct why__issuer_fetch){.result = WHY__ISSUER_UNREACHABLE};
    if (!why__certificate_address(top, NID_ad_ca_issuers, &consult->address_at, fetch->address)) {
        return end(consult, was_asked ? WHY__ISSUERS_NOT_FOUND : WHY__ISSUERS_NO_ADDRESS);
    }
    why__tls_name_text(X509_get_issuer_name(top), fetch->wanted, sizeof fetch->wanted);
    if (issuers->missing[0] == '\0') {
        memcpy(issuers->missing, fetch->wanted, sizeof issuers->missing);
    }
    issuers->fetch_count++;
    consult->is_issuer_asked = true;
    return fetch->address;
}

const char *why__consult_issuer_next(struct why__consult *consult) {
    struct why__issuers *issuers = &consult->issuers;
    const struct why__tls_verification *verification = &consult->verification;
    X509 *top = why__tls_chain_top(verification);
    if (consult->is_issuer_asked) {
        why__consult_issuer_take(consult, (struct why_bytes){NULL, 0});
    }
    if (issuers->outcome != WHY__ISSUERS_UNDECIDED) {
        return NULL;
    }
    if (top == NULL) {
        return end(consult, consult->hops == 0 ? WHY__ISSUERS_NOT_NEEDED : WHY__ISSUERS_COMPLETE);
    }
    if (why__tls_is_self_issued(top) || verification->gap == WHY__TLS_GAP_NO_STORE) {
        return end(consult, WHY__ISSUERS_UNTRUSTED); /* above it there is nothing to be found */
    }
    if (consult->hops == WHY__CONSULT_HOPS_MAX) {
        return end(consult, WHY__ISSUERS_TOO_LONG);
    }
    return ask(consult, top);
}

/* By name and key identifier, and by its signature: names can be anybody's. */
static X509 *find_issuer(STACK_OF(X509) * certificates, X509 *top) {
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);
        EVP_PKEY *key = X509_get0_pubkey(certificate);
        if (key != NULL && X509_check_issued(certificate, top) == X509_V_OK &&
            X509_verify(top, key) == 1) {
            return certificate;
        }
    }
    return NULL;
}

/* All that came, as there may be several ways up. False: out of memory. */
static bool add_all(struct why__consult *consult, STACK_OF(X509) * certificates) {
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *certificate = sk_X509_value(certificates, i);
        if (X509_up_ref(certificate) != 1) {
            return false;
        }
        if (sk_X509_push(consult->chain, certificate) <= 0) {
            X509_free(certificate);
            return false;
        }
    }
    return true;
}

void why__consult_issuer_take(struct why__consult *consult, struct why_bytes answer) {
    struct why__issuers *issuers = &consult->issuers;
    X509 *top = why__tls_chain_top(&consult->verification);
    if (!consult->is_issuer_asked || top == NULL) {
        return;
    }
    consult->is_issuer_asked = false;
    struct why__issuer_fetch *fetch = &issuers->fetches[issuers->fetch_count - 1];
    if (answer.len == 0) {
        return; /* UNREACHABLE, as it was made */
    }
    STACK_OF(X509) *certificates = why__certificates_read(answer, &fetch->form);
    if (certificates == NULL) {
        fetch->result = WHY__ISSUER_MALFORMED;
    } else if (find_issuer(certificates, top) == NULL) {
        fetch->result = WHY__ISSUER_OTHER;
        why__tls_name_text(X509_get_subject_name(sk_X509_value(certificates, 0)), fetch->subject,
                           sizeof fetch->subject);
    } else {
        fetch->result = WHY__ISSUER_FOUND;
        consult->hops++;
        consult->address_at = 0;
        if (!add_all(consult, certificates) || !why__consult_verify(consult)) {
            issuers->outcome = WHY__ISSUERS_NOT_FOUND; /* there is no memory to go on with */
        }
    }
    sk_X509_pop_free(certificates, X509_free);
    ERR_clear_error();
}

const struct why__issuers *why__consult_issuers(const struct why__consult *consult) {
    return &consult->issuers;
}
