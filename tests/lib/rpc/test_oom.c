// SPDX-License-Identifier: BSD-3-Clause
// Memory runs out at every place of our own code, one after the other, while a server, a client, a
// stream and a tunnelled call are at work: nothing crashes or leaks (the sanitizer build looks),
// everything that was begun ends exactly once. malloc and its kin are replaced by the linker
// (--wrap).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_gateway.h"

// The allocation that fails, counted down; negative: none.
static int fail_at = -1;

static bool fails(void)
{
    return fail_at >= 0 && fail_at-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
    return fails() ? NULL : __real_strndup(text, n);
}

// ---- one attempt ----

struct attempt {
    struct rig rig;
    struct rpc_tunnel *tunnel;
    struct rpc_channel *channel;
    struct rpc_client_stream *stream;
    int unary_ended, unary_status, stream_ended, tunnel_ended;
    enum err tunnel_err;
};

static void fail_call(struct rpc_call *call, void *ctx)
{
    rpc_call_reply(call, RPC_NOT_FOUND, "a message", NULL, 0);
}

static void on_unary(void *ctx, const struct rpc_result *result)
{
    struct attempt *a = ctx;
    a->unary_ended++;
    a->unary_status = result->status;
}

static void on_request(struct rpc_client_stream *stream, void *ctx, const uint8_t *data, size_t len)
{
    // SyncRPCResponse{reqId, respBody{status "200", headers{grpc-status: 0}, payload}}
    uint8_t answer[64] = {0x08};
    size_t n = 1;
    if (len < 2 || data[0] != 0x08)
        return;
    for (size_t i = 1; i < len; i++) { // the id's varint
        answer[n++] = data[i];
        if (!(data[i] & 0x80))
            break;
    }
    static const char body[] = "\x12\x1d\x0a\x03""200\x12\x10\x0a\x0bgrpc-status\x12\x01""0"
                               "\x1a\x05\0\0\0\0\0";
    answer[n++] = 0x12;
    answer[n++] = 5 + 18 + 7;
    memcpy(answer + n, body + 2, 5 + 18 + 7);
    n += 5 + 18 + 7;
    rpc_client_stream_send(stream, answer, n);
}

static void on_stream_closed(struct rpc_client_stream *stream, void *ctx, int status,
                             const char *message)
{
    struct attempt *a = ctx;
    a->stream_ended++;
    a->stream = NULL;
}

static void on_tunnel(void *ctx, const struct rpc_tunnel_result *result)
{
    struct attempt *a = ctx;
    a->tunnel_ended++;
    a->tunnel_err = result->err;
}

// A run in which nothing fails must not fail for a busy machine either; the others are kept short.
static int patience; // times a moment
enum { SHORT = 1, LONG = 20 };

static enum err set_up(struct attempt *a)
{
    static const struct rpc_method method = {.path = "/t.T/Fail", .unary = fail_call};
    static const char *const proxies[] = {"127.0.0.1"};
    struct rpc_listen listen = {.address = "127.0.0.1"};
    struct rpc_server_config config = {.listens = &listen, .n_listens = 1,
                                       .trusted_proxies = proxies, .n_trusted_proxies = 1,
                                       .limits = {.max_connections_per_ip = 8}};
    struct rpc_channel_config client = {.host = "127.0.0.1", .server_name = "localhost",
                                        .connect_ms = 400 * patience};
    world_server_tls(&config.tls);
    world_client_tls(&client, "gw1");
    enum err err = rpc_server_new(&config, &a->rig.loop, 1, &a->rig.server);
    if (!err)
        err = rpc_server_add(a->rig.server, &method);
    if (!err)
        err = rpc_tunnel_new(a->rig.server,
                             &(struct rpc_tunnel_config){.reconnect_grace_ms = 200},
                             &a->rig.loop, 1, &a->tunnel);
    if (!err)
        err = rpc_server_start(a->rig.server);
    if (err)
        return err;
    client.port = rpc_server_port(a->rig.server, 0);
    return rpc_channel_new(a->rig.loop, &client, &a->channel);
}

static void run_until(struct attempt *a, const int *counter)
{
    int64_t end = base_now_ns() + 60 * BASE_S_NS; // what has deadlines of its own
    while (!*counter && base_now_ns() < end)
        rig_run(&a->rig, 1);
}

static enum err work(struct attempt *a)
{
    static const struct rpc_client_stream_ops ops = {.message = on_request,
                                                     .closed = on_stream_closed};
    const struct rpc_metadata metadata = {"x-some", "thing"};
    struct rpc_tunnel_call call = {.gateway = "gw1", .service = "s", .path = "/p.S/M",
                                   .message = (const uint8_t *)"x", .len = 1,
                                   .timeout_ms = 300 * patience};
    enum err err = rpc_client_stream_open(a->channel, STREAM_PATH, &ops, a, &a->stream);
    if (err)
        return err;
    err = rpc_client_stream_send(a->stream, (const uint8_t *)"\x18\x01", 2);
    if (!err)
        err = rpc_unary(a->channel, "/t.T/Fail", (const uint8_t *)"x", 1, 500 * patience,
                        &metadata, 1, on_unary, a);
    if (!err) {
        run_until(a, &a->unary_ended);
        assert_int_equal(a->unary_ended, 1);
        err = rpc_tunnel_send(a->tunnel, a->rig.loop, &call, on_tunnel, a);
    }
    if (!err) {
        run_until(a, &a->tunnel_ended);
        assert_int_equal(a->tunnel_ended, 1);
    }
    if (!err)
        err = a->unary_status == RPC_NOT_FOUND && !a->tunnel_err ? ERR_OK : ERR_NOMEM;
    return err;
}

static enum err attempt(int patient)
{
    struct attempt a;
    int armed = fail_at;
    fail_at = -1;
    patience = patient;
    memset(&a, 0, sizeof(a));
    rig_loop(&a.rig);
    fail_at = armed;
    enum err err = set_up(&a);
    if (!err)
        err = work(&a);
    rpc_channel_free(a.channel);
    assert_null(a.stream);
    rpc_server_free(a.rig.server);
    rpc_tunnel_free(a.tunnel);
    base_loop_free(a.rig.loop);
    return err;
}

static void test_memory_runs_out_anywhere(void **state)
{
    enum { ENOUGH = 600 };
    int n_failed = 0;
    assert_int_equal(attempt(LONG), ERR_OK);
    for (int i = 0; i < ENOUGH; i++) {
        bool reached = false;
        enum err err = ERR_OK;
        // what a busy machine had no time for reaches fewer places: that says nothing
        for (int patient = SHORT; !reached && patient <= LONG; patient += LONG - SHORT) {
            fail_at = i;
            err = attempt(patient);
            reached = fail_at < 0;
            fail_at = -1;
        }
        if (!reached) {
            assert_int_equal(err, ERR_OK);
            print_message("%d places, %d of them noticed by the caller\n", i, n_failed);
            assert_true(i > 30);
            return;
        }
        n_failed += err != ERR_OK;
        if (i % 10 == 0) // and with memory back everything works
            assert_int_equal(attempt(LONG), ERR_OK);
    }
    fail_msg("more than %d allocations", ENOUGH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory_runs_out_anywhere)};
    return cmocka_run_group_tests(tests, world_pki, world_pki_remove);
}
