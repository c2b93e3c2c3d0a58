/* SPDX-License-Identifier: MIT
 *
 * The opening handshake of a case: our half, as its steps want it, and what is wrong with the
 * peer's.
 */
#ifndef WHY_CONFORM_OPENING_H
#define WHY_CONFORM_OPENING_H

#include "conform/case.h"
#include "conform/term.h"
#include "core/accept_key.h"
#include "whysocket/conn.h"
#include "whysocket/explain.h"
#include "whysocket/handshake.h"

#include <stdbool.h>
#include <stddef.h>

#define CONFORM_CHANGES_MAX 32 /* of one case */
#define CONFORM_KEY_LEN 24

/* Start from all zeroes, then set the first group; all is borrowed. */
struct conform_opening {
    enum conform_role role;     /* of the peer: we ask a server, and answer a client */
    const char *host, *path;    /* SERVER */
    const char *extensions;     /* NULL: none are offered, or answered */
    const char *const *headers; /* "Name: value", of each request */
    size_t header_count;

    char key[CONFORM_KEY_LEN + 1];        /* ours, or the client's */
    char accept[WHY__ACCEPT_KEY_LEN + 1]; /* that belongs to it */
    const struct conform_step *changes[CONFORM_CHANGES_MAX];
    size_t change_count;
    struct conform_buffer written; /* our head, as it was sent */
};

void conform_opening_clear(struct conform_opening *opening);

/* Note a step that changes our half: with, also, without, line, head, body. */
void conform_opening_change(struct conform_opening *opening, const struct conform_step *step);

/* Make a key, for a request. */
void conform_opening_make_key(struct conform_opening *opening, const struct why_host *host);

/* Take the key of a client's request, and what accepts it. */
void conform_opening_take_key(struct conform_opening *opening, const struct why_http_head *request);

/* Write our half into `written`, and what belongs behind it into `body`.
 * returns  WHY_OK or WHY_ERR_NOMEM */
WHY_MUST_USE int conform_opening_write(struct conform_opening *opening,
                                       struct conform_values *values, struct conform_buffer *body);

/* Look at a server's 101.
 *
 * agreed   what is agreed on, also where something else is wrong
 * wrong    English, what is wrong; empty where all is right */
void conform_opening_check_answer(const struct conform_opening *opening,
                                  const struct why_http_head *answer,
                                  struct why_deflate_params *agreed, struct why_text *wrong);

/* Look at a client's request. */
void conform_opening_check_request(const struct why_http_head *request, struct why_text *wrong);

/* Whether our answer and the client's request agree on permessage-deflate.
 *
 * answer  the value of the answer's Sec-WebSocket-Extensions; NULL: of what is written */
bool conform_opening_agree(const struct conform_opening *opening,
                           const struct why_http_head *request, const char *answer,
                           struct why_deflate_params *agreed);

/* Whether what is written is a whole head, so that its reader waits for no more of it. */
bool conform_opening_is_whole(const struct conform_opening *opening);

/* Whether what is written is an answer as HTTP has it, but none that lets the client in. */
bool conform_opening_is_denial(const struct conform_opening *opening);

#endif
