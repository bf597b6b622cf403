// SPDX-License-Identifier: BSD-3-Clause
// What directory.c, directory_host.c, directory_search.c and directory_writer.c share. Not for
// anybody else.
//
// 64 stripes, each with a lock, a reader of the store and the pending changes of its subscribers.
// What is pending overrides what is stored. The writer copies pending changes, commits them, and
// drops those that have not changed again meanwhile; a look-up therefore never sees a gap.
// Gateways have numbers; their table only grows (gateways without subscribers are left out when the
// store is opened next). The core's servers ("hosts") likewise. Locks are taken in the order
// stripe, gateways_lock, lock.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "fgw/directory.h"

enum {
    STRIPES = 64,
    BUCKETS = 64, // of pending changes, per stripe
    GATEWAY_BUCKETS = 4096,
    GATEWAYS_MAX = 65535,
    HOSTS_MAX = 1024,
    SEARCHES_MAX = 64, // waiting for the thread
};

// A change waiting for the disk.
struct change {
    struct change *next; // bucket
    uint64_t key;
    struct fgw_store_record record; // gateway 0: forgotten
    uint32_t version;
};

struct stripe {
    _Alignas(64) pthread_mutex_t lock;
    struct fgw_store_reader reader;
    struct change *buckets[BUCKETS];
};

struct gateway {
    struct gateway *next; // bucket
    uint32_t number;
    _Atomic uint32_t seen;
    _Atomic uint32_t stored_seen;
    _Atomic bool dirty; // to be stored
    _Atomic int64_t subscribers;
    char id[];
};

struct fgw_directory {
    struct fgw_store *store;
    struct stripe *stripes;
    uint32_t (*now_s)(void);
    uint32_t expire_s, refresh_s;
    int64_t sweep_ms;
    size_t max_pending;

    pthread_rwlock_t gateways_lock;
    struct gateway *by_id[GATEWAY_BUCKETS];
    struct gateway **by_number; // [0] unused
    uint32_t n_gateways;        // highest number
    char *hosts[HOSTS_MAX + 1]; // by number, [0] unused; they stay until the directory is closed
    uint32_t n_hosts;           // highest number
    uint32_t hosts_stored;      // up to here they are on disk; writer only
    _Atomic uint32_t n_dirty;

    pthread_t writer;
    bool writer_runs;
    pthread_mutex_t lock; // of what is below, down to the atomics
    pthread_cond_t wake, done;
    bool stop;
    struct fgw_dir_search *searches; // waiting; the first one may be at work
    size_t n_searches;
    bool searching, no_searches;
    _Atomic size_t pending;
    _Atomic uint64_t subscribers, learned, moved, forgotten, expired, refused, commits, failures;
    _Atomic uint64_t used_bytes, map_bytes;
};

struct fgw_dir_search; // directory_search.c

// The key of a subscriber: access, number of digits, their value. keys are in the order of these.
uint64_t fgw_dir_key(enum fgw_access access, size_t n_digits, uint64_t value);
uint64_t fgw_dir_key_of(enum fgw_access access, const struct base_imsi *imsi);
// The stripe of a subscriber, and its bucket in it.
struct stripe *fgw_dir_stripe(struct fgw_directory *dir, uint64_t key);
struct change **fgw_dir_bucket(struct stripe *stripe, uint64_t key);
struct gateway *fgw_dir_gateway_by_number(struct fgw_directory *dir, uint32_t number);
bool fgw_dir_is_expired(const struct fgw_directory *dir, uint32_t seen, uint32_t now);
// What is known about the subscriber: pending first, then stored. ERR_NOT_FOUND. Stripe locked.
enum err fgw_dir_look(struct fgw_directory *dir, struct stripe *stripe, uint64_t key,
                      struct fgw_store_record *out);
// Notes a change. ERR_FULL, ERR_NOMEM. Stripe locked.
enum err fgw_dir_put(struct fgw_directory *dir, struct stripe *stripe, uint64_t key,
                     struct fgw_store_record record);
void fgw_dir_count_subscriber(struct fgw_directory *dir, uint32_t number, int64_t n);

// Makes a host of the table on disk known. Before the writer runs.
void fgw_dir_host_loaded(struct fgw_directory *dir, uint32_t number, const char *name);
// One slice of the search that waits first. Writer.
void fgw_dir_search_some(struct fgw_directory *dir);

enum err fgw_dir_writer_start(struct fgw_directory *dir);
void fgw_dir_writer_stop(struct fgw_directory *dir); // after writing what is pending
void fgw_dir_note_size(struct fgw_directory *dir);   // writer, or before it runs
