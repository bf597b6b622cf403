// SPDX-License-Identifier: BSD-3-Clause
// SQLite behind a thread. See store.h.
#include "aaa/store.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aaa/count.h"

#define QUEUE_MAX 20000

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS accounting("
    " time INTEGER, event_time INTEGER, status INTEGER, session TEXT, imsi TEXT, client TEXT,"
    " nas TEXT, nas_id TEXT, acct_id TEXT, user_name TEXT, calling TEXT, called TEXT,"
    " framed_ip TEXT, session_time INTEGER, input_octets INTEGER, output_octets INTEGER,"
    " input_packets INTEGER, output_packets INTEGER, cause INTEGER);"
    "CREATE INDEX IF NOT EXISTS accounting_time ON accounting(time);"
    "CREATE TABLE IF NOT EXISTS sessions("
    " id TEXT PRIMARY KEY, imsi TEXT, client TEXT, nas TEXT, nas_id TEXT, nas_ip TEXT,"
    " user_name TEXT, calling TEXT, called TEXT, acct_id TEXT, since INTEGER, expires INTEGER,"
    " registered INTEGER, accounting INTEGER);"
    "CREATE TABLE IF NOT EXISTS pseudonym_keys("
    " indicator INTEGER PRIMARY KEY, key BLOB, since INTEGER);";

// Old records go in portions, so that new ones need not wait for long.
enum { PURGE_EVERY_MS = 5000 };

enum statement { ACCOUNT, PUT, FORGET, PURGE, STATEMENTS };
static const char *const sql[STATEMENTS] = {
    [ACCOUNT] = "INSERT INTO accounting VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [PUT] = "INSERT OR REPLACE INTO sessions VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [FORGET] = "DELETE FROM sessions WHERE id=?",
    [PURGE] = "DELETE FROM accounting WHERE rowid IN"
              " (SELECT rowid FROM accounting WHERE time<? ORDER BY time LIMIT 10000)",
};

struct op {
    struct base_job job;
    struct aaa_store *store;
    struct op *next; // in the transaction
    enum statement kind;
    union {
        struct aaa_record record;
        struct aaa_session_data session;
        char id[17];
        int64_t before; // seconds since 1970
    };
    void (*done)(void *ctx, enum err err);
    void *ctx;
    enum err err;
};

struct aaa_store {
    sqlite3 *db;
    sqlite3_stmt *stmt[STATEMENTS];
    struct base_loop *loop, *writer;
    struct base_timer purge; // on the loop
    int64_t keep_s;          // accounting records; 0: for ever
    atomic_bool closing;
    // writer thread
    bool open; // a transaction is
    struct op *first, **last;
    struct base_job commit;
};

static enum err failed(struct aaa_store *store, const char *what)
{
    base_log_limited(&log_aaa, BASE_LOG_ERROR, NULL, "database: %s: %s", what,
                     sqlite3_errmsg(store->db));
    return ERR_IO;
}

// ---- writer thread ----

static void text(sqlite3_stmt *st, int *at, const char *value)
{
    sqlite3_bind_text(st, (*at)++, value, -1, SQLITE_STATIC);
}

static void number(sqlite3_stmt *st, int *at, uint64_t value)
{
    sqlite3_bind_int64(st, (*at)++, (sqlite3_int64)value);
}

static void bind_record(sqlite3_stmt *st, const struct aaa_record *r)
{
    int at = 1;
    number(st, &at, (uint64_t)r->time);
    number(st, &at, (uint64_t)r->event_time);
    number(st, &at, r->status);
    text(st, &at, r->session);
    text(st, &at, r->imsi);
    text(st, &at, r->client);
    text(st, &at, r->nas);
    text(st, &at, r->nas_id);
    text(st, &at, r->acct_id);
    text(st, &at, r->user_name);
    text(st, &at, r->calling);
    text(st, &at, r->called);
    text(st, &at, r->framed_ip);
    number(st, &at, r->session_time);
    number(st, &at, r->input_octets);
    number(st, &at, r->output_octets);
    number(st, &at, r->input_packets);
    number(st, &at, r->output_packets);
    number(st, &at, r->cause);
}

static void bind_session(sqlite3_stmt *st, const struct aaa_session_data *s)
{
    int at = 1;
    text(st, &at, s->id);
    text(st, &at, s->imsi);
    text(st, &at, s->client);
    text(st, &at, s->nas);
    text(st, &at, s->nas_id);
    text(st, &at, s->nas_ip);
    text(st, &at, s->user_name);
    text(st, &at, s->calling);
    text(st, &at, s->called);
    text(st, &at, s->acct_id);
    number(st, &at, (uint64_t)s->since);
    number(st, &at, (uint64_t)s->expires);
    number(st, &at, s->registered);
    number(st, &at, s->accounting);
}

static enum err execute(struct op *op)
{
    struct aaa_store *store = op->store;
    sqlite3_stmt *st = store->stmt[op->kind];
    int at = 1;
    if (op->kind == ACCOUNT)
        bind_record(st, &op->record);
    else if (op->kind == PUT)
        bind_session(st, &op->session);
    else if (op->kind == PURGE)
        number(st, &at, (uint64_t)op->before);
    else
        text(st, &at, op->id);
    enum err err = sqlite3_step(st) == SQLITE_DONE ? ERR_OK : failed(store, "write");
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return err;
}

static void op_over(struct base_job *job)
{
    struct op *op = BASE_CONTAINER_OF(job, struct op, job);
    if (op->done && !atomic_load(&op->store->closing))
        op->done(op->ctx, op->err);
    free(op);
}

static void commit(struct aaa_store *store)
{
    bool ok = sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
    if (!ok) {
        failed(store, "commit");
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
    AAA_COUNT(aaa_m_store, ok ? "ok" : "failed");
    struct op *op = store->first;
    store->first = NULL;
    store->last = &store->first;
    store->open = false;
    while (op) {
        struct op *next = op->next;
        op->err = ok ? op->err : ERR_IO;
        op->job.run = op_over;
        if (op->done && !atomic_load(&store->closing))
            base_loop_post_admitted(store->loop, &op->job);
        else
            free(op);
        op = next;
    }
}

// Comes after everything that was queued together with the first of the transaction.
static void commit_job(struct base_job *job)
{
    commit(BASE_CONTAINER_OF(job, struct aaa_store, commit));
}

static void op_run(struct base_job *job)
{
    struct op *op = BASE_CONTAINER_OF(job, struct op, job);
    struct aaa_store *store = op->store;
    if (!store->open) {
        store->open = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
        if (!store->open)
            failed(store, "begin");
        else
            base_loop_post_admitted(store->writer, &store->commit);
    }
    op->err = store->open ? execute(op) : ERR_IO;
    if (store->open) {
        op->next = NULL;
        *store->last = op;
        store->last = &op->next;
    } else if (op->done) {
        op->job.run = op_over;
        base_loop_post_admitted(store->loop, &op->job);
    } else {
        free(op);
    }
}

// ---- the loop's side ----

static enum err post(struct aaa_store *store, enum statement kind, const void *data, size_t len,
                     void (*done)(void *ctx, enum err err), void *ctx)
{
    struct op *op = calloc(1, sizeof(*op));
    if (!op)
        return ERR_NOMEM;
    op->job.run = op_run;
    op->store = store;
    op->kind = kind;
    op->done = done;
    op->ctx = ctx;
    memcpy(&op->record, data, len);
    enum err err = base_loop_post(store->writer, &op->job);
    if (err)
        free(op);
    return err;
}

enum err aaa_store_account(struct aaa_store *store, const struct aaa_record *record,
                           void (*done)(void *ctx, enum err err), void *ctx)
{
    return post(store, ACCOUNT, record, sizeof(*record), done, ctx);
}

void aaa_store_put(struct aaa_store *store, const struct aaa_session_data *session)
{
    enum err err = post(store, PUT, session, sizeof(*session), NULL, NULL);
    if (err)
        base_log_limited(&log_aaa, BASE_LOG_ERROR, NULL, "session %s is not stored: %s",
                         session->id, err_str(err));
}

void aaa_store_forget(struct aaa_store *store, const char *id)
{
    char copy[17];
    snprintf(copy, sizeof(copy), "%s", id);
    enum err err = post(store, FORGET, copy, sizeof(copy), NULL, NULL);
    if (err)
        base_log_limited(&log_aaa, BASE_LOG_ERROR, NULL, "session %s stays stored: %s", id,
                         err_str(err));
}

static void on_purge(struct base_timer *timer)
{
    struct aaa_store *store = BASE_CONTAINER_OF(timer, struct aaa_store, purge);
    const int64_t before = (int64_t)time(NULL) - store->keep_s;
    enum err err = post(store, PURGE, &before, sizeof(before), NULL, NULL);
    if (err) // next time, then
        base_log_limited(&log_aaa, BASE_LOG_WARN, NULL, "old records stay: %s", err_str(err));
    base_timer_start(timer, PURGE_EVERY_MS);
}

void aaa_store_keep(struct aaa_store *store, int64_t keep_s)
{
    store->keep_s = keep_s;
    if (keep_s > 0)
        base_timer_start(&store->purge, 0);
    else
        base_timer_stop(&store->purge);
}

// ---- life ----

static enum err prepare(struct aaa_store *store)
{
    if (sqlite3_exec(store->db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return failed(store, "schema");
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v2(store->db, sql[i], -1, &store->stmt[i], NULL) != SQLITE_OK)
            return failed(store, sql[i]);
    }
    return ERR_OK;
}

enum err aaa_store_open(const char *path, struct base_loop *loop, struct aaa_store **out)
{
    struct aaa_store *store = calloc(1, sizeof(*store));
    enum err err = ERR_IO;
    if (!store)
        return ERR_NOMEM;
    store->loop = loop;
    store->last = &store->first;
    store->commit.run = commit_job;
    base_timer_init(&store->purge, loop, on_purge);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); // it holds keys
    if (fd < 0) {
        base_log(&log_aaa, BASE_LOG_ERROR, NULL, "%s cannot be opened for writing", path);
        goto out;
    }
    close(fd);
    if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL)) {
        failed(store, path);
        goto out;
    }
    sqlite3_busy_timeout(store->db, 5000); // somebody reads reports
    err = prepare(store);
    if (err)
        goto out;
    err = base_loop_new("store", QUEUE_MAX, &store->writer);
    if (err)
        goto out;
    err = base_loop_start(store->writer);
    if (err)
        goto out;
    *out = store;
    return ERR_OK;
out:
    if (store->writer)
        base_loop_free(store->writer);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->stmt[i]);
    sqlite3_close(store->db);
    free(store);
    return err;
}

void aaa_store_close(struct aaa_store *store)
{
    if (!store)
        return;
    atomic_store(&store->closing, true);
    base_timer_stop(&store->purge);
    base_loop_stop(store->writer);
    base_loop_join(store->writer);
    base_loop_free(store->writer); // runs what is queued
    if (store->open)
        commit(store);
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->stmt[i]);
    sqlite3_close(store->db);
}

void aaa_store_free(struct aaa_store *store)
{
    free(store);
}

// ---- at start ----

static void column(sqlite3_stmt *st, int at, char *out, size_t size)
{
    const unsigned char *value = sqlite3_column_text(st, at);
    snprintf(out, size, "%s", value ? (const char *)value : "");
}

enum err aaa_store_each(struct aaa_store *store,
                        void (*visit)(void *ctx, const struct aaa_session_data *session), void *ctx)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(store->db, "SELECT * FROM sessions", -1, &st, NULL) != SQLITE_OK)
        return failed(store, "sessions");
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct aaa_session_data s;
        column(st, 0, s.id, sizeof(s.id));
        column(st, 1, s.imsi, sizeof(s.imsi));
        column(st, 2, s.client, sizeof(s.client));
        column(st, 3, s.nas, sizeof(s.nas));
        column(st, 4, s.nas_id, sizeof(s.nas_id));
        column(st, 5, s.nas_ip, sizeof(s.nas_ip));
        column(st, 6, s.user_name, sizeof(s.user_name));
        column(st, 7, s.calling, sizeof(s.calling));
        column(st, 8, s.called, sizeof(s.called));
        column(st, 9, s.acct_id, sizeof(s.acct_id));
        s.since = sqlite3_column_int64(st, 10);
        s.expires = sqlite3_column_int64(st, 11);
        s.registered = sqlite3_column_int(st, 12);
        s.accounting = sqlite3_column_int(st, 13);
        visit(ctx, &s);
    }
    sqlite3_finalize(st);
    return ERR_OK;
}

static enum err add_key(struct aaa_store *store, struct eap_pseudonym_keys *keys, bool first,
                        int64_t now)
{
    sqlite3_stmt *st = NULL;
    uint8_t at = first ? 0 : (uint8_t)((keys->current + 1) % EAP_PSEUDONYM_KEYS);
    if (RAND_bytes(keys->key[at], sizeof(keys->key[at])) != 1)
        return ERR_INTERNAL;
    if (sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO pseudonym_keys VALUES(?,?,?)", -1,
                           &st, NULL) != SQLITE_OK)
        return failed(store, "keys");
    sqlite3_bind_int(st, 1, at);
    sqlite3_bind_blob(st, 2, keys->key[at], sizeof(keys->key[at]), SQLITE_STATIC);
    sqlite3_bind_int64(st, 3, now);
    enum err err = sqlite3_step(st) == SQLITE_DONE ? ERR_OK : failed(store, "keys");
    sqlite3_finalize(st);
    keys->set[at] = true;
    keys->current = at;
    return err;
}

enum err aaa_store_keys(struct aaa_store *store, int64_t rotate_s, struct eap_pseudonym_keys *out)
{
    sqlite3_stmt *st = NULL;
    int64_t newest = 0, now = time(NULL);
    bool any = false;
    memset(out, 0, sizeof(*out));
    if (sqlite3_prepare_v2(store->db,
                           "SELECT indicator,key,since FROM pseudonym_keys ORDER BY since", -1, &st,
                           NULL) != SQLITE_OK)
        return failed(store, "keys");
    while (sqlite3_step(st) == SQLITE_ROW) {
        int at = sqlite3_column_int(st, 0);
        if (at < 0 || at >= EAP_PSEUDONYM_KEYS || sqlite3_column_bytes(st, 1) != 16)
            continue;
        memcpy(out->key[at], sqlite3_column_blob(st, 1), 16);
        out->set[at] = true;
        out->current = (uint8_t)at;
        newest = sqlite3_column_int64(st, 2);
        any = true;
    }
    sqlite3_finalize(st);
    return any && now - newest < rotate_s ? ERR_OK : add_key(store, out, !any, now);
}
