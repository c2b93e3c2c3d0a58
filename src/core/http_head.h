/* SPDX-License-Identifier: MIT
 *
 * The head of an HTTP/1.1 request or response (RFC 9112), byte by byte. Strict: what two parsers
 * could read in two ways is refused (bare LF, folded lines, a space before the colon, control
 * bytes), and the offset and the header of what was refused are kept.
 *
 * It knows the grammar alone. What a request or an answer has to say is in handshake_server.c and
 * handshake_client.c.
 */
#ifndef WHY_CORE_HTTP_HEAD_H
#define WHY_CORE_HTTP_HEAD_H

#include "whysocket/bytes.h"
#include "whysocket/handshake.h"
#include "whysocket/options.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum why__http_state {
    WHY__HTTP_METHOD,
    WHY__HTTP_TARGET,
    WHY__HTTP_REQUEST_VERSION,
    WHY__HTTP_STATUS_VERSION,
    WHY__HTTP_STATUS_CODE,
    WHY__HTTP_REASON,
    WHY__HTTP_START_LF, /* the LF of the first line */
    WHY__HTTP_LINE,     /* a header's first byte, or the CR of the end */
    WHY__HTTP_NAME,
    WHY__HTTP_VALUE,
    WHY__HTTP_LINE_LF,
    WHY__HTTP_END_LF,
    WHY__HTTP_DONE,
    WHY__HTTP_FAILED,
};

enum why__http_error {
    WHY__HTTP_OK,
    WHY__HTTP_BAD,             /* not the grammar */
    WHY__HTTP_BAD_VERSION,     /* a request that is HTTP, but not 1.1 */
    WHY__HTTP_TOO_LARGE,       /* options.head_len_max, options.head_lines_max */
    WHY__HTTP_TARGET_TOO_LONG, /* options.target_len_max */
    WHY__HTTP_NOT_HTTP,        /* a response's first bytes are not "HTTP/" */
    WHY__HTTP_NOMEM,
};

/* Private but for `state`, `error`, `detail`, `minor_version` and `head`, which is set in state
 * DONE. */
struct why__http_parser {
    const struct why_options *options;
    enum why__http_state state;
    enum why__http_error error; /* FAILED: why, and in words */
    const char *detail;
    uint8_t *buffer; /* the head as it came, up to the byte that was refused */
    size_t len, capacity;
    size_t examined;       /* steps taken, a byte each: never more than came (bad input, row 5) */
    size_t matched;        /* bytes of the version or digits of the status so far */
    size_t target_at;      /* where the target begins */
    size_t line_at;        /* where the header line begins */
    size_t name_len;       /* of that line; 0 while its colon has not come */
    size_t line_count;     /* header lines begun */
    uint16_t status;       /* of a response, as soon as it came */
    uint8_t minor_version; /* of a response, 0 or 1; a request is always 1.1 */
    struct why_http_head head;
};

/* Start; `options` is borrowed for the parser's life. */
void why__http_parser_init_request(struct why__http_parser *parser,
                                   const struct why_options *options);
void why__http_parser_init_response(struct why__http_parser *parser,
                                    const struct why_options *options);

/* Go on to the next response on the same stream, after an interim one; in state DONE. */
void why__http_parser_next_response(struct why__http_parser *parser);

/* Free what it holds. */
void why__http_parser_clear(struct why__http_parser *parser);

/* Take bytes until the head is whole or refused (states DONE, FAILED), or the input is used up.
 *
 * input  borrowed; advanced past the head and not a byte further, or past the byte refused */
void why__http_parser_receive(struct why__http_parser *parser, struct why_bytes *input);

/* Write the head's first bytes, its status, and where the parser itself failed. */
void why__http_parser_report(const struct why__http_parser *parser,
                             struct why_http_evidence *evidence);

/* Write that this header is what was refused; `part` lies in its value. */
void why__http_parser_report_header(const struct why__http_parser *parser,
                                    const struct why_header *header, const uint8_t *part,
                                    struct why_http_evidence *evidence);

#endif
