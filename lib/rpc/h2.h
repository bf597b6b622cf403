// SPDX-License-Identifier: BSD-3-Clause
// One gRPC-over-HTTP/2 connection without I/O: bytes in, bytes out, events. Time is passed in. Both
// sides: the server half turns requests into events and answers, the client half the reverse.
// Internal to the room. Not for sockets or TLS (wire.h), nor for who may call what (server.c).
// A connection belongs to one thread. Events run inside rpc_h2_recv, rpc_h2_output and
// rpc_h2_check; from them everything here may be called except rpc_h2_recv, rpc_h2_output and
// rpc_h2_free.
#pragma once

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "rpc/grpc.h"
#include "rpc/guard.h"
#include "rpc/status.h"

struct rpc_h2;

enum rpc_h2_mode {
    RPC_H2_NEW,       // request not routed yet
    RPC_H2_UNARY,     // exactly one message each way
    RPC_H2_STREAMING, // any number of messages each way
    RPC_H2_DISCARD,   // answered early: what still comes in is dropped
};

// A stream. Memory lives while it is in the session or held (rpc_h2_hold).
struct rpc_h2_stream {
    struct rpc_h2 *h2;                 // valid as long as the stream
    struct rpc_h2_stream *next, *prev; // streams of the connection
    int32_t id;
    unsigned holds;
    enum rpc_h2_mode mode;
    bool in_session;      // false: closed; nothing more will be sent or received
    bool remote_ended;
    bool submitted;       // server: response headers are on their way
    bool finishing;       // no more messages will be queued
    bool deferred;        // nghttp2 waits for rpc_h2 to resume the data provider
    bool headers_refused; // list too long
    bool refused;         // client: the server has surely not processed it (safe to repeat)
    bool bad_content_type, not_post, has_content_type, compressed, status_seen;
    int status;           // server: what we answer; client: what we were answered
    int http_status;      // client
    uint32_t error_code;  // of RST_STREAM / GOAWAY, when closed
    char *message;        // owned; grpc-message, decoded (client) or percent-encoded (server)
    int64_t opened_ns, rx_ns, tx_ns; // start, last progress in each direction
    int64_t timeout_ns;   // server: from grpc-timeout; -1: none; -2: malformed
    struct rpc_buf headers; // "name\0value\0..." in order
    uint32_t path_at, authority_at; // offsets of values in headers; 0: absent
    uint32_t header_list; // bytes as RFC 9113 §6.5.2 counts
    struct rpc_deframer in;
    uint32_t in_counted;  // bytes of in.body that the connection's account knows
    struct rpc_buf out;   // framed bytes to send, from out_at
    size_t out_at;
    _Alignas(max_align_t) unsigned char user[]; // config.user_size bytes, zeroed
};

struct rpc_h2_ops {
    // Server: headers are complete and acceptable. Call rpc_h2_accept, or rpc_h2_finish to refuse.
    void (*request)(struct rpc_h2_stream *stream);
    // Server, unary: the whole request, once, the client has ended its side; stays in in.body while
    // the stream is held. Streaming and client streaming: each message, borrowed. Client, unary:
    // not called (the answer is in in.body when closed runs).
    void (*message)(struct rpc_h2_stream *stream, const uint8_t *data, size_t len);
    void (*half_closed)(struct rpc_h2_stream *stream); // server, streaming
    // The stream left the session; the connection's hold ends after this.
    void (*closed)(struct rpc_h2_stream *stream);
    void (*goaway)(struct rpc_h2 *h2); // the peer will accept no more streams
};

// Streams kept for reuse by the connections of one thread.
struct rpc_h2_pool {
    struct rpc_h2_stream *free;
    unsigned n;
};
void rpc_h2_pool_free(struct rpc_h2_pool *pool);

struct rpc_h2_config {
    bool server;
    uint32_t max_streams;
    uint32_t max_message;
    uint32_t max_header_list;
    uint32_t max_buffered; // bytes held for the peer, each direction
    uint32_t reset_burst, reset_rate;
    int64_t greeting_ns; // preface and SETTINGS must be there; a header block must be complete
    int64_t idle_ns, stalled_ns, keepalive_ns, keepalive_timeout_ns;
    const char *scheme; // client: "http" or "https"
    size_t user_size;
    struct rpc_h2_pool *pool; // optional; must outlive the connection
    struct rpc_h2_ops ops;
};

// Why a connection should be closed; label of a metric.
enum rpc_h2_end {
    RPC_H2_ALIVE,
    RPC_H2_FINISHED,     // both sides are done
    RPC_H2_PROTOCOL,     // not HTTP/2, or a connection error
    RPC_H2_ABUSE,        // see rpc_h2_abuse
    RPC_H2_NO_GREETING,
    RPC_H2_SLOW_HEADERS,
    RPC_H2_STALLED,
    RPC_H2_NO_PONG,
    RPC_H2_IDLE,
    RPC_H2_NOMEM,
    RPC_H2_EVICTED,      // server: the owner no longer admits the peer
    RPC_H2_END_COUNT
};
const char *rpc_h2_end_name(enum rpc_h2_end end);

struct rpc_h2 {
    const struct rpc_h2_config *config; // borrowed for life
    void *ctx;                          // the owner's
    nghttp2_session *session;           // NULL after rpc_h2_free
    unsigned refs;                      // owner + streams
    struct rpc_h2_pool *pool;
    struct rpc_h2_stream *streams;      // in the session
    uint32_t n_streams, n_held;         // in the session / with memory
    uint64_t in_bytes, out_bytes;       // buffered
    uint64_t stalled_streams, refused_streams; // cut off / refused, since the owner last looked
    struct rpc_guard guard;
    enum rpc_abuse abuse;
    enum rpc_h2_end end;
    bool goaway_received, goaway_sent;
    // last input; PING outstanding since (0: none); last stream
    int64_t now_ns, rx_ns, ping_ns, busy_ns;
    const uint8_t *pending;             // of nghttp2, not yet copied out
    size_t pending_len;
};

enum err rpc_h2_new(const struct rpc_h2_config *config, void *ctx, int64_t now_ns,
                    struct rpc_h2 **out);
// Closes every stream (closed is called for each) and drops the owner's reference.
void rpc_h2_free(struct rpc_h2 *h2);

// Takes bytes from the peer. ERR_OK: go on. Anything else: send what rpc_h2_output gives, then
// close; h2->end tells why. Output may be waiting after any call.
enum err rpc_h2_recv(struct rpc_h2 *h2, const uint8_t *data, size_t len, int64_t now_ns);
// Fills buf with bytes for the peer; 0: nothing to send now.
size_t rpc_h2_output(struct rpc_h2 *h2, uint8_t *buf, size_t size);
// Time-outs and keepalive; call a few times per shortest time-out.
enum rpc_h2_end rpc_h2_check(struct rpc_h2 *h2, int64_t now_ns);
bool rpc_h2_done(const struct rpc_h2 *h2); // nothing more to read or write: close
bool rpc_h2_has_output(const struct rpc_h2 *h2);

// Graceful end, server: notice (GOAWAY with the highest id), one round trip later the real one.
void rpc_h2_shutdown_notice(struct rpc_h2 *h2);
void rpc_h2_goaway(struct rpc_h2 *h2);

// ---- streams ----
void rpc_h2_hold(struct rpc_h2_stream *stream);
void rpc_h2_release(struct rpc_h2_stream *stream); // may free it
const char *rpc_h2_path(const struct rpc_h2_stream *stream);      // never NULL
const char *rpc_h2_authority(const struct rpc_h2_stream *stream); // never NULL
// Value of a request header (lower-case name); NULL if absent. *count (optional): how often it
// occurs.
const char *rpc_h2_header(const struct rpc_h2_stream *stream, const char *name, unsigned *count);
// Server: decides how the request goes on.
void rpc_h2_accept(struct rpc_h2_stream *stream, enum rpc_h2_mode mode);
// Server, streaming: sends the response headers now; messages may follow at any time.
void rpc_h2_respond(struct rpc_h2_stream *stream);
// Queues one message; on a server the headers go with the first rpc_h2_respond or rpc_h2_finish.
// ERR_CLOSED; ERR_FULL when max_buffered bytes wait on the connection; ERR_NOMEM.
enum err rpc_h2_send(struct rpc_h2_stream *stream, const uint8_t *data, size_t len);
// Server: trailers after what is queued. At most once; message may be NULL.
void rpc_h2_finish(struct rpc_h2_stream *stream, int status, const char *message);
// RST_STREAM. closed follows when it has been sent.
void rpc_h2_reset(struct rpc_h2_stream *stream, uint32_t error_code);

struct rpc_metadata; // client.h
struct rpc_h2_request {
    const char *path, *authority;
    int64_t timeout_ns; // <= 0: none
    const struct rpc_metadata *metadata;
    size_t n_metadata;
    enum rpc_h2_mode mode; // UNARY or STREAMING
};
// Client: opens a stream. Messages follow with rpc_h2_send, the end with rpc_h2_half_close.
// ERR_SHUTDOWN: the connection takes no new streams. The stream is held for the caller.
enum err rpc_h2_open(struct rpc_h2 *h2, const struct rpc_h2_request *request,
                     struct rpc_h2_stream **out);
void rpc_h2_half_close(struct rpc_h2_stream *stream);

// ---- between h2.c, h2_server.c and h2_client.c ----
struct rpc_h2_stream *rpc_h2_stream_new(struct rpc_h2 *h2);
void rpc_h2_stream_link(struct rpc_h2_stream *stream, int32_t id); // takes the session's hold
void rpc_h2_resume(struct rpc_h2_stream *stream);
void rpc_h2_set_message(struct rpc_h2_stream *stream, const char *text, size_t len);
ssize_t rpc_h2_read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *ctx);
void rpc_h2_fail(struct rpc_h2_stream *stream, int status, const char *message); // either side
void rpc_h2_server_header(struct rpc_h2_stream *stream, const uint8_t *name, size_t name_len,
                          const uint8_t *value, size_t value_len);
void rpc_h2_server_request(struct rpc_h2_stream *stream);
void rpc_h2_server_remote_end(struct rpc_h2_stream *stream);
enum err rpc_h2_server_trailers(struct rpc_h2_stream *stream);
void rpc_h2_client_header(struct rpc_h2_stream *stream, const uint8_t *name, size_t name_len,
                          const uint8_t *value, size_t value_len);
void rpc_h2_client_remote_end(struct rpc_h2_stream *stream);
void rpc_h2_client_closed(struct rpc_h2_stream *stream);
