/* SPDX-License-Identifier: MIT
 *
 * Serialized structures, told by a walk over them: every item must be possible, texts must be
 * texts, and the end must come where the message ends. Bounded in steps and depth.
 */
#include "base/guess.h"

#include "base/utf8.h"

#define STEPS_MAX 512
#define DEPTH_MAX 16

enum kind {
    KIND_BAD,
    KIND_CUT, /* the data ends inside the head */
    KIND_SCALAR,
    KIND_TEXT,
    KIND_BYTES,
    KIND_ARRAY,
    KIND_MAP,
    KIND_TAG, /* says something of the item after it */
};

/* An item's head. */
struct item {
    enum kind kind;
    size_t head_len;
    uint64_t count; /* bytes that follow it, or items, or pairs of them */
};

typedef struct item read_item(const uint8_t *data, size_t len);

/* A number of `size` bytes after the first one, as count or, with a scalar, as the scalar itself.
 */
static struct item read_number(const uint8_t *data, size_t len, enum kind kind, size_t size,
                               size_t extra) {
    struct item item = {.kind = kind, .head_len = 1 + size};
    if (len < item.head_len) {
        return (struct item){.kind = KIND_CUT};
    }
    for (size_t i = 0; i < size; i++) {
        item.count = item.count << 8 | data[1 + i];
    }
    if (kind == KIND_SCALAR) {
        item.count = 0;
    } else if (kind == KIND_BYTES) {
        item.count = item.count > UINT32_MAX ? UINT64_MAX : item.count + extra;
    }
    return item;
}

static struct item read_messagepack(const uint8_t *data, size_t len) {
    static const struct {
        enum kind kind;
        uint8_t size, extra;
    } heads[] = {
        /* from C0 on: nil, never used, false, true, bin, ext, float, uint, int, fixext, ... */
        {KIND_SCALAR, 0, 0},  {KIND_BAD, 0, 0},    {KIND_SCALAR, 0, 0}, {KIND_SCALAR, 0, 0},
        {KIND_BYTES, 1, 0},   {KIND_BYTES, 2, 0},  {KIND_BYTES, 4, 0},  {KIND_BYTES, 1, 1},
        {KIND_BYTES, 2, 1},   {KIND_BYTES, 4, 1},  {KIND_SCALAR, 4, 0}, {KIND_SCALAR, 8, 0},
        {KIND_SCALAR, 1, 0},  {KIND_SCALAR, 2, 0}, {KIND_SCALAR, 4, 0}, {KIND_SCALAR, 8, 0},
        {KIND_SCALAR, 1, 0},  {KIND_SCALAR, 2, 0}, {KIND_SCALAR, 4, 0}, {KIND_SCALAR, 8, 0},
        {KIND_SCALAR, 2, 0},  {KIND_SCALAR, 3, 0}, {KIND_SCALAR, 5, 0}, {KIND_SCALAR, 9, 0},
        {KIND_SCALAR, 17, 0}, {KIND_TEXT, 1, 0},   {KIND_TEXT, 2, 0},   {KIND_TEXT, 4, 0},
        {KIND_ARRAY, 2, 0},   {KIND_ARRAY, 4, 0},  {KIND_MAP, 2, 0},    {KIND_MAP, 4, 0},
    };
    uint8_t first = data[0];
    if (first < 0x80 || first >= 0xe0) {
        return (struct item){KIND_SCALAR, 1, 0};
    }
    if (first < 0xa0) {
        return (struct item){first < 0x90 ? KIND_MAP : KIND_ARRAY, 1, first & 0x0f};
    }
    if (first < 0xc0) {
        return (struct item){KIND_TEXT, 1, first & 0x1f};
    }
    size_t row = first - 0xc0U;
    return heads[row].kind == KIND_BAD
               ? (struct item){.kind = KIND_BAD}
               : read_number(data, len, heads[row].kind, heads[row].size, heads[row].extra);
}

/* RFC 8949 section 3. Indefinite lengths, which few senders use, are left out. */
static struct item read_cbor(const uint8_t *data, size_t len) {
    static const enum kind kinds[] = {KIND_SCALAR, KIND_SCALAR, KIND_BYTES, KIND_TEXT,
                                      KIND_ARRAY,  KIND_MAP,    KIND_TAG,   KIND_SCALAR};
    enum kind kind = kinds[data[0] >> 5];
    uint8_t info = data[0] & 0x1f;
    if (info >= 28 || data[0] == 0xf8) {
        return (struct item){.kind = KIND_BAD};
    }
    if (info < 24) {
        bool has_count = kind != KIND_SCALAR && kind != KIND_TAG;
        return (struct item){kind, 1, has_count ? info : 0};
    }
    return read_number(data, len, kind, (size_t)1 << (info - 24), 0);
}

/* Text as people and programs write it. */
static bool is_plain_text(const uint8_t *data, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if ((data[i] < ' ' && data[i] != '\n' && data[i] != '\r' && data[i] != '\t') ||
            data[i] == 0x7f) {
            return false;
        }
    }
    return why__utf8_is_valid(data, len);
}

/* How far a walk is, and what it met. */
struct walk {
    const uint8_t *data;
    size_t len, at;
    bool is_begun;
    uint64_t open[DEPTH_MAX]; /* items that each array or map still wants */
    bool is_map[DEPTH_MAX];
    size_t depth;
    size_t fields, text_keys, text_bytes;
};

enum step {
    STEP_ON,
    STEP_CUT, /* the data ends inside what comes next */
    STEP_WRONG,
};

/* Take the item's place in what it lies in, and open what it opens.
 * returns  false where it is not plausible there */
static bool place_item(struct walk *walk, const struct item *item) {
    bool opens = item->kind == KIND_ARRAY || item->kind == KIND_MAP;
    if (!walk->is_begun) {
        if (!opens || item->count == 0) {
            return false; /* one number or text alone proves nothing */
        }
        walk->is_begun = true;
    } else {
        size_t top = walk->depth - 1;
        bool is_key = walk->is_map[top] && walk->open[top] % 2 == 0;
        if (is_key && (opens || item->kind == KIND_BYTES)) {
            return false;
        }
        walk->text_keys += is_key && item->kind == KIND_TEXT && item->count > 0;
        walk->open[top]--;
    }
    if (opens && item->count > 0) {
        if (walk->depth == DEPTH_MAX || item->count > UINT32_MAX) {
            return false;
        }
        walk->is_map[walk->depth] = item->kind == KIND_MAP;
        walk->open[walk->depth] = item->count << (item->kind == KIND_MAP);
        walk->depth++;
    }
    while (walk->depth > 0 && walk->open[walk->depth - 1] == 0) {
        walk->depth--;
    }
    return true;
}

static enum step step_item(struct walk *walk, read_item *read) {
    struct item item = read(walk->data + walk->at, walk->len - walk->at);
    if (item.kind == KIND_BAD || item.kind == KIND_CUT) {
        return item.kind == KIND_BAD ? STEP_WRONG : STEP_CUT;
    }
    walk->at += item.head_len;
    if (item.kind == KIND_TAG) {
        return STEP_ON;
    }
    if (!place_item(walk, &item)) {
        return STEP_WRONG;
    }
    if (item.kind == KIND_TEXT || item.kind == KIND_BYTES) {
        if (item.count > walk->len - walk->at) {
            return STEP_CUT;
        }
        size_t count = (size_t)item.count;
        if (item.kind == KIND_TEXT) {
            if (!is_plain_text(walk->data + walk->at, count)) {
                return STEP_WRONG;
            }
            walk->text_bytes += count;
        }
        walk->at += count;
    }
    return STEP_ON;
}

static bool walk_items(const uint8_t *data, size_t len, bool is_whole, read_item *read) {
    struct walk walk = {.data = data, .len = len};
    enum step step = STEP_ON;
    size_t steps = 0;
    for (; steps < STEPS_MAX && step == STEP_ON && walk.at < len; steps++) {
        step = step_item(&walk, read);
        if (step == STEP_ON && walk.is_begun && walk.depth == 0) { /* all is there */
            return walk.at == len && is_whole && (walk.text_keys > 0 || walk.text_bytes >= 3);
        }
    }
    /* Cut, or too long to be walked to the end: then more has to speak for it. */
    return step != STEP_WRONG && (!is_whole || steps == STEPS_MAX) && walk.text_bytes >= 6;
}

/* A number in groups of seven bits; false where it is cut or longer than ten bytes. */
static bool read_varint(struct walk *walk, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 70 && walk->at < walk->len; shift += 7) {
        uint8_t byte = walk->data[walk->at++];
        *value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

static enum step step_field(struct walk *walk) {
    enum {
        TYPE_VARINT = 0,
        TYPE_LEN = 2,
    };
    static const uint8_t fixed_len[8] = {[1] = 8, [5] = 4};
    static const uint64_t field_max = 4095; /* of 2^29 - 1: hardly any program goes higher */
    uint64_t tag = 0, value = 0;
    if (!read_varint(walk, &tag)) {
        return STEP_CUT;
    }
    unsigned type = tag & 7;
    bool is_fixed = fixed_len[type] > 0;
    if (tag >> 3 == 0 || tag >> 3 > field_max ||
        (type != TYPE_VARINT && type != TYPE_LEN && !is_fixed)) {
        return STEP_WRONG;
    }
    walk->fields++;
    if (!is_fixed && !read_varint(walk, &value)) {
        return STEP_CUT;
    }
    uint64_t skip = type == TYPE_LEN ? value : fixed_len[type];
    if (skip > walk->len - walk->at) {
        return STEP_CUT;
    }
    if (type == TYPE_LEN && value >= 3 && is_plain_text(walk->data + walk->at, (size_t)value)) {
        walk->text_bytes += (size_t)value;
    }
    walk->at += (size_t)skip;
    return STEP_ON;
}

/* A run of fields; with messages this small a text among them is what tells it from noise. */
static bool walk_protobuf(const uint8_t *data, size_t len, bool is_whole) {
    struct walk walk = {.data = data, .len = len};
    enum step step = STEP_ON;
    while (walk.at < len && walk.fields < STEPS_MAX && step == STEP_ON) {
        step = step_field(&walk);
    }
    if (is_whole) {
        return step == STEP_ON && walk.at == len && walk.fields >= 2 && walk.text_bytes >= 3;
    }
    return step != STEP_WRONG && walk.fields >= 4 && walk.text_bytes >= 8;
}

enum why_guess why__guess_structure(const uint8_t *data, size_t len, bool is_whole) {
    /* The tag made for telling CBOR from other things (RFC 8949, 3.4.6). */
    static const uint8_t cbor_mark[] = {0xd9, 0xd9, 0xf7};
    if (len > sizeof cbor_mark && data[0] == cbor_mark[0] && data[1] == cbor_mark[1] &&
        data[2] == cbor_mark[2]) {
        return WHY_GUESS_CBOR;
    }
    bool messagepack = walk_items(data, len, is_whole, read_messagepack);
    bool cbor = walk_items(data, len, is_whole, read_cbor);
    bool protobuf = walk_protobuf(data, len, is_whole);
    if (messagepack + cbor + protobuf != 1) {
        return WHY_GUESS_NONE;
    }
    return messagepack ? WHY_GUESS_MESSAGEPACK : cbor ? WHY_GUESS_CBOR : WHY_GUESS_PROTOBUF;
}
