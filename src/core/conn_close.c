/* SPDX-License-Identifier: MIT
 *
 * How a connection ends: Close frames both ways, failure, the loss of the transport, and what the
 * record says of it (RFC 6455 section 7).
 */
#include "core/conn_state.h"

#include "base/ascii.h"
#include "base/guess.h"
#include "core/redact.h"

#include <assert.h>
#include <string.h>

/* The lifecycle, asserted: from each state, those that may follow. */
static const uint8_t followers[] = {
    [WHY_CONN_OPEN] = 1 << WHY_CONN_CLOSING | 1 << WHY_CONN_FINISHING | 1 << WHY_CONN_CLOSED,
    [WHY_CONN_CLOSING] = 1 << WHY_CONN_FINISHING | 1 << WHY_CONN_CLOSED,
    [WHY_CONN_FINISHING] = 1 << WHY_CONN_CLOSED,
    [WHY_CONN_CLOSED] = 0,
};

/* A Close frame, which nothing is queued behind, is in what is left of the output: it did not
 * travel, and the record does not say that it did. */
static void forget_unsent_close(struct why_conn *conn) {
    if (!conn->close_sent || why__send_queue_len(&conn->output) == 0) {
        return;
    }
    conn->close_sent = false;
    struct why__ending *ending = conn->activity != NULL ? conn->activity->ending : NULL;
    if (ending != NULL) {
        ending->sent = (struct why_close_frame){.present = false};
        ending->first = ending->received.present ? WHY_FIRST_RECEIVED : WHY_FIRST_NONE;
    }
}

static void enter(struct why_conn *conn, enum why_conn_state state) {
    (void)followers; /* where assert() is nothing */
    assert((followers[conn->state] & 1 << state) != 0);
    conn->state = (uint8_t)state;
    if (state == WHY_CONN_CLOSED) {
        forget_unsent_close(conn);
        why__send_queue_clear(&conn->output, why__conn_host(conn));
        why__conn_abandon_message(conn);
    }
}

/* The close handshake's deadline runs from its first frame, and nothing extends it. */
static void start_deadline(struct why_conn *conn) {
    if (!conn->close_begun) {
        conn->close_begun = true;
        conn->asked_ms = (uint32_t)why__conn_now(conn);
    }
}

struct why__ending *why__conn_ending(struct why_conn *conn) {
    struct why__activity *activity = why__conn_activity(conn);
    if (activity == NULL) {
        return NULL;
    }
    if (activity->ending == NULL) {
        activity->ending = why__conn_allocate(conn, NULL, sizeof *activity->ending);
        if (activity->ending != NULL) {
            memset(activity->ending, 0, sizeof *activity->ending);
        }
    }
    return activity->ending;
}

static void set_cause(struct why_conn *conn, enum why_cause cause) {
    conn->cause = (uint8_t)cause;
    struct why__ending *ending = why__conn_ending(conn);
    if (ending != NULL) {
        ending->ended_ms = why__conn_now(conn);
    }
}

static void note_close_frame(struct why_close_frame *frame, uint16_t code,
                             struct why_bytes reason) {
    frame->present = true;
    frame->code = code;
    frame->reason_len = (uint8_t)reason.len;
    if (reason.len > 0) {
        memcpy(frame->reason, reason.data, reason.len);
    }
    frame->reason[reason.len] = '\0';
}

/* Queue our Close frame; `code` 0 leaves it empty. False if out of memory. */
static bool queue_close(struct why_conn *conn, uint16_t code, struct why_bytes reason) {
    uint8_t payload[WHY__CONTROL_MAX];
    size_t len = 0;
    if (code != 0) {
        payload[0] = (uint8_t)(code >> 8);
        payload[1] = (uint8_t)code;
        len = 2;
        if (reason.len > 0) {
            memcpy(payload + len, reason.data, reason.len);
            len += reason.len;
        }
    }
    struct why__frame_header header = {.opcode = WHY_OPCODE_CLOSE, .final = true};
    if (!why__conn_queue_frame(conn, &header, (struct why_bytes){payload, len})) {
        return false;
    }
    conn->close_sent = true;
    start_deadline(conn);
    struct why__ending *ending = why__conn_ending(conn);
    if (ending != NULL) {
        note_close_frame(&ending->sent, code != 0 ? code : WHY_CLOSE_NO_STATUS, reason);
        if (ending->first == WHY_FIRST_NONE) {
            ending->first = WHY_FIRST_SENT;
        }
    }
    return true;
}

int why_conn_close(struct why_conn *conn, uint16_t code, struct why_bytes reason) {
    if (conn->state != WHY_CONN_OPEN) {
        return WHY_ERR_STATE;
    }
    if (code != 0 && !why_close_code_is_sendable(code)) {
        return WHY_ERR_CLOSE_CODE;
    }
    if (reason.len > (code != 0 ? WHY_CLOSE_REASON_MAX : 0) ||
        !why__utf8_is_valid(reason.data, reason.len)) {
        return WHY_ERR_CLOSE_REASON;
    }
    if (!queue_close(conn, code, reason)) {
        return WHY_ERR_NOMEM;
    }
    set_cause(conn, WHY_CAUSE_LOCAL_CLOSED);
    enter(conn, WHY_CONN_CLOSING);
    return WHY_OK;
}

/* Whether what the peer still sends is worth reading: the end is our own decision, not its fault.
 */
static bool is_graceful(enum why_cause cause) {
    return why_cause_side(cause) == WHY_SIDE_US && cause != WHY_CAUSE_LOCAL_OUT_OF_MEMORY;
}

static void note_detail(struct why_conn *conn, const char *detail) {
    struct why__ending *ending = why__conn_ending(conn);
    if (ending != NULL && detail != NULL) {
        size_t all = why__text_len(detail);
        size_t len = why__text_copy(ending->detail, sizeof ending->detail, detail, all);
        why__redact(ending->detail, len, len < all);
    }
}

void why_conn_fail(struct why_conn *conn, enum why_cause cause, const char *detail) {
    if (conn->state >= WHY_CONN_FINISHING) {
        return;
    }
    bool was_closing = conn->state == WHY_CONN_CLOSING;
    /* A close of our own is the cause until the peer does wrong, not until we find a second reason.
     */
    if (!was_closing || (conn->cause == WHY_CAUSE_LOCAL_CLOSED && !is_graceful(cause))) {
        set_cause(conn, cause);
        note_detail(conn, detail);
    }
    uint16_t code = why_cause_code(cause);
    if (!conn->close_sent && why_close_code_is_sendable(code)) {
        /* Out of memory, the peer hears nothing; the record still does. */
        (void)queue_close(conn, code, (struct why_bytes){0});
    }
    start_deadline(conn);
    if (!is_graceful(cause) || !conn->close_sent) {
        /* Only here: while CLOSING the rest of a message still comes, and belongs to its beginning.
         */
        why__conn_abandon_message(conn);
        enter(conn, WHY_CONN_FINISHING);
    } else if (!was_closing) {
        /* Messages still come, also the one of which a part is here. */
        enter(conn, WHY_CONN_CLOSING);
    }
}

void why_conn_lost(struct why_conn *conn, enum why_cause cause, enum why_transport transport,
                   int os_error) {
    if (conn->state == WHY_CONN_CLOSED) {
        return;
    }
    /* A close of our own that the peer has not confirmed did not happen; after both frames, or
     * after a failure, how the transport goes is no cause. */
    if (conn->cause == WHY_CAUSE_NONE ||
        (conn->cause == WHY_CAUSE_LOCAL_CLOSED && !conn->close_received)) {
        set_cause(conn, cause);
    }
    struct why__ending *ending = why__conn_ending(conn);
    if (ending != NULL) {
        ending->transport = transport;
        ending->os_error = os_error;
    }
    enter(conn, WHY_CONN_CLOSED);
}

/* Section 5.5.1 and 7.4: what a Close frame's payload may be. */
static enum why_cause check_close(struct why_bytes payload, uint16_t *code) {
    *code = WHY_CLOSE_NO_STATUS;
    if (payload.len == 0) {
        return WHY_CAUSE_NONE;
    }
    if (payload.len == 1) {
        return WHY_CAUSE_CLOSE_FRAME_LENGTH;
    }
    *code = (uint16_t)(payload.data[0] << 8 | payload.data[1]);
    if (!why_close_code_is_sendable(*code)) {
        return WHY_CAUSE_CLOSE_FRAME_CODE;
    }
    return WHY_CAUSE_NONE;
}

void why__conn_take_close(struct why_conn *conn, struct why_bytes payload,
                          struct why_event *event) {
    uint16_t code = 0;
    enum why_cause cause = check_close(payload, &code);
    struct why_bytes reason = {0};
    if (payload.len > 2) {
        reason = (struct why_bytes){payload.data + 2, payload.len - 2};
    }
    struct why__ending *ending = why__conn_ending(conn);
    if (ending != NULL) {
        note_close_frame(&ending->received, code, reason);
        if (ending->first == WHY_FIRST_NONE) {
            ending->first = WHY_FIRST_RECEIVED;
        }
    }
    if (cause != WHY_CAUSE_NONE) {
        why_conn_fail(conn, cause, NULL);
        return;
    }
    struct why__utf8 utf8 = {0};
    size_t valid = why__utf8_check(&utf8, reason.data, reason.len);
    if (valid < reason.len || !why__utf8_is_complete(&utf8)) {
        why__conn_fail_utf8(conn, WHY_CAUSE_CLOSE_FRAME_REASON, reason, valid, utf8);
        return;
    }
    conn->close_received = true;
    if (!conn->close_sent) {
        set_cause(conn, WHY_CAUSE_PEER_CLOSED);
        /* A Ping that came before it is answered before it is (section 5.5.2), however the bytes of
         * both arrived. Where there is no memory for the Pong the Close is worth more. */
        (void)why__conn_queue_pong(conn);
        /* The answer has the same code (section 5.5.1). */
        (void)queue_close(conn, payload.len == 0 ? 0 : code, (struct why_bytes){0});
    }
    start_deadline(conn);
    enter(conn, WHY_CONN_FINISHING);
    *event = (struct why_event){.type = WHY_EVENT_CLOSE, .code = code, .data = reason};
}

enum {
    /* What a guess is made of: on either side of the wrong byte. */
    SAMPLE_BEFORE = 256,
    SAMPLE_AFTER = 256,
};

/* The text around the wrong byte, out of what was joined before and the piece it is in. Returns the
 * sample's length and where in it the wrong byte is. */
static size_t take_sample(const struct why__message *message, struct why_bytes piece, size_t at,
                          uint8_t sample[SAMPLE_BEFORE + SAMPLE_AFTER], size_t *wrong_at) {
    size_t from_piece = at < SAMPLE_BEFORE ? at : SAMPLE_BEFORE;
    size_t from_joined = SAMPLE_BEFORE - from_piece;
    const struct why__joined *joined = message != NULL ? message->joined : NULL;
    if (joined == NULL || from_piece < at) {
        from_joined = 0;
    } else if (joined->len < from_joined) {
        from_joined = joined->len;
    }
    if (from_joined > 0) {
        memcpy(sample, joined->data + joined->len - from_joined, from_joined);
    }
    size_t after = piece.len - at < SAMPLE_AFTER ? piece.len - at : SAMPLE_AFTER;
    if (piece.data != NULL) {
        memcpy(sample + from_joined, piece.data + at - from_piece, from_piece + after);
    }
    *wrong_at = from_joined + from_piece;
    return from_joined + from_piece + after;
}

static void note_window(struct why_utf8_evidence *evidence, const uint8_t *sample, size_t len,
                        size_t wrong_at) {
    size_t before = wrong_at < WHY_UTF8_WINDOW_MAX / 2 ? wrong_at : WHY_UTF8_WINDOW_MAX / 2;
    size_t shown = len - (wrong_at - before);
    if (shown > WHY_UTF8_WINDOW_MAX) {
        shown = WHY_UTF8_WINDOW_MAX;
    }
    if (shown > 0) {
        memcpy(evidence->window, sample + wrong_at - before, shown);
    }
    evidence->window_len = (uint8_t)shown;
    evidence->window_at = (uint8_t)before;
}

/* Nothing of the message is to come after what was just taken. */
static bool is_at_end(const struct why__activity *activity) {
    return activity->payload_left == 0 && why__frame_is_final(&activity->decoder);
}

/* What was just taken is the first of a frame that goes on with a message. */
static bool is_frame_start(const struct why__activity *activity, size_t taken) {
    return why__frame_opcode(&activity->decoder) == WHY_OPCODE_CONTINUATION &&
           activity->decoder.payload_len - activity->payload_left == taken &&
           !activity->message.compressed;
}

void why__conn_fail_utf8(struct why_conn *conn, enum why_cause cause, struct why_bytes piece,
                         size_t at, struct why__utf8 state) {
    struct why__ending *ending = why__conn_ending(conn);
    bool in_reason = cause == WHY_CAUSE_CLOSE_FRAME_REASON;
    if (ending != NULL) {
        const struct why__activity *activity = conn->activity;
        const struct why__message *message = in_reason ? NULL : &activity->message;
        uint64_t offset = (in_reason ? 0 : message->offset) + at;
        uint8_t sample[SAMPLE_BEFORE + SAMPLE_AFTER];
        size_t wrong_at = 0;
        size_t len = take_sample(message, piece, at, sample, &wrong_at);
        enum why_utf8_class utf8_class =
            at < piece.len ? why__utf8_class(&state, piece.data[at]) : WHY_UTF8_CLASS_TRUNCATED;
        struct why__guess_input guess = {
            .data = sample,
            .len = len,
            .wrong_at = wrong_at,
            .utf8_class = utf8_class,
            .offset = offset - wrong_at,
            .is_whole = piece.len - at <= SAMPLE_AFTER && (in_reason || is_at_end(activity)),
            .at_fragment = !in_reason && at == 0 && is_frame_start(activity, piece.len),
        };
        ending->utf8 = (struct why_utf8_evidence){
            .present = true,
            .in_reason = in_reason,
            .utf8_class = utf8_class,
            .guess = why__guess(&guess),
            .message_number = in_reason ? 0 : conn->counters.messages_received + 1,
            .offset = offset,
        };
        note_window(&ending->utf8, sample, len, wrong_at);
    }
    why_conn_fail(conn, cause, NULL);
}

static const struct why__ending *ending_of(const struct why_conn *conn) {
    return conn->activity != NULL ? conn->activity->ending : NULL;
}

/* The code that this side reports (section 7.1.5). */
static uint16_t reported_code(const struct why_conn *conn) {
    uint16_t code = why_cause_code((enum why_cause)conn->cause);
    if (code != 0 || conn->cause == WHY_CAUSE_NONE) {
        return code;
    }
    if (!conn->close_received) {
        return WHY_CLOSE_ABNORMAL;
    }
    const struct why__ending *ending = ending_of(conn);
    return ending != NULL ? ending->received.code : WHY_CLOSE_NO_STATUS;
}

static void report_ending(const struct why__ending *ending, struct why_record *record) {
    record->sent = ending->sent;
    record->received = ending->received;
    record->first = ending->first;
    record->transport = ending->transport;
    record->os_error = ending->os_error;
    record->utf8 = ending->utf8;
    record->frame_len = ending->frame_len;
    memcpy(record->frame, ending->frame, sizeof ending->frame);
    if (ending->detail[0] != '\0') {
        memcpy(record->detail, ending->detail, sizeof record->detail);
    }
}

void why_conn_report(const struct why_conn *conn, struct why_record *record) {
    const struct why__ending *ending = ending_of(conn);
    uint64_t received_ms = why__conn_received_ms(conn);
    uint64_t sent_ms = why__conn_sent_ms(conn);
    uint64_t end = ending != NULL && ending->ended_ms != 0 ? ending->ended_ms : why__conn_now(conn);
    if (conn->cause != WHY_CAUSE_NONE) {
        why_record_fail(record, (enum why_cause)conn->cause);
        record->code = reported_code(conn);
    }
    if (ending != NULL) {
        report_ending(ending, record);
    }
    record->counters = conn->counters;
    record->timings.open_ms = end - conn->opened_ms;
    record->timings.since_received_ms = end > received_ms ? end - received_ms : 0;
    record->timings.since_sent_ms = end > sent_ms ? end - sent_ms : 0;
    record->timings.ping_rtt_ms = conn->ping_rtt_ms;
}
