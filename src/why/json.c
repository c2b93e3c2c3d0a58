/* SPDX-License-Identifier: MIT */
#include "why/json.h"

#include <inttypes.h>
#include <string.h>

static void begin(struct why__json *json, const char *key) {
    if (json->follows) {
        why_text_append(json->text, ",");
    }
    json->follows = true;
    if (key != NULL) {
        why_text_append_json(json->text, key, strlen(key));
        why_text_append(json->text, ":");
    }
}

void why__json_open(struct why__json *json, const char *key, char bracket) {
    begin(json, key);
    why_text_append(json->text, "%c", bracket);
    json->follows = false;
}

void why__json_close(struct why__json *json, char bracket) {
    why_text_append(json->text, "%c", bracket);
    json->follows = true;
}

void why__json_string(struct why__json *json, const char *key, const char *value) {
    why__json_bytes(json, key, value, strlen(value));
}

void why__json_bytes(struct why__json *json, const char *key, const void *data, size_t len) {
    begin(json, key);
    why_text_append_json(json->text, data, len);
}

void why__json_hex(struct why__json *json, const char *key, const uint8_t *data, size_t len) {
    begin(json, key);
    why_text_append(json->text, "\"");
    for (size_t i = 0; i < len; i++) {
        why_text_append(json->text, "%02x", data[i]);
    }
    why_text_append(json->text, "\"");
}

void why__json_integer(struct why__json *json, const char *key, int64_t value) {
    begin(json, key);
    why_text_append(json->text, "%" PRId64, value);
}

void why__json_unsigned(struct why__json *json, const char *key, uint64_t value) {
    begin(json, key);
    why_text_append(json->text, "%" PRIu64, value);
}

void why__json_bool(struct why__json *json, const char *key, bool value) {
    begin(json, key);
    why_text_append(json->text, value ? "true" : "false");
}

void why__json_null(struct why__json *json, const char *key) {
    begin(json, key);
    why_text_append(json->text, "null");
}

void why__json_string_or_null(struct why__json *json, const char *key, const char *value) {
    if (*value == '\0') {
        why__json_null(json, key);
    } else {
        why__json_string(json, key, value);
    }
}
