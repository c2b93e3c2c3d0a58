/* SPDX-License-Identifier: MIT
 *
 * The client's side of the opening handshake: the request, and the way through what comes back. The
 * rules for a 101 are in response.c.
 */
#include "base/ascii.h"
#include "base/base64.h"
#include "base/mark.h"
#include "base/say.h"
#include "core/extensions.h"
#include "core/http_body.h"
#include "core/http_field.h"
#include "core/http_head.h"
#include "core/output.h"
#include "core/redact.h"
#include "core/response.h"
#include "whysocket/handshake.h"

#include <string.h>

#define KEY_SIZE 16

/* Interim answers (100, 103) that are passed over; more would be a peer that never answers. */
#define INTERIM_MAX 8

struct why_client_handshake {
    enum why_handshake_state state;
    struct why__http_parser parser;
    struct why__output output; /* kept whole: the offer points into it */
    size_t subprotocols_at, subprotocols_len;
    struct why__offer offer;
    struct why__agreement agreement; /* also what is wrong with anything but a 101 */
    bool is_refused;
    unsigned interim_count;
    struct why__body body; /* of a refusal, or what came instead of HTTP */
};

/* ---- The request ---- */

/* Written by the handshake itself, or able to give the request a body (RFC 9112 section 6) or to
 * hold the answer up (Expect, RFC 9110 section 10.1.1). */
static const char *const own_headers[] = {
    "Host",           "Upgrade",           "Connection", "Origin", "Expect",
    "Content-Length", "Transfer-Encoding", "Trailer",    "TE",
};

static bool is_own_header(struct why_bytes name) {
    static const char prefix[] = "Sec-WebSocket-";
    const size_t prefix_len = sizeof prefix - 1;
    if (name.len >= prefix_len &&
        why__bytes_are((struct why_bytes){name.data, prefix_len}, prefix)) {
        return true;
    }
    for (size_t i = 0; i < sizeof own_headers / sizeof own_headers[0]; i++) {
        if (why__bytes_are(name, own_headers[i])) {
            return true;
        }
    }
    return false;
}

static bool is_visible(struct why_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f) {
            return false;
        }
    }
    return text.len > 0;
}

static bool are_subprotocols(const struct why_client_request *request) {
    for (size_t i = 0; i < request->subprotocol_count; i++) {
        struct why_bytes one = why__bytes_of(request->subprotocols[i]);
        if (!why__is_token((const char *)one.data, one.len)) {
            return false;
        }
        for (size_t other = 0; other < i; other++) {
            if (why__bytes_are_equal(one, why__bytes_of(request->subprotocols[other]))) {
                return false;
            }
        }
    }
    return true;
}

static bool is_allowed(const struct why_client_request *request) {
    struct why__authority authority;
    struct why_bytes target = why__bytes_of(request->target);
    if (!why__authority_read(why__bytes_of(request->host), &authority) || !is_visible(target) ||
        target.data[0] != '/' || memchr(target.data, '#', target.len) != NULL ||
        (request->origin != NULL && !is_visible(why__bytes_of(request->origin))) ||
        !are_subprotocols(request)) {
        return false;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        struct why_header header;
        if (!why__header_read(why__bytes_of(request->headers[i]), &header) ||
            is_own_header(header.name)) {
            return false;
        }
    }
    return true;
}

static void put_header(struct why__output *output, const char *name, struct why_bytes value) {
    why__output_text(output, name);
    why__output_text(output, ": ");
    why__output_put(output, value);
    why__output_text(output, "\r\n");
}

static void put_key(struct why_client_handshake *handshake) {
    const struct why_host *host = handshake->offer.options->host;
    uint8_t random[KEY_SIZE];
    char key[WHY__BASE64_LEN(KEY_SIZE)];
    host->random(host->context, random, sizeof random);
    why__base64_encode(random, sizeof random, key);
    struct why_bytes value = {(const uint8_t *)key, sizeof key};
    why__accept_key(value, handshake->offer.accept_key);
    put_header(&handshake->output, "Sec-WebSocket-Key", value);
}

/* Writes the value and remembers where it is. */
static void put_subprotocols(struct why_client_handshake *handshake,
                             const struct why_client_request *request) {
    if (request->subprotocol_count == 0) {
        return;
    }
    struct why__output *output = &handshake->output;
    why__output_text(output, "Sec-WebSocket-Protocol: ");
    handshake->subprotocols_at = output->len;
    for (size_t i = 0; i < request->subprotocol_count; i++) {
        why__output_text(output, i == 0 ? "" : ", ");
        why__output_text(output, request->subprotocols[i]);
    }
    handshake->subprotocols_len = output->len - handshake->subprotocols_at;
    why__output_text(output, "\r\n");
}

static void put_request(struct why_client_handshake *handshake,
                        const struct why_client_request *request) {
    struct why__output *output = &handshake->output;
    why__output_text(output, "GET ");
    why__output_text(output, request->target);
    why__output_text(output, " HTTP/1.1\r\n");
    put_header(output, "Host", why__bytes_of(request->host));
    why__output_text(output, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    put_key(handshake);
    why__output_text(output, "Sec-WebSocket-Version: 13\r\n");
    if (request->origin != NULL) {
        put_header(output, "Origin", why__bytes_of(request->origin));
    }
    put_subprotocols(handshake, request);
    char extensions[WHY__EXTENSIONS_TEXT_MAX];
    size_t len = why__extensions_offer(handshake->offer.options, extensions);
    if (len > 0) {
        put_header(output, "Sec-WebSocket-Extensions",
                   (struct why_bytes){(const uint8_t *)extensions, len});
    }
    for (size_t i = 0; i < request->header_count; i++) {
        why__output_text(output, request->headers[i]);
        why__output_text(output, "\r\n");
    }
    why__output_text(output, "\r\n");
}

int why_client_handshake_new(const struct why_options *options,
                             const struct why_client_request *request,
                             struct why_client_handshake **out) {
    if (!is_allowed(request)) {
        return WHY_ERR_ARGUMENT;
    }
    const struct why_host *host = options->host;
    struct why_client_handshake *handshake = host->allocate(host->context, NULL, sizeof *handshake);
    if (handshake == NULL) {
        return WHY_ERR_NOMEM;
    }
    *handshake = (struct why_client_handshake){.state = WHY_HANDSHAKE_READING,
                                               .offer = {.options = options}};
    why__http_parser_init_response(&handshake->parser, options);
    why__output_init(&handshake->output, host);
    put_request(handshake, request);
    if (handshake->output.failed) {
        why_client_handshake_free(handshake);
        return WHY_ERR_NOMEM;
    }
    *out = handshake;
    return WHY_OK;
}

void why_client_handshake_free(struct why_client_handshake *handshake) {
    if (handshake == NULL) {
        return;
    }
    const struct why_host *host = handshake->offer.options->host;
    why__http_parser_clear(&handshake->parser);
    why__output_clear(&handshake->output);
    host->allocate(host->context, handshake, 0);
}

/* ---- The answer ---- */

static enum why_handshake_state fail(struct why_client_handshake *handshake, enum why_cause cause,
                                     const char *detail) {
    handshake->state = WHY_HANDSHAKE_FAILED;
    handshake->agreement.cause = cause;
    handshake->agreement.detail = detail;
    return handshake->state;
}

/* The start of a TLS record: an alert, which a server sends that was spoken to in plain text, or a
 * handshake. Two bytes are needed to tell; they wait in the body. */
static bool may_be_tls(const struct why_client_handshake *handshake, uint8_t byte) {
    return handshake->parser.examined == 0 &&
           (handshake->body.len > 0 || byte == 0x15 || byte == 0x16);
}

/* What came in the same call is evidence; to wait for more of it would be to wait for a peer that
 * may wait for us. */
static void receive_tls(struct why_client_handshake *handshake, struct why_bytes *input) {
    why__body_take(&handshake->body, *input);
    input->data += input->len;
    input->len = 0;
    if (handshake->body.len < 2) {
        return;
    }
    if (handshake->body.data[1] == 0x03) {
        fail(handshake, WHY_CAUSE_HTTP_TLS_PORT, N_("the server speaks TLS at this port"));
    } else {
        fail(handshake, WHY_CAUSE_HTTP_NOT_HTTP, N_("the answer does not begin with HTTP/"));
    }
}

static void fail_not_http(struct why_client_handshake *handshake, struct why_bytes *input) {
    const struct why__http_parser *parser = &handshake->parser;
    why__body_take(&handshake->body, (struct why_bytes){parser->buffer, parser->len + 1});
    why__body_take(&handshake->body, *input);
    input->data += input->len;
    input->len = 0;
    fail(handshake, WHY_CAUSE_HTTP_NOT_HTTP, parser->detail);
}

static void fail_head(struct why_client_handshake *handshake, struct why_bytes *input) {
    switch (handshake->parser.error) {
    case WHY__HTTP_NOT_HTTP:
        fail_not_http(handshake, input);
        break;
    case WHY__HTTP_TOO_LARGE:
        fail(handshake, WHY_CAUSE_HTTP_RESPONSE_TOO_LARGE, handshake->parser.detail);
        break;
    case WHY__HTTP_NOMEM:
        fail(handshake, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
        break;
    case WHY__HTTP_BAD:
    case WHY__HTTP_BAD_VERSION:
    case WHY__HTTP_TARGET_TOO_LONG:
    case WHY__HTTP_OK:
    default:
        fail(handshake, WHY_CAUSE_HTTP_RESPONSE_MALFORMED, handshake->parser.detail);
        break;
    }
}

static void take_switch(struct why_client_handshake *handshake) {
    if (handshake->parser.minor_version != 1) {
        fail(handshake, WHY_CAUSE_HTTP_RESPONSE_MALFORMED, N_("the 101 is not HTTP/1.1"));
        return;
    }
    if (handshake->subprotocols_len > 0) {
        handshake->offer.subprotocols = (struct why_bytes){
            handshake->output.data + handshake->subprotocols_at, handshake->subprotocols_len};
    }
    why__response_check(&handshake->parser.head, &handshake->offer, &handshake->agreement);
    handshake->state =
        handshake->agreement.cause == WHY_CAUSE_NONE ? WHY_HANDSHAKE_DONE : WHY_HANDSHAKE_FAILED;
}

static void take_head(struct why_client_handshake *handshake) {
    uint16_t status = handshake->parser.status;
    if (status == 101) {
        take_switch(handshake);
        return;
    }
    if (status < 200) {
        /* Others of these may precede the answer (RFC 9110 section 15.2). */
        if (++handshake->interim_count > INTERIM_MAX) {
            fail(handshake, WHY_CAUSE_HTTP_RESPONSE_MALFORMED,
                 N_("interim answers (1xx) come one after the other"));
            return;
        }
        why__http_parser_next_response(&handshake->parser);
        return;
    }
    handshake->is_refused = true;
    handshake->agreement.cause = why_cause_of_status(status);
    why__body_init(&handshake->body, &handshake->parser.head);
}

/* One step: as much of the input as belongs to the part being read. */
static void receive_part(struct why_client_handshake *handshake, struct why_bytes *input) {
    struct why__http_parser *parser = &handshake->parser;
    if (handshake->is_refused) {
        why__body_receive(&handshake->body, input);
        return;
    }
    if (may_be_tls(handshake, *input->data)) {
        receive_tls(handshake, input);
        return;
    }
    why__http_parser_receive(parser, input);
    if (parser->state == WHY__HTTP_FAILED) {
        fail_head(handshake, input);
    } else if (parser->state == WHY__HTTP_DONE) {
        take_head(handshake);
    }
}

enum why_handshake_state why_client_handshake_receive(struct why_client_handshake *handshake,
                                                      struct why_bytes *input) {
    while (handshake->state == WHY_HANDSHAKE_READING && input->len > 0) {
        receive_part(handshake, input);
        if (handshake->is_refused && handshake->body.state == WHY__BODY_DONE) {
            handshake->state = WHY_HANDSHAKE_FAILED;
        }
    }
    return handshake->state;
}

enum why_handshake_state why_client_handshake_eof(struct why_client_handshake *handshake) {
    if (handshake->state != WHY_HANDSHAKE_READING) {
        return handshake->state;
    }
    if (handshake->is_refused) {
        handshake->state = WHY_HANDSHAKE_FAILED;
        return handshake->state;
    }
    if (handshake->body.len > 0) {
        return fail(handshake, WHY_CAUSE_HTTP_NOT_HTTP, N_("the answer is a single byte"));
    }
    return fail(handshake, WHY_CAUSE_HTTP_RESPONSE_CUT,
                handshake->parser.examined == 0
                    ? N_("the server sent nothing at all")
                    : N_("the server ended its stream inside the head"));
}

/* ---- Looking at it ---- */

bool why_client_handshake_is_refused(const struct why_client_handshake *handshake) {
    return handshake->is_refused;
}

const struct why_http_head *
why_client_handshake_head(const struct why_client_handshake *handshake) {
    return &handshake->parser.head;
}

struct why_bytes why_client_handshake_output(const struct why_client_handshake *handshake) {
    return why__output_rest(&handshake->output);
}

void why_client_handshake_output_consumed(struct why_client_handshake *handshake, size_t len) {
    why__output_consumed(&handshake->output, len);
}

struct why_deflate_params
why_client_handshake_deflate(const struct why_client_handshake *handshake) {
    return handshake->agreement.deflate;
}

struct why_bytes why_client_handshake_subprotocol(const struct why_client_handshake *handshake) {
    return handshake->agreement.subprotocol;
}

/* The header in which a refusal says what it wants; "" for none. */
static const char *telling_header(uint16_t status) {
    switch (status) {
    case 401:
        return "WWW-Authenticate";
    case 426:
        return "Sec-WebSocket-Version";
    case 429:
    case 503:
        return "Retry-After";
    default:
        return status >= 300 && status < 400 ? "Location" : "";
    }
}

static void report_refusal(const struct why_client_handshake *handshake,
                           struct why_record *record) {
    const struct why_http_head *head = &handshake->parser.head;
    const struct why_header *header = why__header_find(head, telling_header(head->status), NULL);
    if (header == NULL) {
        return;
    }
    size_t len = why__text_copy(record->detail, sizeof record->detail,
                                (const char *)header->name.data, header->name.len);
    len += why__text_copy(record->detail + len, sizeof record->detail - len, ": ", 2);
    size_t value_len = why__text_copy(record->detail + len, sizeof record->detail - len,
                                      (const char *)header->value.data, header->value.len);
    why__redact(record->detail, len + value_len, value_len < header->value.len);
}

void why_client_handshake_report(const struct why_client_handshake *handshake,
                                 struct why_record *record) {
    const struct why__agreement *agreement = &handshake->agreement;
    why__http_parser_report(&handshake->parser, &record->http);
    record->http.body_len = (uint16_t)handshake->body.len;
    memcpy(record->http.body, handshake->body.data, handshake->body.len);
    why__redact(record->http.body, handshake->body.len, handshake->body.len == WHY__BODY_MAX);
    if (agreement->header != NULL) {
        why__http_parser_report_header(&handshake->parser, agreement->header, agreement->at,
                                       &record->http);
    }
    if (handshake->state != WHY_HANDSHAKE_FAILED) {
        return;
    }
    why_record_fail(record, agreement->cause);
    if (agreement->detail != NULL) {
        struct why__say say = why__say_in(record);
        why__say_text(&say, agreement->detail);
    } else if (handshake->is_refused) {
        report_refusal(handshake, record);
    }
}
