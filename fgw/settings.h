// SPDX-License-Identifier: BSD-3-Clause
// The gateway's own sections of gateway.conf as structs, and the tables that read them.
// Interfaces have their own sections; conf/gateway.conf is the manual of all of them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "rpc/server.h"
#include "rpc/tunnel.h"

struct fgw_listen_settings {
    char *address;
    int64_t port;
    bool cleartext, front_proxy;
};

struct fgw_tls_settings {
    char *certificate, *key, *client_ca, *crl;
    int min_version; // index into "1.2", "1.3"
};

struct fgw_limit_settings {
    int64_t max_connections, max_connections_per_ip, max_streams, max_message, max_header_list;
    int64_t max_buffered, reset_burst, reset_rate;
    int64_t handshake_ms, idle_ms, stalled_ms, keepalive_ms, keepalive_timeout_ms;
    int64_t default_deadline_ms;
};

struct fgw_tunnel_settings {
    int64_t heartbeat_ms, silent_ms, reconnect_grace_ms, max_in_flight, max_gateways;
};

struct fgw_call_settings {
    int64_t tries, pause_ms;
};

// Section `agw`: the side of the access gateways.
struct fgw_agw_settings {
    struct conf_list listens; // struct fgw_listen_settings
    struct fgw_tls_settings tls;
    struct conf_strings trusted_proxies;
    bool allow_cleartext_anywhere, allow_anonymous, allow_unknown_gateways;
    struct conf_strings plmns, imsi_prefixes; // of gateways without lists of their own
    struct fgw_limit_settings limits;
    struct fgw_tunnel_settings tunnel;
    struct fgw_call_settings calls;
};

// One entry of the list `gateways`.
struct fgw_gateway_settings {
    char *id;
    struct conf_strings plmns, imsi_prefixes;
    bool enabled;
};

struct fgw_diameter_settings {
    int64_t max_in_flight_peer, max_queue, max_requests, inbound_deadline_ms;
    char *product_name;                    // of CER and CEA; NULL: the library's
    int64_t vendor_id;                     // 0: the library's
    struct conf_strings supported_vendors; // numbers; none: those of the dictionaries
};

struct fgw_storage_settings {
    char *directory;
    int sync; // enum fgw_store_sync
    int64_t map_size, max_pending, expire_ms;
};

struct fgw_admin_settings {
    char *socket;  // path; "" for none
    char *address; // of the read-only TCP endpoint; "" for none
    int64_t port;
};

struct fgw_log_settings {
    int level;
    struct conf_strings categories; // "dia=debug"
    bool mask_imsi;
};

enum fgw_scheduling { FGW_SCHEDULING_BATCH, FGW_SCHEDULING_NORMAL };

struct fgw_process_settings {
    int64_t loops, queue, shutdown_ms;
    int scheduling; // enum fgw_scheduling
};

struct fgw_settings {
    struct fgw_agw_settings agw;
    struct conf_list gateways; // struct fgw_gateway_settings
    struct fgw_diameter_settings diameter;
    struct fgw_storage_settings storage;
    struct fgw_admin_settings admin;
    struct fgw_log_settings log;
    struct fgw_process_settings process;
};

// Section name and table of each member of struct fgw_settings; ends with name == NULL. The list
// `gateways` is read from the root.
struct fgw_section {
    const char *name; // "" is the root
    const struct conf_key *keys;
    size_t offset; // into struct fgw_settings
};
extern const struct fgw_section fgw_sections[];

// Reads all sections and checks what tables cannot. Errors are collected in conf.
enum err fgw_settings_read(struct conf *conf, struct fgw_settings *out);
// Sets the log levels and masking asked for. ERR_NOT_FOUND is not an error here: a category may
// belong to an extension that is not loaded; it is logged.
void fgw_settings_apply_log(const struct fgw_log_settings *log);
// "cat=level" or "level" (all categories). ERR_INVALID, ERR_NOT_FOUND.
enum err fgw_log_level_apply(const char *text);

void fgw_settings_server(const struct fgw_agw_settings *agw, struct rpc_server_config *out,
                         struct rpc_listen *listens);
void fgw_settings_tunnel(const struct fgw_tunnel_settings *tunnel, struct rpc_tunnel_config *out);
