/* SPDX-License-Identifier: MIT
 *
 * The close record: everything that is known of why a connection ended. Plain data in the caller's
 * memory; each layer writes the part that it knows (why_conn_report() and its like), explain.h
 * puts it into words.
 */
#ifndef WHY_RECORD_H
#define WHY_RECORD_H

#include "whysocket/api.h"
#include "whysocket/cause.h"
#include "whysocket/close_code.h"
#include "whysocket/notice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

/* How the transport under the connection went away. */
#define WHY_TRANSPORT_MAP(X)                                                                       \
    X(NONE, "none")       /* it had not, or there was none */                                      \
    X(FIN, "fin")         /* the peer ended its stream in order */                                 \
    X(RESET, "reset")     /* RST */                                                                \
    X(TIMEOUT, "timeout") /* one of our deadlines, or the kernel's */                              \
    X(TLS_ALERT, "tls_alert")                                                                      \
    X(ERRNO, "errno")   /* `os_error` says which */                                                \
    X(CLOSED, "closed") /* we closed it */

enum why_transport {
#define X(name, text) WHY_TRANSPORT_##name,
    WHY_TRANSPORT_MAP(X)
#undef X
};

WHY_API const char *why_transport_name(enum why_transport transport);

enum why_first {
    WHY_FIRST_NONE,
    WHY_FIRST_SENT,
    WHY_FIRST_RECEIVED,
};

/* A Close frame as it travelled (RFC 6455 section 5.5.1). One of ours that was still queued when
 * the transport ended did not, and is not `present`. */
struct why_close_frame {
    bool present;
    uint16_t code; /* 1005 where the frame had none */
    uint8_t reason_len;
    char reason[WHY_CLOSE_REASON_MAX + 1]; /* as it travelled, terminated; may be no UTF-8 */
};

/* What is wrong with the first byte that cannot be right (Unicode 15, table 3-7). */
#define WHY_UTF8_CLASS_MAP(X)                                                                      \
    X(NONE, "none")                                                                                \
    X(STRAY_CONTINUATION, "stray_continuation") /* 80..BF where a character begins */              \
    X(BAD_LEAD, "bad_lead")                     /* F8..FF: no UTF-8 has them */                    \
    X(OVERLONG, "overlong")                     /* C0, C1, E0 80..9F, F0 80..8F */                 \
    X(SURROGATE, "surrogate")                   /* ED A0..BF: U+D800 to U+DFFF */                  \
    X(TOO_LARGE, "above_u10ffff")               /* F4 90..BF, F5..F7 */                            \
    X(INTERRUPTED, "interrupted") /* a character begun, then a byte that does not go on with it */ \
    X(TRUNCATED, "truncated")     /* the message ends inside a character */

enum why_utf8_class {
#define X(name, text) WHY_UTF8_CLASS_##name,
    WHY_UTF8_CLASS_MAP(X)
#undef X
};

WHY_API const char *why_utf8_class_name(enum why_utf8_class utf8_class);

/* What bytes that are no UTF-8 look like instead. */
#define WHY_GUESS_MAP(X)                                                                           \
    X(NONE, "none")                                                                                \
    X(LATIN1, "latin1")                                                                            \
    X(WINDOWS_1252, "windows_1252")                                                                \
    X(UTF16_LE, "utf16_le")                                                                        \
    X(UTF16_BE, "utf16_be")                                                                        \
    X(GZIP, "gzip")                                                                                \
    X(ZLIB, "zlib")                                                                                \
    X(ZSTD, "zstd")                                                                                \
    X(PNG, "png")                                                                                  \
    X(JPEG, "jpeg")                                                                                \
    X(PROTOBUF, "protobuf")                                                                        \
    X(MESSAGEPACK, "messagepack")                                                                  \
    X(CBOR, "cbor")                                                                                \
    X(MODIFIED_UTF8, "modified_utf8") /* Java's: U+0000 as C0 80, surrogates in pairs */           \
    X(CUT_CHARACTER, "cut_character") /* a character cut in two by the sender */                   \
    X(BINARY, "binary")               /* binary, no more is known */

enum why_guess {
#define X(name, text) WHY_GUESS_##name,
    WHY_GUESS_MAP(X)
#undef X
};

WHY_API const char *why_guess_name(enum why_guess guess);

#define WHY_UTF8_WINDOW_MAX 32

/* Evidence of 1007. */
struct why_utf8_evidence {
    bool present;
    bool in_reason; /* it was a Close frame's reason, not a message */
    enum why_utf8_class utf8_class;
    enum why_guess guess;
    uint64_t message_number; /* of the peer's messages, from 1 */
    uint64_t offset;         /* bytes from the start of the message, after inflation */
    uint8_t window_len;
    uint8_t window_at; /* index of the wrong byte in the window; window_len where it never came */
    uint8_t window[WHY_UTF8_WINDOW_MAX]; /* the bytes around it */
};

/* Evidence of the opening handshake, or of a proxy's answer: as received, cut to what fits, with
 * asterisks over what lets somebody in: the values of Authorization, Proxy-Authorization, Cookie
 * and Set-Cookie, and the user and password of a URL. Other headers, and queries, are shown. */
struct why_http_evidence {
    uint16_t status; /* of the answer, theirs or ours; 0: none came, or none was understood */
    uint32_t offset; /* of the byte that was refused, where one was */
    char header[40]; /* name of the header that was refused, "" where none */
    uint16_t head_len;
    uint16_t body_len;
    char head[1024]; /* the head's first bytes */
    char body[512];  /* the body's first bytes, or what came instead of HTTP */
};

#define WHY_TLS_ERRORS_MAX 16
#define WHY_TLS_CHAIN_MAX 8
#define WHY_TLS_MESSAGES_MAX 24

/* One thing that is wrong, with its facts. */
struct why_tls_verify_error {
    int depth; /* 0 the server's own certificate, 1 what signed it, ... */
    int error; /* OpenSSL's X509_V_ERR_...; 0 where it has none for it */
    enum why_cause cause;
    bool likely;      /* the cause is inferred from circumstance */
    char text[96];    /* OpenSSL's words for it */
    char detail[200]; /* the facts, as in the record's own */
};

struct why_tls_certificate {
    char subject[128]; /* RFC 2253 */
    char issuer[128];
    int64_t not_before; /* seconds since 1970, UTC */
    int64_t not_after;
    char names[256];    /* subjectAltName: "a.example, *.b.example, IP:10.0.0.1" */
    char key[24];       /* "RSA 2048", "EC P-256", "ED25519" */
    char signature[40]; /* "ecdsa-with-SHA256" */
    bool used;          /* it is part of the chain as it was built */
};

/* What kind of program a ClientHello comes from, judged by the order and the set of what it offers:
 * a guess, which a client that wants to can mislead. */
#define WHY_TLS_CLIENT_MAP(X)                                                                      \
    X(UNKNOWN, "unknown")                                                                          \
    X(CHROMIUM, "chromium") /* BoringSSL with GREASE: Chrome, Edge, Electron; Safari is alike */   \
    X(FIREFOX, "firefox")                                                                          \
    X(OPENSSL, "openssl") /* OpenSSL as it comes: curl, Python, Ruby, PHP */                       \
    X(NODE, "node")                                                                                \
    X(GO, "go")                                                                                    \
    X(JAVA, "java")                                                                                \
    X(GNUTLS, "gnutls")                                                                            \
    X(SCANNER, "scanner") /* offers what no program uses */

enum why_tls_client {
#define X(name, text) WHY_TLS_CLIENT_##name,
    WHY_TLS_CLIENT_MAP(X)
#undef X
};

WHY_API const char *why_tls_client_name(enum why_tls_client client);

/* A ClientHello as it travelled, ours or a client's: numbers as IANA lists them, the first of each
 * list where there are more than fit. GREASE (RFC 8701) is left out. */
struct why_tls_offer {
    enum why_tls_client client; /* server: what sent it */
    uint16_t len;               /* of the message, its header included; 0: none was seen */
    uint8_t version_count, cipher_count, group_count, signature_count;
    uint16_t versions[8]; /* 0x0303: TLS 1.2 */
    uint16_t ciphers[96];
    uint16_t groups[24];
    uint16_t signatures[40];
    char alpn[64];           /* "h2, http/1.1" */
    bool status_request;     /* it asks for an OCSP staple */
    bool renegotiation;      /* it says that it knows RFC 5746, by extension or by number */
    bool grease;             /* server: there was some */
    uint8_t extension_count; /* server */
    uint8_t share_count;
    uint16_t shares[8]; /* server: groups that a key share came for */
};

/* A handshake message that went over the wire. */
struct why_tls_message {
    uint8_t type; /* RFC 8446 section 4: 1 ClientHello, 2 ServerHello, ... */
    bool sent;
    uint32_t len;   /* its header included */
    uint32_t at_ms; /* since the connection's first */
};

WHY_API const char *why_tls_message_name(uint8_t type); /* "Certificate"; "unknown" */

/* What came of the OCSP staple (RFC 6066 section 8). */
#define WHY_STAPLE_MAP(X)                                                                          \
    X(NOT_ASKED, "not_asked")                                                                      \
    X(NONE, "none") /* asked for, none came */                                                     \
    X(GOOD, "good")                                                                                \
    X(EXPIRED, "expired")                                                                          \
    X(REVOKED, "revoked")                                                                          \
    X(UNKNOWN, "unknown")                                                                          \
    X(BAD_SIGNATURE, "bad_signature")                                                              \
    X(ERROR, "error") /* the responder's own error, or nothing that can be read */

enum why_staple {
#define X(name, text) WHY_STAPLE_##name,
    WHY_STAPLE_MAP(X)
#undef X
};

WHY_API const char *why_staple_name(enum why_staple staple);
/* At most so many causes are named for one refusal of our certificate. */
#define WHY_TLS_REASONS_MAX 3

/* Evidence of 1015. */
struct why_tls_evidence {
    bool present;
    bool handshake_done;
    bool insecure; /* verification was switched off by the program */
    bool client_cert_requested;
    bool client_cert_sent;
    bool is_address;  /* `server_name` is one: no name was sent to the server */
    bool alert_sent;  /* direction of `alert` */
    int alert;        /* RFC 8446 section 6; -1 where there was none */
    char version[12]; /* "TLSv1.3" */
    char cipher[48];
    char group[24]; /* of the key exchange: "x25519", "secp384r1", "ffdhe2048"; "" unknown */
    char alpn[24];
    char server_name[128];   /* what we asked for, or were asked */
    char library_error[128]; /* OpenSSL's reason */
    char wanted_cas[256];    /* whose client certificates the server takes: "CN=A; CN=B"; "" any */
    char anchor[128];        /* subject of the trusted certificate at the end of the chain built */
    uint64_t received;       /* bytes of the handshake, from the peer */
    uint16_t dh_bits;        /* of a Diffie-Hellman prime; 0: none was used */
    uint8_t security_level;  /* OpenSSL's, 0 to 5 (SSL_CTX_set_security_level(3)) */
    uint8_t first_bytes_len;
    uint8_t first_bytes[48]; /* what the peer sent first, before any decryption */
    uint8_t message_count;
    struct why_tls_message messages[WHY_TLS_MESSAGES_MAX]; /* the first of them, in order */
    struct why_tls_offer offer;
    uint8_t error_count;
    struct why_tls_verify_error errors[WHY_TLS_ERRORS_MAX]; /* every one, first to mend first */
    enum why_staple staple;
    uint32_t notices; /* bit 1 << enum why_notice for each that applies */
    uint8_t chain_len;
    struct why_tls_certificate chain[WHY_TLS_CHAIN_MAX]; /* as the peer sent it */

    /* Server, where a client turned our certificate down: `errors`, `notices` and `chain` are of
     * our own certificate, verified as a client would for the name that was asked. */
    bool self_checked;
    uint8_t reason_count;
    enum why_cause reasons[WHY_TLS_REASONS_MAX]; /* why, likeliest first */
};

/* The kernel's view at the end of a connection that failed (tcp(7), TCP_INFO). */
struct why_tcp_evidence {
    bool present;
    uint32_t unacked;        /* segments of ours that the peer's kernel has not confirmed */
    uint32_t retransmits;    /* in total */
    uint32_t out_of_order;   /* segments that came with a gap before them */
    uint64_t bytes_received; /* in order */
};

/* Durations in microseconds; WHY_NO_TIME for a step that was not reached. */
#define WHY_NO_TIME UINT32_MAX

struct why_timings {
    uint32_t dns_us, tcp_us, proxy_us, tls_us, http_us; /* each step by itself */
    uint64_t open_ms;           /* from the 101 to when the cause came up, or until now */
    uint64_t since_received_ms; /* from the last byte that came to that moment */
    uint64_t since_sent_ms;
    uint32_t ping_rtt_ms; /* of the last ping that was answered */
};

struct why_counters {
    uint64_t messages_received, messages_sent;
    uint64_t bytes_received, bytes_sent; /* of the WebSocket stream, headers too */
};

#define WHY_DETAIL_TEXTS_MAX 12
#define WHY_DETAIL_WORDS_MAX 24

/* Words of a detail that were put into a text: where they stand in it. */
struct why_detail_word {
    uint8_t at, len;
};

/* What an English detail is made of, for why_text_append_detail() to make it anew in another
 * language: texts of the library's own, one after the other, in the form of printf()'s; and the
 * words that stand for their conversions, in that order. None where a program wrote the detail. */
struct why_detail_parts {
    uint8_t text_count, word_count;
    struct why_detail_word words[WHY_DETAIL_WORDS_MAX];
    const char *texts[WHY_DETAIL_TEXTS_MAX]; /* static */
};

struct why_record {
    uint16_t code; /* as this side reports it: received, or local (1005, 1006, 1015, ...) */
    enum why_cause cause;
    bool likely; /* the cause is inferred from circumstance */
    enum why_side side;
    enum why_layer layer;
    struct why_close_frame sent, received;
    enum why_first first; /* which of the two Close frames came first */
    enum why_transport transport;
    int os_error;     /* errno, or getaddrinfo's where the layer is dns; 0: none */
    char detail[200]; /* the one fact that the cause's own words cannot know, or "" */
    struct why_detail_parts detail_parts;
    char peer[64];     /* "192.0.2.1:443", "[2001:db8::1]:443", "unix:/run/x", or "" */
    uint8_t frame[16]; /* header of the frame that was refused */
    uint8_t frame_len; /* bytes of it */
    struct why_utf8_evidence utf8;
    struct why_http_evidence http;
    struct why_tls_evidence tls;
    struct why_tcp_evidence tcp;
    struct why_timings timings;
    struct why_counters counters;
};

/* An empty record: no cause, nothing known, every duration WHY_NO_TIME. */
WHY_API void why_record_init(struct why_record *record);

/* Write `cause` with its code, layer and side, unless the record has a cause already: the first
 * failure is the reason, what follows from it is not. */
WHY_API void why_record_fail(struct why_record *record, enum why_cause cause);

WHY_END_DECLS

#endif
