// SPDX-License-Identifier: BSD-3-Clause
// Arena: alignment, growth, the limit, reuse after reset, and protobuf-c's allocator on it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void allocations_are_aligned_and_apart(void **state)
{
    struct base_arena *arena = base_arena_new(64, 0);
    unsigned char *last = NULL;
    for (size_t size = 0; size < 200; size += 7) {
        unsigned char *p = base_arena_alloc(arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_ptr_not_equal(p, last);
        memset(p, 0xa5, size);
        last = p;
    }
    base_arena_free(arena);
}

static void grows_over_the_first_block_and_keeps_what_was_written(void **state)
{
    struct base_arena *arena = base_arena_new(32, 0);
    char *texts[100];
    for (int i = 0; i < 100; i++)
        texts[i] = base_arena_printf(arena, "text number %d", i);
    for (int i = 0; i < 100; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "text number %d", i);
        assert_string_equal(texts[i], expected);
    }
    assert_true(base_arena_used(arena) >= 100 * 16);
    base_arena_free(arena);
}

static void limit_is_kept(void **state)
{
    struct base_arena *arena = base_arena_new(128, 4096);
    size_t n = 0;
    while (base_arena_alloc(arena, 64))
        n++;
    assert_int_equal(n, 4096 / 64);
    assert_int_equal(base_arena_used(arena), 4096);
    assert_null(base_arena_alloc(arena, 1));
    base_arena_free(arena);
}

static void huge_requests_are_refused(void **state)
{
    struct base_arena *arena = base_arena_new(0, 0);
    assert_null(base_arena_alloc(arena, SIZE_MAX));
    assert_null(base_arena_alloc(arena, SIZE_MAX - 15));
    assert_null(base_arena_alloc(arena, 2 * 1024 * 1024));
    assert_non_null(base_arena_alloc(arena, 512 * 1024));
    base_arena_free(arena);
}

static void reset_starts_over(void **state)
{
    struct base_arena *arena = base_arena_new(256, 4096);
    void *first = base_arena_alloc(arena, 16);
    while (base_arena_alloc(arena, 100)) {
    }
    base_arena_reset(arena);
    assert_int_equal(base_arena_used(arena), 0);
    assert_ptr_equal(base_arena_alloc(arena, 16), first);
    assert_non_null(base_arena_alloc(arena, 1000));
    base_arena_free(arena);
}

static void copies_are_what_they_copy(void **state)
{
    struct base_arena *arena = base_arena_new(0, 0);
    const char data[] = "a\0b";
    assert_memory_equal(base_arena_dup(arena, data, 3), data, 3);
    assert_non_null(base_arena_dup(arena, NULL, 0));
    assert_string_equal(base_arena_strndup(arena, "hello world", 5), "hello");
    assert_string_equal(base_arena_strndup(arena, "short", 100), "short");
    const unsigned char *zeroed = base_arena_zalloc(arena, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeroed[i], 0);
    base_arena_free(arena);
}

static void copies_fail_cleanly_when_full(void **state)
{
    struct base_arena *arena = base_arena_new(16, 16);
    assert_null(base_arena_zalloc(arena, 100));
    assert_null(base_arena_dup(arena, "0123456789012345678", 20));
    assert_null(base_arena_strndup(arena, "0123456789012345678", 20));
    assert_null(base_arena_printf(arena, "%s", "0123456789012345678"));
    base_arena_free(arena);
}

static void protobuf_allocates_here_and_frees_nothing(void **state)
{
    struct base_arena *arena = base_arena_new(0, 0);
    ProtobufCAllocator *allocator = base_arena_protobuf(arena);
    char *p = allocator->alloc(allocator->allocator_data, 8);
    memcpy(p, "stays", 6);
    allocator->free(allocator->allocator_data, p);
    assert_string_equal(p, "stays");
    assert_true(base_arena_used(arena) > 0);
    base_arena_free(arena);
}

static void freeing_nothing_is_fine(void **state)
{
    base_arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_apart),
        cmocka_unit_test(grows_over_the_first_block_and_keeps_what_was_written),
        cmocka_unit_test(limit_is_kept),
        cmocka_unit_test(huge_requests_are_refused),
        cmocka_unit_test(reset_starts_over),
        cmocka_unit_test(copies_are_what_they_copy),
        cmocka_unit_test(copies_fail_cleanly_when_full),
        cmocka_unit_test(protobuf_allocates_here_and_frees_nothing),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
