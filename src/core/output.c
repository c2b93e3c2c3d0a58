/* SPDX-License-Identifier: MIT */
#include "core/output.h"

#include "base/ascii.h"

#include <assert.h>
#include <string.h>

#define CAPACITY_FIRST 256

void why__output_init(struct why__output *output, const struct why_host *host) {
    *output = (struct why__output){.host = host};
}

void why__output_clear(struct why__output *output) {
    output->host->allocate(output->host->context, output->data, 0);
    why__output_init(output, output->host);
}

static bool reserve(struct why__output *output, size_t more) {
    if (more <= output->capacity - output->len) {
        return true;
    }
    size_t capacity = output->capacity == 0 ? CAPACITY_FIRST : output->capacity;
    while (capacity - output->len < more) {
        if (capacity > SIZE_MAX / 2) {
            return false;
        }
        capacity *= 2;
    }
    uint8_t *data = output->host->allocate(output->host->context, output->data, capacity);
    if (data == NULL) {
        return false;
    }
    output->data = data;
    output->capacity = capacity;
    return true;
}

void why__output_put(struct why__output *output, struct why_bytes bytes) {
    if (output->failed || bytes.len == 0) {
        return;
    }
    if (!reserve(output, bytes.len)) {
        output->failed = true;
        return;
    }
    memcpy(output->data + output->len, bytes.data, bytes.len);
    output->len += bytes.len;
}

void why__output_text(struct why__output *output, const char *text) {
    why__output_put(output, (struct why_bytes){(const uint8_t *)text, why__text_len(text)});
}

void why__output_decimal(struct why__output *output, uint64_t value) {
    char digits[WHY__DECIMAL_MAX];
    size_t len = why__decimal_write(value, digits);
    why__output_put(output, (struct why_bytes){(const uint8_t *)digits, len});
}

struct why_bytes why__output_rest(const struct why__output *output) {
    if (output->sent == output->len) {
        return (struct why_bytes){NULL, 0};
    }
    return (struct why_bytes){output->data + output->sent, output->len - output->sent};
}

void why__output_consumed(struct why__output *output, size_t len) {
    assert(len <= output->len - output->sent);
    output->sent += len;
}
