/* SPDX-License-Identifier: MIT
 *
 * Reading a ClientHello, and guessing what sent it.
 */
#include "tls/client_hello.h"

#include <stdbool.h>
#include <string.h>

/* IANA's numbers of extensions that not every library sends. */
enum {
    EXT_STATUS_REQUEST = 5,
    EXT_POINT_FORMATS = 11,
    EXT_STATUS_REQUEST_V2 = 17, /* Java alone */
    EXT_CERTIFICATE_TIMESTAMP = 18,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_RECORD_SIZE_LIMIT = 28,
    EXT_DELEGATED_CREDENTIALS = 34, /* Firefox alone */
    EXT_SIGNATURE_ALGORITHMS_CERT = 50,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION_INFO = 0xff01,
};

enum {
    HEAD_LEN = 4 + 2 + 32, /* RFC 8446 section 4.1.2: type and length, version, random */
    EXTENSIONS_MAX = 64,   /* of which the order is looked at */
};

/* RFC 8701: a number that means nothing, offered so that servers do not forget to ignore such. */
static bool is_grease(unsigned number) {
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

/* The part of `from` that a length of one or two bytes goes before; what is too short has none. */
static struct why_bytes take_part(struct why_bytes *from, size_t length_len) {
    size_t len = 0;
    for (size_t i = 0; i < length_len && i < from->len; i++) {
        len = len << 8 | from->data[i];
    }
    if (from->len < length_len || from->len - length_len < len) {
        *from = (struct why_bytes){0};
        return *from;
    }
    struct why_bytes part = {from->data + length_len, len};
    from->data += length_len + len;
    from->len -= length_len + len;
    return part;
}

static unsigned take_number(struct why_bytes *from) {
    unsigned number = (unsigned)(from->data[0] << 8 | from->data[1]);
    from->data += 2;
    from->len -= 2;
    return number;
}

/* RFC 8446 section 4.2.8: all their length, then group, length, and the share itself. */
static void read_shares(struct why_bytes extension, struct why_tls_offer *offer) {
    struct why_bytes shares = take_part(&extension, 2);
    while (shares.len >= 4) {
        unsigned group = take_number(&shares);
        (void)take_part(&shares, 2);
        if (!is_grease(group) &&
            offer->share_count < sizeof offer->shares / sizeof offer->shares[0]) {
            offer->shares[offer->share_count++] = (uint16_t)group;
        }
    }
}

void why__client_hello_read(struct why_bytes message, struct why_tls_offer *offer) {
    int order[EXTENSIONS_MAX];
    struct why__client_hello_shape shape = {.extensions = order};
    if (message.len < HEAD_LEN) {
        return;
    }
    struct why_bytes rest = {message.data + HEAD_LEN, message.len - HEAD_LEN};
    (void)take_part(&rest, 1); /* session id */
    struct why_bytes suites = take_part(&rest, 2);
    (void)take_part(&rest, 1); /* compression */
    while (suites.len >= 2) {
        offer->grease |= is_grease(take_number(&suites));
    }
    struct why_bytes extensions = take_part(&rest, 2);
    while (extensions.len >= 4 && shape.extension_count < EXTENSIONS_MAX) {
        unsigned type = take_number(&extensions);
        struct why_bytes content = take_part(&extensions, 2);
        offer->grease |= is_grease(type);
        order[shape.extension_count++] = (int)type;
        if (type == EXT_KEY_SHARE) {
            read_shares(content, offer);
        } else if (type == EXT_POINT_FORMATS) {
            shape.point_format_count = take_part(&content, 1).len;
        }
    }
    offer->extension_count = (uint8_t)shape.extension_count;
    offer->client = why__client_hello_guess(offer, &shape);
}

/* ---- What sent it ---- */

static bool sends(const struct why__client_hello_shape *shape, int type) {
    for (size_t i = 0; i < shape->extension_count; i++) {
        if (shape->extensions[i] == type) {
            return true;
        }
    }
    return false;
}

/* Suites that encrypt nothing, authenticate nobody, or were weakened for export: offered to find
 * out whether a server takes them. */
static bool offers_nonsense(const struct why_tls_offer *offer) {
    static const uint16_t nonsense[] = {0x0001, 0x0002, 0x0003, 0x0006, 0x0008, 0x0014, 0x0017,
                                        0x0018, 0x0019, 0x001a, 0x001b, 0x0034, 0x003a, 0x003b,
                                        0xc006, 0xc010, 0xc015, 0xc018, 0xc019};
    for (size_t i = 0; i < offer->cipher_count; i++) {
        for (size_t j = 0; j < sizeof nonsense / sizeof nonsense[0]; j++) {
            if (offer->ciphers[i] == nonsense[j]) {
                return true;
            }
        }
    }
    return false;
}

/* Node's own list of suites, which no other program that has OpenSSL begins with. */
static bool has_suites_of_node(const struct why_tls_offer *offer) {
    static const uint16_t first[] = {0xc02f, 0xc02b, 0xc030, 0xc02c};
    size_t at = 0;
    while (at < offer->cipher_count && offer->ciphers[at] >> 8 == 0x13) {
        at++;
    }
    return offer->cipher_count - at >= 4 && memcmp(offer->ciphers + at, first, sizeof first) == 0;
}

enum why_tls_client why__client_hello_guess(const struct why_tls_offer *offer,
                                            const struct why__client_hello_shape *shape) {
    if (offers_nonsense(offer)) {
        return WHY_TLS_CLIENT_SCANNER;
    }
    if (offer->grease) {
        return WHY_TLS_CLIENT_CHROMIUM;
    }
    if (sends(shape, EXT_DELEGATED_CREDENTIALS) && sends(shape, EXT_RECORD_SIZE_LIMIT)) {
        return WHY_TLS_CLIENT_FIREFOX;
    }
    if (sends(shape, EXT_STATUS_REQUEST_V2) && sends(shape, EXT_SIGNATURE_ALGORITHMS_CERT)) {
        return WHY_TLS_CLIENT_JAVA;
    }
    if (sends(shape, EXT_ENCRYPT_THEN_MAC) && sends(shape, EXT_RENEGOTIATION_INFO)) {
        return WHY_TLS_CLIENT_GNUTLS;
    }
    if (shape->point_format_count == 3) {
        return has_suites_of_node(offer) ? WHY_TLS_CLIENT_NODE : WHY_TLS_CLIENT_OPENSSL;
    }
    if (sends(shape, EXT_CERTIFICATE_TIMESTAMP) && sends(shape, EXT_STATUS_REQUEST) &&
        sends(shape, EXT_RENEGOTIATION_INFO)) {
        return WHY_TLS_CLIENT_GO;
    }
    return WHY_TLS_CLIENT_UNKNOWN;
}
