/* SPDX-License-Identifier: MIT
 *
 * Reading a ClientHello, and guessing what sent it.
 */
#include "tls/client_hello.h"

#include "tls/codes.h"
#include "tls/engine.h"

#include <stdio.h>
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

/* A list of numbers of two bytes, and where it goes. */
struct numbers {
    uint16_t *out;
    uint8_t *count;
    size_t max;
};

static void take(struct why_tls_offer *offer, const struct numbers *to, uint16_t number) {
    if (why__tls_is_grease(number)) {
        offer->grease = true;
    } else if (*to->count == to->max) {
        offer->cut = true;
    } else {
        to->out[(*to->count)++] = number;
    }
}

static void take_all(struct why_tls_offer *offer, const struct numbers *to, const uint8_t *data,
                     size_t len) {
    for (size_t i = 0; i + 1 < len; i += 2) {
        take(offer, to, (uint16_t)(data[i] << 8 | data[i + 1]));
    }
}

/* The content of an extension after `skip` bytes of lengths; *len is 0 where there is none. */
static const uint8_t *extension(SSL *ssl, unsigned type, size_t skip, size_t *len) {
    const uint8_t *data = NULL;
    if (SSL_client_hello_get0_ext(ssl, type, &data, len) != 1 || *len < skip) {
        *len = 0;
        return NULL;
    }
    *len -= skip;
    return data + skip;
}

/* RFC 8446 section 4.2.8: group, length, the share itself. */
static void read_shares(SSL *ssl, struct why_tls_offer *offer) {
    const struct numbers to = {offer->shares, &offer->share_count, WHY_TLS_OFFER_SHARES_MAX};
    size_t len = 0;
    const uint8_t *data = extension(ssl, TLSEXT_TYPE_key_share, 2, &len);
    for (size_t at = 0; at + 4 <= len;) {
        take(offer, &to, (uint16_t)(data[at] << 8 | data[at + 1]));
        at += 4 + (size_t)(data[at + 2] << 8 | data[at + 3]);
    }
}

/* RFC 7301 section 3.1: lengths and names. What does not fit is left out. */
static void read_alpn(SSL *ssl, struct why_tls_offer *offer) {
    size_t len = 0, used = 0;
    const uint8_t *data =
        extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, 2, &len);
    for (size_t at = 0; at < len; at += 1u + data[at]) {
        size_t name_len = data[at];
        size_t room = sizeof offer->alpn - used;
        if (at + 1 + name_len > len || name_len + sizeof ", " > room) {
            offer->cut = true;
            return;
        }
        if (len > 1 && name_len == 2 && why__tls_is_grease((uint16_t)(data[at + 1] << 8 |
                                                                      data[at + 2]))) {
            continue;
        }
        used += (size_t)snprintf(offer->alpn + used, room, "%s", used > 0 ? ", " : "");
        why__tls_safe_text(data + at + 1, name_len, offer->alpn + used, sizeof offer->alpn - used);
        used += name_len;
    }
}

static void read_lists(SSL *ssl, struct why_tls_offer *offer) {
    const struct numbers versions = {offer->versions, &offer->version_count,
                                     WHY_TLS_OFFER_VERSIONS_MAX};
    const struct numbers suites = {offer->suites, &offer->suite_count, WHY_TLS_OFFER_SUITES_MAX};
    const struct numbers groups = {offer->groups, &offer->group_count, WHY_TLS_OFFER_GROUPS_MAX};
    const struct numbers signatures = {offer->signatures, &offer->signature_count,
                                       WHY_TLS_OFFER_SIGNATURES_MAX};
    const uint8_t *data = NULL;
    size_t len = SSL_client_hello_get0_ciphers(ssl, &data);
    take_all(offer, &suites, data, len);
    data = extension(ssl, TLSEXT_TYPE_supported_versions, 1, &len);
    take_all(offer, &versions, data, len);
    data = extension(ssl, TLSEXT_TYPE_supported_groups, 2, &len);
    take_all(offer, &groups, data, len);
    data = extension(ssl, TLSEXT_TYPE_signature_algorithms, 2, &len);
    take_all(offer, &signatures, data, len);
}

void why__client_hello_read(SSL *ssl, struct why_tls_offer *offer) {
    *offer = (struct why_tls_offer){.present = true};
    offer->legacy_version = (uint16_t)SSL_client_hello_get0_legacy_version(ssl);
    read_lists(ssl, offer);
    read_shares(ssl, offer);
    read_alpn(ssl, offer);
    int *extensions = NULL;
    size_t count = 0;
    if (SSL_client_hello_get1_extensions_present(ssl, &extensions, &count) != 1) {
        count = 0;
    }
    struct why__client_hello_shape shape = {.extensions = extensions, .extension_count = count};
    (void)extension(ssl, TLSEXT_TYPE_ec_point_formats, 1, &shape.point_format_count);
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
    for (size_t i = 0; i < offer->suite_count; i++) {
        for (size_t j = 0; j < sizeof nonsense / sizeof nonsense[0]; j++) {
            if (offer->suites[i] == nonsense[j]) {
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
    while (at < offer->suite_count && offer->suites[at] >> 8 == 0x13) {
        at++;
    }
    return offer->suite_count - at >= 4 &&
           memcmp(offer->suites + at, first, sizeof first) == 0;
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
