/* SPDX-License-Identifier: MIT */
#include "conform/run.h"

#include "whysocket/explain.h"
#include "whysocket/result.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOW_MAX = 2,      /* cases of much data, at once */
    TIMED_MAX = 8,     /* cases about time, at once: they wait, as a rule */
    RETRY_MS = 100,    /* between two looks whether a server is back */
    TOGETHER_MS = 300, /* connections that are cut within this fell together */
    CRASHES_MAX = 20,  /* of one run: more is no server that could be tested */
    HANG_PROBES = 4,   /* each takes the run\'s limit: a busy server may yet answer */
    NAMED_MAX = 12,    /* cases that a text lists */
};

enum stand {
    STAND_WAITING,
    STAND_PLAYING,
    STAND_DONE,
};

struct entry {
    enum stand stand;
    bool is_suspect; /* the server crashed while it played: alone, it shows whether it was it */
    bool was_cut;    /* its connection ended, where something else was expected, */
    bool is_victim;  /* and nothing that it sent gave a reason to */
    uint64_t ended_ms;
    struct conform_player *player;
};

/* What the run is at. */
enum phase {
    PHASE_PLAY,  /* those that may be played together */
    PHASE_ALONE, /* suspects, one at a time */
    PHASE_DOWN,  /* the server is gone: is it back? */
    PHASE_HANG,  /* it did not answer: does it still not? */
};

struct run {
    const struct conform_plan *plan;
    struct conform_stage stage;
    struct conform_tally *tally;
    struct entry *entries;
    size_t done, playing, slow, timed;
    enum phase phase;
    bool has_reached; /* the server was there once */
    bool is_over;
    struct why__timer timer;
    uint64_t down_ms; /* since when */
    struct conform_player *probe;
    size_t alone;      /* ALONE: which is played, or was last */
    bool checks_alone; /* whether the server survived it is asked by the probe */
    uint32_t crashes, mute_probes;
    struct why_text trouble;
    struct why_text names; /* HANG: what was played when it began */
};

/* A connection that is opened and closed: is there somebody? */
static const struct conform_group probe_group = {.id = "0", .title = "", .clause = ""};
static const struct conform_case probe_case = {.group = &probe_group,
                                               .id = "0",
                                               .title = "",
                                               .why = "",
                                               .clause = "",
                                               .severity = CONFORM_INFO,
                                               .role = CONFORM_BOTH,
                                               .autobahn = ""};

static uint64_t now_of(const struct run *run) {
    return why__loop_now(run->stage.loop);
}

/* ---- Words ---- */

static void append_name(struct why_text *text, size_t *named, const char *id) {
    if (*named < NAMED_MAX) {
        why_text_append(text, "%s%s", *named == 0 ? "" : ", ", id);
    } else if (*named == NAMED_MAX) {
        why_text_append(text, ", ...");
    }
    (*named)++;
}

static void add_trouble(struct run *run, const char *text) {
    why_text_append(&run->trouble, "%s%s", run->trouble.len > 0 ? "; " : "", text);
}

static void end_early(struct run *run, const char *note) {
    run->is_over = true;
    conform_tally_excuse(run->tally, note);
    why_loop_stop(run->stage.loop);
}

/* ---- Starting ---- */

static void tell(struct run *run, size_t index) {
    if (run->plan->on_result != NULL) {
        run->plan->on_result(run->plan->user, &run->tally->results[index], run->done,
                             run->plan->count);
    }
}

/* It is decided without being played. */
static const char *excuse_of(const struct run *run, const struct conform_case *test) {
    if ((test->role & run->stage.role) == 0) {
        return "the case is for clients";
    }
    return test->tls != NULL && run->stage.secure == NULL ? "the case needs a wss: URL" : NULL;
}

static void start(struct run *run, size_t index) {
    struct entry *entry = &run->entries[index];
    const struct conform_case *test = run->plan->tests[index];
    entry->player = conform_player_start(&run->stage, test);
    if (entry->player == NULL) {
        add_trouble(run, "out of memory");
        end_early(run, "out of memory");
        return;
    }
    entry->stand = STAND_PLAYING;
    run->playing++;
    run->slow += test->slow;
    run->timed += test->timed;
}

static bool may_start(const struct run *run, const struct conform_case *test, bool is_timed) {
    if (test->timed != is_timed || run->playing >= run->plan->jobs) {
        return false;
    }
    return is_timed ? run->playing < TIMED_MAX : !test->slow || run->slow < SLOW_MAX;
}

/* Slow ones first: they take the longest, and the others fill what they leave. */
static void start_together(struct run *run, bool is_timed) {
    for (int slow = 1; slow >= 0; slow--) {
        for (size_t i = 0; i < run->plan->count && !run->is_over; i++) {
            const struct conform_case *test = run->plan->tests[i];
            if (run->entries[i].stand == STAND_WAITING && !run->entries[i].is_suspect &&
                test->slow == (slow == 1) && may_start(run, test, is_timed)) {
                start(run, i);
            }
        }
    }
}

static bool has_waiting(const struct run *run, bool is_suspect, bool is_timed) {
    for (size_t i = 0; i < run->plan->count; i++) {
        const struct entry *entry = &run->entries[i];
        if (entry->stand == STAND_WAITING && entry->is_suspect == is_suspect &&
            (is_suspect || run->plan->tests[i]->timed == is_timed)) {
            return true;
        }
    }
    return false;
}

static void start_probe(struct run *run) {
    run->probe = conform_player_start(&run->stage, &probe_case);
    if (run->probe == NULL) {
        end_early(run, "out of memory");
    }
}

static void start_alone(struct run *run) {
    for (size_t i = 0; i < run->plan->count; i++) {
        if (run->entries[i].stand == STAND_WAITING && run->entries[i].is_suspect) {
            run->alone = i;
            run->checks_alone = true;
            start(run, i);
            return;
        }
    }
}

static bool fell_together(const struct entry *one, const struct entry *other) {
    uint64_t apart = one->ended_ms > other->ended_ms ? one->ended_ms - other->ended_ms
                                                     : other->ended_ms - one->ended_ms;
    return apart <= TOGETHER_MS;
}

static void play_again(struct run *run, struct entry *entry) {
    if (entry->stand == STAND_DONE && !entry->is_suspect) {
        entry->is_suspect = true;
        entry->stand = STAND_WAITING;
        run->done--;
    }
}

/* Connections that were cut at one time, some of them without a reason, were cut by a server that
 * fell, and may have been back at once: one of them was its undoing, the others tell nothing. */
static void look_for_victims(struct run *run) {
    for (size_t i = 0; i < run->plan->count; i++) {
        struct entry *victim = &run->entries[i];
        for (size_t j = 0; victim->is_victim && j < run->plan->count; j++) {
            struct entry *other = &run->entries[j];
            if (j != i && other->was_cut && fell_together(victim, other)) {
                play_again(run, victim);
                play_again(run, other);
            }
        }
    }
}

/* True: the phase is another one now. */
static bool play(struct run *run) {
    bool is_timed = !has_waiting(run, false, false);
    if (is_timed && run->playing > run->timed) {
        return false; /* those about time wait until they are alone */
    }
    start_together(run, is_timed);
    if (run->playing > 0 || run->is_over) {
        return false;
    }
    look_for_victims(run);
    if (has_waiting(run, true, false)) {
        run->phase = PHASE_ALONE;
        return true;
    }
    run->is_over = true;
    why_loop_stop(run->stage.loop);
    return false;
}

/* The same. */
static bool play_alone(struct run *run) {
    if (run->playing > 0 || run->probe != NULL) {
        return false;
    }
    if (run->checks_alone) {
        start_probe(run);
        return false;
    }
    if (has_waiting(run, true, false)) {
        start_alone(run);
        return false;
    }
    run->phase = PHASE_PLAY;
    return true;
}

static void go_on(struct run *run) {
    bool is_changed = true;
    while (is_changed && !run->is_over) {
        is_changed = false;
        switch (run->phase) {
        case PHASE_PLAY:
            is_changed = play(run);
            break;
        case PHASE_ALONE:
            is_changed = play_alone(run);
            break;
        case PHASE_DOWN:
        case PHASE_HANG:
            if (run->playing == 0 && run->probe == NULL) {
                start_probe(run);
            }
            break;
        }
    }
}

/* ---- A server that is gone ---- */

/* Those whose connections were cut when the server fell are to be played again, alone. */
static void suspect(struct run *run, struct why_text *names) {
    size_t named = 0;
    for (size_t i = 0; i < run->plan->count; i++) {
        struct entry *entry = &run->entries[i];
        bool is_near = entry->ended_ms + TOGETHER_MS >= run->down_ms;
        if (entry->stand == STAND_DONE && entry->was_cut && is_near && !entry->is_suspect) {
            append_name(names, &named, run->plan->tests[i]->id);
            play_again(run, entry);
        }
    }
}

static size_t count_suspects(const struct run *run, size_t *last) {
    size_t count = 0;
    for (size_t i = 0; i < run->plan->count; i++) {
        if (run->entries[i].stand == STAND_WAITING && run->entries[i].is_suspect) {
            *last = i;
            count++;
        }
    }
    return count;
}

/* It was this one. */
static void blame(struct run *run, size_t index) {
    struct entry *entry = &run->entries[index];
    if (entry->stand != STAND_DONE) {
        entry->stand = STAND_DONE;
        run->done++;
    }
    conform_tally_find(run->tally, index, CONFORM_MUST, "the server is still there",
                       "the server crashed: connections are refused since this case");
    struct why_text text = {0};
    why_text_append(&text, "the server crashed in case %s", run->plan->tests[index]->id);
    add_trouble(run, text.data == NULL ? "" : text.data);
    why_text_clear(&text);
    tell(run, index);
}

static void fall(struct run *run) {
    if (run->phase != PHASE_DOWN) {
        run->crashes++;
        run->down_ms = now_of(run);
        run->phase = PHASE_DOWN;
    }
}

static void on_due(struct why__timer *timer) {
    go_on(WHY__CONTAINER(timer, struct run, timer));
}

static void give_up(struct run *run) {
    struct why_text names = {0};
    size_t last = 0;
    suspect(run, &names);
    if (run->checks_alone) {
        run->checks_alone = false;
        blame(run, run->alone);
    } else if (count_suspects(run, &last) == 1) {
        blame(run, last);
    } else {
        struct why_text text = {0};
        why_text_append(&text, "the server crashed");
        if (names.len > 0) {
            why_text_append(&text, " in one of %s (--jobs 1 shows in which)", names.data);
        }
        add_trouble(run, text.data == NULL ? "" : text.data);
        why_text_clear(&text);
    }
    why_text_clear(&names);
    end_early(run, "the server was gone");
}

/* It is back, or was never gone. */
static void rise(struct run *run) {
    struct why_text names = {0};
    suspect(run, &names);
    why_text_clear(&names);
    size_t last = 0;
    if (run->checks_alone) {
        run->checks_alone = false;
        blame(run, run->alone);
    } else if (count_suspects(run, &last) == 1) {
        blame(run, last);
    }
    run->phase = has_waiting(run, true, false) ? PHASE_ALONE : PHASE_PLAY;
}

/* Its connection ended where none should. */
static bool was_cut(const struct conform_played *played) {
    const struct conform_result *result = &played->result;
    if (result->verdict != CONFORM_FAILED || result->finding_count == 0) {
        return false;
    }
    const char *got = result->findings[result->finding_count - 1].got;
    return strcmp(got, conform_end_text(CONFORM_END_FIN)) == 0 ||
           strcmp(got, conform_end_text(CONFORM_END_RESET)) == 0;
}

static void end_mute_probe(struct run *run) {
    if (++run->mute_probes < HANG_PROBES) {
        start_probe(run);
        return;
    }
    struct why_text text = {0};
    why_text_append(&text, "the server hangs: it takes connections and answers none");
    if (run->names.len > 0) {
        why_text_append(&text, "; it began while these were played: %s", run->names.data);
    }
    add_trouble(run, text.data == NULL ? "" : text.data);
    why_text_clear(&text);
    end_early(run, "the server hangs");
}

static void end_probe(struct run *run, const struct conform_played *played) {
    /* A server that is just dying may still take the connection. */
    bool is_gone = played->fate == CONFORM_FATE_UNREACHED || played->fate == CONFORM_FATE_CUT ||
                   was_cut(played);
    run->probe = NULL;
    if (run->phase == PHASE_HANG) {
        if (played->fate == CONFORM_FATE_MUTE) {
            end_mute_probe(run);
            return;
        }
        run->phase = PHASE_PLAY;
    } else if (run->phase == PHASE_ALONE && played->fate == CONFORM_FATE_MUTE) {
        run->phase = PHASE_HANG;
        run->mute_probes = 0;
        run->names.len = 0;
        why_text_append(&run->names, "%s", run->plan->tests[run->alone]->id);
        run->checks_alone = false;
        end_mute_probe(run);
        return;
    } else if (run->phase == PHASE_ALONE && !is_gone) {
        run->checks_alone = false; /* it survived that one */
    }
    if (is_gone) {
        fall(run);
        bool is_time = now_of(run) - run->down_ms >= run->plan->restart_ms;
        if (is_time || run->crashes > CRASHES_MAX) {
            give_up(run);
        } else {
            why__timer_set(run->stage.loop, &run->timer, now_of(run) + RETRY_MS);
        }
        return;
    }
    if (run->phase == PHASE_DOWN) {
        rise(run);
    }
    go_on(run);
}

/* ---- Results ---- */

/* An opening handshake was not answered. What else was played at that time may be the reason: this
 * one is played again, alone, if the server still answers anybody. */
static void begin_hang(struct run *run, size_t index) {
    if (run->phase == PHASE_PLAY) {
        size_t named = 0;
        run->phase = PHASE_HANG;
        run->mute_probes = 0;
        run->names.len = 0;
        for (size_t i = 0; i < run->plan->count; i++) {
            if (run->entries[i].player != NULL) {
                append_name(&run->names, &named, run->plan->tests[i]->id);
            }
        }
    }
    play_again(run, &run->entries[index]);
}

static void end_case(struct run *run, size_t index, struct conform_played *played) {
    struct entry *entry = &run->entries[index];
    const struct conform_case *test = run->plan->tests[index];
    entry->player = NULL;
    run->playing--;
    run->slow -= test->slow;
    run->timed -= test->timed;
    if (played->fate == CONFORM_FATE_UNREACHED) {
        conform_memory_free(played->memory);
        entry->stand = STAND_WAITING; /* it was not played, and so it was not it */
        run->checks_alone = false;
        if (!run->is_over) {
            fall(run);
        }
        return;
    }
    run->has_reached = true;
    entry->stand = STAND_DONE;
    entry->ended_ms = now_of(run);
    entry->was_cut = was_cut(played);
    entry->is_victim = played->is_cut;
    run->done++;
    bool is_mute = played->fate == CONFORM_FATE_MUTE;
    conform_tally_take(run->tally, index, played);
    if (is_mute) {
        begin_hang(run, index);
    } else if (entry->was_cut && run->phase == PHASE_PLAY && run->plan->jobs == 1) {
        run->phase = PHASE_ALONE; /* it was alone: did the server survive it? */
        run->alone = index;
        run->checks_alone = true;
    }
    if (entry->stand == STAND_DONE) {
        tell(run, index);
    }
}

static void on_done(void *user, struct conform_player *player, struct conform_played *played) {
    struct run *run = user;
    if (player == run->probe) {
        end_probe(run, played);
        conform_memory_free(played->memory);
        return;
    }
    for (size_t i = 0; i < run->plan->count; i++) {
        if (run->entries[i].player == player) {
            end_case(run, i, played);
            go_on(run);
            return;
        }
    }
    conform_memory_free(played->memory);
}

/* ---- The run ---- */

static void excuse_all(struct run *run) {
    for (size_t i = 0; i < run->plan->count; i++) {
        const char *excuse = excuse_of(run, run->plan->tests[i]);
        if (excuse != NULL) {
            run->tally->results[i].verdict = CONFORM_NOT_APPLICABLE;
            run->tally->results[i].note = excuse;
            run->entries[i].stand = STAND_DONE;
            run->done++;
        }
    }
}

/* What is still on its way has no one to tell. */
static void stop_players(struct run *run) {
    run->is_over = true;
    for (size_t i = 0; i < run->plan->count; i++) {
        if (run->entries[i].player != NULL) {
            conform_player_stop(run->entries[i].player, "the run was ended");
        }
    }
    if (run->probe != NULL) {
        conform_player_stop(run->probe, "");
    }
    why__timer_cancel(run->stage.loop, &run->timer);
}

int conform_run_server(const struct conform_plan *plan, struct conform_tally *tally,
                       const char **trouble) {
    struct run run = {.plan = plan, .stage = plan->stage, .tally = tally};
    *trouble = "";
    run.stage.on_done = on_done;
    run.stage.user = &run;
    run.timer.on_due = on_due;
    run.entries = calloc(plan->count + 1, sizeof *run.entries);
    if (run.entries == NULL || !conform_tally_init(tally, plan->tests, plan->count)) {
        free(run.entries);
        return WHY_ERR_NOMEM;
    }
    excuse_all(&run);
    go_on(&run);
    int result = run.is_over ? WHY_OK : why_loop_run(plan->stage.loop);
    bool was_stopped = !run.is_over;
    stop_players(&run);
    if (result == WHY_OK) {
        result = why_loop_run(plan->stage.loop); /* until the last of them is freed */
    }
    if (was_stopped) {
        conform_tally_excuse(tally, "the run was ended");
        add_trouble(&run, "the run was ended before its end");
    }
    if (run.trouble.len > 0) {
        *trouble = conform_tally_text(tally, run.trouble.data);
    }
    why_text_clear(&run.trouble);
    why_text_clear(&run.names);
    free(run.entries);
    return result;
}
