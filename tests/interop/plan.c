/* SPDX-License-Identifier: MIT
 *
 * The words of a plan.
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what) {
    fprintf(stderr, "not a plan: %s\n", what);
    exit(2);
}

static void set_data(struct plan_step *step, const void *data, size_t len) {
    step->data = malloc(len + 1);
    if (step->data == NULL) {
        give_up("out of memory");
    }
    memcpy(step->data, data, len);
    step->len = len;
    step->piece = len;
}

static void read_file(struct plan_step *step, const char *name, size_t pieces) {
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        give_up(name);
        return;
    }
    step->len = (size_t)ftell(file);
    step->data = malloc(step->len + 1);
    rewind(file);
    if (step->data == NULL || fread(step->data, 1, step->len, file) != step->len) {
        give_up(name);
    }
    (void)fclose(file);
    step->piece = (step->len + pieces - 1) / pieces;
}

/* "text/3=FILE": returns what follows the equals sign, NULL for another word. */
static const char *value_of(const char *word, const char *name, size_t *pieces) {
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0) {
        return NULL;
    }
    *pieces = 1;
    char *end = NULL;
    if (word[len] == '/') {
        *pieces = strtoul(word + len + 1, &end, 10);
        len = (size_t)(end - word);
    }
    return word[len] == '=' && *pieces > 0 ? word + len + 1 : NULL;
}

static void parse_step(struct plan_step *step, const char *word) {
    const char *value = NULL;
    size_t pieces = 1;
    if ((value = value_of(word, "text", &pieces)) != NULL) {
        step->kind = PLAN_TEXT;
        read_file(step, value, pieces);
    } else if ((value = value_of(word, "binary", &pieces)) != NULL) {
        step->kind = PLAN_BINARY;
        read_file(step, value, pieces);
    } else if ((value = value_of(word, "hear", &pieces)) != NULL) {
        step->kind = PLAN_HEAR;
        set_data(step, value, strlen(value));
    } else if ((value = value_of(word, "close", &pieces)) != NULL) {
        step->kind = PLAN_CLOSE;
        step->code = (uint16_t)strtoul(value, NULL, 10);
    } else if (strcmp(word, "say") == 0) {
        step->kind = PLAN_SAY;
        set_data(step, "go", 2);
    } else if (strcmp(word, "invalid") == 0) {
        step->kind = PLAN_INVALID;
        set_data(step, PLAN_INVALID_TEXT, sizeof PLAN_INVALID_TEXT - 1);
    } else if (strcmp(word, "ping") == 0) {
        step->kind = PLAN_PING;
        set_data(step, "are you there?", 14);
    } else if (strcmp(word, "await") == 0) {
        step->kind = PLAN_AWAIT;
    } else {
        give_up(word);
    }
}

void plan_parse(struct plan *plan, const char *words) {
    memset(plan, 0, sizeof *plan);
    char *copy = strdup(words);
    char *rest = NULL;
    char *word = copy == NULL ? NULL : strtok_r(copy, " ", &rest);
    if (word == NULL || strlen(word) >= sizeof plan->path) {
        give_up(words);
        return;
    }
    memcpy(plan->path, word, strlen(word) + 1);
    while ((word = strtok_r(NULL, " ", &rest)) != NULL) {
        if (plan->count == PLAN_STEPS_MAX) {
            give_up("too many steps");
        }
        parse_step(&plan->steps[plan->count++], word);
    }
    free(copy);
}

void plan_clear(struct plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->steps[i].data);
    }
    plan->count = 0;
}

enum plan_manner plan_manner(const char *path, uint16_t *code) {
    if (strncmp(path, "/close/", 7) == 0) {
        *code = (uint16_t)strtoul(path + 7, NULL, 10);
        return PLAN_CLOSES;
    }
    return strncmp(path, "/ping/", 6) == 0      ? PLAN_PINGS
           : strncmp(path, "/invalid/", 9) == 0 ? PLAN_BREAKS
                                                : PLAN_ECHOES;
}
