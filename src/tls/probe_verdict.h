/* SPDX-License-Identifier: MIT
 *
 * Where one connection cannot tell why it failed: which further one would, and what its answer
 * means. A pure function of what is known so far, called again after each probe until it is final.
 * Whoever opens the connections is elsewhere (net/probe.c).
 */
#ifndef WHY_TLS_PROBE_VERDICT_H
#define WHY_TLS_PROBE_VERDICT_H

#include "base/say.h"
#include "tls/hello.h"
#include "whysocket/probe.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__PROBE_SILENCE_MS 1000

/* What to send ahead of the hello to a port that may want the PROXY protocol; the addresses are
 * those of documentation (RFC 5737), so that nobody's is claimed. */
#define WHY__PROBE_PROXY_PREFIX "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"

/* How a probe is made. */
enum why__probe_way {
    WHY__PROBE_WAY_HELLO,     /* send why__hello_build() of step.hello; read a complete answer */
    WHY__PROBE_WAY_HTTP,      /* send a plain HTTP/1.1 request; read the first bytes */
    WHY__PROBE_WAY_SILENCE,   /* send nothing for WHY__PROBE_SILENCE_MS; read what comes */
    WHY__PROBE_WAY_HANDSHAKE, /* OpenSSL's, as the first was; without SNI if step.hello has none */
};

enum why__probe_way why__probe_way(enum why_probe_kind kind);

struct why__probe_result {
    enum why_probe_kind kind;
    enum why_probe_end end;
    struct why__hello_options hello; /* HELLO: what was asked; server_name borrowed */
    uint16_t hello_len;              /* of its message, without the record's head */
    struct why__hello_answer answer; /* HELLO */
    uint32_t elapsed_ms;             /* from connected to the end */
    uint8_t first_bytes_len;
    uint8_t first_bytes[48]; /* what came first, but for HANDSHAKE */
    bool wants_tls;          /* HTTP: the answer says that this port does */

    /* HANDSHAKE: what why__probe_take_handshake() found in its record. */
    enum why_cause cause;  /* NONE: it went well */
    bool has_certificate;  /* one came, */
    bool same_certificate; /* and it was the first connection's */
    bool same_place;       /* it broke after as many messages as the first */
    char certificate[96];  /* whose */
};

struct why__probe_step {
    enum why_probe_kind kind;        /* NONE: final, with the cause below */
    struct why__hello_options hello; /* server_name borrowed from the record */
    /* Final: as in the record. The cause is the record's own where no probe knew better; NONE where
     * the record has none. */
    enum why_cause cause;
    enum why_side side;
    bool likely;
    char text[200]; /* final: the detail */
    struct why_detail_parts parts;
};

/* first    the record of the first connection, as why__tls_report() left it
 * results  the probes so far, in the order in which they were asked for
 * The same input gives the same step; after WHY_PROBES_MAX results it is final. */
void why__probe_next(const struct why_record *first, const struct why__probe_result *results,
                     size_t count, enum why_probe_policy policy, struct why__probe_step *out);

/* Final: the first connection has answered after all, `after_ms` since its handshake began. */
void why__probe_late(const struct why_record *first, uint32_t after_ms,
                     struct why__probe_step *out);

/* Final: write it into the first connection's record. A step that is none changes nothing. */
void why__probe_apply(const struct why__probe_step *step, struct why_record *record);

/* Write what a HANDSHAKE's record tells into its result. */
void why__probe_take_handshake(const struct why_record *first, const struct why_record *record,
                               struct why__probe_result *result);

/* Say what came of a probe, in a clause: "TLS 1.2, TLS_RSA_WITH_RC4_128_SHA", "alert
 * handshake_failure (40)". */
void why__probe_say(const struct why__probe_result *result, struct why__say *say);

#endif
