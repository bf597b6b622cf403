// SPDX-License-Identifier: BSD-3-Clause
// Builds the JSON of the admin endpoint from the core's state. Not for HTTP (admin.c).
#include "fgw/admin_view.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "fgw/core.h"
#include "fgw/directory.h"
#include "fgw/health.h"
#include "fgw/process.h"
#include "fgw/snapshot.h"

#ifndef FGW_VERSION
#define FGW_VERSION "unknown"
#endif

static void add_line(void *arg, const char *text)
{
    json_array_append_new(arg, json_string(text));
}

static void add_reason(const char *text, void *arg)
{
    add_line(arg, text);
}

static json_t *view_interfaces(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < fgw_n_interfaces(); i++) {
        const struct fgw_interface *interface = fgw_interface_at(i);
        json_t *lines = json_array();
        char why[200];
        bool ready = fgw_health_interface(interface, why, sizeof(why));
        if (interface->status)
            interface->status(add_line, lines);
        json_array_append_new(list, json_pack("{s:s, s:b, s:s, s:o}", "name", interface->name,
                                              "ready", ready, "why", why, "status", lines));
    }
    return list;
}

static json_t *view_loops(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < fgw_n_loops(); i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:I}", "name", base_loop_name(fgw_loop(i)), "queued",
                                        (json_int_t)base_loop_queued(fgw_loop(i))));
    return list;
}

static json_t *view_listens(void)
{
    const struct fgw_agw_settings *agw = &fgw_snapshot_current()->settings.agw;
    const struct fgw_listen_settings *items = agw->listens.items;
    json_t *list = json_array();
    for (size_t i = 0; i < agw->listens.n; i++)
        json_array_append_new(list, json_pack("{s:s, s:i, s:b}", "address", items[i].address,
                                              "port", (int)fgw_core_port(i), "tls",
                                              !items[i].cleartext));
    return list;
}

static json_t *view_storage(void)
{
    struct fgw_dir_stats s;
    if (!fgw_core_directory())
        return json_object();
    fgw_dir_stats(fgw_core_directory(), &s);
    return json_pack("{s:I, s:I, s:I, s:I}", "subscribers", (json_int_t)s.subscribers, "gateways",
                     (json_int_t)s.gateways, "pending", (json_int_t)s.pending, "used_bytes",
                     (json_int_t)s.used_bytes);
}

json_t *fgw_view_status(void)
{
    struct fgw_process p;
    bool ready;
    fgw_process_read(&p);
    json_t *ready_view = fgw_view_ready(&ready);
    json_t *reasons = json_incref(json_object_get(ready_view, "reasons"));
    json_decref(ready_view);
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:b, s:f, s:I, s:f, s:i, s:i,"
                     " s:i, s:o, s:o, s:o, s:o}",
                     "version", FGW_VERSION, "identity", dia_origin_host(), "realm",
                     dia_origin_realm(), "phase", fgw_phase_name(fgw_core_phase()), "ready", ready,
                     "reasons", reasons, "interposed", dia_stack_interposed_ok(), "up_seconds",
                     p.up_seconds, "rss_bytes", (json_int_t)p.rss_bytes, "cpu_seconds",
                     p.cpu_seconds, "fds", (int)p.fds, "threads", (int)p.threads, "admin_port",
                     (int)fgw_core_admin_port(), "listen",
                     view_listens(), "interfaces", view_interfaces(), "loops", view_loops(),
                     "directory", view_storage());
}

static void add_peer(const struct dia_peer_info *peer, void *arg)
{
    json_array_append_new(
        arg, json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "identity", peer->identity,
                       "realm", peer->realm ? peer->realm : "", "state", peer->state, "disabled",
                       peer->disabled, "in_flight", (json_int_t)peer->in_flight, "requests",
                       (json_int_t)peer->requests, "answers", (json_int_t)peer->answers,
                       "timeouts", (json_int_t)peer->timeouts, "failovers",
                       (json_int_t)peer->failovers));
}

json_t *fgw_view_peers(void)
{
    json_t *list = json_array();
    dia_peer_each(add_peer, list);
    return json_pack("{s:o}", "peers", list);
}

static void add_tunnel(const struct rpc_tunnel_gateway *gateway, void *arg)
{
    json_object_set_new(
        arg, gateway->id,
        json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:I}", "id", gateway->id, "connected",
                  gateway->connected, "remote", gateway->remote ? gateway->remote : "", "since_ms",
                  (json_int_t)gateway->since_ms, "in_flight", (json_int_t)gateway->in_flight,
                  "requests", (json_int_t)gateway->requests, "failures",
                  (json_int_t)gateway->failures));
}

static void add_known(const struct fgw_dir_gateway *gateway, void *arg)
{
    json_t *entry = json_object_get(arg, gateway->id);
    if (!entry) {
        entry = json_pack("{s:s, s:b}", "id", gateway->id, "connected", 0);
        json_object_set_new(arg, gateway->id, entry);
    }
    json_object_set_new(entry, "subscribers", json_integer((json_int_t)gateway->subscribers));
    json_object_set_new(entry, "seen_s", json_integer((json_int_t)gateway->seen_s));
}

json_t *fgw_view_gateways(void)
{
    json_t *all = json_object(), *list = json_array(), *entry;
    const char *id;
    if (fgw_core_tunnel())
        rpc_tunnel_each(fgw_core_tunnel(), add_tunnel, all);
    if (fgw_core_directory())
        fgw_dir_gateways(fgw_core_directory(), add_known, all);
    json_object_foreach(all, id, entry) {
        json_array_append(list, entry);
    }
    json_decref(all);
    return json_pack("{s:o}", "gateways", list);
}

static void add_category(const char *name, enum base_log_level lvl, void *arg)
{
    json_object_set_new(arg, name, json_string(base_log_level_name(lvl)));
}

json_t *fgw_view_log(void)
{
    json_t *categories = json_object();
    base_log_each(add_category, categories);
    return json_pack("{s:o}", "categories", categories);
}

json_t *fgw_view_health(bool *alive)
{
    char why[200] = "";
    json_t *reasons = json_array();
    *alive = fgw_core_health() && fgw_health_alive(fgw_core_health(), why, sizeof(why));
    if (!*alive)
        add_line(reasons, why);
    return json_pack("{s:b, s:o}", "alive", *alive, "reasons", reasons);
}

json_t *fgw_view_ready(bool *ready)
{
    json_t *reasons = json_array();
    json_t *interfaces = json_array();
    *ready = fgw_health_ready(add_reason, reasons);
    for (size_t i = 0; i < fgw_n_interfaces(); i++) {
        char why[200];
        bool works = fgw_health_interface(fgw_interface_at(i), why, sizeof(why));
        json_array_append_new(interfaces,
                              json_pack("{s:s, s:b, s:s}", "name", fgw_interface_at(i)->name,
                                        "ready", works, "why", why));
    }
    return json_pack("{s:b, s:o, s:o}", "ready", *ready, "reasons", reasons, "interfaces",
                     interfaces);
}

json_t *fgw_view_directory(const struct base_imsi *imsi, bool *known)
{
    char gateway[FGW_GATEWAY_ID_MAX + 1] = "";
    uint32_t seen = 0;
    *known = fgw_core_directory() && fgw_dir_find(fgw_core_directory(), imsi, gateway,
                                                  sizeof(gateway), &seen) == ERR_OK;
    bool connected = *known && fgw_core_tunnel() &&
                     rpc_tunnel_connected(fgw_core_tunnel(), gateway);
    return json_pack("{s:s, s:s, s:b, s:I}", "imsi", imsi->digits, "gateway", gateway, "connected",
                     connected, "seen_s", (json_int_t)seen);
}
