/* SPDX-License-Identifier: MIT
 *
 * Plays one case over one connection, and says what it found.
 */
#ifndef WHY_CONFORM_PLAYER_H
#define WHY_CONFORM_PLAYER_H

#include "conform/memory.h"
#include "conform/result.h"
#include "conform/wire.h"
#include "whysocket/explain.h"
#include "whysocket/handshake.h"
#include "whysocket/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conform_player;
struct conform_secure;

/* How far a case came: what a run has to know to tell a finding from a peer that is gone. */
enum conform_fate {
    CONFORM_FATE_PLAYED,
    CONFORM_FATE_UNREACHED, /* there was no connection: refused, or broken before it stood */
    CONFORM_FATE_MUTE,      /* connected, and nothing came for the run's limit */
    CONFORM_FATE_CUT,       /* the connection ended before the opening handshake was answered */
};

/* What a case has become. The result and all it points to lie in `memory`, which whoever is told
 * takes over. */
struct conform_played {
    struct conform_result result;
    struct conform_memory *memory;
    enum conform_fate fate;
    uint16_t status;     /* of the peer's HTTP answer; 0: none came */
    bool has_answered;   /* a message came */
    bool is_silent;      /* a step waited in vain, and nothing came at all */
    bool is_cut;         /* the connection ended where nothing gave a reason to */
    bool has_key;        /* a masked frame came; */
    uint8_t key[4];      /* the first one's key */
    const char *trouble; /* not PLAYED: in words */
};

/* What all cases of a run share; borrowed. */
struct conform_stage {
    struct why_loop *loop;
    const struct why_options *options;
    enum conform_role role;       /* of the peer: CONFORM_SERVER or CONFORM_CLIENT */
    struct conform_target target; /* SERVER: where it is, */
    const char *host, *path;      /* what it is asked for, */
    const char *const *headers;   /* and with which further lines */
    size_t header_count;
    struct conform_secure *secure; /* NULL: no TLS */
    uint32_t limit_ms;             /* how long something may take */
    bool keeps_all;                /* the moments of what has passed, too */

    /* The last word on a player, which is freed after it. */
    void (*on_done)(void *user, struct conform_player *player, struct conform_played *played);

    /* CLIENT: this was asked for; which case is it? NULL: none, and it is answered with 404 and
     * `refusal`, a line that says why. `target` is borrowed for the call. */
    const struct conform_case *(*choose)(void *user, struct conform_player *player,
                                         struct why_bytes target, struct why_text *refusal);
    void *user;
};

/* Connect to the server and play `test`, which outlives it. on_done comes from a later turn.
 * returns  NULL if out of memory */
struct conform_player *conform_player_start(const struct conform_stage *stage,
                                            const struct conform_case *test);

/* Let a client that has connected say which case it wants; `fd` is taken over.
 *
 * tls      taken over, also on failure; NULL: plain
 * test     the case, where it is known without being said; NULL: it is not
 * returns  NULL if out of memory */
struct conform_player *conform_player_accept(const struct conform_stage *stage, int fd,
                                             struct why__tls *tls, const struct conform_case *test);

/* End it now: its case counts as not run, for this reason (static). on_done follows. */
void conform_player_stop(struct conform_player *player, const char *why);

const struct conform_case *conform_player_case(const struct conform_player *player);

/* Whether its connection has TLS. */
bool conform_player_is_secure(const struct conform_player *player);

#endif
