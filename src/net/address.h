/* SPDX-License-Identifier: MIT
 *
 * A peer's address, and as text.
 */
#ifndef WHY_NET_ADDRESS_H
#define WHY_NET_ADDRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct why__address {
    uint16_t family; /* AF_INET (IPv6-mapped ones too), AF_INET6, AF_UNIX, or AF_UNSPEC */
    uint16_t port;   /* in host order */
    uint8_t bytes[16];
};

struct why__address why__address_of(const struct sockaddr_storage *storage);

/* "192.0.2.1:443", "[2001:db8::1]:443"; "" for what has neither. Always terminated. */
void why__address_text(const struct why__address *address, char *out, size_t size);

/* As that, without port and brackets. */
void why__address_host(const struct why__address *address, char *out, size_t size);

/* The address of the peer of a socket that was connected, also where the connection has been reset
 * since, which getpeername() does not tell; "unix:/path" of the socket's own end, if it is bound to
 * one, or of its peer's, else "unix:"; "" where there is none. So a session need not keep it. */
void why__address_peer_text(int fd, char *out, size_t size);

#endif
