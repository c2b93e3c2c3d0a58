/* SPDX-License-Identifier: MIT
 *
 * whysocket serve: a server that echoes, passes on by topic, and tells why each connection closed.
 */
#include "cmd/command.h"
#include "cmd/serve_certs.h"
#include "cmd/serve_worker.h"
#include "core/http_field.h"
#include "core/origin.h"
#include "why/i18n.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS_MAX = 256,
    ERROR_MAX = 512,
    JOIN_WAIT_S = 6, /* the deadline of worker_stop(), and a bit */
};

struct serve_options {
    struct arg_list listen, listen_tls, origins, hosts, certs, keys;
    const char *cacert, *client_trust;
    uint64_t idle_ms, ping_ms, message_max, threads;
    int backend; /* enum why_loop_backend */
};

static const char *const backends[] = {
    [WHY_LOOP_AUTO] = "auto", [WHY_LOOP_EPOLL] = "epoll", [WHY_LOOP_IO_URING] = "io_uring", NULL};

static const struct serve_options defaults = {
    .ping_ms = 30000,
    .message_max = 16 << 20,
    .threads = 1,
};

#define FIELD(name) offsetof(struct serve_options, name)

static const struct arg_option options[] = {
    {.name = "listen",
     .alias = 'l',
     .kind = ARG_LIST,
     .value = N_("ADDR:PORT"),
     .help = N_("listen here for ws:// (127.0.0.1:9001); [::1]:9001, :9001 for any address, "
                "unix:/path; may be repeated"),
     .offset = FIELD(listen)},
    {.name = "listen-tls",
     .kind = ARG_LIST,
     .value = N_("ADDR:PORT"),
     .help = N_("listen here for wss://; needs --cert; may be repeated"),
     .offset = FIELD(listen_tls)},
    {.name = "cert",
     .kind = ARG_LIST,
     .value = N_("FILE"),
     .help = N_("our certificate, then its intermediates (PEM); may be repeated, each with its "
                "--key: the first that has the name asked for is shown, else the first"),
     .offset = FIELD(certs)},
    {.name = "key",
     .kind = ARG_LIST,
     .value = N_("FILE"),
     .help = N_("its private key (PEM); else it is looked for in --cert"),
     .offset = FIELD(keys)},
    {.name = "cacert",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("ask clients for a certificate, and accept those that this CA signed (PEM)"),
     .offset = FIELD(cacert)},
    {.name = "client-trust",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("what clients trust, if not this system's store (PEM): to say why one turned our "
                "certificate down"),
     .offset = FIELD(client_trust)},
    {.name = "origin",
     .kind = ARG_LIST,
     .value = N_("ORIGIN"),
     .help = N_("let in pages of https://app.example alone, exactly; \"any\" lets in all; else "
                "pages of this host; may be repeated"),
     .offset = FIELD(origins)},
    {.name = "host",
     .kind = ARG_LIST,
     .value = N_("NAME"),
     .help = N_("a name of this host, for its own pages, beside localhost; may be repeated"),
     .offset = FIELD(hosts)},
    {.name = "idle",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("close with 1001 what has sent no message for so long (0: never, as it is)"),
     .offset = FIELD(idle_ms),
     .max = UINT32_MAX},
    {.name = "ping",
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("ask after so long a silence whether the peer is there (30s; 0: never)"),
     .offset = FIELD(ping_ms),
     .max = UINT32_MAX},
    {.name = "max-message",
     .kind = ARG_SIZE,
     .value = N_("BYTES"),
     .help = N_("close with 1009 what sends a longer message (16M)"),
     .offset = FIELD(message_max),
     .min = 1,
     .max = UINT64_C(1) << 32},
    {.name = "threads",
     .kind = ARG_NUMBER,
     .value = N_("NUMBER"),
     .help = N_("threads, each with a loop of its own (1)"),
     .offset = FIELD(threads),
     .min = 1,
     .max = THREADS_MAX},
    {.name = "loop",
     .kind = ARG_CHOICE,
     .value = N_("KIND"),
     .help =
         N_("what the loops ask the kernel with: auto (what is faster and allowed here), epoll, "
            "io_uring"),
     .offset = FIELD(backend),
     .choices = backends},
};

static const struct command_example examples[] = {
    {"whysocket serve", N_("echo on ws://127.0.0.1:9001/, and a page at http://127.0.0.1:9001/")},
    {"whysocket serve --listen-tls :9443 --cert cert.pem --key key.pem",
     N_("ws:// and wss:// at once")},
    {"kill -HUP PID", N_("read the certificates again, after they were renewed")},
    {"whysocket serve --listen :8080 --origin https://app.example --threads 2",
     N_("for the pages of one site")},
    {"whysocket serve --json | jq 'select(.event==\"close\").record.cause'",
     N_("the causes of all closes, as they come")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {EXIT_CODE_OK, EXIT_CODE_USAGE, EXIT_CODE_TCP,
                                            EXIT_CODE_INTERNAL};

/* ---- What was asked for ---- */

/* What can match nothing would keep all pages out, and say 403 to each instead of this once. */
static enum exit_code check_origins(const struct command_call *call,
                                    const struct serve_options *asked) {
    enum why_lang lang = call->output.lang;
    for (size_t i = 0; i < asked->origins.count; i++) {
        const char *origin = asked->origins.items[i];
        if (strcmp(origin, "any") != 0 && !why__is_origin(origin)) {
            return command_usage_error(call, origin,
                                       tr(lang, "this is no origin; one is SCHEME://HOST[:PORT], "
                                                "as https://app.example, with nothing after it"));
        }
    }
    for (size_t i = 0; i < asked->hosts.count; i++) {
        struct why__authority authority;
        if (!why__authority_read(why__bytes_of(asked->hosts.items[i]), &authority)) {
            return command_usage_error(
                call, asked->hosts.items[i],
                tr(lang, "this is no name of a host; one is HOST[:PORT], as app.example"));
        }
    }
    return EXIT_CODE_OK;
}

static enum exit_code check_options(const struct command_call *call,
                                    const struct serve_options *asked) {
    enum why_lang lang = call->output.lang;
    if (asked->listen_tls.count > 0 && asked->certs.count == 0) {
        return command_usage_error(call, "--listen-tls", tr(lang, "wss:// needs --cert and --key"));
    }
    if (asked->listen_tls.count == 0 && (asked->certs.count > 0 || asked->keys.count > 0 ||
                                         asked->cacert != NULL || asked->client_trust != NULL)) {
        return command_usage_error(call, "--cert",
                                   tr(lang, "a certificate is for --listen-tls, which is missing"));
    }
    if (asked->keys.count > 0 && asked->keys.count != asked->certs.count) {
        return command_usage_error(call, "--key",
                                   tr(lang, "give as many keys as certificates, in their order"));
    }
    return check_origins(call, asked);
}

static struct why_origin_policy origin_policy(const struct serve_options *asked) {
    struct why_origin_policy policy = {
        .mode = WHY_ORIGIN_SAME, .hosts = asked->hosts.items, .host_count = asked->hosts.count};
    if (asked->origins.count > 0) {
        policy.mode = WHY_ORIGIN_LIST;
        policy.origins = asked->origins.items;
        policy.origin_count = asked->origins.count;
    }
    for (size_t i = 0; i < asked->origins.count; i++) {
        if (strcmp(asked->origins.items[i], "any") == 0) {
            policy.mode = WHY_ORIGIN_ANY;
        }
    }
    return policy;
}

static struct why_options limits_of(const struct serve_options *asked) {
    struct why_options limits = why_options_default(NULL);
    limits.message_len_max = asked->message_max;
    limits.idle_timeout_ms = (uint32_t)asked->idle_ms;
    limits.ping_interval_ms = (uint32_t)asked->ping_ms;
    return limits;
}

/* ---- Listening ---- */

static enum exit_code listen_failed(const struct command_call *call, int result,
                                    const char *error) {
    struct why_text shown = {0};
    why_text_append_untrusted(&shown, error, strlen(error));
    output_diagnostic(&call->output, "%s", shown.data == NULL ? "" : shown.data);
    why_text_clear(&shown);
    return result == WHY_ERR_SYSTEM                                 ? EXIT_CODE_TCP
           : result == WHY_ERR_ARGUMENT || result == WHY_ERR_CONFIG ? EXIT_CODE_USAGE
                                                                    : EXIT_CODE_INTERNAL;
}

static bool is_path(const char *address) {
    return strncmp(address, "unix:", 5) == 0;
}

/* The first worker takes the address, and with port 0 a port; the others share what it got. A unix
 * socket's path cannot be shared: it is the first worker's alone. */
static enum exit_code listen_on(const struct command_call *call, struct serve_plan *plan,
                                const char *address, const struct why_tls_config *tls,
                                size_t *listener) {
    char error[ERROR_MAX] = "";
    size_t listening_count = is_path(address) ? 1 : plan->worker_count;
    for (size_t i = 0; i < listening_count; i++) {
        const char *where =
            i == 0 ? address : why_server_address(plan->workers[0].server, *listener);
        int result = why_server_listen(plan->workers[i].server, where, tls, error, sizeof error);
        if (result != WHY_OK) {
            return listen_failed(call, result, error);
        }
        if (i == 0 && error[0] != '\0') {
            output_diagnostic(&call->output, "%s", error); /* a certificate that expired, say */
        }
    }
    /* A name may stand for several addresses. */
    const char *bound = NULL;
    while ((bound = why_server_address(plan->workers[0].server, *listener)) != NULL) {
        serve_log_listening(plan->log, bound, tls != NULL);
        (*listener)++;
    }
    return EXIT_CODE_OK;
}

static enum exit_code listen_on_all(const struct command_call *call,
                                    const struct serve_options *asked, struct serve_plan *plan) {
    static const char *const default_address = "127.0.0.1:9001";
    size_t listener = 0;
    bool is_default = asked->listen.count == 0 && asked->listen_tls.count == 0;
    size_t plain_count = is_default ? 1 : asked->listen.count;
    for (size_t i = 0; i < plain_count; i++) {
        const char *address = is_default ? default_address : asked->listen.items[i];
        enum exit_code code = listen_on(call, plan, address, NULL, &listener);
        if (code != EXIT_CODE_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < asked->listen_tls.count; i++) {
        enum exit_code code =
            listen_on(call, plan, asked->listen_tls.items[i], plan->tls, &listener);
        if (code != EXIT_CODE_OK) {
            return code;
        }
    }
    return EXIT_CODE_OK;
}

/* For a person at a terminal: what to do next. */
static void print_hints(const struct command_call *call, const struct serve_plan *plan) {
    const char *address = why_server_address(plan->workers[0].server, 0);
    if (call->json || is_path(address)) {
        return;
    }
    enum why_lang lang = call->output.lang;
    bool is_tls = plan->tls != NULL && call->options != NULL &&
                  ((const struct serve_options *)call->options)->listen.count == 0;
    printf("%s\n", tr(lang, "Try, in another terminal:"));
    printf("  %s check %s://%s/echo\n", call->program, is_tls ? "wss" : "ws", address);
    printf("  %s connect %s://%s/echo\n", call->program, is_tls ? "wss" : "ws", address);
    printf("  %s compare 1007 1015\n", call->program);
    printf(tr(lang, "or open %s://%s/ in a browser. A line follows for each connection that "
                    "closes; Ctrl-C stops.\n"),
           is_tls ? "https" : "http", address);
    fflush(stdout);
}

/* ---- Running ---- */

static void *run_thread(void *argument) {
    worker_run(argument);
    return NULL;
}

/* Signals go to the thread that waits for them, and a second one ends at once. A terminal that went
 * away says SIGHUP; nohup has it ignored, and what is waited for no longer is: but where there are
 * certificates to be read again it is always heard. */
static void block_signals(sigset_t *signals, bool with_reload) {
    struct sigaction hangup;
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    if (with_reload || (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)) {
        sigaddset(signals, SIGHUP);
    }
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static bool stdout_takes_more(void) {
    struct pollfd stdout_fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&stdout_fd, 1, 0) > 0;
}

/* A thread that does not end waits for who reads stdout, a terminal that was stopped with Ctrl-S
 * say, and holds what exit() would wait for; or the machine has much else to do. */
static void join_workers(const struct command_call *call, const struct serve_plan *plan) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += JOIN_WAIT_S;
    for (size_t i = 0; i < plan->worker_count && plan->workers[i].is_running; i++) {
        while (pthread_clockjoin_np(plan->workers[i].thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
            if (!stdout_takes_more()) {
                fprintf(stderr, "%s: %s\n", call->output.command,
                        tr(call->output.lang, "cannot write the result: nobody reads stdout"));
                _exit(EXIT_CODE_INTERNAL);
            }
            until.tv_sec++;
        }
    }
}

/* Until one of them says to stop. */
static void wait_for_end(const struct serve_plan *plan, const sigset_t *signals) {
    bool had_terminal = serve_certs_has_terminal();
    int signal = 0;
    while (sigwait(signals, &signal) == 0 && signal == SIGHUP && plan->tls != NULL &&
           serve_certs_is_reload(had_terminal)) {
        serve_certs_reload(plan);
    }
}

static enum exit_code run_workers(const struct command_call *call, struct serve_plan *plan,
                                  const sigset_t *signals) {
    for (size_t i = 0; i < plan->worker_count; i++) {
        struct worker *worker = &plan->workers[i];
        int error = pthread_create(&worker->thread, NULL, run_thread, worker);
        worker->is_running = error == 0;
        if (error != 0) {
            output_diagnostic(&call->output,
                              tr(call->output.lang, "a thread could not be started: %s"),
                              strerror(error));
            break;
        }
    }
    bool all_run = plan->workers[plan->worker_count - 1].is_running;
    if (all_run) {
        wait_for_end(plan, signals);
        pthread_sigmask(SIG_UNBLOCK, signals, NULL);
    }
    for (size_t i = 0; i < plan->worker_count && plan->workers[i].is_running; i++) {
        worker_stop(&plan->workers[i]);
    }
    join_workers(call, plan);
    for (size_t i = 0; i < plan->worker_count; i++) {
        worker_drain(&plan->workers[i]);
    }
    int error = serve_log_write_error(plan->log);
    if (error != 0) {
        output_diagnostic(&call->output, tr(call->output.lang, "cannot write the result: %s"),
                          strerror(error));
    }
    return all_run && error == 0 ? EXIT_CODE_OK : EXIT_CODE_INTERNAL;
}

static bool init_workers(const struct command_call *call, struct serve_plan *plan, size_t count) {
    plan->workers = calloc(count, sizeof *plan->workers);
    for (size_t i = 0; plan->workers != NULL && i < count; i++) {
        if (!worker_init(&plan->workers[i], plan, i == 0)) {
            output_diagnostic(&call->output, tr(call->output.lang, "a loop could not be made: %s"),
                              strerror(errno));
            return false;
        }
        plan->worker_count++;
    }
    return plan->workers != NULL;
}

/* Each connection is a descriptor: take as many as the administrator allows. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum exit_code run_serve(struct command_call *call) {
    const struct serve_options *asked = call->options;
    enum exit_code code = check_options(call, asked);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    raise_file_limit();
    sigset_t signals;
    block_signals(&signals, asked->listen_tls.count > 0);
    struct why_tls_config tls = {.ca_file = asked->cacert,
                                 .client_trust_file = asked->client_trust};
    struct why_tls_pair *pairs = NULL;
    struct serve_plan plan = {
        .limits = limits_of(asked),
        .origin = origin_policy(asked),
        .tls = asked->listen_tls.count > 0 ? &tls : NULL,
        .backend = (enum why_loop_backend)asked->backend,
        .log = serve_log_new(call->output.lang, call->json),
    };
    code = EXIT_CODE_INTERNAL;
    if (plan.log != NULL && serve_certs_config(&asked->certs, &asked->keys, &tls, &pairs) &&
        init_workers(call, &plan, (size_t)asked->threads)) {
        code = listen_on_all(call, asked, &plan);
        if (code == EXIT_CODE_OK) {
            print_hints(call, &plan);
            code = run_workers(call, &plan, &signals);
        }
    }
    for (size_t i = 0; i < plan.worker_count; i++) {
        worker_clear(&plan.workers[i]);
    }
    free(plan.workers);
    free(pairs);
    serve_log_free(plan.log);
    return code;
}

const struct command command_serve = {
    .name = "serve",
    .operands = "",
    .summary = N_("a server that echoes, and tells why each connection closed"),
    .description =
        N_("Listens for WebSocket connections. Any path sends every message back; /topic/NAME "
           "passes what one sends to all others there. A line on stdout tells of each connection "
           "that ended, with its cause; with --json it is the whole close record.\n"
           "In a browser: / is a page with the last closes, /metrics is for Prometheus, /healthz "
           "for whoever asks whether it lives.\n"
           "It takes as many connections as the limit of open files allows, less a few; the limit "
           "is raised as far as the administrator lets it (ulimit -Hn). Past it new ones wait."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(struct serve_options),
    .defaults = &defaults,
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_serve,
};
