/* SPDX-License-Identifier: MIT
 *
 * A client made by hand on a blocking socket, for tests of the server: it can do everything wrong.
 * Nothing blocks for longer than five seconds.
 */
#ifndef WHY_TEST_RAW_PEER_H
#define WHY_TEST_RAW_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A request for an upgrade, whole. */
extern const char test_upgrade_request[];

/* Connect to "127.0.0.1:port" or "unix:/path"; aborts where that fails. */
int test_connect(const char *address);

/* Send all of it; false if the socket broke. */
bool test_send(int fd, const void *data, size_t len);
bool test_send_text(int fd, const char *text);

/* A masked frame; `first` is the first byte: 0x81 text, 0x82 binary, 0x88 Close, ... */
bool test_send_frame(int fd, uint8_t first, const void *payload, size_t len);

/* Read up to the empty line, and not a byte further. False if it did not come. */
bool test_read_head(int fd, char *head, size_t size);

/* Connect, upgrade, and read the 101. */
int test_open(const char *address);

enum {
    TEST_EOF = -1,
    TEST_RESET = -2,
    TEST_SILENCE = -3, /* nothing in time */
};

/* Read one frame of the server's. Returns the payload's length, or one of the above. */
ssize_t test_read_frame(int fd, uint8_t *first, void *payload, size_t size);

/* Read and drop all that comes until the end: TEST_EOF, TEST_RESET, or TEST_SILENCE after that
 * time. */
int test_drain(int fd, unsigned timeout_ms);

/* End it with an RST. */
void test_reset(int fd);

uint64_t test_now_ms(void);

#endif
