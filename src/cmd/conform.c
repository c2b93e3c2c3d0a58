/* SPDX-License-Identifier: MIT
 *
 * whysocket conform: does a server, or a client, keep to the RFCs? Cases are played, and what is
 * wrong is said with the bytes that prove it.
 */
#include "cmd/command.h"
#include "cmd/conform_report.h"
#include "cmd/conform_select.h"
#include "cmd/conform_show.h"
#include "cmd/conform_target.h"
#include "conform/listen.h"
#include "conform/run.h"
#include "conform/secure.h"
#include "why/i18n.h"
#include "whysocket/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct conform_options {
    struct conform_report_options report; /* first: its rows are shared */
    struct arg_list wanted, files, headers;
    const char *listen, *listen_tls, *write_ca, *command, *agent, *cacert;
    uint64_t jobs, timeout_ms, restart_ms, idle_ms;
    bool list, autobahn_ids, insecure;
};

static const struct conform_options defaults = {
    .jobs = 12, .timeout_ms = 5000, .restart_ms = 5000, .idle_ms = 30000};

enum {
    HEAD_MAX = 64 * 1024, /* of an answer: those of frameworks can be long */
};

#define FIELD(name) offsetof(struct conform_options, name)

static const struct arg_option options[] = {
    {.name = "listen",
     .alias = 'l',
     .kind = ARG_STRING,
     .value = N_("ADDR:PORT"),
     .help = N_("test clients: wait for them there; port 0 takes a free one"),
     .offset = FIELD(listen)},
    {.name = "listen-tls",
     .kind = ARG_STRING,
     .value = N_("ADDR:PORT"),
     .help = N_("the same by TLS, with certificates of its own; the ports after it show bad ones, "
                "which clients have to refuse"),
     .offset = FIELD(listen_tls)},
    {.name = "write-ca",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("with --listen-tls, write the CA there (PEM), for clients to trust"),
     .offset = FIELD(write_ca)},
    {.name = "run",
     .kind = ARG_STRING,
     .value = N_("COMMAND"),
     .help = N_("test the client that this starts, once for each case, with the URL in place of "
                "{url}"),
     .offset = FIELD(command)},
    {.name = "case",
     .alias = 'c',
     .kind = ARG_LIST,
     .value = N_("ID|GROUP"),
     .help = N_("play this case, or all that begin with it: 5.3.2, 5.3, 5; may be repeated"),
     .offset = FIELD(wanted)},
    {.name = "verbose",
     .alias = 'v',
     .kind = ARG_FLAG,
     .help = N_("show all that was sent and came, of cases that have passed too"),
     .offset = FIELD(report.verbose)},
    {.name = "strict",
     .kind = ARG_FLAG,
     .help = N_("a case that should pass counts for the exit code, too"),
     .offset = FIELD(report.strict)},
    {.name = "list",
     .kind = ARG_FLAG,
     .help = N_("show the cases, and end"),
     .offset = FIELD(list)},
    {.name = "autobahn-ids",
     .kind = ARG_FLAG,
     .help = N_("show the case numbers of the Autobahn test suite with ours beside them, and end"),
     .offset = FIELD(autobahn_ids)},
    {.name = "jobs",
     .alias = 'j',
     .kind = ARG_NUMBER,
     .value = "N",
     .help = N_("connections at once (12)"),
     .offset = FIELD(jobs),
     .min = 1,
     .max = CONFORM_JOBS_MAX},
    {.name = "timeout",
     .alias = 't',
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("how long an answer may take (5s); large ones as long as they make progress"),
     .offset = FIELD(timeout_ms),
     .min = 100,
     .max = 600000},
    {.name = "restart",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("how long to wait for a server that crashed to be started again by its supervisor "
                "(5s)"),
     .offset = FIELD(restart_ms),
     .max = 600000},
    {.name = "idle",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("with --listen, end once clients have come and none has been there for so long "
                "(30s)"),
     .offset = FIELD(idle_ms),
     .min = 1000,
     .max = 86400000},
    {.name = "cases",
     .kind = ARG_LIST,
     .value = N_("FILE"),
     .help = N_("cases of your own, beside those built in (docs/conform-cases.md); may be "
                "repeated"),
     .offset = FIELD(files)},
    {.name = "agent",
     .kind = ARG_STRING,
     .value = N_("NAME"),
     .help = N_("what reports call the one that is tested"),
     .offset = FIELD(agent)},
    {.name = "header",
     .alias = 'H',
     .kind = ARG_LIST,
     .value = N_("\"NAME: VALUE\""),
     .help = N_("send this header with each request; may be repeated"),
     .offset = FIELD(headers)},
    {.name = "cacert",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("trust the CA certificates in this file (PEM) instead of the system's"),
     .offset = FIELD(cacert)},
    {.name = "insecure",
     .alias = 'k',
     .kind = ARG_FLAG,
     .help = N_("go on with a certificate that does not verify"),
     .offset = FIELD(insecure)},
};

static const struct command_example examples[] = {
    {"whysocket conform ws://127.0.0.1:9001/", N_("all cases, against an echo server")},
    {"whysocket conform ws://127.0.0.1:9001/ --case 5.3 -v", N_("some, with all bytes")},
    {"whysocket conform wss://localhost:9443/ --insecure --json > result.json",
     N_("for a program, over TLS")},
    {"whysocket conform --run 'node client.js {url}'", N_("a client that echoes, started for each "
                                                          "case")},
    {"whysocket conform --listen 127.0.0.1:9001",
     N_("clients that come by themselves, as to the Autobahn test suite's fuzzing server")},
    {"whysocket conform ws://127.0.0.1:9001/ --json=now.json --baseline before.json --junit "
     "junit.xml",
     N_("in CI: fails where something is worse than before")},
    {"whysocket conform --report ws.json gorilla.json --html agents.html",
     N_("results that were written before, side by side")},
    {"whysocket conform --list", N_("what there is")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {
    EXIT_CODE_OK,      EXIT_CODE_FINDING, EXIT_CODE_USAGE,
    EXIT_CODE_DNS,     EXIT_CODE_TCP,     EXIT_CODE_TIMEOUT,
    EXIT_CODE_TLS,     EXIT_CODE_HTTP,    EXIT_CODE_NOT_WEBSOCKET,
    EXIT_CODE_INTERNAL};

/* ---- The end by a signal ---- */

/* A handler gets no argument. It is set while a loop runs, in the thread that runs it. */
static struct why_loop *loop_to_stop;

static void on_signal(int number) {
    (void)number;
    why_loop_stop(loop_to_stop);
}

static void watch_signals(struct why_loop *loop) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    loop_to_stop = loop;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ---- The run ---- */

struct conformance {
    struct command_call *call;
    const struct conform_options *asked;
    struct conform_selection selection;
    struct conform_reading baseline;
    struct conform_stage stage;
    struct conform_progress progress;
    struct conform_certs *certs;
    struct conform_tally tally;
    struct conform_run run;
    char date[32];
    char agent[CONFORM_AGENT_MAX]; /* of a client that says it */
    char target[192];
    struct why_text command;
    uint64_t begin_us;
};

static void on_result(void *user, const struct conform_result *result, size_t done, size_t total) {
    struct conformance *conformance = user;
    conform_progress_tell(&conformance->progress, result, done, total);
}

/* What is typed to run one case; as it was typed, less what chose the cases. */
static void write_command(struct conformance *conformance, const char *target) {
    const struct conform_options *asked = conformance->asked;
    struct why_text *text = &conformance->command;
    why_text_append(text, "whysocket conform");
    if (asked->listen != NULL) {
        why_text_append(text, " --listen %s", asked->listen);
    }
    if (asked->listen_tls != NULL) {
        why_text_append(text, " --listen-tls %s", asked->listen_tls);
    }
    if (asked->write_ca != NULL) {
        why_text_append(text, " --write-ca %s", asked->write_ca);
    }
    if (asked->command != NULL) {
        why_text_append(text, " --run '%s'", asked->command);
    } else if (conformance->stage.role == CONFORM_SERVER) {
        why_text_append(text, " %s", target);
    }
    for (size_t i = 0; i < asked->files.count; i++) {
        why_text_append(text, " --cases %s", asked->files.items[i]);
    }
    for (size_t i = 0; i < asked->headers.count; i++) {
        why_text_append(text, " --header \"%s\"", asked->headers.items[i]);
    }
    if (asked->cacert != NULL) {
        why_text_append(text, " --cacert %s", asked->cacert);
    }
    why_text_append(text, "%s --case %%s -v", asked->insecure ? " --insecure" : "");
}

static void begin_run(struct conformance *conformance, const char *target) {
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(conformance->date, sizeof conformance->date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    write_command(conformance, target);
    conformance->begin_us = why__clock_us();
    conformance->progress = conform_progress_start(&conformance->call->output);
    conformance->run = (struct conform_run){
        .agent = conformance->asked->agent != NULL ? conformance->asked->agent : target,
        .target = target,
        .role = conformance->stage.role,
        .command = conformance->command.data == NULL ? "" : conformance->command.data,
        .version = why_version(),
        .date = conformance->date,
        .trouble = "",
    };
}

static enum exit_code report(struct conformance *conformance) {
    struct conform_run *run = &conformance->run;
    run->results = conformance->tally.results;
    run->count = conformance->tally.count;
    run->elapsed_ms = (uint32_t)((why__clock_us() - conformance->begin_us) / 1000);
    conform_progress_end(&conformance->progress);
    return conform_report(conformance->call, &conformance->asked->report, &conformance->baseline,
                          run, 1);
}

static enum exit_code test_server(struct conformance *conformance) {
    struct command_call *call = conformance->call;
    const struct conform_options *asked = conformance->asked;
    struct why__url url;
    struct why_tls_config tls = {.ca_file = asked->cacert, .insecure = asked->insecure};
    enum exit_code code =
        conform_target_find(call, call->operands[0], &tls, &url, &conformance->stage);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    begin_run(conformance, call->operands[0]);
    struct conform_plan plan = {
        .stage = conformance->stage,
        .tests = conformance->selection.tests,
        .count = conformance->selection.count,
        .jobs = (uint32_t)asked->jobs,
        .restart_ms = (uint32_t)asked->restart_ms,
        .on_result = on_result,
        .user = conformance,
    };
    int result = conform_run_server(&plan, &conformance->tally, &conformance->run.trouble);
    if (result != WHY_OK) {
        output_diagnostic(&call->output, "%s",
                          result == WHY_ERR_NOMEM ? tr(call->output.lang, "out of memory")
                                                  : strerror(errno));
        return EXIT_CODE_INTERNAL;
    }
    return report(conformance);
}

/* To stderr, where no program reads it. */
static void on_ready(void *user, const char *url, const char *mode) {
    struct conformance *conformance = user;
    const struct output *output = &conformance->call->output;
    if (conformance->target[0] == '\0') {
        (void)snprintf(conformance->target, sizeof conformance->target, "%s", url);
    }
    if (conformance->asked->command != NULL) {
        return;
    }
    if (mode != NULL) {
        output_diagnostic(output, tr(output->lang, "listening on %s, with a bad certificate: %s"),
                          url, mode);
        return;
    }
    output_diagnostic(output,
                      tr(output->lang, "listening on %s: clients ask for /case/ID, or for "
                                       "/getCaseCount, /runCase?case=N&agent=NAME, ..., "
                                       "/updateReports?agent=NAME"),
                      url);
}

/* The name in the certificates: that of the address, as clients will ask for it. */
static int make_certs(struct conformance *conformance, char *error, size_t error_size) {
    const struct conform_options *asked = conformance->asked;
    char name[256] = "localhost";
    const char *colon = strrchr(asked->listen_tls, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - asked->listen_tls);
    const char *begin = asked->listen_tls;
    if (len > 2 && begin[0] == '[' && begin[len - 1] == ']') {
        begin++;
        len -= 2;
    }
    if (len > 0 && len < sizeof name) {
        memcpy(name, begin, len);
        name[len] = '\0';
    }
    return conform_certs_new(conformance->stage.options->host, name, asked->write_ca,
                             &conformance->certs, error, error_size);
}

/* What could not be begun, in words. */
static enum exit_code fail_to_listen(const struct command_call *call, int result,
                                     const char *error) {
    if (result == WHY_ERR_ARGUMENT) {
        return command_usage_error(call, NULL, error);
    }
    output_diagnostic(&call->output, "%s",
                      result == WHY_ERR_NOMEM ? tr(call->output.lang, "out of memory") : error);
    return result == WHY_ERR_SYSTEM ? EXIT_CODE_TCP : EXIT_CODE_INTERNAL;
}

static enum exit_code test_client(struct conformance *conformance) {
    struct command_call *call = conformance->call;
    const struct conform_options *asked = conformance->asked;
    char error[512] = "";
    conformance->stage.role = CONFORM_CLIENT;
    int result = asked->listen_tls == NULL ? WHY_OK : make_certs(conformance, error, sizeof error);
    if (result != WHY_OK) {
        return fail_to_listen(call, result, error);
    }
    begin_run(conformance, asked->command != NULL  ? asked->command
                           : asked->listen != NULL ? asked->listen
                                                   : asked->listen_tls);
    struct conform_invitation invitation = {
        .stage = conformance->stage,
        .tests = conformance->selection.tests,
        .count = conformance->selection.count,
        .address =
            asked->listen == NULL && asked->listen_tls == NULL ? "127.0.0.1:0" : asked->listen,
        .tls_address = asked->listen_tls,
        .certs = conformance->certs,
        .command = asked->command,
        .jobs = (uint32_t)asked->jobs,
        .idle_ms = (uint32_t)asked->idle_ms,
        .on_ready = on_ready,
        .on_result = on_result,
        .user = conformance,
    };
    result = conform_run_client(&invitation, &conformance->tally, conformance->agent,
                                &conformance->run.trouble, error, sizeof error);
    if (result != WHY_OK) {
        return fail_to_listen(call, result, error);
    }
    conformance->run.target = conformance->target;
    if (asked->agent == NULL && conformance->agent[0] != '\0') {
        conformance->run.agent = conformance->agent;
    }
    return report(conformance);
}

static enum exit_code test(struct conformance *conformance) {
    struct command_call *call = conformance->call;
    const struct conform_options *asked = conformance->asked;
    struct why_loop *loop = why_loop_new();
    if (loop == NULL) {
        output_diagnostic(&call->output, tr(call->output.lang, "a loop could not be made: %s"),
                          strerror(errno));
        return EXIT_CODE_INTERNAL;
    }
    struct why_options own = why_options_default(why_loop_host(loop));
    own.head_len_max = HEAD_MAX;
    conformance->stage = (struct conform_stage){
        .loop = loop,
        .options = &own,
        .headers = asked->headers.items,
        .header_count = asked->headers.count,
        .limit_ms = (uint32_t)asked->timeout_ms,
        .keeps_all = asked->report.verbose,
    };
    watch_signals(loop);
    bool is_server = conformance->call->operand_count > 0;
    enum exit_code code = is_server ? test_server(conformance) : test_client(conformance);
    conform_tally_clear(&conformance->tally);
    conform_secure_free(conformance->stage.secure);
    conform_certs_free(conformance->certs);
    why_text_clear(&conformance->command);
    why_loop_free(loop);
    return code;
}

/* What is asked to be played: one server, or clients. */
static enum exit_code check_target(const struct command_call *call,
                                   const struct conform_options *asked) {
    enum why_lang lang = call->output.lang;
    if (call->operand_count > 1) {
        return command_usage_error(call, call->operands[1],
                                   call->json ? tr(lang, "this is one too many; is --json=FILE "
                                                         "meant?")
                                              : tr(lang, "this is one too many"));
    }
    bool is_for_clients =
        asked->listen != NULL || asked->listen_tls != NULL || asked->command != NULL;
    if ((call->operand_count > 0) == is_for_clients) {
        return command_usage_error(
            call, NULL,
            tr(lang, "whom to test? a URL for a server; --listen or --run for clients"));
    }
    return EXIT_CODE_OK;
}

static enum exit_code run_conform(struct command_call *call) {
    const struct conform_options *asked = call->options;
    if (asked->report.is_report) {
        return conform_report_again(call, &asked->report);
    }
    struct conformance conformance = {.call = call, .asked = asked};
    enum exit_code code =
        conform_select(call, &asked->files, &asked->wanted, &conformance.selection);
    const struct conform_selection *selection = &conformance.selection;
    if (code == EXIT_CODE_OK && asked->list) {
        conform_show_list(&call->output, selection->tests, selection->count);
    } else if (code == EXIT_CODE_OK && asked->autobahn_ids) {
        conform_show_autobahn(&call->output, selection->tests, selection->count);
    } else if (code == EXIT_CODE_OK) {
        code = check_target(call, asked);
        code = code == EXIT_CODE_OK
                   ? conform_report_baseline(call, &asked->report, &conformance.baseline)
                   : code;
        code = code == EXIT_CODE_OK ? test(&conformance) : code;
    }
    conform_reading_clear(&conformance.baseline);
    conform_selection_clear(&conformance.selection);
    return code;
}

const struct command command_conform = {
    .name = "conform",
    .operands = N_("[URL | RESULT ...]"),
    .operands_min = 0,
    .operands_max = SIZE_MAX, /* of results; of URLs one, see check_target() */
    .summary = N_("does a server or a client keep to the RFCs? the conformance suite"),
    .description =
        N_("Plays its cases against an echo server, or against clients that echo: opening "
           "handshakes, frames, UTF-8, closes, compression, limits, TLS. Each case that fails is "
           "shown with the clause, what "
           "was expected and why, the bytes both ways with the decisive one marked, and the line "
           "that runs it alone.\n"
           "A case must, should or may (info) pass. The exit code is 1 where one fails that must; "
           "with --strict also where one does that should; with --baseline where one that must or "
           "should pass has become worse, and nowhere else. With --report findings alone are 0. A "
           "peer that crashes or hangs is recognised, and the case named."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .shared = &conform_report_rows,
    .options_size = sizeof(struct conform_options),
    .defaults = &defaults,
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_conform,
};
