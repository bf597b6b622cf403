// SPDX-License-Identifier: BSD-3-Clause
// LMDB under the directory. Readers keep their slot and only renew the snapshot (no lock, no
// allocation per look-up). The data file grows as needed; only its map has a size.
#include "fgw/directory_store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fgw/log.h"

enum {
    READERS = 128, // one per stripe of directory.c, some for scans
    FORMAT = 2,    // of the records; kept in table "meta". Written by this version
    FORMAT_OLD = 1, // without host; read, and rewritten as records change
    RECORD_OLD = offsetof(struct fgw_store_record, host),
    ID_MAX = 255,
};

struct fgw_store {
    MDB_env *env;
    MDB_dbi gateways, hosts, subscribers;
    size_t map_size;
    int lock_fd; // exclusive flock on the folder
};

// ERR_FULL is the map's alone: who gets it enlarges the map, which no full disk would end.
static enum err from_mdb(int rc)
{
    enum err err;
    switch (rc) {
    case MDB_SUCCESS:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_MAP_FULL:
        return ERR_FULL;
    default:
        err = rc > 0 ? err_from_errno(rc) : ERR_IO;
        return err == ERR_FULL ? ERR_IO : err;
    }
}

static enum err complain(const char *what, int rc)
{
    base_log_limited(&log_directory, BASE_LOG_ERROR, NULL, "store: %s: %s", what,
                     mdb_strerror(rc));
    return from_mdb(rc);
}

// --- opening ---

static enum err lock_folder(const char *folder, int *out)
{
    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        base_log(&log_directory, BASE_LOG_ERROR, NULL, "cannot create %s: %m", folder);
        return err_from_errno(errno);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        base_log(&log_directory, BASE_LOG_ERROR, NULL, "cannot open %s: %m", folder);
        return err_from_errno(errno);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        base_log(&log_directory, BASE_LOG_ERROR, NULL, "%s is already used by another process",
                 folder);
        close(fd);
        return ERR_EXISTS;
    }
    *out = fd;
    return ERR_OK;
}

static int open_tables(struct fgw_store *store)
{
    MDB_txn *txn;
    MDB_dbi meta;
    uint32_t number = 0, format = FORMAT;
    MDB_val key = {sizeof(number), &number}, value = {sizeof(format), &format};
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return rc;
    rc = mdb_dbi_open(txn, "gateways", MDB_CREATE | MDB_INTEGERKEY, &store->gateways);
    if (!rc)
        rc = mdb_dbi_open(txn, "hosts", MDB_CREATE | MDB_INTEGERKEY, &store->hosts);
    if (!rc)
        rc = mdb_dbi_open(txn, "subscribers", MDB_CREATE | MDB_INTEGERKEY, &store->subscribers);
    if (!rc)
        rc = mdb_dbi_open(txn, "meta", MDB_CREATE | MDB_INTEGERKEY, &meta);
    if (!rc)
        rc = mdb_get(txn, meta, &key, &value);
    if (!rc) {
        bool known = value.mv_size == sizeof(format);
        if (known)
            memcpy(&format, value.mv_data, sizeof(format));
        known = known && (format == FORMAT || format == FORMAT_OLD);
        rc = known ? 0 : MDB_VERSION_MISMATCH;
        format = FORMAT;
        value = (MDB_val){sizeof(format), &format};
    }
    if (!rc || rc == MDB_NOTFOUND)
        rc = mdb_put(txn, meta, &key, &value, 0);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static unsigned env_flags(enum fgw_store_sync sync)
{
    static const unsigned flags[] = {
        [FGW_STORE_SAFE] = MDB_NOMETASYNC, [FGW_STORE_FULL] = 0, [FGW_STORE_OFF] = MDB_NOSYNC};
    return MDB_NOTLS | flags[sync];
}

enum err fgw_store_open(const char *folder, size_t map_size, enum fgw_store_sync sync,
                        struct fgw_store **out)
{
    *out = NULL;
    struct fgw_store *store = calloc(1, sizeof(*store));
    if (!store)
        return ERR_NOMEM;
    store->lock_fd = -1;
    enum err err = lock_folder(folder, &store->lock_fd);
    if (err)
        goto out;
    int rc = mdb_env_create(&store->env);
    if (!rc)
        rc = mdb_env_set_maxdbs(store->env, 4);
    if (!rc)
        rc = mdb_env_set_maxreaders(store->env, READERS);
    if (!rc)
        rc = mdb_env_set_mapsize(store->env, map_size);
    if (!rc)
        rc = mdb_env_open(store->env, folder, env_flags(sync), 0640);
    if (!rc)
        rc = mdb_reader_check(store->env, NULL); // slots of a killed process
    if (!rc)
        rc = open_tables(store);
    if (rc) {
        err = complain(folder, rc);
        goto out;
    }
    MDB_envinfo info; // the file may have grown beyond what was asked for now
    mdb_env_info(store->env, &info);
    store->map_size = info.me_mapsize;
    *out = store;
    return ERR_OK;

out:
    fgw_store_close(store);
    return err;
}

void fgw_store_close(struct fgw_store *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store);
}

// --- reading ---

static bool read_record(const MDB_val *value, struct fgw_store_record *out)
{
    if (value->mv_size != sizeof(*out) && value->mv_size != RECORD_OLD)
        return false;
    out->host = 0;
    memcpy(out, value->mv_data, value->mv_size);
    return true;
}

enum err fgw_store_get(struct fgw_store *store, struct fgw_store_reader *reader, uint64_t key,
                       struct fgw_store_record *out)
{
    MDB_txn *txn = reader->txn;
    int rc = txn ? mdb_txn_renew(txn) : mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return complain("reading", rc);
    MDB_val k = {sizeof(key), &key}, v;
    rc = mdb_get(txn, store->subscribers, &k, &v);
    if (!rc && !read_record(&v, out))
        rc = MDB_CORRUPTED;
    mdb_txn_reset(txn); // the snapshot may not outlive the look-up: old pages could not be reused
    reader->txn = txn;
    return rc && rc != MDB_NOTFOUND ? complain("reading", rc) : from_mdb(rc);
}

void fgw_store_reader_close(struct fgw_store_reader *reader)
{
    if (reader->txn)
        mdb_txn_abort(reader->txn);
    reader->txn = NULL;
}

static int scan_gateways(MDB_cursor *cursor, bool hosts,
                         void (*visit)(const struct fgw_store_gateway *, void *), void *arg)
{
    MDB_val k, v;
    int rc;
    for (rc = mdb_cursor_get(cursor, &k, &v, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        char id[ID_MAX + 1];
        struct fgw_store_gateway gateway = {.id = id, .is_host = hosts};
        size_t len = v.mv_size - sizeof(gateway.seen);
        if (k.mv_size != sizeof(gateway.number) || v.mv_size < sizeof(gateway.seen) || len > ID_MAX)
            continue; // not written by us
        memcpy(&gateway.number, k.mv_data, sizeof(gateway.number));
        memcpy(&gateway.seen, v.mv_data, sizeof(gateway.seen));
        memcpy(id, (const char *)v.mv_data + sizeof(gateway.seen), len);
        id[len] = '\0';
        visit(&gateway, arg);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int scan_entries(MDB_cursor *cursor, uint64_t from,
                        bool (*visit)(const struct fgw_store_entry *, void *), void *arg)
{
    MDB_val k = {sizeof(from), &from}, v;
    int rc;
    for (rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE); rc == 0;
         rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
        struct fgw_store_entry entry;
        if (k.mv_size != sizeof(entry.key) || !read_record(&v, &entry.record))
            continue; // not written by us
        memcpy(&entry.key, k.mv_data, sizeof(entry.key));
        if (!visit(&entry, arg))
            return 0;
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum err fgw_store_scan(struct fgw_store *store, uint64_t from,
                        void (*visit_gateway)(const struct fgw_store_gateway *gateway, void *arg),
                        bool (*visit_entry)(const struct fgw_store_entry *entry, void *arg),
                        void *arg)
{
    MDB_txn *txn;
    MDB_cursor *cursor;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return complain("scanning", rc);
    for (int hosts = 0; visit_gateway && hosts < 2 && !rc; hosts++) {
        rc = mdb_cursor_open(txn, hosts ? store->hosts : store->gateways, &cursor);
        if (!rc) {
            rc = scan_gateways(cursor, hosts, visit_gateway, arg);
            mdb_cursor_close(cursor);
        }
    }
    if (visit_entry && !rc) {
        rc = mdb_cursor_open(txn, store->subscribers, &cursor);
        if (!rc) {
            rc = scan_entries(cursor, from, visit_entry, arg);
            mdb_cursor_close(cursor);
        }
    }
    mdb_txn_abort(txn);
    return rc ? complain("scanning", rc) : ERR_OK;
}

// --- writing ---

static int write_gateway(MDB_txn *txn, MDB_dbi table, const struct fgw_store_gateway *gateway)
{
    unsigned char data[sizeof(gateway->seen) + ID_MAX];
    uint32_t number = gateway->number;
    MDB_val k = {sizeof(number), &number}, v = {0, data};
    if (!gateway->id) {
        int rc = mdb_del(txn, table, &k, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    size_t len = strnlen(gateway->id, ID_MAX);
    memcpy(data, &gateway->seen, sizeof(gateway->seen));
    memcpy(data + sizeof(gateway->seen), gateway->id, len);
    v.mv_size = sizeof(gateway->seen) + len;
    return mdb_put(txn, table, &k, &v, 0);
}

static int write_entry(MDB_txn *txn, MDB_dbi table, const struct fgw_store_entry *entry)
{
    uint64_t key = entry->key;
    struct fgw_store_record record = entry->record;
    MDB_val k = {sizeof(key), &key}, v = {sizeof(record), &record};
    if (record.gateway)
        return mdb_put(txn, table, &k, &v, 0);
    int rc = mdb_del(txn, table, &k, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

enum err fgw_store_write(struct fgw_store *store, const struct fgw_store_gateway *gateways,
                         size_t n_gateways, const struct fgw_store_entry *entries, size_t n_entries)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc)
        return complain("writing", rc);
    for (size_t i = 0; i < n_gateways && !rc; i++)
        rc = write_gateway(txn, gateways[i].is_host ? store->hosts : store->gateways,
                           &gateways[i]);
    for (size_t i = 0; i < n_entries && !rc; i++)
        rc = write_entry(txn, store->subscribers, &entries[i]);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn);
    return rc && rc != MDB_MAP_FULL ? complain("writing", rc) : from_mdb(rc);
}

enum err fgw_store_grow(struct fgw_store *store)
{
    size_t size = store->map_size * 2;
    int rc = mdb_env_set_mapsize(store->env, size);
    if (rc)
        return complain("enlarging", rc);
    store->map_size = size;
    return ERR_OK;
}

void fgw_store_size(struct fgw_store *store, struct fgw_store_size *out)
{
    MDB_envinfo info;
    MDB_stat page;
    MDB_stat table = {.ms_entries = 0};
    MDB_txn *txn;
    mdb_env_info(store->env, &info);
    mdb_env_stat(store->env, &page);
    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) == 0) {
        mdb_stat(txn, store->subscribers, &table);
        mdb_txn_abort(txn);
    }
    *out = (struct fgw_store_size){
        .map = info.me_mapsize,
        .used = (info.me_last_pgno + 1) * page.ms_psize,
        .entries = table.ms_entries,
    };
}
