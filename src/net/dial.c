/* SPDX-License-Identifier: MIT
 *
 * Dialling: one name, then a staggered race of its addresses, each step timed, and where all fail
 * the most telling failure with a list of all.
 */
#include "net/dial.h"

#include "base/mark.h"
#include "base/say.h"
#include "net/address.h"
#include "net/stream.h"
#include "net/url.h"
#include "whysocket/conn.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ATTEMPT_DELAY_MS 250 /* RFC 8305 section 5 */

/* What errno of connect() means, most telling first: where addresses failed in different ways, the
 * first row that fits one of them is the cause. Running out of our own resources explains all the
 * others, an answer from the far end tells more than none, and that of somebody who is there more
 * than that of a host where nobody listens. */
static const struct {
    int os_error;
    enum why_cause cause;
    const char *word;
} failures[] = {
    {EMFILE, WHY_CAUSE_TCP_NO_RESOURCE, N_("too many open files")},
    {ENFILE, WHY_CAUSE_TCP_NO_RESOURCE, N_("too many open files in the system")},
    {ENOMEM, WHY_CAUSE_TCP_NO_RESOURCE, N_("out of memory")},
    {ENOBUFS, WHY_CAUSE_TCP_NO_RESOURCE, N_("out of buffers")},
    {ENOENT, WHY_CAUSE_TCP_NO_UNIX_SOCKET, N_("no such file")},
    {ENOTDIR, WHY_CAUSE_TCP_NO_UNIX_SOCKET, N_("a part of the path is no folder")},
    {ENOTSOCK, WHY_CAUSE_TCP_NO_UNIX_SOCKET, N_("the file is no socket")},
    {EPROTOTYPE, WHY_CAUSE_TCP_NO_UNIX_SOCKET, N_("the socket is of another type")},
    {ECONNRESET, WHY_CAUSE_TCP_RESET, N_("reset")},
    {ECONNREFUSED, WHY_CAUSE_TCP_REFUSED, N_("refused")},
    {EACCES, WHY_CAUSE_TCP_DENIED, N_("not permitted")},
    {EPERM, WHY_CAUSE_TCP_DENIED, N_("not permitted")},
    {ETIMEDOUT, WHY_CAUSE_TCP_TIMEOUT, N_("no answer")},
    {EHOSTUNREACH, WHY_CAUSE_TCP_UNREACHABLE, N_("host unreachable")},
    {EHOSTDOWN, WHY_CAUSE_TCP_UNREACHABLE, N_("host down")},
    {ENETUNREACH, WHY_CAUSE_TCP_UNREACHABLE, N_("network unreachable")},
    {ENETDOWN, WHY_CAUSE_TCP_UNREACHABLE, N_("network down")},
    {EADDRNOTAVAIL, WHY_CAUSE_TCP_UNREACHABLE, N_("no own address for it")},
    {EAFNOSUPPORT, WHY_CAUSE_TCP_UNREACHABLE, N_("no such kind of address here")},
};

#define FAILURE_COUNT (sizeof failures / sizeof failures[0])

static size_t failure_rank(int os_error) {
    size_t rank = 0;
    while (rank < FAILURE_COUNT && failures[rank].os_error != os_error) {
        rank++;
    }
    return rank;
}

enum why_cause why__dial_cause(int os_error) {
    size_t rank = failure_rank(os_error);
    return rank < FAILURE_COUNT ? failures[rank].cause : WHY_CAUSE_TCP_FAILED;
}

bool why__dial_tells_more(int os_error, int other) {
    return failure_rank(os_error) < failure_rank(other);
}

static void write_address(const union why__sockaddr *from, char *out, size_t out_size) {
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    memcpy(&storage, from, why__sockaddr_len(from));
    struct why__address address = why__address_of(&storage);
    why__address_text(&address, out, out_size);
}

static uint32_t since_us(uint64_t begin_us) {
    uint64_t us = why__clock_us() - begin_us;
    return us < WHY_NO_TIME ? (uint32_t)us : WHY_NO_TIME - 1;
}

static void set_deadline(struct why__dial *dial, uint32_t timeout_ms) {
    dial->step_begin_us = why__clock_us();
    dial->deadline_ms = timeout_ms == 0 ? WHY_NO_DEADLINE : why__loop_now(dial->loop) + timeout_ms;
    why__timer_set(dial->loop, &dial->deadline, dial->deadline_ms);
}

static void end_step(struct why__dial *dial, enum why_layer layer, bool ok, const char *what,
                     const struct why_detail_parts *parts) {
    struct why_timings *timings = &dial->record->timings;
    uint32_t us = since_us(dial->step_begin_us);
    if (layer == WHY_LAYER_DNS) {
        timings->dns_us = us;
    } else {
        timings->tcp_us = us;
    }
    struct why_step step = {.layer = layer, .ok = ok, .us = us, .what = what, .parts = parts};
    /* The program may stop the dial here: is_over says so. */
    dial->ops->on_step(dial, &step);
}

/* Where it is a proxy that cannot be reached, the mend is with the proxy's settings. */
static enum why_cause proxy_cause(enum why_cause cause) {
    bool is_late = cause == WHY_CAUSE_TIMEOUT_DNS || cause == WHY_CAUSE_TIMEOUT_CONNECT;
    return is_late                              ? WHY_CAUSE_TIMEOUT_PROXY
           : cause == WHY_CAUSE_TCP_NO_RESOURCE ? cause
                                                : WHY_CAUSE_PROXY_UNREACHABLE;
}

static void fail(struct why__dial *dial, enum why_cause cause, int os_error) {
    struct why_record *record = dial->record;
    why__dial_stop(dial);
    dial->is_over = false;
    why_record_fail(record, dial->is_proxy ? proxy_cause(cause) : cause);
    record->os_error = os_error;
    end_step(dial, why_cause_layer(cause), false, record->detail, &record->detail_parts);
    if (!dial->is_over) {
        dial->ops->on_failed(dial);
    }
}

/* ---- Connecting ---- */

static void close_attempt(struct why__attempt *attempt) {
    if (attempt->watch.fd >= 0) {
        why__loop_unwatch(attempt->dial->loop, &attempt->watch);
        close(attempt->watch.fd);
        attempt->watch.fd = -1;
    }
}

static void stop_attempts(struct why__dial *dial) {
    for (size_t i = 0; i < dial->next_at; i++) {
        close_attempt(&dial->attempts[i]);
    }
    why__timer_cancel(dial->loop, &dial->next);
    why__timer_cancel(dial->loop, &dial->deadline);
}

void why__dial_stop(struct why__dial *dial) {
    dial->is_over = true;
    if (dial->resolve != NULL) {
        why__resolve_cancel(dial->resolve);
        dial->resolve = NULL;
    }
    if (dial->loop != NULL) {
        stop_attempts(dial);
    }
}

static const char *failure_word(int os_error) {
    size_t rank = failure_rank(os_error);
    return os_error == 0          ? N_("no answer")
           : rank < FAILURE_COUNT ? failures[rank].word
                                  : N_("failed");
}

/* "[::1]:80 refused, 127.0.0.1:80 no answer": what befell each address, as far as there is room. */
static void say_failures(const struct why__dial *dial, bool with_pending, struct why__say *say) {
    const char *comma = "";
    for (size_t i = 0; i < dial->next_at; i++) {
        int os_error = dial->attempts[i].os_error;
        if (os_error == 0 && !with_pending) {
            continue;
        }
        char address[sizeof dial->record->peer];
        write_address(&dial->addresses.list[i], address, sizeof address);
        why__say(say, "%s%s ", comma, address);
        why__say_text(say, failure_word(os_error));
        comma = ", ";
    }
}

static void on_deadline(struct why__timer *timer) {
    struct why__dial *dial = WHY__CONTAINER(timer, struct why__dial, deadline);
    struct why_record *record = dial->record;
    struct why__say say = why__say_in(record);
    record->transport = WHY_TRANSPORT_TIMEOUT;
    if (dial->resolve != NULL) {
        why__say(&say, "no answer for %s", dial->host);
        fail(dial, WHY_CAUSE_TIMEOUT_DNS, 0);
        return;
    }
    say_failures(dial, true, &say);
    write_address(&dial->addresses.list[0], record->peer, sizeof record->peer);
    fail(dial, WHY_CAUSE_TIMEOUT_CONNECT, 0);
}

static void fail_race(struct why__dial *dial) {
    size_t best = 0;
    for (size_t i = 1; i < dial->next_at; i++) {
        if (why__dial_tells_more(dial->attempts[i].os_error, dial->attempts[best].os_error)) {
            best = i;
        }
    }
    struct why_record *record = dial->record;
    int os_error = dial->attempts[best].os_error;
    struct why__say say = why__say_in(record);
    say_failures(dial, true, &say);
    write_address(&dial->addresses.list[best], record->peer, sizeof record->peer);
    record->transport = os_error == ECONNRESET ? WHY_TRANSPORT_RESET : WHY_TRANSPORT_ERRNO;
    fail(dial, why__dial_cause(os_error), os_error);
}

static void tell_connected(struct why__dial *dial, int fd, const char *what,
                           const struct why_detail_parts *parts) {
    end_step(dial, WHY_LAYER_TCP, true, what, parts);
    if (dial->is_over) {
        close(fd);
        return;
    }
    dial->ops->on_connected(dial, fd);
}

static void win(struct why__dial *dial, struct why__attempt *attempt, int fd) {
    size_t index = (size_t)(attempt - dial->attempts);
    struct why_record *record = dial->record;
    stop_attempts(dial);
    dial->won = index;
    write_address(&dial->addresses.list[index], record->peer, sizeof record->peer);
    char what[200];
    struct why_detail_parts parts;
    struct why__say say;
    why__say_begin(&say, what, sizeof what, &parts);
    why__say(&say, "%s", record->peer);
    bool others_failed = false;
    for (size_t i = 0; i < dial->next_at; i++) {
        others_failed |= dial->attempts[i].os_error != 0;
    }
    if (others_failed) {
        why__say(&say, " (");
        say_failures(dial, false, &say);
        why__say(&say, ")");
    }
    tell_connected(dial, fd, what, &parts);
}

static void run_race(struct why__dial *dial);

static void on_attempt_ready(struct why__watch *watch, unsigned ready) {
    (void)ready;
    struct why__attempt *attempt = WHY__CONTAINER(watch, struct why__attempt, watch);
    struct why__dial *dial = attempt->dial;
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
        error = errno;
    }
    if (error == 0) {
        int fd = watch->fd;
        why__loop_unwatch(dial->loop, watch);
        watch->fd = -1;
        win(dial, attempt, fd);
        return;
    }
    attempt->os_error = error;
    close_attempt(attempt);
    run_race(dial);
}

/* returns  the socket, connected already; -1: it is under way, or os_error says why it is not */
static int begin_attempt(struct why__attempt *attempt, const union why__sockaddr *address) {
    attempt->os_error = 0;
    attempt->watch = (struct why__watch){.fd = -1, .on_ready = on_attempt_ready};
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        attempt->os_error = errno;
        return -1;
    }
    if (connect(fd, &address->any, why__sockaddr_len(address)) == 0) {
        return fd;
    }
    if (errno == EINPROGRESS || errno == EINTR) {
        attempt->watch.fd = fd;
        if (why__loop_watch(attempt->dial->loop, &attempt->watch, WHY__WRITABLE) == WHY_OK) {
            return -1;
        }
        attempt->watch.fd = -1;
    }
    attempt->os_error = errno;
    close(fd);
    return -1;
}

/* Begin the next address, and the next at once where that one fails at once; then wait. */
static void run_race(struct why__dial *dial) {
    while (dial->next_at < dial->addresses.count) {
        struct why__attempt *attempt = &dial->attempts[dial->next_at];
        const union why__sockaddr *address = &dial->addresses.list[dial->next_at];
        dial->next_at++;
        attempt->dial = dial;
        int fd = begin_attempt(attempt, address);
        if (fd >= 0) {
            win(dial, attempt, fd);
            return;
        }
        if (attempt->os_error == 0) {
            bool has_more = dial->next_at < dial->addresses.count;
            why__timer_set(dial->loop, &dial->next,
                           has_more ? why__loop_now(dial->loop) + ATTEMPT_DELAY_MS
                                    : WHY_NO_DEADLINE);
            return;
        }
    }
    for (size_t i = 0; i < dial->next_at; i++) {
        if (dial->attempts[i].watch.fd >= 0) {
            return; /* one is still under way */
        }
    }
    fail_race(dial);
}

static void on_next(struct why__timer *timer) {
    run_race(WHY__CONTAINER(timer, struct why__dial, next));
}

void why__dial_interleave(struct why__addresses *addresses) {
    struct why__addresses rest = *addresses;
    bool taken[WHY__ADDRESSES_MAX] = {false};
    sa_family_t wanted = rest.count > 0 ? rest.list[0].any.sa_family : AF_INET;
    for (size_t out = 0; out < rest.count; out++) {
        size_t pick = rest.count;
        for (size_t i = 0; i < rest.count; i++) {
            if (!taken[i] && (pick == rest.count || (rest.list[i].any.sa_family == wanted &&
                                                     rest.list[pick].any.sa_family != wanted))) {
                pick = i;
            }
        }
        assert(pick < rest.count);
        taken[pick] = true;
        addresses->list[out] = rest.list[pick];
        wanted = rest.list[pick].any.sa_family == AF_INET ? AF_INET6 : AF_INET;
    }
}

static void connect_unix(struct why__dial *dial) {
    struct why_record *record = dial->record;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s", dial->unix_path);
    assert(len > 0 && (size_t)len < sizeof address.sun_path); /* url.h bounds it */
    (void)len;
    (void)snprintf(record->peer, sizeof record->peer, "unix:%s", dial->unix_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        why__timer_cancel(dial->loop, &dial->deadline);
        tell_connected(dial, fd, record->peer, NULL);
        return;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    struct stat file;
    if (error == ECONNREFUSED && stat(dial->unix_path, &file) == 0 && !S_ISSOCK(file.st_mode)) {
        error = ENOTSOCK; /* which Linux does not tell apart */
    }
    struct why__say say = why__say_in(record);
    why__say(&say, "%s: ", dial->unix_path);
    /* A unix socket connects at once or not at all; EAGAIN is a queue that is full. */
    why__say_text(&say,
                  error == EAGAIN ? N_("its queue of connections is full") : failure_word(error));
    record->transport = WHY_TRANSPORT_ERRNO;
    fail(dial, why__dial_cause(error), error);
}

/* ---- The name ---- */

static void write_addresses(const struct why__addresses *addresses, char *out, size_t out_size) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < addresses->count && len < out_size; i++) {
        const union why__sockaddr *address = &addresses->list[i];
        char text[INET6_ADDRSTRLEN] = "";
        (void)getnameinfo(&address->any, why__sockaddr_len(address), text, sizeof text, NULL, 0,
                          NI_NUMERICHOST);
        int written = snprintf(out + len, out_size - len, "%s%s", i == 0 ? "" : ", ", text);
        len += written > 0 ? (size_t)written : 0;
    }
}

static void go_on(struct why__dial *dial, bool is_given) {
    char addresses[180], what[200];
    struct why_detail_parts parts;
    struct why__say say;
    why__timer_cancel(dial->loop, &dial->deadline);
    write_addresses(&dial->addresses, addresses, sizeof addresses);
    why__say_begin(&say, what, sizeof what, &parts);
    why__say(&say, "%s", addresses);
    why__say_text(&say, is_given ? N_(" (given)") : "");
    end_step(dial, WHY_LAYER_DNS, true, what, &parts);
    if (dial->is_over) {
        return;
    }
    if (dial->name_only) {
        dial->ops->on_resolved(dial);
        return;
    }
    why__dial_interleave(&dial->addresses);
    set_deadline(dial, dial->options->connect_timeout_ms);
    run_race(dial);
}

static void on_resolved(void *context, const struct why__resolved *resolved) {
    struct why__dial *dial = context;
    dial->resolve = NULL;
    if (resolved->error == 0) {
        dial->addresses = resolved->addresses;
        go_on(dial, false);
        return;
    }
    struct why_record *record = dial->record;
    struct why__say say = why__say_in(record);
    why__say(&say, "%.150s", dial->host);
    fail(dial, why__resolve_cause(resolved->error), resolved->error);
}

void why__dial_start(struct why__dial *dial) {
    dial->deadline.on_due = on_deadline;
    dial->next.on_due = on_next;
    dial->next_at = 0;
    dial->is_over = false;
    if (dial->unix_path != NULL) {
        set_deadline(dial, dial->options->connect_timeout_ms);
        connect_unix(dial);
        return;
    }
    set_deadline(dial, dial->options->name_timeout_ms);
    if (dial->pinned != NULL && dial->pinned->count > 0) {
        dial->addresses = *dial->pinned;
        go_on(dial, true);
        return;
    }
    if (why__resolve_known(dial->host, dial->port, &dial->addresses)) {
        go_on(dial, false);
        return;
    }
    dial->resolve = why__resolve_start(dial->loop, dial->host, dial->port, on_resolved, dial);
    if (dial->resolve == NULL) {
        struct why_record *record = dial->record;
        struct why__say say = why__say_in(record);
        why__say(&say, "no thread could be started to ask for %.100s", dial->host);
        fail(dial, WHY_CAUSE_DNS_FAILED, EAI_SYSTEM);
    }
}
