/* SPDX-License-Identifier: MIT
 *
 * whysocket lab: a peer that misbehaves on demand, for those who write clients.
 */
#include "cmd/command.h"
#include "cmd/lab_list.h"
#include "cmd/lab_matrix.h"
#include "lab/server.h"
#include "why/i18n.h"
#include "why/json.h"
#include "why/names.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct lab_options {
    const char *listen, *write_ca, *write_certs;
    struct arg_list modes, clients;
    uint64_t timeout_ms;
    bool list, hosts, matrix;
};

static const struct lab_options defaults = {.listen = "127.0.0.1:9500", .timeout_ms = 3000};

#define FIELD(name) offsetof(struct lab_options, name)

static const struct arg_option options[] = {
    {.name = "listen",
     .alias = 'l',
     .kind = ARG_STRING,
     .value = N_("ADDR:PORT"),
     .help = N_("the TLS port (127.0.0.1:9500); the other ports follow it; port 0 takes free ones"),
     .offset = FIELD(listen)},
    {.name = "list",
     .kind = ARG_FLAG,
     .help = N_("show the modes, with what a correct check says of each, and end"),
     .offset = FIELD(list)},
    {.name = "hosts",
     .kind = ARG_FLAG,
     .help = N_("show the names as lines for /etc/hosts, and end"),
     .offset = FIELD(hosts)},
    {.name = "matrix",
     .kind = ARG_FLAG,
     .help = N_("try the clients of this machine on all modes, show what each says, and end"),
     .offset = FIELD(matrix)},
    {.name = "client",
     .kind = ARG_LIST,
     .value = N_("NAME"),
     .help = N_("with --matrix, this one alone: whysocket, curl, node, python, chromium; may be "
                "repeated"),
     .offset = FIELD(clients)},
    {.name = "timeout",
     .alias = 't',
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("with --matrix, how long a client may take for a mode (3s)"),
     .offset = FIELD(timeout_ms),
     .min = 100,
     .max = 60000},
    {.name = "mode",
     .kind = ARG_LIST,
     .value = N_("NAME"),
     .help = N_("show this mode alone; may be repeated"),
     .offset = FIELD(modes)},
    {.name = "write-ca",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("write the lab's CA there (PEM), for clients to trust"),
     .offset = FIELD(write_ca)},
    {.name = "write-certs",
     .kind = ARG_STRING,
     .value = N_("DIR"),
     .help = N_("write there the CA, the certificates of clients and the revocation lists"),
     .offset = FIELD(write_certs)},
};

static const struct command_example examples[] = {
    {"whysocket lab --write-ca ca.pem", N_("all modes, on ports from 9500 on")},
    {"whysocket check wss://expired.localhost:9500/ --cacert ca.pem",
     N_("in another terminal: what does it say of this one?")},
    {"whysocket lab --list", N_("what there is")},
    {"whysocket lab --list --json | jq -r '.modes[].url'", N_("for a script")},
    {"whysocket lab --matrix --mode expired --mode mtls13-none",
     N_("what curl, node, python and Chromium say of two of them")},
    {"whysocket lab --hosts | sudo tee -a /etc/hosts",
     N_("for clients that do not know that .localhost is this machine")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {EXIT_CODE_OK, EXIT_CODE_USAGE, EXIT_CODE_TCP,
                                            EXIT_CODE_INTERNAL};

/* ---- The log ---- */

struct lab_log {
    pthread_mutex_t lock; /* events come from any thread */
    enum why_lang lang;
    bool json;
};

static void print_line(struct why_text *line) {
    why_text_append(line, "\n");
    if (line->data != NULL) {
        fwrite(line->data, 1, line->len, stdout);
        fflush(stdout);
    }
    why_text_clear(line);
}

static void write_event_json(const struct lab_event *event, struct why_text *line) {
    struct why__json json = {.text = line};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "event", "connection");
    why__json_string_or_null(&json, "mode", event->mode);
    why__json_string_or_null(&json, "server_name", event->name);
    why__json_bool(&json, "handshake", event->handshake_done);
    if (event->alert >= 0) {
        why__json_integer(&json, "alert", event->alert);
    } else {
        why__json_null(&json, "alert");
    }
    why__json_unsigned(&json, "messages", event->message_count);
    why__json_close(&json, '}');
}

static void write_event(const struct lab_event *event, enum why_lang lang, struct why_text *line) {
    why_text_append(line, "%s", *event->mode == '\0' ? "-" : event->mode);
    if (*event->name != '\0') {
        why_text_append(line, " (");
        why_text_append_untrusted(line, event->name, strlen(event->name));
        why_text_append(line, ")");
    }
    why_text_append(line, ": ");
    if (event->handshake_done) {
        why_text_append(line, tr(lang, "TLS stood; messages echoed: %u"), event->message_count);
    } else if (event->alert > 0) {
        why_text_append(line, tr(lang, "the client sent alert %d (%s)"), event->alert,
                        why__alert_name(event->alert));
    } else {
        why_text_append(line, "%s", tr(lang, "no TLS, and no alert of the client's"));
    }
}

static void on_event(void *user, const struct lab_event *event) {
    struct lab_log *log = user;
    struct why_text line = {0};
    if (log->json) {
        write_event_json(event, &line);
    } else {
        write_event(event, log->lang, &line);
    }
    pthread_mutex_lock(&log->lock);
    print_line(&line);
    pthread_mutex_unlock(&log->lock);
}

/* ---- Running ---- */

static enum exit_code report_failure(const struct command_call *call, enum lab_result result,
                                     const struct lab_failure *failure) {
    enum why_lang lang = call->output.lang;
    switch (result) {
    case LAB_OK:
        return EXIT_CODE_OK;
    case LAB_BAD_ADDRESS:
        return command_usage_error(call, failure->text,
                                   tr(lang, "is no address such as 127.0.0.1:9500"));
    case LAB_CANNOT_LISTEN:
        output_diagnostic(&call->output, tr(lang, "cannot listen on %s: %s"), failure->text,
                          strerror(failure->error));
        return EXIT_CODE_TCP;
    case LAB_CANNOT_WRITE:
        output_diagnostic(&call->output, tr(lang, "cannot write %s: %s"), failure->text,
                          strerror(failure->error));
        return EXIT_CODE_USAGE;
    case LAB_FAILED:
        break;
    }
    output_diagnostic(&call->output, "%s", tr(lang, "the lab could not be made"));
    return EXIT_CODE_INTERNAL;
}

/* A line a mode, then one that says that all are there. */
static void announce_json(const struct lab_place *place, enum why_lang lang) {
    struct why_text line = {0};
    struct why__json json = {.text = &line};
    const struct lab_mode *mode = NULL;
    for (size_t index = 0; (mode = lab_place_mode(place, &index)) != NULL;) {
        json = (struct why__json){.text = &line};
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "event", "mode");
        lab_write_mode(place, mode, lang, &json);
        why__json_close(&json, '}');
        why_text_append(&line, "\n");
    }
    json = (struct why__json){.text = &line};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "event", "ready");
    why__json_unsigned(&json, "tls_port", lab_server_port(place->server, NULL));
    why__json_close(&json, '}');
    print_line(&line);
}

static void announce(const struct lab_place *place, enum why_lang lang) {
    struct why_text text = {0};
    const struct lab_mode *mode = NULL;
    for (size_t index = 0; (mode = lab_place_mode(place, &index)) != NULL;) {
        if (mode->where != LAB_BY_NAME) {
            lab_append_host(place, &text);
            why_text_append(&text, ":%u  %-18s %s\n", lab_server_port(place->server, mode),
                            mode->name, tr(lang, mode->what));
        }
    }
    unsigned port = lab_server_port(place->server, NULL);
    if (port != 0) {
        lab_append_host(place, &text);
        why_text_append(&text, ":%u  ", port);
        why_text_append(&text, "%s", tr(lang, "TLS, told by name; whysocket lab --list has them"));
        why_text_append(&text, "\n\n%s\n", tr(lang, "Try, in another terminal:"));
        why_text_append(&text, "  whysocket check wss://expired.localhost:%u/", port);
        if (place->ca_file != NULL) {
            why_text_append(&text, " --cacert %s", place->ca_file);
        } else if (place->folder != NULL) {
            why_text_append(&text, " --cacert %s/ca.pem", place->folder);
        }
    }
    print_line(&text);
}

static enum exit_code serve(struct command_call *call, struct lab_place *place) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    struct lab_log log = {PTHREAD_MUTEX_INITIALIZER, call->output.lang, call->json};
    const struct lab_config config = {
        .address = place->address,
        .kind = place->kind,
        .ca_file = place->ca_file,
        .certs_folder = place->folder,
        .on_event = on_event,
        .user = &log,
    };
    struct lab_server *server = NULL;
    struct lab_failure failure;
    pthread_mutex_lock(&log.lock); /* what is announced comes first */
    enum lab_result result = lab_server_new(&config, &server, &failure);
    if (result == LAB_OK) {
        place->server = server;
        if (call->json) {
            announce_json(place, call->output.lang);
        } else {
            announce(place, call->output.lang);
        }
    }
    pthread_mutex_unlock(&log.lock);
    if (result != LAB_OK) {
        return report_failure(call, result, &failure);
    }
    int signal = 0;
    sigwait(&signals, &signal);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    lab_server_free(server);
    return EXIT_CODE_OK;
}

static enum exit_code show(struct command_call *call, const struct lab_place *place, bool hosts) {
    struct why_text text = {0};
    if (hosts) {
        lab_write_hosts(place, &text);
    } else if (call->json) {
        lab_write_json(place, call->output.lang, &text);
    } else {
        lab_write_list(place, call->output.lang, &text);
    }
    bool failed = text.failed;
    if (failed) {
        output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
    } else if (call->json || hosts) {
        output_text(&call->output, &text);
    } else {
        output_document(&call->output, text.data == NULL ? "" : text.data);
    }
    why_text_clear(&text);
    return failed ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
}

/* ---- The matrix ---- */

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *walk) {
    (void)status;
    (void)flag;
    (void)walk;
    (void)remove(path);
    return 0; /* what cannot be removed stays */
}

/* On free ports, with files in a folder that goes again. */
static enum exit_code run_matrix(struct command_call *call, struct lab_place *place) {
    const struct lab_options *asked = call->options;
    const char *base = getenv("TMPDIR");
    char folder[512];
    (void)snprintf(folder, sizeof folder, "%s/whysocket-lab-XXXXXX",
                   base == NULL || *base == '\0' ? "/tmp" : base);
    if (mkdtemp(folder) == NULL) {
        output_diagnostic(&call->output, tr(call->output.lang, "cannot write %s: %s"), folder,
                          strerror(errno));
        return EXIT_CODE_INTERNAL;
    }
    *place = (struct lab_place){
        .address = "127.0.0.1:0", .folder = folder, .kind = place->kind, .names = place->names};
    const struct lab_config config = {
        .address = place->address, .kind = place->kind, .certs_folder = folder};
    struct lab_server *server = NULL;
    struct lab_failure failure;
    enum lab_result result = lab_server_new(&config, &server, &failure);
    place->server = server;
    enum exit_code code = result == LAB_OK ? lab_matrix_run(call, place, &asked->clients, folder,
                                                            (unsigned)asked->timeout_ms)
                                           : report_failure(call, result, &failure);
    lab_server_free(server);
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return code;
}

static bool read_kind(const struct command_call *call, enum lab_kind *kind) {
    static const char *const names[] = {
        [LAB_KIND_ALL] = "all", [LAB_KIND_TLS] = "tls", [LAB_KIND_RAW] = "raw"};
    *kind = LAB_KIND_ALL;
    for (size_t i = 0; call->operand_count > 0 && i < sizeof names / sizeof *names; i++) {
        if (strcmp(call->operands[0], names[i]) == 0) {
            *kind = (enum lab_kind)i;
            return true;
        }
    }
    return call->operand_count == 0;
}

static enum exit_code run_lab(struct command_call *call) {
    const struct lab_options *asked = call->options;
    enum why_lang lang = call->output.lang;
    struct lab_place place = {.address = asked->listen,
                              .ca_file = asked->write_ca,
                              .folder = asked->write_certs,
                              .names = asked->modes};
    if (!read_kind(call, &place.kind)) {
        return command_usage_error(call, call->operands[0],
                                   tr(lang, "is none of tls, raw and all"));
    }
    for (size_t i = 0; i < asked->modes.count; i++) {
        const char *name = asked->modes.items[i];
        if (lab_mode_find(name, strlen(name)) == NULL) {
            return command_usage_error(call, name, tr(lang, "is no mode; --list shows them"));
        }
    }
    if (asked->list || asked->hosts) {
        return show(call, &place, asked->hosts);
    }
    return asked->matrix ? run_matrix(call, &place) : serve(call, &place);
}

const struct command command_lab = {
    .name = "lab",
    .operands = "[tls|raw|all]",
    .operands_max = 1,
    .summary = N_("a server with every fault of TLS, to try clients on"),
    .description =
        N_("Listens for TLS on one port, where the first label of the server name says which fault "
           "is meant (expired.localhost, wronghost.localhost; the names of badssl.com work as "
           "well), and on one more port each for what goes wrong below or before TLS. What is "
           "healthy has a WebSocket echo behind it. The certificates are made at the start, in "
           "memory; nothing leaves this machine.\n"
           "\"tls\" is the one port alone, \"raw\" the others. On the TLS port, "
           "alert-N.localhost answers with alert N."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .options_size = sizeof(struct lab_options),
    .defaults = &defaults,
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_lab,
};
