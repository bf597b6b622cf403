// SPDX-License-Identifier: BSD-3-Clause
// Open addressing with linear probing; never more than half full, so that misses end soon.
#include "diameter/map.h"

#include <stdlib.h>

enum { FIRST_SIZE = 64 };

void dia_map_fini(struct dia_map *map)
{
    free(map->slots);
    *map = (struct dia_map){0};
}

static void insert(struct dia_map *map, uint64_t key, void *value)
{
    size_t i = dia_map_hash(key) & (map->size - 1);
    while (map->slots[i].value && map->slots[i].key != key)
        i = (i + 1) & (map->size - 1);
    map->n += map->slots[i].value == NULL;
    map->slots[i] = (struct dia_map_slot){.key = key, .value = value};
}

enum err dia_map_put(struct dia_map *map, uint64_t key, void *value)
{
    if ((map->n + 1) * 2 > map->size) {
        struct dia_map grown = {.size = map->size ? map->size * 2 : FIRST_SIZE};
        grown.slots = calloc(grown.size, sizeof(grown.slots[0]));
        if (!grown.slots)
            return ERR_NOMEM;
        for (size_t i = 0; i < map->size; i++) {
            if (map->slots[i].value)
                insert(&grown, map->slots[i].key, map->slots[i].value);
        }
        free(map->slots);
        *map = grown;
    }
    insert(map, key, value);
    return ERR_OK;
}
