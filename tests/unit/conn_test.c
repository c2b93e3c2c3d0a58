/* SPDX-License-Identifier: MIT
 *
 * The connection, by tables: bytes from the peer on one side, events and bytes to the peer on the
 * other. Each row runs whole, byte by byte and at every split, its input ending at a guard page:
 * the result may not depend on how the bytes arrive. Masking keys are zero where they do not
 * matter.
 */
#include "whysocket/conn.h"

#include "support/guard.h"
#include "support/hex.h"
#include "support/host.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

enum {
    BYTES_MAX = 1 << 17,
};

struct row {
    const char *name;
    const char *rfc;
    const char *input;
    const char *events; /* "text 'a', ping '', close 1000 'bye', end" */
    const char *output; /* hex */
    enum why_cause cause;
    bool client; /* we are the client; else the server */
    bool deflate;
    uint16_t code; /* in the record; 0: none */
    uint64_t utf8_offset;
    enum why_utf8_class utf8_class;
    uint64_t message_len_max; /* 0: the default */
};

/* The masking key 0. */
#define KEY0 "00 00 00 00 "

static const struct row rows[] = {
    /* Messages */
    {"text", "5.6", "81 85 " KEY0 "'Hello'", "text 'Hello'", ""},
    {"text, masked", "5.7", "81 85 37 fa 21 3d 7f 9f 4d 51 58", "text 'Hello'", ""},
    {"empty text", "5.6", "81 80 " KEY0, "text ''", ""},
    {"binary", "5.6", "82 83 " KEY0 "00 ff 80", "binary '\\x00\\xff\\x80'", ""},
    {"two messages", "5.6", "81 81 " KEY0 "'a' 82 81 " KEY0 "'b'", "text 'a', binary 'b'", ""},
    {"text of 20 bytes, masked", "5.7",
     "81 94 37 fa 21 3d 43 8d 44 53 43 83 01 5f 4e 8e 44 4e 17 95 47 1d 43 9f 59 49",
     "text 'twenty bytes of text'", ""},
    {"text of 125 bytes", "5.6", "81 fd " KEY0 "61*125", "text 125 bytes", ""},
    {"text of 20 bytes, not all ASCII", "8.1",
     "81 94 " KEY0 "'Der B' c3 a4 'r ' e2 80 9e ' ' f0 9f 99 82 '...'",
     "text 'Der B\\xc3\\xa4r \\xe2\\x80\\x9e \\xf0\\x9f\\x99\\x82...'", ""},
    {"16-bit length", "5.2", "82 fe 00 80 " KEY0 "61*128", "binary 128 bytes", ""},
    {"64-bit length", "5.2", "82 ff 00 00 00 00 00 01 00 00 " KEY0 "61*65536", "binary 65536 bytes",
     ""},
    {"to a client, unmasked", "5.1", "81 05 'Hello'", "text 'Hello'", "", .client = true},
    /* Fragments */
    {"two fragments", "5.4", "01 83 " KEY0 "'Hel' 80 82 " KEY0 "'lo'", "text 'Hello'", ""},
    {"each fragment its own key", "5.3", "01 81 01 00 00 00 'I' 80 81 02 00 00 00 'g'", "text 'He'",
     ""},
    {"empty fragments", "5.4", "01 80 " KEY0 "00 80 " KEY0 "00 81 " KEY0 "'a' 80 80 " KEY0,
     "text 'a'", ""},
    {"ping between fragments", "5.4", "01 81 " KEY0 "'a' 89 81 " KEY0 "'p' 80 81 " KEY0 "'b'",
     "ping 'p', text 'ab'", "8a 01 'p'"},
    {"character cut between fragments", "8.1", "01 81 " KEY0 "c3 80 81 " KEY0 "a9",
     "text '\\xc3\\xa9'", ""},
    {"data frame inside a fragmented message", "5.4", "01 81 " KEY0 "'a' 81 81 " KEY0 "'b'", "end",
     "88 02 03 ea", WHY_CAUSE_FRAME_CONTINUATION_EXPECTED, .code = 1002},
    {"continuation without a beginning", "5.4", "80 81 " KEY0 "'a'", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_CONTINUATION_UNEXPECTED, .code = 1002},
    {"continuation after a whole message", "5.4", "81 81 " KEY0 "'a' 80 81 " KEY0 "'b'",
     "text 'a', end", "88 02 03 ea", WHY_CAUSE_FRAME_CONTINUATION_UNEXPECTED, .code = 1002},
    /* Frames that break section 5 */
    {"RSV1 without an extension", "5.2", "c1 80 " KEY0, "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_RESERVED_BITS, .code = 1002},
    {"RSV2", "5.2", "a1 80 " KEY0, "end", "88 02 03 ea", WHY_CAUSE_FRAME_RESERVED_BITS,
     .code = 1002},
    {"RSV3", "5.2", "91 80 " KEY0, "end", "88 02 03 ea", WHY_CAUSE_FRAME_RESERVED_BITS,
     .code = 1002},
    {"RSV2 with permessage-deflate", "7692 6", "a1 80 " KEY0, "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_RESERVED_BITS, .deflate = true, .code = 1002},
    {"RSV1 on a continuation", "7692 6", "01 81 " KEY0 "'a' c0 81 " KEY0 "'b'", "end",
     "88 02 03 ea", WHY_CAUSE_FRAME_RESERVED_BITS, .deflate = true, .code = 1002},
    {"RSV1 on a ping", "7692 6", "c9 80 " KEY0, "end", "88 02 03 ea", WHY_CAUSE_FRAME_RESERVED_BITS,
     .deflate = true, .code = 1002},
    {"reserved data opcode", "5.2", "83 80 " KEY0, "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_RESERVED_OPCODE, .code = 1002},
    {"reserved control opcode", "5.2", "8b 80 " KEY0, "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_RESERVED_OPCODE, .code = 1002},
    {"unmasked from a client: nothing is delivered", "5.1", "81 01 'a'", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_NOT_MASKED, .code = 1002},
    {"masked from a server", "5.1", "81 81 " KEY0 "'a'", "end", "88 82 e6 a7 9e 04 e5 4d",
     WHY_CAUSE_FRAME_MASKED, .client = true, .code = 1002},
    {"16-bit length, not minimal", "5.2", "82 fe 00 7d", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_LENGTH_NOT_MINIMAL, .code = 1002},
    {"64-bit length, not minimal", "5.2", "82 ff 00 00 00 00 00 00 ff ff", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_LENGTH_NOT_MINIMAL, .code = 1002},
    {"64-bit length, top bit set", "5.2", "82 ff ff ff ff ff ff ff ff ff", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_LENGTH_OVERFLOW, .code = 1002},
    {"64-bit length 2^63 - 1", "5.2", "82 ff 7f ff ff ff ff ff ff ff " KEY0, "end", "88 02 03 f1",
     WHY_CAUSE_LIMIT_MESSAGE_SIZE, .code = 1009},
    {"64-bit length 2^63", "5.2", "82 ff 80 00 00 00 00 00 00 00", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_LENGTH_OVERFLOW, .code = 1002},
    {"64-bit length 2^64 - 4", "5.2", "82 ff ff ff ff ff ff ff ff fc", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_LENGTH_OVERFLOW, .code = 1002},
    {"64-bit length 2^64 - 1 to a client", "5.2", "82 7f ff ff ff ff ff ff ff ff", "end",
     "88 82 e6 a7 9e 04 e5 4d", WHY_CAUSE_FRAME_LENGTH_OVERFLOW, .client = true, .code = 1002},
    {"64-bit length 2^63 - 1 to a client", "5.2", "82 7f 7f ff ff ff ff ff ff ff", "end",
     "88 82 e6 a7 9e 04 e5 56", WHY_CAUSE_LIMIT_MESSAGE_SIZE, .client = true, .code = 1009},
    {"4 GiB declared, nothing sent", "5.2", "82 ff 00 00 00 01 00 00 00 00 " KEY0, "end",
     "88 02 03 f1", WHY_CAUSE_LIMIT_MESSAGE_SIZE, .code = 1009},
    {"a message of exactly the limit", "10.4", "82 84 " KEY0 "'abcd'", "binary 'abcd'", "",
     .message_len_max = 4},
    {"one byte past the limit", "10.4", "82 85 " KEY0, "end", "88 02 03 f1",
     WHY_CAUSE_LIMIT_MESSAGE_SIZE, .message_len_max = 4, .code = 1009},
    {"fragments that pass the limit together", "10.4", "02 83 " KEY0 "'abc' 00 82 " KEY0, "end",
     "88 02 03 f1", WHY_CAUSE_LIMIT_MESSAGE_SIZE, .message_len_max = 4, .code = 1009},
    {"fragment lengths that sum past 2^63", "10.4",
     "02 81 " KEY0 "'a' 00 ff 7f ff ff ff ff ff ff ff " KEY0, "end", "88 02 03 f1",
     WHY_CAUSE_LIMIT_MESSAGE_SIZE, .code = 1009},
    /* Control frames */
    {"ping is answered", "5.5.2", "89 84 " KEY0 "'ping'", "ping 'ping'", "8a 04 'ping'"},
    {"only the latest of several pings is answered", "5.5.3", "89 81 " KEY0 "'a' 89 81 " KEY0 "'b'",
     "ping 'a', ping 'b'", "8a 01 'b'"},
    {"unsolicited pong", "5.5.3", "8a 81 " KEY0 "'x'", "pong 'x'", ""},
    {"ping of 125 bytes", "5.5", "89 fd " KEY0 "61*125", "ping 125 bytes", "8a 7d 61*125"},
    {"ping of 126 bytes", "5.5", "89 fe 00 7e", "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_CONTROL_TOO_LONG, .code = 1002},
    {"fragmented ping", "5.5", "09 80 " KEY0, "end", "88 02 03 ea",
     WHY_CAUSE_FRAME_CONTROL_FRAGMENTED, .code = 1002},
    {"ping before close is answered before it", "5.5.2", "89 80 " KEY0 "88 80 " KEY0,
     "ping '', close 1005 '', end", "8a 00 88 00", WHY_CAUSE_PEER_CLOSED, .code = 1005},
    /* Close */
    {"close without a code", "7.1.5", "88 80 " KEY0, "close 1005 '', end", "88 00",
     WHY_CAUSE_PEER_CLOSED, .code = 1005},
    {"close 1000", "5.5.1", "88 82 " KEY0 "03 e8", "close 1000 '', end", "88 02 03 e8",
     WHY_CAUSE_PEER_CLOSED, .code = 1000},
    {"close with a reason", "5.5.1", "88 85 " KEY0 "03 e8 'bye'", "close 1000 'bye', end",
     "88 02 03 e8", WHY_CAUSE_PEER_CLOSED, .code = 1000},
    {"data after close is not looked at", "1.4", "88 80 " KEY0 "81 01 'a'", "close 1005 '', end",
     "88 00", WHY_CAUSE_PEER_CLOSED, .code = 1005},
    {"close with one byte", "5.5.1", "88 81 " KEY0 "03", "end", "88 02 03 ea",
     WHY_CAUSE_CLOSE_FRAME_LENGTH, .code = 1002},
    {"close 1012", "IANA", "88 82 " KEY0 "03 f4", "close 1012 '', end", "88 02 03 f4",
     WHY_CAUSE_PEER_CLOSED, .code = 1012},
    {"close 1014", "IANA", "88 82 " KEY0 "03 f6", "close 1014 '', end", "88 02 03 f6",
     WHY_CAUSE_PEER_CLOSED, .code = 1014},
    {"close 1015 is refused", "7.4.1", "88 82 " KEY0 "03 f7", "end", "88 02 03 ea",
     WHY_CAUSE_CLOSE_FRAME_CODE, .code = 1002},
    {"close 1006 is refused", "7.4.1", "88 82 " KEY0 "03 ee", "end", "88 02 03 ea",
     WHY_CAUSE_CLOSE_FRAME_CODE, .code = 1002},
    {"reason that is not UTF-8", "8.1", "88 84 " KEY0 "03 e8 'a' ff", "end", "88 02 03 ef",
     WHY_CAUSE_CLOSE_FRAME_REASON, .code = 1007, .utf8_offset = 1,
     .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    {"reason that ends inside a character", "8.1", "88 84 " KEY0 "03 e8 'a' c3", "end",
     "88 02 03 ef", WHY_CAUSE_CLOSE_FRAME_REASON, .code = 1007, .utf8_offset = 2,
     .utf8_class = WHY_UTF8_CLASS_TRUNCATED},
    /* 1007: at the first byte that cannot be right */
    {"stray continuation", "8.1", "81 83 " KEY0 "'ab' 80", "end", "88 02 03 ef",
     WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 2,
     .utf8_class = WHY_UTF8_CLASS_STRAY_CONTINUATION},
    {"overlong", "8.1", "81 82 " KEY0 "c0 80", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .code = 1007, .utf8_class = WHY_UTF8_CLASS_OVERLONG},
    {"surrogate", "8.1", "81 83 " KEY0 "ed a0 80", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .code = 1007, .utf8_offset = 1, .utf8_class = WHY_UTF8_CLASS_SURROGATE},
    {"above U+10FFFF", "8.1", "81 84 " KEY0 "f4 90 80 80", "end", "88 02 03 ef",
     WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 1,
     .utf8_class = WHY_UTF8_CLASS_TOO_LARGE},
    {"interrupted", "8.1", "81 83 " KEY0 "e2 82 'a'", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .code = 1007, .utf8_offset = 2, .utf8_class = WHY_UTF8_CLASS_INTERRUPTED},
    {"truncated", "8.1", "81 83 " KEY0 "'a' e2 82", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .code = 1007, .utf8_offset = 3, .utf8_class = WHY_UTF8_CLASS_TRUNCATED},
    {"wrong before the frame is whole", "8.1", "81 fe 10 00 " KEY0 "'ab' ff", "end", "88 02 03 ef",
     WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 2, .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    {"wrong in the second fragment", "8.1", "01 83 " KEY0 "'abc' 00 82 " KEY0 "'d' ff", "end",
     "88 02 03 ef", WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 4,
     .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    {"a character that the next fragment does not go on with", "8.1",
     "01 81 " KEY0 "c3 80 81 " KEY0 "'a'", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .code = 1007, .utf8_offset = 1, .utf8_class = WHY_UTF8_CLASS_INTERRUPTED},
    {"wrong in the last of 20 bytes", "8.1",
     "81 94 37 fa 21 3d 43 8d 44 53 43 83 01 5f 4e 8e 44 4e 17 95 47 1d 43 9f 59 c2", "end",
     "88 02 03 ef", WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 19,
     .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    {"truncated after 20 bytes", "8.1", "81 94 " KEY0 "'twenty bytes of te' e2 82", "end",
     "88 02 03 ef", WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 20,
     .utf8_class = WHY_UTF8_CLASS_TRUNCATED},
    {"binary may be anything", "5.6", "82 82 " KEY0 "c0 80", "binary '\\xc0\\x80'", ""},
    {"offset counts from the message's start", "8.1", "81 81 " KEY0 "'a' 81 82 " KEY0 "'b' ff",
     "text 'a', end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID, .code = 1007, .utf8_offset = 1,
     .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    /* permessage-deflate: RFC 7692 section 7.2.3 */
    {"compressed in one block", "7692 7.2.3.1", "c1 87 " KEY0 "f2 48 cd c9 c9 07 00",
     "text 'Hello' deflated", "", .deflate = true},
    {"compressed in two fragments", "7692 7.2.3.1",
     "41 83 " KEY0 "f2 48 cd 80 84 " KEY0 "c9 c9 07 00", "text 'Hello' deflated", "",
     .deflate = true},
    {"referring to the message before", "7692 7.2.3.2",
     "c1 87 " KEY0 "f2 48 cd c9 c9 07 00 c1 85 " KEY0 "f2 00 11 00 00",
     "text 'Hello' deflated, text 'Hello' deflated", "", .deflate = true},
    {"block without compression", "7692 7.2.3.3", "c1 8b " KEY0 "00 05 00 fa ff 48 65 6c 6c 6f 00",
     "text 'Hello' deflated", "", .deflate = true},
    {"block with BFINAL", "7692 7.2.3.4", "c1 88 " KEY0 "f3 48 cd c9 c9 07 00 00",
     "text 'Hello' deflated", "", .deflate = true},
    {"BFINAL, then a message that refers to it", "7692 7.2.3.4",
     "c1 88 " KEY0 "f3 48 cd c9 c9 07 00 00 c1 85 " KEY0 "f2 00 11 00 00",
     "text 'Hello' deflated, text 'Hello' deflated", "", .deflate = true},
    {"BFINAL without the byte that should follow", "7692 7.2.3.4",
     "c1 87 " KEY0 "f3 48 cd c9 c9 07 00 81 81 " KEY0 "'a'", "text 'Hello' deflated, text 'a'", "",
     .deflate = true},
    {"two blocks in one message", "7692 7.2.3.5",
     "c1 8d " KEY0 "f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "text 'Hello' deflated", "",
     .deflate = true},
    {"empty compressed message", "7692 7.2.3.6", "c1 81 " KEY0 "00", "text '' deflated", "",
     .deflate = true},
    {"uncompressed although agreed on", "7692 6", "81 85 " KEY0 "'Hello'", "text 'Hello'", "",
     .deflate = true},
    {"not deflate data", "7692 7.2.2", "c1 82 " KEY0 "ff ff", "end", "88 02 03 ef",
     WHY_CAUSE_DEFLATE_CORRUPT, .deflate = true, .code = 1007},
    {"deflate data cut off", "7692 7.2.2", "c1 84 " KEY0 "f2 48 cd c9", "end", "88 02 03 ef",
     WHY_CAUSE_DEFLATE_CORRUPT, .deflate = true, .code = 1007},
    {"compressed text that is not UTF-8", "8.1", "c1 88 " KEY0 "00 02 00 fd ff 61 ff 00", "end",
     "88 02 03 ef", WHY_CAUSE_UTF8_INVALID, .deflate = true, .code = 1007, .utf8_offset = 1,
     .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    {"compressed text that ends inside a character", "8.1", "c1 88 " KEY0 "00 02 00 fd ff 61 c3 00",
     "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID, .deflate = true, .code = 1007, .utf8_offset = 2,
     .utf8_class = WHY_UTF8_CLASS_TRUNCATED},
    {"text that is not UTF-8, before what is not deflate data", "8.1",
     "c1 89 " KEY0 "00 02 00 fd ff 61 ff ff ff", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .deflate = true, .code = 1007, .utf8_offset = 1, .utf8_class = WHY_UTF8_CLASS_BAD_LEAD},
    {"text that is not UTF-8 and passes the limit behind that", "8.1",
     "c1 88 " KEY0 "00 02 00 fd ff ff 61 00", "end", "88 02 03 ef", WHY_CAUSE_UTF8_INVALID,
     .deflate = true, .code = 1007, .utf8_class = WHY_UTF8_CLASS_BAD_LEAD, .message_len_max = 1},
    {"past the limit, before what is not deflate data", "7692 8",
     "c2 8a " KEY0 "00 03 00 fc ff 61 62 63 ff ff", "end", "88 02 03 f1",
     WHY_CAUSE_LIMIT_MESSAGE_SIZE, .deflate = true, .code = 1009, .message_len_max = 2},
    {"inflated to exactly the limit", "7692 8", "c1 87 " KEY0 "f2 48 cd c9 c9 07 00",
     "text 'Hello' deflated", "", .deflate = true, .message_len_max = 5},
    {"inflated past the limit", "7692 8", "c1 87 " KEY0 "f2 48 cd c9 c9 07 00", "end",
     "88 02 03 f1", WHY_CAUSE_LIMIT_MESSAGE_SIZE, .deflate = true, .message_len_max = 4,
     .code = 1009},
};

struct transcript {
    char text[4096];
    size_t len;
};

static void write_data(struct transcript *transcript, struct why_bytes data) {
    char *at = transcript->text + transcript->len;
    size_t room = sizeof transcript->text - transcript->len;
    if (data.len > 64) {
        transcript->len += (size_t)snprintf(at, room, "%zu bytes", data.len);
        return;
    }
    transcript->len += (size_t)snprintf(at, room, "'");
    for (size_t i = 0; i < data.len; i++) {
        uint8_t byte = data.data[i];
        bool plain = byte >= 0x20 && byte < 0x7f;
        transcript->len += (size_t)snprintf(transcript->text + transcript->len,
                                            sizeof transcript->text - transcript->len,
                                            plain ? "%c" : "\\x%02x", byte);
    }
    transcript->len += (size_t)snprintf(transcript->text + transcript->len,
                                        sizeof transcript->text - transcript->len, "'");
}

static void write_event(struct transcript *transcript, const struct why_event *event) {
    static const char *const names[] = {
        [WHY_EVENT_MESSAGE] = "",     [WHY_EVENT_PING] = "ping ", [WHY_EVENT_PONG] = "pong ",
        [WHY_EVENT_CLOSE] = "close ", [WHY_EVENT_END] = "end",
    };
    const char *name = names[event->type];
    if (event->type == WHY_EVENT_MESSAGE) {
        name = event->opcode == WHY_OPCODE_TEXT ? "text " : "binary ";
    }
    transcript->len += (size_t)snprintf(transcript->text + transcript->len,
                                        sizeof transcript->text - transcript->len, "%s%s",
                                        transcript->len > 0 ? ", " : "", name);
    if (event->type == WHY_EVENT_CLOSE) {
        transcript->len +=
            (size_t)snprintf(transcript->text + transcript->len,
                             sizeof transcript->text - transcript->len, "%u ", event->code);
    }
    if (event->type != WHY_EVENT_END) {
        write_data(transcript, event->data);
    }
    if (event->compressed) {
        transcript->len += (size_t)snprintf(transcript->text + transcript->len,
                                            sizeof transcript->text - transcript->len, " deflated");
    }
}

/* Feed one piece from memory that ends at a guard page. Returns false past the end. */
static bool feed(struct why_conn *conn, const uint8_t *bytes, size_t len,
                 struct transcript *transcript) {
    uint8_t *guarded = test_guard_new(len);
    memcpy(guarded, bytes, len);
    struct why_span input = {guarded, len};
    struct why_event event;
    do {
        why_conn_receive(conn, &input, &event);
        if (event.type != WHY_EVENT_NONE) {
            write_event(transcript, &event);
        }
    } while (event.type != WHY_EVENT_NONE && event.type != WHY_EVENT_END);
    assert_int_equal(input.len, 0);
    test_guard_free(guarded, len);
    return event.type != WHY_EVENT_END;
}

static size_t drain(struct why_conn *conn, uint8_t *out, size_t out_size) {
    size_t len = 0;
    struct why_bytes list[8];
    size_t count = 0;
    while ((count = why_conn_output(conn, list, TEST_COUNT(list))) > 0) {
        for (size_t i = 0; i < count; i++) {
            assert_true(list[i].len <= out_size - len);
            memcpy(out + len, list[i].data, list[i].len);
            len += list[i].len;
            why_conn_output_consumed(conn, list[i].len);
        }
    }
    return len;
}

struct outcome {
    struct transcript transcript;
    uint8_t output[256];
    size_t output_len;
    struct why_record record;
};

/* Feed `first` bytes, then the rest in pieces of `piece` bytes. */
static void play(const struct row *row, const uint8_t *bytes, size_t len, size_t first,
                 size_t piece, struct outcome *outcome) {
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    if (row->message_len_max != 0) {
        options.message_len_max = row->message_len_max;
    }
    struct why_deflate_params deflate = {true, false, false, 15, 15};
    struct why_conn *conn = why_conn_new(&options, row->client ? WHY_ROLE_CLIENT : WHY_ROLE_SERVER,
                                         row->deflate ? &deflate : NULL);
    assert_non_null(conn);
    memset(outcome, 0, sizeof *outcome);
    why_record_init(&outcome->record);
    size_t take = first;
    for (size_t at = 0; at < len; at += take, take = piece) {
        take = take < len - at ? take : len - at;
        if (!feed(conn, bytes + at, take, &outcome->transcript)) {
            break;
        }
    }
    outcome->output_len = drain(conn, outcome->output, sizeof outcome->output);
    why_conn_report(conn, &outcome->record);
    why_conn_free(conn);
    assert_int_equal(host.live_blocks, 0);
}

static bool is_as_expected(const struct row *row, const struct outcome *outcome) {
    uint8_t expected[256];
    size_t expected_len = test_parse_hex(row->output, expected, sizeof expected);
    const struct why_record *record = &outcome->record;
    return strcmp(outcome->transcript.text, row->events) == 0 &&
           outcome->output_len == expected_len &&
           memcmp(outcome->output, expected, expected_len) == 0 && record->cause == row->cause &&
           record->code == row->code && record->utf8.utf8_class == row->utf8_class &&
           (!record->utf8.present || record->utf8.offset == row->utf8_offset);
}

static size_t check(const struct row *row, const uint8_t *bytes, size_t len, size_t first,
                    size_t piece) {
    struct outcome outcome;
    play(row, bytes, len, first, piece, &outcome);
    if (is_as_expected(row, &outcome)) {
        return 0;
    }
    fprintf(stderr,
            "FAIL %s (RFC %s), first %zu then %zu: \"%s\", %s, %u, offset %llu, output %s\n",
            row->name, row->rfc, first, piece, outcome.transcript.text,
            why_cause_id(outcome.record.cause), outcome.record.code,
            (unsigned long long)outcome.record.utf8.offset,
            test_format_hex(outcome.output, outcome.output_len));
    return 1;
}

static void bytes_become_events_at_every_split(void **state) {
    (void)state;
    static uint8_t bytes[BYTES_MAX];
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = test_parse_hex(rows[i].input, bytes, sizeof bytes);
        failures += check(&rows[i], bytes, len, len, len);
        size_t splits = len < 300 ? len : 20;
        failures += check(&rows[i], bytes, len, 1, len < 300 ? 1 : 999);
        for (size_t split = 1; split < splits; split++) {
            failures += check(&rows[i], bytes, len, split, len);
        }
    }
    assert_int_equal(failures, 0);
}

/* Whichever allocation fails, nothing is lost, nothing is read that is not there, and where the
 * connection ends the cause says so. */
static void every_allocation_may_fail(void **state) {
    (void)state;
    static uint8_t bytes[BYTES_MAX];
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        size_t len = test_parse_hex(rows[i].input, bytes, sizeof bytes);
        for (size_t fail_at = 1; fail_at < 40; fail_at++) {
            struct test_host host;
            test_host_init(&host);
            struct why_options options = why_options_default(&host.host);
            struct why_deflate_params deflate = {true, true, true, 15, 15};
            host.fail_at = fail_at;
            struct why_conn *conn =
                why_conn_new(&options, rows[i].client ? WHY_ROLE_CLIENT : WHY_ROLE_SERVER,
                             rows[i].deflate ? &deflate : NULL);
            if (conn != NULL) {
                struct transcript transcript = {0};
                uint8_t output[256];
                for (size_t at = 0; at < len && feed(conn, bytes + at, 1, &transcript); at++) {
                    if (len > 1000 && at > 32) {
                        break;
                    }
                }
                drain(conn, output, sizeof output);
                struct why_record record;
                why_record_init(&record);
                why_conn_report(conn, &record);
                if (why_conn_state(conn) != WHY_CONN_OPEN) {
                    assert_int_not_equal(record.cause, WHY_CAUSE_NONE);
                }
            }
            why_conn_free(conn);
            assert_int_equal(host.live_blocks, 0);
        }
    }
}

/* All 65,536 codes in a peer's Close frame. */
static void close_codes_of_the_peer(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        struct why_conn *conn = why_conn_new(&options, WHY_ROLE_CLIENT, NULL);
        uint8_t frame[] = {0x88, 2, (uint8_t)(code >> 8), (uint8_t)code};
        struct why_span input = {frame, sizeof frame};
        struct why_event event;
        why_conn_receive(conn, &input, &event);
        struct why_record record;
        why_record_init(&record);
        why_conn_report(conn, &record);
        bool good = why_close_code_is_sendable((uint16_t)code);
        assert_int_equal(event.type, good ? WHY_EVENT_CLOSE : WHY_EVENT_END);
        assert_int_equal(record.code, good ? code : 1002);
        assert_int_equal(record.received.code, code);
        assert_int_equal(record.sent.code, good ? code : 1002);
        why_conn_free(conn);
    }
}

/* All 65,536 codes that a program may ask for; none that is local reaches the wire. */
static void close_codes_of_the_program(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    for (unsigned code = 1; code <= UINT16_MAX; code++) {
        struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
        int result = why_conn_close(conn, (uint16_t)code, (struct why_bytes){0});
        bool good = why_close_code_is_sendable((uint16_t)code);
        assert_int_equal(result, good ? WHY_OK : WHY_ERR_CLOSE_CODE);
        uint8_t output[16];
        assert_int_equal(drain(conn, output, sizeof output), good ? 4 : 0);
        why_conn_free(conn);
    }
}

/* Whatever the cause, a Close frame with 1005, 1006 or 1015 does not leave. */
static void no_cause_sends_a_local_code(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    for (unsigned cause = 1; cause < WHY_CAUSE_COUNT; cause++) {
        struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
        why_conn_fail(conn, (enum why_cause)cause, "detail");
        uint8_t output[16];
        size_t len = drain(conn, output, sizeof output);
        if (len >= 4) {
            assert_true(why_close_code_is_sendable((uint16_t)(output[2] << 8 | output[3])));
        }
        assert_int_equal(why_conn_cause(conn), cause);
        assert_int_not_equal(why_conn_state(conn), WHY_CONN_OPEN);
        why_conn_free(conn);
    }
}

static void reasons_of_the_program(void **state) {
    (void)state;
    static const uint8_t long_reason[124] = {0};
    static const struct {
        struct why_bytes reason;
        uint16_t code;
        int result;
    } cases[] = {
        {{long_reason, 123}, 1000, WHY_OK},
        {{long_reason, 124}, 1000, WHY_ERR_CLOSE_REASON},
        {{(const uint8_t *)"\xff", 1}, 1000, WHY_ERR_CLOSE_REASON},
        {{(const uint8_t *)"\xc3", 1}, 1000, WHY_ERR_CLOSE_REASON},
        {{(const uint8_t *)"a", 1}, 0, WHY_ERR_CLOSE_REASON},
        {{NULL, 0}, 0, WHY_OK},
    };
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
        assert_int_equal(why_conn_close(conn, cases[i].code, cases[i].reason), cases[i].result);
        assert_int_equal(why_conn_state(conn),
                         cases[i].result == WHY_OK ? WHY_CONN_CLOSING : WHY_CONN_OPEN);
        why_conn_free(conn);
    }
}

/* A graceful end goes on receiving: the message that is under way arrives whole, and stays readable
 * when the program ends the connection while it looks at it. */
static void a_message_under_way_survives_our_own_close(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why_options options = why_options_default(&host.host);
    struct why_conn *conn = why_conn_new(&options, WHY_ROLE_SERVER, NULL);
    uint8_t begins[] = {0x01, 0x83, 0, 0, 0, 0, 'h', 'e', 'l'};
    uint8_t ends[] = {0x80, 0x82, 0, 0, 0, 0, 'l', 'o'};
    struct why_event event;
    struct why_span input = {begins, sizeof begins};
    why_conn_receive(conn, &input, &event);
    why_conn_fail(conn, WHY_CAUSE_LOCAL_SHUTDOWN, NULL);
    assert_int_equal(why_conn_state(conn), WHY_CONN_CLOSING);
    input = (struct why_span){ends, sizeof ends};
    why_conn_receive(conn, &input, &event);
    assert_int_equal(event.type, WHY_EVENT_MESSAGE);
    assert_int_equal(event.data.len, 5);
    why_conn_lost(conn, WHY_CAUSE_TCP_RESET, WHY_TRANSPORT_RESET, 0);
    assert_memory_equal(event.data.data, "hello", 5);
    why_conn_free(conn);
    assert_int_equal(host.live_blocks, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_under_way_survives_our_own_close),
        cmocka_unit_test(bytes_become_events_at_every_split),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(close_codes_of_the_peer),
        cmocka_unit_test(close_codes_of_the_program),
        cmocka_unit_test(no_cause_sends_a_local_code),
        cmocka_unit_test(reasons_of_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
