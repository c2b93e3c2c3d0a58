/* SPDX-License-Identifier: MIT
 *
 * Close records in words: what they must say, in both languages, and what they never let through.
 */
#include "whysocket/explain.h"

#include "support/records.h"
#include "support/test.h"

#include <string.h>

enum form {
    TEXT,
    LINE,
    JSON,
    FORM_COUNT,
};

static void write_form(const struct why_record *record, enum form form, enum why_lang lang,
                       struct why_text *text) {
    switch (form) {
    case TEXT:
        why_record_write_text(record, lang, text);
        break;
    case LINE:
        why_record_write_line(record, lang, text);
        break;
    case JSON:
    case FORM_COUNT:
        why_record_write_json(record, lang, text);
        break;
    }
}

/* What a terminal acts on; new lines only where paragraphs are written. */
static bool is_clean(const struct why_text *text, enum form form) {
    static const char right_to_left[] = {'\xe2', '\x80', '\xae', '\0'}; /* U+202E */
    for (size_t i = 0; i < text->len; i++) {
        uint8_t byte = (uint8_t)text->data[i];
        bool is_allowed = byte == '\n' && form == TEXT;
        if ((byte < 0x20 && !is_allowed) || byte == 0x7f ||
            (byte == 0xc2 && (uint8_t)text->data[i + 1] < 0xa0)) {
            return false;
        }
    }
    return strstr(text->data, right_to_left) == NULL;
}

static void every_record_is_written_in_every_form(void **state) {
    (void)state;
    struct why_record record;
    const char *name = NULL;
    for (size_t i = 0; test_record_at(i, &record, &name); i++) {
        for (int form = 0; form < FORM_COUNT; form++) {
            for (int lang = 0; lang < WHY_LANG_COUNT; lang++) {
                struct why_text text = {0};
                write_form(&record, (enum form)form, (enum why_lang)lang, &text);
                bool good = !text.failed && text.len == strlen(text.data) &&
                            is_clean(&text, (enum form)form) &&
                            strstr(text.data, why_cause_id(record.cause)) != NULL;
                if (!good) {
                    print_error("FAIL %s: %s\n", name, text.data);
                }
                why_text_clear(&text);
                assert_true(good);
            }
        }
    }
}

static void a_line_is_one_line(void **state) {
    (void)state;
    struct why_record record;
    const char *name = NULL;
    for (size_t i = 0; test_record_at(i, &record, &name); i++) {
        struct why_text text = {0};
        why_record_write_line(&record, WHY_LANG_EN, &text);
        bool good = strchr(text.data, '\n') == NULL && strstr(text.data, "): ") != NULL;
        why_text_clear(&text);
        if (!good) {
            fail_msg("%s", name);
        }
    }
}

struct row {
    const char *record;
    enum form form;
    enum why_lang lang;
    const char *says;
};

static const struct row rows[] = {
    {"latin1", TEXT, WHY_LANG_EN, "1007 utf8.invalid: "},
    {"latin1", TEXT, WHY_LANG_EN, "The byte at offset 3 of message 4 is e9: "},
    {"latin1", TEXT, WHY_LANG_EN, "63 61 66 [e9] 21"},
    {"latin1", TEXT, WHY_LANG_EN, "look like Latin-1"},
    {"latin1", TEXT, WHY_LANG_EN, "61.5 s"},
    {"latin1", LINE, WHY_LANG_EN, "1007 utf8.invalid (peer): The byte at offset 3 of message 4"},
    {"latin1", LINE, WHY_LANG_FR, "1007 utf8.invalid (pair): L'octet à la position 3 du message 4"},
    {"gzip", TEXT, WHY_LANG_EN, "gzip data: send it as a binary frame"},
    {"gzip", TEXT, WHY_LANG_FR, "envoyez-les dans une trame binaire"},
    {"cut character", TEXT, WHY_LANG_EN, "ends in the middle of a character"},
    {"cut character", TEXT, WHY_LANG_EN, "61 e2 82 [end]"},
    {"bad reason", TEXT, WHY_LANG_EN, "of the reason in the Close frame is ff"},
    {"expired", TEXT, WHY_LANG_EN, "certificate 0: certificate has expired (10, tls.cert.expired)"},
    {"expired", TEXT, WHY_LANG_EN, "2023-04-01 00:00 UTC"},
    {"expired", TEXT, WHY_LANG_EN, "certificate_expired (45)"},
    {"expired", TEXT, WHY_LANG_EN, "chat.example, *.chat.example"},
    {"expired", TEXT, WHY_LANG_EN, "dns 1.2 ms, tcp 20.3 ms, tls 41.0 ms"},
    {"expired", TEXT, WHY_LANG_FR, "Alerte envoyée"},
    {"expired", TEXT, WHY_LANG_EN, "  On the server: certbot renew"},
    {"expired", TEXT, WHY_LANG_FR, "  Sur le serveur\xc2\xa0: certbot renew"},
    {"expired", JSON, WHY_LANG_EN, "\"fix_server\":\"certbot renew"},
    {"expired", JSON, WHY_LANG_EN, "\"notices\":[]"},
    {"latin1", JSON, WHY_LANG_EN, "\"fix_server\":null,\"fix_client\":null"},
    {"noticed", TEXT, WHY_LANG_EN, "Worth a look\n  cert.expires_soon: The certificate expires"},
    {"noticed", TEXT, WHY_LANG_EN, "\n  version.old: TLS 1.2 is the best that the server has\n"},
    {"noticed", TEXT, WHY_LANG_FR, "À regarder\n  cert.expires_soon: Le certificat expire"},
    {"noticed", JSON, WHY_LANG_EN, "\"notices\":[{\"id\":\"cert.expires_soon\",\"title\":"},
    {"noticed", JSON, WHY_LANG_FR, "{\"id\":\"version.old\",\"title\":\"TLS 1.2 est"},
    {"forbidden", TEXT, WHY_LANG_EN, "HTTP/1.1 403 Forbidden\n"},
    {"forbidden", TEXT, WHY_LANG_EN, "<html>Origin not allowed</html>"},
    {"peer closed", TEXT, WHY_LANG_EN, "1011 Internal error, \"database down\" (first)"},
    {"peer closed", LINE, WHY_LANG_EN,
     "1011 peer.closed (peer): Internal error, \"database down\""},
    {"peer closed", TEXT, WHY_LANG_EN, "(FIN)"},
    {"no status", TEXT, WHY_LANG_EN, "without a code"},
    {"not found", TEXT, WHY_LANG_EN, "EAI_NONAME"},
    {"not found", LINE, WHY_LANG_EN, ": no.such.host.example"},
    {"reset", TEXT, WHY_LANG_EN, "ECONNRESET (104)"},
    {"reset", TEXT, WHY_LANG_EN, "81 7e 00 7d"},
    {"reset", TEXT, WHY_LANG_EN, "likely, not certain"},
    {"hostile reason", LINE, WHY_LANG_EN,
     "\\x1b]0;owned\\x07\\x0d\\x0a\\u{202e}\\xff\\u{9b}\\u{202c}"},
    {"latin1", JSON, WHY_LANG_EN, "\"window\":\"636166e921\",\"window_at\":3"},
    {"bad reason", JSON, WHY_LANG_EN, "\"reason_hex\":\"ff\""},
    {"expired", JSON, WHY_LANG_EN, "\"not_after\":1680307200"},
};

static void records_say_what_they_know(void **state) {
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        struct why_record record;
        test_record_named(rows[i].record, &record);
        struct why_text text = {0};
        write_form(&record, rows[i].form, rows[i].lang, &text);
        if (strstr(text.data, rows[i].says) == NULL) {
            print_error("FAIL %s does not say \"%s\":\n%s\n", rows[i].record, rows[i].says,
                        text.data);
            failures++;
        }
        why_text_clear(&text);
    }
    assert_int_equal(failures, 0);
}

static void french_is_another_text(void **state) {
    (void)state;
    struct why_record record;
    const char *name = NULL;
    for (size_t i = 0; test_record_at(i, &record, &name); i++) {
        struct why_text english = {0};
        struct why_text french = {0};
        why_record_write_text(&record, WHY_LANG_EN, &english);
        why_record_write_text(&record, WHY_LANG_FR, &french);
        bool differs = strcmp(english.data, french.data) != 0;
        why_text_clear(&english);
        why_text_clear(&french);
        if (!differs) {
            fail_msg("%s", name);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_written_in_every_form),
        cmocka_unit_test(a_line_is_one_line),
        cmocka_unit_test(records_say_what_they_know),
        cmocka_unit_test(french_is_another_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
