/* SPDX-License-Identifier: MIT */
#include "support/tls_pair.h"

#include "support/guard.h"
#include "support/test.h"

#include <string.h>

#define TURNS_MAX 100000

void test_pki_init(struct test_pki *pki) {
    test_folder_init(&pki->folder);
    pki->ca = test_cert_new(&(struct test_cert_spec){.cn = "Lab Root", .org = "Lab", .is_ca = true},
                            NULL);
    pki->intermediate = test_cert_new(
        &(struct test_cert_spec){.cn = "Lab Intermediate", .org = "Lab", .is_ca = true}, &pki->ca);
    pki->other_ca = test_cert_new(
        &(struct test_cert_spec){.cn = "Unknown Root", .org = "Unknown Corp", .is_ca = true}, NULL);
    pki->leaf =
        test_cert_new(&(struct test_cert_spec){.cn = "server.example",
                                               .names = "DNS:server.example,IP:127.0.0.1,IP:::1",
                                               .eku = "serverAuth"},
                      &pki->ca);
    pki->client = test_cert_new(
        &(struct test_cert_spec){.cn = "client", .org = "Lab", .eku = "clientAuth"}, &pki->ca);
    /* test_path()'s memory is used again and again; these paths stay. */
    static char paths[3][300];
    const struct test_cert *certs[] = {&pki->leaf, &pki->client};
    (void)snprintf(paths[0], sizeof paths[0], "%s",
                   test_write_cert(&pki->folder, "ca.pem", &pki->ca));
    (void)snprintf(paths[1], sizeof paths[1], "%s",
                   test_write_pem(&pki->folder, "leaf.pem", &certs[0], 1, pki->leaf.key));
    (void)snprintf(paths[2], sizeof paths[2], "%s",
                   test_write_pem(&pki->folder, "client.pem", &certs[1], 1, pki->client.key));
    pki->ca_file = paths[0];
    pki->leaf_file = paths[1];
    pki->client_file = paths[2];
}

void test_pki_free(struct test_pki *pki) {
    test_cert_free(&pki->ca);
    test_cert_free(&pki->intermediate);
    test_cert_free(&pki->other_ca);
    test_cert_free(&pki->leaf);
    test_cert_free(&pki->client);
    test_folder_remove(&pki->folder);
}

struct why__tls_context *test_tls_context(const struct why_host *host,
                                          const struct why_tls_config *config, bool is_server) {
    struct why__tls_context *context = NULL;
    char error[512];
    int result = why__tls_context_new(host, config, is_server, &context, error, sizeof error);
    if (result != WHY_OK) {
        fail_msg("%s: %s", why_result_text(result), error);
    }
    return context;
}

static void start_end(struct test_tls_end *end, const char *server_name) {
    end->tls = why__tls_new(end->context, server_name);
    assert_non_null(end->tls);
    end->status = why__tls_status(end->tls);
    end->plain_len = end->received = 0;
}

void test_tls_start(struct test_tls_pair *pair, const char *server_name) {
    start_end(&pair->client, server_name);
    start_end(&pair->server, NULL);
}

/* One piece, at a guard page: nothing may be read past it, nor kept of it after the call. */
static void feed_piece(struct test_tls_end *end, const uint8_t *data, size_t len) {
    uint8_t *guarded = test_guard_new(len);
    memcpy(guarded, data, len);
    struct why_bytes input = {guarded, len};
    size_t plain_len = 0;
    for (int turn = 0; input.len > 0 || plain_len > 0; turn++) {
        size_t before = input.len;
        struct why_span plain = {end->plain + end->plain_len, sizeof end->plain - end->plain_len};
        plain.len = plain.len < 777 ? plain.len : 777; /* less than a record: it takes some calls */
        end->status = why__tls_receive(end->tls, &input, plain, &plain_len);
        end->plain_len += plain_len;
        if (input.len == before && before > 0 && plain_len == 0) {
            fail_msg("no progress with %zu bytes", before);
        }
        if (turn > TURNS_MAX) {
            fail_msg("it spins");
        }
    }
    end->received += len;
    test_guard_free(guarded, len);
}

void test_tls_feed(struct test_tls_end *end, const void *data, size_t len, size_t step) {
    const uint8_t *bytes = data;
    while (len > 0) {
        size_t piece = step == 0 || step > len ? len : step;
        feed_piece(end, bytes, piece);
        bytes += piece;
        len -= piece;
    }
}

static bool carry(struct test_tls_end *from, struct test_tls_end *to, size_t step, size_t cut_at) {
    struct why_bytes output = why__tls_output(from->tls);
    size_t len = output.len;
    if (len == 0) {
        return false;
    }
    if (step > 0 && len > step) {
        len = step;
    }
    size_t deliver = len;
    if (cut_at > 0) {
        size_t left = cut_at > to->received ? cut_at - to->received : 0;
        deliver = deliver < left ? deliver : left;
    }
    test_tls_feed(to, output.data, deliver, 0);
    why__tls_output_consumed(from->tls, len);
    return true;
}

void test_tls_run(struct test_tls_pair *pair) {
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        bool to_server = carry(&pair->client, &pair->server, pair->step, 0);
        bool to_client = carry(&pair->server, &pair->client, pair->step, pair->cut_at);
        if (!to_server && !to_client) {
            return;
        }
    }
    fail_msg("the two never come to rest");
}

void test_tls_stop(struct test_tls_pair *pair) {
    why__tls_free(pair->client.tls);
    why__tls_free(pair->server.tls);
    pair->client.tls = pair->server.tls = NULL;
}

struct why_record test_tls_report(const struct test_tls_end *end) {
    struct why_record record;
    why_record_init(&record);
    why__tls_report(end->tls, &record);
    return record;
}
