// SPDX-License-Identifier: BSD-3-Clause
// Registry of interfaces, reading of gateway.conf, and the change of what is in force.
// A loop holds settings for one callback at most, so a job that has run on each loop proves that
// nobody holds the old ones.
#include "fgw/snapshot.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "fgw/log.h"

static const struct fgw_interface *registry[FGW_INTERFACES_MAX];
static size_t n_registered;
static _Atomic(struct fgw_snapshot *) in_force;

// --- registry ---

enum err fgw_interface_register(const struct fgw_interface *interface)
{
    for (size_t i = 0; i < n_registered; i++) {
        if (strcmp(registry[i]->name, interface->name) == 0) {
            base_log(&log_fgw, BASE_LOG_ERROR, NULL, "interface %s is loaded twice",
                     interface->name);
            return ERR_EXISTS;
        }
    }
    if (n_registered == FGW_INTERFACES_MAX)
        return ERR_FULL;
    registry[n_registered++] = interface;
    return ERR_OK;
}

size_t fgw_n_interfaces(void)
{
    return n_registered;
}

const struct fgw_interface *fgw_interface_at(size_t i)
{
    return registry[i];
}

void fgw_interfaces_clear(void)
{
    n_registered = 0;
}

const void *fgw_settings(const struct fgw_interface *interface)
{
    const struct fgw_snapshot *snapshot = fgw_snapshot_current();
    for (size_t i = 0; snapshot && i < n_registered; i++) {
        if (registry[i] == interface)
            return snapshot->interfaces[i];
    }
    return NULL;
}

// --- reading ---

static enum err read_own(struct fgw_snapshot *snapshot, enum err parsed)
{
    enum err err = parsed ? parsed : fgw_settings_read(snapshot->conf, &snapshot->settings);
    return err ? err : fgw_policy_new(&snapshot->settings, &snapshot->policy);
}

enum err fgw_snapshot_load(const char *path, struct fgw_snapshot **out)
{
    struct fgw_snapshot *snapshot = *out = calloc(1, sizeof(*snapshot));
    if (!snapshot)
        return ERR_NOMEM;
    return read_own(snapshot, conf_load(path, &snapshot->conf));
}

enum err fgw_snapshot_parse(const char *name, const char *text, struct fgw_snapshot **out)
{
    struct fgw_snapshot *snapshot = *out = calloc(1, sizeof(*snapshot));
    if (!snapshot)
        return ERR_NOMEM;
    return read_own(snapshot, conf_parse(name, text, &snapshot->conf));
}

enum err fgw_snapshot_complete(struct fgw_snapshot *snapshot)
{
    for (size_t i = 0; i < n_registered; i++) {
        const struct fgw_interface *interface = registry[i];
        snapshot->interfaces[i] = calloc(1, interface->settings_size + 1);
        if (!snapshot->interfaces[i])
            return ERR_NOMEM;
        enum err err = ERR_OK;
        if (interface->settings)
            err = conf_read(snapshot->conf, interface->name, interface->settings,
                            snapshot->interfaces[i]);
        if (!err && interface->configure)
            err = interface->configure(snapshot->conf, snapshot->interfaces[i]);
        if (err && conf_n_errors(snapshot->conf) == 0)
            conf_error(snapshot->conf, interface->name, NULL, err, "%s", err_str(err));
    }
    conf_check_unread(snapshot->conf);
    return conf_result(snapshot->conf);
}

void fgw_snapshot_free(struct fgw_snapshot *snapshot)
{
    if (!snapshot)
        return;
    fgw_policy_free(snapshot->policy);
    for (size_t i = 0; i < FGW_INTERFACES_MAX; i++)
        free(snapshot->interfaces[i]);
    conf_free(snapshot->conf);
    free(snapshot);
}

// --- in force ---

const struct fgw_snapshot *fgw_snapshot_current(void)
{
    return atomic_load_explicit(&in_force, memory_order_acquire);
}

void fgw_snapshot_install(struct fgw_snapshot *snapshot)
{
    fgw_snapshot_free(atomic_exchange(&in_force, snapshot));
}

struct retired {
    struct fgw_snapshot *snapshot;
    struct base_loop *main_loop;
    struct base_job end; // on the main loop
    _Atomic size_t left;
    struct turn {
        struct base_job job;
        struct retired *retired;
    } turns[];
};

static void free_retired(struct base_job *job)
{
    struct retired *retired = BASE_CONTAINER_OF(job, struct retired, end);
    fgw_snapshot_free(retired->snapshot);
    free(retired);
}

static void turned(struct base_job *job)
{
    struct retired *retired = BASE_CONTAINER_OF(job, struct turn, job)->retired;
    if (atomic_fetch_sub(&retired->left, 1) == 1)
        base_loop_post_admitted(retired->main_loop, &retired->end);
}

void fgw_snapshot_replace(struct fgw_snapshot *snapshot, struct base_loop *main_loop,
                          struct base_loop *const *loops, size_t n_loops)
{
    struct retired *retired = calloc(1, sizeof(*retired) + n_loops * sizeof(retired->turns[0]));
    struct fgw_snapshot *old = atomic_exchange(&in_force, snapshot);
    for (size_t i = 0; i < n_registered; i++) {
        if (registry[i]->reloaded)
            registry[i]->reloaded(old->interfaces[i], snapshot->interfaces[i]);
    }
    if (!retired)
        return; // out of memory: better a leak than settings that vanish under a loop
    retired->snapshot = old;
    retired->main_loop = main_loop;
    retired->end.run = free_retired;
    atomic_init(&retired->left, n_loops);
    for (size_t i = 0; i < n_loops; i++) {
        retired->turns[i] = (struct turn){.job = {.run = turned}, .retired = retired};
        base_loop_post_admitted(loops[i], &retired->turns[i].job);
    }
    if (n_loops == 0)
        base_loop_post_admitted(main_loop, &retired->end);
}

void fgw_snapshot_diff(const struct fgw_snapshot *snapshot, fgw_note note, void *arg)
{
    const struct fgw_snapshot *old = fgw_snapshot_current();
    for (const struct fgw_section *section = fgw_sections; section->name; section++)
        fgw_conf_diff(section->name, section->keys,
                      (const char *)&old->settings + section->offset,
                      (const char *)&snapshot->settings + section->offset, note, arg);
    for (size_t i = 0; i < n_registered; i++) {
        if (registry[i]->settings)
            fgw_conf_diff(registry[i]->name, registry[i]->settings, old->interfaces[i],
                          snapshot->interfaces[i], note, arg);
    }
}
