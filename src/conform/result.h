/* SPDX-License-Identifier: MIT
 *
 * What a played case found out, and a whole run of them: what every report is written from.
 */
#ifndef WHY_CONFORM_RESULT_H
#define WHY_CONFORM_RESULT_H

#include "conform/case.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conform_verdict {
    CONFORM_PASSED,
    CONFORM_FAILED,         /* see severity: of the worst finding */
    CONFORM_NOT_APPLICABLE, /* `note` says why: no permessage-deflate, no TLS, the other role */
    CONFORM_NOT_RUN,        /* the peer was gone, or the run was ended */
};

/* What happened on the wire, in order: who, when, what. */
enum conform_way {
    CONFORM_WIRE_SENT,
    CONFORM_WIRE_RECEIVED,
    CONFORM_WIRE_NOTE, /* `what` alone: "connected", "the peer ended the connection (FIN)" */
};

#define CONFORM_BYTES_KEPT 64

struct conform_moment {
    enum conform_way way;
    uint32_t at_us;   /* since the case began */
    const char *what; /* "Text, FIN, RSV1, 5 bytes", "HTTP/1.1 101 ..." */
    const char *head; /* a head of HTTP, its lines ended by "\n"; NULL: it is none */
    uint64_t len;     /* bytes in all */
    uint8_t bytes[CONFORM_BYTES_KEPT];
    uint8_t kept; /* of them, from the first */
    int8_t mark;  /* the decisive one among those, or -1 */
};

struct conform_finding {
    enum conform_severity severity;
    const char *step;     /* as it was written: "expect close 1000" */
    const char *expected; /* in words: "a Close frame with 1002" */
    const char *got;      /* in words: "the text came back", "nothing within 5 s" */
    int32_t moment;       /* index of the decisive one, or -1 */
};

struct conform_result {
    const struct conform_case *test;
    enum conform_verdict verdict;
    enum conform_severity severity; /* FAILED: of the worst finding */
    const char *note;               /* "" */
    uint32_t elapsed_us;
    const struct conform_finding *findings;
    size_t finding_count;
    const struct conform_moment *moments; /* FAILED, or if all are asked for */
    size_t moment_count;
};

struct conform_counts {
    size_t total, passed, must, should, info, not_applicable, not_run;
};

/* A run against one agent; also read back from JSON, for comparing and for baselines. */
struct conform_run {
    const char *agent;  /* "node ws 8.18", or the URL */
    const char *target; /* URL or the address listened on */
    enum conform_role role;
    const char *command; /* what runs one case: "whysocket conform ws://... --case %s -v" */
    const char *version; /* of whysocket */
    const char *date;    /* ISO 8601, UTC */
    uint32_t elapsed_ms;
    const struct conform_result *results; /* in the order of the cases */
    size_t count;
    const char *trouble; /* "": the run went to its end; else "the peer crashed in case 3.1" */
};

void conform_count(const struct conform_run *run, struct conform_counts *counts);

#endif
