// SPDX-License-Identifier: BSD-3-Clause
// Bump allocation in a chain of blocks. The first block is part of the arena's own malloc, so that
// a usual transaction costs one malloc and one free.
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// With AddressSanitizer what was not handed out is poisoned, and a gap of one unit lies between
// allocations, so that overruns inside an arena are seen as those between mallocs are.
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { GAP = 16 };
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { GAP = 0 };
#endif

enum {
    ALIGN = 16,
    FIRST_DEFAULT = 1024,
    LIMIT_DEFAULT = 1024 * 1024,
};

struct block {
    struct block *prev;
    size_t size, used;
    _Alignas(ALIGN) unsigned char data[];
};

struct base_arena {
    struct block *top; // where allocation goes on; the chain ends at first
    size_t limit;      // of used
    size_t used;       // bytes handed out, padding included
    ProtobufCAllocator protobuf;
    struct block *first; // right behind this struct
};

static size_t align_up(size_t n)
{
    return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static void *protobuf_alloc(void *data, size_t size)
{
    return base_arena_alloc(data, size);
}

static void protobuf_free(void *data, void *pointer)
{
}

struct base_arena *base_arena_new(size_t first, size_t limit)
{
    if (limit == 0)
        limit = LIMIT_DEFAULT;
    if (first == 0)
        first = FIRST_DEFAULT;
    if (limit > SIZE_MAX / 4)
        limit = SIZE_MAX / 4; // keeps the sums below from wrapping
    if (first > limit)
        first = limit;
    size_t head = align_up(sizeof(struct base_arena));
    unsigned char *memory = malloc(head + sizeof(struct block) + first);
    if (!memory)
        return NULL;
    struct base_arena *arena = (struct base_arena *)memory;
    struct block *block = (struct block *)(memory + head);
    *block = (struct block){.size = first};
    POISON(block->data, block->size);
    *arena = (struct base_arena){
        .top = block,
        .first = block,
        .limit = limit,
        .protobuf = {.alloc = protobuf_alloc, .free = protobuf_free, .allocator_data = arena},
    };
    return arena;
}

void base_arena_reset(struct base_arena *arena)
{
    while (arena->top != arena->first) {
        struct block *block = arena->top;
        arena->top = block->prev;
        UNPOISON(block->data, block->size);
        free(block);
    }
    POISON(arena->first->data, arena->first->size);
    arena->first->used = 0;
    arena->used = 0;
}

void base_arena_free(struct base_arena *arena)
{
    if (!arena)
        return;
    base_arena_reset(arena);
    UNPOISON(arena->first->data, arena->first->size);
    free(arena);
}

// A new top block of at least `need` bytes: twice the last one, but no more than may still be used.
static struct block *add_block(struct base_arena *arena, size_t need)
{
    size_t size = arena->top->size * 2;
    if (size > arena->limit - arena->used)
        size = arena->limit - arena->used;
    if (size < need)
        size = need;
    struct block *block = malloc(sizeof(*block) + size);
    if (!block)
        return NULL;
    *block = (struct block){.prev = arena->top, .size = size};
    POISON(block->data, block->size);
    arena->top = block;
    return block;
}

void *base_arena_alloc(struct base_arena *arena, size_t size)
{
    if (size > arena->limit)
        return NULL;
    size_t need = align_up(size ? size : 1);
    if (need > arena->limit - arena->used)
        return NULL;
    struct block *block = arena->top;
    if (need + GAP > block->size - block->used) {
        block = add_block(arena, need + GAP);
        if (!block)
            return NULL;
    }
    void *p = block->data + block->used;
    UNPOISON(p, size);
    block->used += need + GAP;
    arena->used += need;
    return p;
}

void *base_arena_zalloc(struct base_arena *arena, size_t size)
{
    void *p = base_arena_alloc(arena, size);
    if (p)
        memset(p, 0, size);
    return p;
}

void *base_arena_dup(struct base_arena *arena, const void *data, size_t len)
{
    void *p = base_arena_alloc(arena, len);
    if (p && len > 0)
        memcpy(p, data, len);
    return p;
}

char *base_arena_strndup(struct base_arena *arena, const char *text, size_t len)
{
    len = strnlen(text, len);
    char *p = base_arena_alloc(arena, len + 1);
    if (p) {
        memcpy(p, text, len);
        p[len] = '\0';
    }
    return p;
}

char *base_arena_printf(struct base_arena *arena, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    char *p = base_arena_alloc(arena, (size_t)n + 1);
    if (!p)
        return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

size_t base_arena_used(const struct base_arena *arena)
{
    return arena->used;
}

ProtobufCAllocator *base_arena_protobuf(struct base_arena *arena)
{
    return &arena->protobuf;
}
