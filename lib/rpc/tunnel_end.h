// SPDX-License-Identifier: BSD-3-Clause
// The access gateway's end of the reverse tunnel: opens the SyncRPC stream on a channel, keeps it
// open, hands every request that comes down to a function and sends the answers up. The other end
// is rpc/tunnel.h. Not for deciding what to answer. Loop thread of the channel only.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "rpc/client.h"

struct rpc_tunnel_end;

struct rpc_tunnel_end_request {
    uint32_t id;            // for the answer
    const char *authority;  // service: "aaa_server"
    const char *path;       // "/magma.feg.SwxGatewayService/TerminateRegistration"
    const uint8_t *message; // without the gRPC prefix
    size_t len;
};

struct rpc_tunnel_end_config {
    struct rpc_channel *channel; // borrowed, outlives the end
    bool legacy;                 // SyncRPC instead of EstablishSyncRPCStream
    int64_t heartbeat_ms;        // 0: 20 s
    int64_t retry_ms;            // a stream that ended is opened again after; 0: 1 s
    // Answer with rpc_tunnel_end_answer from inside it or later, or never. Everything is borrowed
    // for the call.
    void (*request)(void *ctx, const struct rpc_tunnel_end_request *request);
    // optional. closed: gRPC status and message of a stream that ended
    void (*state)(void *ctx, bool open, int status, const char *message);
    void *ctx;
};

// Opens the stream at once. ERR_NOMEM.
enum err rpc_tunnel_end_new(struct base_loop *loop, const struct rpc_tunnel_end_config *config,
                            struct rpc_tunnel_end **out);
// No callback follows. Before rpc_channel_free. NULL is fine.
void rpc_tunnel_end_free(struct rpc_tunnel_end *end);
// status: gRPC status; message: its text, "" for none; payload only with RPC_OK. ERR_CLOSED: the
// stream is gone, and with it everybody who waited for this answer. ERR_NOMEM, ERR_FULL.
enum err rpc_tunnel_end_answer(struct rpc_tunnel_end *end, uint32_t id, int status,
                               const char *message, const uint8_t *payload, size_t len);
