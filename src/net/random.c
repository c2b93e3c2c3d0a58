/* SPDX-License-Identifier: MIT
 *
 * The page of random bytes. The kernel wipes it in a child of fork(); what is used is wiped here.
 */
#include "net/random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define PAGE_LEN 4096

struct why__random {
    size_t left; /* unused bytes, at the end of `bytes`; the wiped page has none */
    uint8_t bytes[PAGE_LEN - sizeof(size_t)];
};

_Static_assert(sizeof(struct why__random) == PAGE_LEN, "is a page");

/* getrandom() fails, once the kernel is up, for reasons that do not pass. Going on with bytes that
 * somebody can guess is the one thing that may not happen (RFC 6455 section 10.3). */
static void refill(struct why__random *random) {
    for (size_t got = 0; got < sizeof random->bytes;) {
        ssize_t result = getrandom(random->bytes + got, sizeof random->bytes - got, 0);
        if (result < 0 && errno != EINTR) {
            abort();
        }
        got += result > 0 ? (size_t)result : 0;
    }
    random->left = sizeof random->bytes;
}

struct why__random *why__random_new(void) {
    uint8_t probe = 0;
    if (getrandom(&probe, sizeof probe, 0) < 0 && errno != EINTR) {
        return NULL;
    }
    void *page = mmap(NULL, PAGE_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise(page, PAGE_LEN, MADV_WIPEONFORK) != 0) {
        int error = errno;
        munmap(page, PAGE_LEN);
        errno = error;
        return NULL;
    }
    return page;
}

void why__random_free(struct why__random *random) {
    if (random != NULL) {
        explicit_bzero(random, sizeof *random);
        munmap(random, PAGE_LEN);
    }
}

void why__random_fill(struct why__random *random, uint8_t *out, size_t len) {
    while (len > 0) {
        if (random->left == 0) {
            refill(random);
        }
        size_t take = len < random->left ? len : random->left;
        uint8_t *from = random->bytes + (sizeof random->bytes - random->left);
        memcpy(out, from, take);
        explicit_bzero(from, take);
        random->left -= take;
        out += take;
        len -= take;
    }
}
