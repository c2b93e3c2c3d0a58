/* SPDX-License-Identifier: MIT
 *
 * Certificates by option, and by SIGHUP.
 */
#include "cmd/serve_certs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ERROR_MAX = 512,
};

bool serve_certs_config(const struct arg_list *certs, const struct arg_list *keys,
                        struct why_tls_config *tls, struct why_tls_pair **pairs) {
    *pairs = NULL;
    if (certs->count == 0) {
        return true;
    }
    *pairs = calloc(certs->count, sizeof **pairs);
    if (*pairs == NULL) {
        return false;
    }
    for (size_t i = 0; i < certs->count; i++) {
        (*pairs)[i] = (struct why_tls_pair){.cert_file = certs->items[i],
                                            .key_file = keys->count > 0 ? keys->items[i] : NULL};
    }
    tls->cert_file = (*pairs)[0].cert_file;
    tls->key_file = (*pairs)[0].key_file;
    tls->more = *pairs + 1;
    tls->more_count = certs->count - 1;
    return true;
}

bool serve_certs_has_terminal(void) {
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

bool serve_certs_is_reload(bool had_terminal) {
    return !had_terminal || serve_certs_has_terminal();
}

static void reload(void *argument) {
    struct worker *worker = argument;
    char error[ERROR_MAX] = "";
    int result = why_server_reload(worker->server, error, sizeof error);
    if (worker == worker->plan->workers) {
        serve_log_reloaded(worker->plan->log, result == WHY_OK, error);
    }
}

void serve_certs_reload(const struct serve_plan *plan) {
    for (size_t i = 0; i < plan->worker_count; i++) {
        struct worker *worker = &plan->workers[i];
        if (why_loop_post(worker->loop, reload, worker) != WHY_OK && i == 0) {
            serve_log_reloaded(plan->log, false, "");
        }
    }
}
