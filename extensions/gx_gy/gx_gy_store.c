// SPDX-License-Identifier: BSD-3-Clause
// The rules that this gateway knows: those of gateway.conf, of a file that is read again whenever
// it changes, and of whoever calls gxgy_store_replace. Readers hold a lock for the moment of a
// look-up; a new table replaces the old one as a whole or not at all. Not for what rules become,
// nor for looking after the file (gx_gy_rules_file.c).
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "extensions/gx_gy/gx_gy.h"

struct table {
    struct conf *conf; // owns the texts
    struct gxgy_rule_lists lists;
    const struct gxgy_rule **rules; // by id
    const struct gxgy_base_name **bases;
};

// New rules do not wait for a moment without readers.
static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static struct table *tables[GXGY_STORE_SOURCES];
// Of who holds the tables: a reload in between must not give him two sets of settings.
static _Thread_local const struct gxgy_settings *held;

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

static enum err table_index(struct table *t)
{
    const struct gxgy_rule *rules = t->lists.rules.items;
    const struct gxgy_base_name *bases = t->lists.base_names.items;
    t->rules = calloc(t->lists.rules.n + 1, sizeof(*t->rules));
    t->bases = calloc(t->lists.base_names.n + 1, sizeof(*t->bases));
    if (!t->rules || !t->bases)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->lists.rules.n; i++)
        t->rules[i] = &rules[i];
    for (size_t i = 0; i < t->lists.base_names.n; i++)
        t->bases[i] = &bases[i];
    qsort(t->rules, t->lists.rules.n, sizeof(*t->rules), by_id);
    qsort(t->bases, t->lists.base_names.n, sizeof(*t->bases), by_name);
    return ERR_OK;
}

static void table_check(const struct table *t, struct conf *conf, const char *section)
{
    const struct gxgy_base_name *bases = t->lists.base_names.items;
    for (size_t i = 1; i < t->lists.rules.n; i++)
        if (by_id(&t->rules[i - 1], &t->rules[i]) == 0)
            conf_error(conf, section, "rules", ERR_CONF_RANGE, "%s: is there twice",
                       t->rules[i]->id);
    for (size_t i = 1; i < t->lists.base_names.n; i++)
        if (by_name(&t->bases[i - 1], &t->bases[i]) == 0)
            conf_error(conf, section, "base_names", ERR_CONF_RANGE, "%s: is there twice",
                       t->bases[i]->name);
    for (size_t i = 0; i < t->lists.base_names.n; i++)
        for (size_t k = 0; k < bases[i].rules.n; k++)
            if (!table_rule(t, bases[i].rules.items[k]))
                conf_error(conf, section, "base_names", ERR_CONF_RANGE, "%s: no rule is called %s",
                           bases[i].name, bases[i].rules.items[k]);
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
    if (err == ERR_OK)
        err = table_index(t);
    if (err != ERR_OK)
        return err;
    table_check(t, conf, "");
    return conf_result(conf);
}

void gxgy_rule_lists_check(struct conf *conf, const char *section,
                           const struct gxgy_rule_lists *lists)
{
    struct table t = {.lists = *lists};
    if (table_index(&t) == ERR_OK)
        table_check(&t, conf, section);
    else
        conf_error(conf, section, "rules", ERR_NOMEM, "no memory to check them");
    free(t.rules);
    free(t.bases);
}

// ---- look-ups ----
void gxgy_store_hold(void)
{
    pthread_rwlock_rdlock(&lock);
    held = gxgy_settings();
}

void gxgy_store_release(void)
{
    held = NULL;
    pthread_rwlock_unlock(&lock);
}

static const struct gxgy_rule_lists *of_settings(void)
{
    return held ? &held->lists : &gxgy_settings()->lists;
}

const struct gxgy_rule *gxgy_store_rule(const char *id)
{
    const struct gxgy_rule_lists *s = of_settings();
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
    const struct gxgy_rule_lists *s = of_settings();
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
        return of_settings();
    return i <= GXGY_STORE_SOURCES && tables[i - 1] ? &tables[i - 1]->lists : NULL;
}

// ---- changes ----
// The first mistake, and how many there are.
static void explain(const struct conf *conf, enum err err, char *why, size_t size)
{
    size_t n = conf ? conf_n_errors(conf) : 0;
    if (n > 1)
        snprintf(why, size, "%s (and %zu more)", conf_error_text(conf, 0), n - 1);
    else
        snprintf(why, size, "%s", n ? conf_error_text(conf, 0) : err_str(err));
}

// Takes conf over. NULL in *out unless ERR_OK.
static enum err build(struct conf *conf, struct table **out, char *why, size_t size)
{
    struct table *t = NULL;
    enum err err = table_new(conf, &t);
    *out = err == ERR_OK ? t : NULL;
    if (err == ERR_OK)
        return ERR_OK;
    explain(conf, err, why, size);
    if (t)
        table_free(t);
    else
        conf_free(conf);
    return err;
}

enum err gxgy_store_replace(enum gxgy_store_source source, struct conf *conf, char *why,
                            size_t size)
{
    struct table *t = NULL, *old;
    enum err err = conf ? build(conf, &t, why, size) : ERR_OK;
    if (err != ERR_OK)
        return err;
    pthread_rwlock_wrlock(&lock);
    old = tables[source];
    tables[source] = t;
    pthread_rwlock_unlock(&lock);
    table_free(old);
    return ERR_OK;
}

enum err gxgy_store_load(const char *path, struct conf **out, char *why, size_t size)
{
    struct stat st;
    *out = NULL;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { // reading a pipe would not end
        snprintf(why, size, "%s: is not a regular file", path);
        return ERR_IO;
    }
    enum err err = conf_load(path, out);
    if (err == ERR_OK)
        return ERR_OK;
    explain(*out, err, why, size);
    conf_free(*out);
    *out = NULL;
    return err;
}

enum err gxgy_store_check(const char *path, char *why, size_t size)
{
    struct conf *conf;
    struct table *t = NULL;
    enum err err = gxgy_store_load(path, &conf, why, size);
    if (err == ERR_OK)
        err = build(conf, &t, why, size);
    table_free(t);
    return err;
}

void gxgy_store_count(enum gxgy_store_source source, size_t *rules, size_t *base_names)
{
    pthread_rwlock_rdlock(&lock);
    const struct table *t = tables[source];
    *rules = t ? t->lists.rules.n : 0;
    *base_names = t ? t->lists.base_names.n : 0;
    pthread_rwlock_unlock(&lock);
}
