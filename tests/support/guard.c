/* SPDX-License-Identifier: MIT */
#include "support/guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t whole_pages(size_t len) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (len + page - 1) / page * page;
}

uint8_t *test_guard_new(size_t len) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t usable = whole_pages(len);
    uint8_t *base =
        mmap(NULL, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + usable, page, PROT_NONE) != 0) {
        abort();
    }
    return base + usable - len;
}

void test_guard_free(uint8_t *memory, size_t len) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t usable = whole_pages(len);
    munmap(memory + len - usable, usable + page);
}
