/* SPDX-License-Identifier: MIT */
#include "lab/server.h"

#include "lab/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LISTENERS_MAX = 256,
    LINKS_MAX = 256,
    BACKLOG = 64,
    STACK_LEN = 1 << 20,
};

struct listener {
    int fd;
    unsigned port;
    const struct lab_mode *mode; /* NULL: the server name says it */
};

struct lab_server {
    const struct lab_config *config;
    struct lab_contexts contexts;
    struct sockaddr_storage address; /* of the TLS port, or of the first */
    socklen_t address_len;
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    unsigned tls_port; /* 0: there is none */
    int stop;          /* an eventfd */
    pthread_t thread;
    bool has_thread, has_contexts;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct lab_link *links;
    size_t link_count;
};

struct lab_contexts *lab_server_contexts(struct lab_server *server) {
    return &server->contexts;
}

unsigned lab_server_port(const struct lab_server *server, const struct lab_mode *mode) {
    if (mode == NULL || mode->where == LAB_BY_NAME) {
        return server->tls_port;
    }
    for (size_t i = 0; i < server->listener_count; i++) {
        if (server->listeners[i].mode == mode) {
            return server->listeners[i].port;
        }
    }
    return 0;
}

/* ---- Addresses ---- */

static void set_port(struct sockaddr_storage *address, unsigned port) {
    if (address->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
    } else {
        ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
    }
}

static unsigned port_of(const struct sockaddr_storage *address) {
    return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                : ((const struct sockaddr_in *)address)->sin_port);
}

/* "127.0.0.1:9500", "[::1]:9500", ":9500" */
static bool read_address(struct lab_server *server) {
    char text[256];
    int len = snprintf(text, sizeof text, "%s", server->config->address);
    char *colon = strrchr(text, ':');
    if (len <= 0 || (size_t)len >= sizeof text || colon == NULL) {
        return false;
    }
    *colon = '\0';
    char *host = text;
    size_t host_len = strlen(host);
    if (host[0] == '[' && host_len > 1 && host[host_len - 1] == ']') {
        host[host_len - 1] = '\0';
        host++;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(*host == '\0' ? NULL : host, colon + 1, &hints, &found) != 0) {
        return false;
    }
    server->address_len = found->ai_addrlen;
    memcpy(&server->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

/* ---- Connections ---- */

static void close_link(struct lab_link *link) {
    pthread_mutex_lock(&link->server->lock);
    if (link->reset) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(link->fd);
    link->fd = -1;
    pthread_mutex_unlock(&link->server->lock);
}

static void unlink_and_free(struct lab_link *link) {
    struct lab_server *server = link->server;
    SSL_free(link->ssl);
    free(link->early);
    /* What follows may let the process end: nothing of OpenSSL's may be left to this thread. */
    OPENSSL_thread_stop();
    pthread_mutex_lock(&server->lock);
    if (link->previous != NULL) {
        link->previous->next = link->next;
    } else {
        server->links = link->next;
    }
    if (link->next != NULL) {
        link->next->previous = link->previous;
    }
    server->link_count--;
    pthread_cond_signal(&server->changed);
    pthread_mutex_unlock(&server->lock);
    free(link);
}

static void tell(const struct lab_link *link) {
    const struct lab_config *config = link->server->config;
    if (config->on_event != NULL) {
        struct lab_event event = {
            .mode = link->mode == NULL ? "" : link->mode->name,
            .name = link->hello.name,
            .handshake_done = link->handshake_done,
            .alert = link->alert,
            .message_count = link->message_count,
        };
        config->on_event(config->user, &event);
    }
}

static void *serve_link(void *argument) {
    struct lab_link *link = argument;
    lab_serve(link);
    /* Who reads the log may be slow, and the peer is not to wait for it: a reset is in the close.
     */
    close_link(link);
    tell(link);
    unlink_and_free(link);
    return NULL;
}

static bool start_thread(struct lab_link *link) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_attr_setstacksize(&attributes, STACK_LEN) == 0 &&
                   pthread_create(&thread, &attributes, serve_link, link) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

static void start_link(struct lab_server *server, const struct lab_mode *mode, int fd) {
    struct lab_link *link = calloc(1, sizeof *link);
    uint8_t *early = malloc(LAB_EARLY_MAX);
    if (link == NULL || early == NULL) {
        free(link);
        free(early);
        close(fd);
        return;
    }
    *link =
        (struct lab_link){.server = server, .mode = mode, .fd = fd, .early = early, .alert = -1};
    pthread_mutex_lock(&server->lock);
    link->next = server->links;
    if (link->next != NULL) {
        link->next->previous = link;
    }
    server->links = link;
    server->link_count++;
    pthread_mutex_unlock(&server->lock);
    if (!start_thread(link)) {
        close_link(link);
        unlink_and_free(link);
    }
}

static void accept_one(struct lab_server *server, const struct listener *listener) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    pthread_mutex_lock(&server->lock);
    bool has_room = server->link_count < LINKS_MAX;
    pthread_mutex_unlock(&server->lock);
    if (has_room) {
        start_link(server, listener->mode, fd);
    } else {
        close(fd);
    }
}

static bool is_accepted(const struct listener *listener) {
    return listener->mode == NULL ||
           (listener->mode->act != LAB_ACT_NO_ACCEPT && listener->mode->act != LAB_ACT_REFUSED);
}

static void *accept_all(void *argument) {
    struct lab_server *server = argument;
    struct pollfd watched[LISTENERS_MAX + 1] = {{.fd = server->stop, .events = POLLIN}};
    size_t count = server->listener_count;
    for (size_t i = 0; i < count; i++) {
        const struct listener *listener = &server->listeners[i];
        watched[i + 1] =
            (struct pollfd){.fd = is_accepted(listener) ? listener->fd : -1, .events = POLLIN};
    }
    while (watched[0].revents == 0) {
        if (poll(watched, count + 1, -1) < 0 && errno != EINTR) {
            break;
        }
        for (size_t i = 0; i < count; i++) {
            if (watched[i + 1].revents != 0) {
                accept_one(server, &server->listeners[i]);
            }
        }
    }
    return NULL;
}

int lab_server_connect(const struct lab_server *server) {
    if (server->tls_port == 0) {
        return -1;
    }
    struct sockaddr_storage address = server->address;
    set_port(&address, server->tls_port);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, server->address_len) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* ---- Listening ---- */

static bool listen_on(struct lab_server *server, const struct lab_mode *mode, unsigned port) {
    struct sockaddr_storage address = server->address;
    socklen_t len = sizeof address;
    int yes = 1;
    set_port(&address, port);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_refused = mode != NULL && mode->act == LAB_ACT_REFUSED;
    if (fd < 0 || server->listener_count == LISTENERS_MAX ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (struct sockaddr *)&address, server->address_len) != 0 ||
        (!is_refused && listen(fd, BACKLOG) != 0) ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
        }
        errno = error;
        return false;
    }
    server->listeners[server->listener_count++] =
        (struct listener){.fd = fd, .port = port_of(&address), .mode = mode};
    return true;
}

static enum lab_result cannot_listen(const struct lab_server *server, unsigned port,
                                     struct lab_failure *failure) {
    failure->error = errno;
    const char *address = server->config->address;
    const char *colon = strrchr(address, ':');
    (void)snprintf(failure->text, sizeof failure->text, "%.*s:%u",
                   colon == NULL ? 0 : (int)(colon - address), address, port);
    return LAB_CANNOT_LISTEN;
}

static enum lab_result listen_on_all(struct lab_server *server, struct lab_failure *failure) {
    unsigned base = port_of(&server->address);
    if (server->config->kind != LAB_KIND_RAW) {
        if (!listen_on(server, NULL, base)) {
            return cannot_listen(server, base, failure);
        }
        server->tls_port = server->listeners[0].port;
        server->contexts.certs.port = server->tls_port;
    }
    const struct lab_mode *mode = NULL;
    for (size_t i = 0; (mode = lab_mode_at(i)) != NULL; i++) {
        unsigned port = lab_mode_port(mode, base);
        if (mode->where != LAB_BY_NAME && lab_mode_is_of(mode, server->config->kind) &&
            !listen_on(server, mode, port)) {
            return cannot_listen(server, port, failure);
        }
    }
    return LAB_OK;
}

/* ---- Life ---- */

static enum lab_result cannot_write(const char *path, int error, struct lab_failure *failure) {
    failure->error = error;
    (void)snprintf(failure->text, sizeof failure->text, "%s", path);
    return LAB_CANNOT_WRITE;
}

static enum lab_result write_files(struct lab_server *server, struct lab_failure *failure) {
    const struct lab_config *config = server->config;
    int error = 0;
    if (config->ca_file != NULL &&
        (error = lab_certs_write_ca(&server->contexts.certs, config->ca_file)) != 0) {
        return cannot_write(config->ca_file, error, failure);
    }
    if (config->certs_folder != NULL &&
        (error = lab_certs_write_folder(&server->contexts.certs, config->certs_folder)) != 0) {
        return cannot_write(config->certs_folder, error, failure);
    }
    return LAB_OK;
}

static enum lab_result start(struct lab_server *server, struct lab_failure *failure) {
    if (!read_address(server)) {
        (void)snprintf(failure->text, sizeof failure->text, "%s", server->config->address);
        return LAB_BAD_ADDRESS;
    }
    server->has_contexts = true;
    if (!lab_contexts_init(&server->contexts) || server->stop < 0) {
        return LAB_FAILED;
    }
    enum lab_result result = listen_on_all(server, failure);
    if (result == LAB_OK) {
        result = write_files(server, failure);
    }
    if (result == LAB_OK) {
        server->has_thread = pthread_create(&server->thread, NULL, accept_all, server) == 0;
        result = server->has_thread ? LAB_OK : LAB_FAILED;
    }
    return result;
}

enum lab_result lab_server_new(const struct lab_config *config, struct lab_server **out,
                               struct lab_failure *failure) {
    *failure = (struct lab_failure){0};
    struct lab_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return LAB_FAILED;
    }
    server->config = config;
    server->stop = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    enum lab_result result = start(server, failure);
    if (result != LAB_OK) {
        lab_server_free(server);
        return result;
    }
    *out = server;
    return LAB_OK;
}

void lab_server_free(struct lab_server *server) {
    if (server == NULL) {
        return;
    }
    if (server->has_thread) {
        uint64_t one = 1;
        ssize_t written = write(server->stop, &one, sizeof one);
        (void)written;
        pthread_join(server->thread, NULL);
    }
    pthread_mutex_lock(&server->lock);
    for (struct lab_link *link = server->links; link != NULL; link = link->next) {
        (void)shutdown(link->fd, SHUT_RDWR); /* of -1 is nothing */
    }
    while (server->link_count > 0) {
        pthread_cond_wait(&server->changed, &server->lock);
    }
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < server->listener_count; i++) {
        close(server->listeners[i].fd);
    }
    if (server->stop >= 0) {
        close(server->stop);
    }
    if (server->has_contexts) {
        lab_contexts_clear(&server->contexts);
    }
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
