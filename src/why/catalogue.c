/* SPDX-License-Identifier: MIT
 *
 * Reading .mo files: seven words of header, two sorted tables, terminated strings.
 */
#include "why/catalogue.h"

#include <string.h>

enum {
    HEADER_LEN = 28,
    ENTRY_LEN = 8,
};

static const uint32_t magic = UINT32_C(0x950412de);

static uint32_t load(const struct why__catalogue *catalogue, size_t offset) {
    const uint8_t *at = catalogue->data + offset;
    return catalogue->big_endian
               ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]
               : (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static bool table_fits(const struct why__catalogue *catalogue, uint32_t offset) {
    return offset <= catalogue->len && catalogue->count <= (catalogue->len - offset) / ENTRY_LEN;
}

bool why__catalogue_open(struct why__catalogue *catalogue, const uint8_t *data, size_t len) {
    *catalogue = (struct why__catalogue){.data = data, .len = len};
    if (len < HEADER_LEN) {
        return false;
    }
    if (load(catalogue, 0) != magic) {
        catalogue->big_endian = true;
        if (load(catalogue, 0) != magic) {
            return false;
        }
    }
    /* The major revision; a minor one adds only what can be passed over. */
    if (load(catalogue, 4) >> 16 != 0) {
        return false;
    }
    catalogue->count = load(catalogue, 8);
    catalogue->originals = load(catalogue, 12);
    catalogue->translations = load(catalogue, 16);
    return table_fits(catalogue, catalogue->originals) &&
           table_fits(catalogue, catalogue->translations);
}

/* The string of an entry, or NULL where it does not lie, terminated, inside the file. */
static const char *string_at(const struct why__catalogue *catalogue, uint32_t table,
                             uint32_t index) {
    size_t entry = (size_t)table + (size_t)index * ENTRY_LEN;
    uint32_t len = load(catalogue, entry);
    uint32_t offset = load(catalogue, entry + 4);
    if (offset >= catalogue->len || len >= catalogue->len - offset ||
        catalogue->data[(size_t)offset + len] != '\0') {
        return NULL;
    }
    return (const char *)catalogue->data + offset;
}

const char *why__catalogue_find(const struct why__catalogue *catalogue, const char *text) {
    uint32_t low = 0;
    uint32_t high = catalogue->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *original = string_at(catalogue, catalogue->originals, middle);
        if (original == NULL) {
            return NULL;
        }
        int order = strcmp(text, original);
        if (order == 0) {
            const char *found = string_at(catalogue, catalogue->translations, middle);
            return found == NULL || *found == '\0' ? NULL : found;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}
