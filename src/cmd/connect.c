/* SPDX-License-Identifier: MIT
 *
 * whysocket connect: a client for a person at a terminal, and a filter in pipes.
 */
#include "cmd/connect.h"

#include "cmd/connect_command.h"
#include "cmd/connect_show.h"
#include "why/i18n.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct connect_options defaults = {.dial = DIAL_DEFAULTS, .wait_ms = 1000};

#define FIELD(name) offsetof(struct connect_options, name)

static const struct arg_option options[] = {
    {.name = "binary",
     .alias = 'b',
     .kind = ARG_FLAG,
     .help = N_("stdin goes out as it comes, in binary messages; what is received goes to stdout "
                "as it is, without line feeds"),
     .offset = FIELD(binary)},
    {.name = "wait",
     .alias = 'w',
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("at the end of stdin, close once the peer has been quiet for so long (1s; 0: leave "
                "the closing to the peer)"),
     .offset = FIELD(wait_ms),
     .max = UINT32_MAX},
    {.name = "reconnect",
     .alias = 'r',
     .kind = ARG_FLAG,
     .help = N_("connect again after an end that this can mend, with a random and growing pause"),
     .offset = FIELD(reconnect)},
};

static const struct command_example examples[] = {
    {"whysocket connect ws://127.0.0.1:9001/echo",
     N_("talk to a server; /help says what can be typed")},
    {"printf 'hi\\n' | whysocket connect ws://127.0.0.1:9001/echo",
     N_("send a line, print the answer")},
    {"whysocket connect wss://example.com/feed --wait 0 </dev/null >feed.txt",
     N_("write down what comes, until the peer closes")},
    {"whysocket connect ws://127.0.0.1:9001/echo --binary <photo.png >copy.png",
     N_("bytes there and back")},
    {"whysocket connect wss://example.com/feed --json --reconnect",
     N_("what happens, as lines of JSON, whatever happens")},
    {NULL, NULL},
};

static const enum exit_code exit_codes[] = {
    EXIT_CODE_OK,       EXIT_CODE_USAGE,       EXIT_CODE_DNS,
    EXIT_CODE_TCP,      EXIT_CODE_TIMEOUT,     EXIT_CODE_PROXY,
    EXIT_CODE_TLS,      EXIT_CODE_HTTP,        EXIT_CODE_NOT_WEBSOCKET,
    EXIT_CODE_PROTOCOL, EXIT_CODE_PEER_CLOSED, EXIT_CODE_ABNORMAL,
    EXIT_CODE_INTERNAL,
};

/* ---- Sending ---- */

int connect_send(struct connect *connect, enum why_opcode opcode, struct why_bytes data) {
    return connect->session == NULL ? WHY_ERR_STATE
                                    : why_session_send(connect->session, opcode, data, 0);
}

/* Say why what was typed did not go out. */
static void complain(struct connect *connect, int result) {
    enum why_lang lang = connect->call->output.lang;
    const char *text = result == WHY_ERR_STATE  ? tr(lang, "not sent: the connection is not open")
                       : result == WHY_ERR_FULL ? tr(lang, "not sent: the peer does not read, and "
                                                           "too much waits for it already")
                       : result == WHY_ERR_UTF8
                           ? tr(lang, "not sent: this is not UTF-8; /binary sends any bytes")
                           : why_result_text(result);
    if (result != WHY_OK) {
        connect_note(connect, STYLE_BAD, "%s", text);
    }
}

static int close_typed(struct connect *connect, const struct typed_command *command) {
    if (connect->session == NULL) {
        return WHY_ERR_STATE;
    }
    struct why_bytes reason = {(const uint8_t *)command->data, command->len};
    int result = why_session_close(connect->session, command->code, reason);
    connect->is_leaving = connect->is_leaving || result == WHY_OK;
    return result;
}

static int ping_typed(struct connect *connect, const struct typed_command *command) {
    if (connect->session == NULL) {
        return WHY_ERR_STATE;
    }
    struct why_bytes payload = {(const uint8_t *)command->data, command->len};
    connect->ping_us = why__clock_us();
    return why_session_ping(connect->session, payload);
}

static void show_help(struct connect *connect) {
    struct why_text text = {0};
    typed_command_help(connect->call->output.lang, &text);
    terminal_print(connect->terminal, &text);
    why_text_clear(&text);
}

void connect_typed(struct connect *connect, const char *line, size_t len) {
    struct typed_command command = typed_command_read(line, len, connect->call->output.lang);
    enum why_opcode opcode = connect->asked->binary ? WHY_OPCODE_BINARY : WHY_OPCODE_TEXT;
    switch (command.kind) {
    case TYPED_MESSAGE: {
        struct why_bytes data = {(const uint8_t *)command.data, command.len};
        complain(connect, connect_send(connect, opcode, data));
        break;
    }
    case TYPED_BINARY: {
        struct why_bytes data = {command.bytes, command.byte_count};
        complain(connect, connect_send(connect, WHY_OPCODE_BINARY, data));
        break;
    }
    case TYPED_CLOSE:
        complain(connect, close_typed(connect, &command));
        break;
    case TYPED_PING:
        complain(connect, ping_typed(connect, &command));
        break;
    case TYPED_HELP:
        show_help(connect);
        break;
    case TYPED_WRONG:
        connect_note(connect, STYLE_BAD, "%s",
                     command.problem.data == NULL ? "" : command.problem.data);
        break;
    }
    typed_command_clear(&command);
}

/* ---- The end ---- */

/* The client tells nothing of an end that does not wait for the peer, so it is told here. */
static void abandon(struct connect *connect) {
    struct why_record record;
    why_record_init(&record);
    if (connect->session != NULL) {
        why_session_report(connect->session, &record);
        record.cause = WHY_CAUSE_NONE; /* the close that we asked for did not come about */
    }
    why_record_fail(&record, WHY_CAUSE_LOCAL_ABANDONED);
    connect->code = exit_code_of(&record);
    terminal_stop(connect->terminal);
    show_close(connect, &record);
}

/* Between two connections it is how the last one ended that counts, and so it is where that has
 * just been told. */
static void end_at_once(struct connect *connect) {
    bool is_told = connect->end.later.is_deferred;
    if (!is_told && (connect->session != NULL || connect->attempts == 0)) {
        abandon(connect);
    }
    connect->is_leaving = true;
    why_loop_stop(connect->loop);
}

void connect_leave(struct connect *connect) {
    if (connect->session == NULL) {
        end_at_once(connect);
    } else if (!connect->is_leaving) {
        struct why_bytes no_reason = {NULL, 0};
        connect->is_leaving = true;
        /* Where it cannot be sent a Close is on its way already, or the end has come. */
        (void)!why_session_close(connect->session, WHY_CLOSE_NORMAL, no_reason);
    }
}

/* Ctrl-C and the like: in order the first time, at once the second. */
static void interrupt(struct connect *connect) {
    if (connect->is_leaving) {
        end_at_once(connect);
    } else {
        connect_leave(connect);
    }
}

static void on_end(struct why__task *task) {
    why_loop_stop(WHY__CONTAINER(task, struct connect, end)->loop);
}

/* ---- Signals ---- */

static void on_signal(struct why__watch *watch, unsigned ready) {
    (void)ready;
    struct connect *connect = WHY__CONTAINER(watch, struct connect, signals);
    struct signalfd_siginfo signal;
    if (read(watch->fd, &signal, sizeof signal) != (ssize_t)sizeof signal) {
        return;
    }
    bool is_of_terminal = signal.ssi_signo == SIGWINCH || signal.ssi_signo == SIGCONT;
    if (signal.ssi_signo == SIGHUP) {
        connect_leave(connect); /* the terminal is gone, which its thread has seen as well */
    } else if (!is_of_terminal) {
        interrupt(connect);
    } else if (connect->terminal != NULL && signal.ssi_signo == SIGWINCH) {
        terminal_resize(connect->terminal);
    } else if (connect->terminal != NULL) {
        terminal_continue(connect->terminal);
    }
}

/* Signals become events of the loop, in this thread and in all that it starts. */
static bool watch_signals(struct connect *connect, const sigset_t *signals) {
    connect->signals.on_ready = on_signal;
    connect->signals.fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return connect->signals.fd >= 0 &&
           why__loop_watch(connect->loop, &connect->signals, WHY__READABLE) == WHY_OK;
}

static void unwatch_signals(struct connect *connect) {
    if (connect->signals.fd >= 0) {
        why__loop_unwatch(connect->loop, &connect->signals);
        close(connect->signals.fd);
    }
}

/* ---- The session ---- */

static void on_open(struct why_session *session, const struct why_http_head *head) {
    struct connect *connect = why_session_user(session);
    connect->session = session;
    connect->attempts = 0;
    show_open(connect, head);
    if (connect->terminal == NULL) {
        filter_go_on(&connect->filter);
    } else if (!terminal_start(connect->terminal)) {
        why_session_fail(session, WHY_CAUSE_LOCAL_INTERNAL, NULL);
    }
}

static void on_message(struct why_session *session, const struct why_event *event) {
    struct connect *connect = why_session_user(session);
    show_message(connect, event);
    filter_heard(&connect->filter);
    if (connect->sink.error != 0) {
        connect_drained(connect);
    } else if (sink_is_full(&connect->sink)) {
        why_session_pause(session); /* until whoever reads stdout has caught up */
    }
}

static void on_control(struct why_session *session, const struct why_event *event) {
    struct connect *connect = why_session_user(session);
    if (event->type == WHY_EVENT_CLOSE) {
        return; /* the record tells of it */
    }
    uint64_t rtt_us = 0;
    if (event->type == WHY_EVENT_PONG && connect->ping_us != 0) {
        rtt_us = why__clock_us() - connect->ping_us;
        connect->ping_us = 0;
    }
    show_control(connect, event, rtt_us);
}

static void on_writable(struct why_session *session) {
    struct connect *connect = why_session_user(session);
    if (connect->terminal == NULL) {
        filter_go_on(&connect->filter);
    }
}

static void on_close(struct why_session *session, const struct why_record *record) {
    struct connect *connect = why_session_user(session);
    connect->session = NULL;
    connect->ping_us = 0;
    connect->code = exit_code_of(record);
    filter_hold(&connect->filter);
    if (!connect->asked->reconnect) {
        terminal_stop(connect->terminal);
    }
    show_close(connect, record);
    why__loop_defer(connect->loop, &connect->end);
}

static void on_reconnect(void *user, const struct why_record *record, uint32_t pause_ms) {
    struct connect *connect = user;
    if (connect->is_leaving) {
        return; /* what we asked for has come, if not in good order */
    }
    connect->attempts++;
    why__loop_undefer(connect->loop, &connect->end);
    show_reconnect(connect, record, pause_ms);
}

/* A reader that went away has what it wants ("| head"); any other failure is told at the end. */
void connect_drained(struct connect *connect) {
    int error = connect->sink.error;
    if (error != 0) {
        connect->call->output.write_error = error;
        connect_leave(connect);
    } else if (connect->session != NULL) {
        why_session_resume(connect->session);
    }
}

static void on_drained(struct sink *sink) {
    connect_drained(WHY__CONTAINER(sink, struct connect, sink));
}

static const struct why_session_handler handler = {
    .on_open = on_open,
    .on_message = on_message,
    .on_control = on_control,
    .on_writable = on_writable,
    .on_close = on_close,
};

/* ---- Running ---- */

static enum exit_code run_loop(struct connect *connect) {
    struct dial *dial = &connect->dial;
    dial->config.handler = &handler;
    dial->config.user = connect;
    dial->config.on_reconnect = on_reconnect;
    dial->config.reconnect.enabled = connect->asked->reconnect;
    enum exit_code code = dial_connect(dial, connect->call, connect->loop, &connect->client);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    int result = why_loop_run(connect->loop);
    terminal_stop(connect->terminal);
    /* Nothing more is to be shown; what freeing it defers runs in another turn. */
    why_client_free(connect->client);
    connect->client = NULL;
    return result != WHY_OK                    ? EXIT_CODE_INTERNAL
           : connect->own_code != EXIT_CODE_OK ? connect->own_code
                                               : connect->code;
}

static enum exit_code run_on_loop(struct connect *connect, const sigset_t *signals) {
    struct command_call *call = connect->call;
    enum why_lang lang = call->output.lang;
    sink_init(&connect->sink, connect->loop, on_drained);
    filter_init(&connect->filter, connect);
    if (!watch_signals(connect, signals)) {
        output_diagnostic(&call->output, tr(lang, "a loop could not be made: %s"), strerror(errno));
        return EXIT_CODE_INTERNAL;
    }
    if (terminal_is_there()) {
        connect->terminal = terminal_new(connect);
    }
    enum exit_code code =
        dial_init(&connect->dial, call, &connect->asked->dial, call->operands[0], connect->loop);
    return code == EXIT_CODE_OK ? run_loop(connect) : code;
}

static enum exit_code run_connect(struct command_call *call) {
    sigset_t signals;
    sigset_t before;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sigaddset(&signals, numbers[i]);
    }
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    struct connect connect = {
        .call = call,
        .asked = call->options,
        .loop = why_loop_new(),
        .shows_safely = isatty(STDOUT_FILENO) != 0,
        .end = {.run = on_end},
        .signals = {.fd = -1},
        .dial = {.key_log = -1},
    };
    if (connect.loop == NULL) {
        output_diagnostic(&call->output, tr(call->output.lang, "a loop could not be made: %s"),
                          strerror(errno));
        return EXIT_CODE_INTERNAL;
    }
    enum exit_code code = run_on_loop(&connect, &signals);
    terminal_free(connect.terminal);
    unwatch_signals(&connect);
    filter_clear(&connect.filter);
    /* From here a slow reader of stdout can be left with Ctrl-C. */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    sink_finish(&connect.sink);
    why_loop_free(connect.loop);
    dial_clear(&connect.dial);
    return code;
}

const struct command command_connect = {
    .name = "connect",
    .operands = N_("URL"),
    .operands_min = 1,
    .operands_max = 1,
    .summary = N_("a client to type into, and a filter in pipes"),
    .description =
        N_("Connects to ws://, wss:// or ws+unix:/path:/target. On a terminal, what is typed is "
           "sent as text line by line, and what comes is shown above the line being typed; Ctrl-D "
           "closes. What a terminal would act on is shown as \\xNN.\n"
           "Where stdin or stdout is no terminal, each line of stdin is a text message (without "
           "its line feed, and else as it is), each text received a line of stdout, unchanged; a "
           "binary message is a line of hex. At the end of stdin it closes with 1000 once the "
           "peer is quiet (--wait).\n"
           "How the connection ended is one line on stderr, and the exit code. With --json every "
           "event is a line of JSON on stdout; the last is the whole close record."),
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .shared = &dial_option_rows,
    .options_size = sizeof(struct connect_options),
    .defaults = &defaults,
    .examples = examples,
    .exit_codes = exit_codes,
    .run = run_connect,
};
