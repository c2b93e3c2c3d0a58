/* SPDX-License-Identifier: MIT
 *
 * A small ClientHello made by hand, and a look at what comes back. It offers what OpenSSL no longer
 * can (RC4, 3DES, export suites, TLS 1.0, every group), so that the answer tells what a server has,
 * where an OpenSSL handshake only tells that it was refused. Pure functions: no sockets, no
 * OpenSSL.
 */
#ifndef WHY_TLS_HELLO_H
#define WHY_TLS_HELLO_H

#include "whysocket/bytes.h"
#include "whysocket/host.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The protocols that it offers (RFC 7301). */
enum why__hello_alpn {
    WHY__HELLO_ALPN_BOTH, /* h2 and http/1.1 */
    WHY__HELLO_ALPN_H2,
    WHY__HELLO_ALPN_NONE,
};

struct why__hello_options {
    const char *server_name; /* SNI; NULL or "" for none. The caller leaves addresses out. */
    enum why__hello_alpn alpn;
    uint16_t highest_version; /* 0: TLS 1.3 */
    /* As little as a server of today needs to answer, without ALPN: below 256 bytes with a name of
     * up to 88, for what chokes on more. */
    bool is_small;
};

/* The longest that is built, with a name of 255 bytes. Without a name it is some 460; small, some
 * 190. */
#define WHY__HELLO_MAX ((size_t)768)

/* Write a ClientHello in one record. The random bytes and the key share come from `host`.
 * returns  its length; 0 where the name is longer than 255 bytes */
size_t why__hello_build(const struct why_host *host, const struct why__hello_options *options,
                        uint8_t out[WHY__HELLO_MAX]);

enum why__hello_kind {
    WHY__HELLO_NOTHING,      /* too little came to tell */
    WHY__HELLO_SERVER_HELLO, /* it would go on: version and cipher are chosen */
    WHY__HELLO_RETRY,        /* HelloRetryRequest: it would go on, with the group that it names */
    WHY__HELLO_ALERT,
    WHY__HELLO_NOT_TLS,
    WHY__HELLO_MALFORMED, /* TLS records, in which there is no answer to a ClientHello */
};

struct why__hello_answer {
    enum why__hello_kind kind;
    bool complete;              /* no further byte would change what is here */
    bool renegotiation;         /* RFC 5746's extension came; TLS 1.3 does without */
    bool certificate_requested; /* TLS 1.2 and before; 1.3 hides it */
    int alert;                  /* the first that came, also after a ServerHello; -1: none */
    uint16_t version;           /* 0x0300 SSL 3.0 to 0x0304 TLS 1.3 */
    uint16_t cipher;            /* IANA's number */
    uint16_t group;     /* IANA's number: of the key share, or of ServerKeyExchange; 0: unknown */
    uint16_t signature; /* TLS 1.2: SignatureScheme of ServerKeyExchange; 0: unknown */
    uint16_t dh_bits;   /* of a Diffie-Hellman prime; 0: none came */
    uint32_t certificate_len; /* of the Certificate message; 0: none seen */
    char alpn[16];            /* TLS 1.2 and before: the choice; "" for none, or hidden */
};

/* No more than this has to be kept of an answer. */
#define WHY__HELLO_ANSWER_MAX ((size_t)16384)

/* Look at all that has come so far. Call it again with more until `complete`, or until the
 * connection ends: what is known then is what there is to know. */
void why__hello_parse(struct why_bytes received, struct why__hello_answer *out);

/* The same look at a ClientHello that went the other way: its handshake message, without records.
 * out->len is 0 where it is none. */
void why__hello_read_offer(struct why_bytes message, struct why_tls_offer *out);

/* Names: "TLS 1.2"; "TLS_RSA_WITH_RC4_128_SHA"; "x25519"; "rsa_pkcs1_sha1". What has no name here
 * is written as 0x and four digits into `out`. */
#define WHY__HELLO_NAME_MAX ((size_t)56)
const char *why__hello_version_name(uint16_t version, char out[WHY__HELLO_NAME_MAX]);
const char *why__hello_cipher_name(uint16_t cipher, char out[WHY__HELLO_NAME_MAX]);
const char *why__hello_group_name(uint16_t group, char out[WHY__HELLO_NAME_MAX]);
const char *why__hello_signature_name(uint16_t signature, char out[WHY__HELLO_NAME_MAX]);

#endif
