/* SPDX-License-Identifier: MIT
 *
 * What is sent: kinds and sizes of messages, each as often as its weight says.
 */
#ifndef WHY_BENCH_MIX_H
#define WHY_BENCH_MIX_H

#include "whysocket/bytes.h"
#include "whysocket/explain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bench_kind {
    BENCH_TEXT,   /* JSON, ASCII alone */
    BENCH_UTF8,   /* text in several scripts */
    BENCH_BINARY, /* bytes that do not compress */
};

/* "text", "utf8", "binary"; ends with NULL. */
extern const char *const bench_kind_names[];

enum {
    BENCH_MIX_MAX = 16,
    BENCH_WEIGHT_MAX = 1000,
};

#define BENCH_SIZE_MAX ((uint64_t)256 << 20)

struct bench_item {
    enum bench_kind kind;
    uint32_t weight;
    struct why_span data;
};

struct bench_mix {
    struct bench_item items[BENCH_MIX_MAX];
    size_t count;
    uint32_t weight;              /* of all */
    uint32_t turn;                /* of the round */
    uint32_t sent[BENCH_MIX_MAX]; /* in the round */
};

/* Add messages of one kind and size. returns  false if out of memory, or the mix is full */
bool bench_mix_add(struct bench_mix *mix, enum bench_kind kind, uint64_t size, uint32_t weight);

enum bench_mix_error {
    BENCH_MIX_OK,
    BENCH_MIX_WRONG, /* not KIND:SIZE[*WEIGHT],... */
    BENCH_MIX_LIMIT, /* more than BENCH_MIX_MAX, _WEIGHT_MAX or _SIZE_MAX */
    BENCH_MIX_NOMEM,
};

/* Add what "text:20*8,binary:64K*2" says. Cleared by bench_mix_clear() in any case. */
enum bench_mix_error bench_mix_read(struct bench_mix *mix, const char *text);

void bench_mix_clear(struct bench_mix *mix);

/* The next one to send: in each round of `weight` every item comes as often as its own says, spread
 * over it; always in the same order. */
size_t bench_mix_next(struct bench_mix *mix);

/* "text:20", or all of them with their weights. */
void bench_mix_write(const struct bench_mix *mix, struct why_text *text);

#endif
