/* SPDX-License-Identifier: MIT
 *
 * Either side of the opening handshake comes to the same answer, record and agreement however its
 * input is split, and gives all memory back. Input: a byte (bit 0: client, bits 1 to 4: options),
 * two bytes for the split, then what the peer sends.
 */
#include "fuzz.h"
#include "support/host.h"
#include "whysocket/handshake.h"

#include <string.h>

/* All that can be seen of a handshake. */
struct result {
    enum why_handshake_state state;
    size_t used;
    struct why_record record;
    struct why_deflate_params deflate;
    size_t output_len;
    uint8_t output[4096];
};

static const struct why_origin_policy policy = {.mode = WHY_ORIGIN_SAME};

static struct why_options options_of(uint8_t flags, const struct why_host *host) {
    struct why_options options = why_options_default(host);
    options.deflate = (flags & 2) == 0;
    options.deflate_keep_context = (flags & 4) != 0;
    options.deflate_peer_keep_context = (flags & 8) != 0;
    options.deflate_window_bits = (flags & 16) != 0 ? 9 : 15;
    return options;
}

static void keep_output(struct result *result, struct why_bytes output) {
    FUZZ_CHECK(output.len <= sizeof result->output);
    result->output_len = output.len;
    if (output.len > 0) {
        memcpy(result->output, output.data, output.len);
    }
}

static void decide(struct why_server_handshake *handshake, struct result *result) {
    struct why_bytes first = {NULL, 0};
    char name[256];
    const char *subprotocol = NULL;
    if (why_server_handshake_subprotocol(handshake, 0, &first) && first.len < sizeof name) {
        memcpy(name, first.data, first.len);
        name[first.len] = '\0';
        subprotocol = name;
    }
    struct why_http_response response = {.status = 404};
    if (why_server_handshake_is_upgrade(handshake)) {
        FUZZ_CHECK(why_server_handshake_accept(handshake, subprotocol) == WHY_OK);
        result->state = WHY_HANDSHAKE_DONE;
        result->deflate = why_server_handshake_deflate(handshake);
    } else {
        FUZZ_CHECK(why_server_handshake_respond(handshake, &response) == WHY_OK);
    }
}

static void serve(uint8_t flags, const uint8_t *data, size_t len, size_t split,
                  struct result *result) {
    struct test_host host;
    test_host_init(&host);
    struct why_options options = options_of(flags, &host.host);
    struct why_server_handshake *handshake = why_server_handshake_new(&options, &policy);
    struct why_bytes input = {data, split};
    result->state = why_server_handshake_receive(handshake, &input);
    result->used = split - input.len;
    if (result->state == WHY_HANDSHAKE_READING) {
        input = (struct why_bytes){data + split, len - split};
        result->state = why_server_handshake_receive(handshake, &input);
        result->used = len - input.len;
    }
    if (result->state == WHY_HANDSHAKE_READING) {
        result->state = why_server_handshake_eof(handshake);
        FUZZ_CHECK(result->state == WHY_HANDSHAKE_FAILED);
    }
    if (result->state == WHY_HANDSHAKE_DECIDE) {
        decide(handshake, result);
    }
    why_server_handshake_report(handshake, &result->record);
    keep_output(result, why_server_handshake_output(handshake));
    why_server_handshake_free(handshake);
    FUZZ_CHECK(host.live_blocks == 0);
}

static void ask(uint8_t flags, const uint8_t *data, size_t len, size_t split,
                struct result *result) {
    struct test_host host;
    test_host_init(&host);
    struct why_options options = options_of(flags, &host.host);
    static const char *const subprotocols[] = {"v1", "v2"};
    struct why_client_request request = {
        .host = "a", .target = "/", .subprotocols = subprotocols, .subprotocol_count = 2};
    struct why_client_handshake *handshake = NULL;
    FUZZ_CHECK(why_client_handshake_new(&options, &request, &handshake) == WHY_OK);
    struct why_bytes input = {data, split};
    result->state = why_client_handshake_receive(handshake, &input);
    result->used = split - input.len;
    if (result->state == WHY_HANDSHAKE_READING) {
        input = (struct why_bytes){data + split, len - split};
        result->state = why_client_handshake_receive(handshake, &input);
        result->used = len - input.len;
    }
    if (result->state == WHY_HANDSHAKE_READING) {
        result->state = why_client_handshake_eof(handshake);
    }
    FUZZ_CHECK(result->state == WHY_HANDSHAKE_DONE || result->state == WHY_HANDSHAKE_FAILED);
    if (result->state == WHY_HANDSHAKE_DONE) {
        result->deflate = why_client_handshake_deflate(handshake);
        keep_output(result, why_client_handshake_subprotocol(handshake));
    }
    why_client_handshake_report(handshake, &result->record);
    if (result->record.cause == WHY_CAUSE_HTTP_NOT_HTTP ||
        result->record.cause == WHY_CAUSE_HTTP_TLS_PORT) {
        /* What came in the same piece is evidence. */
        memset(&result->record.http, 0, sizeof result->record.http);
        result->used = 0;
    }
    why_client_handshake_free(handshake);
    FUZZ_CHECK(host.live_blocks == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    size_t len = size - 3;
    size_t split = (size_t)(data[1] << 8 | data[2]) % (len + 1);
    static struct result whole, halves;
    memset(&whole, 0, sizeof whole);
    memset(&halves, 0, sizeof halves);
    why_record_init(&whole.record);
    why_record_init(&halves.record);
    if ((data[0] & 1) == 0) {
        serve(data[0], data + 3, len, len, &whole);
        serve(data[0], data + 3, len, split, &halves);
    } else {
        ask(data[0], data + 3, len, len, &whole);
        ask(data[0], data + 3, len, split, &halves);
    }
    FUZZ_CHECK(memcmp(&whole, &halves, sizeof whole) == 0);
    /* Whatever failed says why; a plain request that was answered is no failure. */
    FUZZ_CHECK(whole.state != WHY_HANDSHAKE_FAILED || whole.record.cause != WHY_CAUSE_NONE);
    return 0;
}
