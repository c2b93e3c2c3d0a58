/* SPDX-License-Identifier: MIT
 *
 * The opening handshake (RFC 6455 section 4), both roles, without I/O. It ends where the
 * connection (conn.h) begins; bytes that follow it in the same segment stay in the input.
 */
#ifndef WHY_HANDSHAKE_H
#define WHY_HANDSHAKE_H

#include "whysocket/api.h"
#include "whysocket/bytes.h"
#include "whysocket/conn.h"
#include "whysocket/options.h"
#include "whysocket/record.h"
#include "whysocket/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

struct why_header {
    struct why_bytes name;
    struct why_bytes value; /* without the white space around it */
};

#define WHY_HEADERS_MAX 64

/* A parsed HTTP/1.1 head. All of it points into the handshake that it came from. */
struct why_http_head {
    struct why_bytes method, target; /* of a request */
    uint16_t status;                 /* of a response */
    struct why_bytes reason;
    size_t header_count;
    struct why_header headers[WHY_HEADERS_MAX];
};

/* The value of the first header of that name (ASCII case ignored), {NULL, 0} if there is none. */
WHY_API struct why_bytes why_http_head_find(const struct why_http_head *head, const char *name);

enum why_handshake_state {
    WHY_HANDSHAKE_READING, /* send the output, feed more input */
    WHY_HANDSHAKE_DECIDE,  /* server: a request is whole and in order; answer it */
    WHY_HANDSHAKE_DONE,    /* 101: send the output, go on with a connection */
    WHY_HANDSHAKE_FAILED,  /* send the output, end the transport; the report says why */
};

/* ---- Server ---- */

enum why_origin_mode {
    WHY_ORIGIN_SAME, /* an Origin, where one comes, has to be that of a Host that is known */
    WHY_ORIGIN_LIST, /* it has to be in the list, exactly: scheme, host and port */
    WHY_ORIGIN_ANY,
};

/* Whom a server lets in; borrowed for the life of the handshake. A request without an Origin is no
 * browser's and passes. */
struct why_origin_policy {
    enum why_origin_mode mode;
    const char *const *origins; /* LIST: "https://app.example" */
    size_t origin_count;
    const char *const *hosts; /* SAME: known hosts beside localhost, 127.0.0.1 and [::1]; without
                               * a port on every port */
    size_t host_count;
};

struct why_server_handshake;

/* policy   NULL: WHY_ORIGIN_SAME, no hosts added
 * returns  the handshake, to be freed with its own function; NULL if out of memory */
WHY_API struct why_server_handshake *
why_server_handshake_new(const struct why_options *options, const struct why_origin_policy *policy);
WHY_API void why_server_handshake_free(struct why_server_handshake *handshake);

/* Take bytes until the request is whole, or refused by rule: then the output holds the answer (400,
 * 403, 405, 414, 426 with the version, 431, 505 where it is not HTTP/1.1; always Connection: close;
 * a TLS alert to a client that speaks TLS). FAILED with local.out_of_memory has no output.
 *
 * input  borrowed; advanced past the request and not a byte further */
WHY_API enum why_handshake_state
why_server_handshake_receive(struct why_server_handshake *handshake, struct why_bytes *input);

/* The peer ended its stream. FAILED after it, with http.request.cut, unless the request was whole:
 * then nothing changes, for it can still be answered. */
WHY_API enum why_handshake_state why_server_handshake_eof(struct why_server_handshake *handshake);

/* The request, in states DECIDE and DONE. */
WHY_API const struct why_http_head *
why_server_handshake_head(const struct why_server_handshake *handshake);

/* DECIDE: whether it asks for a WebSocket; else it is a plain GET or HEAD, to be answered with
 * why_server_handshake_respond(). */
WHY_API bool why_server_handshake_is_upgrade(const struct why_server_handshake *handshake);

/* DECIDE: the subprotocols that were offered, one at a time; false past the last. */
WHY_API bool why_server_handshake_subprotocol(const struct why_server_handshake *handshake,
                                              size_t index, struct why_bytes *subprotocol);

/* DECIDE, upgrade: answer 101, with a subprotocol of those offered, or NULL. State DONE after it.
 * returns WHY_OK, WHY_ERR_STATE, WHY_ERR_ARGUMENT (not offered), WHY_ERR_NOMEM */
WHY_API WHY_MUST_USE int why_server_handshake_accept(struct why_server_handshake *handshake,
                                                     const char *subprotocol);

struct why_http_response {
    uint16_t status;
    const char *content_type; /* NULL: text/plain; charset=utf-8 */
    const char *headers;      /* further lines, each ending in CR LF, none of those that are written
                               * anyhow (Connection, Upgrade, Content-...); NULL for none */
    struct why_bytes body;    /* copied */
};

/* DECIDE: answer with anything but 101, Connection: close. State FAILED after it; the cause is
 * application.refused for an upgrade and none for a plain request.
 * returns WHY_OK, WHY_ERR_STATE, WHY_ERR_ARGUMENT (a status that is not 200 to 599, CR LF out of
 * place); WHY_ERR_NOMEM: nothing changed */
WHY_API WHY_MUST_USE int why_server_handshake_respond(struct why_server_handshake *handshake,
                                                      const struct why_http_response *response);

WHY_API struct why_bytes why_server_handshake_output(const struct why_server_handshake *handshake);
WHY_API void why_server_handshake_output_consumed(struct why_server_handshake *handshake,
                                                  size_t len);

/* DECIDE, DONE: what is agreed on. */
WHY_API struct why_deflate_params
why_server_handshake_deflate(const struct why_server_handshake *handshake);
WHY_API void why_server_handshake_report(const struct why_server_handshake *handshake,
                                         struct why_record *record);

/* ---- Client ---- */

/* Borrowed for the call that takes it. No text may hold CR, LF or NUL (WHY_ERR_ARGUMENT). */
struct why_client_request {
    const char *host;   /* the Host header: "example.com:8080", "[::1]" */
    const char *target; /* "/chat?room=1"; begins with a slash, no fragment */
    const char *origin; /* NULL for none */
    const char *const *subprotocols;
    size_t subprotocol_count;
    const char *const *headers; /* "Name: value"; none of those that the handshake itself writes */
    size_t header_count;
};

struct why_client_handshake;

/* Make it; its output is the request.
 * out      set on WHY_OK, to be freed with why_client_handshake_free()
 * returns  WHY_OK, WHY_ERR_ARGUMENT, WHY_ERR_NOMEM */
WHY_API WHY_MUST_USE int why_client_handshake_new(const struct why_options *options,
                                                  const struct why_client_request *request,
                                                  struct why_client_handshake **out);
WHY_API void why_client_handshake_free(struct why_client_handshake *handshake);

/* Take the response; interim ones (100, 103) are passed over. Anything but a 101 that is right in
 * every header (section 4.1) fails. A refusal by status stays READING until its body or the first
 * 512 bytes of it have come too, or eof.
 *
 * input  borrowed; advanced past the 101 and not a byte further */
WHY_API enum why_handshake_state
why_client_handshake_receive(struct why_client_handshake *handshake, struct why_bytes *input);

/* The peer ended its stream, or its time is up: what came is all there will be. FAILED after it,
 * with http.response.cut unless the answer itself is cause enough. */
WHY_API enum why_handshake_state why_client_handshake_eof(struct why_client_handshake *handshake);

/* Whether the answer's head came and is not a good 101: only evidence is still collected. */
WHY_API bool why_client_handshake_is_refused(const struct why_client_handshake *handshake);

WHY_API const struct why_http_head *
why_client_handshake_head(const struct why_client_handshake *handshake);
WHY_API struct why_bytes why_client_handshake_output(const struct why_client_handshake *handshake);
WHY_API void why_client_handshake_output_consumed(struct why_client_handshake *handshake,
                                                  size_t len);

/* DONE: what was agreed on; the subprotocol is {NULL, 0} where there is none. */
WHY_API struct why_deflate_params
why_client_handshake_deflate(const struct why_client_handshake *handshake);
WHY_API struct why_bytes
why_client_handshake_subprotocol(const struct why_client_handshake *handshake);
WHY_API void why_client_handshake_report(const struct why_client_handshake *handshake,
                                         struct why_record *record);

WHY_END_DECLS

#endif
