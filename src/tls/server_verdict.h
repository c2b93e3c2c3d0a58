/* SPDX-License-Identifier: MIT
 *
 * Why a client's handshake with us failed, from the evidence of one connection.
 */
#ifndef WHY_TLS_SERVER_VERDICT_H
#define WHY_TLS_SERVER_VERDICT_H

#include "tls/engine.h"

enum why_tls_client why__tls_client_of(const struct why__tls *tls);

struct why__tls_verdict why__tls_judge_server(const struct why__tls *tls);

/* The one fact that the cause's own words cannot know. False: detail.c has one as good. */
bool why__tls_server_detail(const struct why__tls *tls, const struct why__tls_verdict *verdict,
                            struct why__say *say);

#endif
