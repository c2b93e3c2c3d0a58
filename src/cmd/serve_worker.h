/* SPDX-License-Identifier: MIT
 *
 * One thread of `serve`: a loop, a server on it, and what it answers to whom.
 */
#ifndef WHY_CMD_SERVE_WORKER_H
#define WHY_CMD_SERVE_WORKER_H

#include "cmd/serve_log.h"
#include "cmd/serve_path.h"
#include "net/loop.h"
#include "whysocket/server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* What all threads have in common; it does not change while they run. */
struct serve_plan {
    struct why_options limits; /* the host is each worker's own */
    struct why_origin_policy origin;
    const struct why_tls_config *tls; /* of the TLS addresses */
    enum why_loop_backend backend;
    struct serve_log *log;
    struct worker *workers;
    size_t worker_count;
};

struct seat;
TAILQ_HEAD(seat_queue, seat);

struct worker {
    struct why__timer turn; /* of the next one who rests; first: it leads back here */
    const struct serve_plan *plan;
    struct why_loop *loop;
    struct why_server *server;
    struct topic_table *topics;
    struct path_table paths;     /* of those who echo */
    struct why__task publishing; /* at the end of a turn in which something was published */
    struct seat_queue speaking;  /* who published it */
    struct seat_queue resting;   /* who publishes more than there is time for in a turn */
    size_t deliveries;           /* since one of them was let on */
    atomic_size_t backlog;       /* of what others relayed to it, see relay() */
    struct why_options options;
    struct why_server_config config;
    struct why_text body;  /* of the answer that is being made */
    char subprotocol[128]; /* likewise */
    bool is_running;       /* its thread was started */
    pthread_t thread;
};

/* Make the loop and the server; `worker` is one of plan->workers, `is_first` the one that listens
 * first: the others join its addresses. False: errno says why. */
bool worker_init(struct worker *worker, const struct serve_plan *plan, bool is_first);
void worker_clear(struct worker *worker);

/* Run its loop until it is stopped. In the calling thread. */
bool worker_run(struct worker *worker);

/* Do what other workers left on its loop, where none of them runs any more. */
void worker_drain(struct worker *worker);

/* From any thread: say 1001 to all within `jitter_ms`, cut what is left at `deadline_ms`, return
 * from worker_run(). */
void worker_stop(struct worker *worker);

#endif
