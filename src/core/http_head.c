/* SPDX-License-Identifier: MIT
 *
 * One step function per state, one byte a step. Only the grammar is decided on the way; the parts
 * are cut out once, when the head is whole, so that no pointer has to survive a growing buffer.
 */
#include "core/http_head.h"

#include "base/ascii.h"
#include "base/mark.h"
#include "core/http_field.h"
#include "core/redact.h"

#include <assert.h>
#include <string.h>

/* Enough for most requests of programs; a browser's needs one or two doublings. */
#define CAPACITY_FIRST 512

typedef void head_step(struct why__http_parser *parser, uint8_t byte);

static void fail(struct why__http_parser *parser, enum why__http_error error, const char *detail) {
    parser->state = WHY__HTTP_FAILED;
    parser->error = error;
    parser->detail = detail;
}

static void fail_bad(struct why__http_parser *parser, const char *detail) {
    fail(parser, WHY__HTTP_BAD, detail);
}

static void step_method(struct why__http_parser *parser, uint8_t byte) {
    if (byte == ' ' && parser->len > 0) {
        parser->state = WHY__HTTP_TARGET;
        parser->target_at = parser->len + 1;
    } else if (!why__is_token_char((char)byte)) {
        fail_bad(parser, N_("the request does not begin with a method"));
    }
}

static void step_target(struct why__http_parser *parser, uint8_t byte) {
    size_t len = parser->len - parser->target_at;
    if (byte == ' ' && len > 0) {
        parser->state = WHY__HTTP_REQUEST_VERSION;
    } else if (len == 0 && byte != '/') {
        fail_bad(parser, N_("the target does not begin with a slash"));
    } else if (byte <= ' ' || byte >= 0x7f || byte == '#') {
        fail_bad(parser, N_("the target has a byte that does not belong there"));
    } else if (len == parser->options->target_len_max) {
        fail(parser, WHY__HTTP_TARGET_TOO_LONG, N_("the target is longer than this server allows"));
    }
}

static const char version[] = "HTTP/1.1\r";

static void step_request_version(struct why__http_parser *parser, uint8_t byte) {
    if (byte != (uint8_t)version[parser->matched]) {
        bool is_http = parser->matched >= 5 && parser->matched <= 7 && why__is_digit((char)byte);
        fail(parser, is_http ? WHY__HTTP_BAD_VERSION : WHY__HTTP_BAD,
             is_http ? N_("the request is not HTTP/1.1")
                     : N_("the request line does not end in HTTP/1.1 and CR LF"));
        return;
    }
    parser->matched++;
    if (version[parser->matched] == '\0') {
        parser->state = WHY__HTTP_START_LF;
    }
}

/* HTTP/1.0 is let through: servers refuse in it, and their status is what is wanted then. */
static void step_status_version(struct why__http_parser *parser, uint8_t byte) {
    static const char expected[] = "HTTP/1.m ";
    const size_t minor_at = 7;
    if (parser->matched == minor_at && (byte == '0' || byte == '1')) {
        parser->minor_version = (uint8_t)(byte - '0');
    } else if (byte != (uint8_t)expected[parser->matched]) {
        if (parser->matched < 5) {
            fail(parser, WHY__HTTP_NOT_HTTP, N_("the answer does not begin with HTTP/"));
        } else {
            fail_bad(parser, N_("the answer is neither HTTP/1.1 nor HTTP/1.0"));
        }
        return;
    }
    parser->matched++;
    if (expected[parser->matched] == '\0') {
        parser->matched = 0;
        parser->state = WHY__HTTP_STATUS_CODE;
    }
}

static void step_status_code(struct why__http_parser *parser, uint8_t byte) {
    if (parser->matched == 3) {
        /* Some servers leave out the reason and the space before it: nobody reads that in two ways,
         * and a recipient may divide the line at white space (RFC 9112 section 4). */
        if ((byte != ' ' && byte != '\r') || parser->status < 100) {
            fail_bad(parser, N_("the status is not three digits and a space"));
            return;
        }
        parser->state = byte == ' ' ? WHY__HTTP_REASON : WHY__HTTP_START_LF;
    } else if (!why__is_digit((char)byte)) {
        parser->status = 0;
        fail_bad(parser, N_("the status is not three digits and a space"));
    } else {
        parser->status = (uint16_t)(parser->status * 10 + (byte - '0'));
        parser->matched++;
    }
}

static void step_reason(struct why__http_parser *parser, uint8_t byte) {
    if (byte == '\r') {
        parser->state = WHY__HTTP_START_LF;
    } else if (!why__is_field_char((char)byte)) {
        fail_bad(parser, N_("the reason has a control byte"));
    }
}

static void step_start_lf(struct why__http_parser *parser, uint8_t byte) {
    if (byte != '\n') {
        fail_bad(parser, N_("a CR without its LF"));
        return;
    }
    parser->state = WHY__HTTP_LINE;
}

static void step_line(struct why__http_parser *parser, uint8_t byte) {
    parser->line_at = parser->len;
    parser->name_len = 0;
    if (byte == '\r') {
        parser->line_at = SIZE_MAX; /* no header is being read any more */
        parser->state = WHY__HTTP_END_LF;
        return;
    }
    size_t lines_max = parser->options->head_lines_max;
    if (lines_max > WHY_HEADERS_MAX) {
        lines_max = WHY_HEADERS_MAX;
    }
    if (byte == ' ' || byte == '\t') {
        fail_bad(parser, N_("a header line is folded"));
    } else if (!why__is_token_char((char)byte)) {
        fail_bad(parser, N_("a header line does not begin with a name"));
    } else if (parser->line_count == lines_max) {
        fail(parser, WHY__HTTP_TOO_LARGE, N_("there are more header lines than are allowed"));
    } else {
        parser->line_count++;
        parser->state = WHY__HTTP_NAME;
    }
}

static void step_name(struct why__http_parser *parser, uint8_t byte) {
    if (byte == ':') {
        parser->name_len = parser->len - parser->line_at;
        parser->state = WHY__HTTP_VALUE;
    } else if (byte == ' ' || byte == '\t') {
        fail_bad(parser, N_("a header has a space before its colon"));
    } else if (!why__is_token_char((char)byte)) {
        fail_bad(parser, N_("a header's name has a byte that does not belong there"));
    }
}

static void step_value(struct why__http_parser *parser, uint8_t byte) {
    if (byte == '\r') {
        parser->state = WHY__HTTP_LINE_LF;
    } else if (byte == '\n') {
        fail_bad(parser, N_("a header line ends in LF without CR"));
    } else if (!why__is_field_char((char)byte)) {
        fail_bad(parser, N_("a header's value has a control byte"));
    }
}

static void step_line_lf(struct why__http_parser *parser, uint8_t byte) {
    step_start_lf(parser, byte);
}

static void step_end_lf(struct why__http_parser *parser, uint8_t byte) {
    if (byte != '\n') {
        fail_bad(parser, N_("a CR without its LF"));
        return;
    }
    parser->state = WHY__HTTP_DONE;
}

static head_step *const steps[WHY__HTTP_DONE] = {
    [WHY__HTTP_METHOD] = step_method,
    [WHY__HTTP_TARGET] = step_target,
    [WHY__HTTP_REQUEST_VERSION] = step_request_version,
    [WHY__HTTP_STATUS_VERSION] = step_status_version,
    [WHY__HTTP_STATUS_CODE] = step_status_code,
    [WHY__HTTP_REASON] = step_reason,
    [WHY__HTTP_START_LF] = step_start_lf,
    [WHY__HTTP_LINE] = step_line,
    [WHY__HTTP_NAME] = step_name,
    [WHY__HTTP_VALUE] = step_value,
    [WHY__HTTP_LINE_LF] = step_line_lf,
    [WHY__HTTP_END_LF] = step_end_lf,
};

/* Room for `more` bytes; the limit was looked at before. */
static bool reserve(struct why__http_parser *parser, size_t more) {
    size_t need = parser->len + more;
    if (need <= parser->capacity) {
        return true;
    }
    size_t capacity = parser->capacity == 0 ? CAPACITY_FIRST : parser->capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    if (capacity > parser->options->head_len_max) {
        capacity = parser->options->head_len_max;
    }
    const struct why_host *host = parser->options->host;
    uint8_t *buffer = host->allocate(host->context, parser->buffer, capacity);
    if (buffer == NULL) {
        return false;
    }
    parser->buffer = buffer;
    parser->capacity = capacity;
    return true;
}

static struct why_bytes part(const struct why__http_parser *parser, size_t from, size_t to) {
    return (struct why_bytes){parser->buffer + from, to - from};
}

/* The offset of `byte`, which is known to come at `from` or later. */
static size_t find(const struct why__http_parser *parser, char byte, size_t from) {
    const uint8_t *found = memchr(parser->buffer + from, byte, parser->len - from);
    assert(found != NULL);
    return (size_t)(found - parser->buffer);
}

/* The grammar was checked byte by byte: what is looked for here is there. */
static void cut_into_parts(struct why__http_parser *parser, bool is_response) {
    struct why_http_head *head = &parser->head;
    size_t line_end = find(parser, '\r', 0);
    if (is_response) {
        head->status = parser->status;
        size_t reason_at = sizeof "HTTP/1.1 200 " - 1;
        head->reason = part(parser, reason_at < line_end ? reason_at : line_end, line_end);
    } else {
        head->method = part(parser, 0, parser->target_at - 1);
        head->target = part(parser, parser->target_at, line_end - (sizeof " HTTP/1.1" - 1));
    }
    head->header_count = parser->line_count;
    for (size_t i = 0; i < parser->line_count; i++) {
        size_t line = line_end + 2;
        size_t colon = find(parser, ':', line);
        line_end = find(parser, '\r', colon);
        head->headers[i].name = part(parser, line, colon);
        head->headers[i].value = why__bytes_trim(part(parser, colon + 1, line_end));
    }
}

void why__http_parser_init_request(struct why__http_parser *parser,
                                   const struct why_options *options) {
    *parser = (struct why__http_parser){.options = options, .state = WHY__HTTP_METHOD};
}

void why__http_parser_init_response(struct why__http_parser *parser,
                                    const struct why_options *options) {
    *parser = (struct why__http_parser){.options = options, .state = WHY__HTTP_STATUS_VERSION};
}

void why__http_parser_next_response(struct why__http_parser *parser) {
    assert(parser->state == WHY__HTTP_DONE && parser->status != 0);
    uint8_t *buffer = parser->buffer;
    size_t capacity = parser->capacity;
    size_t examined = parser->examined;
    why__http_parser_init_response(parser, parser->options);
    parser->buffer = buffer;
    parser->capacity = capacity;
    parser->examined = examined;
}

void why__http_parser_clear(struct why__http_parser *parser) {
    const struct why_host *host = parser->options->host;
    host->allocate(host->context, parser->buffer, 0);
    parser->buffer = NULL;
    parser->len = parser->capacity = 0;
}

/* One byte: the limit, its place in the buffer, its step. */
static void take(struct why__http_parser *parser, uint8_t byte) {
    parser->examined++;
    if (parser->len >= parser->options->head_len_max) {
        fail(parser, WHY__HTTP_TOO_LARGE, N_("the head is longer than is allowed"));
        return;
    }
    if (!reserve(parser, 1)) {
        fail(parser, WHY__HTTP_NOMEM, NULL);
        return;
    }
    parser->buffer[parser->len] = byte;
    steps[parser->state](parser, byte);
    if (parser->state != WHY__HTTP_FAILED) {
        parser->len++;
    }
}

/* Most bytes of a head are a name's or a value's, and change nothing: those at the front of
 * `input`, as far as the head may still grow. */
static size_t dull_len(const struct why__http_parser *parser, struct why_bytes input) {
    bool is_name = parser->state == WHY__HTTP_NAME;
    if (!is_name && parser->state != WHY__HTTP_VALUE) {
        return 0;
    }
    size_t left = parser->options->head_len_max - parser->len;
    size_t max = input.len < left ? input.len : left;
    size_t len = 0;
    while (len < max && (is_name ? why__is_token_char((char)input.data[len])
                                 : why__is_field_char((char)input.data[len]))) {
        len++;
    }
    return len;
}

/* Take those, as take() would one by one. */
static void take_dull(struct why__http_parser *parser, const uint8_t *data, size_t len) {
    parser->examined += len;
    if (!reserve(parser, len)) {
        fail(parser, WHY__HTTP_NOMEM, NULL);
        return;
    }
    memcpy(parser->buffer + parser->len, data, len);
    parser->len += len;
}

void why__http_parser_receive(struct why__http_parser *parser, struct why_bytes *input) {
    while (parser->state < WHY__HTTP_DONE && input->len > 0) {
        size_t len = dull_len(parser, *input);
        if (len > 0) {
            take_dull(parser, input->data, len);
        } else {
            len = 1;
            take(parser, *input->data);
        }
        input->data += len;
        input->len -= len;
        if (parser->state == WHY__HTTP_DONE) {
            cut_into_parts(parser, parser->status != 0);
        }
    }
}

void why__http_parser_report(const struct why__http_parser *parser,
                             struct why_http_evidence *evidence) {
    size_t len = parser->len < sizeof evidence->head ? parser->len : sizeof evidence->head;
    if (len > 0) {
        memcpy(evidence->head, parser->buffer, len);
        why__redact(evidence->head, len, len < parser->len);
    }
    evidence->head_len = (uint16_t)len;
    evidence->status = parser->status;
    if (parser->state != WHY__HTTP_FAILED) {
        return;
    }
    evidence->offset = (uint32_t)parser->len;
    if (parser->line_count > 0 && parser->line_at < parser->len) {
        size_t name_len = parser->name_len;
        if (name_len == 0) {
            name_len = parser->len - parser->line_at;
        }
        why__text_copy(evidence->header, sizeof evidence->header,
                       (const char *)parser->buffer + parser->line_at, name_len);
    }
}

void why__http_parser_report_header(const struct why__http_parser *parser,
                                    const struct why_header *header, const uint8_t *part_at,
                                    struct why_http_evidence *evidence) {
    evidence->offset = (uint32_t)(part_at - parser->buffer);
    why__text_copy(evidence->header, sizeof evidence->header, (const char *)header->name.data,
                   header->name.len);
}
