/* SPDX-License-Identifier: MIT
 *
 * The knowledge: what codes and causes mean, in words, in English and French; and close records as
 * text and JSON.
 */
#ifndef WHY_EXPLAIN_H
#define WHY_EXPLAIN_H

#include "whysocket/api.h"
#include "whysocket/cause.h"
#include "whysocket/notice.h"
#include "whysocket/probe.h"
#include "whysocket/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

/* A language by its catalogue. The process's locale is not looked at and not changed. */
enum why_lang {
    WHY_LANG_EN,
    WHY_LANG_FR,
    WHY_LANG_COUNT,
};

/* "fr", "fr_FR.UTF-8", "en-GB", "C" -> the language; false for one that there is none of. */
WHY_API bool why_lang_find(const char *name, enum why_lang *lang);
WHY_API const char *why_lang_tag(enum why_lang lang); /* "en", "fr" */

/* `text`, an English text of the tables, in that language; static. */
WHY_API const char *why_translate(enum why_lang lang, const char *text);

/* What a client shows its user or program. */
enum why_client_kind {
    WHY_CLIENT_CHROME,
    WHY_CLIENT_FIREFOX,
    WHY_CLIENT_SAFARI,
    WHY_CLIENT_NODE,
    WHY_CLIENT_PYTHON,
    WHY_CLIENT_GO,
    WHY_CLIENT_JAVA,
    WHY_CLIENT_CURL,
    WHY_CLIENT_KIND_COUNT,
};

WHY_API const char *why_client_kind_name(enum why_client_kind kind); /* "Chrome", ... */

enum why_code_status {
    WHY_CODE_REGISTERED, /* in the IANA registry, may travel */
    WHY_CODE_LOCAL,      /* reserved: reported locally, never sent */
    WHY_CODE_RESERVED,   /* reserved, without a meaning */
    WHY_CODE_UNASSIGNED, /* may not be sent until a standard assigns it */
    WHY_CODE_LIBRARY,    /* 3000-3999: libraries and frameworks, first come first served */
    WHY_CODE_PRIVATE,    /* 4000-4999 */
    WHY_CODE_INVALID,    /* outside 1000-4999 */
};

enum why_retry {
    WHY_RETRY_NOT_NEEDED, /* it ended as it should */
    WHY_RETRY_BACK_OFF,   /* again, after a random and growing pause */
    WHY_RETRY_CHANGED,    /* only after something was changed: the same again fails the same way */
    WHY_RETRY_DEPENDS,    /* on the cause, or on the application that chose the code */
};

/* What a code speaks of. */
enum why_scope {
    WHY_SCOPE_NONE,
    WHY_SCOPE_MESSAGE,    /* one message */
    WHY_SCOPE_CONNECTION, /* this connection, whatever it carries */
    WHY_SCOPE_ENDPOINT,   /* the one who closes, and so all its connections */
    WHY_SCOPE_PEER,       /* who the peer is, or what it does */
    WHY_SCOPE_PATH,       /* what lies between the two, or behind the one */
};

/* Who may put a code into a Close frame. */
enum why_senders {
    WHY_SENDERS_NONE,
    WHY_SENDERS_EITHER,
    WHY_SENDERS_CLIENT,  /* by RFC 6455 */
    WHY_SENDERS_SERVER,  /* by its meaning; no rule keeps a client from it */
    WHY_SENDERS_PRIVATE, /* whom the application lets */
};

/* In which part of a connection's life a code comes. */
enum why_phase {
    WHY_PHASE_NONE,
    WHY_PHASE_OPENING, /* before the 101, as a rule */
    WHY_PHASE_OPEN,    /* after it */
    WHY_PHASE_ANY,
};

/* What brings a code about. */
enum why_decider {
    WHY_DECIDER_NONE,
    WHY_DECIDER_PROTOCOL,    /* a rule of RFC 6455, which the library follows by itself */
    WHY_DECIDER_APPLICATION, /* the program on top */
    WHY_DECIDER_OPERATOR,    /* a person: stops, restarts, leaves */
    WHY_DECIDER_LIMIT,       /* a limit that was set: bytes, time, load */
    WHY_DECIDER_ACCIDENT,    /* nobody: a failure forces it */
    WHY_DECIDER_REPORTER,    /* no sender: the side that reports it concludes it */
};

/* Where the fix is to be made. */
enum why_mend {
    WHY_MEND_NOTHING,
    WHY_MEND_SENDER,        /* in the program that sent what was refused */
    WHY_MEND_LIBRARY,       /* in the WebSocket library, or in what changes its bytes on the way */
    WHY_MEND_CONFIGURATION, /* in a setting that both sides must agree on */
    WHY_MEND_CREDENTIALS,
    WHY_MEND_PERMISSIONS,
    WHY_MEND_CLOSER,   /* in the program that closed */
    WHY_MEND_CAPACITY, /* in the resources of the one that closed */
    WHY_MEND_UPSTREAM, /* in the server behind the gateway */
    WHY_MEND_NETWORK,
    WHY_MEND_TLS, /* in certificates and TLS settings */
};

/* All texts are English, static and never NULL ("" where there is nothing to say); put them
 * through why_translate(). */
struct why_code_info {
    uint16_t first, last; /* a code, or a range */
    enum why_code_status status;
    enum why_senders senders;
    enum why_scope scope;
    enum why_phase phase;
    enum why_layer layer; /* that it tells of */
    enum why_decider decider;
    enum why_mend mend;
    uint16_t http_status; /* the one that says about the same; 0: none does */
    const char *name;     /* "Invalid frame payload data" */
    const char *essence;  /* a noun phrase for a sentence: "text that is not UTF-8" */
    const char *description;
    const char *when;   /* when you see it */
    const char *fix;    /* how to fix it */
    const char *use;    /* when to use it, as the one who closes */
    const char *sender; /* who may send it */
    enum why_retry retry;
    const char *retry_advice;
    const char *clients[WHY_CLIENT_KIND_COUNT];
    const char *reference; /* "RFC 6455 section 7.4.1" */
};

/* The fields of why_code_info in which codes are compared. Any two of the codes with an entry of
 * their own differ in at least two. */
enum why_facet {
    WHY_FACET_STATUS,
    WHY_FACET_SENDERS,
    WHY_FACET_SCOPE,
    WHY_FACET_PHASE,
    WHY_FACET_LAYER,
    WHY_FACET_DECIDER,
    WHY_FACET_MEND,
    WHY_FACET_RETRY,
    WHY_FACET_HTTP,
    WHY_FACET_COUNT,
};

/* "Who sends it"; static, for why_translate(). */
WHY_API const char *why_facet_name(enum why_facet facet);

/* What holds of the code there, as the rest of a sentence that begins with the code and ends with
 * a full stop: "is never sent". Static, never "", for why_translate(). Two entries have the same
 * text (the same pointer, too) exactly where they do not differ. */
WHY_API const char *why_code_facet(const struct why_code_info *info, enum why_facet facet);

/* The entry for a code: its own, or its range's; never NULL (every number has a range). */
WHY_API const struct why_code_info *why_code_info(uint16_t code);

/* All entries in order of code; NULL past the last. */
WHY_API const struct why_code_info *why_code_info_at(size_t index);

/* What vendors mean by a code, beside or against the registry. */
struct why_vendor_code {
    uint16_t first, last;
    const char *vendor; /* "graphql-ws" */
    const char *meaning;
};

WHY_API const struct why_vendor_code *why_vendor_code_at(size_t index);

struct why_cause_info {
    const char *title;    /* "The certificate has expired" */
    const char *happened; /* what happened */
    const char *when;     /* when you see it */
    const char *fix;      /* how to fix it */
    /* The same for one side, with commands and lines of configuration; NULL where the fix
     * says it all. */
    const char *fix_server;
    const char *fix_client;
    const char *reference;
    const char *clients[WHY_CLIENT_KIND_COUNT];
    enum why_retry retry;
};

/* Never NULL for a cause of the table. */
WHY_API const struct why_cause_info *why_cause_info(enum why_cause cause);

struct why_notice_info {
    const char *title;   /* "The certificate expires soon" */
    const char *meaning; /* what is so, and where or when it will fail */
    const char *fix;
};

/* Never NULL for a notice of the table. */
WHY_API const struct why_notice_info *why_notice_info(enum why_notice notice);

/* "cert.expires_soon" -> its notice; false if there is none of that id. */
WHY_API bool why_notice_find(const char *id, enum why_notice *notice);

/* Why such a probe is made, and what it does: "nothing came; a small ClientHello was sent". Static,
 * for why_translate(); "" for NONE. */
WHY_API const char *why_probe_reason(enum why_probe_kind kind);

/* "tls.cert.expired" -> its cause; false if there is none of that id. */
WHY_API bool why_cause_find(const char *id, enum why_cause *cause);

/* Whether a client should connect again as it is, by what is known of the end. */
WHY_API enum why_retry why_record_retry(const struct why_record *record);

/* ---- Rendering ---- */

/* Text that grows; the writers below append to it. Start from all zeroes. */
struct why_text {
    char *data; /* terminated, NULL while empty; from malloc(), freed by why_text_clear() */
    size_t len;
    size_t size;
    bool failed; /* out of memory: what was appended since is missing */
};

WHY_API void why_text_clear(struct why_text *text);
WHY_API void why_text_append(struct why_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Append a record's detail, or what a step or a probe found, in that language, as bytes that a peer
 * chose, some of it, are shown.
 *
 * parts  of that detail; NULL, or none in it: it stays as it is */
WHY_API void why_text_append_detail(struct why_text *text, enum why_lang lang, const char *detail,
                                    const struct why_detail_parts *parts);

/* Append bytes that a peer chose, so that no terminal acts on them: control characters, invalid
 * UTF-8 and bidirectional marks are shown as \xNN or \u{...}. */
WHY_API void why_text_append_untrusted(struct why_text *text, const void *data, size_t len);

/* Append a JSON string, with its quotes; bytes that are no UTF-8 become U+FFFD. */
WHY_API void why_text_append_json(struct why_text *text, const void *data, size_t len);

/* The record as paragraphs for a person: title, what happened, evidence, the mend. */
WHY_API void why_record_write_text(const struct why_record *record, enum why_lang lang,
                                   struct why_text *text);

/* The record in one line: "1007 utf8.invalid (peer): byte 3 of message 1 is ff ..." */
WHY_API void why_record_write_line(const struct why_record *record, enum why_lang lang,
                                   struct why_text *text);

/* The record as one JSON object on one line, as docs/close-record.schema.json describes. */
WHY_API void why_record_write_json(const struct why_record *record, enum why_lang lang,
                                   struct why_text *text);

WHY_END_DECLS

#endif
