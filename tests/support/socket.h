/* SPDX-License-Identifier: MIT
 *
 * Sockets on loopback for tests, each on a port of its own that the kernel picks.
 */
#ifndef WHY_TEST_SOCKET_H
#define WHY_TEST_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A listening socket on 127.0.0.1, or on ::1; its port is set. */
int test_listen(bool ipv6, uint16_t *port);

/* The same on a port that is given; -1 where it is taken, or there is no IPv6. */
int test_listen_at(bool ipv6, uint16_t port);

/* A bound socket that does not listen: connecting to its port is refused as long as it is open. */
int test_refuse(bool ipv6, uint16_t *port);
int test_refuse_at(bool ipv6, uint16_t port);

/* A listening socket whose queue is full: connecting to its port is neither accepted nor refused.
 */
struct test_silence {
    int fds[8];
    uint16_t port;
};
void test_silence_init(struct test_silence *silence, bool ipv6);
void test_silence_clear(struct test_silence *silence);

/* How many descriptors this process has open. */
size_t test_count_fds(void);

/* Wait until no thread but the caller's is left, so that none opens or closes any. False: after a
 * minute there still is one. */
bool test_wait_until_alone(void);

#endif
