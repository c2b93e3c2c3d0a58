/* SPDX-License-Identifier: MIT
 *
 * A crowd's command line, and its clock.
 */
#include "crowd.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

uint64_t crowd_now_ns(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static bool read_number(const char *text, unsigned long min, unsigned long max,
                        unsigned long *number) {
    char *end = NULL;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *number >= min && *number <= max;
}

static bool read_option(struct crowd *crowd, int option, const char *text) {
    struct bench_server *server = &crowd->server;
    unsigned long number = 0;
    if (!read_number(text, option == 'd' || option == 'w' ? 0 : 1, INT_MAX, &number)) {
        return false;
    }
    switch (option) {
    case 'c':
        crowd->connections = number;
        break;
    case 'f':
        crowd->per_process = number < crowd->per_process ? number : crowd->per_process;
        break;
    case 's':
        crowd->size = number;
        break;
    case 'd':
        crowd->depth = number;
        break;
    case 'u':
        crowd->unread = number;
        break;
    case 'w':
        crowd->warm_ms = (unsigned)number;
        break;
    case 't':
        crowd->measure_ms = (unsigned)number;
        break;
    case 'p':
        if (server->count == BENCH_PIDS_MAX) {
            return false;
        }
        server->pids[server->count++] = (int)number;
        break;
    default:
        return false;
    }
    return true;
}

bool crowd_read(struct crowd *crowd, int argc, char **argv) {
    int option = 0;
    while ((option = getopt(argc, argv, "c:f:s:d:u:w:t:p:")) != -1) {
        if (option == '?' || !read_option(crowd, option, optarg)) {
            return false;
        }
    }
    for (int i = optind; i < argc; i++) {
        unsigned long port = 0;
        if (crowd->port_count == CROWD_PORTS_MAX || !read_number(argv[i], 1, UINT16_MAX, &port)) {
            return false;
        }
        crowd->ports[crowd->port_count++] = (uint16_t)port;
    }
    return crowd->port_count > 0;
}
