/* SPDX-License-Identifier: MIT
 *
 * whysocket bench: how fast is a server that echoes? An honest load generator.
 */
#include "bench/mix.h"
#include "bench/report.h"
#include "bench/run.h"
#include "cmd/bench_compare.h"
#include "cmd/command.h"
#include "cmd/dial_options.h"
#include "why/i18n.h"
#include "whysocket/version.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 1000000,
    DESCRIPTORS_SPARE = 32, /* of the process itself */
    QUEUE_MIN = 64 << 20,
    ERROR_MAX = 512,
};

struct bench_options {
    struct dial_options dial; /* first: its rows are shared */
    uint64_t connections, rate, in_flight, size, duration_ms, warm_up_ms, ramp_ms, think_ms, count;
    uint64_t pid;
    int kind; /* enum bench_kind */
    const char *mix, *html, *json_file;
    bool deflate, is_comparison;
};

static const struct bench_options defaults = {
    .dial = DIAL_DEFAULTS, .connections = 10, .size = 64, .warm_up_ms = 1000};

#define FIELD(name) offsetof(struct bench_options, name)
#define YEAR_MS UINT64_C(31536000000)

static const struct arg_option options[] = {
    {.name = "connections",
     .alias = 'c',
     .kind = ARG_NUMBER,
     .value = "N",
     .help = N_("connections at once (10)"),
     .offset = FIELD(connections),
     .min = 1,
     .max = CONNECTIONS_MAX},
    {.name = "rate",
     .alias = 'r',
     .kind = ARG_NUMBER,
     .value = "N",
     .help = N_("open model: so many messages a second in all, on schedule whatever becomes of "
                "those before; each is measured from when it was due"),
     .offset = FIELD(rate),
     .min = 1,
     .max = 100000000},
    {.name = "in-flight",
     .alias = 'f',
     .kind = ARG_NUMBER,
     .value = "N",
     .help = N_("closed model: so many messages under way on each connection, the next as a reply "
                "comes (1)"),
     .offset = FIELD(in_flight),
     .min = 1,
     .max = 65536},
    {.name = "think",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("closed model: wait so long between a reply and the next message"),
     .offset = FIELD(think_ms),
     .max = YEAR_MS},
    {.name = "duration",
     .alias = 'd',
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("measure so long (10s; with --count: until all are answered)"),
     .offset = FIELD(duration_ms),
     .max = YEAR_MS},
    {.name = "count",
     .alias = 'n',
     .kind = ARG_NUMBER,
     .value = "N",
     .help = N_("measure so many messages"),
     .offset = FIELD(count),
     .min = 1,
     .max = UINT64_MAX / 2},
    {.name = "warm-up",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("let messages flow so long before measuring (1s)"),
     .offset = FIELD(warm_up_ms),
     .max = YEAR_MS},
    {.name = "ramp",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("open the connections, and raise the rate, evenly over this time"),
     .offset = FIELD(ramp_ms),
     .max = YEAR_MS},
    {.name = "size",
     .kind = ARG_SIZE,
     .value = N_("SIZE"),
     .help = N_("bytes of a message (64)"),
     .offset = FIELD(size),
     .max = BENCH_SIZE_MAX},
    {.name = "kind",
     .kind = ARG_CHOICE,
     .choices = bench_kind_names,
     .help = N_("text: JSON; utf8: text in several scripts; binary: bytes that do not compress"),
     .offset = FIELD(kind)},
    {.name = "mix",
     .kind = ARG_STRING,
     .value = N_("KIND:SIZE*WEIGHT,..."),
     .help =
         N_("several kinds and sizes, each as often as its weight says: text:20*8,binary:64K*2"),
     .offset = FIELD(mix)},
    {.name = "deflate",
     .kind = ARG_FLAG,
     .help = N_("offer permessage-deflate"),
     .offset = FIELD(deflate)},
    {.name = "pid",
     .kind = ARG_NUMBER,
     .value = "PID",
     .help = N_("the server's process, for its use of processor and memory; else who listens on "
                "that port is looked for, on this machine"),
     .offset = FIELD(pid),
     .min = 1,
     .max = INT32_MAX},
    {.name = "html",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("write a page with plots, that needs nothing else; - is stdout, here and below"),
     .offset = FIELD(html)},
    {.name = "json",
     .kind = ARG_ATTACHED,
     .value = N_("FILE"),
     .help = N_("write JSON into a file, which --compare reads"),
     .offset = FIELD(json_file)},
    {.name = "compare",
     .kind = ARG_FLAG,
     .help = N_("measure nothing; set two results of --json side by side, with ratios, and say "
                "what is within noise"),
     .offset = FIELD(is_comparison)},
};

static const struct command_example examples[] = {
    {"whysocket bench ws://127.0.0.1:9001/echo",
     N_("what ten connections get out of it, a message at a time")},
    {"whysocket bench ws://127.0.0.1:9001/echo -c 100 --rate 20000 --html bench.html",
     N_("latency at a given load, with plots")},
    {"whysocket bench ws://127.0.0.1:9001/echo --mix text:200*9,binary:64K --deflate",
     N_("several kinds of messages, compressed")},
    {"whysocket bench wss://localhost:9443/echo --insecure --json=before.json",
     N_("over TLS, kept for a comparison")},
    {"whysocket bench --compare before.json after.json", N_("what has changed")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {
    EXIT_CODE_OK,       EXIT_CODE_FINDING,       EXIT_CODE_USAGE,    EXIT_CODE_DNS,
    EXIT_CODE_TCP,      EXIT_CODE_TIMEOUT,       EXIT_CODE_PROXY,    EXIT_CODE_TLS,
    EXIT_CODE_HTTP,     EXIT_CODE_NOT_WEBSOCKET, EXIT_CODE_PROTOCOL, EXIT_CODE_PEER_CLOSED,
    EXIT_CODE_ABNORMAL, EXIT_CODE_INTERNAL,
};

/* ---- Checking ---- */

static enum exit_code check_model(const struct command_call *call,
                                  const struct bench_options *asked) {
    enum why_lang lang = call->output.lang;
    if (call->operand_count != 1) {
        return call->operand_count == 0
                   ? command_usage_error(call, NULL, tr(lang, "which server? its URL is missing"))
                   : command_usage_error(call, call->operands[1], tr(lang, "this is one too many"));
    }
    if (asked->rate > 0 && (asked->in_flight > 0 || asked->think_ms > 0)) {
        return command_usage_error(call, "--rate",
                                   tr(lang, "sends on schedule: --in-flight and --think are of the "
                                            "other model"));
    }
    return EXIT_CODE_OK;
}

/* Each connection is a descriptor: take as many as the administrator allows. */
static enum exit_code check_descriptors(const struct command_call *call, uint64_t connections) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return EXIT_CODE_OK;
    }
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (connections + DESCRIPTORS_SPARE <= limit.rlim_max) {
        return EXIT_CODE_OK;
    }
    output_diagnostic(&call->output,
                      tr(call->output.lang, "%llu connections are more than the limit of open "
                                            "files, %llu, allows (ulimit -n)"),
                      (unsigned long long)connections, (unsigned long long)limit.rlim_max);
    return EXIT_CODE_USAGE;
}

static enum exit_code make_mix(const struct command_call *call, const struct bench_options *asked,
                               struct bench_mix *mix) {
    enum why_lang lang = call->output.lang;
    enum bench_mix_error error = BENCH_MIX_OK;
    if (asked->mix != NULL) {
        error = bench_mix_read(mix, asked->mix);
    } else if (!bench_mix_add(mix, (enum bench_kind)asked->kind, asked->size, 1)) {
        error = BENCH_MIX_NOMEM;
    }
    switch (error) {
    case BENCH_MIX_OK:
        return EXIT_CODE_OK;
    case BENCH_MIX_WRONG:
        return command_usage_error(call, asked->mix,
                                   tr(lang, "is no mix: text:20*8,utf8:1K,binary:64K*2, say"));
    case BENCH_MIX_LIMIT:
        return command_usage_error(
            call, asked->mix, tr(lang, "is too much: 16 kinds, weights of 1000, 256M a message"));
    case BENCH_MIX_NOMEM:
        break;
    }
    output_diagnostic(&call->output, "%s", tr(lang, "out of memory"));
    return EXIT_CODE_INTERNAL;
}

/* ---- Progress ---- */

static void on_progress(void *user, enum bench_phase phase, const struct bench_result *result) {
    const struct output *output = user;
    enum why_lang lang = output->lang;
    fprintf(stderr, "\r\033[K");
    switch (phase) {
    case BENCH_PHASE_OPENING:
        fprintf(stderr, tr(lang, "opening: %u of %u connections"), result->opened,
                result->asked.connections);
        break;
    case BENCH_PHASE_WARMING:
        fprintf(stderr, "%s", tr(lang, "warming up"));
        break;
    case BENCH_PHASE_MEASURING:
        fprintf(stderr, tr(lang, "measuring: %llu messages answered"),
                (unsigned long long)result->answered);
        if (result->slot_count > 0) {
            const struct bench_slot *slot = &result->slots[result->slot_count - 1];
            fprintf(stderr, tr(lang, ", %.0f a second, p99 %.3f ms"),
                    (double)slot->replies * 1e9 / (double)slot->ns, (double)slot->p99_ns / 1e6);
        }
        break;
    case BENCH_PHASE_DRAINING:
    case BENCH_PHASE_ENDING:
    case BENCH_PHASE_DONE:
        fprintf(stderr, "%s", tr(lang, "waiting for the last replies and the closes"));
        break;
    }
    fflush(stderr);
}

/* ---- The end by a signal ---- */

/* A handler gets no argument. It is set while a loop runs, in the thread that runs it. */
static struct why_loop *loop_to_stop;

static void on_signal(int number) {
    (void)number;
    why_loop_stop(loop_to_stop);
}

static void watch_signals(struct why_loop *loop) {
    struct sigaction action = {.sa_handler = on_signal};
    loop_to_stop = loop;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

static void unwatch_signals(void) {
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
}

/* ---- Reports ---- */

typedef void write_report(const struct bench_result *result, enum why_lang lang,
                          struct why_text *text);

static enum exit_code write_as(struct command_call *call, const char *path,
                               const struct bench_result *result, write_report *write) {
    struct why_text text = {0};
    if (path == NULL) {
        return EXIT_CODE_OK;
    }
    write(result, call->output.lang, &text);
    enum exit_code code = output_file(&call->output, path, &text);
    why_text_clear(&text);
    return code;
}

static bool is_stdout(const char *path) {
    return path != NULL && strcmp(path, "-") == 0;
}

static enum exit_code report(struct command_call *call, const struct bench_result *result) {
    const struct bench_options *asked = call->options;
    if (!call->json && !is_stdout(asked->json_file) && !is_stdout(asked->html)) {
        struct why_text text = {0};
        bench_report_text(result, call->output.lang, &text);
        output_document(&call->output, text.data == NULL ? "" : text.data);
        why_text_clear(&text);
    }
    enum exit_code codes[] = {
        write_as(call, call->json ? "-" : NULL, result, bench_report_json),
        write_as(call, asked->json_file, result, bench_report_json),
        write_as(call, asked->html, result, bench_report_html),
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        if (codes[i] != EXIT_CODE_OK) {
            return codes[i];
        }
    }
    if (result->opened == 0 && result->closes.count > 0) {
        return exit_code_of(result->closes.rows[0].first);
    }
    return bench_is_clean(result) ? EXIT_CODE_OK : EXIT_CODE_FINDING;
}

/* ---- The run ---- */

static void fill_asked(const struct command_call *call, const char *date, const char *messages,
                       struct bench_asked *out) {
    const struct bench_options *asked = call->options;
    bool has_end = asked->duration_ms > 0 || asked->count > 0;
    *out = (struct bench_asked){
        .url = call->operands[0],
        .version = why_version(),
        .date = date,
        .messages = messages,
        .connections = (uint32_t)asked->connections,
        .rate = (double)asked->rate,
        .in_flight = asked->rate > 0        ? 0
                     : asked->in_flight > 0 ? (uint32_t)asked->in_flight
                                            : 1,
        .deflate = asked->deflate,
        .ramp_ms = asked->ramp_ms,
        .warm_up_ms = asked->warm_up_ms,
        .think_ms = asked->think_ms,
        .duration_ms = has_end ? asked->duration_ms : 10000,
        .count = asked->count,
    };
}

/* What one connection may have to hold: all that is in flight, or in the open model what a server
 * that stalls lets wait. */
static size_t queue_for(const struct bench_mix *mix, uint64_t in_flight) {
    size_t largest = 0;
    for (size_t i = 0; i < mix->count; i++) {
        largest = mix->items[i].data.len > largest ? mix->items[i].data.len : largest;
    }
    size_t all = (largest + 16) * (in_flight == 0 ? 1 : (size_t)in_flight);
    return all > QUEUE_MIN ? all : QUEUE_MIN;
}

static enum exit_code run_plan(struct command_call *call, struct dial *dial,
                               struct bench_plan *plan, struct bench_result *result) {
    const struct bench_options *asked = call->options;
    char error[ERROR_MAX] = "";
    dial->options.deflate = asked->deflate;
    dial->options.message_len_max = BENCH_SIZE_MAX;
    dial->options.send_queue_max = queue_for(plan->mix, asked->in_flight);
    plan->config = dial->config;
    watch_signals(plan->loop);
    int code = bench_run(plan, result, error, sizeof error);
    int os_error = errno;
    unwatch_signals();
    if (plan->on_progress != NULL) {
        fprintf(stderr, "\r\033[K");
    }
    if (code == WHY_ERR_SYSTEM) {
        output_diagnostic(&call->output, tr(call->output.lang, "a loop could not be made: %s"),
                          strerror(os_error));
        return EXIT_CODE_INTERNAL;
    }
    return code == WHY_OK ? report(call, result) : dial_failed(dial, call, code, error);
}

static enum exit_code run_mix(struct command_call *call, struct why_loop *loop,
                              struct bench_mix *mix, struct bench_result *result) {
    const struct bench_options *asked = call->options;
    struct dial dial = {.key_log = -1};
    struct why_text messages = {0};
    char date[32] = "";
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) != NULL) {
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    bench_mix_write(mix, &messages);
    fill_asked(call, date, messages.data == NULL ? "" : messages.data, &result->asked);
    struct bench_plan plan = {
        .loop = loop,
        .mix = mix,
        .patience_ms = asked->dial.timeout_ms == 0 ? 10000 : asked->dial.timeout_ms,
        .pid = (int)asked->pid,
        .on_progress = isatty(STDERR_FILENO) == 1 ? on_progress : NULL,
        .user = &call->output,
    };
    enum exit_code code = dial_init(&dial, call, &asked->dial, call->operands[0], loop);
    if (code == EXIT_CODE_OK) {
        code = run_plan(call, &dial, &plan, result);
    }
    dial_clear(&dial);
    why_text_clear(&messages);
    return code;
}

static enum exit_code measure(struct command_call *call) {
    const struct bench_options *asked = call->options;
    struct bench_mix mix = {0};
    struct bench_result *result = calloc(1, sizeof *result);
    struct why_loop *loop = why_loop_new();
    enum exit_code code = make_mix(call, asked, &mix);
    if (loop == NULL || result == NULL) {
        output_diagnostic(&call->output, tr(call->output.lang, "a loop could not be made: %s"),
                          strerror(errno));
        code = EXIT_CODE_INTERNAL;
    }
    if (code == EXIT_CODE_OK) {
        code = run_mix(call, loop, &mix, result);
    }
    if (result != NULL) {
        bench_closes_clear(&result->closes);
    }
    why_loop_free(loop);
    free(result);
    bench_mix_clear(&mix);
    return code;
}

static enum exit_code run_bench(struct command_call *call) {
    const struct bench_options *asked = call->options;
    if (asked->is_comparison) {
        return bench_compare_files(call);
    }
    enum exit_code code = check_model(call, asked);
    code = code == EXIT_CODE_OK ? check_descriptors(call, asked->connections) : code;
    return code == EXIT_CODE_OK ? measure(call) : code;
}

const struct command command_bench = {
    .name = "bench",
    .operands = N_("[URL | A.json B.json]"),
    .operands_min = 0,
    .operands_max = 2,
    .summary = N_("how fast is a server? an honest load generator"),
    .description =
        N_("Sends messages to a server that echoes, and measures how long the replies take: by "
           "percentiles, over time, with what the server used of processor and memory where it "
           "runs on this machine. How each connection ended is counted by cause.\n"
           "With --rate messages go out on schedule, and their time begins when they were due: a "
           "server that stalls cannot hide it by not being asked (coordinated omission). Without, "
           "each connection sends as replies come, which shows the most that a server can do, and "
           "says little of latency under load.\n"
           "Where this program itself is the limit, it says so. The exit code is 1 where a message "
           "was not answered, or a connection ended otherwise than in order, and with --compare "
           "where the second is worse beyond noise. What --compare calls noise is what varied "
           "within the two runs, and at least 5%; from hour to hour a machine may vary more. "
           "Ctrl-C ends with what there is."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .shared = &dial_option_rows,
    .options_size = sizeof(struct bench_options),
    .defaults = &defaults,
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_bench,
};
