/* SPDX-License-Identifier: MIT
 *
 * The steps of an attempt, in order. Every way out that is not a session is through fail() or
 * settle(), with a cause; no byte but the handshake's is sent before the 101 is found right.
 */
#include "net/opening.h"

#include "base/say.h"
#include "net/tcp_info.h"
#include "whysocket/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVIDENCE_MS 1000 /* how long a body, or the peer's end, is waited for when all is lost */

static const struct why__stream_ops proxy_ops;
static const struct why__stream_ops peer_ops;

static struct why__opening *opening_of(struct why__stream *stream) {
    struct why_session *session = WHY__CONTAINER(stream, struct why_session, stream);
    return WHY__CONTAINER(why__session_owner(session), struct why__opening, owner);
}

static struct why__stream *stream_of(struct why__opening *opening) {
    return &opening->session->stream;
}

/* ---- Steps and their end ---- */

static void begin_step(struct why__opening *opening, enum why_layer layer, uint64_t deadline_ms) {
    opening->step = layer;
    opening->step_begin_us = why__clock_us();
    why__timer_set(opening->owner.loop, &opening->timer, deadline_ms);
}

static uint64_t deadline_in(const struct why__opening *opening, uint32_t timeout_ms) {
    return timeout_ms == 0 ? WHY_NO_DEADLINE : why__loop_now(opening->owner.loop) + timeout_ms;
}

static void end_step(struct why__opening *opening, bool ok, const char *what,
                     const struct why_detail_parts *parts) {
    struct why_timings *timings = &opening->record.timings;
    uint64_t us = why__clock_us() - opening->step_begin_us;
    uint32_t duration = us < WHY_NO_TIME ? (uint32_t)us : WHY_NO_TIME - 1;
    if (opening->step == WHY_LAYER_PROXY) {
        timings->proxy_us = duration;
    } else if (opening->step == WHY_LAYER_TLS) {
        timings->tls_us = duration;
        opening->session->stream.tls_us = duration;
    } else {
        timings->http_us = duration;
        opening->session->http_us = duration;
    }
    struct why_step step = {
        .layer = opening->step, .ok = ok, .us = duration, .what = what, .parts = parts};
    /* The program may stop the attempt here: is_over says so. */
    opening->ops->on_step(opening, &step);
}

void why__opening_stop(struct why__opening *opening) {
    opening->is_over = true;
    why__dial_stop(&opening->dial);
    if (opening->owner.loop != NULL) {
        why__timer_cancel(opening->owner.loop, &opening->timer);
    }
    why_client_handshake_free(opening->handshake);
    opening->handshake = NULL;
}

static void give_up(struct why__opening *opening) {
    if (opening->is_over) {
        return;
    }
    why__opening_stop(opening);
    opening->ops->on_failed(opening);
}

/* The step has failed. What is known of TLS goes into the record first: where TLS itself failed,
 * that is the cause, whatever the transport did after it. */
static void note_failure(struct why__opening *opening, enum why_cause cause) {
    struct why_record *record = &opening->record;
    const struct why__stream *stream = stream_of(opening);
    why__stream_report(stream, record);
    if (stream->is_open && opening->proxy == NULL) { /* else it would be of the way to the proxy */
        why__tcp_info(stream->watch.fd, &record->tcp);
    }
    why_record_fail(record, cause);
    end_step(opening, false, record->detail, &record->detail_parts);
}

static void fail(struct why__opening *opening, enum why_cause cause) {
    note_failure(opening, cause);
    give_up(opening);
}

/* An alert of ours is on its way: closing now could destroy it. The peer closes when it has it. */
static void settle(struct why__opening *opening, enum why_cause cause) {
    note_failure(opening, cause);
    if (opening->is_over) {
        return;
    }
    opening->is_settled = true;
    why__timer_set(opening->owner.loop, &opening->timer, deadline_in(opening, EVIDENCE_MS));
}

/* ---- HTTP ---- */

static void begin_http(struct why__opening *opening) {
    const struct why_options *options = opening->owner.options;
    begin_step(opening, WHY_LAYER_HTTP, deadline_in(opening, options->upgrade_timeout_ms));
    int result = why_client_handshake_new(options, opening->request, &opening->handshake);
    if (result != WHY_OK) {
        fail(opening,
             result == WHY_ERR_NOMEM ? WHY_CAUSE_LOCAL_OUT_OF_MEMORY : WHY_CAUSE_LOCAL_INTERNAL);
        return;
    }
    why__stream_flush(stream_of(opening));
}

static void describe_101(const struct why__opening *opening, char *out, size_t out_size) {
    struct why_bytes subprotocol = why_client_handshake_subprotocol(opening->handshake);
    struct why_deflate_params deflate = why_client_handshake_deflate(opening->handshake);
    (void)snprintf(out, out_size, "101%s%s%.*s", deflate.enabled ? ", permessage-deflate" : "",
                   subprotocol.len > 0 ? ", " : "",
                   (int)(subprotocol.len < 100 ? subprotocol.len : 100),
                   subprotocol.len > 0 ? (const char *)subprotocol.data : "");
}

static void open_session(struct why__opening *opening) {
    struct why_client_handshake *handshake = opening->handshake;
    if (why_client_handshake_output(handshake).len > 0) {
        struct why__say say = why__say_in(&opening->record);
        why__say(&say, "the 101 came before the request was sent");
        fail(opening, WHY_CAUSE_HTTP_RESPONSE_MALFORMED);
        return;
    }
    struct why_deflate_params deflate = why_client_handshake_deflate(handshake);
    if (!why__session_prepare(opening->session, &deflate)) {
        fail(opening, WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
        return;
    }
    char what[160];
    describe_101(opening, what, sizeof what);
    why__timer_cancel(opening->owner.loop, &opening->timer);
    end_step(opening, true, what, NULL);
    if (opening->is_over) {
        return;
    }
    /* The head has to outlast on_open, which may stop this attempt. */
    opening->handshake = NULL;
    why__session_open(opening->session, why_client_handshake_head(handshake));
    why_client_handshake_free(handshake);
}

static void fail_handshake(struct why__opening *opening) {
    why_client_handshake_report(opening->handshake, &opening->record);
    fail(opening, WHY_CAUSE_HTTP_RESPONSE_CUT); /* where the report has no cause of its own */
}

static void on_peer_data(struct why__stream *stream, struct why_span *input) {
    struct why__opening *opening = opening_of(stream);
    if (opening->handshake == NULL) {
        input->len = 0; /* it failed, and what comes is not looked at */
        return;
    }
    struct why_bytes bytes = {input->data, input->len};
    enum why_handshake_state state = why_client_handshake_receive(opening->handshake, &bytes);
    input->data += input->len - bytes.len;
    input->len = bytes.len;
    switch (state) {
    case WHY_HANDSHAKE_DONE:
        open_session(opening);
        break;
    case WHY_HANDSHAKE_FAILED:
        fail_handshake(opening);
        break;
    case WHY_HANDSHAKE_READING:
        if (why_client_handshake_is_refused(opening->handshake) && !opening->is_settled) {
            opening->is_settled = true;
            why__timer_set(opening->owner.loop, &opening->timer, deadline_in(opening, EVIDENCE_MS));
        }
        break;
    case WHY_HANDSHAKE_DECIDE:
        break; /* a server's */
    }
}

static size_t peer_output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    const struct why__opening *opening = opening_of(stream);
    if (opening->handshake == NULL || max == 0) {
        return 0;
    }
    list[0] = why_client_handshake_output(opening->handshake);
    return list[0].len > 0 ? 1 : 0;
}

static void peer_output_consumed(struct why__stream *stream, size_t len) {
    why_client_handshake_output_consumed(opening_of(stream)->handshake, len);
}

/* ---- TLS ---- */

static void on_tls(struct why__stream *stream, bool is_open) {
    struct why__opening *opening = opening_of(stream);
    struct why_record *record = &opening->record;
    if (!is_open) {
        settle(opening, why__tls_cause(stream->tls));
        return;
    }
    why__stream_report(stream, record);
    char what[sizeof record->tls.version + sizeof record->tls.cipher + 4];
    (void)snprintf(what, sizeof what, "%s, %s", record->tls.version, record->tls.cipher);
    end_step(opening, true, what, NULL);
    if (!opening->is_over) {
        begin_http(opening);
    }
}

/* NULL: failed, and told so. */
static struct why__tls *begin_tls(struct why__opening *opening) {
    begin_step(opening, WHY_LAYER_TLS,
               deadline_in(opening, opening->owner.options->tls_timeout_ms));
    struct why__tls *tls = why__tls_new(opening->tls_context, opening->url->host);
    if (tls == NULL) {
        fail(opening, WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    } else if (opening->proxy != NULL && opening->proxy->scheme == WHY__SCHEME_HTTP_PROXY) {
        why__tls_set_proxy(tls);
    }
    return tls;
}

/* ---- The end of the transport, and of patience ---- */

static void on_peer_lost(struct why__stream *stream, enum why_cause cause,
                         enum why_transport transport, int os_error) {
    struct why__opening *opening = opening_of(stream);
    struct why_record *record = &opening->record;
    if (opening->is_over || (opening->is_settled && record->cause != WHY_CAUSE_NONE)) {
        give_up(opening);
        return;
    }
    record->transport = transport;
    record->os_error = os_error;
    if (opening->handshake == NULL || why_cause_layer(cause) == WHY_LAYER_TLS) {
        fail(opening, cause);
        return;
    }
    const struct why_http_head *head = why_client_handshake_head(opening->handshake);
    if (transport == WHY_TRANSPORT_FIN || head->status != 0) {
        (void)why_client_handshake_eof(opening->handshake);
    }
    why_client_handshake_report(opening->handshake, record);
    fail(opening, cause);
}

static void time_out_http(struct why__opening *opening) {
    struct why_record *record = &opening->record;
    if (why_client_handshake_is_refused(opening->handshake)) {
        (void)why_client_handshake_eof(opening->handshake);
        fail_handshake(opening);
        return;
    }
    why_client_handshake_report(opening->handshake, record);
    record->transport = WHY_TRANSPORT_TIMEOUT;
    unsigned len = (unsigned)record->http.head_len + record->http.body_len;
    struct why__say say = why__say_in(record);
    if (len == 0) {
        why__say(&say, "the server sent nothing at all");
    } else {
        why__say(&say, "the server sent %u bytes, and its answer was not whole", len);
    }
    fail(opening, WHY_CAUSE_TIMEOUT_UPGRADE);
}

static void on_timer(struct why__timer *timer) {
    struct why__opening *opening = WHY__CONTAINER(timer, struct why__opening, timer);
    if (opening->is_settled && opening->record.cause != WHY_CAUSE_NONE) {
        give_up(opening);
        return;
    }
    if (opening->step == WHY_LAYER_HTTP) {
        time_out_http(opening);
        return;
    }
    opening->record.transport = WHY_TRANSPORT_TIMEOUT;
    if (opening->step == WHY_LAYER_PROXY) {
        fail(opening, WHY_CAUSE_TIMEOUT_PROXY);
        return;
    }
    enum why_cause cause = why__tls_lost(stream_of(opening)->tls, WHY_TRANSPORT_TIMEOUT, 0);
    fail(opening, cause == WHY_CAUSE_NONE ? WHY_CAUSE_TIMEOUT_TLS : cause);
}

/* ---- The proxy ---- */

static void on_proxy_data(struct why__stream *stream, struct why_span *input) {
    struct why__opening *opening = opening_of(stream);
    struct why_bytes bytes = {input->data, input->len};
    enum why__proxy_status status = why__proxy_receive(&opening->talk, &bytes);
    input->data += input->len - bytes.len;
    input->len = bytes.len;
    if (status == WHY__PROXY_READING) {
        why__stream_flush(stream);
        return;
    }
    if (status == WHY__PROXY_FAILED) {
        why__proxy_report(&opening->talk, &opening->record);
        fail(opening, WHY_CAUSE_PROXY_STATUS);
        return;
    }
    char what[200];
    struct why_detail_parts parts;
    struct why__say say;
    why__say_begin(&say, what, sizeof what, &parts);
    why__say(&say, "the way to %.150s is open", opening->target);
    end_step(opening, true, what, &parts);
    if (opening->is_over) {
        return;
    }
    stream->ops = &peer_ops;
    if (opening->url->scheme != WHY__SCHEME_WSS) {
        begin_http(opening);
        return;
    }
    struct why__tls *tls = begin_tls(opening);
    if (tls != NULL) {
        why__stream_secure(stream, tls);
    }
}

static size_t proxy_output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    if (max == 0) {
        return 0;
    }
    list[0] = why__proxy_output(&opening_of(stream)->talk);
    return list[0].len > 0 ? 1 : 0;
}

static void proxy_output_consumed(struct why__stream *stream, size_t len) {
    why__proxy_output_consumed(&opening_of(stream)->talk, len);
}

static void on_proxy_lost(struct why__stream *stream, enum why_cause cause,
                          enum why_transport transport, int os_error) {
    (void)cause; /* the proxy closed, in whatever way */
    struct why__opening *opening = opening_of(stream);
    opening->record.transport = transport;
    opening->record.os_error = os_error;
    why__proxy_eof(&opening->talk);
    why__proxy_report(&opening->talk, &opening->record);
    fail(opening, WHY_CAUSE_PROXY_CLOSED);
}

static const struct why__stream_ops proxy_ops = {
    .on_data = on_proxy_data,
    .output = proxy_output,
    .output_consumed = proxy_output_consumed,
    .on_lost = on_proxy_lost,
};

static const struct why__stream_ops peer_ops = {
    .on_data = on_peer_data,
    .output = peer_output,
    .output_consumed = peer_output_consumed,
    .on_tls = on_tls,
    .on_lost = on_peer_lost,
};

/* ---- Dialling ---- */

static struct why__opening *opening_of_dial(struct why__dial *dial) {
    return WHY__CONTAINER(dial, struct why__opening, dial);
}

static void on_dial_step(struct why__dial *dial, const struct why_step *step) {
    struct why__opening *opening = opening_of_dial(dial);
    opening->ops->on_step(opening, step);
}

static void on_dial_failed(struct why__dial *dial) {
    give_up(opening_of_dial(dial));
}

static void keep_peer(struct why_session *session, int fd) {
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    memset(&storage, 0, sizeof storage);
    if (getpeername(fd, (struct sockaddr *)&storage, &len) == 0) {
        session->peer = why__address_of(&storage);
    }
}

static void on_connected(struct why__dial *dial, int fd) {
    struct why__opening *opening = opening_of_dial(dial);
    struct why__tls *tls = NULL;
    const struct why_options *options = opening->owner.options;
    keep_peer(opening->session, fd);
    if (opening->session->peer.family != AF_UNIX) {
        why__stream_tune(fd, options->ping_interval_ms + options->pong_timeout_ms);
    }
    if (opening->proxy != NULL) {
        begin_step(opening, WHY_LAYER_PROXY, dial->deadline_ms);
        why__proxy_begin(&opening->talk, opening->proxy, opening->target, opening->url->port);
    } else if (opening->url->scheme == WHY__SCHEME_WSS) {
        tls = begin_tls(opening);
        if (tls == NULL) {
            close(fd);
            return;
        }
    }
    const struct why__stream_ops *ops = opening->proxy != NULL ? &proxy_ops : &peer_ops;
    if (why__stream_attach(stream_of(opening), &opening->owner.loop, fd, tls, ops) != WHY_OK) {
        opening->record.os_error = errno;
        close(fd);
        why__tls_free(tls);
        opening->record.transport = WHY_TRANSPORT_ERRNO;
        why_record_fail(&opening->record, WHY_CAUSE_TCP_NO_RESOURCE);
        give_up(opening);
        return;
    }
    if (opening->proxy == NULL && tls == NULL) {
        begin_http(opening);
    } else {
        why__stream_flush(stream_of(opening)); /* a CONNECT, or a ClientHello */
    }
}

static void dial_host(struct why__opening *opening) {
    struct why__dial *dial = &opening->dial;
    const struct why__url *via = opening->proxy != NULL ? opening->proxy : opening->url;
    dial->host = via->host;
    dial->port = via->port;
    dial->is_proxy = opening->proxy != NULL;
    dial->pinned = opening->proxy != NULL ? NULL : opening->pinned;
    dial->name_only = false;
    why__dial_start(dial);
}

/* socks5, not socks5h: the name is resolved here, and the proxy gets its first address. */
static void on_target_resolved(struct why__dial *dial) {
    struct why__opening *opening = opening_of_dial(dial);
    const union why__sockaddr *address = &dial->addresses.list[0];
    const void *bytes = address->any.sa_family == AF_INET6 ? (const void *)&address->ipv6.sin6_addr
                                                           : (const void *)&address->ipv4.sin_addr;
    (void)inet_ntop(address->any.sa_family, bytes, opening->target, sizeof opening->target);
    dial_host(opening);
}

static const struct why__dial_ops dial_ops = {
    .on_step = on_dial_step,
    .on_resolved = on_target_resolved,
    .on_connected = on_connected,
    .on_failed = on_dial_failed,
};

/* What the session cannot know of the steps before it. */
static void report(const struct why_session *session, struct why_record *record) {
    const struct why__opening *opening =
        WHY__CONTAINER(why__session_owner(session), struct why__opening, owner);
    const struct why_timings *timings = &opening->record.timings;
    record->timings.dns_us = timings->dns_us;
    record->timings.tcp_us = timings->tcp_us;
    record->timings.proxy_us = timings->proxy_us;
    if (record->peer[0] == '\0') {
        memcpy(record->peer, opening->record.peer, sizeof record->peer);
    }
}

void why__opening_start(struct why__opening *opening) {
    const struct why__url *url = opening->url;
    why_record_init(&opening->record);
    opening->owner.report = report;
    opening->is_over = false;
    opening->is_settled = false;
    opening->timer.on_due = on_timer;
    opening->dial.loop = opening->owner.loop;
    opening->dial.options = opening->owner.options;
    opening->dial.ops = &dial_ops;
    opening->dial.record = &opening->record;
    opening->dial.unix_path = url->scheme == WHY__SCHEME_WS_UNIX ? url->unix_path : NULL;
    memcpy(opening->target, url->host, sizeof opening->target);
    bool is_ours_to_resolve =
        opening->proxy != NULL && opening->proxy->scheme == WHY__SCHEME_SOCKS5 && !url->is_address;
    if (!is_ours_to_resolve) {
        dial_host(opening);
        return;
    }
    opening->dial.host = url->host;
    opening->dial.port = url->port;
    opening->dial.is_proxy = false;
    opening->dial.pinned = opening->pinned;
    opening->dial.name_only = true;
    why__dial_start(&opening->dial);
}
