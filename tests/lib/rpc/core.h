// SPDX-License-Identifier: BSD-3-Clause
// A server connection core on its own, fed with bytes and time by the test. Its application:
// "/t.T/Echo" unary echo, "/t.T/Hold" keeps the call, "/t.T/Stream" echoes every message,
// "/t.T/Big" answers 64 KiB, all else UNIMPLEMENTED.
#pragma once

#include "frames.h"
#include "rpc/h2.h"

#define T0 (1000 * 1000000000LL) // the time at which tests begin
#define SECOND 1000000000LL

struct core {
    struct rpc_h2_config config;
    struct rpc_h2_pool pool;
    struct rpc_h2 *h2;
    struct heard heard;
    int64_t now;
    int requests, messages, half_closed, closed;
    char path[128], authority[128];
    int64_t timeout_ns;
    uint8_t last[4096];
    size_t last_len;
    struct rpc_h2_stream *held[64];
    int n_held;
    bool quiet; // outputs are not collected: the client does not read
};

void core_up(struct core *core); // with limits that tests may change before core_open
void core_open(struct core *core);
void core_down(struct core *core);
enum err core_feed(struct core *core, const void *data, size_t len); // and collects the output
enum err core_feed_bytes(struct core *core, struct bytes *bytes);    // and empties them
void core_collect(struct core *core);
enum rpc_h2_end core_wait(struct core *core, int64_t ns); // time passes, in one step
void core_release(struct core *core);                     // lets go of the held calls
