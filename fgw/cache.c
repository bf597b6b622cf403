// SPDX-License-Identifier: BSD-3-Clause
// 64 shards, each a hash table with chains, its entries also in the order of their insertion.
#include "fgw/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 64, BUCKETS = 256 };

struct entry {
    struct entry *next;          // bucket
    struct entry *older, *newer; // order of insertion
    int64_t until_ns;
    size_t len;
    char key[FGW_CACHE_KEY_MAX + 1];
    uint8_t value[];
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
    struct entry *oldest, *newest;
    size_t n;
};

struct fgw_cache {
    struct shard shards[SHARDS];
    size_t capacity; // per shard
    size_t value_size;
};

enum err fgw_cache_new(size_t capacity, size_t value_size, struct fgw_cache **out)
{
    struct fgw_cache *cache = aligned_alloc(64, sizeof(*cache));
    if (!cache)
        return ERR_NOMEM;
    memset(cache, 0, sizeof(*cache));
    cache->capacity = (capacity + SHARDS - 1) / SHARDS;
    cache->value_size = value_size;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&cache->shards[i].lock, NULL);
    *out = cache;
    return ERR_OK;
}

// FNV-1a
static uint64_t hash(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * 0x100000001b3u;
    return h ^ h >> 32;
}

static struct shard *shard_of(struct fgw_cache *cache, uint64_t h)
{
    return &cache->shards[h % SHARDS];
}

static struct entry **find(struct shard *shard, uint64_t h, const char *key)
{
    struct entry **at = &shard->buckets[h / SHARDS % BUCKETS];
    while (*at && strcmp((*at)->key, key) != 0)
        at = &(*at)->next;
    return at;
}

static void drop(struct fgw_cache *cache, struct shard *shard, struct entry **at)
{
    struct entry *e = *at;
    *at = e->next;
    *(e->older ? &e->older->newer : &shard->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &shard->newest) = e->older;
    shard->n--;
    explicit_bzero(e->value, cache->value_size);
    free(e);
}

static void drop_oldest(struct fgw_cache *cache, struct shard *shard)
{
    drop(cache, shard, find(shard, hash(shard->oldest->key), shard->oldest->key));
}

void fgw_cache_free(struct fgw_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        while (cache->shards[i].oldest)
            drop_oldest(cache, &cache->shards[i]);
        pthread_mutex_destroy(&cache->shards[i].lock);
    }
    free(cache);
}

static struct entry *add(struct fgw_cache *cache, struct shard *shard, struct entry **at,
                         const char *key)
{
    struct entry *e = calloc(1, sizeof(*e) + cache->value_size);
    if (!e)
        return NULL;
    memcpy(e->key, key, strlen(key) + 1); // its length has been checked
    *at = e;
    e->older = shard->newest;
    *(e->older ? &e->older->newer : &shard->oldest) = e;
    shard->newest = e;
    shard->n++;
    return e;
}

enum err fgw_cache_put(struct fgw_cache *cache, const char *key, const void *value, size_t len,
                       int64_t until_ns)
{
    uint64_t h = hash(key);
    struct shard *shard = shard_of(cache, h);
    enum err err = ERR_OK;
    if (strlen(key) > FGW_CACHE_KEY_MAX || len > cache->value_size || len == 0)
        return ERR_RANGE;
    pthread_mutex_lock(&shard->lock);
    struct entry **at = find(shard, h, key);
    if (*at)
        drop(cache, shard, at); // so that it becomes the newest
    while (shard->n >= cache->capacity)
        drop_oldest(cache, shard);
    struct entry *e = add(cache, shard, find(shard, h, key), key);
    if (e) {
        memcpy(e->value, value, len);
        e->len = len;
        e->until_ns = until_ns;
    } else {
        err = ERR_NOMEM;
    }
    pthread_mutex_unlock(&shard->lock);
    return err;
}

bool fgw_cache_edit(struct fgw_cache *cache, const char *key, int64_t now_ns,
                    void (*edit)(void *arg, void *value, size_t *len), void *arg)
{
    uint64_t h = hash(key);
    struct shard *shard = shard_of(cache, h);
    bool known = false;
    pthread_mutex_lock(&shard->lock);
    struct entry **at = find(shard, h, key);
    if (*at) {
        known = (*at)->until_ns > now_ns;
        if (known)
            edit(arg, (*at)->value, &(*at)->len);
        if (!known || (*at)->len == 0)
            drop(cache, shard, at);
    }
    pthread_mutex_unlock(&shard->lock);
    return known;
}

void fgw_cache_remove(struct fgw_cache *cache, const char *key)
{
    uint64_t h = hash(key);
    struct shard *shard = shard_of(cache, h);
    pthread_mutex_lock(&shard->lock);
    struct entry **at = find(shard, h, key);
    if (*at)
        drop(cache, shard, at);
    pthread_mutex_unlock(&shard->lock);
}

size_t fgw_cache_count(struct fgw_cache *cache)
{
    size_t n = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&cache->shards[i].lock);
        n += cache->shards[i].n;
        pthread_mutex_unlock(&cache->shards[i].lock);
    }
    return n;
}
