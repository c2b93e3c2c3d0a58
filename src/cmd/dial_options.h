/* SPDX-License-Identifier: MIT
 *
 * What every command that connects lets its user say of the way there, and the client's config
 * that comes out of it.
 */
#ifndef WHY_CMD_DIAL_OPTIONS_H
#define WHY_CMD_DIAL_OPTIONS_H

#include "cmd/command.h"
#include "whysocket/client.h"

/* A command's options begin with this; its row in the table of commands has `shared =
 * &dial_option_rows`, and its defaults begin with DIAL_DEFAULTS. */
struct dial_options {
    struct arg_list headers, subprotocols, resolve;
    const char *origin, *proxy, *cacert, *cert, *key, *crl, *ciphers;
    int tls_min, tls_max; /* index in the choices: 0 is as it comes */
    bool insecure;
    uint64_t timeout_ms;
};

/* clang-format off */
#define DIAL_DEFAULTS {.timeout_ms = 10000}
/* clang-format on */

extern const struct arg_rows dial_option_rows;

/* What a client is made from; it stays where it is from dial_init() to dial_clear(), and outlives
 * the client. The caller adds its handler, `user`, on_step and what else it wants in `config`. */
struct dial {
    struct why_options options;
    struct why_tls_config tls;
    struct why_client_config config;
    const char *proxy_variable; /* of the environment, that named config.proxy; else NULL */
    int key_log;                /* of SSLKEYLOGFILE; -1: none */
};

/* Fill it from the command line and the environment (ws_proxy and the like, SSLKEYLOGFILE). A log
 * that cannot be opened is said on stderr, and done without.
 *
 * asked, url  borrowed as long as `dial` lives
 * returns     EXIT_CODE_OK; EXIT_CODE_USAGE, with the reason on stderr: still to be cleared */
enum exit_code dial_init(struct dial *dial, const struct command_call *call,
                         const struct dial_options *asked, const char *url, struct why_loop *loop);

/* why_client_connect(), with what is wrong on stderr.
 *
 * returns  EXIT_CODE_OK; EXIT_CODE_USAGE (also a file that cannot be used), EXIT_CODE_INTERNAL */
enum exit_code dial_connect(struct dial *dial, const struct command_call *call,
                            struct why_loop *loop, struct why_client **client);

/* Say on stderr what why_client_connect() answered where it was not WHY_OK.
 *
 * error    its text
 * returns  as dial_connect() */
enum exit_code dial_failed(const struct dial *dial, const struct command_call *call, int result,
                           const char *error);

void dial_clear(struct dial *dial);

/* The proxy for another URL, by the same options and environment; NULL for none.
 *
 * variable  set to the one of the environment that decided, or NULL */
const char *dial_proxy_for(const struct dial_options *asked, const char *url,
                           const char **variable);

#endif
