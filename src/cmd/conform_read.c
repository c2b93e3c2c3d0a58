/* SPDX-License-Identifier: MIT
 *
 * The file may be anyone's: what is not as docs/conform.schema.json has it is refused, by where it
 * is; texts are made harmless for terminals.
 */
#include "cmd/conform_read.h"

#include "why/i18n.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct conform_memory **memory;
    char wrong[128]; /* the place of what is wrong: "results[3].verdict"; "": nothing is */
    bool is_out_of_memory;
    const char *list; /* where we are: "results", its index and a list in it; NULL: nowhere */
    size_t index;
    const char *inner;
    size_t inner_index;
};

static bool is_well(const struct reader *reader) {
    return reader->wrong[0] == '\0' && !reader->is_out_of_memory;
}

static void refuse(struct reader *reader, const char *name) {
    if (!is_well(reader)) {
        return;
    }
    char place[96] = "";
    if (reader->inner != NULL) {
        (void)snprintf(place, sizeof place, "%s[%zu].%s[%zu].", reader->list, reader->index,
                       reader->inner, reader->inner_index);
    } else if (reader->list != NULL) {
        (void)snprintf(place, sizeof place, "%s[%zu].", reader->list, reader->index);
    }
    (void)snprintf(reader->wrong, sizeof reader->wrong, "%s%s", place, name);
}

static void *take(struct reader *reader, size_t count, size_t size) {
    void *taken = conform_memory_take(reader->memory, (count + 1) * size);
    reader->is_out_of_memory = reader->is_out_of_memory || taken == NULL;
    return taken;
}

/* ---- Values ---- */

static const char *keep(struct reader *reader, const char *words) {
    struct why_text text = {0};
    why_text_append_untrusted(&text, words, strlen(words));
    const char *copy =
        conform_memory_text(reader->memory, text.data == NULL ? "" : text.data, text.len);
    reader->is_out_of_memory = reader->is_out_of_memory || copy == NULL || text.failed;
    why_text_clear(&text);
    return copy == NULL ? "" : copy;
}

static const char *read_text(struct reader *reader, const json_t *object, const char *name) {
    const char *words = json_string_value(json_object_get(object, name));
    if (words == NULL) {
        refuse(reader, name);
        return "";
    }
    return keep(reader, words);
}

/* Several lines, each made harmless by itself; null is NULL. */
static const char *read_lines_or_null(struct reader *reader, const json_t *object,
                                      const char *name) {
    const json_t *value = json_object_get(object, name);
    const char *words = json_string_value(value);
    if (words == NULL) {
        if (!json_is_null(value)) {
            refuse(reader, name);
        }
        return NULL;
    }
    struct why_text text = {0};
    for (const char *at = words; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        why_text_append_untrusted(&text, at, len);
        why_text_append(&text, at[len] == '\n' ? "\n" : "");
        at += len + (at[len] == '\n');
    }
    const char *copy =
        conform_memory_text(reader->memory, text.data == NULL ? "" : text.data, text.len);
    reader->is_out_of_memory = reader->is_out_of_memory || copy == NULL || text.failed;
    why_text_clear(&text);
    return copy;
}

/* null is "". */
static const char *read_text_or_null(struct reader *reader, const json_t *object,
                                     const char *name) {
    return json_is_null(json_object_get(object, name)) ? "" : read_text(reader, object, name);
}

/* `null` is what null stands for, where it may be; else `min` - 1, which nothing is. */
static int64_t read_number(struct reader *reader, const json_t *object, const char *name,
                           int64_t min, int64_t max, int64_t null) {
    const json_t *value = json_object_get(object, name);
    if (json_is_null(value) && null < min) {
        return null;
    }
    int64_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < min || number > max) {
        refuse(reader, name);
        return min;
    }
    return number;
}

/* The index of a text among `names`, which end with NULL. */
static int read_name(struct reader *reader, const json_t *object, const char *name,
                     const char *const *names) {
    const char *words = json_string_value(json_object_get(object, name));
    for (int i = 0; words != NULL && names[i] != NULL; i++) {
        if (strcmp(words, names[i]) == 0) {
            return i;
        }
    }
    refuse(reader, name);
    return 0;
}

static enum conform_severity read_severity(struct reader *reader, const json_t *object,
                                           const char *name) {
    static const char *const names[] = {"info", "should", "must", NULL};
    return (enum conform_severity)read_name(reader, object, name, names);
}

/* "RFC 6455 section 5.4" -> "5.4", "RFC 7692 section 7.2.1" -> "7692:7.2.1" */
static const char *read_clause(struct reader *reader, const json_t *object) {
    static const char between[] = " section ";
    const char *words = read_text(reader, object, "clause");
    size_t digits = strncmp(words, "RFC ", 4) == 0 ? strspn(words + 4, "0123456789") : 0;
    if (digits == 0 || strncmp(words + 4 + digits, between, sizeof between - 1) != 0) {
        refuse(reader, "clause");
        return "";
    }
    const char *section = words + 4 + digits + sizeof between - 1;
    if (digits == 4 && strncmp(words + 4, "6455", 4) == 0) {
        return section;
    }
    struct why_text text = {0};
    why_text_append(&text, "%.*s:%s", (int)digits, words + 4, section);
    const char *clause = keep(reader, text.data == NULL ? "" : text.data);
    why_text_clear(&text);
    return clause;
}

static const json_t *read_list(struct reader *reader, const json_t *object, const char *name) {
    const json_t *list = json_object_get(object, name);
    if (!json_is_array(list)) {
        refuse(reader, name);
    }
    return list;
}

/* ---- A result ---- */

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static uint8_t read_bytes(struct reader *reader, const json_t *object, uint8_t *bytes) {
    const char *hex = json_string_value(json_object_get(object, "bytes"));
    size_t len = hex == NULL ? 1 : strlen(hex);
    if (hex == NULL || len % 2 != 0 || len / 2 > CONFORM_BYTES_KEPT) {
        refuse(reader, "bytes");
        return 0;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            refuse(reader, "bytes");
            return 0;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return (uint8_t)(len / 2);
}

static void read_moment(struct reader *reader, const json_t *object,
                        struct conform_moment *moment) {
    static const char *const ways[] = {"sent", "received", "note", NULL};
    moment->way = (enum conform_way)read_name(reader, object, "way", ways);
    moment->at_us = (uint32_t)read_number(reader, object, "at_us", 0, UINT32_MAX, 0);
    moment->what = read_text(reader, object, "what");
    moment->head = read_lines_or_null(reader, object, "head");
    moment->len = (uint64_t)read_number(reader, object, "len", 0, INT64_MAX, 0);
    moment->kept = read_bytes(reader, object, moment->bytes);
    moment->mark = (int8_t)read_number(reader, object, "mark", 0, moment->kept - 1, -1);
}

static void read_moments(struct reader *reader, const json_t *object,
                         struct conform_result *result) {
    const json_t *list = read_list(reader, object, "moments");
    struct conform_moment *moments = take(reader, json_array_size(list), sizeof *moments);
    reader->inner = "moments";
    for (size_t i = 0; i < json_array_size(list) && is_well(reader); i++) {
        reader->inner_index = i;
        read_moment(reader, json_array_get(list, i), &moments[i]);
    }
    reader->inner = NULL;
    result->moments = moments;
    result->moment_count = json_array_size(list);
}

static void read_findings(struct reader *reader, const json_t *object,
                          struct conform_result *result) {
    const json_t *list = read_list(reader, object, "findings");
    struct conform_finding *findings = take(reader, json_array_size(list), sizeof *findings);
    reader->inner = "findings";
    for (size_t i = 0; i < json_array_size(list) && is_well(reader); i++) {
        const json_t *finding = json_array_get(list, i);
        reader->inner_index = i;
        findings[i] = (struct conform_finding){
            .severity = read_severity(reader, finding, "severity"),
            .step = read_text_or_null(reader, finding, "step"),
            .expected = read_text(reader, finding, "expected"),
            .got = read_text(reader, finding, "got"),
            .moment = (int32_t)read_number(reader, finding, "moment", 0,
                                           (int64_t)result->moment_count - 1, -1),
        };
    }
    reader->inner = NULL;
    result->findings = findings;
    result->finding_count = json_array_size(list);
}

struct group_list {
    const struct conform_group *items;
    size_t count;
};

static const struct conform_group *find_group(struct reader *reader, const json_t *object,
                                              const struct group_list *groups) {
    const char *id = json_string_value(json_object_get(object, "group"));
    for (size_t i = 0; id != NULL && i < groups->count; i++) {
        if (strcmp(groups->items[i].id, id) == 0) {
            return &groups->items[i];
        }
    }
    refuse(reader, "group");
    return NULL;
}

static void read_result(struct reader *reader, const json_t *object,
                        const struct group_list *groups, struct conform_result *result) {
    static const char *const verdicts[] = {"passed", "failed", "not applicable", "not run", NULL};
    struct conform_case *test = take(reader, 1, sizeof *test);
    if (test == NULL) {
        return;
    }
    *test = (struct conform_case){
        .group = find_group(reader, object, groups),
        .id = read_text(reader, object, "id"),
        .title = read_text(reader, object, "title"),
        .why = read_text(reader, object, "why"),
        .clause = read_clause(reader, object),
        .severity = read_severity(reader, object, "severity"),
        .role = CONFORM_BOTH,
        .autobahn = read_text_or_null(reader, object, "autobahn"),
        .file = "",
    };
    result->test = test;
    result->verdict = (enum conform_verdict)read_name(reader, object, "verdict", verdicts);
    if (result->verdict == CONFORM_FAILED) {
        result->severity = read_severity(reader, object, "worst");
    }
    result->note = read_text_or_null(reader, object, "note");
    result->elapsed_us = (uint32_t)read_number(reader, object, "elapsed_us", 0, UINT32_MAX, 0);
    read_moments(reader, object, result);
    read_findings(reader, object, result);
}

/* ---- A run ---- */

static struct group_list read_groups(struct reader *reader, const json_t *object) {
    const json_t *list = read_list(reader, object, "groups");
    struct conform_group *groups = take(reader, json_array_size(list), sizeof *groups);
    reader->list = "groups";
    for (size_t i = 0; i < json_array_size(list) && is_well(reader); i++) {
        const json_t *group = json_array_get(list, i);
        reader->index = i;
        groups[i] = (struct conform_group){
            .id = read_text(reader, group, "id"),
            .title = read_text(reader, group, "title"),
            .clause = read_clause(reader, group),
        };
    }
    reader->list = NULL;
    return (struct group_list){groups, json_array_size(list)};
}

static void read_run(struct reader *reader, const json_t *object, struct conform_run *run) {
    static const char *const roles[] = {"server", "client", NULL};
    const char *schema = json_string_value(json_object_get(object, "schema"));
    if (schema == NULL || strcmp(schema, "whysocket.conform/1") != 0) {
        refuse(reader, "schema");
        return;
    }
    *run = (struct conform_run){
        .agent = read_text(reader, object, "agent"),
        .target = read_text(reader, object, "target"),
        .role = read_name(reader, object, "role", roles) == 0 ? CONFORM_SERVER : CONFORM_CLIENT,
        .command = read_text(reader, object, "command"),
        .version = read_text(reader, object, "version"),
        .date = read_text(reader, object, "date"),
        .elapsed_ms = (uint32_t)read_number(reader, object, "elapsed_ms", 0, UINT32_MAX, 0),
        .trouble = read_text_or_null(reader, object, "trouble"),
    };
    struct group_list groups = read_groups(reader, object);
    const json_t *list = read_list(reader, object, "results");
    struct conform_result *results = take(reader, json_array_size(list), sizeof *results);
    reader->list = "results";
    for (size_t i = 0; i < json_array_size(list) && is_well(reader); i++) {
        reader->index = i;
        read_result(reader, json_array_get(list, i), &groups, &results[i]);
    }
    reader->list = NULL;
    run->results = results;
    run->count = json_array_size(list);
}

/* ---- A file ---- */

/* Whether anything but white space is left. */
static bool has_more(FILE *file) {
    int c = fgetc(file);
    while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        c = fgetc(file);
    }
    return c != EOF && ungetc(c, file) != EOF;
}

static enum exit_code fail_memory(const struct command_call *call) {
    output_diagnostic(&call->output, "%s", tr(call->output.lang, "out of memory"));
    return EXIT_CODE_INTERNAL;
}

/* The file is no result, for this reason. */
static enum exit_code fail_content(const struct command_call *call, const char *path,
                                   const char *reason) {
    struct why_text problem = {0};
    why_text_append(&problem, tr(call->output.lang, "is no result of conform --json: %s"), reason);
    enum exit_code code =
        problem.data == NULL ? fail_memory(call) : command_usage_error(call, path, problem.data);
    why_text_clear(&problem);
    return code;
}

static enum exit_code add_run(const struct command_call *call, const char *path, FILE *file,
                              struct conform_reading *reading) {
    json_error_t error;
    struct why_text reason = {0};
    json_t *object = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        why_text_append(&reason, tr(call->output.lang, "line %d: "), error.line);
        why_text_append_untrusted(&reason, error.text, strlen(error.text));
        enum exit_code code = fail_content(call, path, reason.data == NULL ? "" : reason.data);
        why_text_clear(&reason);
        return code;
    }
    struct conform_run *runs = realloc(reading->runs, (reading->count + 1) * sizeof *runs);
    if (runs == NULL) {
        json_decref(object);
        return fail_memory(call);
    }
    reading->runs = runs;
    struct reader reader = {.memory = &reading->memory};
    read_run(&reader, object, &runs[reading->count]);
    json_decref(object);
    if (is_well(&reader)) {
        reading->count++;
        return EXIT_CODE_OK;
    }
    return reader.is_out_of_memory ? fail_memory(call) : fail_content(call, path, reader.wrong);
}

enum exit_code conform_read(const struct command_call *call, const char *path,
                            struct conform_reading *reading) {
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL) {
        return command_usage_error(call, path, strerror(errno));
    }
    enum exit_code code = EXIT_CODE_OK;
    size_t before = reading->count;
    while (code == EXIT_CODE_OK && has_more(file)) {
        code = add_run(call, path, file, reading);
    }
    if (code == EXIT_CODE_OK && ferror(file) != 0) {
        code = command_usage_error(call, path, strerror(errno));
    } else if (code == EXIT_CODE_OK && reading->count == before) {
        code = fail_content(call, path, tr(call->output.lang, "it is empty"));
    }
    if (!is_stdin) {
        (void)fclose(file);
    }
    return code;
}

void conform_reading_clear(struct conform_reading *reading) {
    free(reading->runs);
    conform_memory_free(reading->memory);
    *reading = (struct conform_reading){0};
}
