/* SPDX-License-Identifier: MIT */
#include "conform/spawn.h"

#include "whysocket/result.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SHELL_SIGNAL = 128, /* a shell's status for a command that a signal ended is more than this */
    SIGNAL_MAX = 64,
};

static void reap(struct conform_child *child) {
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR) {
    }
    child->is_running = false;
    why__loop_unwatch(child->loop, &child->watch);
    close(child->watch.fd);
}

static void on_ready(struct why__watch *watch, unsigned ready) {
    struct conform_child *child = WHY__CONTAINER(watch, struct conform_child, watch);
    (void)ready;
    reap(child);
    (void)kill(-child->pid, SIGKILL); /* what it left behind */
    child->on_exit(child);
}

/* Signals as a program expects them: ours ignores SIGPIPE. */
static int spawn(struct conform_child *child, const char *command) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    const char *const argv[] = {"sh", "-c", command, NULL};
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int steps[] = {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        posix_spawn_file_actions_adddup2(&actions, child->output, STDOUT_FILENO),
        posix_spawn_file_actions_adddup2(&actions, child->output, STDERR_FILENO),
        posix_spawnattr_setflags(&attributes, flags),
        posix_spawnattr_setsigmask(&attributes, &none),
        posix_spawnattr_setsigdefault(&attributes, &defaults),
    };
    for (size_t i = 0; error == 0 && i < sizeof steps / sizeof *steps; i++) {
        error = steps[i];
    }
    if (error == 0) {
        error = posix_spawn(&child->pid, "/bin/sh", &actions, &attributes,
                            (char *const *)(uintptr_t)argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int conform_child_start(struct conform_child *child, struct why_loop *loop, const char *command) {
    child->loop = loop;
    child->watch.on_ready = on_ready;
    child->output = memfd_create("client", MFD_CLOEXEC);
    if (child->output < 0) {
        return WHY_ERR_SYSTEM;
    }
    int error = spawn(child, command);
    if (error != 0) {
        close(child->output);
        errno = error;
        return WHY_ERR_SYSTEM;
    }
    child->watch.fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->watch.fd < 0 || why__loop_watch(loop, &child->watch, WHY__READABLE) != WHY_OK) {
        error = errno;
        (void)kill(-child->pid, SIGKILL);
        (void)waitpid(child->pid, &child->status, 0);
        close(child->output);
        errno = error;
        return WHY_ERR_SYSTEM;
    }
    child->is_running = true;
    child->has_output = true;
    return WHY_OK;
}

void conform_child_kill(struct conform_child *child) {
    if (child->is_running) {
        child->was_killed = true;
        (void)kill(-child->pid, SIGKILL);
    }
}

void conform_child_clear(struct conform_child *child) {
    if (child->is_running) {
        (void)kill(-child->pid, SIGKILL);
        reap(child);
    }
    if (child->has_output) {
        child->has_output = false;
        close(child->output);
    }
}

int conform_child_signal(const struct conform_child *child) {
    if (WIFSIGNALED(child->status)) {
        return WTERMSIG(child->status);
    }
    int status = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : 0;
    return status > SHELL_SIGNAL && status <= SHELL_SIGNAL + SIGNAL_MAX ? status - SHELL_SIGNAL : 0;
}

void conform_child_tail(const struct conform_child *child, char *out, size_t size) {
    off_t len = lseek(child->output, 0, SEEK_END);
    off_t room = (off_t)size - 1;
    off_t from = len > room ? len - room : 0;
    ssize_t got = len <= 0 ? 0 : pread(child->output, out, (size_t)room, from);
    out[got > 0 ? got : 0] = '\0';
}
