/* SPDX-License-Identifier: MIT
 *
 * Certificates made while the test runs, with whatever is wrong with them that a test wants, and a
 * temporary folder to write them to.
 */
#ifndef WHY_TEST_CERTS_H
#define WHY_TEST_CERTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>

#define TEST_HOUR 3600L
#define TEST_DAY (24 * TEST_HOUR)

/* All zeroes but the name is a good leaf: P-256, valid from an hour ago for a day. */
struct test_cert_spec {
    const char *cn;
    const char *org;         /* O=, NULL for none */
    const char *names;       /* subjectAltName as OpenSSL writes it: "DNS:a.example,IP:127.0.0.1" */
    const char *eku;         /* extendedKeyUsage: "serverAuth"; NULL for none */
    const char *aia;         /* authorityInfoAccess: "caIssuers;URI:http://..."; NULL for none */
    const char *raw_name;    /* one more host name, as it is, spaces and all */
    const char *basic, *ku;  /* basicConstraints, keyUsage; NULL: what fits is_ca, "" for none */
    const char *constraints; /* nameConstraints: "permitted;DNS:a.example" */
    const char *critical_oid; /* an extension that nobody knows */
    bool is_ca;
    bool no_key_ids;   /* neither subjectKeyIdentifier nor authorityKeyIdentifier */
    bool must_staple;  /* RFC 7633 */
    int rsa_bits;      /* 0: an EC key */
    const char *curve; /* NULL: P-256; "ED25519" */
    bool sha1, md5;    /* signed with that */
    bool damaged;      /* its signature is wrong */
    long from, to;     /* seconds from now; both 0 for the default */
};

struct test_cert {
    X509 *x509;
    EVP_PKEY *key;
};

/* issuer  NULL: signed by itself */
struct test_cert test_cert_new(const struct test_cert_spec *spec, const struct test_cert *issuer);
void test_cert_free(struct test_cert *cert);

/* A folder of its own under the system's temporary one. */
struct test_folder {
    char path[256];
};
void test_folder_init(struct test_folder *folder);
/* With all that is in it. */
void test_folder_remove(struct test_folder *folder);

/* The path of `name` in the folder: static memory, good for eight more calls. */
const char *test_path(const struct test_folder *folder, const char *name);

/* Write certificates, in order, then the key (NULL for none), as PEM. Returns test_path(). */
const char *test_write_pem(const struct test_folder *folder, const char *name,
                           const struct test_cert *const *certs, size_t count, const EVP_PKEY *key);
const char *test_write_cert(const struct test_folder *folder, const char *name,
                            const struct test_cert *cert);
const char *test_write_key(const struct test_folder *folder, const char *name,
                           const struct test_cert *cert);
const char *test_write_file(const struct test_folder *folder, const char *name, const void *data,
                            size_t len);

#endif
