/* SPDX-License-Identifier: MIT
 *
 * What the kernel knows of a TCP connection.
 */
#ifndef WHY_NET_TCP_INFO_H
#define WHY_NET_TCP_INFO_H

#include "whysocket/record.h"

/* Write it; `out` stays as it is where the socket is no TCP socket, or the kernel does not tell. */
void why__tcp_info(int fd, struct why_tcp_evidence *out);

#endif
