// SPDX-License-Identifier: BSD-3-Clause
// The messages of the reverse tunnel: what we push down and what a gateway's message means.
// I/O-free. Internal to the room. Not for streams, time or who waits for which answer (tunnel.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rpc/grpc.h"
#include "rpc/tunnel.h"

// A SyncRPCRequest with the call as reqBody: message with its gRPC prefix, headers of a gRPC
// request. out is emptied first and owned by the caller.
enum err rpc_tunnel_pack_call(uint32_t req_id, const struct rpc_tunnel_call *call,
                              struct rpc_buf *out);
enum err rpc_tunnel_pack_heartbeat(struct rpc_buf *out);
enum err rpc_tunnel_pack_cancel(uint32_t req_id, struct rpc_buf *out); // connClosed

enum rpc_tunnel_kind {
    RPC_TUNNEL_HEARTBEAT,
    RPC_TUNNEL_KEEP,  // keepConnActive: the gateway still works on it
    RPC_TUNNEL_PART,  // a piece of the body, more follows
    RPC_TUNNEL_FINAL, // the last piece, with the status
};
#define RPC_TUNNEL_TEXT 512

struct rpc_tunnel_answer {
    enum rpc_tunnel_kind kind;
    uint32_t req_id;
    int status;                    // FINAL
    char message[RPC_TUNNEL_TEXT]; // FINAL; "" if none
    struct rpc_buf body;           // PART, FINAL: bytes of the HTTP/2 body; owned, rpc_buf_free
};
// ERR_DECODE_SYNTAX: no SyncRPCResponse. out->body must be freed after ERR_OK.
enum err rpc_tunnel_parse(const uint8_t *data, size_t len, struct rpc_tunnel_answer *out);
// Takes the gRPC prefix off a complete body. ERR_RPC_PROTOCOL: not exactly one message;
// ERR_UNSUPPORTED: compressed.
enum err rpc_tunnel_unframe(const uint8_t *body, size_t len, const uint8_t **message,
                            size_t *message_len);
