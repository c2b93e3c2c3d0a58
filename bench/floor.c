/* SPDX-License-Identifier: MIT
 *
 * The floor of an echo: as many bytes as come are sent back, read by read on epoll, and nobody
 * looks at them. They are those of a WebSocket reply, made beforehand, so that the same load
 * generator can ask: all messages of a connection have to be as long as its first.
 */
#include "whysocket/handshake.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MAX ((size_t)512 << 10)
#define EVENTS_MAX 256
#define HEAD_MAX 10 /* of a frame, without the key */
#define KEY_LEN 4   /* a client's frames have one */
#define CLOSE_LEN 8 /* of a client's Close with a code */

/* Replies to one kind of request, for all who ask so. They are kept to the end. */
struct shape {
    struct shape *next;
    uint8_t head[HEAD_MAX];
    size_t head_len;
    uint64_t request_len, reply_len;
    uint8_t replies[]; /* frames, one after the other, as long as a read and one more */
};

struct link {
    int fd;
    struct why_server_handshake *handshake; /* NULL once it is done */
    const struct shape *shape;              /* NULL: the first frame has not come */
    uint64_t received, sent;
    bool is_waiting; /* for room in the socket */
};

static uint8_t input[READ_MAX];
static int poller;
static uint64_t now_ms;
static struct shape *shapes;

static void *allocate(void *context, void *memory, size_t size) {
    (void)context;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static void no_random(void *context, uint8_t *out, size_t len) {
    (void)context;
    memset(out, 0, len); /* a server's handshake asks for none */
}

static const struct why_host host = {.allocate = allocate, .random = no_random, .now_ms = &now_ms};
static struct why_options options;

static void end(struct link *link) {
    close(link->fd);
    why_server_handshake_free(link->handshake);
    free(link);
}

static struct shape *make_shape(const uint8_t *head, size_t head_len, uint64_t payload_len) {
    uint64_t reply_len = head_len + payload_len;
    struct shape *shape = malloc(sizeof *shape + reply_len + READ_MAX);
    if (shape == NULL) {
        return NULL;
    }
    shape->head_len = head_len;
    memcpy(shape->head, head, head_len);
    shape->reply_len = reply_len;
    shape->request_len = reply_len + KEY_LEN;
    for (uint64_t i = 0; i < reply_len + READ_MAX; i++) {
        uint64_t at = i % reply_len;
        uint8_t byte = at < head_len ? head[at] : 'a';
        shape->replies[i] =
            at == 1 ? byte & 0x7f : byte; /* the bit that says that there is a key */
    }
    shape->next = shapes;
    shapes = shape;
    return shape;
}

/* The frame that `data` begins with, and the reply to it. returns  false if it is cut short */
static bool learn(struct link *link, const uint8_t *data, size_t len) {
    size_t head_len = len < 2                   ? HEAD_MAX
                      : (data[1] & 0x7f) == 127 ? HEAD_MAX
                      : (data[1] & 0x7f) == 126 ? 4
                                                : 2;
    if (len < head_len) {
        return false;
    }
    uint64_t payload_len = data[1] & 0x7f;
    if (head_len > 2) {
        payload_len = 0;
        for (size_t i = 2; i < head_len; i++) {
            payload_len = payload_len << 8 | data[i];
        }
    }
    struct shape *shape = shapes;
    while (shape != NULL &&
           (shape->head_len != head_len || memcmp(shape->head, data, head_len) != 0)) {
        shape = shape->next;
    }
    link->shape = shape != NULL ? shape : make_shape(data, head_len, payload_len);
    return link->shape != NULL;
}

static void watch(struct link *link, bool is_waiting) {
    if (is_waiting != link->is_waiting) {
        struct epoll_event event = {.events = is_waiting ? EPOLLOUT : EPOLLIN, .data.ptr = link};
        (void)epoll_ctl(poller, EPOLL_CTL_MOD, link->fd, &event);
        link->is_waiting = is_waiting;
    }
}

/* Send the share of the replies that the requests have come in. returns  false if it broke */
static bool send_share(struct link *link) {
    const struct shape *shape = link->shape;
    uint64_t whole = link->received / shape->request_len;
    uint64_t rest = link->received % shape->request_len;
    uint64_t due = whole * shape->reply_len + (rest > KEY_LEN ? rest - KEY_LEN : 0);
    while (link->sent < due) {
        size_t len = due - link->sent < READ_MAX ? (size_t)(due - link->sent) : READ_MAX;
        ssize_t sent = send(link->fd, shape->replies + link->sent % shape->reply_len, len,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            watch(link, true);
            return errno == EAGAIN;
        }
        link->sent += (uint64_t)sent;
    }
    watch(link, false);
    return true;
}

/* The last that comes is a Close, which is answered in kind. */
static bool is_close(const struct link *link, size_t len) {
    return len >= CLOSE_LEN && link->received % link->shape->request_len == CLOSE_LEN &&
           input[len - CLOSE_LEN] == 0x88;
}

static bool answer_request(struct link *link, size_t len) {
    struct why_bytes bytes = {input, len};
    if (why_server_handshake_receive(link->handshake, &bytes) != WHY_HANDSHAKE_DECIDE) {
        return true; /* more of it is to come, or it is refused, and then ends by a time-out */
    }
    if (why_server_handshake_accept(link->handshake, NULL) != WHY_OK) {
        return false;
    }
    struct why_bytes output = why_server_handshake_output(link->handshake);
    bool is_sent = send(link->fd, output.data, output.len, MSG_NOSIGNAL) == (ssize_t)output.len;
    why_server_handshake_free(link->handshake);
    link->handshake = NULL;
    return is_sent;
}

/* returns  false when it is over */
static bool serve(struct link *link) {
    static const uint8_t close_frame[] = {0x88, 2, 0x03, 0xe8};
    if (link->is_waiting) {
        return send_share(link);
    }
    ssize_t got = recv(link->fd, input, sizeof input, MSG_DONTWAIT);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN;
    }
    size_t len = (size_t)got;
    if (link->handshake != NULL) {
        return answer_request(link, len);
    }
    if (link->shape == NULL && !learn(link, input, len)) {
        return false;
    }
    link->received += len;
    if (is_close(link, len)) {
        (void)!send(link->fd, close_frame, sizeof close_frame, MSG_NOSIGNAL);
        return false;
    }
    return send_share(link);
}

static void accept_one(int listener) {
    int one = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct link *link = fd < 0 ? NULL : calloc(1, sizeof *link);
    if (link == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    link->fd = fd;
    link->handshake = why_server_handshake_new(&options, NULL);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    if (link->handshake == NULL || epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) {
        end(link);
    }
} /* NOLINT(clang-analyzer-unix.Malloc): epoll holds it, and gives it back with its events */

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, SOMAXCONN) != 0 || getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        return -1;
    }
    printf("{\"event\":\"listening\",\"address\":\"127.0.0.1:%u\"}\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void) {
    options = why_options_default(&host);
    poller = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_anywhere();
    struct epoll_event event = {.events = EPOLLIN};
    if (listener < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0) {
        perror("floor");
        return 1;
    }
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            struct link *link = events[i].data.ptr;
            if (link == NULL) {
                accept_one(listener);
            } else if (!serve(link)) {
                end(link);
            }
        }
    }
}
