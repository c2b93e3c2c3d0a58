/* SPDX-License-Identifier: MIT
 *
 * Files that are not what they should be: the message names the file, what is wrong, and the mend.
 */
#include "support/test.h"
#include "support/tls_pair.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>
#include <sys/stat.h>

static struct test_pki pki;

/* Files by these names are made once, below; a row uses them as certificate, key or CA file. */
static const struct row {
    const char *name;
    const char *cert, *key, *ca;
    bool is_client;
    int result;
    const char *says[3]; /* all of them are in the message */
} rows[] = {
    {.name = "certificate and key in one file", .cert = "leaf.pem"},
    {.name = "certificate and key in two", .cert = "leaf-cert.pem", .key = "leaf-key.pem"},
    {.name = "CRLF line ends and words around it", .cert = "crlf.pem", .key = "leaf-key.pem"},
    {.name = "a client without anything", .is_client = true},
    {.name = "a client with a CA file", .ca = "ca.pem", .is_client = true},
    {.name = "an expired certificate is usable, with a warning",
     .cert = "expired.pem",
     .says = {"expired.pem", "has expired", "openssl x509"}},
    {.name = "a certificate of tomorrow is usable, with a warning",
     .cert = "tomorrow.pem",
     .says = {"tomorrow.pem", "is not valid yet"}},
    {.name = "a server without a certificate",
     .result = WHY_ERR_CONFIG,
     .says = {"a TLS server needs a certificate", "openssl req -x509"}},
    {.name = "a key without a certificate",
     .key = "leaf-key.pem",
     .is_client = true,
     .result = WHY_ERR_CONFIG,
     .says = {"leaf-key.pem", "a certificate file has to go with it"}},
    {.name = "no such file",
     .cert = "none.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"certificate file ", "none.pem", "no such file"}},
    {.name = "no such key file",
     .cert = "leaf-cert.pem",
     .key = "none.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"key file ", "none.pem", "no such file"}},
    {.name = "no such CA file",
     .ca = "none.pem",
     .is_client = true,
     .result = WHY_ERR_CONFIG,
     .says = {"CA file ", "none.pem", "no such file"}},
    {.name = "a directory",
     .cert = "folder",
     .result = WHY_ERR_CONFIG,
     .says = {"folder", "is a directory"}},
    {.name = "an empty file",
     .cert = "empty.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"empty.pem", "is empty"}},
    {.name = "text that is no PEM",
     .cert = "text.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"text.pem", "is not PEM"}},
    {.name = "DER",
     .cert = "leaf.der",
     .result = WHY_ERR_CONFIG,
     .says = {"leaf.der", "DER", "openssl x509 -inform DER -in"}},
    {.name = "a CA in DER",
     .ca = "leaf.der",
     .is_client = true,
     .result = WHY_ERR_CONFIG,
     .says = {"CA file", "DER", "openssl x509 -inform DER -in"}},
    {.name = "a key in DER",
     .cert = "leaf-cert.pem",
     .key = "key.der",
     .result = WHY_ERR_CONFIG,
     .says = {"key.der", "DER", "openssl pkey -inform DER -in"}},
    {.name = "PKCS#12",
     .cert = "leaf.p12",
     .result = WHY_ERR_CONFIG,
     .says = {"leaf.p12", "PKCS#12", "openssl pkcs12 -in"}},
    {.name = "swapped: a key for a certificate",
     .cert = "leaf-key.pem",
     .key = "leaf-cert.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"leaf-key.pem", "are the two swapped?"}},
    {.name = "a certificate for a key",
     .cert = "leaf-cert.pem",
     .key = "leaf-cert.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"key file ", "leaf-cert.pem", "are the two swapped?"}},
    {.name = "a key file that is left out, and is needed",
     .cert = "leaf-cert.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"key file ", "leaf-cert.pem", "no private key"}},
    {.name = "a signing request for a certificate",
     .cert = "request.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"request.pem", "signing request"}},
    {.name = "a key of another certificate",
     .cert = "leaf-cert.pem",
     .key = "ca-key.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"ca-key.pem", "does not belong to the certificate", "openssl pkey -in"}},
    {.name = "certificates in the wrong order",
     .cert = "order.pem",
     .key = "leaf-key.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"order.pem", "wrong order"}},
    {.name = "a key with a passphrase",
     .cert = "leaf-cert.pem",
     .key = "locked.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"locked.pem", "protected by a passphrase", "openssl pkey -in"}},
    {.name = "a damaged certificate",
     .cert = "damaged.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"damaged.pem", "is damaged: line 3: is no base64", "openssl x509 -in"}},
    {.name = "a certificate that was cut off",
     .cert = "cut.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"cut.pem", "the file ends in line 5, before the end of the block that begins in "
                         "line 1"}},
    {.name = "a second certificate that is damaged",
     .cert = "half.pem",
     .key = "leaf-key.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"half.pem", "is damaged"}},
    {.name = "a key that is too small",
     .cert = "small.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"small.pem", "its key is too small (RSA key of 1024 bits", "openssl req -new"}},
    {.name = "a signature with SHA-1",
     .cert = "sha1.pem",
     .result = WHY_ERR_CONFIG,
     .says = {"sha1.pem", "signature is too weak", "signed with ecdsa-with-SHA1"}},
    {.name = "a CA file without certificates",
     .ca = "leaf-key.pem",
     .is_client = true,
     .result = WHY_ERR_CONFIG,
     .says = {"CA file", "no certificate"}},
};

static void write_variants_of_pem(void) {
    char text[8192];
    FILE *file = fopen(test_path(&pki.folder, "leaf-cert.pem"), "rb");
    size_t len = fread(text, 1, sizeof text / 4, file);
    (void)fclose(file);
    char other[sizeof text];
    size_t at = (size_t)snprintf(other, sizeof other, "Subject: a leaf\r\n");
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            other[at++] = '\r';
        }
        other[at++] = text[i];
    }
    test_write_file(&pki.folder, "crlf.pem", other, at);
    memcpy(other, text, len);
    memcpy(other + len, text, len);
    other[len + 100] = '*';
    test_write_file(&pki.folder, "half.pem", other, 2 * len);
    test_write_file(&pki.folder, "damaged.pem", other + len, len);
    test_write_file(&pki.folder, "cut.pem", text, 280);
}

static void write_weak(const char *name, const struct test_cert_spec *spec) {
    struct test_cert cert = test_cert_new(spec, &pki.ca);
    const struct test_cert *certs[] = {&cert};
    (void)test_write_pem(&pki.folder, name, certs, 1, cert.key);
    test_cert_free(&cert);
}

static void write_other_formats(void) {
    write_weak("small.pem", &(struct test_cert_spec){.cn = "small", .rsa_bits = 1024});
    write_weak("sha1.pem", &(struct test_cert_spec){.cn = "sha1", .sha1 = true});
    BIO *der = BIO_new_file(test_path(&pki.folder, "leaf.der"), "wb");
    assert_int_equal(i2d_X509_bio(der, pki.leaf.x509), 1);
    BIO_free(der);
    der = BIO_new_file(test_path(&pki.folder, "key.der"), "wb");
    assert_int_equal(i2d_PrivateKey_bio(der, pki.leaf.key), 1);
    BIO_free(der);
    PKCS12 *bundle =
        PKCS12_create("secret", "leaf", pki.leaf.key, pki.leaf.x509, NULL, 0, 0, 0, 0, 0);
    BIO *file = BIO_new_file(test_path(&pki.folder, "leaf.p12"), "wb");
    assert_int_equal(i2d_PKCS12_bio(file, bundle), 1);
    BIO_free(file);
    PKCS12_free(bundle);
    static char passphrase[] = "secret";
    file = BIO_new_file(test_path(&pki.folder, "locked.pem"), "wb");
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(file, pki.leaf.key, EVP_aes_128_cbc(),
                                                   passphrase, sizeof passphrase - 1, NULL, NULL),
                     1);
    BIO_free(file);
    X509_REQ *request = X509_to_X509_REQ(pki.leaf.x509, pki.leaf.key, EVP_sha256());
    file = BIO_new_file(test_path(&pki.folder, "request.pem"), "wb");
    assert_int_equal(PEM_write_bio_X509_REQ(file, request), 1);
    BIO_free(file);
    X509_REQ_free(request);
}

static void write_dated(const char *name, long from, long to) {
    struct test_cert cert =
        test_cert_new(&(struct test_cert_spec){.cn = "dated", .from = from, .to = to}, &pki.ca);
    const struct test_cert *certs[] = {&cert};
    test_write_pem(&pki.folder, name, certs, 1, cert.key);
    test_cert_free(&cert);
}

static int make_files(void **state) {
    (void)state;
    test_pki_init(&pki);
    test_write_cert(&pki.folder, "leaf-cert.pem", &pki.leaf);
    test_write_key(&pki.folder, "leaf-key.pem", &pki.leaf);
    test_write_key(&pki.folder, "ca-key.pem", &pki.ca);
    const struct test_cert *order[] = {&pki.ca, &pki.leaf};
    test_write_pem(&pki.folder, "order.pem", order, 2, NULL);
    test_write_file(&pki.folder, "empty.pem", "", 0);
    test_write_file(&pki.folder, "text.pem", "hello, certificate\n", 19);
    write_dated("expired.pem", -9 * TEST_DAY, -TEST_DAY);
    write_dated("tomorrow.pem", TEST_DAY, 9 * TEST_DAY);
    write_variants_of_pem();
    write_other_formats();
    return mkdir(test_path(&pki.folder, "folder"), 0700);
}

static int free_files(void **state) {
    (void)state;
    test_pki_free(&pki);
    return 0;
}

static const char *path_of(const char *name) {
    return name == NULL ? NULL : test_path(&pki.folder, name);
}

static void each_file_gets_its_message(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct test_host host;
        test_host_init(&host);
        const struct why_tls_config config = {
            .cert_file = path_of(row->cert),
            .key_file = path_of(row->key),
            .ca_file = path_of(row->ca),
        };
        struct why__tls_context *context = NULL;
        char error[512] = "left from before";
        int result = why__tls_context_new(&host.host, &config, !row->is_client, &context, error,
                                          sizeof error);
        if (result != row->result || (result == WHY_OK) != (context != NULL)) {
            fail_msg("%s: %d, \"%s\"", row->name, result, error);
        }
        for (size_t j = 0; j < TEST_COUNT(row->says) && row->says[j] != NULL; j++) {
            if (strstr(error, row->says[j]) == NULL) {
                fail_msg("%s: \"%s\" has no \"%s\"", row->name, error, row->says[j]);
            }
        }
        if (row->says[0] == NULL) {
            assert_string_equal(error, "");
        }
        why__tls_context_free(context);
        assert_int_equal(host.live_blocks, 0);
    }
}

static void a_message_fits_any_room(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    const struct why_tls_config config = {.cert_file = path_of("leaf.der")};
    for (size_t size = 0; size < 40; size++) {
        struct why__tls_context *context = NULL;
        char error[41];
        memset(error, '#', sizeof error);
        assert_int_equal(why__tls_context_new(&host.host, &config, true, &context, error, size),
                         WHY_ERR_CONFIG);
        assert_int_equal(error[size], '#');
    }
}

static void a_context_needs_memory(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    host.fail_at = 1;
    struct why__tls_context *context = NULL;
    char error[64];
    const struct why_tls_config config = {.cert_file = path_of("leaf.pem")};
    assert_int_equal(why__tls_context_new(&host.host, &config, true, &context, error, sizeof error),
                     WHY_ERR_NOMEM);
    assert_null(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_gets_its_message),
        cmocka_unit_test(a_message_fits_any_room),
        cmocka_unit_test(a_context_needs_memory),
    };
    return cmocka_run_group_tests(tests, make_files, free_files);
}
