/* SPDX-License-Identifier: MIT
 *
 * The server's processes, where they run on this machine and we may look at them: what they use of
 * processor and memory.
 */
#ifndef WHY_BENCH_SERVER_H
#define WHY_BENCH_SERVER_H

#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_PIDS_MAX = 64, /* workers that share the port */
};

struct bench_server {
    int pids[BENCH_PIDS_MAX];
    size_t count;
};

struct bench_usage {
    uint64_t cpu_ns;   /* of all threads since they began; one that ended is left out */
    uint64_t rss_byte; /* resident */
};

/* The processes that hold a socket which listens on that port; none where there is no such, or it
 * is not ours to see.
 *
 * peer  the address that was connected to, as a record has it: "127.0.0.1:9001" */
void bench_server_find(struct bench_server *server, const char *peer);

/* What they use. A process that is gone counts nothing. */
struct bench_usage bench_server_usage(const struct bench_server *server);

/* The first part of that alone, which is quicker. */
uint64_t bench_server_cpu_ns(const struct bench_server *server);

/* The same of this process: its processor's time. */
uint64_t bench_own_cpu_ns(void);

#endif
