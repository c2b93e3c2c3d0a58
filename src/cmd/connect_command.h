/* SPDX-License-Identifier: MIT
 *
 * What a typed line of `connect` asks for: a message, or something that begins with a slash.
 */
#ifndef WHY_CMD_CONNECT_COMMAND_H
#define WHY_CMD_CONNECT_COMMAND_H

#include "whysocket/explain.h"

#include <stddef.h>
#include <stdint.h>

enum typed_kind {
    TYPED_MESSAGE, /* `data` is sent as it is */
    TYPED_CLOSE,   /* with `code`, and `data` as the reason */
    TYPED_PING,    /* with `data` */
    TYPED_BINARY,  /* `bytes` */
    TYPED_HELP,
    TYPED_WRONG, /* `problem` says what is */
};

struct typed_command {
    enum typed_kind kind;
    const char *data; /* in the line that was read */
    size_t len;
    uint16_t code;
    uint8_t *bytes; /* from malloc() */
    size_t byte_count;
    struct why_text problem; /* one line, translated, without a line feed */
};

/* Understand a line; what it returns is cleared by typed_command_clear().
 *
 * line  terminated after `len` bytes; borrowed as long as the result is used */
struct typed_command typed_command_read(const char *line, size_t len, enum why_lang lang);

void typed_command_clear(struct typed_command *command);

/* What can be typed, a line each. */
void typed_command_help(enum why_lang lang, struct why_text *text);

#endif
