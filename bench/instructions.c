/* SPDX-License-Identifier: MIT
 *
 * Runs each workload once, for callgrind to count: it collects inside counted_run() alone, and
 * writes what it has when that returns. A line for each says what was run.
 */
#include "base/kernel.h"
#include "workloads.h"

#include <stdio.h>

/* By name, for callgrind's options; not inlined, and more than a jump. */
__attribute__((noinline)) bool counted_run(const struct workload *workload);

__attribute__((noinline)) bool counted_run(const struct workload *workload) {
    bool is_done = workload->run(workload);
    __asm__ volatile("" ::: "memory");
    return is_done;
}

static const char *kernel_name(void) {
    size_t i = 0;
    while (!why__kernels[i]->is_supported()) {
        i++;
    }
    return why__kernels[i]->name;
}

int main(void) {
#if defined(__clang__)
    printf("compiler clang %d\n", __clang_major__);
#else
    printf("compiler gcc %d.%d\n", __GNUC__, __GNUC_MINOR__);
#endif
    printf("kernel %s\n", kernel_name());
    for (const struct workload *workload = workloads; workload->name != NULL; workload++) {
        bool is_done = workload->prepare(workload) && counted_run(workload);
        workload->clear();
        printf("%zu %s\n", workload->times, workload->name);
        if (!is_done) {
            fprintf(stderr, "instructions: %s did not come to its end\n", workload->name);
            return 1;
        }
    }
    return 0;
}
