/* SPDX-License-Identifier: MIT
 *
 * After an attempt that failed: the further connections that tls/probe_verdict.h asks for, one
 * after the other, to the address that the attempt had connected to and by way of its proxy; then
 * what they came to, in the attempt's record.
 */
#ifndef WHY_NET_PROBE_H
#define WHY_NET_PROBE_H

#include "net/opening.h"
#include "tls/probe_verdict.h"
#include "whysocket/probe.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest that one may take to connect, and again to be answered: less where the options give
 * TLS less. */
#define WHY__PROBE_ANSWER_MS 5000

struct why__probing;

struct why__probing_ops {
    void (*on_probe)(struct why__probing *probing, const struct why_probe *probe);
    /* The last call: the record is as it is to be. */
    void (*on_done)(struct why__probing *probing);
};

/* Start from all zeroes. The first group is the owner's to set, and borrowed until the end. */
struct why__probing {
    struct why__opening *opening; /* over, and failed; its session's stream, if it is still open, is
                                   * only looked at */
    const struct why__probing_ops *ops;
    enum why_probe_policy policy;

    struct why__timer timer; /* the deadline of the probe, or the beginning of the next */
    struct why__dial dial;
    struct why__addresses address; /* the one */
    struct why__proxy talk;
    struct why__stream stream;
    struct why__probe_step step;
    struct why__probe_result results[WHY_PROBES_MAX];
    size_t count;
    uint64_t begin_us, connected_us; /* of the probe */
    bool is_under_way;               /* a probe is */
    bool is_connected;
    bool awaits_body; /* of a refusal in HTTP */
    bool is_over;
    size_t to_send_at, to_send_len, received_len;
    uint8_t to_send[WHY__HELLO_MAX + sizeof WHY__PROBE_PROXY_PREFIX];
    uint8_t received[WHY__HELLO_ANSWER_MAX];
    struct why_record scratch; /* of the probe's own steps */
};

/* Begin; callbacks come from later turns. */
void why__probing_start(struct why__probing *probing);

/* End it without a callback; does nothing where it is over. Its memory has to stay for the rest of
 * the turn. */
void why__probing_stop(struct why__probing *probing);

#endif
