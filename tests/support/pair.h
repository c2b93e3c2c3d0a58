/* SPDX-License-Identifier: MIT
 *
 * Two connections joined in memory, on virtual time: what one sends, the other receives, in pieces
 * of a chosen size.
 */
#ifndef WHY_TEST_PAIR_H
#define WHY_TEST_PAIR_H

#include "whysocket/conn.h"

#include "support/host.h"

#include <stdbool.h>

struct test_pair;

struct test_end {
    struct why_conn *conn;
    struct test_pair *pair;
    bool echo; /* send every message back */
    bool deaf; /* read nothing, so that what is sent to it stays queued */
    size_t messages, pings, pongs;
    size_t bytes;  /* of messages */
    uint8_t *last; /* copy of the last message, or of the pieces of it */
    size_t last_len, last_size;
    bool last_compressed;
    enum why_opcode last_opcode;
    uint16_t close_code; /* received; 0: none */
    size_t ends;         /* 1 once WHY_EVENT_END came */
};

struct test_pair {
    struct test_host host;
    struct why_options client_options, server_options;
    struct why_deflate_params deflate;
    struct test_end client, server;
    size_t piece; /* bytes moved at once; 0: all there is */
    size_t moved; /* bytes so far, both ways */
};

/* Fill in the defaults; change what the test is about, then open. */
void test_pair_init(struct test_pair *pair);
void test_pair_open(struct test_pair *pair);

/* Move bytes both ways until nothing moves any more. */
void test_pair_run(struct test_pair *pair);

/* Let time pass in steps to every deadline on the way, moving bytes after each. */
void test_pair_advance(struct test_pair *pair, uint64_t ms);

/* Free both; fails the test where memory is left. */
void test_pair_close(struct test_pair *pair);

#endif
