/* SPDX-License-Identifier: MIT
 *
 * A crowd of clients: so many connections that one process has not the descriptors, nor one address
 * the ports, for them. They ask and are answered, or are idle, or ask and do not read. One JSON
 * line says what the servers used in the time that was measured, or that all is as it should be;
 * then it ends with its stdin, or at once.
 *
 * usage: crowd [-c CONNECTIONS] [-f PER_PROCESS] [-s SIZE] [-d DEPTH] [-u BYTES] [-w MS] [-t MS]
 *              [-p PID]... PORT...
 *
 * -d 0 is idle; -u asks for so many bytes and leaves them unread. Connections are parted evenly
 * between the ports, all of 127.0.0.1.
 */
#include "crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADDRESS_CONNECTIONS 20000 /* from one address; it has some 28,000 ports */
#define HANDSHAKES_MAX 64         /* under way at once */
#define INPUT_MAX ((size_t)512 << 10)
#define BATCH_LEN ((size_t)16 << 10) /* of requests that go out in one call */
#define EVENTS_MAX 256
#define PATIENCE_MS 60000
#define UNREAD_SEGMENT 536 /* so that it is the server that holds what is not read */
#define UNREAD_BUFFER 4096

static uint8_t input[INPUT_MAX];

_Noreturn static void fail(const char *what) {
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- Requests ---- */

/* Where the payload begins. */
static size_t write_header(uint8_t *out, size_t len, uint8_t mask_bit) {
    size_t at = 2;
    out[0] = 0x81;
    if (len < 126) {
        out[1] = (uint8_t)(mask_bit | len);
    } else {
        int bytes = len <= UINT16_MAX ? 2 : 8;
        out[1] = (uint8_t)(mask_bit | (bytes == 2 ? 126 : 127));
        for (int i = bytes - 1; i >= 0; i--) {
            out[at++] = (uint8_t)((uint64_t)len >> (8 * i));
        }
    }
    return at;
}

/* ASCII text, masked; several requests one after the other, as many as are worth a call. */
static void make_requests(struct crowd *crowd) {
    static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t header[14];
    size_t header_len = write_header(header, crowd->size, 0x80);
    memcpy(header + header_len, key, sizeof key);
    crowd->reply_len = header_len + crowd->size;
    header_len += sizeof key;
    crowd->request_len = header_len + crowd->size;
    size_t count = crowd->depth * crowd->request_len < BATCH_LEN ? crowd->depth
                   : crowd->request_len < BATCH_LEN              ? BATCH_LEN / crowd->request_len
                                                                 : 1;
    count = count == 0 ? 1 : count;
    crowd->requests_len = count * crowd->request_len;
    crowd->requests = malloc(crowd->requests_len);
    if (crowd->requests == NULL) {
        fail("memory");
    }
    for (size_t i = 0; i < crowd->requests_len; i++) {
        size_t at = i % crowd->request_len;
        crowd->requests[i] =
            at < header_len
                ? header[at]
                : (uint8_t)(('a' + (at - header_len) % 26) ^ key[(at - header_len) & 3]);
    }
}

/* ---- Opening ---- */

/* Another source address after so many connections: they count from 127.0.0.2 on. */
static void bind_source(int fd, size_t number) {
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number / ADDRESS_CONNECTIONS))};
    int one = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (const struct sockaddr *)&source, sizeof source) != 0) {
        fail("bind");
    }
}

static int begin_opening(const struct crowd *crowd, size_t number) {
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    size_t port = number * crowd->port_count / crowd->connections;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(crowd->ports[port]),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail("socket");
    }
    if (crowd->unread > 0) {
        int segment = UNREAD_SEGMENT;
        int buffer = UNREAD_BUFFER;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    }
    bind_source(fd, number);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail("connect");
    }
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) {
        fail("send");
    }
    return fd;
}

/* Nothing comes after the answer's empty line before we ask, so it may be read in pieces. */
static void end_opening(int fd) {
    char answer[2048];
    size_t len = 0;
    do {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, PATIENCE_MS) <= 0) {
            errno = ETIMEDOUT;
            fail("handshake");
        }
        ssize_t got = recv(fd, answer + len, sizeof answer - len, 0);
        if (got <= 0) {
            fail("handshake");
        }
        len += (size_t)got;
    } while (len < sizeof answer && (len < 4 || memcmp(answer + len - 4, "\r\n\r\n", 4) != 0));
    if (memcmp(answer, "HTTP/1.1 101", 12) != 0) {
        errno = EPROTO;
        fail("handshake");
    }
}

static struct member *open_members(const struct crowd *crowd, size_t first, size_t count) {
    struct member *members = calloc(count, sizeof *members);
    if (members == NULL) {
        fail("memory");
    }
    for (size_t i = 0; i < count + HANDSHAKES_MAX; i++) {
        if (i >= HANDSHAKES_MAX && i - HANDSHAKES_MAX < count) {
            end_opening(members[i - HANDSHAKES_MAX].fd);
        }
        if (i < count) {
            members[i].fd = begin_opening(crowd, first + i);
        }
    }
    return members;
}

/* ---- Asking ---- */

static void watch(int poller, struct member *member, int operation) {
    struct epoll_event event = {.events = member->is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = member};
    if (epoll_ctl(poller, operation, member->fd, &event) != 0) {
        fail("epoll_ctl");
    }
}

/* Send the requests that are due. */
static void ask(const struct crowd *crowd, int poller, struct member *member) {
    bool is_blocked = false;
    while (member->due > 0 && !is_blocked) {
        size_t at = (size_t)(member->sent % crowd->requests_len);
        size_t len =
            crowd->requests_len - at < member->due ? crowd->requests_len - at : (size_t)member->due;
        ssize_t sent = send(member->fd, crowd->requests + at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) {
            fail("send");
        }
        is_blocked = sent < 0;
        member->sent += sent < 0 ? 0 : (uint64_t)sent;
        member->due -= sent < 0 ? 0 : (uint64_t)sent;
    }
    if (is_blocked != member->is_blocked) {
        member->is_blocked = is_blocked;
        watch(poller, member, EPOLL_CTL_MOD);
    }
}

/* What is idle is asked whether it is there: a Ping comes alone, and is answered (RFC 6455 section
 * 5.5.3); by a mask of zeroes its payload is as it was. */
static void answer_ping(const struct member *member, size_t len) {
    if (len < 2 || input[0] != 0x89 || input[1] > 125 || len != (size_t)input[1] + 2) {
        errno = EPROTO;
        fail("what an idle connection got");
    }
    uint8_t pong[2 + 4 + 125] = {0x8a, (uint8_t)(0x80 | input[1])};
    memcpy(pong + 6, input + 2, input[1]);
    if (send(member->fd, pong, 6 + (size_t)input[1], MSG_NOSIGNAL) < 0) {
        fail("send");
    }
}

/* All replies are as long as the first: counting bytes counts them, and each has to begin as it
 * should where a read begins with it. */
static void take(const struct crowd *crowd, struct tally *tally, int poller,
                 struct member *member) {
    ssize_t got = recv(member->fd, input, sizeof input, MSG_DONTWAIT);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        fail("recv");
    }
    if (crowd->depth == 0) {
        answer_ping(member, (size_t)got);
        return;
    }
    if (member->received % crowd->reply_len == 0 && input[0] != 0x81) {
        errno = EPROTO;
        fail("reply");
    }
    uint64_t before = member->received / crowd->reply_len;
    member->received += (uint64_t)got;
    uint64_t replies = member->received / crowd->reply_len - before;
    atomic_fetch_add_explicit(&tally->replies, replies, memory_order_relaxed);
    member->due += replies * crowd->request_len;
    ask(crowd, poller, member);
}

/* Until it is killed. */
_Noreturn static void talk(const struct crowd *crowd, struct tally *tally, struct member *members,
                           size_t count) {
    struct epoll_event events[EVENTS_MAX];
    int poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0) {
        fail("epoll_create1");
    }
    for (size_t i = 0; i < count; i++) {
        watch(poller, &members[i], EPOLL_CTL_ADD);
        members[i].due = crowd->depth * crowd->request_len;
        ask(crowd, poller, &members[i]);
    }
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            struct member *member = events[i].data.ptr;
            if ((events[i].events & EPOLLOUT) != 0) {
                ask(crowd, poller, member);
            }
            if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
                take(crowd, tally, poller, member);
            }
        }
    }
}

/* Ask for much, once; where the server stops reading, that is enough. */
static void ask_for_much(const struct crowd *crowd, const struct member *member) {
    for (uint64_t sent = 0; sent < crowd->unread;) {
        size_t at = (size_t)(sent % crowd->requests_len);
        struct pollfd poll_fd = {.fd = member->fd, .events = POLLOUT};
        if (poll(&poll_fd, 1, 1000) <= 0) {
            return;
        }
        ssize_t result = send(member->fd, crowd->requests + at, crowd->requests_len - at,
                              MSG_NOSIGNAL | MSG_DONTWAIT);
        if (result < 0 && errno != EAGAIN) {
            fail("send");
        }
        sent += result < 0 ? 0 : (uint64_t)result;
    }
}

_Noreturn static void be_part(const struct crowd *crowd, size_t part, int parent) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        exit(1);
    }
    size_t first = crowd->connections * part / crowd->parts;
    size_t end = crowd->connections * (part + 1) / crowd->parts;
    struct tally *tally = &crowd->tallies[part];
    struct member *members = open_members(crowd, first, end - first);
    for (size_t i = 0; i < end - first && crowd->unread > 0; i++) {
        ask_for_much(crowd, &members[i]);
    }
    atomic_store(&tally->is_ready, true);
    while (!atomic_load(&crowd->tallies->is_begun)) {
        usleep(1000);
    }
    if (crowd->unread > 0) {
        for (;;) {
            pause();
        }
    }
    talk(crowd, tally, members, end - first);
}

/* ---- The whole ---- */

static void await_parts(const struct crowd *crowd) {
    for (size_t i = 0; i < crowd->parts;) {
        int status = 0;
        if (waitpid(-1, &status, WNOHANG) != 0) {
            exit(1); /* it has said why */
        }
        if (atomic_load(&crowd->tallies[i].is_ready)) {
            i++;
        } else {
            usleep(1000);
        }
    }
    atomic_store(&crowd->tallies->is_begun, true);
}

static uint64_t replies_of(const struct crowd *crowd) {
    uint64_t sum = 0;
    for (size_t i = 0; i < crowd->parts; i++) {
        sum += atomic_load_explicit(&crowd->tallies[i].replies, memory_order_relaxed);
    }
    return sum;
}

static void measure(const struct crowd *crowd) {
    usleep((useconds_t)crowd->warm_ms * 1000);
    struct bench_usage before = bench_server_usage(&crowd->server);
    uint64_t replies = replies_of(crowd);
    uint64_t begin_ns = crowd_now_ns();
    /* Large messages are few: it takes until some have come. */
    do {
        usleep((useconds_t)crowd->measure_ms * 1000);
        if (waitpid(-1, NULL, WNOHANG) != 0) {
            exit(1);
        }
    } while (replies_of(crowd) - replies < CROWD_REPLIES_MIN &&
             crowd_now_ns() - begin_ns < CROWD_MEASURE_MAX * crowd->measure_ms * 1000000);
    struct bench_usage after = bench_server_usage(&crowd->server);
    replies = replies_of(crowd) - replies;
    printf("{\"connections\":%zu,\"processes\":%zu,\"size\":%zu,\"depth\":%zu,\"elapsed_ns\":%llu,"
           "\"replies\":%llu,\"server_cpu_ns\":%llu,\"server_rss\":%llu}\n",
           crowd->connections, crowd->parts, crowd->size, crowd->depth,
           (unsigned long long)(crowd_now_ns() - begin_ns), (unsigned long long)replies,
           (unsigned long long)(after.cpu_ns - before.cpu_ns), (unsigned long long)after.rss_byte);
}

static void hold(const struct crowd *crowd) {
    char byte = 0;
    printf("{\"connections\":%zu,\"processes\":%zu,\"server_rss\":%llu}\n", crowd->connections,
           crowd->parts, (unsigned long long)bench_server_usage(&crowd->server).rss_byte);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

static size_t files_max(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        fail("getrlimit");
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > CROWD_FILES_SPARE ? (size_t)limit.rlim_cur - CROWD_FILES_SPARE : 1;
}

int main(int argc, char **argv) {
    struct crowd crowd = {.connections = 100,
                          .per_process = files_max(),
                          .size = 20,
                          .depth = 1,
                          .warm_ms = 300,
                          .measure_ms = 1000};
    if (!crowd_read(&crowd, argc, argv)) {
        fputs("usage: crowd [-c CONNECTIONS] [-f PER_PROCESS] [-s SIZE] [-d DEPTH] [-u BYTES] "
              "[-w MS] [-t MS] [-p PID]... PORT...\n",
              stderr);
        return 2;
    }
    crowd.parts = (crowd.connections + crowd.per_process - 1) / crowd.per_process;
    crowd.tallies = mmap(NULL, crowd.parts * sizeof *crowd.tallies, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (crowd.tallies == MAP_FAILED) {
        fail("mmap");
    }
    make_requests(&crowd);
    int parent = getpid();
    for (size_t i = 0; i < crowd.parts; i++) {
        pid_t pid = fork();
        if (pid < 0) {
            fail("fork");
        }
        if (pid == 0) {
            be_part(&crowd, i, parent);
        }
    }
    await_parts(&crowd);
    if (crowd.depth == 0 || crowd.unread > 0) {
        hold(&crowd);
    } else {
        measure(&crowd);
    }
    return 0; /* and with it its parts, by PR_SET_PDEATHSIG */
}
