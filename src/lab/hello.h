/* SPDX-License-Identifier: MIT
 *
 * What the lab has to know of a ClientHello before OpenSSL sees it.
 */
#ifndef WHY_LAB_HELLO_H
#define WHY_LAB_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LAB_HELLO_MAX = 1 << 16, /* bytes of the message */
    LAB_NAME_MAX = 256,
};

struct lab_hello {
    size_t len; /* of the handshake message, with its header */
    bool has_name;
    char name[LAB_NAME_MAX]; /* the server name, in lower case; "" for none */
    uint8_t session_id[32];
    uint8_t session_id_len;
    size_t cipher_count;
    uint16_t ciphers[256];
};

enum lab_hello_result {
    LAB_HELLO_MORE,
    LAB_HELLO_WHOLE,
    LAB_HELLO_NONE, /* this is no ClientHello */
};

/* Look at what came so far: records of RFC 8446 section 5.1, from the first byte on. */
enum lab_hello_result lab_hello_read(const uint8_t *data, size_t len, struct lab_hello *hello);

bool lab_hello_offers(const struct lab_hello *hello, uint16_t cipher);

#endif
