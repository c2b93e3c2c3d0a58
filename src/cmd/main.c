/* SPDX-License-Identifier: MIT
 *
 * whysocket: the table of commands, and what all of them have in common before they run.
 */
#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/suggest.h"
#include "why/i18n.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command *const commands[] = {
    &command_check,   &command_explain, &command_compare,
    &command_conform, &command_bench,   &command_connect,
    &command_serve,   &command_lab,     NULL,
};

static const char *const color_choices[] = {"auto", "always", "never", NULL};

const struct arg_option common_options_table[] = {
    {.name = "json",
     .kind = ARG_FLAG,
     .help = N_("write JSON instead of text"),
     .offset = offsetof(struct common_options, json)},
    {.name = "lang",
     .kind = ARG_STRING,
     .value = N_("LANGUAGE"),
     .help = N_("en or fr; else as LC_ALL, LC_MESSAGES, LANG say"),
     .offset = offsetof(struct common_options, lang)},
    {.name = "color",
     .kind = ARG_CHOICE,
     .choices = color_choices,
     .help = N_("auto: on a terminal, if NO_COLOR is not set"),
     .offset = offsetof(struct common_options, color)},
    {.name = "help",
     .alias = 'h',
     .kind = ARG_FLAG,
     .help = N_("show this help"),
     .offset = offsetof(struct common_options, help)},
    {.name = "version",
     .alias = 'V',
     .kind = ARG_FLAG,
     .help = N_("show the version and what is in it"),
     .offset = offsetof(struct common_options, version)},
};

const size_t common_options_count = sizeof common_options_table / sizeof *common_options_table;

const struct command *command_find(const char *name) {
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* ---- The language, which errors in the command line are told in, too ---- */

static enum why_lang language_of_environment(void) {
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    enum why_lang lang = WHY_LANG_EN;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0') {
            return why_lang_find(value, &lang) ? lang : WHY_LANG_EN;
        }
    }
    return lang;
}

/* Find --lang before the line is parsed; what is wrong with it comes to light there. */
static enum why_lang language_of(int argc, char *const *argv) {
    enum why_lang lang = language_of_environment();
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0) {
            why_lang_find(argv[i] + 7, &lang);
        } else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc) {
            why_lang_find(argv[i + 1], &lang);
        }
    }
    return lang;
}

enum exit_code command_usage_error(const struct command_call *call, const char *thing,
                                   const char *problem) {
    const struct output *output = &call->output;
    struct why_text line = {0};
    if (thing != NULL) {
        why_text_append(&line, "\"");
        why_text_append_untrusted(&line, thing, strlen(thing));
        why_text_append(&line, "\": ");
    }
    const char *name = call->command == NULL ? "" : call->command->name;
    why_text_append(&line, tr(output->lang, "%s (see: whysocket help%s%s)"), problem,
                    *name != '\0' ? " " : "", name);
    output_diagnostic(output, "%s", line.data == NULL ? problem : line.data);
    why_text_clear(&line);
    return EXIT_CODE_USAGE;
}

/* ---- Running ---- */

static enum exit_code print_text(struct output *output, struct why_text *text) {
    output_document(output, text->data == NULL ? "" : text->data);
    why_text_clear(text);
    return EXIT_CODE_OK;
}

static enum exit_code print_version(struct command_call *call) {
    struct why_text text = {0};
    if (call->json) {
        help_write_version_json(&text);
    } else {
        help_write_version(call->output.lang, &text);
    }
    output_text(&call->output, &text);
    why_text_clear(&text);
    return EXIT_CODE_OK;
}

static enum exit_code print_help(struct command_call *call) {
    struct why_text text = {0};
    if (call->command == NULL) {
        help_write_overview(call->output.lang, &text);
    } else {
        help_write_command(call->command, call->output.lang, &text);
    }
    return print_text(&call->output, &text);
}

static enum exit_code fail_unknown_command(const struct command_call *call, const char *name) {
    enum why_lang lang = call->output.lang;
    struct suggestion nearest = suggestion_start(name, strlen(name));
    for (size_t i = 0; commands[i] != NULL; i++) {
        suggestion_offer(&nearest, commands[i]->name);
    }
    suggestion_offer(&nearest, "help");
    struct why_text problem = {0};
    if (nearest.best == NULL) {
        why_text_append(&problem, "%s", tr(lang, "there is no such command"));
    } else {
        why_text_append(&problem, tr(lang, "there is no such command; is %s meant?"), nearest.best);
    }
    command_usage_error(call, name, problem.data == NULL ? "" : problem.data);
    why_text_clear(&problem);
    return EXIT_CODE_USAGE;
}

/* `whysocket`, `whysocket --help`, `whysocket help [COMMAND]` */
static enum exit_code run_without_command(struct command_call *call, bool is_help) {
    if (call->operand_count > 0) {
        const char *name = call->operands[0];
        call->command = command_find(name);
        if (call->command == NULL && strcmp(name, "help") != 0) {
            return fail_unknown_command(call, name);
        }
    }
    if (is_help) {
        return print_help(call);
    }
    if (call->operand_count > 0) {
        return command_usage_error(
            call, call->operands[0],
            tr(call->output.lang, "the command comes first, its options after it"));
    }
    struct why_text text = {0};
    help_write_overview(call->output.lang, &text);
    fwrite(text.data, 1, text.len, stderr);
    why_text_clear(&text);
    return EXIT_CODE_USAGE;
}

static enum exit_code run_command(struct command_call *call) {
    const struct command *command = call->command;
    enum why_lang lang = call->output.lang;
    if (call->operand_count < command->operands_min) {
        struct why_text problem = {0};
        why_text_append(&problem, tr(lang, "something is missing: whysocket %s %s"), command->name,
                        tr(lang, command->operands));
        command_usage_error(call, NULL, problem.data == NULL ? "" : problem.data);
        why_text_clear(&problem);
        return EXIT_CODE_USAGE;
    }
    if (call->operand_count > command->operands_max) {
        return command_usage_error(call, call->operands[command->operands_max],
                                   tr(lang, "this is one too many"));
    }
    return command->run(call);
}

/* What is left to do once the line is parsed. */
static enum exit_code dispatch(struct command_call *call, const struct common_options *common,
                               bool is_help) {
    enum why_lang lang = call->output.lang;
    if (common->lang != NULL && !why_lang_find(common->lang, &lang)) {
        return command_usage_error(call, common->lang,
                                   tr(lang, "is no language of --lang: there are en and fr"));
    }
    call->output = output_start(call->output.command, lang, (enum color_choice)common->color);
    call->json = common->json;
    if (common->version) {
        return print_version(call);
    }
    if (call->command == NULL) {
        return run_without_command(call, is_help || common->help);
    }
    return common->help ? print_help(call) : run_command(call);
}

static enum exit_code run(struct command_call *call, int argc, char *const *argv, bool is_help) {
    const struct command *command = call->command;
    const struct arg_rows *shared = command == NULL ? NULL : command->shared;
    size_t options_size = command == NULL ? 0 : command->options_size;
    call->options = calloc(1, options_size + 1);
    if (call->options == NULL) {
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
        return EXIT_CODE_INTERNAL;
    }
    if (command != NULL && command->defaults != NULL) {
        memcpy(call->options, command->defaults, options_size);
    }
    struct common_options common = {0};
    const struct arg_table tables[] = {
        {command == NULL ? NULL : command->options, command == NULL ? 0 : command->option_count,
         call->options},
        {shared == NULL ? NULL : shared->options, shared == NULL ? 0 : shared->count,
         call->options},
        {common_options_table, common_options_count, &common},
    };
    struct arg_list operands = {0};
    struct why_text problem = {0};
    enum exit_code code = EXIT_CODE_USAGE;
    if (args_parse(tables, sizeof tables / sizeof *tables, argc, argv, call->output.lang, &operands,
                   &problem)) {
        call->operands = operands.items;
        call->operand_count = operands.count;
        code = dispatch(call, &common, is_help);
    } else {
        command_usage_error(call, NULL, problem.data == NULL ? "" : problem.data);
    }
    why_text_clear(&problem);
    args_list_clear(&operands);
    args_clear(&tables[0]);
    args_clear(&tables[1]);
    free(call->options);
    return code;
}

/* What is opened next would take the place of a descriptor that was closed, and be written to as if
 * it were stdout. What takes it instead can neither be read nor written, as with the closed one. */
static void hold_descriptors(void) {
    static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", modes[fd]); /* the lowest that is free: this one */
        }
    }
}

int main(int argc, char **argv) {
    hold_descriptors();
    /* A reader that went away is an error of write(), not the end of this process. */
    signal(SIGPIPE, SIG_IGN);
    const char *name = argc > 1 ? argv[1] : "";
    bool is_help = strcmp(name, "help") == 0;
    struct command_call call = {
        .command = command_find(name),
        .program = argc > 0 && strchr(argv[0], '/') != NULL ? argv[0] : "whysocket",
    };
    int used = call.command != NULL || is_help ? 2 : 1;
    struct why_text title = {0};
    why_text_append(&title, call.command == NULL ? "whysocket" : "whysocket %s", name);
    call.output = output_start(title.data == NULL ? "whysocket" : title.data,
                               language_of(argc, argv), COLOR_AUTO);
    /* A command that does not exist has no options to be wrong about. */
    bool is_unknown = call.command == NULL && !is_help && *name != '\0' && *name != '-';
    enum exit_code code = is_unknown    ? fail_unknown_command(&call, name)
                          : argc < used ? run(&call, 0, argv, is_help)
                                        : run(&call, argc - used, argv + used, is_help);
    if (!output_finish(&call.output)) {
        code = EXIT_CODE_INTERNAL;
    }
    why_text_clear(&title);
    return code;
}
