// SPDX-License-Identifier: BSD-3-Clause
// Calls of the directory, its gateways, opening and closing. How it works: directory_int.h.
// Not for writing to disk (directory_writer.c).
#include "fgw/directory_int.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fgw/gateway.h"
#include "fgw/log.h"

enum {
    KEY_LEN_SHIFT = 56,   // key: access, number of digits, their value
    KEY_ACCESS_SHIFT = 4, // beside the number of digits
    REFRESHES = 30,       // last-seen is stored with a precision of expiry / 30
};

static uint32_t system_now_s(void)
{
    return (uint32_t)time(NULL);
}

uint64_t fgw_dir_key(enum fgw_access access, size_t n_digits, uint64_t value)
{
    return ((uint64_t)access << KEY_ACCESS_SHIFT | n_digits) << KEY_LEN_SHIFT | value;
}

uint64_t fgw_dir_key_of(enum fgw_access access, const struct base_imsi *imsi)
{
    uint64_t value = 0;
    for (size_t i = 0; i < imsi->len; i++)
        value = value * 10 + (uint64_t)(imsi->digits[i] - '0');
    return fgw_dir_key(access, imsi->len, value);
}

static uint64_t mix(uint64_t key)
{
    key ^= key >> 33;
    key *= 0xff51afd7ed558ccdULL;
    return key ^ key >> 33;
}

struct stripe *fgw_dir_stripe(struct fgw_directory *dir, uint64_t key)
{
    return &dir->stripes[mix(key) % STRIPES];
}

struct change **fgw_dir_bucket(struct stripe *stripe, uint64_t key)
{
    return &stripe->buckets[mix(key) / STRIPES % BUCKETS];
}

// --- gateways ---

static size_t hash_id(const char *id)
{
    uint32_t hash = 2166136261u;
    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return hash % GATEWAY_BUCKETS;
}

static struct gateway *gateway_by_id(struct fgw_directory *dir, const char *id)
{
    pthread_rwlock_rdlock(&dir->gateways_lock);
    struct gateway *gateway = dir->by_id[hash_id(id)];
    while (gateway && strcmp(gateway->id, id) != 0)
        gateway = gateway->next;
    pthread_rwlock_unlock(&dir->gateways_lock);
    return gateway;
}

struct gateway *fgw_dir_gateway_by_number(struct fgw_directory *dir, uint32_t number)
{
    pthread_rwlock_rdlock(&dir->gateways_lock);
    struct gateway *gateway = number <= dir->n_gateways ? dir->by_number[number] : NULL;
    pthread_rwlock_unlock(&dir->gateways_lock);
    return gateway;
}

// A number without gateway, among those that leave_out_old took back; 0: none. Their subscribers
// had gone before them.
static uint32_t free_number(const struct fgw_directory *dir)
{
    uint32_t number = 1;
    while (number <= dir->n_gateways && dir->by_number[number])
        number++;
    return number <= GATEWAYS_MAX ? number : 0;
}

// Call with the write lock. number 0: the next one.
static enum err insert_gateway(struct fgw_directory *dir, const char *id, uint32_t number,
                               uint32_t seen, struct gateway **out)
{
    if (number == 0)
        number = dir->n_gateways < GATEWAYS_MAX ? dir->n_gateways + 1 : free_number(dir);
    if (number == 0 || number > GATEWAYS_MAX)
        return ERR_FULL;
    uint32_t highest = number > dir->n_gateways ? number : dir->n_gateways;
    size_t id_size = strlen(id) + 1;
    struct gateway *gateway = calloc(1, sizeof(*gateway) + id_size);
    if (!gateway)
        return ERR_NOMEM;
    memcpy(gateway->id, id, id_size);
    gateway->number = number;
    atomic_store(&gateway->seen, seen);
    atomic_store(&gateway->stored_seen, seen);
    dir->n_gateways = highest;
    dir->by_number[number] = gateway;
    struct gateway **bucket = &dir->by_id[hash_id(id)];
    gateway->next = *bucket;
    *bucket = gateway;
    *out = gateway;
    return ERR_OK;
}

// The gateway is to be stored with the next batch.
static void mark_dirty(struct fgw_directory *dir, struct gateway *gateway)
{
    if (!atomic_exchange(&gateway->dirty, true))
        atomic_fetch_add(&dir->n_dirty, 1);
}

// The gateway, made known if it is new; notes that it was seen.
static enum err gateway_of(struct fgw_directory *dir, const char *id, uint32_t now,
                           struct gateway **out)
{
    size_t len = strlen(id);
    if (len == 0 || len > FGW_GATEWAY_ID_MAX)
        return ERR_INVALID;
    struct gateway *gateway = gateway_by_id(dir, id);
    if (!gateway) {
        pthread_rwlock_wrlock(&dir->gateways_lock);
        for (gateway = dir->by_id[hash_id(id)]; gateway; gateway = gateway->next) {
            if (strcmp(gateway->id, id) == 0)
                break; // another thread was faster
        }
        enum err err = ERR_OK;
        if (!gateway) {
            err = insert_gateway(dir, id, 0, now, &gateway);
            if (!err) // before anybody can refer to it: it must reach the disk first
                mark_dirty(dir, gateway);
        }
        pthread_rwlock_unlock(&dir->gateways_lock);
        if (err)
            return err;
    }
    if (atomic_load_explicit(&gateway->seen, memory_order_relaxed) != now)
        atomic_store_explicit(&gateway->seen, now, memory_order_relaxed);
    uint32_t stored = atomic_load_explicit(&gateway->stored_seen, memory_order_relaxed);
    if (now > stored && now - stored >= dir->refresh_s)
        mark_dirty(dir, gateway);
    *out = gateway;
    return ERR_OK;
}

// --- pending changes; the stripe is locked ---

static struct change *find_change(struct stripe *stripe, uint64_t key)
{
    struct change *change = *fgw_dir_bucket(stripe, key);
    while (change && change->key != key)
        change = change->next;
    return change;
}

// What is known about the subscriber: pending first, then stored. ERR_NOT_FOUND.
enum err fgw_dir_look(struct fgw_directory *dir, struct stripe *stripe, uint64_t key,
                     struct fgw_store_record *out)
{
    const struct change *change = find_change(stripe, key);
    if (change) {
        *out = change->record;
        return change->record.gateway ? ERR_OK : ERR_NOT_FOUND;
    }
    return fgw_store_get(dir->store, &stripe->reader, key, out);
}

static void wake_writer(struct fgw_directory *dir)
{
    pthread_mutex_lock(&dir->lock);
    pthread_cond_signal(&dir->wake);
    pthread_mutex_unlock(&dir->lock);
}

enum err fgw_dir_put(struct fgw_directory *dir, struct stripe *stripe, uint64_t key,
                    struct fgw_store_record record)
{
    struct change *change = find_change(stripe, key);
    if (change) {
        change->record = record;
        change->version++;
        return ERR_OK;
    }
    if (atomic_load(&dir->pending) >= dir->max_pending) {
        atomic_fetch_add(&dir->refused, 1);
        return ERR_FULL;
    }
    change = malloc(sizeof(*change));
    if (!change)
        return ERR_NOMEM;
    struct change **bucket = fgw_dir_bucket(stripe, key);
    *change = (struct change){.next = *bucket, .key = key, .record = record};
    *bucket = change;
    if (atomic_fetch_add(&dir->pending, 1) == 0)
        wake_writer(dir);
    return ERR_OK;
}

void fgw_dir_count_subscriber(struct fgw_directory *dir, uint32_t number, int64_t n)
{
    struct gateway *gateway = fgw_dir_gateway_by_number(dir, number);
    if (gateway)
        atomic_fetch_add(&gateway->subscribers, n);
}

// --- the calls ---

enum err fgw_dir_learn_at(struct fgw_directory *dir, enum fgw_access access,
                          const struct base_imsi *imsi, const char *id, char *previous)
{
    if (previous)
        previous[0] = '\0';
    uint32_t now = dir->now_s();
    struct gateway *gateway;
    enum err err = gateway_of(dir, id, now, &gateway);
    if (err)
        return err;

    uint64_t key = fgw_dir_key_of(access, imsi);
    struct fgw_store_record known = {0};
    struct stripe *stripe = fgw_dir_stripe(dir, key);
    pthread_mutex_lock(&stripe->lock);
    err = fgw_dir_look(dir, stripe, key, &known);
    if (err && err != ERR_NOT_FOUND)
        goto out;
    bool is_new = err == ERR_NOT_FOUND;
    bool moved = !is_new && known.gateway != gateway->number;
    if (!is_new && !moved && now - known.seen < dir->refresh_s) {
        err = ERR_OK;
        goto out;
    }
    err = fgw_dir_put(dir, stripe, key,
                      (struct fgw_store_record){gateway->number, now, known.host});
    if (err)
        goto out;
    if (is_new) {
        atomic_fetch_add(&dir->subscribers, 1);
        atomic_fetch_add(&dir->learned, 1);
        atomic_fetch_add(&gateway->subscribers, 1);
    } else if (moved) {
        atomic_fetch_add(&dir->moved, 1);
        atomic_fetch_add(&gateway->subscribers, 1);
        fgw_dir_count_subscriber(dir, known.gateway, -1);
        const struct gateway *old = fgw_dir_gateway_by_number(dir, known.gateway);
        if (previous && old)
            memcpy(previous, old->id, strlen(old->id) + 1);
    }
out:
    pthread_mutex_unlock(&stripe->lock);
    return err;
}

enum err fgw_dir_find_at(struct fgw_directory *dir, enum fgw_access access,
                         const struct base_imsi *imsi, char *id, size_t size, uint32_t *seen_s)
{
    uint64_t key = fgw_dir_key_of(access, imsi);
    struct fgw_store_record known;
    struct stripe *stripe = fgw_dir_stripe(dir, key);
    pthread_mutex_lock(&stripe->lock);
    enum err err = fgw_dir_look(dir, stripe, key, &known);
    pthread_mutex_unlock(&stripe->lock);
    const struct gateway *gateway = err ? NULL : fgw_dir_gateway_by_number(dir, known.gateway);
    if (err == ERR_NOT_FOUND || (!err && !gateway))
        return ERR_FGW_UNKNOWN_SUBSCRIBER;
    if (err)
        return err;
    size_t id_size = strlen(gateway->id) + 1;
    if (id_size > size)
        return ERR_RANGE;
    memcpy(id, gateway->id, id_size);
    if (seen_s)
        *seen_s = known.seen;
    return ERR_OK;
}

enum err fgw_dir_forget_at(struct fgw_directory *dir, enum fgw_access access,
                           const struct base_imsi *imsi, const char *id)
{
    struct gateway *gateway = gateway_by_id(dir, id);
    if (!gateway)
        return ERR_NOT_FOUND;
    uint64_t key = fgw_dir_key_of(access, imsi);
    struct fgw_store_record known;
    struct stripe *stripe = fgw_dir_stripe(dir, key);
    pthread_mutex_lock(&stripe->lock);
    enum err err = fgw_dir_look(dir, stripe, key, &known);
    if (!err && known.gateway != gateway->number)
        err = ERR_NOT_FOUND;
    if (!err)
        err = fgw_dir_put(dir, stripe, key, (struct fgw_store_record){0});
    if (!err) {
        atomic_fetch_sub(&dir->subscribers, 1);
        atomic_fetch_sub(&gateway->subscribers, 1);
        atomic_fetch_add(&dir->forgotten, 1);
    }
    pthread_mutex_unlock(&stripe->lock);
    return err;
}

enum err fgw_dir_learn(struct fgw_directory *dir, const struct base_imsi *imsi, const char *id,
                       char *previous)
{
    return fgw_dir_learn_at(dir, FGW_ACCESS_MME, imsi, id, previous);
}

enum err fgw_dir_find(struct fgw_directory *dir, const struct base_imsi *imsi, char *id,
                      size_t size, uint32_t *seen_s)
{
    return fgw_dir_find_at(dir, FGW_ACCESS_MME, imsi, id, size, seen_s);
}

enum err fgw_dir_forget(struct fgw_directory *dir, const struct base_imsi *imsi, const char *id)
{
    return fgw_dir_forget_at(dir, FGW_ACCESS_MME, imsi, id);
}

bool fgw_dir_is_expired(const struct fgw_directory *dir, uint32_t seen, uint32_t now)
{
    return now > seen && now - seen > dir->expire_s;
}

enum err fgw_dir_gateways(struct fgw_directory *dir,
                          void (*visit)(const struct fgw_dir_gateway *gateway, void *arg),
                          void *arg)
{
    uint32_t now = dir->now_s();
    for (uint32_t number = 1;; number++) {
        pthread_rwlock_rdlock(&dir->gateways_lock);
        bool end = number > dir->n_gateways;
        const struct gateway *gateway = end ? NULL : dir->by_number[number];
        pthread_rwlock_unlock(&dir->gateways_lock);
        if (end)
            return ERR_OK;
        if (!gateway)
            continue;
        struct fgw_dir_gateway seen = {.id = gateway->id, .seen_s = atomic_load(&gateway->seen)};
        int64_t subscribers = atomic_load(&gateway->subscribers);
        seen.subscribers = subscribers > 0 ? (uint64_t)subscribers : 0;
        if (seen.subscribers || !fgw_dir_is_expired(dir, seen.seen_s, now))
            visit(&seen, arg);
    }
}

void fgw_dir_stats(struct fgw_directory *dir, struct fgw_dir_stats *out)
{
    pthread_rwlock_rdlock(&dir->gateways_lock);
    uint32_t gateways = 0;
    for (uint32_t i = 1; i <= dir->n_gateways; i++)
        gateways += dir->by_number[i] != NULL;
    pthread_rwlock_unlock(&dir->gateways_lock);
    *out = (struct fgw_dir_stats){
        .subscribers = atomic_load(&dir->subscribers),
        .gateways = gateways,
        .pending = atomic_load(&dir->pending),
        .learned = atomic_load(&dir->learned),
        .moved = atomic_load(&dir->moved),
        .forgotten = atomic_load(&dir->forgotten),
        .expired = atomic_load(&dir->expired),
        .refused = atomic_load(&dir->refused),
        .commits = atomic_load(&dir->commits),
        .failures = atomic_load(&dir->failures),
        .used_bytes = atomic_load(&dir->used_bytes),
        .map_bytes = atomic_load(&dir->map_bytes),
    };
}

// --- open and close ---

static void load_gateway(const struct fgw_store_gateway *stored, void *arg)
{
    struct fgw_directory *dir = arg;
    struct gateway *gateway;
    if (stored->is_host) {
        fgw_dir_host_loaded(dir, stored->number, stored->id);
        return;
    }
    if (stored->number == 0 || strlen(stored->id) > FGW_GATEWAY_ID_MAX)
        return;
    if (insert_gateway(dir, stored->id, stored->number, stored->seen, &gateway))
        base_log(&log_directory, BASE_LOG_WARN, NULL, "gateway %s is left out", stored->id);
}

static bool load_entry(const struct fgw_store_entry *entry, void *arg)
{
    struct fgw_directory *dir = arg;
    struct gateway *gateway = fgw_dir_gateway_by_number(dir, entry->record.gateway);
    if (gateway) {
        atomic_fetch_add(&gateway->subscribers, 1);
        atomic_fetch_add(&dir->subscribers, 1);
    }
    return true;
}

static enum err delete_gateways(struct fgw_directory *dir, const struct fgw_store_gateway *gone,
                                size_t n)
{
    enum err err = fgw_store_write(dir->store, gone, n, NULL, 0);
    while (err == ERR_FULL) {
        err = fgw_store_grow(dir->store);
        if (!err)
            err = fgw_store_write(dir->store, gone, n, NULL, 0);
    }
    return err;
}

// Gateways without subscribers that have not been seen for the expiry time are left behind; many
// with one write, because each may cost a flush.
static enum err leave_out_old(struct fgw_directory *dir)
{
    enum { TOGETHER = 4096 };
    struct fgw_store_gateway *gone = calloc(TOGETHER, sizeof(*gone));
    uint32_t now = dir->now_s();
    size_t n = 0;
    enum err err = gone ? ERR_OK : ERR_NOMEM;
    for (size_t b = 0; b < GATEWAY_BUCKETS && !err; b++) {
        struct gateway **at = &dir->by_id[b];
        while (*at && !err) {
            struct gateway *gateway = *at;
            if (gateway->subscribers > 0 || !fgw_dir_is_expired(dir, gateway->seen, now)) {
                at = &gateway->next;
                continue;
            }
            gone[n++].number = gateway->number;
            dir->by_number[gateway->number] = NULL;
            *at = gateway->next;
            free(gateway);
            if (n == TOGETHER) {
                err = delete_gateways(dir, gone, n);
                n = 0;
            }
        }
    }
    if (!err && n > 0)
        err = delete_gateways(dir, gone, n);
    free(gone);
    return err;
}

static enum err allocate(struct fgw_directory *dir)
{
    dir->by_number = calloc(GATEWAYS_MAX + 1, sizeof(struct gateway *));
    dir->stripes = aligned_alloc(64, STRIPES * sizeof(struct stripe));
    if (!dir->by_number || !dir->stripes)
        return ERR_NOMEM;
    memset(dir->stripes, 0, STRIPES * sizeof(struct stripe));
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&dir->stripes[i].lock, NULL);
    pthread_rwlock_init(&dir->gateways_lock, NULL);
    pthread_mutex_init(&dir->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&dir->wake, &attr);
    pthread_cond_init(&dir->done, &attr);
    pthread_condattr_destroy(&attr);
    return ERR_OK;
}

enum err fgw_dir_open(const struct fgw_directory_config *config, struct fgw_directory **out)
{
    *out = NULL;
    struct fgw_directory *dir = calloc(1, sizeof(*dir));
    if (!dir)
        return ERR_NOMEM;
    dir->now_s = config->now_s ? config->now_s : system_now_s;
    dir->expire_s = (uint32_t)(config->expire_s ? config->expire_s : 30 * 24 * 3600);
    dir->refresh_s = dir->expire_s / REFRESHES + 1;
    dir->sweep_ms = config->sweep_ms ? config->sweep_ms : 3600 * 1000;
    dir->max_pending = config->max_pending ? config->max_pending : 65536;
    enum err err = allocate(dir);
    if (err)
        goto out;
    err = fgw_store_open(config->folder, config->map_size ? config->map_size : (size_t)256 << 20,
                         config->sync, &dir->store);
    if (err)
        goto out;
    err = fgw_store_scan(dir->store, 0, load_gateway, load_entry, dir);
    if (!err)
        err = leave_out_old(dir);
    if (err)
        goto out;
    fgw_dir_note_size(dir);
    err = fgw_dir_writer_start(dir);
    if (err)
        goto out;
    base_log(&log_directory, BASE_LOG_INFO, NULL, "%s: %lu subscribers of %u gateways",
             config->folder, (unsigned long)atomic_load(&dir->subscribers), dir->n_gateways);
    *out = dir;
    return ERR_OK;

out:
    fgw_dir_close(dir);
    return err;
}

static void free_changes(struct stripe *stripe)
{
    for (size_t b = 0; b < BUCKETS; b++) {
        while (stripe->buckets[b]) {
            struct change *next = stripe->buckets[b]->next;
            free(stripe->buckets[b]);
            stripe->buckets[b] = next;
        }
    }
}

void fgw_dir_close(struct fgw_directory *dir)
{
    if (!dir)
        return;
    if (dir->writer_runs) {
        fgw_dir_searches_end(dir);
        fgw_dir_writer_stop(dir);
    }
    for (size_t i = 0; dir->stripes && i < STRIPES; i++) {
        fgw_store_reader_close(&dir->stripes[i].reader);
        free_changes(&dir->stripes[i]);
    }
    fgw_store_close(dir->store);
    for (uint32_t i = 1; dir->by_number && i <= dir->n_gateways; i++)
        free(dir->by_number[i]);
    for (uint32_t i = 1; i <= dir->n_hosts; i++)
        free(dir->hosts[i]);
    free(dir->by_number);
    free(dir->stripes);
    free(dir);
}

// --- the gateway API ---

static struct fgw_directory *in_use; // changed only while no loop runs

void fgw_directory_use(struct fgw_directory *dir)
{
    in_use = dir;
}

enum err fgw_directory_learn_at(enum fgw_access access, const struct base_imsi *imsi,
                                const char *gateway, char *previous)
{
    if (previous)
        previous[0] = '\0';
    return in_use ? fgw_dir_learn_at(in_use, access, imsi, gateway, previous) : ERR_WRONG_STATE;
}

enum err fgw_directory_find_at(enum fgw_access access, const struct base_imsi *imsi, char *gateway,
                               size_t size)
{
    return in_use ? fgw_dir_find_at(in_use, access, imsi, gateway, size, NULL) : ERR_WRONG_STATE;
}

enum err fgw_directory_forget_at(enum fgw_access access, const struct base_imsi *imsi,
                                 const char *gateway)
{
    return in_use ? fgw_dir_forget_at(in_use, access, imsi, gateway) : ERR_WRONG_STATE;
}

struct id_visit {
    void (*visit)(const char *gateway, void *arg);
    void *arg;
};

static void visit_id(const struct fgw_dir_gateway *gateway, void *arg)
{
    const struct id_visit *v = arg;
    v->visit(gateway->id, v->arg);
}

enum err fgw_directory_gateways(void (*visit)(const char *gateway, void *arg), void *arg)
{
    struct id_visit v = {visit, arg};
    return in_use ? fgw_dir_gateways(in_use, visit_id, &v) : ERR_WRONG_STATE;
}

enum err fgw_directory_learn_host(enum fgw_access access, const struct base_imsi *imsi,
                                  const char *host)
{
    return in_use ? fgw_dir_learn_host(in_use, access, imsi, host) : ERR_WRONG_STATE;
}

enum err fgw_directory_host(enum fgw_access access, const struct base_imsi *imsi, char *host,
                            size_t size)
{
    return in_use ? fgw_dir_host(in_use, access, imsi, host, size) : ERR_WRONG_STATE;
}

enum err fgw_directory_search(struct base_loop *loop, enum fgw_access access,
                              const char *const *prefixes, size_t n,
                              void (*visit)(const char *gateway, void *arg),
                              void (*done)(enum err err, void *arg), void *arg)
{
    return in_use ? fgw_dir_search(in_use, loop, access, prefixes, n, visit, done, arg)
                  : ERR_WRONG_STATE;
}
