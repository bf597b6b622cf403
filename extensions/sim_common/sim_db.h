// SPDX-License-Identifier: BSD-3-Clause
// SQLite for the simulators' cores: statements are kept, parameters and rows are JSON, and the
// first failure of a transaction is remembered until its end, so that a core need not ask after
// each step. One thread at a time.
#pragma once

#include "base/err.h"
#include "sim_json.h"

struct sim_db;

// Opens or creates the file, readable by its owner only, and runs `schema`, which must be harmless
// to tables that exist.
enum err sim_db_open(const char *path, const char *schema, struct sim_db **out);
void sim_db_close(struct sim_db *db); // NULL is fine

// A transaction. sim_db_end commits, or rolls back where `keep` is false or a statement failed, and
// returns the failure.
void sim_db_begin(struct sim_db *db);
enum err sim_db_end(struct sim_db *db, bool keep);

// Runs one statement. sql must be a literal, or live as long as db. params (an array, taken over;
// NULL: none) gives ?1, ?2 …. sim_db_rows returns an array of objects by column, never NULL;
// sim_db_row the first one (free with json_decref) or NULL.
void sim_db_run(struct sim_db *db, const char *sql, json_t *params);
json_t *sim_db_rows(struct sim_db *db, const char *sql, json_t *params);
json_t *sim_db_row(struct sim_db *db, const char *sql, json_t *params);
