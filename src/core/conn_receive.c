/* SPDX-License-Identifier: MIT
 *
 * The connection receives: a table of steps from bytes to events, resumable at any byte. What a
 * message is made of is decided here; what a frame may look like, in frame_decode.c.
 */
#include "base/apart.h"
#include "core/conn_short.h"

#include <assert.h>
#include <string.h>

enum {
    INFLATE_SLICE = 16384, /* what is inflated before it is checked and counted */
};

/* One step: uses input, may yield an event, may fail the connection. Returns false if it needs more
 * input. */
typedef bool receive_step(struct why_conn *conn, struct why_span *input, struct why_event *event);

static void fail_frame(struct why_conn *conn, enum why_cause cause) {
    struct why__ending *ending = why__conn_ending(conn);
    if (ending != NULL) {
        ending->frame_len = conn->activity->decoder.header_len;
        memcpy(ending->frame, conn->activity->decoder.header, sizeof ending->frame);
    }
    why_conn_fail(conn, cause, NULL);
}

/* The header says how much is to come: refuse what passes the limit before any of it is held. */
static enum why_cause begin_data(struct why_conn *conn) {
    const struct why__frame_decoder *decoder = &conn->activity->decoder;
    struct why__message *message = &conn->activity->message;
    enum why_opcode opcode = why__frame_opcode(decoder);
    if (opcode != WHY_OPCODE_CONTINUATION) {
        *message = (struct why__message){
            .opcode = (uint8_t)opcode,
            .compressed = why__frame_is_compressed(decoder),
        };
    }
    uint64_t max = conn->options->message_len_max;
    uint64_t so_far = message->offset;
    if (message->compressed) {
        /* The limit is on what comes out. What does not compress grows by a little; more than that
         * is nothing but empty blocks. */
        uint64_t growth = max / 256 + 1024;
        max = growth < UINT64_MAX - max ? max + growth : UINT64_MAX;
        so_far = message->joined != NULL ? message->joined->compressed_len : 0;
    }
    if (so_far > max || decoder->payload_len > max - so_far) {
        return WHY_CAUSE_LIMIT_MESSAGE_SIZE;
    }
    conn->activity->step = message->compressed ? WHY__STEP_COMPRESSED_DATA : WHY__STEP_DATA;
    return WHY_CAUSE_NONE;
}

static bool step_header(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    (void)event;
    struct why__activity *activity = conn->activity;
    bool done = false;
    enum why_cause cause = why__frame_decode(&activity->decoder, input, &done);
    if (cause == WHY_CAUSE_NONE && !done) {
        return false;
    }
    bool is_control = why__opcode_is_control(why__frame_opcode(&activity->decoder));
    if (cause == WHY_CAUSE_NONE) {
        activity->payload_left = activity->decoder.payload_len;
        activity->step = WHY__STEP_CONTROL;
        if ((is_control || activity->payload_left == 0) && !why__conn_count_empty(conn)) {
            cause = WHY_CAUSE_LIMIT_CONTROL_RATE;
        } else if (!is_control) {
            cause = begin_data(conn);
        }
    }
    if (cause != WHY_CAUSE_NONE) {
        fail_frame(conn, cause);
    }
    return true;
}

/* The next bytes of this frame's payload, taken off the input. */
static struct why_span take_payload(struct why_conn *conn, struct why_span *input) {
    struct why__activity *activity = conn->activity;
    size_t len = input->len < activity->payload_left ? input->len : (size_t)activity->payload_left;
    struct why_span piece = {input->data, len};
    input->data += len;
    input->len -= len;
    activity->payload_left -= len;
    if (len > 0 && activity->step != WHY__STEP_CONTROL) {
        conn->message_ms = (uint32_t)why__conn_now(conn); /* a message on its way is no idleness */
    }
    return piece;
}

/* Where in the frame's payload a piece begins that was just taken. */
static unsigned mask_phase(const struct why__activity *activity, struct why_span piece) {
    return (unsigned)(activity->decoder.payload_len - activity->payload_left - piece.len) & 3;
}

static void unmask(struct why_conn *conn, struct why_span piece) {
    if (conn->is_server && piece.len > 0) {
        const struct why__activity *activity = conn->activity;
        why__mask(piece.data, piece.len, why__frame_mask_key(&activity->decoder),
                  mask_phase(activity, piece));
    }
}

/* Unmask and check, in one pass where it is both. False: the text is invalid, and the connection
 * has failed. */
static bool open_piece(struct why_conn *conn, struct why_span piece) {
    struct why__activity *activity = conn->activity;
    struct why__utf8 *utf8 = &activity->message.utf8;
    size_t valid = piece.len;
    if (activity->message.opcode != WHY_OPCODE_TEXT) {
        unmask(conn, piece);
    } else if (conn->is_server && piece.len > 0) {
        valid =
            why__unmask_utf8(utf8, piece.data, piece.len, why__frame_mask_key(&activity->decoder),
                             mask_phase(activity, piece));
    } else {
        valid = why__utf8_check(utf8, piece.data, piece.len);
    }
    if (valid < piece.len) {
        why__conn_fail_utf8(conn, WHY_CAUSE_UTF8_INVALID, (struct why_bytes){piece.data, piece.len},
                            valid, *utf8);
        return false;
    }
    return true;
}

/* The message ends with `piece`, which is not joined yet. False: it ends inside a character. */
static bool check_text_end(struct why_conn *conn, struct why_span piece) {
    const struct why__message *message = &conn->activity->message;
    if (message->opcode != WHY_OPCODE_TEXT || why__utf8_is_complete(&message->utf8)) {
        return true;
    }
    why__conn_fail_utf8(conn, WHY_CAUSE_UTF8_INVALID, (struct why_bytes){piece.data, piece.len},
                        piece.len, message->utf8);
    return false;
}

static void deliver(struct why_conn *conn, struct why_event *event, struct why_bytes data,
                    bool last) {
    struct why__message *message = &conn->activity->message;
    bool stream = conn->options->stream_messages;
    *event = (struct why_event){
        .type = stream ? WHY_EVENT_FRAGMENT : WHY_EVENT_MESSAGE,
        .opcode = (enum why_opcode)message->opcode,
        .first = !message->begun,
        .last = last,
        .compressed = message->compressed,
        .data = data,
    };
    message->begun = true;
    message->delivered = last || stream;
    if (last) {
        conn->counters.messages_received++;
        conn->message_ms = (uint32_t)why__conn_now(conn);
    }
}

static bool step_data(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    struct why__activity *activity = conn->activity;
    struct why__message *message = &activity->message;
    struct why_span piece = take_payload(conn, input);
    bool frame_done = activity->payload_left == 0;
    bool last = frame_done && why__frame_is_final(&activity->decoder);
    if (frame_done) {
        activity->step = WHY__STEP_HEADER;
    }
    if (!open_piece(conn, piece) || (last && !check_text_end(conn, piece))) {
        return true;
    }
    message->offset += piece.len;
    bool in_place = conn->options->stream_messages || (last && message->joined == NULL);
    if (!in_place) {
        if (!why__conn_join(conn, piece)) {
            return true;
        }
        piece = why__conn_joined(conn);
    }
    if (last || (conn->options->stream_messages && piece.len > 0)) {
        deliver(conn, event, (struct why_bytes){piece.data, piece.len}, last);
    }
    return frame_done;
}

/* Check and count what was inflated into the end of the joined message: what fits the limit is
 * looked at first, as it would be had it come alone. */
static bool take_inflated(struct why_conn *conn, size_t len) {
    struct why__message *message = &conn->activity->message;
    uint8_t *data = message->joined->data + message->joined->len;
    uint64_t left = conn->options->message_len_max - message->offset;
    size_t allowed = len < left ? len : (size_t)left;
    if (message->opcode == WHY_OPCODE_TEXT) {
        size_t valid = why__utf8_check(&message->utf8, data, allowed);
        if (valid < allowed) {
            why__conn_fail_utf8(conn, WHY_CAUSE_UTF8_INVALID, (struct why_bytes){data, allowed},
                                valid, message->utf8);
            return false;
        }
    }
    if (len > allowed) {
        fail_frame(conn, WHY_CAUSE_LIMIT_MESSAGE_SIZE);
        return false;
    }
    message->joined->len += len;
    message->offset += len;
    return true;
}

/* Inflate one slice: of `input`, or of the message's tail where that is NULL.
 * full  set where more may come out without further input */
static bool inflate_slice(struct why_conn *conn, struct why_bytes *input, bool *full) {
    *full = false;
    /* One byte past the limit, to see that it is passed. */
    uint64_t max = conn->options->message_len_max;
    if (!why__conn_reserve_message(conn, 1, max < UINT64_MAX ? max + 1 : max)) {
        why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
        return false;
    }
    struct why__joined *joined = conn->activity->message.joined;
    size_t left = joined->size - joined->len;
    struct why_span room = {joined->data + joined->len,
                            left < INFLATE_SLICE ? left : INFLATE_SLICE};
    size_t len = 0;
    enum why__inflate_result result = input != NULL
                                          ? why__inflate(conn->deflate, input, room, &len)
                                          : why__inflate_finish(conn->deflate, room, &len);
    *full = len == room.len;
    /* What came out before a fault is looked at before it: the first fault is the cause, however
     * the bytes arrive. */
    if (!take_inflated(conn, len)) {
        return false;
    }
    if (result != WHY__INFLATE_OK) {
        why_conn_fail(conn,
                      result == WHY__INFLATE_NOMEM ? WHY_CAUSE_LOCAL_OUT_OF_MEMORY
                                                   : WHY_CAUSE_DEFLATE_CORRUPT,
                      NULL);
        return false;
    }
    return true;
}

/* Put back what was taken and not used, masked as it came. */
static void give_back(struct why_conn *conn, struct why_span *input, size_t len) {
    struct why_span rest = {input->data - len, len};
    unmask(conn, rest);
    input->data -= len;
    input->len += len;
    conn->activity->payload_left += len;
}

/* Inflate what there is; a stream stops at every slice, so that it never holds more than one. */
static bool inflate_piece(struct why_conn *conn, struct why_bytes *input, bool *full) {
    do {
        if (!inflate_slice(conn, input, full)) {
            return false;
        }
        if (conn->options->stream_messages && why__conn_joined(conn).len > 0) {
            break;
        }
    } while (*full || (input != NULL && input->len > 0));
    return true;
}

static bool step_compressed_data(struct why_conn *conn, struct why_span *input,
                                 struct why_event *event) {
    struct why__activity *activity = conn->activity;
    struct why__message *message = &activity->message;
    struct why_span piece = take_payload(conn, input);
    unmask(conn, piece);
    struct why_bytes rest = {piece.data, piece.len};
    bool full = message->inflating;
    if ((full || rest.len > 0) && !inflate_piece(conn, &rest, &full)) {
        return true;
    }
    message->inflating = full;
    if (message->joined != NULL) {
        message->joined->compressed_len += piece.len - rest.len;
    }
    give_back(conn, input, rest.len);
    bool frame_done = activity->payload_left == 0 && !full;
    if (frame_done) {
        activity->step =
            why__frame_is_final(&activity->decoder) ? WHY__STEP_COMPRESSED_END : WHY__STEP_HEADER;
    }
    struct why_span inflated = why__conn_joined(conn);
    if (conn->options->stream_messages && inflated.len > 0) {
        deliver(conn, event, (struct why_bytes){inflated.data, inflated.len}, false);
    }
    return frame_done;
}

static bool step_compressed_end(struct why_conn *conn, struct why_span *input,
                                struct why_event *event) {
    (void)input;
    bool full = false;
    if (!inflate_piece(conn, NULL, &full)) {
        return true;
    }
    if (!full) {
        conn->activity->step = WHY__STEP_HEADER;
        if (!check_text_end(conn, (struct why_span){0})) {
            return true;
        }
    }
    struct why_span inflated = why__conn_joined(conn);
    deliver(conn, event, (struct why_bytes){inflated.data, inflated.len}, !full);
    return true;
}

/* A control frame that lies whole in the input is taken where it lies; one that comes in pieces is
 * collected, and its memory stays until the call after its event. */
static bool step_control(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    struct why__activity *activity = conn->activity;
    struct why_span piece = take_payload(conn, input);
    unmask(conn, piece);
    struct why__control *control = activity->control;
    if (control == NULL && activity->payload_left > 0) {
        control = why__conn_allocate(conn, NULL, sizeof *control);
        if (control == NULL) {
            why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
            return true;
        }
        control->len = 0;
        activity->control = control;
    }
    struct why_bytes payload = {piece.data, piece.len};
    if (control != NULL) {
        if (piece.len > 0) {
            memcpy(control->data + control->len, piece.data, piece.len);
        }
        control->len = (uint8_t)(control->len + piece.len);
        payload = (struct why_bytes){control->data, control->len};
    }
    if (activity->payload_left > 0) {
        return false;
    }
    activity->step = WHY__STEP_HEADER;
    why__conn_take_control(conn, payload, event);
    return true;
}

static receive_step *const steps[WHY__STEP_COUNT] = {
    [WHY__STEP_HEADER] = step_header,
    [WHY__STEP_DATA] = step_data,
    [WHY__STEP_COMPRESSED_DATA] = step_compressed_data,
    [WHY__STEP_COMPRESSED_END] = step_compressed_end,
    [WHY__STEP_CONTROL] = step_control,
};

/* Let go of what the last event pointed to. */
static void release_delivered(struct why_conn *conn) {
    struct why__activity *activity = conn->activity;
    if (activity->message.delivered) {
        if (activity->step == WHY__STEP_HEADER && !activity->decoder.in_message) {
            why__conn_drop_message(conn);
        } else {
            if (activity->message.joined != NULL) {
                activity->message.joined->len = 0;
            }
            activity->message.delivered = false;
        }
    }
    /* It stays where a control frame is still being collected. */
    if (activity->control != NULL && activity->step != WHY__STEP_CONTROL) {
        why__conn_allocate(conn, activity->control, 0);
        activity->control = NULL;
    }
}

/* A whole message is not valid. What is told of it is where a message in pieces has it. */
WHY__APART static void fail_whole(struct why_conn *conn, const uint8_t *header, size_t header_len,
                                  struct why_span payload, size_t valid, struct why__utf8 utf8) {
    struct why__activity *activity = why__conn_activity(conn);
    if (activity == NULL) {
        why_conn_fail(conn, WHY_CAUSE_UTF8_INVALID, NULL);
        return;
    }
    struct why__frame_decoder *decoder = &activity->decoder;
    memcpy(decoder->header, header, header_len);
    decoder->header_len = (uint8_t)header_len;
    decoder->state = WHY__FRAME_DONE;
    decoder->payload_len = payload.len;
    activity->payload_left = 0;
    activity->message = (struct why__message){.opcode = WHY_OPCODE_TEXT};
    why__conn_fail_utf8(conn, WHY_CAUSE_UTF8_INVALID, (struct why_bytes){payload.data, payload.len},
                        valid, utf8);
}

/* Unmask a whole message, and check it. False: it is invalid, and the connection has failed. */
static bool open_whole(struct why_conn *conn, const uint8_t *header, size_t header_len,
                       struct why_span payload) {
    struct why__utf8 utf8 = {0};
    size_t valid = payload.len;
    const uint8_t *key = header + header_len - 4; /* a client's */
    if ((header[0] & 0x0f) != WHY_OPCODE_TEXT) {
        if (conn->is_server) {
            why__mask(payload.data, payload.len, key, 0);
        }
        return true;
    }
    if (conn->is_server) {
        valid = why__unmask_utf8(&utf8, payload.data, payload.len, key, 0);
    } else {
        valid = why__utf8_check(&utf8, payload.data, payload.len);
    }
    if (valid < payload.len || !why__utf8_is_complete(&utf8)) {
        fail_whole(conn, header, header_len, payload, valid, utf8);
        return false;
    }
    return true;
}

/* What most messages are: one frame, unfragmented and not compressed, that lies whole in the input.
 * It takes the same way as step_header() and step_data(), in fewer steps, and leaves nothing
 * behind. False: it is not one of these, or breaks a rule, and nothing was used. */
static bool receive_whole(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    if (input->len < WHY__SHORT_HEADER || conn->options->stream_messages) {
        return false;
    }
    const uint8_t *header = input->data;
    uint8_t opcode = header[0] & 0x7f; /* RSV bits too */
    size_t len = header[1] & 0x7f;
    size_t header_len = conn->is_server ? WHY__SHORT_HEADER : WHY__SHORT_HEADER - 4;
    if (header[0] < 0x80 || (opcode != WHY_OPCODE_TEXT && opcode != WHY_OPCODE_BINARY) ||
        header[1] >> 7 != conn->is_server) {
        return false;
    }
    if (len == 126) {
        len = (size_t)header[2] << 8 | header[3];
        header_len += 2;
        if (len < 126) {
            return false;
        }
    }
    if (len == 0 || (header[1] & 0x7f) == 127 || len > conn->options->message_len_max ||
        input->len < header_len || input->len - header_len < len) {
        return false;
    }
    struct why_span payload = {input->data + header_len, len};
    input->data += header_len + len;
    input->len -= header_len + len;
    if (!open_whole(conn, header, header_len, payload)) {
        return true;
    }
    *event = (struct why_event){
        .type = WHY_EVENT_MESSAGE,
        .opcode = (enum why_opcode)opcode,
        .first = true,
        .last = true,
        .data = {payload.data, len},
    };
    conn->counters.messages_received++;
    conn->message_ms = (uint32_t)why__conn_now(conn);
    return true;
}

/* Take a step towards an event. False: more input is needed. */
static bool take_step(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    if (why__conn_is_between(conn)) {
        if (input->len == 0) {
            return false;
        }
        if (receive_whole(conn, input, event)) {
            return true;
        }
    }
    if (conn->activity == NULL && why__conn_activity(conn) == NULL) {
        why_conn_fail(conn, WHY_CAUSE_LOCAL_OUT_OF_MEMORY, NULL);
        return true;
    }
    return steps[conn->activity->step](conn, input, event);
}

WHY__APART static void receive_any(struct why_conn *conn, struct why_span *input,
                                   struct why_event *event) {
    *event = (struct why_event){.type = WHY_EVENT_NONE};
    if (conn->activity != NULL) {
        release_delivered(conn);
    }
    size_t before = input->len;
    while (event->type == WHY_EVENT_NONE) {
        if (conn->state >= WHY_CONN_FINISHING) {
            /* What comes after the end is not looked at (section 1.4). */
            input->data += input->len;
            input->len = 0;
            event->type = WHY_EVENT_END;
        } else if (!take_step(conn, input, event)) {
            why__conn_rest(conn);
            break;
        }
    }
    conn->counters.bytes_received += before - input->len;
}

/* The shortest way, where `event` says what it is. */
static bool receive_short(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    if (!why__conn_receive_short(conn, input, why__conn_short_max(conn), &event->opcode,
                                 &event->data)) {
        return false;
    }
    /* One by one: clearing the whole first takes longer than all else here. */
    event->type = WHY_EVENT_MESSAGE;
    event->first = true;
    event->last = true;
    event->compressed = false;
    event->code = 0;
    return true;
}

void why_conn_receive(struct why_conn *conn, struct why_span *input, struct why_event *event) {
    bool is_open = conn->state < WHY_CONN_FINISHING;
    bool is_resting = is_open && why__conn_is_between(conn);
    if (is_resting && input->len == 0) {
        if (conn->activity != NULL) {
            why__conn_rest(conn);
        }
        event->type = WHY_EVENT_NONE;
        return;
    }
    if (is_open && input->len > 0) {
        why__conn_note_received(conn);
        if (conn->is_asking) { /* written for nothing, it would hold up what is read beside it */
            conn->is_asking = false;
            conn->ping_owed = false;
        }
    }
    bool may_be_short = is_resting && conn->is_server && !conn->options->stream_messages;
    if (!may_be_short || !receive_short(conn, input, event)) {
        receive_any(conn, input, event);
    }
}
