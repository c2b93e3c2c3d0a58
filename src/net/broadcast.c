/* SPDX-License-Identifier: MIT
 *
 * The same messages to many sessions: to those that have nothing else to send from where the
 * messages lie, and many in one call where the loop has such a call; to the others by their queues.
 */
#include "core/prepared.h"
#include "net/session.h"
#include "net/stream_send.h"

/* As many as the loop may send to at once. */
struct batch {
    struct why_loop *loop;
    struct why_prepared *messages; /* all as one */
    size_t count;
    struct why__shared *frames[WHY__SENDS_MAX];
    struct why__stream_send sends[WHY__SENDS_MAX];
    struct why_session *sessions[WHY__SENDS_MAX];
    int *results[WHY__SENDS_MAX];
};

static void note(int *to, int result) {
    if (to != NULL) {
        *to = result;
    }
}

static void send_batch(struct batch *batch) {
    why__stream_send_many(batch->loop, batch->sends, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        note(batch->results[i], why__prepared_sent(batch->messages, &batch->sessions[i]->conn,
                                                   batch->frames[i], batch->sends[i].sent));
    }
    batch->count = 0;
}

/* False: this session has to be sent to by itself. */
static bool add(struct batch *batch, struct why_session *session, int *result) {
    if (why__stream_is_sending(&session->stream)) {
        send_batch(batch); /* it was named twice */
    }
    bool is_clear = why__session_has_conn(session) && why__stream_is_clear(&session->stream);
    struct why__shared *frames =
        is_clear ? why__prepared_show(batch->messages, &session->conn) : NULL;
    if (frames == NULL) {
        return false;
    }
    struct why__stream_send *send = &batch->sends[batch->count];
    send->data = (struct why_bytes){frames->data, frames->len};
    send->stream = &session->stream;
    why__stream_begin_send(send);
    batch->frames[batch->count] = frames;
    batch->sessions[batch->count] = session;
    batch->results[batch->count] = result;
    if (++batch->count == WHY__SENDS_MAX) {
        send_batch(batch);
    }
    return true;
}

static int queue_all(struct why_session *session, struct why_prepared *const *messages,
                     size_t message_count) {
    int result = WHY_OK;
    for (size_t i = 0; i < message_count && result == WHY_OK; i++) {
        result = why_session_send_prepared(session, messages[i]);
    }
    return result;
}

void why_session_broadcast(struct why_session *const *sessions, size_t count,
                           struct why_prepared *const *messages, size_t message_count,
                           int *results) {
    if (count == 0 || message_count == 0) {
        return;
    }
    struct batch batch;
    batch.loop = why__stream_loop(&sessions[0]->stream);
    batch.messages = message_count == 1 ? messages[0] : why__prepared_join(messages, message_count);
    batch.count = 0;
    for (size_t i = 0; i < count; i++) {
        int *result = results != NULL ? &results[i] : NULL;
        if (batch.messages == NULL || !add(&batch, sessions[i], result)) {
            note(result, queue_all(sessions[i], messages, message_count));
        }
    }
    send_batch(&batch);
    if (message_count > 1) {
        why_prepared_free(batch.messages);
    }
}
