/* SPDX-License-Identifier: MIT */
#include "lab/hello.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECORD_HEADER = 5,
    RECORD_HANDSHAKE = 22,
    MESSAGE_HEADER = 4,
    MESSAGE_CLIENT_HELLO = 1,
    EXTENSION_SERVER_NAME = 0,
};

/* Bytes that are left; nothing is read past the end. */
struct cursor {
    const uint8_t *at;
    size_t left;
    bool failed;
};

static struct cursor take(struct cursor *from, size_t len) {
    struct cursor part = {from->at, len, false};
    if (from->failed || len > from->left) {
        from->failed = true;
        return (struct cursor){from->at, 0, true};
    }
    from->at += len;
    from->left -= len;
    return part;
}

static size_t number(struct cursor *from, size_t bytes) {
    struct cursor part = take(from, bytes);
    size_t value = 0;
    for (size_t i = 0; i < part.left; i++) {
        value = value << 8 | part.at[i];
    }
    return value;
}

/* RFC 6066 section 3 */
static void read_name(struct cursor extension, struct lab_hello *hello) {
    struct cursor list = take(&extension, number(&extension, 2));
    size_t type = number(&list, 1);
    struct cursor name = take(&list, number(&list, 2));
    if (list.failed || type != 0 || name.left >= LAB_NAME_MAX) {
        return;
    }
    hello->has_name = true;
    for (size_t i = 0; i < name.left; i++) {
        uint8_t byte = name.at[i];
        hello->name[i] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    }
    hello->name[name.left] = '\0';
}

/* RFC 8446 section 4.1.2; the extensions may be missing. */
static bool read_message(struct cursor message, struct lab_hello *hello) {
    (void)take(&message, 2 + 32); /* version, random */
    struct cursor session = take(&message, number(&message, 1));
    struct cursor ciphers = take(&message, number(&message, 2));
    (void)take(&message, number(&message, 1)); /* compression */
    if (message.failed || session.left > sizeof hello->session_id) {
        return false;
    }
    hello->session_id_len = (uint8_t)session.left;
    memcpy(hello->session_id, session.at, session.left);
    size_t max = sizeof hello->ciphers / sizeof *hello->ciphers;
    while (ciphers.left >= 2 && hello->cipher_count < max) {
        hello->ciphers[hello->cipher_count++] = (uint16_t)number(&ciphers, 2);
    }
    if (message.left == 0) {
        return true;
    }
    struct cursor extensions = take(&message, number(&message, 2));
    while (!extensions.failed && extensions.left > 0) {
        size_t type = number(&extensions, 2);
        struct cursor extension = take(&extensions, number(&extensions, 2));
        if (!extensions.failed && type == EXTENSION_SERVER_NAME) {
            read_name(extension, hello);
        }
    }
    return !message.failed && !extensions.failed;
}

/* Join the handshake bytes of the records; `out` has room for `len`.
 * returns  LAB_HELLO_WHOLE once the message is there */
static enum lab_hello_result join(const uint8_t *data, size_t len, uint8_t *out, size_t *out_len) {
    *out_len = 0;
    for (size_t at = 0; at < len;) {
        if (data[at] != RECORD_HANDSHAKE || (len - at > 1 && data[at + 1] != 3)) {
            return LAB_HELLO_NONE;
        }
        if (len - at < RECORD_HEADER) {
            return LAB_HELLO_MORE;
        }
        size_t record = (size_t)data[at + 3] << 8 | data[at + 4];
        at += RECORD_HEADER;
        size_t here = record < len - at ? record : len - at;
        memcpy(out + *out_len, data + at, here);
        *out_len += here;
        at += here;
        if (*out_len > 0 && out[0] != MESSAGE_CLIENT_HELLO) {
            return LAB_HELLO_NONE;
        }
        if (*out_len >= MESSAGE_HEADER) {
            size_t whole =
                MESSAGE_HEADER + ((size_t)out[1] << 16 | (size_t)out[2] << 8 | (size_t)out[3]);
            if (whole > LAB_HELLO_MAX) {
                return LAB_HELLO_NONE;
            }
            if (*out_len >= whole) {
                *out_len = whole;
                return LAB_HELLO_WHOLE;
            }
        }
    }
    return LAB_HELLO_MORE;
}

enum lab_hello_result lab_hello_read(const uint8_t *data, size_t len, struct lab_hello *hello) {
    *hello = (struct lab_hello){0};
    uint8_t *message = malloc(len + 1);
    if (message == NULL) {
        return LAB_HELLO_NONE;
    }
    enum lab_hello_result result = join(data, len, message, &hello->len);
    if (result == LAB_HELLO_WHOLE) {
        struct cursor body = {message + MESSAGE_HEADER, hello->len - MESSAGE_HEADER, false};
        result = read_message(body, hello) ? LAB_HELLO_WHOLE : LAB_HELLO_NONE;
    }
    free(message);
    return result;
}

bool lab_hello_offers(const struct lab_hello *hello, uint16_t cipher) {
    for (size_t i = 0; i < hello->cipher_count; i++) {
        if (hello->ciphers[i] == cipher) {
            return true;
        }
    }
    return false;
}
