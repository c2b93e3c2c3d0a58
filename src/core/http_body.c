/* SPDX-License-Identifier: MIT */
#include "core/http_body.h"

#include "base/ascii.h"
#include "core/http_field.h"

#include <string.h>

/* Digits of the largest size that fits; one more could overflow. */
#define SIZE_DIGITS_MAX 16

void why__body_init(struct why__body *body, const struct why_http_head *head) {
    *body = (struct why__body){.state = WHY__BODY_PLAIN, .left = UINT64_MAX, .until_end = true};
    if (head->status < 200 || head->status == 204 || head->status == 304) {
        body->state = WHY__BODY_DONE;
        return;
    }
    if (why__header_find(head, "Transfer-Encoding", NULL) != NULL) {
        if (why__bytes_are(why_http_head_find(head, "Transfer-Encoding"), "chunked")) {
            body->state = WHY__BODY_CHUNK_SIZE;
            body->left = 0;
            body->until_end = false;
        }
        return;
    }
    size_t count = 0;
    const struct why_header *header = why__header_find(head, "Content-Length", &count);
    uint64_t len = 0;
    if (count == 1 &&
        why__decimal_read((const char *)header->value.data, header->value.len, UINT64_MAX, &len)) {
        body->left = len;
        body->until_end = false;
        if (len == 0) {
            body->state = WHY__BODY_DONE;
        }
    }
}

void why__body_take(struct why__body *body, struct why_bytes bytes) {
    size_t room = sizeof body->data - body->len;
    size_t len = bytes.len < room ? bytes.len : room;
    if (len > 0) {
        memcpy(body->data + body->len, bytes.data, len);
        body->len += len;
    }
}

static struct why_bytes take_data(struct why__body *body, struct why_bytes *input) {
    size_t len = body->left < input->len ? (size_t)body->left : input->len;
    struct why_bytes data = {input->data, len};
    body->left -= len;
    input->data += len;
    input->len -= len;
    if (body->left == 0) {
        body->state = body->state == WHY__BODY_PLAIN ? WHY__BODY_DONE : WHY__BODY_CHUNK_CR;
    }
    return data;
}

static void fail(struct why__body *body) {
    body->state = WHY__BODY_DONE;
    body->is_broken = true;
}

static void take_size(struct why__body *body, uint8_t byte) {
    int digit = why__hex_value((char)byte);
    if (digit >= 0 && body->size_count < SIZE_DIGITS_MAX) {
        body->left = body->left * 16 + (unsigned)digit;
        body->size_count++;
    } else if (body->size_count > 0 && byte == ';') {
        body->state = WHY__BODY_CHUNK_EXTENSION;
    } else if (body->size_count > 0 && byte == '\r') {
        body->state = WHY__BODY_CHUNK_SIZE_LF;
    } else {
        fail(body);
    }
}

static void expect(struct why__body *body, bool is_it, enum why__body_state next) {
    if (is_it) {
        body->state = next;
    } else {
        fail(body);
    }
}

/* Everything of a chunk but its data. */
static void take_byte(struct why__body *body, uint8_t byte) {
    switch (body->state) {
    case WHY__BODY_CHUNK_SIZE:
        take_size(body, byte);
        break;
    case WHY__BODY_CHUNK_EXTENSION:
        if (byte == '\r') {
            body->state = WHY__BODY_CHUNK_SIZE_LF;
        } else if (!why__is_field_char((char)byte)) {
            fail(body);
        }
        break;
    case WHY__BODY_CHUNK_SIZE_LF:
        /* The last chunk is empty; the trailer behind it is of no interest. */
        expect(body, byte == '\n', body->left > 0 ? WHY__BODY_CHUNK_DATA : WHY__BODY_DONE);
        break;
    case WHY__BODY_CHUNK_CR:
        expect(body, byte == '\r', WHY__BODY_CHUNK_LF);
        break;
    case WHY__BODY_CHUNK_LF:
        expect(body, byte == '\n', WHY__BODY_CHUNK_SIZE);
        body->size_count = 0;
        break;
    case WHY__BODY_PLAIN:
    case WHY__BODY_CHUNK_DATA:
    case WHY__BODY_DONE:
    default:
        break;
    }
}

struct why_bytes why__body_next(struct why__body *body, struct why_bytes *input) {
    while (body->state != WHY__BODY_DONE && input->len > 0) {
        if (body->state == WHY__BODY_PLAIN || body->state == WHY__BODY_CHUNK_DATA) {
            return take_data(body, input);
        }
        take_byte(body, *input->data);
        input->data++;
        input->len--;
    }
    return (struct why_bytes){NULL, 0};
}

void why__body_receive(struct why__body *body, struct why_bytes *input) {
    while (body->state != WHY__BODY_DONE && input->len > 0) {
        struct why_bytes data = why__body_next(body, input);
        if (data.len > 0) {
            why__body_take(body, data);
        }
        if (body->len == sizeof body->data) {
            body->state = WHY__BODY_DONE;
        }
    }
}
