/* SPDX-License-Identifier: MIT
 *
 * Which proxy the usual environment variables ask for. There is no standard for them; where
 * programs differ this follows curl, but for loopback, which no proxy can reach for us.
 */
#include "whysocket/client.h"

#include "base/ascii.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>

/* In order; NULL ends a list. No HTTP_PROXY: a CGI's peer sets it with a header named Proxy. */
static const char *const ws_names[] = {"ws_proxy",  "WS_PROXY",  "http_proxy",
                                       "all_proxy", "ALL_PROXY", NULL};
static const char *const wss_names[] = {"wss_proxy", "WSS_PROXY", "https_proxy", "HTTPS_PROXY",
                                        "all_proxy", "ALL_PROXY", NULL};
static const char *const exception_names[] = {"no_proxy", "NO_PROXY", NULL};

/* One of no_proxy's entries: a host, perhaps a port. */
struct entry {
    const char *text;
    size_t len;
    uint16_t port; /* 0: any */
};

struct address {
    int family; /* AF_UNSPEC: it is a name */
    size_t bits;
    uint8_t bytes[16];
};

/* The first that is set and not empty. */
static const char *find_variable(const char *const *names, const char *(*lookup)(const char *),
                                 const char **name) {
    for (; *names != NULL; names++) {
        const char *value = lookup(*names);
        if (value != NULL && value[0] != '\0') {
            *name = *names;
            return value;
        }
    }
    return NULL;
}

static struct address read_address(const char *text, size_t len) {
    struct address address = {.family = AF_UNSPEC};
    char copy[INET6_ADDRSTRLEN];
    if (len < sizeof copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        if (inet_pton(AF_INET, copy, address.bytes) == 1) {
            address.family = AF_INET;
            address.bits = 32;
        } else if (inet_pton(AF_INET6, copy, address.bytes) == 1) {
            address.family = AF_INET6;
            address.bits = 128;
        }
    }
    return address;
}

static bool is_same_network(const struct address *a, const struct address *b, size_t bits) {
    if (a->family != b->family || memcmp(a->bytes, b->bytes, bits / 8) != 0) {
        return false;
    }
    unsigned rest = (unsigned)(bits % 8);
    unsigned mask = 0xffU << (8 - rest) & 0xffU;
    return rest == 0 || (a->bytes[bits / 8] & mask) == (b->bytes[bits / 8] & mask);
}

/* "example.com", ".example.com" and "*.example.com" mean the same: it, and all below it. */
static bool matches_name(const struct entry *entry, const char *host, size_t host_len) {
    const char *suffix = entry->text;
    size_t len = entry->len;
    if (len > 1 && suffix[0] == '*' && suffix[1] == '.') {
        suffix++;
        len--;
    }
    if (len > 0 && suffix[0] == '.') {
        suffix++;
        len--;
    }
    if (len > 0 && suffix[len - 1] == '.') {
        len--;
    }
    if (len == 0 || len > host_len ||
        !why__is_equal_nocase(host + host_len - len, len, suffix, len)) {
        return false;
    }
    return len == host_len || host[host_len - len - 1] == '.';
}

static bool matches_address(const struct entry *entry, const struct address *host) {
    const char *slash = memchr(entry->text, '/', entry->len);
    size_t len = slash == NULL ? entry->len : (size_t)(slash - entry->text);
    struct address network = read_address(entry->text, len);
    uint64_t bits = network.bits;
    if (slash != NULL && !why__decimal_read(slash + 1, entry->len - len - 1, bits, &bits)) {
        return false;
    }
    return network.family != AF_UNSPEC && is_same_network(&network, host, (size_t)bits);
}

/* Take the port off: "host:80", "[::1]:80"; an IPv6 address without brackets has none. */
static bool take_port(struct entry *entry) {
    const char *end = entry->text + entry->len;
    const char *colon = NULL;
    if (entry->text[0] == '[') {
        const char *close = memchr(entry->text, ']', entry->len);
        if (close == NULL || (close + 1 < end && close[1] != ':')) {
            return false;
        }
        colon = close + 1 < end ? close + 1 : NULL;
        entry->text++;
        entry->len = (size_t)(close - entry->text);
    } else {
        colon = memchr(entry->text, ':', entry->len);
        if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon - 1)) != NULL) {
            colon = NULL;
        }
        entry->len = colon == NULL ? entry->len : (size_t)(colon - entry->text);
    }
    uint64_t port = 0;
    if (colon != NULL && !why__decimal_read(colon + 1, (size_t)(end - colon - 1), 65535, &port)) {
        return false;
    }
    entry->port = (uint16_t)port;
    return true;
}

static bool entry_matches(struct entry entry, const struct why__url *url,
                          const struct address *address) {
    if (entry.len == 1 && entry.text[0] == '*') {
        return true;
    }
    if (!take_port(&entry) || (entry.port != 0 && entry.port != url->port)) {
        return false;
    }
    if (address->family != AF_UNSPEC) {
        return matches_address(&entry, address);
    }
    size_t host_len = strlen(url->host);
    if (url->host[host_len - 1] == '.') {
        host_len--;
    }
    return matches_name(&entry, url->host, host_len);
}

/* Entries are set apart by commas, or spaces, or both. */
static bool is_excepted(const char *list, const struct why__url *url,
                        const struct address *address) {
    while (*list != '\0') {
        size_t len = strcspn(list, ", \t");
        if (len > 0 && entry_matches((struct entry){list, len, 0}, url, address)) {
            return true;
        }
        list += len;
        list += strspn(list, ", \t");
    }
    return false;
}

static bool is_loopback(const struct why__url *url, const struct address *address) {
    static const struct address ipv6_loopback = {AF_INET6, 128, {[15] = 1}};
    if (address->family == AF_UNSPEC) {
        return why__is_localhost(url->host);
    }
    return (address->family == AF_INET && address->bytes[0] == 127) ||
           is_same_network(address, &ipv6_loopback, 128);
}

const char *why_proxy_for(const char *text, const char *(*lookup)(const char *name),
                          const char **variable) {
    struct why__url url;
    *variable = NULL;
    struct why_bytes bytes = {(const uint8_t *)text, strlen(text)};
    if (why__url_parse(&url, bytes, NULL, 0) != WHY_OK || url.scheme == WHY__SCHEME_WS_UNIX) {
        return NULL;
    }
    struct address address = read_address(url.host, strlen(url.host));
    const char *const *names = url.scheme == WHY__SCHEME_WSS ? wss_names : ws_names;
    const char *name = NULL;
    const char *proxy = find_variable(names, lookup, &name);
    if (proxy == NULL || is_loopback(&url, &address)) {
        return NULL;
    }
    const char *exception_name = NULL;
    const char *exceptions = find_variable(exception_names, lookup, &exception_name);
    if (exceptions != NULL && is_excepted(exceptions, &url, &address)) {
        *variable = exception_name;
        return NULL;
    }
    *variable = name;
    return proxy;
}
