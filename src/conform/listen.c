/* SPDX-License-Identifier: MIT */
#include "conform/listen.h"

#include "conform/listen_state.h"
#include "whysocket/result.h"

#include <errno.h>
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

static void on_due(struct why__timer *timer) {
    conform_host_end(WHY__CONTAINER(timer, struct conform_host, timer));
}

void conform_host_look(struct conform_host *host) {
    if (host->is_over) {
        return;
    }
    if (host->invitation->command != NULL) {
        conform_host_send_out(host);
    }
    if (host->done < host->invitation->count || host->player_count > 0 || host->errands != NULL) {
        return;
    }
    if (host->is_numbered) {
        why__timer_set(host->stage.loop, &host->timer, why__loop_now(host->stage.loop) + LINGER_MS);
    } else {
        conform_host_end(host);
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

static const struct conform_case *choose(void *user, struct conform_player *player,
                                         const struct why_http_head *request) {
    struct conform_host *host = user;
    struct conform_wish wish = {0};
    const struct conform_case *test = NULL;
    conform_host_read(host, request->target, &wish);
    if (wish.asked == CONFORM_ASKED_CASE) {
        struct conform_seat *seat = &host->seats[wish.index];
        bool is_again = host->invitation->command != NULL && seat->stand != CONFORM_STAND_WAITING;
        test = is_again || seat->stand == CONFORM_STAND_PLAYING
                   ? NULL
                   : host->invitation->tests[wish.index];
        if (test != NULL && seat->errand != NULL) {
            conform_errand_has_come(seat->errand);
        }
        if (test != NULL && seat->stand == CONFORM_STAND_WAITING) {
            seat->stand = CONFORM_STAND_PLAYING;
        }
    } else if (wish.asked != CONFORM_ASKED_NOTHING) {
        test = make_aside(host, player, &wish);
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
        conform_memory_free(played->memory);
    } else {
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

static void on_ready(struct why__watch *watch, unsigned ready) {
    struct why__listener *listener = WHY__CONTAINER(watch, struct why__listener, watch);
    /* The listener's owner is a server as a rule; here it is the host. */
    struct conform_host *host = (struct conform_host *)(void *)listener->server;
    (void)ready;
    for (unsigned i = 0; i < ACCEPTS_PER_TURN && has_room(host); i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        why__timer_cancel(host->stage.loop, &host->timer);
        struct conform_player *player = conform_player_accept(&host->stage, fd);
        if (player == NULL) {
            return;
        }
        host->players[host->player_count++] = player;
    }
}

/* ---- The run ---- */

static void excuse_all(struct conform_host *host) {
    for (size_t i = 0; i < host->invitation->count; i++) {
        const struct conform_case *test = host->invitation->tests[i];
        const char *excuse = (test->role & CONFORM_CLIENT) == 0 ? "the case is for servers"
                             : test->tls != NULL                ? "the case needs TLS"
                                                                : NULL;
        if (excuse != NULL) {
            host->tally->results[i].verdict = CONFORM_NOT_APPLICABLE;
            host->tally->results[i].note = excuse;
            host->seats[i].stand = CONFORM_STAND_DONE;
            host->done++;
        } else {
            host->numbers[host->number_count++] = i;
        }
    }
}

static int begin_listening(struct conform_host *host, char *error, size_t error_size) {
    struct why__listen how = {.error = error, .error_size = error_size};
    int result = why__listeners_open(host->invitation->address, &how, &host->listeners);
    for (struct why__listener *at = host->listeners; result == WHY_OK && at != NULL;
         at = at->next) {
        at->watch.on_ready = on_ready;
        at->server = (struct why_server *)(void *)host;
        result = why__loop_watch(host->stage.loop, &at->watch, WHY__READABLE);
        if (result != WHY_OK) {
            (void)snprintf(error, error_size, "%s", strerror(errno));
        }
    }
    if (result == WHY_OK) {
        (void)snprintf(host->url, sizeof host->url, "ws://%s", host->listeners->address);
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
    for (struct why__listener *at = host->listeners; at != NULL; at = at->next) {
        if (at->watch.fd >= 0) {
            why__loop_unwatch(host->stage.loop, &at->watch);
        }
    }
    why__listeners_free(host->listeners);
}

static int play(struct conform_host *host, const char **trouble) {
    if (host->invitation->on_ready != NULL) {
        host->invitation->on_ready(host->invitation->user, host->listeners->address);
    }
    conform_host_look(host);
    int result = host->is_over ? WHY_OK : why_loop_run(host->stage.loop);
    bool was_stopped = !host->is_over;
    stop(host);
    if (result == WHY_OK) {
        result = why_loop_run(host->stage.loop); /* until the last of the players is freed */
    }
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
        excuse_all(&host);
        result = begin_listening(&host, error, error_size);
        if (result == WHY_OK) {
            result = play(&host, trouble);
        } else {
            stop(&host);
        }
    }
    why_text_clear(&host.trouble);
    free(host.players);
    free(host.seats);
    free(host.numbers);
    return result;
}
