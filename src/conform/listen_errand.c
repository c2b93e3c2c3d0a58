/* SPDX-License-Identifier: MIT
 *
 * Clients that are started for a case each: an errand lasts until the case has its result and the
 * command has ended.
 */
#include "conform/listen_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    SLOW_MAX = 2,
    TIMED_MAX = 4,
    START_MS = 15000, /* an interpreter's time to start and to connect, on a busy machine */
    GRACE_MS = 300,   /* for what lies in the listener's queue when the command has ended */
    TAIL = 200,
    FAILURES_MAX = 5, /* commands in a row that came to nothing: it is the command */
};

struct conform_errand {
    struct conform_child child; /* first: it leads back here */
    struct conform_errand *next;
    struct conform_host *host;
    struct why__timer timer;
    size_t index;
    bool has_come, has_result, has_ended;
};

static const struct conform_case *case_of(const struct conform_errand *errand) {
    return errand->host->invitation->tests[errand->index];
}

static void set_timer(struct conform_errand *errand, uint32_t ms) {
    struct why_loop *loop = errand->host->stage.loop;
    why__timer_set(loop, &errand->timer, why__loop_now(loop) + ms);
}

/* ---- What became of the command ---- */

static const char *keep(struct conform_errand *errand, const struct why_text *text) {
    return conform_tally_text(errand->host->tally, text->data == NULL ? "" : text->data);
}

static void append_tail(const struct conform_errand *errand, struct why_text *text) {
    char tail[TAIL];
    conform_child_tail(&errand->child, tail, sizeof tail);
    size_t len = strlen(tail);
    while (len > 0 && (tail[len - 1] == '\n' || tail[len - 1] == '\r')) {
        len--;
    }
    if (len > 0) {
        why_text_append(text, "; it printed last: ");
        why_text_append_untrusted(text, tail, len);
    }
}

/* A signal that nobody sent from here is a crash. */
static void look_at_end(struct conform_errand *errand) {
    struct conform_tally *tally = errand->host->tally;
    const struct conform_child *child = &errand->child;
    int signal = conform_child_signal(child);
    struct why_text text = {0};
    if (child->was_killed) {
        conform_tally_find(tally, errand->index, CONFORM_SHOULD,
                           "the client ends once its connection has",
                           "the client went on, and was killed");
    } else if (signal != 0) {
        why_text_append(&text, "the client crashed: %s (signal %d)", strsignal(signal), signal);
        append_tail(errand, &text);
        conform_tally_find(tally, errand->index, CONFORM_MUST, "the client does not crash",
                           keep(errand, &text));
        text.len = 0;
        why_text_append(&text, "%sthe client crashed in case %s",
                        errand->host->trouble.len > 0 ? "; " : "", case_of(errand)->id);
        why_text_append(&errand->host->trouble, "%s", text.data);
    }
    why_text_clear(&text);
}

/* It ended, or was ended, without having connected for its case. */
static void excuse(struct conform_errand *errand) {
    struct conform_result *result = &errand->host->tally->results[errand->index];
    const struct conform_child *child = &errand->child;
    struct why_text text = {0};
    if (child->was_killed) {
        why_text_append(&text, "the client did not connect within %d s", START_MS / 1000);
    } else {
        why_text_append(&text, "the client ended without having connected, status %d",
                        WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1);
    }
    append_tail(errand, &text);
    result->note = keep(errand, &text);
    why_text_clear(&text);
}

/* A command that never comes to anything would take hours to say so. */
static void count_failure(const struct conform_errand *errand) {
    struct conform_host *host = errand->host;
    host->failures = errand->has_come ? 0 : host->failures + 1;
    if (host->failures == FAILURES_MAX) {
        why_text_append(&host->trouble, "%sthe command does not connect: %s",
                        host->trouble.len > 0 ? "; " : "",
                        host->tally->results[errand->index].note);
        conform_host_end(host);
    }
}

static void finish(struct conform_errand *errand) {
    struct conform_host *host = errand->host;
    struct conform_errand **at = &host->errands;
    while (*at != errand) {
        at = &(*at)->next;
    }
    *at = errand->next;
    why__timer_cancel(host->stage.loop, &errand->timer);
    if (errand->has_result || conform_child_signal(&errand->child) != 0) {
        look_at_end(errand);
    }
    count_failure(errand);
    conform_child_clear(&errand->child);
    host->seats[errand->index].errand = NULL;
    conform_host_settle(host, errand->index);
    free(errand);
    conform_host_look(host);
}

static void on_exit_of(struct conform_child *child) {
    struct conform_errand *errand = (struct conform_errand *)child;
    errand->has_ended = true;
    if (!errand->has_come) {
        excuse(errand);
    }
    if (errand->has_result) {
        set_timer(errand, 0);
    } else if (!errand->has_come) {
        set_timer(errand, GRACE_MS);
    }
}

static void on_due(struct why__timer *timer) {
    struct conform_errand *errand = WHY__CONTAINER(timer, struct conform_errand, timer);
    if (!errand->has_ended) {
        conform_child_kill(&errand->child);
    } else if (errand->has_result || !errand->has_come) {
        finish(errand);
    }
}

void conform_errand_has_come(struct conform_errand *errand) {
    errand->has_come = true;
    why__timer_cancel(errand->host->stage.loop, &errand->timer);
}

void conform_errand_has_result(struct conform_errand *errand) {
    errand->has_result = true;
    set_timer(errand, errand->has_ended ? 0 : errand->host->stage.limit_ms);
}

/* ---- Sending out ---- */

/* The command with the case's URL in it. */
static void write_command(const struct conform_host *host, const struct conform_case *test,
                          struct why_text *text) {
    static const char mark[] = "{url}";
    const struct conform_door *door = conform_host_door(host, test);
    const char *at = host->invitation->command;
    for (const char *found = strstr(at, mark); found != NULL; found = strstr(at, mark)) {
        why_text_append(text, "%.*s%s/case/%s", (int)(found - at), at, door->url, test->id);
        at = found + sizeof mark - 1;
    }
    why_text_append(text, "%s", at);
}

static bool send_out(struct conform_host *host, size_t index) {
    struct conform_errand *errand = calloc(1, sizeof *errand);
    struct why_text command = {0};
    write_command(host, host->invitation->tests[index], &command);
    if (errand != NULL) {
        errand->host = host;
        errand->index = index;
        errand->child.on_exit = on_exit_of;
        errand->timer.on_due = on_due;
    }
    if (errand == NULL || command.failed ||
        conform_child_start(&errand->child, host->stage.loop, command.data) != WHY_OK) {
        why_text_append(&host->trouble, "the command could not be started: %s", strerror(errno));
        why_text_clear(&command);
        free(errand);
        conform_host_end(host);
        return false;
    }
    why_text_clear(&command);
    errand->next = host->errands;
    host->errands = errand;
    host->seats[index].errand = errand;
    set_timer(errand, START_MS);
    return true;
}

static bool is_free(const struct conform_host *host, size_t index, bool is_timed) {
    const struct conform_seat *seat = &host->seats[index];
    return seat->stand == CONFORM_STAND_WAITING && seat->errand == NULL &&
           host->invitation->tests[index]->timed == is_timed;
}

static bool any_free(const struct conform_host *host, bool is_timed) {
    for (size_t i = 0; i < host->invitation->count; i++) {
        if (is_free(host, i, is_timed)) {
            return true;
        }
    }
    return false;
}

void conform_host_send_out(struct conform_host *host) {
    size_t count = 0;
    size_t slow = 0;
    bool is_timed = !any_free(host, false);
    for (const struct conform_errand *at = host->errands; at != NULL; at = at->next) {
        count++;
        slow += case_of(at)->slow;
        if (is_timed && !case_of(at)->timed) {
            return; /* those about time wait until they are alone */
        }
    }
    size_t max =
        is_timed && host->invitation->jobs > TIMED_MAX ? TIMED_MAX : host->invitation->jobs;
    for (size_t i = 0; i < host->invitation->count && count < max; i++) {
        bool is_slow = host->invitation->tests[i]->slow;
        if (is_free(host, i, is_timed) && (!is_slow || slow < SLOW_MAX)) {
            if (!send_out(host, i)) {
                return;
            }
            count++;
            slow += is_slow;
        }
    }
}

void conform_host_call_back(struct conform_host *host) {
    while (host->errands != NULL) {
        struct conform_errand *errand = host->errands;
        host->errands = errand->next;
        why__timer_cancel(host->stage.loop, &errand->timer);
        conform_child_clear(&errand->child);
        host->seats[errand->index].errand = NULL;
        free(errand);
    }
}
