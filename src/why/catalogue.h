/* SPDX-License-Identifier: MIT
 *
 * A catalogue of translations in gettext's binary format (.mo), read where it lies. Nothing in it
 * is trusted: every offset is checked, and what is wrong is as good as not there.
 */
#ifndef WHY_WHY_CATALOGUE_H
#define WHY_WHY_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct why__catalogue {
    const uint8_t *data; /* borrowed for as long as the catalogue is used */
    size_t len;
    uint32_t count;
    uint32_t originals, translations; /* offsets of the two tables of (length, offset) */
    bool big_endian;
};

/* returns  false if `data` is no catalogue */
bool why__catalogue_open(struct why__catalogue *catalogue, const uint8_t *data, size_t len);

/* returns  the translation of `text`, inside the data; NULL if there is none */
const char *why__catalogue_find(const struct why__catalogue *catalogue, const char *text);

/* The catalogues that are embedded. */
extern const uint8_t why__catalogue_fr[];
extern const size_t why__catalogue_fr_len;

#endif
