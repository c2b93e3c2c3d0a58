/* SPDX-License-Identifier: MIT
 *
 * The lab's certificate authorities, and what making one has in common with making a leaf.
 */
#ifndef WHY_LAB_AUTHORITIES_H
#define WHY_LAB_AUTHORITIES_H

#include "lab/modes.h"

#include <openssl/x509.h>
#include <stdbool.h>

struct lab_authority {
    X509 *x509;
    EVP_PKEY *key;
};

/* A new key, good for tests alone. NULL if it cannot be made. */
EVP_PKEY *lab_key_new(enum lab_key kind);

const EVP_MD *lab_digest_of(enum lab_digest digest);

/* Append one extension in OpenSSL's notation; `value` NULL or "": none is wanted. */
bool lab_extend(X509 *x509, X509 *issuer, int nid, const char *value);

/* Version, a random serial number, and dates from now. */
bool lab_x509_begin(X509 *x509, int from_days, int to_days);

/* "" leaves a part out. */
bool lab_name_set(X509_NAME *name, const char *org, const char *cn);

/* All but the one with an RSA key, which takes time.
 * all  room for LAB_CA_COUNT, all zeroes; to be cleared also where false is returned */
bool lab_authorities_init(struct lab_authority *all);
void lab_authorities_clear(struct lab_authority *all);

/* The one with an RSA key. `key` is shared. */
bool lab_authorities_make_rsa(struct lab_authority *all, EVP_PKEY *key);

/* Who signed `ca`; itself for a root. */
enum lab_ca lab_authority_parent(enum lab_ca ca);

#endif
