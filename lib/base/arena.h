// SPDX-License-Identifier: BSD-3-Clause
// Arena: memory of one transaction, freed as a whole. Not thread-safe: it moves with its
// transaction.
#pragma once

#include <stddef.h>
#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

struct base_arena;

// first: bytes of the first block (0: 1 KiB); limit: most bytes handed out (0: 1 MiB), each
// allocation rounded up to 16.
struct base_arena *base_arena_new(size_t first, size_t limit); // NULL when out of memory
void base_arena_free(struct base_arena *arena);                // NULL is fine
void base_arena_reset(struct base_arena *arena);               // frees all but the first block
// 16-byte aligned, not zeroed / zeroed. NULL when the limit or memory is exhausted.
void *base_arena_alloc(struct base_arena *arena, size_t size);
void *base_arena_zalloc(struct base_arena *arena, size_t size);
void *base_arena_dup(struct base_arena *arena, const void *data, size_t len);
char *base_arena_strndup(struct base_arena *arena, const char *text, size_t len);
char *base_arena_printf(struct base_arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t base_arena_used(const struct base_arena *arena);
// Allocator for protobuf-c's unpack functions; valid as long as the arena; free is a no-op.
ProtobufCAllocator *base_arena_protobuf(struct base_arena *arena);
