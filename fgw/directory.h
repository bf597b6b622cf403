// SPDX-License-Identifier: BSD-3-Clause
// The directory subscriber -> gateway: what fgw_directory_* of gateway.h stands on. Changes are
// visible at once through a pending list in memory and reach LMDB in batches from an own thread.
// Not for where a gateway is connected (rpc/tunnel.h).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ident.h"
#include "base/loop.h"
#include "fgw/access.h"
#include "fgw/directory_store.h"

struct fgw_directory;

struct fgw_directory_config {
    const char *folder;
    enum fgw_store_sync sync;
    size_t map_size;         // bytes the file's map begins with; 0: 256 MiB
    size_t max_pending;      // changes waiting for the disk; 0: 65536
    int64_t expire_s;        // a subscriber unseen for so long is forgotten; 0: 30 days
    int64_t sweep_ms;        // how often that is looked for; 0: 1 h
    uint32_t (*now_s)(void); // clock, seconds since 1970; NULL: the system's
};

// Opens (or creates) the store, counts it through and starts the writer thread.
enum err fgw_dir_open(const struct fgw_directory_config *config, struct fgw_directory **out);
// Writes what is pending and ends. No other call may be under way. NULL is fine.
void fgw_dir_close(struct fgw_directory *dir);

// See gateway.h. Any thread. Without _at: FGW_ACCESS_MME.
enum err fgw_dir_learn_at(struct fgw_directory *dir, enum fgw_access access,
                          const struct base_imsi *imsi, const char *gateway, char *previous);
enum err fgw_dir_find_at(struct fgw_directory *dir, enum fgw_access access,
                         const struct base_imsi *imsi, char *gateway, size_t size,
                         uint32_t *seen_s);
enum err fgw_dir_forget_at(struct fgw_directory *dir, enum fgw_access access,
                           const struct base_imsi *imsi, const char *gateway);
enum err fgw_dir_learn(struct fgw_directory *dir, const struct base_imsi *imsi,
                       const char *gateway, char *previous);
enum err fgw_dir_find(struct fgw_directory *dir, const struct base_imsi *imsi, char *gateway,
                      size_t size, uint32_t *seen_s);
enum err fgw_dir_forget(struct fgw_directory *dir, const struct base_imsi *imsi,
                        const char *gateway);

// The core's server that a known subscriber is registered with; it stays when the subscriber moves.
enum err fgw_dir_learn_host(struct fgw_directory *dir, enum fgw_access access,
                            const struct base_imsi *imsi, const char *host);
enum err fgw_dir_host(struct fgw_directory *dir, enum fgw_access access,
                      const struct base_imsi *imsi, char *host, size_t size);
// Gateways by leading digits; runs on the directory's thread in slices.
enum err fgw_dir_search(struct fgw_directory *dir, struct base_loop *loop, enum fgw_access access,
                        const char *const *prefixes, size_t n,
                        void (*visit)(const char *gateway, void *arg),
                        void (*done)(enum err err, void *arg), void *arg);
// No search begins any more; those waiting end with ERR_SHUTDOWN on their loops, which still run.
void fgw_dir_searches_end(struct fgw_directory *dir);

struct fgw_dir_gateway {
    const char *id;       // lives as long as the directory
    uint32_t seen_s;      // last request, seconds since 1970
    uint64_t subscribers; // of this gateway now
};
// Gateways with subscribers, or seen within the expiry time. visit may call back.
enum err fgw_dir_gateways(struct fgw_directory *dir,
                          void (*visit)(const struct fgw_dir_gateway *gateway, void *arg),
                          void *arg);
// Waits until everything learned before this call is on disk. ERR_TIMEOUT.
enum err fgw_dir_sync(struct fgw_directory *dir, int64_t timeout_ms);

struct fgw_dir_stats {
    uint64_t subscribers, gateways, pending;
    uint64_t learned, moved, forgotten, expired; // since start
    uint64_t refused;                            // changes refused because too many were pending
    uint64_t commits, failures;                  // of write transactions
    uint64_t used_bytes, map_bytes;
};
void fgw_dir_stats(struct fgw_directory *dir, struct fgw_dir_stats *out);

// The directory that fgw_directory_* use; NULL: none (they answer ERR_WRONG_STATE). Set while no
// loop runs.
void fgw_directory_use(struct fgw_directory *dir);
