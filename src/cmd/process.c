/* SPDX-License-Identifier: MIT */
#include "cmd/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    OUTPUT_MAX = 1 << 20,
    ENVIRONMENT_MAX = 512,
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool process_exists(const char *name) {
    const char *path = getenv("PATH");
    for (const char *at = path; at != NULL && *at != '\0';) {
        char file[4096];
        size_t len = strcspn(at, ":");
        (void)snprintf(file, sizeof file, "%.*s/%s", (int)len, at, name);
        if (access(file, X_OK) == 0) {
            return true;
        }
        at += len + (at[len] == ':');
    }
    return false;
}

/* A group of its own, to be ended as a whole; signals as a program expects them. */
static bool spawn(const char *const *argv, char *const *environment, int out, pid_t *child) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return false;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return false;
    }
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    bool done =
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO) == 0 &&
        posix_spawnattr_setflags(&attributes, flags) == 0 &&
        posix_spawnattr_setsigmask(&attributes, &none) == 0 &&
        posix_spawnattr_setsigdefault(&attributes, &defaults) == 0 &&
        posix_spawnp(child, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv,
                     environment) == 0;
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return done;
}

/* Ours, with another HOME. */
static void fill_environment(char **environment, char *home_line) {
    size_t count = 0;
    for (char **at = environ; *at != NULL && count < ENVIRONMENT_MAX - 2; at++) {
        if (home_line == NULL || strncmp(*at, "HOME=", 5) != 0) {
            environment[count++] = *at;
        }
    }
    if (home_line != NULL) {
        environment[count++] = home_line;
    }
    environment[count] = NULL;
}

/* returns  false: the time was up before it had said all */
static bool collect(int in, const char *stop_word, int64_t deadline, struct why_text *output) {
    char piece[4096];
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd watched = {.fd = in, .events = POLLIN};
        int ready = left > 0 ? poll(&watched, 1, (int)left) : 0;
        if (ready == 0) {
            return false;
        }
        ssize_t len = ready > 0 ? read(in, piece, sizeof piece) : -1;
        if (len == 0 || (len < 0 && errno != EINTR)) {
            return true;
        }
        if (len > 0 && output->len < OUTPUT_MAX) {
            why_text_append(output, "%.*s", (int)len, piece);
        }
        if (stop_word != NULL && output->data != NULL && strstr(output->data, stop_word) != NULL) {
            return true;
        }
    }
}

struct process_result process_run(const char *const *argv, const char *home, const char *stop_word,
                                  unsigned timeout_ms, struct why_text *output) {
    struct process_result result = {.status = -1};
    char *environment[ENVIRONMENT_MAX];
    char home_line[4096];
    (void)snprintf(home_line, sizeof home_line, "HOME=%s", home == NULL ? "" : home);
    fill_environment(environment, home == NULL ? NULL : home_line);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return result;
    }
    pid_t child = 0;
    result.started = spawn(argv, environment, ends[1], &child);
    close(ends[1]);
    if (result.started) {
        result.timed_out = !collect(ends[0], stop_word, now_ms() + timeout_ms, output);
        if (result.timed_out || stop_word != NULL) {
            kill(-child, SIGKILL);
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    close(ends[0]);
    return result;
}
