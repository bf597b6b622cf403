// SPDX-License-Identifier: BSD-3-Clause
// Slots with a generation each; releasing a slot moves its generation on, so that old ids find
// nothing.
#include "base/handle.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 64 };
#define NO_SLOT UINT32_MAX

struct slot {
    void *obj; // NULL: free
    uint32_t generation;
    uint32_t next_free; // index, NO_SLOT ends the list
};

struct base_handles {
    struct slot *slots;
    size_t n_slots;  // allocated
    size_t capacity; // bound of `used`
    size_t used;
    uint32_t free_head;
};

enum err base_handles_new(size_t capacity, struct base_handles **out)
{
    if (capacity == 0 || capacity >= NO_SLOT)
        return ERR_INVALID;
    struct base_handles *table = calloc(1, sizeof(*table));
    if (!table)
        return ERR_NOMEM;
    table->capacity = capacity;
    table->free_head = NO_SLOT;
    *out = table;
    return ERR_OK;
}

void base_handles_free(struct base_handles *table)
{
    if (!table)
        return;
    free(table->slots);
    free(table);
}

static enum err grow(struct base_handles *table)
{
    if (table->n_slots >= table->capacity)
        return ERR_FULL;
    size_t n = table->n_slots ? table->n_slots * 2 : FIRST_SLOTS;
    if (n > table->capacity)
        n = table->capacity;
    struct slot *slots = realloc(table->slots, n * sizeof(*slots));
    if (!slots)
        return ERR_NOMEM;
    table->slots = slots;
    for (size_t i = n; i-- > table->n_slots;) {
        slots[i] = (struct slot){.generation = 1, .next_free = table->free_head};
        table->free_head = (uint32_t)i;
    }
    table->n_slots = n;
    return ERR_OK;
}

static base_handle handle_of(const struct base_handles *table, uint32_t index)
{
    return (base_handle)table->slots[index].generation << 32 | (index + 1);
}

// The live slot of a handle, or NULL.
static struct slot *slot_of(const struct base_handles *table, base_handle handle)
{
    uint32_t index = (uint32_t)handle - 1; // handle 0 wraps to a place beyond every table
    if (index >= table->n_slots)
        return NULL;
    struct slot *slot = &table->slots[index];
    if (!slot->obj || slot->generation != (uint32_t)(handle >> 32))
        return NULL;
    return slot;
}

enum err base_handle_alloc(struct base_handles *table, void *obj, base_handle *out)
{
    if (!obj)
        return ERR_INVALID;
    if (table->free_head == NO_SLOT) {
        enum err err = grow(table);
        if (err)
            return err;
    }
    uint32_t index = table->free_head;
    struct slot *slot = &table->slots[index];
    table->free_head = slot->next_free;
    slot->obj = obj;
    table->used++;
    *out = handle_of(table, index);
    return ERR_OK;
}

void *base_handle_get(const struct base_handles *table, base_handle handle)
{
    struct slot *slot = slot_of(table, handle);
    return slot ? slot->obj : NULL;
}

void *base_handle_release(struct base_handles *table, base_handle handle)
{
    struct slot *slot = slot_of(table, handle);
    if (!slot)
        return NULL;
    void *obj = slot->obj;
    slot->obj = NULL;
    slot->generation++;
    slot->next_free = table->free_head;
    table->free_head = (uint32_t)(slot - table->slots);
    table->used--;
    return obj;
}

size_t base_handles_used(const struct base_handles *table)
{
    return table->used;
}

void base_handles_each(struct base_handles *table,
                       void (*visit)(base_handle handle, void *obj, void *arg), void *arg)
{
    // indexed afresh each time: visit may allocate and so move the slots
    for (size_t i = 0; i < table->n_slots; i++) {
        void *obj = table->slots[i].obj;
        if (obj)
            visit(handle_of(table, (uint32_t)i), obj, arg);
    }
}
