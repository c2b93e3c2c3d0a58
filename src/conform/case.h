/* SPDX-License-Identifier: MIT
 *
 * A case of the conformance suite, as docs/conform-cases.md has it: read from text, expanded,
 * ready to be played. It knows nothing of connections and verdicts.
 */
#ifndef WHY_CONFORM_CASE_H
#define WHY_CONFORM_CASE_H

#include "whysocket/api.h"
#include "whysocket/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conform_severity {
    CONFORM_INFO,
    CONFORM_SHOULD,
    CONFORM_MUST,
};

enum conform_role { /* of the peer that is tested */
    CONFORM_SERVER = 1,
    CONFORM_CLIENT = 2,
    CONFORM_BOTH = 3,
};

/* Bytes that are made when they are needed (term.h): a case may be of many MiB. */
struct conform_term;

#define CONFORM_LEN_AS_IS UINT64_MAX

struct conform_frame {
    uint8_t opcode;
    bool more;
    uint8_t rsv; /* 4: RSV1, 2: RSV2, 1: RSV3 */
    int8_t mask; /* 1: mask, -1: do not, 0: as the role says */
    bool has_key;
    uint8_t key[4];
    uint64_t len;      /* as the header says it; CONFORM_LEN_AS_IS: the payload's */
    uint8_t len_bytes; /* 0: the shortest form; 2, 8 */
    bool top_bit;
    uint64_t cut;   /* bytes of it that are sent; UINT64_MAX: all */
    uint64_t split; /* its payload in fragments of so many bytes; 0: in one frame */
};

enum conform_verb {
    CONFORM_SEND,
    CONFORM_RAW,
    CONFORM_CHOP,
    CONFORM_REST,
    CONFORM_WAIT,
    CONFORM_REPEAT, /* the steps up to `end_at`, `number` times */
    CONFORM_SHUT,
    CONFORM_RESET,
    CONFORM_PAUSE,
    CONFORM_RESUME,
    CONFORM_WITH,
    CONFORM_ALSO,
    CONFORM_WITHOUT,
    CONFORM_LINE,
    CONFORM_HEAD,
    CONFORM_BODY,
    CONFORM_GLUE,
    CONFORM_OPEN,
    CONFORM_OFFERUP,
    CONFORM_EXPECT,
};

enum conform_expectation {
    CONFORM_EXPECT_ECHO,
    CONFORM_EXPECT_TEXT,
    CONFORM_EXPECT_BINARY,
    CONFORM_EXPECT_PONG,
    CONFORM_EXPECT_CLOSE,
    CONFORM_EXPECT_FAIL,
    CONFORM_EXPECT_END,
    CONFORM_EXPECT_ALIVE,
    CONFORM_EXPECT_SILENCE,
    CONFORM_EXPECT_UNCOMPRESSED,
    CONFORM_EXPECT_COMPRESSED,
    CONFORM_EXPECT_FRAGMENTED,
    CONFORM_EXPECT_WHOLE,
    CONFORM_EXPECT_SMALLER,
    CONFORM_EXPECT_HTTP,
    CONFORM_EXPECT_REFUSED,
    CONFORM_EXPECT_HEADER,
    CONFORM_EXPECT_NOHEADER,
};

#define CONFORM_CODES_MAX 8
#define CONFORM_CODE_NONE 0    /* a Close frame without a code */
#define CONFORM_CODE_ANY 65536 /* of whatever code; of HTTP: `4xx` is 40000 */

struct conform_step {
    enum conform_verb verb;
    enum conform_expectation expectation;
    enum conform_severity severity; /* of an expectation */
    uint32_t within_ms;             /* 0: the run's limit */
    uint32_t number, pause_ms;      /* chop, wait, repeat, silence, smaller */
    uint32_t end_at;                /* repeat: the index behind its last step */
    struct conform_frame frame;
    /* The payload, or a line of the head (`with`, `also`, `line`), whole and without CRLF; values
     * in braces are filled in when it is made. NULL: no bytes. */
    const struct conform_term *term;
    const char *name;                  /* of the header that it is about */
    const char *value;                 /* of the header that is expected; NULL: any */
    uint32_t codes[CONFORM_CODES_MAX]; /* of `echo`: or a Close with one of these */
    uint8_t code_count;
    bool has_term;    /* `expect pong` is of any payload, `expect pong ""` of an empty one */
    uint32_t line;    /* of the file, from 1 */
    const char *text; /* as it was written, after expansion */
};

struct conform_group {
    const char *id, *title, *clause;
};

struct conform_case {
    const struct conform_group *group;
    const char *id, *title, *why, *clause; /* "5.4", "7692:7.2.1" */
    enum conform_severity severity;
    enum conform_role role;
    const char *autobahn; /* "5.6 5.7", "" */
    const char *offer;    /* NULL: no extension */
    bool exact;           /* CLIENT: the answer takes up no hint of the client */
    const char *tls;      /* NULL: not about TLS */
    bool timed, slow, manual;
    bool keys; /* it takes in the masking keys of all connections of the run */
    const struct conform_step *steps;
    size_t step_count;
    const char *file;
    uint32_t line;
};

struct conform_cases {
    struct conform_case *list; /* in the order of the files */
    size_t count;
    struct conform_memory *memory; /* everything that is pointed to */
};

/* Read cases and add them to what is there.
 *
 * cases   from all zeroes
 * name    of the file, for messages
 * error   "FILE:LINE: what is wrong", one line
 * returns WHY_OK, WHY_ERR_CONFIG (nothing was added), WHY_ERR_NOMEM */
WHY_MUST_USE int conform_cases_read(struct conform_cases *cases, const char *name,
                                    struct why_bytes text, char *error, size_t error_size);

/* Those that are built in; returns as above. */
WHY_MUST_USE int conform_cases_read_own(struct conform_cases *cases, char *error,
                                        size_t error_size);
void conform_cases_free(struct conform_cases *cases);

#endif
