/* SPDX-License-Identifier: MIT */
#include "support/upgrade.h"

#include "support/test.h"

#include <string.h>

void test_upgrade_start(struct test_upgrade *fixture, const struct why_origin_policy *policy) {
    test_host_init(&fixture->host);
    fixture->options = why_options_default(&fixture->host.host);
    fixture->handshake = why_server_handshake_new(&fixture->options, policy);
    assert_non_null(fixture->handshake);
}

void test_upgrade_end(struct test_upgrade *fixture) {
    why_server_handshake_free(fixture->handshake);
    assert_int_equal(fixture->host.live_blocks, 0);
}

size_t test_upgrade_take(void *context, const uint8_t *data, size_t len) {
    struct why_bytes input = {data, len};
    why_server_handshake_receive(context, &input);
    return len - input.len;
}

enum why_handshake_state test_upgrade_receive(struct test_upgrade *fixture, const char *text) {
    struct why_bytes input = {(const uint8_t *)text, strlen(text)};
    return why_server_handshake_receive(fixture->handshake, &input);
}

const char *test_upgrade_output(const struct test_upgrade *fixture) {
    static char text[4096];
    struct why_bytes bytes = why_server_handshake_output(fixture->handshake);
    assert_true(bytes.len < sizeof text);
    if (bytes.len > 0) {
        memcpy(text, bytes.data, bytes.len);
    }
    text[bytes.len] = '\0';
    return text;
}
