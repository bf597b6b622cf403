// SPDX-License-Identifier: BSD-3-Clause
// What tunnel.c (calls, gateways) and tunnel_stream.c (streams) share. Internal to the room.
//
// Threads: a stream lives on its loop, a call's timer and callback on the caller's loop. The table
// of gateways and every call's place in it are under one lock; whoever takes a call out of the
// table under the lock has the right and duty to end it. The tunnel itself is counted: calls,
// streams and jobs on their way keep it.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"
#include "rpc/grpc.h"
#include "rpc/guard.h"
#include "rpc/metrics.h"
#include "rpc/tunnel.h"

extern struct base_log_cat log_tunnel;

#define RPC_TUNNEL_CALL_BUCKETS 32
#define RPC_TUNNEL_GATEWAY_BUCKETS 4096

struct tunnel_gateway;

// One open stream of a gateway. `stream` is touched on its loop only.
struct tunnel_stream {
    struct tunnel_stream *next;     // of the gateway, newest first; under the lock
    struct rpc_tunnel *tunnel;
    struct tunnel_gateway *gateway; // NULL once the stream has left it; under the lock
    struct base_loop *loop;
    _Atomic unsigned refs;          // the stream's and those of messages on their way
    struct rpc_stream *stream;      // NULL after its end
    struct base_timer timer;
    int64_t rx_ns, tx_ns;
    struct rpc_bucket odd;          // messages that fit no request
    bool draining;                  // ends when nothing is in flight
    char remote[72];
    char id[];                      // of the gateway
};

enum tunnel_call_state {
    CALL_WAITING, // for the gateway to come back; in the table
    CALL_SENT,    // pushed down a stream; in the table
    CALL_ENDED,   // out of the table
};

struct tunnel_call {
    struct tunnel_call *next, *prev; // bucket of the gateway
    struct rpc_tunnel *tunnel;
    struct tunnel_gateway *gateway;
    enum tunnel_call_state state;
    uint32_t req_id;
    struct rpc_buf request;       // packed; kept until it is certain that it has left
    struct rpc_buf body;          // parts of the answer
    int64_t started_ns, timeout_ns;
    int64_t until_ns;             // end of the wait; signs of life move it
    int64_t last_ns;              // which they cannot move further than this
    struct base_loop *loop;       // the caller's
    struct base_timer timer;      // on it
    struct base_job job;          // brings the end to it
    rpc_tunnel_done done;
    void *ctx;
    enum err err;
    int status;
    char *message;
};

struct tunnel_gateway {
    struct tunnel_gateway *next;         // bucket
    struct tunnel_gateway *left_next, *left_prev; // those that have gone, grace not over
    char *id;
    char remote[72];
    struct tunnel_stream *streams;       // newest first
    bool in_grace;
    bool announced;                      // on_change(true) was the last word
    int64_t since_ns;                    // of the present state
    struct tunnel_call *calls[RPC_TUNNEL_CALL_BUCKETS];
    uint32_t in_flight;
    uint64_t requests, failures;
    uint32_t owed;                       // calls that ended unanswered: as many may come late
};

struct rpc_tunnel {
    struct rpc_tunnel_config config;     // zeros replaced
    _Atomic unsigned refs;
    struct base_loop *loop0;
    struct base_timer housekeeping;      // on loop0
    int64_t started_ns;
    void (*changed)(void *ctx, const char *gateway, bool connected);
    void *changed_ctx;
    _Atomic uint32_t next_req_id;
    struct metric_cell *m_gateways, *m_seconds;

    pthread_mutex_t lock;                // the fields below
    bool dead;
    struct tunnel_gateway *gateways[RPC_TUNNEL_GATEWAY_BUCKETS];
    struct tunnel_gateway *left;
    uint32_t n_gateways;
};

void tunnel_unref(struct rpc_tunnel *tunnel);
void tunnel_odd(const char *kind);

// tunnel.c; all under the lock
struct tunnel_gateway *tunnel_find(struct rpc_tunnel *tunnel, const char *id);
enum err tunnel_find_or_add(struct rpc_tunnel *tunnel, const char *id, struct tunnel_gateway **out);
void tunnel_set_left(struct rpc_tunnel *tunnel, struct tunnel_gateway *gateway, bool left);
struct tunnel_call *tunnel_call_find(struct tunnel_gateway *gateway, uint32_t req_id);
// to the newest stream, if there is one
void tunnel_call_route(struct tunnel_call *call);
void tunnel_call_end(struct tunnel_call *call, enum err err); // takes it out, tells the caller

// tunnel_stream.c
extern const struct rpc_stream_ops tunnel_stream_ops;
// Any thread, also under the lock. Takes the bytes. req_id 0: not a call's own request.
enum err tunnel_stream_post(struct tunnel_stream *stream, uint32_t req_id, struct rpc_buf *bytes);
