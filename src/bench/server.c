/* SPDX-License-Identifier: MIT */
#include "bench/server.h"

#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define INODES_MAX 64
#define STATE_LISTEN 10 /* TCP_LISTEN, in /proc/net/tcp */

struct inodes {
    unsigned long items[INODES_MAX];
    size_t count;
};

/* ---- Who listens ---- */

/* Lines of "sl local_address rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode",
 * the addresses in hex; the inode is the tenth word. */
static void read_listeners(const char *path, unsigned port, struct inodes *inodes) {
    FILE *file = fopen(path, "re");
    char line[512];
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *rest = NULL;
        char *words[10];
        size_t count = 0;
        for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < 10;
             word = strtok_r(NULL, " \n", &rest)) {
            words[count++] = word;
        }
        const char *colon = count == 10 ? strrchr(words[1], ':') : NULL;
        if (colon != NULL && strtoul(colon + 1, NULL, 16) == port &&
            strtoul(words[3], NULL, 16) == STATE_LISTEN && inodes->count < INODES_MAX) {
            inodes->items[inodes->count++] = strtoul(words[9], NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static bool is_socket_of(const char *link, const struct inodes *inodes) {
    if (strncmp(link, "socket:[", 8) != 0) {
        return false;
    }
    unsigned long inode = strtoul(link + 8, NULL, 10);
    for (size_t i = 0; i < inodes->count; i++) {
        if (inodes->items[i] == inode) {
            return true;
        }
    }
    return false;
}

/* A process of somebody else's shows us no descriptors, which is the same as none. */
static bool holds(const char *pid, const struct inodes *inodes) {
    char path[320];
    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    bool is_found = false;
    for (struct dirent *entry; folder != NULL && !is_found && (entry = readdir(folder)) != NULL;) {
        char name[640];
        char link[64];
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        ssize_t len = readlink(name, link, sizeof link - 1);
        if (len > 0) {
            link[len] = '\0';
            is_found = is_socket_of(link, inodes);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return is_found;
}

/* A port of ours may be another machine's as well: only what was reached by an address of this
 * machine is looked for here. */
static bool is_local(const char *peer) {
    return strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]:", 6) == 0;
}

void bench_server_find(struct bench_server *server, const char *peer) {
    struct inodes inodes = {.count = 0};
    const char *colon = strrchr(peer, ':');
    if (!is_local(peer) || colon == NULL) {
        return;
    }
    unsigned port = (unsigned)strtoul(colon + 1, NULL, 10);
    read_listeners("/proc/net/tcp", port, &inodes);
    read_listeners("/proc/net/tcp6", port, &inodes);
    DIR *folder = inodes.count == 0 ? NULL : opendir("/proc");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (isdigit((unsigned char)entry->d_name[0]) && server->count < BENCH_PIDS_MAX &&
            holds(entry->d_name, &inodes)) {
            server->pids[server->count++] = (int)strtol(entry->d_name, NULL, 10);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

/* ---- What they use ---- */

/* The first number of the file; 0 where it cannot be read. */
static uint64_t read_first(const char *path) {
    char line[64] = "";
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(line, sizeof line, file) == NULL) {
            line[0] = '\0';
        }
        (void)fclose(file);
    }
    return strtoull(line, NULL, 10);
}

static uint64_t cpu_of(int pid) {
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *folder = opendir(path);
    uint64_t sum = 0;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            char name[384];
            (void)snprintf(name, sizeof name, "%s/%s/schedstat", path, entry->d_name);
            sum += read_first(name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return sum;
}

static uint64_t rss_of(int pid) {
    char path[64];
    char line[128];
    uint64_t kib = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kib = strtoull(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib * 1024;
}

uint64_t bench_server_cpu_ns(const struct bench_server *server) {
    uint64_t sum = 0;
    for (size_t i = 0; i < server->count; i++) {
        sum += cpu_of(server->pids[i]);
    }
    return sum;
}

struct bench_usage bench_server_usage(const struct bench_server *server) {
    struct bench_usage usage = {.cpu_ns = bench_server_cpu_ns(server)};
    for (size_t i = 0; i < server->count; i++) {
        usage.rss_byte += rss_of(server->pids[i]);
    }
    return usage;
}

uint64_t bench_own_cpu_ns(void) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}
