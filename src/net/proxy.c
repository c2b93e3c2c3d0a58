/* SPDX-License-Identifier: MIT
 *
 * What both kinds of proxy have in common: output, failing, the report.
 */
#include "net/proxy.h"

#include "base/say.h"
#include "core/redact.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

void why__proxy_begin(struct why__proxy *proxy, const struct why__url *via, const char *host,
                      uint16_t port) {
    memset(proxy, 0, sizeof *proxy);
    proxy->via = via;
    proxy->host = host;
    proxy->port = port;
    if (via->scheme == WHY__SCHEME_HTTP_PROXY) {
        why__proxy_http_begin(proxy);
    } else {
        why__proxy_socks_begin(proxy);
    }
}

enum why__proxy_status why__proxy_receive(struct why__proxy *proxy, struct why_bytes *input) {
    if (proxy->via->scheme == WHY__SCHEME_HTTP_PROXY) {
        why__proxy_http_receive(proxy, input);
    } else {
        why__proxy_socks_receive(proxy, input);
    }
    return proxy->status;
}

void why__proxy_eof(struct why__proxy *proxy) {
    size_t len = proxy->head_len + proxy->answer_len;
    if (len == 0) {
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_CLOSED, "it closed without an answer");
    } else {
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_CLOSED, "it closed after %zu bytes of its answer",
                        len);
    }
}

struct why_bytes why__proxy_output(const struct why__proxy *proxy) {
    return (struct why_bytes){proxy->output + proxy->output_at,
                              proxy->output_len - proxy->output_at};
}

void why__proxy_output_consumed(struct why__proxy *proxy, size_t len) {
    assert(len <= proxy->output_len - proxy->output_at);
    proxy->output_at += len;
}

void why__proxy_fail(struct why__proxy *proxy, enum why_cause cause, const char *format, ...) {
    if (proxy->status != WHY__PROXY_READING) {
        return;
    }
    proxy->status = WHY__PROXY_FAILED;
    proxy->cause = cause;
    va_list arguments;
    va_start(arguments, format);
    why__say_begin(&proxy->say, proxy->detail, sizeof proxy->detail, &proxy->detail_parts);
    why__say_list(&proxy->say, format, arguments);
    va_end(arguments);
    for (char *at = proxy->detail; *at != '\0'; at++) { /* some of it is the proxy's own words */
        *at = *at >= 0x20 && *at < 0x7f ? *at : '?';
    }
}

void why__proxy_keep_body(struct why__proxy *proxy, const uint8_t *data, size_t len) {
    struct why_http_evidence *evidence = &proxy->evidence;
    size_t room = sizeof evidence->body - evidence->body_len;
    size_t take = len < room ? len : room;
    if (take > 0) {
        memcpy(evidence->body + evidence->body_len, data, take);
        evidence->body_len = (uint16_t)(evidence->body_len + take);
    }
}

void why__proxy_report(const struct why__proxy *proxy, struct why_record *record) {
    if (proxy->status != WHY__PROXY_FAILED || record->cause != WHY_CAUSE_NONE) {
        return;
    }
    why_record_fail(record, proxy->cause);
    memcpy(record->detail, proxy->detail, sizeof record->detail);
    record->detail_parts = proxy->detail_parts;
    record->http = proxy->evidence;
    struct why_http_evidence *http = &record->http;
    why__redact(http->head, http->head_len, http->head_len == sizeof http->head);
    why__redact(http->body, http->body_len, http->body_len == sizeof http->body);
}
