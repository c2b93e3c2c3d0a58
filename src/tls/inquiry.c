/* SPDX-License-Identifier: MIT
 *
 * An inquiry's life, and its questions about revocation. The search for issuers is in issuers.c,
 * what it all means for the connection in inquiry_report.c.
 */
#include "tls/inquiry_state.h"

#include "tls/engine.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

bool why__inquiry_verify(struct why__inquiry *inquiry) {
    return why__tls_verify_chain(inquiry->trust, inquiry->chain, &inquiry->verification);
}

static bool is_address(const char *name) {
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ASN1_OCTET_STRING_free(address);
    ERR_clear_error();
    return address != NULL;
}

int why__inquiry_init(struct why__inquiry *inquiry, const char *server_name, STACK_OF(X509) * chain,
                      bool own_trust) {
    size_t len = strlen(server_name);
    len -= len > 1 && server_name[len - 1] == '.'; /* certificates are without it */
    len = len < WHY__INQUIRY_NAME_MAX ? len : WHY__INQUIRY_NAME_MAX;
    memcpy(inquiry->name, server_name, len);
    inquiry->name[len] = '\0';
    inquiry->verification = (struct why__tls_verification){
        .own_trust = own_trust, .is_address = is_address(inquiry->name), .name = inquiry->name};
    inquiry->chain = X509_chain_up_ref(chain);
    return inquiry->chain != NULL && why__inquiry_verify(inquiry) ? WHY_OK : WHY_ERR_NOMEM;
}

static void forget_question(struct why__inquiry *inquiry) {
    OCSP_REQUEST_free(inquiry->request);
    OPENSSL_free(inquiry->question);
    inquiry->request = NULL;
    inquiry->question = NULL;
}

void why__inquiry_clear(struct why__inquiry *inquiry) {
    forget_question(inquiry);
    why__tls_verification_clear(&inquiry->verification);
    sk_X509_pop_free(inquiry->chain, X509_free);
    inquiry->chain = NULL;
}

/* NULL where one of them is no certificate, or there is no memory. */
static STACK_OF(X509) * decode(const struct why_bytes *chain, size_t count) {
    STACK_OF(X509) *out = sk_X509_new_null();
    for (size_t i = 0; i < count && out != NULL; i++) {
        const unsigned char *at = chain[i].data;
        X509 *certificate = d2i_X509(NULL, &at, (long)chain[i].len);
        if (certificate == NULL || sk_X509_push(out, certificate) <= 0) {
            X509_free(certificate);
            sk_X509_pop_free(out, X509_free);
            out = NULL;
        }
    }
    ERR_clear_error();
    return out;
}

int why__inquiry_new(const struct why_host *host, const struct why_tls_config *config,
                     const char *server_name, const struct why_bytes *chain, size_t count,
                     struct why__inquiry **out) {
    *out = NULL;
    struct why__inquiry *inquiry = host->allocate(host->context, NULL, sizeof *inquiry);
    if (inquiry == NULL) {
        return WHY_ERR_NOMEM;
    }
    *inquiry = (struct why__inquiry){.host = host};
    /* What the connection trusts, and no more of its config. */
    const struct why_tls_config trust = {.ca_file = config->ca_file};
    char unwanted[8];
    int result =
        why__tls_context_new(host, &trust, false, &inquiry->context, unwanted, sizeof unwanted);
    if (result == WHY_OK) {
        inquiry->trust = SSL_CTX_get_cert_store(inquiry->context->ssl);
        STACK_OF(X509) *decoded = count == 0 ? NULL : decode(chain, count);
        result = decoded == NULL
                     ? WHY_ERR_ARGUMENT
                     : why__inquiry_init(inquiry, server_name, decoded, config->ca_file != NULL);
        sk_X509_pop_free(decoded, X509_free);
    }
    if (result != WHY_OK) {
        why__inquiry_free(inquiry);
        return result;
    }
    *out = inquiry;
    return WHY_OK;
}

void why__inquiry_free(struct why__inquiry *inquiry) {
    if (inquiry == NULL) {
        return;
    }
    why__inquiry_clear(inquiry);
    why__tls_context_free(inquiry->context);
    inquiry->host->allocate(inquiry->host->context, inquiry, 0);
}

/* ---- Revocation ---- */

/* The chain as built, as far as it is the server's: what is trusted by itself is not asked about.
 */
static void list_standings(struct why__inquiry *inquiry) {
    const struct why__tls_verification *verification = &inquiry->verification;
    const STACK_OF(X509) *built = verification->built;
    int count = sk_X509_num(built) - (verification->anchored ? 1 : 0);
    for (int i = 0; i == 0 || i < count; i++) {
        struct why__standing standing = {.depth = i};
        X509 *certificate = sk_X509_value(built, i);
        int at = 0;
        if (certificate == NULL || inquiry->standings.count == WHY__INQUIRY_STATUS_MAX) {
            break;
        }
        bool has_address =
            why__certificate_address(certificate, NID_ad_OCSP, &at, standing.address);
        if (i > 0 && !has_address) {
            continue; /* few issuers name one; browsers have their own lists for them */
        }
        standing.answer.status = has_address ? WHY__OCSP_NOT_ASKED : WHY__OCSP_NO_RESPONDER;
        why__tls_name_text(X509_get_subject_name(certificate), standing.subject,
                           sizeof standing.subject);
        inquiry->standings.list[inquiry->standings.count++] = standing;
    }
    inquiry->is_listed = true;
}

static X509 *certificate_of(const struct why__inquiry *inquiry,
                            const struct why__standing *standing) {
    return sk_X509_value(inquiry->verification.built, standing->depth);
}

/* Put the question about the next one. False: it cannot be put; its status says why. */
static bool put_question(struct why__inquiry *inquiry, struct why__standing *standing,
                         struct why_bytes *question) {
    X509 *certificate = certificate_of(inquiry, standing);
    if (standing->answer.status != WHY__OCSP_NOT_ASKED) {
        return false;
    }
    X509 *issuer = why__ocsp_issuer(certificate, inquiry->chain, inquiry->trust);
    if (issuer == NULL) {
        standing->answer.status = WHY__OCSP_NO_ISSUER;
        ERR_clear_error();
        return false;
    }
    inquiry->request = why__ocsp_question(certificate, issuer);
    X509_free(issuer);
    int len =
        inquiry->request == NULL ? -1 : i2d_OCSP_REQUEST(inquiry->request, &inquiry->question);
    if (len <= 0) {
        forget_question(inquiry);
        return false;
    }
    *question = (struct why_bytes){inquiry->question, (size_t)len};
    return true;
}

const char *why__inquiry_status_next(struct why__inquiry *inquiry, struct why_bytes *question) {
    struct why__standings *standings = &inquiry->standings;
    if (inquiry->request != NULL) {
        why__inquiry_status_take(inquiry, (struct why_bytes){NULL, 0});
    }
    if (!inquiry->is_listed) {
        list_standings(inquiry);
    }
    for (; inquiry->status_at < standings->count; inquiry->status_at++) {
        struct why__standing *standing = &standings->list[inquiry->status_at];
        if (put_question(inquiry, standing, question)) {
            return standing->address;
        }
    }
    return NULL;
}

void why__inquiry_status_take(struct why__inquiry *inquiry, struct why_bytes answer) {
    if (inquiry->request == NULL) {
        return;
    }
    struct why__standing *standing = &inquiry->standings.list[inquiry->status_at];
    X509 *certificate = certificate_of(inquiry, standing);
    inquiry->status_at++;
    if (answer.len == 0) {
        standing->answer.status = WHY__OCSP_UNREACHABLE;
    } else if (answer.len > WHY__INQUIRY_STATUS_LEN_MAX) {
        standing->answer.status = WHY__OCSP_MALFORMED;
    } else {
        X509 *issuer = why__ocsp_issuer(certificate, inquiry->chain, inquiry->trust);
        why__ocsp_read(answer, inquiry->request, certificate, issuer, time(NULL),
                       &standing->answer);
        X509_free(issuer);
    }
    forget_question(inquiry);
}

const struct why__standings *why__inquiry_standings(const struct why__inquiry *inquiry) {
    return &inquiry->standings;
}
