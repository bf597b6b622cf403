// SPDX-License-Identifier: BSD-3-Clause
// Flood protection on frame headers (see guard.h).
#include "rpc/guard.h"

#include "base/clock.h"

enum { FRAME_DATA, FRAME_HEADERS, FRAME_PRIORITY, FRAME_RST_STREAM, FRAME_SETTINGS,
       FRAME_PUSH_PROMISE, FRAME_PING, FRAME_GOAWAY, FRAME_WINDOW_UPDATE, FRAME_CONTINUATION };

#define FLAG_END_STREAM 0x1
#define FLAG_ACK 0x1
#define FLAG_END_HEADERS 0x4
#define PREFACE_LEN 24

// gRPC clients probe bandwidth with PINGs beside their data, so a burst is normal; a steady rate
// far above it without any work done is not.
#define PING_BURST 100.0
#define PING_RATE 5.0
#define SETTINGS_BURST 20.0
#define SETTINGS_RATE 1.0
#define USELESS_BURST 10000.0
#define USELESS_RATE 200.0
#define CREDIT 8.0

void rpc_bucket_init(struct rpc_bucket *bucket, double burst, double per_second, int64_t now_ns)
{
    *bucket = (struct rpc_bucket){
        .at_ns = now_ns, .tokens = burst, .burst = burst, .per_second = per_second};
}

bool rpc_bucket_take(struct rpc_bucket *bucket, int64_t now_ns)
{
    if (bucket->tokens < 1.0 && now_ns > bucket->at_ns) {
        bucket->tokens += (double)(now_ns - bucket->at_ns) / BASE_S_NS * bucket->per_second;
        if (bucket->tokens > bucket->burst)
            bucket->tokens = bucket->burst;
        bucket->at_ns = now_ns;
    }
    if (bucket->tokens < 1.0)
        return false;
    bucket->tokens -= 1.0;
    return true;
}

void rpc_bucket_give(struct rpc_bucket *bucket, double tokens)
{
    bucket->tokens += tokens;
    if (bucket->tokens > bucket->burst)
        bucket->tokens = bucket->burst;
}

const char *rpc_abuse_name(enum rpc_abuse abuse)
{
    static const char *const names[RPC_ABUSE_COUNT] = {
        [RPC_ABUSE_NONE] = "none",
        [RPC_ABUSE_CONTINUATION] = "continuation_flood",
        [RPC_ABUSE_HEADER_BYTES] = "header_bytes",
        [RPC_ABUSE_RESET] = "rapid_reset",
        [RPC_ABUSE_PING] = "ping_flood",
        [RPC_ABUSE_SETTINGS] = "settings_flood",
        [RPC_ABUSE_USELESS] = "useless_frames",
        [RPC_ABUSE_OUTBOUND] = "outbound_queue",
    };
    return abuse < RPC_ABUSE_COUNT ? names[abuse] : "?";
}

void rpc_guard_init(struct rpc_guard *guard, bool server, uint64_t max_block, uint32_t reset_burst,
                    uint32_t reset_rate, int64_t now_ns)
{
    *guard = (struct rpc_guard){
        .server = server, .magic_left = server ? PREFACE_LEN : 0, .max_block = max_block};
    rpc_bucket_init(&guard->reset, reset_burst, reset_rate, now_ns);
    rpc_bucket_init(&guard->ping, PING_BURST, PING_RATE, now_ns);
    rpc_bucket_init(&guard->settings, SETTINGS_BURST, SETTINGS_RATE, now_ns);
    rpc_bucket_init(&guard->useless, USELESS_BURST, USELESS_RATE, now_ns);
}

static enum rpc_abuse block_add(struct rpc_guard *guard, uint32_t length, bool end)
{
    guard->block_bytes += length;
    guard->in_block = !end;
    return guard->block_bytes > guard->max_block ? RPC_ABUSE_HEADER_BYTES : RPC_ABUSE_NONE;
}

static enum rpc_abuse spend(struct rpc_bucket *bucket, int64_t now_ns, enum rpc_abuse abuse)
{
    return rpc_bucket_take(bucket, now_ns) ? RPC_ABUSE_NONE : abuse;
}

static enum rpc_abuse frame(struct rpc_guard *guard, uint32_t length, uint8_t type, uint8_t flags,
                            int64_t now_ns)
{
    switch (type) {
    case FRAME_HEADERS:
    case FRAME_PUSH_PROMISE:
        guard->continuations = 0;
        guard->block_bytes = 0;
        guard->block_since_ns = now_ns;
        return block_add(guard, length, flags & FLAG_END_HEADERS);
    case FRAME_CONTINUATION:
        if (++guard->continuations > RPC_MAX_CONTINUATIONS)
            return RPC_ABUSE_CONTINUATION;
        return block_add(guard, length, flags & FLAG_END_HEADERS);
    case FRAME_RST_STREAM:
        return guard->server ? spend(&guard->reset, now_ns, RPC_ABUSE_RESET) : RPC_ABUSE_NONE;
    case FRAME_PING:
        return flags & FLAG_ACK ? RPC_ABUSE_NONE : spend(&guard->ping, now_ns, RPC_ABUSE_PING);
    case FRAME_SETTINGS:
        return flags & FLAG_ACK ? RPC_ABUSE_NONE
                                : spend(&guard->settings, now_ns, RPC_ABUSE_SETTINGS);
    case FRAME_DATA:
        if (length > 0 || flags & FLAG_END_STREAM) {
            rpc_guard_credit(guard);
            return RPC_ABUSE_NONE;
        }
        break;
    default: // PRIORITY, WINDOW_UPDATE, GOAWAY, unknown
        break;
    }
    return spend(&guard->useless, now_ns, RPC_ABUSE_USELESS);
}

static enum rpc_abuse header_done(struct rpc_guard *guard, int64_t now_ns)
{
    const uint8_t *h = guard->header;
    uint32_t length = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
    guard->have = 0;
    guard->frames++;
    guard->payload_left = length;
    return frame(guard, length, h[3], h[4], now_ns);
}

enum rpc_abuse rpc_guard_scan(struct rpc_guard *guard, const uint8_t *data, size_t len,
                              int64_t now_ns)
{
    size_t at = 0;
    while (at < len) {
        uint32_t *skip = guard->magic_left ? &guard->magic_left : &guard->payload_left;
        if (*skip) {
            size_t n = len - at < *skip ? len - at : *skip;
            *skip -= (uint32_t)n;
            at += n;
            continue;
        }
        if (guard->have == 0)
            guard->frame_since_ns = now_ns;
        guard->header[guard->have++] = data[at++];
        if (guard->have < sizeof(guard->header))
            continue;
        enum rpc_abuse abuse = header_done(guard, now_ns);
        if (abuse)
            return abuse;
    }
    return RPC_ABUSE_NONE;
}

enum rpc_abuse rpc_guard_stream_error(struct rpc_guard *guard, int64_t now_ns)
{
    return guard->server ? spend(&guard->reset, now_ns, RPC_ABUSE_RESET) : RPC_ABUSE_NONE;
}

void rpc_guard_credit(struct rpc_guard *guard)
{
    rpc_bucket_give(&guard->useless, CREDIT);
    rpc_bucket_give(&guard->ping, 1.0);
}

bool rpc_guard_in_frame(const struct rpc_guard *guard, int64_t *since_ns)
{
    *since_ns = guard->frame_since_ns;
    return guard->have > 0 || guard->payload_left > 0;
}

bool rpc_guard_in_block(const struct rpc_guard *guard, int64_t *since_ns)
{
    *since_ns = guard->block_since_ns;
    return guard->in_block ||
           (guard->payload_left > 0 && guard->header[3] == FRAME_HEADERS);
}

bool rpc_guard_greeted(const struct rpc_guard *guard)
{
    return guard->magic_left == 0 && guard->frames > 0;
}
