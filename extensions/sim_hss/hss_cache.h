// SPDX-License-Identifier: BSD-3-Clause
// All subscribers in memory, by IMSI, with what moves while the network runs: sequence numbers and
// serving nodes. Thread-safe by sharding: hss_cache_lock gives one subscriber, exclusively.
// What must survive a restart is collected here as "dirty" and written by the saver (hss_saver.h).
//
// Sequence numbers and restarts. Writing every SQN before its vector leaves would bind the HSS to
// the disk. Instead SEQ may run ahead of the stored value by at most `jump`; the saver stores it
// again when a quarter of that is used, and a vector that would exceed it is refused (4181) until
// it has been. After a crash every stored SEQ is advanced by `jump` (hss_store_start), so no SQN is
// ever used twice; after an orderly stop the exact values are stored and nothing is skipped. A card
// accepts jumps of delta (2^28), so with the default jump of 2^16 even thousands of crashes do no
// harm.
#pragma once

#include "hss_store.h"

// A serving node, shared by all its subscribers; lives as long as the cache.
struct hss_node {
    struct hss_node *next;
    char *host, *realm;
    atomic_size_t subscribers; // how many it serves, as MME or SGSN
};

enum { HSS_DIRTY_SEQ = 1, HSS_DIRTY_LOCATION = 2 };

struct hss_sub {
    struct hss_sub *next;
    struct hss_profile *profile; // owns one reference
    struct aka_sqn_he he;
    uint64_t seq_saved;          // SEQ that the database is known to have
    struct hss_node *mme, *sgsn; // NULL: not registered
    bool mme_purged, sgsn_purged, sms_registered;
    uint8_t dirty;
    char imei[17];
};

struct hss_cache;

enum err hss_cache_new(const struct aka_sqn_scheme *scheme, uint64_t jump, struct hss_cache **out);
void hss_cache_free(struct hss_cache *cache); // NULL is fine

// Inserts the subscriber with its stored state; where it is known already only the profile is
// replaced. Takes its own reference. ERR_NOMEM, ERR_FULL (too many different serving nodes).
enum err hss_cache_put(struct hss_cache *cache, struct hss_profile *p,
                       const struct hss_state *state);
bool hss_cache_remove(struct hss_cache *cache, const char *imsi); // false: was not there
size_t hss_cache_count(struct hss_cache *cache);

// The subscriber, locked until hss_cache_unlock; NULL if unknown (nothing is locked then).
struct hss_sub *hss_cache_lock(struct hss_cache *cache, const char *imsi);
void hss_cache_unlock(struct hss_cache *cache, struct hss_sub *sub);

// The rest is for a locked subscriber.

// Draws n SQN within what `jump` allows. ERR_AGAIN: not until the saver has stored the last ones.
enum err hss_cache_draw(struct hss_cache *cache, struct hss_sub *sub, enum aka_domain domain,
                        int64_t now_ms, size_t n, uint8_t (*sqn)[AKA_SQN_LEN]);
// Takes SQN_MS over if the next SEQ would not be accepted (TS 33.102 §6.3.5); true if it did.
bool hss_cache_resync(struct hss_cache *cache, struct hss_sub *sub, int64_t now_ms,
                      const uint8_t sqn_ms[AKA_SQN_LEN]);
// Sets SEQ, for tests of resynchronisation.
void hss_cache_set_seq(struct hss_cache *cache, struct hss_sub *sub, uint64_t seq);
// Registers a serving node in *which (&sub->mme or &sub->sgsn); host NULL: none. ERR_NOMEM,
// ERR_FULL.
enum err hss_cache_serve(struct hss_cache *cache, struct hss_sub *sub, struct hss_node **which,
                         const char *host, const char *realm);
// Something of the location changed: it will be stored.
void hss_cache_touch(struct hss_cache *cache, struct hss_sub *sub);

// Visits the serving nodes that have subscribers. Any thread; visit must not call back into the
// cache.
void hss_cache_each_node(struct hss_cache *cache,
                         void (*visit)(void *ctx, const struct hss_node *node), void *ctx);
// Visits every subscriber, locked, shard by shard.
void hss_cache_each(struct hss_cache *cache, void (*visit)(void *ctx, struct hss_sub *sub),
                    void *ctx);

// For the saver: takes up to max dirty subscribers, with their state as of now.
struct hss_saved {
    char imsi[16];
    struct hss_state state;
};
size_t hss_cache_take_dirty(struct hss_cache *cache, struct hss_saved *out, size_t max);
// What was taken has reached the database; or has not, and is to be taken again.
void hss_cache_saved(struct hss_cache *cache, const struct hss_saved *saved, bool ok);
// Marks all whose exact SEQ is not stored, before an orderly stop.
void hss_cache_mark_all(struct hss_cache *cache);
// Called (any thread, may be under a lock) when something should be stored soon.
void hss_cache_on_dirty(struct hss_cache *cache, void (*wake)(void *ctx), void *ctx);
