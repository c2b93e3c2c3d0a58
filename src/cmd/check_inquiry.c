/* SPDX-License-Identifier: MIT
 *
 * The exchanges of --aia and --ocsp, one after the other, each bounded.
 */
#include "cmd/check_inquiry.h"

#include "cmd/check_inquiry_write.h"
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MS = 10000, /* where --timeout says "for ever" */
    REDIRECTS_MAX = 3,
};

/* ---- The certificates ---- */

static void keep_chain(void *context, const struct why_bytes *chain, size_t count) {
    struct check_inquiry *inquiry = context;
    for (size_t i = 0; i < count && i < WHY_TLS_CHAIN_MAX && inquiry->count == i; i++) {
        inquiry->chain[i] = malloc(chain[i].len);
        if (inquiry->chain[i] != NULL) {
            memcpy(inquiry->chain[i], chain[i].data, chain[i].len);
            inquiry->lens[i] = chain[i].len;
            inquiry->count++;
        }
    }
}

void check_inquiry_init(struct check_inquiry *inquiry, bool aia, bool ocsp) {
    inquiry->aia = aia;
    inquiry->ocsp = ocsp;
    if (aia || ocsp) {
        inquiry->dial->tls.on_chain = keep_chain;
        inquiry->dial->tls.on_chain_context = inquiry;
    }
}

static bool begin(struct check_inquiry *inquiry) {
    struct why_bytes chain[WHY_TLS_CHAIN_MAX];
    struct why__url url;
    struct why_bytes text = {(const uint8_t *)inquiry->url, strlen(inquiry->url)};
    if (inquiry->count == 0 || why__url_parse(&url, text, NULL, 0) != WHY_OK) {
        return false;
    }
    for (size_t i = 0; i < inquiry->count; i++) {
        chain[i] = (struct why_bytes){inquiry->chain[i], inquiry->lens[i]};
    }
    return why__inquiry_new(why_loop_host(inquiry->loop), &inquiry->dial->tls, url.host, chain,
                            inquiry->count, &inquiry->inquiry) == WHY_OK;
}

/* ---- One exchange ---- */

static void on_done(struct why__fetch *fetch) {
    why_loop_stop(fetch->loop);
}

/* From inside a turn, as the loop's clock stands still between them. */
static void start(void *argument) {
    why__fetch_start(argument);
}

struct way {
    struct why__url url, proxy;
    struct why__addresses pinned;
};

/* How to get there: the same --resolve and --proxy are for this address, too. */
static bool find_way(const struct check_inquiry *inquiry, const char *address, struct way *way,
                     struct why__fetch *fetch) {
    const char *variable = NULL;
    if (why__fetch_read_url(&way->url, address, fetch->problem, sizeof fetch->problem) != WHY_OK) {
        return false;
    }
    way->pinned.count = 0;
    for (size_t i = 0; i < inquiry->asked->resolve.count; i++) {
        (void)why__resolve_override(inquiry->asked->resolve.items[i], way->url.host, way->url.port,
                                    &way->pinned);
    }
    fetch->url = &way->url;
    fetch->pinned = &way->pinned;
    const char *proxy = dial_proxy_for(inquiry->asked, address, &variable);
    if (proxy == NULL) {
        return true;
    }
    struct why_bytes text = {(const uint8_t *)proxy, strlen(proxy)};
    if (why__url_parse_proxy(&way->proxy, text, NULL, 0) != WHY_OK) {
        (void)snprintf(fetch->problem, sizeof fetch->problem, "its proxy (%s) is no address",
                       variable == NULL ? "--proxy" : variable);
        return false;
    }
    fetch->proxy = &way->proxy;
    return true;
}

/* Ask, and wait for the answer. `fetch` is to be cleared after it. */
static void exchange(struct check_inquiry *inquiry, const char *address, struct way *way,
                     struct why_bytes question, struct why__fetch *fetch) {
    uint64_t timeout_ms = inquiry->asked->timeout_ms;
    *fetch = (struct why__fetch){
        .loop = inquiry->loop,
        .options = &inquiry->dial->options,
        .body = question,
        .content_type = "application/ocsp-request",
        .len_max = question.len > 0 ? WHY__INQUIRY_STATUS_LEN_MAX : WHY__INQUIRY_ISSUER_LEN_MAX,
        .timeout_ms = timeout_ms == 0 ? TIMEOUT_MS : (uint32_t)timeout_ms,
        .on_done = on_done,
    };
    if (!find_way(inquiry, address, way, fetch)) {
        return;
    }
    if (why_loop_post(inquiry->loop, start, fetch) != WHY_OK ||
        why_loop_run(inquiry->loop) != WHY_OK) {
        (void)snprintf(fetch->problem, sizeof fetch->problem, "out of memory");
    }
}

/* Only where a redirect of a GET leads to another address: a question is for whom it was put to. */
static bool is_redirected(struct why__fetch *fetch, bool is_question, struct way *way,
                          struct check_exchange *done) {
    if (fetch->problem[0] != '\0' || fetch->location[0] == '\0') {
        return false;
    }
    if (is_question ||
        !why__fetch_follow(&way->url, fetch->location, done->redirected, sizeof done->redirected)) {
        (void)snprintf(fetch->problem, sizeof fetch->problem,
                       "it answered %u, and that is not followed", fetch->status);
        return false;
    }
    return true;
}

/* The whole of it, redirects included. `fetch` is to be cleared after it. */
static struct why_bytes ask(struct check_inquiry *inquiry, const char *address,
                            struct why_bytes question, struct why__fetch *fetch,
                            struct check_exchange *done) {
    struct way *way = malloc(sizeof *way);
    uint64_t begin_us = why__clock_us();
    *done = (struct check_exchange){0};
    *fetch = (struct why__fetch){.loop = inquiry->loop, .options = &inquiry->dial->options};
    if (way == NULL) {
        (void)snprintf(fetch->problem, sizeof fetch->problem, "out of memory");
    }
    for (int i = 0; way != NULL && i <= REDIRECTS_MAX; i++) {
        const char *to = i == 0 ? address : done->redirected;
        exchange(inquiry, to, way, question, fetch);
        if (!is_redirected(fetch, question.len > 0, way, done)) {
            break;
        }
        if (i == REDIRECTS_MAX) {
            (void)snprintf(fetch->problem, sizeof fetch->problem, "it redirects on and on");
            break;
        }
        why__fetch_clear(fetch);
    }
    free(way);
    done->us = (uint32_t)(why__clock_us() - begin_us);
    bool is_empty = fetch->problem[0] == '\0' && fetch->answer_len == 0;
    (void)snprintf(done->problem, sizeof done->problem, "%s",
                   is_empty ? "its answer is empty" : fetch->problem);
    return done->problem[0] == '\0' ? (struct why_bytes){fetch->answer, fetch->answer_len}
                                    : (struct why_bytes){NULL, 0};
}

/* ---- All of them ---- */

static void search_issuers(struct check_inquiry *inquiry, struct why__fetch *fetch,
                           struct output *output) {
    const struct why__issuers *issuers = why__inquiry_issuers(inquiry->inquiry);
    const char *address = NULL;
    while ((address = why__inquiry_issuer_next(inquiry->inquiry)) != NULL) {
        size_t at = issuers->fetch_count - 1;
        struct why_bytes answer =
            ask(inquiry, address, (struct why_bytes){NULL, 0}, fetch, &inquiry->issuers[at]);
        why__inquiry_issuer_take(inquiry->inquiry, answer);
        why__fetch_clear(fetch);
        if (output != NULL) {
            check_write_issuer(output, &issuers->fetches[at], &inquiry->issuers[at]);
        }
    }
    if (output != NULL) {
        check_write_issuers_end(output, issuers);
    }
}

static void ask_standings(struct check_inquiry *inquiry, struct why__fetch *fetch,
                          struct output *output) {
    const struct why__standings *standings = why__inquiry_standings(inquiry->inquiry);
    const char *address = NULL;
    struct why_bytes question;
    while ((address = why__inquiry_status_next(inquiry->inquiry, &question)) != NULL) {
        size_t at = 0;
        while (standings->list[at].address != address) {
            at++;
        }
        struct why_bytes answer = ask(inquiry, address, question, fetch, &inquiry->standings[at]);
        why__inquiry_status_take(inquiry->inquiry, answer);
        why__fetch_clear(fetch);
    }
    for (size_t i = 0; i < standings->count && output != NULL; i++) {
        check_write_standing(output, &standings->list[i], &inquiry->standings[i]);
    }
}

void check_inquire(struct check_inquiry *inquiry, bool all_was_well, struct why_record *record,
                   struct output *output) {
    struct why__fetch *fetch = inquiry->aia || inquiry->ocsp ? calloc(1, sizeof *fetch) : NULL;
    if (fetch == NULL || !begin(inquiry)) {
        free(fetch);
        return;
    }
    if (inquiry->aia) {
        search_issuers(inquiry, fetch, output);
    }
    if (inquiry->ocsp) {
        ask_standings(inquiry, fetch, output);
    }
    why__inquiry_report(inquiry->inquiry, all_was_well, record);
    free(fetch);
}

void check_inquiry_clear(struct check_inquiry *inquiry) {
    why__inquiry_free(inquiry->inquiry);
    for (size_t i = 0; i < WHY_TLS_CHAIN_MAX; i++) {
        free(inquiry->chain[i]);
    }
}
