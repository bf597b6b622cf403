// SPDX-License-Identifier: BSD-3-Clause
#include "core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static void on_request(struct rpc_h2_stream *stream)
{
    struct core *core = stream->h2->ctx;
    const char *path = rpc_h2_path(stream);
    core->requests++;
    snprintf(core->path, sizeof(core->path), "%s", path);
    snprintf(core->authority, sizeof(core->authority), "%s", rpc_h2_authority(stream));
    core->timeout_ns = stream->timeout_ns;
    if (strcmp(path, "/t.T/Stream") == 0) {
        rpc_h2_accept(stream, RPC_H2_STREAMING);
        rpc_h2_respond(stream);
    } else if (strcmp(path, "/t.T/Echo") == 0 || strcmp(path, "/t.T/Hold") == 0 ||
               strcmp(path, "/t.T/Big") == 0) {
        rpc_h2_accept(stream, RPC_H2_UNARY);
    } else {
        rpc_h2_finish(stream, RPC_UNIMPLEMENTED, "unknown method");
    }
}

static void on_message(struct rpc_h2_stream *stream, const uint8_t *data, size_t len)
{
    static const uint8_t big[65536];
    struct core *core = stream->h2->ctx;
    const char *path = rpc_h2_path(stream);
    core->messages++;
    core->last_len = len;
    if (len && len <= sizeof(core->last))
        memcpy(core->last, data, len);
    if (strcmp(path, "/t.T/Hold") == 0 && core->n_held < 64) {
        rpc_h2_hold(stream);
        core->held[core->n_held++] = stream;
        return;
    }
    bool is_big = strcmp(path, "/t.T/Big") == 0;
    enum err err = rpc_h2_send(stream, is_big ? big : data, is_big ? sizeof(big) : len);
    if (stream->mode == RPC_H2_UNARY || err)
        rpc_h2_finish(stream, err ? RPC_RESOURCE_EXHAUSTED : RPC_OK, NULL);
}

static void on_half_closed(struct rpc_h2_stream *stream)
{
    struct core *core = stream->h2->ctx;
    core->half_closed++;
    rpc_h2_finish(stream, RPC_OK, NULL);
}

static void on_closed(struct rpc_h2_stream *stream)
{
    struct core *core = stream->h2->ctx;
    core->closed++;
}

void core_up(struct core *core)
{
    memset(core, 0, sizeof(*core));
    core->now = T0;
    core->config = (struct rpc_h2_config){
        .server = true,
        .max_streams = 16,
        .max_message = 100000,
        .max_header_list = 8192,
        .max_buffered = 1 << 20,
        .reset_burst = 50,
        .reset_rate = 5,
        .greeting_ns = 10 * SECOND,
        .idle_ns = 600 * SECOND,
        .stalled_ns = 20 * SECOND,
        .keepalive_ns = 30 * SECOND,
        .keepalive_timeout_ns = 10 * SECOND,
        .pool = &core->pool,
        .ops = {.request = on_request,
                .message = on_message,
                .half_closed = on_half_closed,
                .closed = on_closed},
    };
    heard_init(&core->heard);
}

void core_open(struct core *core)
{
    assert_int_equal(rpc_h2_new(&core->config, core, core->now, &core->h2), ERR_OK);
}

void core_collect(struct core *core)
{
    uint8_t buf[1000]; // smaller than a frame on purpose
    size_t n;
    while (!core->quiet && (n = rpc_h2_output(core->h2, buf, sizeof(buf))) > 0)
        heard_feed(&core->heard, buf, n);
}

enum err core_feed(struct core *core, const void *data, size_t len)
{
    enum err err = rpc_h2_recv(core->h2, data, len, core->now);
    core_collect(core);
    return err;
}

enum err core_feed_bytes(struct core *core, struct bytes *bytes)
{
    enum err err = core_feed(core, bytes->data, bytes->len);
    bytes->len = 0;
    return err;
}

enum rpc_h2_end core_wait(struct core *core, int64_t ns)
{
    core->now += ns;
    enum rpc_h2_end end = rpc_h2_check(core->h2, core->now);
    core_collect(core);
    return end;
}

void core_release(struct core *core)
{
    while (core->n_held)
        rpc_h2_release(core->held[--core->n_held]);
}

void core_down(struct core *core)
{
    rpc_h2_free(core->h2);
    core_release(core);
    rpc_h2_pool_free(&core->pool);
    heard_free(&core->heard);
}
