/* SPDX-License-Identifier: MIT
 *
 * Between listen.c, which plays with the clients that come; listen_ask.c, which reads what they ask
 * for; and listen_errand.c, which starts them.
 */
#ifndef WHY_CONFORM_LISTEN_STATE_H
#define WHY_CONFORM_LISTEN_STATE_H

#include "conform/keys.h"
#include "conform/listen.h"
#include "conform/spawn.h"
#include "net/listener.h"
#include "whysocket/explain.h"

enum conform_stand {
    CONFORM_STAND_WAITING,
    CONFORM_STAND_PLAYING,
    CONFORM_STAND_DONE,
};

struct conform_errand;

/* A case, and how far it is. */
struct conform_seat {
    enum conform_stand stand;
    struct conform_errand *errand; /* the command that was started for it, until it has ended */
};

/* What is played beside the cases: the answers of the older protocol. */
struct conform_aside {
    struct conform_aside *next;
    struct conform_player *player;
    struct conform_cases cases;
    bool is_last; /* the client is done */
};

#define CONFORM_DOORS_MAX 10 /* plain, and one for each certificate */

/* Where clients come in. */
struct conform_door {
    struct why__listener *listeners;
    bool is_tls;
    size_t mode;   /* of conform_certs_mode() */
    char url[160]; /* "wss://127.0.0.1:9443" */
};

struct conform_host {
    const struct conform_invitation *invitation;
    struct conform_stage stage;
    struct conform_tally *tally;
    struct conform_door doors[CONFORM_DOORS_MAX];
    size_t door_count;
    char *agent;
    struct conform_seat *seats;
    size_t *numbers; /* of the older protocol: N - 1 -> the case's index */
    size_t number_count;
    size_t done;
    struct conform_player **players; /* that are at it, asides too */
    size_t player_count, player_size;
    unsigned failures; /* commands in a row that did not connect */
    struct conform_aside *asides;
    struct conform_errand *errands;
    struct conform_keys keys;
    struct why__timer timer; /* to the end, when nobody is there */
    const char *stray;       /* what the last connection was that played nothing; NULL: none */
    bool has_come;           /* a client, by itself */
    bool is_over;
    bool is_numbered; /* a client has used the older protocol */
    struct why_text trouble;
};

/* ---- listen.c ---- */

/* Something was decided: is it all? */
void conform_host_look(struct conform_host *host);

/* A result of a case that was not played, or nothing more of it is to come. */
void conform_host_settle(struct conform_host *host, size_t index);

void conform_host_end(struct conform_host *host);

/* The door that a client has to take for a case; NULL: there is none. */
const struct conform_door *conform_host_door(const struct conform_host *host,
                                             const struct conform_case *test);

/* ---- listen_ask.c ---- */

enum conform_asked {
    CONFORM_ASKED_NOTHING, /* that there is */
    CONFORM_ASKED_CASE,    /* `index` */
    CONFORM_ASKED_ASIDE,   /* `text` is to be sent, if it is not empty */
    CONFORM_ASKED_END,     /* the same, and the client is done */
};

struct conform_wish {
    enum conform_asked asked;
    size_t index;
    struct why_text text;
};

/* Read a request's target. `wish` from all zeroes; its text is cleared by the caller. */
void conform_host_read(struct conform_host *host, struct why_bytes path, struct conform_wish *wish);

/* ---- listen_errand.c ---- */

/* Start commands, as many as may run. */
void conform_host_send_out(struct conform_host *host);

/* The case that it was started for has its result. */
void conform_errand_has_result(struct conform_errand *errand);

/* The client has come. */
void conform_errand_has_come(struct conform_errand *errand);

/* End those that are left. */
void conform_host_call_back(struct conform_host *host);

#endif
