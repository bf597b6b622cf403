// SPDX-License-Identifier: BSD-3-Clause
// Saver thread: sleeps until something is dirty, waits the interval, writes a batch.
#include "hss_saver.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "hss_log.h"

#define BATCH 1024

struct hss_saver {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool dirty, stop;
    _Atomic bool woken; // spares the lock when dirty is set already
    struct hss_cache *cache;
    struct hss_store *store;
    int64_t interval_ms;
    struct hss_saved batch[BATCH];
};

static void wake(void *ctx)
{
    struct hss_saver *saver = ctx;

    if (atomic_exchange(&saver->woken, true))
        return;
    pthread_mutex_lock(&saver->mutex);
    saver->dirty = true;
    pthread_cond_signal(&saver->cond);
    pthread_mutex_unlock(&saver->mutex);
}

static enum err write_batch(struct hss_saver *saver, size_t n)
{
    enum err err = hss_store_begin(saver->store);

    for (size_t i = 0; !err && i < n; i++) {
        err = hss_store_save_state(saver->store, saver->batch[i].imsi, &saver->batch[i].state);
        if (err == ERR_NOT_FOUND) // deleted meanwhile
            err = ERR_OK;
    }
    if (!err)
        err = hss_store_commit(saver->store);
    if (err)
        hss_store_rollback(saver->store);
    return err;
}

// Writes everything that is dirty now. On failure the batch is dirty again, for the next round.
static enum err flush(struct hss_saver *saver)
{
    enum err err = ERR_OK;
    size_t n;

    while (!err && (n = hss_cache_take_dirty(saver->cache, saver->batch, BATCH)) > 0) {
        err = write_batch(saver, n);
        for (size_t i = 0; i < n; i++)
            hss_cache_saved(saver->cache, &saver->batch[i], err == ERR_OK);
    }
    return err;
}

// Sleeps until the deadline or until asked to stop; true if asked.
static bool pause_until(struct hss_saver *saver, int64_t deadline_ns)
{
    struct timespec ts = {.tv_sec = deadline_ns / BASE_S_NS, .tv_nsec = deadline_ns % BASE_S_NS};
    bool stop;

    pthread_mutex_lock(&saver->mutex);
    while (!saver->stop &&
           pthread_cond_timedwait(&saver->cond, &saver->mutex, &ts) != ETIMEDOUT)
        ;
    stop = saver->stop;
    pthread_mutex_unlock(&saver->mutex);
    return stop;
}

static void *run(void *arg)
{
    struct hss_saver *saver = arg;
    bool stop = false;

    while (!stop) {
        pthread_mutex_lock(&saver->mutex);
        while (!saver->dirty && !saver->stop)
            pthread_cond_wait(&saver->cond, &saver->mutex);
        stop = saver->stop;
        saver->dirty = false;
        pthread_mutex_unlock(&saver->mutex);
        if (!stop)
            stop = pause_until(saver, base_now_ns() + saver->interval_ms * BASE_MS_NS);
        atomic_store(&saver->woken, false);
        if (!stop && flush(saver)) {
            base_log_limited(&log_hss, BASE_LOG_ERROR, NULL, "database: will try again");
            stop = pause_until(saver, base_now_ns() + BASE_S_NS);
        }
    }
    return NULL;
}

enum err hss_saver_start(struct hss_cache *cache, struct hss_store *store, int64_t interval_ms,
                         struct hss_saver **out)
{
    struct hss_saver *saver = calloc(1, sizeof *saver);
    pthread_condattr_t attr;

    if (!saver)
        return ERR_NOMEM;
    saver->cache = cache;
    saver->store = store;
    saver->interval_ms = interval_ms;
    pthread_mutex_init(&saver->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&saver->cond, &attr);
    pthread_condattr_destroy(&attr);
    hss_cache_on_dirty(cache, wake, saver);
    if (pthread_create(&saver->thread, NULL, run, saver)) {
        hss_cache_on_dirty(cache, NULL, NULL);
        free(saver);
        return ERR_NOMEM;
    }
    *out = saver;
    return ERR_OK;
}

void hss_saver_stop(struct hss_saver *saver)
{
    if (!saver)
        return;
    pthread_mutex_lock(&saver->mutex);
    saver->stop = true;
    pthread_cond_signal(&saver->cond);
    pthread_mutex_unlock(&saver->mutex);
    pthread_join(saver->thread, NULL);
    hss_cache_on_dirty(saver->cache, NULL, NULL);
    hss_cache_mark_all(saver->cache);
    // only when everything was written may the next start go on without the jump
    if (flush(saver) == ERR_OK)
        hss_store_stop(saver->store);
    pthread_mutex_destroy(&saver->mutex);
    pthread_cond_destroy(&saver->cond);
    free(saver);
}
