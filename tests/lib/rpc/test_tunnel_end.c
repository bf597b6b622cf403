// SPDX-License-Identifier: BSD-3-Clause
// Both ends of the reverse tunnel, ours against ours: rpc_tunnel_end answers what rpc_tunnel asks.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_gateway.h"
#include "rpc/metrics.h"
#include "rpc/tunnel_end.h"

struct end {
    struct world *world;
    struct rpc_channel *channel;
    struct rpc_tunnel_end *end;
    int n_requests, n_open, n_closed;
    uint32_t last;
    bool later; // the test answers
    int status;
};

struct outcome {
    int n, status;
    enum err err;
    char message[64], payload[64];
};

static void on_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct outcome *out = ctx;
    out->n++;
    out->err = result->err;
    out->status = result->status;
    snprintf(out->message, sizeof(out->message), "%s", result->message ? result->message : "");
    snprintf(out->payload, sizeof(out->payload), "%.*s", (int)result->len,
             result->payload ? (const char *)result->payload : "");
}

static void on_request(void *ctx, const struct rpc_tunnel_end_request *request)
{
    struct end *end = ctx;
    end->n_requests++;
    end->last = request->id;
    assert_string_equal(request->authority, "aaa_server");
    assert_string_equal(request->path, "/a.B/C");
    if (!end->later)
        assert_int_equal(rpc_tunnel_end_answer(end->end, request->id, end->status,
                                               end->status ? "no" : "", request->message,
                                               request->len),
                         ERR_OK);
}

static void on_state(void *ctx, bool open, int status, const char *message)
{
    struct end *end = ctx;
    assert_non_null(message);
    end->n_open += open;
    end->n_closed += !open;
}

static bool there(void *arg)
{
    struct end *end = arg;
    return rpc_tunnel_connected(end->world->tunnel, "gw1");
}

static void end_up(struct end *end, struct world *world, bool legacy)
{
    struct rpc_channel_config config = {.server_name = "localhost"};
    memset(end, 0, sizeof(*end));
    end->world = world;
    world_client_tls(&config, "gw1");
    end->channel = rig_channel(&world->rig, &config);
    const struct rpc_tunnel_end_config given = {.channel = end->channel,
                                                .legacy = legacy,
                                                .retry_ms = 20,
                                                .heartbeat_ms = 50,
                                                .request = on_request,
                                                .state = on_state,
                                                .ctx = end};
    assert_int_equal(rpc_tunnel_end_new(world->rig.loop, &given, &end->end), ERR_OK);
    assert_true(rig_until(&world->rig, there, end));
}

static void end_down(struct end *end)
{
    rpc_tunnel_end_free(end->end);
    rpc_channel_free(end->channel);
}

static void ask(struct end *end, const char *text, struct outcome *out)
{
    const struct rpc_tunnel_call call = {.gateway = "gw1",
                                         .service = "aaa_server",
                                         .path = "/a.B/C",
                                         .message = (const uint8_t *)text,
                                         .len = strlen(text),
                                         .timeout_ms = RIG_LONG_MS};
    memset(out, 0, sizeof(*out));
    assert_int_equal(rpc_tunnel_send(end->world->tunnel, end->world->rig.loop, &call, on_done, out),
                     ERR_OK);
}

static void asked_and_answered(struct end *end, const char *text)
{
    struct outcome out;
    ask(end, text, &out);
    assert_true(rig_until_n(&end->world->rig, &out.n, 1));
    assert_int_equal(out.err, ERR_OK);
    assert_int_equal(out.status, RPC_OK);
    assert_string_equal(out.payload, text);
}

static void requests_are_answered(void **state)
{
    for (int legacy = 0; legacy < 2; legacy++) {
        struct world world;
        struct end end;
        struct outcome out;
        world_up(&world, &(struct rpc_tunnel_config){0});
        end_up(&end, &world, legacy);
        asked_and_answered(&end, "question");
        asked_and_answered(&end, ""); // an empty message
        end.status = RPC_NOT_FOUND;
        ask(&end, "x", &out);
        assert_true(rig_until_n(&world.rig, &out.n, 1));
        assert_int_equal(out.status, RPC_NOT_FOUND);
        assert_string_equal(out.message, "no");
        end_down(&end);
        world_down(&world);
    }
}

static void an_answer_may_come_later(void **state)
{
    struct world world;
    struct end end;
    struct outcome out;
    world_up(&world, &(struct rpc_tunnel_config){0});
    end_up(&end, &world, false);
    end.later = true;
    ask(&end, "x", &out);
    assert_true(rig_until_n(&world.rig, &end.n_requests, 1));
    rig_run(&world.rig, 120); // heart-beats go up meanwhile
    assert_int_equal(out.n, 0);
    assert_int_equal(
        rpc_tunnel_end_answer(end.end, end.last, RPC_OK, "", (const uint8_t *)"late", 4), ERR_OK);
    assert_true(rig_until_n(&world.rig, &out.n, 1));
    assert_string_equal(out.payload, "late");
    end_down(&end);
    world_down(&world);
}

static void a_stream_that_ends_is_opened_again(void **state)
{
    struct world world;
    struct end end;
    struct gateway other;
    world_up(&world, &(struct rpc_tunnel_config){.heartbeat_ms = 10000, .silent_ms = 60000});
    end_up(&end, &world, false);
    // the server takes the newest stream of a gateway: ours is not harmed by another one that goes
    gw_up(&other, &world, "gw1");
    assert_true(rig_until_metric(&world.rig, metric_cell(&rpc_m_connections, NULL), 2));
    gw_down(&other);
    assert_true(rig_until_metric(&world.rig, metric_cell(&rpc_m_connections, NULL), 1));
    asked_and_answered(&end, "still there");
    assert_int_equal(end.n_open, 1);
    end_down(&end);
    world_down(&world);

    world_up(&world, &(struct rpc_tunnel_config){.heartbeat_ms = 15, .silent_ms = 30});
    end_up(&end, &world, false); // a heart-beat each 50 ms: too silent for this server
    assert_true(rig_until_n(&world.rig, &end.n_closed, 2));
    assert_true(end.n_open >= 2);
    end_down(&end);
    world_down(&world);
}

static void without_a_stream_there_is_no_answer(void **state)
{
    struct rig rig;
    struct end end = {.later = true};
    rig_loop(&rig);
    struct rpc_channel_config config = {.host = "127.0.0.1", .port = 1};
    end.channel = rig_channel(&rig, &config);
    const struct rpc_tunnel_end_config given = {
        .channel = end.channel, .retry_ms = 5, .request = on_request, .ctx = &end};
    assert_int_equal(rpc_tunnel_end_new(rig.loop, &given, &end.end), ERR_OK);
    rig_run(&rig, 60); // connecting fails, and is tried again
    rpc_tunnel_end_free(end.end);
    rpc_tunnel_end_free(NULL);
    rpc_channel_free(end.channel);
    rig_run(&rig, 20);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(an_answer_may_come_later),
        cmocka_unit_test(a_stream_that_ends_is_opened_again),
        cmocka_unit_test(without_a_stream_there_is_no_answer),
    };
    return cmocka_run_group_tests(tests, world_pki, world_pki_remove);
}
