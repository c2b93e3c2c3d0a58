/* SPDX-License-Identifier: MIT
 *
 * What is in a certificate, as text.
 */
#include "tls/verification.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

void why__tls_safe_text(const void *data, size_t len, char *out, size_t size) {
    const uint8_t *bytes = data;
    size_t take = len < size - 1 ? len : size - 1;
    for (size_t i = 0; i < take; i++) {
        out[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    }
    out[take] = '\0';
    if (take < len && take >= 3) {
        memcpy(out + take - 3, "...", 3);
    }
}

void why__tls_name_text(const X509_NAME *name, char *out, size_t size) {
    out[0] = '\0';
    BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL || name == NULL) {
        BIO_free(text);
        return;
    }
    char *data = NULL;
    if (X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253) >= 0) {
        long len = BIO_get_mem_data(text, &data);
        why__tls_safe_text(data, len > 0 ? (size_t)len : 0, out, size);
    }
    BIO_free(text);
}

/* One subjectAltName as a person would write it; false for the kinds that no URL can match. */
static bool alt_name_text(const GENERAL_NAME *name, char *out, size_t size) {
    int type = 0;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type == GEN_DNS) {
        why__tls_safe_text(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value), out,
                           size);
        return true;
    }
    if (type != GEN_IPADD) {
        return false;
    }
    int len = ASN1_STRING_length(value);
    char address[INET6_ADDRSTRLEN];
    if ((len != 4 && len != 16) ||
        inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), address,
                  sizeof address) == NULL) {
        return false;
    }
    (void)snprintf(out, size, "IP:%s", address);
    return true;
}

void why__tls_names_text(X509 *certificate, char *out, size_t size) {
    out[0] = '\0';
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t len = 0;
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        char one[256];
        if (!alt_name_text(sk_GENERAL_NAME_value(names, i), one, sizeof one)) {
            continue;
        }
        const char *comma = len > 0 ? ", " : "";
        size_t need = strlen(comma) + strlen(one);
        if (len + need + sizeof ", ..." > size) {
            (void)snprintf(out + len, size - len, "%s...", comma);
            break;
        }
        (void)snprintf(out + len, size - len, "%s%s", comma, one);
        len += need;
    }
    GENERAL_NAMES_free(names);
}

int64_t why__tls_time(const ASN1_TIME *time) {
    struct tm parts;
    return time != NULL && ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

void why__tls_key_text(X509 *certificate, char *out, size_t size) {
    out[0] = '\0';
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    if (type == NULL) {
        return;
    }
    char group[40] = "";
    if (EVP_PKEY_is_a(key, "EC") == 1 &&
        EVP_PKEY_get_utf8_string_param(key, "group", group, sizeof group, NULL) == 1) {
        const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));
        (void)snprintf(out, size, "EC %s", nist == NULL ? group : nist);
    } else if (EVP_PKEY_is_a(key, "ED25519") == 1 || EVP_PKEY_is_a(key, "ED448") == 1) {
        (void)snprintf(out, size, "%s", type);
    } else {
        (void)snprintf(out, size, "%s %d", type, EVP_PKEY_get_bits(key));
    }
}

void why__tls_signature_text(X509 *certificate, char *out, size_t size) {
    const char *name = OBJ_nid2sn(X509_get_signature_nid(certificate));
    (void)snprintf(out, size, "%s", name == NULL ? "" : name);
}

void why__tls_issuer_address(X509 *certificate, char *out, size_t size) {
    out[0] = '\0';
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access) && out[0] == '\0'; i++) {
        const ACCESS_DESCRIPTION *description = sk_ACCESS_DESCRIPTION_value(access, i);
        const GENERAL_NAME *where = description->location;
        if (OBJ_obj2nid(description->method) == NID_ad_ca_issuers && where->type == GEN_URI) {
            const ASN1_STRING *uri = where->d.uniformResourceIdentifier;
            why__tls_safe_text(ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri), out,
                               size);
        }
    }
    AUTHORITY_INFO_ACCESS_free(access);
}

bool why__tls_is_self_issued(X509 *certificate) {
    return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) ==
           0;
}
