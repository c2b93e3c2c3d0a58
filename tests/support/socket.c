/* SPDX-License-Identifier: MIT */
#include "support/socket.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

static socklen_t make_address(union address *address, bool ipv6, uint16_t port) {
    memset(address, 0, sizeof *address);
    if (ipv6) {
        address->ipv6.sin6_family = AF_INET6;
        address->ipv6.sin6_port = htons(port);
        address->ipv6.sin6_addr = in6addr_loopback;
        return sizeof address->ipv6;
    }
    address->ipv4.sin_family = AF_INET;
    address->ipv4.sin_port = htons(port);
    address->ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return sizeof address->ipv4;
}

static int must(int result, const char *what) {
    if (result < 0) {
        perror(what);
        abort();
    }
    return result;
}

int test_refuse_at(bool ipv6, uint16_t port) {
    union address address;
    socklen_t len = make_address(&address, ipv6, port);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
        bind(fd, &address.any, len) == 0) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

int test_refuse(bool ipv6, uint16_t *port) {
    int fd = must(test_refuse_at(ipv6, 0), "bind");
    union address address = {0};
    socklen_t len = sizeof address;
    must(getsockname(fd, &address.any, &len), "getsockname");
    *port = ntohs(ipv6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
    return fd;
}

int test_listen(bool ipv6, uint16_t *port) {
    int fd = test_refuse(ipv6, port);
    must(listen(fd, 64), "listen");
    return fd;
}

int test_listen_at(bool ipv6, uint16_t port) {
    int fd = test_refuse_at(ipv6, port);
    if (fd >= 0) {
        must(listen(fd, 64), "listen");
    }
    return fd;
}

void test_silence_init(struct test_silence *silence, bool ipv6) {
    size_t count = sizeof silence->fds / sizeof silence->fds[0];
    silence->fds[0] = test_refuse(ipv6, &silence->port);
    must(listen(silence->fds[0], 0), "listen");
    for (size_t i = 1; i < count; i++) {
        union address address;
        socklen_t len = make_address(&address, ipv6, silence->port);
        silence->fds[i] = must(
            socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
        (void)!connect(silence->fds[i], &address.any, len);
    }
}

void test_silence_clear(struct test_silence *silence) {
    for (size_t i = 0; i < sizeof silence->fds / sizeof silence->fds[0]; i++) {
        close(silence->fds[i]);
    }
}

/* Its entries, "." and ".." among them. */
static size_t count_entries(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        abort();
    }
    size_t count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

size_t test_count_fds(void) {
    return count_entries("/proc/self/fd");
}

bool test_wait_until_alone(void) {
    for (unsigned i = 0; i < 60000; i++) {
        if (count_entries("/proc/self/task") == 3) {
            return true;
        }
        usleep(1000);
    }
    return false;
}
