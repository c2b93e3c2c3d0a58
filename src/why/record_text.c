/* SPDX-License-Identifier: MIT
 *
 * A close record for people: as paragraphs, and in one line. Headings begin a line; what stands
 * under them is indented by two spaces, which is all that whoever wraps or colours has to know.
 */
#include "why/i18n.h"
#include "why/record_facts.h"
#include "why/words.h"
#include "whysocket/explain.h"

#include <string.h>

static void paragraph(struct why_text *text, const char *content) {
    if (*content != '\0') {
        why_text_append(text, "  %s\n", content);
    }
}

static void heading(struct why_text *text, const char *title) {
    why_text_append(text, "\n%s\n", title);
}

/* What a Close frame says stands in its code, not in the cause, which is only that one came. */
static bool is_code_telling(const struct why_record *record) {
    return record->cause == WHY_CAUSE_PEER_CLOSED && record->code >= WHY_CLOSE_NORMAL;
}

static void write_happened(const struct why_record *record, enum why_lang lang,
                           struct why_text *text) {
    heading(text, tr(lang, "What happened"));
    paragraph(text, tr(lang, why_cause_info(record->cause)->happened));
    if (record->utf8.present) {
        why_text_append(text, "  ");
        why__record_utf8_fact(record, lang, text);
        why_text_append(text, "\n");
    }
    if (*record->detail != '\0') {
        why_text_append(text, "  ");
        why_text_append_detail(text, lang, record->detail, &record->detail_parts);
        why_text_append(text, "\n");
    }
    if (is_code_telling(record)) {
        const struct why_code_info *code = why_code_info(record->code);
        why_text_append(text, "  %u %s: %s\n", record->code, tr(lang, code->name),
                        tr(lang, code->description));
    }
    if (record->likely) {
        paragraph(text, tr(lang, "This is likely, not certain: it is inferred from the evidence "
                                 "below."));
    }
}

static const char *const side_texts[] = {
    [WHY_SIDE_NONE] = N_("Nobody's: nothing went wrong."),
    [WHY_SIDE_PEER] = N_("The peer's. Look there first."),
    [WHY_SIDE_US] = N_("This side's. Look here first."),
    [WHY_SIDE_NETWORK] =
        N_("Between the two: the network, the name service or a proxy. Look there first."),
    [WHY_SIDE_APPLICATION] = N_("The application's, above the WebSocket. Look there first."),
};

static void write_advice(const struct why_record *record, enum why_lang lang,
                         struct why_text *text) {
    heading(text, tr(lang, "Whose side"));
    paragraph(text, tr(lang, side_texts[record->side]));
    heading(text, tr(lang, "How to fix it"));
    if (record->utf8.present && record->utf8.guess != WHY_GUESS_NONE) {
        why_text_append(text, "  ");
        why__record_utf8_guess(record, lang, text);
        why_text_append(text, "\n");
    }
    paragraph(text, tr(lang, is_code_telling(record) ? why_code_info(record->code)->fix
                                                     : why_cause_info(record->cause)->fix));
    why__append_sides(text, why_cause_info(record->cause), lang);
    heading(text, tr(lang, "Connect again?"));
    paragraph(text, tr(lang, why__retry_text(why_record_retry(record))));
}

static void append_code_and_id(const struct why_record *record, struct why_text *text) {
    if (record->code != 0) {
        why_text_append(text, "%u ", record->code);
    }
    why_text_append(text, "%s", why_cause_id(record->cause));
}

void why_record_write_text(const struct why_record *record, enum why_lang lang,
                           struct why_text *text) {
    append_code_and_id(record, text);
    why_text_append(text, ": %s\n", tr(lang, why_cause_info(record->cause)->title));
    write_happened(record, lang, text);
    struct why_text evidence = {0};
    why__record_evidence(record, lang, &evidence);
    if (evidence.len > 0) {
        heading(text, tr(lang, "Evidence"));
        why_text_append(text, "%s", evidence.data);
    }
    text->failed |= evidence.failed;
    why_text_clear(&evidence);
    write_advice(record, lang, text);
    why__record_notices(record, lang, text);
}

/* ---- One line ---- */

static void append_frame(const struct why_close_frame *frame, enum why_lang lang,
                         struct why_text *text) {
    why_text_append(text, "%s", tr(lang, why_code_info(frame->code)->name));
    if (frame->reason_len > 0) {
        why_text_append(text, ", \"");
        why_text_append_untrusted(text, frame->reason, frame->reason_len);
        why_text_append(text, "\"");
    }
}

/* The fact that tells most. */
static void append_fact(const struct why_record *record, enum why_lang lang,
                        struct why_text *text) {
    if (record->utf8.present) {
        why__record_utf8_fact(record, lang, text);
    } else if (is_code_telling(record) && record->received.present) {
        append_frame(&record->received, lang, text);
    } else if (*record->detail != '\0') {
        why_text_append(text, "%s: ", tr(lang, why_cause_info(record->cause)->title));
        why_text_append_detail(text, lang, record->detail, &record->detail_parts);
    } else {
        why_text_append(text, "%s", tr(lang, why_cause_info(record->cause)->title));
    }
}

void why_record_write_line(const struct why_record *record, enum why_lang lang,
                           struct why_text *text) {
    append_code_and_id(record, text);
    why_text_append(text, " (%s): ", tr(lang, why__side_word(record->side)));
    append_fact(record, lang, text);
}
