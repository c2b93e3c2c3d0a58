/* SPDX-License-Identifier: MIT */
#include "cmd/lab_matrix.h"

#include "cmd/lab_clients.h"
#include "why/i18n.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKERS = 4,
    CLIENTS_MAX = 8,
};

struct matrix {
    struct lab_trial trial;
    const struct lab_client *clients[CLIENTS_MAX];
    size_t client_count;
    const struct lab_mode **modes;
    size_t mode_count;
    struct why_text *cells; /* a client after the other, each with all modes */
    pthread_mutex_t lock;   /* of what follows */
    size_t next;
};

static struct why_text *cell(const struct matrix *matrix, size_t client, size_t mode) {
    return &matrix->cells[client * matrix->mode_count + mode];
}

/* Mode by mode, so that no client waits for another. */
static void *work(void *argument) {
    struct matrix *matrix = argument;
    for (;;) {
        pthread_mutex_lock(&matrix->lock);
        size_t at = matrix->next++;
        pthread_mutex_unlock(&matrix->lock);
        size_t mode = at / matrix->client_count;
        size_t client = at % matrix->client_count;
        if (mode >= matrix->mode_count) {
            return NULL;
        }
        if (!matrix->clients[client]->all_at_once) {
            lab_client_say(matrix->clients[client], &matrix->trial, matrix->modes[mode],
                           cell(matrix, client, mode));
        }
    }
}

static void fill(struct matrix *matrix) {
    pthread_t threads[WORKERS];
    size_t count = 0;
    while (count < WORKERS && pthread_create(&threads[count], NULL, work, matrix) == 0) {
        count++;
    }
    if (count == 0) {
        (void)work(matrix);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t client = 0; client < matrix->client_count; client++) {
        if (matrix->clients[client]->all_at_once) {
            lab_client_say_all(matrix->clients[client], &matrix->trial, cell(matrix, client, 0));
        }
    }
}

static const char *said(const struct matrix *matrix, size_t client, size_t mode) {
    const struct why_text *text = cell(matrix, client, mode);
    return text->data == NULL ? "-" : text->data;
}

static void write_text(const struct matrix *matrix, enum why_lang lang, struct why_text *text) {
    for (size_t mode = 0; mode < matrix->mode_count; mode++) {
        why_text_append(text, "%s%s: %s\n", mode == 0 ? "" : "\n", matrix->modes[mode]->name,
                        tr(lang, matrix->modes[mode]->what));
        for (size_t client = 0; client < matrix->client_count; client++) {
            why_text_append(text, "  %-10s %s\n", matrix->clients[client]->name,
                            said(matrix, client, mode));
        }
    }
}

static void write_json(const struct matrix *matrix, struct why_text *text) {
    struct why__json json = {.text = text};
    why__json_open(&json, NULL, '{');
    why__json_string(&json, "schema", "whysocket.lab-matrix/1");
    why__json_open(&json, "modes", '[');
    for (size_t mode = 0; mode < matrix->mode_count; mode++) {
        const struct lab_mode *row = matrix->modes[mode];
        why__json_open(&json, NULL, '{');
        why__json_string(&json, "name", row->name);
        lab_write_cause(&json, "cause", row->cause);
        lab_write_cause(&json, "or", row->or_cause);
        why__json_open(&json, "says", '{');
        for (size_t client = 0; client < matrix->client_count; client++) {
            why__json_string(&json, matrix->clients[client]->name, said(matrix, client, mode));
        }
        why__json_close(&json, '}');
        why__json_close(&json, '}');
    }
    why__json_close(&json, ']');
    why__json_close(&json, '}');
    why_text_append(text, "\n");
}

/* returns  false: one that is asked for is not there, which has been said */
static bool choose_clients(struct matrix *matrix, const struct command_call *call,
                           const struct arg_list *asked) {
    const struct lab_client *client = NULL;
    size_t found = 0;
    for (size_t i = 0; (client = lab_client_at(i)) != NULL; i++) {
        bool is_asked = asked->count == 0;
        for (size_t j = 0; j < asked->count; j++) {
            is_asked |= strcmp(asked->items[j], client->name) == 0;
        }
        if (is_asked && lab_client_is_here(client) && found < CLIENTS_MAX) {
            matrix->clients[found++] = client;
        }
    }
    matrix->client_count = found;
    if (found == 0 || (asked->count > 0 && found < asked->count)) {
        output_diagnostic(&call->output, "%s",
                          tr(call->output.lang, "a client that is asked for is not known or not "
                                                "there: whysocket, curl, node, python, chromium"));
        return false;
    }
    return true;
}

static bool choose_modes(struct matrix *matrix) {
    size_t index = 0;
    while (lab_place_mode(matrix->trial.place, &index) != NULL) {
        matrix->mode_count++;
    }
    matrix->modes = calloc(matrix->mode_count + 1, sizeof *matrix->modes);
    matrix->cells = calloc(matrix->mode_count * matrix->client_count + 1, sizeof *matrix->cells);
    if (matrix->modes == NULL || matrix->cells == NULL) {
        return false;
    }
    index = 0;
    for (size_t i = 0; i < matrix->mode_count; i++) {
        matrix->modes[i] = lab_place_mode(matrix->trial.place, &index);
    }
    return true;
}

static enum exit_code print(struct command_call *call, const struct matrix *matrix) {
    struct why_text text = {0};
    if (call->json) {
        write_json(matrix, &text);
    } else {
        write_text(matrix, call->output.lang, &text);
    }
    bool failed = text.failed;
    if (!failed) {
        output_text(&call->output, &text);
    }
    why_text_clear(&text);
    return failed ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
}

enum exit_code lab_matrix_run(struct command_call *call, const struct lab_place *place,
                              const struct arg_list *clients, const char *scratch,
                              unsigned timeout_ms) {
    struct matrix matrix = {
        .trial = {.place = place, .scratch = scratch, .timeout_ms = timeout_ms},
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    enum exit_code code = EXIT_CODE_USAGE;
    if (choose_clients(&matrix, call, clients)) {
        code = EXIT_CODE_INTERNAL;
        if (choose_modes(&matrix)) {
            fill(&matrix);
            code = print(call, &matrix);
        }
    }
    for (size_t i = 0; matrix.cells != NULL && i < matrix.mode_count * matrix.client_count; i++) {
        why_text_clear(&matrix.cells[i]);
    }
    free(matrix.cells);
    free(matrix.modes);
    return code;
}
