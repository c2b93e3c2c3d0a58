/* SPDX-License-Identifier: MIT */
#include "cmd/connect_history.h"

#include "whysocket/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINES_MAX = 1000,
};

struct line_history {
    History *lines;
    char *path; /* NULL: it is kept in memory alone */
    bool is_changed;
};

/* Make every folder of the path that is missing, as the XDG base directory specification says. */
static bool make_folders(char *path) {
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool is_there = mkdir(path, 0700) == 0 || errno == EEXIST;
        *slash = '/';
        if (!is_there) {
            return false;
        }
    }
    return true;
}

/* A relative path is to be ignored, by the same specification. */
static char *find_path(void) {
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    struct why_text path = {0};
    if (state != NULL && *state == '/') {
        why_text_append(&path, "%s/whysocket/history", state);
    } else if (home != NULL && *home == '/') {
        why_text_append(&path, "%s/.local/state/whysocket/history", home);
    }
    if (path.data != NULL && (path.failed || !make_folders(path.data))) {
        why_text_clear(&path);
    }
    return path.data;
}

/* The file is made here, so that nobody else can read it at any moment: libedit would make it
 * first, and set its mode then. */
static bool make_private(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool is_private = file >= 0 && fchmod(file, 0600) == 0;
    if (file >= 0) {
        close(file);
    }
    return is_private;
}

struct line_history *line_history_new(EditLine *edit) {
    struct line_history *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->lines = history_init();
    if (self->lines == NULL) {
        free(self);
        return NULL;
    }
    self->path = find_path();
    HistEvent event;
    history(self->lines, &event, H_SETSIZE, LINES_MAX);
    history(self->lines, &event, H_SETUNIQUE, 1);
    if (self->path != NULL) {
        history(self->lines, &event, H_LOAD, self->path);
    }
    el_set(edit, EL_HIST, history, self->lines);
    return self;
}

void line_history_add(struct line_history *self, const char *line, size_t len) {
    if (len == 0 || *line == ' ') {
        return;
    }
    struct why_text text = {0};
    why_text_append(&text, "%.*s", (int)len, line);
    HistEvent event;
    if (!text.failed) {
        history(self->lines, &event, H_ENTER, text.data);
        self->is_changed = true;
    }
    why_text_clear(&text);
}

void line_history_free(struct line_history *self) {
    if (self == NULL) {
        return;
    }
    HistEvent event;
    if (self->is_changed && self->path != NULL && make_private(self->path)) {
        history(self->lines, &event, H_SAVE, self->path);
    }
    history_end(self->lines);
    free(self->path);
    free(self);
}
