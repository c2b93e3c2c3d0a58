/* SPDX-License-Identifier: MIT
 *
 * Paths: the cases by their ids, and the older protocol by numbers.
 */
#include "conform/listen_state.h"

#include "base/ascii.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A path without its slash, and what stands behind the question mark. */
struct target {
    const char *path, *query;
    size_t path_len, query_len;
};

static struct target split(struct why_bytes bytes) {
    const char *text = (const char *)bytes.data;
    size_t len = bytes.len;
    if (len > 0 && *text == '/') {
        text++;
        len--;
    }
    const char *mark = len == 0 ? NULL : memchr(text, '?', len);
    size_t path_len = mark == NULL ? len : (size_t)(mark - text);
    return (struct target){.path = text,
                           .path_len = path_len,
                           .query = mark == NULL ? "" : mark + 1,
                           .query_len = mark == NULL ? 0 : len - path_len - 1};
}

/* "%20" and "+" are spaces. What does not fit is cut off. */
static void decode(const char *text, size_t len, char *out, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < len && used + 1 < size; i++) {
        int high = text[i] == '%' && i + 2 < len ? why__hex_value(text[i + 1]) : -1;
        int low = high >= 0 ? why__hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            out[used++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[used++] = text[i] == '+' ? ' ' : text[i];
        }
    }
    out[used] = '\0';
}

/* The value of a parameter; false where it is not there. */
static bool read_parameter(const struct target *target, const char *name, char *out, size_t size) {
    const char *at = target->query;
    size_t left = target->query_len;
    size_t name_len = strlen(name);
    while (left > 0) {
        const char *end = memchr(at, '&', left);
        size_t len = end == NULL ? left : (size_t)(end - at);
        if (len > name_len && at[name_len] == '=' && memcmp(at, name, name_len) == 0) {
            decode(at + name_len + 1, len - name_len - 1, out, size);
            return true;
        }
        at += len + (end != NULL);
        left -= len + (end != NULL);
    }
    return false;
}

static bool find_case(const struct conform_host *host, const char *id, size_t len, size_t *index) {
    for (size_t i = 0; i < host->invitation->count; i++) {
        if (why__text_is(id, len, host->invitation->tests[i]->id)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool read_number(const struct conform_host *host, const struct target *target,
                        size_t *index) {
    char text[24];
    uint64_t number = 0;
    if (!read_parameter(target, "case", text, sizeof text) ||
        !why__decimal_read(text, strlen(text), host->number_count, &number) || number == 0) {
        return false;
    }
    *index = host->numbers[number - 1];
    return true;
}

/* The words of the older suite. */
static const char *behavior_of(const struct conform_result *result) {
    switch (result->verdict) {
    case CONFORM_PASSED:
        return "OK";
    case CONFORM_FAILED:
        return result->severity == CONFORM_MUST     ? "FAILED"
               : result->severity == CONFORM_SHOULD ? "NON-STRICT"
                                                    : "INFORMATIONAL";
    case CONFORM_NOT_APPLICABLE:
        return "UNIMPLEMENTED";
    case CONFORM_NOT_RUN:
        break;
    }
    return "MISSING";
}

static void write_info(const struct conform_case *test, struct why_text *text) {
    why_text_append(text, "{\"id\":");
    why_text_append_json(text, test->id, strlen(test->id));
    why_text_append(text, ",\"description\":");
    why_text_append_json(text, test->title, strlen(test->title));
    why_text_append(text, "}");
}

static void read_old(struct conform_host *host, const struct target *target,
                     struct conform_wish *wish) {
    struct path {
        const char *name;
        bool has_number;
    };
    static const struct path paths[] = {{"getCaseCount", false},
                                        {"runCase", true},
                                        {"getCaseInfo", true},
                                        {"getCaseStatus", true},
                                        {"updateReports", false}};
    size_t which = 0;
    while (which < 5 && !why__text_is(target->path, target->path_len, paths[which].name)) {
        which++;
    }
    if (which == 5 || (paths[which].has_number && !read_number(host, target, &wish->index))) {
        return;
    }
    host->is_numbered = true;
    (void)read_parameter(target, "agent", host->agent, CONFORM_AGENT_MAX);
    wish->asked = CONFORM_ASKED_ASIDE;
    switch (which) {
    case 0:
        why_text_append(&wish->text, "%zu", host->number_count);
        break;
    case 1:
        wish->asked = CONFORM_ASKED_CASE;
        break;
    case 2:
        write_info(host->invitation->tests[wish->index], &wish->text);
        break;
    case 3:
        why_text_append(&wish->text, "{\"behavior\":\"%s\"}",
                        behavior_of(&host->tally->results[wish->index]));
        break;
    default:
        wish->asked = CONFORM_ASKED_END;
        break;
    }
}

void conform_host_read(struct conform_host *host, struct why_bytes path,
                       struct conform_wish *wish) {
    static const char prefix[] = "case/";
    struct target target = split(path);
    size_t len = sizeof prefix - 1;
    if (target.path_len > len && memcmp(target.path, prefix, len) == 0) {
        if (find_case(host, target.path + len, target.path_len - len, &wish->index)) {
            wish->asked = CONFORM_ASKED_CASE;
        }
        return;
    }
    read_old(host, &target, wish);
}
