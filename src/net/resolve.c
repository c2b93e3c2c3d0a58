/* SPDX-License-Identifier: MIT
 *
 * A question is shared by the loop and its thread, and whoever lets go of it last frees it. The
 * answer is announced through an eventfd of its own, so that the thread never touches the loop,
 * which may be gone by then.
 */
#include "net/resolve.h"

#include "base/ascii.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_LEN ((size_t)1 << 20) /* NSS modules want some; it is reserved, not used up */

struct why__resolve {
    struct why__watch watch; /* on the eventfd; the loop's side */
    struct why_loop *loop;
    why__resolve_done *on_done;
    void *context;

    atomic_int holders;
    int fd;
    uint16_t port;
    char host[WHY__HOST_LEN_MAX + 1];
    struct why__resolved resolved; /* the thread's until it has written to the eventfd */
};

socklen_t why__sockaddr_len(const union why__sockaddr *address) {
    return address->any.sa_family == AF_INET6 ? sizeof address->ipv6 : sizeof address->ipv4;
}

bool why__addresses_add(struct why__addresses *addresses, const char *text, uint16_t port) {
    if (addresses->count == WHY__ADDRESSES_MAX) {
        return false;
    }
    union why__sockaddr *address = &addresses->list[addresses->count];
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &address->ipv4.sin_addr) == 1) {
        address->ipv4.sin_family = AF_INET;
        address->ipv4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &address->ipv6.sin6_addr) == 1) {
        address->ipv6.sin6_family = AF_INET6;
        address->ipv6.sin6_port = htons(port);
    } else {
        return false;
    }
    addresses->count++;
    return true;
}

bool why__resolve_known(const char *host, uint16_t port, struct why__addresses *out) {
    out->count = 0;
    if (why__is_localhost(host)) {
        return why__addresses_add(out, "::1", port) && why__addresses_add(out, "127.0.0.1", port);
    }
    return why__addresses_add(out, host, port);
}

bool why__resolve_override(const char *entry, const char *host, uint16_t port,
                           struct why__addresses *out) {
    const char *first = strchr(entry, ':');
    const char *second = first == NULL ? NULL : strchr(first + 1, ':');
    uint64_t entry_port = 0;
    if (second == NULL || first == entry ||
        !why__decimal_read(first + 1, (size_t)(second - first - 1), 65535, &entry_port)) {
        return false;
    }
    const char *address = second + 1;
    size_t len = strlen(address);
    if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    char copy[INET6_ADDRSTRLEN] = "";
    if (len < sizeof copy) {
        memcpy(copy, address, len);
        copy[len] = '\0';
    }
    if (!why__is_address(copy)) {
        return false;
    }
    if (entry_port == port && why__text_is_nocase(entry, (size_t)(first - entry), host)) {
        (void)why__addresses_add(out, copy, port); /* what is beyond the list is not tried */
    }
    return true;
}

/* ---- The thread ---- */

static void let_go(struct why__resolve *resolve) {
    if (atomic_fetch_sub(&resolve->holders, 1) == 1) {
        close(resolve->fd);
        free(resolve);
    }
}

static void keep_addresses(struct why__resolved *resolved, const struct addrinfo *list,
                           uint16_t port) {
    struct why__addresses *addresses = &resolved->addresses;
    for (; list != NULL && addresses->count < WHY__ADDRESSES_MAX; list = list->ai_next) {
        union why__sockaddr *address = &addresses->list[addresses->count];
        bool is_ipv4 = list->ai_family == AF_INET && list->ai_addrlen == sizeof address->ipv4;
        bool is_ipv6 = list->ai_family == AF_INET6 && list->ai_addrlen == sizeof address->ipv6;
        if (is_ipv4) {
            memcpy(&address->ipv4, list->ai_addr, sizeof address->ipv4);
            address->ipv4.sin_port = htons(port);
        } else if (is_ipv6) {
            memcpy(&address->ipv6, list->ai_addr, sizeof address->ipv6);
            address->ipv6.sin6_port = htons(port);
        }
        addresses->count += is_ipv4 || is_ipv6;
    }
}

static void *ask(void *argument) {
    struct why__resolve *resolve = argument;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    struct why__resolved *resolved = &resolve->resolved;
    resolved->error = getaddrinfo(resolve->host, NULL, &hints, &list);
    resolved->os_error = resolved->error == EAI_SYSTEM ? errno : 0;
    if (resolved->error == 0) {
        keep_addresses(resolved, list, resolve->port);
        freeaddrinfo(list);
        if (resolved->addresses.count == 0) {
            resolved->error = EAI_NODATA;
        }
    }
    uint64_t one = 1;
    ssize_t written = write(resolve->fd, &one, sizeof one);
    (void)written; /* a counter at zero takes a one */
    let_go(resolve);
    return NULL;
}

/* The program's signals are not for this thread: it inherits a mask that lets none in. */
static int start_thread(struct why__resolve *resolve) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_LEN);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, ask, resolve);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

/* ---- The loop's side ---- */

static void on_answer(struct why__watch *watch, unsigned ready) {
    (void)ready;
    struct why__resolve *resolve = WHY__CONTAINER(watch, struct why__resolve, watch);
    uint64_t count = 0;
    if (read(watch->fd, &count, sizeof count) != (ssize_t)sizeof count) {
        return;
    }
    why__loop_unwatch(resolve->loop, &resolve->watch);
    resolve->on_done(resolve->context, &resolve->resolved);
    let_go(resolve);
}

static struct why__resolve *new_question(const char *host, uint16_t port) {
    /* malloc() and not the host's memory: it may be the thread that frees it. */
    struct why__resolve *resolve = calloc(1, sizeof *resolve);
    if (resolve == NULL) {
        return NULL;
    }
    resolve->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (resolve->fd < 0) {
        free(resolve);
        return NULL;
    }
    atomic_init(&resolve->holders, 1);
    resolve->port = port;
    (void)why__text_copy(resolve->host, sizeof resolve->host, host, strlen(host));
    return resolve;
}

struct why__resolve *why__resolve_start(struct why_loop *loop, const char *host, uint16_t port,
                                        why__resolve_done *on_done, void *context) {
    struct why__resolve *resolve = new_question(host, port);
    if (resolve == NULL) {
        return NULL;
    }
    resolve->loop = loop;
    resolve->on_done = on_done;
    resolve->context = context;
    resolve->watch.fd = resolve->fd;
    resolve->watch.on_ready = on_answer;
    int error = 0;
    if (why__loop_watch(loop, &resolve->watch, WHY__READABLE) != WHY_OK) {
        error = errno;
        let_go(resolve);
        errno = error;
        return NULL;
    }
    atomic_store(&resolve->holders, 2);
    error = start_thread(resolve);
    if (error != 0) {
        why__loop_unwatch(loop, &resolve->watch);
        atomic_store(&resolve->holders, 1);
        let_go(resolve);
        errno = error;
        return NULL;
    }
    return resolve;
}

void why__resolve_cancel(struct why__resolve *resolve) {
    why__loop_unwatch(resolve->loop, &resolve->watch);
    let_go(resolve);
}

enum why_cause why__resolve_cause(int error) {
    switch (error) {
    case EAI_NONAME:
        return WHY_CAUSE_DNS_NOT_FOUND;
    case EAI_NODATA:
    case EAI_ADDRFAMILY:
        return WHY_CAUSE_DNS_NO_ADDRESS;
    case EAI_AGAIN:
        return WHY_CAUSE_DNS_TEMPORARY;
    default:
        return WHY_CAUSE_DNS_FAILED;
    }
}
