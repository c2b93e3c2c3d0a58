/* SPDX-License-Identifier: MIT
 *
 * Text to be sent, put together piece by piece in memory of the host.
 */
#ifndef WHY_CORE_OUTPUT_H
#define WHY_CORE_OUTPUT_H

#include "whysocket/bytes.h"
#include "whysocket/host.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once memory runs out it stays failed and takes nothing more, so that a writer looks once, at the
 * end. Fields are private but for `failed`, `data` and `len`. */
struct why__output {
    const struct why_host *host;
    uint8_t *data;
    size_t len, capacity;
    size_t sent; /* bytes at the front that are gone */
    bool failed;
};

void why__output_init(struct why__output *output, const struct why_host *host);
void why__output_clear(struct why__output *output); /* frees; as after init */

void why__output_put(struct why__output *output, struct why_bytes bytes);
void why__output_text(struct why__output *output, const char *text);
void why__output_decimal(struct why__output *output, uint64_t value);

/* What is still to be sent. */
struct why_bytes why__output_rest(const struct why__output *output);
void why__output_consumed(struct why__output *output, size_t len);

#endif
