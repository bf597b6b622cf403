// SPDX-License-Identifier: BSD-3-Clause
// Registry and text export. Cells are only added, never moved or removed while their family is
// registered, so that updates need no lock.
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum {
    MAX_CELLS_DEFAULT = 512,
    VALUE_MAX = 128, // bytes of a label value
    KEY_MAX = METRIC_LABELS_MAX * (VALUE_MAX + 1),
};

static const double latency_buckets[] = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,
};

// Label values as they are exported, each ended by a NUL.
struct key {
    size_t len;
    char text[KEY_MAX]; // a cell keeps only len bytes of it
};

struct metric_cell {
    struct metric_cell *next;
    const double *bounds;
    size_t n_bounds;
    _Atomic uint64_t value;    // counter; gauge as two's complement
    _Atomic uint64_t sum_bits; // histogram: sum of the observations, a double
    struct key *key;
    _Atomic uint64_t buckets[]; // n_bounds + 1, not cumulative
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric_family *families; // sorted by name

struct collector {
    struct collector *next;
    void (*collect)(void *arg);
    void *arg;
};
static pthread_mutex_t collect_lock = PTHREAD_MUTEX_INITIALIZER;
static struct collector *collectors;

// Where updates go when memory ran out: counted nowhere, but nobody crashes.
static struct metric_cell *lost_cell(void)
{
    static _Alignas(struct metric_cell) unsigned char
        room[sizeof(struct metric_cell) + sizeof(uint64_t)];
    return (struct metric_cell *)room;
}

static void bounds_of(const struct metric_family *family, const double **bounds, size_t *n)
{
    *bounds = NULL;
    *n = 0;
    if (family->type != METRIC_HISTOGRAM)
        return;
    *bounds = family->buckets ? family->buckets : latency_buckets;
    *n = family->buckets ? family->n_buckets : sizeof(latency_buckets) / sizeof(double);
    if (*n > METRIC_BUCKETS_MAX)
        *n = METRIC_BUCKETS_MAX;
}

static size_t n_labels(const struct metric_family *family)
{
    size_t n = 0;
    while (n < METRIC_LABELS_MAX && family->labels[n])
        n++;
    return n;
}

// --- registration ---

static void register_locked(struct metric_family *family)
{
    if (atomic_load(&family->registered))
        return;
    struct metric_family **at = &families;
    while (*at && strcmp((*at)->name, family->name) < 0)
        at = &(*at)->next;
    family->next = *at;
    *at = family;
    atomic_store(&family->registered, 1);
}

void metric_register(struct metric_family *family)
{
    pthread_mutex_lock(&lock);
    register_locked(family);
    pthread_mutex_unlock(&lock);
}

void metric_unregister(struct metric_family *family)
{
    pthread_mutex_lock(&lock);
    for (struct metric_family **at = &families; *at; at = &(*at)->next) {
        if (*at == family) {
            *at = family->next;
            break;
        }
    }
    struct metric_cell *cell = family->cells;
    family->cells = NULL;
    family->next = NULL;
    family->n_cells = 0;
    atomic_store(&family->registered, 0);
    pthread_mutex_unlock(&lock);
    while (cell) {
        struct metric_cell *next = cell->next;
        free(cell->key);
        free(cell);
        cell = next;
    }
}

// A value may come from a peer: bounded, and valid UTF-8, without which a scrape fails as a whole.
static void key_append(struct key *key, const char *value)
{
    size_t left = value ? strlen(value) : 0;
    size_t room = VALUE_MAX;
    while (left > 0) {
        size_t n = base_utf8_printable(value, left);
        size_t step = n ? n : 1;
        if (step > room)
            break;
        if (n)
            memcpy(key->text + key->len, value, n);
        else
            key->text[key->len] = '?';
        key->len += step;
        value += step;
        left -= step;
        room -= step;
    }
    key->text[key->len++] = '\0';
}

static struct metric_cell *find(const struct metric_family *family, const struct key *key)
{
    for (struct metric_cell *cell = family->cells; cell; cell = cell->next) {
        if (cell->key->len == key->len && memcmp(cell->key->text, key->text, key->len) == 0)
            return cell;
    }
    return NULL;
}

static struct metric_cell *add(struct metric_family *family, const struct key *key)
{
    const double *bounds;
    size_t n;
    bounds_of(family, &bounds, &n);
    struct metric_cell *cell = calloc(1, sizeof(*cell) + (n + 1) * sizeof(cell->buckets[0]));
    struct key *copy = malloc(offsetof(struct key, text) + key->len);
    if (!cell || !copy) {
        free(cell);
        free(copy);
        return lost_cell();
    }
    copy->len = key->len;
    memcpy(copy->text, key->text, key->len);
    cell->key = copy;
    cell->bounds = bounds;
    cell->n_bounds = n;
    struct metric_cell **at = &family->cells;
    while (*at)
        at = &(*at)->next;
    *at = cell;
    family->n_cells++;
    return cell;
}

struct metric_cell *metric_cell(struct metric_family *family, const char *const values[])
{
    struct key key = {.len = 0};
    struct key other = {.len = 0};
    size_t n = n_labels(family);
    for (size_t i = 0; i < n; i++) {
        key_append(&key, values[i]);
        key_append(&other, "other");
    }
    pthread_mutex_lock(&lock);
    register_locked(family);
    struct metric_cell *cell = find(family, &key);
    size_t max = family->max_cells ? family->max_cells : MAX_CELLS_DEFAULT;
    if (!cell && family->n_cells >= max) {
        key = other;
        cell = find(family, &key);
    }
    if (!cell)
        cell = add(family, &key);
    pthread_mutex_unlock(&lock);
    return cell;
}

// --- updates ---

void metric_add(struct metric_cell *cell, uint64_t n)
{
    atomic_fetch_add_explicit(&cell->value, n, memory_order_relaxed);
}

void metric_set(struct metric_cell *cell, int64_t value)
{
    atomic_store_explicit(&cell->value, (uint64_t)value, memory_order_relaxed);
}

void metric_gauge_add(struct metric_cell *cell, int64_t n)
{
    atomic_fetch_add_explicit(&cell->value, (uint64_t)n, memory_order_relaxed);
}

static double double_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof(d));
    return d;
}

static uint64_t bits_of(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof(bits));
    return bits;
}

void metric_observe(struct metric_cell *cell, double value)
{
    if (isnan(value))
        return;
    size_t i = 0;
    while (i < cell->n_bounds && value > cell->bounds[i])
        i++;
    atomic_fetch_add_explicit(&cell->buckets[i], 1, memory_order_relaxed);
    uint64_t old = atomic_load_explicit(&cell->sum_bits, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&cell->sum_bits, &old,
                                                  bits_of(double_of(old) + value),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

uint64_t metric_read(const struct metric_cell *cell)
{
    if (!cell->bounds)
        return atomic_load_explicit(&cell->value, memory_order_relaxed);
    uint64_t count = 0;
    for (size_t i = 0; i <= cell->n_bounds; i++)
        count += atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
    return count;
}

// --- export ---

enum err metrics_on_collect(void (*collect)(void *arg), void *arg)
{
    struct collector *collector = malloc(sizeof(*collector));
    if (!collector)
        return ERR_NOMEM;
    *collector = (struct collector){.collect = collect, .arg = arg};
    pthread_mutex_lock(&collect_lock);
    struct collector **at = &collectors;
    while (*at)
        at = &(*at)->next;
    *at = collector;
    pthread_mutex_unlock(&collect_lock);
    return ERR_OK;
}

void metrics_off_collect(void (*collect)(void *arg), void *arg)
{
    pthread_mutex_lock(&collect_lock);
    for (struct collector **at = &collectors; *at; at = &(*at)->next) {
        struct collector *collector = *at;
        if (collector->collect == collect && collector->arg == arg) {
            *at = collector->next;
            free(collector);
            break;
        }
    }
    pthread_mutex_unlock(&collect_lock);
}

static void print_escaped(FILE *out, const char *text, bool quotes)
{
    for (; *text; text++) {
        if (*text == '\\' || (quotes && *text == '"'))
            fprintf(out, "\\%c", *text);
        else if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
}

// {a="x",b="y"}, with le="…" last if given; nothing when there are no labels.
static void print_labels(FILE *out, const struct metric_family *family,
                         const struct metric_cell *cell, const char *le)
{
    size_t n = n_labels(family);
    const char *value = cell->key->text;
    if (n == 0 && !le)
        return;
    fputc('{', out);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%s=\"", i ? "," : "", family->labels[i]);
        print_escaped(out, value, true);
        fputc('"', out);
        value += strlen(value) + 1;
    }
    if (le)
        fprintf(out, "%sle=\"%s\"", n ? "," : "", le);
    fputc('}', out);
}

static void print_histogram(FILE *out, const struct metric_family *family,
                            const struct metric_cell *cell)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= cell->n_bounds; i++) {
        char le[32] = "+Inf";
        if (i < cell->n_bounds)
            snprintf(le, sizeof(le), "%.15g", cell->bounds[i]);
        count += atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
        fprintf(out, "%s_bucket", family->name);
        print_labels(out, family, cell, le);
        fprintf(out, " %llu\n", (unsigned long long)count);
    }
    uint64_t sum = atomic_load_explicit(&cell->sum_bits, memory_order_relaxed);
    fprintf(out, "%s_sum", family->name);
    print_labels(out, family, cell, NULL);
    fprintf(out, " %.15g\n", double_of(sum));
    fprintf(out, "%s_count", family->name);
    print_labels(out, family, cell, NULL);
    fprintf(out, " %llu\n", (unsigned long long)count);
}

static void print_family(FILE *out, const struct metric_family *family)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
    };
    fprintf(out, "# HELP %s ", family->name);
    print_escaped(out, family->help, false);
    fprintf(out, "\n# TYPE %s %s\n", family->name, types[family->type]);
    for (const struct metric_cell *cell = family->cells; cell; cell = cell->next) {
        if (family->type == METRIC_HISTOGRAM) {
            print_histogram(out, family, cell);
            continue;
        }
        uint64_t value = atomic_load_explicit(&cell->value, memory_order_relaxed);
        fputs(family->name, out);
        print_labels(out, family, cell, NULL);
        if (family->type == METRIC_GAUGE)
            fprintf(out, " %lld\n", (long long)value);
        else
            fprintf(out, " %llu\n", (unsigned long long)value);
    }
}

char *metrics_export(size_t *len)
{
    pthread_mutex_lock(&collect_lock);
    for (struct collector *c = collectors; c; c = c->next)
        c->collect(c->arg);
    pthread_mutex_unlock(&collect_lock);

    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    pthread_mutex_lock(&lock);
    for (const struct metric_family *family = families; family; family = family->next)
        print_family(out, family);
    pthread_mutex_unlock(&lock);
    bool failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    *len = size;
    return text;
}
