// SPDX-License-Identifier: BSD-3-Clause
// Order of life. Load: gateway.conf, libfdcore with its extensions, the interfaces' sections, their
// tables, the TLS files. Start: directory, rpc, admin, loops, peers. Stop: the reverse.
#include "fgw/core.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/daemon.h"
#include "fgw/admin.h"
#include "fgw/admit.h"
#include "fgw/agw_call.h"
#include "fgw/dia_conf.h"
#include "fgw/directory.h"
#include "fgw/health.h"
#include "fgw/hello.h"
#include "fgw/log.h"
#include "fgw/process.h"
#include "fgw/snapshot.h"

enum { LOOPS_MAX = 128 }; // as many as lib/diameter takes

static struct {
    struct fgw_options options;
    struct fgw_snapshot *loading; // until it is in force
    struct base_loop *main_loop;
    struct base_loop *loops[LOOPS_MAX];
    size_t n_loops, n_started; // loops; interfaces whose start() has been called
    bool stack, loops_run;
    struct rpc_server *server;
    struct rpc_tunnel *tunnel;
    struct fgw_directory *directory;
    struct fgw_admin *admin;
    struct fgw_health *health;
    _Atomic enum fgw_phase phase;

    struct base_job drained; // on the main loop
    void (*drain_done)(void *arg);
    void *drain_arg;
} core;

size_t fgw_n_loops(void)
{
    return core.n_loops;
}

struct base_loop *fgw_loop(size_t i)
{
    return i < core.n_loops ? core.loops[i] : NULL;
}

struct base_loop *fgw_core_main_loop(void)
{
    return core.main_loop;
}

enum fgw_phase fgw_core_phase(void)
{
    return atomic_load(&core.phase);
}

const char *fgw_phase_name(enum fgw_phase phase)
{
    static const char *const names[] = {"stopped", "starting", "running", "draining"};
    return (size_t)phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "?";
}

struct rpc_tunnel *fgw_core_tunnel(void)
{
    return core.tunnel;
}

struct fgw_directory *fgw_core_directory(void)
{
    return core.directory;
}

const struct fgw_health *fgw_core_health(void)
{
    return core.health;
}

int64_t fgw_core_shutdown_ms(void)
{
    const struct fgw_snapshot *snapshot = fgw_snapshot_current();
    return snapshot ? snapshot->settings.process.shutdown_ms : 0;
}

uint16_t fgw_core_port(size_t i)
{
    const struct fgw_snapshot *snapshot = fgw_snapshot_current();
    bool known = core.server && snapshot && i < snapshot->settings.agw.listens.n;
    return known ? rpc_server_port(core.server, i) : 0;
}

uint16_t fgw_core_admin_port(void)
{
    return fgw_admin_port(core.admin);
}

// --- load ---

static enum err tell_errors(const struct fgw_snapshot *snapshot, enum err err, fgw_note note,
                            void *arg)
{
    for (size_t i = 0; snapshot && i < conf_n_errors(snapshot->conf); i++)
        note(conf_error_text(snapshot->conf, i), arg);
    return err;
}

static void tell(fgw_note note, void *arg, const char *what, enum err err)
{
    char line[256];
    snprintf(line, sizeof(line), "%s: %s", what, err_str(err));
    note(line, arg);
}

static void apply_levels(const struct fgw_settings *settings)
{
    fgw_settings_apply_log(&settings->log);
    for (size_t i = 0; i < core.options.n_levels; i++)
        fgw_log_level_apply(core.options.levels[i]);
}

// Before the extensions are loaded: their categories are not there yet, and take the level of all.
static void apply_levels_early(const struct fgw_settings *settings)
{
    base_log_set_level("all", (enum base_log_level)settings->log.level);
    base_log_set_masking(settings->log.mask_imsi);
    for (size_t i = 0; i < core.options.n_levels; i++)
        fgw_log_level_apply(core.options.levels[i]);
}

static enum err make_loops(const struct fgw_settings *settings)
{
    size_t queue = (size_t)settings->process.queue;
    enum err err = base_loop_new("main", queue, &core.main_loop);
    long n = settings->process.loops ? settings->process.loops : sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1)
        n = 1;
    for (long i = 0; i < n && i < LOOPS_MAX && !err; i++) {
        char name[16];
        snprintf(name, sizeof(name), "rpc%ld", i);
        err = base_loop_new(name, queue, &core.loops[i]);
        if (!err)
            core.n_loops++;
    }
    for (size_t i = 0; i < core.n_loops && !err; i++)
        err = dia_loop_attach(core.loops[i], (size_t)settings->diameter.max_requests);
    return err;
}

static enum err init_stack(const struct fgw_settings *settings)
{
    const struct fgw_diameter_settings *d = &settings->diameter;
    uint32_t vendors[DIA_SUPPORTED_VENDORS_MAX];
    size_t n = d->supported_vendors.n;
    for (size_t i = 0; i < n && i < DIA_SUPPORTED_VENDORS_MAX; i++)
        vendors[i] = (uint32_t)strtoul(d->supported_vendors.items[i], NULL, 10);
    const struct dia_stack_config config = {
        .conf_path = core.options.dia_conf,
        .max_in_flight_peer = (uint32_t)d->max_in_flight_peer,
        .max_queue = (uint32_t)d->max_queue,
        .inbound_deadline_ms = d->inbound_deadline_ms,
        .interposed = core.options.interposed,
        .hosted = core.options.hosted,
        .product_name = d->product_name,
        .vendor_id = (uint32_t)d->vendor_id,
        .supported_vendors = vendors,
        .n_supported_vendors = n,
    };
    return dia_stack_init(&config);
}

static enum err start_interfaces(fgw_note note, void *arg)
{
    for (size_t i = 0; i < fgw_n_interfaces(); i++) {
        const struct fgw_interface *interface = fgw_interface_at(i);
        enum err err = interface->start ? interface->start() : ERR_OK;
        if (err) {
            tell(note, arg, interface->name, err);
            return err;
        }
        core.n_started++;
    }
    return ERR_OK;
}

static enum err add_methods(struct rpc_server *server, const struct rpc_method *method)
{
    enum err err = ERR_OK;
    for (; method && method->path && !err; method++)
        err = rpc_server_add(server, method);
    return err;
}

// Reads certificates and keys, so that -t finds them wanting; binds nothing yet.
static enum err make_server(const struct fgw_settings *settings)
{
    struct rpc_server_config config;
    struct rpc_listen *listens = calloc(settings->agw.listens.n, sizeof(*listens));
    if (!listens)
        return ERR_NOMEM;
    fgw_settings_server(&settings->agw, &config, listens);
    config.admit = fgw_admit_connection;
    enum err err = rpc_server_new(&config, core.loops, core.n_loops, &core.server);
    free(listens);
    if (!err)
        err = add_methods(core.server, fgw_own_methods);
    for (size_t i = 0; i < fgw_n_interfaces() && !err; i++)
        err = add_methods(core.server, fgw_interface_at(i)->methods);
    return err;
}

enum err fgw_core_load(const struct fgw_options *options, fgw_note note, void *arg)
{
    core.options = *options;
    enum err err = fgw_snapshot_load(options->gateway_conf, &core.loading);
    if (err)
        return tell_errors(core.loading, err, note, arg);
    const struct fgw_settings *settings = &core.loading->settings;
    apply_levels_early(settings);
    if (!options->hosted && settings->process.scheduling == FGW_SCHEDULING_BATCH &&
        base_daemon_batch() != ERR_OK)
        base_log(&log_fgw, BASE_LOG_WARN, NULL, "process.scheduling: the system refuses batch");
    err = init_stack(settings);
    if (err) {
        if (!fgw_dia_conf_explain_file(options->dia_conf, note, arg))
            tell(note, arg, options->dia_conf, err);
        return err;
    }
    core.stack = true;
    apply_levels(settings);
    if (!options->hosted && fgw_dia_conf_peer_without_tls(options->dia_conf, note, arg))
        return ERR_CONF_MISSING;
    err = fgw_snapshot_complete(core.loading);
    if (err)
        return tell_errors(core.loading, err, note, arg);
    fgw_snapshot_install(core.loading);
    core.loading = NULL;
    err = make_loops(settings);
    if (!err)
        err = start_interfaces(note, arg);
    if (err)
        return err;
    err = make_server(settings);
    if (err)
        tell(note, arg, "agw", err);
    return err;
}

// --- start ---

static enum err open_directory(const struct fgw_storage_settings *s)
{
    const struct fgw_directory_config config = {
        .folder = s->directory,
        .sync = (enum fgw_store_sync)s->sync,
        .map_size = (size_t)s->map_size,
        .max_pending = (size_t)s->max_pending,
        .expire_s = s->expire_ms / 1000,
    };
    enum err err = fgw_dir_open(&config, &core.directory);
    fgw_directory_use(core.directory);
    return err;
}

static enum err open_tunnel(const struct fgw_settings *settings)
{
    struct rpc_tunnel_config config;
    fgw_settings_tunnel(&settings->agw.tunnel, &config);
    enum err err = rpc_tunnel_new(core.server, &config, core.loops, core.n_loops, &core.tunnel);
    fgw_agw_call_use(core.tunnel);
    return err;
}

static enum err start_loops(void)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < core.n_loops && !err; i++)
        err = base_loop_start(core.loops[i]);
    core.loops_run = true;
    return err;
}

static enum err step(const char *what, enum err err)
{
    if (err)
        base_log(&log_fgw, BASE_LOG_ERROR, NULL, "start: %s: %s", what, err_str(err));
    return err;
}

enum err fgw_core_start(void)
{
    const struct fgw_settings *settings = &fgw_snapshot_current()->settings;
    atomic_store(&core.phase, FGW_STARTING);
    enum err err = step("storage", open_directory(&settings->storage));
    if (!err)
        err = step("tunnel", open_tunnel(settings));
    if (!err)
        err = step("health", fgw_health_new(core.main_loop, core.loops, core.n_loops,
                                            &core.health));
    if (!err)
        err = step("admin", fgw_admin_new(core.main_loop, &settings->admin, &core.admin));
    if (!err)
        err = step("agw.listen", rpc_server_start(core.server));
    if (!err)
        err = step("loops", start_loops());
    if (!err)
        err = step("diameter", dia_stack_start());
    if (err)
        return err;
    fgw_process_metrics_start(core.directory);
    atomic_store(&core.phase, FGW_RUNNING);
    base_log(&log_fgw, BASE_LOG_NOTICE, NULL, "%s ready: %zu interfaces, %zu loops",
             dia_origin_host(), fgw_n_interfaces(), core.n_loops);
    return ERR_OK;
}

// --- reload ---

struct listener {
    fgw_note note;
    void *arg;
};

static void log_and_note(const char *line, void *arg)
{
    const struct listener *listener = arg;
    base_log(&log_fgw, BASE_LOG_NOTICE, NULL, "reload: %s", line);
    listener->note(line, listener->arg);
}

// gateway.conf and the certificates: as a whole or not at all.
static enum err reload_own(struct listener *to)
{
    struct fgw_snapshot *fresh;
    enum err err = fgw_snapshot_load(core.options.gateway_conf, &fresh);
    if (!err)
        err = fgw_snapshot_complete(fresh);
    if (err) {
        tell_errors(fresh, err, log_and_note, to);
        fgw_snapshot_free(fresh);
        return err;
    }
    err = rpc_server_reload_tls(core.server);
    if (err) {
        tell(log_and_note, to, "agw.tls: the previous certificates stay in force", err);
        fgw_snapshot_free(fresh);
        return err;
    }
    fgw_snapshot_diff(fresh, log_and_note, to);
    fgw_snapshot_replace(fresh, core.main_loop, core.loops, core.n_loops);
    rpc_server_recheck(core.server);
    apply_levels(&fresh->settings);
    return ERR_OK;
}

enum err fgw_core_reload(fgw_note note, void *arg)
{
    struct listener to = {note, arg};
    if (fgw_core_phase() != FGW_RUNNING)
        return ERR_WRONG_STATE;
    enum err err = reload_own(&to);
    if (!err) {
        err = dia_stack_reload(note, arg); // logs by itself
        if (err)
            tell(log_and_note, &to, core.options.dia_conf, err);
    }
    base_log(&log_fgw, err ? BASE_LOG_ERROR : BASE_LOG_NOTICE, NULL, "reload: %s",
             err ? err_str(err) : "done");
    return err;
}

// --- drain and stop ---

static void on_drained(struct base_job *job)
{
    core.drain_done(core.drain_arg);
}

static void on_server_drained(void *arg) // on loop 0
{
    base_loop_post_admitted(core.main_loop, &core.drained);
}

void fgw_core_drain(void (*done)(void *arg), void *arg)
{
    if (atomic_exchange(&core.phase, FGW_DRAINING) == FGW_DRAINING)
        return;
    core.drain_done = done;
    core.drain_arg = arg;
    core.drained.run = on_drained;
    fgw_agw_call_drain(core.loops, core.n_loops);
    rpc_server_drain(core.server, fgw_core_shutdown_ms(), on_server_drained, NULL);
}

static void stop_loops(void)
{
    for (size_t i = 0; i < core.n_loops && core.loops_run; i++)
        base_loop_stop(core.loops[i]);
    for (size_t i = 0; i < core.n_loops && core.loops_run; i++)
        base_loop_join(core.loops[i]);
    core.loops_run = false;
}

static void free_loops(void)
{
    for (size_t i = 0; i < core.n_loops; i++)
        base_loop_free(core.loops[i]);
    core.n_loops = 0;
    base_loop_free(core.main_loop);
    core.main_loop = NULL;
}

void fgw_core_stop(void)
{
    enum { PEERS_MS = 2000 }; // for requests in flight whose callers have gone
    if (core.stack)
        dia_stack_stop(atomic_load(&core.phase) == FGW_STOPPED ? 0 : PEERS_MS);
    if (core.directory)
        fgw_dir_searches_end(core.directory);
    stop_loops();
    while (core.n_started > 0) {
        const struct fgw_interface *interface = fgw_interface_at(--core.n_started);
        if (interface->stop)
            interface->stop();
    }
    fgw_process_metrics_stop();
    fgw_agw_call_use(NULL);
    rpc_server_free(core.server);
    rpc_tunnel_free(core.tunnel);
    fgw_admin_free(core.admin);
    fgw_health_free(core.health);
    fgw_directory_use(NULL);
    fgw_dir_close(core.directory);
    free_loops();
    fgw_snapshot_install(NULL);
    fgw_snapshot_free(core.loading);
    memset(&core, 0, sizeof(core));
}
