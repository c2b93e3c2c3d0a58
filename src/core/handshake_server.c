/* SPDX-License-Identifier: MIT
 *
 * The server's side of the opening handshake: its states and its answers. What is asked of a
 * request is in request.c, its grammar in http_head.c.
 */
#include "base/ascii.h"
#include "base/mark.h"
#include "base/say.h"
#include "core/accept_key.h"
#include "core/extensions.h"
#include "core/http_field.h"
#include "core/http_head.h"
#include "core/output.h"
#include "core/request.h"
#include "whysocket/handshake.h"

#include <assert.h>
#include <string.h>

struct why_server_handshake {
    const struct why_options *options;
    const struct why_origin_policy *policy;
    enum why_handshake_state state;
    struct why__http_parser parser;
    struct why__request request;
    struct why__output output;
    uint16_t status; /* what was answered; 0: nothing yet */
    enum why_cause cause;
    const char *detail;
};

static const struct {
    enum why_cause cause;
    uint16_t status;
    const char *detail;
    const char *mend;
} refusals[] = {[WHY__REFUSAL_NONE] = {WHY_CAUSE_NONE, 0, "", ""},
#define X(name, cause, status, detail, mend)                                                       \
    [WHY__REFUSAL_##name] = {WHY_CAUSE_HTTP_REQUEST_##cause, status, detail, mend},
                WHY__REFUSAL_MAP(X)
#undef X
};

static const struct {
    uint16_t status;
    const char *reason;
} reasons[] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {414, "URI Too Long"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

/* Any other status goes out with an empty reason (RFC 9112 section 4). */
static const char *reason_of(uint16_t status) {
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "";
}

static enum why_handshake_state fail(struct why_server_handshake *handshake, enum why_cause cause,
                                     const char *detail) {
    handshake->state = WHY_HANDSHAKE_FAILED;
    handshake->cause = cause;
    handshake->detail = detail;
    return handshake->state;
}

static enum why_handshake_state fail_nomem(struct why_server_handshake *handshake) {
    why__output_clear(&handshake->output);
    handshake->status = 0;
    return fail(handshake, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
}

/* ---- Answers ---- */

static void put_status_line(struct why__output *output, uint16_t status) {
    why__output_text(output, "HTTP/1.1 ");
    why__output_decimal(output, status);
    why__output_text(output, " ");
    why__output_text(output, reason_of(status));
    why__output_text(output, "\r\n");
}

/* Every answer but 101 ends the connection: nothing that came behind the request may be read as
 * another one. */
static void put_refusal_headers(struct why__output *output, uint16_t status) {
    if (status == 426) {
        /* RFC 9110 sections 7.8 and 15.5.22; RFC 6455 section 4.4 */
        why__output_text(output, "Connection: close, Upgrade\r\n"
                                 "Upgrade: websocket\r\n"
                                 "Sec-WebSocket-Version: 13\r\n");
    } else {
        why__output_text(output, "Connection: close\r\n");
    }
    if (status == 405) {
        why__output_text(output, "Allow: GET, HEAD\r\n");
    }
}

/* 204 and 304 have no body; an answer to HEAD says how long it would be and leaves it out. */
static void put_answer(struct why_server_handshake *handshake,
                       const struct why_http_response *response) {
    struct why__output *output = &handshake->output;
    put_status_line(output, response->status);
    put_refusal_headers(output, response->status);
    bool has_body = response->status != 204 && response->status != 304;
    if (has_body) {
        why__output_text(output, "Content-Type: ");
        why__output_text(output, response->content_type == NULL ? "text/plain; charset=utf-8"
                                                                : response->content_type);
        why__output_text(output, "\r\nContent-Length: ");
        why__output_decimal(output, response->body.len);
        why__output_text(output, "\r\n");
    }
    if (response->headers != NULL) {
        why__output_text(output, response->headers);
    }
    why__output_text(output, "\r\n");
    bool is_head = handshake->parser.state == WHY__HTTP_DONE &&
                   why__bytes_are(handshake->parser.head.method, "HEAD");
    if (has_body && !is_head) {
        why__output_put(output, response->body);
    }
    handshake->status = response->status;
}

/* The body says what is wrong and how to mend it. Nothing of the request is in it, so that no page
 * can be made to show what somebody else wrote. */
static enum why_handshake_state refuse(struct why_server_handshake *handshake,
                                       enum why__refusal refusal, const char *detail) {
    struct why__output body;
    why__output_init(&body, handshake->options->host);
    why__output_text(&body, "Refused: ");
    why__output_text(&body, detail);
    why__output_text(&body, ".\n");
    why__output_text(&body, refusals[refusal].mend);
    why__output_text(&body, "\n");
    put_answer(handshake, &(struct why_http_response){.status = refusals[refusal].status,
                                                      .body = why__output_rest(&body)});
    bool is_whole = !body.failed && !handshake->output.failed;
    why__output_clear(&body);
    return is_whole ? fail(handshake, refusals[refusal].cause, detail) : fail_nomem(handshake);
}

/* ---- Receiving ---- */

struct why_server_handshake *why_server_handshake_new(const struct why_options *options,
                                                      const struct why_origin_policy *policy) {
    const struct why_host *host = options->host;
    struct why_server_handshake *handshake = host->allocate(host->context, NULL, sizeof *handshake);
    if (handshake == NULL) {
        return NULL;
    }
    *handshake = (struct why_server_handshake){
        .options = options, .policy = policy, .state = WHY_HANDSHAKE_READING};
    why__http_parser_init_request(&handshake->parser, options);
    why__output_init(&handshake->output, host);
    return handshake;
}

void why_server_handshake_free(struct why_server_handshake *handshake) {
    if (handshake == NULL) {
        return;
    }
    const struct why_host *host = handshake->options->host;
    why__http_parser_clear(&handshake->parser);
    why__output_clear(&handshake->output);
    host->allocate(host->context, handshake, 0);
}

static enum why_handshake_state refuse_head(struct why_server_handshake *handshake) {
    const char *detail = handshake->parser.detail;
    switch (handshake->parser.error) {
    case WHY__HTTP_NOMEM:
        return fail_nomem(handshake);
    case WHY__HTTP_TOO_LARGE:
        return refuse(handshake, WHY__REFUSAL_TOO_LARGE, detail);
    case WHY__HTTP_TARGET_TOO_LONG:
        return refuse(handshake, WHY__REFUSAL_TARGET_TOO_LONG, detail);
    case WHY__HTTP_BAD_VERSION:
        return refuse(handshake, WHY__REFUSAL_HTTP_VERSION, detail);
    case WHY__HTTP_BAD:
    case WHY__HTTP_NOT_HTTP:
    case WHY__HTTP_OK:
    default:
        return refuse(handshake, WHY__REFUSAL_MALFORMED, detail);
    }
}

/* A TLS handshake record, where a method is awaited: wss:// at a port for ws://. It is answered in
 * TLS, with the alert protocol_version, so that the client's error is about TLS and not about a
 * connection that was lost. */
static enum why_handshake_state refuse_tls(struct why_server_handshake *handshake) {
    static const uint8_t alert[] = {0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46};
    why__output_put(&handshake->output, (struct why_bytes){alert, sizeof alert});
    if (handshake->output.failed) {
        return fail_nomem(handshake);
    }
    return fail(handshake, WHY_CAUSE_HTTP_REQUEST_TLS,
                N_("the client speaks TLS to a port without it"));
}

enum why_handshake_state why_server_handshake_receive(struct why_server_handshake *handshake,
                                                      struct why_bytes *input) {
    struct why__http_parser *parser = &handshake->parser;
    if (handshake->state != WHY_HANDSHAKE_READING || input->len == 0) {
        return handshake->state;
    }
    if (parser->len == 0 && input->data[0] == 0x16) {
        return refuse_tls(handshake);
    }
    why__http_parser_receive(parser, input);
    if (parser->state == WHY__HTTP_FAILED) {
        return refuse_head(handshake);
    }
    if (parser->state != WHY__HTTP_DONE) {
        return handshake->state;
    }
    enum why__refusal refusal = why__request_check(&parser->head, handshake->options,
                                                   handshake->policy, &handshake->request);
    if (refusal != WHY__REFUSAL_NONE) {
        return refuse(handshake, refusal, refusals[refusal].detail);
    }
    handshake->state = WHY_HANDSHAKE_DECIDE;
    return handshake->state;
}

enum why_handshake_state why_server_handshake_eof(struct why_server_handshake *handshake) {
    if (handshake->state != WHY_HANDSHAKE_READING) {
        return handshake->state;
    }
    return fail(handshake, WHY_CAUSE_HTTP_REQUEST_CUT,
                handshake->parser.len == 0 ? N_("the client sent nothing at all")
                                           : N_("the client ended its stream inside the request"));
}

/* ---- Deciding ---- */

const struct why_http_head *
why_server_handshake_head(const struct why_server_handshake *handshake) {
    return &handshake->parser.head;
}

bool why_server_handshake_is_upgrade(const struct why_server_handshake *handshake) {
    return handshake->request.is_upgrade;
}

bool why_server_handshake_subprotocol(const struct why_server_handshake *handshake, size_t index,
                                      struct why_bytes *subprotocol) {
    if (index >= handshake->request.subprotocol_count) {
        return false;
    }
    *subprotocol = handshake->request.subprotocols[index];
    return true;
}

static bool is_offered(const struct why_server_handshake *handshake, const char *subprotocol) {
    for (size_t i = 0; i < handshake->request.subprotocol_count; i++) {
        if (why__bytes_are_equal(handshake->request.subprotocols[i], why__bytes_of(subprotocol))) {
            return true;
        }
    }
    return false;
}

int why_server_handshake_accept(struct why_server_handshake *handshake, const char *subprotocol) {
    if (handshake->state != WHY_HANDSHAKE_DECIDE || !handshake->request.is_upgrade) {
        return WHY_ERR_STATE;
    }
    if (subprotocol != NULL && !is_offered(handshake, subprotocol)) {
        return WHY_ERR_ARGUMENT;
    }
    char accept_key[WHY__ACCEPT_KEY_LEN];
    why__accept_key(handshake->request.key, accept_key);
    struct why__output *output = &handshake->output;
    put_status_line(output, 101);
    why__output_text(output, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ");
    why__output_put(output, (struct why_bytes){(const uint8_t *)accept_key, sizeof accept_key});
    if (subprotocol != NULL) {
        why__output_text(output, "\r\nSec-WebSocket-Protocol: ");
        why__output_text(output, subprotocol);
    }
    char extensions[WHY__EXTENSIONS_TEXT_MAX];
    size_t extensions_len = why__extensions_answer(&handshake->request.deflate, extensions);
    if (extensions_len > 0) {
        why__output_text(output, "\r\nSec-WebSocket-Extensions: ");
        why__output_put(output, (struct why_bytes){(const uint8_t *)extensions, extensions_len});
    }
    why__output_text(output, "\r\n\r\n");
    if (output->failed) {
        why__output_clear(output);
        return WHY_ERR_NOMEM;
    }
    handshake->status = 101;
    handshake->state = WHY_HANDSHAKE_DONE;
    return WHY_OK;
}

/* Headers that put_answer() writes, or that would tell where a body ends in another way. */
static const char *const own_headers[] = {"Connection",     "Upgrade",
                                          "Content-Length", "Transfer-Encoding",
                                          "Content-Type",   "Sec-WebSocket-Accept"};

/* Whether it is lines of "Name: value" with CR LF at the end of each and nowhere else. */
static bool are_header_lines(const char *text) {
    struct why_bytes rest = why__bytes_of(text);
    while (rest.len > 0) {
        const uint8_t *lf = memchr(rest.data, '\n', rest.len);
        size_t len = lf == NULL ? 0 : (size_t)(lf - rest.data) + 1;
        if (len < 2 || rest.data[len - 2] != '\r') {
            return false;
        }
        struct why_header header;
        if (!why__header_read((struct why_bytes){rest.data, len - 2}, &header)) {
            return false;
        }
        for (size_t i = 0; i < sizeof own_headers / sizeof own_headers[0]; i++) {
            if (why__bytes_are(header.name, own_headers[i])) {
                return false;
            }
        }
        rest.data += len;
        rest.len -= len;
    }
    return true;
}

int why_server_handshake_respond(struct why_server_handshake *handshake,
                                 const struct why_http_response *response) {
    if (handshake->state != WHY_HANDSHAKE_DECIDE) {
        return WHY_ERR_STATE;
    }
    if (response->status < 200 || response->status > 599 ||
        (response->content_type != NULL &&
         !why__is_field_value(why__bytes_of(response->content_type))) ||
        (response->headers != NULL && !are_header_lines(response->headers))) {
        return WHY_ERR_ARGUMENT;
    }
    put_answer(handshake, response);
    if (handshake->output.failed) {
        why__output_clear(&handshake->output);
        handshake->status = 0;
        return WHY_ERR_NOMEM;
    }
    fail(handshake, handshake->request.is_upgrade ? WHY_CAUSE_APPLICATION_REFUSED : WHY_CAUSE_NONE,
         NULL);
    return WHY_OK;
}

/* ---- Looking at it ---- */

struct why_bytes why_server_handshake_output(const struct why_server_handshake *handshake) {
    return why__output_rest(&handshake->output);
}

void why_server_handshake_output_consumed(struct why_server_handshake *handshake, size_t len) {
    why__output_consumed(&handshake->output, len);
}

struct why_deflate_params
why_server_handshake_deflate(const struct why_server_handshake *handshake) {
    return handshake->request.deflate;
}

void why_server_handshake_report(const struct why_server_handshake *handshake,
                                 struct why_record *record) {
    why__http_parser_report(&handshake->parser, &record->http);
    record->http.status = handshake->status;
    if (handshake->request.refused_header != NULL) {
        why__http_parser_report_header(&handshake->parser, handshake->request.refused_header,
                                       handshake->request.refused_at, &record->http);
    }
    if (handshake->cause == WHY_CAUSE_NONE) {
        return;
    }
    why_record_fail(record, handshake->cause);
    if (handshake->detail != NULL) {
        struct why__say say = why__say_in(record);
        why__say_text(&say, handshake->detail);
    }
}
