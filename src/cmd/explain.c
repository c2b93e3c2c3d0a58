/* SPDX-License-Identifier: MIT
 *
 * whysocket explain: what a close code, a cause or a notice means.
 */
#include "cmd/command.h"
#include "cmd/lookup.h"
#include "why/explain_write.h"
#include "why/i18n.h"

#include <string.h>

struct explain_options {
    bool all;
};

static const struct arg_option options[] = {
    {.name = "all",
     .alias = 'a',
     .kind = ARG_FLAG,
     .help = N_("explain every code, every cause and every notice"),
     .offset = offsetof(struct explain_options, all)},
};

static const struct command_example examples[] = {
    {"whysocket explain 1006", N_("a close code")},
    {"whysocket explain tls.cert.expired", N_("a cause of a close record")},
    {"whysocket explain tls.", N_("all causes that begin so")},
    {"whysocket explain cert.expires_soon", N_("a notice: what is no failure yet")},
    {"whysocket explain \"policy violation\"", N_("a code by its name")},
    {"whysocket explain 1000-1003", N_("several codes")},
    {"whysocket explain 1007 --lang fr", N_("in French")},
    {"whysocket explain --all --json", N_("the whole reference, for a program")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {EXIT_CODE_OK, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL};

/* Say what is wrong with one of the things asked for. */
static enum exit_code complain(const struct command_call *call, const char *asked,
                               enum lookup_result result) {
    enum why_lang lang = call->output.lang;
    if (result == LOOKUP_TOO_LARGE) {
        return command_usage_error(call, asked,
                                   tr(lang, "no close code: they are numbers of 16 bits, and only "
                                            "1000 to 4999 are in use"));
    }
    if (result == LOOKUP_BACKWARDS) {
        return command_usage_error(call, asked, tr(lang, "the range ends before it begins"));
    }
    const char *nearest = lookup_nearest(asked, lang);
    if (nearest == NULL) {
        return command_usage_error(
            call, asked, tr(lang, "neither a close code, nor a cause, nor a notice of that name"));
    }
    struct why_text problem = {0};
    why_text_append(
        &problem,
        tr(lang, "neither a close code, nor a cause, nor a notice of that name; is \"%s\" meant?"),
        nearest);
    command_usage_error(call, asked, problem.data == NULL ? "" : problem.data);
    why_text_clear(&problem);
    return EXIT_CODE_USAGE;
}

/* A number that is no code: its range is explained, and said here, too. */
static enum exit_code complain_of_range(const struct command_call *call, uint16_t code) {
    enum why_lang lang = call->output.lang;
    const struct why_code_info *info = why_code_info(code);
    output_diagnostic(&call->output, tr(lang, "there is no code %u: it falls in %u-%u (%s)"), code,
                      info->first, info->last, tr(lang, info->name));
    return EXIT_CODE_USAGE;
}

static void write_text(const struct topic_list *topics, enum why_lang lang, struct why_text *text) {
    for (size_t i = 0; i < topics->count; i++) {
        const struct topic *topic = &topics->items[i];
        if (i > 0) {
            why_text_append(text, "\n\n");
        }
        switch (topic->kind) {
        case TOPIC_CODE:
            why__code_write_text(topic->code, topic->info, lang, text);
            break;
        case TOPIC_CAUSE:
            why__cause_write_text(topic->cause, lang, text);
            break;
        case TOPIC_NOTICE:
            why__notice_write_text(topic->notice, lang, text);
            break;
        }
    }
}

static void write_json(const struct topic_list *topics, enum why_lang lang, struct why_text *text) {
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.explain/1");
    why__json_string(&json, "lang", why_lang_tag(lang));
    why__json_open(&json, "entries", '[');
    for (size_t i = 0; i < topics->count; i++) {
        const struct topic *topic = &topics->items[i];
        switch (topic->kind) {
        case TOPIC_CODE:
            why__code_write_json(&json, topic->code, topic->info, lang);
            break;
        case TOPIC_CAUSE:
            why__cause_write_json(&json, topic->cause, lang);
            break;
        case TOPIC_NOTICE:
            why__notice_write_json(&json, topic->notice, lang);
            break;
        }
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}

static enum exit_code print(struct command_call *call, const struct topic_list *topics) {
    struct why_text text = {0};
    if (call->json) {
        write_json(topics, call->output.lang, &text);
    } else {
        write_text(topics, call->output.lang, &text);
    }
    bool failed = text.failed || topics->failed;
    if (failed) {
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
    } else if (call->json) {
        output_text(&call->output, &text);
    } else {
        output_document(&call->output, text.data);
    }
    why_text_clear(&text);
    return failed ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
}

static enum exit_code run_explain(struct command_call *call) {
    const struct explain_options *given = call->options;
    enum exit_code code = EXIT_CODE_OK;
    struct topic_list topics = {0};
    if (given->all) {
        lookup_all(&topics);
    } else if (call->operand_count == 0) {
        return command_usage_error(call, NULL,
                                   tr(call->output.lang, "a code or a cause is missing, or --all"));
    }
    for (size_t i = 0; i < call->operand_count; i++) {
        enum lookup_result result = lookup(call->operands[i], call->output.lang, &topics);
        if (result == LOOKUP_NOT_A_CODE) {
            code = complain_of_range(call, topics.items[topics.count - 1].code);
        } else if (result != LOOKUP_FOUND) {
            code = complain(call, call->operands[i], result);
        }
    }
    if (topics.count > 0) {
        enum exit_code printed = print(call, &topics);
        code = printed == EXIT_CODE_OK ? code : printed;
    }
    topic_list_clear(&topics);
    return code;
}

const struct command command_explain = {
    .name = "explain",
    .operands = N_("CODE|CAUSE|NAME|RANGE ..."),
    .operands_max = SIZE_MAX,
    .summary = N_("what a close code or a cause means, and how to fix it"),
    .description =
        N_("Says what a close code or a cause means, when you see it, how to fix it, what browsers "
           "and libraries show for it, and what some services mean by it. Works offline.\n"
           "A number that is no code is answered with the range that it falls in."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(struct explain_options),
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_explain,
};
