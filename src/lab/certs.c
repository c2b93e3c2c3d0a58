/* SPDX-License-Identifier: MIT */
#include "lab/certs.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum {
    TEXT_MAX = 1024, /* of a name, or a list of names */
    LEAF_DAYS = 90,
};

bool lab_certs_init(struct lab_certs *certs) {
    *certs = (struct lab_certs){0};
    return RAND_bytes((unsigned char *)&certs->revoked, sizeof certs->revoked) == 1 &&
           lab_authorities_init(certs->authorities);
}

void lab_certs_clear(struct lab_certs *certs) {
    lab_authorities_clear(certs->authorities);
    for (size_t i = 0; i < LAB_KEY_COUNT; i++) {
        EVP_PKEY_free(certs->keys[i]);
        certs->keys[i] = NULL;
    }
}

void lab_identity_clear(struct lab_identity *identity) {
    X509_free(identity->leaf);
    EVP_PKEY_free(identity->key);
    sk_X509_pop_free(identity->chain, X509_free);
    OPENSSL_free(identity->staple);
    *identity = (struct lab_identity){0};
}

static EVP_PKEY *key_of(struct lab_certs *certs, enum lab_key kind) {
    if (certs->keys[kind] == NULL) {
        certs->keys[kind] = lab_key_new(kind);
    }
    return certs->keys[kind];
}

static bool is_rsa(enum lab_key kind) {
    return kind >= LAB_KEY_RSA512;
}

/* ---- Names ---- */

/* Put the host into a template; false where it does not fit. */
static bool expand(const char *template, const char *host, char *out, size_t size) {
    const char *dot = strchr(host, '.');
    const char *parent = dot == NULL ? host : dot + 1;
    size_t len = 0;
    for (const char *at = template; *at != '\0'; at++) {
        bool is_mark = at[0] == '%' && (at[1] == 'h' || at[1] == 'p');
        const char *piece = is_mark ? (at[1] == 'h' ? host : parent) : at;
        size_t piece_len = is_mark ? strlen(piece) : 1;
        if (len + piece_len >= size) {
            return false;
        }
        memcpy(out + len, piece, piece_len);
        len += piece_len;
        at += is_mark;
    }
    out[len] = '\0';
    return true;
}

/* "DNS:..." or "IP:...", to the letter: OpenSSL's own reader would mend what is wrong with it. */
static bool push_name(GENERAL_NAMES *names, const char *text, size_t len) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    if (name == NULL || sk_GENERAL_NAME_push(names, name) <= 0) {
        GENERAL_NAME_free(name);
        return false;
    }
    if (strncmp(text, "IP:", 3) == 0) {
        char address[64];
        (void)snprintf(address, sizeof address, "%.*s", (int)(len - 3), text + 3);
        ASN1_OCTET_STRING *bytes = a2i_IPADDRESS(address);
        GENERAL_NAME_set0_value(name, GEN_IPADD, bytes);
        return bytes != NULL;
    }
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    GENERAL_NAME_set0_value(name, GEN_DNS, value);
    return value != NULL && ASN1_STRING_set(value, text + 4, (int)(len - 4)) == 1;
}

static bool push_names(GENERAL_NAMES *names, const struct lab_recipe *recipe, const char *host) {
    char list[TEXT_MAX];
    if (!expand(recipe->names == NULL ? "DNS:%h" : recipe->names, host, list, sizeof list)) {
        return false;
    }
    for (const char *at = list; *at != '\0';) {
        size_t len = strcspn(at, ",");
        if (!push_name(names, at, len)) {
            return false;
        }
        at += len + (at[len] == ',');
    }
    for (unsigned i = 0; i < recipe->more_names; i++) {
        char more[64];
        int len = snprintf(more, sizeof more, "DNS:n%05u.many-names.example", i);
        if (!push_name(names, more, (size_t)len)) {
            return false;
        }
    }
    return true;
}

static bool add_names(X509 *x509, const struct lab_recipe *recipe, const char *host) {
    if (recipe->names != NULL && *recipe->names == '\0') {
        return true;
    }
    /* RFC 5280 section 4.2.1.6: critical where there is no subject. */
    int critical = X509_NAME_entry_count(X509_get_subject_name(x509)) == 0;
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool done = names != NULL && push_names(names, recipe, host) &&
                X509_add1_ext_i2d(x509, NID_subject_alt_name, names, critical, 0) == 1;
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
    return done;
}

static bool set_subject(X509 *x509, const struct lab_recipe *recipe, const char *host) {
    char cn[TEXT_MAX];
    if (recipe->cn != NULL && *recipe->cn == '\0') {
        return true;
    }
    if (!expand(recipe->cn == NULL ? "%h" : recipe->cn, host, cn, sizeof cn)) {
        return false;
    }
    if (strlen(cn) > 64) {
        cn[0] = '\0'; /* RFC 5280's ub-common-name; the list of names has it */
    }
    return lab_name_set(X509_get_subject_name(x509), recipe->org == NULL ? "Lab" : recipe->org, cn);
}

/* ---- Extensions ---- */

static bool add_unknown_critical(X509 *x509) {
    static const unsigned char value[] = {V_ASN1_NULL, 0};
    ASN1_OBJECT *object = OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1);
    ASN1_OCTET_STRING *bytes = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;
    bool done = object != NULL && bytes != NULL &&
                ASN1_OCTET_STRING_set(bytes, value, sizeof value) == 1 &&
                (extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, bytes)) != NULL &&
                X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(bytes);
    ASN1_OBJECT_free(object);
    return done;
}

static bool add_quirks(X509 *x509, X509 *issuer, const struct lab_certs *certs, unsigned quirks) {
    char aia[128] = "";
    if ((quirks & LAB_QUIRK_AIA) != 0) {
        (void)snprintf(aia, sizeof aia, "caIssuers;URI:http://localhost:%u/intermediate.der",
                       certs->port);
    }
    return lab_extend(x509, issuer, NID_info_access, aia) &&
           ((quirks & LAB_QUIRK_MUST_STAPLE) == 0 ||
            lab_extend(x509, issuer, NID_tlsfeature, "status_request")) &&
           ((quirks & LAB_QUIRK_UNKNOWN_CRITICAL) == 0 || add_unknown_critical(x509));
}

static bool add_extensions(X509 *x509, X509 *issuer, const struct lab_certs *certs,
                           const struct lab_recipe *recipe, const char *host) {
    unsigned quirks = recipe->quirks;
    bool is_ca = (quirks & LAB_QUIRK_CA) != 0;
    const char *usage = recipe->usage != NULL ? recipe->usage
                        : is_ca               ? "critical,digitalSignature,keyCertSign"
                        : is_rsa(recipe->key) ? "critical,digitalSignature,keyEncipherment"
                                              : "critical,digitalSignature";
    return lab_extend(x509, issuer, NID_basic_constraints,
                      is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
           lab_extend(x509, issuer, NID_key_usage, usage) &&
           lab_extend(x509, issuer, NID_subject_key_identifier, "hash") &&
           ((quirks & LAB_QUIRK_NO_AUTHORITY_KEY) != 0 || x509 == issuer ||
            lab_extend(x509, issuer, NID_authority_key_identifier, "keyid:always")) &&
           lab_extend(x509, issuer, NID_ext_key_usage,
                      recipe->purposes == NULL ? "serverAuth" : recipe->purposes) &&
           add_names(x509, recipe, host) && add_quirks(x509, issuer, certs, quirks);
}

/* ---- The leaf ---- */

/* The last byte of a certificate is the last of its signature. */
static bool damage(struct lab_identity *identity) {
    unsigned char *der = NULL;
    int len = i2d_X509(identity->leaf, &der);
    if (len <= 0) {
        return false;
    }
    der[len - 1] ^= 1;
    const unsigned char *at = der;
    X509 *damaged = d2i_X509(NULL, &at, len);
    OPENSSL_free(der);
    X509_free(identity->leaf);
    identity->leaf = damaged;
    return damaged != NULL;
}

static bool sign(struct lab_certs *certs, const struct lab_recipe *recipe, const char *host,
                 struct lab_identity *identity) {
    bool is_self = recipe->ca == LAB_CA_SELF;
    X509 *x509 = identity->leaf;
    X509 *issuer = is_self ? x509 : certs->authorities[recipe->ca].x509;
    EVP_PKEY *signer = is_self ? identity->key : certs->authorities[recipe->ca].key;
    bool has_dates = recipe->from_days != 0 || recipe->to_days != 0;
    return issuer != NULL &&
           lab_x509_begin(x509, recipe->from_days, has_dates ? recipe->to_days : LEAF_DAYS) &&
           ((recipe->quirks & LAB_QUIRK_REVOKED) == 0 ||
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), certs->revoked) == 1) &&
           set_subject(x509, recipe, host) &&
           X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
           X509_set_pubkey(x509, identity->key) == 1 &&
           add_extensions(x509, issuer, certs, recipe, host) &&
           X509_sign(x509, signer, lab_digest_of(recipe->digest)) > 0;
}

/* ---- What goes along ---- */

static bool push(struct lab_identity *identity, const struct lab_certs *certs, enum lab_ca ca,
                 bool first) {
    X509 *x509 = certs->authorities[ca].x509;
    if (x509 == NULL || X509_up_ref(x509) != 1) {
        return false;
    }
    int count = sk_X509_num(identity->chain);
    if (sk_X509_insert(identity->chain, x509, first ? 0 : count) <= 0) {
        X509_free(x509);
        return false;
    }
    return true;
}

static bool add_chain(const struct lab_certs *certs, const struct lab_recipe *recipe,
                      struct lab_identity *identity) {
    identity->chain = sk_X509_new_null();
    if (identity->chain == NULL) {
        return false;
    }
    if (recipe->sent == LAB_SENT_NONE || recipe->ca == LAB_CA_SELF) {
        return true;
    }
    bool done = true;
    enum lab_ca ca = recipe->ca;
    if (recipe->sent != LAB_SENT_OTHER) {
        for (; done && ca != lab_authority_parent(ca); ca = lab_authority_parent(ca)) {
            done = push(identity, certs, ca, recipe->sent == LAB_SENT_REVERSED);
        }
    }
    if (recipe->sent == LAB_SENT_WITH_ROOT) {
        done = done && push(identity, certs, ca, false);
    }
    if (recipe->sent == LAB_SENT_OTHER || recipe->sent == LAB_SENT_EXTRA) {
        done = done && push(identity, certs, LAB_CA_UNKNOWN, false);
    }
    return done;
}

bool lab_certs_issue(struct lab_certs *certs, const struct lab_recipe *recipe, const char *host,
                     struct lab_identity *identity) {
    *identity = (struct lab_identity){0};
    EVP_PKEY *key = key_of(certs, recipe->key);
    if (key == NULL || EVP_PKEY_up_ref(key) != 1) {
        return false;
    }
    identity->key = key;
    identity->leaf = X509_new();
    if (identity->leaf == NULL ||
        (recipe->ca == LAB_CA_RSA &&
         !lab_authorities_make_rsa(certs->authorities, key_of(certs, LAB_KEY_RSA2048)))) {
        return false;
    }
    return sign(certs, recipe, host, identity) && add_chain(certs, recipe, identity) &&
           ((recipe->quirks & LAB_QUIRK_BAD_SIGNATURE) == 0 || damage(identity)) &&
           lab_staple_make(certs, recipe, identity);
}
