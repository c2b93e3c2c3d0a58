/* SPDX-License-Identifier: MIT */
#include "cmd/connect_command.h"

#include "cmd/suggest.h"
#include "why/i18n.h"
#include "whysocket/close_code.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    PING_LEN_MAX = 125, /* RFC 6455 section 5.5 */
};

struct reading {
    struct typed_command *command;
    const char *rest; /* after the command's name and the spaces that follow it */
    size_t len;
    enum why_lang lang;
};

static void wrong(struct reading *reading, const char *problem) {
    reading->command->kind = TYPED_WRONG;
    why_text_append(&reading->command->problem, "%s", problem);
}

static void read_close(struct reading *reading) {
    struct typed_command *command = reading->command;
    command->kind = TYPED_CLOSE;
    command->code = WHY_CLOSE_NORMAL;
    uint32_t code = 0;
    size_t at = 0;
    for (; at < reading->len && reading->rest[at] >= '0' && reading->rest[at] <= '9'; at++) {
        code = code > UINT16_MAX ? code : code * 10 + (uint32_t)(reading->rest[at] - '0');
    }
    bool is_number = at > 0 && (at == reading->len || reading->rest[at] == ' ');
    if (reading->len == 0) {
        return;
    }
    if (!is_number) {
        wrong(reading, tr(reading->lang, "a code is a number: /close 4001 bye"));
    } else if (code > UINT16_MAX || !why_close_code_is_sendable((uint16_t)code)) {
        wrong(reading, tr(reading->lang,
                          "this code may not be sent: use 1000-1003, 1007-1014 or 3000-4999"));
    } else {
        at += at < reading->len;
        command->code = (uint16_t)code;
        command->data = reading->rest + at;
        command->len = reading->len - at;
    }
    if (command->len > WHY_CLOSE_REASON_MAX) {
        wrong(reading, tr(reading->lang, "a reason is at most 123 bytes long"));
    }
}

static void read_ping(struct reading *reading) {
    struct typed_command *command = reading->command;
    command->kind = TYPED_PING;
    command->data = reading->rest;
    command->len = reading->len;
    if (command->len > PING_LEN_MAX) {
        wrong(reading, tr(reading->lang, "a ping carries at most 125 bytes"));
    }
}

static int digit_of(char character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    char lower = (char)(character | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Two digits a byte; spaces may stand between bytes. */
static void read_binary(struct reading *reading) {
    struct typed_command *command = reading->command;
    command->kind = TYPED_BINARY;
    command->bytes = malloc(reading->len / 2 + 1);
    if (command->bytes == NULL) {
        wrong(reading, tr(reading->lang, "out of memory"));
        return;
    }
    for (size_t at = 0; at < reading->len;) {
        if (reading->rest[at] == ' ') {
            at++;
            continue;
        }
        int high = digit_of(reading->rest[at]);
        int low = at + 1 < reading->len ? digit_of(reading->rest[at + 1]) : -1;
        if (high < 0 || low < 0) {
            wrong(reading, tr(reading->lang, "bytes are pairs of hex digits: /binary 00 ff 7f"));
            return;
        }
        command->bytes[command->byte_count++] = (uint8_t)(high * 16 + low);
        at += 2;
    }
}

static void read_help(struct reading *reading) {
    reading->command->kind = TYPED_HELP;
}

static const struct {
    const char *name;
    const char *usage;
    const char *help;
    void (*read)(struct reading *reading);
} commands_typed[] = {
    {"close", N_("/close [CODE [REASON]]"), N_("close, with 1000 if no code is given"), read_close},
    {"ping", N_("/ping [TEXT]"), N_("ask the peer for a pong, and tell how long it took"),
     read_ping},
    {"binary", N_("/binary HEX"), N_("send bytes: /binary 00 ff 7f"), read_binary},
    {"help", "/help", N_("show this"), read_help},
};

enum {
    COMMAND_COUNT = sizeof commands_typed / sizeof *commands_typed,
};

static void refuse_unknown(struct reading *reading, const char *name, size_t len) {
    struct suggestion nearest = suggestion_start(name, len);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggestion_offer(&nearest, commands_typed[i].name);
    }
    struct why_text *problem = &reading->command->problem;
    reading->command->kind = TYPED_WRONG;
    why_text_append(problem, "/");
    why_text_append_untrusted(problem, name, len);
    why_text_append(problem, ": ");
    if (nearest.best != NULL) {
        why_text_append(problem, tr(reading->lang, "there is no such command; is /%s meant?"),
                        nearest.best);
    } else {
        why_text_append(problem, "%s", tr(reading->lang, "there is no such command; see /help"));
    }
    why_text_append(problem, " %s", tr(reading->lang, "(a second slash sends it as text: //...)"));
}

struct typed_command typed_command_read(const char *line, size_t len, enum why_lang lang) {
    struct typed_command command = {.kind = TYPED_MESSAGE, .data = line, .len = len};
    if (len == 0 || line[0] != '/') {
        return command;
    }
    if (len > 1 && line[1] == '/') {
        command.data = line + 1;
        command.len = len - 1;
        return command;
    }
    const char *name = line + 1;
    size_t name_len = strcspn(name, " ");
    size_t rest = name_len + strspn(name + name_len, " ");
    command.len = 0;
    command.data = name + name_len;
    struct reading reading = {&command, name + rest, len - 1 - rest, lang};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strlen(commands_typed[i].name) == name_len &&
            memcmp(commands_typed[i].name, name, name_len) == 0) {
            commands_typed[i].read(&reading);
            return command;
        }
    }
    refuse_unknown(&reading, name, name_len);
    return command;
}

void typed_command_clear(struct typed_command *command) {
    free(command->bytes);
    command->bytes = NULL;
    why_text_clear(&command->problem);
}

void typed_command_help(enum why_lang lang, struct why_text *text) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        why_text_append(text, "  %-24s  %s\n", tr(lang, commands_typed[i].usage),
                        tr(lang, commands_typed[i].help));
    }
    why_text_append(text, "  %-24s  %s\n", "//...", tr(lang, "send text that begins with a slash"));
    why_text_append(text, "  %-24s  %s\n", "Ctrl-D, Ctrl-C",
                    tr(lang, "close with 1000; Ctrl-C again ends at once"));
}
