/* SPDX-License-Identifier: MIT
 *
 * libedit waits for keys inside its own calls, even in the middle of one key (after Escape). So it
 * has a thread of its own, and holds the mutex but while it waits: the loop's thread prints in
 * between, when the line on the screen is the one that libedit believes to be there.
 */
#include "cmd/connect_terminal.h"

#include "cmd/connect.h"
#include "cmd/connect_history.h"

#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char prompt[] = "> ";

struct typed {
    struct typed *next;
    size_t len;
    char text[];
};

struct terminal {
    struct connect *connect;
    EditLine *edit;
    struct line_history *history;
    pthread_t thread;
    pthread_mutex_t mutex; /* of all that follows, and of `edit` */
    int wakeup;            /* an eventfd: `stop` was set */
    bool is_running;
    bool is_waiting; /* for a key: the prompt is on the screen */
    bool stop;
    bool has_ended; /* Ctrl-D */
    struct typed *typed;
    struct typed **typed_end;
};

bool terminal_is_there(void) {
    const char *name = getenv("TERM");
    bool is_dumb = name == NULL || *name == '\0' || strcmp(name, "dumb") == 0;
    return !is_dumb && isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
}

/* ---- The editor's thread ---- */

static char *get_prompt(EditLine *edit) {
    (void)edit;
    static char text[sizeof prompt];
    memcpy(text, prompt, sizeof prompt);
    return text;
}

/* Wait for a byte with the mutex released. False: it is time to stop. */
static bool wait_for_byte(struct terminal *terminal) {
    struct pollfd ready[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = terminal->wakeup, .events = POLLIN}};
    terminal->is_waiting = true;
    pthread_mutex_unlock(&terminal->mutex);
    int count = 0;
    do {
        count = poll(ready, 2, -1);
    } while (count < 0 && errno == EINTR);
    pthread_mutex_lock(&terminal->mutex);
    terminal->is_waiting = false;
    return count > 0 && !terminal->stop;
}

/* One character for libedit: 1, or 0 at the end. Bytes that make none are skipped. */
static int read_character(EditLine *edit, wchar_t *character) {
    struct terminal *terminal = NULL;
    el_get(edit, EL_CLIENTDATA, &terminal);
    mbstate_t state = {0};
    while (wait_for_byte(terminal)) {
        char byte = 0;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got <= 0) {
            return 0;
        }
        size_t used = mbrtowc(character, &byte, 1, &state);
        if (used == (size_t)-1) {
            state = (mbstate_t){0};
        } else if (used != (size_t)-2) {
            return 1;
        }
    }
    return 0;
}

/* ---- Lines, on their way to the loop's thread ---- */

static struct typed *take_typed(struct terminal *terminal) {
    pthread_mutex_lock(&terminal->mutex);
    struct typed *typed = terminal->typed;
    terminal->typed = NULL;
    terminal->typed_end = &terminal->typed;
    pthread_mutex_unlock(&terminal->mutex);
    return typed;
}

static void deliver(void *argument) {
    struct terminal *terminal = argument;
    struct typed *typed = take_typed(terminal);
    while (typed != NULL) {
        struct typed *next = typed->next;
        connect_typed(terminal->connect, typed->text, typed->len);
        free(typed);
        typed = next;
    }
    pthread_mutex_lock(&terminal->mutex);
    bool has_ended = terminal->has_ended;
    terminal->has_ended = false;
    pthread_mutex_unlock(&terminal->mutex);
    if (has_ended) {
        connect_leave(terminal->connect);
    }
}

static void hand_over(struct terminal *terminal, const char *line, size_t len) {
    struct typed *typed = malloc(sizeof *typed + len + 1);
    if (typed == NULL) {
        return;
    }
    typed->next = NULL;
    typed->len = len;
    memcpy(typed->text, line, len);
    typed->text[len] = '\0';
    *terminal->typed_end = typed;
    terminal->typed_end = &typed->next;
}

static void *edit_lines(void *argument) {
    struct terminal *terminal = argument;
    pthread_mutex_lock(&terminal->mutex);
    while (!terminal->stop && !terminal->has_ended) {
        int count = 0;
        const char *line = el_gets(terminal->edit, &count);
        if (line == NULL || count <= 0) {
            terminal->has_ended = true;
        } else {
            size_t len = (size_t)count - (line[count - 1] == '\n');
            line_history_add(terminal->history, line, len);
            hand_over(terminal, line, len);
        }
        pthread_mutex_unlock(&terminal->mutex);
        /* Out of memory: what was typed is delivered with the next line. */
        (void)!why_loop_post(terminal->connect->loop, deliver, terminal);
        pthread_mutex_lock(&terminal->mutex);
    }
    pthread_mutex_unlock(&terminal->mutex);
    return NULL;
}

/* ---- The loop's thread ---- */

/* How many rows the cursor is below the prompt's. */
static size_t rows_above(struct terminal *terminal) {
    struct winsize size = {0};
    size_t columns =
        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    size_t width = sizeof prompt - 1;
    const LineInfoW *line = el_wline(terminal->edit);
    for (const wchar_t *at = line->buffer; at < line->cursor; at++) {
        int character = wcwidth(*at);
        width += character > 0 ? (size_t)character : 0;
    }
    return width / columns;
}

static void erase_line(struct terminal *terminal) {
    size_t rows = rows_above(terminal);
    fputs("\r", stdout);
    if (rows > 0) {
        fprintf(stdout, "\033[%zuA", rows);
    }
    fputs("\033[J", stdout);
}

void terminal_print(struct terminal *terminal, const struct why_text *text) {
    pthread_mutex_lock(&terminal->mutex);
    if (terminal->is_waiting) {
        erase_line(terminal);
    }
    fwrite(text->data, 1, text->len, stdout);
    fflush(stdout);
    if (terminal->is_waiting) {
        el_set(terminal->edit, EL_REFRESH);
    }
    pthread_mutex_unlock(&terminal->mutex);
}

void terminal_resize(struct terminal *terminal) {
    pthread_mutex_lock(&terminal->mutex);
    el_resize(terminal->edit);
    pthread_mutex_unlock(&terminal->mutex);
}

void terminal_continue(struct terminal *terminal) {
    pthread_mutex_lock(&terminal->mutex);
    if (terminal->is_waiting) {
        el_set(terminal->edit, EL_PREP_TERM, 1);
        el_set(terminal->edit, EL_REFRESH);
    }
    pthread_mutex_unlock(&terminal->mutex);
}

/* ---- Life ---- */

static bool init_edit(struct terminal *terminal) {
    /* Messages are UTF-8, and so is what is typed, whatever the locale says. */
    setlocale(LC_CTYPE, "C.UTF-8");
    terminal->edit = el_init("whysocket", stdin, stdout, stderr);
    if (terminal->edit == NULL) {
        return false;
    }
    el_set(terminal->edit, EL_CLIENTDATA, terminal);
    el_set(terminal->edit, EL_PROMPT, get_prompt);
    el_set(terminal->edit, EL_EDITOR, "emacs");
    el_set(terminal->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(terminal->edit, EL_GETCFN, read_character);
    el_source(terminal->edit, NULL);
    terminal->history = line_history_new(terminal->edit);
    return terminal->history != NULL;
}

struct terminal *terminal_new(struct connect *connect) {
    struct terminal *terminal = calloc(1, sizeof *terminal);
    if (terminal == NULL) {
        return NULL;
    }
    terminal->connect = connect;
    terminal->typed_end = &terminal->typed;
    pthread_mutex_init(&terminal->mutex, NULL);
    terminal->wakeup = eventfd(0, EFD_CLOEXEC);
    if (terminal->wakeup < 0 || !init_edit(terminal)) {
        terminal_free(terminal);
        return NULL;
    }
    return terminal;
}

bool terminal_start(struct terminal *terminal) {
    if (!terminal->is_running) {
        terminal->is_running = pthread_create(&terminal->thread, NULL, edit_lines, terminal) == 0;
    }
    return terminal->is_running;
}

void terminal_stop(struct terminal *terminal) {
    if (terminal == NULL || !terminal->is_running) {
        return;
    }
    pthread_mutex_lock(&terminal->mutex);
    terminal->stop = true;
    if (terminal->is_waiting) {
        erase_line(terminal);
        fflush(stdout);
    }
    pthread_mutex_unlock(&terminal->mutex);
    uint64_t one = 1;
    ssize_t written = write(terminal->wakeup, &one, sizeof one);
    (void)written;
    pthread_join(terminal->thread, NULL);
    terminal->is_running = false;
}

void terminal_free(struct terminal *terminal) {
    if (terminal == NULL) {
        return;
    }
    for (struct typed *typed = take_typed(terminal); typed != NULL;) {
        struct typed *next = typed->next;
        free(typed);
        typed = next;
    }
    line_history_free(terminal->history);
    if (terminal->edit != NULL) {
        el_end(terminal->edit);
    }
    if (terminal->wakeup >= 0) {
        close(terminal->wakeup);
    }
    pthread_mutex_destroy(&terminal->mutex);
    free(terminal);
}
