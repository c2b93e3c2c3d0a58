/* SPDX-License-Identifier: MIT
 *
 * A server's opening handshake in a test's hands, and the parts of a request for it.
 */
#ifndef WHY_TEST_UPGRADE_H
#define WHY_TEST_UPGRADE_H

#include "support/host.h"
#include "whysocket/handshake.h"

#include <stddef.h>
#include <stdint.h>

#define GET "GET /chat HTTP/1.1\r\n"
#define HOST "Host: a.example:8080\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define GOOD GET HOST UPGRADE KEY VERSION
#define END "\r\n"

struct test_upgrade {
    struct test_host host;
    struct why_options options;
    struct why_server_handshake *handshake;
};

/* Begin one, and free it; then nothing may be left of it. */
void test_upgrade_start(struct test_upgrade *fixture, const struct why_origin_policy *policy);
void test_upgrade_end(struct test_upgrade *fixture);

/* Feed a request; the first is for test_pieces(), with the handshake as its context. */
size_t test_upgrade_take(void *context, const uint8_t *data, size_t len);
enum why_handshake_state test_upgrade_receive(struct test_upgrade *fixture, const char *text);

/* The answer so far, terminated, in static memory. */
const char *test_upgrade_output(const struct test_upgrade *fixture);

#endif
