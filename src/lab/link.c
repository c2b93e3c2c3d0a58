/* SPDX-License-Identifier: MIT */
#include "lab/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool lab_link_wait(const struct lab_link *link, int timeout_ms) {
    struct pollfd watched = {.fd = link->fd, .events = POLLIN};
    int count = 0;
    do {
        count = poll(&watched, 1, timeout_ms);
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

static size_t receive(const struct lab_link *link, uint8_t *out, size_t size, int timeout_ms) {
    ssize_t len = 0;
    do {
        if (!lab_link_wait(link, timeout_ms)) {
            return 0;
        }
        len = recv(link->fd, out, size, 0);
    } while (len < 0 && errno == EINTR);
    return len > 0 ? (size_t)len : 0;
}

size_t lab_link_receive(struct lab_link *link, uint8_t *out, size_t size) {
    size_t early = link->early_len - link->early_at;
    if (early > 0) {
        size_t len = early < size ? early : size;
        memcpy(out, link->early + link->early_at, len);
        link->early_at += len;
        return len;
    }
    return receive(link, out, size, LAB_HOLD_MS);
}

bool lab_link_more(struct lab_link *link) {
    size_t room = LAB_EARLY_MAX - link->early_len;
    size_t len = room == 0 ? 0 : receive(link, link->early + link->early_len, room, LAB_HOLD_MS);
    link->early_len += len;
    return len > 0;
}

bool lab_link_send(struct lab_link *link, const void *data, size_t len) {
    const uint8_t *at = data;
    while (len > 0) {
        struct pollfd watched = {.fd = link->fd, .events = POLLOUT};
        if (poll(&watched, 1, LAB_HOLD_MS) <= 0 && errno != EINTR) {
            return false;
        }
        ssize_t sent = send(link->fd, at, len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return false;
        }
        at += sent < 0 ? 0 : sent;
        len -= sent < 0 ? 0 : (size_t)sent;
    }
    return true;
}

static void forget_until(const struct lab_link *link, int64_t deadline) {
    uint8_t forgotten[4096];
    int64_t left = deadline - now_ms();
    while (left > 0 && receive(link, forgotten, sizeof forgotten, (int)left) > 0) {
        left = deadline - now_ms();
    }
}

void lab_link_finish(struct lab_link *link) {
    shutdown(link->fd, SHUT_WR);
    /* Closing over unread bytes would be a RST, which can take what we sent with it. */
    forget_until(link, now_ms() + LAB_DRAIN_MS);
}

void lab_link_hold(struct lab_link *link) {
    forget_until(link, now_ms() + LAB_HOLD_MS);
}

void lab_link_end(struct lab_link *link, enum lab_how how) {
    link->ended = true;
    switch (how) {
    case LAB_HOW_EOF:
        lab_link_finish(link);
        return;
    case LAB_HOW_RESET:
        link->reset = true;
        return;
    case LAB_HOW_STALL:
        lab_link_hold(link);
        return;
    case LAB_HOW_CORRUPT:
        return;
    }
}
