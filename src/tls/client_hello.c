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
    EXT_STATUS_REQUEST_V2 = 17, /* Java alone */
    EXT_CERTIFICATE_TIMESTAMP = 18,
    EXT_ENCRYPT_THEN_MAC = 22,
    EXT_RECORD_SIZE_LIMIT = 28,
    EXT_DELEGATED_CREDENTIALS = 34, /* Firefox alone */
    EXT_SIGNATURE_ALGORITHMS_CERT = 50,
    EXT_RENEGOTIATION_INFO = 0xff01,
};

/* RFC 8701: a number that means nothing, offered so that servers do not forget to ignore such. */
static bool is_grease(unsigned number) {
    return (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
}

/* RFC 8446 section 4.2.8: all their length, then group, length, and the share itself. */
static void read_shares(SSL *ssl, struct why_tls_offer *offer) {
    const uint8_t *data = NULL;
    size_t len = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_key_share, &data, &len) != 1) {
        return;
    }
    for (size_t at = 2; at + 4 <= len;) {
        uint16_t group = (uint16_t)(data[at] << 8 | data[at + 1]);
        at += 4 + (size_t)(data[at + 2] << 8 | data[at + 3]);
        if (!is_grease(group) && offer->share_count < sizeof offer->shares / sizeof(uint16_t)) {
            offer->shares[offer->share_count++] = group;
        }
    }
}

/* It stands among the suites, or among the extensions. */
static bool has_grease(SSL *ssl, const int *extensions, size_t count) {
    const uint8_t *suites = NULL;
    size_t len = SSL_client_hello_get0_ciphers(ssl, &suites);
    for (size_t i = 0; i + 1 < len; i += 2) {
        if (is_grease((unsigned)(suites[i] << 8 | suites[i + 1]))) {
            return true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (is_grease((unsigned)extensions[i])) {
            return true;
        }
    }
    return false;
}

void why__client_hello_read(SSL *ssl, struct why_tls_offer *offer) {
    const uint8_t *formats = NULL;
    int *extensions = NULL;
    size_t count = 0, formats_len = 0;
    if (SSL_client_hello_get1_extensions_present(ssl, &extensions, &count) != 1) {
        count = 0;
    }
    offer->share_count = 0; /* a second hello's take their place */
    read_shares(ssl, offer);
    struct why__client_hello_shape shape = {.extensions = extensions, .extension_count = count};
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_ec_point_formats, &formats, &formats_len) == 1 &&
        formats_len > 0) {
        shape.point_format_count = formats_len - 1;
    }
    offer->grease = has_grease(ssl, extensions, count);
    offer->extension_count = (uint8_t)(count < UINT8_MAX ? count : UINT8_MAX);
    offer->client = why__client_hello_guess(offer, &shape);
    OPENSSL_free(extensions);
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
