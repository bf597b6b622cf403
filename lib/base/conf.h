// SPDX-License-Identifier: BSD-3-Clause
// Configuration in libconfig syntax, read through tables: each section is a struct, each key a row.
// All errors are collected, each as "file:line: what was found, what was expected".
#pragma once

#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum conf_type {
    CONF_BOOL,     // bool
    CONF_INT,      // int64_t, range [min,max]
    CONF_MS,       // int64_t ms; file: number (ms) or text "250ms" "10s" "5min" "1h" "2d";
                   //   range [min,max], without one: not negative
    CONF_SIZE,     // int64_t bytes; file: number or text "64k" "4M" "1G"; range as above
    CONF_STRING,   // char *, owned by the conf, NULL if absent and no default
    CONF_STRINGS,  // struct conf_strings; file: array/list of strings, or one string
    CONF_ENUM,     // int; choices = NULL-terminated names, value = index
    CONF_GROUP,    // members read into the same struct (offset = base of the sub-struct)
    CONF_LIST,     // struct conf_list of groups; members + item_size
};

struct conf_strings {
    char **items;
    size_t n;
};

struct conf_list {
    void *items; // n structs of the row's item_size
    size_t n;
};

struct conf_key {
    const char *name;
    enum conf_type type;
    size_t offset;                  // into the section's struct
    bool required;
    int64_t def, min, max;          // BOOL/INT/MS/SIZE/ENUM; min == max == 0: no range
    const char *def_text;           // STRING
    const char *const *choices;     // ENUM
    const struct conf_key *members; // GROUP, LIST; ends with a row whose name is NULL
    size_t item_size;               // LIST
    bool restart;                   // changing it needs a restart (reload says so)
    const char *help;               // one line, for generated documentation
    // optional further check of a STRING/STRINGS item; *why is set to a static text on failure
    enum err (*check)(const char *text, const char **why);
};

struct conf; // a parsed file and everything read from it

// Parses the file; @include is relative to its folder. On error *out is set as well (to be freed;
// NULL only with ERR_NOMEM) and conf_error_text tells why.
enum err conf_load(const char *path, struct conf **out);
// From memory, for tests.
enum err conf_parse(const char *name, const char *text, struct conf **out);
void conf_free(struct conf *conf);

// Reads section `path` ("s6a", "agw.tls"; "" is the root) into `into` by the table; absent section:
// defaults apply, missing required keys are errors. Keys not in the table are errors
// (CONF_UNKNOWN), except at the root. Strings belong to conf. Returns the first error; all are
// collected.
enum err conf_read(struct conf *conf, const char *path, const struct conf_key *keys, void *into);
// Adds an error at a section's place (semantic checks across keys). key may be NULL.
void conf_error(struct conf *conf, const char *path, const char *key, enum err err,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));
bool conf_has(struct conf *conf, const char *path);
// Reports root sections that no conf_read touched.
enum err conf_check_unread(struct conf *conf);
enum err conf_result(const struct conf *conf); // the first error of all, ERR_OK if there is none
size_t conf_n_errors(const struct conf *conf);
const char *conf_error_text(const struct conf *conf, size_t i); // "gateway.conf:12: ..."
