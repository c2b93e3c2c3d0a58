/* SPDX-License-Identifier: MIT
 *
<<<<<<< HEAD
 * The steps of an attempt, in order. Every way out that is not a session is through fail() or
 * settle(), with a cause; no byte but the handshake's is sent before the 101 is found right.
 */
#include "net/opening.h"

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
    return WHY__CONTAINER(session->owner, struct why__opening, owner);
}

static struct why__stream *stream_of(struct why__opening *opening) {
    return &opening->session->stream;
}

/* ---- Steps and their end ---- */

static void begin_step(struct why__opening *opening, enum why_layer layer, uint64_t deadline_ms) {
    opening->step = layer;
    opening->step_begin_us = why__clock_us();
    why__timer_set(opening->loop, &opening->timer, deadline_ms);
}

static uint64_t deadline_in(const struct why__opening *opening, uint32_t timeout_ms) {
    return timeout_ms == 0 ? WHY_NO_DEADLINE : why__loop_now(opening->loop) + timeout_ms;
}

static void end_step(struct why__opening *opening, bool ok, const char *what) {
    struct why_timings *timings = &opening->record.timings;
    uint64_t us = why__clock_us() - opening->step_begin_us;
    uint32_t duration = us < WHY_NO_TIME ? (uint32_t)us : WHY_NO_TIME - 1;
    if (opening->step == WHY_LAYER_PROXY) {
        timings->proxy_us = duration;
    } else if (opening->step == WHY_LAYER_TLS) {
        timings->tls_us = duration;
        opening->session->tls_us = duration;
    } else {
        timings->http_us = duration;
        opening->session->http_us = duration;
    }
    struct why_step step = {.layer = opening->step, .ok = ok, .us = duration, .what = what};
    opening->ops->on_step(opening, &step);
}

void why__opening_stop(struct why__opening *opening) {
    why__dial_stop(&opening->dial);
    if (opening->loop != NULL) {
        why__timer_cancel(opening->loop, &opening->timer);
    }
    why_client_handshake_free(opening->handshake);
    opening->handshake = NULL;
}

static void give_up(struct why__opening *opening) {
    why__opening_stop(opening);
    opening->ops->on_failed(opening);
}

/* The step has failed. What is known of TLS goes into the record first: where TLS itself failed,
 * that is the cause, whatever the transport did after it. */
static void note_failure(struct why__opening *opening, enum why_cause cause) {
    struct why_record *record = &opening->record;
    const struct why__tls *tls = stream_of(opening)->tls;
    if (tls != NULL) {
        why__tls_report(tls, record);
    }
    why_record_fail(record, cause);
    end_step(opening, false, record->detail);
}

static void fail(struct why__opening *opening, enum why_cause cause) {
    note_failure(opening, cause);
    give_up(opening);
}

/* An alert of ours is on its way: closing now could destroy it. The peer closes when it has it. */
static void settle(struct why__opening *opening, enum why_cause cause) {
    note_failure(opening, cause);
    opening->is_settled = true;
    why__timer_set(opening->loop, &opening->timer, deadline_in(opening, EVIDENCE_MS));
}

/* ---- HTTP ---- */

static void begin_http(struct why__opening *opening) {
    const struct why_options *options = opening->owner.options;
    begin_step(opening, WHY_LAYER_HTTP, deadline_in(opening, options->upgrade_timeout_ms));
    int result = why_client_handshake_new(options, opening->request, &opening->handshake);
    if (result != WHY_OK) {
        fail(opening, result == WHY_ERR_NOMEM ? WHY_CAUSE_LOCAL_OUT_OF_MEMORY
                                              : WHY_CAUSE_LOCAL_INTERNAL);
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
        memcpy(opening->record.detail, "the 101 came before the request was sent",
               sizeof "the 101 came before the request was sent");
        fail(opening, WHY_CAUSE_HTTP_RESPONSE_MALFORMED);
        return;
    }
    struct why_deflate_params deflate = why_client_handshake_deflate(handshake);
    struct why_conn *conn = why_conn_new(opening->owner.options, WHY_ROLE_CLIENT, &deflate);
    if (conn == NULL) {
        fail(opening, WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
        return;
    }
    char what[160];
    describe_101(opening, what, sizeof what);
    why__timer_cancel(opening->loop, &opening->timer);
    end_step(opening, true, what);
    /* The head has to outlast on_open, which may stop this attempt. */
    opening->handshake = NULL;
    why__session_open(opening->session, conn, why_client_handshake_head(handshake));
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
    enum why_handshake_state state =
        why_client_handshake_receive(opening->handshake, &bytes);
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
            why__timer_set(opening->loop, &opening->timer, deadline_in(opening, EVIDENCE_MS));
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
    why__tls_report(stream->tls, record);
    char what[sizeof record->tls.version + sizeof record->tls.cipher + 4];
    (void)snprintf(what, sizeof what, "%s, %s", record->tls.version, record->tls.cipher);
    end_step(opening, true, what);
    begin_http(opening);
}

/* NULL: failed, and told so. */
static struct why__tls *begin_tls(struct why__opening *opening) {
    begin_step(opening, WHY_LAYER_TLS,
               deadline_in(opening, opening->owner.options->tls_timeout_ms));
    struct why__tls *tls = why__tls_new(opening->tls_context, opening->url->host);
    if (tls == NULL) {
        fail(opening, WHY_CAUSE_LOCAL_OUT_OF_MEMORY);
    }
    return tls;
}

/* ---- The end of the transport, and of patience ---- */

static void on_peer_lost(struct why__stream *stream, enum why_cause cause,
                         enum why_transport transport, int os_error) {
    struct why__opening *opening = opening_of(stream);
    struct why_record *record = &opening->record;
    if (opening->is_settled && opening->handshake == NULL) {
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
    (void)snprintf(record->detail, sizeof record->detail,
                   len == 0 ? "the server sent nothing at all"
                            : "the server sent %u bytes, and its answer was not whole",
                   len);
    fail(opening, WHY_CAUSE_TIMEOUT_UPGRADE);
}

static void on_timer(struct why__timer *timer) {
    struct why__opening *opening = WHY__CONTAINER(timer, struct why__opening, timer);
    if (opening->step == WHY_LAYER_HTTP) {
        time_out_http(opening);
        return;
    }
    if (opening->is_settled) {
        give_up(opening);
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
    char what[WHY__HOST_LEN_MAX + 40];
    (void)snprintf(what, sizeof what, "the way to %s is open", opening->target);
    end_step(opening, true, what);
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
    if (why__stream_attach(stream_of(opening), opening->loop, fd, tls, ops) != WHY_OK) {
        opening->record.os_error = errno;
        close(fd);
        why__tls_free(tls);
        opening->record.transport = WHY_TRANSPORT_ERRNO;
        why_record_fail(&opening->record, WHY_CAUSE_TCP_NO_RESOURCE);
        give_up(opening);
        return;
    }
    if (opening->proxy != NULL) {
        why__stream_flush(stream_of(opening));
    } else if (tls == NULL) {
        begin_http(opening);
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
    const void *bytes = address->any.sa_family == AF_INET6
                            ? (const void *)&address->ipv6.sin6_addr
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
        WHY__CONTAINER(session->owner, struct why__opening, owner);
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
    opening->is_settled = false;
    opening->timer.on_due = on_timer;
    opening->dial.loop = opening->loop;
    opening->dial.options = opening->owner.options;
    opening->dial.ops = &dial_ops;
    opening->dial.record = &opening->record;
    opening->dial.unix_path = url->scheme == WHY__SCHEME_WS_UNIX ? url->unix_path : NULL;
    memcpy(opening->target, url->host, sizeof opening->target);
    bool is_ours_to_resolve = opening->proxy != NULL &&
                              opening->proxy->scheme == WHY__SCHEME_SOCKS5 && !url->is_address;
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
=======
 * A connection on its way to be a session: TLS, the request, its answer, each with a deadline that
 * nothing the peer does can move. And the end of those that do not get there, with a record each.
 */
#include "net/server_state.h"
#include "net/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase {
    PHASE_TLS,
    PHASE_REQUEST,
    PHASE_ANSWER,  /* the 101 is on its way; what comes now is the session's */
    PHASE_REFUSAL, /* another answer, or an alert, is on its way; what comes now is nobody's */
};

struct opening {
    struct why_session *session;
    struct why_server *server;
    struct why_server_handshake *handshake; /* NULL until the first byte */
    uint64_t step_us;                       /* when the step began that is being taken */
    enum phase phase;
    enum why_cause cause; /* where none of the layers knows it */
    struct why_bytes notice;
    bool is_asking; /* inside on_request */
    bool is_over;   /* while it was */
    void *user;     /* of the session to be */
};

static const char plain_http_notice[] = "HTTP/1.1 400 Bad Request\r\n"
                                        "Connection: close\r\n"
                                        "Content-Type: text/plain; charset=utf-8\r\n"
                                        "Content-Length: 82\r\n"
                                        "\r\n"
                                        "This port speaks TLS, and the request came without it.\n"
                                        "Use wss:// (or https://).\n\n";

static struct opening *opening_of(struct why__stream *stream) {
    return WHY__CONTAINER(stream, struct why_session, stream)->user;
}

static void set_deadline(struct opening *opening, uint32_t timeout_ms) {
    struct why_loop *loop = opening->server->loop;
    why__timer_set(loop, &opening->session->timer,
                   timeout_ms == 0 ? WHY_NO_DEADLINE : why__loop_now(loop) + timeout_ms);
}

static uint32_t take_time(struct opening *opening) {
    uint64_t now_us = why__clock_us();
    uint64_t took_us = now_us - opening->step_us;
    opening->step_us = now_us;
    return took_us < WHY_NO_TIME ? (uint32_t)took_us : WHY_NO_TIME - 1;
}

/* ---- The end of one that was no session ---- */

static void free_opening(struct opening *opening) {
    why_server_handshake_free(opening->handshake);
    free(opening);
}

/* The innermost layer that failed knows best; how the transport went is a cause only where none
 * did. */
static void write_record(struct opening *opening, enum why_cause cause, struct why_record *record) {
    why_session_report(opening->session, record);
    why_record_fail(record, opening->cause);
    if (opening->handshake != NULL) {
        why_server_handshake_report(opening->handshake, record);
    }
    if (opening->cause == WHY_CAUSE_TLS_NOT_TLS) {
        snprintf(record->detail, sizeof record->detail, "plain HTTP came to a port for TLS");
    }
    if (opening->phase != PHASE_REFUSAL) {
        why_record_fail(record, cause);
    }
}

/* The opening is gone after it, but for one that is inside on_request. */
static void end(struct opening *opening, enum why_cause cause, enum why_transport transport,
                int os_error) {
    struct why_session *session = opening->session;
    struct why_server *server = opening->server;
    struct why_record record;
    write_record(opening, cause, &record);
    record.transport = transport;
    record.os_error = os_error;
    why__ring_remove(&server->openings, session);
    session->user = NULL;
    if (opening->is_asking) {
        opening->is_over = true;
    } else {
        free_opening(opening);
    }
    why__session_drop(session);
    if (record.cause != WHY_CAUSE_NONE) {
        why__server_refused(server, &record);
    }
    why__server_released(server);
}

void why__opening_cut(struct why_session *session) {
    end(session->user, WHY_CAUSE_LOCAL_SHUTDOWN, WHY_TRANSPORT_CLOSED, 0);
}

static enum why_cause cause_of_delay(enum phase phase) {
    switch (phase) {
    case PHASE_TLS:
        return WHY_CAUSE_TIMEOUT_TLS;
    case PHASE_REQUEST:
        return WHY_CAUSE_TIMEOUT_REQUEST;
    case PHASE_ANSWER:
        return WHY_CAUSE_TIMEOUT_UPGRADE;
    case PHASE_REFUSAL:
        break;
    }
    return WHY_CAUSE_NONE;
}

static void on_due(struct why__timer *timer) {
    struct why_session *session = WHY__CONTAINER(timer, struct why_session, timer);
    struct opening *opening = session->user;
    enum why_cause cause = cause_of_delay(opening->phase);
    if (opening->phase == PHASE_TLS) {
        (void)why__tls_lost(session->stream.tls, WHY_TRANSPORT_TIMEOUT, 0);
    }
    end(opening, cause, cause == WHY_CAUSE_NONE ? WHY_TRANSPORT_CLOSED : WHY_TRANSPORT_TIMEOUT, 0);
}

/* Send what there is to send and end the connection in order: nothing more is read from it, so that
 * no request behind the one that was refused is ever looked at. */
static void refuse(struct opening *opening) {
    opening->phase = PHASE_REFUSAL;
    uint32_t timeout_ms = opening->server->config->options->close_timeout_ms;
    if (timeout_ms != 0) {
        set_deadline(opening, timeout_ms);
    }
    why__stream_finish(&opening->session->stream, true);
}

/* ---- The request and its answer ---- */

/* `handshake` is DECIDE, and answered without 101. False: there was no memory for it. */
static bool respond(struct opening *opening, const struct why_http_response *response) {
    int result = why_server_handshake_respond(opening->handshake, response);
    if (result == WHY_ERR_ARGUMENT) {
        static const char text[] = "The program's answer to this request cannot be sent.\n";
        result = why_server_handshake_respond(
            opening->handshake,
            &(struct why_http_response){.status = 500,
                                        .body = {(const uint8_t *)text, sizeof text - 1}});
    }
    return result == WHY_OK;
}

/* DONE: the connection is made before the 101 leaves, as there may be no memory for it. */
static bool accept_upgrade(struct opening *opening, const struct why_answer *answer) {
    int result = why_server_handshake_accept(opening->handshake, answer->subprotocol);
    if (result == WHY_ERR_ARGUMENT) {
        /* A subprotocol that was not offered: the client would have to fail the connection. */
        return respond(opening, &(struct why_http_response){.status = 500});
    }
    if (result != WHY_OK) {
        return false;
    }
    struct why_deflate_params deflate = why_server_handshake_deflate(opening->handshake);
    opening->session->conn =
        why_conn_new(opening->server->config->options, WHY_ROLE_SERVER, &deflate);
    if (opening->session->conn == NULL) {
        return false;
    }
    if (answer->handler != NULL) {
        opening->session->handler = answer->handler;
    }
    opening->user = answer->user;
    opening->phase = PHASE_ANSWER;
    return true;
}

/* Ask the program and answer. Sets `is_over` where the program freed the server. */
static bool answer_request(struct opening *opening) {
    const struct why_server_config *config = opening->server->config;
    struct why_answer answer = {0};
    bool is_upgrade = why_server_handshake_is_upgrade(opening->handshake);
    if (config->on_request != NULL) {
        opening->is_asking = true;
        config->on_request(config->user, opening->handshake, &answer);
        opening->is_asking = false;
        if (opening->is_over) {
            return true;
        }
    }
    if (answer.respond) {
        return respond(opening, &answer.response);
    }
    if (!is_upgrade) {
        static const char text[] = "There is nothing here but a WebSocket.\n";
        return respond(
            opening, &(struct why_http_response){.status = 404,
                                                 .body = {(const uint8_t *)text, sizeof text - 1}});
    }
    return accept_upgrade(opening, &answer);
}

static void decide(struct opening *opening) {
    set_deadline(opening, opening->server->config->options->upgrade_timeout_ms);
    if (!answer_request(opening)) {
        end(opening, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, WHY_TRANSPORT_CLOSED, 0);
    } else if (opening->is_over) {
        free_opening(opening);
    } else if (opening->phase == PHASE_ANSWER) {
        why__stream_flush(&opening->session->stream);
    } else {
        refuse(opening);
    }
}

/* ---- The stream's callbacks ---- */

static bool on_first(struct why__stream *stream, uint8_t byte) {
    struct opening *opening = opening_of(stream);
    if (byte < 'A' || byte > 'Z') {
        return true; /* TLS, or what it can say best itself */
    }
    opening->cause = WHY_CAUSE_TLS_NOT_TLS;
    opening->notice =
        (struct why_bytes){(const uint8_t *)plain_http_notice, sizeof plain_http_notice - 1};
    return false;
}

static void on_tls(struct why__stream *stream, bool is_open) {
    struct opening *opening = opening_of(stream);
    if (!is_open) {
        refuse(opening);
        return;
    }
    opening->session->tls_us = take_time(opening);
    opening->phase = PHASE_REQUEST;
    set_deadline(opening, opening->server->config->options->request_timeout_ms);
}

static void on_data(struct why__stream *stream, struct why_span *input) {
    struct opening *opening = opening_of(stream);
    if (opening->phase == PHASE_ANSWER) {
        return; /* held for the session */
    }
    if (opening->handshake == NULL) {
        const struct why_server_config *config = opening->server->config;
        opening->handshake = why_server_handshake_new(config->options, config->origin);
        if (opening->handshake == NULL) {
            end(opening, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, WHY_TRANSPORT_CLOSED, 0);
            return;
        }
    }
    struct why_bytes rest = {input->data, input->len};
    enum why_handshake_state state = why_server_handshake_receive(opening->handshake, &rest);
    input->data += input->len - rest.len;
    input->len = rest.len;
    if (opening->notice.len > 0 || state == WHY_HANDSHAKE_FAILED) {
        refuse(opening);
    } else if (state == WHY_HANDSHAKE_DECIDE) {
        decide(opening);
    }
}

static size_t output(struct why__stream *stream, struct why_bytes *list, size_t max) {
    const struct opening *opening = opening_of(stream);
    struct why_bytes bytes = opening->notice;
    if (opening->cause == WHY_CAUSE_NONE && opening->handshake != NULL) {
        bytes = why_server_handshake_output(opening->handshake);
    }
    if (bytes.len == 0 || max == 0) {
        return 0;
    }
    list[0] = bytes;
    return 1;
}

static void output_consumed(struct why__stream *stream, size_t len) {
    struct opening *opening = opening_of(stream);
    if (opening->cause == WHY_CAUSE_NONE) {
        why_server_handshake_output_consumed(opening->handshake, len);
    } else {
        opening->notice.data += len;
        opening->notice.len -= len;
    }
}

/* The 101 is out: from here it is a session. */
static void on_flush(struct why__stream *stream, bool is_done) {
    struct opening *opening = opening_of(stream);
    if (!is_done || opening->phase != PHASE_ANSWER) {
        return;
    }
    struct why_session *session = opening->session;
    struct why_server *server = opening->server;
    session->http_us = take_time(opening);
    session->user = opening->user;
    why__ring_remove(&server->openings, session);
    why__ring_add(&server->sessions, session);
    server->stats.opened++;
    server->stats.open++;
    why__session_open(session, session->conn, why_server_handshake_head(opening->handshake));
    free_opening(opening);
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    struct opening *opening = opening_of(stream);
    if (opening->phase == PHASE_REQUEST && transport == WHY_TRANSPORT_FIN) {
        if (opening->handshake != NULL) {
            (void)why_server_handshake_eof(opening->handshake);
        }
        cause = WHY_CAUSE_HTTP_REQUEST_CUT;
    }
    end(opening, cause, transport, os_error);
}

static const struct why__stream_ops opening_ops = {.on_data = on_data,
                                                   .output = output,
                                                   .output_consumed = output_consumed,
                                                   .on_flush = on_flush,
                                                   .on_tls = on_tls,
                                                   .on_first = on_first,
                                                   .on_lost = on_lost};

bool why__opening_begin(struct why_server *server, struct why_session *session, int fd,
                        struct why__tls *tls) {
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL) {
        return false;
    }
    if (why__stream_attach(&session->stream, server->loop, fd, tls, &opening_ops) != WHY_OK) {
        free(opening);
        return false;
    }
    const struct why_options *options = server->config->options;
    opening->session = session;
    opening->server = server;
    opening->step_us = why__clock_us();
    opening->phase = tls == NULL ? PHASE_REQUEST : PHASE_TLS;
    session->user = opening;
    session->timer.on_due = on_due;
    set_deadline(opening, tls == NULL ? options->request_timeout_ms : options->tls_timeout_ms);
    why__ring_add(&server->openings, session);
    return true;
>>>>>>> net
}
