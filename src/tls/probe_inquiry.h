/* SPDX-License-Identifier: MIT
 *
 * Between the files of the decision tree: what is known, how a branch asks for a probe and how it
 * concludes.
 */
#ifndef WHY_TLS_PROBE_INQUIRY_H
#define WHY_TLS_PROBE_INQUIRY_H

#include "tls/probe_verdict.h"

struct why__inquiry {
    const struct why_record *first;
    const struct why__probe_result *results;
    size_t count;
    enum why_probe_policy policy;
    struct why__probe_step *out;
};

/* The cause; what is returned says the detail. */
struct why__say why__inquiry_begin(const struct why__inquiry *inquiry, enum why_cause cause,
                                   bool likely);

/* The cause, and a detail, which what is returned can add to. */
__attribute__((format(printf, 4, 5))) struct why__say
why__inquiry_conclude(const struct why__inquiry *inquiry, enum why_cause cause, bool likely,
                      const char *format, ...);

/* As the first connection left it. */
void why__inquiry_keep(const struct why__inquiry *inquiry);

/* As the first connection left it, and this text, which is static, after its detail, where there is
 * room for both. */
void why__inquiry_add(const struct why__inquiry *inquiry, const char *text);

/* The result of that probe; where there is none yet, it becomes the next step, and NULL is
 * returned. */
const struct why__probe_result *why__inquiry_ask(const struct why__inquiry *inquiry,
                                                 enum why_probe_kind kind);

/* Of those that the first connection offered; 0 where that is not known. */
uint16_t why__inquiry_highest_version(const struct why__inquiry *inquiry);

/* The server would go on with the handshake; it has answered at all. */
bool why__inquiry_goes_on(const struct why__probe_result *result);
bool why__inquiry_is_tls(const struct why__probe_result *result);

/* probe_refused.c: the server sent an alert to the ClientHello; to its ALPN. */
void why__inquiry_refused(const struct why__inquiry *inquiry);
void why__inquiry_alpn(const struct why__inquiry *inquiry);

/* probe_silent.c: the server sent nothing at all, to TLS; to plain HTTP. */
void why__inquiry_silent(const struct why__inquiry *inquiry);
void why__inquiry_plain(const struct why__inquiry *inquiry);

#endif
