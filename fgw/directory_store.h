// SPDX-License-Identifier: BSD-3-Clause
// The directory on disk: an LMDB environment with three tables, gateways (number -> id), hosts
// (number -> Diameter identity) and subscribers (IMSI -> gateway number, last seen, number of the
// core's server). Readers never wait for the writer.
// Not for deciding what is to be stored and when (directory.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum fgw_store_sync {
    // kill -9 costs nothing committed in any of them: the pages are the kernel's by then
    FGW_STORE_SAFE, // data is flushed with each commit: a power cut costs the last commit at most
    FGW_STORE_FULL, // data and root page are flushed with each commit: a power cut costs nothing
    FGW_STORE_OFF,  // the kernel flushes when it likes: a power cut may cost the whole store
};

struct fgw_store;

// One subscriber as stored, in host byte order (LMDB files are not portable across byte orders).
struct fgw_store_record {
    uint32_t gateway; // number; 0: none
    uint32_t seen;    // seconds since 1970, last request
    uint32_t host;    // number of the server of the core; 0: not known. Not in records of format 1
};
struct fgw_store_entry {
    uint64_t key;
    struct fgw_store_record record; // gateway 0 deletes
};
struct fgw_store_gateway {
    uint32_t number; // from 1
    uint32_t seen;
    const char *id;  // NULL deletes
    bool is_host;    // a row of the table of hosts instead, which has the same shape
};

// Creates the folder if it is missing (not its parents) and refuses one that another process uses
// (ERR_EXISTS). map_size [bytes] is where the file may grow to before the map is enlarged.
enum err fgw_store_open(const char *folder, size_t map_size, enum fgw_store_sync sync,
                        struct fgw_store **out);
void fgw_store_close(struct fgw_store *store); // NULL is fine; readers are closed before

// A place to read from; used by one thread at a time, many exist.
struct fgw_store_reader {
    void *txn; // MDB_txn, parked between look-ups; NULL before the first
};
// ERR_NOT_FOUND. Any thread that owns the reader.
enum err fgw_store_get(struct fgw_store *store, struct fgw_store_reader *reader, uint64_t key,
                       struct fgw_store_record *out);
void fgw_store_reader_close(struct fgw_store_reader *reader);

// Writes all of it or nothing, in one transaction. One thread at a time. ERR_FULL: the map must be
// enlarged (fgw_store_grow) and the call repeated.
enum err fgw_store_write(struct fgw_store *store, const struct fgw_store_gateway *gateways,
                         size_t n_gateways, const struct fgw_store_entry *entries,
                         size_t n_entries);
// Doubles the map. No reader may be inside fgw_store_get.
enum err fgw_store_grow(struct fgw_store *store);

// Visits all gateways and hosts, then all entries with key >= from, until visit_entry returns
// false. Either may be NULL. Sees one consistent state.
enum err fgw_store_scan(struct fgw_store *store, uint64_t from,
                        void (*visit_gateway)(const struct fgw_store_gateway *gateway, void *arg),
                        bool (*visit_entry)(const struct fgw_store_entry *entry, void *arg),
                        void *arg);

struct fgw_store_size {
    size_t map, used; // bytes
    size_t entries;
};
void fgw_store_size(struct fgw_store *store, struct fgw_store_size *out);
