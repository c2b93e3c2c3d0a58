/* SPDX-License-Identifier: MIT */
#include "conform/certs.h"

#include "lab/certs.h"
#include "lab/modes.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    NAMES_MAX = 512,
    WEAK_BITS = 1024,
};

/* The suite's modes are some of the lab's. */
static const struct mode {
    const char *name, *lab;
    bool is_weak; /* OpenSSL would not show it as it comes */
} modes[] = {
    {"good", "ok", false},
    {"expired", "expired", false},
    {"notyet", "notyet", false},
    {"wronghost", "wronghost", false},
    {"selfsigned", "selfsigned", false},
    {"untrusted", "untrusted", false},
    {"noserverauth", "eku-client", false},
    {"weak", "rsa1024", true},
};

enum {
    MODE_COUNT = sizeof modes / sizeof *modes,
};

struct conform_certs {
    struct why__tls_context *contexts[MODE_COUNT];
};

const char *conform_certs_mode(size_t index) {
    return index < MODE_COUNT ? modes[index].name : NULL;
}

/* As a file without a name, which OpenSSL can read: the certificates, then the key. */
static int write_identity(const struct lab_identity *identity) {
    int fd = memfd_create("certificate", MFD_CLOEXEC);
    int copy = fd < 0 ? -1 : dup(fd);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
    bool done = file != NULL && PEM_write_X509(file, identity->leaf) == 1;
    for (int i = 0; done && i < sk_X509_num(identity->chain); i++) {
        done = PEM_write_X509(file, sk_X509_value(identity->chain, i)) == 1;
    }
    done = done && PEM_write_PrivateKey(file, identity->key, NULL, NULL, 0, NULL, NULL) == 1;
    if (file != NULL) {
        done = fclose(file) == 0 && done;
    } else if (copy >= 0) {
        close(copy);
    }
    if (!done && fd >= 0) {
        close(fd);
    }
    return done ? fd : -1;
}

/* A certificate for the name that clients ask for, however they spell this machine. */
static bool issue(struct lab_certs *lab, const struct lab_mode *mode, const char *name,
                  struct lab_identity *identity) {
    struct lab_recipe recipe = mode->cert;
    char names[NAMES_MAX];
    bool is_address = strspn(name, "0123456789.") == strlen(name) || strchr(name, ':') != NULL;
    if (recipe.names == NULL) {
        (void)snprintf(names, sizeof names, "%s:%s,DNS:localhost,IP:127.0.0.1,IP:::1",
                       is_address ? "IP" : "DNS", name);
        recipe.names = names;
    }
    recipe.cn = recipe.cn == NULL ? "localhost" : recipe.cn;
    return lab_certs_issue(lab, &recipe, name, identity);
}

static int make_context(struct conform_certs *certs, size_t index, struct lab_certs *lab,
                        const struct why_host *host, const char *name, char *error,
                        size_t error_size) {
    struct lab_identity identity = {0};
    const char *lab_name = modes[index].lab;
    bool is_issued = issue(lab, lab_mode_find(lab_name, strlen(lab_name)), name, &identity);
    int fd = is_issued ? write_identity(&identity) : -1;
    lab_identity_clear(&identity);
    if (fd < 0) {
        (void)snprintf(error, error_size, "OpenSSL could not make the certificate \"%s\"",
                       modes[index].name);
        return WHY_ERR_CONFIG;
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct why_tls_config config = {.cert_file = path,
                                    .ciphers = modes[index].is_weak ? "DEFAULT@SECLEVEL=0" : NULL};
    int result =
        why__tls_context_new(host, &config, true, &certs->contexts[index], error, error_size);
    close(fd);
    return result;
}

static int make_all(struct conform_certs *certs, struct lab_certs *lab, const struct why_host *host,
                    const char *name, const char *ca_file, char *error, size_t error_size) {
    int failed = ca_file == NULL ? 0 : lab_certs_write_ca(lab, ca_file);
    if (failed != 0) {
        (void)snprintf(error, error_size, "%s: %s", ca_file, strerror(failed));
        return WHY_ERR_SYSTEM;
    }
    int result = WHY_OK;
    for (size_t i = 0; result == WHY_OK && i < MODE_COUNT; i++) {
        result = make_context(certs, i, lab, host, name, error, error_size);
    }
    return result;
}

int conform_certs_new(const struct why_host *host, const char *name, const char *ca_file,
                      struct conform_certs **out, char *error, size_t error_size) {
    struct conform_certs *certs = calloc(1, sizeof *certs);
    struct lab_certs lab = {0};
    if (certs == NULL) {
        return WHY_ERR_NOMEM;
    }
    int result = WHY_ERR_CONFIG;
    if (lab_certs_init(&lab)) {
        /* The lab's own has no two primes, and cannot be written to a file. */
        lab.keys[LAB_KEY_RSA1024] = EVP_RSA_gen(WEAK_BITS);
        result = make_all(certs, &lab, host, name, ca_file, error, error_size);
    } else {
        (void)snprintf(error, error_size, "OpenSSL could not make the authorities");
    }
    lab_certs_clear(&lab);
    if (result != WHY_OK) {
        conform_certs_free(certs);
        return result;
    }
    *out = certs;
    return WHY_OK;
}

void conform_certs_free(struct conform_certs *certs) {
    if (certs == NULL) {
        return;
    }
    for (size_t i = 0; i < MODE_COUNT; i++) {
        why__tls_context_free(certs->contexts[i]);
    }
    free(certs);
}

struct why__tls *conform_certs_begin(struct conform_certs *certs, size_t mode) {
    return why__tls_new(certs->contexts[mode], NULL);
}
