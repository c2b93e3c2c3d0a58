/* SPDX-License-Identifier: MIT */
#include "core/http_body.h"

#include "base/ascii.h"
#include "core/http_field.h"

#include <string.h>

/* Digits of the largest size that fits; one more could overflow. */
#define SIZE_DIGITS_MAX 16

void why__body_init(struct why__body *body, const struct why_http_head *head) {
    *body = (struct why__body){.state = WHY__BODY_PLAIN, .left = UINT64_MAX};
    if (head->status < 200 || head->status == 204 || head->status == 304) {
        body->state = WHY__BODY_DONE;
        return;
    }
    if (why__header_find(head, "Transfer-Encoding", NULL) != NULL) {
        if (why__bytes_are(why_http_head_find(head, "Transfer-Encoding"), "chunked")) {
            body->state = WHY__BODY_CHUNK_SIZE;
            body->left = 0;
        }
        return;
    }
    size_t count = 0;
    const struct why_header *header = why__header_find(head, "Content-Length", &count);
    uint64_t len = 0;
    if (count == 1 &&
        why__decimal_read((const char *)header->value.data, header->value.len, UINT64_MAX, &len)) {
        body->left = len;
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

static void take_data(struct why__body *body, struct why_bytes *input) {
    size_t len = body->left < input->len ? (size_t)body->left : input->len;
    why__body_take(body, (struct why_bytes){input->data, len});
    body->left -= len;
    input->data += len;
    input->len -= len;
    if (body->len == sizeof body->data) {
        body->state = WHY__BODY_DONE;
    } else if (body->left == 0) {
        body->state = body->state == WHY__BODY_PLAIN ? WHY__BODY_DONE : WHY__BODY_CHUNK_CR;
    }
}

static void take_size(struct why__body *body, uint8_t byte) {
    int digit = why__hex_value((char)byte);
    if (digit >= 0 && body->size_count < SIZE_DIGITS_MAX) {
        body->left = body->left * 16 + (unsigned)digit;
        body->size_count++;
    } else if (body->size_count == 0 || digit >= 0) {
        body->state = WHY__BODY_DONE;
    } else if (byte == ';') {
        body->state = WHY__BODY_CHUNK_EXTENSION;
    } else {
        body->state = byte == '\r' ? WHY__BODY_CHUNK_SIZE_LF : WHY__BODY_DONE;
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
            body->state = WHY__BODY_DONE;
        }
        break;
    case WHY__BODY_CHUNK_SIZE_LF:
        /* The last chunk is empty; the trailer behind it is of no interest. */
        body->state = byte == '\n' && body->left > 0 ? WHY__BODY_CHUNK_DATA : WHY__BODY_DONE;
        break;
    case WHY__BODY_CHUNK_CR:
        body->state = byte == '\r' ? WHY__BODY_CHUNK_LF : WHY__BODY_DONE;
        break;
    case WHY__BODY_CHUNK_LF:
        body->state = byte == '\n' ? WHY__BODY_CHUNK_SIZE : WHY__BODY_DONE;
        body->size_count = 0;
        break;
    case WHY__BODY_PLAIN:
    case WHY__BODY_CHUNK_DATA:
    case WHY__BODY_DONE:
    default:
        break;
    }
}

void why__body_receive(struct why__body *body, struct why_bytes *input) {
    while (body->state != WHY__BODY_DONE && input->len > 0) {
        if (body->state == WHY__BODY_PLAIN || body->state == WHY__BODY_CHUNK_DATA) {
            take_data(body, input);
        } else {
            take_byte(body, *input->data);
            input->data++;
            input->len--;
        }
    }
}
