/* SPDX-License-Identifier: MIT
 *
 * Flights that OpenSSL would not write: versions and ciphers that it no longer has, a group that is
 * too small for it, messages that break the rules. They end where a client can have made up its
 * mind.
 */
#include "lab/link.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum {
    FLIGHT_MAX = 16384,
    DH480_LEN = 60,
    DH512_LEN = 64,
    SIGNATURE_LEN = 256,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    VERSION_SSL3 = 0x0300,
    VERSION_TLS12 = 0x0303,
    SIGNATURE_RSA_SHA256 = 0x0401,
};

/* Bytes that are written one after the other; what does not fit is not written. */
struct flight {
    uint8_t data[FLIGHT_MAX];
    size_t len;
    bool failed;
};

static void put(struct flight *flight, const void *data, size_t len) {
    if (flight->failed || len > FLIGHT_MAX - flight->len) {
        flight->failed = true;
        return;
    }
    memcpy(flight->data + flight->len, data, len);
    flight->len += len;
}

static void put_number(struct flight *flight, size_t value, size_t bytes) {
    for (size_t i = bytes; i-- > 0;) {
        uint8_t byte = (uint8_t)(value >> 8 * i);
        put(flight, &byte, 1);
    }
}

static void put_random(struct flight *flight, size_t len) {
    uint8_t bytes[256];
    if (RAND_bytes(bytes, (int)sizeof bytes) != 1) {
        flight->failed = true;
    }
    put(flight, bytes, len < sizeof bytes ? len : sizeof bytes);
}

/* Leave room for a length of `bytes` bytes; end() writes it. */
static size_t begin(struct flight *flight, size_t bytes) {
    put_number(flight, 0, bytes);
    return flight->len;
}

static void end(struct flight *flight, size_t start, size_t bytes) {
    size_t len = flight->len - start;
    for (size_t i = 0; !flight->failed && i < bytes; i++) {
        flight->data[start - 1 - i] = (uint8_t)(len >> 8 * i);
    }
}

/* A record with one handshake message in it; returns where the message's body begins. */
static size_t begin_message(struct flight *flight, unsigned type, unsigned version) {
    put_number(flight, RECORD_HANDSHAKE, 1);
    put_number(flight, version, 2);
    (void)begin(flight, 2);
    put_number(flight, type, 1);
    return begin(flight, 3);
}

static void end_message(struct flight *flight, size_t start) {
    end(flight, start, 3);
    end(flight, start - 4, 2);
}

struct answer {
    unsigned version;
    uint16_t cipher;
    bool has_renegotiation_info; /* RFC 5746 */
};

/* RFC 5246 section 7.4.1.3 */
static void put_server_hello(struct flight *flight, const struct answer *answer) {
    static const uint8_t renegotiation_info[] = {0x00, 0x05, 0xff, 0x01, 0x00, 0x01, 0x00};
    size_t start = begin_message(flight, SERVER_HELLO, answer->version);
    put_number(flight, answer->version, 2);
    put_random(flight, 32);
    put_number(flight, 0, 1); /* no session */
    put_number(flight, answer->cipher, 2);
    put_number(flight, 0, 1); /* no compression */
    if (answer->has_renegotiation_info) {
        put(flight, renegotiation_info, sizeof renegotiation_info);
    }
    end_message(flight, start);
}

static void put_certificate(struct flight *flight, const X509 *x509) {
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    if (len <= 0) {
        flight->failed = true;
        return;
    }
    put_number(flight, (size_t)len, 3);
    put(flight, der, (size_t)len);
    OPENSSL_free(der);
}

static void put_certificates(struct flight *flight, const X509 *leaf, STACK_OF(X509) * chain) {
    size_t start = begin_message(flight, CERTIFICATE, VERSION_TLS12);
    size_t list = begin(flight, 3);
    put_certificate(flight, leaf);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        put_certificate(flight, sk_X509_value(chain, i));
    }
    end(flight, list, 3);
    end_message(flight, start);
}

/* RFC 5246 section 7.4.3. The signature is none: a client that minds the size of the group says so
 * before it looks at it. */
static void put_small_dh(struct flight *flight, size_t len) {
    uint8_t prime[DH512_LEN];
    memset(prime, 0xff, len);
    prime[len - 1] = 0xc5;
    size_t start = begin_message(flight, SERVER_KEY_EXCHANGE, VERSION_TLS12);
    put_number(flight, len, 2);
    put(flight, prime, len);
    put_number(flight, 1, 2);
    put_number(flight, 2, 1); /* the generator */
    put_number(flight, len, 2);
    put_number(flight, 0x7f, 1);
    put_random(flight, len - 1);
    put_number(flight, SIGNATURE_RSA_SHA256, 2);
    put_number(flight, SIGNATURE_LEN, 2);
    put_random(flight, SIGNATURE_LEN);
    end_message(flight, start);
    end_message(flight, begin_message(flight, SERVER_HELLO_DONE, VERSION_TLS12));
}

static void put_alert(struct flight *flight, unsigned code) {
    static const uint8_t head[] = {RECORD_ALERT, 3, 3, 0, 2, 2};
    put(flight, head, sizeof head);
    put_number(flight, code, 1);
}

/* Answer with the first of these ciphers that the client has, as a server would that has no others;
 * ends with 0. */
static bool put_hello_with(struct flight *flight, const struct lab_hello *hello,
                           const uint16_t *ciphers, bool has_renegotiation_info) {
    for (; *ciphers != 0; ciphers++) {
        if (lab_hello_offers(hello, *ciphers)) {
            put_server_hello(flight,
                             &(struct answer){VERSION_TLS12, *ciphers, has_renegotiation_info});
            return true;
        }
    }
    put_alert(flight, SSL_AD_HANDSHAKE_FAILURE);
    return false;
}

static void write_flight(struct flight *flight, const struct lab_link *link, const X509 *leaf,
                         STACK_OF(X509) * chain) {
    static const uint16_t rc4[] = {0x0005, 0xc011, 0xc007, 0};
    static const uint16_t rc4_md5[] = {0x0004, 0};
    static const uint16_t triple_des[] = {0x000a, 0xc012, 0xc008, 0x0016, 0};
    static const uint16_t export[] = {0x0003, 0x0006, 0x0008, 0x0014, 0};
    static const uint16_t dhe[] = {0x009e, 0x009f, 0x0067, 0x006b, 0x0033, 0x0039, 0};
    static const uint16_t ecdhe[] = {0xc02b, 0xc02c, 0xc02f, 0xc030, 0};
    const struct lab_hello *hello = &link->hello;
    switch ((enum lab_canned)link->mode->number) {
    case LAB_CANNED_SSL3:
        put_server_hello(flight, &(struct answer){VERSION_SSL3, 0x000a, false});
        return;
    case LAB_CANNED_NO_RENEGOTIATION_INFO:
        (void)put_hello_with(flight, hello, ecdhe, false);
        return;
    case LAB_CANNED_DH480:
    case LAB_CANNED_DH512:
        if (put_hello_with(flight, hello, dhe, true)) {
            put_certificates(flight, leaf, chain);
            put_small_dh(flight, link->mode->number == LAB_CANNED_DH480 ? DH480_LEN : DH512_LEN);
        }
        return;
    case LAB_CANNED_RC4:
        (void)put_hello_with(flight, hello, rc4, true);
        return;
    case LAB_CANNED_RC4_MD5:
        (void)put_hello_with(flight, hello, rc4_md5, true);
        return;
    case LAB_CANNED_3DES:
        (void)put_hello_with(flight, hello, triple_des, true);
        return;
    case LAB_CANNED_EXPORT:
        (void)put_hello_with(flight, hello, export, true);
        return;
    case LAB_CANNED_UNKNOWN_CIPHER:
        put_server_hello(flight, &(struct answer){VERSION_TLS12, 0xfefe, true});
        return;
    case LAB_CANNED_UNEXPECTED_MESSAGE:
        end_message(flight, begin_message(flight, SERVER_HELLO_DONE, VERSION_TLS12));
        return;
    case LAB_CANNED_LONG_RECORD:
        put_number(flight, RECORD_HANDSHAKE, 1);
        put_number(flight, VERSION_TLS12, 2);
        put_number(flight, 0xffff, 2);
        put_random(flight, 64);
        return;
    }
}

void lab_serve_canned(struct lab_link *link, X509 *leaf, STACK_OF(X509) * chain) {
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL) {
        return;
    }
    write_flight(flight, link, leaf, chain);
    if (!flight->failed && lab_link_send(link, flight->data, flight->len)) {
        if (flight->data[0] == RECORD_ALERT) {
            lab_link_finish(link);
        } else {
            lab_link_hold(link);
        }
    }
    free(flight);
}
