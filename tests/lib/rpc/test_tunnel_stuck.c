// SPDX-License-Identifier: BSD-3-Clause
// The reverse tunnel of a gateway that does not read, by hand-made frames. Not for gateways that
// behave (test_tunnel.c).
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/metrics.h"
#include "fake_gateway.h"
#include "frames.h"
#include "rpc/metrics.h"

struct outcome {
    int n;
    enum err err;
};

static void on_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct outcome *out = ctx;
    out->n++;
    out->err = result->err;
}

static enum err call(struct world *world, struct outcome *out)
{
    const struct rpc_tunnel_call given = {.gateway = "gw1",
                                          .service = "s6a_async_service",
                                          .path = "/p.S/M",
                                          .message = (const uint8_t *)"x",
                                          .len = 1,
                                          .timeout_ms = 60000};
    return rpc_tunnel_send(world->tunnel, world->rig.loop, &given, on_done, out);
}

static uint64_t expired_streams(void)
{
    return metric_read(METRIC_CELL(&rpc_m_requests, STREAM_PATH, "DEADLINE_EXCEEDED"));
}

static bool is_expired(void *arg)
{
    return expired_streams() > *(const uint64_t *)arg;
}

static bool is_known(void *arg)
{
    return rpc_tunnel_connected(((struct world *)arg)->tunnel, "gw1");
}

// How many jobs the loop has run.
static unsigned long jobs_of(const struct base_loop *loop)
{
    char name[64];
    size_t len;
    char *text = metrics_export(&len);
    assert_non_null(text);
    snprintf(name, sizeof(name), "fgw_loop_jobs_total{loop=\"%s\"} ", base_loop_name(loop));
    const char *at = strstr(text, name);
    assert_non_null(at);
    unsigned long n = strtoul(at + strlen(name), NULL, 10);
    free(text);
    return n;
}

// A server behind a front proxy, in cleartext, so that bytes can be sent by hand.
static void world_behind_proxy(struct world *world)
{
    const char *trusted = "127.0.0.1";
    struct rpc_listen listen = {.address = "127.0.0.1", .cleartext = true, .front_proxy = true};
    struct rpc_server_config server = {
        .listens = &listen, .n_listens = 1, .trusted_proxies = &trusted, .n_trusted_proxies = 1};
    memset(world, 0, sizeof(*world));
    rig_loop(&world->rig);
    rig_server(&world->rig, &server);
    assert_int_equal(rpc_tunnel_new(world->rig.server, &(struct rpc_tunnel_config){0},
                                    &world->rig.loop, 1, &world->tunnel), ERR_OK);
    rig_start(&world->rig);
}

// A tunnel that takes nothing (its window is 0) and has a deadline: after that it has ended, but
// the end cannot be told. A call must wait for the gateway's next stream, not go round in circles.
static void test_a_stream_that_cannot_end_takes_no_calls(void **state)
{
    static const uint8_t no_window[] = {0, 4, 0, 0, 0, 0};
    struct world world;
    struct outcome first = {0}, second = {0};
    struct bytes out = {0}, block = {0};
    uint64_t expired = expired_streams();
    world_behind_proxy(&world);
    int fd = rig_socket(&world.rig);
    bytes_add(&out, PREFACE, PREFACE_LEN);
    put_frame(&out, SETTINGS, 0, 0, no_window, sizeof(no_window));
    put_request_fields(&block, STREAM_PATH);
    put_field(&block, "grpc-timeout", "2S");
    put_field(&block, "x-magma-client-cert-cn", "gw1");
    put_frame(&out, HEADERS, END_HEADERS, 1, block.data, block.len);
    rig_write(fd, out.data, out.len);
    assert_true(rig_until(&world.rig, is_known, &world));
    assert_int_equal(call(&world, &first), ERR_OK);
    assert_true(rig_until(&world.rig, is_expired, &expired));

    unsigned long jobs = jobs_of(world.rig.loop);
    assert_int_equal(call(&world, &second), ERR_OK);
    rig_run(&world.rig, 50);
    assert_true(jobs_of(world.rig.loop) - jobs < 100);
    assert_false(is_known(&world));
    assert_int_equal(second.n, 0); // it waits

    bytes_free(&out);
    bytes_free(&block);
    close(fd);
    world_down(&world);
    assert_int_equal(first.n, 1);
    assert_int_equal(second.n, 1);
    assert_int_equal(second.err, ERR_SHUTDOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stream_that_cannot_end_takes_no_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
