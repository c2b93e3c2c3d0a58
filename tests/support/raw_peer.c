/* SPDX-License-Identifier: MIT */
#include "support/raw_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

const char test_upgrade_request[] = "GET /chat HTTP/1.1\r\n"
                                    "Host: 127.0.0.1\r\n"
                                    "Upgrade: websocket\r\n"
                                    "Connection: Upgrade\r\n"
                                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                    "Sec-WebSocket-Version: 13\r\n"
                                    "\r\n";

uint64_t test_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int must(int result, const char *what) {
    if (result < 0) {
        perror(what);
        abort();
    }
    return result;
}

static int connect_unix(const char *path) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    int fd = must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    must(connect(fd, (const struct sockaddr *)&name, sizeof name), "connect");
    return fd;
}

int test_connect(const char *address) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct timeval patience = {.tv_sec = 5};
    int fd = -1;
    if (strncmp(address, "unix:", 5) == 0) {
        fd = connect_unix(address + 5);
    } else {
        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        in.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
        fd = must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
        must(connect(fd, (const struct sockaddr *)&in, sizeof in), "connect");
    }
    must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "setsockopt");
    must(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), "setsockopt");
    return fd;
}

bool test_send(int fd, const void *data, size_t len) {
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool test_send_text(int fd, const char *text) {
    return test_send(fd, text, strlen(text));
}

bool test_send_frame(int fd, uint8_t first, const void *payload, size_t len) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t *frame = malloc(14 + len);
    size_t at = 0;
    frame[at++] = first;
    if (len < 126) {
        frame[at++] = (uint8_t)(0x80 | len);
    } else {
        size_t bytes = len < 65536 ? 2 : 8;
        frame[at++] = bytes == 2 ? 0xfe : 0xff;
        for (size_t i = bytes; i > 0; i--) {
            frame[at++] = (uint8_t)((uint64_t)len >> (8 * (i - 1)));
        }
    }
    memcpy(frame + at, key, 4);
    at += 4;
    for (size_t i = 0; i < len; i++) {
        frame[at++] = (uint8_t)(((const uint8_t *)payload)[i] ^ key[i % 4]);
    }
    bool sent = test_send(fd, frame, at);
    free(frame);
    return sent;
}

bool test_read_head(int fd, char *head, size_t size) {
    size_t len = 0;
    while (len + 1 < size) {
        if (recv(fd, head + len, 1, 0) != 1) {
            break;
        }
        head[++len] = '\0';
        if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0) {
            return true;
        }
    }
    head[len] = '\0';
    return false;
}

int test_open(const char *address) {
    char head[1024];
    int fd = test_connect(address);
    if (!test_send_text(fd, test_upgrade_request) || !test_read_head(fd, head, sizeof head) ||
        strncmp(head, "HTTP/1.1 101 ", 13) != 0) {
        fprintf(stderr, "no 101\n");
        abort();
    }
    return fd;
}

static int read_all(int fd, void *data, size_t len) {
    for (size_t got = 0; got < len;) {
        ssize_t result = recv(fd, (uint8_t *)data + got, len - got, 0);
        if (result == 0) {
            return TEST_EOF;
        }
        if (result < 0) {
            return errno == EAGAIN || errno == EWOULDBLOCK ? TEST_SILENCE : TEST_RESET;
        }
        got += (size_t)result;
    }
    return 0;
}

ssize_t test_read_frame(int fd, uint8_t *first, void *payload, size_t size) {
    uint8_t header[8];
    int result = read_all(fd, header, 2);
    if (result != 0) {
        return result;
    }
    *first = header[0];
    uint64_t len = header[1] & 0x7f;
    if (len >= 126) {
        size_t bytes = len == 126 ? 2 : 8;
        result = read_all(fd, header, bytes);
        len = 0;
        for (size_t i = 0; i < bytes; i++) {
            len = len << 8 | header[i];
        }
    }
    if (result == 0 && len > size) {
        fprintf(stderr, "a frame of %llu bytes\n", (unsigned long long)len);
        abort();
    }
    result = result == 0 ? read_all(fd, payload, (size_t)len) : result;
    return result == 0 ? (ssize_t)len : result;
}

int test_drain(int fd, unsigned timeout_ms) {
    static _Thread_local uint8_t dropped[65536];
    uint64_t end_ms = test_now_ms() + timeout_ms;
    for (;;) {
        uint64_t now_ms = test_now_ms();
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (now_ms >= end_ms || poll(&poll_fd, 1, (int)(end_ms - now_ms)) == 0) {
            return TEST_SILENCE;
        }
        ssize_t got = recv(fd, dropped, sizeof dropped, MSG_DONTWAIT);
        if (got == 0) {
            return TEST_EOF;
        }
        if (got < 0 && errno != EAGAIN) {
            return TEST_RESET;
        }
    }
}

void test_reset(int fd) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}
