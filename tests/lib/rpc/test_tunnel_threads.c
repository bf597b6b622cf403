// SPDX-License-Identifier: BSD-3-Clause
// The reverse tunnel under fire of several threads: calls from three loops to gateways on another,
// whose streams break and come back all the time. Each call ends exactly once, on its own loop; and
// once the streams stay, each is answered.
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_gateway.h"
#include "proto/orc8r_sync_rpc.pb-c.h"

enum { LOOPS = 4, CALLERS = 3, CALLS = 600, LAST = 200, GATEWAYS = 2 };

static const char *const names[GATEWAYS] = {"gw1", "gw2"};

struct one_call {
    struct caller *caller;
    _Atomic int n;
};

struct caller {
    struct base_loop *loop;
    struct base_job job;
    struct base_timer timer;
    struct rpc_tunnel *tunnel;
    struct one_call calls[CALLS + LAST];
    int made, to_make; // up to CALLS while the streams break
    _Atomic int ended, answered, last_answered, wrong_loop, twice;
};

struct peer {
    struct rpc_channel *channel;
    struct rpc_client_stream *stream;
};

struct site {
    struct base_loop *loops[LOOPS]; // 0, 1: server; 2: gateways; 3: a caller
    struct rpc_server *server;
    struct rpc_tunnel *tunnel;
    struct base_job start, leave, come_back, stop;
    struct base_timer churn;
    struct peer peers[GATEWAYS];
    unsigned turn;
    bool steady; // no stream is broken any more
    _Atomic bool stopped;
    uint16_t port;
};

// ---- gateways; loop 2 ----

static void on_request(struct rpc_client_stream *stream, void *ctx, const uint8_t *data, size_t len)
{
    Magma__Orc8r__SyncRPCRequest *request = magma__orc8r__sync_rpcrequest__unpack(NULL, len, data);
    Magma__Orc8r__SyncRPCResponse response = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    Magma__Orc8r__GatewayResponse body = MAGMA__ORC8R__GATEWAY_RESPONSE__INIT;
    Magma__Orc8r__GatewayResponse__HeadersEntry entry =
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT;
    Magma__Orc8r__GatewayResponse__HeadersEntry *headers = &entry;
    uint8_t packed[512];
    if (request && request->reqbody) {
        entry.key = (char *)"grpc-status";
        entry.value = (char *)"0";
        body.headers = &headers;
        body.n_headers = 1;
        body.status = (char *)"200";
        body.payload = request->reqbody->payload;
        response.reqid = request->reqid;
        response.respbody = &body;
        size_t n = magma__orc8r__sync_rpcresponse__pack(&response, packed);
        rpc_client_stream_send(stream, packed, n);
    }
    if (request)
        magma__orc8r__sync_rpcrequest__free_unpacked(request, NULL);
}

static void on_stream_closed(struct rpc_client_stream *stream, void *ctx, int status,
                             const char *message)
{
    ((struct peer *)ctx)->stream = NULL;
}

static void open_stream(struct peer *peer)
{
    static const struct rpc_client_stream_ops ops = {.message = on_request,
                                                     .closed = on_stream_closed};
    if (!peer->stream)
        rpc_client_stream_open(peer->channel, STREAM_PATH, &ops, peer, &peer->stream);
}

static void on_churn(struct base_timer *timer)
{
    struct site *site = BASE_CONTAINER_OF(timer, struct site, churn);
    struct peer *peer = &site->peers[site->turn++ % GATEWAYS];
    if (peer->stream && site->turn % 3 && !site->steady)
        rpc_client_stream_cancel(peer->stream);
    for (int i = 0; i < GATEWAYS; i++)
        open_stream(&site->peers[i]);
    base_timer_start(timer, 7);
}

static void start_gateways(struct base_job *job)
{
    struct site *site = BASE_CONTAINER_OF(job, struct site, start);
    for (int i = 0; i < GATEWAYS; i++) {
        struct rpc_channel_config config = {.host = "127.0.0.1", .port = site->port, .tls = true,
                                            .server_name = "localhost"};
        world_client_tls(&config, names[i]);
        if (rpc_channel_new(site->loops[2], &config, &site->peers[i].channel))
            abort();
        open_stream(&site->peers[i]);
    }
    base_timer_init(&site->churn, site->loops[2], on_churn);
    base_timer_start(&site->churn, 50);
}

static void leave(struct base_job *job)
{
    struct site *site = BASE_CONTAINER_OF(job, struct site, leave);
    base_timer_stop(&site->churn);
    for (int i = 0; i < GATEWAYS; i++) {
        if (site->peers[i].stream)
            rpc_client_stream_cancel(site->peers[i].stream);
    }
}

static void come_back(struct base_job *job)
{
    struct site *site = BASE_CONTAINER_OF(job, struct site, come_back);
    site->steady = true;
    base_timer_start(&site->churn, 0);
}

static void stop_gateways(struct base_job *job)
{
    struct site *site = BASE_CONTAINER_OF(job, struct site, stop);
    base_timer_stop(&site->churn);
    for (int i = 0; i < GATEWAYS; i++)
        rpc_channel_free(site->peers[i].channel);
    site->stopped = true;
}

// ---- callers ----

static void on_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct one_call *call = ctx;
    struct caller *caller = call->caller;
    if (!base_loop_is_current(caller->loop))
        caller->wrong_loop++;
    if (call->n++)
        caller->twice++;
    if (!result->err && result->status == RPC_OK && result->len == sizeof(int)) {
        caller->answered++;
        caller->last_answered += call >= &caller->calls[CALLS];
    }
    caller->ended++;
}

static void make_calls(struct base_timer *timer)
{
    struct caller *caller = BASE_CONTAINER_OF(timer, struct caller, timer);
    for (int i = 0; i < 5 && caller->made < caller->to_make; i++, caller->made++) {
        struct one_call *call = &caller->calls[caller->made];
        struct rpc_tunnel_call given = {
            .gateway = names[caller->made % GATEWAYS], .service = "s", .path = "/p.S/M",
            .message = (const uint8_t *)&caller->made, .len = sizeof(int),
            .timeout_ms = caller->made < CALLS ? 20 + caller->made % 300 : RIG_LONG_MS};
        call->caller = caller;
        if (rpc_tunnel_send(caller->tunnel, caller->loop, &given, on_done, call)) {
            call->n++;
            caller->ended++;
        }
    }
    if (caller->made < caller->to_make)
        base_timer_start(timer, 2);
}

static void start_calls(struct base_job *job)
{
    struct caller *caller = BASE_CONTAINER_OF(job, struct caller, job);
    base_timer_init(&caller->timer, caller->loop, make_calls);
    base_timer_start(&caller->timer, 60);
}

static struct caller callers[CALLERS];

static bool all_ended(void *arg)
{
    for (int i = 0; i < CALLERS; i++) {
        if (callers[i].ended < callers[i].to_make)
            return false;
    }
    return true;
}

static void call_up_to(struct rig *rig, int to_make)
{
    for (int i = 0; i < CALLERS; i++) {
        callers[i].to_make = to_make;
        base_loop_post_admitted(callers[i].loop, &callers[i].job);
    }
    assert_true(rig_until(rig, all_ended, NULL));
}

static bool nobody_is_there(void *arg)
{
    struct site *site = arg;
    return !rpc_tunnel_connected(site->tunnel, names[0]) &&
           !rpc_tunnel_connected(site->tunnel, names[1]);
}

static bool all_are_there(void *arg)
{
    struct site *site = arg;
    return rpc_tunnel_connected(site->tunnel, names[0]) &&
           rpc_tunnel_connected(site->tunnel, names[1]);
}

static bool gateways_stopped(void *arg)
{
    return ((struct site *)arg)->stopped;
}

static void test_every_call_ends_once(void **state)
{
    static struct site site;
    struct rig rig;
    struct rpc_listen listen = {.address = "127.0.0.1"};
    struct rpc_server_config config = {.listens = &listen, .n_listens = 1};
    int answered = 0;
    rig_loop(&rig);
    world_server_tls(&config.tls);
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(base_loop_new("test", 4096, &site.loops[i]), ERR_OK);
    assert_int_equal(rpc_server_new(&config, site.loops, 2, &site.server), ERR_OK);
    assert_int_equal(rpc_tunnel_new(site.server, &(struct rpc_tunnel_config){0}, site.loops, 2,
                                    &site.tunnel),
                     ERR_OK);
    assert_int_equal(rpc_server_start(site.server), ERR_OK);
    site.port = rpc_server_port(site.server, 0);
    for (int i = 0; i < LOOPS; i++)
        assert_int_equal(base_loop_start(site.loops[i]), ERR_OK);
    site.start.run = start_gateways;
    site.leave.run = leave;
    site.come_back.run = come_back;
    site.stop.run = stop_gateways;
    base_loop_post_admitted(site.loops[2], &site.start);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].loop = site.loops[i == 2 ? 3 : i];
        callers[i].tunnel = site.tunnel;
        callers[i].job.run = start_calls;
    }
    call_up_to(&rig, CALLS);
    base_loop_post_admitted(site.loops[2], &site.leave);
    assert_true(rig_until(&rig, nobody_is_there, &site));
    base_loop_post_admitted(site.loops[2], &site.come_back);
    assert_true(rig_until(&rig, all_are_there, &site));
    call_up_to(&rig, CALLS + LAST);
    base_loop_post_admitted(site.loops[2], &site.stop);
    assert_true(rig_until(&rig, gateways_stopped, &site));
    for (int i = 0; i < LOOPS; i++) {
        base_loop_stop(site.loops[i]);
        base_loop_join(site.loops[i]);
    }
    rpc_server_free(site.server);
    rpc_tunnel_free(site.tunnel);
    for (int i = 0; i < LOOPS; i++)
        base_loop_free(site.loops[i]);
    base_loop_free(rig.loop);
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(callers[i].ended, CALLS + LAST);
        assert_int_equal(callers[i].last_answered, LAST);
        assert_int_equal(callers[i].wrong_loop, 0);
        assert_int_equal(callers[i].twice, 0);
        answered += callers[i].answered;
    }
    print_message("%d of %d answered\n", answered, CALLERS * (CALLS + LAST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_call_ends_once)};
    return cmocka_run_group_tests(tests, world_pki, world_pki_remove);
}
