/* SPDX-License-Identifier: MIT
 *
 * What a client does in one connection, as words, and what a server does, as a path: the one
 * language that all programs of these tests understand, in C, Python and JavaScript.
 *
 *     /echo/1 text=FILE text/3=FILE binary=FILE ping close=4001
 *
 * The first word is the path to connect to. The others are steps, each done once the one before it
 * is answered:
 *
 *     text=FILE, binary=FILE   send the file as one message, and await the same; /N: in N fragments
 *     ping                     send a Ping, and await its Pong
 *     say                      send the text "go", and await nothing
 *     hear=TEXT                await that text
 *     invalid                  send a text message whose fourth byte no UTF-8 has
 *     close=CODE               close with it, reason "bye"
 *     await                    await the peer's Close
 *
 * A server echoes, but for what comes first on these paths:
 *
 *     /close/CODE/...   it closes with the code, reason "bye"
 *     /ping/...         it sends a Ping, and after its Pong the text "pong"
 *     /invalid/...      it sends a text message whose fourth byte no UTF-8 has
 */
#ifndef WHY_TEST_PLAN_H
#define WHY_TEST_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PLAN_STEPS_MAX = 40,
    PLAN_PATH_MAX = 64,
};

enum plan_kind {
    PLAN_TEXT,
    PLAN_BINARY,
    PLAN_PING,
    PLAN_SAY,
    PLAN_HEAR,
    PLAN_INVALID,
    PLAN_CLOSE,
    PLAN_AWAIT,
};

struct plan_step {
    enum plan_kind kind;
    uint8_t *data; /* owned */
    size_t len;
    size_t piece; /* bytes of one fragment */
    uint16_t code;
};

struct plan {
    char path[PLAN_PATH_MAX];
    struct plan_step steps[PLAN_STEPS_MAX];
    size_t count;
};

/* Exits with a line on stderr where the words cannot be understood or a file cannot be read. */
void plan_parse(struct plan *plan, const char *words);
void plan_clear(struct plan *plan);

enum plan_manner {
    PLAN_ECHOES,
    PLAN_CLOSES,
    PLAN_PINGS,
    PLAN_BREAKS, /* sends invalid text */
};

/* code  set where it closes */
enum plan_manner plan_manner(const char *path, uint16_t *code);

#define PLAN_INVALID_TEXT "abc\xff"
#define PLAN_REASON "bye"

#endif
