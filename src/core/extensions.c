/* SPDX-License-Identifier: MIT
 *
 * The bits of a window: 8 to 15. zlib's raw deflate cannot compress with 8 (it takes 9 for it, or
 * refuses). A server of ours declines an offer of it for itself; a client, whose offer lets the
 * server choose, keeps to it by sending nothing compressed. Inflating with 8 is no matter.
 */
#include "core/extensions.h"

#include "base/ascii.h"
#include "base/mark.h"

#include <assert.h>
#include <string.h>

#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15
#define OUR_WINDOW_BITS_MIN 9

/* ---- Grammar ---- */

static bool is_at_end(const struct why__extension_iterator *iterator) {
    return iterator->at == iterator->text.len;
}

/* The byte here; 0, which the grammar has nowhere, at the end. */
static char here(const struct why__extension_iterator *iterator) {
    return is_at_end(iterator) ? '\0' : (char)iterator->text.data[iterator->at];
}

static void step(struct why__extension_iterator *iterator) {
    iterator->at++;
}

static void skip_space(struct why__extension_iterator *iterator) {
    while (here(iterator) == ' ' || here(iterator) == '\t') {
        step(iterator);
    }
}

static bool read_token(struct why__extension_iterator *iterator, struct why_bytes *token) {
    size_t from = iterator->at;
    while (!is_at_end(iterator) && why__is_token_char(here(iterator))) {
        step(iterator);
    }
    *token = (struct why_bytes){iterator->text.data + from, iterator->at - from};
    return token->len > 0;
}

/* A quoted string, which after unescaping has to be a token (RFC 6455 section 9.1). */
static bool read_quoted(struct why__extension_iterator *iterator, struct why_bytes *value) {
    step(iterator);
    size_t from = iterator->at;
    while (here(iterator) != '"') {
        if (here(iterator) == '\\') {
            step(iterator);
        }
        if (is_at_end(iterator) || !why__is_token_char(here(iterator))) {
            return false;
        }
        step(iterator);
    }
    *value = (struct why_bytes){iterator->text.data + from, iterator->at - from};
    if (value->len == 0) {
        return false;
    }
    step(iterator);
    return true;
}

/* After a name or a parameter: the next thing has to be a separator, or the end. */
static bool read_param(struct why__extension_iterator *iterator) {
    step(iterator);
    skip_space(iterator);
    if (!read_token(iterator, &iterator->name)) {
        return false;
    }
    skip_space(iterator);
    iterator->has_value = here(iterator) == '=';
    iterator->value = (struct why_bytes){NULL, 0};
    if (!iterator->has_value) {
        return true;
    }
    step(iterator);
    skip_space(iterator);
    return here(iterator) == '"' ? read_quoted(iterator, &iterator->value)
                                 : read_token(iterator, &iterator->value);
}

void why__extension_iterator_init(struct why__extension_iterator *iterator, struct why_bytes text) {
    *iterator = (struct why__extension_iterator){.text = text};
}

enum why__extension_item why__extension_next(struct why__extension_iterator *iterator) {
    skip_space(iterator);
    if (iterator->in_extension) {
        if (here(iterator) == ';') {
            return read_param(iterator) ? WHY__EXTENSION_PARAM : WHY__EXTENSION_BAD;
        }
        if (here(iterator) != ',' && !is_at_end(iterator)) {
            return WHY__EXTENSION_BAD;
        }
        iterator->in_extension = false;
    }
    /* Empty elements of a list are passed over (RFC 9110 section 5.6.1.2). */
    while (here(iterator) == ',') {
        step(iterator);
        skip_space(iterator);
    }
    if (is_at_end(iterator)) {
        return WHY__EXTENSION_END;
    }
    if (!read_token(iterator, &iterator->name)) {
        return WHY__EXTENSION_BAD;
    }
    iterator->in_extension = true;
    return WHY__EXTENSION_NAME;
}

/* ---- permessage-deflate ---- */

static bool is_text(struct why_bytes bytes, const char *text) {
    return why__text_is_nocase((const char *)bytes.data, bytes.len, text);
}

/* Parameters of one offer, or of the answer, as they came. Bits are 0 where the parameter was not
 * there, and VALUE_NONE where it came without a value. */
#define VALUE_NONE UINT8_MAX

struct deflate_element {
    bool server_no_context_takeover, client_no_context_takeover;
    uint8_t server_max_window_bits, client_max_window_bits;
};

/* 8 to 15 in decimal, no leading zero; 0 for anything else. */
static uint8_t read_bits(struct why_bytes value) {
    unsigned bits = 0;
    size_t digits = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = (char)value.data[i];
        if (c == '\\') {
            continue;
        }
        digits++;
        if (!why__is_digit(c) || digits > 2 || (digits == 1 && c == '0')) {
            return 0;
        }
        bits = bits * 10 + (unsigned)(c - '0');
    }
    return bits >= WINDOW_BITS_MIN && bits <= WINDOW_BITS_MAX ? (uint8_t)bits : 0;
}

static const char *read_flag(const struct why__extension_iterator *param, bool *flag) {
    if (param->has_value) {
        return N_("a parameter of permessage-deflate has a value that it cannot have");
    }
    if (*flag) {
        return N_("a parameter of permessage-deflate comes twice");
    }
    *flag = true;
    return NULL;
}

static const char *read_window(const struct why__extension_iterator *param, bool may_be_bare,
                               uint8_t *window_bits) {
    if (*window_bits != 0) {
        return N_("a parameter of permessage-deflate comes twice");
    }
    if (!param->has_value) {
        *window_bits = VALUE_NONE;
        return may_be_bare ? NULL : N_("a window size of permessage-deflate has no value");
    }
    *window_bits = read_bits(param->value);
    return *window_bits != 0 ? NULL : N_("a window size of permessage-deflate is not 8 to 15");
}

/* Add one parameter; what is wrong with it, or NULL. */
static const char *read_deflate_param(const struct why__extension_iterator *param, bool is_offer,
                                      struct deflate_element *element) {
    if (is_text(param->name, "server_no_context_takeover")) {
        return read_flag(param, &element->server_no_context_takeover);
    }
    if (is_text(param->name, "client_no_context_takeover")) {
        return read_flag(param, &element->client_no_context_takeover);
    }
    if (is_text(param->name, "server_max_window_bits")) {
        return read_window(param, false, &element->server_max_window_bits);
    }
    if (is_text(param->name, "client_max_window_bits")) {
        return read_window(param, is_offer, &element->client_max_window_bits);
    }
    return N_("permessage-deflate has a parameter that does not exist");
}

static uint8_t our_window_bits(const struct why_options *options) {
    uint8_t bits = options->deflate_window_bits;
    if (bits < OUR_WINDOW_BITS_MIN) {
        return OUR_WINDOW_BITS_MIN;
    }
    return bits > WINDOW_BITS_MAX ? WINDOW_BITS_MAX : bits;
}

/* Answer an offer whose parameters are all right; nothing happens where it has to be declined.
 *
 * The client's window: a size it offers is one it keeps to whatever we answer, and answering it
 * says so (section 7.1.2.2). 8 is left unanswered: it binds the client all the same, and one that
 * compresses with 9 then, as older zlibs do, is understood too. */
static void accept_offer(const struct deflate_element *offer, const struct why_options *options,
                         struct why_deflate_params *agreed) {
    uint8_t ours = our_window_bits(options);
    if (offer->server_max_window_bits == WINDOW_BITS_MIN) {
        return;
    }
    if (offer->server_max_window_bits != 0 && offer->server_max_window_bits < ours) {
        ours = offer->server_max_window_bits;
    }
    /* An offer of it is accepted by answering it (section 7.1.2.1), also where that is no limit. */
    bool is_said = offer->server_max_window_bits != 0 || ours < WINDOW_BITS_MAX;
    uint8_t theirs = WINDOW_BITS_MAX;
    if (offer->client_max_window_bits > WINDOW_BITS_MIN &&
        offer->client_max_window_bits != VALUE_NONE) {
        theirs = offer->client_max_window_bits;
    }
    *agreed = (struct why_deflate_params){
        .enabled = true,
        .server_no_context_takeover =
            offer->server_no_context_takeover || !options->deflate_keep_context,
        .client_no_context_takeover =
            offer->client_no_context_takeover || !options->deflate_peer_keep_context,
        .server_max_window_bits = is_said ? ours : 0,
        .client_max_window_bits = theirs,
    };
}

bool why__extensions_accept(struct why_bytes value, const struct why_options *options,
                            struct why_deflate_params *agreed, size_t *error_at) {
    struct why__extension_iterator iterator;
    why__extension_iterator_init(&iterator, value);
    struct deflate_element offer = {0};
    struct why_deflate_params answer = *agreed;
    bool is_candidate = false; /* the element being read is an offer that may yet be accepted */
    bool is_empty = true;
    for (;;) {
        enum why__extension_item item = why__extension_next(&iterator);
        if (item == WHY__EXTENSION_BAD || (item == WHY__EXTENSION_END && is_empty)) {
            *error_at = iterator.at;
            return false;
        }
        if (item == WHY__EXTENSION_PARAM) {
            is_candidate = is_candidate && read_deflate_param(&iterator, true, &offer) == NULL;
            continue;
        }
        if (is_candidate && !answer.enabled) {
            accept_offer(&offer, options, &answer);
        }
        if (item == WHY__EXTENSION_END) {
            break;
        }
        is_empty = false;
        offer = (struct deflate_element){0};
        is_candidate = options->deflate && is_text(iterator.name, "permessage-deflate");
    }
    *agreed = answer;
    return true;
}

/* ---- Writing ---- */

static size_t put(char *out, size_t at, const char *text) {
    size_t len = why__text_len(text);
    assert(at + len <= WHY__EXTENSIONS_TEXT_MAX);
    memcpy(out + at, text, len);
    return at + len;
}

static size_t put_bits(char *out, size_t at, const char *name, uint8_t bits) {
    char digits[WHY__DECIMAL_MAX + 1];
    digits[why__decimal_write(bits, digits)] = '\0';
    return put(out, put(out, put(out, at, name), "="), digits);
}

size_t why__extensions_answer(const struct why_deflate_params *agreed,
                              char out[WHY__EXTENSIONS_TEXT_MAX]) {
    if (!agreed->enabled) {
        return 0;
    }
    size_t at = put(out, 0, "permessage-deflate");
    if (agreed->server_no_context_takeover) {
        at = put(out, at, "; server_no_context_takeover");
    }
    if (agreed->client_no_context_takeover) {
        at = put(out, at, "; client_no_context_takeover");
    }
    if (agreed->server_max_window_bits != 0) {
        at = put_bits(out, at, "; server_max_window_bits", agreed->server_max_window_bits);
    }
    if (agreed->client_max_window_bits < WINDOW_BITS_MAX) {
        at = put_bits(out, at, "; client_max_window_bits", agreed->client_max_window_bits);
    }
    return at;
}

size_t why__extensions_offer(const struct why_options *options,
                             char out[WHY__EXTENSIONS_TEXT_MAX]) {
    if (!options->deflate) {
        return 0;
    }
    size_t at = put(out, 0, "permessage-deflate");
    if (!options->deflate_peer_keep_context) {
        at = put(out, at, "; server_no_context_takeover");
    }
    if (!options->deflate_keep_context) {
        at = put(out, at, "; client_no_context_takeover");
    }
    /* Without a value it says that a size in the answer will be kept to. */
    uint8_t bits = our_window_bits(options);
    if (bits == WINDOW_BITS_MAX) {
        return put(out, at, "; client_max_window_bits");
    }
    return put_bits(out, at, "; client_max_window_bits", bits);
}

/* ---- The client's look at the answer ---- */

/* Read the one element that may be there. */
static const char *read_answer(struct why__extension_iterator *iterator,
                               struct deflate_element *answer) {
    bool has_deflate = false;
    for (;;) {
        switch (why__extension_next(iterator)) {
        case WHY__EXTENSION_NAME:
            if (!is_text(iterator->name, "permessage-deflate")) {
                return N_("the server answers with an extension that was not offered");
            }
            if (has_deflate) {
                return N_("the server answers with permessage-deflate twice");
            }
            has_deflate = true;
            break;
        case WHY__EXTENSION_PARAM: {
            const char *error = read_deflate_param(iterator, false, answer);
            if (error != NULL) {
                return error;
            }
            break;
        }
        case WHY__EXTENSION_END:
            return has_deflate ? NULL : N_("Sec-WebSocket-Extensions is empty");
        case WHY__EXTENSION_BAD:
        default:
            return N_("Sec-WebSocket-Extensions is malformed");
        }
    }
}

/* Whether the answer goes with what was offered; what is wrong, or NULL. */
static const char *compare(const struct deflate_element *answer,
                           const struct why_options *options) {
    if (!options->deflate) {
        return N_("the server answers with an extension that was not offered");
    }
    if (!options->deflate_peer_keep_context && !answer->server_no_context_takeover) {
        return N_("the server leaves out server_no_context_takeover, which was asked for");
    }
    if (answer->client_max_window_bits > our_window_bits(options)) {
        return N_("the server answers with a larger client_max_window_bits than was offered");
    }
    return NULL;
}

const char *why__extensions_check(struct why_bytes value, const struct why_options *options,
                                  struct why_deflate_params *agreed, size_t *error_at) {
    struct why__extension_iterator iterator;
    why__extension_iterator_init(&iterator, value);
    struct deflate_element answer = {0};
    const char *error = read_answer(&iterator, &answer);
    if (error == NULL) {
        error = compare(&answer, options);
    }
    if (error != NULL) {
        *error_at = iterator.at < value.len ? iterator.at : 0;
        return error;
    }
    uint8_t ours = our_window_bits(options);
    *agreed = (struct why_deflate_params){
        .enabled = true,
        .server_no_context_takeover = answer.server_no_context_takeover,
        .client_no_context_takeover =
            answer.client_no_context_takeover || !options->deflate_keep_context,
        .server_max_window_bits = answer.server_max_window_bits,
        .client_max_window_bits =
            answer.client_max_window_bits != 0 ? answer.client_max_window_bits : ours,
    };
    return NULL;
}
