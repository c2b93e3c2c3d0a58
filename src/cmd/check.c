/* SPDX-License-Identifier: MIT
 *
 * whysocket check: walk DNS, TCP, proxy, TLS, HTTP and WebSocket, and say which step failed, why,
 * and how to mend it.
 */
#include "cmd/check_consult.h"
#include "cmd/check_consult_write.h"
#include "cmd/check_run.h"
#include "cmd/check_write.h"
#include "cmd/command.h"
#include "cmd/dial_options.h"
#include "why/i18n.h"

#include <errno.h>
#include <string.h>

struct check_options {
    struct dial_options dial; /* first: the shared rows are of it */
    int probe;                /* enum why_probe_policy */
    bool aia, ocsp;
};

static const struct check_options defaults = {.dial = DIAL_DEFAULTS,
                                              .probe = WHY_PROBE_POLICY_AUTO};

static const char *const probe_choices[] = {"none", "auto", "all", NULL};

static const struct arg_option options[] = {
    {.name = "probe",
     .kind = ARG_CHOICE,
     .choices = probe_choices,
     .help =
         N_("where one connection cannot tell why it failed: make up to four more (auto), none, "
            "or, to a port of your own, also one that begins with the PROXY protocol (all)"),
     .offset = offsetof(struct check_options, probe)},
    {.name = "aia",
     .kind = ARG_FLAG,
     .help = N_("where an issuer was not sent, fetch it (http) from the address in the "
                "certificate, and say whether it completes the chain"),
     .offset = offsetof(struct check_options, aia)},
    {.name = "ocsp",
     .kind = ARG_FLAG,
     .help = N_("ask the responder that the certificate names (http) whether it was revoked"),
     .offset = offsetof(struct check_options, ocsp)},
};

static const struct command_example examples[] = {
    {"whysocket check wss://example.com/chat", N_("why does it not connect?")},
    {"whysocket check ws://127.0.0.1:9001/echo --json | jq .record.cause",
     N_("the cause alone, for a script")},
    {"whysocket check wss://localhost:9443/ --cacert ca.pem", N_("with a CA of your own")},
    {"whysocket check wss://example.com/ --resolve example.com:443:192.0.2.7",
     N_("one server of several, by its address")},
    {"whysocket check wss://example.com/ -H \"Authorization: Bearer ...\" --origin "
     "https://app.example.com",
     N_("as a page of that site would ask")},
    {"whysocket check wss://example.com/ --aia --ocsp",
     N_("where is the missing intermediate, and was the certificate revoked?")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {
    EXIT_CODE_OK,       EXIT_CODE_USAGE,       EXIT_CODE_DNS,
    EXIT_CODE_TCP,      EXIT_CODE_TIMEOUT,     EXIT_CODE_PROXY,
    EXIT_CODE_TLS,      EXIT_CODE_HTTP,        EXIT_CODE_NOT_WEBSOCKET,
    EXIT_CODE_PROTOCOL, EXIT_CODE_PEER_CLOSED, EXIT_CODE_ABNORMAL,
    EXIT_CODE_INTERNAL};

static void show_step(void *context, const struct check_step *step) {
    struct output *output = context;
    check_write_step(output, step);
}

static void show_probe(void *context, const struct check_probe *probe) {
    struct output *output = context;
    check_write_probe(output, probe);
}

/* JSON is one object, at the end. */
static void collect_step(void *context, const struct check_step *step) {
    (void)context;
    (void)step;
}

static void collect_probe(void *context, const struct check_probe *probe) {
    (void)context;
    (void)probe;
}

/* What there is to say, once the connection has ended; the others may find more. */
static enum exit_code conclude(struct command_call *call, const char *url, struct dial *dial,
                               struct check_consult *consult, struct check_result *result) {
    enum exit_code code = exit_code_of(&result->record);
    if (!call->json) {
        check_write_conversation(&call->output, result, code);
    }
    check_consult_others(consult, code == EXIT_CODE_OK, &result->record,
                         call->json ? NULL : &call->output);
    code = exit_code_of(&result->record);
    if (call->json) {
        check_write_json(&call->output, url, dial->proxy_variable, result, consult, code);
    } else {
        check_write_verdict(&call->output, result, code);
        check_write_consult_verdict(&call->output, consult);
    }
    return code;
}

static enum exit_code check_url(struct command_call *call, struct why_loop *loop, const char *url) {
    const struct check_options *asked = call->options;
    struct dial dial;
    struct check_result result;
    const struct check_watcher watcher = {
        .context = &call->output,
        .on_step = call->json ? collect_step : show_step,
        .on_probe = call->json ? collect_probe : show_probe,
    };
    struct check_consult consult = {.loop = loop, .asked = &asked->dial, .dial = &dial, .url = url};
    enum exit_code code = dial_init(&dial, call, &asked->dial, url, loop);
    if (code == EXIT_CODE_OK) {
        check_consult_init(&consult, asked->aia, asked->ocsp);
        code = check_run(call, &dial, loop, (enum why_probe_policy)asked->probe, &watcher, &result);
        if (code == EXIT_CODE_OK) {
            code = conclude(call, url, &dial, &consult, &result);
        }
        check_consult_clear(&consult);
    }
    dial_clear(&dial);
    return code;
}

static enum exit_code run_check(struct command_call *call) {
    struct why_loop *loop = why_loop_new();
    if (loop == NULL) {
        output_diagnostic(&call->output, tr(call->output.lang, "a loop could not be made: %s"),
                          strerror(errno));
        return EXIT_CODE_INTERNAL;
    }
    enum exit_code code = check_url(call, loop, call->operands[0]);
    why_loop_free(loop);
    return code;
}

const struct command command_check = {
    .name = "check",
    .operands = N_("URL"),
    .operands_min = 1,
    .operands_max = 1,
    .summary = N_("why does it not connect? which step fails, why, and how to mend it"),
    .description =
        N_("Walks the way to a WebSocket: DNS, TCP, a proxy, TLS, HTTP, then a ping, a text, a "
           "binary message and a close. Each step is shown with its time. Where one fails, the "
           "cause, the evidence and the mend follow, and the exit code names the step. A server "
           "that does not echo is no fault. Where one connection cannot tell why it failed, more "
           "are made, each shown with its reason.\n"
           "Nothing is asked of anybody but the server, unless --aia or --ocsp is given: then of "
           "the addresses in its certificates, too. They are shown."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .shared = &dial_option_rows,
    .options_size = sizeof(struct check_options),
    .defaults = &defaults,
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_check,
};
