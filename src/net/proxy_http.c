/* SPDX-License-Identifier: MIT
 *
 * HTTP CONNECT: the request, and an answer that is read only as far as it has to be understood.
 * Lenient with what proxies write, but bounded, and not taken in by web servers and captive
 * portals that are no proxies.
 */
#include "net/proxy.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "base/mark.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char version_prefix[] = "HTTP/1.";

#define STATUS_AT 9 /* "HTTP/1.1 200" */
#define STATUS_LINE_MIN 12

static void append(struct why__proxy *proxy, const char *text, size_t len) {
    assert(len <= sizeof proxy->output - proxy->output_len); /* every part is bounded by url.h */
    memcpy(proxy->output + proxy->output_len, text, len);
    proxy->output_len += len;
}

static void append_text(struct why__proxy *proxy, const char *text) {
    append(proxy, text, strlen(text));
}

/* RFC 7617: name and password, joined by a colon, in Base64. */
void why__proxy_authorization(const struct why__url *via, char out[WHY__PROXY_AUTHORIZATION_SIZE]) {
    static const char name[] = "Proxy-Authorization: Basic ";
    char joined[2 * WHY__USER_LEN_MAX + 2];
    int len = snprintf(joined, sizeof joined, "%s:%s", via->user, via->password);
    assert(len > 0 && (size_t)len < sizeof joined);
    memcpy(out, name, sizeof name - 1);
    size_t at = sizeof name - 1;
    at += why__base64_encode((const uint8_t *)joined, (size_t)len, out + at);
    memcpy(out + at, "\r\n", sizeof "\r\n");
}

void why__proxy_http_begin(struct why__proxy *proxy) {
    char authority[WHY__HOST_LEN_MAX + 10];
    (void)why__format_authority(authority, sizeof authority, proxy->host, proxy->port);
    append_text(proxy, "CONNECT ");
    append_text(proxy, authority);
    append_text(proxy, " HTTP/1.1\r\nHost: ");
    append_text(proxy, authority);
    append_text(proxy, "\r\n");
    if (proxy->via->has_user) {
        char authorization[WHY__PROXY_AUTHORIZATION_SIZE];
        why__proxy_authorization(proxy->via, authorization);
        append_text(proxy, authorization);
    }
    append_text(proxy, "\r\n");
}

/* The value of a header within the part of the head that is kept; {NULL, 0} if there is none. */
static struct why_bytes find_header(const struct why_http_evidence *evidence, const char *name) {
    const char *at = evidence->head;
    const char *end = at + evidence->head_len;
    size_t name_len = strlen(name);
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline == NULL ? end : newline;
        if ((size_t)(line_end - at) > name_len && at[name_len] == ':' &&
            why__text_is_nocase(at, name_len, name)) {
            const char *value = at + name_len + 1;
            size_t len = (size_t)(line_end - value);
            if (len > 0 && value[len - 1] == '\r') {
                len--;
            }
            why__trim(&value, &len);
            return (struct why_bytes){(const uint8_t *)value, len};
        }
        at = line_end + 1;
    }
    return (struct why_bytes){NULL, 0};
}

static bool is_html(const struct why_http_evidence *evidence) {
    struct why_bytes type = find_header(evidence, "Content-Type");
    static const char html[] = "text/html";
    return type.len >= sizeof html - 1 &&
           why__text_is_nocase((const char *)type.data, sizeof html - 1, html);
}

static void fail_by_status(struct why__proxy *proxy, unsigned status) {
    struct why_bytes schemes;
    switch (status) {
    case 403:
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_FORBIDDEN, "it answered 403 for %s:%u", proxy->host,
                        (unsigned)proxy->port);
        break;
    case 405:
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_BAD_METHOD, "it answered 405 to CONNECT");
        break;
    case 407:
        schemes = find_header(&proxy->evidence, "Proxy-Authenticate");
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_AUTH_REQUIRED,
                        proxy->via->has_user ? N_("it asks for: %.*s; we sent a user and password")
                                             : N_("it asks for: %.*s; we sent none"),
                        (int)(schemes.len < 80 ? schemes.len : 80),
                        schemes.len > 0 ? (const char *)schemes.data : "");
        break;
    case 502:
    case 503:
    case 504:
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_TARGET_DOWN, "it answered %u for %s:%u", status,
                        proxy->host, (unsigned)proxy->port);
        break;
    default:
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_STATUS, "it answered %u", status);
        break;
    }
}

/* The head is whole. Any 2xx opens the tunnel, and what headers say of a body then means nothing
 * (RFC 9110 section 9.3.6); a page in HTML is what a captive portal answers. */
static void decide(struct why__proxy *proxy) {
    struct why_http_evidence *evidence = &proxy->evidence;
    unsigned status = 0;
    for (size_t i = STATUS_AT; i < STATUS_LINE_MIN; i++) {
        status = status * 10 + (unsigned)(evidence->head[i] - '0');
    }
    evidence->status = (uint16_t)status;
    if (status < 200) { /* interim; the answer is still to come */
        proxy->interim_len += proxy->head_len;
        proxy->head_len = 0;
        evidence->head_len = 0;
        evidence->status = 0;
    } else if (status >= 300) {
        fail_by_status(proxy, status);
    } else if (is_html(evidence)) {
        why__proxy_fail(proxy, WHY_CAUSE_PROXY_NOT_A_PROXY, "it answered %u with a web page",
                        status);
    } else {
        proxy->status = WHY__PROXY_DONE;
    }
}

/* Whether the byte at `at` can stand there in "HTTP/1.1 200 ". */
static bool fits_status_line(size_t at, uint8_t c) {
    if (at < sizeof version_prefix - 1) {
        return c == (uint8_t)version_prefix[at];
    }
    if (at == STATUS_AT - 1) {
        return c == ' ';
    }
    if (at == STATUS_AT) {
        return c >= '1' && c <= '5';
    }
    if (at < STATUS_LINE_MIN) {
        return why__is_digit((char)c);
    }
    return at != STATUS_LINE_MIN || c == ' ' || c == '\r' || c == '\n';
}

static void refuse_bytes(struct why__proxy *proxy, const struct why_bytes *input) {
    struct why_http_evidence *evidence = &proxy->evidence;
    evidence->offset = (uint32_t)proxy->head_len;
    why__proxy_keep_body(proxy, (const uint8_t *)evidence->head, evidence->head_len);
    why__proxy_keep_body(proxy, input->data, input->len);
    evidence->head_len = 0;
    uint8_t first = (uint8_t)evidence->body[0];
    why__proxy_fail(proxy, WHY_CAUSE_PROXY_NOT_A_PROXY,
                    first == 5      ? N_("it speaks SOCKS, not HTTP")
                    : first == 0x15 ? N_("it speaks TLS, not HTTP")
                                    : N_("what it sent is no HTTP answer"));
}

/* One byte of the head. returns whether it was its last */
static bool take_head_byte(struct why__proxy *proxy, uint8_t c) {
    struct why_http_evidence *evidence = &proxy->evidence;
    if (evidence->head_len < sizeof evidence->head) {
        evidence->head[evidence->head_len] = (char)c;
        evidence->head_len++;
    }
    proxy->head_len++;
    if (c != '\n') {
        proxy->line_len += c != '\r';
        return false;
    }
    bool is_last = proxy->line_len == 0;
    proxy->line_len = 0;
    return is_last;
}

void why__proxy_http_receive(struct why__proxy *proxy, struct why_bytes *input) {
    while (input->len > 0 && proxy->status == WHY__PROXY_READING) {
        uint8_t c = *input->data;
        if (!fits_status_line(proxy->head_len, c)) {
            refuse_bytes(proxy, input);
            return;
        }
        if (proxy->interim_len + proxy->head_len == WHY__PROXY_HEAD_LEN_MAX) {
            why__proxy_fail(proxy, WHY_CAUSE_PROXY_NOT_A_PROXY,
                            "the head of its answer has no end within %d bytes",
                            WHY__PROXY_HEAD_LEN_MAX);
            return;
        }
        input->data++;
        input->len--;
        if (take_head_byte(proxy, c)) {
            decide(proxy);
        }
    }
    if (proxy->status == WHY__PROXY_FAILED) {
        why__proxy_keep_body(proxy, input->data, input->len);
    }
}
