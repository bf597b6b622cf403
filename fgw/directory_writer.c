// SPDX-License-Identifier: BSD-3-Clause
// The thread that brings pending changes to disk in batches, makes changes of what has expired, and
// lends a hand to searches.
#include "fgw/directory_int.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "fgw/log.h"

enum {
    CHUNK = 8192,       // entries of one write transaction
    GATHER_MS = 10,     // from the first pending change to the commit
    RETRY_MS = 1000,    // after a failed commit
    SWEEP_CHUNK = 1024, // expired entries turned into pending deletions at a time
};

struct batch {
    struct fgw_store_entry entries[CHUNK];
    uint32_t versions[CHUNK];
    size_t n;
    struct fgw_store_gateway *gateways;
    size_t n_gateways;
};

static void collect_entries(struct fgw_directory *dir, struct batch *batch)
{
    batch->n = 0;
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &dir->stripes[i];
        pthread_mutex_lock(&stripe->lock);
        for (size_t b = 0; b < BUCKETS; b++) {
            for (struct change *c = stripe->buckets[b]; c && batch->n < CHUNK; c = c->next) {
                batch->entries[batch->n] = (struct fgw_store_entry){c->key, c->record};
                batch->versions[batch->n++] = c->version;
            }
        }
        pthread_mutex_unlock(&stripe->lock);
    }
}

// After collect_entries: a gateway that an entry refers to was marked before the entry was made, a
// host was numbered before.
static enum err collect_gateways(struct fgw_directory *dir, struct batch *batch)
{
    batch->n_gateways = 0;
    pthread_rwlock_rdlock(&dir->gateways_lock);
    uint32_t n = atomic_load(&dir->n_dirty) ? dir->n_gateways : 0;
    uint32_t hosts = dir->n_hosts - dir->hosts_stored;
    batch->gateways = malloc((n + hosts + 1) * sizeof(*batch->gateways));
    for (uint32_t i = dir->hosts_stored + 1; batch->gateways && i <= dir->n_hosts; i++)
        batch->gateways[batch->n_gateways++] =
            (struct fgw_store_gateway){.number = i, .id = dir->hosts[i], .is_host = true};
    for (uint32_t i = 1; batch->gateways && i <= n; i++) {
        struct gateway *gateway = dir->by_number[i];
        if (gateway && atomic_load(&gateway->dirty))
            batch->gateways[batch->n_gateways++] = (struct fgw_store_gateway){
                .number = i, .seen = atomic_load(&gateway->seen), .id = gateway->id};
    }
    pthread_rwlock_unlock(&dir->gateways_lock);
    return batch->gateways ? ERR_OK : ERR_NOMEM;
}

static void drop_written(struct fgw_directory *dir, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        uint64_t key = batch->entries[i].key;
        struct stripe *stripe = fgw_dir_stripe(dir, key);
        pthread_mutex_lock(&stripe->lock);
        struct change **at = fgw_dir_bucket(stripe, key);
        while (*at && (*at)->key != key)
            at = &(*at)->next;
        struct change *change = *at;
        if (change && change->version == batch->versions[i]) {
            *at = change->next;
            free(change);
            atomic_fetch_sub(&dir->pending, 1);
        }
        pthread_mutex_unlock(&stripe->lock);
    }
    for (size_t i = 0; i < batch->n_gateways; i++) {
        if (batch->gateways[i].is_host) {
            dir->hosts_stored = batch->gateways[i].number;
            continue;
        }
        struct gateway *gateway = fgw_dir_gateway_by_number(dir, batch->gateways[i].number);
        atomic_store(&gateway->stored_seen, batch->gateways[i].seen);
        if (atomic_exchange(&gateway->dirty, false))
            atomic_fetch_sub(&dir->n_dirty, 1);
    }
}

static enum err grow(struct fgw_directory *dir)
{
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_lock(&dir->stripes[i].lock);
    enum err err = fgw_store_grow(dir->store);
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_unlock(&dir->stripes[i].lock);
    return err;
}

void fgw_dir_note_size(struct fgw_directory *dir)
{
    struct fgw_store_size size;
    fgw_store_size(dir->store, &size);
    atomic_store(&dir->used_bytes, size.used);
    atomic_store(&dir->map_bytes, size.map);
}

// Writes one chunk of what is pending.
static enum err write_batch(struct fgw_directory *dir, struct batch *batch)
{
    collect_entries(dir, batch);
    batch->gateways = NULL;
    enum err err = collect_gateways(dir, batch);
    while (!err && batch->n + batch->n_gateways > 0) {
        err = fgw_store_write(dir->store, batch->gateways, batch->n_gateways, batch->entries,
                              batch->n);
        if (err != ERR_FULL)
            break;
        err = grow(dir);
    }
    if (err) {
        atomic_fetch_add(&dir->failures, 1);
    } else {
        drop_written(dir, batch);
        atomic_fetch_add(&dir->commits, 1);
        fgw_dir_note_size(dir);
    }
    free(batch->gateways);
    return err;
}

struct sweep {
    struct fgw_directory *dir;
    uint32_t now;
    uint64_t keys[SWEEP_CHUNK];
    size_t n;
    uint64_t next; // where to go on
};

static bool note_expired(const struct fgw_store_entry *entry, void *arg)
{
    struct sweep *sweep = arg;
    sweep->next = entry->key + 1;
    if (fgw_dir_is_expired(sweep->dir, entry->record.seen, sweep->now))
        sweep->keys[sweep->n++] = entry->key;
    return sweep->n < SWEEP_CHUNK;
}

static void expire(struct fgw_directory *dir, uint64_t key, uint32_t now)
{
    struct fgw_store_record known;
    struct stripe *stripe = fgw_dir_stripe(dir, key);
    pthread_mutex_lock(&stripe->lock);
    bool due = fgw_dir_look(dir, stripe, key, &known) == ERR_OK &&
               fgw_dir_is_expired(dir, known.seen, now);
    if (due && fgw_dir_put(dir, stripe, key, (struct fgw_store_record){0}) == ERR_OK) {
        atomic_fetch_sub(&dir->subscribers, 1);
        atomic_fetch_add(&dir->expired, 1);
        fgw_dir_count_subscriber(dir, known.gateway, -1);
    }
    pthread_mutex_unlock(&stripe->lock);
}

static void sweep(struct fgw_directory *dir, struct batch *batch)
{
    struct sweep sweep = {.dir = dir, .now = dir->now_s()};
    bool more = true;
    while (more) {
        sweep.n = 0;
        if (fgw_store_scan(dir->store, sweep.next, NULL, note_expired, &sweep))
            return;
        for (size_t i = 0; i < sweep.n; i++)
            expire(dir, sweep.keys[i], sweep.now);
        more = sweep.n == SWEEP_CHUNK;
        if (sweep.n > 0 && write_batch(dir, batch))
            return; // the disk refuses: next time
    }
}

// Waits for work until deadline_ns. True: something is pending or the writer is to end.
static bool wait_for_work(struct fgw_directory *dir, int64_t deadline_ns)
{
    struct timespec until = {.tv_sec = deadline_ns / BASE_S_NS, .tv_nsec = deadline_ns % BASE_S_NS};
    int rc = 0;
    pthread_mutex_lock(&dir->lock);
    while (!dir->stop && rc == 0 && atomic_load(&dir->pending) == 0 &&
           atomic_load(&dir->n_dirty) == 0 && !dir->searches)
        rc = pthread_cond_timedwait(&dir->wake, &dir->lock, &until);
    pthread_mutex_unlock(&dir->lock);
    return rc == 0;
}

static bool stopping(struct fgw_directory *dir, int64_t wait_ms)
{
    int64_t deadline = base_now_ns() + wait_ms * BASE_MS_NS;
    struct timespec until = {.tv_sec = deadline / BASE_S_NS, .tv_nsec = deadline % BASE_S_NS};
    int rc = 0;
    pthread_mutex_lock(&dir->lock);
    while (!dir->stop && rc == 0)
        rc = pthread_cond_timedwait(&dir->wake, &dir->lock, &until);
    bool stop = dir->stop;
    pthread_mutex_unlock(&dir->lock);
    return stop;
}

static void report(struct fgw_directory *dir)
{
    pthread_mutex_lock(&dir->lock);
    pthread_cond_broadcast(&dir->done);
    pthread_mutex_unlock(&dir->lock);
}

static void *writer_main(void *arg)
{
    struct fgw_directory *dir = arg;
    struct batch *batch = calloc(1, sizeof(*batch));
    if (!batch)
        return NULL;
    int64_t next_sweep = base_now_ns() + dir->sweep_ms * BASE_MS_NS;
    bool stop = false;
    while (!stop) {
        bool work = wait_for_work(dir, next_sweep);
        if (!work && base_now_ns() >= next_sweep) {
            sweep(dir, batch);
            next_sweep = base_now_ns() + dir->sweep_ms * BASE_MS_NS;
        }
        stop = stopping(dir, work ? GATHER_MS : 0);
        enum err err = ERR_OK;
        while (!err && (atomic_load(&dir->pending) > 0 || atomic_load(&dir->n_dirty) > 0))
            err = write_batch(dir, batch);
        fgw_dir_search_some(dir);
        report(dir);
        if (err)
            stop = stopping(dir, RETRY_MS);
        if (err && stop)
            base_log(&log_directory, BASE_LOG_ERROR, NULL, "%zu changes could not be stored",
                     atomic_load(&dir->pending));
    }
    free(batch);
    return NULL;
}

enum err fgw_dir_sync(struct fgw_directory *dir, int64_t timeout_ms)
{
    int64_t deadline = base_now_ns() + timeout_ms * BASE_MS_NS;
    struct timespec until = {.tv_sec = deadline / BASE_S_NS, .tv_nsec = deadline % BASE_S_NS};
    int rc = 0;
    pthread_mutex_lock(&dir->lock);
    while (rc == 0 && (atomic_load(&dir->pending) > 0 || atomic_load(&dir->n_dirty) > 0))
        rc = pthread_cond_timedwait(&dir->done, &dir->lock, &until);
    pthread_mutex_unlock(&dir->lock);
    return rc == 0 ? ERR_OK : ERR_TIMEOUT;
}

enum err fgw_dir_writer_start(struct fgw_directory *dir)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&dir->writer, NULL, writer_main, dir);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc)
        return err_from_errno(rc);
    pthread_setname_np(dir->writer, "directory");
    dir->writer_runs = true;
    return ERR_OK;
}

void fgw_dir_writer_stop(struct fgw_directory *dir)
{
    pthread_mutex_lock(&dir->lock);
    dir->stop = true;
    pthread_cond_broadcast(&dir->wake);
    pthread_mutex_unlock(&dir->lock);
    pthread_join(dir->writer, NULL);
    dir->writer_runs = false;
}
