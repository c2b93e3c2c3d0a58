/* SPDX-License-Identifier: MIT
 *
 * The regressions of a fuzz target, replayed as one test: every file of its corpus.
 *
 * usage: replay FOLDER
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* NOLINTNEXTLINE(readability-identifier-naming): the fuzzer asks for this name */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *folder, const char *name) {
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    /* Just as long as it is, so that a sanitizer sees a byte too far. */
    (void)fseek(file, 0, SEEK_END);
    long len = ftell(file);
    rewind(file);
    uint8_t *data = malloc(len > 0 ? (size_t)len : 1);
    if (len < 0 || data == NULL || fread(data, 1, (size_t)len, file) != (size_t)len) {
        perror(path);
        exit(1);
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, (size_t)len);
    free(data);
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        (void)fprintf(stderr, "usage: replay FOLDER\n");
        return 2;
    }
    int count = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            (void)fprintf(stderr, "# %s\n",
                          entry->d_name); /* the last one is the one that failed */
            replay(argv[1], entry->d_name);
            count++;
        }
    }
    (void)closedir(folder);
    printf("1..1\n%s 1 - %d regressions of %s\n", count > 0 ? "ok" : "not ok", count, argv[1]);
    return count > 0 ? 0 : 1;
}
