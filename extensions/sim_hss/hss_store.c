// SPDX-License-Identifier: BSD-3-Clause
// SQLite store. The subscriber table has one text column per field of hss_fields.c, so what an
// operator sees with sqlite3 is what the command line and CSV files use.
#include "hss_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "hss_fields.h"
#include "hss_log.h"

// Schema steps: step i takes version i to i+1. Never change one that was released; add the next.
static const char *const schema_steps[] = {
    "CREATE TABLE subscriber ("
    " imsi TEXT PRIMARY KEY, msisdn TEXT, alg TEXT, k TEXT, opc TEXT, amf TEXT, res_len TEXT,"
    " keccak TEXT, gsm_sim TEXT, eps TEXT, status TEXT, odb TEXT, hplmn_odb TEXT, nam TEXT,"
    " access_restriction TEXT, core_restriction TEXT, roaming TEXT, zones TEXT, charging TEXT,"
    " apn_oi TEXT, rau_tau_timer TEXT, rfsp TEXT, ue_usage_type TEXT, ics TEXT, sms_in_mme TEXT,"
    " ambr_ul TEXT, ambr_dl TEXT, default_apn TEXT, apns TEXT) STRICT, WITHOUT ROWID;"
    "CREATE TABLE state ("
    " imsi TEXT PRIMARY KEY REFERENCES subscriber(imsi) ON DELETE CASCADE,"
    " seq INTEGER NOT NULL DEFAULT 0, dif INTEGER NOT NULL DEFAULT 0,"
    " ind_ps INTEGER NOT NULL DEFAULT 0, ind_cs INTEGER NOT NULL DEFAULT 0,"
    " mme_host TEXT NOT NULL DEFAULT '', mme_realm TEXT NOT NULL DEFAULT '',"
    " mme_purged INTEGER NOT NULL DEFAULT 0,"
    " sgsn_host TEXT NOT NULL DEFAULT '', sgsn_realm TEXT NOT NULL DEFAULT '',"
    " sgsn_purged INTEGER NOT NULL DEFAULT 0, sms_registered INTEGER NOT NULL DEFAULT 0,"
    " imei TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;"
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('running', '0');",
};
#define SCHEMA_VERSION ((int)(sizeof schema_steps / sizeof schema_steps[0]))

#define STATE_COLUMNS                                                                       \
    "seq, dif, ind_ps, ind_cs, mme_host, mme_realm, mme_purged, sgsn_host, sgsn_realm, "    \
    "sgsn_purged, sms_registered, imei"
#define N_STATE_COLUMNS 12

enum stmt { ST_PUT, ST_PUT_STATE, ST_DELETE, ST_GET, ST_EACH, ST_SAVE, STMTS };

struct hss_store {
    sqlite3 *db;
    sqlite3_stmt *stmt[STMTS];
    size_t n_columns; // of table subscriber
    char text[HSS_FIELD_TEXT_MAX];
};

static enum err failed(struct hss_store *store, const char *what)
{
    int code = sqlite3_errcode(store->db);

    base_log(&log_hss, BASE_LOG_ERROR, NULL, "database: %s: %s", what, sqlite3_errmsg(store->db));
    if (code == SQLITE_NOMEM)
        return ERR_NOMEM;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED ? ERR_AGAIN : ERR_IO;
}

static enum err run_sql(struct hss_store *store, const char *sql)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK
                                                                       : failed(store, sql);
}

static enum err query_int(struct hss_store *store, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = ERR_OK;

    if (sqlite3_prepare_v2(store->db, sql, -1, &st, NULL) != SQLITE_OK ||
        sqlite3_step(st) != SQLITE_ROW)
        err = failed(store, sql);
    else
        *out = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return err;
}

int hss_store_version(struct hss_store *store)
{
    int64_t version = -1;

    return query_int(store, "PRAGMA user_version", &version) ? -1 : (int)version;
}

static enum err migrate(struct hss_store *store)
{
    int version;
    enum err err = run_sql(store, "BEGIN IMMEDIATE"); // two programs may open a new file at once

    if (err)
        return err;
    version = hss_store_version(store);
    if (version < 0 || version > SCHEMA_VERSION) {
        base_log(&log_hss, BASE_LOG_ERROR, NULL,
                 "database: schema version %d, this program knows up to %d", version,
                 SCHEMA_VERSION);
        err = version < 0 ? ERR_IO : ERR_UNSUPPORTED;
    }
    while (!err && version < SCHEMA_VERSION) {
        char pragma[48];

        err = run_sql(store, schema_steps[version++]);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", version);
        if (!err)
            err = run_sql(store, pragma);
    }
    if (err) {
        hss_store_rollback(store);
        return err;
    }
    return hss_store_commit(store);
}

#define SQL_MAX 4096

// The subscriber's columns as a list, each with the prefix; `again` (may be NULL) puts that text
// and the name once more behind each.
static void columns(char out[SQL_MAX], const char *prefix, const char *again)
{
    size_t used = 0;

    for (size_t i = 0; i < hss_n_fields && used < SQL_MAX; i++) {
        const char *name = hss_fields[i].name;

        if (hss_fields[i].input_only)
            continue;
        used += (size_t)snprintf(out + used, SQL_MAX - used, "%s%s%s%s%s", used ? ", " : "", prefix,
                                 name, again ? again : "", again ? name : "");
    }
}

static enum err prepare(struct hss_store *store, enum stmt which, const char *sql)
{
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &store->stmt[which],
                           NULL) != SQLITE_OK)
        return failed(store, sql);
    return ERR_OK;
}

static enum err prepare_each(struct hss_store *store)
{
    char names[SQL_MAX], sql[2 * SQL_MAX];
    enum err err;

    columns(names, "subscriber.", NULL);
    snprintf(sql, sizeof sql,
             "SELECT %s, " STATE_COLUMNS " FROM subscriber LEFT JOIN state"
             " ON state.imsi = subscriber.imsi WHERE subscriber.imsi = ?1", names);
    err = prepare(store, ST_GET, sql);
    snprintf(sql, sizeof sql,
             "SELECT %s, " STATE_COLUMNS " FROM subscriber LEFT JOIN state"
             " ON state.imsi = subscriber.imsi WHERE subscriber.imsi >= ?1"
             " ORDER BY subscriber.imsi", names);
    return err ? err : prepare(store, ST_EACH, sql);
}

static enum err prepare_all(struct hss_store *store)
{
    char names[SQL_MAX], values[SQL_MAX], updates[SQL_MAX], sql[4 * SQL_MAX];
    enum err err;

    columns(names, "", NULL);
    columns(values, ":", NULL);
    columns(updates, "", " = excluded.");
    // an upsert, because REPLACE would delete the row and with it, by the foreign key, its state
    snprintf(sql, sizeof sql,
             "INSERT INTO subscriber (%s) VALUES (%s) ON CONFLICT (imsi) DO UPDATE SET %s", names,
             values, updates);
    err = prepare(store, ST_PUT, sql);
    if (!err)
        err = prepare(store, ST_PUT_STATE, "INSERT OR IGNORE INTO state (imsi) VALUES (?1)");
    if (!err)
        err = prepare(store, ST_DELETE, "DELETE FROM subscriber WHERE imsi = ?1");
    if (!err)
        err = prepare_each(store);
    if (!err)
        err = prepare(store, ST_SAVE,
                      "UPDATE state SET (" STATE_COLUMNS ") ="
                      " (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) WHERE imsi = ?1");
    return err;
}

// The file holds keys: whoever creates it is the only one who may read it. SQLite gives the log
// files the same mode. An existing file is not touched: closing a descriptor of it would take away
// the locks that another connection of this process holds on it.
static void create_private(const char *path)
{
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
}

enum err hss_store_open(const char *path, struct hss_store **out)
{
    struct hss_store *store = calloc(1, sizeof *store);
    enum err err = ERR_NOMEM;

    if (!store)
        goto out;
    for (size_t i = 0; i < hss_n_fields; i++)
        store->n_columns += !hss_fields[i].input_only;
    create_private(path);
    if (sqlite3_open_v2(path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        base_log(&log_hss, BASE_LOG_ERROR, NULL, "database %s: %s", path,
                 store->db ? sqlite3_errmsg(store->db) : "out of memory");
        err = ERR_IO;
        goto out;
    }
    sqlite3_busy_timeout(store->db, 5000);
    err = run_sql(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA foreign_keys = ON;");
    if (!err)
        err = migrate(store);
    if (!err)
        err = prepare_all(store);
    if (err)
        goto out;
    *out = store;
    store = NULL;
out:
    hss_store_close(store);
    return err;
}

void hss_store_close(struct hss_store *store)
{
    if (!store)
        return;
    for (int i = 0; i < STMTS; i++)
        sqlite3_finalize(store->stmt[i]);
    sqlite3_close(store->db);
    explicit_bzero(store, sizeof *store);
    free(store);
}

enum err hss_store_begin(struct hss_store *store)
{
    return run_sql(store, "BEGIN IMMEDIATE");
}

enum err hss_store_commit(struct hss_store *store)
{
    return run_sql(store, "COMMIT");
}

void hss_store_rollback(struct hss_store *store)
{
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL); // fails harmlessly if none is open
}

// Steps a statement that yields no rows, and makes it ready for the next use.
static enum err finish(struct hss_store *store, enum stmt which, const char *what)
{
    sqlite3_stmt *st = store->stmt[which];
    enum err err = sqlite3_step(st) == SQLITE_DONE ? ERR_OK : failed(store, what);

    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return err;
}

enum err hss_store_put(struct hss_store *store, const struct hss_profile *p)
{
    int column = 0;
    enum err err;

    for (size_t i = 0; i < hss_n_fields; i++) {
        const struct hss_field *f = &hss_fields[i];

        if (f->input_only)
            continue;
        f->get(p, f, store->text, sizeof store->text);
        sqlite3_bind_text(store->stmt[ST_PUT], ++column, store->text, -1, SQLITE_TRANSIENT);
    }
    err = finish(store, ST_PUT, "store subscriber");
    if (err)
        return err;
    sqlite3_bind_text(store->stmt[ST_PUT_STATE], 1, p->imsi, -1, SQLITE_STATIC);
    return finish(store, ST_PUT_STATE, "store subscriber");
}

enum err hss_store_delete(struct hss_store *store, const char *imsi)
{
    enum err err;

    sqlite3_bind_text(store->stmt[ST_DELETE], 1, imsi, -1, SQLITE_STATIC);
    err = finish(store, ST_DELETE, "delete subscriber");
    return !err && sqlite3_changes(store->db) == 0 ? ERR_NOT_FOUND : err;
}

static const char *column_text(sqlite3_stmt *st, int i)
{
    const char *text = (const char *)sqlite3_column_text(st, i);

    return text ? text : "";
}

static void read_state(sqlite3_stmt *st, int first, struct hss_state *s)
{
    memset(s, 0, sizeof *s);
    s->he.seq = (uint64_t)sqlite3_column_int64(st, first);
    s->he.dif = sqlite3_column_int64(st, first + 1);
    s->he.ind[AKA_DOMAIN_PS] = (uint16_t)sqlite3_column_int(st, first + 2);
    s->he.ind[AKA_DOMAIN_CS] = (uint16_t)sqlite3_column_int(st, first + 3);
    snprintf(s->mme_host, sizeof s->mme_host, "%s", column_text(st, first + 4));
    snprintf(s->mme_realm, sizeof s->mme_realm, "%s", column_text(st, first + 5));
    s->mme_purged = sqlite3_column_int(st, first + 6) != 0;
    snprintf(s->sgsn_host, sizeof s->sgsn_host, "%s", column_text(st, first + 7));
    snprintf(s->sgsn_realm, sizeof s->sgsn_realm, "%s", column_text(st, first + 8));
    s->sgsn_purged = sqlite3_column_int(st, first + 9) != 0;
    s->sms_registered = sqlite3_column_int(st, first + 10) != 0;
    snprintf(s->imei, sizeof s->imei, "%s", column_text(st, first + 11));
}

// Makes a profile of the current row. ERR_INVALID (logged) if an operator has put nonsense there.
static enum err read_row(struct hss_store *store, struct aka_gen *gen, sqlite3_stmt *st,
                         struct hss_profile **out, struct hss_state *state)
{
    struct hss_profile *p = hss_profile_new();
    const char *why = NULL, *field = "subscriber";
    int column = 0;
    enum err err = p ? ERR_OK : ERR_NOMEM;

    for (size_t i = 0; !err && i < hss_n_fields; i++) {
        if (hss_fields[i].input_only)
            continue;
        field = hss_fields[i].name;
        err = hss_fields[i].set(p, &hss_fields[i], column_text(st, column++));
    }
    if (!err) {
        field = "subscriber";
        err = hss_profile_finish(p, gen, &why);
    }
    if (err) {
        base_log(&log_hss, BASE_LOG_ERROR, NULL, "database: subscriber %s left out: %s: %s",
                 column_text(st, 0), field, why ? why : err_str(err));
        hss_profile_unref(p);
        return err == ERR_NOMEM ? err : ERR_INVALID;
    }
    if (state)
        read_state(st, (int)store->n_columns, state);
    *out = p;
    return ERR_OK;
}

enum err hss_store_get(struct hss_store *store, struct aka_gen *gen, const char *imsi,
                       struct hss_profile **p, struct hss_state *state)
{
    sqlite3_stmt *st = store->stmt[ST_GET];
    enum err err;

    sqlite3_bind_text(st, 1, imsi, -1, SQLITE_STATIC);
    switch (sqlite3_step(st)) {
    case SQLITE_ROW:
        err = read_row(store, gen, st, p, state);
        break;
    case SQLITE_DONE:
        err = ERR_NOT_FOUND;
        break;
    default:
        err = failed(store, "read subscriber");
    }
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return err;
}

enum err hss_store_each(struct hss_store *store, struct aka_gen *gen, const char *from,
                        enum err (*visit)(void *ctx, struct hss_profile *p,
                                          const struct hss_state *state), void *ctx)
{
    sqlite3_stmt *st = store->stmt[ST_EACH];
    struct hss_state state;
    enum err err = ERR_OK;
    int rc = SQLITE_ROW;

    sqlite3_bind_text(st, 1, from, -1, SQLITE_STATIC);
    while (!err && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct hss_profile *p = NULL;

        err = read_row(store, gen, st, &p, &state);
        if (err == ERR_INVALID) {
            err = ERR_OK;
            continue;
        }
        if (!err)
            err = visit(ctx, p, &state);
        hss_profile_unref(p);
    }
    if (!err && rc != SQLITE_DONE)
        err = failed(store, "read subscribers");
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return err;
}

enum err hss_store_count(struct hss_store *store, size_t *out)
{
    int64_t n = 0;
    enum err err = query_int(store, "SELECT count(*) FROM subscriber", &n);

    *out = (size_t)n;
    return err;
}

enum err hss_store_save_state(struct hss_store *store, const char *imsi,
                              const struct hss_state *s)
{
    sqlite3_stmt *st = store->stmt[ST_SAVE];
    enum err err;

    sqlite3_bind_text(st, 1, imsi, -1, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (int64_t)s->he.seq);
    sqlite3_bind_int64(st, 3, s->he.dif);
    sqlite3_bind_int(st, 4, s->he.ind[AKA_DOMAIN_PS]);
    sqlite3_bind_int(st, 5, s->he.ind[AKA_DOMAIN_CS]);
    sqlite3_bind_text(st, 6, s->mme_host, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 7, s->mme_realm, -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 8, s->mme_purged);
    sqlite3_bind_text(st, 9, s->sgsn_host, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 10, s->sgsn_realm, -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 11, s->sgsn_purged);
    sqlite3_bind_int(st, 12, s->sms_registered);
    sqlite3_bind_text(st, 13, s->imei, -1, SQLITE_STATIC);
    err = finish(store, ST_SAVE, "store state");
    return !err && sqlite3_changes(store->db) == 0 ? ERR_NOT_FOUND : err;
}

enum err hss_store_start(struct hss_store *store, uint64_t jump, bool *crashed)
{
    char sql[96];
    int64_t running = 0;
    enum err err = hss_store_begin(store);

    if (err)
        return err;
    err = query_int(store, "SELECT value FROM meta WHERE key = 'running'", &running);
    *crashed = running != 0;
    if (!err && *crashed) {
        snprintf(sql, sizeof sql, "UPDATE state SET seq = seq + %llu", (unsigned long long)jump);
        err = run_sql(store, sql);
    }
    if (!err)
        err = run_sql(store, "UPDATE meta SET value = '1' WHERE key = 'running'");
    if (!err)
        return hss_store_commit(store);
    hss_store_rollback(store);
    return err;
}

enum err hss_store_stop(struct hss_store *store)
{
    return run_sql(store, "UPDATE meta SET value = '0' WHERE key = 'running'");
}

bool hss_store_has_column(struct hss_store *store, const char *table, const char *column)
{
    return sqlite3_table_column_metadata(store->db, NULL, table, column, NULL, NULL, NULL, NULL,
                                         NULL) == SQLITE_OK;
}
