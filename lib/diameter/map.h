// SPDX-License-Identifier: BSD-3-Clause
// Hash from 64-bit keys to pointers, filled by one thread and then only read, by any number of
// threads. Not for anything that changes while it is read.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct dia_map {
    struct dia_map_slot {
        uint64_t key;
        void *value; // NULL: free
    } *slots;
    size_t size; // power of two, at least twice the entries
    size_t n;
};

void dia_map_fini(struct dia_map *map);
// Adds or replaces. value must not be NULL. ERR_NOMEM.
enum err dia_map_put(struct dia_map *map, uint64_t key, void *value);

static inline size_t dia_map_hash(uint64_t key)
{
    key *= 0x9e3779b97f4a7c15u; // golden ratio: spreads neighbouring codes
    return (size_t)(key >> 24);
}

// NULL if absent.
static inline void *dia_map_get(const struct dia_map *map, uint64_t key)
{
    if (map->size == 0)
        return NULL;
    for (size_t i = dia_map_hash(key) & (map->size - 1); map->slots[i].value;
         i = (i + 1) & (map->size - 1)) {
        if (map->slots[i].key == key)
            return map->slots[i].value;
    }
    return NULL;
}
