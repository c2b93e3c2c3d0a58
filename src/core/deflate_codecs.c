/* SPDX-License-Identifier: MIT
 *
 * The shelf of contexts.
 */
#include "core/deflate_codecs.h"

#include <string.h>

struct kept {
    z_stream *stream;
    struct why__codec_kind kind;
    bool is_stale; /* not taken since the last trim */
};

struct why_codecs {
    const struct why_host *host;
    unsigned count;
    bool encoder_is_stale;
    struct why__encoder *encoder;          /* NULL: none is kept */
    struct kept kept[2 * WHY__CODECS_MAX]; /* what was given back last is at the end */
};

static void *zlib_allocate(void *opaque, unsigned count, unsigned size) {
    const struct why_host *host = opaque;
    return host->allocate(host->context, NULL, (size_t)count * size);
}

static void zlib_release(void *opaque, void *memory) {
    const struct why_host *host = opaque;
    host->allocate(host->context, memory, 0);
}

/* ---- Without a shelf ---- */

static z_stream *make(const struct why_host *host, struct why__codec_kind kind) {
    z_stream *stream = host->allocate(host->context, NULL, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    memset(stream, 0, sizeof *stream);
    stream->zalloc = zlib_allocate;
    stream->zfree = zlib_release;
    /* zlib does not change the host; its opaque pointer has no const. */
    memcpy(&stream->opaque, &host, sizeof stream->opaque);
    int result = kind.is_deflater ? deflateInit2(stream, kind.level, Z_DEFLATED, -kind.window_bits,
                                                 kind.memory_level, Z_DEFAULT_STRATEGY)
                                  : inflateInit2(stream, -kind.window_bits);
    if (result != Z_OK) {
        host->allocate(host->context, stream, 0);
        return NULL;
    }
    return stream;
}

static void destroy(const struct why_host *host, bool is_deflater, z_stream *stream) {
    if (is_deflater) {
        deflateEnd(stream);
    } else {
        inflateEnd(stream);
    }
    host->allocate(host->context, stream, 0);
}

/* ---- The shelf ---- */

struct why_codecs *why__codecs_new(const struct why_host *host) {
    struct why_codecs *codecs = host->allocate(host->context, NULL, sizeof *codecs);
    if (codecs != NULL) {
        *codecs = (struct why_codecs){.host = host};
    }
    return codecs;
}

static struct kept take_at(struct why_codecs *codecs, unsigned i) {
    struct kept kept = codecs->kept[i];
    codecs->count--;
    memmove(&codecs->kept[i], &codecs->kept[i + 1], (codecs->count - i) * sizeof kept);
    return kept;
}

static void destroy_at(struct why_codecs *codecs, unsigned i) {
    struct kept kept = take_at(codecs, i);
    destroy(codecs->host, kept.kind.is_deflater, kept.stream);
}

static void drop_encoder(struct why_codecs *codecs) {
    if (codecs->encoder != NULL) {
        codecs->host->allocate(codecs->host->context, codecs->encoder, 0);
        codecs->encoder = NULL;
    }
}

void why__codecs_free(struct why_codecs *codecs) {
    if (codecs == NULL) {
        return;
    }
    while (codecs->count > 0) {
        destroy_at(codecs, 0);
    }
    drop_encoder(codecs);
    codecs->host->allocate(codecs->host->context, codecs, 0);
}

static bool is_same(struct why__codec_kind a, struct why__codec_kind b) {
    return a.is_deflater == b.is_deflater && a.window_bits == b.window_bits && a.level == b.level &&
           a.memory_level == b.memory_level;
}

z_stream *why__codecs_take(struct why_codecs *codecs, const struct why_host *host,
                           struct why__codec_kind kind) {
    if (codecs == NULL) {
        return make(host, kind);
    }
    for (unsigned i = codecs->count; i-- > 0;) {
        if (is_same(codecs->kept[i].kind, kind)) {
            return take_at(codecs, i).stream;
        }
    }
    return make(codecs->host, kind);
}

/* Another of this kind is one too many: the least lately used goes. */
static void make_room(struct why_codecs *codecs, bool is_deflater) {
    unsigned count = 0;
    unsigned oldest = 0;
    for (unsigned i = codecs->count; i-- > 0;) {
        if (codecs->kept[i].kind.is_deflater == is_deflater) {
            count++;
            oldest = i;
        }
    }
    if (count == WHY__CODECS_MAX) {
        destroy_at(codecs, oldest);
    }
}

void why__codecs_give_back(struct why_codecs *codecs, const struct why_host *host,
                           struct why__codec_kind kind, z_stream *stream) {
    if (codecs == NULL) {
        destroy(host, kind.is_deflater, stream);
        return;
    }
    /* Reset now, not when it is taken: what a peer sent is not kept for longer than it is needed.
     */
    int result = kind.is_deflater ? deflateReset(stream) : inflateReset(stream);
    if (result != Z_OK) {
        destroy(codecs->host, kind.is_deflater, stream);
        return;
    }
    make_room(codecs, kind.is_deflater);
    codecs->kept[codecs->count++] = (struct kept){.stream = stream, .kind = kind};
}

struct why__encoder *why__codecs_take_encoder(struct why_codecs *codecs,
                                              const struct why_host *host) {
    if (codecs != NULL && codecs->encoder != NULL) {
        struct why__encoder *encoder = codecs->encoder;
        codecs->encoder = NULL;
        return encoder;
    }
    host = codecs != NULL ? codecs->host : host;
    struct why__encoder *encoder = host->allocate(host->context, NULL, why__encoder_size());
    if (encoder != NULL) {
        why__encoder_init(encoder);
    }
    return encoder;
}

void why__codecs_give_back_encoder(struct why_codecs *codecs, const struct why_host *host,
                                   struct why__encoder *encoder) {
    if (codecs == NULL) {
        host->allocate(host->context, encoder, 0);
        return;
    }
    drop_encoder(codecs);
    codecs->encoder = encoder;
    codecs->encoder_is_stale = false;
}

void why__codecs_trim(struct why_codecs *codecs) {
    if (codecs->encoder_is_stale) {
        drop_encoder(codecs);
    }
    codecs->encoder_is_stale = true;
    for (unsigned i = codecs->count; i-- > 0;) {
        if (codecs->kept[i].is_stale) {
            destroy_at(codecs, i);
        } else {
            codecs->kept[i].is_stale = true;
        }
    }
}

bool why__codecs_is_empty(const struct why_codecs *codecs) {
    return codecs->count == 0 && codecs->encoder == NULL;
}
