/* SPDX-License-Identifier: MIT
 *
 * One function a rule. They only say which rule was broken; the answer is handshake_server.c's.
 */
#include "core/request.h"

#include "base/ascii.h"
#include "core/extensions.h"
#include "core/http_field.h"
#include "core/origin.h"

#include <string.h>

struct check {
    const struct why_http_head *head;
    const struct why_options *options;
    const struct why_origin_policy *policy;
    struct why__request *request;
    struct why__authority host;
};

static enum why__refusal refuse_at(struct check *check, enum why__refusal refusal,
                                   const struct why_header *header, const uint8_t *at) {
    check->request->refused_header = header;
    check->request->refused_at = at;
    return refusal;
}

static enum why__refusal refuse(struct check *check, enum why__refusal refusal,
                                const struct why_header *header) {
    return refuse_at(check, refusal, header, header == NULL ? NULL : header->value.data);
}

static bool is_method(const struct check *check, const char *method) {
    return why__bytes_are_equal(check->head->method, why__bytes_of(method));
}

static enum why__refusal check_method(struct check *check) {
    bool is_fine = is_method(check, "GET") || is_method(check, "HEAD");
    return is_fine ? WHY__REFUSAL_NONE : WHY__REFUSAL_METHOD;
}

/* RFC 9112 section 3.2: exactly one, and valid. */
static enum why__refusal check_host(struct check *check) {
    size_t count = 0;
    const struct why_header *header = why__header_find(check->head, "Host", &count);
    if (count != 1) {
        return refuse(check, count == 0 ? WHY__REFUSAL_HOST_MISSING : WHY__REFUSAL_HOST_DOUBLED,
                      header);
    }
    if (!why__authority_read(header->value, &check->host)) {
        return refuse(check, WHY__REFUSAL_HOST_BAD, header);
    }
    return WHY__REFUSAL_NONE;
}

/* A body would stand where the first frame is awaited, or be read as another request. GET and HEAD
 * have no use for one, so that it is refused on every request. */
static enum why__refusal check_body(struct check *check) {
    size_t count = 0;
    const struct why_header *header = why__header_find(check->head, "Content-Length", &count);
    uint64_t len = 0;
    if (count > 1 || (count == 1 && !why__decimal_read((const char *)header->value.data,
                                                       header->value.len, UINT64_MAX, &len))) {
        return refuse(check, WHY__REFUSAL_CONTENT_LENGTH_BAD, header);
    }
    if (len > 0) {
        return refuse(check, WHY__REFUSAL_BODY, header);
    }
    header = why__header_find(check->head, "Transfer-Encoding", NULL);
    return header == NULL ? WHY__REFUSAL_NONE : refuse(check, WHY__REFUSAL_BODY, header);
}

/* A request that names WebSocket nowhere is a plain one, whatever else it would upgrade to. One
 * that names it in some headers and not in others is a WebSocket's that something on the way has
 * damaged, and is told so. */
static enum why__refusal check_upgrade(struct check *check) {
    size_t count = 0;
    const struct why_header *upgrade = why__header_find(check->head, "Upgrade", &count);
    bool lists_websocket = why__header_lists(check->head, "Upgrade", "websocket");
    if (!lists_websocket) {
        bool is_damaged = why__header_find(check->head, "Sec-WebSocket-Key", NULL) != NULL;
        return is_damaged ? refuse(check, WHY__REFUSAL_UPGRADE_MISSING, upgrade)
                          : WHY__REFUSAL_NONE;
    }
    check->request->is_upgrade = true;
    if (!is_method(check, "GET")) {
        return WHY__REFUSAL_METHOD;
    }
    if (count > 1 || !why__bytes_are(upgrade->value, "websocket")) {
        return refuse(check, WHY__REFUSAL_UPGRADE_LIST, upgrade);
    }
    if (!why__header_lists(check->head, "Connection", "upgrade")) {
        return refuse(check, WHY__REFUSAL_CONNECTION,
                      why__header_find(check->head, "Connection", NULL));
    }
    return WHY__REFUSAL_NONE;
}

static enum why__refusal check_version(struct check *check) {
    size_t count = 0;
    const struct why_header *header =
        why__header_find(check->head, "Sec-WebSocket-Version", &count);
    if (count > 1) {
        return refuse(check, WHY__REFUSAL_VERSION_DOUBLED, header);
    }
    if (count == 0 || !why__bytes_are(header->value, "13")) {
        return refuse(check, WHY__REFUSAL_VERSION, header);
    }
    return WHY__REFUSAL_NONE;
}

/* 22 characters and "==". The bits past the 16th byte may be set: in the RFC's own example
 * (section 4.1, "AQIDBAUGBwgJCgsMDQ4PEC==") they are. */
static bool is_key(struct why_bytes key) {
    if (key.len != 24 || key.data[22] != '=' || key.data[23] != '=') {
        return false;
    }
    for (size_t i = 0; i < 22; i++) {
        char c = (char)key.data[i];
        char lower = why__to_lower(c);
        if (!(lower >= 'a' && lower <= 'z') && !why__is_digit(c) && c != '+' && c != '/') {
            return false;
        }
    }
    return true;
}

static enum why__refusal check_key(struct check *check) {
    size_t count = 0;
    const struct why_header *header = why__header_find(check->head, "Sec-WebSocket-Key", &count);
    if (count != 1) {
        return refuse(check, count == 0 ? WHY__REFUSAL_KEY_MISSING : WHY__REFUSAL_KEY_DOUBLED,
                      header);
    }
    if (!is_key(header->value)) {
        return refuse(check, WHY__REFUSAL_KEY_BAD, header);
    }
    check->request->key = header->value;
    return WHY__REFUSAL_NONE;
}

static enum why__refusal check_origin(struct check *check) {
    size_t count = 0;
    const struct why_header *header = why__header_find(check->head, "Origin", &count);
    if (count > 1) {
        return refuse(check, WHY__REFUSAL_ORIGIN_DOUBLED, header);
    }
    if (count == 1 && !why__origin_is_allowed(check->policy, header->value, &check->host)) {
        return refuse(check, WHY__REFUSAL_ORIGIN, header);
    }
    return WHY__REFUSAL_NONE;
}

/* The header may come several times (section 11.3.2): the order is that of all of them. */
static enum why__refusal check_extensions(struct check *check) {
    for (size_t i = 0; i < check->head->header_count; i++) {
        const struct why_header *header = &check->head->headers[i];
        size_t error_at = 0;
        if (why__bytes_are(header->name, "Sec-WebSocket-Extensions") &&
            !why__extensions_accept(header->value, check->options, &check->request->deflate,
                                    &error_at)) {
            return refuse_at(check, WHY__REFUSAL_EXTENSIONS, header, header->value.data + error_at);
        }
    }
    return WHY__REFUSAL_NONE;
}

static enum why__refusal add_subprotocol(struct why__request *request,
                                         struct why_bytes subprotocol) {
    if (!why__is_token((const char *)subprotocol.data, subprotocol.len)) {
        return WHY__REFUSAL_SUBPROTOCOLS;
    }
    if (request->subprotocol_count == WHY__SUBPROTOCOLS_MAX) {
        return WHY__REFUSAL_SUBPROTOCOLS_MANY;
    }
    for (size_t i = 0; i < request->subprotocol_count; i++) {
        if (why__bytes_are_equal(request->subprotocols[i], subprotocol)) {
            return WHY__REFUSAL_SUBPROTOCOL_TWICE;
        }
    }
    request->subprotocols[request->subprotocol_count++] = subprotocol;
    return WHY__REFUSAL_NONE;
}

/* It too may come several times (section 11.3.4). */
static enum why__refusal check_subprotocols(struct check *check) {
    for (size_t i = 0; i < check->head->header_count; i++) {
        const struct why_header *header = &check->head->headers[i];
        if (!why__bytes_are(header->name, "Sec-WebSocket-Protocol")) {
            continue;
        }
        struct why_bytes list = header->value;
        struct why_bytes subprotocol = {NULL, 0};
        size_t before = check->request->subprotocol_count;
        while (why__list_next(&list, &subprotocol)) {
            enum why__refusal refusal = add_subprotocol(check->request, subprotocol);
            if (refusal != WHY__REFUSAL_NONE) {
                return refuse_at(check, refusal, header, subprotocol.data);
            }
        }
        if (check->request->subprotocol_count == before) {
            return refuse(check, WHY__REFUSAL_SUBPROTOCOLS, header);
        }
    }
    return WHY__REFUSAL_NONE;
}

typedef enum why__refusal rule(struct check *check);

static rule *const rules_of_all[] = {check_method, check_host, check_body, check_upgrade};

static rule *const rules_of_upgrades[] = {check_version, check_key, check_origin, check_extensions,
                                          check_subprotocols};

static enum why__refusal apply(struct check *check, rule *const *rules, size_t count) {
    for (size_t i = 0; i < count; i++) {
        enum why__refusal refusal = rules[i](check);
        if (refusal != WHY__REFUSAL_NONE) {
            return refusal;
        }
    }
    return WHY__REFUSAL_NONE;
}

enum why__refusal why__request_check(const struct why_http_head *head,
                                     const struct why_options *options,
                                     const struct why_origin_policy *policy,
                                     struct why__request *request) {
    memset(request, 0, sizeof *request);
    struct check check = {.head = head, .options = options, .policy = policy, .request = request};
    enum why__refusal refusal =
        apply(&check, rules_of_all, sizeof rules_of_all / sizeof rules_of_all[0]);
    if (refusal != WHY__REFUSAL_NONE || !request->is_upgrade) {
        return refusal;
    }
    return apply(&check, rules_of_upgrades, sizeof rules_of_upgrades / sizeof rules_of_upgrades[0]);
}
