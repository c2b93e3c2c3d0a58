/* SPDX-License-Identifier: MIT
 *
 * The language of the conformance cases: what its words become, and what is said of those that are
 * wrong.
 */
#include "base/utf8.h"
#include "conform/case.h"
#include "conform/memory.h"
#include "conform/term.h"
#include "support/guard.h"
#include "support/test.h"
#include "whysocket/result.h"

#include <stdlib.h>
#include <string.h>

/* Every request for memory from that one on fails; 0: none does. */
static size_t fail_at, requests;

static bool has_memory(void) {
    return fail_at == 0 || ++requests < fail_at;
}

/* NOLINTBEGIN: the names are those of the linker's --wrap */
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_calloc(size_t count, size_t size) {
    return has_memory() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *memory, size_t size) {
    return has_memory() ? __real_realloc(memory, size) : NULL;
}

/* NOLINTEND */

/* The text ends at a page that cannot be read. */
static int read_guarded(struct conform_cases *cases, const char *name, const char *text, size_t len,
                        char *error, size_t error_size) {
    uint8_t *guarded = test_guard_new(len);
    memcpy(guarded, text, len);
    int result =
        conform_cases_read(cases, name, (struct why_bytes){guarded, len}, error, error_size);
    test_guard_free(guarded, len);
    return result;
}

static void read_good(struct conform_cases *cases, const char *text) {
    char error[200] = "";
    int result = read_guarded(cases, "t.cases", text, strlen(text), error, sizeof error);
    assert_string_equal(error, "");
    assert_int_equal(result, WHY_OK);
}

/* ---- Terms ---- */

static const struct {
    const char *term, *bytes;
    size_t len; /* 0: the text's */
} terms[] = {
    {"\"hello\"", "hello", 0},
    {"\"a\\\"b\\\\\\n\\r\\t\\0\\xfF\"", "a\"b\\\n\r\t\0\xff", 9},
    {"\"\xc3\xa9\"", "\xc3\xa9", 0},
    {"\"a#b\"   # a comment", "a#b", 0},
    {"h\"CE BAe1\"", "\xce\xba\xe1", 0},
    {"\"a\" h\"62\" \"c\"", "abc", 0},
    {"3*\"ab\"", "ababab", 0},
    {"2*2*\"ab\" \"c\"", "ababababc", 0},
    {"0*\"ab\" \"c\"", "c", 0},
    {"ascii(3)", "glc", 0},
    {"u16(1000)", "\x03\xe8", 0},
    {"first(2, \"a\" \"bcd\")", "ab", 0},
    {"first(9, \"a\" \"bcd\")", "abcd", 0},
    {"from(2, \"a\" \"bcd\")", "cd", 0},
    {"\"x\" from(9, \"abcd\")", "x", 0},
    {"from(1, first(3, 2*\"abc\"))", "bc", 0},
    {"\"{i}/{path}|{host}|{key}|{accept}|{Ab}|{\"", "7//p|h:1|k==|a=|{Ab}|{", 0},
    {"ascii({i})", "glchgap", 0},
    /* RFC 7692 section 7.2.3 */
    {"deflate(\"Hello\")", "\xf2\x48\xcd\xc9\xc9\x07\x00", 7},
    {"deflate(context \"Hello\") deflate(context \"Hello\")",
     "\xf2\x48\xcd\xc9\xc9\x07\x00\xf2\x00\x11\x00\x00", 12},
    {"deflate(stored \"Hello\")", "\x00\x05\x00\xfa\xffHello\x00", 11},
    {"deflate(final \"Hello\")", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8},
    {"deflate(whole \"Hello\")", "\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", 11},
    {"deflate(final whole \"Hello\")", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x00\x00\xff\xff", 12},
    {"deflate(fixed bits=8 level=1 \"Hello\")", "\xf2\x48\xcd\xc9\xc9\x07\x00", 7},
    {"deflate()", "\x00", 1},
    {"deflate(context \"a\") deflate(context)", "\x4a\x04\x00\x00", 4},
};

static bool makes(const char *term, struct conform_buffer *out) {
    char text[400], error[200] = "";
    (void)snprintf(text, sizeof text, "group 1 \"t\" 5\ncase 1.1 must \"t\"\n  send text %s\n",
                   term);
    struct conform_cases cases = {0};
    struct conform_deflater deflater = {0};
    const struct conform_values values = {7, "/p", "h:1", "k==", "a="};
    int result = read_guarded(&cases, "t", text, strlen(text), error, sizeof error);
    if (result == WHY_OK) {
        result = conform_term_make(cases.list[0].steps[0].term, &values, &deflater, out);
    }
    conform_deflater_clear(&deflater);
    conform_cases_free(&cases);
    if (result != WHY_OK) {
        print_message("FAIL %s: result %d, %s\n", term, result, error);
    }
    return result == WHY_OK;
}

static void terms_become_bytes(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(terms); i++) {
        struct conform_buffer out = {0};
        size_t len = terms[i].len != 0 ? terms[i].len : strlen(terms[i].bytes);
        if (!makes(terms[i].term, &out) || out.len != len ||
            memcmp(out.data, terms[i].bytes, len) != 0) {
            print_message("FAIL %s: %zu bytes:", terms[i].term, out.len);
            for (size_t k = 0; k < out.len && k < 40; k++) {
                print_message(" %02x", out.data[k]);
            }
            print_message("\n");
            failures++;
        }
        conform_buffer_free(&out);
    }
    assert_int_equal(failures, 0);
}

/* ---- What is read ---- */

static const char all_words[] =
    "# a comment\r\n"
    "group 5 \"Fragments\" 5.4\n"
    "\n"
    "case 5.1 should \"a title\" # with \"quotes\"\r\n"
    "  clause 7692:7.2.1\n"
    "  for client\n"
    "  why \"because\"\n"
    "  autobahn 5.6 12.1.1-12.1.18\n"
    "  offer \"permessage-deflate; a=b\"\n"
    "  timed\n"
    "  slow\n"
    "  manual\n"
    "  exact\n"
    "  keys\n"
    "  with \"Host: x\"\n"
    "  also \"X: {key}\\r\\n folded\"\n"
    "  without Upgrade\n"
    "  line \"GET {path} HTTP/1.0\"\n"
    "  head \"a\" h\"00\"\n"
    "  body 5*\"b\"\n"
    "  glue\n"
    "  open as info\n"
    "  offerup\n"
    "  expect http 400|4xx|any\n"
    "  expect refused\n"
    "  expect header Upgrade\n"
    "  expect header Upgrade \"websocket\" as info\n"
    "  expect noheader Upgrade\n"
    "  send text more rsv1 rsv3 mask key=01fF0304 len=9 len16 cut=3 \"a\"\n"
    "  rest\n"
    "  send op15 nomask len64 topbit\n"
    "  send close 1000 \"bye\"\n"
    "  raw \"x\"\n"
    "  chop 1\n"
    "  chop 2 30\n"
    "  wait 100\n"
    "  repeat 3\n"
    "    repeat 2\n"
    "      send ping \"{i}\"\n"
    "    end\n"
    "    send cont more\n"
    "  end\n"
    "  shut\n"
    "  reset\n"
    "  pause\n"
    "  resume\n"
    "  expect echo\n"
    "  expect text\n"
    "  expect binary \"a\" \"b\" within 500 as must\n"
    "  expect pong\n"
    "  expect pong \"\"\n"
    "  expect close 1000|none reason \"r\"\n"
    "  expect fail 1002|1007 as info\n"
    "  expect end\n"
    "  expect alive\n"
    "  expect silence 200\n"
    "  expect uncompressed\n"
    "  expect compressed\n"
    "  expect fragmented\n"
    "  expect whole\n"
    "  expect smaller 100\n"
    "  expect echo or 1009 as info\n"
    "  send binary more split=5 \"abcdefg\"\n";

/* A step of all_words in short: verb, what else it has. */
static void describe(const struct conform_step *step, char *out, size_t size) {
    struct conform_buffer made = {0};
    struct conform_deflater deflater = {0};
    const struct conform_values values = {1, "/p", "h", "k", "a"};
    assert_int_equal(conform_term_make(step->term, &values, &deflater, &made), WHY_OK);
    int len =
        snprintf(out, size, "%d:%d s%d w%u n%u p%u e%u %s=%s [%.*s]%d", (int)step->verb,
                 (int)step->expectation, (int)step->severity, (unsigned)step->within_ms,
                 (unsigned)step->number, (unsigned)step->pause_ms, (unsigned)step->end_at,
                 step->name != NULL ? step->name : "-", step->value != NULL ? step->value : "-",
                 (int)made.len, made.data != NULL ? (const char *)made.data : "", step->has_term);
    for (size_t i = 0; i < step->code_count; i++) {
        len += snprintf(out + len, size - (size_t)len, " %u", (unsigned)step->codes[i]);
    }
    conform_buffer_free(&made);
}

#define PLAIN(verb, rest)                                                                          \
    { CONFORM_##verb, 0, rest }
#define EXPECT(what, rest)                                                                         \
    { CONFORM_EXPECT, CONFORM_EXPECT_##what, rest }

static const struct {
    enum conform_verb verb;
    enum conform_expectation expectation;
    const char *rest;
} steps[] = {
    PLAIN(WITH, "s1 w0 n0 p0 e0 Host=- [Host: x]1"),
    PLAIN(ALSO, "s1 w0 n0 p0 e0 -=- [X: k\r\n folded]1"),
    PLAIN(WITHOUT, "s1 w0 n0 p0 e0 Upgrade=- []0"),
    PLAIN(LINE, "s1 w0 n0 p0 e0 -=- [GET /p HTTP/1.0]1"),
    PLAIN(HEAD, "s1 w0 n0 p0 e0 -=- [a]1"),
    PLAIN(BODY, "s1 w0 n0 p0 e0 -=- [bbbbb]1"),
    PLAIN(GLUE, "s1 w0 n0 p0 e0 -=- []0"),
    PLAIN(OPEN, "s0 w0 n0 p0 e0 -=- []0"),
    PLAIN(OFFERUP, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(HTTP, "s1 w0 n0 p0 e0 -=- []0 400 40000 65536"),
    EXPECT(REFUSED, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(HEADER, "s1 w0 n0 p0 e0 Upgrade=- []0"),
    EXPECT(HEADER, "s0 w0 n0 p0 e0 Upgrade=websocket []0"),
    EXPECT(NOHEADER, "s1 w0 n0 p0 e0 Upgrade=- []0"),
    PLAIN(SEND, "s1 w0 n0 p0 e0 -=- [a]1"),
    PLAIN(REST, "s1 w0 n0 p0 e0 -=- []0"),
    PLAIN(SEND, "s1 w0 n0 p0 e0 -=- []1"),
    PLAIN(SEND, "s1 w0 n0 p0 e0 -=- [\x03\xe8"
                "bye]1"),
    PLAIN(RAW, "s1 w0 n0 p0 e0 -=- [x]1"),
    PLAIN(CHOP, "s1 w0 n1 p0 e0 -=- []0"),
    PLAIN(CHOP, "s1 w0 n2 p30 e0 -=- []0"),
    PLAIN(WAIT, "s1 w0 n100 p0 e0 -=- []0"),
    PLAIN(REPEAT, "s1 w0 n3 p0 e26 -=- []0"),
    PLAIN(REPEAT, "s1 w0 n2 p0 e25 -=- []0"),
    PLAIN(SEND, "s1 w0 n0 p0 e0 -=- [1]1"),
    PLAIN(SEND, "s1 w0 n0 p0 e0 -=- []1"),
    PLAIN(SHUT, "s1 w0 n0 p0 e0 -=- []0"),
    PLAIN(RESET, "s1 w0 n0 p0 e0 -=- []0"),
    PLAIN(PAUSE, "s1 w0 n0 p0 e0 -=- []0"),
    PLAIN(RESUME, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(ECHO, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(TEXT, "s1 w0 n0 p0 e0 -=- []1"),
    EXPECT(BINARY, "s2 w500 n0 p0 e0 -=- [ab]1"),
    EXPECT(PONG, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(PONG, "s1 w0 n0 p0 e0 -=- []1"),
    EXPECT(CLOSE, "s1 w0 n0 p0 e0 -=- [r]1 1000 0"),
    EXPECT(FAIL, "s0 w0 n0 p0 e0 -=- []0 1002 1007"),
    EXPECT(END, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(ALIVE, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(SILENCE, "s1 w0 n200 p0 e0 -=- []0"),
    EXPECT(UNCOMPRESSED, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(COMPRESSED, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(FRAGMENTED, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(WHOLE, "s1 w0 n0 p0 e0 -=- []0"),
    EXPECT(SMALLER, "s1 w0 n100 p0 e0 -=- []0"),
    EXPECT(ECHO, "s0 w0 n0 p0 e0 -=- []0 1009"),
    PLAIN(SEND, "s1 w0 n0 p0 e0 -=- [abcdefg]1"),
};

static void every_word_is_read(void **state) {
    (void)state;
    struct conform_cases cases = {0};
    read_good(&cases, all_words);
    assert_int_equal(cases.count, 1);
    const struct conform_case *test = &cases.list[0];
    assert_string_equal(test->group->id, "5");
    assert_string_equal(test->group->title, "Fragments");
    assert_string_equal(test->group->clause, "5.4");
    assert_string_equal(test->id, "5.1");
    assert_string_equal(test->title, "a title");
    assert_string_equal(test->clause, "7692:7.2.1");
    assert_string_equal(test->why, "because");
    assert_string_equal(test->autobahn, "5.6 12.1.1-12.1.18");
    assert_string_equal(test->offer, "permessage-deflate; a=b");
    assert_string_equal(test->file, "t.cases");
    assert_null(test->tls);
    assert_int_equal(test->severity, CONFORM_SHOULD);
    assert_int_equal(test->role, CONFORM_CLIENT);
    assert_int_equal(test->line, 4);
    assert_true(test->timed && test->slow && test->manual && test->exact && test->keys);
    assert_int_equal(test->step_count, TEST_COUNT(steps));
    for (size_t i = 0; i < TEST_COUNT(steps); i++) {
        char expected[200], read[200];
        (void)snprintf(expected, sizeof expected, "%d:%d %s", (int)steps[i].verb,
                       (int)steps[i].expectation, steps[i].rest);
        describe(&test->steps[i], read, sizeof read);
        assert_string_equal(read, expected);
    }
    assert_string_equal(test->steps[0].text, "with \"Host: x\"");
    assert_int_equal(test->steps[0].line, 15);
    conform_cases_free(&cases);
}

static void flags_bend_the_frame(void **state) {
    (void)state;
    struct conform_cases cases = {0};
    read_good(&cases, all_words);
    const struct conform_frame *bent = &cases.list[0].steps[14].frame;
    const struct conform_frame expected = {.opcode = 1,
                                           .more = true,
                                           .rsv = 5,
                                           .mask = 1,
                                           .has_key = true,
                                           .key = {1, 0xff, 3, 4},
                                           .len = 9,
                                           .len_bytes = 2,
                                           .cut = 3};
    assert_int_equal(bent->opcode, expected.opcode);
    assert_int_equal(bent->more, expected.more);
    assert_int_equal(bent->rsv, expected.rsv);
    assert_int_equal(bent->mask, expected.mask);
    assert_int_equal(bent->has_key, expected.has_key);
    assert_memory_equal(bent->key, expected.key, 4);
    assert_int_equal(bent->len, expected.len);
    assert_int_equal(bent->len_bytes, expected.len_bytes);
    assert_int_equal(bent->cut, expected.cut);
    assert_int_equal(cases.list[0].steps[46].frame.split, 5);
    const struct conform_frame *top = &cases.list[0].steps[16].frame;
    assert_int_equal(top->opcode, 15);
    assert_int_equal(top->mask, -1);
    assert_true(top->top_bit);
    assert_int_equal(top->len_bytes, 8);
    assert_true(top->len == CONFORM_LEN_AS_IS && top->cut == UINT64_MAX);
    conform_cases_free(&cases);
}

static void each_makes_cases_of_one_text(void **state) {
    (void)state;
    struct conform_cases cases = {0};
    read_good(&cases, "group 1 \"t\" 5\n"
                      "case 1.{n} must \"{op}, {size}: {what}\"\n"
                      "  each op in text binary\n"
                      "  each size what in 0 \"a # \\\\\\\"b\" | x \"c\"\n"
                      "  each size what in 7 d\n"
                      "  autobahn 1.{n}\n"
                      "  send {op} ascii(1{n})\n"
                      "case 1.1.{x} info \"t\"\n"
                      "  each x in 3..5 9\n"
                      "  send ping\n");
    static const struct {
        const char *id, *title;
    } rows[] = {
        {"1.1", "text, 0: a # \"b"},
        {"1.2", "text, x: c"},
        {"1.3", "text, 7: d"},
        {"1.4", "binary, 0: a # \"b"},
        {"1.5", "binary, x: c"},
        {"1.6", "binary, 7: d"},
        {"1.1.3", "t"},
        {"1.1.4", "t"},
        {"1.1.5", "t"},
        {"1.1.9", "t"},
    };
    assert_int_equal(cases.count, TEST_COUNT(rows));
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        assert_string_equal(cases.list[i].id, rows[i].id);
        assert_string_equal(cases.list[i].title, rows[i].title);
    }
    assert_string_equal(cases.list[4].autobahn, "1.5");
    assert_string_equal(cases.list[4].steps[0].text, "send binary ascii(15)");
    assert_int_equal(cases.list[4].steps[0].frame.opcode, 2);
    assert_int_equal(cases.list[4].steps[0].line, 7);
    conform_cases_free(&cases);
}

static void files_add_to_each_other(void **state) {
    (void)state;
    struct conform_cases cases = {0};
    char error[200];
    read_good(&cases, "group 1 \"t\" 5\ncase 1.1 must \"t\"\n  send ping\n");
    read_good(&cases, "");
    read_good(&cases, "group 1\ncase 1.2 must \"t\"\n  send ping\n");
    assert_int_equal(cases.count, 2);
    assert_ptr_equal(cases.list[0].group, cases.list[1].group);

    /* What is wrong adds nothing, not even what stood before it. */
    static const char again[] = "group 1\ncase 1.3 must \"t\"\n  send ping\n"
                                "case 1.1 must \"t\"\n  send ping\n";
    int result = read_guarded(&cases, "u", again, sizeof again - 1, error, sizeof error);
    assert_int_equal(result, WHY_ERR_CONFIG);
    assert_string_equal(error, "u:4: case 1.1 is there already: t.cases:2");
    assert_int_equal(cases.count, 2);
    conform_cases_free(&cases);
}

/* ---- What is wrong ---- */

#define GROUP "group 1 \"t\" 5\n"
#define CASE GROUP "case 1.1 must \"t\"\n"

static const struct {
    const char *text, *says; /* after the file's name */
} faults[] = {
    {"hello", "1: \"hello\" is neither group nor case"},
    {"  send ping", "1: \"send ping\" belongs to no case"},
    {"case 1.1 must \"t\"", "1: a case before the first group"},
    {"\tsend", "1: a tab"},
    {" send", "1: \"send\" is neither group nor case"},
    {"group", "1: the number of the group is missing"},
    {"group 1", "1: there is no group 1 yet"},
    {"group 1 t 5", "1: a quoted text is missing before \"t 5\""},
    {"group 1 \"t 5", "1: the quote before \"t 5\" is not closed"},
    {"group 1 \"t\"", "1: a clause is missing"},
    {"group 1 \"t\" five", "1: \"five\" is no clause"},
    {"group 1 \"t\" x:5", "1: \"x:5\" is no clause"},
    {"group 1 \"t\" 5 6", "1: \"6\" is too much"},
    {GROUP GROUP, "2: group 1 is there already: \"t\""},
    {GROUP "case", "2: the case's number is missing"},
    {GROUP "case 2.1 must \"t\"\n  rest", "2: \"2.1\" is no number in group 1"},
    {GROUP "case 1 must \"t\"\n  rest", "2: \"1\" is no number in group 1"},
    {GROUP "case 11.1 must \"t\"\n  rest", "2: \"11.1\" is no number in group 1"},
    {GROUP "case 1.x must \"t\"\n  rest", "2: \"1.x\" is no number in group 1"},
    {GROUP "case 1.1 may \"t\"\n  rest", "2: \"may\" is not must, should or info"},
    {GROUP "case 1.1 must\n  rest", "2: a quoted text is missing"},
    {GROUP "case 1.1 must \"t\" x\n  rest", "2: \"x\" is too much"},
    {CASE, "2: case 1.1 has no steps"},
    {CASE "  timed\n", "2: case 1.1 has no steps"},
    {CASE "  timed\n  timed\n", "4: a second \"timed\""},
    {CASE "  timed 5\n", "3: \"5\" is too much"},
    {CASE "  for peers\n", "3: it is for server or for client, not for \"peers\""},
    {CASE "  clause x\n", "3: \"x\" is no clause"},
    {CASE "  why because\n", "3: a quoted text is missing"},
    {CASE "  why \"a\\0\"\n", "3: this text has a NUL"},
    {CASE "  why \"a\\q\"\n", "3: \"\\q\" is no escape"},
    {CASE "  why \"a\\xg0\"\n", "3: \"\\x\" is no escape"},
    {CASE "  autobahn\n", "3: a number of the older suite is missing"},
    {CASE "  autobahn 5.1 x\n", "3: \"x\" is no number of the older suite"},
    {CASE "  autobahn 5.1-\n", "3: \"5.1-\" is no number of the older suite"},
    {CASE "  tls best\n", "3: there is no TLS mode \"best\""},
    {CASE "  tls expired\n", "3: tls expired is \"for client\""},
    {CASE "  for client\n  tls max1.0\n", "4: tls max1.0 is \"for server\""},
    {CASE "  each\n", "3: \"in\" is missing"},
    {CASE "  each in a\n", "3: each has no name"},
    {CASE "  each n in a\n", "3: \"n\" cannot be a name"},
    {CASE "  each path in a\n", "3: \"path\" cannot be a name"},
    {CASE "  each A in a\n", "3: \"A\" cannot be a name"},
    {CASE "  each a in\n", "3: each has no items"},
    {CASE "  each a b in 1\n", "3: an item for \"b\" is missing"},
    {CASE "  each a b in 1 2 3 4\n", "3: '|' is missing before \"3 4\""},
    {CASE "  each a b in 1..2 2\n", "3: the range 1..2 can be of one name only"},
    {CASE "  each a in 5..2\n", "3: the range 5..2 is empty"},
    {CASE "  each a in 0..5000\n", "3: more than 4096 items"},
    {CASE "  each a in 0..80\n  each b in 0..80\n  send ping\n", "more than 4096 repetitions"},
    {CASE "  each a in 1\n  each a b in 1 2\n", "4: there is an each of \"a\" already"},
    {CASE "  each a b c d e f g h i in 1\n", "3: \"i\" cannot be a name"},
    {CASE "  each a b c d e f g h k in 1\n", "3: more than 8 names"},
    {CASE "  each a in 1\n  send ping\n", "3: {a} is used nowhere"},
    {CASE "  each a in \"1\n  send ping\n", "3: the quote before"},
    {CASE "  send ping \"{a}\"\n", "3: there is no each of \"a\""},
    {GROUP "case 1.1 must \"{a}\"\n  each a in x y\n  send ping\n", "2: case 1.1 is there"},
    {CASE "  sent ping\n", "3: \"sent\" is no step"},
    {CASE "  \"x\"\n", "3: a step is missing"},
    {CASE "  send\n", "3: an opcode is missing"},
    {CASE "  send pang\n", "3: \"pang\" is no opcode"},
    {CASE "  send ping most\n", "3: \"most\" is no flag of a frame"},
    {CASE "  send ping more=1\n", "3: \"more=1\" is no flag of a frame"},
    {CASE "  send ping len\n", "3: \"len\" is no flag of a frame"},
    {CASE "  send ping len=x\n", "3: a length is a number"},
    {CASE "  send ping cut=9223372036854775808\n", "3: a length is a number"},
    {CASE "  send ping key=0102030\n", "3: a masking key is 8 hex digits"},
    {CASE "  send ping key=0102030g\n", "3: a masking key is 8 hex digits"},
    {CASE "  send ping len16 len=65536\n", "3: that length does not fit"},
    {CASE "  send text split=0\n", "3: fragments of 0 bytes"},
    {CASE "  send text split=1 cut=1\n", "3: what is split has neither"},
    {CASE "  send text split=1 len=1\n", "3: what is split has neither"},
    {CASE "  expect echo or\n", "3: a close code is missing"},
    {CASE "  send ping \"a\" more\n", "3: \"more\" is too much"},
    {CASE "  send ping 1000\n", "3: \"1000\" is no term; 1000*TERM repeats one"},
    {CASE "  send close 70000\n", "3: a close code is a number up to 65535"},
    {CASE "  send ping asci(3)\n", "3: \"asci\" is no term"},
    {CASE "  send ping ascii(x)\n", "3: what stands here is a number"},
    {CASE "  send ping ascii()\n", "3: what stands here is missing"},
    {CASE "  send ping ascii(3\n", "3: ')' is missing"},
    {CASE "  send ping ascii(3 \"a\")\n", "3: ')' is missing before"},
    {CASE "  send ping ascii(999999999999)\n", "3: what stands here is a number up to"},
    {CASE "  send ping first(3 \"a\")\n", "3: ',' is missing"},
    {CASE "  send ping u16(65536)\n", "3: what stands here is a number up to 65535"},
    {CASE "  send ping h\"0g\"\n", "3: \"0g\" is not hex"},
    {CASE "  send ping h\"012\"\n", "3: \"012\" is not hex"},
    {CASE "  send ping h\"0 1\"\n", "3: \"0 1\" is not hex"},
    {CASE "  send ping deflate(bits=7 \"a\")\n", "3: a window has 8 to 15 bits, not 7"},
    {CASE "  send ping deflate(bits=16)\n", "3: bits is a number up to 15"},
    {CASE "  send ping deflate(level=10)\n", "3: level is a number up to 9"},
    {CASE "  send ping deflate(best)\n", "3: ')' is missing before \"best)\""},
    {CASE "  send ping 1*1*1*1*1*1*1*1*\"a\"\n", "3: terms stand in terms more than 8 deep"},
    {CASE "  raw\n", "3: a term is missing"},
    {CASE "  chop\n", "3: the size of a piece is missing"},
    {CASE "  chop 1 x\n", "3: the pause in ms is a number"},
    {CASE "  wait 3600001\n", "3: the time in ms is a number up to 3600000"},
    {CASE "  rest\n", "3: there is no rest"},
    {CASE "  send ping cut=1\n  send ping\n  rest\n", "5: there is no rest"},
    {CASE "  repeat\n", "3: how often is missing"},
    {CASE "  repeat 2\n", "3: this repeat has no end"},
    {CASE "  end\n", "3: \"end\" is no step"},
    {CASE "  repeat 1\n  end x\n", "4: \"x\" is too much"},
    {CASE "  repeat 1\n  repeat 1\n  repeat 1\n  repeat 1\n  repeat 1\n",
     "7: repetitions stand in each other more than 4 deep"},
    {CASE "  open\n", "3: \"open\" is of the opening handshake"},
    {CASE "  manual\n  open as bad\n", "4: \"bad\" is not must, should or info"},
    {CASE "  expect http 400\n", "3: \"http\" is of the opening handshake"},
    {CASE "  manual\n  with Host\n", "4: a quoted line is missing before"},
    {CASE "  manual\n  with \"Host\"\n", "4: this is no \"Name: value\""},
    {CASE "  manual\n  with \"Host\n", "4: the quote before"},
    {CASE "  manual\n  without\n", "4: the name of a header is missing"},
    {CASE "  manual\n  expect http none\n", "4: a status is a number"},
    {CASE "  manual\n  expect http 99\n", "4: that is no status"},
    {CASE "  manual\n  expect header\n", "4: the name of a header is missing"},
    {CASE "  expect\n", "3: what is expected is missing"},
    {CASE "  expect peace\n", "3: \"peace\" is nothing that can be expected"},
    {CASE "  expect close\n", "3: a close code is missing"},
    {CASE "  expect close 0\n", "3: 0 is no close code"},
    {CASE "  expect close 4xx\n", "3: a close code is a number"},
    {CASE "  expect close 1|2|3|4|5|6|7|8|9\n", "3: more than 8 codes"},
    {CASE "  expect close 1|\n", "3: a close code is a number"},
    {CASE "  expect silence\n", "3: the time in ms is missing"},
    {CASE "  expect echo within x\n", "3: the time in ms is a number"},
    {CASE "  expect echo within 0\n", "3: nothing comes within 0 ms"},
    {CASE "  expect echo as must should\n", "3: \"should\" is too much"},
    {CASE "  expect echo as it\n", "3: \"it\" is not must, should or info"},
    {CASE "  expect echo as\n", "3: must, should or info is missing"},
    {"# \xff\n", "0: this is no text"},
};

static void what_is_wrong_is_said_with_its_line(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(faults); i++) {
        struct conform_cases cases = {0};
        char error[200] = "", expected[200];
        int result =
            read_guarded(&cases, "t", faults[i].text, strlen(faults[i].text), error, sizeof error);
        bool with_line = strchr("0123456789", faults[i].says[0]) != NULL;
        (void)snprintf(expected, sizeof expected, "%s%s", with_line ? "t:" : "", faults[i].says);
        const char *found = strstr(error, expected);
        if (result != WHY_ERR_CONFIG || found == NULL || (with_line && found != error) ||
            cases.count != 0) {
            print_message("FAIL %s: result %d, \"%s\"\n", faults[i].says, result, error);
            failures++;
        }
        conform_cases_free(&cases);
        for (size_t cut = 0; cut < strlen(faults[i].text); cut++) {
            (void)!read_guarded(&cases, "t", faults[i].text, cut, error, cut % sizeof error);
            conform_cases_free(&cases);
        }
    }
    assert_int_equal(failures, 0);
}

/* Every text of one byte that is wrong: nothing is read beyond it, nothing is leaked. */
static void no_wrong_byte_breaks_the_reader(void **state) {
    (void)state;
    static const char wrong[] = "\0 \"{}|(*,\\9\n\xc3";
    char text[sizeof all_words], error[100];
    for (size_t at = 0; at < sizeof all_words - 1; at++) {
        for (size_t i = 0; i < sizeof wrong - 1; i++) {
            struct conform_cases cases = {0};
            memcpy(text, all_words, sizeof text);
            text[at] = wrong[i];
            int result = conform_cases_read(
                &cases, "t", (struct why_bytes){(const uint8_t *)text, sizeof text - 1}, error,
                sizeof error);
            assert_true(result == WHY_OK || result == WHY_ERR_CONFIG);
            conform_cases_free(&cases);
        }
    }
}

/* ---- Memory ---- */

static void no_memory_is_said_and_leaks_nothing(void **state) {
    (void)state;
    static const char text[] = "group 1 \"t\" 5\ncase 1.{x}.{n} must \"{op}\"\n"
                               "  each x in 1..200\n  each op in text binary\n"
                               "  send {op} deflate(\"{op}\" ascii(99)) utf8(99) 9*\"a\"\n";
    const struct why_bytes bytes = {(const uint8_t *)text, sizeof text - 1};
    int result = WHY_ERR_NOMEM;
    for (size_t at = 1; result == WHY_ERR_NOMEM; at++) {
        struct conform_cases cases = {0};
        struct conform_deflater deflater = {0};
        struct conform_buffer out = {0};
        const struct conform_values values = {0};
        char error[200] = "";
        requests = 0;
        fail_at = at;
        result = conform_cases_read(&cases, "t", bytes, error, sizeof error);
        if (result == WHY_OK) {
            result = conform_term_make(cases.list[0].steps[0].term, &values, &deflater, &out);
        } else {
            assert_non_null(strstr(error, "out of memory"));
            assert_int_equal(cases.count, 0);
        }
        fail_at = 0;
        conform_deflater_clear(&deflater);
        conform_buffer_free(&out);
        conform_cases_free(&cases);
        assert_true(at < 10000);
    }
    assert_int_equal(result, WHY_OK);
}

static void a_term_is_bounded(void **state) {
    (void)state;
    struct conform_cases cases = {0};
    struct conform_deflater deflater = {0};
    struct conform_buffer out = {0};
    const struct conform_values values = {0};
    read_good(&cases, CASE "  send text 100000*100000*\"abc\"\n");
    assert_int_equal(conform_term_make(cases.list[0].steps[0].term, &values, &deflater, &out),
                     WHY_ERR_NOMEM);
    conform_buffer_free(&out);
    conform_cases_free(&cases);
}

/* ---- The texts that are made up ---- */

static void long_texts_are_what_they_say(void **state) {
    (void)state;
    static const size_t lens[] = {0, 1, 2, 3, 4, 5, 4095, 4096, 4097, 4098, 49999, 50000, 1000003};
    for (size_t i = 0; i < TEST_COUNT(lens); i++) {
        static const char *const names[] = {"ascii", "utf8", "bytes", "json"};
        for (size_t k = 0; k < TEST_COUNT(names); k++) {
            char term[64];
            struct conform_buffer one = {0}, other = {0};
            (void)snprintf(term, sizeof term, "%s(%zu)", names[k], lens[i]);
            assert_true(makes(term, &one) && makes(term, &other));
            assert_int_equal(one.len, lens[i]);
            assert_int_equal(other.len, lens[i]);
            assert_true(lens[i] == 0 || memcmp(one.data, other.data, one.len) == 0);
            assert_true(k == 2 || lens[i] == 0 || why__utf8_is_valid(one.data, one.len));
            conform_buffer_free(&one);
            conform_buffer_free(&other);
        }
    }
}

/* ---- The cases that are built in ---- */

/* How many cases the older suite has in each of its groups. */
static const struct {
    const char *prefix;
    unsigned count;
} older[] = {
    {"1.1", 8},   {"1.2", 8},   {"2", 11},    {"3", 7},     {"4.1", 5},   {"4.2", 5},
    {"5", 20},    {"6.1", 3},   {"6.2", 4},   {"6.3", 2},   {"6.4", 4},   {"6.5", 5},
    {"6.6", 11},  {"6.7", 4},   {"6.8", 2},   {"6.9", 4},   {"6.10", 3},  {"6.11", 5},
    {"6.12", 8},  {"6.13", 5},  {"6.14", 10}, {"6.15", 1},  {"6.16", 3},  {"6.17", 5},
    {"6.18", 5},  {"6.19", 5},  {"6.20", 7},  {"6.21", 8},  {"6.22", 34}, {"6.23", 7},
    {"7.1", 6},   {"7.3", 6},   {"7.5", 1},   {"7.7", 13},  {"7.9", 9},   {"7.13", 2},
    {"9.1", 6},   {"9.2", 6},   {"9.3", 9},   {"9.4", 9},   {"9.5", 6},   {"9.6", 6},
    {"9.7", 6},   {"9.8", 6},   {"10.1", 1},  {"12.1", 18}, {"12.2", 18}, {"12.3", 18},
    {"12.4", 18}, {"12.5", 18}, {"13.1", 18}, {"13.2", 18}, {"13.3", 18}, {"13.4", 18},
    {"13.5", 18}, {"13.6", 18}, {"13.7", 18},
};

static bool has_older(const struct conform_cases *cases, const char *number) {
    size_t len = strlen(number);
    for (size_t i = 0; i < cases->count; i++) {
        const char *at = cases->list[i].autobahn;
        for (; (at = strstr(at, number)) != NULL; at += len) {
            bool begins = at == cases->list[i].autobahn || at[-1] == ' ';
            if (begins && (at[len] == '\0' || at[len] == ' ')) {
                return true;
            }
        }
    }
    return false;
}

static void what_is_built_in_is_right(void **state) {
    (void)state;
    struct conform_cases cases = {0};
    char error[200] = "";
    int result = conform_cases_read_own(&cases, error, sizeof error);
    assert_string_equal(error, "");
    assert_int_equal(result, WHY_OK);
    assert_true(cases.count >= 900);
    size_t failures = 0;
    unsigned count = 0;
    for (size_t i = 0; i < TEST_COUNT(older); i++) {
        for (unsigned k = 1; k <= older[i].count; k++, count++) {
            char number[16];
            (void)snprintf(number, sizeof number, "%s.%u", older[i].prefix, k);
            if (!has_older(&cases, number)) {
                print_message("FAIL no case stands for %s of the older suite\n", number);
                failures++;
            }
        }
    }
    assert_int_equal(count, 517);
    assert_int_equal(failures, 0);
    conform_cases_free(&cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_become_bytes),
        cmocka_unit_test(every_word_is_read),
        cmocka_unit_test(flags_bend_the_frame),
        cmocka_unit_test(each_makes_cases_of_one_text),
        cmocka_unit_test(files_add_to_each_other),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
        cmocka_unit_test(no_wrong_byte_breaks_the_reader),
        cmocka_unit_test(no_memory_is_said_and_leaks_nothing),
        cmocka_unit_test(a_term_is_bounded),
        cmocka_unit_test(long_texts_are_what_they_say),
        cmocka_unit_test(what_is_built_in_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
