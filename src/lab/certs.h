/* SPDX-License-Identifier: MIT
 *
 * The lab's certificates: made in memory, when they are asked for, with dates from now.
 */
#ifndef WHY_LAB_CERTS_H
#define WHY_LAB_CERTS_H

#include "lab/authorities.h"
#include "lab/modes.h"

#include <openssl/x509.h>
#include <stdbool.h>

/* Authorities and keys, to be used by one thread at a time. */
struct lab_certs {
    struct lab_authority authorities[LAB_CA_COUNT];
    EVP_PKEY *keys[LAB_KEY_COUNT]; /* of leaves; made when first needed */
    uint64_t revoked;              /* the serial number that the revocation list has */
    unsigned port;                 /* where the missing intermediate can be fetched; 0: nowhere */
};

/* returns  false: OpenSSL could not; to be cleared all the same */
bool lab_certs_init(struct lab_certs *certs);
void lab_certs_clear(struct lab_certs *certs);

/* A certificate, its key and what is sent with it. */
struct lab_identity {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * chain; /* without the leaf */
    unsigned char *staple;  /* DER of an OCSP response; NULL for none */
    int staple_len;
};

/* Make one for the name that was asked.
 * identity  cleared by lab_identity_clear(), also where false is returned */
bool lab_certs_issue(struct lab_certs *certs, const struct lab_recipe *recipe, const char *host,
                     struct lab_identity *identity);
void lab_identity_clear(struct lab_identity *identity);

/* The OCSP answer that a recipe asks for. */
bool lab_staple_make(const struct lab_certs *certs, const struct lab_recipe *recipe,
                     struct lab_identity *identity);

/* Write the root, as PEM. returns  0 or errno */
int lab_certs_write_ca(const struct lab_certs *certs, const char *path);

/* Write into a folder, which is made where it is missing: ca.pem, client-good.pem, -expired,
 * -wrong-ca, -server-eku (each with its key), crl.pem, crl-other.pem. returns  0 or errno */
int lab_certs_write_folder(struct lab_certs *certs, const char *folder);

#endif
