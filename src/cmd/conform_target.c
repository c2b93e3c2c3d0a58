/* SPDX-License-Identifier: MIT */
#include "cmd/conform_target.h"

#include "conform/case.h"
#include "conform/secure.h"
#include "why/i18n.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

enum {
    ERROR_MAX = 512,
};

/* What every case takes for granted. */
static const char first_text[] = "group 0 \"The server\" 4\n"
                                 "case 0.1 must \"it echoes\"\n"
                                 "  send text \"whysocket conform\"\n"
                                 "  expect echo\n";

struct first {
    struct why_loop *loop;
    struct conform_played played;
};

static void on_done(void *user, struct conform_player *player, struct conform_played *played) {
    struct first *first = user;
    (void)player;
    first->played = *played;
    why_loop_stop(first->loop);
}

/* Play it on one address. */
static bool try_address(struct conform_stage *stage, const struct conform_case *test,
                        struct first *first) {
    struct conform_stage own = *stage;
    *first = (struct first){.loop = stage->loop};
    own.on_done = on_done;
    own.user = first;
    return conform_player_start(&own, test) != NULL && why_loop_run(stage->loop) == WHY_OK;
}

static enum exit_code fail(const struct command_call *call, enum exit_code code, const char *text,
                           const char *detail) {
    output_diagnostic(&call->output, "%s%s%s", text, *detail == '\0' ? "" : ": ", detail);
    return code;
}

/* What it says of the server. */
static enum exit_code judge(const struct command_call *call, const struct conform_stage *stage,
                            const struct conform_played *played) {
    enum why_lang lang = call->output.lang;
    const struct conform_result *result = &played->result;
    const char *got = result->finding_count > 0 ? result->findings[0].got : result->note;
    if (played->fate == CONFORM_FATE_UNREACHED) {
        return fail(call, EXIT_CODE_TCP, tr(lang, "there is no connection to the server"),
                    played->trouble == NULL ? "" : played->trouble);
    }
    if (played->fate == CONFORM_FATE_MUTE) {
        return fail(call, EXIT_CODE_TIMEOUT, tr(lang, "the server does not answer"), got);
    }
    if (played->fate == CONFORM_FATE_CUT) {
        return fail(call, stage->secure == NULL ? EXIT_CODE_NOT_WEBSOCKET : EXIT_CODE_TLS,
                    stage->secure == NULL
                        ? tr(lang, "the server ends the connection instead of answering")
                        : tr(lang, "TLS fails; `whysocket check` tells why"),
                    got);
    }
    if (played->status != 101) {
        char status[16];
        (void)snprintf(status, sizeof status, "%u", played->status);
        return fail(call, played->status == 0 ? EXIT_CODE_NOT_WEBSOCKET : EXIT_CODE_HTTP,
                    tr(lang, "the server refuses the WebSocket"),
                    played->status == 0 ? got : status);
    }
    if (result->verdict == CONFORM_FAILED && !played->has_answered && played->is_silent) {
        return fail(call, EXIT_CODE_TIMEOUT,
                    tr(lang, "the server does not echo: the URL of an echo endpoint is needed"),
                    "");
    }
    return EXIT_CODE_OK;
}

static enum exit_code try_addresses(const struct command_call *call, struct conform_stage *stage,
                                    const struct addrinfo *found, const struct conform_case *test) {
    struct first first = {0};
    enum exit_code code = EXIT_CODE_INTERNAL;
    for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        memcpy(&stage->target.address, at->ai_addr, at->ai_addrlen);
        stage->target.address_len = at->ai_addrlen;
        if (!try_address(stage, test, &first)) {
            return fail(call, EXIT_CODE_INTERNAL, tr(call->output.lang, "out of memory"), "");
        }
        bool is_last = first.played.fate != CONFORM_FATE_UNREACHED || at->ai_next == NULL;
        if (is_last) {
            code = judge(call, stage, &first.played);
        }
        conform_memory_free(first.played.memory);
        if (is_last) {
            break;
        }
    }
    return code;
}

static enum exit_code look_up(const struct command_call *call, const struct why__url *url,
                              struct conform_stage *stage, const struct conform_case *test) {
    if (url->scheme == WHY__SCHEME_WS_UNIX) {
        struct sockaddr_un name = {.sun_family = AF_UNIX};
        memcpy(name.sun_path, url->unix_path, sizeof url->unix_path);
        struct addrinfo only = {.ai_addr = (struct sockaddr *)&name, .ai_addrlen = sizeof name};
        return try_addresses(call, stage, &only, test);
    }
    char port[8];
    (void)snprintf(port, sizeof port, "%u", url->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(url->host, port, &hints, &found);
    if (error != 0) {
        return fail(call, EXIT_CODE_DNS, url->host, gai_strerror(error));
    }
    enum exit_code code = try_addresses(call, stage, found, test);
    freeaddrinfo(found);
    return code;
}

enum exit_code conform_target_find(const struct command_call *call, const char *text,
                                   const struct why_tls_config *tls, struct why__url *url,
                                   struct conform_stage *stage) {
    char error[ERROR_MAX] = "";
    enum why_lang lang = call->output.lang;
    struct why_bytes bytes = {(const uint8_t *)text, strlen(text)};
    if (why__url_parse(url, bytes, error, sizeof error) != WHY_OK) {
        return command_usage_error(call, text, error);
    }
    stage->role = CONFORM_SERVER;
    stage->host = url->host_header;
    stage->path = url->target;
    if (url->scheme == WHY__SCHEME_WSS) {
        int result = conform_secure_new(stage->options->host, tls, url->host, &stage->secure, error,
                                        sizeof error);
        if (result == WHY_ERR_CONFIG) {
            return command_usage_error(call, NULL, error);
        }
        if (result != WHY_OK) {
            return fail(call, EXIT_CODE_INTERNAL, tr(lang, "out of memory"), "");
        }
    }
    struct conform_cases first = {0};
    struct why_bytes own = {(const uint8_t *)first_text, sizeof first_text - 1};
    enum exit_code code = EXIT_CODE_INTERNAL;
    if (conform_cases_read(&first, "first", own, error, sizeof error) == WHY_OK) {
        code = look_up(call, url, stage, &first.list[0]);
    } else {
        output_diagnostic(&call->output, "%s", error);
    }
    conform_cases_free(&first);
    return code;
}
