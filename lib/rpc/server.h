// SPDX-License-Identifier: BSD-3-Clause
// gRPC server over HTTP/2: nghttp2 without I/O, libevent and OpenSSL for the wire.
// Connections are spread over the given loops (SO_REUSEPORT); a connection, its calls and
// everything a handler does with them stay on one loop's thread.
// Not for routing to remote gateways (rpc/tunnel.h), not for making calls (rpc/client.h).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "rpc/status.h"

struct rpc_server;
struct rpc_call;
struct rpc_stream;

struct rpc_tls_config {
    const char *certificate; // PEM chain; NULL: cleartext (h2c)
    const char *key;         // PEM
    // PEM bundle that client certificates must chain to; NULL: not asked for
    const char *client_ca;
    const char *crl;         // PEM CRLs, or NULL
    const char *min_version; // "1.2" (default) or "1.3"
};

struct rpc_listen {
    const char *address; // "0.0.0.0", "::", "127.0.0.1", "unix:/run/x.sock" (always cleartext)
    uint16_t port;
    bool cleartext;        // h2c: loopback only, unless allow_cleartext_anywhere
    bool front_proxy;      // x-magma-client-cert-cn is believed here, from trusted_proxies only
};

struct rpc_limits {
    uint32_t max_connections;         // all loops together; 0: 10000
    uint32_t max_connections_per_ip;  // 0: no limit of its own
    uint32_t max_streams;             // concurrent streams of a connection; 0: 256
    uint32_t max_message;             // bytes of one request message; 0: 4 MiB
    uint32_t max_header_list;         // bytes; 0: 16 KiB
    uint32_t max_buffered;            // bytes we hold for a client that does not read; 0: 8 MiB
    // stream resets tolerated (rapid reset); 0: 1000 / 33 per second
    uint32_t reset_burst, reset_rate;
    // TLS handshake, then the HTTP/2 greeting; any header block from its first frame to its last.
    // 0: 10 s
    int64_t handshake_ms;
    int64_t idle_ms;                  // connection without streams; 0: 30 min
    // started request or unread response without progress; 0: 30 s
    int64_t stalled_ms;
    int64_t keepalive_ms;             // our PING when the line is silent; 0: 30 s
    int64_t keepalive_timeout_ms;     // no answer to PING: close; 0: 10 s
    int64_t default_deadline_ms;      // calls without grpc-timeout; 0: 60 s
};

// Decides whether an identified gateway may call at all. peer_cn is the certificate's (or the
// trusted proxy's) identity. Called once per connection or proxied call, and by
// rpc_server_recheck, on a loop thread. ERR_OK
// admits; on refusal the call is answered PERMISSION_DENIED.
typedef enum err (*rpc_admit)(void *ctx, const char *peer_cn);

struct rpc_server_config {
    const struct rpc_listen *listens;
    size_t n_listens;
    struct rpc_tls_config tls;
    struct rpc_limits limits;
    const char *const *trusted_proxies; // addresses or CIDR that may set x-magma-client-cert-cn
    size_t n_trusted_proxies;
    bool allow_cleartext_anywhere;
    bool allow_anonymous; // calls without any identity get gateway "" (loopback tools, tests)
    rpc_admit admit;      // NULL: every verified certificate
    void *admit_ctx;
};

// One method. Registered before rpc_server_start; the table must outlive the server.
// Unary: `unary` is called with the whole request. It must lead to exactly one rpc_call_reply, now
// or later, on the same loop.
struct rpc_method {
    const char *path; // "/magma.feg.S6aProxy/PurgeUE"
    void (*unary)(struct rpc_call *call, void *ctx);
    const struct rpc_stream_ops *stream; // bidirectional streaming instead of unary
    void *ctx;
};

struct rpc_stream_ops {
    // Return ERR_OK to accept; *user is then passed to the others.
    enum err (*open)(struct rpc_stream *stream, void *ctx, void **user);
    void (*message)(struct rpc_stream *stream, void *user, const uint8_t *data, size_t len);
    void (*half_closed)(struct rpc_stream *stream, void *user); // client sends no more
    // last call; stream is invalid after it
    void (*closed)(struct rpc_stream *stream, void *user);
    // rpc_server_drain has begun: end the stream when it suits, within the grace time. May be NULL.
    void (*draining)(struct rpc_stream *stream, void *user);
};

// ---- life of a server; owner thread = the one that calls these ----
// Strings of the configuration are copied. One rpc worker per loop.
enum err rpc_server_new(const struct rpc_server_config *config, struct base_loop *const *loops,
                        size_t n_loops, struct rpc_server **out);
enum err rpc_server_add(struct rpc_server *server, const struct rpc_method *method);
// Binds and begins to accept. Loops may already run or start later. port 0 in a listen picks one:
enum err rpc_server_start(struct rpc_server *server);
uint16_t rpc_server_port(const struct rpc_server *server, size_t listen_index);
// Loads certificate, key, CA and CRL again: new connections use them, old ones stay (but see
// rpc_server_recheck). On error the
// previous ones stay in force. Any thread.
enum err rpc_server_reload_tls(struct rpc_server *server);
// Holds every open connection against what is in force now: asks `admit` again for its gateway, and
// whether its certificate has been revoked or its CA removed (after rpc_server_reload_tls). Those
// refused get GOAWAY, PERMISSION_DENIED for what is in flight, and are closed; behind a front proxy
// only the gateway's streams end. Returns at once; a few connections per turn of each loop. Any
// thread.
void rpc_server_recheck(struct rpc_server *server);
// Stops accepting, sends GOAWAY, lets calls in flight finish for at most grace_ms, then closes.
// done is called once on loop 0's thread. Any thread.
void rpc_server_drain(struct rpc_server *server, int64_t grace_ms, void (*done)(void *arg),
                      void *arg);
// After the loops have stopped (or before they ever ran).
void rpc_server_free(struct rpc_server *server);

// ---- inside a unary handler; loop thread of the call ----
const uint8_t *rpc_call_request(const struct rpc_call *call, size_t *len); // valid until the reply
// gateway id (certificate CN/SAN), never NULL
const char *rpc_call_gateway(const struct rpc_call *call);
const char *rpc_call_path(const struct rpc_call *call);
const char *rpc_call_authority(const struct rpc_call *call);
const char *rpc_call_remote(const struct rpc_call *call);   // "192.0.2.7:40001"
// Request metadata by lower-case name; NULL if absent.
const char *rpc_call_metadata(const struct rpc_call *call, const char *name);
// absolute, CLOCK_MONOTONIC; from grpc-timeout
int64_t rpc_call_deadline_ns(const struct rpc_call *call);
struct base_loop *rpc_call_loop(const struct rpc_call *call);
// One function per call. At most once: fn is called on the loop if the client cancels, its
// connection dies or the deadline passes before the reply. The reply is still owed (it frees the
// call), but will not be seen: at the deadline the server itself has answered DEADLINE_EXCEEDED.
void rpc_call_on_cancel(struct rpc_call *call, void (*fn)(struct rpc_call *call, void *arg),
                        void *arg);
bool rpc_call_cancelled(const struct rpc_call *call);
// Ends the call; it is invalid afterwards. payload is copied; message may be NULL. status is 0..16
// (other numbers become UNKNOWN). With status != OK the payload is ignored.
void rpc_call_reply(struct rpc_call *call, int status, const char *message,
                    const uint8_t *payload, size_t len);

// ---- streams; loop thread of the stream ----
const char *rpc_stream_gateway(const struct rpc_stream *stream);
const char *rpc_stream_remote(const struct rpc_stream *stream);
struct base_loop *rpc_stream_loop(const struct rpc_stream *stream);
// Queues one message. ERR_FULL when more than max_buffered bytes wait: the caller sheds or closes.
enum err rpc_stream_send(struct rpc_stream *stream, const uint8_t *data, size_t len);
// Ends the stream with trailers; closed() is called later.
void rpc_stream_end(struct rpc_stream *stream, int status, const char *message);
