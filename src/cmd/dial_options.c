/* SPDX-License-Identifier: MIT
 *
 * The options of `check` and `connect` that say how to get to the server.
 */
#include "cmd/dial_options.h"

#include "why/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ERROR_MAX = 512,
};

#define FIELD(name) offsetof(struct dial_options, name)

static const char *const version_choices[] = {"auto", "1.0", "1.1", "1.2", "1.3", NULL};

/* As they stand on the wire (RFC 8446 section 4.2.1), in the order of the choices. */
static const uint16_t versions[] = {0, 0x0301, 0x0302, 0x0303, 0x0304};

static const struct arg_option rows[] = {
    {.name = "header",
     .alias = 'H',
     .kind = ARG_LIST,
     .value = N_("\"NAME: VALUE\""),
     .help = N_("send this header with the request; may be repeated"),
     .offset = FIELD(headers)},
    {.name = "origin",
     .kind = ARG_STRING,
     .value = N_("ORIGIN"),
     .help = N_("say that a page of https://app.example asks"),
     .offset = FIELD(origin)},
    {.name = "subprotocol",
     .alias = 's',
     .kind = ARG_LIST,
     .value = N_("NAME"),
     .help = N_("offer this subprotocol; may be repeated, the best first"),
     .offset = FIELD(subprotocols)},
    {.name = "resolve",
     .kind = ARG_LIST,
     .value = N_("HOST:PORT:ADDRESS"),
     .help = N_("connect to this address instead of asking DNS; may be repeated"),
     .offset = FIELD(resolve)},
    {.name = "proxy",
     .alias = 'x',
     .kind = ARG_STRING,
     .value = N_("URL"),
     .help = N_("go through http://, socks5:// or socks5h:// (this resolves names there); \"none\" "
                "for none; else as ws_proxy, wss_proxy, http_proxy, https_proxy, all_proxy and "
                "no_proxy say"),
     .offset = FIELD(proxy)},
    {.name = "insecure",
     .alias = 'k',
     .kind = ARG_FLAG,
     .help = N_("go on with a certificate that does not verify"),
     .offset = FIELD(insecure)},
    {.name = "cacert",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("trust the CA certificates in this file (PEM) instead of the system's"),
     .offset = FIELD(cacert)},
    {.name = "cert",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("our certificate, then its intermediates (PEM)"),
     .offset = FIELD(cert)},
    {.name = "key",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("its private key (PEM); else it is looked for in --cert"),
     .offset = FIELD(key)},
    {.name = "crl",
     .kind = ARG_STRING,
     .value = N_("FILE"),
     .help = N_("refuse certificates that this revocation list (PEM) names"),
     .offset = FIELD(crl)},
    {.name = "tls-min",
     .kind = ARG_CHOICE,
     .choices = version_choices,
     .help = N_("the lowest version of TLS to offer (auto: 1.2)"),
     .offset = FIELD(tls_min)},
    {.name = "tls-max",
     .kind = ARG_CHOICE,
     .choices = version_choices,
     .help = N_("the highest version of TLS to offer (auto: 1.3)"),
     .offset = FIELD(tls_max)},
    {.name = "ciphers",
     .kind = ARG_STRING,
     .value = N_("LIST"),
     .help = N_("offer these cipher suites alone, in OpenSSL's names"),
     .offset = FIELD(ciphers)},
    {.name = "timeout",
     .alias = 't',
     .kind = ARG_DURATION,
     .value = N_("DURATION"),
     .help = N_("how long each of name, connection, TLS and answer may take (10s; 0: for ever)"),
     .offset = FIELD(timeout_ms),
     .max = UINT32_MAX},
};

const struct arg_rows dial_option_rows = {rows, sizeof rows / sizeof *rows};

/* ---- SSLKEYLOGFILE ---- */

/* One write a line, so that lines of several programs do not mix in one file. */
static void write_secret(void *context, const char *line) {
    const struct dial *dial = context;
    struct why_text text = {0};
    why_text_append(&text, "%s\n", line);
    if (!text.failed) {
        /* A key log that fills the disk is no reason to end the connection. */
        ssize_t written = write(dial->key_log, text.data, text.len);
        (void)written;
    }
    why_text_clear(&text);
}

static void open_key_log(struct dial *dial, const struct command_call *call) {
    const char *path = getenv("SSLKEYLOGFILE");
    if (path == NULL || *path == '\0') {
        return;
    }
    dial->key_log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (dial->key_log < 0) {
        output_diagnostic(&call->output,
                          tr(call->output.lang, "SSLKEYLOGFILE cannot be written (%s); secrets "
                                                "are not logged"),
                          strerror(errno));
        return;
    }
    dial->tls.on_secret = write_secret;
    dial->tls.on_secret_context = dial;
}

/* ---- The config ---- */

static const char *look_up(const char *name) {
    return getenv(name);
}

const char *dial_proxy_for(const struct dial_options *asked, const char *url,
                           const char **variable) {
    *variable = NULL;
    if (asked->proxy != NULL) {
        return strcmp(asked->proxy, "none") == 0 ? NULL : asked->proxy;
    }
    return why_proxy_for(url, look_up, variable);
}

static void fill_options(struct why_options *options, const struct dial_options *asked,
                         struct why_loop *loop) {
    *options = why_options_default(why_loop_host(loop));
    uint32_t timeout_ms = (uint32_t)asked->timeout_ms;
    options->name_timeout_ms = timeout_ms;
    options->connect_timeout_ms = timeout_ms;
    options->tls_timeout_ms = timeout_ms;
    options->upgrade_timeout_ms = timeout_ms;
}

enum exit_code dial_init(struct dial *dial, const struct command_call *call,
                         const struct dial_options *asked, const char *url, struct why_loop *loop) {
    *dial = (struct dial){.key_log = -1};
    if (asked->key != NULL && asked->cert == NULL) {
        return command_usage_error(call, "--key",
                                   tr(call->output.lang, "a key is for --cert, which is missing"));
    }
    fill_options(&dial->options, asked, loop);
    dial->tls = (struct why_tls_config){.crl_file = asked->crl,
                                        .min_version = versions[asked->tls_min],
                                        .max_version = versions[asked->tls_max],
                                        .ciphers = asked->ciphers,
                                        .ca_file = asked->cacert,
                                        .cert_file = asked->cert,
                                        .key_file = asked->key,
                                        .insecure = asked->insecure};
    open_key_log(dial, call);
    dial->config = (struct why_client_config){
        .url = url,
        .options = &dial->options,
        .origin = asked->origin,
        .subprotocols = asked->subprotocols.items,
        .subprotocol_count = asked->subprotocols.count,
        .headers = asked->headers.items,
        .header_count = asked->headers.count,
        .tls = &dial->tls,
        .proxy = dial_proxy_for(asked, url, &dial->proxy_variable),
        .resolve = asked->resolve.items,
        .resolve_count = asked->resolve.count,
    };
    return EXIT_CODE_OK;
}

enum exit_code dial_failed(const struct dial *dial, const struct command_call *call, int result,
                           const char *error) {
    enum why_lang lang = call->output.lang;
    if (result != WHY_ERR_ARGUMENT && result != WHY_ERR_CONFIG) {
        output_diagnostic(&call->output, "%s", tr(lang, "out of memory"));
        return EXIT_CODE_INTERNAL;
    }
    struct why_text problem = {0};
    why_text_append_untrusted(&problem, error, strlen(error));
    if (dial->proxy_variable != NULL && strncmp(error, "proxy", 5) == 0) {
        why_text_append(&problem, tr(lang, " (of %s)"), dial->proxy_variable);
    }
    command_usage_error(call, NULL, problem.data == NULL ? "" : problem.data);
    why_text_clear(&problem);
    return EXIT_CODE_USAGE;
}

enum exit_code dial_connect(struct dial *dial, const struct command_call *call,
                            struct why_loop *loop, struct why_client **client) {
    char error[ERROR_MAX] = "";
    int result = why_client_connect(loop, &dial->config, client, error, sizeof error);
    return result == WHY_OK ? EXIT_CODE_OK : dial_failed(dial, call, result, error);
}

void dial_clear(struct dial *dial) {
    if (dial->key_log >= 0) {
        close(dial->key_log);
    }
    dial->key_log = -1;
}
