/* SPDX-License-Identifier: MIT
 *
 * Certificates, with one thing wrong each: the cause that the client names, the fact that goes with
 * it, and what the server makes of the client's alert. TLS 1.2 and 1.3.
 */
#include "support/test.h"
#include "support/tls_pair.h"

#include <string.h>

enum issuer {
    BY_CA,
    BY_INTERMEDIATE, /* which is sent along */
    BY_INTERMEDIATE_NOT_SENT,
    BY_INTERMEDIATE_WRONG_ONE_SENT,
    BY_OTHER_CA,
    BY_OTHER_CA_SENT, /* the root too */
    BY_NEXT_ROOT,     /* of the CA's organisation, and not trusted yet */
    BY_TWIN,          /* another key than that of the intermediate of the same name that is sent */
    BY_ITSELF,
};

static const struct row {
    const char *name;
    struct test_cert_spec leaf;
    enum issuer issuer;
    const struct test_cert_spec *through, *above; /* intermediates between, sent too */
    const char *host;                             /* NULL: a.example */
    enum why_cause cause;
    bool likely;
    const char *detail;    /* has to be in the record's */
    enum why_cause second; /* NONE: the only one */
    int alert;
} rows[] = {
    {.name = "good", .leaf = {.cn = "a", .names = "DNS:a.example", .eku = "serverAuth"}},
    {.name = "good, by an intermediate that is sent",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_INTERMEDIATE},
    {.name = "a name in capitals, and with a trailing dot",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .host = "A.Example."},
    {.name = "a wildcard", .leaf = {.cn = "a", .names = "DNS:*.a.example"}, .host = "b.a.example"},
    {.name = "a wildcard is not the name it stands under",
     .leaf = {.cn = "a", .names = "DNS:*.a.example"},
     .cause = WHY_CAUSE_TLS_CERT_WILDCARD,
     .detail = "the certificate names *.a.example; *.a.example does not cover a.example itself",
     .alert = 42},
    {.name = "an IPv4 address", .leaf = {.cn = "a", .names = "IP:127.0.0.1"}, .host = "127.0.0.1"},
    {.name = "an IPv6 address in brackets",
     .leaf = {.cn = "a", .names = "IP:::1"},
     .host = "[::1]"},
    {.name = "expired",
     .leaf = {.cn = "a", .names = "DNS:a.example", .from = -9 * TEST_DAY, .to = -3 * TEST_DAY - 60},
     .cause = WHY_CAUSE_TLS_CERT_EXPIRED,
     .detail = "expired 3 days ago, on 20",
     .alert = 45},
    {.name = "expired an hour ago",
     .leaf = {.cn = "a", .names = "DNS:a.example", .from = -TEST_DAY, .to = -TEST_HOUR - 60},
     .cause = WHY_CAUSE_TLS_CERT_EXPIRED,
     .detail = "expired 1 hour ago, on 20",
     .alert = 45},
    {.name = "not yet valid",
     .leaf = {.cn = "a", .names = "DNS:a.example", .from = 29 * TEST_DAY + 60, .to = 99 * TEST_DAY},
     .cause = WHY_CAUSE_TLS_CERT_NOT_YET_VALID,
     .detail = "in 29 days",
     .alert = 42},
    {.name = "self-signed",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_ITSELF,
     .cause = WHY_CAUSE_TLS_CERT_SELF_SIGNED,
     .detail = "issued by itself: CN=a",
     .alert = 48},
    {.name = "a CA that nobody here knows",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_OTHER_CA,
     .cause = WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA,
     .likely = true,
     .detail = "unknown CA: CN=Unknown Root,O=Unknown Corp",
     .alert = 48},
    {.name = "a CA that nobody here knows, its root sent",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_OTHER_CA_SENT,
     .cause = WHY_CAUSE_TLS_CHAIN_UNTRUSTED_ROOT,
     .detail = "the root CN=Unknown Root,O=Unknown Corp was sent, and is not trusted here",
     .alert = 48},
    {.name = "a root that nobody here knows, of an organisation whose other root is trusted",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_NEXT_ROOT,
     .cause = WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA,
     .likely = true,
     .detail = "unknown CA: CN=Lab Root G2,O=Lab",
     .alert = 48},
    {.name = "the intermediate is not sent",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_INTERMEDIATE_NOT_SENT,
     .cause = WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
     .likely = true,
     .detail = "the issuer CN=Lab Intermediate,O=Lab was not sent",
     .alert = 48},
    {.name = "the intermediate is not sent, and says where it is",
     .leaf = {.cn = "a", .names = "DNS:a.example", .aia = "caIssuers;URI:http://ca.example/i.der"},
     .issuer = BY_OTHER_CA,
     .cause = WHY_CAUSE_TLS_CHAIN_MISSING_INTERMEDIATE,
     .likely = true,
     .detail = "was not sent; it can be had at http://ca.example/i.der",
     .alert = 48},
    {.name = "another intermediate is sent",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_INTERMEDIATE_WRONG_ONE_SENT,
     .cause = WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE,
     .likely = true,
     .detail = "others came, but CN=Lab Intermediate,O=Lab was not sent",
     .alert = 48},
    {.name = "another host",
     .leaf = {.cn = "a", .names = "DNS:b.example,DNS:c.example"},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .detail = "asked for a.example, the certificate names b.example, c.example",
     .alert = 42},
    {.name = "another address",
     .leaf = {.cn = "127.0.0.1", .names = "IP:10.1.2.3,DNS:127.0.0.1"},
     .host = "127.0.0.1",
     .cause = WHY_CAUSE_TLS_CERT_IP_NOT_LISTED,
     .detail = "asked for 127.0.0.1, the certificate names IP:10.1.2.3, 127.0.0.1",
     .alert = 42},
    {.name = "an address asked for, no names at all",
     .leaf = {.cn = "only a name"},
     .host = "127.0.0.1",
     .cause = WHY_CAUSE_TLS_CERT_IP_NOT_LISTED,
     .detail = "the certificate of CN=only a name names no host",
     .alert = 42},
    {.name = "part of a label as wildcard",
     .leaf = {.cn = "b", .names = "DNS:a*.sub.example"},
     .host = "abc.sub.example",
     .cause = WHY_CAUSE_TLS_CERT_WILDCARD,
     .detail = "names a*.sub.example",
     .alert = 42},
    {.name = "made for clients",
     .leaf = {.cn = "a", .names = "DNS:a.example", .eku = "clientAuth"},
     .cause = WHY_CAUSE_TLS_CERT_WRONG_PURPOSE,
     .detail = "made for clientAuth",
     .alert = 43},
    {.name = "signed with SHA-1",
     .leaf = {.cn = "a", .names = "DNS:a.example", .sha1 = true},
     .cause = WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE,
     .detail = "signed with ecdsa-with-SHA1",
     .alert = 42},
    {.name = "an RSA key of 1024 bits",
     .leaf = {.cn = "a", .names = "DNS:a.example", .rsa_bits = 1024},
     .cause = WHY_CAUSE_TLS_CERT_WEAK_KEY,
     .detail = "RSA key of 1024 bits",
     .alert = 42},
    {.name = "expired and another host: both are told",
     .leaf = {.cn = "a", .names = "DNS:b.example", .from = -9 * TEST_DAY, .to = -3 * TEST_DAY},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .detail = "names b.example",
     .second = WHY_CAUSE_TLS_CERT_EXPIRED,
     .alert = 42},
    {.name = "a wrong signature",
     .leaf = {.cn = "a", .names = "DNS:a.example", .damaged = true},
     .cause = WHY_CAUSE_TLS_CERT_BAD_SIGNATURE,
     .detail = "its signature does not fit the key of CN=Lab Root,O=Lab",
     .alert = 51},
    {.name = "a wrong signature and another host: the signature first, the alert is of the other",
     .leaf = {.cn = "a", .names = "DNS:b.example", .damaged = true},
     .cause = WHY_CAUSE_TLS_CERT_BAD_SIGNATURE,
     .second = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .alert = 42},
    {.name = "self-signed and expired: the chain first",
     .leaf = {.cn = "a", .names = "DNS:a.example", .from = -9 * TEST_DAY, .to = -3 * TEST_DAY},
     .issuer = BY_ITSELF,
     .cause = WHY_CAUSE_TLS_CERT_SELF_SIGNED,
     .second = WHY_CAUSE_TLS_CERT_EXPIRED,
     .alert = 48},
    {.name = "a wildcard is one label, not two",
     .leaf = {.cn = "a", .names = "DNS:*.example.net"},
     .host = "a.b.example.net",
     .cause = WHY_CAUSE_TLS_CERT_WILDCARD,
     .detail = "a * stands for one label, not for two",
     .alert = 42},
    {.name = "a wildcard and an underscore",
     .leaf = {.cn = "a", .names = "DNS:*.a.example"},
     .host = "my_host.a.example",
     .cause = WHY_CAUSE_TLS_CERT_WILDCARD,
     .detail = "underscore",
     .alert = 42},
    {.name = "a wildcard under a top-level domain",
     .leaf = {.cn = "a", .names = "DNS:*.example"},
     .host = "a.example",
     .cause = WHY_CAUSE_TLS_CERT_WILDCARD,
     .detail = "right under a top-level domain",
     .alert = 42},
    {.name = "a wildcard of somewhere else is no near miss",
     .leaf = {.cn = "a", .names = "DNS:*.b.example"},
     .host = "a.c.example",
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .alert = 42},
    {.name = "a name with a space in it",
     .leaf = {.cn = "a", .raw_name = " a.example"},
     .cause = WHY_CAUSE_TLS_CERT_NAMES_MALFORMED,
     .detail = "the certificate has it as \" a.example\", which is no host name",
     .alert = 42},
    {.name = "a name with a dot behind it",
     .leaf = {.cn = "a", .raw_name = "a.example."},
     .cause = WHY_CAUSE_TLS_CERT_NAMES_MALFORMED,
     .alert = 42},
    {.name = "a URL for a name",
     .leaf = {.cn = "a", .raw_name = "https://a.example:443/"},
     .cause = WHY_CAUSE_TLS_CERT_NAMES_MALFORMED,
     .alert = 42},
    {.name = "the name is only the common name, and others are listed",
     .leaf = {.cn = "a.example", .names = "DNS:b.example"},
     .cause = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .detail = "names b.example",
     .alert = 42},
    {.name = "Traefik's default certificate",
     .leaf = {.cn = "TRAEFIK DEFAULT CERT", .names = "DNS:0123456789abcdef.traefik.default"},
     .issuer = BY_ITSELF,
     .cause = WHY_CAUSE_TLS_CERT_DEFAULT,
     .detail = "it is Traefik's default certificate; asked for a.example, the certificate names "
               "0123456789abcdef.traefik.default",
     .second = WHY_CAUSE_TLS_CERT_SELF_SIGNED,
     .alert = 48},
    {.name = "ingress-nginx's default certificate",
     .leaf = {.cn = "Kubernetes Ingress Controller Fake Certificate",
              .org = "Acme Co",
              .names = "DNS:ingress.local"},
     .issuer = BY_ITSELF,
     .cause = WHY_CAUSE_TLS_CERT_DEFAULT,
     .detail = "ingress-nginx",
     .second = WHY_CAUSE_TLS_CERT_SELF_SIGNED,
     .alert = 48},
    {.name = "localhost, asked for by another name",
     .leaf = {.cn = "localhost", .names = "DNS:localhost"},
     .cause = WHY_CAUSE_TLS_CERT_DEFAULT,
     .second = WHY_CAUSE_TLS_CERT_NAME_MISMATCH,
     .alert = 42},
    {.name = "a default certificate that fits is none",
     .leaf = {.cn = "localhost", .names = "DNS:localhost"},
     .host = "localhost"},
    {.name = "issued by what is no CA",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lab NotCA",
                                         .org = "Lab",
                                         .basic = "CA:FALSE",
                                         .ku = "digitalSignature,keyEncipherment"},
     .cause = WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA,
     .detail = "CN=Lab NotCA,O=Lab signed it, and is no CA (CA:FALSE)",
     .alert = 48},
    {.name = "issued by what does not say that it is a CA",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lab NotCA", .basic = "", .ku = ""},
     .cause = WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA,
     .detail = "does not say that it is a CA",
     .alert = 48},
    {.name = "issued by a CA that may not sign",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lab CA", .is_ca = true, .ku = "cRLSign"},
     .cause = WHY_CAUSE_TLS_CERT_ISSUER_NOT_CA,
     .detail = "keyCertSign",
     .alert = 48},
    {.name = "more CAs than the first allows",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lower", .is_ca = true},
     .above = &(struct test_cert_spec){.cn = "Upper",
                                       .is_ca = true,
                                       .basic = "critical,CA:TRUE,pathlen:0"},
     .cause = WHY_CAUSE_TLS_CERT_PATH_LENGTH,
     .detail = "the issuer CN=Upper allows 0 CAs below it, and there are more",
     .alert = 48},
    {.name = "a CA of other names",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lab Limited",
                                         .is_ca = true,
                                         .constraints = "critical,permitted;DNS:b.example"},
     .cause = WHY_CAUSE_TLS_CERT_NAME_CONSTRAINTS,
     .detail = "CN=Lab Limited may only issue for b.example",
     .alert = 46},
    {.name = "an issuer for clients",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lab Clients", .is_ca = true, .eku = "clientAuth"},
     .cause = WHY_CAUSE_TLS_CERT_WRONG_PURPOSE,
     .detail = "the issuer CN=Lab Clients is limited to clientAuth",
     .alert = 43},
    {.name = "made to sign programs",
     .leaf = {.cn = "a", .names = "DNS:a.example", .eku = "codeSigning,1.2.3.4"},
     .cause = WHY_CAUSE_TLS_CERT_WRONG_PURPOSE,
     .detail = "made for codeSigning, 1.2.3.4",
     .alert = 43},
    {.name = "a critical extension that nobody knows",
     .leaf = {.cn = "a", .names = "DNS:a.example", .critical_oid = "1.3.6.1.4.1.99999.1"},
     .cause = WHY_CAUSE_TLS_CERT_UNKNOWN_CRITICAL,
     .detail = "critical extension 1.3.6.1.4.1.99999.1",
     .alert = 46},
    {.name = "an issuer with an RSA key of 1024 bits",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through = &(struct test_cert_spec){.cn = "Lab Weak", .is_ca = true, .rsa_bits = 1024},
     .cause = WHY_CAUSE_TLS_CERT_WEAK_KEY,
     .detail = "the issuer CN=Lab Weak has an RSA key of 1024 bits",
     .alert = 42},
    {.name = "an issuer that has expired",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .through =
         &(struct test_cert_spec){
             .cn = "Lab Old", .is_ca = true, .from = -99 * TEST_DAY, .to = -10 * TEST_DAY - 60},
     .cause = WHY_CAUSE_TLS_CERT_EXPIRED,
     .detail = "the issuer CN=Lab Old expired 10 days ago",
     .alert = 45},
    {.name = "another intermediate of the same name",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_TWIN,
     .cause = WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE,
     .detail = "the CN=Lab Intermediate,O=Lab that was sent has another key",
     .alert = 48},
    {.name = "another intermediate of the same name, of another kind of key, unmarked",
     .leaf = {.cn = "a", .names = "DNS:a.example", .no_key_ids = true},
     .issuer = BY_TWIN,
     .cause = WHY_CAUSE_TLS_CHAIN_WRONG_INTERMEDIATE,
     .detail = "has another key",
     .alert = 48},
    {.name = "intercepted",
     .leaf = {.cn = "a", .names = "DNS:a.example"},
     .issuer = BY_OTHER_CA,
     .through = &(struct test_cert_spec){.cn = "Zscaler Intermediate Root CA (zscaler.net)",
                                         .org = "Zscaler Inc.",
                                         .is_ca = true},
     .cause = WHY_CAUSE_TLS_INTERCEPTED,
     .likely = true,
     .detail = "Zscaler reads along: the certificate is of CN=Zscaler Intermediate",
     .second = WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA,
     .alert = 48},
    {.name = "four things at once",
     .leaf = {.cn = "a",
              .names = "DNS:old.example",
              .sha1 = true,
              .from = -9 * TEST_DAY,
              .to = -3 * TEST_DAY},
     .issuer = BY_OTHER_CA,
     .cause = WHY_CAUSE_TLS_CHAIN_UNTRUSTED_CA,
     .likely = true,
     .second = WHY_CAUSE_TLS_CERT_WEAK_SIGNATURE,
     .alert = 48},
};

static struct test_pki pki;
static struct test_cert twin; /* the intermediate's name, another key */
static struct test_cert next_root;

static int make_pki(void **state) {
    (void)state;
    test_pki_init(&pki);
    const struct test_cert_spec spec = {
        .cn = "Lab Intermediate", .org = "Lab", .is_ca = true, .rsa_bits = 2048};
    twin = test_cert_new(&spec, &pki.ca);
    next_root = test_cert_new(
        &(struct test_cert_spec){.cn = "Lab Root G2", .org = "Lab", .is_ca = true}, NULL);
    return 0;
}

static int free_pki(void **state) {
    (void)state;
    test_cert_free(&twin);
    test_cert_free(&next_root);
    test_pki_free(&pki);
    return 0;
}

static const char *write_chain(const struct row *row) {
    const struct test_cert *issuers[] = {
        [BY_CA] = &pki.ca,
        [BY_INTERMEDIATE] = &pki.intermediate,
        [BY_INTERMEDIATE_NOT_SENT] = &pki.intermediate,
        [BY_INTERMEDIATE_WRONG_ONE_SENT] = &pki.intermediate,
        [BY_OTHER_CA] = &pki.other_ca,
        [BY_OTHER_CA_SENT] = &pki.other_ca,
        [BY_NEXT_ROOT] = &next_root,
        [BY_TWIN] = &twin,
        [BY_ITSELF] = NULL,
    };
    struct test_cert made[2] = {{0}};
    const struct test_cert *issuer = issuers[row->issuer];
    const struct test_cert_spec *specs[] = {row->above, row->through};
    const struct test_cert *chain[4] = {NULL};
    size_t count = 1;
    for (size_t i = 0; i < 2; i++) {
        if (specs[i] != NULL) {
            made[i] = test_cert_new(specs[i], issuer);
            issuer = &made[i];
        }
    }
    struct test_cert leaf = test_cert_new(&row->leaf, issuer);
    chain[0] = &leaf;
    for (size_t i = 2; i-- > 0;) {
        if (specs[i] != NULL) {
            chain[count++] = &made[i];
        }
    }
    if (row->issuer == BY_INTERMEDIATE || row->issuer == BY_TWIN) {
        chain[count++] = &pki.intermediate;
    } else if (row->issuer == BY_OTHER_CA_SENT || row->issuer == BY_INTERMEDIATE_WRONG_ONE_SENT) {
        chain[count++] = &pki.other_ca;
    }
    const char *path = test_write_pem(&pki.folder, "row.pem", chain, count, leaf.key);
    test_cert_free(&leaf);
    test_cert_free(&made[0]);
    test_cert_free(&made[1]);
    return path;
}

static void check_client(const struct row *row, int version, const struct test_tls_end *client) {
    struct why_record record = test_tls_report(client);
    if (record.cause != row->cause || why__tls_cause(client->tls) != row->cause) {
        fail_msg("%s (%x): %s (%s), not %s", row->name, (unsigned)version,
                 why_cause_id(record.cause), record.detail, why_cause_id(row->cause));
    }
    if (row->detail != NULL && strstr(record.detail, row->detail) == NULL) {
        fail_msg("%s (%x): \"%s\" has no \"%s\"", row->name, (unsigned)version, record.detail,
                 row->detail);
    }
    enum why_cause second =
        record.tls.error_count > 1 ? record.tls.errors[1].cause : WHY_CAUSE_NONE;
    if (record.likely != row->likely || second != row->second) {
        fail_msg("%s (%x): likely %d, second %s", row->name, (unsigned)version, record.likely,
                 why_cause_id(second));
    }
    if (record.tls.chain_len == 0 || record.tls.chain[0].not_after == 0) {
        fail_msg("%s: the chain is not kept", row->name);
    }
    if (row->cause != WHY_CAUSE_NONE) {
        assert_int_equal(record.code, 1015);
        if (record.tls.alert != row->alert) {
            fail_msg("%s (%x): alert %d", row->name, (unsigned)version, record.tls.alert);
        }
        assert_true(record.tls.alert_sent);
        assert_false(record.tls.handshake_done);
        assert_string_equal(record.tls.library_error, "certificate verify failed");
    }
}

static void check_server(const struct row *row, const struct test_tls_end *server) {
    struct why_record record = test_tls_report(server);
    enum why_cause expected =
        row->cause == WHY_CAUSE_NONE ? WHY_CAUSE_NONE : WHY_CAUSE_TLS_OUR_CERT_REJECTED;
    if (record.cause != expected) {
        fail_msg("%s: the server says %s", row->name, why_cause_id(record.cause));
    }
    if (expected != WHY_CAUSE_NONE) {
        assert_int_equal(record.tls.alert, row->alert);
        assert_false(record.tls.alert_sent);
        assert_int_equal(record.transport, WHY_TRANSPORT_TLS_ALERT);
        assert_non_null(strstr(record.detail, " sent alert "));
    }
}

/* A server that would not start with some of these certificates is made to. */
static void use_anything(SSL *ssl, const char *chain_file) {
    SSL_certs_clear(ssl);
    SSL_set_security_level(ssl, 0);
    assert_int_equal(SSL_use_certificate_chain_file(ssl, chain_file), 1);
    assert_int_equal(SSL_use_PrivateKey_file(ssl, chain_file, SSL_FILETYPE_PEM), 1);
}

static void run_row(const struct row *row, const char *chain_file, int version, bool insecure) {
    static struct test_tls_pair pair;
    struct test_host host;
    test_host_init(&host);
    const struct why_tls_config server = {.cert_file = pki.leaf_file};
    const struct why_tls_config client = {.ca_file = pki.ca_file, .insecure = insecure};
    pair = (struct test_tls_pair){0};
    pair.server.context = test_tls_context(&host.host, &server, true);
    pair.client.context = test_tls_context(&host.host, &client, false);
    SSL_CTX_set_max_proto_version(pair.server.context->ssl, version);
    test_tls_start(&pair, row->host == NULL ? "a.example" : row->host);
    use_anything(pair.server.tls->ssl, chain_file);
    test_tls_run(&pair);
    if (insecure) {
        struct why_record record = test_tls_report(&pair.client);
        if (pair.client.status != WHY__TLS_OPEN || record.cause != WHY_CAUSE_NONE ||
            (record.tls.error_count > 0 ? record.tls.errors[0].cause : WHY_CAUSE_NONE) !=
                row->cause) {
            fail_msg("%s: insecure does not go on, or forgets", row->name);
        }
        assert_true(record.tls.insecure);
    } else {
        check_client(row, version, &pair.client);
        check_server(row, &pair.server);
    }
    test_tls_stop(&pair);
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
    assert_int_equal(host.live_blocks, 0);
}

static void each_fault_has_its_cause(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        const char *chain_file = write_chain(&rows[i]);
        run_row(&rows[i], chain_file, TLS1_2_VERSION, false);
        run_row(&rows[i], chain_file, TLS1_3_VERSION, false);
    }
}

static void insecure_goes_on_and_still_tells(void **state) {
    (void)state;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        run_row(&rows[i], write_chain(&rows[i]), TLS1_3_VERSION, true);
    }
}

static void a_weak_key_is_told_where_it_can_be_used(void **state) {
    (void)state;
    const struct row row = {.name = "RSA of 1024 bits",
                            .leaf = {.cn = "a", .names = "DNS:a.example", .rsa_bits = 1024}};
    const char *chain_file = write_chain(&row);
    struct test_host host;
    test_host_init(&host);
    struct why__tls_context *context = NULL;
    char error[512];
    const struct why_tls_config config = {.cert_file = chain_file};
    assert_int_equal(why__tls_context_new(&host.host, &config, true, &context, error, sizeof error),
                     WHY_ERR_CONFIG);
    assert_non_null(strstr(error, "its key is too small (RSA key of 1024 bits, signed with "));
}

static void an_empty_trust_store_is_told(void **state) {
    (void)state;
    static struct test_tls_pair pair;
    struct test_host host;
    test_host_init(&host);
    pair = (struct test_tls_pair){0};
    const struct why_tls_config server = {.cert_file = pki.leaf_file};
    pair.server.context = test_tls_context(&host.host, &server, true);
    assert_int_equal(setenv("SSL_CERT_FILE", test_path(&pki.folder, "none.pem"), 1), 0);
    assert_int_equal(setenv("SSL_CERT_DIR", test_path(&pki.folder, "none"), 1), 0);
    pair.client.context = test_tls_context(&host.host, &(struct why_tls_config){0}, false);
    test_tls_start(&pair, "server.example");
    test_tls_run(&pair);
    struct why_record record = test_tls_report(&pair.client);
    assert_string_equal(why_cause_id(record.cause), "tls.chain.no_trust_store");
    assert_int_equal(record.side, WHY_SIDE_US);
    test_tls_stop(&pair);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
    why__tls_context_free(pair.client.context);
    why__tls_context_free(pair.server.context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_cause),
        cmocka_unit_test(insecure_goes_on_and_still_tells),
        cmocka_unit_test(a_weak_key_is_told_where_it_can_be_used),
        cmocka_unit_test(an_empty_trust_store_is_told),
    };
    return cmocka_run_group_tests(tests, make_pki, free_pki);
}
