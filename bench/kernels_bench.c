/* SPDX-License-Identifier: MIT
 *
 * Gigabytes a second of each kernel that this processor has, beside memcpy(): the best of several
 * runs, on memory that the caches may hold.
 */
#include "base/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE_MAX_BENCHED ((size_t)1 << 20)
#define RUNS 7
#define RUN_NS 4000000.0 /* aimed at */

static const size_t sizes[] = {16, 32, 64, 1024, (size_t)16 << 10, SIZE_MAX_BENCHED};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])

static const struct {
    const char *name, *sample;
} texts[] = {
    {"ascii", "The quick brown fox jumps over the lazy dog, again and again. "},
    {"mixed",
     "Der Bär aß süße Äpfel und tränkte \xe2\x80\x9egroße\xe2\x80\x9c Mäuse. \xf0\x9f\x99\x82 "
     "Then a stretch of plain English, long enough to fill a block or two of the kernel. "},
    {"cjk", "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd\xe3\x81\xab\xe4\xbd\x8f\xe3\x82\x80"},
};

enum work {
    WORK_COPY,
    WORK_MASK,
    WORK_CHECK,
    WORK_UNMASK_CHECK,
};
static const char *const work_names[] = {"memcpy", "mask", "check", "unmask+check"};

struct bench {
    const struct why__kernel *kernel;
    enum work work;
    uint8_t *data, *other;
    size_t len;
};

/* What was computed goes somewhere, or it would not be computed. */
static volatile size_t sink;

static void work(const struct bench *bench) {
    /* A key of zeroes costs what any key does, and leaves the text as it is. */
    static const uint8_t key[4] = {0};
    struct why__utf8 check = {0};
    switch (bench->work) {
    case WORK_COPY:
        memcpy(bench->other, bench->data, bench->len);
        sink = bench->other[bench->len - 1];
        break;
    case WORK_MASK:
        bench->kernel->mask(bench->data, bench->data, bench->len, key, 1);
        break;
    case WORK_CHECK:
        sink = bench->kernel->check(&check, bench->data, bench->len);
        break;
    case WORK_UNMASK_CHECK:
        sink = bench->kernel->unmask_utf8(&check, bench->data, bench->len, key, 1);
        break;
    }
}

static double run_ns(const struct bench *bench, size_t times) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t i = 0; i < times; i++) {
        work(bench);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    return (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
}

static double measure(const struct bench *bench) {
    size_t times = 1;
    while (run_ns(bench, times) < RUN_NS) {
        times *= 2;
    }
    double best = 0;
    for (size_t i = 0; i < RUNS; i++) {
        double rate = (double)times * (double)bench->len / run_ns(bench, times);
        best = rate > best ? rate : best;
    }
    return best;
}

static void print_line(struct bench bench, const char *text_name) {
    printf("%-6s %-13s %-8s", text_name, work_names[bench.work],
           bench.work == WORK_COPY ? "libc" : bench.kernel->name);
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        bench.len = sizes[i];
        printf(" %9.2f", measure(&bench));
    }
    printf("\n");
    fflush(stdout);
}

static void fill(uint8_t *data, const char *sample) {
    size_t sample_len = strlen(sample);
    for (size_t i = 0; i < SIZE_MAX_BENCHED; i++) {
        data[i] = (uint8_t)sample[i % sample_len];
    }
}

int main(void) {
    uint8_t *data = aligned_alloc(64, SIZE_MAX_BENCHED);
    uint8_t *other = aligned_alloc(64, SIZE_MAX_BENCHED);
    if (data == NULL || other == NULL) {
        fputs("kernels_bench: no memory\n", stderr);
        return 1;
    }
    printf("GB/s at                     ");
    for (size_t i = 0; i < SIZE_COUNT; i++) {
        printf(" %7zu B", sizes[i]);
    }
    printf("\n");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fill(data, texts[i].sample);
        memcpy(other, data, SIZE_MAX_BENCHED);
        struct bench bench = {.kernel = &why__kernel_scalar, .data = data, .other = other};
        if (i == 0) {
            print_line(bench, "any");
        }
        /* Masking and copying do not look at what they carry: once is enough. */
        for (bench.work = i == 0 ? WORK_MASK : WORK_CHECK; bench.work <= WORK_UNMASK_CHECK;
             bench.work++) {
            for (size_t k = 0; why__kernels[k] != NULL; k++) {
                bench.kernel = why__kernels[k];
                if (bench.kernel->is_supported()) {
                    print_line(bench, bench.work == WORK_MASK ? "any" : texts[i].name);
                }
            }
        }
    }
    free(data);
    free(other);
    return 0;
}
