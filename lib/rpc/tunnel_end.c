// SPDX-License-Identifier: BSD-3-Clause
// The access gateway's end of the reverse tunnel. See tunnel_end.h.
#include "rpc/tunnel_end.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/orc8r_sync_rpc.pb-c.h"
#include "rpc/grpc.h"

#define HEARTBEAT_MS 20000
#define RETRY_MS 1000

struct rpc_tunnel_end {
    struct rpc_tunnel_end_config config;
    struct rpc_client_stream *stream;
    struct base_timer heartbeat, retry;
    bool freed; // waits for the end of its stream only
};

static enum err send_up(struct rpc_tunnel_end *end, const Magma__Orc8r__SyncRPCResponse *message)
{
    enum err err = ERR_NOMEM;
    uint8_t *bytes = malloc(magma__orc8r__sync_rpcresponse__get_packed_size(message) + 1);
    if (bytes) {
        size_t len = magma__orc8r__sync_rpcresponse__pack(message, bytes);
        err = end->stream ? rpc_client_stream_send(end->stream, bytes, len) : ERR_CLOSED;
    }
    free(bytes);
    return err;
}

static void send_heartbeat(struct base_timer *timer)
{
    struct rpc_tunnel_end *end = BASE_CONTAINER_OF(timer, struct rpc_tunnel_end, heartbeat);
    Magma__Orc8r__SyncRPCResponse beat = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    beat.heartbeat = 1;
    send_up(end, &beat);
    base_timer_start(&end->heartbeat, end->config.heartbeat_ms);
}

enum err rpc_tunnel_end_answer(struct rpc_tunnel_end *end, uint32_t id, int status,
                               const char *message, const uint8_t *payload, size_t len)
{
    Magma__Orc8r__SyncRPCResponse up = MAGMA__ORC8R__SYNC_RPCRESPONSE__INIT;
    Magma__Orc8r__GatewayResponse body = MAGMA__ORC8R__GATEWAY_RESPONSE__INIT;
    Magma__Orc8r__GatewayResponse__HeadersEntry entries[2] = {
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT,
        MAGMA__ORC8R__GATEWAY_RESPONSE__HEADERS_ENTRY__INIT,
    };
    Magma__Orc8r__GatewayResponse__HeadersEntry *headers[2] = {&entries[0], &entries[1]};
    char number[12], text[256], ok[] = "200", name_status[] = "grpc-status";
    char name_message[] = "grpc-message";
    uint8_t *framed = NULL;

    snprintf(number, sizeof(number), "%d", status);
    snprintf(text, sizeof(text), "%s", message);
    entries[0].key = name_status;
    entries[0].value = number;
    entries[1].key = name_message;
    entries[1].value = text;
    body.status = ok;
    body.headers = headers;
    body.n_headers = text[0] ? 2 : 1;
    if (status == RPC_OK) {
        framed = malloc(len + RPC_PREFIX_LEN);
        if (!framed)
            return ERR_NOMEM;
        rpc_prefix_write(framed, (uint32_t)len);
        if (len > 0)
            memcpy(framed + RPC_PREFIX_LEN, payload, len);
        body.payload.data = framed;
        body.payload.len = len + RPC_PREFIX_LEN;
    }
    up.reqid = id;
    up.respbody = &body;
    enum err err = send_up(end, &up);
    free(framed);
    return err;
}

static bool framed_once(const ProtobufCBinaryData *payload)
{
    const uint8_t *p = payload->data;
    if (payload->len < RPC_PREFIX_LEN || p[0] != 0)
        return false;
    size_t len = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
    return len == payload->len - RPC_PREFIX_LEN;
}

static void on_request(struct rpc_tunnel_end *end, uint32_t id,
                       const Magma__Orc8r__GatewayRequest *body)
{
    if (!framed_once(&body->payload)) {
        rpc_tunnel_end_answer(end, id, RPC_INTERNAL, "request is not one uncompressed gRPC message",
                              NULL, 0);
        return;
    }
    const struct rpc_tunnel_end_request request = {
        .id = id,
        .authority = body->authority,
        .path = body->path,
        .message = body->payload.data + RPC_PREFIX_LEN,
        .len = body->payload.len - RPC_PREFIX_LEN,
    };
    end->config.request(end->config.ctx, &request);
}

static void on_message(struct rpc_client_stream *stream, void *ctx, const uint8_t *data, size_t len)
{
    struct rpc_tunnel_end *end = ctx;
    if (end->freed)
        return;
    Magma__Orc8r__SyncRPCRequest *down = magma__orc8r__sync_rpcrequest__unpack(NULL, len, data);
    if (!down)
        return; // whoever waits for the answer has a deadline
    if (down->reqbody && !down->heartbeat && !down->connclosed)
        on_request(end, down->reqid, down->reqbody);
    magma__orc8r__sync_rpcrequest__free_unpacked(down, NULL);
}

static void on_closed(struct rpc_client_stream *stream, void *ctx, int status, const char *message)
{
    struct rpc_tunnel_end *end = ctx;
    end->stream = NULL;
    if (end->freed) {
        free(end);
        return;
    }
    base_timer_stop(&end->heartbeat);
    base_timer_start(&end->retry, end->config.retry_ms);
    if (end->config.state)
        end->config.state(end->config.ctx, false, status, message ? message : "");
}

static const struct rpc_client_stream_ops stream_ops = {.message = on_message, .closed = on_closed};

static void open_stream(struct base_timer *timer)
{
    struct rpc_tunnel_end *end = BASE_CONTAINER_OF(timer, struct rpc_tunnel_end, retry);
    const char *path = end->config.legacy ? "/magma.orc8r.SyncRPCService/SyncRPC"
                                          : "/magma.orc8r.SyncRPCService/EstablishSyncRPCStream";
    if (rpc_client_stream_open(end->config.channel, path, &stream_ops, end, &end->stream)) {
        end->stream = NULL;
        base_timer_start(&end->retry, end->config.retry_ms);
        return;
    }
    send_heartbeat(&end->heartbeat);
    if (end->config.state)
        end->config.state(end->config.ctx, true, RPC_OK, "");
}

enum err rpc_tunnel_end_new(struct base_loop *loop, const struct rpc_tunnel_end_config *config,
                            struct rpc_tunnel_end **out)
{
    struct rpc_tunnel_end *end = calloc(1, sizeof(*end));
    if (!end)
        return ERR_NOMEM;
    end->config = *config;
    if (end->config.heartbeat_ms == 0)
        end->config.heartbeat_ms = HEARTBEAT_MS;
    if (end->config.retry_ms == 0)
        end->config.retry_ms = RETRY_MS;
    base_timer_init(&end->heartbeat, loop, send_heartbeat);
    base_timer_init(&end->retry, loop, open_stream);
    *out = end; // before the first callback
    open_stream(&end->retry);
    return ERR_OK;
}

void rpc_tunnel_end_free(struct rpc_tunnel_end *end)
{
    if (!end)
        return;
    base_timer_stop(&end->retry);
    base_timer_stop(&end->heartbeat);
    end->freed = true;
    if (end->stream)
        rpc_client_stream_cancel(end->stream); // on_closed frees
    else
        free(end);
}
