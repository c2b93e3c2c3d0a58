/* SPDX-License-Identifier: MIT
 *
 * The lab's modes as people, scripts and /etc/hosts want to read them: with their URLs, and what
 * `check` needs for each.
 */
#ifndef WHY_CMD_LAB_LIST_H
#define WHY_CMD_LAB_LIST_H

#include "cmd/args.h"
#include "lab/server.h"
#include "why/json.h"
#include "whysocket/explain.h"

enum {
    LAB_WORDS_MAX = 12,
};

/* Where the modes are, or would be. Borrowed texts. */
struct lab_place {
    const char *address; /* that is listened on: "127.0.0.1:9500" */
    const struct lab_server
        *server; /* NULL: it does not run, and the ports are counted from there */
    enum lab_kind kind;
    const char *ca_file, *folder; /* NULL: DIR stands for what is not said */
    struct arg_list names;        /* of modes; none: all */
};

/* The modes that are asked for, in order; NULL past the last. */
const struct lab_mode *lab_place_mode(const struct lab_place *place, size_t *index);

/* "wss://expired.localhost:9500/" */
void lab_append_url(const struct lab_place *place, const struct lab_mode *mode,
                    struct why_text *text);

/* What `check` needs beside the URL, a word each: "--cacert", "DIR/ca.pem", ...
 * returns  how many; each is to be cleared */
size_t lab_options(const struct lab_place *place, const struct lab_mode *mode,
                   struct why_text words[LAB_WORDS_MAX]);

/* The address that the names stand for: "127.0.0.1" where it listens on any. */
void lab_append_host(const struct lab_place *place, struct why_text *text);

void lab_write_list(const struct lab_place *place, enum why_lang lang, struct why_text *text);
void lab_write_hosts(const struct lab_place *place, struct why_text *text);
void lab_write_json(const struct lab_place *place, enum why_lang lang, struct why_text *text);

/* A member that is the cause's id, or null where it is none. */
void lab_write_cause(struct why__json *json, const char *key, enum why_cause cause);

/* One mode's members, in an object that is open. */
void lab_write_mode(const struct lab_place *place, const struct lab_mode *mode, enum why_lang lang,
                    struct why__json *json);

#endif
