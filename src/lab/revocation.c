/* SPDX-License-Identifier: MIT
 *
 * What tells of revocation, the OCSP answers; and the lab's files: CA, revocation lists,
 * certificates of clients.
 */
#include "lab/certs.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    HOUR = 3600,
    PATH_MAX_LEN = 4096,
};

/* ---- OCSP ---- */

static bool add_status(OCSP_BASICRESP *basic, OCSP_CERTID *id, enum lab_staple staple) {
    int status = staple == LAB_STAPLE_REVOKED   ? V_OCSP_CERTSTATUS_REVOKED
                 : staple == LAB_STAPLE_UNKNOWN ? V_OCSP_CERTSTATUS_UNKNOWN
                                                : V_OCSP_CERTSTATUS_GOOD;
    bool is_old = staple == LAB_STAPLE_EXPIRED;
    time_t now = time(NULL);
    ASN1_TIME *from = ASN1_TIME_adj(NULL, now, is_old ? -14 : 0, -HOUR);
    ASN1_TIME *to = ASN1_TIME_adj(NULL, now, is_old ? -7 : 7, 0);
    ASN1_TIME *revoked =
        status == V_OCSP_CERTSTATUS_REVOKED ? ASN1_TIME_adj(NULL, now, -1, 0) : NULL;
    bool done = from != NULL && to != NULL &&
                OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE,
                                       revoked, from, to) != NULL;
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    ASN1_TIME_free(revoked);
    return done;
}

static OCSP_RESPONSE *answer_of(const struct lab_certs *certs, const struct lab_recipe *recipe,
                                const X509 *leaf) {
    if (recipe->staple == LAB_STAPLE_TRY_LATER) {
        return OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, NULL);
    }
    const struct lab_authority *issuer = &certs->authorities[recipe->ca];
    const struct lab_authority *signer = recipe->staple == LAB_STAPLE_BAD_SIGNATURE
                                             ? &certs->authorities[LAB_CA_UNKNOWN_ROOT]
                                             : issuer;
    OCSP_RESPONSE *response = NULL;
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), leaf, issuer->x509);
    if (basic != NULL && id != NULL && add_status(basic, id, recipe->staple) &&
        OCSP_basic_sign(basic, signer->x509, signer->key, EVP_sha256(), NULL, 0) == 1) {
        response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    }
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    return response;
}

bool lab_staple_make(const struct lab_certs *certs, const struct lab_recipe *recipe,
                     struct lab_identity *identity) {
    if (recipe->staple == LAB_STAPLE_NONE) {
        return true;
    }
    OCSP_RESPONSE *response = answer_of(certs, recipe, identity->leaf);
    if (response != NULL) {
        identity->staple_len = i2d_OCSP_RESPONSE(response, &identity->staple);
    }
    OCSP_RESPONSE_free(response);
    return identity->staple_len > 0;
}

/* ---- Revocation lists ---- */

static bool add_revoked(X509_CRL *crl, uint64_t serial) {
    X509_REVOKED *revoked = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *when = ASN1_TIME_adj(NULL, time(NULL), -1, 0);
    bool done = revoked != NULL && number != NULL && when != NULL &&
                ASN1_INTEGER_set_uint64(number, serial) == 1 &&
                X509_REVOKED_set_serialNumber(revoked, number) == 1 &&
                X509_REVOKED_set_revocationDate(revoked, when) == 1 &&
                X509_CRL_add0_revoked(crl, revoked) == 1;
    if (!done) {
        X509_REVOKED_free(revoked);
    }
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(when);
    return done;
}

static X509_CRL *crl_new(const struct lab_certs *certs, enum lab_ca ca) {
    const struct lab_authority *issuer = &certs->authorities[ca];
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = ASN1_TIME_adj(NULL, time(NULL), 0, -HOUR);
    ASN1_TIME *to = ASN1_TIME_adj(NULL, time(NULL), 90, 0);
    bool done = crl != NULL && from != NULL && to != NULL &&
                X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
                X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x509)) == 1 &&
                X509_CRL_set1_lastUpdate(crl, from) == 1 &&
                X509_CRL_set1_nextUpdate(crl, to) == 1 &&
                (ca != LAB_CA_INTERMEDIATE || add_revoked(crl, certs->revoked)) &&
                X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0;
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    if (!done) {
        X509_CRL_free(crl);
        return NULL;
    }
    return crl;
}

/* ---- Files ---- */

/* Keys are for the owner's eyes, also those of a lab. */
static BIO *open_file(const char *folder, const char *name, int *error) {
    char path[PATH_MAX_LEN];
    int len = folder == NULL ? snprintf(path, sizeof path, "%s", name)
                             : snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        *error = ENAMETOOLONG;
        return NULL;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        *error = errno;
        return NULL;
    }
    FILE *file = fdopen(fd, "w");
    BIO *bio = file == NULL ? NULL : BIO_new_fp(file, BIO_CLOSE);
    if (bio == NULL) {
        *error = ENOMEM;
        if (file != NULL) {
            (void)fclose(file);
        } else {
            close(fd);
        }
    }
    return bio;
}

static int close_file(BIO *bio, bool written) {
    bool flushed = BIO_flush(bio) == 1;
    BIO_free(bio);
    return written && flushed ? 0 : EIO;
}

static int write_ca(const struct lab_certs *certs, const char *folder, const char *name) {
    int error = 0;
    BIO *bio = open_file(folder, name, &error);
    if (bio == NULL) {
        return error;
    }
    return close_file(bio, PEM_write_bio_X509(bio, certs->authorities[LAB_CA_ROOT].x509) == 1);
}

int lab_certs_write_ca(const struct lab_certs *certs, const char *path) {
    return write_ca(certs, NULL, path);
}

static int write_crl(const struct lab_certs *certs, enum lab_ca ca, const char *folder,
                     const char *name) {
    int error = 0;
    BIO *bio = open_file(folder, name, &error);
    if (bio == NULL) {
        return error;
    }
    X509_CRL *crl = crl_new(certs, ca);
    bool written = crl != NULL && PEM_write_bio_X509_CRL(bio, crl) == 1;
    X509_CRL_free(crl);
    return close_file(bio, written);
}

static int write_client(struct lab_certs *certs, const struct lab_recipe *recipe,
                        const char *folder, const char *name) {
    int error = 0;
    BIO *bio = open_file(folder, name, &error);
    if (bio == NULL) {
        return error;
    }
    struct lab_identity identity = {0};
    bool written = lab_certs_issue(certs, recipe, "client", &identity) &&
                   PEM_write_bio_X509(bio, identity.leaf) == 1 &&
                   PEM_write_bio_PKCS8PrivateKey(bio, identity.key, NULL, NULL, 0, NULL, NULL) == 1;
    lab_identity_clear(&identity);
    return close_file(bio, written);
}

int lab_certs_write_folder(struct lab_certs *certs, const char *folder) {
    static const struct {
        const char *name;
        struct lab_recipe recipe;
    } clients[] = {
        {"client-good.pem",
         {.cn = "lab-client", .names = "", .purposes = "clientAuth", .ca = LAB_CA_CLIENTS}},
        {"client-expired.pem",
         {.from_days = -90,
          .to_days = -3,
          .cn = "lab-client",
          .names = "",
          .purposes = "clientAuth",
          .ca = LAB_CA_CLIENTS}},
        {"client-wrong-ca.pem",
         {.cn = "lab-client", .names = "", .purposes = "clientAuth", .ca = LAB_CA_OTHER_CLIENTS}},
        {"client-server-eku.pem",
         {.cn = "lab-client", .names = "", .purposes = "serverAuth", .ca = LAB_CA_CLIENTS}},
    };
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return errno;
    }
    int error = write_ca(certs, folder, "ca.pem");
    for (size_t i = 0; error == 0 && i < sizeof clients / sizeof *clients; i++) {
        error = write_client(certs, &clients[i].recipe, folder, clients[i].name);
    }
    if (error == 0) {
        error = write_crl(certs, LAB_CA_INTERMEDIATE, folder, "crl.pem");
    }
    return error != 0 ? error : write_crl(certs, LAB_CA_UNKNOWN_ROOT, folder, "crl-other.pem");
}
