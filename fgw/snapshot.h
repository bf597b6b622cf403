// SPDX-License-Identifier: BSD-3-Clause
// Everything gateway.conf says at one moment, read once and never changed: the gateway's own
// settings, the interfaces', and the admission policy. A reload makes a new one and puts it in
// force; the old one is freed when every loop has been through a turn since.
#pragma once

#include "fgw/conf_diff.h"
#include "fgw/gateway.h"
#include "fgw/policy.h"
#include "fgw/settings.h"

#define FGW_INTERFACES_MAX 32

struct fgw_snapshot {
    struct conf *conf; // owns the texts
    struct fgw_settings settings;
    struct fgw_policy *policy;
    void *interfaces[FGW_INTERFACES_MAX]; // settings of each, in order of registration
};

// ---- registry of interfaces; filled while extensions load, then constant ----
size_t fgw_n_interfaces(void);
const struct fgw_interface *fgw_interface_at(size_t i);
// For tests: forgets all.
void fgw_interfaces_clear(void);

// Reads the file and the gateway's own sections. *out is set even on error, for its messages
// (conf_error_text of ->conf); NULL only when out of memory.
enum err fgw_snapshot_load(const char *path, struct fgw_snapshot **out);
enum err fgw_snapshot_parse(const char *name, const char *text, struct fgw_snapshot **out);
// Then, with all extensions loaded: the interfaces' sections, their checks, and what nobody reads.
enum err fgw_snapshot_complete(struct fgw_snapshot *snapshot);
void fgw_snapshot_free(struct fgw_snapshot *snapshot); // NULL is fine

// The one in force; valid for the current callback only. Loop threads. NULL before the first.
const struct fgw_snapshot *fgw_snapshot_current(void);
// Puts it in force and takes it over. before any loop runs: the old one (if any) is freed at once.
void fgw_snapshot_install(struct fgw_snapshot *snapshot);
// While loops run, on the main loop's thread: the interfaces are told, the old one is freed when
// all loops have turned. loops[] are all that may hold on to settings, except main itself.
void fgw_snapshot_replace(struct fgw_snapshot *snapshot, struct base_loop *main_loop,
                          struct base_loop *const *loops, size_t n_loops);
// What differs from the one in force (see conf_diff.h).
void fgw_snapshot_diff(const struct fgw_snapshot *snapshot, fgw_note note, void *arg);
