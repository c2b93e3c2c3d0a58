/* SPDX-License-Identifier: MIT
 *
 * What a crowd is told, and what its processes share.
 */
#ifndef WHY_CROWD_H
#define WHY_CROWD_H

#include "bench/server.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CROWD_PORTS_MAX = 64,
    CROWD_FILES_SPARE = 32,
    CROWD_REPLIES_MIN = 8,
    CROWD_MEASURE_MAX = 20, /* times what was asked for, until so many replies have come */
};

/* Of one process; each on a cache line of its own. */
struct tally {
    alignas(64) _Atomic(uint64_t) replies;
    atomic_bool is_ready;
    atomic_bool is_begun; /* the first one's holds for all */
};

struct crowd {
    size_t connections, per_process, parts;
    size_t size, depth; /* of a message; in flight on a connection, 0: idle */
    uint64_t unread;    /* bytes that are asked for, and not read; 0: all is read */
    unsigned warm_ms, measure_ms;
    uint16_t ports[CROWD_PORTS_MAX];
    size_t port_count;
    struct bench_server server; /* whose processor time and memory is told */
    struct tally *tallies;
    uint8_t *requests;
    size_t requests_len, request_len, reply_len;
};

struct member {
    int fd;
    bool is_blocked;
    uint64_t due; /* bytes of requests that are to be sent */
    uint64_t sent, received;
};

/* The command line. returns  false where it is none */
bool crowd_read(struct crowd *crowd, int argc, char **argv);

uint64_t crowd_now_ns(void);

#endif
