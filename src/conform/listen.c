/* SPDX-License-Identifier: MIT */
#include "conform/listen.h"

#include "conform/listen_state.h"
#include "whysocket/result.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 2000, /* all is played, but the older protocol's last word has not come */
    ACCEPTS_PER_TURN = 32,
};

void conform_host_end(struct conform_host *host) {
    if (!host->is_over) {
        host->is_over = true;
        why_loop_stop(host->stage.loop);
    }
}

/* Nobody is there: all is played, or the clients are gone. */
static void on_due(struct why__timer *timer) {
    struct conform_host *host = WHY__CONTAINER(timer, struct conform_host, timer);
    size_t left = host->invitation->count - host->done;
    if (left > 0) {
        why_text_append(&host->trouble,
                        "%sno client has been here for %" PRIu32 " s, and %zu cases were not asked "
                        "for",
                        host->trouble.len > 0 ? "; " : "", host->invitation->idle_ms / 1000, left);
    }
    if (left > 0 && host->stray != NULL) {
        why_text_append(&host->trouble, "; the last that came for none: %s", host->stray);
    }
    conform_host_end(host);
}

void conform_host_look(struct conform_host *host) {
    if (host->is_over) {
        return;
    }
    if (host->invitation->command != NULL) {
        conform_host_send_out(host);
    }
    if (host->player_count > 0 || host->errands != NULL) {
        return;
    }
    bool is_done = host->done == host->invitation->count;
    if (is_done && !host->is_numbered) {
        conform_host_end(host);
    } else if (is_done || host->has_come) {
        why__timer_set(host->stage.loop, &host->timer,
                       why__loop_now(host->stage.loop) +
                           (is_done ? LINGER_MS : host->invitation->idle_ms));
    }
}

void conform_host_settle(struct conform_host *host, size_t index) {
    struct conform_seat *seat = &host->seats[index];
    if (seat->stand != CONFORM_STAND_DONE) {
        seat->stand = CONFORM_STAND_DONE;
        host->done++;
    }
    if (host->invitation->on_result != NULL) {
        host->invitation->on_result(host->invitation->user, &host->tally->results[index],
                                    host->done, host->invitation->count);
    }
}

/* ---- Asides ---- */

/* A case that says a text and closes; any client can be told anything so. Its bytes are written as
 * hex, so that nothing in them means something. */
static const struct conform_case *make_aside(struct conform_host *host,
                                             struct conform_player *player,
                                             const struct conform_wish *wish) {
    struct conform_aside *aside = calloc(1, sizeof *aside);
    struct why_text text = {0};
    char error[128];
    why_text_append(&text, "group 0 \"Aside\" 4\ncase 0.1 info \"an answer\"\n  wait 0\n");
    if (wish->text.len > 0) {
        why_text_append(&text, "  send text h\"");
        for (size_t i = 0; i < wish->text.len; i++) {
            why_text_append(&text, "%02x", (uint8_t)wish->text.data[i]);
        }
        why_text_append(&text, "\"\n");
    }
    struct why_bytes bytes = {(const uint8_t *)text.data, text.len};
    bool is_made = aside != NULL && !text.failed &&
                   conform_cases_read(&aside->cases, "aside", bytes, error, sizeof error) == WHY_OK;
    why_text_clear(&text);
    if (!is_made) {
        free(aside);
        return NULL;
    }
    aside->player = player;
    aside->is_last = wish->asked == CONFORM_ASKED_END;
    aside->next = host->asides;
    host->asides = aside;
    return &aside->cases.list[0];
}

/* False: it was none. */
static bool end_aside(struct conform_host *host, const struct conform_player *player) {
    for (struct conform_aside **at = &host->asides; *at != NULL; at = &(*at)->next) {
        struct conform_aside *aside = *at;
        if (aside->player == player) {
            if (aside->is_last) {
                conform_host_end(host);
            }
            *at = aside->next;
            conform_cases_free(&aside->cases);
            free(aside);
            return true;
        }
    }
    return false;
}

/* ---- Players ---- */

static bool find_index(const struct conform_host *host, const struct conform_case *test,
                       size_t *index) {
    for (size_t i = 0; test != NULL && i < host->invitation->count; i++) {
        if (host->invitation->tests[i] == test) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool is_about_certificate(const struct conform_door *door) {
    return door->is_tls && door->mode > 0;
}

/* The case that was asked for, or what is in the way of it. */
static const struct conform_case *choose_case(struct conform_host *host,
                                              const struct conform_player *player, size_t index,
                                              struct why_text *refusal) {
    const struct conform_case *test = host->invitation->tests[index];
    struct conform_seat *seat = &host->seats[index];
    const struct conform_door *door = conform_host_door(host, test);
    bool is_again = host->invitation->command != NULL && seat->stand != CONFORM_STAND_WAITING;
    if (door == NULL || (test->role & CONFORM_CLIENT) == 0) {
        why_text_append(refusal, "case %s: %s\n", test->id, host->tally->results[index].note);
    } else if (is_about_certificate(door) ||
               (test->tls != NULL && !conform_player_is_secure(player))) {
        why_text_append(refusal, "case %s is played at %s\n", test->id, door->url);
    } else if (is_again || seat->stand == CONFORM_STAND_PLAYING) {
        why_text_append(refusal, "case %s is being played already\n", test->id);
    } else {
        if (seat->errand != NULL) {
            conform_errand_has_come(seat->errand);
        }
        if (seat->stand == CONFORM_STAND_WAITING) {
            seat->stand = CONFORM_STAND_PLAYING;
        }
        return test;
    }
    return NULL;
}

static const struct conform_case *choose(void *user, struct conform_player *player,
                                         struct why_bytes target, struct why_text *refusal) {
    struct conform_host *host = user;
    struct conform_wish wish = {0};
    const struct conform_case *test = NULL;
    conform_host_read(host, target, &wish);
    if (wish.asked == CONFORM_ASKED_CASE) {
        test = choose_case(host, player, wish.index, refusal);
    } else if (wish.asked != CONFORM_ASKED_NOTHING) {
        test = make_aside(host, player, &wish);
    } else {
        why_text_append(refusal, "there is no such case among those that are played; paths are "
                                 "/case/ID, /getCaseCount, /runCase?case=N and others\n");
    }
    why_text_clear(&wish.text);
    return test;
}

static void on_done(void *user, struct conform_player *player, struct conform_played *played) {
    struct conform_host *host = user;
    size_t index = 0;
    for (size_t i = 0; i < host->player_count; i++) {
        if (host->players[i] == player) {
            host->players[i] = host->players[--host->player_count];
        }
    }
    bool is_case = !end_aside(host, player) &&
                   find_index(host, conform_player_case(player), &index) && !host->is_over;
    if (!is_case) {
        host->stray = played->trouble != NULL ? played->trouble : host->stray;
        conform_memory_free(played->memory);
    } else {
        if (played->has_key && !conform_keys_add(&host->keys, played->key, index)) {
            why_text_append(&host->trouble, "out of memory");
            conform_host_end(host);
        }
        struct conform_seat *seat = &host->seats[index];
        conform_tally_take(host->tally, index, played);
        if (seat->errand != NULL) {
            conform_errand_has_result(seat->errand);
        } else {
            conform_host_settle(host, index);
        }
    }
    conform_host_look(host);
}

static bool has_room(struct conform_host *host) {
    if (host->player_count < host->player_size) {
        return true;
    }
    size_t size = host->player_size == 0 ? 64 : host->player_size * 2;
    struct conform_player **players = realloc(host->players, size * sizeof(*players));
    if (players == NULL) {
        return false;
    }
    host->players = players;
    host->player_size = size;
    return true;
}

static const struct conform_door *find_door(const struct conform_host *host,
                                            const struct why__listener *listener) {
    for (size_t i = 0; i < host->door_count; i++) {
        const struct why__listener *at = host->doors[i].listeners;
        while (at != NULL && at != listener) {
            at = at->next;
        }
        if (at != NULL) {
            return &host->doors[i];
        }
    }
    return NULL;
}

/* A client may leave without a word where the certificate is bad: the case is known by the door. */
static const struct conform_case *case_of_door(struct conform_host *host,
                                               const struct conform_door *door) {
    const struct conform_case *any = NULL;
    for (size_t i = 0; i < host->invitation->count; i++) {
        const struct conform_case *test = host->invitation->tests[i];
        struct conform_seat *seat = &host->seats[i];
        if (conform_host_door(host, test) != door || seat->stand == CONFORM_STAND_PLAYING) {
            continue;
        }
        if (seat->stand == CONFORM_STAND_WAITING) {
            seat->stand = CONFORM_STAND_PLAYING;
            if (seat->errand != NULL) {
                conform_errand_has_come(seat->errand);
            }
            return test;
        }
        any = test;
    }
    return any;
}

static bool let_in(struct conform_host *host, const struct conform_door *door, int fd) {
    struct why__tls *tls = NULL;
    const struct conform_case *test = NULL;
    if (is_about_certificate(door)) {
        test = case_of_door(host, door);
    }
    if (door->is_tls) {
        tls = conform_certs_begin(host->invitation->certs, door->mode);
    }
    if ((is_about_certificate(door) && test == NULL) || (door->is_tls && tls == NULL)) {
        why__tls_free(tls);
        close(fd);
        return true;
    }
    struct conform_player *player = conform_player_accept(&host->stage, fd, tls, test);
    if (player != NULL) {
        host->players[host->player_count++] = player;
    }
    return player != NULL;
}

static void on_ready(struct why__watch *watch, unsigned ready) {
    struct why__listener *listener = WHY__CONTAINER(watch, struct why__listener, watch);
    /* The listener's owner is a server as a rule; here it is the host. */
    struct conform_host *host = (struct conform_host *)(void *)listener->server;
    const struct conform_door *door = find_door(host, listener);
    (void)ready;
    for (unsigned i = 0; door != NULL && i < ACCEPTS_PER_TURN && has_room(host); i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        why__timer_cancel(host->stage.loop, &host->timer);
        host->has_come = host->invitation->command == NULL;
        bool is_in = let_in(host, door, fd);
        conform_host_look(host);
        if (!is_in) {
            return;
        }
    }
}

/* ---- The run ---- */

const struct conform_door *conform_host_door(const struct conform_host *host,
                                             const struct conform_case *test) {
    for (size_t i = 0; i < host->door_count; i++) {
        const struct conform_door *door = &host->doors[i];
        if (test->tls == NULL
                ? !is_about_certificate(door)
                : door->is_tls && strcmp(conform_certs_mode(door->mode), test->tls) == 0) {
            return door;
        }
    }
    return NULL;
}

static void excuse_all(struct conform_host *host) {
    for (size_t i = 0; i < host->invitation->count; i++) {
        const struct conform_case *test = host->invitation->tests[i];
        const struct conform_door *door = conform_host_door(host, test);
        const char *excuse = (test->role & CONFORM_CLIENT) == 0 ? "the case is for servers"
                             : door == NULL                     ? "the case needs --listen-tls"
                                                                : NULL;
        if (excuse != NULL) {
            host->tally->results[i].verdict = CONFORM_NOT_APPLICABLE;
            host->tally->results[i].note = excuse;
            host->seats[i].stand = CONFORM_STAND_DONE;
            host->done++;
        } else if (test->tls == NULL) {
            host->numbers[host->number_count++] = i;
        }
    }
}

static int open_door(struct conform_host *host, const char *address, bool is_tls, size_t mode,
                     char *error, size_t error_size) {
    struct why__listen how = {.error = error, .error_size = error_size};
    struct conform_door *door = &host->doors[host->door_count];
    *door = (struct conform_door){.is_tls = is_tls, .mode = mode};
    int result = why__listeners_open(address, &how, &door->listeners);
    if (result != WHY_OK) {
        return result;
    }
    host->door_count++;
    (void)snprintf(door->url, sizeof door->url, "%s://%s", is_tls ? "wss" : "ws",
                   door->listeners->address);
    for (struct why__listener *at = door->listeners; at != NULL; at = at->next) {
        at->watch.on_ready = on_ready;
        at->server = (struct why_server *)(void *)host;
        if (why__loop_watch(host->stage.loop, &at->watch, WHY__READABLE) != WHY_OK) {
            (void)snprintf(error, error_size, "%s", strerror(errno));
            return WHY_ERR_SYSTEM;
        }
    }
    return WHY_OK;
}

/* "host:9443" -> "host:9444"; port 0 stays it. */
static void next_port(char *out, size_t size, const char *address, size_t steps) {
    const char *colon = strrchr(address, ':');
    unsigned port = colon == NULL ? 0 : (unsigned)strtoul(colon + 1, NULL, 10);
    int len = colon == NULL ? 0 : (int)(colon - address);
    (void)snprintf(out, size, "%.*s:%u", len, address, port == 0 ? 0 : port + (unsigned)steps);
}

static int open_doors(struct conform_host *host, char *error, size_t error_size) {
    const struct conform_invitation *invitation = host->invitation;
    int result = WHY_OK;
    if (invitation->address != NULL) {
        result = open_door(host, invitation->address, false, 0, error, error_size);
    }
    for (size_t mode = 0;
         result == WHY_OK && invitation->certs != NULL && conform_certs_mode(mode) != NULL;
         mode++) {
        char address[128];
        next_port(address, sizeof address, invitation->tls_address, mode);
        result = open_door(host, address, true, mode, error, error_size);
    }
    return result;
}

static void stop(struct conform_host *host) {
    host->is_over = true;
    why__timer_cancel(host->stage.loop, &host->timer);
    conform_host_call_back(host);
    for (size_t i = 0; i < host->player_count; i++) {
        conform_player_stop(host->players[i], "the run was ended");
    }
    for (size_t i = 0; i < host->door_count; i++) {
        for (struct why__listener *at = host->doors[i].listeners; at != NULL; at = at->next) {
            if (at->watch.on_ready != NULL) {
                why__loop_unwatch(host->stage.loop, &at->watch);
            }
        }
        why__listeners_free(host->doors[i].listeners);
    }
}

static int play(struct conform_host *host, const char **trouble) {
    for (size_t i = 0; i < host->door_count && host->invitation->on_ready != NULL; i++) {
        const struct conform_door *door = &host->doors[i];
        host->invitation->on_ready(host->invitation->user, door->url,
                                   is_about_certificate(door) ? conform_certs_mode(door->mode)
                                                              : NULL);
    }
    conform_host_look(host);
    int result = host->is_over ? WHY_OK : why_loop_run(host->stage.loop);
    bool was_stopped = !host->is_over;
    stop(host);
    if (result == WHY_OK) {
        result = why_loop_run(host->stage.loop); /* until the last of the players is freed */
    }
    conform_keys_judge(&host->keys, host->tally);
    conform_tally_excuse(host->tally,
                         was_stopped ? "the run was ended" : "no client came for this case");
    if (was_stopped) {
        why_text_append(&host->trouble, "%sthe run was ended before its end",
                        host->trouble.len > 0 ? "; " : "");
    }
    if (host->trouble.len > 0) {
        *trouble = conform_tally_text(host->tally, host->trouble.data);
    }
    return result;
}

int conform_run_client(const struct conform_invitation *invitation, struct conform_tally *tally,
                       char agent[CONFORM_AGENT_MAX], const char **trouble, char *error,
                       size_t error_size) {
    struct conform_host host = {.invitation = invitation,
                                .stage = invitation->stage,
                                .tally = tally,
                                .agent = agent,
                                .timer = {.on_due = on_due}};
    *trouble = "";
    agent[0] = '\0';
    host.stage.role = CONFORM_CLIENT;
    host.stage.on_done = on_done;
    host.stage.choose = choose;
    host.stage.user = &host;
    host.seats = calloc(invitation->count + 1, sizeof *host.seats);
    host.numbers = calloc(invitation->count + 1, sizeof *host.numbers);
    int result = WHY_ERR_NOMEM;
    if (host.seats != NULL && host.numbers != NULL &&
        conform_tally_init(tally, invitation->tests, invitation->count)) {
        result = open_doors(&host, error, error_size);
        excuse_all(&host);
        if (result == WHY_OK) {
            result = play(&host, trouble);
        } else {
            stop(&host);
        }
    }
    why_text_clear(&host.trouble);
    conform_keys_clear(&host.keys);
    free(host.players);
    free(host.seats);
    free(host.numbers);
    return result;
}
