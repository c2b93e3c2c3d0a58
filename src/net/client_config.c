/* SPDX-License-Identifier: MIT
 *
 * The config of a client: first all of it is checked, part by part, so that a refusal can name the
 * part; then it is copied into one piece of memory.
 */
#include "net/client_config.h"

#include "base/ascii.h"
#include "base/base64.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ERROR_LEN_MAX 256

static const char authorization_name[] = "Authorization";
static const char basic[] = "Authorization: Basic ";

static int __attribute__((format(printf, 3, 4)))
refuse(char *error, size_t error_size, const char *format, ...) {
    if (error_size > 0) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(error, error_size, format, arguments);
        va_end(arguments);
    }
    return WHY_ERR_ARGUMENT;
}

/* ---- Checks ---- */

static int check_urls(struct why__client_config *out, const struct why_client_config *config,
                      char *error, size_t error_size) {
    char why[ERROR_LEN_MAX];
    struct why_bytes text = {(const uint8_t *)config->url, strlen(config->url)};
    if (why__url_parse(&out->url, text, why, sizeof why) != WHY_OK) {
        return refuse(error, error_size, "URL, %s", why);
    }
    if (config->proxy == NULL) {
        return WHY_OK;
    }
    text = (struct why_bytes){(const uint8_t *)config->proxy, strlen(config->proxy)};
    if (why__url_parse_proxy(&out->proxy, text, why, sizeof why) != WHY_OK) {
        return refuse(error, error_size, "proxy, %s", why);
    }
    if (out->url.scheme == WHY__SCHEME_WS_UNIX) {
        return refuse(error, error_size, "a unix socket is not reached through a proxy");
    }
    out->has_proxy = true;
    return WHY_OK;
}

static int check_overrides(struct why__client_config *out, const struct why_client_config *config,
                           char *error, size_t error_size) {
    for (size_t i = 0; i < config->resolve_count; i++) {
        if (!why__resolve_override(config->resolve[i], out->url.host, out->url.port,
                                   &out->pinned)) {
            return refuse(error, error_size,
                          "\"%.80s\" does not say how to resolve a name; write host:port:address",
                          config->resolve[i]);
        }
    }
    return WHY_OK;
}

/* Whether the handshake would take this; it is the one place that knows the rules. */
static int try_request(const struct why_client_config *config,
                       const struct why_client_request *request) {
    struct why_client_handshake *handshake = NULL;
    int result = why_client_handshake_new(config->options, request, &handshake);
    if (result == WHY_OK) {
        why_client_handshake_free(handshake);
    }
    return result;
}

/* The offset of what a header line cannot hold, SIZE_MAX for none. */
static size_t find_control(const char *text) {
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (((uint8_t)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* One part at a time, so that the refusal can name it. Its text is not repeated: it may be a
 * password, or hold what a terminal would act on.
 *
 * label  "header 2"
 * rule   what such a part has to be */
static int check_part(const struct why_client_config *config,
                      const struct why_client_request *request, const char *text, const char *label,
                      const char *rule, char *error, size_t error_size) {
    size_t at = find_control(text);
    if (at != SIZE_MAX) {
        const char *name = text[at] == '\r'   ? "a carriage return"
                           : text[at] == '\n' ? "a line feed"
                                              : "a control character";
        return refuse(error, error_size, "%s, offset %zu: %s cannot be in it", label, at, name);
    }
    int result = try_request(config, request);
    return result == WHY_ERR_ARGUMENT
               ? refuse(error, error_size, "%s cannot be sent; it has to be %s", label, rule)
               : result;
}

static bool is_authorization(const char *header) {
    size_t len = sizeof authorization_name - 1;
    return strlen(header) > len && header[len] == ':' &&
           why__text_is_nocase(header, len, authorization_name);
}

static int check_header(const struct why__client_config *out,
                        const struct why_client_config *config, size_t index, char *error,
                        size_t error_size) {
    const char *header = config->headers[index];
    if (out->url.has_user && is_authorization(header)) {
        return refuse(error, error_size,
                      "the URL has a user and header %zu is Authorization too; leave one out",
                      index + 1);
    }
    char label[40];
    (void)snprintf(label, sizeof label, "header %zu", index + 1);
    struct why_client_request request = {.host = out->url.host_header,
                                         .target = out->url.target,
                                         .headers = &header,
                                         .header_count = 1};
    return check_part(config, &request, header, label,
                      "\"Name: value\", and none that the handshake writes itself (Host, Upgrade, "
                      "Connection, Origin, Sec-WebSocket-...)",
                      error, error_size);
}

static int check_request(const struct why__client_config *out,
                         const struct why_client_config *config, char *error, size_t error_size) {
    struct why_client_request request = {.host = out->url.host_header, .target = out->url.target};
    int result = WHY_OK;
    if (config->origin != NULL) {
        request.origin = config->origin;
        result = check_part(config, &request, config->origin, "origin", "as https://example.com",
                            error, error_size);
    }
    for (size_t i = 0; i < config->subprotocol_count && result == WHY_OK; i++) {
        char label[40];
        (void)snprintf(label, sizeof label, "subprotocol %zu", i + 1);
        request.subprotocols = config->subprotocols;
        request.subprotocol_count = i + 1;
        result = check_part(config, &request, config->subprotocols[i], label,
                            "a token, and there only once", error, error_size);
    }
    for (size_t i = 0; i < config->header_count && result == WHY_OK; i++) {
        result = check_header(out, config, i, error, error_size);
    }
    return result;
}

/* ---- The copy ---- */

struct copier {
    char *at;
    const char **list_at;
};

static const char *copy_text(struct copier *copier, const char *text) {
    size_t size = strlen(text) + 1;
    const char *copy = copier->at;
    memcpy(copier->at, text, size);
    copier->at += size;
    return copy;
}

static const char *const *copy_list(struct copier *copier, const char *const *texts, size_t count) {
    const char **list = copier->list_at;
    for (size_t i = 0; i < count; i++) {
        list[i] = copy_text(copier, texts[i]);
    }
    copier->list_at += count;
    return list;
}

static size_t size_of_list(const char *const *texts, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += strlen(texts[i]) + 1;
    }
    return size;
}

/* RFC 7617: name and password, joined by a colon, in Base64. */
static void copy_user(struct copier *copier, const struct why__url *url) {
    char joined[2 * WHY__USER_LEN_MAX + 2];
    int len = snprintf(joined, sizeof joined, "%s:%s", url->user, url->password);
    assert(len > 0 && (size_t)len < sizeof joined);
    *copier->list_at = copier->at;
    copier->list_at++;
    memcpy(copier->at, basic, sizeof basic - 1);
    copier->at += sizeof basic - 1;
    copier->at += why__base64_encode((const uint8_t *)joined, (size_t)len, copier->at);
    *copier->at = '\0';
    copier->at++;
}

static int copy(struct why__client_config *out, const struct why_client_config *config) {
    const struct why_host *host = out->host;
    size_t size = size_of_list(config->subprotocols, config->subprotocol_count) +
                  size_of_list(config->headers, config->header_count) + sizeof basic +
                  WHY__BASE64_LEN((size_t)2 * WHY__USER_LEN_MAX + 1) +
                  (config->origin == NULL ? 0 : strlen(config->origin) + 1);
    size_t count = config->subprotocol_count + config->header_count + 1;
    out->strings = host->allocate(host->context, NULL, size);
    out->list = host->allocate(host->context, NULL, count * sizeof *out->list);
    if (out->strings == NULL || out->list == NULL) {
        return WHY_ERR_NOMEM;
    }
    struct copier copier = {out->strings, out->list};
    struct why_client_request *request = &out->request;
    request->host = out->url.host_header;
    request->target = out->url.target;
    request->origin = config->origin == NULL ? NULL : copy_text(&copier, config->origin);
    request->subprotocols = copy_list(&copier, config->subprotocols, config->subprotocol_count);
    request->subprotocol_count = config->subprotocol_count;
    request->headers = copy_list(&copier, config->headers, config->header_count);
    request->header_count = config->header_count;
    if (out->url.has_user) {
        copy_user(&copier, &out->url);
        request->header_count++;
    }
    return WHY_OK;
}

static int make_tls(struct why__client_config *out, const struct why_client_config *config,
                    const struct why__tls_context *like, char *error, size_t error_size) {
    static const struct why_tls_config defaults = {0};
    if (like != NULL) {
        out->tls_context = why__tls_context_like(like);
        return out->tls_context == NULL ? WHY_ERR_NOMEM : WHY_OK;
    }
    return why__tls_context_new(out->host, config->tls == NULL ? &defaults : config->tls, false,
                                &out->tls_context, error, error_size);
}

int why__client_config_read(struct why__client_config *out, const struct why_client_config *config,
                            const struct why__tls_context *like, char *error, size_t error_size) {
    out->host = config->options->host;
    int result = check_urls(out, config, error, error_size);
    if (result == WHY_OK) {
        result = check_overrides(out, config, error, error_size);
    }
    if (result == WHY_OK) {
        result = check_request(out, config, error, error_size);
    }
    if (result == WHY_OK && out->url.scheme == WHY__SCHEME_WSS) {
        result = make_tls(out, config, like, error, error_size);
    }
    if (result == WHY_OK) {
        result = copy(out, config);
    }
    if (result == WHY_ERR_NOMEM && error_size > 0) {
        (void)snprintf(error, error_size, "out of memory");
    }
    return result;
}

void why__client_config_clear(struct why__client_config *config) {
    const struct why_host *host = config->host;
    why__tls_context_free(config->tls_context);
    host->allocate(host->context, config->strings, 0);
    host->allocate(host->context, config->list, 0);
}
