// SPDX-License-Identifier: BSD-3-Clause
// The reverse tunnel: server side of magma.orc8r.SyncRPCService. A gateway behind NAT opens a
// stream; we push requests (whole gRPC-framed HTTP/2 bodies) down it and get the answers back.
// A gateway may hold several streams for a moment (reconnect): the newest is used, answers are
// taken from any. Not for deciding which gateway serves a subscriber (fgw/directory.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "rpc/server.h"

struct rpc_tunnel;

struct rpc_tunnel_config {
    int64_t heartbeat_ms;        // we send a heart-beat when nothing else went down; 0: 60 s
    int64_t silent_ms;           // a gateway silent for so long is cut off; 0: 3 x heartbeat
    // A request for a gateway that just left waits this long for it; so does one for a gateway not
    // seen yet, counted from the start of the process. Requests in flight keep waiting too. 0: 5 s
    int64_t reconnect_grace_ms;
    uint32_t max_in_flight;      // requests outstanding per gateway; 0: 512
    uint32_t max_gateways;       // 0: 20000
};

// How one tunnelled call ended. Exactly one callback per call, on the loop that made it.
struct rpc_tunnel_result {
    // OK: status is what the gateway answered. RPC_UNREACHABLE: it is not there (any more) and has
    // not got the call. CLOSED: it left with the call, which it may have carried out.
    // TIMEOUT. FULL: it does not read. RPC_PROTOCOL, UNSUPPORTED, RPC_TOO_LARGE: its answer is
    // unusable. SHUTDOWN.
    enum err err;
    int status;             // gRPC status of the gateway (grpc-status trailer), valid if err == OK
    const char *message;    // grpc-message, decoded; may be NULL
    const uint8_t *payload; // response message without its gRPC prefix; borrowed for the callback
    size_t len;
};
typedef void (*rpc_tunnel_done)(void *ctx, const struct rpc_tunnel_result *result);

// Registers EstablishSyncRPCStream and SyncRPC on the server; call before rpc_server_start. The
// loops are the server's.
enum err rpc_tunnel_new(struct rpc_server *server, const struct rpc_tunnel_config *config,
                        struct base_loop *const *loops, size_t n_loops, struct rpc_tunnel **out);
void rpc_tunnel_free(struct rpc_tunnel *tunnel); // after the server's loops have stopped

struct rpc_tunnel_call {
    const char *gateway;   // gateway id
    const char *service;   // reqBody.authority: "s6a_async_service"
    const char *path;      // "/magma.feg.S6aGatewayService/CancelLocation"
    const uint8_t *message; // protobuf bytes, without gRPC prefix; copied
    size_t len;
    // How long to wait for the answer or a sign of life (keepConnActive, part of the body). Signs
    // of life prolong the wait, to 120 s at most; gateways send the first one after 10 s.
    int64_t timeout_ms;
};
// Makes a call from `loop` (the current one; it need not be one of the server's). On ERR_OK done
// will be called exactly once, later, on this loop; on any other return it will not be called.
enum err rpc_tunnel_send(struct rpc_tunnel *tunnel, struct base_loop *loop,
                         const struct rpc_tunnel_call *call, rpc_tunnel_done done, void *ctx);

struct rpc_tunnel_gateway {
    const char *id, *remote;
    bool connected;
    int64_t since_ms;      // milliseconds in this state
    uint32_t in_flight;
    uint64_t requests, failures;
};
// Visits every known gateway; any thread, may take a lock; strings are borrowed for the visit.
void rpc_tunnel_each(struct rpc_tunnel *tunnel,
                     void (*visit)(const struct rpc_tunnel_gateway *gateway, void *arg), void *arg);
bool rpc_tunnel_connected(struct rpc_tunnel *tunnel, const char *gateway); // any thread
// Called on some rpc loop when a gateway comes (connected) or has gone past its grace time.
void rpc_tunnel_on_change(struct rpc_tunnel *tunnel,
                          void (*changed)(void *ctx, const char *gateway, bool connected),
                          void *ctx);
