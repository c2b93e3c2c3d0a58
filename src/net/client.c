/* SPDX-License-Identifier: MIT
 *
 * The client: one attempt after the other, with a session for each, until one ends in a way that
 * another attempt cannot mend.
 */
#include "whysocket/client.h"

#include "net/backoff.h"
#include "net/client_config.h"
#include "net/loop.h"
#include "net/opening.h"
#include "net/probe.h"
#include "net/session.h"
#include "whysocket/explain.h"

#include <string.h>

#define NO_MEMORY_MS 1000

struct why_client {
    struct why__opening opening; /* the attempt; after it, what it knows of the session */
    struct why__client_config config;
    struct why__backoff backoff;
    struct why__timer pause; /* until the next attempt */
    struct why__task grave;  /* its memory goes at the end of the turn */
    struct why_loop *loop;
    struct why_session *session;                    /* NULL between attempts */
    struct why__probing *probing;                   /* NULL until an attempt asks for it */
    const struct why_session_handler *user_handler; /* the program's */
    struct why_session_handler handler;             /* the same, but for on_close, which is ours */
    void *user;
    bool is_open;  /* the session was opened */
    bool is_freed; /* nothing may be called any more */
    enum why_probe_policy probe_policy;
    void (*on_step)(void *user, const struct why_step *step);
    void (*on_probe)(void *user, const struct why_probe *probe);
    void (*on_reconnect)(void *user, const struct why_record *record, uint32_t pause_ms);
};

static struct why_client *client_of(const struct why_session *session) {
    struct why__opening *opening =
        WHY__CONTAINER(why__session_owner(session), struct why__opening, owner);
    return WHY__CONTAINER(opening, struct why_client, opening);
}

static struct why_client *client_of_opening(struct why__opening *opening) {
    return WHY__CONTAINER(opening, struct why_client, opening);
}

/* ---- One attempt ---- */

static void on_step(struct why__opening *opening, const struct why_step *step) {
    const struct why_client *client = client_of_opening(opening);
    if (client->on_step != NULL && !client->is_freed) {
        client->on_step(client->user, step);
    }
}

/* ---- Probes after it, where it failed ---- */

static struct why_client *client_of_probing(const struct why__probing *probing) {
    return client_of_opening(probing->opening);
}

static void on_probe(struct why__probing *probing, const struct why_probe *probe) {
    const struct why_client *client = client_of_probing(probing);
    if (client->on_probe != NULL && !client->is_freed) {
        client->on_probe(client->user, probe);
    }
}

static void on_probed(struct why__probing *probing) {
    struct why_client *client = client_of_probing(probing);
    if (!client->is_freed) {
        why__session_end(client->session, &client->opening.record);
    }
}

static const struct why__probing_ops probing_ops = {.on_probe = on_probe, .on_done = on_probed};

static void free_probing(struct why_client *client) {
    const struct why_host *host = client->config.host;
    host->allocate(host->context, client->probing, 0);
    client->probing = NULL;
}

static bool start_probing(struct why_client *client) {
    const struct why_host *host = client->config.host;
    struct why__probing *probing = host->allocate(host->context, NULL, sizeof *probing);
    if (probing == NULL) {
        return false;
    }
    memset(probing, 0, sizeof *probing);
    probing->opening = &client->opening;
    probing->ops = &probing_ops;
    probing->policy = client->probe_policy;
    client->probing = probing;
    why__probing_start(probing);
    return true;
}

static void on_failed(struct why__opening *opening) {
    struct why_client *client = client_of_opening(opening);
    if (client->is_freed) {
        return;
    }
    struct why__probe_step step = {0};
    why__probe_next(&opening->record, NULL, 0, client->probe_policy, &step);
    if (step.kind == WHY_PROBE_NONE || !start_probing(client)) {
        why__probe_apply(&step, &opening->record);
        why__session_end(client->session, &opening->record);
    }
}

static const struct why__opening_ops opening_ops = {.on_step = on_step, .on_failed = on_failed};

static void on_open(struct why_session *session, const struct why_http_head *head) {
    struct why_client *client = client_of(session);
    client->is_open = true;
    if (client->user_handler->on_open != NULL) {
        client->user_handler->on_open(session, head);
    }
}

/* The session is over, opened or not. The program is told first; it may free the client there. */
static void on_close(struct why_session *session, const struct why_record *record) {
    struct why_client *client = client_of(session);
    client->session = NULL;
    if (client->is_open) {
        why__backoff_opened(&client->backoff, record->timings.open_ms);
    }
    uint32_t pause_ms = 0;
    if (client->user_handler->on_close != NULL) {
        client->user_handler->on_close(session, record);
    }
    if (client->is_freed || !why__backoff_next(&client->backoff, why_record_retry(record),
                                               client->config.host, &pause_ms)) {
        return;
    }
    why__timer_set(client->loop, &client->pause, why__loop_now(client->loop) + pause_ms);
    if (client->on_reconnect != NULL) {
        client->on_reconnect(client->user, record, pause_ms);
    }
}

static void on_gone(struct why_session *session) {
    (void)session; /* on_close has forgotten it */
}

static bool make_session(struct why_client *client) {
    client->is_open = false;
    client->session = why__session_new(&client->opening.owner, &client->handler, client->user);
    client->opening.session = client->session;
    return client->session != NULL;
}

/* Without memory there is no session to say so with; the next attempt is a little later. */
static void begin(struct why_client *client) {
    free_probing(client); /* of the attempt before */
    if (client->session == NULL && !make_session(client)) {
        why__timer_set(client->loop, &client->pause, why__loop_now(client->loop) + NO_MEMORY_MS);
        return;
    }
    why__opening_start(&client->opening);
}

static void on_pause_over(struct why__timer *timer) {
    begin(WHY__CONTAINER(timer, struct why_client, pause));
}

/* ---- Life ---- */

static void free_client(struct why_client *client) {
    const struct why_host *host = client->config.host;
    free_probing(client);
    why__client_config_clear(&client->config);
    host->allocate(host->context, client, 0);
}

static void run_grave(struct why__task *task) {
    free_client(WHY__CONTAINER(task, struct why_client, grave));
}

static void init(struct why_client *client, struct why_loop *loop,
                 const struct why_client_config *config) {
    client->loop = loop;
    client->user_handler = config->handler;
    client->handler = *config->handler;
    client->handler.on_open = on_open;
    client->handler.on_close = on_close;
    client->user = config->user;
    client->probe_policy = config->probe;
    client->on_step = config->on_step;
    client->on_probe = config->on_probe;
    client->on_reconnect = config->on_reconnect;
    client->pause.on_due = on_pause_over;
    client->grave.run = run_grave;
    why__backoff_init(&client->backoff, &config->reconnect);
    struct why__opening *opening = &client->opening;
    opening->owner = (struct why__session_owner){
        .loop = loop, .options = config->options, .role = WHY_ROLE_CLIENT, .on_gone = on_gone};
    opening->ops = &opening_ops;
    opening->url = &client->config.url;
    opening->proxy = client->config.has_proxy ? &client->config.proxy : NULL;
    opening->pinned = &client->config.pinned;
    opening->tls_context = client->config.tls_context;
    opening->request = &client->config.request;
}

int why_client_connect(struct why_loop *loop, const struct why_client_config *config,
                       struct why_client **out, char *error, size_t error_size) {
    if (error == NULL) {
        error_size = 0;
    }
    const struct why_host *host = config->options->host;
    struct why_client *client = host->allocate(host->context, NULL, sizeof *client);
    if (client == NULL) {
        return WHY_ERR_NOMEM;
    }
    memset(client, 0, sizeof *client);
    const struct why__tls_context *like =
        config->like == NULL ? NULL : config->like->config.tls_context;
    int result = why__client_config_read(&client->config, config, like, error, error_size);
    if (result != WHY_OK) {
        free_client(client);
        return result;
    }
    init(client, loop, config);
    if (!make_session(client)) {
        free_client(client);
        return WHY_ERR_NOMEM;
    }
    /* From a later turn, so that the caller has its client before anything is called. */
    why__timer_set(loop, &client->pause, why__loop_now(loop));
    *out = client;
    return WHY_OK;
}

void why_client_free(struct why_client *client) {
    if (client == NULL || client->is_freed) {
        return;
    }
    client->is_freed = true;
    why__timer_cancel(client->loop, &client->pause);
    why__opening_stop(&client->opening);
    if (client->probing != NULL) {
        why__probing_stop(client->probing);
    }
    struct why_session *session = client->session;
    client->session = NULL;
    if (session != NULL && client->is_open) {
        why__session_cut(session, WHY_CAUSE_LOCAL_ABANDONED, true);
    } else if (session != NULL) {
        why__session_drop(session);
    }
    why__loop_defer(client->loop, &client->grave);
}
