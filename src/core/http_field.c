/* SPDX-License-Identifier: MIT */
#include "core/http_field.h"

#include "base/ascii.h"

#include <string.h>

#define HOST_NAME_MAX 253 /* RFC 1035 section 2.3.4, written out */

struct why_bytes why__bytes_of(const char *text) {
    return (struct why_bytes){(const uint8_t *)text, why__text_len(text)};
}

bool why__bytes_are_equal(struct why_bytes a, struct why_bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool why__bytes_are(struct why_bytes bytes, const char *text) {
    return why__text_is_nocase((const char *)bytes.data, bytes.len, text);
}

struct why_bytes why__bytes_trim(struct why_bytes bytes) {
    const char *data = (const char *)bytes.data;
    why__trim(&data, &bytes.len);
    return (struct why_bytes){(const uint8_t *)data, bytes.len};
}

const struct why_header *why__header_find(const struct why_http_head *head, const char *name,
                                          size_t *count) {
    const struct why_header *found = NULL;
    size_t seen = 0;
    for (size_t i = 0; i < head->header_count; i++) {
        if (why__bytes_are(head->headers[i].name, name)) {
            seen++;
            if (found == NULL) {
                found = &head->headers[i];
            }
        }
    }
    if (count != NULL) {
        *count = seen;
    }
    return found;
}

struct why_bytes why_http_head_find(const struct why_http_head *head, const char *name) {
    const struct why_header *header = why__header_find(head, name, NULL);
    return header == NULL ? (struct why_bytes){NULL, 0} : header->value;
}

bool why__is_field_value(struct why_bytes value) {
    for (size_t i = 0; i < value.len; i++) {
        if (!why__is_field_char((char)value.data[i])) {
            return false;
        }
    }
    return true;
}

bool why__header_read(struct why_bytes line, struct why_header *header) {
    const uint8_t *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return false;
    }
    size_t name_len = (size_t)(colon - line.data);
    header->name = (struct why_bytes){line.data, name_len};
    header->value = (struct why_bytes){colon + 1, line.len - name_len - 1};
    bool is_right =
        why__is_token((const char *)line.data, name_len) && why__is_field_value(header->value);
    header->value = why__bytes_trim(header->value);
    return is_right;
}

bool why__list_next(struct why_bytes *list, struct why_bytes *element) {
    while (list->len > 0) {
        const uint8_t *comma = memchr(list->data, ',', list->len);
        size_t len = comma == NULL ? list->len : (size_t)(comma - list->data);
        *element = why__bytes_trim((struct why_bytes){list->data, len});
        size_t used = comma == NULL ? len : len + 1;
        list->data += used;
        list->len -= used;
        if (element->len > 0) {
            return true;
        }
    }
    return false;
}

bool why__header_lists(const struct why_http_head *head, const char *name, const char *token) {
    for (size_t i = 0; i < head->header_count; i++) {
        if (!why__bytes_are(head->headers[i].name, name)) {
            continue;
        }
        struct why_bytes list = head->headers[i].value;
        struct why_bytes element;
        while (why__list_next(&list, &element)) {
            if (why__bytes_are(element, token)) {
                return true;
            }
        }
    }
    return false;
}

/* Dotted decimal, all of it. */
static bool is_ipv4(struct why_bytes text) {
    unsigned parts = 0;
    size_t at = 0;
    while (parts < 4 && at < text.len) {
        size_t from = at;
        while (at < text.len && why__is_digit((char)text.data[at])) {
            at++;
        }
        uint64_t value = 0;
        if (at - from > 3 || (at - from > 1 && text.data[from] == '0') ||
            !why__decimal_read((const char *)text.data + from, at - from, 255, &value)) {
            return false;
        }
        parts++;
        if (at == text.len) {
            return parts == 4;
        }
        if (text.data[at] != '.') {
            return false;
        }
        at++;
    }
    return false;
}

/* The hexadecimal digits of a group at `at`, five at most: five are one too many. */
static size_t group_len(struct why_bytes text, size_t at) {
    size_t len = 0;
    while (at + len < text.len && len < 5 && why__hex_value((char)text.data[at + len]) >= 0) {
        len++;
    }
    return len;
}

/* RFC 4291 section 2.2: eight groups, or fewer and one "::"; an IPv4 address in the place of the
 * last two. Brackets are off. */
static bool is_ipv6(struct why_bytes text) {
    bool has_gap = text.len >= 2 && text.data[0] == ':' && text.data[1] == ':';
    size_t groups = 0;
    size_t at = has_gap ? 2 : 0;
    while (at < text.len) {
        size_t len = group_len(text, at);
        size_t end = at + len;
        if (end < text.len && text.data[end] == '.') {
            if (!is_ipv4((struct why_bytes){text.data + at, text.len - at})) {
                return false;
            }
            groups += 2;
            break;
        }
        groups++;
        if (len == 0 || len > 4 || (end < text.len && text.data[end] != ':') ||
            end + 1 == text.len) {
            return false;
        }
        at = end + 1;
        if (at < text.len && text.data[at] == ':') {
            if (has_gap) {
                return false;
            }
            has_gap = true;
            at++;
        }
    }
    return groups == 8 || (has_gap && groups < 8);
}

static bool is_name(struct why_bytes text) {
    if (text.len == 0 || text.len > HOST_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char c = why__to_lower((char)text.data[i]);
        if (!why__is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return true;
}

/* The bytes of the host at the front of `text`; 0 where there is none. */
static size_t host_len(struct why_bytes text) {
    if (text.len > 0 && text.data[0] == '[') {
        const uint8_t *end = memchr(text.data, ']', text.len);
        if (end == NULL) {
            return 0;
        }
        size_t len = (size_t)(end - text.data) + 1;
        return is_ipv6((struct why_bytes){text.data + 1, len - 2}) ? len : 0;
    }
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    size_t len = colon == NULL ? text.len : (size_t)(colon - text.data);
    return is_name((struct why_bytes){text.data, len}) ? len : 0;
}

bool why__authority_read(struct why_bytes text, struct why__authority *authority) {
    size_t len = host_len(text);
    if (len == 0) {
        return false;
    }
    *authority = (struct why__authority){.host = {text.data, len}};
    if (len == text.len) {
        return true;
    }
    uint64_t port = 0;
    if (text.data[len] != ':' ||
        !why__decimal_read((const char *)text.data + len + 1, text.len - len - 1, UINT16_MAX,
                           &port) ||
        port == 0) {
        return false;
    }
    authority->port = (uint16_t)port;
    return true;
}
