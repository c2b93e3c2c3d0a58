/* SPDX-License-Identifier: MIT
 *
 * whysocket compare: how two close codes differ.
 */
#include "why/compare.h"
#include "cmd/command.h"
#include "cmd/lookup.h"
#include "why/i18n.h"

#include <string.h>

static const struct command_example examples[] = {
    {"whysocket compare 1007 1015", N_("two codes")},
    {"whysocket compare \"going away\" 1006", N_("one of them by its name")},
    {"whysocket compare 1007 1015 --lang fr", N_("in French")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {EXIT_CODE_OK, EXIT_CODE_USAGE, EXIT_CODE_INTERNAL};

/* A number, or a name that only one code has. */
static bool read_code(const struct command_call *call, const char *asked, uint16_t *code) {
    enum why_lang lang = call->output.lang;
    struct topic_list topics = {0};
    enum lookup_result result = lookup(asked, lang, &topics);
    bool is_one = topics.count == 1 && topics.items[0].info != NULL && !topics.failed;
    if (is_one) {
        *code = topics.items[0].code;
    }
    bool is_cause = topics.count > 0 && topics.items[0].info == NULL;
    topic_list_clear(&topics);
    if (is_one) {
        return true;
    }
    const char *problem = result == LOOKUP_TOO_LARGE
                              ? tr(lang, "no close code: they are numbers of 16 bits, and only "
                                         "1000 to 4999 are in use")
                          : is_cause ? tr(lang, "a cause: only close codes can be compared")
                          : result == LOOKUP_FOUND ? tr(lang, "more than one close code: name one")
                                                   : tr(lang, "no close code and no name of one");
    command_usage_error(call, asked, problem);
    return false;
}

static enum exit_code run_compare(struct command_call *call) {
    enum why_lang lang = call->output.lang;
    uint16_t codes[2];
    for (size_t i = 0; i < 2; i++) {
        if (!read_code(call, call->operands[i], &codes[i])) {
            return EXIT_CODE_USAGE;
        }
    }
    if (codes[0] == codes[1]) {
        return command_usage_error(call, call->operands[1],
                                   tr(lang, "the same code twice: there is nothing to compare"));
    }
    struct why__comparison comparison;
    why__compare(codes[0], codes[1], &comparison);
    struct why_text text = {0};
    if (call->json) {
        why__comparison_write_json(&comparison, lang, &text);
        why_text_append(&text, "\n");
    } else {
        why__comparison_write_text(&comparison, lang, &text);
    }
    bool failed = text.failed;
    if (failed) {
        output_diagnostic(&call->output, "%s", tr(lang, "out of memory"));
    } else if (call->json) {
        output_text(&call->output, &text);
    } else {
        output_document(&call->output, text.data);
    }
    why_text_clear(&text);
    return failed ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
}

const struct command command_compare = {
    .name = "compare",
    .operands = N_("CODE CODE"),
    .operands_min = 2,
    .operands_max = 2,
    .summary = N_("how two close codes differ, and when to use which"),
    .description = N_("Sets two close codes side by side: what each means, what they share, in "
                      "what they differ, and when to use which. A code may be named by its number "
                      "or its name."),
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_compare,
};
