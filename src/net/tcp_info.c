/* SPDX-License-Identifier: MIT
 *
 * By itself, since the C library's <netinet/tcp.h> lacks the newer fields of the kernel's header,
 * and cannot stand beside it.
 */
#include "net/tcp_info.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

void why__tcp_info(int fd, struct why_tcp_evidence *out) {
    struct tcp_info info;
    socklen_t len = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) {
        return;
    }
    /* Older kernels write less of it: the rest is zero. */
    *out = (struct why_tcp_evidence){.present = true,
                                     .unacked = info.tcpi_unacked,
                                     .retransmits = info.tcpi_total_retrans,
                                     .out_of_order = info.tcpi_rcv_ooopack,
                                     .bytes_received = info.tcpi_bytes_received};
}
