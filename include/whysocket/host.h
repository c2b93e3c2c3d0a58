/* SPDX-License-Identifier: MIT
 *
 * What a program hands to the engine, which has no clock, no randomness and no memory of its own.
 */
#ifndef WHY_HOST_H
#define WHY_HOST_H

#include "whysocket/api.h"

#include <stddef.h>
#include <stdint.h>

WHY_BEGIN_DECLS

struct why_codecs;

/* One for as many connections as one likes; borrowed, it outlives them all. */
struct why_host {
    void *context; /* handed back to the functions below */

    /* As realloc: `memory` NULL asks for new bytes, `size` 0 frees and returns NULL. Returns NULL
     * where there are none; the old bytes are then untouched. */
    void *(*allocate)(void *context, void *memory, size_t size);

    /* Fill `out` with unpredictable bytes (RFC 6455 section 10.3): masking keys and the handshake's
     * key come from here. Cannot fail: a source that may run dry has to stop the program itself. */
    void (*random)(void *context, uint8_t *out, size_t len);

    /* Milliseconds on a clock that never goes back. The caller keeps it current; the engine looks
     * at it whenever it is called. */
    const uint64_t *now_ms;

    /* Compression contexts that its connections share, as why_loop_host() has them. NULL: each
     * makes its own. */
    struct why_codecs *codecs;

    /* Memory that allocate() was given back and has kept, so that it costs nothing: of `size` bytes
     * at least, and not of many more; NULL where there is none. A large message is joined there
     * from its beginning, instead of growing. NULL: nothing is kept. */
    void *(*recall)(void *context, size_t size);
};

WHY_END_DECLS

#endif
