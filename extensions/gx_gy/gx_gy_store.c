// SPDX-License-Identifier: BSD-3-Clause
// The rules that this gateway knows: those of gateway.conf, of a file that is read again whenever
// it changes, and of whoever calls gxgy_store_replace. Readers hold a lock for the moment of a
// look-up; a new table replaces the old one as a whole or not at all. Not for what rules become.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "extensions/gx_gy/gx_gy.h"

struct table {
    struct conf *conf; // owns the texts
    struct gxgy_rule_lists lists;
    const struct gxgy_rule **rules; // by id
    const struct gxgy_base_name **bases;
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct table *tables[GXGY_STORE_SOURCES];

// ---- tables ----
static int by_id(const void *a, const void *b)
{
    return strcmp((*(const struct gxgy_rule *const *)a)->id,
                  (*(const struct gxgy_rule *const *)b)->id);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct gxgy_base_name *const *)a)->name,
                  (*(const struct gxgy_base_name *const *)b)->name);
}

static const struct gxgy_rule *table_rule(const struct table *t, const char *id)
{
    const struct gxgy_rule key = {.id = (char *)(uintptr_t)id}, *wanted = &key;
    const struct gxgy_rule **found = NULL;
    if (t && t->lists.rules.n)
        found = bsearch(&wanted, t->rules, t->lists.rules.n, sizeof(*t->rules), by_id);
    return found ? *found : NULL;
}

static const struct gxgy_base_name *table_base(const struct table *t, const char *name)
{
    const struct gxgy_base_name key = {.name = (char *)(uintptr_t)name}, *wanted = &key;
    const struct gxgy_base_name **found = NULL;
    if (t && t->lists.base_names.n)
        found = bsearch(&wanted, t->bases, t->lists.base_names.n, sizeof(*t->bases), by_name);
    return found ? *found : NULL;
}

static void table_free(struct table *t)
{
    if (!t)
        return;
    free(t->rules);
    free(t->bases);
    conf_free(t->conf);
    free(t);
}

static void table_index(struct table *t)
{
    const struct gxgy_rule *rules = t->lists.rules.items;
    const struct gxgy_base_name *bases = t->lists.base_names.items;
    for (size_t i = 0; i < t->lists.rules.n; i++)
        t->rules[i] = &rules[i];
    for (size_t i = 0; i < t->lists.base_names.n; i++)
        t->bases[i] = &bases[i];
    if (t->lists.rules.n)
        qsort(t->rules, t->lists.rules.n, sizeof(*t->rules), by_id);
    if (t->lists.base_names.n)
        qsort(t->bases, t->lists.base_names.n, sizeof(*t->bases), by_name);
}

static void check_twice(struct table *t)
{
    for (size_t i = 1; i < t->lists.rules.n; i++)
        if (by_id(&t->rules[i - 1], &t->rules[i]) == 0)
            conf_error(t->conf, "", "rules", ERR_CONF_RANGE, "%s: is there twice", t->rules[i]->id);
    for (size_t i = 1; i < t->lists.base_names.n; i++)
        if (by_name(&t->bases[i - 1], &t->bases[i]) == 0)
            conf_error(t->conf, "", "base_names", ERR_CONF_RANGE, "%s: is there twice",
                       t->bases[i]->name);
}

// conf belongs to *out, which is there on errors, too; without memory for it, to the caller.
static enum err table_new(struct conf *conf, struct table **out)
{
    struct table *t = *out = calloc(1, sizeof(*t));
    if (!t)
        return ERR_NOMEM;
    t->conf = conf;
    enum err err = conf_read(conf, "", gxgy_rule_list_keys, &t->lists);
    if (err == ERR_OK)
        err = conf_check_unread(conf);
    t->rules = calloc(t->lists.rules.n + 1, sizeof(*t->rules));
    t->bases = calloc(t->lists.base_names.n + 1, sizeof(*t->bases));
    if (!t->rules || !t->bases)
        return ERR_NOMEM;
    if (err != ERR_OK)
        return err;
    table_index(t);
    check_twice(t);
    gxgy_rule_lists_check(conf, "", &t->lists);
    return conf_result(conf);
}

// ---- look-ups ----
void gxgy_store_hold(void)
{
    pthread_rwlock_rdlock(&lock);
}

void gxgy_store_release(void)
{
    pthread_rwlock_unlock(&lock);
}

const struct gxgy_rule *gxgy_store_rule(const char *id)
{
    const struct gxgy_rule_lists *s = &gxgy_settings()->lists;
    const struct gxgy_rule *rules = s->rules.items;
    for (int i = GXGY_STORE_SOURCES - 1; i >= 0; i--) {
        const struct gxgy_rule *rule = table_rule(tables[i], id);
        if (rule)
            return rule;
    }
    for (size_t i = 0; i < s->rules.n; i++)
        if (strcmp(rules[i].id, id) == 0)
            return &rules[i];
    return NULL;
}

const struct gxgy_base_name *gxgy_store_base(const char *name)
{
    const struct gxgy_rule_lists *s = &gxgy_settings()->lists;
    const struct gxgy_base_name *bases = s->base_names.items;
    for (int i = GXGY_STORE_SOURCES - 1; i >= 0; i--) {
        const struct gxgy_base_name *base = table_base(tables[i], name);
        if (base)
            return base;
    }
    for (size_t i = 0; i < s->base_names.n; i++)
        if (strcmp(bases[i].name, name) == 0)
            return &bases[i];
    return NULL;
}

const struct gxgy_rule_lists *gxgy_store_lists(size_t i)
{
    if (i == 0)
        return &gxgy_settings()->lists;
    return i <= GXGY_STORE_SOURCES && tables[i - 1] ? &tables[i - 1]->lists : NULL;
}

// ---- changes ----
enum err gxgy_store_replace(enum gxgy_store_source source, struct conf *conf, char *why,
                            size_t size)
{
    struct table *t = NULL, *old;
    enum err err = conf ? table_new(conf, &t) : ERR_OK;
    if (err != ERR_OK) {
        snprintf(why, size, "%s",
                 t && conf_n_errors(conf) ? conf_error_text(conf, 0) : err_str(err));
        if (t)
            table_free(t);
        else
            conf_free(conf);
        return err;
    }
    pthread_rwlock_wrlock(&lock);
    old = tables[source];
    tables[source] = t;
    pthread_rwlock_unlock(&lock);
    table_free(old);
    return ERR_OK;
}

// ---- the file ----
// What tells that a file is another one than the last that was read.
struct stamp {
    bool there;
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_t thread;
    bool runs, stop;
    char *path; // NULL: none
    int64_t check_ms;
    struct stamp read; // of what was read last, well or not
    time_t loaded;     // 0: nothing is
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct stamp stamp_of(const char *path)
{
    struct stat st;
    struct stamp s = {.there = path && stat(path, &st) == 0};
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

// Reads the file; the rules before stay if it cannot be read. Mutex is held.
static void read_file(void)
{
    char why[256] = "";
    struct conf *conf = NULL;
    enum err err = conf_load(watch.path, &conf);
    if (err != ERR_OK) {
        snprintf(why, sizeof(why), "%s",
                 conf && conf_n_errors(conf) ? conf_error_text(conf, 0) : err_str(err));
        conf_free(conf);
    } else {
        err = gxgy_store_replace(GXGY_STORE_FILE, conf, why, sizeof(why));
    }
    if (err == ERR_OK) {
        watch.loaded = time(NULL);
        base_log(&log_gx_gy, BASE_LOG_NOTICE, NULL, "rules of %s are in force", watch.path);
    } else {
        base_log(&log_gx_gy, BASE_LOG_ERROR, NULL, "%s; the rules before stay in force", why);
    }
}

static void look(void)
{
    struct stamp now = stamp_of(watch.path);
    if (!watch.path || same(&now, &watch.read))
        return;
    watch.read = now;
    if (now.there) // a file that is being replaced may be away for a moment
        read_file();
}

static void *watcher(void *arg)
{
    pthread_mutex_lock(&watch.mutex);
    while (!watch.stop) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
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
        watch.read = (struct stamp){.there = false};
        watch.loaded = 0;
        gxgy_store_replace(GXGY_STORE_FILE, NULL, NULL, 0);
    }
    look();
    if (err == ERR_OK && watch.path && !watch.runs) {
        watch.stop = false;
        pthread_cond_init(&watch.cond, NULL);
        watch.runs = pthread_create(&watch.thread, NULL, watcher, NULL) == 0;
        err = watch.runs ? ERR_OK : ERR_NOMEM;
    }
    pthread_mutex_unlock(&watch.mutex);
    return err;
}

void gxgy_store_stop(void)
{
    char why[8];
    pthread_mutex_lock(&watch.mutex);
    bool runs = watch.runs;
    watch.stop = true;
    if (runs)
        pthread_cond_signal(&watch.cond);
    pthread_mutex_unlock(&watch.mutex);
    if (runs)
        pthread_join(watch.thread, NULL);
    watch.runs = false;
    free(watch.path);
    watch.path = NULL;
    watch.loaded = 0;
    for (int i = 0; i < GXGY_STORE_SOURCES; i++)
        gxgy_store_replace((enum gxgy_store_source)i, NULL, why, sizeof(why));
}

void gxgy_store_status(void (*line)(void *arg, const char *text), void *arg)
{
    char text[512], when[32] = "never";
    struct tm tm;
    pthread_mutex_lock(&watch.mutex);
    if (watch.path) {
        if (watch.loaded && gmtime_r(&watch.loaded, &tm))
            strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
        pthread_rwlock_rdlock(&lock);
        const struct table *t = tables[GXGY_STORE_FILE];
        snprintf(text, sizeof(text), "rules: %zu and %zu base names of %s, read %s",
                 t ? t->lists.rules.n : 0, t ? t->lists.base_names.n : 0, watch.path, when);
        pthread_rwlock_unlock(&lock);
        line(arg, text);
    }
    pthread_mutex_unlock(&watch.mutex);
}

enum err gxgy_store_check(const char *path, char *why, size_t size)
{
    struct conf *conf = NULL;
    struct table *t = NULL;
    enum err err = conf_load(path, &conf);
    if (err == ERR_OK)
        err = table_new(conf, &t);
    if (err != ERR_OK)
        snprintf(why, size, "%s",
                 conf && conf_n_errors(conf) ? conf_error_text(conf, 0) : err_str(err));
    if (t)
        table_free(t);
    else
        conf_free(conf);
    return err;
}
