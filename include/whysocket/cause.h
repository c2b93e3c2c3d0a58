/* SPDX-License-Identifier: MIT
 *
 * Causes: why a connection ended, each by a stable id. One table, used by every layer; the words
 * for each (what happened, how to mend it) are in explain.h.
 */
#ifndef WHY_CAUSE_H
#define WHY_CAUSE_H

#include "whysocket/api.h"

#include <stdint.h>

WHY_BEGIN_DECLS

/* The step of the way at which a connection ended, in the order in which a client meets them. */
#define WHY_LAYER_MAP(X)                                                                           \
    X(NONE, "none")                                                                                \
    X(DNS, "dns")                                                                                  \
    X(TCP, "tcp")                                                                                  \
    X(PROXY, "proxy")                                                                              \
    X(TLS, "tls")                                                                                  \
    X(HTTP, "http")                                                                                \
    X(WEBSOCKET, "websocket")                                                                      \
    X(APPLICATION, "application")

enum why_layer {
#define X(name, text) WHY_LAYER_##name,
    WHY_LAYER_MAP(X)
#undef X
};

/* Whose doing it is; on that side the mend is to be looked for first. */
#define WHY_SIDE_MAP(X)                                                                            \
    X(NONE, "none")                                                                                \
    X(PEER, "peer")                                                                                \
    X(US, "us")                                                                                    \
    X(NETWORK, "network")                                                                          \
    X(APPLICATION, "application")

enum why_side {
#define X(name, text) WHY_SIDE_##name,
    WHY_SIDE_MAP(X)
#undef X
};

/* X(name, id, code, layer, side)
 *
 * code   what this side reports (RFC 6455 section 7.1.5); 0 where it is the Close frame's own.
 *        Of these, 1005, 1006 and 1015 are never sent.
 * Ids never change their meaning; new ones go at the end of their group. */
#define WHY_CAUSE_MAP(X)                                                                           \
    X(NONE, "none", 0, NONE, NONE)                                                                 \
    /* Somebody closed on purpose */                                                               \
    X(PEER_CLOSED, "peer.closed", 0, WEBSOCKET, PEER)                                              \
    X(LOCAL_CLOSED, "local.closed", 0, APPLICATION, US)                                            \
    X(LOCAL_SHUTDOWN, "local.shutdown", 1001, APPLICATION, US)                                     \
    X(LOCAL_ABANDONED, "local.abandoned", 1006, APPLICATION, US)                                   \
    X(LOCAL_INTERNAL, "local.internal", 1011, APPLICATION, US)                                     \
    X(LOCAL_OUT_OF_MEMORY, "local.out_of_memory", 1011, APPLICATION, US)                           \
    X(APPLICATION_REFUSED, "application.refused", 1006, APPLICATION, APPLICATION)                  \
    X(LOCAL_TLS_KEYS, "local.tls_keys", 1001, APPLICATION, US)                                     \
    /* Finding the address */                                                                      \
    X(DNS_NOT_FOUND, "dns.not_found", 1006, DNS, NETWORK)                                          \
    X(DNS_NO_ADDRESS, "dns.no_address", 1006, DNS, NETWORK)                                        \
    X(DNS_TEMPORARY, "dns.temporary", 1006, DNS, NETWORK)                                          \
    X(DNS_FAILED, "dns.failed", 1006, DNS, NETWORK)                                                \
    /* Reaching it, and losing it */                                                               \
    X(TCP_REFUSED, "tcp.refused", 1006, TCP, PEER)                                                 \
    X(TCP_UNREACHABLE, "tcp.unreachable", 1006, TCP, NETWORK)                                      \
    X(TCP_DENIED, "tcp.denied", 1006, TCP, US)                                                     \
    X(TCP_NO_RESOURCE, "tcp.no_resource", 1006, TCP, US)                                           \
    X(TCP_NO_UNIX_SOCKET, "tcp.no_unix_socket", 1006, TCP, PEER)                                   \
    X(TCP_RESET, "tcp.reset", 1006, TCP, PEER)                                                     \
    X(TCP_FIN, "tcp.fin", 1006, TCP, PEER)                                                         \
    X(TCP_TIMEOUT, "tcp.timeout", 1006, TCP, NETWORK)                                              \
    X(TCP_FAILED, "tcp.failed", 1006, TCP, NETWORK)                                                \
    /* The proxy on the way */                                                                     \
    X(PROXY_UNREACHABLE, "proxy.unreachable", 1006, PROXY, NETWORK)                                \
    X(PROXY_AUTH_REQUIRED, "proxy.auth_required", 1006, PROXY, US)                                 \
    X(PROXY_FORBIDDEN, "proxy.forbidden", 1006, PROXY, NETWORK)                                    \
    X(PROXY_BAD_METHOD, "proxy.bad_method", 1006, PROXY, US)                                       \
    X(PROXY_TARGET_DOWN, "proxy.target_down", 1006, PROXY, PEER)                                   \
    X(PROXY_STATUS, "proxy.status", 1006, PROXY, NETWORK)                                          \
    X(PROXY_NOT_A_PROXY, "proxy.not_a_proxy", 1006, PROXY, US)                                     \
    X(PROXY_LOGIN_PAGE, "proxy.login_page", 1006, PROXY, NETWORK)                                  \
    X(PROXY_CLOSED, "proxy.closed", 1006, PROXY, NETWORK)                                          \
    X(PROXY_SOCKS_AUTH, "proxy.socks_auth", 1006, PROXY, US)                                       \
    X(PROXY_SOCKS_REFUSED, "proxy.socks_refused", 1006, PROXY, NETWORK)                            \
    /* TLS */                                                                                      \
    X(TLS_CERT_EXPIRED, "tls.cert.expired", 1015, TLS, PEER)                                       \
    X(TLS_CERT_NOT_YET_VALID, "tls.cert.not_yet_valid", 1015, TLS, PEER)                           \
    X(TLS_CERT_SELF_SIGNED, "tls.cert.self_signed", 1015, TLS, PEER)                               \
    X(TLS_CERT_NAME_MISMATCH, "tls.cert.name_mismatch", 1015, TLS, PEER)                           \
    X(TLS_CERT_REVOKED, "tls.cert.revoked", 1015, TLS, PEER)                                       \
    X(TLS_CERT_WRONG_PURPOSE, "tls.cert.wrong_purpose", 1015, TLS, PEER)                           \
    X(TLS_CERT_BAD_SIGNATURE, "tls.cert.bad_signature", 1015, TLS, PEER)                           \
    X(TLS_CERT_WEAK_KEY, "tls.cert.weak_key", 1015, TLS, PEER)                                     \
    X(TLS_CERT_WEAK_SIGNATURE, "tls.cert.weak_signature", 1015, TLS, PEER)                         \
    X(TLS_CERT_INVALID, "tls.cert.invalid", 1015, TLS, PEER)                                       \
    X(TLS_CERT_WILDCARD, "tls.cert.wildcard_mismatch", 1015, TLS, PEER)                            \
    X(TLS_CERT_IP_NOT_LISTED, "tls.cert.ip_not_listed", 1015, TLS, PEER)                           \
    X(TLS_CERT_NAMES_MALFORMED, "tls.cert.names_malformed", 1015, TLS, PEER)                       \
    X(TLS_CERT_DEFAULT, "tls.cert.default_certificate", 1015, TLS, PEER)                           \
    X(TLS_CERT_UNKNOWN_CRITICAL, "tls.cert.unknown_critical", 1015, TLS, PEER)                     \
    X(TLS_CERT_NAME_CONSTRAINTS, "tls.cert.name_constraints", 1015, TLS, PEER)                     \
    X(TLS_CERT_PATH_LENGTH, "tls.cert.path_length", 1015, TLS, PEER)                               \
    X(TLS_CERT_ISSUER_NOT_CA, "tls.cert.issuer_not_ca", 1015, TLS, PEER)                           \
    X(TLS_CERT_NO_CRL, "tls.cert.no_crl", 1015, TLS, US)                                           \
    X(TLS_CERT_TOO_LARGE, "tls.cert.too_large", 1015, TLS, PEER)                                   \
    X(TLS_CHAIN_UNTRUSTED_CA, "tls.chain.untrusted_ca", 1015, TLS, US)                             \
    X(TLS_CHAIN_MISSING_INTERMEDIATE, "tls.chain.missing_intermediate", 1015, TLS, PEER)           \
    X(TLS_CHAIN_WRONG_INTERMEDIATE, "tls.chain.wrong_intermediate", 1015, TLS, PEER)               \
    X(TLS_CHAIN_UNTRUSTED_ROOT, "tls.chain.untrusted_root", 1015, TLS, US)                         \
    X(TLS_CHAIN_NO_TRUST_STORE, "tls.chain.no_trust_store", 1015, TLS, US)                         \
    X(TLS_CLIENT_CERT_REQUIRED, "tls.client_cert.required", 1015, TLS, US)                         \
    X(TLS_CLIENT_CERT_REJECTED, "tls.client_cert.rejected", 1015, TLS, US)                         \
    X(TLS_INTERCEPTED, "tls.intercepted", 1015, TLS, NETWORK)                                      \
    X(TLS_OUR_CERT_REJECTED, "tls.our_cert.rejected", 1015, TLS, US)                               \
    X(TLS_CLIENT_LEFT, "tls.client_left", 1015, TLS, PEER)                                         \
    X(TLS_NO_HELLO, "tls.no_hello", 1015, TLS, PEER)                                               \
    X(TLS_VERSION, "tls.version", 1015, TLS, PEER)                                                 \
    X(TLS_NO_SHARED_CIPHER, "tls.no_shared_cipher", 1015, TLS, PEER)                               \
    X(TLS_NO_SHARED_GROUP, "tls.no_shared_group", 1015, TLS, PEER)                                 \
    X(TLS_NO_SHARED_SIGNATURE, "tls.no_shared_signature", 1015, TLS, PEER)                         \
    X(TLS_WEAK_DH, "tls.weak_dh", 1015, TLS, PEER)                                                 \
    X(TLS_NO_SECURE_RENEGOTIATION, "tls.no_secure_renegotiation", 1015, TLS, PEER)                 \
    X(TLS_NAME_REQUIRED, "tls.name_required", 1015, TLS, US)                                       \
    X(TLS_UNKNOWN_NAME, "tls.unknown_name", 1015, TLS, PEER)                                       \
    X(TLS_ALPN, "tls.alpn", 1015, TLS, PEER)                                                       \
    X(TLS_REFUSED, "tls.refused", 1015, TLS, PEER)                                                 \
    X(TLS_SERVER_ERROR, "tls.server_error", 1015, TLS, PEER)                                       \
    X(TLS_ALERT, "tls.alert", 1015, TLS, PEER)                                                     \
    X(TLS_PLAIN_HTTP, "tls.plain_http", 1015, TLS, US)                                             \
    X(TLS_NOT_TLS, "tls.not_tls", 1015, TLS, PEER)                                                 \
    X(TLS_OTHER_PROTOCOL, "tls.other_protocol", 1015, TLS, US)                                     \
    X(TLS_PROXY_PROTOCOL, "tls.proxy_protocol", 1015, TLS, PEER)                                   \
    X(TLS_CLOSED_ON_ACCEPT, "tls.closed_on_accept", 1015, TLS, PEER)                               \
    X(TLS_HELLO_INTOLERANT, "tls.hello_intolerant", 1015, TLS, NETWORK)                            \
    X(TLS_PACKETS_LOST, "tls.packets_lost", 1015, TLS, NETWORK)                                    \
    X(TLS_EOF, "tls.eof", 1015, TLS, PEER)                                                         \
    X(TLS_CUT, "tls.cut", 1015, TLS, PEER)                                                         \
    X(TLS_RESET, "tls.reset", 1015, TLS, PEER)                                                     \
    X(TLS_CORRUPTED, "tls.corrupted", 1015, TLS, NETWORK)                                          \
    X(TLS_PROTOCOL, "tls.protocol", 1015, TLS, PEER)                                               \
    X(TLS_CONFIG, "tls.config", 1015, TLS, US)                                                     \
    /* The answer to our upgrade */                                                                \
    X(HTTP_STATUS_REDIRECT, "http.status.redirect", 1006, HTTP, PEER)                              \
    X(HTTP_STATUS_400, "http.status.400", 1006, HTTP, US)                                          \
    X(HTTP_STATUS_401, "http.status.401", 1006, HTTP, US)                                          \
    X(HTTP_STATUS_403, "http.status.403", 1006, HTTP, PEER)                                        \
    X(HTTP_STATUS_404, "http.status.404", 1006, HTTP, US)                                          \
    X(HTTP_STATUS_426, "http.status.426", 1006, HTTP, PEER)                                        \
    X(HTTP_STATUS_429, "http.status.429", 1006, HTTP, US)                                          \
    X(HTTP_STATUS_4XX, "http.status.4xx", 1006, HTTP, US)                                          \
    X(HTTP_STATUS_502, "http.status.502", 1006, HTTP, PEER)                                        \
    X(HTTP_STATUS_503, "http.status.503", 1006, HTTP, PEER)                                        \
    X(HTTP_STATUS_504, "http.status.504", 1006, HTTP, PEER)                                        \
    X(HTTP_STATUS_5XX, "http.status.5xx", 1006, HTTP, PEER)                                        \
    X(HTTP_NOT_UPGRADED, "http.not_upgraded", 1006, HTTP, PEER)                                    \
    X(HTTP_NOT_HTTP, "http.not_http", 1006, HTTP, PEER)                                            \
    X(HTTP_TLS_PORT, "http.tls_port", 1006, HTTP, US)                                              \
    X(HTTP_RESPONSE_MALFORMED, "http.response.malformed", 1006, HTTP, PEER)                        \
    X(HTTP_RESPONSE_TOO_LARGE, "http.response.too_large", 1006, HTTP, PEER)                        \
    X(HTTP_RESPONSE_CUT, "http.response.cut", 1006, HTTP, PEER)                                    \
    X(HTTP_RESPONSE_UPGRADE, "http.response.upgrade", 1006, HTTP, PEER)                            \
    X(HTTP_RESPONSE_ACCEPT, "http.response.accept", 1006, HTTP, PEER)                              \
    X(HTTP_RESPONSE_SUBPROTOCOL, "http.response.subprotocol", 1006, HTTP, PEER)                    \
    X(HTTP_RESPONSE_EXTENSION, "http.response.extension", 1006, HTTP, PEER)                        \
    /* A request that this server refuses */                                                       \
    X(HTTP_REQUEST_MALFORMED, "http.request.malformed", 1006, HTTP, PEER)                          \
    X(HTTP_REQUEST_TOO_LARGE, "http.request.too_large", 1006, HTTP, PEER)                          \
    X(HTTP_REQUEST_TARGET_TOO_LONG, "http.request.target_too_long", 1006, HTTP, PEER)              \
    X(HTTP_REQUEST_CUT, "http.request.cut", 1006, HTTP, PEER)                                      \
    X(HTTP_REQUEST_METHOD, "http.request.method", 1006, HTTP, PEER)                                \
    X(HTTP_REQUEST_HOST, "http.request.host", 1006, HTTP, PEER)                                    \
    X(HTTP_REQUEST_UPGRADE, "http.request.upgrade", 1006, HTTP, PEER)                              \
    X(HTTP_REQUEST_KEY, "http.request.key", 1006, HTTP, PEER)                                      \
    X(HTTP_REQUEST_VERSION, "http.request.version", 1006, HTTP, PEER)                              \
    X(HTTP_REQUEST_EXTENSIONS, "http.request.extensions", 1006, HTTP, PEER)                        \
    X(HTTP_REQUEST_SUBPROTOCOLS, "http.request.subprotocols", 1006, HTTP, PEER)                    \
    X(HTTP_REQUEST_BODY, "http.request.body", 1006, HTTP, PEER)                                    \
    X(HTTP_REQUEST_ORIGIN, "http.request.origin", 1006, HTTP, PEER)                                \
    X(HTTP_REQUEST_TLS, "http.request.tls", 1006, HTTP, PEER)                                      \
    /* Frames and messages */                                                                      \
    X(FRAME_RESERVED_BITS, "frame.reserved_bits", 1002, WEBSOCKET, PEER)                           \
    X(FRAME_RESERVED_OPCODE, "frame.reserved_opcode", 1002, WEBSOCKET, PEER)                       \
    X(FRAME_LENGTH_NOT_MINIMAL, "frame.length_not_minimal", 1002, WEBSOCKET, PEER)                 \
    X(FRAME_LENGTH_OVERFLOW, "frame.length_overflow", 1002, WEBSOCKET, PEER)                       \
    X(FRAME_NOT_MASKED, "frame.not_masked", 1002, WEBSOCKET, PEER)                                 \
    X(FRAME_MASKED, "frame.masked", 1002, WEBSOCKET, PEER)                                         \
    X(FRAME_CONTROL_FRAGMENTED, "frame.control_fragmented", 1002, WEBSOCKET, PEER)                 \
    X(FRAME_CONTROL_TOO_LONG, "frame.control_too_long", 1002, WEBSOCKET, PEER)                     \
    X(FRAME_CONTINUATION_UNEXPECTED, "frame.continuation_unexpected", 1002, WEBSOCKET, PEER)       \
    X(FRAME_CONTINUATION_EXPECTED, "frame.continuation_expected", 1002, WEBSOCKET, PEER)           \
    X(CLOSE_FRAME_LENGTH, "close_frame.length", 1002, WEBSOCKET, PEER)                             \
    X(CLOSE_FRAME_CODE, "close_frame.code", 1002, WEBSOCKET, PEER)                                 \
    X(CLOSE_FRAME_REASON, "close_frame.reason", 1007, WEBSOCKET, PEER)                             \
    X(UTF8_INVALID, "utf8.invalid", 1007, WEBSOCKET, PEER)                                         \
    X(DEFLATE_CORRUPT, "deflate.corrupt", 1007, WEBSOCKET, PEER)                                   \
    X(LIMIT_MESSAGE_SIZE, "limit.message_size", 1009, WEBSOCKET, PEER)                             \
    X(LIMIT_CONTROL_RATE, "limit.control_rate", 1008, WEBSOCKET, PEER)                             \
    X(LIMIT_SEND_QUEUE, "limit.send_queue", 1013, WEBSOCKET, PEER)                                 \
    /* Time */                                                                                     \
    X(TIMEOUT_DNS, "timeout.dns", 1006, DNS, NETWORK)                                              \
    X(TIMEOUT_CONNECT, "timeout.connect", 1006, TCP, NETWORK)                                      \
    X(TIMEOUT_PROXY, "timeout.proxy", 1006, PROXY, NETWORK)                                        \
    X(TIMEOUT_TLS, "timeout.tls", 1015, TLS, PEER)                                                 \
    X(TIMEOUT_REQUEST, "timeout.request", 1006, HTTP, PEER)                                        \
    X(TIMEOUT_UPGRADE, "timeout.upgrade", 1006, HTTP, PEER)                                        \
    X(TIMEOUT_PONG, "timeout.pong", 1006, WEBSOCKET, NETWORK)                                      \
    X(TIMEOUT_IDLE, "timeout.idle", 1001, WEBSOCKET, US)                                           \
    X(TIMEOUT_CLOSE, "timeout.close", 1006, WEBSOCKET, PEER)

enum why_cause {
#define X(name, id, code, layer, side) WHY_CAUSE_##name,
    WHY_CAUSE_MAP(X)
#undef X
    WHY_CAUSE_COUNT
};

/* The columns of the table. All of them answer for WHY_CAUSE_NONE too, and for no other number
 * outside it. Static, never NULL. */
WHY_API const char *why_cause_id(enum why_cause cause);
WHY_API uint16_t why_cause_code(enum why_cause cause);
WHY_API enum why_layer why_cause_layer(enum why_cause cause);
WHY_API enum why_side why_cause_side(enum why_cause cause);

WHY_API const char *why_layer_name(enum why_layer layer);
WHY_API const char *why_side_name(enum why_side side);

/* The cause that an HTTP status in answer to an upgrade stands for (101 excepted). */
WHY_API enum why_cause why_cause_of_status(uint16_t status);

WHY_END_DECLS

#endif
