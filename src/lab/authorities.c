/* SPDX-License-Identifier: MIT */
#include "lab/authorities.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <time.h>

enum {
    /* A root has to be older than the certificate below it that expired. */
    ROOT_FROM_DAYS = -1000,
    ROOT_TO_DAYS = 3650,
    CA_FROM_DAYS = -500,
    CA_TO_DAYS = 1800,
    HOUR = 3600,
    PRIME_BITS = 512,
};

static const struct spec {
    const char *cn;
    const char *org;         /* NULL: Lab */
    enum lab_ca parent;      /* itself: a root */
    int to_days;             /* 0: CA_TO_DAYS */
    const char *basic;       /* NULL: critical,CA:TRUE */
    const char *usage;       /* NULL: critical,keyCertSign,cRLSign */
    const char *purposes;    /* NULL: any */
    const char *constraints; /* nameConstraints; NULL: none */
    enum lab_digest digest;
} specs[LAB_CA_COUNT] = {
    [LAB_CA_ROOT] = {.cn = "Lab Root", .parent = LAB_CA_ROOT},
    [LAB_CA_INTERMEDIATE] = {.cn = "Lab Intermediate", .parent = LAB_CA_ROOT},
    [LAB_CA_SUB] = {.cn = "Lab Sub Intermediate", .parent = LAB_CA_INTERMEDIATE},
    [LAB_CA_EXPIRED] = {.cn = "Lab Expired Int", .parent = LAB_CA_ROOT, .to_days = -10},
    [LAB_CA_EXPIRES_SOON] = {.cn = "Lab Expiring Int", .parent = LAB_CA_ROOT, .to_days = 10},
    [LAB_CA_UNKNOWN_ROOT] = {.cn = "Unknown Corp Root",
                             .org = "Unknown Corp",
                             .parent = LAB_CA_UNKNOWN_ROOT},
    [LAB_CA_UNKNOWN] = {.cn = "Unknown Corp Issuing",
                        .org = "Unknown Corp",
                        .parent = LAB_CA_UNKNOWN_ROOT},
    [LAB_CA_NOT_A_CA] = {.cn = "Lab NotCA",
                         .parent = LAB_CA_ROOT,
                         .basic = "critical,CA:FALSE",
                         .usage = "critical,digitalSignature,keyEncipherment"},
    [LAB_CA_PATHLEN_ZERO] = {.cn = "Lab Pathlen Zero",
                             .parent = LAB_CA_ROOT,
                             .basic = "critical,CA:TRUE,pathlen:0"},
    [LAB_CA_TOO_DEEP] = {.cn = "Lab Too Deep", .parent = LAB_CA_PATHLEN_ZERO},
    [LAB_CA_NAME_CONSTRAINED] = {.cn = "Lab Constrained",
                                 .parent = LAB_CA_ROOT,
                                 .constraints = "critical,permitted;DNS:allowed.example"},
    [LAB_CA_FOR_CLIENTS] = {.cn = "Lab Clients Only",
                            .parent = LAB_CA_ROOT,
                            .purposes = "clientAuth"},
    [LAB_CA_SHA1] = {.cn = "Lab SHA-1 Int", .parent = LAB_CA_ROOT, .digest = LAB_SHA1},
    [LAB_CA_BASIC_NOT_CRITICAL] = {.cn = "Lab Lenient Int",
                                   .parent = LAB_CA_ROOT,
                                   .basic = "CA:TRUE"},
    [LAB_CA_NO_KEY_USAGE] = {.cn = "Lab Usageless Int", .parent = LAB_CA_ROOT, .usage = ""},
    [LAB_CA_RSA] = {.cn = "Lab RSA Intermediate", .parent = LAB_CA_ROOT},
    [LAB_CA_EVIL] = {.cn = "Evil Root", .parent = LAB_CA_EVIL},
    [LAB_CA_INTERCEPTOR] = {.cn = "Zscaler Intermediate Root CA (lab)",
                            .org = "Zscaler Inc.",
                            .parent = LAB_CA_INTERCEPTOR},
    [LAB_CA_SUPERFISH] = {.cn = "Superfish, Inc.",
                          .org = "Superfish, Inc.",
                          .parent = LAB_CA_SUPERFISH},
    [LAB_CA_CLIENTS] = {.cn = "Lab Client CA", .parent = LAB_CA_CLIENTS},
    [LAB_CA_OTHER_CLIENTS] = {.cn = "Other Client CA", .parent = LAB_CA_OTHER_CLIENTS},
};

/* ---- Parts ---- */

/* Multiply `product` by primes, for e = 65537, until it has that many bits; `phi` keeps step. */
static bool multiply_primes(BIGNUM *product, BIGNUM *phi, int bits, BN_CTX *context) {
    int part = bits <= 1024 ? bits / 2 : PRIME_BITS;
    BIGNUM *prime = BN_new();
    BIGNUM *next = BN_new();
    bool done = prime != NULL && next != NULL && BN_one(product) == 1 && BN_one(phi) == 1;
    int attempt = 0;
    while (done && BN_num_bits(product) < bits) {
        int left = bits - BN_num_bits(product);
        bool is_last = left < part + part / 2;
        /* The last one brings it to the very length; whether with a bit more shows only then. */
        int size = is_last ? left + (attempt++ & 1) : part;
        done = BN_generate_prime_ex2(prime, size, 0, NULL, NULL, NULL, context) == 1 &&
               BN_mul(next, product, prime, context) == 1;
        if (!done || BN_num_bits(next) > bits || (is_last && BN_num_bits(next) < bits) ||
            BN_mod_word(prime, RSA_F4) == 1) {
            continue;
        }
        done = BN_copy(product, next) != NULL && BN_sub_word(prime, 1) == 1 &&
               BN_mul(phi, phi, prime, context) == 1;
    }
    BN_free(prime);
    BN_free(next);
    return done;
}

static EVP_PKEY *rsa_key_from(const BIGNUM *n, const BIGNUM *e, const BIGNUM *d) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (context != NULL && builder != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d) == 1 &&
        (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL &&
        EVP_PKEY_fromdata_init(context) == 1) {
        (void)EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters);
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return key;
}

/* An RSA key of many small primes: made in milliseconds where two large ones take seconds, and the
 * same to everybody who sees its public half. It keeps no secret, and has none to keep. */
static EVP_PKEY *rsa_key_new(int bits) {
    EVP_PKEY *key = NULL;
    BN_CTX *context = BN_CTX_new();
    BIGNUM *n = BN_new();
    BIGNUM *phi = BN_new();
    BIGNUM *e = BN_new();
    BIGNUM *d = BN_new();
    if (context != NULL && n != NULL && phi != NULL && e != NULL && d != NULL &&
        BN_set_word(e, RSA_F4) == 1 && multiply_primes(n, phi, bits, context) &&
        BN_mod_inverse(d, e, phi, context) != NULL) {
        key = rsa_key_from(n, e, d);
    }
    BN_free(d);
    BN_free(e);
    BN_free(phi);
    BN_free(n);
    BN_CTX_free(context);
    return key;
}

EVP_PKEY *lab_key_new(enum lab_key kind) {
    switch (kind) {
    case LAB_KEY_P256:
        return EVP_EC_gen("P-256");
    case LAB_KEY_P384:
        return EVP_EC_gen("P-384");
    case LAB_KEY_P521:
        return EVP_EC_gen("P-521");
    case LAB_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case LAB_KEY_RSA512:
        return rsa_key_new(512);
    case LAB_KEY_RSA1024:
        return rsa_key_new(1024);
    case LAB_KEY_RSA2048:
        return rsa_key_new(2048);
    case LAB_KEY_RSA3072:
        return rsa_key_new(3072);
    case LAB_KEY_RSA4096:
        return rsa_key_new(4096);
    case LAB_KEY_RSA8192:
        return rsa_key_new(8192);
    case LAB_KEY_COUNT:
        break;
    }
    return NULL;
}

const EVP_MD *lab_digest_of(enum lab_digest digest) {
    switch (digest) {
    case LAB_SHA256:
        return EVP_sha256();
    case LAB_SHA384:
        return EVP_sha384();
    case LAB_SHA512:
        return EVP_sha512();
    case LAB_SHA1:
        return EVP_sha1();
    case LAB_MD5:
        return EVP_md5();
    }
    return NULL;
}

bool lab_extend(X509 *x509, X509 *issuer, int nid, const char *value) {
    if (value == NULL || *value == '\0') {
        return true;
    }
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

bool lab_x509_begin(X509 *x509, int from_days, int to_days) {
    uint64_t serial = 0;
    time_t now = time(NULL);
    /* Positive, and not short of a byte. */
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           X509_set_version(x509, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), (serial >> 2) | (1ull << 61)) ==
               1 &&
           X509_time_adj_ex(X509_getm_notBefore(x509), from_days, from_days == 0 ? -HOUR : 0,
                            &now) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(x509), to_days, 0, &now) != NULL;
}

static bool add_part(X509_NAME *name, const char *part, const char *value) {
    return *value == '\0' ||
           X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, 0) == 1;
}

bool lab_name_set(X509_NAME *name, const char *org, const char *cn) {
    return add_part(name, "O", org) && add_part(name, "CN", cn);
}

/* ---- Authorities ---- */

enum lab_ca lab_authority_parent(enum lab_ca ca) {
    return specs[ca].parent;
}

static bool make(struct lab_authority *all, enum lab_ca ca) {
    const struct spec *spec = &specs[ca];
    struct lab_authority *made = &all[ca];
    bool is_root = spec->parent == ca;
    made->x509 = X509_new();
    if (made->key == NULL) {
        made->key = lab_key_new(LAB_KEY_P256);
    }
    X509 *x509 = made->x509;
    const struct lab_authority *issuer = &all[spec->parent];
    if (x509 == NULL || made->key == NULL || issuer->x509 == NULL) {
        return false;
    }
    int to_days = spec->to_days != 0 ? spec->to_days : is_root ? ROOT_TO_DAYS : CA_TO_DAYS;
    return lab_x509_begin(x509, is_root ? ROOT_FROM_DAYS : CA_FROM_DAYS, to_days) &&
           lab_name_set(X509_get_subject_name(x509), spec->org == NULL ? "Lab" : spec->org,
                        spec->cn) &&
           X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509)) == 1 &&
           X509_set_pubkey(x509, made->key) == 1 &&
           lab_extend(x509, issuer->x509, NID_basic_constraints,
                      spec->basic == NULL ? "critical,CA:TRUE" : spec->basic) &&
           lab_extend(x509, issuer->x509, NID_key_usage,
                      spec->usage == NULL ? "critical,keyCertSign,cRLSign" : spec->usage) &&
           lab_extend(x509, issuer->x509, NID_subject_key_identifier, "hash") &&
           lab_extend(x509, issuer->x509, NID_authority_key_identifier, "keyid:always") &&
           lab_extend(x509, issuer->x509, NID_ext_key_usage, spec->purposes) &&
           lab_extend(x509, issuer->x509, NID_name_constraints, spec->constraints) &&
           X509_sign(x509, issuer->key, lab_digest_of(spec->digest)) > 0;
}

bool lab_authorities_init(struct lab_authority *all) {
    /* An issuer comes before what it signs. */
    static const enum lab_ca first[] = {LAB_CA_ROOT, LAB_CA_INTERMEDIATE, LAB_CA_UNKNOWN_ROOT,
                                        LAB_CA_PATHLEN_ZERO};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        if (!make(all, first[i])) {
            return false;
        }
    }
    for (int ca = 0; ca < LAB_CA_COUNT; ca++) {
        if (all[ca].x509 == NULL && ca != LAB_CA_RSA && !make(all, (enum lab_ca)ca)) {
            return false;
        }
    }
    return true;
}

bool lab_authorities_make_rsa(struct lab_authority *all, EVP_PKEY *key) {
    if (all[LAB_CA_RSA].x509 != NULL) {
        return true;
    }
    if (key == NULL || EVP_PKEY_up_ref(key) != 1) {
        return false;
    }
    all[LAB_CA_RSA].key = key;
    return make(all, LAB_CA_RSA);
}

void lab_authorities_clear(struct lab_authority *all) {
    for (int ca = 0; ca < LAB_CA_COUNT; ca++) {
        X509_free(all[ca].x509);
        EVP_PKEY_free(all[ca].key);
        all[ca] = (struct lab_authority){0};
    }
}
