/* SPDX-License-Identifier: MIT
 *
 * The hand-made ClientHello. hello_parse.c reads what comes back.
 */
#include "tls/hello.h"

#include "tls/hello_names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 255
#define RANDOM_LEN 32
#define X25519_LEN 32

struct number_name {
    uint16_t number;
    const char *name;
};

#define X(number, name) {(number), (name)},
static const struct number_name suites[] = {WHY__HELLO_SUITE_MAP(X)};
static const struct number_name groups[] = {WHY__HELLO_GROUP_MAP(X)};
static const struct number_name signatures[] = {WHY__HELLO_SIGNATURE_MAP(X)};
#undef X
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct number_name versions[] = {
    {0x0304, "TLS 1.3"}, {0x0303, "TLS 1.2"}, {0x0302, "TLS 1.1"},
    {0x0301, "TLS 1.0"}, {0x0300, "SSL 3.0"}, {0x0002, "SSL 2.0"},
};
#define VERSIONS_OFFERED ((size_t)4)

/* What is offered, as numbers alone. */
struct offered {
    const uint16_t *suites, *groups, *signatures;
    size_t suite_count, group_count, signature_count;
};

#define X(number, name) (number),
static const uint16_t every_suite[] = {WHY__HELLO_SUITE_MAP(X)};
static const uint16_t every_group[] = {WHY__HELLO_GROUP_MAP(X)};
static const uint16_t every_signature[] = {WHY__HELLO_SIGNATURE_MAP(X)};
#undef X

static const struct offered everything = {every_suite,        every_group,
                                          every_signature,    COUNT(every_suite),
                                          COUNT(every_group), COUNT(every_signature)};

/* Of each kind one that every server since 2008 has, of either kind of certificate. */
static const uint16_t few_suites[] = {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c,
                                      0xc030, 0xcca9, 0xcca8, 0xc013, 0xc009, 0x009e,
                                      0x009c, 0x002f, 0x0035, 0x000a, 0x00ff};
static const uint16_t few_groups[] = {0x001d, 0x0017, 0x0018, 0x0019};
static const uint16_t few_signatures[] = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805,
                                          0x0501, 0x0806, 0x0601, 0x0201};

static const struct offered few = {few_suites,        few_groups,        few_signatures,
                                   COUNT(few_suites), COUNT(few_groups), COUNT(few_signatures)};

/* With a name longer than this, a small hello does without its key share: the server asks for one
 * (RFC 8446 section 4.2.8), which is an answer as well. */
#define NAME_BESIDE_SHARE ((size_t)50)

struct writer {
    uint8_t *data;
    size_t len;
};

static void put8(struct writer *writer, size_t value) {
    writer->data[writer->len++] = (uint8_t)value;
}

static void put16(struct writer *writer, size_t value) {
    put8(writer, value >> 8);
    put8(writer, value);
}

static void put_bytes(struct writer *writer, const void *data, size_t len) {
    memcpy(writer->data + writer->len, data, len);
    writer->len += len;
}

/* Leave room for a length of two bytes; end16() writes it. */
static size_t begin16(struct writer *writer) {
    put16(writer, 0);
    return writer->len;
}

static void end16(struct writer *writer, size_t begin) {
    size_t len = writer->len - begin;
    writer->data[begin - 2] = (uint8_t)(len >> 8);
    writer->data[begin - 1] = (uint8_t)len;
}

static void put_numbers(struct writer *writer, const uint16_t *numbers, size_t count) {
    size_t begin = begin16(writer);
    for (size_t i = 0; i < count; i++) {
        put16(writer, numbers[i]);
    }
    end16(writer, begin);
}

/* RFC 6066 section 3. */
static void put_server_name(struct writer *writer, const char *name, size_t len) {
    put16(writer, 0);
    size_t extension = begin16(writer);
    size_t list = begin16(writer);
    put8(writer, 0); /* host_name */
    put16(writer, len);
    put_bytes(writer, name, len);
    end16(writer, list);
    end16(writer, extension);
}

static void put_alpn(struct writer *writer, enum why__hello_alpn alpn) {
    static const char both[] = "\x02h2\x08http/1.1";
    size_t len = alpn == WHY__HELLO_ALPN_H2 ? 3 : sizeof both - 1;
    put16(writer, 16);
    put16(writer, len + 2);
    put16(writer, len);
    put_bytes(writer, both, len);
}

/* RFC 8446 section 4.2.8. Any 32 bytes are a point of X25519 (RFC 7748 section 5). */
static void put_key_share(struct writer *writer, const struct why_host *host, bool is_empty) {
    put16(writer, 51);
    size_t extension = begin16(writer);
    size_t list = begin16(writer);
    if (!is_empty) {
        put16(writer, every_group[0]);
        put16(writer, X25519_LEN);
        host->random(host->context, writer->data + writer->len, X25519_LEN);
        writer->len += X25519_LEN;
    }
    end16(writer, list);
    end16(writer, extension);
}

/* RFC 8446 section 4.2.1. */
static void put_versions(struct writer *writer, uint16_t highest) {
    size_t first = 0;
    while (highest != 0 && first + 1 < VERSIONS_OFFERED && versions[first].number > highest) {
        first++;
    }
    size_t count = VERSIONS_OFFERED - first;
    put16(writer, 43);
    put16(writer, 1 + 2 * count);
    put8(writer, 2 * count);
    for (size_t i = first; i < VERSIONS_OFFERED; i++) {
        put16(writer, versions[i].number);
    }
}

static void put_extensions(struct writer *writer, const struct why_host *host,
                           const struct why__hello_options *options, size_t name_len) {
    const struct offered *offered = options->is_small ? &few : &everything;
    if (name_len > 0) {
        put_server_name(writer, options->server_name, name_len);
    }
    put16(writer, 23); /* extended_master_secret (RFC 7627) */
    put16(writer, 0);
    put16(writer, 11); /* ec_point_formats (RFC 8422): uncompressed */
    put16(writer, 2);
    put16(writer, 0x0100);
    put16(writer, 10); /* supported_groups */
    size_t begin = begin16(writer);
    put_numbers(writer, offered->groups, offered->group_count);
    end16(writer, begin);
    put16(writer, 13); /* signature_algorithms */
    begin = begin16(writer);
    put_numbers(writer, offered->signatures, offered->signature_count);
    end16(writer, begin);
    if (options->alpn != WHY__HELLO_ALPN_NONE && !options->is_small) {
        put_alpn(writer, options->alpn);
    }
    put_versions(writer, options->highest_version);
    put16(writer, 45); /* psk_key_exchange_modes: without it some take no TLS 1.3 hello */
    put16(writer, 2);
    put16(writer, 0x0101);
    put_key_share(writer, host, options->is_small && name_len > NAME_BESIDE_SHARE);
}

size_t why__hello_build(const struct why_host *host, const struct why__hello_options *options,
                        uint8_t out[WHY__HELLO_MAX]) {
    size_t name_len = options->server_name == NULL ? 0 : strlen(options->server_name);
    if (name_len > NAME_MAX_LEN) {
        return 0;
    }
    struct writer writer = {out, 0};
    put8(&writer, 22);      /* a handshake record; */
    put16(&writer, 0x0301); /* RFC 8446 section 5.1: for compatibility */
    size_t record = begin16(&writer);
    put8(&writer, 1); /* ClientHello */
    put8(&writer, 0); /* its length's first byte */
    size_t message = begin16(&writer);
    put16(&writer, 0x0303);
    host->random(host->context, out + writer.len, RANDOM_LEN);
    writer.len += RANDOM_LEN;
    if (options->is_small) {
        put8(&writer, 0);
    } else {
        put8(&writer, RANDOM_LEN); /* a session id, as middleboxes expect (appendix D.4) */
        host->random(host->context, out + writer.len, RANDOM_LEN);
        writer.len += RANDOM_LEN;
    }
    const struct offered *offered = options->is_small ? &few : &everything;
    put_numbers(&writer, offered->suites, offered->suite_count);
    put16(&writer, 0x0100); /* no compression */
    size_t extensions = begin16(&writer);
    put_extensions(&writer, host, options, name_len);
    end16(&writer, extensions);
    end16(&writer, message);
    end16(&writer, record);
    assert(writer.len <= WHY__HELLO_MAX);
    return writer.len;
}

static const char *name_of(const struct number_name *table, size_t count, uint16_t number,
                           char out[WHY__HELLO_NAME_MAX]) {
    for (size_t i = 0; i < count; i++) {
        if (table[i].number == number) {
            return table[i].name;
        }
    }
    (void)snprintf(out, WHY__HELLO_NAME_MAX, "0x%04x", (unsigned)number);
    return out;
}

const char *why__hello_version_name(uint16_t version, char out[WHY__HELLO_NAME_MAX]) {
    return name_of(versions, COUNT(versions), version, out);
}

const char *why__hello_cipher_name(uint16_t cipher, char out[WHY__HELLO_NAME_MAX]) {
    return name_of(suites, COUNT(suites), cipher, out);
}

const char *why__hello_group_name(uint16_t group, char out[WHY__HELLO_NAME_MAX]) {
    return name_of(groups, COUNT(groups), group, out);
}

const char *why__hello_signature_name(uint16_t signature, char out[WHY__HELLO_NAME_MAX]) {
    return name_of(signatures, COUNT(signatures), signature, out);
}
