/* SPDX-License-Identifier: MIT
 *
 * Certificates and keys from PEM files. OpenSSL answers "no start line" to five different mistakes;
 * here each is told by what the file holds, with the command that mends it.
 */
#include "tls/engine.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX                                                                                   \
    ((size_t)4 * 1024 * 1024) /* the whole system bundle is a quarter of a megabyte                \
                               */

enum kind {
    KIND_CERT,
    KIND_KEY,
    KIND_CA,
};

static const char *const kind_names[] = {"certificate file", "key file", "CA file"};

struct pem_file {
    const char *path;
    enum kind kind;
    BIO *text; /* its bytes */
    const struct why__tls_message *message;
};

static int refuse_errno(const struct pem_file *file, int error) {
    const char *name = kind_names[file->kind];
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return why__tls_refuse(file->message, "%s %s: there is no such file", name, file->path);
    case EACCES:
    case EPERM:
        return why__tls_refuse(file->message, "%s %s: this user may not read it: ls -l %s", name,
                               file->path, file->path);
    default:
        return why__tls_refuse(file->message, "%s %s: cannot be read (errno %d)", name, file->path,
                               error);
    }
}

static int read_all(const struct pem_file *file, FILE *stream) {
    char chunk[4096];
    size_t total = 0;
    for (size_t got = 0; (got = fread(chunk, 1, sizeof chunk, stream)) > 0; total += got) {
        if (total + got > FILE_MAX) {
            return why__tls_refuse(file->message, "%s %s: too large to be one",
                                   kind_names[file->kind], file->path);
        }
        if (BIO_write(file->text, chunk, (int)got) != (int)got) {
            return WHY_ERR_NOMEM;
        }
    }
    if (ferror(stream)) {
        return refuse_errno(file, errno);
    }
    if (total == 0) {
        return why__tls_refuse(file->message, "%s %s: is empty", kind_names[file->kind],
                               file->path);
    }
    return WHY_OK;
}

/* Read the file into memory, so that it can be looked at more than once, pipes too. */
static int open_pem(struct pem_file *file) {
    file->text = BIO_new(BIO_s_mem());
    if (file->text == NULL) {
        return WHY_ERR_NOMEM;
    }
    FILE *stream = fopen(file->path, "rbe");
    if (stream == NULL) {
        return refuse_errno(file, errno);
    }
    struct stat status;
    int result = WHY_OK;
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        result = why__tls_refuse(file->message, "%s %s: is a directory; name a file in it",
                                 kind_names[file->kind], file->path);
    } else {
        result = read_all(file, stream);
    }
    (void)fclose(stream);
    return result;
}

/* The bytes again from their beginning; NULL if out of memory. */
static BIO *again(const struct pem_file *file) {
    char *data = NULL;
    long len = BIO_get_mem_data(file->text, &data);
    return BIO_new_mem_buf(data, (int)len);
}

static bool holds(const struct pem_file *file, const char *text) {
    char *data = NULL;
    long len = BIO_get_mem_data(file->text, &data);
    return len > 0 && memmem(data, (size_t)len, text, strlen(text)) != NULL;
}

static int refuse_binary(const struct pem_file *file) {
    const char *name = kind_names[file->kind], *path = file->path;
    BIO *bytes = again(file);
    PKCS12 *bundle = d2i_PKCS12_bio(bytes, NULL);
    BIO_free(bytes);
    bytes = again(file);
    X509 *certificate = d2i_X509_bio(bytes, NULL);
    BIO_free(bytes);
    bytes = again(file);
    EVP_PKEY *key = d2i_PrivateKey_bio(bytes, NULL);
    BIO_free(bytes);
    int result;
    if (bundle != NULL) {
        result = why__tls_refuse(
            file->message, "%s %s: is PKCS#12, not PEM: openssl pkcs12 -in %s -nodes -out %s.pem",
            name, path, path, path);
    } else if (certificate != NULL) {
        result = why__tls_refuse(file->message,
                                 "%s %s: is a certificate in DER, not PEM: openssl x509 -inform "
                                 "DER -in %s -out %s.pem",
                                 name, path, path, path);
    } else if (key != NULL) {
        result = why__tls_refuse(
            file->message,
            "%s %s: is a key in DER, not PEM: openssl pkey -inform DER -in %s -out %s.pem", name,
            path, path, path);
    } else {
        result = why__tls_refuse(file->message, "%s %s: is not PEM (no line -----BEGIN ...)", name,
                                 path);
    }
    PKCS12_free(bundle);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return result;
}

/* There is not the block in it that there should be, or it cannot be read: say why. */
static int refuse_content(const struct pem_file *file) {
    const char *name = kind_names[file->kind], *path = file->path;
    bool has_key = holds(file, "PRIVATE KEY-----"), has_cert = holds(file, " CERTIFICATE-----");
    if (!holds(file, "-----BEGIN ")) {
        return refuse_binary(file);
    }
    if (file->kind != KIND_KEY && !has_cert) {
        const char *instead =
            has_key ? "holds a private key and no certificate: are the two swapped?"
            : holds(file, " CERTIFICATE REQUEST-----")
                ? "holds a signing request; the certificate is what the CA made of it"
                : "holds no certificate";
        return why__tls_refuse(file->message, "%s %s: %s", name, path, instead);
    }
    if (file->kind == KIND_KEY && !has_key) {
        const char *instead = has_cert
                                  ? "holds a certificate and no private key: are the two swapped?"
                                  : "holds no private key";
        return why__tls_refuse(file->message, "%s %s: %s", name, path, instead);
    }
    char fault[128], *data = NULL;
    long len = BIO_get_mem_data(file->text, &data);
    if (len > 0 && why__tls_pem_fault(data, (size_t)len, fault, sizeof fault)) {
        return why__tls_refuse(file->message,
                               "%s %s: is damaged: %s; look at it with openssl %s "
                               "-in %s -noout -text, and copy it again from where it was made",
                               name, path, fault, file->kind == KIND_KEY ? "pkey" : "x509", path);
    }
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    return why__tls_refuse(file->message, "%s %s: is damaged (%s): openssl %s -in %s -noout -text",
                           name, path, reason == NULL ? "?" : reason,
                           file->kind == KIND_KEY ? "pkey" : "x509", path);
}

/* Asked only where a key is encrypted. There is nobody to ask: a library has no terminal. */
static int refuse_passphrase(char *buffer, int size, int writing, void *argument) {
    (void)buffer;
    (void)size;
    (void)writing;
    bool *asked = argument;
    *asked = true;
    return -1;
}

/* The next certificate of a bundle; *end where there was none left. */
static X509 *next_certificate(BIO *bytes, bool *end) {
    bool asked = false;
    ERR_clear_error();
    X509 *certificate = PEM_read_bio_X509_AUX(bytes, NULL, refuse_passphrase, &asked);
    *end = certificate == NULL && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    return certificate;
}

/* OpenSSL's reason, or ours where its words are for those who know its code. */
static const char *refusal_reason(void) {
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    switch (ERR_GET_REASON(ERR_peek_last_error())) {
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
        return "its key is too small";
    case SSL_R_CA_MD_TOO_WEAK:
        return "the hash of its signature is too weak";
    default:
        return words == NULL ? "?" : words;
    }
}

static int refuse_certificate(const SSL_CTX *ssl, const struct pem_file *file, X509 *certificate) {
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    const char *reason = refusal_reason();
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    const char *signature = OBJ_nid2sn(X509_get_signature_nid(certificate));
    return why__tls_refuse(
        file->message,
        "%s %s: cannot be used: %s (%s key of %d bits, signed with %s; OpenSSL's "
        "security level is %d); ask for a new one: openssl req -new -newkey ec "
        "-pkeyopt ec_paramgen_curve:P-256 -nodes -keyout KEY.pem -out "
        "REQUEST.pem",
        kind_names[file->kind], file->path, reason, type == NULL ? "unknown" : type,
        key == NULL ? 0 : EVP_PKEY_get_bits(key), signature == NULL ? "?" : signature,
        SSL_CTX_get_security_level(ssl));
}

/* Our certificate, then those that go with it. */
static int use_certificates(SSL_CTX *ssl, const struct pem_file *file) {
    BIO *bytes = again(file);
    bool end = false;
    X509 *certificate = bytes == NULL ? NULL : next_certificate(bytes, &end);
    int result = WHY_OK;
    if (certificate == NULL) {
        result = refuse_content(file);
    } else if (SSL_CTX_use_certificate(ssl, certificate) != 1) {
        result = refuse_certificate(ssl, file, certificate);
    }
    while (result == WHY_OK && !end) {
        X509 *next = next_certificate(bytes, &end);
        if (next == NULL && !end) {
            result = refuse_content(file);
        } else if (next != NULL && SSL_CTX_add0_chain_cert(ssl, next) != 1) {
            result = refuse_certificate(ssl, file, next);
            X509_free(next);
        }
    }
    X509_free(certificate);
    BIO_free(bytes);
    return result;
}

static int refuse_match(SSL_CTX *ssl, const struct pem_file *file, const char *cert_path,
                        EVP_PKEY *key) {
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(ssl, &chain);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(chain, i)), key) == 1) {
            return why__tls_refuse(file->message,
                                   "certificate file %s: its certificates are in the wrong order; "
                                   "that of the key comes first, then its issuers: cat LEAF.pem "
                                   "INTERMEDIATE.pem > %s",
                                   cert_path, cert_path);
        }
    }
    return why__tls_refuse(file->message,
                           "key file %s: does not belong to the certificate in %s; these two have "
                           "to be the same: openssl pkey -in %s -pubout; openssl x509 -in %s "
                           "-noout -pubkey",
                           file->path, cert_path, file->path, cert_path);
}

static int use_key(SSL_CTX *ssl, const struct pem_file *file, const char *cert_path) {
    bool asked = false;
    BIO *bytes = again(file);
    ERR_clear_error();
    EVP_PKEY *key =
        bytes == NULL ? NULL : PEM_read_bio_PrivateKey(bytes, NULL, refuse_passphrase, &asked);
    int result = WHY_OK;
    if (key == NULL && asked) {
        result = why__tls_refuse(file->message,
                                 "key file %s: is protected by a passphrase: openssl pkey -in %s "
                                 "-out %s.open, and keep that from others",
                                 file->path, file->path, file->path);
    } else if (key == NULL) {
        result = refuse_content(file);
    } else if (EVP_PKEY_eq(X509_get0_pubkey(SSL_CTX_get0_certificate(ssl)), key) != 1) {
        result = refuse_match(ssl, file, cert_path, key);
    } else if (SSL_CTX_use_PrivateKey(ssl, key) != 1) {
        result = refuse_certificate(ssl, file, SSL_CTX_get0_certificate(ssl));
    }
    EVP_PKEY_free(key);
    BIO_free(bytes);
    return result;
}

/* A date does not make it unusable, and the clock may be what is wrong: no error, but words. */
static void warn_of_dates(const struct pem_file *file, const X509 *certificate) {
    const char *what = X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 ? "has expired"
                       : X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0
                           ? "is not valid yet"
                           : NULL;
    if (what != NULL) {
        (void)why__tls_refuse(file->message,
                              "certificate file %s: %s, and clients will refuse it: openssl x509 "
                              "-in %s -noout -dates",
                              file->path, what, file->path);
    }
}

int why__tls_load_own(SSL_CTX *ssl, const struct why_tls_config *config,
                      const struct why__tls_message *message) {
    if (config->cert_file == NULL) {
        return config->key_file == NULL
                   ? WHY_OK
                   : why__tls_refuse(message, "key file %s: a certificate file has to go with it",
                                     config->key_file);
    }
    const char *key_path = config->key_file != NULL ? config->key_file : config->cert_file;
    struct pem_file cert = {.path = config->cert_file, .kind = KIND_CERT, .message = message};
    struct pem_file key = {.path = key_path, .kind = KIND_KEY, .message = message};
    int result = open_pem(&cert);
    if (result == WHY_OK) {
        result = use_certificates(ssl, &cert);
    }
    if (result == WHY_OK) {
        result = open_pem(&key);
    }
    if (result == WHY_OK) {
        result = use_key(ssl, &key, cert.path);
    }
    if (result == WHY_OK) {
        warn_of_dates(&cert, SSL_CTX_get0_certificate(ssl));
    }
    BIO_free(cert.text);
    BIO_free(key.text);
    return result;
}

/* Trust one more; on a server, also name it where client certificates are asked for. */
static bool trust(SSL_CTX *ssl, X509 *certificate) {
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(ssl), certificate) == 1 &&
           SSL_CTX_add_client_CA(ssl, certificate) == 1;
}

int why__tls_load_trust(SSL_CTX *ssl, const char *path, const struct why__tls_message *message) {
    struct pem_file file = {.path = path, .kind = KIND_CA, .message = message};
    int result = open_pem(&file);
    BIO *bytes = result == WHY_OK ? again(&file) : NULL;
    size_t count = 0;
    for (bool end = false; result == WHY_OK && !end;) {
        X509 *certificate = next_certificate(bytes, &end);
        if (certificate == NULL && (!end || count == 0)) {
            result = refuse_content(&file);
        } else if (certificate != NULL && !trust(ssl, certificate)) {
            result = WHY_ERR_NOMEM;
        }
        count++;
        X509_free(certificate);
    }
    BIO_free(bytes);
    BIO_free(file.text);
    /* Whoever names an intermediate trusts it, root or not. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(ssl), X509_V_FLAG_PARTIAL_CHAIN);
    return result;
}
