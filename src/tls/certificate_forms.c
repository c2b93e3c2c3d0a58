/* SPDX-License-Identifier: MIT
 *
 * Certificates in the forms that CAs publish them in: DER, PKCS #7 without a signature ("certs
 * only", RFC 5280 section 4.2.2.1), PEM of either.
 */
#include "tls/consult_state.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <string.h>

#define CERTIFICATES_MAX 32

/* Takes `certificate` over. */
static void add(STACK_OF(X509) * out, X509 *certificate) {
    if (certificate == NULL || sk_X509_num(out) >= CERTIFICATES_MAX ||
        sk_X509_push(out, certificate) <= 0) {
        X509_free(certificate);
    }
}

static void read_der(struct why_bytes bytes, STACK_OF(X509) * out) {
    const unsigned char *at = bytes.data;
    add(out, d2i_X509(NULL, &at, (long)bytes.len));
}

static void read_pkcs7(struct why_bytes bytes, STACK_OF(X509) * out) {
    const unsigned char *at = bytes.data;
    PKCS7 *bundle = d2i_PKCS7(NULL, &at, (long)bytes.len);
    if (bundle != NULL && PKCS7_type_is_signed(bundle) && bundle->d.sign != NULL) {
        const STACK_OF(X509) *certificates = bundle->d.sign->cert;
        for (int i = 0; i < sk_X509_num(certificates); i++) {
            X509 *certificate = sk_X509_value(certificates, i);
            add(out, X509_up_ref(certificate) == 1 ? certificate : NULL);
        }
    }
    PKCS7_free(bundle);
}

/* Blocks of other names are passed over: no key is decoded here, nor any passphrase asked for. */
static void read_pem(struct why_bytes bytes, STACK_OF(X509) * out) {
    BIO *text = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    char *name = NULL, *header = NULL;
    unsigned char *data = NULL;
    long len = 0;
    while (text != NULL && sk_X509_num(out) < CERTIFICATES_MAX &&
           PEM_read_bio(text, &name, &header, &data, &len) == 1) {
        struct why_bytes der = {data, (size_t)len};
        if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0) {
            read_der(der, out);
        } else if (strcmp(name, PEM_STRING_PKCS7) == 0) {
            read_pkcs7(der, out);
        }
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    BIO_free(text);
}

STACK_OF(X509) * why__certificates_read(struct why_bytes bytes, enum why__issuer_form *form) {
    static const struct {
        enum why__issuer_form form;
        void (*read)(struct why_bytes bytes, STACK_OF(X509) * out);
    } readers[] = {{WHY__ISSUER_FORM_DER, read_der},
                   {WHY__ISSUER_FORM_PKCS7, read_pkcs7},
                   {WHY__ISSUER_FORM_PEM, read_pem}};
    STACK_OF(X509) *out = sk_X509_new_null();
    *form = WHY__ISSUER_FORM_NONE;
    if (out == NULL || bytes.len == 0 || bytes.len > WHY__CONSULT_ISSUER_LEN_MAX) {
        sk_X509_free(out);
        return NULL;
    }
    for (size_t i = 0; i < sizeof readers / sizeof readers[0] && sk_X509_num(out) == 0; i++) {
        *form = readers[i].form;
        readers[i].read(bytes, out);
    }
    ERR_clear_error();
    if (sk_X509_num(out) == 0) {
        *form = WHY__ISSUER_FORM_NONE;
        sk_X509_free(out);
        return NULL;
    }
    return out;
}
