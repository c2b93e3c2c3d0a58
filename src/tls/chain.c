/* SPDX-License-Identifier: MIT
 *
 * What a chain that breaks off most likely lacks.
 */
#include "tls/verification.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static bool breaks_chain(int error) {
    return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
           error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
           error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
           error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
           error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
}

X509 *why__tls_chain_top(const struct why__tls_verification *verification) {
    for (size_t i = 0; i < verification->error_count; i++) {
        if (breaks_chain(verification->errors[i].error)) {
            return verification->errors[i].certificate;
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
static bool trust_is_empty(X509_STORE_CTX *store, bool *certain) {
    const X509_STORE *trusted = X509_STORE_CTX_get0_store(store);
    if (sk_X509_OBJECT_num(X509_STORE_get0_objects(trusted)) > 0) {
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

static const ASN1_STRING *part_of(const X509_NAME *name, int nid) {
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    return at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
}

/* "Example Root CA", "ISRG Root X1": what roots alone are called. */
static bool is_called_root(const X509_NAME *name) {
    char text[128] = " ";
    const ASN1_STRING *common = part_of(name, NID_commonName);
    if (common != NULL) {
        why__tls_safe_text(ASN1_STRING_get0_data(common), (size_t)ASN1_STRING_length(common),
                           text + 1, sizeof text - 1);
    }
    const char *word = strcasestr(text, "root");
    return word != NULL && strchr(" -_", word[-1]) != NULL && strchr(" -_", word[4]) != NULL;
}

/* What the trust store knows of a missing issuer: a root of its organisation under another name, so
 * that a link is missing; or the very name, with another key. */
static void look_into_store(X509_STORE *store, const X509_NAME *issuer, bool *has_relative,
                            bool *has_name) {
    const ASN1_STRING *wanted = part_of(issuer, NID_organizationName);
    STACK_OF(X509) *anchors = X509_STORE_get1_all_certs(store);
    for (int i = 0; i < sk_X509_num(anchors); i++) {
        const X509_NAME *subject = X509_get_subject_name(sk_X509_value(anchors, i));
        const ASN1_STRING *has = part_of(subject, NID_organizationName);
        *has_name |= X509_NAME_cmp(subject, issuer) == 0;
        *has_relative |= wanted != NULL && has != NULL && ASN1_STRING_cmp(has, wanted) == 0;
    }
    sk_X509_pop_free(anchors, X509_free);
}

/* A certificate of the missing issuer's name came, and OpenSSL would not take it: its key is not
 * the one that signed. */
static bool was_sent_with_other_key(const struct why__tls_verification *verification, X509 *top) {
    for (int i = 0; i < sk_X509_num(verification->chain); i++) {
        X509 *sent = sk_X509_value(verification->chain, i);
        if (X509_cmp(sent, top) != 0 &&
            X509_NAME_cmp(X509_get_subject_name(sent), X509_get_issuer_name(top)) == 0) {
            return true;
        }
    }
    return false;
}

/* Certificates came that are on nobody's way: the wrong ones, or for another server. */
static bool others_were_sent(const struct why__tls_verification *verification, X509 *top) {
    for (int i = 0; i < sk_X509_num(verification->chain); i++) {
        X509 *sent = sk_X509_value(verification->chain, i);
        if (X509_cmp(sent, top) != 0 && X509_check_ca(sent) != 0) {
            return true;
        }
    }
    return false;
}

static enum why__tls_gap judge_gap(struct why__tls_verification *verification,
                                   X509_STORE_CTX *store, X509 *top) {
    int said = issuer_is_intermediate(top);
    bool own = X509_cmp(top, X509_STORE_CTX_get0_cert(store)) == 0;
    bool has_relative = false, has_name = false;
    look_into_store(X509_STORE_CTX_get0_store(store), X509_get_issuer_name(top), &has_relative,
                    &has_name);
    verification->name_trusted = has_name;
    bool self_issued = why__tls_is_self_issued(top);
    verification->gap_certain = self_issued || said != 0;
    if (self_issued) {
        return WHY__TLS_GAP_UNTRUSTED;
    }
    if (was_sent_with_other_key(verification, top)) {
        verification->gap_certain = true;
        return WHY__TLS_GAP_OTHER_KEY;
    }
    bool next_root = has_relative && is_called_root(X509_get_issuer_name(top));
    bool intermediate = said == 1 || (has_relative && !has_name && !next_root);
    if (own && said != -1) {
        /* Public CAs name the address of what issued it, and never issue from the root. More
         * certificates came, but none of them is the one that goes on from the first. */
        char address[8];
        why__tls_issuer_address(top, address, sizeof address);
        intermediate |= address[0] != '\0' || others_were_sent(verification, top);
    }
    return intermediate ? WHY__TLS_GAP_INTERMEDIATE : WHY__TLS_GAP_UNTRUSTED;
}

void why__tls_chain_find_gap(struct why__tls_verification *verification, X509_STORE_CTX *store) {
    X509 *top = why__tls_chain_top(verification);
    if (top == NULL) {
        return;
    }
    bool certain = true;
    if (!verification->own_trust && trust_is_empty(store, &certain)) {
        verification->gap = WHY__TLS_GAP_NO_STORE;
        verification->gap_certain = certain;
    } else {
        verification->gap = (uint8_t)judge_gap(verification, store, top);
    }
    ERR_clear_error();
}
