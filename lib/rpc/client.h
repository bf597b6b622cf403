// SPDX-License-Identifier: BSD-3-Clause
// gRPC client: a channel to one target on one loop. Reconnects by itself with exponential back-off
// and jitter. Used by fgw-agw, fgw-map, FGW to FGW forwarding and the tests.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "rpc/server.h"
#include "rpc/status.h"

struct rpc_channel;
struct rpc_client_stream;

struct rpc_channel_config {
    const char *host;      // address, name or "unix:/run/x.sock"
    uint16_t port;
    const char *authority; // :authority; NULL: host
    bool tls;
    const char *ca;           // PEM of the server's CA (tls)
    const char *certificate;  // PEM client certificate and key, or NULL
    const char *key;
    const char *server_name;  // name checked in the server's certificate; NULL: authority
    int64_t connect_ms;       // 0: 5 s
    int64_t keepalive_ms;     // PING when the line is silent; 0: 30 s
    int64_t keepalive_timeout_ms; // no answer to PING: reconnect; 0: 10 s
    uint32_t max_message;     // 0: 4 MiB
    void (*state)(void *ctx, bool connected); // optional; loop thread
    void *state_ctx;
};

// Loop thread only (or before the loop runs). Strings are copied.
enum err rpc_channel_new(struct base_loop *loop, const struct rpc_channel_config *config,
                         struct rpc_channel **out);
// Ends calls in flight with CANCELLED (their callbacks are called). Not from inside a callback of
// this channel. While a connection is being made calls wait for it; between attempts (0.2 s,
// growing to 10 s) they end at once with UNAVAILABLE. A call that the server has surely not
// processed (GOAWAY, refused stream) is repeated once.
void rpc_channel_free(struct rpc_channel *channel);
void rpc_channel_connect(struct rpc_channel *channel); // begin now instead of at the first call

struct rpc_result {
    int status;             // gRPC status; UNAVAILABLE when the connection failed
    const char *message;    // never NULL
    const uint8_t *payload; // borrowed for the callback
    size_t len;
};
struct rpc_metadata {
    const char *name, *value;
};
// One unary call; done is called exactly once, never from inside this function. The deadline
// (grpc-timeout) covers connecting.
enum err rpc_unary(struct rpc_channel *channel, const char *path, const uint8_t *message,
                   size_t len, int64_t timeout_ms, const struct rpc_metadata *metadata,
                   size_t n_metadata, void (*done)(void *ctx, const struct rpc_result *result),
                   void *ctx);

struct rpc_client_stream_ops {
    void (*message)(struct rpc_client_stream *stream, void *ctx, const uint8_t *data, size_t len);
    void (*closed)(struct rpc_client_stream *stream, void *ctx, int status, const char *message);
};
enum err rpc_client_stream_open(struct rpc_channel *channel, const char *path,
                                const struct rpc_client_stream_ops *ops, void *ctx,
                                struct rpc_client_stream **out);
enum err rpc_client_stream_send(struct rpc_client_stream *stream, const uint8_t *data, size_t len);
void rpc_client_stream_end(struct rpc_client_stream *stream);    // half-close
void rpc_client_stream_cancel(struct rpc_client_stream *stream); // RST_STREAM; closed() follows
