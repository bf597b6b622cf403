// SPDX-License-Identifier: BSD-3-Clause
// Which gateways serve the subscribers of some number ranges: keys are sorted, so each prefix is a
// range of keys for every number of digits. The writer's thread looks, a slice at a time between
// its batches; the loop that asked gets the result as a job.
#include "fgw/directory_int.h"

#include <stdlib.h>
#include <string.h>

enum {
    DIGITS = 15,
    SLICE = 65536, // entries (and ranges) looked at before changes are written again: some 10 ms
};

struct range {
    uint64_t from, to; // keys, both inclusive
};

struct fgw_dir_search {
    struct base_job job;
    struct fgw_dir_search *next;
    struct fgw_directory *dir;
    struct base_loop *loop;
    void (*visit)(const char *gateway, void *arg);
    void (*done)(enum err err, void *arg);
    void *arg;
    enum err err;
    bool begun, more; // more: entries of this range are left
    size_t left;                          // of this slice
    uint32_t n_gateways, n_found;         // when it began; so far
    uint64_t found[GATEWAYS_MAX / 64 + 1]; // by number
    size_t n, at;                         // ranges; where to go on
    struct range ranges[];
};

// ---- asking ----

static int by_from(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static bool is_prefix(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n >= 1 && n <= DIGITS && !text[n];
}

static size_t add_ranges(struct range *out, enum fgw_access access, const char *prefix)
{
    size_t n = 0, len = strlen(prefix);
    uint64_t from = strtoull(prefix, NULL, 10), size = 1;
    for (size_t digits = len; digits <= DIGITS; digits++, from *= 10, size *= 10)
        out[n++] = (struct range){fgw_dir_key(access, digits, from),
                                  fgw_dir_key(access, digits, from + size - 1)};
    return n;
}

// Sorted and without overlap, as the look-up of pending changes wants it.
static size_t tidy(struct range *ranges, size_t n)
{
    size_t kept = 0;
    qsort(ranges, n, sizeof(*ranges), by_from);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || ranges[i].from > ranges[kept - 1].to)
            ranges[kept++] = ranges[i];
        else if (ranges[i].to > ranges[kept - 1].to)
            ranges[kept - 1].to = ranges[i].to;
    }
    return kept;
}

enum err fgw_dir_search(struct fgw_directory *dir, struct base_loop *loop, enum fgw_access access,
                        const char *const *prefixes, size_t n,
                        void (*visit)(const char *gateway, void *arg),
                        void (*done)(enum err err, void *arg), void *arg)
{
    size_t ranges = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_prefix(prefixes[i]))
            return ERR_INVALID;
        ranges += DIGITS + 1 - strlen(prefixes[i]);
    }
    struct fgw_dir_search *s = calloc(1, sizeof(*s) + ranges * sizeof(s->ranges[0]));
    if (!s)
        return ERR_NOMEM;
    s->dir = dir;
    s->loop = loop;
    s->visit = visit;
    s->done = done;
    s->arg = arg;
    for (size_t i = 0; i < n; i++)
        s->n += add_ranges(s->ranges + s->n, access, prefixes[i]);
    s->n = tidy(s->ranges, s->n);

    pthread_mutex_lock(&dir->lock);
    enum err err = dir->no_searches                   ? ERR_SHUTDOWN
                   : dir->n_searches >= SEARCHES_MAX ? ERR_FULL
                                                      : ERR_OK;
    if (!err) {
        struct fgw_dir_search **last = &dir->searches;
        while (*last)
            last = &(*last)->next;
        *last = s;
        dir->n_searches++;
        pthread_cond_signal(&dir->wake);
    }
    pthread_mutex_unlock(&dir->lock);
    if (err)
        free(s);
    return err;
}

// ---- looking; the writer's thread ----

static void found(struct fgw_dir_search *s, uint32_t number)
{
    uint64_t bit = 1ull << number % 64;
    if (number == 0 || number > GATEWAYS_MAX || s->found[number / 64] & bit)
        return;
    s->found[number / 64] |= bit;
    s->n_found++;
}

static bool in_ranges(const struct fgw_dir_search *s, uint64_t key)
{
    size_t low = 0, high = s->n; // the last range that begins at or before key is before high
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->ranges[middle].from <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && key <= s->ranges[low - 1].to;
}

// What is not on disk yet. What is written from now on was pending now, or is new.
static void look_at_pending(struct fgw_dir_search *s)
{
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &s->dir->stripes[i];
        pthread_mutex_lock(&stripe->lock);
        for (size_t b = 0; b < BUCKETS; b++) {
            for (const struct change *c = stripe->buckets[b]; c; c = c->next) {
                if (in_ranges(s, c->key))
                    found(s, c->record.gateway);
            }
        }
        pthread_mutex_unlock(&stripe->lock);
    }
}

static bool look_at(const struct fgw_store_entry *entry, void *arg)
{
    struct fgw_dir_search *s = arg;
    struct range *range = &s->ranges[s->at];
    if (entry->key > range->to)
        return false;
    range->from = entry->key + 1;
    found(s, entry->record.gateway);
    if (s->left > 0)
        s->left--;
    s->more = s->left == 0 || s->n_found == s->n_gateways;
    return !s->more;
}

// True: all is known.
static bool slice(struct fgw_dir_search *s)
{
    if (!s->begun) {
        pthread_rwlock_rdlock(&s->dir->gateways_lock);
        s->n_gateways = s->dir->n_gateways;
        pthread_rwlock_unlock(&s->dir->gateways_lock);
        s->begun = true;
        look_at_pending(s);
    }
    for (s->left = SLICE; s->left > 0 && s->at < s->n; s->at += !s->more) {
        if (s->err || s->n_found >= s->n_gateways)
            return true;
        s->left--;
        s->more = false;
        s->err = fgw_store_scan(s->dir->store, s->ranges[s->at].from, NULL, look_at, s);
    }
    return s->err || s->at == s->n;
}

static void deliver(struct base_job *job)
{
    struct fgw_dir_search *s = BASE_CONTAINER_OF(job, struct fgw_dir_search, job);
    for (uint32_t i = 1; i <= GATEWAYS_MAX && s->n_found > 0; i++) {
        if (!(s->found[i / 64] & 1ull << i % 64))
            continue;
        s->n_found--;
        const struct gateway *gateway = fgw_dir_gateway_by_number(s->dir, i);
        if (gateway)
            s->visit(gateway->id, s->arg);
    }
    s->done(s->err, s->arg);
    free(s);
}

// Takes the first one off. Locked.
static void post_first(struct fgw_directory *dir)
{
    struct fgw_dir_search *s = dir->searches;
    dir->searches = s->next;
    dir->n_searches--;
    s->job.run = deliver;
    base_loop_post_admitted(s->loop, &s->job);
}

void fgw_dir_search_some(struct fgw_directory *dir)
{
    pthread_mutex_lock(&dir->lock);
    struct fgw_dir_search *s = dir->no_searches ? NULL : dir->searches;
    dir->searching = s != NULL;
    pthread_mutex_unlock(&dir->lock);
    if (!s)
        return;
    bool done = slice(s);
    pthread_mutex_lock(&dir->lock);
    dir->searching = false;
    if (done)
        post_first(dir);
    pthread_cond_broadcast(&dir->done);
    pthread_mutex_unlock(&dir->lock);
}

void fgw_dir_searches_end(struct fgw_directory *dir)
{
    pthread_mutex_lock(&dir->lock);
    dir->no_searches = true;
    while (dir->searching)
        pthread_cond_wait(&dir->done, &dir->lock);
    while (dir->searches) {
        dir->searches->err = ERR_SHUTDOWN;
        post_first(dir);
    }
    pthread_mutex_unlock(&dir->lock);
}
