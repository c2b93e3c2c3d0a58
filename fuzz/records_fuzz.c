/* SPDX-License-Identifier: MIT
 *
 * Records of a client that has the keys and says in them whatever it likes, to a server's TLS 1.3
 * connection that was taken over from OpenSSL. It stays open, ends, or fails with a cause.
 *
 * input  how much comes at once (0: all); then pieces: a byte whose low bit says whether what
 *        follows is sealed in a record, its other bits how long it is
 */
#include "fuzz.h"

#include "support/certs.h"
#include "support/host.h"
#include "tls/traffic.h"

#include <stddef.h>
#include <string.h>

#define PIECE_MAX 127

static struct test_host host;
static struct why__tls *client, *server;
static struct why__tls_traffic fresh; /* as it was taken over */
static struct why__tls_traffic forged;
static struct why__tls forger; /* has the client's keys */

static void feed(struct why__tls *tls, const uint8_t *data, size_t len, size_t step) {
    uint8_t plain[100];
    for (size_t at = 0; at < len; at += step) {
        struct why_bytes input = {data + at, len - at < step ? len - at : step};
        size_t plain_len = 0;
        while (input.len > 0 || plain_len > 0) {
            size_t before = input.len;
            (void)why__tls_receive(tls, &input, (struct why_span){plain, sizeof plain}, &plain_len);
            FUZZ_CHECK(input.len < before || plain_len > 0 || before == 0);
        }
    }
}

static void carry(struct why__tls *from, struct why__tls *to) {
    struct why_bytes output = why__tls_output(from);
    if (output.len > 0) {
        feed(to, output.data, output.len, output.len);
        why__tls_output_consumed(from, output.len);
    }
}

static struct why__tls_context *make_context(const struct why_tls_config *config, bool is_server) {
    struct why__tls_context *context = NULL;
    char error[256];
    FUZZ_CHECK(why__tls_context_new(&host.host, config, is_server, &context, error, sizeof error) ==
               WHY_OK);
    return context;
}

static void open_connection(void) {
    test_host_init(&host);
    struct test_folder folder;
    test_folder_init(&folder);
    struct test_cert cert =
        test_cert_new(&(struct test_cert_spec){.cn = "a", .names = "DNS:a.example"}, NULL);
    const struct test_cert *certs[] = {&cert};
    server = why__tls_new(
        make_context(&(struct why_tls_config){.cert_file = test_write_pem(&folder, "a.pem", certs,
                                                                          1, cert.key)},
                     true),
        NULL);
    client = why__tls_new(
        make_context(&(struct why_tls_config){.ca_file = test_write_cert(&folder, "ca.pem", &cert)},
                     false),
        "a.example");
    test_cert_free(&cert);
    test_folder_remove(&folder);
    FUZZ_CHECK(server != NULL && client != NULL);
    for (int i = 0; i < 4; i++) {
        carry(client, server);
        carry(server, client);
    }
    size_t taken = 0;
    const struct why_bytes list = {(const uint8_t *)"GET /", 5};
    FUZZ_CHECK(why__tls_send(client, &list, 1, &taken) == WHY_OK);
    carry(client, server);
    FUZZ_CHECK(server->traffic != NULL);
    fresh = *server->traffic;
    fresh.in.slot = fresh.out.slot = UINT16_MAX;
}

/* The connection as it was after its first data. */
static void begin_again(void) {
    host.host.allocate(host.host.context, server->traffic->held, 0);
    memcpy(server->traffic, &fresh, offsetof(struct why__tls_traffic, asked_name));
    why__tls_output_consumed(server, why__tls_output(server).len);
    server->status = WHY__TLS_OPEN;
    server->error = 0;
    server->cause = WHY_CAUSE_NONE;
    server->alert = -1;
    server->alert_sent = server->alert_fatal = server->flooded = false;
    forged = fresh;
    forged.out = fresh.in;
    forger = (struct why__tls){.context = server->context, .traffic = &forged};
}

static void feed_piece(const uint8_t *data, size_t len, bool is_sealed, size_t step) {
    uint8_t record[WHY__TLS_HEADER_LEN + PIECE_MAX + WHY__TLS_TAG_LEN];
    if (!is_sealed) {
        feed(server, data, len, step == 0 ? len : step);
        return;
    }
    uint8_t secret[WHY__TLS_SECRET_MAX];
    memcpy(secret, server->traffic->in.secret, sizeof secret);
    memcpy(record + WHY__TLS_HEADER_LEN, data, len);
    forged.out.slot = UINT16_MAX;
    FUZZ_CHECK(why__tls_seal(&forger, record, len));
    size_t record_len = WHY__TLS_HEADER_LEN + len + WHY__TLS_TAG_LEN;
    feed(server, record, record_len, step == 0 ? record_len : step);
    if (memcmp(secret, server->traffic->in.secret, sizeof secret) != 0) { /* by a KeyUpdate */
        FUZZ_CHECK(why__tls_keys_update(&forger, &forged.out));
        FUZZ_CHECK(
            memcmp(forged.out.secret, server->traffic->in.secret, sizeof forged.out.secret) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (server == NULL) {
        open_connection();
    }
    if (size < 2) {
        return 0;
    }
    begin_again();
    for (size_t at = 1; at + 1 < size;) {
        size_t len = data[at] / 2u, rest = size - at - 1;
        len = len < rest ? len : rest;
        if (len > 0) {
            feed_piece(data + at + 1, len, (data[at] & 1) != 0, data[0]);
        }
        at += 1 + len;
    }
    struct why_record record;
    why_record_init(&record);
    why__tls_report(server, &record);
    FUZZ_CHECK((record.cause != WHY_CAUSE_NONE) == (server->status == WHY__TLS_FAILED));
    FUZZ_CHECK(server->status != WHY__TLS_FAILED || why__tls_output(server).len > 0 ||
               !record.tls.alert_sent);
    return 0;
}
