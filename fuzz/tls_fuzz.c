/* SPDX-License-Identifier: MIT
 *
 * Arbitrary bytes as what the peer sends, to a client and to a server, in pieces of any size. The
 * handshake cannot get through; it has to end in a cause, whatever came.
 */
#include "fuzz.h"

#include "support/certs.h"
#include "tls/tls.h"

#include <string.h>

static void *allocate(void *context, void *memory, size_t size) {
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static void randomize(void *context, uint8_t *out, size_t len) {
    (void)context;
    memset(out, 0x5a, len);
}

static const uint64_t now_ms;
static const struct why_host host = {.allocate = allocate, .random = randomize, .now_ms = &now_ms};

static struct why__tls_context *contexts[2]; /* client, server */

static void make_contexts(void) {
    struct test_folder folder;
    test_folder_init(&folder);
    struct test_cert cert =
        test_cert_new(&(struct test_cert_spec){.cn = "a", .names = "DNS:a.example"}, NULL);
    const struct test_cert *certs[] = {&cert};
    const struct why_tls_config config = {.cert_file =
                                              test_write_pem(&folder, "a.pem", certs, 1, cert.key),
                                          .ca_file = test_write_cert(&folder, "ca.pem", &cert)};
    char error[256];
    for (int i = 0; i < 2; i++) {
        FUZZ_CHECK(why__tls_context_new(&host, &config, i == 1, &contexts[i], error,
                                        sizeof error) == WHY_OK);
    }
    test_cert_free(&cert);
    test_folder_remove(&folder);
}

static void feed(struct why__tls *tls, const uint8_t *data, size_t size) {
    struct why_bytes input = {data, size};
    uint8_t plain[512];
    size_t plain_len = 0;
    while (input.len > 0 || plain_len > 0) {
        size_t before = input.len;
        why__tls_receive(tls, &input, (struct why_span){plain, sizeof plain}, &plain_len);
        FUZZ_CHECK(input.len < before || plain_len > 0 || before == 0);
        why__tls_output_consumed(tls, why__tls_output(tls).len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (contexts[0] == NULL) {
        make_contexts();
    }
    if (size < 2) {
        return 0;
    }
    bool is_server = (data[0] & 1) != 0;
    size_t step = data[1] == 0 ? size : data[1];
    struct why__tls *tls = why__tls_new(contexts[is_server], is_server ? NULL : "a.example");
    FUZZ_CHECK(tls != NULL);
    for (size_t at = 2; at < size; at += step) {
        feed(tls, data + at, size - at < step ? size - at : step);
    }
    enum why_cause cause = why__tls_lost(tls, WHY_TRANSPORT_FIN, 0);
    struct why_record record;
    why_record_init(&record);
    why__tls_report(tls, &record);
    FUZZ_CHECK(cause != WHY_CAUSE_NONE && record.cause == cause);
    FUZZ_CHECK(record.code == 1015 || cause == WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    FUZZ_CHECK(memchr(record.detail, 0, sizeof record.detail) != NULL);
    why__tls_free(tls);
    return 0;
}
