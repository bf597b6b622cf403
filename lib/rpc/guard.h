// SPDX-License-Identifier: BSD-3-Clause
// Watches the frame headers that a peer sends, before nghttp2 sees them, and counts what an abusive
// peer does: CONTINUATION, reset, PING, SETTINGS and idle-frame floods, header blocks without end.
// I/O-free; time is passed in. Not for validating frames (nghttp2 does that).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// Tokens that come back with time.
struct rpc_bucket {
    int64_t at_ns;
    double tokens, burst, per_second;
};
void rpc_bucket_init(struct rpc_bucket *bucket, double burst, double per_second, int64_t now_ns);
bool rpc_bucket_take(struct rpc_bucket *bucket, int64_t now_ns); // false: none left
void rpc_bucket_give(struct rpc_bucket *bucket, double tokens);

// Why a connection was cut off; also the "limit" label of the refusal metric.
enum rpc_abuse {
    RPC_ABUSE_NONE = 0,
    RPC_ABUSE_CONTINUATION, // header block spread over too many frames
    RPC_ABUSE_HEADER_BYTES, // header block too long
    RPC_ABUSE_RESET,        // rapid reset
    RPC_ABUSE_PING,
    RPC_ABUSE_SETTINGS,
    RPC_ABUSE_USELESS,      // PRIORITY, empty DATA, unknown frames, WINDOW_UPDATE without cause
    RPC_ABUSE_OUTBOUND,     // makes us queue answers it does not read
    RPC_ABUSE_COUNT
};
const char *rpc_abuse_name(enum rpc_abuse abuse);

struct rpc_guard {
    bool server;
    uint32_t magic_left;       // bytes of the client preface still to come
    uint8_t header[9];
    uint8_t have;              // bytes of header
    uint32_t payload_left;
    bool in_block;             // between HEADERS and END_HEADERS
    uint32_t continuations;    // of the current block
    uint64_t block_bytes;      // of the current block
    uint64_t max_block;
    int64_t block_since_ns;    // when the current block began
    int64_t frame_since_ns;    // when the current frame began
    uint64_t frames;
    struct rpc_bucket reset, ping, settings, useless;
};

#define RPC_MAX_CONTINUATIONS 8

// max_block: compressed bytes of one header block. reset_*: RST_STREAM tolerated.
void rpc_guard_init(struct rpc_guard *guard, bool server, uint64_t max_block, uint32_t reset_burst,
                    uint32_t reset_rate, int64_t now_ns);
// Looks at bytes in the order of the wire. Returns the first offence, or RPC_ABUSE_NONE.
enum rpc_abuse rpc_guard_scan(struct rpc_guard *guard, const uint8_t *data, size_t len,
                              int64_t now_ns);
// A stream that we had to reset because of the peer's error counts like its own reset.
enum rpc_abuse rpc_guard_stream_error(struct rpc_guard *guard, int64_t now_ns);
// Useful work was done (a message or answer went out): earns tolerance for control frames.
void rpc_guard_credit(struct rpc_guard *guard);
// A frame has begun and is not complete / a header block is open; since when.
bool rpc_guard_in_frame(const struct rpc_guard *guard, int64_t *since_ns);
bool rpc_guard_in_block(const struct rpc_guard *guard, int64_t *since_ns);
// The peer has sent its preface and at least one frame (RFC 9113 §3.4).
bool rpc_guard_greeted(const struct rpc_guard *guard);
