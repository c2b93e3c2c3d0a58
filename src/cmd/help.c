/* SPDX-License-Identifier: MIT */
#include "cmd/help.h"
#include "base/kernel.h"
#include "why/i18n.h"
#include "why/json.h"
#include "whysocket/version.h"

#include <openssl/crypto.h>
#include <string.h>
#include <zlib.h>

enum {
    LABEL_WIDTH = 26,
};

/* "  label      content": what is too long for the column moves the content one line down. */
static void row(struct why_text *text, const char *label, const char *content) {
    size_t width = 0; /* in characters, not in bytes */
    for (const char *at = label; *at != '\0'; at++) {
        width += ((unsigned char)*at & 0xc0) != 0x80;
    }
    if (width >= LABEL_WIDTH) {
        why_text_append(text, "  %s\n  %*s  %s\n", label, LABEL_WIDTH, "", content);
    } else {
        why_text_append(text, "  %s%*s  %s\n", label, LABEL_WIDTH - (int)width, "", content);
    }
}

static void write_option(const struct arg_option *option, enum why_lang lang,
                         struct why_text *text) {
    struct why_text label = {0};
    if (option->alias != 0) {
        why_text_append(&label, "-%c, ", option->alias);
    }
    why_text_append(&label, "--%s", option->name);
    if (option->kind == ARG_CHOICE) {
        for (size_t i = 0; option->choices[i] != NULL; i++) {
            why_text_append(&label, "%s%s", i == 0 ? "=" : "|", option->choices[i]);
        }
    } else if (option->value != NULL) {
        why_text_append(&label, "%s%s", option->kind == ARG_ATTACHED ? "=" : " ",
                        tr(lang, option->value));
    }
    row(text, label.data == NULL ? "" : label.data, tr(lang, option->help));
    why_text_clear(&label);
}

static void write_paragraphs(struct why_text *text, const char *paragraphs) {
    for (const char *at = paragraphs; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        why_text_append(text, "  %.*s\n", (int)len, at);
        at += len + (at[len] == '\n');
    }
}

static bool can_end_with(const struct command *command, enum exit_code code) {
    const enum exit_code *at = command->exit_codes;
    while (*at != code && *at != EXIT_CODE_INTERNAL) {
        at++;
    }
    return *at == code;
}

/* In order of number, however the command lists them. */
static void write_exit_codes(const struct command *command, enum why_lang lang,
                             struct why_text *text) {
    static const enum exit_code codes[] = {
#define X(name, number, description) EXIT_CODE_##name,
        EXIT_CODE_MAP(X)
#undef X
    };
    why_text_append(text, "\n%s\n", tr(lang, "Exit codes"));
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (can_end_with(command, codes[i])) {
            why_text_append(text, "  %2d  %s\n", (int)codes[i], tr(lang, exit_code_text(codes[i])));
        }
    }
}

void help_write_command(const struct command *command, enum why_lang lang, struct why_text *text) {
    why_text_append(text, "%s\n  whysocket %s %s%s%s\n", tr(lang, "Usage"), command->name,
                    tr(lang, "[OPTIONS]"), *command->operands != '\0' ? " " : "",
                    tr(lang, command->operands));
    why_text_append(text, "\n%s\n", tr(lang, "What it does"));
    write_paragraphs(text, tr(lang, command->description));
    why_text_append(text, "\n%s\n", tr(lang, "Options"));
    for (size_t i = 0; i < command->option_count; i++) {
        write_option(&command->options[i], lang, text);
    }
    for (size_t i = 0; command->shared != NULL && i < command->shared->count; i++) {
        write_option(&command->shared->options[i], lang, text);
    }
    for (size_t i = 0; i < common_options_count; i++) {
        write_option(&common_options_table[i], lang, text);
    }
    why_text_append(text, "\n%s\n", tr(lang, "Examples"));
    for (const struct command_example *example = command->examples; example->line != NULL;
         example++) {
        why_text_append(text, "  %s\n      %s\n", example->line, tr(lang, example->text));
    }
    write_exit_codes(command, lang, text);
}

void help_write_overview(enum why_lang lang, struct why_text *text) {
    why_text_append(text, "%s\n",
                    tr(lang, "whysocket: WebSockets that always say why they closed"));
    why_text_append(text, "\n%s\n  whysocket %s\n", tr(lang, "Usage"),
                    tr(lang, "COMMAND [OPTIONS] ..."));
    why_text_append(text, "\n%s\n", tr(lang, "Commands"));
    for (size_t i = 0; commands[i] != NULL; i++) {
        why_text_append(text, "  %-9s %s\n", commands[i]->name, tr(lang, commands[i]->summary));
    }
    why_text_append(text, "  %-9s %s\n", "help", tr(lang, "describe a command"));
    why_text_append(text, "\n%s\n", tr(lang, "Options of every command"));
    for (size_t i = 0; i < common_options_count; i++) {
        write_option(&common_options_table[i], lang, text);
    }
    why_text_append(text, "\n%s\n  whysocket help explain\n  whysocket explain 1006\n",
                    tr(lang, "Try"));
}

/* The instruction set that masking and UTF-8 run on: the best that this processor has. */
static const char *kernel_name(void) {
    for (size_t i = 0; why__kernels[i] != NULL; i++) {
        if (why__kernels[i]->is_supported()) {
            return why__kernels[i]->name;
        }
    }
    return "";
}

void help_write_version(enum why_lang lang, struct why_text *text) {
    why_text_append(text, "whysocket %s\n", why_version());
    why_text_append(text, tr(lang, "features: ws wss permessage-deflate; %s; zlib %s; kernels %s"),
                    OpenSSL_version(OPENSSL_VERSION), zlibVersion(), kernel_name());
    why_text_append(text, "\n");
}

void help_write_version_json(struct why_text *text) {
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.version/1");
    why__json_string(&json, "version", why_version());
    why__json_string(&json, "openssl", OpenSSL_version(OPENSSL_VERSION));
    why__json_string(&json, "zlib", zlibVersion());
    why__json_string(&json, "kernels", kernel_name());
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}
