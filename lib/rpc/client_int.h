// SPDX-License-Identifier: BSD-3-Clause
// What client.c (calls), channel.c (connecting) and resolve.c (names) share. Internal to the room.
// Everything of a channel lives on its loop's thread.
#pragma once

#include "base/log.h"
#include "rpc/addr.h"
#include "rpc/client.h"
#include "rpc/h2.h"
#include "rpc/metrics.h"
#include "rpc/resolve.h"
#include "rpc/tls.h"
#include "rpc/wheel.h"
#include "rpc/wire.h"

extern struct base_log_cat log_rpc;

enum rpc_channel_state {
    RPC_CHANNEL_IDLE,       // nobody has asked for a connection yet
    RPC_CHANNEL_CONNECTING, // name, TCP, TLS, greeting
    RPC_CHANNEL_READY,
    RPC_CHANNEL_BACKOFF,    // waiting before the next attempt; calls fail at once
};

// One connection. The channel's current one takes calls; others drain after GOAWAY.
struct rpc_link {
    struct rpc_link *next, *prev; // of the channel
    struct rpc_channel *channel;
    struct rpc_wire wire;
    struct rpc_h2 *h2;            // NULL until TLS is established
    bool greeted;                 // the server's SETTINGS have come
    int64_t up_ns;
};

enum rpc_call_list {
    RPC_LIST_PENDING, // no stream yet: waits for a connection
    RPC_LIST_ACTIVE,  // on a connection
    RPC_LIST_DOOMED,  // ends in the next turn with doom_status
    RPC_LISTS
};

// A unary call or a stream. rpc_client_stream is the same object.
struct rpc_client_stream {
    struct rpc_client_stream *next, *prev; // in the list
    struct rpc_channel *channel;
    enum rpc_call_list list;
    int doom_status;
    const char *doom_text;         // static
    bool unary, retried, half_closed;
    struct rpc_h2_stream *h2s;     // held; NULL while pending
    char *path;                    // owned
    struct rpc_metadata *metadata; // owned, strings too
    size_t n_metadata;
    struct rpc_buf early;          // unary: the message. stream: framed messages sent while pending
    int64_t deadline_ns;           // 0: none
    struct rpc_wheel_item deadline_item;
    void (*done)(void *ctx, const struct rpc_result *result);
    struct rpc_client_stream_ops ops;
    void *ctx;
};

struct rpc_channel {
    struct base_loop *loop;
    struct rpc_channel_config config; // strings owned
    struct rpc_h2_config h2;
    SSL_CTX *ssl_ctx;
    enum rpc_channel_state state;
    bool reported;                    // last value told to config.state
    bool freeing;
    struct rpc_link *current;         // connecting or ready
    struct rpc_link *links;
    struct {
        struct rpc_client_stream *first, *last;
        size_t n;
    } lists[RPC_LISTS];
    size_t n_calls; // of all lists
    struct metric_cell *m_status[RPC_UNAUTHENTICATED + 1];
    struct rpc_wire_io io;
    struct rpc_h2_pool pool;
    struct rpc_wheel deadlines;
    struct base_timer tick, sweep, backoff, attempt, doom;
    struct rpc_resolver resolver;
    struct rpc_addr addrs[RPC_RESOLVE_MAX];
    size_t n_addrs, next_addr;
    unsigned failures;                // attempts in a row
    char why[160];                    // of the last failed attempt
    uint64_t random;
};

// channel.c
void rpc_channel_wanted(struct rpc_channel *channel); // somebody waits for a connection
// client.c
extern const struct rpc_h2_ops rpc_client_ops;
void rpc_client_start_pending(struct rpc_channel *channel);
void rpc_client_fail_pending(struct rpc_channel *channel, const char *why);
void rpc_client_doom(struct base_timer *timer);
void rpc_client_tick(struct base_timer *timer);
void rpc_client_end_all(struct rpc_channel *channel);
// channel.c, for GOAWAY
void rpc_link_goaway(struct rpc_h2 *h2);
