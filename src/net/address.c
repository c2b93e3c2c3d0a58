/* SPDX-License-Identifier: MIT
 *
 * Addresses, small and as text.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

struct why__address why__address_of(const struct sockaddr_storage *storage) {
    struct why__address address = {.family = storage->ss_family};
    if (storage->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, storage, sizeof in);
        address.port = ntohs(in.sin_port);
        memcpy(address.bytes, &in.sin_addr, sizeof in.sin_addr);
    } else if (storage->ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, storage, sizeof in6);
        address.port = ntohs(in6.sin6_port);
        memcpy(address.bytes, &in6.sin6_addr, sizeof in6.sin6_addr);
        if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
            address.family = AF_INET;
            memmove(address.bytes, address.bytes + 12, 4);
            memset(address.bytes + 4, 0, 12);
        }
    }
    return address;
}

void why__address_host(const struct why__address *address, char *out, size_t size) {
    out[0] = '\0';
    if (address->family == AF_INET || address->family == AF_INET6) {
        (void)inet_ntop(address->family, address->bytes, out, (socklen_t)size);
    }
}

void why__address_text(const struct why__address *address, char *out, size_t size) {
    char text[INET6_ADDRSTRLEN];
    out[0] = '\0';
    why__address_host(address, text, sizeof text);
    if (text[0] != '\0') {
        bool is_v6 = address->family == AF_INET6;
        snprintf(out, size, "%s%s%s:%u", is_v6 ? "[" : "", text, is_v6 ? "]" : "",
                 (unsigned)address->port);
    }
}

static bool bound_path(const struct sockaddr_un *name, socklen_t len, char *out, size_t size) {
    size_t path_len = len > offsetof(struct sockaddr_un, sun_path)
                          ? len - offsetof(struct sockaddr_un, sun_path)
                          : 0;
    if (name->sun_family != AF_UNIX || path_len == 0 || name->sun_path[0] == '\0') {
        return false;
    }
    snprintf(out, size, "unix:%.*s", (int)strnlen(name->sun_path, path_len), name->sun_path);
    return true;
}

static void unix_text(int fd, char *out, size_t size) {
    struct sockaddr_un name = {0};
    socklen_t len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) == 0 && bound_path(&name, len, out, size)) {
        return;
    }
    len = sizeof name;
    if (getpeername(fd, (struct sockaddr *)&name, &len) == 0 && bound_path(&name, len, out, size)) {
        return;
    }
    snprintf(out, size, "unix:");
}

/* Linux has one way to ask that does not mind a reset; it wants to be told the length exactly. */
static bool peer_name(int fd, int domain, struct sockaddr_storage *name) {
    socklen_t len = domain == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERNAME, name, &len) == 0) {
        return true;
    }
    len = sizeof *name;
    return getpeername(fd, (struct sockaddr *)name, &len) == 0;
}

void why__address_peer_text(int fd, char *out, size_t size) {
    struct sockaddr_storage name;
    int domain = AF_UNSPEC;
    socklen_t len = sizeof domain;
    memset(&name, 0, sizeof name);
    out[0] = '\0';
    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
    if (domain == AF_UNIX) {
        unix_text(fd, out, size);
    } else if (peer_name(fd, domain, &name)) {
        struct why__address address = why__address_of(&name);
        why__address_text(&address, out, size);
    }
}
