// SPDX-License-Identifier: BSD-3-Clause
// The reverse tunnel with fake gateways that answer as each test says.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "fake_gateway.h"
#include "rpc/metrics.h"

// ---- calls ----

struct outcome {
    int n;
    enum err err;
    int status;
    char message[128];
    uint8_t payload[64];
    size_t len;
};

static void on_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct outcome *out = ctx;
    out->n++;
    out->err = result->err;
    out->status = result->status;
    snprintf(out->message, sizeof(out->message), "%s", result->message ? result->message : "");
    out->len = result->err ? 0 : result->len;
    if (out->len)
        memcpy(out->payload, result->payload, out->len < 64 ? out->len : 64);
}

static enum err call(struct world *world, const char *gateway, const char *text, int64_t timeout_ms,
                     struct outcome *out)
{
    struct rpc_tunnel_call given = {
        .gateway = gateway,
        .service = "s6a_async_service",
        .path = "/magma.feg.S6aGatewayService/CancelLocation",
        .message = (const uint8_t *)text,
        .len = strlen(text),
        .timeout_ms = timeout_ms,
    };
    memset(out, 0, sizeof(*out));
    enum err err = rpc_tunnel_send(world->tunnel, world->rig.loop, &given, on_done, out);
    assert_int_equal(out->n, 0);
    return err;
}

static void wait_done(struct world *world, struct outcome *out)
{
    assert_true(rig_until_n(&world->rig, &out->n, 1));
    assert_int_equal(out->n, 1);
}

static const uint8_t framed_ok[] = {0, 0, 0, 0, 2, 'o', 'k'};

static uint64_t odd(const char *kind)
{
    return metric_read(METRIC_CELL(&rpc_m_tunnel_odd, kind));
}

static bool odd_becomes(struct world *world, const char *kind, uint64_t value)
{
    return rig_until_metric(&world->rig, METRIC_CELL(&rpc_m_tunnel_odd, kind), value);
}

struct newest {
    struct rpc_tunnel *tunnel;
    char before[64], now[64];
};

static void note_remote(const struct rpc_tunnel_gateway *gateway, void *arg)
{
    struct newest *newest = arg;
    snprintf(newest->now, sizeof(newest->now), "%s", gateway->remote);
}

static bool is_newer(void *arg)
{
    struct newest *newest = arg;
    rpc_tunnel_each(newest->tunnel, note_remote, newest);
    return strcmp(newest->now, newest->before) != 0;
}

// As gw_up, for a gateway that has a stream already: waits until the server knows the new one.
static void gw_up_beside(struct gateway *gw, struct world *world, const char *name)
{
    struct newest newest = {.tunnel = world->tunnel};
    rpc_tunnel_each(world->tunnel, note_remote, &newest);
    memcpy(newest.before, newest.now, sizeof(newest.now));
    gw_up(gw, world, name);
    assert_true(rig_until(&world->rig, is_newer, &newest));
}

// ---- tests ----

static void test_call_and_answer(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(world.came, 1);
    gw.echo = true;

    assert_int_equal(call(&world, "gw1", "imsi", RIG_LONG_MS, &out), ERR_OK);
    wait_done(&world, &out);
    assert_int_equal(out.err, ERR_OK);
    assert_int_equal(out.status, RPC_OK);
    assert_int_equal(out.len, 4);
    assert_memory_equal(out.payload, "imsi", 4);
    assert_string_equal(gw.seen[0].path, "/magma.feg.S6aGatewayService/CancelLocation");
    assert_string_equal(gw.seen[0].authority, "s6a_async_service");
    assert_memory_equal(gw.seen[0].payload, "\0\0\0\0\4imsi", 9);
    assert_true(gw.seen[0].grpc_headers);

    gw_down(&gw);
    world_down(&world);
}

static void test_legacy_method(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    gw_down(&gw);
    assert_true(rig_until(&world.rig, gw_not_connected, &gw));
    gw_up(&gw, &world, "gw1");
    rpc_client_stream_cancel(gw.stream);
    assert_true(rig_until_n(&world.rig, &gw.n_closed, 1));
    gw_open(&gw, LEGACY_PATH);
    assert_true(rig_until(&world.rig, gw_connected, &gw));
    gw.echo = true;
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    wait_done(&world, &out);
    assert_int_equal(out.status, RPC_OK);
    gw_down(&gw);
    world_down(&world);
}

// Answers in any order find their calls.
static void test_many_in_flight(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out[40];
    char text[16];
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof(text), "call %d", i);
        assert_int_equal(call(&world, "gw1", text, RIG_LONG_MS, &out[i]), ERR_OK);
    }
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 40));
    for (int i = 39; i >= 0; i--)
        gw_ok(&gw, gw.seen[i].id, gw.seen[i].payload, gw.seen[i].len);
    for (int i = 0; i < 40; i++) {
        wait_done(&world, &out[i]);
        snprintf(text, sizeof(text), "call %d", i);
        assert_int_equal(out[i].len, strlen(text));
        assert_memory_equal(out[i].payload, text, strlen(text));
    }
    gw_down(&gw);
    world_down(&world);
}

#define OK_WITH(body, n) {.status = "200", .grpc_status = "0", .payload = (body), .len = (n)}

// What a gateway's answer means, one row per form it can take.
static void test_answers(void **state)
{
    static const struct {
        const char *name;
        struct part answer;
        enum err want_err;
        int want_status;
        const char *want_message;
    } rows[] = {
        {"ok", OK_WITH("\0\0\0\0\2ok", 7),
         ERR_OK, RPC_OK, ""},
        {"error status", {.status = "200", .grpc_status = "5", .grpc_message = "no such user%21"},
         ERR_OK, RPC_NOT_FOUND,
         "no such user!"},
        {"status beyond gRPC's", {.status = "200", .grpc_status = "5012"},
         ERR_OK, RPC_UNKNOWN, ""},
        {"HTTP error", {.status = "503"},
         ERR_OK, RPC_UNAVAILABLE,
         "HTTP status 503"},
        {"not found", {.status = "404", .payload = "x", .len = 1},
         ERR_OK, RPC_UNIMPLEMENTED,
         "HTTP status 404"},
        {"local error", {.err = "connection refused"},
         ERR_OK, RPC_UNAVAILABLE,
         "connection refused"},
        {"nothing at all", {0},
         ERR_OK, RPC_UNAVAILABLE,
         "gateway gave an empty answer"},
        {"ok without message", {.status = "200", .grpc_status = "0"},
         ERR_RPC_PROTOCOL, 0, ""},
        {"short prefix", OK_WITH("\0\0\0\0", 4),
         ERR_RPC_PROTOCOL, 0, ""},
        {"length too large", OK_WITH("\0\0\0\0\3ok", 7),
         ERR_RPC_PROTOCOL, 0, ""},
        {"length too small", OK_WITH("\0\0\0\0\1ok", 7),
         ERR_RPC_PROTOCOL, 0, ""},
        {"compressed", OK_WITH("\1\0\0\0\2ok", 7),
         ERR_UNSUPPORTED, 0, ""},
        {"bad flag", OK_WITH("\2\0\0\0\2ok", 7),
         ERR_RPC_PROTOCOL, 0, ""},
    };
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
        assert_true(rig_until_n(&world.rig, &gw.n_requests, (int)i + 1));
        gw_send(&gw, gw.seen[i].id, &rows[i].answer);
        wait_done(&world, &out);
        if (out.err != rows[i].want_err ||
            (!out.err && (out.status != rows[i].want_status ||
                          strcmp(out.message, rows[i].want_message) != 0)))
            fail_msg("%s: err %s status %d message \"%s\"", rows[i].name, err_name(out.err),
                     out.status, out.message);
    }
    gw_down(&gw);
    world_down(&world);
}

// A body in parts: only the last carries the trailers.
static void test_answer_in_parts(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    gw_send(&gw, gw.seen[0].id, &(struct part){.status = "200", .payload = framed_ok, .len = 3});
    gw_send(&gw, gw.seen[0].id,
            &(struct part){.status = "200", .payload = framed_ok + 3, .len = 2});
    rig_run(&world.rig, 20);
    assert_int_equal(out.n, 0);
    gw_ok(&gw, gw.seen[0].id, framed_ok + 5, 2);
    wait_done(&world, &out);
    assert_int_equal(out.err, ERR_OK);
    assert_memory_equal(out.payload, "ok", 2);
    gw_down(&gw);
    world_down(&world);
}

static void test_timeout_cancels_at_the_gateway(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    uint64_t late = odd("late_or_unknown");
    assert_int_equal(call(&world, "gw1", "x", 500, &out), ERR_OK);
    wait_done(&world, &out);
    assert_int_equal(out.err, ERR_TIMEOUT);
    assert_true(rig_until_n(&world.rig, &gw.n_cancels, 1));
    assert_int_equal(gw.cancelled, gw.seen[0].id);

    // the late answer is counted and hurts nobody
    gw_ok(&gw, gw.seen[0].id, framed_ok, sizeof(framed_ok));
    assert_true(odd_becomes(&world, "late_or_unknown", late + 1));
    assert_int_equal(out.n, 1);
    gw_down(&gw);
    world_down(&world);
}

static void test_keep_alive_extends_the_wait(void **state)
{
    enum { WAIT_MS = 5000 }; // longer than a machine stands still between two signs of life
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", WAIT_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    int64_t end = base_now_ns() + (WAIT_MS + 500) * BASE_MS_NS;
    while (base_now_ns() < end) {
        rig_run(&world.rig, 20);
        assert_int_equal(out.n, 0);
        gw_send(&gw, gw.seen[0].id, &(struct part){.keep = true});
    }
    gw_ok(&gw, gw.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out);
    assert_int_equal(out.err, ERR_OK);
    gw_down(&gw);
    world_down(&world);
}

static void test_a_gateway_cannot_answer_for_another(void **state)
{
    struct world world;
    struct gateway gw1, gw2;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw1, &world, "gw1");
    gw_up(&gw2, &world, "gw2");
    uint64_t late = odd("late_or_unknown");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw1.n_requests, 1));
    gw_ok(&gw2, gw1.seen[0].id, framed_ok, sizeof(framed_ok));
    assert_true(odd_becomes(&world, "late_or_unknown", late + 1));
    assert_int_equal(out.n, 0);
    gw_ok(&gw1, gw1.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out);
    assert_int_equal(out.status, RPC_OK);
    gw_down(&gw1);
    gw_down(&gw2);
    world_down(&world);
}

static void test_unknown_gateway(void **state)
{
    struct world world;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){.reconnect_grace_ms = RIG_LONG_MS});
    // just after the start it may still come back
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    world_down(&world);
    assert_int_equal(out.err, ERR_SHUTDOWN);

    world_up(&world, &(struct rpc_tunnel_config){.reconnect_grace_ms = 50});
    // until its time is over, which may be so already
    enum err err = call(&world, "gw1", "x", RIG_LONG_MS, &out);
    if (err == ERR_OK) {
        wait_done(&world, &out);
        err = out.err;
    }
    assert_int_equal(err, ERR_RPC_UNREACHABLE);
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_RPC_UNREACHABLE);
    assert_int_equal(call(&world, "gw9", "x", RIG_LONG_MS, &out), ERR_RPC_UNREACHABLE);
    assert_int_equal(world.went, 0); // it was never there
    world_down(&world);
}

static void test_call_waits_for_reconnect(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){.reconnect_grace_ms = RIG_LONG_MS});
    gw_up(&gw, &world, "gw1");
    gw_down(&gw);
    assert_true(rig_until(&world.rig, gw_not_connected, &gw));
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    rig_run(&world.rig, 30);
    assert_int_equal(out.n, 0);
    gw_up(&gw, &world, "gw1");
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    gw_ok(&gw, gw.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out);
    assert_int_equal(out.status, RPC_OK);
    // its place was kept: nobody was told of a change
    assert_int_equal(world.came, 1);
    assert_int_equal(world.went, 0);
    gw_down(&gw);
    world_down(&world);
}

// A request in flight when the stream breaks is answered on the next one.
static void test_answer_on_the_next_stream(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    rpc_client_stream_cancel(gw.stream);
    assert_true(rig_until(&world.rig, gw_not_connected, &gw));
    assert_int_equal(out.n, 0);
    gw_open(&gw, STREAM_PATH);
    assert_true(rig_until(&world.rig, gw_connected, &gw));
    gw_ok(&gw, gw.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out);
    assert_int_equal(out.status, RPC_OK);
    assert_int_equal(gw.n_requests, 1); // it was not sent twice
    gw_down(&gw);
    world_down(&world);
}

static void test_gone_past_its_grace(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){.reconnect_grace_ms = 50});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    gw_down(&gw);
    wait_done(&world, &out);
    assert_int_equal(out.err, ERR_CLOSED); // it may have carried the call out
    assert_true(rig_until_n(&world.rig, &world.went, 1));
    assert_string_equal(world.last, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_RPC_UNREACHABLE);
    gw_up(&gw, &world, "gw1");
    assert_int_equal(world.came, 2);
    gw_down(&gw);
    world_down(&world);
}

static void test_newest_stream_wins(void **state)
{
    struct world world;
    struct gateway old, new;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&old, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "first", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &old.n_requests, 1));
    gw_up_beside(&new, &world, "gw1");
    struct outcome second;
    assert_int_equal(call(&world, "gw1", "second", RIG_LONG_MS, &second), ERR_OK);
    assert_true(rig_until_n(&world.rig, &new.n_requests, 1));
    assert_int_equal(old.n_requests, 1);
    // answers are taken from either
    gw_ok(&old, old.seen[0].id, framed_ok, sizeof(framed_ok));
    gw_ok(&new, new.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out);
    wait_done(&world, &second);
    assert_int_equal(world.came, 1);
    gw_down(&old);
    rig_run(&world.rig, 30);
    assert_true(rpc_tunnel_connected(world.tunnel, "gw1"));
    gw_down(&new);
    world_down(&world);
}

static void test_too_many_streams_end_the_oldest(void **state)
{
    struct world world;
    struct gateway gw[4];
    world_up(&world, &(struct rpc_tunnel_config){0});
    for (int i = 0; i < 4; i++)
        gw_up_beside(&gw[i], &world, "gw1");
    assert_true(rig_until_n(&world.rig, &gw[0].n_closed, 1));
    assert_int_equal(gw[0].closed_status, RPC_ABORTED);
    assert_int_equal(gw[3].n_closed, 0);
    for (int i = 0; i < 4; i++)
        gw_down(&gw[i]);
    world_down(&world);
}

static void test_bounded_in_flight(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out[3];
    world_up(&world, &(struct rpc_tunnel_config){.max_in_flight = 2});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out[0]), ERR_OK);
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out[1]), ERR_OK);
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out[2]), ERR_FULL);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 2));
    gw_ok(&gw, gw.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out[0]);
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out[2]), ERR_OK);
    gw_down(&gw);
    world_down(&world); // the two that are left end too
    assert_int_equal(out[1].n, 1);
    assert_int_equal(out[1].err, ERR_SHUTDOWN);
    assert_int_equal(out[2].n, 1);
}

static void test_heartbeats_both_ways(void **state)
{
    struct world world;
    struct gateway gw;
    world_up(&world, &(struct rpc_tunnel_config){.heartbeat_ms = 40, .silent_ms = 5000});
    gw_up(&gw, &world, "gw1");
    for (int i = 0; i < 8; i++) { // alive as long as it beats
        rig_run(&world.rig, 50);
        assert_true(gw_connected(&gw));
        gw_heartbeat(&gw);
    }
    assert_true(rig_until_n(&world.rig, &gw.n_heartbeats, 4));
    assert_true(rig_until_n(&world.rig, &gw.n_closed, 1)); // then it falls silent
    assert_false(gw_connected(&gw));
    gw_down(&gw);
    world_down(&world);
}

static void test_malformed_messages_are_counted(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    gw.echo = true;
    uint64_t before = odd("malformed");
    assert_int_equal(rpc_client_stream_send(gw.stream, (const uint8_t *)"\xff\xff\xff", 3), ERR_OK);
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    wait_done(&world, &out); // the stream lives on
    assert_int_equal(out.status, RPC_OK);
    assert_int_equal(odd("malformed"), before + 1);
    gw_down(&gw);
    world_down(&world);
}

static void test_flood_of_nonsense_is_cut_off(void **state)
{
    struct world world;
    struct gateway gw;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    uint64_t before = odd("flood");
    for (uint32_t id = 1; id < 2000; id++)
        gw_ok(&gw, id, framed_ok, sizeof(framed_ok));
    assert_true(rig_until_n(&world.rig, &gw.n_closed, 1));
    assert_int_equal(gw.closed_status, RPC_RESOURCE_EXHAUSTED);
    assert_int_equal(odd("flood"), before + 1);
    gw_down(&gw);
    world_down(&world);
}

// A small message that would unpack into a large one.
static void test_costly_message_is_refused(void **state)
{
    struct world world;
    struct gateway gw;
    uint8_t *message = calloc(1, 1 << 20);
    size_t n = 0, len = 0x3fffe;
    assert_non_null(message);
    message[n++] = 0x12; // respBody of 256 KiB, all empty entries of the headers map
    message[n++] = 0xfe;
    message[n++] = 0xff;
    message[n++] = 0x0f;
    for (size_t i = 0; i < len / 2; i++) {
        message[n++] = 0x12;
        message[n++] = 0;
    }
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    uint64_t before = odd("malformed");
    assert_int_equal(rpc_client_stream_send(gw.stream, message, n), ERR_OK);
    gw_heartbeat(&gw);
    assert_true(odd_becomes(&world, "malformed", before + 1));
    free(message);
    gw_down(&gw);
    world_down(&world);
}

static void count_up(void *arg)
{
    ++*(int *)arg;
}

// A server that drains waits for the answers that are due, then ends the streams.
static void test_drain(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    int drained = 0;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    rpc_server_drain(world.rig.server, 60000, count_up, &drained);
    rig_run(&world.rig, 300);
    assert_int_equal(gw.n_closed, 0);
    gw_ok(&gw, gw.seen[0].id, framed_ok, sizeof(framed_ok));
    wait_done(&world, &out);
    assert_int_equal(out.status, RPC_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_closed, 1));
    assert_int_equal(gw.closed_status, RPC_UNAVAILABLE);
    assert_true(rig_until_n(&world.rig, &drained, 1));
    gw_down(&gw);
    world_down(&world);
}

static void count_gateway(const struct rpc_tunnel_gateway *gateway, void *arg)
{
    struct rpc_tunnel_gateway *sum = arg;
    sum->requests += gateway->requests;
    sum->failures += gateway->failures;
    sum->in_flight += gateway->in_flight;
    sum->connected |= gateway->connected;
    assert_string_equal(gateway->id, "gw1");
    assert_memory_equal(gateway->remote, "127.0.0.1:", 10);
}

static void test_each(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out, slow;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", 30, &out), ERR_OK);
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &slow), ERR_OK);
    wait_done(&world, &out);
    struct rpc_tunnel_gateway sum = {0};
    rpc_tunnel_each(world.tunnel, count_gateway, &sum);
    assert_int_equal(sum.requests, 2);
    assert_int_equal(sum.failures, 1);
    assert_int_equal(sum.in_flight, 1);
    assert_true(sum.connected);
    gw_down(&gw);
    world_down(&world);
}

static void test_number_of_gateways_is_bounded(void **state)
{
    struct world world;
    struct gateway gw1, gw2 = {0};
    world_up(&world, &(struct rpc_tunnel_config){.max_gateways = 1, .reconnect_grace_ms = 50});
    gw_up(&gw1, &world, "gw1");
    gw_prepare(&gw2, &world, "gw2");
    gw_open(&gw2, STREAM_PATH);
    assert_true(rig_until_n(&world.rig, &gw2.n_closed, 1));
    assert_int_equal(gw2.closed_status, RPC_RESOURCE_EXHAUSTED);
    gw_down(&gw1); // gone past its grace, it makes room
    assert_true(rig_until_n(&world.rig, &world.went, 1));
    gw_open(&gw2, STREAM_PATH);
    assert_true(rig_until(&world.rig, gw_connected, &gw2));
    gw_down(&gw2);
    world_down(&world);
}

static void test_tunnel_freed_before_the_server(void **state)
{
    struct world world;
    struct gateway gw;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out), ERR_OK);
    assert_true(rig_until_n(&world.rig, &gw.n_requests, 1));
    rpc_tunnel_free(world.tunnel);
    rpc_server_free(world.rig.server);
    gw_down(&gw);
    base_loop_free(world.rig.loop);
    assert_int_equal(out.n, 1);
    assert_int_equal(out.err, ERR_SHUTDOWN);
}

static void test_invalid_calls(void **state)
{
    struct world world;
    struct rpc_tunnel_call given = {.gateway = "gw1", .service = "s", .timeout_ms = 100};
    world_up(&world, &(struct rpc_tunnel_config){0});
    assert_int_equal(rpc_tunnel_send(world.tunnel, world.rig.loop, &given, on_done, NULL),
                     ERR_INVALID);
    given.path = "/p.S/M";
    given.timeout_ms = 0;
    assert_int_equal(rpc_tunnel_send(world.tunnel, world.rig.loop, &given, on_done, NULL),
                     ERR_INVALID);
    world_down(&world);
}

// ---- another loop calls ----

struct other {
    struct base_loop *loop;
    struct base_job job;
    struct world *world;
    _Atomic int left;
    _Atomic int wrong_thread, failed;
};

static void other_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct other *other = ctx;
    if (!base_loop_is_current(other->loop))
        other->wrong_thread++;
    if (result->err || result->status || result->len != 1)
        other->failed++;
    other->left--;
}

static void other_calls(struct base_job *job)
{
    struct other *other = BASE_CONTAINER_OF(job, struct other, job);
    struct rpc_tunnel_call given = {.gateway = "gw1", .service = "s", .path = "/p.S/M",
                                    .message = (const uint8_t *)"x", .len = 1,
                                    .timeout_ms = RIG_LONG_MS};
    for (int i = 0; i < 50; i++) {
        if (rpc_tunnel_send(other->world->tunnel, other->loop, &given, other_done, other)) {
            other->failed++;
            other->left--;
        }
    }
}

static bool other_is_done(void *arg)
{
    return ((struct other *)arg)->left == 0;
}

static void test_calls_from_another_loop(void **state)
{
    struct world world;
    struct gateway gw;
    struct other other = {.world = &world, .left = 50, .job.run = other_calls};
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    gw.echo = true;
    assert_int_equal(base_loop_new("other", 1024, &other.loop), ERR_OK);
    assert_int_equal(base_loop_start(other.loop), ERR_OK);
    assert_int_equal(base_loop_post(other.loop, &other.job), ERR_OK);
    assert_true(rig_until(&world.rig, other_is_done, &other));
    assert_int_equal(other.failed, 0);
    assert_int_equal(other.wrong_thread, 0);
    base_loop_stop(other.loop);
    base_loop_join(other.loop);
    base_loop_free(other.loop);
    gw_down(&gw);
    world_down(&world);
}

// Every call to it ends before it answers; it answers all the same, later.
static void test_a_slow_gateway_is_not_cut_off(void **state)
{
    enum { ROUNDS = 25, CALLS = 60 }; // more than the nonsense that is borne
    static struct outcome out[CALLS];
    struct world world;
    struct gateway gw;
    world_up(&world, &(struct rpc_tunnel_config){0});
    gw_up(&gw, &world, "gw1");
    uint64_t late = odd("late_or_unknown"), flood = odd("flood");
    for (int round = 0; round < ROUNDS; round++) {
        gw.n_requests = 0;
        for (int i = 0; i < CALLS; i++)
            assert_int_equal(call(&world, "gw1", "x", 60, &out[i]), ERR_OK);
        for (int i = 0; i < CALLS; i++) {
            wait_done(&world, &out[i]);
            assert_int_equal(out[i].err, ERR_TIMEOUT);
        }
        assert_true(rig_until_n(&world.rig, &gw.n_requests, CALLS));
        for (int i = 0; i < CALLS; i++)
            gw_ok(&gw, gw.seen[i].id, framed_ok, sizeof(framed_ok));
    }
    gw.n_requests = 0;
    gw.echo = true;
    assert_int_equal(call(&world, "gw1", "x", RIG_LONG_MS, &out[0]), ERR_OK);
    wait_done(&world, &out[0]);
    assert_int_equal(out[0].status, RPC_OK);
    assert_int_equal(gw.n_closed, 0);
    assert_int_equal(odd("late_or_unknown"), late + ROUNDS * CALLS);
    assert_int_equal(odd("flood"), flood);
    gw_down(&gw);
    world_down(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_slow_gateway_is_not_cut_off),
        cmocka_unit_test(test_call_and_answer),
        cmocka_unit_test(test_legacy_method),
        cmocka_unit_test(test_many_in_flight),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answer_in_parts),
        cmocka_unit_test(test_timeout_cancels_at_the_gateway),
        cmocka_unit_test(test_keep_alive_extends_the_wait),
        cmocka_unit_test(test_a_gateway_cannot_answer_for_another),
        cmocka_unit_test(test_unknown_gateway),
        cmocka_unit_test(test_call_waits_for_reconnect),
        cmocka_unit_test(test_answer_on_the_next_stream),
        cmocka_unit_test(test_gone_past_its_grace),
        cmocka_unit_test(test_newest_stream_wins),
        cmocka_unit_test(test_too_many_streams_end_the_oldest),
        cmocka_unit_test(test_bounded_in_flight),
        cmocka_unit_test(test_heartbeats_both_ways),
        cmocka_unit_test(test_malformed_messages_are_counted),
        cmocka_unit_test(test_flood_of_nonsense_is_cut_off),
        cmocka_unit_test(test_costly_message_is_refused),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_number_of_gateways_is_bounded),
        cmocka_unit_test(test_tunnel_freed_before_the_server),
        cmocka_unit_test(test_invalid_calls),
        cmocka_unit_test(test_calls_from_another_loop),
    };
    return cmocka_run_group_tests(tests, world_pki, world_pki_remove);
}
