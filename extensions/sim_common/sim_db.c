// SPDX-License-Identifier: BSD-3-Clause
// Statements by the address of their text, JSON to columns and back.
#include "sim_db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim.h"

#define STATEMENTS_MAX 64
#define BUSY_MS 5000

struct sim_db {
    sqlite3 *handle;
    enum err err;
    size_t n;
    struct { const char *sql; sqlite3_stmt *stmt; } kept[STATEMENTS_MAX];
};

static void failed(struct sim_db *db, const char *sql)
{
    base_log_limited(sim_log, BASE_LOG_ERROR, NULL, "database: %s: %s", sqlite3_errmsg(db->handle),
                     sql);
    if (!db->err)
        db->err = ERR_IO;
}

enum err sim_db_open(const char *path, const char *schema, struct sim_db **out)
{
    struct sim_db *db = calloc(1, sizeof *db);
    int fd;

    if (!db)
        return ERR_NOMEM;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); // SQLite would let others read it
    if (fd >= 0)
        close(fd);
    // a killed process loses nothing that was committed; a fallen machine may lose the last moments
    if (sqlite3_open(path, &db->handle) != SQLITE_OK ||
        sqlite3_busy_timeout(db->handle, BUSY_MS) != SQLITE_OK ||
        sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", NULL, NULL,
                     NULL) != SQLITE_OK ||
        sqlite3_exec(db->handle, schema, NULL, NULL, NULL) != SQLITE_OK) {
        failed(db, path);
        sim_db_close(db);
        return ERR_IO;
    }
    *out = db;
    return ERR_OK;
}

void sim_db_close(struct sim_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < db->n; i++)
        sqlite3_finalize(db->kept[i].stmt);
    sqlite3_close(db->handle);
    free(db);
}

static sqlite3_stmt *statement(struct sim_db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    for (size_t i = 0; i < db->n; i++) {
        if (db->kept[i].sql == sql)
            return db->kept[i].stmt;
    }
    if (db->n == STATEMENTS_MAX)
        sqlite3_finalize(db->kept[--db->n].stmt);
    if (sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) != SQLITE_OK)
        return NULL;
    db->kept[db->n].sql = sql;
    db->kept[db->n++].stmt = stmt;
    return stmt;
}

static void bind(sqlite3_stmt *stmt, const json_t *params)
{
    size_t i;
    json_t *p;

    json_array_foreach(params, i, p) {
        if (json_is_integer(p))
            sqlite3_bind_int64(stmt, (int)i + 1, json_integer_value(p));
        else if (json_is_string(p))
            sqlite3_bind_text(stmt, (int)i + 1, json_string_value(p), -1, SQLITE_TRANSIENT);
        else
            sqlite3_bind_null(stmt, (int)i + 1);
    }
}

static json_t *row_of(sqlite3_stmt *stmt)
{
    json_t *row = json_object();

    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        json_t *value = NULL;

        if (sqlite3_column_type(stmt, i) == SQLITE_INTEGER)
            value = json_integer(sqlite3_column_int64(stmt, i));
        else if (sqlite3_column_type(stmt, i) == SQLITE_TEXT)
            value = json_string((const char *)sqlite3_column_text(stmt, i));
        if (value)
            json_object_set_new(row, sqlite3_column_name(stmt, i), value);
    }
    return row;
}

json_t *sim_db_rows(struct sim_db *db, const char *sql, json_t *params)
{
    json_t *rows = json_array();
    sqlite3_stmt *stmt = statement(db, sql);
    int rc = SQLITE_ERROR;

    if (stmt) {
        bind(stmt, params);
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
            json_array_append_new(rows, row_of(stmt));
    }
    if (rc != SQLITE_DONE)
        failed(db, sql);
    if (stmt) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
    }
    json_decref(params);
    return rows;
}

json_t *sim_db_row(struct sim_db *db, const char *sql, json_t *params)
{
    json_t *rows = sim_db_rows(db, sql, params);
    json_t *first = json_incref(json_array_get(rows, 0));

    json_decref(rows);
    return first;
}

void sim_db_run(struct sim_db *db, const char *sql, json_t *params)
{
    json_decref(sim_db_rows(db, sql, params));
}

void sim_db_begin(struct sim_db *db)
{
    db->err = ERR_OK;
    sim_db_run(db, "BEGIN IMMEDIATE", NULL);
}

enum err sim_db_end(struct sim_db *db, bool keep)
{
    enum err err = db->err;

    if (!err && keep) {
        sim_db_run(db, "COMMIT", NULL);
        err = db->err;
    }
    if ((err || !keep) && !sqlite3_get_autocommit(db->handle))
        sim_db_run(db, "ROLLBACK", NULL);
    return err;
}
