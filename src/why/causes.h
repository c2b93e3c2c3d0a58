/* SPDX-License-Identifier: MIT
 *
 * The words for causes lie in one table a group of causes; causes.c finds the right one.
 */
#ifndef WHY_WHY_CAUSES_H
#define WHY_WHY_CAUSES_H

#include "whysocket/explain.h"

/* Of the causes first..last, in the order of their enum. */
struct why__cause_group {
    enum why_cause first, last;
    const struct why_cause_info *infos;
};

extern const struct why__cause_group why__causes_network; /* closed on purpose, DNS, TCP, proxy */
extern const struct why__cause_group why__causes_tls_cert;
extern const struct why__cause_group why__causes_tls_trust; /* chains, and both sides' choices */
extern const struct why__cause_group why__causes_tls_handshake;
extern const struct why__cause_group why__causes_tls_wire; /* below TLS, and our set-up of it */
extern const struct why__cause_group why__causes_http;     /* both roles */
extern const struct why__cause_group why__causes_frames;   /* frames, messages, limits, time */

#endif
