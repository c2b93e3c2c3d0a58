/* SPDX-License-Identifier: MIT
 *
 * Two TLS engines joined in memory, and the certificates that most tests need.
 */
#ifndef WHY_TEST_TLS_PAIR_H
#define WHY_TEST_TLS_PAIR_H

#include "support/certs.h"
#include "support/host.h"
#include "tls/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A CA, what it issued, and a CA that nobody trusts; written to the folder as PEM. */
struct test_pki {
    struct test_folder folder;
    struct test_cert ca, intermediate, other_ca;
    struct test_cert leaf;   /* server.example, 127.0.0.1 and ::1; of the CA */
    struct test_cert client; /* for client authentication; of the CA */
    const char *ca_file, *leaf_file, *client_file; /* each with its key, but for the CA's */
};

void test_pki_init(struct test_pki *pki);
void test_pki_free(struct test_pki *pki);

struct test_tls_end {
    struct why__tls_context *context;
    struct why__tls *tls;
    enum why__tls_status status;
    uint8_t plain[65536]; /* what it decrypted */
    size_t plain_len;
    size_t received; /* ciphertext so far */
};

struct test_tls_pair {
    struct test_tls_end client, server;
    size_t step;   /* bytes that travel at once; 0: all there are */
    size_t cut_at; /* the server's bytes end there, for the client; 0: never */
};

/* A context, which has to be good. */
struct why__tls_context *test_tls_context(const struct why_host *host,
                                          const struct why_tls_config *config, bool is_server);

/* New connections on the contexts in `pair`. */
void test_tls_start(struct test_tls_pair *pair, const char *server_name);
/* Carry bytes both ways until there are none. Fails the test if that does not end. */
void test_tls_run(struct test_tls_pair *pair);
/* Hand these bytes to one end, as its peer's. */
void test_tls_feed(struct test_tls_end *end, const void *data, size_t len, size_t step);
void test_tls_stop(struct test_tls_pair *pair);

struct why_record test_tls_report(const struct test_tls_end *end);

#endif
