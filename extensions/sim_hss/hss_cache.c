// SPDX-License-Identifier: BSD-3-Clause
// Subscribers in memory: hash table in shards, each with its own mutex, and a list of dirty ones.
#include "hss_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS 256u
#define NODES_MAX 4096 // a peer that invents Origin-Hosts must not fill memory

struct shard {
    pthread_mutex_t mutex;
    struct hss_sub **buckets;
    size_t n_buckets, n_subs; // n_buckets is a power of two
    char (*dirty)[16];        // IMSIs waiting for the saver
    size_t n_dirty, cap_dirty;
};

struct hss_cache {
    struct shard shards[SHARDS];
    struct aka_sqn_scheme scheme;
    uint64_t jump;
    atomic_size_t count;
    size_t next_shard; // where take_dirty goes on; saver thread only
    pthread_mutex_t nodes_mutex;
    struct hss_node *nodes;
    size_t n_nodes;
    void (*wake)(void *ctx);
    void *wake_ctx;
};

// FNV-1a with a final mix, so that consecutive IMSIs spread over shards and buckets
static uint64_t hash_imsi(const char *imsi)
{
    uint64_t h = 0xcbf29ce484222325;

    for (; *imsi; imsi++)
        h = (h ^ (uint8_t)*imsi) * 0x100000001b3;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15;
    return h ^ h >> 29;
}

static struct shard *shard_of(struct hss_cache *cache, uint64_t hash)
{
    return &cache->shards[hash % SHARDS];
}

static struct hss_sub **bucket_of(struct shard *shard, uint64_t hash)
{
    return &shard->buckets[hash / SHARDS & (shard->n_buckets - 1)];
}

enum err hss_cache_new(const struct aka_sqn_scheme *scheme, uint64_t jump, struct hss_cache **out)
{
    struct hss_cache *cache;
    enum err err = aka_sqn_scheme_check(scheme);

    if (err || jump < 4)
        return ERR_INVALID;
    cache = calloc(1, sizeof *cache);
    if (!cache)
        return ERR_NOMEM;
    cache->scheme = *scheme;
    cache->jump = jump;
    pthread_mutex_init(&cache->nodes_mutex, NULL);
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];

        pthread_mutex_init(&shard->mutex, NULL);
        shard->n_buckets = 16;
        shard->buckets = calloc(shard->n_buckets, sizeof *shard->buckets);
        if (!shard->buckets)
            err = ERR_NOMEM;
    }
    if (err) {
        hss_cache_free(cache);
        return err;
    }
    *out = cache;
    return ERR_OK;
}

static void free_sub(struct hss_sub *sub)
{
    hss_profile_unref(sub->profile);
    free(sub);
}

void hss_cache_free(struct hss_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];

        for (size_t b = 0; shard->buckets && b < shard->n_buckets; b++) {
            while (shard->buckets[b]) {
                struct hss_sub *sub = shard->buckets[b];

                shard->buckets[b] = sub->next;
                free_sub(sub);
            }
        }
        free(shard->buckets);
        free(shard->dirty);
        pthread_mutex_destroy(&shard->mutex);
    }
    while (cache->nodes) {
        struct hss_node *node = cache->nodes;

        cache->nodes = node->next;
        free(node->host);
        free(node->realm);
        free(node);
    }
    pthread_mutex_destroy(&cache->nodes_mutex);
    free(cache);
}

// ---- serving nodes ----

// Adds a node to the list; nodes_mutex is held.
static enum err add_node(struct hss_cache *cache, const char *host, const char *realm,
                         struct hss_node **out)
{
    struct hss_node *node;

    if (cache->n_nodes >= NODES_MAX)
        return ERR_FULL;
    node = calloc(1, sizeof *node);
    if (!node)
        return ERR_NOMEM;
    node->host = strdup(host);
    node->realm = strdup(realm);
    if (!node->host || !node->realm) {
        free(node->host);
        free(node->realm);
        free(node);
        return ERR_NOMEM;
    }
    node->next = cache->nodes;
    cache->nodes = node;
    cache->n_nodes++;
    *out = node;
    return ERR_OK;
}

static enum err find_node(struct hss_cache *cache, const char *host, const char *realm,
                          struct hss_node **out)
{
    struct hss_node *node;
    enum err err = ERR_OK;

    pthread_mutex_lock(&cache->nodes_mutex);
    for (node = cache->nodes; node; node = node->next) {
        if (strcmp(node->host, host) == 0 && strcmp(node->realm, realm) == 0)
            break;
    }
    if (node)
        *out = node;
    else
        err = add_node(cache, host, realm, out);
    pthread_mutex_unlock(&cache->nodes_mutex);
    return err;
}

void hss_cache_each_node(struct hss_cache *cache,
                         void (*visit)(void *ctx, const struct hss_node *node), void *ctx)
{
    pthread_mutex_lock(&cache->nodes_mutex);
    for (struct hss_node *node = cache->nodes; node; node = node->next) {
        if (atomic_load(&node->subscribers))
            visit(ctx, node);
    }
    pthread_mutex_unlock(&cache->nodes_mutex);
}

static void leave_node(struct hss_node **which)
{
    if (*which)
        atomic_fetch_sub(&(*which)->subscribers, 1);
    *which = NULL;
}

// ---- dirty list ----

// Remembers that the subscriber has something to store. Without memory it stays unmarked and the
// next change tries again; SEQ is safe meanwhile, as the jump is never exceeded.
static void mark(struct hss_cache *cache, struct hss_sub *sub, uint8_t what)
{
    struct shard *shard = shard_of(cache, hash_imsi(sub->profile->imsi));

    if (!sub->dirty) {
        if (shard->n_dirty == shard->cap_dirty) {
            size_t cap = shard->cap_dirty ? 2 * shard->cap_dirty : 16;
            char(*grown)[16] = realloc(shard->dirty, cap * sizeof *grown);

            if (!grown)
                return;
            shard->dirty = grown;
            shard->cap_dirty = cap;
        }
        memcpy(shard->dirty[shard->n_dirty++], sub->profile->imsi, 16);
    }
    sub->dirty |= what;
    if (cache->wake)
        cache->wake(cache->wake_ctx);
}

void hss_cache_on_dirty(struct hss_cache *cache, void (*wake)(void *ctx), void *ctx)
{
    cache->wake = wake;
    cache->wake_ctx = ctx;
}

static struct hss_sub *find(struct shard *shard, uint64_t hash, const char *imsi)
{
    struct hss_sub *sub = *bucket_of(shard, hash);

    while (sub && strcmp(sub->profile->imsi, imsi) != 0)
        sub = sub->next;
    return sub;
}

static void copy_node(const struct hss_node *node, char *host, char *realm, size_t size)
{
    snprintf(host, size, "%s", node ? node->host : "");
    snprintf(realm, size, "%s", node ? node->realm : "");
}

static void snapshot(const struct hss_sub *sub, struct hss_saved *out)
{
    struct hss_state *s = &out->state;

    memcpy(out->imsi, sub->profile->imsi, sizeof out->imsi);
    s->he = sub->he;
    copy_node(sub->mme, s->mme_host, s->mme_realm, sizeof s->mme_host);
    copy_node(sub->sgsn, s->sgsn_host, s->sgsn_realm, sizeof s->sgsn_host);
    s->mme_purged = sub->mme_purged;
    s->sgsn_purged = sub->sgsn_purged;
    s->sms_registered = sub->sms_registered;
    memcpy(s->imei, sub->imei, sizeof s->imei);
}

size_t hss_cache_take_dirty(struct hss_cache *cache, struct hss_saved *out, size_t max)
{
    size_t n = 0;

    for (size_t visited = 0; visited < SHARDS && n < max; visited++) {
        struct shard *shard = &cache->shards[cache->next_shard];

        pthread_mutex_lock(&shard->mutex);
        while (shard->n_dirty && n < max) {
            const char *imsi = shard->dirty[shard->n_dirty - 1];
            struct hss_sub *sub = find(shard, hash_imsi(imsi), imsi);

            shard->n_dirty--;
            if (!sub || !sub->dirty)
                continue; // removed, or removed and added again
            snapshot(sub, &out[n++]);
            sub->dirty = 0;
        }
        if (shard->n_dirty == 0)
            cache->next_shard = (cache->next_shard + 1) % SHARDS;
        pthread_mutex_unlock(&shard->mutex);
    }
    return n;
}

void hss_cache_saved(struct hss_cache *cache, const struct hss_saved *saved, bool ok)
{
    struct hss_sub *sub = hss_cache_lock(cache, saved->imsi);

    if (!sub)
        return;
    if (ok)
        sub->seq_saved = saved->state.he.seq;
    else
        mark(cache, sub, HSS_DIRTY_SEQ | HSS_DIRTY_LOCATION);
    hss_cache_unlock(cache, sub);
}

static void mark_if_moved(void *ctx, struct hss_sub *sub)
{
    if (sub->he.seq != sub->seq_saved)
        mark(ctx, sub, HSS_DIRTY_SEQ);
}

void hss_cache_mark_all(struct hss_cache *cache)
{
    hss_cache_each(cache, mark_if_moved, cache);
}

// ---- subscribers ----

static void grow(struct shard *shard)
{
    size_t n = shard->n_buckets * 4;
    struct hss_sub **old = shard->buckets, **buckets = calloc(n, sizeof *buckets);
    size_t n_old = shard->n_buckets;

    if (!buckets)
        return; // longer chains, nothing worse
    shard->buckets = buckets;
    shard->n_buckets = n;
    for (size_t i = 0; i < n_old; i++) {
        while (old[i]) {
            struct hss_sub *sub = old[i], **bucket;

            old[i] = sub->next;
            bucket = bucket_of(shard, hash_imsi(sub->profile->imsi));
            sub->next = *bucket;
            *bucket = sub;
        }
    }
    free(old);
}

static enum err restore(struct hss_cache *cache, struct hss_sub *sub, const struct hss_state *state)
{
    enum err err = ERR_OK;

    sub->he = state->he;
    sub->seq_saved = state->he.seq;
    sub->mme_purged = state->mme_purged;
    sub->sgsn_purged = state->sgsn_purged;
    sub->sms_registered = state->sms_registered;
    memcpy(sub->imei, state->imei, sizeof sub->imei);
    if (state->mme_host[0])
        err = hss_cache_serve(cache, sub, &sub->mme, state->mme_host, state->mme_realm);
    if (!err && state->sgsn_host[0])
        err = hss_cache_serve(cache, sub, &sub->sgsn, state->sgsn_host, state->sgsn_realm);
    return err;
}

enum err hss_cache_put(struct hss_cache *cache, struct hss_profile *p,
                       const struct hss_state *state)
{
    uint64_t hash = hash_imsi(p->imsi);
    struct shard *shard = shard_of(cache, hash);
    struct hss_sub *sub;
    enum err err = ERR_OK;

    pthread_mutex_lock(&shard->mutex);
    sub = find(shard, hash, p->imsi);
    if (sub) {
        hss_profile_unref(sub->profile);
        sub->profile = hss_profile_ref(p);
        goto out;
    }
    sub = calloc(1, sizeof *sub);
    if (!sub) {
        err = ERR_NOMEM;
        goto out;
    }
    err = restore(cache, sub, state);
    if (err) {
        leave_node(&sub->mme);
        free(sub);
        goto out;
    }
    sub->profile = hss_profile_ref(p);
    if (shard->n_subs >= shard->n_buckets * 2)
        grow(shard);
    sub->next = *bucket_of(shard, hash);
    *bucket_of(shard, hash) = sub;
    shard->n_subs++;
    atomic_fetch_add(&cache->count, 1);
out:
    pthread_mutex_unlock(&shard->mutex);
    return err;
}

bool hss_cache_remove(struct hss_cache *cache, const char *imsi)
{
    uint64_t hash = hash_imsi(imsi);
    struct shard *shard = shard_of(cache, hash);
    struct hss_sub **link, *sub;

    pthread_mutex_lock(&shard->mutex);
    link = bucket_of(shard, hash);
    while (*link && strcmp((*link)->profile->imsi, imsi) != 0)
        link = &(*link)->next;
    sub = *link;
    if (sub) {
        *link = sub->next;
        shard->n_subs--;
        atomic_fetch_sub(&cache->count, 1);
        leave_node(&sub->mme);
        leave_node(&sub->sgsn);
        free_sub(sub);
    }
    pthread_mutex_unlock(&shard->mutex);
    return sub != NULL;
}

size_t hss_cache_count(struct hss_cache *cache)
{
    return atomic_load(&cache->count);
}

struct hss_sub *hss_cache_lock(struct hss_cache *cache, const char *imsi)
{
    uint64_t hash = hash_imsi(imsi);
    struct shard *shard = shard_of(cache, hash);
    struct hss_sub *sub;

    pthread_mutex_lock(&shard->mutex);
    sub = find(shard, hash, imsi);
    if (!sub)
        pthread_mutex_unlock(&shard->mutex);
    return sub;
}

void hss_cache_unlock(struct hss_cache *cache, struct hss_sub *sub)
{
    pthread_mutex_unlock(&shard_of(cache, hash_imsi(sub->profile->imsi))->mutex);
}

void hss_cache_each(struct hss_cache *cache, void (*visit)(void *ctx, struct hss_sub *sub),
                    void *ctx)
{
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &cache->shards[i];

        pthread_mutex_lock(&shard->mutex);
        for (size_t b = 0; b < shard->n_buckets; b++) {
            for (struct hss_sub *sub = shard->buckets[b]; sub; sub = sub->next)
                visit(ctx, sub);
        }
        pthread_mutex_unlock(&shard->mutex);
    }
}

// ---- one locked subscriber ----

// Highest SEQ that may be used before the next save. Time-based SEQ follow the clock, which a
// restart does not set back, so there the clock counts as saved.
static uint64_t ceiling(const struct hss_cache *cache, const struct hss_sub *sub, int64_t now_ms)
{
    uint64_t base = sub->seq_saved;

    if (cache->scheme.time_based && now_ms > 0) {
        int64_t clock = now_ms / cache->scheme.tick_ms + sub->he.dif;

        if (clock > 0 && (uint64_t)clock > base)
            base = (uint64_t)clock;
    }
    return base + cache->jump;
}

enum err hss_cache_draw(struct hss_cache *cache, struct hss_sub *sub, enum aka_domain domain,
                        int64_t now_ms, size_t n, uint8_t (*sqn)[AKA_SQN_LEN])
{
    struct aka_sqn_he he = sub->he;
    enum err err = aka_sqn_draw(&cache->scheme, &he, domain, now_ms, n, sqn);

    if (err)
        return err;
    if (he.seq > ceiling(cache, sub, now_ms)) {
        mark(cache, sub, HSS_DIRTY_SEQ);
        return ERR_AGAIN;
    }
    sub->he = he;
    if (he.seq - sub->seq_saved >= cache->jump / 4 && !(sub->dirty & HSS_DIRTY_SEQ))
        mark(cache, sub, HSS_DIRTY_SEQ);
    return ERR_OK;
}

void hss_cache_set_seq(struct hss_cache *cache, struct hss_sub *sub, uint64_t seq)
{
    sub->he.seq = seq;
    sub->he.dif = 0;
    // counts as saved: losing it in a crash only means that the card asks to resynchronise once
    // more
    sub->seq_saved = seq;
    mark(cache, sub, HSS_DIRTY_SEQ);
}

bool hss_cache_resync(struct hss_cache *cache, struct hss_sub *sub, int64_t now_ms,
                      const uint8_t sqn_ms[AKA_SQN_LEN])
{
    if (aka_sqn_in_range(&cache->scheme, &sub->he, now_ms, sqn_ms))
        return false;
    aka_sqn_reset(&cache->scheme, &sub->he, now_ms, sqn_ms);
    sub->seq_saved = sub->he.seq; // as above
    mark(cache, sub, HSS_DIRTY_SEQ);
    return true;
}

enum err hss_cache_serve(struct hss_cache *cache, struct hss_sub *sub, struct hss_node **which,
                         const char *host, const char *realm)
{
    struct hss_node *node = NULL;
    enum err err = host ? find_node(cache, host, realm, &node) : ERR_OK;

    if (err)
        return err;
    leave_node(which);
    *which = node;
    if (node)
        atomic_fetch_add(&node->subscribers, 1);
    return ERR_OK;
}

void hss_cache_touch(struct hss_cache *cache, struct hss_sub *sub)
{
    mark(cache, sub, HSS_DIRTY_LOCATION);
}
