// SPDX-License-Identifier: BSD-3-Clause
// A hash table whose entries are also in a list by age. See dedup.h.
#include "radius/dedup.h"

#include <stdlib.h>
#include <string.h>

struct key {
    uint8_t source[RAD_SOURCE_MAX];
    uint8_t source_len, code, id;
    uint8_t authenticator[RAD_AUTH_LEN];
};

struct entry {
    struct entry *next; // same bucket
    struct entry *older, *newer;
    struct key key;
    int64_t since_ns;
    uint8_t *answer; // owned; NULL: under way
    size_t len;
};

struct rad_dedup {
    struct entry **buckets;
    size_t n_buckets, capacity, used;
    int64_t keep_ns;
    struct entry *oldest, *newest;
};

static struct key key_of(const uint8_t *source, size_t source_len, uint8_t code, uint8_t id,
                         const uint8_t *authenticator)
{
    struct key key;
    memset(&key, 0, sizeof(key));
    key.source_len = (uint8_t)(source_len < RAD_SOURCE_MAX ? source_len : RAD_SOURCE_MAX);
    memcpy(key.source, source, key.source_len);
    key.code = code;
    key.id = id;
    memcpy(key.authenticator, authenticator, RAD_AUTH_LEN);
    return key;
}

static struct entry **bucket_of(struct rad_dedup *d, const struct key *key)
{
    const uint8_t *p = (const uint8_t *)key;
    uint64_t hash = 14695981039346656037ULL; // FNV-1a
    for (size_t i = 0; i < sizeof(*key); i++)
        hash = (hash ^ p[i]) * 1099511628211ULL;
    return &d->buckets[(hash ^ hash >> 32) % d->n_buckets];
}

static struct entry **find(struct rad_dedup *d, const struct key *key)
{
    struct entry **at = bucket_of(d, key);
    while (*at && memcmp(&(*at)->key, key, sizeof(*key)) != 0)
        at = &(*at)->next;
    return at;
}

static void drop(struct rad_dedup *d, struct entry **at)
{
    struct entry *entry = *at;
    *at = entry->next;
    *(entry->older ? &entry->older->newer : &d->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &d->newest) = entry->older;
    d->used--;
    free(entry->answer);
    free(entry);
}

enum err rad_dedup_new(size_t capacity, int64_t keep_ns, struct rad_dedup **out)
{
    struct rad_dedup *d = calloc(1, sizeof(*d));
    if (!d)
        return ERR_NOMEM;
    d->n_buckets = capacity;
    d->capacity = capacity;
    d->keep_ns = keep_ns;
    d->buckets = calloc(capacity ? capacity : 1, sizeof(*d->buckets));
    if (!d->buckets || capacity == 0) {
        rad_dedup_free(d);
        return capacity == 0 ? ERR_INVALID : ERR_NOMEM;
    }
    *out = d;
    return ERR_OK;
}

void rad_dedup_free(struct rad_dedup *d)
{
    if (!d)
        return;
    while (d->oldest)
        drop(d, find(d, &d->oldest->key));
    free(d->buckets);
    free(d);
}

static void remember(struct rad_dedup *d, const struct key *key, int64_t now_ns)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return;
    if (d->used == d->capacity)
        drop(d, find(d, &d->oldest->key));
    struct entry **at = bucket_of(d, key);
    entry->key = *key;
    entry->since_ns = now_ns;
    entry->next = *at;
    *at = entry;
    entry->older = d->newest;
    *(d->newest ? &d->newest->newer : &d->oldest) = entry;
    d->newest = entry;
    d->used++;
}

enum rad_seen rad_dedup_look(struct rad_dedup *d, const uint8_t *source, size_t source_len,
                             const struct rad_packet *request, int64_t now_ns,
                             const uint8_t **answer, size_t *len)
{
    struct key key = key_of(source, source_len, request->code, request->id, request->authenticator);
    while (d->oldest && now_ns - d->oldest->since_ns > d->keep_ns)
        drop(d, find(d, &d->oldest->key));
    struct entry *entry = *find(d, &key);
    *answer = NULL;
    *len = 0;
    if (!entry) {
        remember(d, &key, now_ns);
        return RAD_NEW;
    }
    if (!entry->answer)
        return RAD_UNDER_WAY;
    *answer = entry->answer;
    *len = entry->len;
    return RAD_ANSWERED;
}

void rad_dedup_answer(struct rad_dedup *d, const uint8_t *source, size_t source_len, uint8_t code,
                      uint8_t id, const uint8_t authenticator[RAD_AUTH_LEN], const uint8_t *answer,
                      size_t len)
{
    struct key key = key_of(source, source_len, code, id, authenticator);
    struct entry **at = find(d, &key);
    struct entry *entry = *at;
    if (!entry)
        return;
    uint8_t *copy = answer ? malloc(len) : NULL;
    if (!copy) {
        drop(d, at);
        return;
    }
    memcpy(copy, answer, len);
    free(entry->answer);
    entry->answer = copy;
    entry->len = len;
}

size_t rad_dedup_used(const struct rad_dedup *d)
{
    return d->used;
}
