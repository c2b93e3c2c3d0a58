/* SPDX-License-Identifier: MIT
 *
 * Certificates: their names as text, and what a chain that breaks off most likely lacks.
 */
#include "tls/engine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
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

static bool breaks_chain(int error) {
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
}

X509 *why__tls_chain_top(const struct why__tls_evidence *evidence) {
    for (size_t i = 0; i < evidence->error_count; i++) {
        if (breaks_chain(evidence->errors[i].error)) {
            return evidence->errors[i].certificate;
        }
    }
    return NULL;
}

/* The first certificate in the system's directory of them, NULL where there is none. */
static X509 *first_of_directory(const char *path) {
    X509 *certificate = NULL;
    DIR *directory = opendir(path);
    for (const struct dirent *entry = NULL;
         directory != NULL && certificate == NULL && (entry = readdir(directory)) != NULL;) {
        const char *name = entry->d_name;
        if (strspn(name, "0123456789abcdef") != 8 || name[8] != '.') {
            continue; /* OpenSSL looks at "1f2e3d4c.0" and its like alone */
        }
        char file_path[4096];
        (void)snprintf(file_path, sizeof file_path, "%s/%s", path, name);
        BIO *file = BIO_new_file(file_path, "r");
        certificate = file == NULL ? NULL : PEM_read_bio_X509_AUX(file, NULL, NULL, NULL);
        BIO_free(file);
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return certificate;
}

/* Does this machine trust nobody at all? OpenSSL says then no more than that it knows no issuer,
 * and it reads a directory only name by name. So it is asked for a name that is in the system's:
 * where it does not find that, it has been told to look elsewhere (SSL_CERT_DIR), which here cannot
 * be known. */
static bool trust_is_empty(const struct why__tls_context *context, X509_STORE_CTX *store,
                           bool *certain) {
    const X509_STORE *trusted = SSL_CTX_get_cert_store(context->ssl);
    if (context->own_trust || sk_X509_OBJECT_num(X509_STORE_get0_objects(trusted)) > 0) {
        return false;
    }
    X509 *known = first_of_directory(X509_get_default_cert_dir());
    *certain = known == NULL;
    bool found = false;
    if (known != NULL) {
        STACK_OF(X509) *same = X509_STORE_CTX_get1_certs(store, X509_get_subject_name(known));
        found = sk_X509_num(same) > 0;
        sk_X509_pop_free(same, X509_free);
        X509_free(known);
    }
    return !found;
}

static bool has_issuer_address(X509 *certificate) {
    AUTHORITY_INFO_ACCESS *access = X509_get_ext_d2i(certificate, NID_info_access, NULL, NULL);
    bool found = false;
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
        found |= OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(access, i)->method) == NID_ad_ca_issuers;
    }
    AUTHORITY_INFO_ACCESS_free(access);
    return found;
}

/* What the certificate says of its issuer's issuer: 0 nothing, 1 another (so the issuer is an
 * intermediate), -1 itself (so the issuer is a root). */
static int issuer_is_intermediate(X509 *certificate) {
    AUTHORITY_KEYID *key = X509_get_ext_d2i(certificate, NID_authority_key_identifier, NULL, NULL);
    int answer = 0;
    for (int i = 0; key != NULL && i < sk_GENERAL_NAME_num(key->issuer); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(key->issuer, i);
        if (name->type == GEN_DIRNAME) {
            bool same =
                X509_NAME_cmp(name->d.directoryName, X509_get_issuer_name(certificate)) == 0;
            answer = same ? -1 : 1;
        }
    }
    AUTHORITY_KEYID_free(key);
    return answer;
}

static const ASN1_STRING *organisation(const X509_NAME *name) {
    int at = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
    return at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

/* Do we trust a root of the organisation that the missing issuer belongs to, under another name? */
static bool trusts_relative(X509_STORE *store, const X509_NAME *issuer) {
    const ASN1_STRING *wanted = organisation(issuer);
    if (wanted == NULL) {
        return false;
    }
    STACK_OF(X509) *anchors = X509_STORE_get1_all_certs(store);
    bool found = false, same_name = false;
    for (int i = 0; i < sk_X509_num(anchors); i++) {
        const X509_NAME *subject = X509_get_subject_name(sk_X509_value(anchors, i));
        const ASN1_STRING *has = organisation(subject);
        same_name |= X509_NAME_cmp(subject, issuer) == 0;
        found |= has != NULL && ASN1_STRING_cmp(has, wanted) == 0;
    }
    sk_X509_pop_free(anchors, X509_free);
    return found && !same_name; /* the same name with another key is a CA that we do not trust */
}

void why__tls_chain_find_gap(struct why__tls *tls, X509_STORE_CTX *store) {
    struct why__tls_evidence *evidence = tls->evidence;
    X509 *top = why__tls_chain_top(evidence);
    if (top == NULL) {
        return;
    }
    bool certain = true;
    if (trust_is_empty(tls->context, store, &certain)) {
        evidence->gap = WHY__TLS_GAP_NO_STORE;
        evidence->gap_certain = certain;
        return;
    }
    bool self_issued = X509_NAME_cmp(X509_get_subject_name(top), X509_get_issuer_name(top)) == 0;
    int said = issuer_is_intermediate(top);
    bool own = X509_cmp(top, X509_STORE_CTX_get0_cert(store)) == 0;
    bool intermediate =
        said == 1 || trusts_relative(X509_STORE_CTX_get0_store(store), X509_get_issuer_name(top));
    if (own && said != -1) {
        /* Public CAs name the address of what issued it, and never issue from the root. More
         * certificates came, but none of them is the one that goes on from the first. */
        intermediate |= has_issuer_address(top) || sk_X509_num(evidence->chain) > 1;
    }
    evidence->gap_certain = self_issued || said != 0;
    evidence->gap =
        intermediate && !self_issued ? WHY__TLS_GAP_INTERMEDIATE : WHY__TLS_GAP_UNTRUSTED;
    ERR_clear_error();
}
