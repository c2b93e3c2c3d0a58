/* SPDX-License-Identifier: MIT */
#include "conform/opening.h"

#include "base/ascii.h"
#include "base/base64.h"
#include "conform/agree.h"
#include "core/http_field.h"

#include <stdio.h>
#include <string.h>

enum {
    KEY_BYTES = 16,
    OFFERS_MAX = 16,
};

void conform_opening_clear(struct conform_opening *opening) {
    conform_buffer_free(&opening->written);
}

void conform_opening_change(struct conform_opening *opening, const struct conform_step *step) {
    if (opening->change_count < CONFORM_CHANGES_MAX) {
        opening->changes[opening->change_count++] = step;
    }
}

/* ---- Writing ---- */

struct writer {
    struct conform_opening *opening;
    const struct conform_values *values;
    bool failed;
};

static void add_text(struct writer *writer, const char *text) {
    writer->failed |= !conform_buffer_add(&writer->opening->written, text, strlen(text));
}

static void add_line(struct writer *writer, const struct conform_step *step) {
    struct conform_deflater none = {0};
    writer->failed |=
        conform_term_make(step->term, writer->values, &none, &writer->opening->written) != WHY_OK;
    add_text(writer, "\r\n");
}

/* The last step of that verb, for the header of that name. */
static const struct conform_step *find_change(const struct conform_opening *opening,
                                              enum conform_verb verb, const char *name) {
    for (size_t i = opening->change_count; i > 0; i--) {
        const struct conform_step *step = opening->changes[i - 1];
        if (step->verb == verb &&
            (name == NULL || why__text_is_nocase(step->name, strlen(step->name), name))) {
            return step;
        }
    }
    return NULL;
}

/* A header that is there unless the case says something else. */
static void add_field(struct writer *writer, const char *name, const char *value) {
    const struct conform_step *with = find_change(writer->opening, CONFORM_WITH, name);
    if (with != NULL) {
        add_line(writer, with);
    } else if (find_change(writer->opening, CONFORM_WITHOUT, name) == NULL && value != NULL) {
        add_text(writer, name);
        add_text(writer, ": ");
        add_text(writer, value);
        add_text(writer, "\r\n");
    }
}

static void add_first_line(struct writer *writer) {
    const struct conform_step *line = find_change(writer->opening, CONFORM_LINE, NULL);
    if (line != NULL) {
        add_line(writer, line);
    } else if (writer->opening->role == CONFORM_SERVER) {
        add_text(writer, "GET ");
        add_text(writer, writer->opening->path);
        add_text(writer, " HTTP/1.1\r\n");
    } else {
        add_text(writer, "HTTP/1.1 101 Switching Protocols\r\n");
    }
}

static bool is_usual(const char *name) {
    static const char *const names[] = {"Host",
                                        "Upgrade",
                                        "Connection",
                                        "Sec-WebSocket-Key",
                                        "Sec-WebSocket-Version",
                                        "Sec-WebSocket-Accept",
                                        "Sec-WebSocket-Extensions"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (why__text_is_nocase(name, strlen(name), names[i])) {
            return true;
        }
    }
    return false;
}

static void add_fields(struct writer *writer) {
    const struct conform_opening *opening = writer->opening;
    bool asks = opening->role == CONFORM_SERVER;
    if (asks) {
        add_field(writer, "Host", opening->host);
    }
    add_field(writer, "Upgrade", "websocket");
    add_field(writer, "Connection", "Upgrade");
    if (asks) {
        add_field(writer, "Sec-WebSocket-Key", opening->key);
        add_field(writer, "Sec-WebSocket-Version", "13");
    } else {
        add_field(writer, "Sec-WebSocket-Accept", opening->accept);
    }
    add_field(writer, "Sec-WebSocket-Extensions", opening->extensions);
    for (size_t i = 0; asks && i < opening->header_count; i++) {
        add_text(writer, opening->headers[i]);
        add_text(writer, "\r\n");
    }
    for (size_t i = 0; i < opening->change_count; i++) {
        const struct conform_step *step = opening->changes[i];
        bool is_new = step->verb == CONFORM_WITH && !is_usual(step->name);
        if (step->verb == CONFORM_ALSO || is_new) {
            add_line(writer, step);
        }
    }
}

/* A key that the case has set is the one that is to be accepted. */
static void take_written_key(struct conform_opening *opening) {
    static const char name[] = "\r\nsec-websocket-key:";
    const char *at = (const char *)opening->written.data;
    size_t left = opening->written.len;
    for (; left > sizeof name; at++, left--) {
        if (why__is_equal_nocase(at, sizeof name - 1, name, sizeof name - 1)) {
            const char *value = at + sizeof name - 1;
            const char *end = memchr(value, '\r', left - (sizeof name - 1));
            size_t len = end == NULL ? 0 : (size_t)(end - value);
            why__trim(&value, &len);
            why__accept_key((struct why_bytes){(const uint8_t *)value, len}, opening->accept);
            return;
        }
    }
}

int conform_opening_write(struct conform_opening *opening, struct conform_values *values,
                          struct conform_buffer *body) {
    struct writer writer = {opening, values, false};
    values->host = opening->host;
    values->path = opening->path;
    values->key = opening->key;
    values->accept = opening->accept;
    const struct conform_step *head = find_change(opening, CONFORM_HEAD, NULL);
    struct conform_deflater none = {0};
    opening->written.len = 0;
    if (head != NULL) {
        writer.failed |= conform_term_make(head->term, values, &none, &opening->written) != WHY_OK;
    } else {
        add_first_line(&writer);
        add_fields(&writer);
        add_text(&writer, "\r\n");
    }
    if (opening->role == CONFORM_SERVER && !writer.failed) {
        take_written_key(opening);
    }
    for (size_t i = 0; i < opening->change_count; i++) {
        if (opening->changes[i]->verb == CONFORM_BODY) {
            writer.failed |=
                conform_term_make(opening->changes[i]->term, values, &none, body) != WHY_OK;
        }
    }
    conform_deflater_clear(&none);
    return writer.failed ? WHY_ERR_NOMEM : WHY_OK;
}

/* ---- Keys ---- */

void conform_opening_make_key(struct conform_opening *opening, const struct why_host *host) {
    uint8_t bytes[KEY_BYTES];
    host->random(host->context, bytes, sizeof bytes);
    why__base64_encode(bytes, sizeof bytes, opening->key);
    opening->key[CONFORM_KEY_LEN] = '\0';
    why__accept_key(why__bytes_of(opening->key), opening->accept);
}

void conform_opening_take_key(struct conform_opening *opening,
                              const struct why_http_head *request) {
    struct why_bytes key = why__bytes_trim(why_http_head_find(request, "Sec-WebSocket-Key"));
    (void)why__text_copy(opening->key, sizeof opening->key, (const char *)key.data, key.len);
    why__accept_key(key, opening->accept);
}

/* ---- Checking ---- */

static struct why_bytes header_of(const struct why_http_head *head, const char *name,
                                  size_t *count) {
    const struct why_header *header = why__header_find(head, name, count);
    return header == NULL ? (struct why_bytes){0} : why__bytes_trim(header->value);
}

/* Say what is wrong, after what was found wrong before. */
static void add_wrong(struct why_text *wrong, const char *text) {
    why_text_append(wrong, "%s%s", wrong->len > 0 ? "; " : "", text);
}

static void add_wrong_value(struct why_text *wrong, const char *text, struct why_bytes value) {
    add_wrong(wrong, text);
    why_text_append(wrong, ": \"");
    why_text_append_untrusted(wrong, value.data, value.len < 80 ? value.len : 80);
    why_text_append(wrong, "\"");
}

static void check_upgrade(const struct why_http_head *head, struct why_text *wrong) {
    if (!why__header_lists(head, "Upgrade", "websocket")) {
        add_wrong(wrong, "no \"Upgrade: websocket\"");
    }
    if (!why__header_lists(head, "Connection", "upgrade")) {
        add_wrong(wrong, "no \"Connection: Upgrade\"");
    }
}

/* The values of a header in a head that we wrote, which may be no HTTP at all. */
static size_t written_values(const struct conform_opening *opening, const char *name,
                             struct why_bytes *values, size_t max) {
    size_t count = 0;
    const uint8_t *at = opening->written.data;
    size_t left = opening->written.len;
    while (left > 0 && count < max) {
        const uint8_t *end = memchr(at, '\n', left);
        size_t len = end == NULL ? left : (size_t)(end - at);
        struct why_bytes line = {at, len > 0 && at[len - 1] == '\r' ? len - 1 : len};
        const uint8_t *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
        if (colon != NULL &&
            why__text_is_nocase((const char *)line.data, (size_t)(colon - line.data), name)) {
            size_t at_value = (size_t)(colon - line.data) + 1;
            values[count++] =
                why__bytes_trim((struct why_bytes){line.data + at_value, line.len - at_value});
        }
        size_t used = end == NULL ? left : len + 1;
        at += used;
        left -= used;
    }
    return count;
}

static void check_extensions(const struct conform_opening *opening,
                             const struct why_http_head *answer, struct why_deflate_params *agreed,
                             struct why_text *wrong) {
    size_t count = 0;
    struct why_bytes value = header_of(answer, "Sec-WebSocket-Extensions", &count);
    struct why_bytes offers[OFFERS_MAX];
    size_t offer_count = written_values(opening, "Sec-WebSocket-Extensions", offers, OFFERS_MAX);
    if (count == 0) {
        return;
    }
    const char *fault = count > 1 ? "Sec-WebSocket-Extensions twice"
                                  : conform_agree(offers, offer_count, value, agreed);
    if (fault != NULL) {
        add_wrong_value(wrong, fault, value);
    }
}

static void check_subprotocol(const struct conform_opening *opening,
                              const struct why_http_head *answer, struct why_text *wrong) {
    size_t count = 0;
    struct why_bytes chosen = header_of(answer, "Sec-WebSocket-Protocol", &count);
    struct why_bytes offers[OFFERS_MAX];
    size_t offer_count = written_values(opening, "Sec-WebSocket-Protocol", offers, OFFERS_MAX);
    bool is_offered = false;
    for (size_t i = 0; i < offer_count; i++) {
        struct why_bytes element;
        while (why__list_next(&offers[i], &element)) {
            is_offered |= why__bytes_are_equal(element, chosen);
        }
    }
    if (count > 1) {
        add_wrong(wrong, "Sec-WebSocket-Protocol twice");
    } else if (count == 1 && !is_offered) {
        add_wrong_value(wrong, "a subprotocol that was not offered", chosen);
    }
}

void conform_opening_check_answer(const struct conform_opening *opening,
                                  const struct why_http_head *answer,
                                  struct why_deflate_params *agreed, struct why_text *wrong) {
    size_t count = 0;
    struct why_bytes accept = header_of(answer, "Sec-WebSocket-Accept", &count);
    check_upgrade(answer, wrong);
    if (count != 1) {
        add_wrong(wrong, count == 0 ? "no Sec-WebSocket-Accept" : "Sec-WebSocket-Accept twice");
    } else if (!why__bytes_are_equal(accept, why__bytes_of(opening->accept))) {
        add_wrong_value(wrong, "Sec-WebSocket-Accept does not belong to our key", accept);
    }
    check_subprotocol(opening, answer, wrong);
    check_extensions(opening, answer, agreed, wrong);
}

static void check_key(const struct why_http_head *request, struct why_text *wrong) {
    size_t count = 0;
    struct why_bytes key = header_of(request, "Sec-WebSocket-Key", &count);
    if (count != 1) {
        add_wrong(wrong, count == 0 ? "no Sec-WebSocket-Key" : "Sec-WebSocket-Key twice");
        return;
    }
    uint8_t bytes[KEY_BYTES + 2];
    size_t len = 0;
    if (key.len != CONFORM_KEY_LEN ||
        !why__base64_decode((const char *)key.data, key.len, bytes, sizeof bytes, &len) ||
        len != KEY_BYTES) {
        add_wrong_value(wrong, "Sec-WebSocket-Key is not 16 bytes in base64", key);
    }
}

void conform_opening_check_request(const struct why_http_head *request, struct why_text *wrong) {
    size_t count = 0;
    struct why_bytes host = header_of(request, "Host", &count);
    struct why__authority authority;
    if (!why__bytes_are_equal(request->method, why__bytes_of("GET"))) {
        add_wrong_value(wrong, "the method is not GET", request->method);
    }
    if (count != 1) {
        add_wrong(wrong, count == 0 ? "no Host" : "Host twice");
    } else if (!why__authority_read(host, &authority)) {
        add_wrong_value(wrong, "Host is no host", host);
    }
    check_upgrade(request, wrong);
    check_key(request, wrong);
    struct why_bytes version = header_of(request, "Sec-WebSocket-Version", &count);
    if (count != 1 || !why__bytes_are_equal(version, why__bytes_of("13"))) {
        add_wrong_value(wrong, "Sec-WebSocket-Version is not 13, once", version);
    }
}

bool conform_opening_agree(const struct conform_opening *opening,
                           const struct why_http_head *request, const char *answer,
                           struct why_deflate_params *agreed) {
    struct why_bytes offers[OFFERS_MAX];
    size_t offer_count = 0;
    for (size_t i = 0; i < request->header_count && offer_count < OFFERS_MAX; i++) {
        if (why__bytes_are(request->headers[i].name, "Sec-WebSocket-Extensions")) {
            offers[offer_count++] = request->headers[i].value;
        }
    }
    struct why_bytes value = {0};
    if (answer != NULL) {
        value = why__bytes_of(answer);
    } else if (written_values(opening, "Sec-WebSocket-Extensions", &value, 1) == 0) {
        return false;
    }
    return conform_agree(offers, offer_count, value, agreed) == NULL;
}

bool conform_opening_is_whole(const struct conform_opening *opening) {
    return opening->written.len > 0 &&
           memmem(opening->written.data, opening->written.len, "\r\n\r\n", 4) != NULL;
}

bool conform_opening_is_denial(const struct conform_opening *opening) {
    static const char begin[] = "HTTP/1.1 ";
    const size_t len = sizeof begin - 1;
    if (!conform_opening_is_whole(opening) || opening->written.len < len + 4 ||
        memcmp(opening->written.data, begin, len) != 0) {
        return false;
    }
    const uint8_t *status = (const uint8_t *)opening->written.data + len;
    return status[0] >= '2' && status[0] <= '5' && status[1] >= '0' && status[1] <= '9' &&
           status[2] >= '0' && status[2] <= '9' && status[3] == ' ';
}
