/* SPDX-License-Identifier: MIT
 *
 * Fixed pieces of work whose instructions are counted. What they do depends on neither the hour nor
 * the machine, but for the kernel that it chooses.
 */
#ifndef WHY_WORKLOADS_H
#define WHY_WORKLOADS_H

#include "whysocket/host.h"

#include <stdbool.h>
#include <stddef.h>

/* How often a workload does its work, and what a message of it is. */
struct workload {
    const char *name;
    size_t times; /* messages, handshakes, ...: the count is divided by it */
    size_t size;  /* bytes of a message */
    size_t per_read;
    bool is_text, is_mixed, is_deflated;
    size_t fragments; /* of a message; 0: it is one frame */
    bool (*prepare)(const struct workload *workload);
    bool (*run)(const struct workload *workload); /* this is what is counted */
    void (*clear)(void);
};

/* The table; ends with a NULL name. */
extern const struct workload workloads[];

/* Memory of malloc()'s, zeroes for randomness, a clock that stands still. */
extern const struct why_host workload_host;

bool workload_session_prepare(const struct workload *workload);
bool workload_session_run(const struct workload *workload);
void workload_session_clear(void);

bool workload_broadcast_prepare(const struct workload *workload);
bool workload_broadcast_run(const struct workload *workload);
void workload_broadcast_clear(void);

/* Write one frame, or the fragments of one message, masked as a client's. returns  its length */
size_t workload_write_message(const struct workload *workload, unsigned char *out);

#endif
