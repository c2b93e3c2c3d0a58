/* SPDX-License-Identifier: MIT
 *
 * A connection on its way to be a session: TLS, the request, its answer, each with a deadline that
 * nothing the peer does can move. And the end of those that do not get there, with a record each.
 */
#include "net/server_state.h"

#include "base/say.h"
#include "net/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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
    uint64_t now_ms = why__loop_now(opening->server->owner.loop);
    why__stream_set_deadline(&opening->session->stream,
                             timeout_ms == 0 ? WHY_NO_DEADLINE : now_ms + timeout_ms);
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

/* A client that turned our certificate down: what is wrong with it, for the name, or else for the
 * address, that the client went to. */
static void explain_rejection(struct opening *opening, struct why_record *record) {
    const struct why__stream *stream = &opening->session->stream;
    if (stream->tls == NULL) {
        return;
    }
    struct sockaddr_storage storage = {0};
    socklen_t len = sizeof storage;
    char address[64] = "";
    if (why__tls_wants_address(stream->tls, record) &&
        getsockname(stream->watch.fd, (struct sockaddr *)&storage, &len) == 0) {
        struct why__address ours = why__address_of(&storage);
        why__address_host(&ours, address, sizeof address);
    }
    why__tls_explain_rejection(stream->tls, address, record);
}

/* The innermost layer that failed knows best; how the transport went is a cause only where none
 * did. */
static void write_record(struct opening *opening, enum why_cause cause, struct why_record *record) {
    why_session_report(opening->session, record);
    explain_rejection(opening, record);
    why_record_fail(record, opening->cause);
    if (opening->handshake != NULL) {
        why_server_handshake_report(opening->handshake, record);
    }
    if (opening->cause == WHY_CAUSE_TLS_PLAIN_HTTP) {
        record->side = WHY_SIDE_PEER; /* its URL is wrong */
        struct why__say say = why__say_in(record);
        why__say(&say, "plain HTTP came to a port for TLS");
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

static void on_due(struct why__stream *stream) {
    struct opening *opening = opening_of(stream);
    enum why_cause cause = cause_of_delay(opening->phase);
    if (opening->phase == PHASE_TLS) {
        (void)why__tls_lost(stream->tls, WHY_TRANSPORT_TIMEOUT, 0);
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
    if (!why__session_prepare(opening->session, &deflate)) {
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

/* The first line of HTTP begins with a method, and others of this kind are rare. */
static bool is_http(struct why_bytes first) {
    static const char *const methods[] = {"GET ",    "HEAD ",    "POST ",    "PUT ",
                                          "DELETE ", "OPTIONS ", "CONNECT ", "PATCH "};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        size_t len = strlen(methods[i]);
        if (memcmp(first.data, methods[i], first.len < len ? first.len : len) == 0) {
            return true;
        }
    }
    return false;
}

static bool on_first(struct why__stream *stream, struct why_bytes first) {
    struct opening *opening = opening_of(stream);
    if (!is_http(first)) {
        return true; /* TLS, or what it can say best itself */
    }
    opening->cause = WHY_CAUSE_TLS_PLAIN_HTTP;
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
    stream->tls_us = take_time(opening);
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
    why__session_open(session, why_server_handshake_head(opening->handshake));
    free_opening(opening);
}

static void on_lost(struct why__stream *stream, enum why_cause cause, enum why_transport transport,
                    int os_error) {
    struct opening *opening = opening_of(stream);
    bool has_failed = stream->tls != NULL && why__tls_status(stream->tls) == WHY__TLS_FAILED;
    if (opening->phase == PHASE_REQUEST && transport == WHY_TRANSPORT_FIN && !has_failed) {
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
                                                   .on_lost = on_lost,
                                                   .on_due = on_due};

bool why__opening_begin(struct why_server *server, struct why_session *session, int fd,
                        struct why__tls *tls) {
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL) {
        return false;
    }
    if (why__stream_attach(&session->stream, &server->owner.loop, fd, tls, &opening_ops) !=
        WHY_OK) {
        free(opening);
        return false;
    }
    const struct why_options *options = server->config->options;
    opening->session = session;
    opening->server = server;
    opening->step_us = why__clock_us();
    opening->phase = tls == NULL ? PHASE_REQUEST : PHASE_TLS;
    session->user = opening;
    set_deadline(opening, tls == NULL ? options->request_timeout_ms : options->tls_timeout_ms);
    why__ring_add(&server->openings, session);
    return true;
}
