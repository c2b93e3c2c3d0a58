/* SPDX-License-Identifier: MIT
 *
 * Where one connection cannot tell why it failed: which further one would, and what its answer
 * means. A pure function of what is known so far, called again after each probe until it is final.
 * Whoever opens the connections is elsewhere (net/probe.c).
 */
#ifndef WHY_TLS_PROBE_VERDICT_H
#define WHY_TLS_PROBE_VERDICT_H

#include "tls/hello.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, text): each is a new connection to the same address, by way of the same proxy. */
#define WHY__PROBE_MAP(X)                                                                          \
    X(NONE, "none")                                                                                \
    /* Send why__hello_build() of step.hello; read until the answer is complete. */                \
    X(HELLO, "hello")                                                                              \
    /* Send a plain HTTP/1.1 Upgrade request, of the URL's host and path; read the first bytes. */ \
    X(PLAIN_HTTP, "plain_http")                                                                    \
    /* Send nothing for WHY__PROBE_SILENCE_MS; read what comes. */                                 \
    X(SILENCE, "silence")                                                                          \
    /* Send WHY__PROBE_PROXY_PREFIX, then as HELLO. */                                             \
    X(PROXY_PROTOCOL, "proxy_protocol")

enum why__probe {
#define X(name, text) WHY__PROBE_##name,
    WHY__PROBE_MAP(X)
#undef X
};

const char *why__probe_name(enum why__probe probe);

#define WHY__PROBES_MAX 4 /* beyond the first connection */
#define WHY__PROBE_SILENCE_MS 400

/* What to send ahead of the hello to a port that may want the PROXY protocol; the addresses are
 * those of documentation (RFC 5737), so that nobody's is claimed. */
#define WHY__PROBE_PROXY_PREFIX "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"

/* How a probe's connection ended. */
enum why__probe_end {
    WHY__PROBE_ANSWERED, /* enough came: the answer is complete; or, HTTP, the status line */
    WHY__PROBE_FIN,
    WHY__PROBE_RESET,
    WHY__PROBE_TIMEOUT,    /* SILENCE: its time is over, the connection stands */
    WHY__PROBE_NO_CONNECT, /* it was not even taken: nothing is learnt */
};

struct why__probe_result {
    enum why__probe probe;
    struct why__hello_options
        hello;          /* HELLO, PROXY_PROTOCOL: what was asked; server_name borrowed */
    uint16_t hello_len; /* bytes of it, as sent */
    enum why__probe_end end;
    struct why__hello_answer answer; /* HELLO, PROXY_PROTOCOL */
    uint32_t elapsed_ms;             /* from connected to the end */
    uint8_t first_bytes_len;
    uint8_t first_bytes[48]; /* what came first, for every probe */
};

enum why__probe_policy {
    WHY__PROBE_POLICY_NONE, /* the first connection has to do */
    WHY__PROBE_POLICY_AUTO, /* what it takes */
    WHY__PROBE_POLICY_ALL,  /* PROXY_PROTOCOL too, which writes a line that is no TLS to the peer */
};

struct why__probe_step {
    enum why__probe probe;           /* NONE: final, with the cause below */
    struct why__hello_options hello; /* server_name borrowed from the record */
    /* Final: as in the record. The cause is the record's own where no probe knew better; NONE where
     * the record has none. */
    enum why_cause cause;
    enum why_side side;
    bool likely;
    char text[200]; /* final: the detail; else why this probe, in one sentence */
};

/* first    the record of the first connection, as why__tls_report() left it
 * results  the probes so far, in the order in which they were asked for
 * The same input gives the same step; after WHY__PROBES_MAX results it is final. */
void why__probe_next(const struct why_record *first, const struct why__probe_result *results,
                     size_t count, enum why__probe_policy policy, struct why__probe_step *out);

#endif
