/* SPDX-License-Identifier: MIT
 *
 * The exchanges of --aia and --ocsp, one after the other, each bounded.
 */
#include "cmd/check_consult.h"

#include "base/mark.h"
#include "base/say.h"
#include "cmd/check_consult_write.h"
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
    struct check_consult *consult = context;
    for (size_t i = 0; i < count && i < WHY_TLS_CHAIN_MAX && consult->count == i; i++) {
        consult->chain[i] = malloc(chain[i].len);
        if (consult->chain[i] != NULL) {
            memcpy(consult->chain[i], chain[i].data, chain[i].len);
            consult->lens[i] = chain[i].len;
            consult->count++;
        }
    }
}

void check_consult_init(struct check_consult *consult, bool aia, bool ocsp) {
    consult->aia = aia;
    consult->ocsp = ocsp;
    if (aia || ocsp) {
        consult->dial->tls.on_chain = keep_chain;
        consult->dial->tls.on_chain_context = consult;
    }
}

static bool begin(struct check_consult *consult) {
    struct why_bytes chain[WHY_TLS_CHAIN_MAX];
    struct why__url url;
    struct why_bytes text = {(const uint8_t *)consult->url, strlen(consult->url)};
    if (consult->count == 0 || why__url_parse(&url, text, NULL, 0) != WHY_OK) {
        return false;
    }
    for (size_t i = 0; i < consult->count; i++) {
        chain[i] = (struct why_bytes){consult->chain[i], consult->lens[i]};
    }
    return why__consult_new(why_loop_host(consult->loop), &consult->dial->tls, url.host, chain,
                            consult->count, &consult->consult) == WHY_OK;
}

/* ---- One exchange ---- */

static void on_done(struct why__fetch *fetch) {
    why_loop_stop(fetch->loop);
}

/* From inside a turn, as the loop's clock stands still between them. */
static void start(void *argument) {
    why__fetch_start(argument);
}

/* text  marked for translation, static */
static void fail(struct why__fetch *fetch, const char *text) {
    struct why__say say;
    why__say_begin(&say, fetch->problem, sizeof fetch->problem, &fetch->problem_parts);
    why__say_text(&say, text);
}

struct way {
    struct why__url url, proxy;
    struct why__addresses pinned;
};

/* How to get there: the same --resolve and --proxy are for this address, too. */
static bool find_way(const struct check_consult *consult, const char *address, struct way *way,
                     struct why__fetch *fetch) {
    const char *variable = NULL;
    if (why__fetch_read_url(&way->url, address, fetch->problem, sizeof fetch->problem) != WHY_OK) {
        return false;
    }
    way->pinned.count = 0;
    for (size_t i = 0; i < consult->asked->resolve.count; i++) {
        (void)why__resolve_override(consult->asked->resolve.items[i], way->url.host, way->url.port,
                                    &way->pinned);
    }
    fetch->url = &way->url;
    fetch->pinned = &way->pinned;
    const char *proxy = dial_proxy_for(consult->asked, address, &variable);
    if (proxy == NULL) {
        return true;
    }
    struct why_bytes text = {(const uint8_t *)proxy, strlen(proxy)};
    if (why__url_parse_proxy(&way->proxy, text, NULL, 0) != WHY_OK) {
        fail(fetch, N_("its proxy is no address"));
        return false;
    }
    fetch->proxy = &way->proxy;
    return true;
}

/* Ask, and wait for the answer. `fetch` is to be cleared after it. */
static void exchange(struct check_consult *consult, const char *address, struct way *way,
                     struct why_bytes question, struct why__fetch *fetch) {
    uint64_t timeout_ms = consult->asked->timeout_ms;
    *fetch = (struct why__fetch){
        .loop = consult->loop,
        .options = &consult->dial->options,
        .body = question,
        .content_type = "application/ocsp-request",
        .len_max = question.len > 0 ? WHY__CONSULT_STATUS_LEN_MAX : WHY__CONSULT_ISSUER_LEN_MAX,
        .timeout_ms = timeout_ms == 0 ? TIMEOUT_MS : (uint32_t)timeout_ms,
        .on_done = on_done,
    };
    if (!find_way(consult, address, way, fetch)) {
        return;
    }
    if (why_loop_post(consult->loop, start, fetch) != WHY_OK ||
        why_loop_run(consult->loop) != WHY_OK) {
        fail(fetch, N_("out of memory"));
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
        fail(fetch, N_("it answered with a redirect, which is not followed"));
        return false;
    }
    return true;
}

/* The whole of it, redirects included. `fetch` is to be cleared after it. */
static struct why_bytes ask(struct check_consult *consult, const char *address,
                            struct why_bytes question, struct why__fetch *fetch,
                            struct check_exchange *done) {
    struct way *way = malloc(sizeof *way);
    uint64_t begin_us = why__clock_us();
    *done = (struct check_exchange){0};
    *fetch = (struct why__fetch){.loop = consult->loop, .options = &consult->dial->options};
    if (way == NULL) {
        fail(fetch, N_("out of memory"));
    }
    for (int i = 0; way != NULL && i <= REDIRECTS_MAX; i++) {
        const char *to = i == 0 ? address : done->redirected;
        exchange(consult, to, way, question, fetch);
        if (!is_redirected(fetch, question.len > 0, way, done)) {
            break;
        }
        if (i == REDIRECTS_MAX) {
            fail(fetch, N_("it redirects on and on"));
            break;
        }
        why__fetch_clear(fetch);
    }
    free(way);
    done->us = (uint32_t)(why__clock_us() - begin_us);
    if (fetch->problem[0] == '\0' && fetch->answer_len == 0) {
        fail(fetch, N_("its answer is empty"));
    }
    memcpy(done->problem, fetch->problem, sizeof done->problem);
    done->problem_parts = fetch->problem_parts;
    return done->problem[0] == '\0' ? (struct why_bytes){fetch->answer, fetch->answer_len}
                                    : (struct why_bytes){NULL, 0};
}

/* ---- All of them ---- */

static void search_issuers(struct check_consult *consult, struct why__fetch *fetch,
                           struct output *output) {
    const struct why__issuers *issuers = why__consult_issuers(consult->consult);
    const char *address = NULL;
    while ((address = why__consult_issuer_next(consult->consult)) != NULL) {
        size_t at = issuers->fetch_count - 1;
        struct why_bytes answer =
            ask(consult, address, (struct why_bytes){NULL, 0}, fetch, &consult->issuers[at]);
        why__consult_issuer_take(consult->consult, answer);
        why__fetch_clear(fetch);
        if (output != NULL) {
            check_write_issuer(output, &issuers->fetches[at], &consult->issuers[at]);
        }
    }
    if (output != NULL) {
        check_write_issuers_end(output, issuers);
    }
}

static void ask_standings(struct check_consult *consult, struct why__fetch *fetch,
                          struct output *output) {
    const struct why__standings *standings = why__consult_standings(consult->consult);
    const char *address = NULL;
    struct why_bytes question;
    while ((address = why__consult_status_next(consult->consult, &question)) != NULL) {
        size_t at = 0;
        while (standings->list[at].address != address) {
            at++;
        }
        struct why_bytes answer = ask(consult, address, question, fetch, &consult->standings[at]);
        why__consult_status_take(consult->consult, answer);
        why__fetch_clear(fetch);
    }
    for (size_t i = 0; i < standings->count && output != NULL; i++) {
        check_write_standing(output, &standings->list[i], &consult->standings[i]);
    }
}

void check_consult_others(struct check_consult *consult, bool all_was_well,
                          struct why_record *record, struct output *output) {
    struct why__fetch *fetch = consult->aia || consult->ocsp ? calloc(1, sizeof *fetch) : NULL;
    if (fetch == NULL || !begin(consult)) {
        free(fetch);
        return;
    }
    if (consult->aia) {
        search_issuers(consult, fetch, output);
    }
    if (consult->ocsp) {
        ask_standings(consult, fetch, output);
    }
    why__consult_report(consult->consult, all_was_well, record);
    free(fetch);
}

void check_consult_clear(struct check_consult *consult) {
    why__consult_free(consult->consult);
    for (size_t i = 0; i < WHY_TLS_CHAIN_MAX; i++) {
        free(consult->chain[i]);
    }
}
