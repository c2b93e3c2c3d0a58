/* SPDX-License-Identifier: MIT */
#include "bench/mix.h"

#include <stdlib.h>
#include <string.h>

const char *const bench_kind_names[] = {"text", "utf8", "binary", NULL};

static const char json_sample[] =
    "{\"id\":184467,\"user\":\"ada\",\"type\":\"price\",\"symbol\":\"XS0123\",\"bid\":101.25,"
    "\"ask\":101.31,\"tags\":[\"live\",\"eu\"],\"at\":\"2026-01-15T10:30:00.125Z\"}, ";
static const char utf8_sample[] =
    "Der B\xc3\xa4r a\xc3\x9f s\xc3\xbc\xc3\x9f"
    "e \xc3\x84pfel, \xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd, \xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5"
    "\xd1\x82 \xf0\x9f\x99\x82 and a stretch of plain English. ";

/* Whole samples; full stops where one more would be cut, maybe inside a character. */
static void fill_text(struct why_span data, const char *sample, size_t sample_len) {
    size_t whole = data.len - data.len % sample_len;
    for (size_t i = 0; i < data.len; i++) {
        data.data[i] = i < whole ? (uint8_t)sample[i % sample_len] : '.';
    }
}

/* Bytes that no compressor finds anything in, the same each time (xorshift). */
static void fill_binary(struct why_span data) {
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < data.len; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data.data[i] = (uint8_t)(state >> 32);
    }
}

bool bench_mix_add(struct bench_mix *mix, enum bench_kind kind, uint64_t size, uint32_t weight) {
    struct why_span data = {malloc((size_t)size + 1), (size_t)size};
    if (data.data == NULL || mix->count == BENCH_MIX_MAX) {
        free(data.data);
        return false;
    }
    switch (kind) {
    case BENCH_TEXT:
        fill_text(data, json_sample, sizeof json_sample - 1);
        break;
    case BENCH_UTF8:
        fill_text(data, utf8_sample, sizeof utf8_sample - 1);
        break;
    case BENCH_BINARY:
        fill_binary(data);
        break;
    }
    mix->items[mix->count++] = (struct bench_item){.kind = kind, .weight = weight, .data = data};
    mix->weight += weight;
    return true;
}

void bench_mix_clear(struct bench_mix *mix) {
    for (size_t i = 0; i < mix->count; i++) {
        free(mix->items[i].data.data);
    }
    *mix = (struct bench_mix){0};
}

/* ---- "text:20*8,binary:64K*2" ---- */

/* A number of at most `max`, and past it. returns  false if there is none, or it is more */
static bool read_number(const char **at, uint64_t max, uint64_t *number) {
    const char *begin = *at;
    uint64_t value = 0;
    while (**at >= '0' && **at <= '9' && value <= max) {
        value = value * 10 + (uint64_t)(**at - '0');
        (*at)++;
    }
    *number = value;
    return *at > begin && value <= max;
}

static bool read_kind(const char **at, enum bench_kind *kind) {
    for (size_t i = 0; bench_kind_names[i] != NULL; i++) {
        size_t len = strlen(bench_kind_names[i]);
        if (strncmp(*at, bench_kind_names[i], len) == 0 && (*at)[len] == ':') {
            *kind = (enum bench_kind)i;
            *at += len + 1;
            return true;
        }
    }
    return false;
}

static bool read_size(const char **at, uint64_t *size) {
    if (!read_number(at, BENCH_SIZE_MAX, size)) {
        return false;
    }
    unsigned shift = **at == 'K' ? 10 : **at == 'M' ? 20 : 0;
    *at += shift > 0;
    *size <<= shift;
    return *size <= BENCH_SIZE_MAX;
}

static enum bench_mix_error read_item(struct bench_mix *mix, const char **at) {
    enum bench_kind kind = BENCH_TEXT;
    uint64_t size = 0;
    uint64_t weight = 1;
    if (!read_kind(at, &kind)) {
        return BENCH_MIX_WRONG;
    }
    if (!read_size(at, &size)) {
        return size > BENCH_SIZE_MAX ? BENCH_MIX_LIMIT : BENCH_MIX_WRONG;
    }
    if (**at == '*') {
        (*at)++;
        if (!read_number(at, BENCH_WEIGHT_MAX, &weight) || weight == 0) {
            return weight > BENCH_WEIGHT_MAX ? BENCH_MIX_LIMIT : BENCH_MIX_WRONG;
        }
    }
    if (mix->count == BENCH_MIX_MAX) {
        return BENCH_MIX_LIMIT;
    }
    return bench_mix_add(mix, kind, size, (uint32_t)weight) ? BENCH_MIX_OK : BENCH_MIX_NOMEM;
}

enum bench_mix_error bench_mix_read(struct bench_mix *mix, const char *text) {
    const char *at = text;
    for (;;) {
        enum bench_mix_error error = read_item(mix, &at);
        if (error != BENCH_MIX_OK) {
            return error;
        }
        if (*at == '\0') {
            return BENCH_MIX_OK;
        }
        if (*at++ != ',') {
            return BENCH_MIX_WRONG;
        }
    }
}

/* ---- Choosing ---- */

/* Whose turn it is: the item that is furthest behind its share after `turn` messages. */
size_t bench_mix_next(struct bench_mix *mix) {
    uint64_t turn = mix->turn;
    mix->turn = (mix->turn + 1) % mix->weight;
    size_t best = 0;
    int64_t most = INT64_MIN;
    for (size_t i = 0; i < mix->count && mix->count > 1; i++) {
        /* Its share of turn + 1 messages, less those that it has had in this round. */
        uint64_t weight = mix->items[i].weight;
        uint64_t had = mix->sent[i];
        int64_t behind = (int64_t)((turn + 1) * weight) - (int64_t)(had * mix->weight);
        if (behind > most) {
            most = behind;
            best = i;
        }
    }
    mix->sent[best]++;
    if (mix->turn == 0) {
        memset(mix->sent, 0, sizeof mix->sent);
    }
    return best;
}

void bench_mix_write(const struct bench_mix *mix, struct why_text *text) {
    for (size_t i = 0; i < mix->count; i++) {
        const struct bench_item *item = &mix->items[i];
        why_text_append(text, "%s%s:%zu", i == 0 ? "" : ",", bench_kind_names[item->kind],
                        item->data.len);
        if (item->weight > 1) {
            why_text_append(text, "*%u", item->weight);
        }
    }
}
