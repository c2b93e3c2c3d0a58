/* SPDX-License-Identifier: MIT */
#include "core/origin.h"

#include "base/ascii.h"

#include <string.h>

struct origin {
    struct why_bytes scheme;
    struct why__authority authority;
};

static const struct {
    const char *scheme;
    uint16_t port;
} default_ports[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}};

static uint16_t default_port(struct why_bytes scheme) {
    for (size_t i = 0; i < sizeof default_ports / sizeof default_ports[0]; i++) {
        if (why__bytes_are(scheme, default_ports[i].scheme)) {
            return default_ports[i].port;
        }
    }
    return 0;
}

/* scheme "://" host [":" port] and nothing after it (RFC 6454 section 6.2). */
static bool read_origin(struct why_bytes text, struct origin *origin) {
    static const char separator[] = "://";
    const size_t separator_len = sizeof separator - 1;
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    if (colon == NULL || colon == text.data) {
        return false;
    }
    size_t scheme_len = (size_t)(colon - text.data);
    size_t host_at = scheme_len + separator_len;
    if (text.len < host_at || memcmp(colon, separator, separator_len) != 0) {
        return false;
    }
    origin->scheme = (struct why_bytes){text.data, scheme_len};
    struct why_bytes rest = {text.data + host_at, text.len - host_at};
    if (!why__authority_read(rest, &origin->authority)) {
        return false;
    }
    if (origin->authority.port == 0) {
        origin->authority.port = default_port(origin->scheme);
    }
    return true;
}

bool why__is_origin(const char *text) {
    struct origin origin;
    return read_origin(why__bytes_of(text), &origin);
}

static bool are_equal_nocase(struct why_bytes a, struct why_bytes b) {
    return why__is_equal_nocase((const char *)a.data, a.len, (const char *)b.data, b.len);
}

static bool is_listed(const struct why_origin_policy *policy, const struct origin *origin) {
    for (size_t i = 0; i < policy->origin_count; i++) {
        struct origin listed;
        if (read_origin(why__bytes_of(policy->origins[i]), &listed) &&
            are_equal_nocase(listed.scheme, origin->scheme) &&
            are_equal_nocase(listed.authority.host, origin->authority.host) &&
            listed.authority.port == origin->authority.port) {
            return true;
        }
    }
    return false;
}

/* A known host without a port is known on every port. */
static bool is_host(const char *known, const struct why__authority *host) {
    struct why__authority authority;
    return why__authority_read(why__bytes_of(known), &authority) &&
           are_equal_nocase(authority.host, host->host) &&
           (authority.port == 0 || authority.port == host->port);
}

static bool is_known(const struct why_origin_policy *policy, const struct why__authority *host) {
    static const char *const always[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        if (is_host(always[i], host)) {
            return true;
        }
    }
    for (size_t i = 0; policy != NULL && i < policy->host_count; i++) {
        if (is_host(policy->hosts[i], host)) {
            return true;
        }
    }
    return false;
}

static bool is_same(const struct why_origin_policy *policy, const struct origin *origin,
                    const struct why__authority *host) {
    struct why__authority served = *host;
    if (served.port == 0) {
        served.port = default_port(origin->scheme);
    }
    return served.port != 0 && are_equal_nocase(served.host, origin->authority.host) &&
           served.port == origin->authority.port && is_known(policy, &served);
}

bool why__origin_is_allowed(const struct why_origin_policy *policy, struct why_bytes text,
                            const struct why__authority *host) {
    enum why_origin_mode mode = policy == NULL ? WHY_ORIGIN_SAME : policy->mode;
    if (mode == WHY_ORIGIN_ANY) {
        return true;
    }
    struct origin origin;
    if (!read_origin(text, &origin)) {
        return false;
    }
    return mode == WHY_ORIGIN_LIST ? is_listed(policy, &origin) : is_same(policy, &origin, host);
}
