/* SPDX-License-Identifier: MIT
 *
 * Compression contexts that connections share.
 */
#include "core/deflate_codecs.h"

#include "support/host.h"
#include "support/test.h"

#include <string.h>

static const struct why__codec_kind deflater = {
    .is_deflater = true, .window_bits = 15, .level = 6, .memory_level = 8};
static const struct why__codec_kind inflater = {.window_bits = 15};

struct shelf {
    struct test_host host;
    struct why_codecs *codecs;
};

static void open_shelf(struct shelf *shelf) {
    test_host_init(&shelf->host);
    shelf->codecs = why__codecs_new(&shelf->host.host);
    assert_non_null(shelf->codecs);
    shelf->host.host.codecs = shelf->codecs;
}

static void close_shelf(struct shelf *shelf) {
    why__codecs_free(shelf->codecs);
    assert_int_equal(shelf->host.live_blocks, 0);
}

static z_stream *take(struct shelf *shelf, struct why__codec_kind kind) {
    return why__codecs_take(shelf->codecs, &shelf->host.host, kind);
}

static void give_back(struct shelf *shelf, struct why__codec_kind kind, z_stream *stream) {
    why__codecs_give_back(shelf->codecs, &shelf->host.host, kind, stream);
}

/* Compressed, the same text twice in one context is shorter the second time. */
static size_t squeeze(z_stream *stream) {
    static uint8_t text[] = "what was compressed before is not to be seen in what comes after";
    uint8_t out[256];
    stream->next_in = text;
    stream->avail_in = sizeof text;
    stream->next_out = out;
    stream->avail_out = sizeof out;
    assert_int_equal(deflate(stream, Z_SYNC_FLUSH), Z_OK);
    return sizeof out - stream->avail_out;
}

static void what_was_given_back_is_taken_again_and_knows_nothing(void **state) {
    (void)state;
    struct shelf shelf;
    open_shelf(&shelf);
    z_stream *stream = take(&shelf, deflater);
    size_t first = squeeze(stream);
    assert_true(squeeze(stream) < first);
    give_back(&shelf, deflater, stream);
    size_t allocations = shelf.host.allocations;
    assert_ptr_equal(take(&shelf, deflater), stream);
    assert_int_equal(shelf.host.allocations, allocations);
    assert_int_equal(squeeze(stream), first);
    give_back(&shelf, deflater, stream);
    close_shelf(&shelf);
}

static void another_kind_is_another_context(void **state) {
    (void)state;
    static const struct why__codec_kind others[] = {
        {.is_deflater = true, .window_bits = 14, .level = 6, .memory_level = 8},
        {.is_deflater = true, .window_bits = 15, .level = 5, .memory_level = 8},
        {.is_deflater = true, .window_bits = 15, .level = 6, .memory_level = 7},
        {.window_bits = 15},
    };
    struct shelf shelf;
    open_shelf(&shelf);
    z_stream *stream = take(&shelf, deflater);
    give_back(&shelf, deflater, stream);
    for (size_t i = 0; i < TEST_COUNT(others); i++) {
        z_stream *other = take(&shelf, others[i]);
        assert_ptr_not_equal(other, stream);
        give_back(&shelf, others[i], other);
    }
    assert_ptr_equal(take(&shelf, deflater), stream);
    give_back(&shelf, deflater, stream);
    close_shelf(&shelf);
}

static void more_than_some_are_not_kept(void **state) {
    (void)state;
    struct shelf shelf;
    open_shelf(&shelf);
    z_stream *streams[WHY__CODECS_MAX + 1];
    for (size_t i = 0; i < TEST_COUNT(streams); i++) {
        streams[i] = take(&shelf, inflater);
    }
    for (size_t i = 0; i + 1 < TEST_COUNT(streams); i++) {
        give_back(&shelf, inflater, streams[i]);
    }
    size_t blocks = shelf.host.live_blocks;
    give_back(&shelf, inflater, streams[WHY__CODECS_MAX]);
    assert_true(shelf.host.live_blocks < blocks); /* the first one's */
    assert_ptr_equal(take(&shelf, inflater), streams[WHY__CODECS_MAX]);
    give_back(&shelf, inflater, streams[WHY__CODECS_MAX]);
    close_shelf(&shelf);
}

static void what_nobody_takes_is_freed(void **state) {
    (void)state;
    struct shelf shelf;
    open_shelf(&shelf);
    size_t blocks = shelf.host.live_blocks;
    give_back(&shelf, inflater, take(&shelf, inflater));
    assert_false(why__codecs_is_empty(shelf.codecs));
    why__codecs_trim(shelf.codecs);
    assert_false(why__codecs_is_empty(shelf.codecs));
    give_back(&shelf, inflater, take(&shelf, inflater));
    why__codecs_trim(shelf.codecs);
    assert_false(why__codecs_is_empty(shelf.codecs)); /* it was taken in between */
    why__codecs_trim(shelf.codecs);
    assert_true(why__codecs_is_empty(shelf.codecs));
    assert_int_equal(shelf.host.live_blocks, blocks);
    close_shelf(&shelf);
}

static void without_memory_there_is_none(void **state) {
    (void)state;
    for (size_t fail_at = 1; fail_at < 8; fail_at++) {
        struct shelf shelf;
        open_shelf(&shelf);
        shelf.host.fail_at = shelf.host.allocations + fail_at;
        z_stream *stream = take(&shelf, deflater);
        if (stream != NULL) {
            assert_true(fail_at > 2);
            give_back(&shelf, deflater, stream);
        }
        close_shelf(&shelf);
    }
}

static void one_encoder_is_kept_while_it_is_used(void **state) {
    (void)state;
    struct shelf shelf;
    open_shelf(&shelf);
    size_t blocks = shelf.host.live_blocks;
    const struct why_host *host = &shelf.host.host;
    struct why__encoder *encoder = why__codecs_take_encoder(shelf.codecs, host);
    struct why__encoder *another = why__codecs_take_encoder(shelf.codecs, host);
    assert_ptr_not_equal(encoder, another);
    why__codecs_give_back_encoder(shelf.codecs, host, encoder);
    why__codecs_give_back_encoder(shelf.codecs, host, another);
    assert_int_equal(shelf.host.live_blocks, blocks + 1);
    assert_false(why__codecs_is_empty(shelf.codecs));
    why__codecs_trim(shelf.codecs);
    assert_ptr_equal(why__codecs_take_encoder(shelf.codecs, host), another);
    why__codecs_give_back_encoder(shelf.codecs, host, another);
    why__codecs_trim(shelf.codecs);
    assert_false(why__codecs_is_empty(shelf.codecs)); /* it was taken in between */
    why__codecs_trim(shelf.codecs);
    assert_true(why__codecs_is_empty(shelf.codecs));
    assert_int_equal(shelf.host.live_blocks, blocks);
    why__codecs_give_back_encoder(shelf.codecs, host, why__codecs_take_encoder(shelf.codecs, host));
    close_shelf(&shelf);
}

static void without_a_shelf_an_encoder_is_made_and_freed(void **state) {
    (void)state;
    struct test_host host;
    test_host_init(&host);
    struct why__encoder *encoder = why__codecs_take_encoder(NULL, &host.host);
    assert_non_null(encoder);
    why__codecs_give_back_encoder(NULL, &host.host, encoder);
    assert_int_equal(host.live_blocks, 0);
    host.fail_at = host.allocations + 1;
    assert_null(why__codecs_take_encoder(NULL, &host.host));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_back_is_taken_again_and_knows_nothing),
        cmocka_unit_test(another_kind_is_another_context),
        cmocka_unit_test(more_than_some_are_not_kept),
        cmocka_unit_test(what_nobody_takes_is_freed),
        cmocka_unit_test(without_memory_there_is_none),
        cmocka_unit_test(one_encoder_is_kept_while_it_is_used),
        cmocka_unit_test(without_a_shelf_an_encoder_is_made_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
