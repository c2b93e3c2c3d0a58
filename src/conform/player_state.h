/* SPDX-License-Identifier: MIT
 *
 * Between the files of the player: player.c has its life and its steps, player_input.c what comes,
 * player_output.c what goes, player_open.c the opening handshake, player_expect.c what is expected,
 * player_words.c how it is told.
 */
#ifndef WHY_CONFORM_PLAYER_STATE_H
#define WHY_CONFORM_PLAYER_STATE_H

#include "conform/opening.h"
#include "conform/player.h"
#include "conform/reader.h"
#include "conform/transcript.h"
#include "core/http_head.h"

#define CONFORM_FINDINGS_MAX 12
#define CONFORM_LOOPS_MAX 4

enum conform_item_kind {
    CONFORM_ITEM_HEAD, /* the peer's half of the opening handshake */
    CONFORM_ITEM_BAD_HEAD,
    CONFORM_ITEM_MESSAGE,
    CONFORM_ITEM_PONG,
    CONFORM_ITEM_CLOSE,
    CONFORM_ITEM_FAULT,
    CONFORM_ITEM_END,
};

/* Something that came and that no step has dealt with yet. */
struct conform_item {
    struct conform_item *next;
    enum conform_item_kind kind;
    int32_t moment;
    struct conform_message message; /* MESSAGE; its content is owned */
    uint8_t header_len;             /* of the frame it ended with */
    uint8_t payload[WHY__CONTROL_MAX];
    uint8_t payload_len;
    const char *fault; /* FAULT, BAD_HEAD; static */
    bool is_lesser;    /* FAULT: no worse than the step that meets it */
    enum conform_end end;
};

/* A message that we sent whole and that has not come back. */
struct conform_sent {
    struct conform_sent *next;
    uint8_t opcode;
    struct conform_buffer content;
};

struct conform_loop {
    size_t begin; /* the first step */
    uint32_t turn, turns;
};

struct conform_player {
    struct conform_wire wire; /* first: it leads back here */
    const struct conform_stage *stage;
    const struct conform_case *test; /* CLIENT: NULL until it is known */
    struct why__timer timer;         /* the step's; `is_due` once it fired */
    struct why__task task;           /* the end */
    uint64_t begin_us;

    struct conform_opening opening;
    struct why__http_parser head;
    struct why_deflate_params agreed;
    struct conform_reader received, sent;
    struct conform_item *items, **items_end;
    struct conform_sent *pending, **pending_end;

    size_t at; /* the step, see conform_player_step() */
    struct conform_loop loops[CONFORM_LOOPS_MAX];
    size_t loop_count;
    uint64_t moved_ms;    /* when something of a frame last went out or came in */
    uint64_t deadline_ms; /* past which no progress helps */
    struct conform_values values;
    struct conform_deflater deflater;
    struct conform_buffer rest;     /* of the frame that was cut */
    struct conform_buffer glued;    /* what goes out with our half of the handshake */
    uint8_t owed[WHY__CONTROL_MAX]; /* a Pong that a frame is in the way of */
    uint8_t owed_len;
    uint8_t asked[WHY__CONTROL_MAX]; /* the payload of our last Ping */
    uint8_t asked_len;
    uint32_t frames_sent;
    uint32_t ping_count; /* of ours; each has a payload of its own */
    char ping[24];
    struct { /* the message that came last */
        bool is_known, compressed;
        uint32_t frame_count;
        uint64_t wire_len;
        int32_t moment;
    } last;

    int32_t other_pong; /* the moment of one that was passed over in this step; -1: none */

    struct conform_transcript transcript;
    struct conform_memory *memory;
    struct conform_finding findings[CONFORM_FINDINGS_MAX];
    size_t finding_count;
    struct conform_played played;

    bool is_connected : 1;
    bool is_entered : 1; /* the step was begun */
    bool is_due : 1;
    bool is_busy : 1; /* inside the machine */
    bool is_done : 1;
    bool is_asked : 1; /* our half of the handshake is out */
    bool is_open : 1;  /* frames pass */
    bool has_head : 1; /* the peer's half came, and can be read */
    bool is_glued : 1;
    bool is_paused : 1;
    bool is_ending : 1; /* both have closed: the end of the transport is awaited */
    bool is_closed : 1; /* a step has dealt with the close */
    bool has_ended : 1; /* the peer ended the transport */
    bool owes_pong : 1;
    bool has_asked : 1; /* we have sent a Ping */
    bool has_failed_memory : 1;
    bool is_accepted : 1; /* by us: the peer is a client */
    bool is_given_up : 1; /* it does not apply: it is only closed */
    bool was_shut : 1;    /* by us: a FIN, or a reset */
};

enum conform_outcome {
    CONFORM_STAY, /* nothing decisive has come yet */
    CONFORM_NEXT, /* on to the next step */
    CONFORM_OVER, /* the case is */
};

/* ---- player.c ---- */

void conform_player_advance(struct conform_player *player);

/* The case is over as soon as the machine returns. */
void conform_player_end(struct conform_player *player);

/* In ms, how long an answer may take that is awaited now. */
uint32_t conform_player_limit(const struct conform_player *player);

/* A step's own limit; where the run's is longer than the usual one, since the peer is slow, so is
 * this, in proportion, up to four times and not longer than the run's. 0: it has none. */
uint32_t conform_player_within(const struct conform_player *player,
                               const struct conform_step *step);

/* Set the step's timer: `within_ms` from now, or (0) the run's limit, which then goes on while
 * there is progress. */
void conform_player_wait(struct conform_player *player, uint32_t within_ms);

/* The time is up. Not yet, where there was progress: then the timer is set again. */
bool conform_player_is_late(struct conform_player *player, const struct conform_step *step);

/* It does not apply, for this reason (static): it is only closed. */
void conform_player_give_up(struct conform_player *player, const char *why);

/* The opening handshake and the close that a case has without saying so. */
extern const struct conform_step conform_implicit_open;
extern const struct conform_step conform_implicit_close;

/* ---- player_ask.c ---- */

/* Whether the case is known. Of a client it is once its request is here; one that asks for nothing
 * that there is, is told so, and the player ends. */
bool conform_player_knows_case(struct conform_player *player);

/* ---- player_input.c ---- */

extern const struct conform_wire_ops conform_player_wire_ops;

/* The handshake has been done: frames pass from here on.
 * returns  false if out of memory */
bool conform_player_open(struct conform_player *player);

struct conform_item *conform_player_take(struct conform_player *player, struct conform_item **at);
void conform_item_free(struct conform_item *item);
void conform_player_drop_items(struct conform_player *player);

/* ---- player_output.c ---- */

void conform_player_send_frame(struct conform_player *player, const struct conform_step *step);
void conform_player_send_raw(struct conform_player *player, const struct conform_step *step);
void conform_player_send_rest(struct conform_player *player);
void conform_player_send_control(struct conform_player *player, uint8_t opcode,
                                 struct why_bytes payload);
/* A Ping with a payload that no other had, which is left in `ping`. */
void conform_player_send_ping(struct conform_player *player);
/* Our half of the opening handshake, and what is glued to it. */
void conform_player_send_opening(struct conform_player *player);
/* What a case about TLS begins with, once the connection stands: a request, as a rule. */
void conform_player_begin_tls(struct conform_player *player);

/* What passes for sent from here on: it was held back until now. */
void conform_player_track(struct conform_player *player, struct why_bytes data);
void conform_player_drop_pending(struct conform_player *player);
/* The first pending is done with. */
void conform_player_settle(struct conform_player *player);

/* ---- player_expect.c ---- */

enum conform_outcome conform_player_expect(struct conform_player *player,
                                           const struct conform_step *step);

/* ---- player_open.c ---- */

enum conform_outcome conform_player_open_step(struct conform_player *player,
                                              const struct conform_step *step);

/* ---- player_words.c ---- */

struct why_text;

/* Add a finding; `got` is copied. */
void conform_player_find(struct conform_player *player, const struct conform_step *step,
                         enum conform_severity severity, int32_t moment, const char *expected,
                         const char *got);

/* A finding of an item, with the step's own words for what was expected. */
void conform_player_find_item(struct conform_player *player, const struct conform_step *step,
                              enum conform_severity severity, const struct conform_item *item);

/* One of the time that went by: nothing came. */
void conform_player_find_silence(struct conform_player *player, const struct conform_step *step,
                                 enum conform_severity severity);

void conform_note(struct conform_player *player, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a step expects, in words. */
void conform_step_expected(const struct conform_step *step, struct why_text *text);
void conform_item_describe(const struct conform_item *item, struct why_text *text);

#endif
