/* SPDX-License-Identifier: MIT
 *
 * JSON, written member by member. The commas are kept here; that what is opened is closed is the
 * caller's to see to.
 */
#ifndef WHY_WHY_JSON_H
#define WHY_WHY_JSON_H

#include "whysocket/explain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why__json {
    struct why_text *text;
    bool follows; /* a value stands before the next one: a comma is due */
};

/* `key` is NULL inside an array and for the outermost value. */
void why__json_open(struct why__json *json, const char *key, char bracket); /* '{' or '[' */
void why__json_close(struct why__json *json, char bracket);                 /* '}' or ']' */
void why__json_string(struct why__json *json, const char *key, const char *value);
void why__json_bytes(struct why__json *json, const char *key, const void *data, size_t len);
void why__json_hex(struct why__json *json, const char *key, const uint8_t *data, size_t len);
void why__json_integer(struct why__json *json, const char *key, int64_t value);
void why__json_unsigned(struct why__json *json, const char *key, uint64_t value);
void why__json_bool(struct why__json *json, const char *key, bool value);
void why__json_null(struct why__json *json, const char *key);

/* As a string; null where it is "". */
void why__json_string_or_null(struct why__json *json, const char *key, const char *value);

#endif
