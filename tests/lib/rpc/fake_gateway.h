// SPDX-License-Identifier: BSD-3-Clause
// A TLS server with a reverse tunnel, and gateways (our own client over mutual TLS) that answer as
// a test says. Used by the tests of the tunnel only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rig.h"

#define STREAM_PATH "/magma.orc8r.SyncRPCService/EstablishSyncRPCStream"
#define LEGACY_PATH "/magma.orc8r.SyncRPCService/SyncRPC"
#define MAX_REQUESTS 64

struct world {
    struct rig rig;
    struct rpc_tunnel *tunnel;
    int came, went; // calls of rpc_tunnel_on_change's function
    char last[64];
};

int world_pki(void **state);        // group set-up: certificates of server, gw1, gw2
int world_pki_remove(void **state); // group tear-down
// Fill in the certificates made by world_pki; strings live until it is removed.
void world_server_tls(struct rpc_tls_config *tls);
void world_client_tls(struct rpc_channel_config *config, const char *name);
void world_up(struct world *world, const struct rpc_tunnel_config *config);
void world_down(struct world *world);

struct seen {
    uint32_t id;
    char path[64], authority[32];
    uint8_t payload[64];
    size_t len;
    bool grpc_headers;
};

struct gateway {
    struct world *world;
    const char *name;
    struct rpc_channel *channel;
    struct rpc_client_stream *stream;
    bool echo; // answers every request with its own payload
    struct seen seen[MAX_REQUESTS];
    int n_requests, n_cancels, n_heartbeats, n_closed, closed_status;
    uint32_t cancelled;
};

// One part of an answer; NULL leaves a field out.
struct part {
    const char *status, *grpc_status, *grpc_message, *err;
    const void *payload;
    size_t len;
    bool keep;
};

void gw_prepare(struct gateway *gw, struct world *world, const char *name); // its channel only
void gw_up(struct gateway *gw, struct world *world, const char *name); // waits until it is there
void gw_down(struct gateway *gw);
void gw_open(struct gateway *gw, const char *path); // another stream on the same channel
void gw_heartbeat(struct gateway *gw);
void gw_send(struct gateway *gw, uint32_t id, const struct part *part);
void gw_ok(struct gateway *gw, uint32_t id, const void *framed, size_t len);
bool gw_connected(void *arg);     // conditions for rig_until
bool gw_not_connected(void *arg);
