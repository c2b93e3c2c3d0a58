/* SPDX-License-Identifier: MIT
 *
 * The result of `whysocket check` as text and as JSON.
 */
#include "cmd/check_write.h"

#include "cmd/check_consult_write.h"
#include "cmd/exit.h"
#include "why/i18n.h"
#include "why/json.h"
#include "why/record_facts.h"

#include <stdio.h>
#include <string.h>

enum {
    FACT_COLUMN = 15, /* where a step's fact begins, behind a symbol of one column */
    FACT_WIDTH = 48,  /* its columns, before its time */
};

/* As people write them; they are names, and the same in every language. */
static const char *step_name(enum why_layer layer) {
    static const char *const names[] = {
        [WHY_LAYER_NONE] = "",
        [WHY_LAYER_DNS] = "DNS",
        [WHY_LAYER_TCP] = "TCP",
        [WHY_LAYER_PROXY] = "Proxy",
        [WHY_LAYER_TLS] = "TLS",
        [WHY_LAYER_HTTP] = "HTTP",
        [WHY_LAYER_WEBSOCKET] = "WebSocket",
        [WHY_LAYER_APPLICATION] = "WebSocket",
    };
    return names[layer];
}

/* A fact in its column, with its time behind it. */
static void append_fact(struct output *output, const char *what, uint32_t us,
                        struct why_text *text) {
    size_t before = text->len;
    why_text_append_untrusted(text, what, strlen(what));
    size_t len = 0; /* in characters */
    for (size_t i = before; i < text->len; i++) {
        len += ((unsigned char)text->data[i] & 0xc0) != 0x80;
    }
    if (us != WHY_NO_TIME) {
        int pad = len < FACT_WIDTH ? (int)(FACT_WIDTH - len) : 1;
        why_text_append(text, "%*s%s%8.1f ms%s", pad, "", output_style(output, STYLE_FAINT),
                        (double)us / 1000, output_style(output, STYLE_PLAIN));
    }
    why_text_append(text, "\n");
}

static void append_name(const struct output *output, enum symbol symbol, const char *name,
                        struct why_text *text) {
    enum style style = symbol == SYMBOL_GOOD      ? STYLE_GOOD
                       : symbol == SYMBOL_BAD     ? STYLE_BAD
                       : symbol == SYMBOL_SKIPPED ? STYLE_FAINT
                                                  : STYLE_WARNING;
    why_text_append(text, "  %s%s%s %-10s ", output_style(output, style),
                    output_symbol(output, symbol), output_style(output, STYLE_PLAIN), name);
}

static void show(struct output *output, struct why_text *text) {
    output_text(output, text);
    why_text_clear(text);
    (void)fflush(stdout);
}

void check_write_line(struct output *output, enum symbol symbol, const char *name, const char *what,
                      uint32_t us) {
    struct why_text text = {0};
    append_name(output, symbol, name, &text);
    append_fact(output, what, us, &text);
    show(output, &text);
}

void check_write_step(struct output *output, const struct check_step *step) {
    struct why_text text = {0};
    why_text_append_detail(&text, output->lang, step->what, &step->parts);
    check_write_line(output, step->ok ? SYMBOL_GOOD : SYMBOL_BAD, step_name(step->layer),
                     text.data == NULL ? "" : text.data, step->us);
    why_text_clear(&text);
}

void check_write_probe(struct output *output, const struct check_probe *probe) {
    enum why_lang lang = output->lang;
    struct why_text text = {0};
    append_name(output, SYMBOL_WARNING, tr(lang, "Again"), &text);
    why_text_append(&text, "%s\n%*s", why_translate(lang, why_probe_reason(probe->kind)),
                    output->utf8 ? FACT_COLUMN : FACT_COLUMN + 1, "");
    struct why_text fact = {0};
    why_text_append_detail(&fact, lang, probe->what, &probe->parts);
    append_fact(output, fact.data == NULL ? "" : fact.data, probe->us, &text);
    why_text_clear(&fact);
    show(output, &text);
}

static const char *answer_text(enum why_lang lang, enum check_answer answer, bool is_text) {
    switch (answer) {
    case CHECK_ECHOED:
        return is_text ? tr(lang, "text echoed") : tr(lang, "binary echoed");
    case CHECK_ANSWERED:
        return is_text ? tr(lang, "text answered") : tr(lang, "binary answered");
    case CHECK_SILENT:
        return is_text ? tr(lang, "text not echoed") : tr(lang, "binary not echoed");
    case CHECK_NOT_SENT:
        break;
    }
    return NULL;
}

/* "ping 0.3 ms, text echoed, binary echoed, closed with 1000" */
static void describe_conversation(const struct check_result *result, enum why_lang lang,
                                  struct why_text *text) {
    const char *const answers[] = {answer_text(lang, result->text, true),
                                   answer_text(lang, result->binary, false)};
    if (result->ping_us != WHY_NO_TIME) {
        why_text_append(text, tr(lang, "ping %.1f ms"), (double)result->ping_us / 1000);
    } else {
        why_text_append(text, "%s", tr(lang, "no answer to a ping"));
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i] != NULL) {
            why_text_append(text, ", %s", answers[i]);
        }
    }
    why_text_append(text, tr(lang, ", closed with %u"), result->record.code);
}

void check_write_conversation(struct output *output, const struct check_result *result,
                              int exit_code) {
    if (!result->opened) {
        return;
    }
    bool ok = exit_code == EXIT_CODE_OK;
    struct why_text fact = {0};
    describe_conversation(result, output->lang, &fact);
    bool is_worth_a_look = ok && result->ping_us == WHY_NO_TIME;
    check_write_line(output,
                     !ok               ? SYMBOL_BAD
                     : is_worth_a_look ? SYMBOL_WARNING
                                       : SYMBOL_GOOD,
                     step_name(WHY_LAYER_WEBSOCKET), fact.data == NULL ? "" : fact.data,
                     WHY_NO_TIME);
    why_text_clear(&fact);
}

void check_write_verdict(struct output *output, const struct check_result *result, int exit_code) {
    enum why_lang lang = output->lang;
    bool ok = exit_code == EXIT_CODE_OK;
    struct why_text text = {0};
    if (ok) {
        why_text_append(&text, "\n%s\n", tr(lang, "All is well."));
        if (result->record.tls.insecure && result->record.tls.error_count > 0) {
            why_text_append(&text, "%s\n",
                            tr(lang, "But only with --insecure: the certificate does not verify."));
            for (size_t i = 0; i < result->record.tls.error_count; i++) {
                why_text_append(&text, "  %s: ", why_cause_id(result->record.tls.errors[i].cause));
                why_text_append_untrusted(&text, result->record.tls.errors[i].text,
                                          strlen(result->record.tls.errors[i].text));
                why_text_append(&text, "\n");
            }
        }
        why__record_notices(&result->record, lang, &text);
    } else {
        why_text_append(&text, "\n");
        why_record_write_text(&result->record, lang, &text);
    }
    output_document(output, text.data == NULL ? "" : text.data);
    why_text_clear(&text);
}

static void write_answer(struct why__json *json, const char *key, enum check_answer answer) {
    static const char *const words[] = {
        [CHECK_NOT_SENT] = "",
        [CHECK_ECHOED] = "echoed",
        [CHECK_ANSWERED] = "answered",
        [CHECK_SILENT] = "silent",
    };
    why__json_string_or_null(json, key, words[answer]);
}

static void write_us(struct why__json *json, const char *key, uint32_t us) {
    if (us == WHY_NO_TIME) {
        why__json_null(json, key);
    } else {
        why__json_unsigned(json, key, us);
    }
}

static void write_steps(struct why__json *json, const struct check_result *result) {
    why__json_open(json, "steps", '[');
    for (size_t i = 0; i < result->step_count; i++) {
        const struct check_step *step = &result->steps[i];
        why__json_open(json, NULL, '{');
        why__json_string(json, "layer", why_layer_name(step->layer));
        why__json_bool(json, "ok", step->ok);
        write_us(json, "us", step->us);
        why__json_string(json, "what", step->what);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

static void write_probes(struct why__json *json, const struct check_result *result,
                         enum why_lang lang) {
    why__json_unsigned(json, "connections", 1 + result->probe_count);
    why__json_open(json, "probes", '[');
    for (size_t i = 0; i < result->probe_count; i++) {
        const struct check_probe *probe = &result->probes[i];
        why__json_open(json, NULL, '{');
        why__json_string(json, "kind", why_probe_name(probe->kind));
        why__json_string(json, "reason", why_translate(lang, why_probe_reason(probe->kind)));
        why__json_string(json, "end", why_probe_end_name(probe->end));
        why__json_unsigned(json, "us", probe->us);
        why__json_string(json, "what", probe->what);
        why__json_close(json, '}');
    }
    why__json_close(json, ']');
}

void check_write_json(struct output *output, const char *url, const char *proxy_variable,
                      const struct check_result *result, const struct check_consult *consult,
                      int exit_code) {
    struct why_text text = {0};
    struct why__json json = {.text = &text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.check/1");
    why__json_string(&json, "url", url);
    why__json_string_or_null(&json, "proxy_variable", proxy_variable != NULL ? proxy_variable : "");
    why__json_bool(&json, "ok", exit_code == EXIT_CODE_OK);
    why__json_integer(&json, "exit_code", exit_code);
    write_steps(&json, result);
    write_probes(&json, result, output->lang);
    if (result->opened) {
        why__json_open(&json, "websocket", '{');
        write_us(&json, "ping_us", result->ping_us);
        write_answer(&json, "text", result->text);
        write_answer(&json, "binary", result->binary);
        write_us(&json, "conversation_us", result->conversation_us);
        why__json_close(&json, '}');
    } else {
        why__json_null(&json, "websocket");
    }
    check_write_consult_json(&json, consult);
    struct why_text record = {0};
    why_record_write_json(&result->record, output->lang, &record);
    why_text_append(&text, ",\"record\":%s", record.data == NULL ? "null" : record.data);
    why_text_clear(&record);
    why__json_close(&json, '}');
    why_text_append(&text, "\n");
    output_text(output, &text);
    why_text_clear(&text);
}
