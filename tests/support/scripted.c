/* SPDX-License-Identifier: MIT */
#include "support/scripted.h"

#include "core/accept_key.h"
#include "support/socket.h"

#include <openssl/ssl.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define WAIT_MS 5000

struct line {
    int fd;
    SSL *ssl;
};

static ssize_t hear(const struct line *line, void *data, size_t size) {
    return line->ssl == NULL ? recv(line->fd, data, size, 0) : SSL_read(line->ssl, data, (int)size);
}

static void say(const struct line *line, const void *data, size_t len) {
    if (len == 0) {
        return;
    }
    if (line->ssl == NULL) {
        (void)!send(line->fd, data, len, MSG_NOSIGNAL);
    } else {
        (void)SSL_write(line->ssl, data, (int)len);
    }
}

static bool hear_more(struct test_scripted *server, const struct line *line) {
    size_t room = sizeof server->heard - 1 - server->heard_len;
    ssize_t got = room == 0 ? 0 : hear(line, server->heard + server->heard_len, room);
    if (got <= 0) {
        return false;
    }
    server->heard_len += (size_t)got;
    server->heard[server->heard_len] = '\0';
    return true;
}

/* returns  whether what was waited for came */
static bool wait_for(struct test_scripted *server, const struct line *line, size_t *at,
                     size_t count) {
    for (;;) {
        if (count > 0 && server->heard_len - *at >= count) {
            *at += count;
            return true;
        }
        const char *end =
            count > 0 ? NULL : memmem(server->heard + *at, server->heard_len - *at, "\r\n\r\n", 4);
        if (end != NULL) {
            *at = (size_t)(end - server->heard) + 4;
            return true;
        }
        if (!hear_more(server, line)) {
            return false;
        }
    }
}

static void say_with_accept(const struct test_scripted *server, const struct line *line,
                            const struct test_exchange *exchange) {
    static const char mark[] = "{accept}";
    static const char name[] = "Sec-WebSocket-Key: ";
    size_t len = exchange->len == 0 ? strlen(exchange->say) : exchange->len;
    const char *at = memmem(exchange->say, len, mark, sizeof mark - 1);
    const char *key = memmem(server->heard, server->heard_len, name, sizeof name - 1);
    if (at == NULL || key == NULL) {
        say(line, exchange->say, len);
        return;
    }
    char accept[WHY__ACCEPT_KEY_LEN];
    key += sizeof name - 1;
    why__accept_key((struct why_bytes){(const uint8_t *)key, strcspn(key, "\r")}, accept);
    char out[4096]; /* in one segment, with the frames that may follow */
    size_t before = (size_t)(at - exchange->say);
    size_t after = len - before - (sizeof mark - 1);
    memcpy(out, exchange->say, before);
    memcpy(out + before, accept, sizeof accept);
    memcpy(out + before + sizeof accept, at + sizeof mark - 1, after);
    say(line, out, before + sizeof accept + after);
}

static bool hear_exactly(const struct line *line, uint8_t *data, size_t len) {
    for (size_t at = 0; at < len;) {
        ssize_t got = hear(line, data + at, len - at);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

/* Short frames alone: a masked one comes, the same goes back without its mask. */
static void echo(const struct line *line) {
    uint8_t head[6];
    while (hear_exactly(line, head, sizeof head)) {
        uint8_t frame[2 + 125] = {head[0], head[1] & 0x7f};
        size_t len = frame[1];
        if (len > 125 || !hear_exactly(line, frame + 2, len)) {
            return;
        }
        for (size_t i = 0; i < len; i++) {
            frame[2 + i] ^= head[2 + i % 4];
        }
        say(line, frame, 2 + len);
        if ((head[0] & 0xf) == 8) {
            return;
        }
    }
}

static bool begin_tls(struct line *line, SSL_CTX *context) {
    line->ssl = SSL_new(context);
    SSL_set_fd(line->ssl, line->fd);
    return SSL_accept(line->ssl) == 1;
}

static void follow(struct test_scripted *server, struct line *line, SSL_CTX *context) {
    const struct test_script *script = server->script;
    size_t at = 0;
    server->heard_len = 0;
    server->heard[0] = '\0';
    for (size_t i = 0; i < 4 && script->exchanges[i].say != NULL; i++) {
        if (context != NULL && i == script->tls_after && !begin_tls(line, context)) {
            return;
        }
        bool waits = i > 0 || !script->says_first;
        if (waits && !wait_for(server, line, &at, script->exchanges[i].wait)) {
            return;
        }
        say_with_accept(server, line, &script->exchanges[i]);
    }
    switch (script->end) {
    case TEST_SILENCE: {
        size_t len = server->heard_len;
        while (hear_more(server, line)) {
        }
        server->was_closed = server->heard_len == len || !script->exchanges[0].say;
        break;
    }
    case TEST_ECHO:
    case TEST_NOTIFY:
        echo(line);
        break;
    case TEST_CLOSE:
    case TEST_RESET:
        break;
    }
}

static SSL_CTX *make_tls(const struct test_script *script) {
    if (script->tls_file == NULL) {
        return NULL;
    }
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(context, script->tls_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, script->tls_file, SSL_FILETYPE_PEM) != 1) {
        abort();
    }
    if (script->tls_wants_ca != NULL) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        SSL_CTX_load_verify_locations(context, script->tls_wants_ca, NULL);
    }
    return context;
}

static void serve(struct test_scripted *server, int fd, SSL_CTX *context) {
    struct line line = {fd, NULL};
    struct timeval patience = {WAIT_MS / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    follow(server, &line, context);
    if (server->script->end == TEST_RESET) {
        struct linger linger = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    } else {
        if (line.ssl != NULL && SSL_is_init_finished(line.ssl)) {
            SSL_shutdown(line.ssl);
        }
        /* What is unread would turn the FIN into a RST. */
        char rest[1024];
        if (server->script->end != TEST_NOTIFY) {
            shutdown(fd, SHUT_WR);
        }
        while (server->script->end != TEST_SILENCE && recv(fd, rest, sizeof rest, 0) > 0) {
        }
    }
    SSL_free(line.ssl);
    close(fd);
}

static void *run(void *argument) {
    struct test_scripted *server = argument;
    SSL_CTX *context = make_tls(server->script);
    for (size_t i = 0; i < server->connections; i++) {
        struct pollfd poll_fd = {.fd = server->listener, .events = POLLIN};
        if (poll(&poll_fd, 1, WAIT_MS) != 1) {
            break;
        }
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0) {
            serve(server, fd, context);
        }
    }
    SSL_CTX_free(context);
    return NULL;
}

void test_scripted_start_on(struct test_scripted *server, const struct test_script *script,
                            size_t connections, int listener) {
    memset(server, 0, sizeof *server);
    server->script = script;
    server->connections = connections;
    server->listener = listener;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL's own writes raise it */
    if (pthread_create(&server->thread, NULL, run, server) != 0) {
        abort();
    }
}

void test_scripted_start(struct test_scripted *server, const struct test_script *script,
                         size_t connections) {
    uint16_t port = 0;
    int listener = test_listen(false, &port);
    test_scripted_start_on(server, script, connections, listener);
    server->port = port;
}

void test_scripted_stop(struct test_scripted *server) {
    pthread_join(server->thread, NULL);
    close(server->listener);
}
