// SPDX-License-Identifier: BSD-3-Clause
// The database: subscribers and what the network changes about them, in SQLite with a write-ahead
// log. The command line and the running HSS share the file, each with its own connection; a
// connection belongs to one thread at a time. Not for serving requests: those read hss_cache.h.
#pragma once

#include "aka/sqn.h"
#include "hss_profile.h"

struct hss_store;

// What moves while the network runs, beside the sequence numbers.
struct hss_state {
    struct aka_sqn_he he;
    char mme_host[256], mme_realm[256];   // "" none
    char sgsn_host[256], sgsn_realm[256];
    bool mme_purged, sgsn_purged;
    bool sms_registered;                  // the MME is registered for SMS
    char imei[17];
};

// Opens or creates the file, brings its schema to this program's version. ERR_UNSUPPORTED if the
// file is from a newer version. Failures are logged with SQLite's text.
enum err hss_store_open(const char *path, struct hss_store **out);
void hss_store_close(struct hss_store *store); // NULL is fine

// Changes between begin and commit are one transaction; without, each is its own.
enum err hss_store_begin(struct hss_store *store);
enum err hss_store_commit(struct hss_store *store);
void hss_store_rollback(struct hss_store *store);

// Inserts or replaces a subscriber; what the network knows about it (state) stays.
enum err hss_store_put(struct hss_store *store, const struct hss_profile *p);
// ERR_NOT_FOUND if there is none.
enum err hss_store_delete(struct hss_store *store, const char *imsi);
// *p is a new reference; state may be NULL.
enum err hss_store_get(struct hss_store *store, struct aka_gen *gen, const char *imsi,
                       struct hss_profile **p, struct hss_state *state);
// Visits all in the order of IMSI, from the first one >= `from` ("": all), until visit returns an
// error, which is passed on. A row that cannot be used is logged and left out.
enum err hss_store_each(struct hss_store *store, struct aka_gen *gen, const char *from,
                        enum err (*visit)(void *ctx, struct hss_profile *p,
                                          const struct hss_state *state), void *ctx);
enum err hss_store_count(struct hss_store *store, size_t *out);
// ERR_NOT_FOUND if the subscriber has been deleted meanwhile.
enum err hss_store_save_state(struct hss_store *store, const char *imsi,
                              const struct hss_state *state);

// Marks the store as in use by a running HSS. If the last user did not call hss_store_stop, every
// SEQ is first advanced by `jump`, because up to that many were used without being stored; *crashed
// tells.
enum err hss_store_start(struct hss_store *store, uint64_t jump, bool *crashed);
enum err hss_store_stop(struct hss_store *store);

// For tests: the schema's version, and whether a column exists.
int hss_store_version(struct hss_store *store);
bool hss_store_has_column(struct hss_store *store, const char *table, const char *column);
