/* SPDX-License-Identifier: MIT
 *
 * One probe at a time: dial, the proxy's talk, then what the step says; and the next one from a
 * timer, so that no callback of the one before is still on the stack.
 */
#include "net/probe.h"

#include "core/redact.h"
#include "tls/banner.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MS 1000    /* for the rest of a refusal */
#define HTTP_LINE_MIN 5 /* "HTTP/": with less, more is waited for */

static const struct why__stream_ops proxy_ops;
static const struct why__stream_ops raw_ops;
static const struct why__stream_ops tls_ops;

static struct why__probing *probing_of(struct why__stream *stream) {
    return WHY__CONTAINER(stream, struct why__probing, stream);
}

static const struct why_options *options_of(const struct why__probing *probing) {
    return probing->opening->owner.options;
}

static enum why__probe_way way_of(const struct why__probing *probing) {
    return why__probe_way(probing->step.kind);
}

static uint32_t since_us(uint64_t begin_us) {
    uint64_t us = why__clock_us() - begin_us;
    return us < WHY_NO_TIME ? (uint32_t)us : WHY_NO_TIME - 1;
}

static void set_deadline(struct why__probing *probing, uint32_t ms) {
    struct why_loop *loop = probing->opening->owner.loop;
    why__timer_set(loop, &probing->timer, why__loop_now(loop) + ms);
}

static uint32_t patience(const struct why__probing *probing) {
    uint32_t ms = options_of(probing)->tls_timeout_ms;
    return ms == 0 || ms > WHY__PROBE_ANSWER_MS ? WHY__PROBE_ANSWER_MS : ms;
}

/* ---- The end of a probe ---- */

static void drop_connection(struct why__probing *probing) {
    why__dial_stop(&probing->dial);
    why__stream_close(&probing->stream);
}

void why__probing_stop(struct why__probing *probing) {
    if (!probing->is_over) {
        probing->is_over = true;
        drop_connection(probing);
        why__timer_cancel(probing->opening->owner.loop, &probing->timer);
    }
}

static struct why__probe_result *result_of(struct why__probing *probing) {
    return &probing->results[probing->count];
}

static void tell(struct why__probing *probing, const struct why__probe_result *result) {
    char what[200];
    struct why_detail_parts parts;
    struct why__say say;
    why__say_begin(&say, what, sizeof what, &parts);
    why__probe_say(result, &say);
    struct why_probe probe = {.kind = result->kind,
                              .end = result->end,
                              .us = since_us(probing->begin_us),
                              .what = what,
                              .parts = &parts};
    /* The program may stop it here: is_over says so. */
    probing->ops->on_probe(probing, &probe);
}

static void end_probe(struct why__probing *probing, enum why_probe_end end) {
    struct why__probe_result *result = result_of(probing);
    result->end = end;
    result->elapsed_ms =
        since_us(probing->is_connected ? probing->connected_us : probing->begin_us) / 1000;
    if (way_of(probing) == WHY__PROBE_WAY_HANDSHAKE && probing->is_connected) {
        why__stream_report(&probing->stream, &probing->scratch);
        why__probe_take_handshake(&probing->opening->record, &probing->scratch, result);
    }
    why__redact((char *)result->first_bytes, result->first_bytes_len,
                result->first_bytes_len == sizeof result->first_bytes);
    drop_connection(probing);
    probing->count++;
    probing->is_under_way = false;
    set_deadline(probing, 0);
    tell(probing, result);
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    (void)os_error;
    struct why__probing *probing = probing_of(stream);
    why_record_fail(&probing->scratch, cause);
    end_probe(probing, transport == WHY_TRANSPORT_FIN ? WHY_PROBE_END_FIN : WHY_PROBE_END_RESET);
}

/* ---- Bytes: a hello, HTTP, silence ---- */

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    const struct why__probing *probing = probing_of(stream);
    if (probing->to_send_at == probing->to_send_len || max == 0) {
        return 0;
    }
    list[0] = (struct why_bytes){probing->to_send + probing->to_send_at,
                                 probing->to_send_len - probing->to_send_at};
    return 1;
}

static void output_consumed(struct why__stream *stream, size_t len) {
    probing_of(stream)->to_send_at += len;
}

static void keep_first_bytes(struct why__probe_result *result, struct why_span input) {
    size_t room = sizeof result->first_bytes - result->first_bytes_len;
    size_t len = input.len < room ? input.len : room;
    memcpy(result->first_bytes + result->first_bytes_len, input.data, len);
    result->first_bytes_len = (uint8_t)(result->first_bytes_len + len);
}

/* A web server's refusal may say in its body that it wants TLS. */
static bool is_bad_request(const struct why__probe_result *result) {
    static const char status[] = "HTTP/1.x 400";
    size_t len = sizeof status - 1;
    return result->first_bytes_len >= len && memcmp(result->first_bytes, "HTTP/1.", 7) == 0 &&
           memcmp(result->first_bytes + len - 4, status + len - 4, 4) == 0;
}

/* Would more of it tell more? */
static bool is_enough(struct why__probing *probing, struct why__probe_result *result) {
    struct why_bytes received = {probing->received, probing->received_len};
    bool is_full = probing->received_len == sizeof probing->received;
    if (way_of(probing) == WHY__PROBE_WAY_HELLO) {
        why__hello_parse(received, &result->answer);
        return is_full || result->answer.complete;
    }
    if (way_of(probing) == WHY__PROBE_WAY_HTTP && is_bad_request(result)) {
        result->wants_tls = why__banner_wants_tls(received);
        if (!probing->awaits_body) {
            probing->awaits_body = true; /* once: byte after byte would go on for ever */
            set_deadline(probing, BODY_MS);
        }
        return is_full || result->wants_tls;
    }
    return result->first_bytes_len == sizeof result->first_bytes ||
           (result->first_bytes_len >= HTTP_LINE_MIN &&
            memchr(result->first_bytes, '\n', result->first_bytes_len) != NULL);
}

static void on_data(struct why__stream *stream, struct why_span *input) {
    struct why__probing *probing = probing_of(stream);
    struct why__probe_result *result = result_of(probing);
    size_t room = sizeof probing->received - probing->received_len;
    size_t len = input->len < room ? input->len : room;
    keep_first_bytes(result, *input);
    memcpy(probing->received + probing->received_len, input->data, len);
    probing->received_len += len;
    input->data += input->len;
    input->len = 0;
    if (is_enough(probing, result)) {
        end_probe(probing, WHY_PROBE_END_ANSWERED);
    }
}

static const struct why__stream_ops raw_ops = {
    .on_data = on_data,
    .output = output,
    .output_consumed = output_consumed,
    .on_lost = on_lost,
};

static void write_hello(struct why__probing *probing) {
    struct why__probe_result *result = result_of(probing);
    if (probing->step.kind == WHY_PROBE_PROXY_PROTOCOL) {
        probing->to_send_len = sizeof WHY__PROBE_PROXY_PREFIX - 1;
        memcpy(probing->to_send, WHY__PROBE_PROXY_PREFIX, probing->to_send_len);
    }
    size_t len = why__hello_build(options_of(probing)->host, &result->hello,
                                  probing->to_send + probing->to_send_len);
    result->hello_len = (uint16_t)(len > 5 ? len - 5 : 0);
    probing->to_send_len += len;
}

/* Of "/" alone, and without the program's headers: what is a secret in TLS is not to be shouted. */
static void write_request(struct why__probing *probing) {
    int len = snprintf((char *)probing->to_send, sizeof probing->to_send,
                       "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "Sec-WebSocket-Version: 13\r\n\r\n",
                       probing->opening->url->host_header);
    assert(len > 0 && (size_t)len < sizeof probing->to_send); /* url.h bounds the host */
    probing->to_send_len = (size_t)len;
}

/* ---- A whole handshake ---- */

static void ignore_data(struct why__stream *stream, struct why_span *input) {
    (void)stream;
    input->len = 0;
}

static size_t no_output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    (void)stream;
    (void)list;
    (void)max;
    return 0;
}

static void no_output_consumed(struct why__stream *stream, size_t len) {
    (void)stream;
    (void)len;
}

/* Failed, there is an alert of ours to be sent; but the server is about to be asked no more. */
static void on_tls(struct why__stream *stream, bool is_open) {
    (void)is_open;
    end_probe(probing_of(stream), WHY_PROBE_END_ANSWERED);
}

static const struct why__stream_ops tls_ops = {
    .on_data = ignore_data,
    .output = no_output,
    .output_consumed = no_output_consumed,
    .on_tls = on_tls,
    .on_lost = on_lost,
};

/* ---- Connected ---- */

/* NULL with way HANDSHAKE: out of memory. */
static struct why__tls *make_tls(const struct why__probing *probing) {
    const struct why__opening *opening = probing->opening;
    if (way_of(probing) != WHY__PROBE_WAY_HANDSHAKE) {
        return NULL;
    }
    struct why__tls *tls = probing->step.kind == WHY_PROBE_DEFAULT_CERTIFICATE
                               ? why__tls_new_nameless(opening->tls_context, opening->url->host)
                               : why__tls_new(opening->tls_context, opening->url->host);
    if (tls != NULL && opening->proxy != NULL && opening->proxy->scheme == WHY__SCHEME_HTTP_PROXY) {
        why__tls_set_proxy(tls);
    }
    return tls;
}

static void begin_talk(struct why__probing *probing) {
    uint32_t ms = patience(probing);
    probing->is_connected = true;
    probing->connected_us = why__clock_us();
    probing->to_send_at = probing->to_send_len = 0;
    switch (way_of(probing)) {
    case WHY__PROBE_WAY_HELLO:
        write_hello(probing);
        break;
    case WHY__PROBE_WAY_HTTP:
        write_request(probing);
        break;
    case WHY__PROBE_WAY_SILENCE:
        ms = WHY__PROBE_SILENCE_MS;
        break;
    case WHY__PROBE_WAY_HANDSHAKE:
        probing->stream.ops = &tls_ops;
        break;
    }
    set_deadline(probing, ms);
    why__stream_flush(&probing->stream);
}

static void on_proxy_data(struct why__stream *stream, struct why_span *input) {
    struct why__probing *probing = probing_of(stream);
    struct why_bytes bytes = {input->data, input->len};
    enum why__proxy_status status = why__proxy_receive(&probing->talk, &bytes);
    input->data += input->len - bytes.len;
    input->len = bytes.len;
    if (status == WHY__PROXY_READING) {
        why__stream_flush(stream);
        return;
    }
    struct why__tls *tls = status == WHY__PROXY_DONE ? make_tls(probing) : NULL;
    if (status != WHY__PROXY_DONE || (tls == NULL && way_of(probing) == WHY__PROBE_WAY_HANDSHAKE)) {
        end_probe(probing, WHY_PROBE_END_NO_CONNECT);
        return;
    }
    stream->ops = &raw_ops;
    begin_talk(probing);
    if (tls != NULL) {
        why__stream_secure(stream, tls);
    } else if (input->len > 0) {
        on_data(stream, input); /* it came along with the proxy's answer */
    }
}

static size_t proxy_output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    if (max == 0) {
        return 0;
    }
    list[0] = why__proxy_output(&probing_of(stream)->talk);
    return list[0].len > 0 ? 1 : 0;
}

static void proxy_output_consumed(struct why__stream *stream, size_t len) {
    why__proxy_output_consumed(&probing_of(stream)->talk, len);
}

static void on_proxy_lost(struct why__stream *stream, enum why_cause cause,
                          enum why_transport transport, int os_error) {
    (void)cause;
    (void)transport;
    (void)os_error;
    end_probe(probing_of(stream), WHY_PROBE_END_NO_CONNECT);
}

static const struct why__stream_ops proxy_ops = {
    .on_data = on_proxy_data,
    .output = proxy_output,
    .output_consumed = proxy_output_consumed,
    .on_lost = on_proxy_lost,
};

/* ---- Dialling ---- */

static struct why__probing *probing_of_dial(struct why__dial *dial) {
    return WHY__CONTAINER(dial, struct why__probing, dial);
}

static void on_dial_step(struct why__dial *dial, const struct why_step *step) {
    (void)dial;
    (void)step;
}

/* A reset that comes at once meets the connection while it is being made. */
static void on_dial_failed(struct why__dial *dial) {
    bool is_reset = dial->record->cause == WHY_CAUSE_TCP_RESET;
    end_probe(probing_of_dial(dial), is_reset ? WHY_PROBE_END_RESET : WHY_PROBE_END_NO_CONNECT);
}

static void on_connected(struct why__dial *dial, int fd) {
    struct why__probing *probing = probing_of_dial(dial);
    struct why__opening *opening = probing->opening;
    bool has_proxy = opening->proxy != NULL;
    struct why__tls *tls = has_proxy ? NULL : make_tls(probing);
    bool lacks_tls = !has_proxy && tls == NULL && way_of(probing) == WHY__PROBE_WAY_HANDSHAKE;
    if (opening->session->peer.family != AF_UNIX) {
        why__stream_tune(fd, 0);
    }
    if (lacks_tls || why__stream_attach(&probing->stream, &opening->owner.loop, fd, tls,
                                        has_proxy ? &proxy_ops : &raw_ops) != WHY_OK) {
        close(fd);
        why__tls_free(tls);
        end_probe(probing, WHY_PROBE_END_NO_CONNECT);
    } else if (has_proxy) {
        why__proxy_begin(&probing->talk, opening->proxy, opening->target, opening->url->port);
        why__stream_flush(&probing->stream);
    } else {
        begin_talk(probing);
    }
}

static const struct why__dial_ops dial_ops = {
    .on_step = on_dial_step,
    .on_connected = on_connected,
    .on_failed = on_dial_failed,
};

static void begin_probe(struct why__probing *probing) {
    *result_of(probing) = (struct why__probe_result){
        .kind = probing->step.kind, .hello = probing->step.hello, .answer = {.alert = -1}};
    why_record_init(&probing->scratch);
    probing->begin_us = why__clock_us();
    probing->is_under_way = true;
    probing->is_connected = false;
    probing->awaits_body = false;
    probing->received_len = 0;
    set_deadline(probing, patience(probing));
    why__dial_start(&probing->dial);
}

/* ---- One after the other ---- */

/* The first connection is kept where it was only silent: it may answer while others are asked. */
static bool has_late_answer(const struct why__probing *probing) {
    const struct why__stream *stream = &probing->opening->session->stream;
    uint8_t byte = 0;
    return stream->is_open && recv(stream->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void go_on(struct why__probing *probing) {
    struct why_record *record = &probing->opening->record;
    if (has_late_answer(probing)) {
        why__probe_late(record, since_us(probing->opening->step_begin_us) / 1000, &probing->step);
    } else {
        why__probe_next(record, probing->results, probing->count, probing->policy, &probing->step);
    }
    if (probing->step.kind != WHY_PROBE_NONE) {
        begin_probe(probing);
        return;
    }
    why__probe_apply(&probing->step, record);
    probing->is_over = true;
    probing->ops->on_done(probing);
}

static void on_timer(struct why__timer *timer) {
    struct why__probing *probing = WHY__CONTAINER(timer, struct why__probing, timer);
    if (!probing->is_under_way) {
        go_on(probing);
        return;
    }
    if (probing->is_connected && probing->stream.tls != NULL) {
        why_record_fail(&probing->scratch,
                        why__tls_lost(probing->stream.tls, WHY_TRANSPORT_TIMEOUT, 0));
    }
    end_probe(probing, probing->is_connected ? WHY_PROBE_END_TIMEOUT : WHY_PROBE_END_NO_CONNECT);
}

void why__probing_start(struct why__probing *probing) {
    const struct why__opening *opening = probing->opening;
    const struct why__url *via = opening->proxy != NULL ? opening->proxy : opening->url;
    probing->timer.on_due = on_timer;
    probing->address.list[0] = opening->dial.addresses.list[opening->dial.won];
    probing->address.count = 1;
    probing->dial.loop = opening->owner.loop;
    probing->dial.options = options_of(probing);
    probing->dial.ops = &dial_ops;
    probing->dial.record = &probing->scratch;
    probing->dial.unix_path = opening->dial.unix_path;
    probing->dial.host = via->host;
    probing->dial.port = via->port;
    probing->dial.is_proxy = opening->proxy != NULL;
    probing->dial.pinned = &probing->address;
    /* The first connection's answers are nobody's any more. Unless it was only late. */
    if (opening->record.cause == WHY_CAUSE_TIMEOUT_TLS) {
        why__stream_pause(&opening->session->stream);
    } else {
        why__stream_close(&opening->session->stream);
    }
    set_deadline(probing, 0);
}
