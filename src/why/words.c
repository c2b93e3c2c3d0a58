/* SPDX-License-Identifier: MIT */
#include "why/words.h"
#include "why/i18n.h"

#include <string.h>

const char *why__status_id(enum why_code_status status) {
    static const char *const ids[] = {
        [WHY_CODE_REGISTERED] = "registered", [WHY_CODE_LOCAL] = "local",
        [WHY_CODE_RESERVED] = "reserved",     [WHY_CODE_UNASSIGNED] = "unassigned",
        [WHY_CODE_LIBRARY] = "library",       [WHY_CODE_PRIVATE] = "private",
        [WHY_CODE_INVALID] = "invalid",
    };
    return ids[status];
}

const char *why__retry_id(enum why_retry retry) {
    static const char *const ids[] = {
        [WHY_RETRY_NOT_NEEDED] = "not_needed",
        [WHY_RETRY_BACK_OFF] = "back_off",
        [WHY_RETRY_CHANGED] = "changed",
        [WHY_RETRY_DEPENDS] = "depends",
    };
    return ids[retry];
}

const char *why__facet_id(enum why_facet facet) {
    static const char *const ids[WHY_FACET_COUNT] = {
        [WHY_FACET_STATUS] = "status",    [WHY_FACET_SENDERS] = "senders",
        [WHY_FACET_SCOPE] = "scope",      [WHY_FACET_PHASE] = "phase",
        [WHY_FACET_LAYER] = "layer",      [WHY_FACET_DECIDER] = "decider",
        [WHY_FACET_MEND] = "mend",        [WHY_FACET_RETRY] = "retry",
        [WHY_FACET_HTTP] = "http_status",
    };
    return ids[facet];
}

const char *why__client_id(enum why_client_kind kind) {
    static const char *const ids[WHY_CLIENT_KIND_COUNT] = {
        [WHY_CLIENT_CHROME] = "chrome", [WHY_CLIENT_FIREFOX] = "firefox",
        [WHY_CLIENT_SAFARI] = "safari", [WHY_CLIENT_NODE] = "node",
        [WHY_CLIENT_PYTHON] = "python", [WHY_CLIENT_GO] = "go",
        [WHY_CLIENT_JAVA] = "java",     [WHY_CLIENT_CURL] = "curl",
    };
    return ids[kind];
}

const char *why_client_kind_name(enum why_client_kind kind) {
    static const char *const names[WHY_CLIENT_KIND_COUNT] = {
        [WHY_CLIENT_CHROME] = "Chrome", [WHY_CLIENT_FIREFOX] = "Firefox",
        [WHY_CLIENT_SAFARI] = "Safari", [WHY_CLIENT_NODE] = "Node",
        [WHY_CLIENT_PYTHON] = "Python", [WHY_CLIENT_GO] = "Go",
        [WHY_CLIENT_JAVA] = "Java",     [WHY_CLIENT_CURL] = "curl",
    };
    return names[kind];
}

const char *why__retry_text(enum why_retry retry) {
    static const char *const texts[] = {
        [WHY_RETRY_NOT_NEEDED] = N_("No need: it ended as it should."),
        [WHY_RETRY_BACK_OFF] = N_("Yes, after a random pause that grows with each attempt."),
        [WHY_RETRY_CHANGED] = N_("Not as it is: the same again fails the same way. Mend it first."),
        [WHY_RETRY_DEPENDS] = N_("It depends on what the application means by it."),
    };
    return texts[retry];
}

const char *why__side_word(enum why_side side) {
    static const char *const words[] = {
        [WHY_SIDE_NONE] = N_("nobody"),
        [WHY_SIDE_PEER] = N_("peer"),
        [WHY_SIDE_US] = N_("this side"),
        [WHY_SIDE_NETWORK] = N_("network"),
        [WHY_SIDE_APPLICATION] = N_("application"),
    };
    return words[side];
}

/* "7.4.1" of " section 7.4.1" or " sections 7.4.1, 8.1": the first one. `len` is 0 without one. */
static const char *first_section(const char *text, size_t *len) {
    static const char word[] = " section";
    *len = 0;
    if (strncmp(text, word, sizeof word - 1) != 0) {
        return text;
    }
    text += sizeof word - 1;
    text += *text == 's';
    text += *text == ' ';
    *len = strspn(text, "0123456789.");
    if (*len > 0 && text[*len - 1] == '.') {
        (*len)--; /* the full stop of a sentence */
    }
    return text;
}

void why__append_reference_url(struct why_text *text, const char *reference) {
    if (strncmp(reference, "IANA", 4) == 0) {
        why_text_append(text, "https://www.iana.org/assignments/websocket/websocket.xhtml");
    }
    if (strncmp(reference, "RFC ", 4) != 0) {
        return;
    }
    const char *number = reference + 4;
    int number_len = (int)strspn(number, "0123456789");
    size_t len = 0;
    const char *section = first_section(number + number_len, &len);
    why_text_append(text, "https://www.rfc-editor.org/rfc/rfc%.*s", number_len, number);
    if (len > 0) {
        why_text_append(text, "#section-%.*s", (int)len, section);
    }
}

void why__append_code_range(struct why_text *text, uint16_t first, uint16_t last) {
    if (first == last) {
        why_text_append(text, "%u", first);
    } else {
        why_text_append(text, "%u-%u", first, last);
    }
}

void why__append_sides(struct why_text *text, const struct why_cause_info *info,
                       enum why_lang lang) {
    if (info->fix_server != NULL) {
        why_text_append(text, "  %s %s\n", tr(lang, "On the server:"), tr(lang, info->fix_server));
    }
    if (info->fix_client != NULL) {
        why_text_append(text, "  %s %s\n", tr(lang, "On the client:"), tr(lang, info->fix_client));
    }
}

void why__json_sides(struct why__json *json, const struct why_cause_info *info,
                     enum why_lang lang) {
    why__json_string_or_null(json, "fix_server",
                             info->fix_server == NULL ? "" : tr(lang, info->fix_server));
    why__json_string_or_null(json, "fix_client",
                             info->fix_client == NULL ? "" : tr(lang, info->fix_client));
}
