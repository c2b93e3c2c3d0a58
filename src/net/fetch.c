/* SPDX-License-Identifier: MIT
 *
 * Dial, ask, read the answer's head and body; one deadline over all of it.
 *
 *     [resolve] -> dial -> [SOCKS] -> request -> head -> body -> on_done
 */
#include "net/fetch.h"

#include "base/ascii.h"
#include "base/mark.h"
#include "base/say.h"
#include "core/http_field.h"
#include "whysocket/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_HEAD_MAX (WHY__TARGET_LEN_MAX + 2 * WHY__HOST_LEN_MAX + 1536)
#define INTERIM_MAX 8

static struct why__fetch *fetch_of(struct why__stream *stream) {
    return WHY__CONTAINER(stream, struct why__fetch, stream);
}

static const struct why_host *host_of(const struct why__fetch *fetch) {
    return fetch->options->host;
}

static void stop(struct why__fetch *fetch) {
    fetch->is_over = true;
    why__dial_stop(&fetch->dial);
    why__timer_cancel(fetch->loop, &fetch->timer);
    why__stream_close(&fetch->stream);
}

static void end(struct why__fetch *fetch) {
    if (!fetch->is_over) {
        stop(fetch);
        fetch->on_done(fetch);
    }
}

static struct why__say say_problem(struct why__fetch *fetch) {
    struct why__say say;
    why__say_begin(&say, fetch->problem, sizeof fetch->problem, &fetch->problem_parts);
    return say;
}

static void __attribute__((format(printf, 2, 3)))
fail(struct why__fetch *fetch, const char *format, ...) {
    if (fetch->is_over) {
        return;
    }
    struct why__say say = say_problem(fetch);
    va_list arguments;
    va_start(arguments, format);
    why__say_list(&say, format, arguments);
    va_end(arguments);
    end(fetch);
}

/* With the cause's id before it. */
static void fail_by_cause(struct why__fetch *fetch, enum why_cause cause, const char *text,
                          const struct why_detail_parts *parts) {
    if (fetch->is_over) {
        return;
    }
    struct why__say say = say_problem(fetch);
    why__say(&say, "%s: ", why_cause_id(cause));
    if (parts != NULL) {
        why__say_again(&say, text, parts);
    } else {
        why__say_text(&say, text);
    }
    end(fetch);
}

static void fail_by_record(struct why__fetch *fetch) {
    const struct why_record *record = &fetch->record;
    fail_by_cause(fetch, record->cause, record->detail, &record->detail_parts);
}

/* ---- URLs ---- */

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

static bool is_http(const char *text) {
    static const char scheme[] = "http://";
    return strlen(text) >= sizeof scheme - 1 &&
           why__text_is_nocase(text, sizeof scheme - 1, scheme);
}

int why__fetch_read_url(struct why__url *url, const char *text, char *error, size_t error_size) {
    struct why_bytes bytes = {(const uint8_t *)text, strlen(text)};
    if (!is_plain(text) || !is_http(text)) {
        (void)snprintf(error, error_size, "no http address");
        return WHY_ERR_ARGUMENT;
    }
    int result = why__url_parse(url, bytes, error, error_size);
    if (result == WHY_OK && url->has_user) {
        (void)snprintf(error, error_size, "an address with a user in it");
        result = WHY_ERR_ARGUMENT;
    }
    return result;
}

bool why__fetch_follow(const struct why__url *from, const char *location, char *out, size_t size) {
    size_t len = strcspn(location, "#"); /* what is behind it stays here (RFC 9110) */
    int written = -1;
    if (!is_plain(location)) {
        return false;
    }
    if (is_http(location)) {
        written = snprintf(out, size, "%.*s", (int)len, location);
    } else if (location[0] == '/' && location[1] == '/') {
        written = snprintf(out, size, "http:%.*s", (int)len, location);
    } else if (location[0] == '/') {
        written = snprintf(out, size, "http://%s%.*s", from->host_header, (int)len, location);
    }
    return written > 0 && (size_t)written < size;
}

/* ---- The request ---- */

/* A proxy for plain HTTP is asked for the whole URL (RFC 9112 section 3.2.2): many open no tunnel
 * to port 80. */
static bool is_by_http_proxy(const struct why__fetch *fetch) {
    return fetch->proxy != NULL && fetch->proxy->scheme == WHY__SCHEME_HTTP_PROXY;
}

static bool make_request(struct why__fetch *fetch) {
    const struct why_host *host = host_of(fetch);
    const struct why__url *url = fetch->url;
    bool is_post = fetch->body.len > 0;
    char authorization[WHY__PROXY_AUTHORIZATION_SIZE] = "", content[160] = "";
    if (is_by_http_proxy(fetch) && fetch->proxy->has_user) {
        why__proxy_authorization(fetch->proxy, authorization);
    }
    if (is_post) {
        (void)snprintf(content, sizeof content, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                       fetch->content_type, fetch->body.len);
    }
    size_t size = REQUEST_HEAD_MAX + fetch->body.len;
    fetch->request = host->allocate(host->context, NULL, size);
    if (fetch->request == NULL) {
        return false;
    }
    int len = snprintf(fetch->request, REQUEST_HEAD_MAX,
                       "%s %s%s%s HTTP/1.1\r\nHost: %s\r\n%s%sUser-Agent: whysocket\r\n"
                       "Accept: */*\r\nConnection: close\r\n\r\n",
                       is_post ? "POST" : "GET", is_by_http_proxy(fetch) ? "http://" : "",
                       is_by_http_proxy(fetch) ? url->host_header : "", url->target,
                       url->host_header, authorization, content);
    if (len <= 0 || len >= REQUEST_HEAD_MAX) {
        return false;
    }
    if (is_post) {
        memcpy(fetch->request + len, fetch->body.data, fetch->body.len);
    }
    fetch->request_len = (size_t)len + fetch->body.len;
    return true;
}

static void ask(struct why__fetch *fetch) {
    if (make_request(fetch)) {
        why__stream_flush(&fetch->stream);
    } else {
        fail(fetch, N_("out of memory"));
    }
}

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    const struct why__fetch *fetch = fetch_of(stream);
    size_t len = fetch->request_len - fetch->request_at;
    if (len == 0 || max == 0) {
        return 0;
    }
    list[0] = (struct why_bytes){(const uint8_t *)fetch->request + fetch->request_at, len};
    return 1;
}

static void output_consumed(struct why__stream *stream, size_t len) {
    fetch_of(stream)->request_at += len;
}

/* ---- The answer ---- */

static void keep(struct why__fetch *fetch, struct why_bytes data) {
    const struct why_host *host = host_of(fetch);
    if (data.len > fetch->len_max - fetch->answer_len) {
        fail(fetch, N_("its answer is larger than %zu bytes"), fetch->len_max);
        return;
    }
    if (data.len == 0) {
        return;
    }
    /* Doubled, so that an answer that comes byte by byte is not copied as often. */
    size_t len = fetch->answer_len + data.len;
    size_t size = 4096;
    while (size < len) {
        size *= 2;
    }
    uint8_t *answer = host->allocate(host->context, fetch->answer, size);
    if (answer == NULL) {
        fail(fetch, N_("out of memory"));
        return;
    }
    memcpy(answer + fetch->answer_len, data.data, data.len);
    fetch->answer = answer;
    fetch->answer_len = len;
}

static void take_body(struct why__fetch *fetch, struct why_bytes *input) {
    while (input->len > 0 && fetch->framing.state != WHY__BODY_DONE && !fetch->is_over) {
        keep(fetch, why__body_next(&fetch->framing, input));
    }
    if (fetch->framing.is_broken) {
        fail(fetch, N_("its answer is broken: no chunk where one has to begin"));
    } else if (fetch->framing.state == WHY__BODY_DONE) {
        end(fetch);
    }
}

static void take_redirect(struct why__fetch *fetch, const struct why_http_head *head) {
    struct why_bytes location = why_http_head_find(head, "Location");
    if (location.len == 0 || location.len > WHY__FETCH_LOCATION_MAX) {
        fail(fetch, N_("it answered %u, and does not say where to"), head->status);
        return;
    }
    memcpy(fetch->location, location.data, location.len);
    fetch->location[location.len] = '\0';
    if (!is_plain(fetch->location)) {
        fetch->location[0] = '\0';
        fail(fetch, N_("it answered %u, to an address that is none"), head->status);
        return;
    }
    end(fetch);
}

static void take_head(struct why__fetch *fetch) {
    const struct why_http_head *head = &fetch->parser.head;
    unsigned status = fetch->parser.status;
    if (status < 200 && status != 101) {
        if (++fetch->interim_count > INTERIM_MAX) {
            fail(fetch, N_("interim answers (1xx) come one after the other"));
            return;
        }
        why__http_parser_next_response(&fetch->parser);
        return;
    }
    fetch->has_head = true;
    fetch->status = (uint16_t)status;
    bool is_redirect =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (is_redirect) {
        take_redirect(fetch, head);
        return;
    }
    if (status != 200) {
        fail(fetch, N_("it answered %u"), status);
        return;
    }
    why__body_init(&fetch->framing, head);
    bool is_too_large = fetch->framing.state == WHY__BODY_PLAIN && !fetch->framing.until_end &&
                        fetch->framing.left > fetch->len_max;
    if (is_too_large) {
        fail(fetch, N_("its answer is larger than %zu bytes"), fetch->len_max);
    } else if (fetch->framing.state == WHY__BODY_DONE) {
        end(fetch);
    }
}

static void fail_head(struct why__fetch *fetch) {
    if (fetch->parser.error == WHY__HTTP_NOMEM) {
        fail(fetch, N_("out of memory"));
    } else {
        fail(fetch, N_("what it answered is no HTTP: %s"), fetch->parser.detail);
    }
}

static void take_answer(struct why__fetch *fetch, struct why_bytes *input) {
    while (input->len > 0 && !fetch->is_over) {
        if (fetch->has_head) {
            take_body(fetch, input);
            continue;
        }
        why__http_parser_receive(&fetch->parser, input);
        if (fetch->parser.state == WHY__HTTP_FAILED) {
            fail_head(fetch);
        } else if (fetch->parser.state == WHY__HTTP_DONE) {
            take_head(fetch);
        }
    }
}

static void on_data(struct why__stream *stream, struct why_span *input) {
    struct why__fetch *fetch = fetch_of(stream);
    struct why_bytes bytes = {input->data, input->len};
    take_answer(fetch, &bytes);
    input->data += input->len;
    input->len = 0;
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    (void)os_error;
    struct why__fetch *fetch = fetch_of(stream);
    bool is_end = transport == WHY_TRANSPORT_FIN;
    if (is_end && fetch->has_head && fetch->framing.until_end &&
        fetch->framing.state == WHY__BODY_PLAIN) {
        end(fetch);
        return;
    }
    const char *text = fetch->has_head         ? N_("its answer is cut short")
                       : fetch->parser.len > 0 ? N_("it ended within the head of its answer")
                       : fetch->request_at < fetch->request_len ? N_("it ended before it was asked")
                                                                : N_("it ended without an answer");
    fail_by_cause(fetch, cause, text, NULL);
}

static const struct why__stream_ops answer_ops = {
    .on_data = on_data,
    .output = output,
    .output_consumed = output_consumed,
    .on_lost = on_lost,
};

/* ---- A SOCKS proxy ---- */

static void on_proxy_data(struct why__stream *stream, struct why_span *input) {
    struct why__fetch *fetch = fetch_of(stream);
    struct why_bytes bytes = {input->data, input->len};
    enum why__proxy_status status = why__proxy_receive(&fetch->talk, &bytes);
    input->data += input->len - bytes.len;
    input->len = bytes.len;
    if (status == WHY__PROXY_READING) {
        why__stream_flush(stream);
    } else if (status == WHY__PROXY_FAILED) {
        why__proxy_report(&fetch->talk, &fetch->record);
        fail_by_record(fetch);
    } else {
        stream->ops = &answer_ops;
        ask(fetch);
    }
}

static size_t proxy_output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    if (max == 0) {
        return 0;
    }
    list[0] = why__proxy_output(&fetch_of(stream)->talk);
    return list[0].len > 0 ? 1 : 0;
}

static void proxy_output_consumed(struct why__stream *stream, size_t len) {
    why__proxy_output_consumed(&fetch_of(stream)->talk, len);
}

static void on_proxy_lost(struct why__stream *stream, enum why_cause cause,
                          enum why_transport transport, int os_error) {
    (void)cause;
    (void)transport;
    (void)os_error;
    struct why__fetch *fetch = fetch_of(stream);
    why__proxy_eof(&fetch->talk);
    why__proxy_report(&fetch->talk, &fetch->record);
    fail_by_record(fetch);
}

static const struct why__stream_ops proxy_ops = {
    .on_data = on_proxy_data,
    .output = proxy_output,
    .output_consumed = proxy_output_consumed,
    .on_lost = on_proxy_lost,
};

/* ---- Dialling ---- */

static struct why__fetch *fetch_of_dial(struct why__dial *dial) {
    return WHY__CONTAINER(dial, struct why__fetch, dial);
}

static void on_dial_step(struct why__dial *dial, const struct why_step *step) {
    (void)dial;
    (void)step;
}

static void on_dial_failed(struct why__dial *dial) {
    fail_by_record(fetch_of_dial(dial));
}

static void on_connected(struct why__dial *dial, int fd) {
    struct why__fetch *fetch = fetch_of_dial(dial);
    bool is_socks = fetch->proxy != NULL && !is_by_http_proxy(fetch);
    why__stream_tune(fd, 0);
    if (why__stream_attach(&fetch->stream, &fetch->loop, fd, NULL,
                           is_socks ? &proxy_ops : &answer_ops) != WHY_OK) {
        int error = errno;
        close(fd);
        fail(fetch, "%s", strerror(error));
        return;
    }
    if (is_socks) {
        why__proxy_begin(&fetch->talk, fetch->proxy, fetch->target, fetch->url->port);
        why__stream_flush(&fetch->stream);
    } else {
        ask(fetch);
    }
}

static void dial_host(struct why__fetch *fetch) {
    const struct why__url *via = fetch->proxy != NULL ? fetch->proxy : fetch->url;
    fetch->dial.host = via->host;
    fetch->dial.port = via->port;
    fetch->dial.is_proxy = fetch->proxy != NULL;
    fetch->dial.pinned = fetch->proxy != NULL ? NULL : fetch->pinned;
    fetch->dial.name_only = false;
    why__dial_start(&fetch->dial);
}

/* socks5, not socks5h: the name is resolved here. */
static void on_resolved(struct why__dial *dial) {
    struct why__fetch *fetch = fetch_of_dial(dial);
    const union why__sockaddr *address = &dial->addresses.list[0];
    const void *bytes = address->any.sa_family == AF_INET6 ? (const void *)&address->ipv6.sin6_addr
                                                           : (const void *)&address->ipv4.sin_addr;
    (void)inet_ntop(address->any.sa_family, bytes, fetch->target, sizeof fetch->target);
    dial_host(fetch);
}

static const struct why__dial_ops dial_ops = {
    .on_step = on_dial_step,
    .on_resolved = on_resolved,
    .on_connected = on_connected,
    .on_failed = on_dial_failed,
};

static void on_timer(struct why__timer *timer) {
    struct why__fetch *fetch = WHY__CONTAINER(timer, struct why__fetch, timer);
    if (fetch->has_head) {
        fail(fetch, N_("its answer was not whole after %u ms"), (unsigned)fetch->timeout_ms);
    } else {
        fail(fetch, N_("no answer after %u ms"), (unsigned)fetch->timeout_ms);
    }
}

void why__fetch_start(struct why__fetch *fetch) {
    const struct why__url *proxy = fetch->proxy;
    why_record_init(&fetch->record);
    why__http_parser_init_response(&fetch->parser, fetch->options);
    fetch->dial.loop = fetch->loop;
    fetch->dial.options = fetch->options;
    fetch->dial.ops = &dial_ops;
    fetch->dial.record = &fetch->record;
    fetch->timer.on_due = on_timer;
    why__timer_set(fetch->loop, &fetch->timer, why__loop_now(fetch->loop) + fetch->timeout_ms);
    memcpy(fetch->target, fetch->url->host, sizeof fetch->target);
    if (proxy == NULL || proxy->scheme != WHY__SCHEME_SOCKS5 || fetch->url->is_address) {
        dial_host(fetch);
        return;
    }
    fetch->dial.host = fetch->url->host;
    fetch->dial.port = fetch->url->port;
    fetch->dial.pinned = fetch->pinned;
    fetch->dial.name_only = true;
    why__dial_start(&fetch->dial);
}

void why__fetch_clear(struct why__fetch *fetch) {
    const struct why_host *host = host_of(fetch);
    stop(fetch);
    if (fetch->parser.options != NULL) { /* it was begun */
        why__http_parser_clear(&fetch->parser);
    }
    host->allocate(host->context, fetch->request, 0);
    host->allocate(host->context, fetch->answer, 0);
    fetch->request = NULL;
    fetch->answer = NULL;
}
