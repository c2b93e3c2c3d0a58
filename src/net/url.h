/* SPDX-License-Identifier: MIT
 *
 * URLs of WebSockets and of proxies, taken apart. Strict: what is refused is refused with the
 * offset, and with how to write it instead.
 */
#ifndef WHY_NET_URL_H
#define WHY_NET_URL_H

#include "whysocket/bytes.h"
#include "whysocket/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHY__URL_LEN_MAX 8192
#define WHY__TARGET_LEN_MAX 4096
#define WHY__HOST_LEN_MAX 254      /* of a DNS name with its last dot (RFC 1035 section 2.3.4) */
#define WHY__USER_LEN_MAX 255      /* what SOCKS5 can carry (RFC 1929) */
#define WHY__UNIX_PATH_LEN_MAX 107 /* sun_path, less its end */

enum why__scheme {
    WHY__SCHEME_WS,      /* ws, and http as an alias */
    WHY__SCHEME_WSS,     /* wss, and https */
    WHY__SCHEME_WS_UNIX, /* ws+unix:/path/to/socket:/target */
    WHY__SCHEME_HTTP_PROXY,
    WHY__SCHEME_SOCKS5,  /* this side resolves the name */
    WHY__SCHEME_SOCKS5H, /* the proxy does */
};

struct why__url {
    enum why__scheme scheme;
    bool is_address; /* the host is an IPv4 or IPv6 address */
    bool has_user;
    uint16_t port;
    char host[WHY__HOST_LEN_MAX + 1];         /* ASCII, lower case, an IPv6 address bare */
    char host_header[WHY__HOST_LEN_MAX + 10]; /* with brackets, and the port if not the usual */
    char target[WHY__TARGET_LEN_MAX + 1];     /* path and query as written, "/" if there is none */
    char unix_path[WHY__UNIX_PATH_LEN_MAX + 1]; /* WS_UNIX */
    char user[WHY__USER_LEN_MAX + 1];           /* decoded */
    char password[WHY__USER_LEN_MAX + 1];
};

/* Take apart a WebSocket's URL (RFC 6455 section 3). http and https stand for ws and wss, as in
 * browsers. User and password become an Authorization header.
 *
 * error    "offset 9: ..." with the mend
 * returns  WHY_OK, WHY_ERR_ARGUMENT (`error` is written) */
WHY_MUST_USE int why__url_parse(struct why__url *url, struct why_bytes text, char *error,
                                size_t error_size);

/* The same for a proxy's: http://, socks5://, socks5h://; without a scheme it is http. */
WHY_MUST_USE int why__url_parse_proxy(struct why__url *url, struct why_bytes text, char *error,
                                      size_t error_size);

/* "::1" or "192.0.2.1" as the host of a URL: neither brackets nor ports. */
bool why__is_address(const char *text);

/* "localhost" or a name below it, which are loopback without asking DNS (RFC 6761 section 6.3). */
bool why__is_localhost(const char *host);

/* Append ":port" to a host, with brackets around an IPv6 address.
 * returns the length of what was written, which is cut to fit */
size_t why__format_authority(char *out, size_t out_size, const char *host, uint16_t port);

#endif
