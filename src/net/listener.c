/* SPDX-License-Identifier: MIT
 *
 * Listening sockets: addresses are read, names resolved, sockets bound, and what is wrong said in
 * one line that names the mend.
 */
#include "net/listener.h"

#include "net/address.h"
#include "net/stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"

struct endpoint {
    struct sockaddr_storage storage;
    socklen_t len;
};

static const char *mend_of(int error) {
    switch (error) {
    case EADDRINUSE:
        return "another program listens there; stop it, or take another port (0 finds a free one)";
    case EACCES:
        return "not allowed; ports below 1024 need a privilege, a path needs write permission";
    case EADDRNOTAVAIL:
        return "this machine has no such address; \":PORT\" listens on all that it has";
    case EAFNOSUPPORT:
        return "this machine does not speak that kind of address";
    case EMFILE:
    case ENFILE:
        return "no file descriptor is left; raise the limit of open files";
    case ENOENT:
    case ENOTDIR:
        return "the directory of that path does not exist";
    default:
        return "";
    }
}

static bool is_path(const char *address) {
    return strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

/* Whether what is in the way at the path is no socket, which is not ours to remove. */
static bool is_taken_by_other(const char *address) {
    struct stat status;
    return lstat(address + strlen(UNIX_PREFIX), &status) == 0 && !S_ISSOCK(status.st_mode);
}

static const char *mend_at(const char *address, int error) {
    if (error != EADDRINUSE || !is_path(address)) {
        return mend_of(error);
    }
    return is_taken_by_other(address) ? "something else than a socket is there; take another path"
                                      : "another program listens there; stop it, or take another "
                                        "path";
}

static int refuse(const struct why__listen *how, const char *address, int error) {
    const char *mend = mend_at(address, error);
    char text[96];
    const char *words = strerror_r(error, text, sizeof text);
    snprintf(how->error, how->error_size, "cannot listen on %s: %s%s%s", address, words,
             mend[0] == '\0' ? "" : "; ", mend);
    errno = error;
    return WHY_ERR_SYSTEM;
}

static int refuse_text(const struct why__listen *how, const char *address, const char *what) {
    snprintf(how->error, how->error_size, "cannot listen on %s: %s", address, what);
    return WHY_ERR_ARGUMENT;
}

static int close_with(int fd, int error) {
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return -1;
}

/* Bind a socket that may share its port. -1 with errno. */
static int bind_shared(const struct endpoint *endpoint, bool dual, bool shares) {
    int family = endpoint->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int on = 1;
    int off = 0;
    bool is_ready = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (shares) {
        is_ready &= setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0;
    }
    if (family == AF_INET6) {
        is_ready &= setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dual ? &off : &on, sizeof on) == 0;
    }
    if (!is_ready || bind(fd, (const struct sockaddr *)&endpoint->storage, endpoint->len) != 0) {
        return close_with(fd, errno);
    }
    return fd;
}

static uint16_t port_of(const struct endpoint *endpoint) {
    return why__address_of(&endpoint->storage).port;
}

/* Every socket may share its port with those of further threads, so the kernel would let a second
 * copy of the program in unnoticed. A socket that may not share finds out whether one is there. */
static int bind_port(const struct endpoint *endpoint, bool dual, bool joins) {
    if (!joins && port_of(endpoint) != 0) {
        int probe = bind_shared(endpoint, dual, false);
        if (probe < 0) {
            return -1;
        }
        close(probe);
    }
    return bind_shared(endpoint, dual, true);
}

/* Whether what is at the path is a socket that nobody listens on: left behind by a program that did
 * not end in order. */
static bool is_stale(const struct sockaddr_un *name) {
    struct stat status;
    if (lstat(name->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool refused =
        connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_path(const struct sockaddr_un *name) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    int result = bind(fd, (const struct sockaddr *)name, sizeof *name);
    if (result != 0 && errno == EADDRINUSE) {
        if (is_stale(name) && unlink(name->sun_path) == 0) {
            result = bind(fd, (const struct sockaddr *)name, sizeof *name);
        } else {
            errno = EADDRINUSE;
        }
    }
    return result == 0 ? fd : close_with(fd, errno);
}

/* Begin to listen, and put it into the list. Takes `fd`. */
static int add(int fd, const char *path, const struct why__listen *how,
               struct why__listener ***end) {
    struct why__listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL) {
        close(fd);
        return WHY_ERR_NOMEM;
    }
    listener->watch.fd = fd;
    struct sockaddr_storage storage = {0};
    socklen_t len = sizeof storage;
    if (path == NULL) {
        why__stream_tune(fd, how->user_timeout_ms);
    } else {
        listener->is_unix = true;
        snprintf(listener->address, sizeof listener->address, "%s%s", UNIX_PREFIX, path);
    }
    if (listen(fd, SOMAXCONN) != 0 || getsockname(fd, (struct sockaddr *)&storage, &len) != 0) {
        int error = errno;
        why__listeners_free(listener);
        errno = error;
        return WHY_ERR_SYSTEM;
    }
    if (path == NULL) {
        struct why__address bound = why__address_of(&storage);
        why__address_text(&bound, listener->address, sizeof listener->address);
    }
    **end = listener;
    *end = &listener->next;
    return WHY_OK;
}

static int open_path(const char *address, const struct why__listen *how,
                     struct why__listener ***end) {
    const char *path = address + strlen(UNIX_PREFIX);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof name.sun_path) {
        return refuse_text(how, address, "a unix socket's path has 1 to 107 bytes");
    }
    memcpy(name.sun_path, path, len + 1);
    int fd = bind_path(&name);
    if (fd < 0) {
        return refuse(how, address, errno);
    }
    int result = add(fd, path, how, end);
    return result == WHY_ERR_SYSTEM ? refuse(how, address, errno) : result;
}

/* All addresses: IPv6 takes IPv4 in as well, where there is IPv6. */
static int open_any(const char *address, uint16_t port, const struct why__listen *how,
                    struct why__listener ***end) {
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct endpoint endpoint = {.len = sizeof in6};
    memcpy(&endpoint.storage, &in6, sizeof in6);
    int fd = bind_port(&endpoint, true, how->joins);
    if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
        endpoint = (struct endpoint){.len = sizeof in};
        memcpy(&endpoint.storage, &in, sizeof in);
        fd = bind_port(&endpoint, false, how->joins);
    }
    int result = fd < 0 ? WHY_ERR_SYSTEM : add(fd, NULL, how, end);
    return result == WHY_ERR_SYSTEM ? refuse(how, address, errno) : result;
}

static void set_port(struct endpoint *endpoint, uint16_t port) {
    if (endpoint->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &endpoint->storage, sizeof in6);
        in6.sin6_port = htons(port);
        memcpy(&endpoint->storage, &in6, sizeof in6);
    } else {
        struct sockaddr_in in;
        memcpy(&in, &endpoint->storage, sizeof in);
        in.sin_port = htons(port);
        memcpy(&endpoint->storage, &in, sizeof in);
    }
}

static uint16_t bound_port(int fd) {
    struct sockaddr_storage storage = {0};
    socklen_t len = sizeof storage;
    if (getsockname(fd, (struct sockaddr *)&storage, &len) != 0) {
        return 0;
    }
    return why__address_of(&storage).port;
}

/* Each address of a name; those that the machine has no interface for ("localhost" names ::1 where
 * IPv6 is off) are passed over as long as there is another. Port 0 becomes the same for all. */
static int open_addresses(const char *address, const struct addrinfo *found, uint16_t port,
                          const struct why__listen *how, struct why__listener ***end) {
    int passed_over = 0;
    bool any = false;
    for (const struct addrinfo *info = found; info != NULL; info = info->ai_next) {
        struct endpoint endpoint = {.len = info->ai_addrlen};
        memcpy(&endpoint.storage, info->ai_addr, info->ai_addrlen);
        set_port(&endpoint, port);
        int fd = bind_port(&endpoint, false, how->joins);
        if (fd < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)) {
            passed_over = errno;
            continue;
        }
        if (fd >= 0 && port == 0) {
            port = bound_port(fd);
        }
        int result = fd < 0 ? WHY_ERR_SYSTEM : add(fd, NULL, how, end);
        if (result != WHY_OK) {
            return result == WHY_ERR_SYSTEM ? refuse(how, address, errno) : result;
        }
        any = true;
    }
    return any ? WHY_OK : refuse(how, address, passed_over);
}

static int open_host(const char *address, const char *host, uint16_t port,
                     const struct why__listen *how, struct why__listener ***end) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error == EAI_MEMORY) {
        return WHY_ERR_NOMEM;
    }
    if (error != 0) {
        return refuse_text(how, address,
                           error == EAI_SYSTEM ? "the name cannot be looked up"
                                               : gai_strerror(error));
    }
    int result = open_addresses(address, found, port, how, end);
    freeaddrinfo(found);
    return result;
}

/* "host:port", "[v6]:port", ":port" into its parts. */
static bool split(const char *address, char *host, size_t host_size, uint16_t *port) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
        strlen(colon + 1) > 5) {
        return false;
    }
    unsigned long number = strtoul(colon + 1, NULL, 10);
    size_t len = (size_t)(colon - address);
    const char *begin = address;
    if (len >= 2 && begin[0] == '[' && begin[len - 1] == ']') {
        begin++;
        len -= 2;
    } else if (memchr(begin, ':', len) != NULL) {
        return false; /* IPv6 without its brackets: which colon is the port's? */
    }
    if (number > UINT16_MAX || len >= host_size) {
        return false;
    }
    memcpy(host, begin, len);
    host[len] = '\0';
    *port = (uint16_t)number;
    return true;
}

int why__listeners_open(const char *address, const struct why__listen *how,
                        struct why__listener **out) {
    struct why__listener *listeners = NULL;
    struct why__listener **end = &listeners;
    char host[256];
    uint16_t port = 0;
    int result = WHY_OK;
    if (is_path(address)) {
        result = open_path(address, how, &end);
    } else if (!split(address, host, sizeof host, &port)) {
        result =
            refuse_text(how, address, "an address is HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH");
    } else if (address[0] == ':') {
        result = open_any(address, port, how, &end);
    } else {
        result = open_host(address, host, port, how, &end);
    }
    if (result != WHY_OK) {
        int error = errno;
        why__listeners_free(listeners);
        errno = error;
        return result;
    }
    *out = listeners;
    return WHY_OK;
}

void why__listeners_close(struct why__listener *listeners) {
    for (struct why__listener *at = listeners; at != NULL; at = at->next) {
        if (at->watch.fd < 0) {
            continue;
        }
        close(at->watch.fd);
        at->watch.fd = -1;
        if (at->is_unix) {
            unlink(at->address + strlen(UNIX_PREFIX));
        }
    }
}

void why__listeners_free(struct why__listener *listeners) {
    why__listeners_close(listeners);
    while (listeners != NULL) {
        struct why__listener *next = listeners->next;
        if (!listeners->shares_tls) {
            why__tls_context_free(listeners->tls);
        }
        free(listeners);
        listeners = next;
    }
}
