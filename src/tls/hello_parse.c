/* SPDX-License-Identifier: MIT
 *
 * What a server answers to the hand-made hello, as far as it is in the clear: up to ServerHello or
 * HelloRetryRequest in TLS 1.3, up to ServerHelloDone before that. And a ClientHello's offers.
 */
#include "tls/hello.h"

#include <string.h>

#define RECORD_HEADER 5
#define RECORD_LEN_MAX ((size_t)16384 + 2048) /* RFC 5246 section 6.2.3 */
#define ALERT 21
#define HANDSHAKE 22
#define APPLICATION_DATA 23
#define ALERT_FATAL 2

/* Enough for a ServerKeyExchange with a prime of 8,192 bits up to its signature's algorithm. */
#define MESSAGE_KEPT ((size_t)2600)

enum message_type {
    CLIENT_HELLO = 1,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
};

/* RFC 8446 section 4.1.3: the random of a ServerHello that is a HelloRetryRequest. */
static const uint8_t retry_random[32] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

/* ---- Bytes of one message ---- */

struct reader {
    const uint8_t *data;
    size_t len;
    bool short_of; /* more was asked for than there is */
};

static const uint8_t *take(struct reader *reader, size_t len) {
    if (reader->len < len) {
        reader->short_of = true;
        reader->len = 0;
        return NULL;
    }
    const uint8_t *data = reader->data;
    reader->data += len;
    reader->len -= len;
    return data;
}

static size_t take8(struct reader *reader) {
    const uint8_t *data = take(reader, 1);
    return data == NULL ? 0 : data[0];
}

static uint16_t take16(struct reader *reader) {
    const uint8_t *data = take(reader, 2);
    if (data == NULL) {
        return 0;
    }
    return (uint16_t)(data[0] << 8 | data[1]);
}

/* A part that is preceded by its length in one or two bytes. */
static struct reader take_part(struct reader *reader, size_t len) {
    const uint8_t *data = take(reader, len);
    return (struct reader){data, data == NULL ? 0 : len, false};
}

static struct reader take_part8(struct reader *reader) {
    return take_part(reader, take8(reader));
}

static struct reader take_part16(struct reader *reader) {
    return take_part(reader, take16(reader));
}

/* One extension; false where there is none left. */
static bool take_extension(struct reader *extensions, uint16_t *type, struct reader *value) {
    if (extensions->len == 0) {
        return false;
    }
    *type = take16(extensions);
    *value = take_part16(extensions);
    return !extensions->short_of;
}

/* The protocols of an ALPN extension as text, "?" for what is no printable ASCII. */
static void read_alpn(struct reader extension, char *out, size_t size) {
    struct reader list = take_part16(&extension);
    size_t len = 0;
    out[0] = '\0';
    while (list.len > 0) {
        struct reader name = take_part8(&list);
        size_t separator = len > 0 ? 2 : 0;
        if (name.len == 0 || len + separator + name.len >= size) {
            return;
        }
        memcpy(out + len, ", ", separator);
        len += separator;
        for (size_t i = 0; i < name.len; i++) {
            uint8_t byte = name.data[i];
            out[len++] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
        }
        out[len] = '\0';
    }
}

/* ---- The answer's messages ---- */

static void read_server_hello(struct reader reader, struct why__hello_answer *out) {
    uint16_t version = take16(&reader);
    const uint8_t *random = take(&reader, 32);
    (void)take_part8(&reader); /* session id */
    uint16_t cipher = take16(&reader);
    (void)take8(&reader); /* compression */
    if (reader.short_of) {
        out->kind = WHY__HELLO_MALFORMED;
        out->complete = true;
        return;
    }
    out->kind = WHY__HELLO_SERVER_HELLO;
    out->version = version;
    out->cipher = cipher;
    if (memcmp(random, retry_random, sizeof retry_random) == 0) {
        out->kind = WHY__HELLO_RETRY;
    }
    struct reader extensions = take_part16(&reader), value;
    uint16_t type = 0;
    while (take_extension(&extensions, &type, &value)) {
        if (type == 43) { /* supported_versions */
            out->version = take16(&value);
        } else if (type == 51) { /* key_share: here the group comes first in both forms */
            out->group = take16(&value);
        } else if (type == 16) {
            read_alpn(value, out->alpn, sizeof out->alpn);
        } else if (type == 0xff01) { /* renegotiation_info (RFC 5746) */
            out->renegotiation = true;
        }
    }
    /* In TLS 1.3 all that follows is encrypted. */
    out->complete = out->version >= 0x0304;
}

static uint16_t bits_of(struct reader number) {
    while (number.len > 0 && number.data[0] == 0) {
        (void)take8(&number);
    }
    size_t bits = number.len * 8;
    for (uint8_t top = 0x80; number.len > 0 && (number.data[0] & top) == 0; top >>= 1) {
        bits--;
    }
    return (uint16_t)bits;
}

/* RFC 5246 section 7.4.3, RFC 8422 section 5.4: which of the two forms it is, the cipher says. */
static void read_key_exchange(struct reader reader, struct why__hello_answer *out) {
    char memory[WHY__HELLO_NAME_MAX];
    const char *cipher = why__hello_cipher_name(out->cipher, memory);
    if (strncmp(cipher, "TLS_ECDHE_", 10) == 0) {
        if (take8(&reader) != 3) { /* named_curve */
            return;
        }
        out->group = take16(&reader);
        (void)take_part8(&reader);
    } else if (strncmp(cipher, "TLS_DHE_", 8) == 0) {
        out->dh_bits = bits_of(take_part16(&reader));
        (void)take_part16(&reader);
        (void)take_part16(&reader);
    } else {
        return;
    }
    if (out->version == 0x0303) { /* before it the certificate's key said all */
        out->signature = take16(&reader);
    }
}

static void read_message(uint8_t type, size_t full_len, struct reader kept,
                         struct why__hello_answer *out) {
    bool said_hello = out->kind == WHY__HELLO_SERVER_HELLO || out->kind == WHY__HELLO_RETRY;
    if (type == SERVER_HELLO && !said_hello) {
        read_server_hello(kept, out);
    } else if (!said_hello) {
        out->kind = WHY__HELLO_MALFORMED;
        out->complete = true;
    } else if (type == CERTIFICATE) {
        out->certificate_len = (uint32_t)full_len;
    } else if (type == SERVER_KEY_EXCHANGE) {
        read_key_exchange(kept, out);
    } else if (type == CERTIFICATE_REQUEST) {
        out->certificate_requested = true;
    } else if (type == SERVER_HELLO_DONE) {
        out->complete = true;
    }
}

/* ---- Records ---- */

/* Messages as they are put together from records: no more is kept than is looked at. */
struct assembly {
    uint8_t data[MESSAGE_KEPT];
    size_t len;  /* of the message's bytes so far, kept or not */
    size_t full; /* with its header, once that is known */
};

static void assemble(struct assembly *assembly, struct reader record,
                     struct why__hello_answer *out) {
    while (record.len > 0 && !out->complete) {
        size_t want = (assembly->len < 4 ? 4 : assembly->full) - assembly->len;
        struct reader piece = take_part(&record, want < record.len ? want : record.len);
        if (assembly->len < MESSAGE_KEPT) {
            size_t room = MESSAGE_KEPT - assembly->len;
            memcpy(assembly->data + assembly->len, piece.data, piece.len < room ? piece.len : room);
        }
        assembly->len += piece.len;
        if (assembly->len < 4) {
            return;
        }
        const uint8_t *data = assembly->data;
        assembly->full = 4 + ((size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3]);
        if (assembly->len == assembly->full) {
            size_t kept = assembly->len < MESSAGE_KEPT ? assembly->len : MESSAGE_KEPT;
            read_message(data[0], assembly->full, (struct reader){data + 4, kept - 4, false}, out);
            assembly->len = 0;
        }
    }
}

static void read_alert(struct reader record, struct why__hello_answer *out) {
    bool fatal = take8(&record) == ALERT_FATAL;
    size_t alert = take8(&record);
    if (record.short_of) {
        return;
    }
    if (out->alert < 0 || fatal) {
        out->alert = (int)alert;
    }
    /* A warning may go before a ServerHello (unrecognized_name does); close_notify may not. */
    out->complete = fatal || alert == 0;
    if (out->kind == WHY__HELLO_NOTHING) {
        out->kind = WHY__HELLO_ALERT;
    }
}

/* What cannot be a record's header, as far as it has come. */
static bool is_no_header(struct why_bytes bytes) {
    return bytes.data[0] < 20 || bytes.data[0] > APPLICATION_DATA ||
           (bytes.len > 1 && bytes.data[1] != 3) || (bytes.len > 2 && bytes.data[2] > 4);
}

void why__hello_parse(struct why_bytes received, struct why__hello_answer *out) {
    struct assembly assembly;
    assembly.len = assembly.full = 0;
    *out = (struct why__hello_answer){.alert = -1};
    bool is_first = true;
    while (received.len > 0 && !out->complete) {
        if (is_no_header(received)) {
            out->kind = is_first ? WHY__HELLO_NOT_TLS : WHY__HELLO_MALFORMED;
            out->complete = true;
            return;
        }
        if (received.len < RECORD_HEADER) {
            return;
        }
        size_t len = (size_t)received.data[3] << 8 | received.data[4];
        if (len > RECORD_LEN_MAX) {
            out->kind = is_first ? WHY__HELLO_NOT_TLS : WHY__HELLO_MALFORMED;
            out->complete = true;
            return;
        }
        size_t here = received.len - RECORD_HEADER;
        struct reader record = {received.data + RECORD_HEADER, len < here ? len : here, false};
        if (received.data[0] == HANDSHAKE) {
            assemble(&assembly, record, out);
        } else if (received.data[0] == ALERT) {
            read_alert(record, out);
        } else if (received.data[0] == APPLICATION_DATA) {
            out->kind = WHY__HELLO_MALFORMED;
            out->complete = true;
        }
        if (here < len) {
            return;
        }
        received.data += RECORD_HEADER + len;
        received.len -= RECORD_HEADER + len;
        is_first = false;
    }
}

/* ---- A ClientHello ---- */

static uint8_t read_numbers(struct reader list, uint16_t *out, size_t max) {
    size_t count = 0;
    while (list.len > 1 && count < max) {
        uint16_t number = take16(&list);
        bool is_grease = (number & 0x0f0f) == 0x0a0a && number >> 8 == (number & 0xff);
        if (!is_grease) {
            out[count++] = number;
        }
    }
    return (uint8_t)count;
}

#define ROOM(array) (sizeof(array) / sizeof(array)[0])

static void read_offered_extension(uint16_t type, struct reader value, struct why_tls_offer *out) {
    switch (type) {
    case 5:
        out->status_request = true;
        break;
    case 10:
        out->group_count = read_numbers(take_part16(&value), out->groups, ROOM(out->groups));
        break;
    case 13:
        out->signature_count =
            read_numbers(take_part16(&value), out->signatures, ROOM(out->signatures));
        break;
    case 16:
        read_alpn(value, out->alpn, sizeof out->alpn);
        break;
    case 43:
        out->version_count = read_numbers(take_part8(&value), out->versions, ROOM(out->versions));
        break;
    case 0xff01:
        out->renegotiation = true;
        break;
    default:
        break;
    }
}

void why__hello_read_offer(struct why_bytes message, struct why_tls_offer *out) {
    *out = (struct why_tls_offer){0};
    struct reader reader = {message.data, message.len, false};
    if (take8(&reader) != CLIENT_HELLO || take(&reader, 3) == NULL) {
        return;
    }
    uint16_t version = take16(&reader);
    (void)take(&reader, 32);
    (void)take_part8(&reader);
    struct reader ciphers = take_part16(&reader);
    (void)take_part8(&reader);
    if (reader.short_of) {
        return;
    }
    out->len = message.len > UINT16_MAX ? UINT16_MAX : (uint16_t)message.len;
    out->cipher_count = read_numbers(ciphers, out->ciphers, ROOM(out->ciphers));
    while (ciphers.len > 1) {
        out->renegotiation |= take16(&ciphers) == 0x00ff;
    }
    struct reader extensions = take_part16(&reader), value;
    uint16_t type = 0;
    while (take_extension(&extensions, &type, &value)) {
        read_offered_extension(type, value, out);
    }
    if (out->version_count ==
        0) { /* before TLS 1.3 the highest is named, and all below are meant */
        out->versions[out->version_count++] = version;
    }
}
