/* SPDX-License-Identifier: MIT
 *
 * What speaks there, where it is no TLS: by the first bytes that came.
 */
#ifndef WHY_TLS_BANNER_H
#define WHY_TLS_BANNER_H

#include "base/say.h"
#include "whysocket/bytes.h"
#include "whysocket/cause.h"

#include <stdbool.h>
#include <stddef.h>

/* What a server's first bytes are, where they are no TLS record.
 * name     set to the protocol's name ("SSH"), NULL where it is not known
 * returns  TLS_PLAIN_HTTP, TLS_OTHER_PROTOCOL (name is set), TLS_NOT_TLS; NONE for TLS, or nothing
 */
enum why_cause why__banner_of_server(struct why_bytes first, const char **name);

/* Are they a web page without HTTP around it? */
bool why__banner_is_page(struct why_bytes first);

/* The same for a client's: TLS_PLAIN_HTTP, TLS_PROXY_PROTOCOL, TLS_OTHER_PROTOCOL, TLS_NOT_TLS. */
enum why_cause why__banner_of_client(struct why_bytes first, const char **name);

/* Does an answer to plain HTTP say that this port wants TLS? Web servers have words for it. */
bool why__banner_wants_tls(struct why_bytes answer);

/* Does an answer to a request say that the client's certificate would not do? */
bool why__banner_refuses_certificate(struct why_bytes answer);

/* Say them, in a clause: `it began with "SSH-2.0-x"`, or in hexadecimal. */
void why__banner_say(struct why_bytes first, struct why__say *say);

#endif
