/* SPDX-License-Identifier: MIT
 *
 * Runs a command and appends to a file what it took: seconds of a processor, and the most memory it
 * had. The kernel counts what its parent had as well, so that has to be a small one.
 *
 * usage: measure FILE COMMAND [ARGUMENT ...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: measure FILE COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    pid_t child = fork();
    if (child == 0) {
        execv(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    FILE *file = fopen(argv[1], "a");
    if (child < 0 || file == NULL || wait4(child, &status, 0, &usage) != child) {
        perror("measure");
        return 1;
    }
    fprintf(file, "%.3f %ld\n", seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss);
    return fclose(file) == 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
