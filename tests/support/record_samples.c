/* SPDX-License-Identifier: MIT
 *
 * Prints every sample record: as JSON lines (the schema test reads them), or with an argument "en"
 * or "fr" as text, for people.
 */
#include "support/records.h"
#include "whysocket/explain.h"

#include <stdio.h>

static void print(const struct why_record *record, enum why_lang lang, bool as_json) {
    struct why_text text = {0};
    if (as_json) {
        why_record_write_json(record, lang, &text);
    } else {
        why_record_write_line(record, lang, &text);
        why_text_append(&text, "\n\n");
        why_record_write_text(record, lang, &text);
        why_text_append(&text, "\n----\n");
    }
    puts(text.data);
    why_text_clear(&text);
}

int main(int argc, char **argv) {
    struct why_record record;
    const char *name = NULL;
    enum why_lang lang = WHY_LANG_EN;
    bool as_json = argc < 2 || !why_lang_find(argv[1], &lang);
    for (size_t i = 0; test_record_at(i, &record, &name); i++) {
        print(&record, lang, as_json);
        if (as_json) {
            print(&record, WHY_LANG_FR, true);
        }
    }
    return 0;
}
