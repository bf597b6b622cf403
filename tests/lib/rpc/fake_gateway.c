// SPDX-License-Identifier: BSD-3-Clause
#include "fake_gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pki.h"
#include "proto/orc8r_sync_rpc.pb-c.h"

static char dir[64];
static void make_paths(void);

int world_pki(void **state)
{
    pki_folder(dir, sizeof(dir));
    make_paths();
    struct pki_ca *ca = pki_ca_new("test CA");
    pki_ca_write(ca, dir, "ca");
    pki_issue(ca, &(struct pki_spec){.cn = "server", .dns = "localhost"}, dir, "server");
    pki_issue(ca, &(struct pki_spec){.cn = "gw1"}, dir, "gw1");
    pki_issue(ca, &(struct pki_spec){.cn = "gw2"}, dir, "gw2");
    pki_ca_free(ca);
    return 0;
}

int world_pki_remove(void **state)
{
    pki_remove(dir);
    return 0;
}

static void on_change(void *ctx, const char *gateway, bool connected)
{
    struct world *world = ctx;
    if (connected)
        world->came++;
    else
        world->went++;
    snprintf(world->last, sizeof(world->last), "%s", gateway);
}

// Paths of all files, made once by world_pki.
static char ca_crt[96], server_crt[96], server_key[96], client_files[4][96];

static void make_paths(void)
{
    snprintf(ca_crt, sizeof(ca_crt), "%s/ca.crt", dir);
    snprintf(server_crt, sizeof(server_crt), "%s/server.crt", dir);
    snprintf(server_key, sizeof(server_key), "%s/server.key", dir);
    for (int i = 0; i < 4; i++)
        snprintf(client_files[i], sizeof(client_files[i]), "%s/gw%d.%s", dir, i / 2 + 1,
                 i % 2 ? "key" : "crt");
}

void world_server_tls(struct rpc_tls_config *tls)
{
    *tls = (struct rpc_tls_config){
        .certificate = server_crt, .key = server_key, .client_ca = ca_crt};
}

void world_client_tls(struct rpc_channel_config *config, const char *name)
{
    int first = strcmp(name, "gw1") == 0 ? 0 : 2;
    config->tls = true;
    config->ca = ca_crt;
    config->certificate = client_files[first];
    config->key = client_files[first + 1];
}

void world_up(struct world *world, const struct rpc_tunnel_config *config)
{
    struct rpc_listen listen = {.address = "127.0.0.1"};
    struct rpc_server_config server = {
        .listens = &listen,
        .n_listens = 1,
    };
    world_server_tls(&server.tls);
    memset(world, 0, sizeof(*world));
    rig_loop(&world->rig);
    rig_server(&world->rig, &server);
    assert_int_equal(
        rpc_tunnel_new(world->rig.server, config, &world->rig.loop, 1, &world->tunnel), ERR_OK);
    rpc_tunnel_on_change(world->tunnel, on_change, world);
    rig_start(&world->rig);
}

void world_down(struct world *world)
{
    rpc_server_free(world->rig.server);
    rpc_tunnel_free(world->tunnel);
    base_loop_free(world->rig.loop);
}

void gw_send(struct gateway *gw, uint32_t id, const struct part *part)
{
    Magma__Orc8r__SyncRPCResponse response = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    Magma__Orc8r__GatewayResponse body = MAGMA__ORC8R__GATEWAY_RESPONSE__INIT;
    Magma__Orc8r__GatewayResponse__HeadersEntry entries[2] = {
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT,
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT};
    Magma__Orc8r__GatewayResponse__HeadersEntry *headers[2] = {&entries[0], &entries[1]};
    uint8_t packed[2048];
    entries[0].key = (char *)"grpc-status";
    entries[0].value = (char *)part->grpc_status;
    entries[1].key = (char *)"Grpc-Message"; // Go writes field names like this
    entries[1].value = (char *)part->grpc_message;
    body.n_headers = part->grpc_status ? (part->grpc_message ? 2 : 1) : 0;
    body.headers = headers;
    body.status = (char *)(part->status ? part->status : "");
    body.err = (char *)(part->err ? part->err : "");
    body.keepconnactive = part->keep;
    body.payload.data = (uint8_t *)(uintptr_t)part->payload;
    body.payload.len = part->len;
    response.reqid = id;
    response.respbody = &body;
    assert_true(magma__orc8r__sync_rpcresponse__get_packed_size(&response) <= sizeof(packed));
    size_t n = magma__orc8r__sync_rpcresponse__pack(&response, packed);
    assert_int_equal(rpc_client_stream_send(gw->stream, packed, n), ERR_OK);
}

void gw_ok(struct gateway *gw, uint32_t id, const void *framed, size_t len)
{
    gw_send(gw, id,
            &(struct part){.status = "200", .grpc_status = "0", .payload = framed, .len = len});
}

void gw_heartbeat(struct gateway *gw)
{
    const uint8_t beat[] = {0x18, 0x01};
    assert_int_equal(rpc_client_stream_send(gw->stream, beat, sizeof(beat)), ERR_OK);
}

static void note(struct gateway *gw, const Magma__Orc8r__SyncRPCRequest *request)
{
    const Magma__Orc8r__GatewayRequest *body = request->reqbody;
    struct seen *seen = &gw->seen[gw->n_requests];
    int content_type = 0, te = 0;
    assert_true(gw->n_requests < MAX_REQUESTS);
    seen->id = request->reqid;
    snprintf(seen->path, sizeof(seen->path), "%s", body->path);
    snprintf(seen->authority, sizeof(seen->authority), "%s", body->authority);
    seen->len = body->payload.len;
    assert_true(seen->len <= sizeof(seen->payload));
    memcpy(seen->payload, body->payload.data, seen->len);
    for (size_t i = 0; i < body->n_headers; i++) {
        content_type += !strcmp(body->headers[i]->key, "content-type") &&
                        !strcmp(body->headers[i]->value, "application/grpc");
        te += !strcmp(body->headers[i]->key, "te") &&
              !strcmp(body->headers[i]->value, "trailers");
    }
    seen->grpc_headers = content_type == 1 && te == 1;
    assert_string_equal(body->gwid, gw->name);
    gw->n_requests++;
}

static void gw_message(struct rpc_client_stream *stream, void *ctx, const uint8_t *data, size_t len)
{
    struct gateway *gw = ctx;
    Magma__Orc8r__SyncRPCRequest *request = magma__orc8r__sync_rpcrequest__unpack(NULL, len, data);
    assert_non_null(request);
    if (request->heartbeat) {
        gw->n_heartbeats++;
    } else if (request->connclosed) {
        gw->n_cancels++;
        gw->cancelled = request->reqid;
    } else {
        note(gw, request);
        if (gw->echo)
            gw_ok(gw, request->reqid, request->reqbody->payload.data,
                  request->reqbody->payload.len);
    }
    magma__orc8r__sync_rpcrequest__free_unpacked(request, NULL);
}

static void gw_closed(struct rpc_client_stream *stream, void *ctx, int status, const char *message)
{
    struct gateway *gw = ctx;
    gw->n_closed++;
    gw->closed_status = status;
    gw->stream = NULL;
}

void gw_open(struct gateway *gw, const char *path)
{
    static const struct rpc_client_stream_ops ops = {.message = gw_message, .closed = gw_closed};
    assert_int_equal(rpc_client_stream_open(gw->channel, path, &ops, gw, &gw->stream), ERR_OK);
    gw_heartbeat(gw);
}

bool gw_connected(void *arg)
{
    struct gateway *gw = arg;
    return rpc_tunnel_connected(gw->world->tunnel, gw->name);
}

bool gw_not_connected(void *arg)
{
    return !gw_connected(arg);
}

void gw_prepare(struct gateway *gw, struct world *world, const char *name)
{
    memset(gw, 0, sizeof(*gw));
    gw->world = world;
    gw->name = name;
    struct rpc_channel_config config = {
        .server_name = "localhost",
        .authority = "dispatcher-controller.test",
    };
    world_client_tls(&config, name);
    gw->channel = rig_channel(&world->rig, &config);
}

void gw_up(struct gateway *gw, struct world *world, const char *name)
{
    gw_prepare(gw, world, name);
    gw_open(gw, STREAM_PATH);
    assert_true(rig_until(&world->rig, gw_connected, gw));
}

void gw_down(struct gateway *gw)
{
    rpc_channel_free(gw->channel);
    gw->channel = NULL;
    gw->stream = NULL;
}
