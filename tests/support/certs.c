/* SPDX-License-Identifier: MIT */
#include "support/certs.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A test that cannot make its material has nothing to say. */
static void must(bool ok, const char *what) {
    if (!ok) {
        (void)fprintf(stderr, "test material: %s failed\n", what);
        abort();
    }
}

static void extend(X509 *x509, X509 *issuer, int nid, const char *value) {
    if (value == NULL || *value == '\0') {
        return;
    }
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension != NULL && X509_add_ext(x509, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static void set_subject(X509_NAME *name, const struct test_cert_spec *spec) {
    if (spec->org != NULL) {
        X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)spec->org, -1,
                                   -1, 0);
    }
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)spec->cn, -1, -1,
                               0);
}

/* Names that OpenSSL would tidy up on the way. */
static void add_names(X509 *x509, const struct test_cert_spec *spec) {
    if (spec->raw_name == NULL) {
        extend(x509, x509, NID_subject_alt_name, spec->names);
        return;
    }
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    must(ASN1_STRING_set(text, spec->raw_name, -1) == 1, "a name");
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    must(sk_GENERAL_NAME_push(names, name) > 0 &&
             X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1,
         "names");
    GENERAL_NAMES_free(names);
}

static void add_unknown(X509 *x509, const char *oid) {
    if (oid == NULL) {
        return;
    }
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    must(ASN1_OCTET_STRING_set(value, (const unsigned char *)"\x05\x00", 2) == 1, oid);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, value);
    must(extension != NULL && X509_add_ext(x509, extension, -1) == 1, oid);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(object);
}

static EVP_PKEY *make_key(const struct test_cert_spec *spec) {
    if (spec->rsa_bits > 0) {
        return EVP_RSA_gen((unsigned)spec->rsa_bits);
    }
    if (spec->curve != NULL && strcmp(spec->curve, "ED25519") == 0) {
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    return EVP_EC_gen(spec->curve == NULL ? "P-256" : spec->curve);
}

/* The signature's last byte is the certificate's. */
static X509 *damage(X509 *x509) {
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    must(len > 0, "encoding");
    der[len - 1] ^= 1;
    const unsigned char *at = der;
    X509 *damaged = d2i_X509(NULL, &at, len);
    must(damaged != NULL, "decoding");
    OPENSSL_free(der);
    X509_free(x509);
    return damaged;
}

struct test_cert test_cert_new(const struct test_cert_spec *spec, const struct test_cert *issuer) {
    static long serial = 1;
    bool has_dates = spec->from != 0 || spec->to != 0;
    time_t now = time(NULL);
    struct test_cert cert = {X509_new(), make_key(spec)};
    must(cert.x509 != NULL && cert.key != NULL, "a key");
    X509 *x509 = cert.x509;
    X509 *parent = issuer == NULL ? x509 : issuer->x509;
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
    ASN1_TIME_adj(X509_getm_notBefore(x509), now, 0, has_dates ? spec->from : -TEST_HOUR);
    ASN1_TIME_adj(X509_getm_notAfter(x509), now, 0, has_dates ? spec->to : TEST_DAY);
    set_subject(X509_get_subject_name(x509), spec);
    X509_set_issuer_name(x509, X509_get_subject_name(parent));
    X509_set_pubkey(x509, cert.key);
    const char *basic = spec->is_ca ? "critical,CA:TRUE" : "CA:FALSE";
    const char *ku = spec->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
    extend(x509, parent, NID_basic_constraints, spec->basic == NULL ? basic : spec->basic);
    extend(x509, parent, NID_key_usage, spec->ku == NULL ? ku : spec->ku);
    if (!spec->no_key_ids) {
        extend(x509, parent, NID_subject_key_identifier, "hash");
        extend(x509, parent, NID_authority_key_identifier, issuer == NULL ? "" : "keyid");
    }
    add_names(x509, spec);
    extend(x509, parent, NID_ext_key_usage, spec->eku);
    extend(x509, parent, NID_info_access, spec->aia);
    extend(x509, parent, NID_name_constraints, spec->constraints);
    extend(x509, parent, NID_tlsfeature, spec->must_staple ? "status_request" : "");
    add_unknown(x509, spec->critical_oid);
    EVP_PKEY *signer = issuer == NULL ? cert.key : issuer->key;
    bool is_eddsa = EVP_PKEY_is_a(signer, "ED25519") == 1;
    const EVP_MD *digest = spec->md5 ? EVP_md5() : spec->sha1 ? EVP_sha1() : EVP_sha256();
    must(X509_sign(x509, signer, is_eddsa ? NULL : digest) > 0, "signing");
    if (spec->damaged) {
        cert.x509 = damage(cert.x509);
    }
    return cert;
}

void test_cert_free(struct test_cert *cert) {
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
    *cert = (struct test_cert){0};
}

void test_folder_init(struct test_folder *folder) {
    *folder = (struct test_folder){0};
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder->path, sizeof folder->path, "%s/why-test-XXXXXX",
                   base == NULL ? "/tmp" : base);
    must(mkdtemp(folder->path) != NULL, "a temporary folder");
}

void test_folder_remove(struct test_folder *folder) {
    DIR *directory = opendir(folder->path);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)remove(test_path(folder, entry->d_name));
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    (void)rmdir(folder->path);
}

const char *test_path(const struct test_folder *folder, const char *name) {
    static char paths[8][600];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder->path, name);
    return path;
}

const char *test_write_pem(const struct test_folder *folder, const char *name,
                           const struct test_cert *const *certs, size_t count,
                           const EVP_PKEY *key) {
    const char *path = test_path(folder, name);
    BIO *file = BIO_new_file(path, "w");
    must(file != NULL, path);
    for (size_t i = 0; i < count; i++) {
        must(PEM_write_bio_X509(file, certs[i]->x509) == 1, path);
    }
    if (key != NULL) {
        must(PEM_write_bio_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1, path);
    }
    BIO_free(file);
    return path;
}

const char *test_write_cert(const struct test_folder *folder, const char *name,
                            const struct test_cert *cert) {
    return test_write_pem(folder, name, &cert, 1, NULL);
}

const char *test_write_key(const struct test_folder *folder, const char *name,
                           const struct test_cert *cert) {
    return test_write_pem(folder, name, NULL, 0, cert->key);
}

const char *test_write_file(const struct test_folder *folder, const char *name, const void *data,
                            size_t len) {
    const char *path = test_path(folder, name);
    FILE *file = fopen(path, "wb");
    must(file != NULL && fwrite(data, 1, len, file) == len, path);
    (void)fclose(file);
    return path;
}
