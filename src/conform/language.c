/* SPDX-License-Identifier: MIT
 *
 * Text becomes cases (docs/conform-cases.md): lines, groups, and what belongs to a case. Nothing is
 * added where anything is wrong.
 */
#include "conform/language.h"
#include "base/utf8.h"
#include "whysocket/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct conform_scan scan;
    struct conform_memory *memory; /* of this text alone, until all of it is read */
    const struct conform_cases *before;
    const struct conform_group *group;
    struct conform_case *added;
    size_t added_count, added_room;
    struct conform_line *lines; /* of the case that is being read */
    size_t line_count, line_room;
};

/* Room for one more of `*items`, in memory of its own. */
static bool need_room(struct reader *reader, void **items, size_t *room, size_t count,
                      size_t size) {
    if (count < *room) {
        return true;
    }
    size_t more = *room > 0 ? *room * 2 : 64;
    void *grown = realloc(*items, more * size);
    if (grown == NULL) {
        return conform_scan_no_memory(&reader->scan);
    }
    *items = grown;
    *room = more;
    return true;
}

/* ---- Groups ---- */

static const struct conform_group *find_group(const struct reader *reader, struct conform_word id) {
    for (size_t i = 0; i < reader->before->count + reader->added_count; i++) {
        const struct conform_case *test = i < reader->before->count
                                              ? &reader->before->list[i]
                                              : &reader->added[i - reader->before->count];
        if (conform_word_is(id, test->group->id)) {
            return test->group;
        }
    }
    bool is_open = reader->group != NULL && conform_word_is(id, reader->group->id);
    return is_open ? reader->group : NULL;
}

/* "group ID "TITLE" CLAUSE", or "group ID" for one that there is. */
static bool read_group(struct reader *reader) {
    struct conform_scan *scan = &reader->scan;
    struct conform_word id;
    if (!conform_scan_word(scan, "the number of the group", &id)) {
        return false;
    }
    const struct conform_group *known = find_group(reader, id);
    if (conform_scan_is_end(scan)) {
        reader->group = known;
        return known != NULL ||
               conform_scan_fail(scan,
                                 "there is no group %.*s yet: its title and its clause are "
                                 "missing",
                                 CONFORM_WORD(id));
    }
    if (known != NULL) {
        return conform_scan_fail(scan, "group %.*s is there already: \"%s\"", CONFORM_WORD(id),
                                 known->title);
    }
    struct conform_group *group = conform_scan_take(scan, sizeof *group);
    reader->group = group;
    return group != NULL && (group->id = conform_scan_copy(scan, id)) != NULL &&
           conform_scan_text(scan, &group->title) && conform_clause_read(scan, &group->clause) &&
           conform_scan_end(scan);
}

/* ---- Cases ---- */

static bool add_repetition(struct reader *reader, struct conform_each *each, size_t repetition,
                           struct conform_line *filled) {
    struct conform_scan *scan = &reader->scan;
    for (size_t i = 0; i < reader->line_count; i++) {
        scan->line = reader->lines[i].number;
        filled[i].number = scan->line;
        if (!conform_each_fill(scan, each, repetition, reader->lines[i].text, &filled[i].text)) {
            return false;
        }
    }
    void *items = reader->added;
    bool has_room =
        need_room(reader, &items, &reader->added_room, reader->added_count, sizeof *reader->added);
    reader->added = items;
    if (!has_room) {
        return false;
    }
    struct conform_case *test = &reader->added[reader->added_count];
    *test = (struct conform_case){.group = reader->group, .file = scan->file};
    if (!conform_case_read(scan, filled, reader->line_count, test)) {
        return false;
    }
    reader->added_count++;
    return true;
}

/* The lines that were gathered are a case: read it, as often as it says. */
static bool end_case(struct reader *reader) {
    struct conform_scan *scan = &reader->scan;
    if (reader->line_count == 0) {
        return true;
    }
    struct conform_each *each = NULL;
    if (!conform_each_read(scan, reader->lines, &reader->line_count, &each)) {
        return false;
    }
    size_t repetitions = conform_each_count(each);
    struct conform_line *filled =
        conform_scan_take(scan, reader->line_count * sizeof *reader->lines);
    for (size_t i = 0; filled != NULL && i < repetitions; i++) {
        if (!add_repetition(reader, each, i, filled)) {
            return false;
        }
    }
    bool is_read = filled != NULL && conform_each_check(scan, each);
    reader->line_count = 0;
    return is_read;
}

/* ---- Lines ---- */

/* Where a comment begins, or the line's end; without the spaces before it. */
static size_t text_len(const char *text, size_t len) {
    bool quoted = false;
    size_t end = 0;
    for (; end < len && (quoted || text[end] != '#'); end++) {
        if (quoted && text[end] == '\\' && end + 1 < len) {
            end++;
        } else if (text[end] == '"') {
            quoted = !quoted;
        }
    }
    while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\r')) {
        end--;
    }
    return end;
}

static bool add_line(struct reader *reader, const char *text) {
    void *items = reader->lines;
    bool has_room =
        need_room(reader, &items, &reader->line_room, reader->line_count, sizeof *reader->lines);
    reader->lines = items;
    if (has_room) {
        reader->lines[reader->line_count++] = (struct conform_line){text, reader->scan.line};
    }
    return has_room;
}

static bool read_line(struct reader *reader, const char *line, size_t len) {
    struct conform_scan *scan = &reader->scan;
    len = text_len(line, len);
    if (len == 0) {
        return true;
    }
    const char *text = conform_scan_copy(scan, (struct conform_word){line, len});
    if (text == NULL) {
        return false;
    }
    size_t indent = strspn(text, " ");
    if (text[indent] == '\t') {
        return conform_scan_fail(scan, "a tab: indentation is spaces");
    }
    if (indent >= 2) {
        return reader->line_count > 0
                   ? add_line(reader, text + indent)
                   : conform_scan_fail(scan, "\"%s\" belongs to no case", text + indent);
    }
    uint32_t number = scan->line;
    if (!end_case(reader)) {
        return false;
    }
    scan->line = number;
    scan->at = text;
    if (conform_scan_is(scan, "group")) {
        return read_group(reader);
    }
    struct conform_word word = conform_scan_peek(scan);
    if (!conform_word_is(word, "case")) {
        return conform_scan_fail(scan,
                                 "\"%.*s\" is neither group nor case; what belongs to a case is "
                                 "indented by two spaces",
                                 CONFORM_WORD(word));
    }
    return reader->group != NULL ? add_line(reader, text)
                                 : conform_scan_fail(scan, "a case before the first group");
}

static bool read_lines(struct reader *reader, struct why_bytes text) {
    struct conform_scan *scan = &reader->scan;
    if (text.len == 0) {
        return true;
    }
    if (memchr(text.data, 0, text.len) != NULL || !why__utf8_is_valid(text.data, text.len)) {
        return conform_scan_fail(scan, "this is no text: it is not UTF-8, or it has a NUL");
    }
    const char *at = (const char *)text.data;
    for (size_t left = text.len; left > 0;) {
        const char *end = memchr(at, '\n', left);
        size_t len = end != NULL ? (size_t)(end - at) : left;
        scan->line++;
        if (!read_line(reader, at, len)) {
            return false;
        }
        size_t used = len + (end != NULL);
        at += used;
        left -= used;
    }
    return end_case(reader);
}

/* ---- All of them ---- */

static int compare_ids(const void *a, const void *b) {
    const struct conform_case *const *one = a, *const *other = b;
    int order = strcmp((*one)->id, (*other)->id);
    return order != 0 ? order : *one < *other ? -1 : 1;
}

/* Every id is there once, also beside those of other files. */
static bool check_ids(struct reader *reader, const struct conform_case *list, size_t count) {
    const struct conform_case **sorted = calloc(count + 1, sizeof *sorted);
    if (sorted == NULL) {
        return conform_scan_no_memory(&reader->scan);
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &list[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_ids);
    bool are_unique = true;
    for (size_t i = 1; are_unique && i < count; i++) {
        const struct conform_case *one = sorted[i - 1], *other = sorted[i];
        if (strcmp(one->id, other->id) == 0) {
            reader->scan.line = other->line;
            are_unique = conform_scan_fail(&reader->scan, "case %s is there already: %s:%u",
                                           other->id, one->file, (unsigned)one->line);
        }
    }
    free(sorted);
    return are_unique;
}

static bool add_all(struct reader *reader, struct conform_cases *cases) {
    size_t count = cases->count + reader->added_count;
    struct conform_case *list = calloc(count + 1, sizeof *list);
    if (list == NULL) {
        return conform_scan_no_memory(&reader->scan);
    }
    if (cases->count > 0) {
        memcpy(list, cases->list, cases->count * sizeof *list);
    }
    if (reader->added_count > 0) {
        memcpy(list + cases->count, reader->added, reader->added_count * sizeof *list);
    }
    if (!check_ids(reader, list, count)) {
        free(list);
        return false;
    }
    free(cases->list);
    cases->list = list;
    cases->count = count;
    conform_memory_join(&cases->memory, reader->memory);
    reader->memory = NULL;
    return true;
}

int conform_cases_read(struct conform_cases *cases, const char *name, struct why_bytes text,
                       char *error, size_t error_size) {
    struct reader reader = {.before = cases};
    reader.scan =
        (struct conform_scan){.memory = &reader.memory, .error = error, .error_size = error_size};
    reader.scan.file = name;
    const char *file = conform_scan_copy(&reader.scan, (struct conform_word){name, strlen(name)});
    reader.scan.file = file != NULL ? file : name;
    bool is_read = file != NULL && read_lines(&reader, text) && add_all(&reader, cases);
    free(reader.added);
    free(reader.lines);
    conform_memory_free(reader.memory);
    return is_read ? WHY_OK : reader.scan.result;
}

void conform_cases_free(struct conform_cases *cases) {
    free(cases->list);
    conform_memory_free(cases->memory);
    *cases = (struct conform_cases){0};
}
