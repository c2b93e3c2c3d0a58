/* SPDX-License-Identifier: MIT */
#include "base/guess.h"

#include "base/ascii.h"
#include "base/utf8.h"

#include <string.h>

/* What of each kind there is. */
struct survey {
    size_t words;    /* letters, digits and spaces of ASCII */
    size_t marks;    /* the rest of what ASCII can print, and what terminals are sent */
    size_t controls; /* the rest of ASCII */
    size_t multi;    /* whole characters of UTF-8, of more than one byte */
    size_t high;     /* bytes above ASCII that make no such character */
    size_t high_c1;  /* of them, 80..9F: controls in Latin-1, characters in Windows-1252 */
    size_t unlikely; /* of them, those that Windows-1252 leaves open or hardly any text has */
};

static bool is_letter(uint8_t byte) {
    char lower = why__to_lower((char)byte);
    return lower >= 'a' && lower <= 'z';
}

static bool is_continuation(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

/* Length of the character of two bytes or more that begins at data[0]; 0 where none does. */
static size_t multi_len(const uint8_t *data, size_t len) {
    for (size_t n = 2; n <= 4 && n <= len; n++) {
        if (data[0] >= 0x80 && why__utf8_is_valid(data, n)) {
            return n;
        }
    }
    return 0;
}

/* Whether `len` bytes, up to three, begin a character and no more. */
static bool is_begun(const uint8_t *data, size_t len) {
    struct why__utf8 check = {0};
    return len > 0 && len < 4 && data[0] >= 0xc0 && why__utf8_check(&check, data, len) == len &&
           !why__utf8_is_complete(&check);
}

/* What texts and terminals' output have of ASCII's controls. */
static bool is_text_control(uint8_t byte) {
    static const uint8_t text_controls[] = {'\a', '\b', '\t', '\n', '\f', '\r', 0x1b};
    return memchr(text_controls, byte, sizeof text_controls) != NULL;
}

static void count_byte(struct survey *survey, uint8_t byte) {
    /* The euro, quotation marks, dashes, dots, and letters of French and Czech. */
    static const uint8_t likely[] = {0x80, 0x82, 0x84, 0x85, 0x8a, 0x8c, 0x8e, 0x91, 0x92,
                                     0x93, 0x94, 0x95, 0x96, 0x97, 0x99, 0x9a, 0x9c, 0x9e};
    if (byte >= 0x80) {
        survey->high++;
        survey->high_c1 += byte < 0xa0;
        survey->unlikely += byte < 0xa0 && memchr(likely, byte, sizeof likely) == NULL;
    } else if (is_letter(byte) || why__is_digit((char)byte) || byte == ' ') {
        survey->words++;
    } else if ((byte > ' ' && byte < 0x7f) || is_text_control(byte)) {
        survey->marks++;
    } else {
        survey->controls++;
    }
}

static struct survey survey_bytes(const struct why__guess_input *input) {
    struct survey survey = {0};
    const uint8_t *data = input->data;
    size_t at = 0;
    /* The end of a character that begins before `data` says nothing. */
    while (input->offset > 0 && at < 3 && at < input->wrong_at && at < input->len &&
           is_continuation(data[at])) {
        at++;
    }
    while (at < input->len) {
        size_t left = input->len - at;
        size_t n = multi_len(data + at, left);
        if (n > 0) {
            survey.multi++;
            at += n;
        } else if (!input->is_whole && is_begun(data + at, left)) {
            break; /* goes on after `data` */
        } else {
            count_byte(&survey, data[at]);
            at++;
        }
    }
    return survey;
}

/* Whether bytes above ASCII are sprinkled over words, as in the languages of Western Europe. */
static bool is_western(const struct survey *survey) {
    size_t ascii = survey->words + survey->marks;
    return survey->controls == 0 && survey->high > 0 && survey->unlikely == 0 && ascii >= 3 &&
           survey->high * 3 <= ascii + 1 && survey->words * 5 >= ascii * 2;
}

static enum why_guess guess_western(const struct survey *survey) {
    return survey->high_c1 > 0 ? WHY_GUESS_WINDOWS_1252 : WHY_GUESS_LATIN1;
}

/* A zlib stream (RFC 1950, 2.2) with the largest window, as nearly all are, and whose first block
 * is possible (RFC 1951, 3.2.3). */
static bool is_zlib(const uint8_t *data, size_t len) {
    if (len < 8 || data[0] != 0x78 || (data[1] & 0x20) != 0 || (0x7800 | data[1]) % 31 != 0) {
        return false;
    }
    unsigned block_type = data[2] >> 1 & 3;
    if (block_type == 0) { /* stored: its length comes twice */
        return (data[3] ^ data[5]) == 0xff && (data[4] ^ data[6]) == 0xff;
    }
    return block_type != 3;
}

static enum why_guess guess_magic(const uint8_t *data, size_t len) {
    static const struct {
        enum why_guess guess;
        uint8_t len;
        uint8_t bytes[8];
    } magics[] = {
        {WHY_GUESS_GZIP, 3, {0x1f, 0x8b, 8}},          /* RFC 1952, 2.3.1; 8: deflate */
        {WHY_GUESS_ZSTD, 4, {0x28, 0xb5, 0x2f, 0xfd}}, /* RFC 8878, 3.1.1 */
        {WHY_GUESS_PNG, 8, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}},
        {WHY_GUESS_JPEG, 3, {0xff, 0xd8, 0xff}},
    };
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (len >= magics[i].len && memcmp(data, magics[i].bytes, magics[i].len) == 0) {
            return magics[i].guess;
        }
    }
    return WHY_GUESS_NONE;
}

/* What the pairs of bytes are as UTF-16 of one order. */
struct utf16_survey {
    size_t units, latin; /* U+0001 to U+00FF */
    bool is_text;        /* no controls, no half of a pair alone */
};

static struct utf16_survey survey_utf16(const uint8_t *data, size_t len, bool is_little) {
    struct utf16_survey survey = {.is_text = true};
    bool wants_low = false;
    for (size_t at = 0; at + 2 <= len; at += 2) {
        unsigned unit = is_little ? data[at + 1] * 256U + data[at] : data[at] * 256U + data[at + 1];
        bool low = unit >= 0xdc00 && unit < 0xe000;
        bool control = unit < ' ' || (unit >= 0x7f && unit < 0xa0);
        if (low != wants_low || (control && (unit == 0 || !is_text_control((uint8_t)unit)))) {
            survey.is_text = false;
        }
        wants_low = unit >= 0xd800 && unit < 0xdc00;
        survey.units++;
        survey.latin += unit < 0x100;
    }
    return survey;
}

/* With a mark in front; or text of which half is Latin, so zeroes stand in the upper bytes. */
static enum why_guess guess_utf16(const struct why__guess_input *input) {
    size_t begin = (size_t)(input->offset & 1);
    const uint8_t *data = input->data + begin;
    size_t len = input->len - begin;
    for (int is_little = 0; is_little <= 1; is_little++) {
        struct utf16_survey survey = survey_utf16(data, len, is_little != 0);
        bool is_marked = input->offset == 0 && survey.units >= 2 &&
                         data[is_little == 1 ? 0 : 1] == 0xff && data[is_little] == 0xfe;
        bool is_latin = survey.units >= 4 && survey.latin * 2 >= survey.units;
        if (survey.is_text && (is_marked || is_latin)) {
            return is_little != 0 ? WHY_GUESS_UTF16_LE : WHY_GUESS_UTF16_BE;
        }
    }
    return WHY_GUESS_NONE;
}

/* Length of what only modified UTF-8 has at data[0]; 0 where nothing of it is. */
static size_t modified_len(const uint8_t *data, size_t len) {
    if (len >= 2 && data[0] == 0xc0 && data[1] == 0x80) {
        return 2;
    }
    bool pair = len >= 6 && data[0] == 0xed && data[1] >= 0xa0 && data[1] < 0xb0 &&
                is_continuation(data[2]) && data[3] == 0xed && data[4] >= 0xb0 && data[4] < 0xc0 &&
                is_continuation(data[5]);
    return pair ? 6 : 0;
}

/* Whether nothing else is wrong from the character on that is wrong. */
static bool is_modified_utf8(const struct why__guess_input *input) {
    size_t at = input->wrong_at - (input->utf8_class == WHY_UTF8_CLASS_SURROGATE);
    if (at >= input->len) { /* also where the character begins before the data */
        return false;
    }
    size_t found = 0;
    while (at < input->len) {
        size_t left = input->len - at;
        size_t n = modified_len(input->data + at, left);
        found += n > 0;
        n = n > 0 ? n : input->data[at] < 0x80 ? 1 : multi_len(input->data + at, left);
        if (n == 0) {
            /* What the data's end cuts off may have been right. */
            return found > 0 && !input->is_whole && left < 6 && input->data[at] >= 0xc0;
        }
        at += n;
    }
    return found > 0;
}

/* Half of a UTF-16 pair by itself, encoded: no letter and two signs of Latin-1. */
static bool is_lone_surrogate(const struct why__guess_input *input) {
    return input->utf8_class == WHY_UTF8_CLASS_SURROGATE && input->len - input->wrong_at >= 2 &&
           is_continuation(input->data[input->wrong_at + 1]);
}

/* Whether the bytes before data[end] begin a character, and how many of them do. */
static size_t begun_before(const uint8_t *data, size_t end) {
    for (size_t back = 1; back <= 3 && back <= end; back++) {
        if (is_begun(data + end - back, back)) {
            return back;
        }
    }
    return 0;
}

/* Whether the data from `at` on is UTF-8, as far as it goes. */
static bool is_right_from(const struct why__guess_input *input, size_t at) {
    struct why__utf8 check = {0};
    return why__utf8_check(&check, input->data + at, input->len - at) == input->len - at &&
           (!input->is_whole || why__utf8_is_complete(&check));
}

/* A letter of Latin-1 and the first byte of a character look the same. The latter it is for sure
 * where a second byte follows; else its company tells. */
static bool is_cut_begin(const struct why__guess_input *input, const struct survey *survey) {
    size_t begun = begun_before(input->data, input->wrong_at);
    if (begun == 0 || survey->controls > 0 || !is_right_from(input, input->wrong_at)) {
        return false;
    }
    size_t at = input->wrong_at - begun;
    if (begun > 1) {
        return true;
    }
    bool in_word = at > 0 && is_letter(input->data[at - 1]);
    /* The commonest of first bytes are letters that hardly end a word. */
    bool usual = input->data[at] == 0xc3 || input->data[at] == 0xe2 || input->data[at] == 0xf0;
    bool word_goes_on = !input->at_fragment && input->wrong_at < input->len &&
                        is_letter(input->data[input->wrong_at]);
    return (usual && !word_goes_on) || (!in_word && (survey->multi > 0 || input->at_fragment));
}

/* The other half: a message, or a fragment, that begins with a character's end. */
static bool is_cut_end(const struct why__guess_input *input, const struct survey *survey) {
    bool first = input->wrong_at == 0 && (input->offset == 0 || input->at_fragment);
    size_t stray = input->wrong_at;
    while (stray < input->len && stray - input->wrong_at < 3 &&
           is_continuation(input->data[stray])) {
        stray++;
    }
    size_t count = stray - input->wrong_at;
    return (first || input->at_fragment) && survey->controls == 0 && count < input->len &&
           is_right_from(input, stray) && (count > 1 || survey->multi > 0);
}

static bool is_cut(const struct why__guess_input *input, const struct survey *survey) {
    switch (input->utf8_class) {
    case WHY_UTF8_CLASS_TRUNCATED:
    case WHY_UTF8_CLASS_INTERRUPTED:
        return is_cut_begin(input, survey);
    case WHY_UTF8_CLASS_STRAY_CONTINUATION:
        return is_cut_end(input, survey);
    case WHY_UTF8_CLASS_NONE:
    case WHY_UTF8_CLASS_BAD_LEAD:
    case WHY_UTF8_CLASS_OVERLONG:
    case WHY_UTF8_CLASS_SURROGATE:
    case WHY_UTF8_CLASS_TOO_LARGE:
        return false;
    }
    return false;
}

enum why_guess why__guess(const struct why__guess_input *input) {
    if (input->len == 0 || input->wrong_at > input->len) {
        return WHY_GUESS_NONE;
    }
    bool is_start = input->offset == 0;
    enum why_guess guess = is_start ? guess_magic(input->data, input->len) : WHY_GUESS_NONE;
    if (guess == WHY_GUESS_NONE) {
        guess = guess_utf16(input);
    }
    if (guess != WHY_GUESS_NONE) {
        return guess;
    }
    struct survey survey = survey_bytes(input);
    if (is_cut(input, &survey)) {
        return WHY_GUESS_CUT_CHARACTER;
    }
    if (is_modified_utf8(input)) {
        return WHY_GUESS_MODIFIED_UTF8;
    }
    if (!is_lone_surrogate(input) && is_western(&survey)) {
        return guess_western(&survey);
    }
    if (is_start && is_zlib(input->data, input->len)) {
        return WHY_GUESS_ZLIB;
    }
    if (is_start) {
        guess = why__guess_structure(input->data, input->len, input->is_whole);
    }
    if (guess != WHY_GUESS_NONE) {
        return guess;
    }
    bool is_binary = survey.controls > 0 || survey.high * 3 > input->len;
    return is_binary ? WHY_GUESS_BINARY : WHY_GUESS_NONE;
}
