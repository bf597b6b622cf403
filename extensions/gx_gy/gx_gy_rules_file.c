// SPDX-License-Identifier: BSD-3-Clause
// Looks after the file of rules (gx_gy.rules_file): reads it at the start, at each reload, and when
// it has changed. A file that is wrong, or away, changes nothing; the log, a counter and fgwctl
// status say so. Not for what is in it (gx_gy_store.c).
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/metrics.h"
#include "extensions/gx_gy/gx_gy.h"

static struct metric_family reads = {
    .name = "fgw_rules_file_reads_total",
    .help = "Readings of gx_gy.rules_file; after one that failed the rules before stay in force.",
    .type = METRIC_COUNTER,
    .labels = {"result"},
};

// What tells that a file is another one than the last that was read.
struct stamp {
    bool there;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

static struct {
    pthread_mutex_t mutex; // of all below
    pthread_cond_t cond;
    pthread_t thread;
    bool runs, stop;
    char *path; // NULL: none
    int64_t check_ms;
    struct stamp read; // of what was read last, well or not
    struct stamp seen; // at the last look
    time_t loaded;     // 0: nothing is
    char why[256];     // what was wrong when it was read last; "": nothing
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct stamp stamp_of(const char *path)
{
    struct stat st;
    struct stamp s = {.there = stat(path, &st) == 0};
    if (s.there) {
        s.dev = st.st_dev;
        s.ino = st.st_ino;
        s.size = st.st_size;
        s.mtime = st.st_mtim;
    }
    return s;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->there == b->there && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

// The stamp is taken first: what changes while it is read is read again.
static void read_file(void)
{
    struct metric_cell *success = METRIC_CELL(&reads, "success"), // both are there from the start
        *failed = METRIC_CELL(&reads, "failed");
    struct conf *conf;
    watch.read = watch.seen = stamp_of(watch.path);
    watch.why[0] = '\0';
    enum err err = gxgy_store_load(watch.path, &conf, watch.why, sizeof(watch.why));
    if (err == ERR_OK)
        err = gxgy_store_replace(GXGY_STORE_FILE, conf, watch.why, sizeof(watch.why));
    metric_inc(err == ERR_OK ? success : failed);
    if (err == ERR_OK) {
        watch.loaded = time(NULL);
        base_log(&log_gx_gy, BASE_LOG_NOTICE, NULL, "rules of %s are in force", watch.path);
    } else {
        base_log(&log_gx_gy, BASE_LOG_ERROR, NULL, "%s; the rules before stay in force", watch.why);
    }
}

static void look(void)
{
    if (!watch.path)
        return;
    struct stamp now = stamp_of(watch.path);
    // Who writes into the file itself has not ended while it changes between two looks.
    bool settled = same(&now, &watch.seen);
    watch.seen = now;
    if (settled && !same(&now, &watch.read))
        read_file();
}

static void *watcher(void *arg)
{
    pthread_mutex_lock(&watch.mutex);
    while (!watch.stop) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += watch.check_ms / 1000;
        until.tv_nsec += watch.check_ms % 1000 * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&watch.cond, &watch.mutex, &until) == ETIMEDOUT)
            look();
    }
    pthread_mutex_unlock(&watch.mutex);
    return NULL;
}

static enum err start_watcher(void)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
    watch.stop = false;
    watch.runs = pthread_create(&watch.thread, NULL, watcher, NULL) == 0;
    if (watch.runs)
        return ERR_OK;
    pthread_cond_destroy(&watch.cond);
    return ERR_NOMEM;
}

enum err gxgy_store_watch(const char *path, int64_t check_ms)
{
    enum err err = ERR_OK;
    pthread_mutex_lock(&watch.mutex);
    bool other = (path == NULL) != (watch.path == NULL) || (path && strcmp(path, watch.path) != 0);
    watch.check_ms = check_ms;
    if (other) {
        free(watch.path);
        watch.path = path ? strdup(path) : NULL;
        err = path && !watch.path ? ERR_NOMEM : ERR_OK;
        watch.loaded = 0;
        gxgy_store_replace(GXGY_STORE_FILE, NULL, NULL, 0);
    }
    if (watch.path)
        read_file();
    if (err == ERR_OK && watch.path && !watch.runs)
        err = start_watcher();
    pthread_mutex_unlock(&watch.mutex);
    return err;
}

void gxgy_store_stop(void)
{
    pthread_mutex_lock(&watch.mutex);
    bool runs = watch.runs;
    watch.stop = true;
    if (runs)
        pthread_cond_signal(&watch.cond);
    pthread_mutex_unlock(&watch.mutex);
    if (runs) {
        pthread_join(watch.thread, NULL);
        pthread_cond_destroy(&watch.cond);
    }
    watch.runs = false;
    free(watch.path);
    watch.path = NULL;
    watch.loaded = 0;
    for (int i = 0; i < GXGY_STORE_SOURCES; i++)
        gxgy_store_replace((enum gxgy_store_source)i, NULL, NULL, 0);
}

void gxgy_store_status(void (*line)(void *arg, const char *text), void *arg)
{
    char text[900], when[32] = "never";
    size_t rules, base_names;
    struct tm tm;
    pthread_mutex_lock(&watch.mutex);
    if (watch.path) {
        if (watch.loaded && gmtime_r(&watch.loaded, &tm))
            strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        gxgy_store_count(GXGY_STORE_FILE, &rules, &base_names);
        snprintf(text, sizeof(text), "rules: %zu and %zu base names of %s, read %s%s%s", rules,
                 base_names, watch.path, when, watch.why[0] ? "; not in force: " : "", watch.why);
        line(arg, text);
    }
    pthread_mutex_unlock(&watch.mutex);
}
