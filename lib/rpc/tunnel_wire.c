// SPDX-License-Identifier: BSD-3-Clause
// Messages of the reverse tunnel (see tunnel_wire.h). Python gateways answer large bodies in
// several parts, each with the response headers, and only the last one with the trailers
// (grpc-status).
#include "rpc/tunnel_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "proto/orc8r_sync_rpc.pb-c.h"
#include "rpc/status.h"

enum { N_HEADERS = 4 };

// What a message may cost once unpacked: an entry of the headers map is 2 bytes on the wire and
// more than 100 in memory.
#define UNPACK_LIMIT(len) (2 * (len) + 64 * 1024)

static enum err pack(const Magma__Orc8r__SyncRPCRequest *request, struct rpc_buf *out)
{
    size_t size = magma__orc8r__sync_rpcrequest__get_packed_size(request);
    out->len = 0;
    enum err err = rpc_buf_reserve(out, size);
    if (!err)
        out->len = magma__orc8r__sync_rpcrequest__pack(request, out->data);
    return err;
}

enum err rpc_tunnel_pack_call(uint32_t req_id, const struct rpc_tunnel_call *call,
                              struct rpc_buf *out)
{
    Magma__Orc8r__SyncRPCRequest request = MAGMA__ORC8R__SYNC_RPCREQUEST__INIT;
    Magma__Orc8r__GatewayRequest body = MAGMA__ORC8R__GATEWAY_REQUEST__INIT;
    Magma__Orc8r__GatewayRequest__HeadersEntry entries[N_HEADERS], *headers[N_HEADERS];
    char timeout[12];
    if (call->len > UINT32_MAX - RPC_PREFIX_LEN)
        return ERR_RPC_TOO_LARGE;
    uint8_t *payload = malloc(call->len + RPC_PREFIX_LEN);
    if (!payload)
        return ERR_NOMEM;
    rpc_prefix_write(payload, (uint32_t)call->len);
    if (call->len)
        memcpy(payload + RPC_PREFIX_LEN, call->message, call->len);
    // the gateway turns these into the headers of a gRPC request on its own network
    rpc_timeout_format(call->timeout_ms * BASE_MS_NS, timeout);
    const char *const fields[N_HEADERS][2] = {{"content-type", "application/grpc"},
                                              {"te", "trailers"},
                                              {"user-agent", "fgw-tunnel"},
                                              {"grpc-timeout", timeout}};
    for (size_t i = 0; i < N_HEADERS; i++) {
        magma__orc8r__gateway_request__headers_entry__init(&entries[i]);
        entries[i].key = (char *)(uintptr_t)fields[i][0];
        entries[i].value = (char *)(uintptr_t)fields[i][1];
        headers[i] = &entries[i];
    }
    body.gwid = (char *)call->gateway;
    body.authority = (char *)call->service;
    body.path = (char *)call->path;
    body.headers = headers;
    body.n_headers = N_HEADERS;
    body.payload.data = payload;
    body.payload.len = call->len + RPC_PREFIX_LEN;
    request.reqid = req_id;
    request.reqbody = &body;
    enum err err = pack(&request, out);
    free(payload);
    return err;
}

enum err rpc_tunnel_pack_heartbeat(struct rpc_buf *out)
{
    Magma__Orc8r__SyncRPCRequest request = MAGMA__ORC8R__SYNC_RPCREQUEST__INIT;
    request.heartbeat = true;
    return pack(&request, out);
}

enum err rpc_tunnel_pack_cancel(uint32_t req_id, struct rpc_buf *out)
{
    Magma__Orc8r__SyncRPCRequest request = MAGMA__ORC8R__SYNC_RPCREQUEST__INIT;
    request.reqid = req_id;
    request.connclosed = true;
    return pack(&request, out);
}

// HTTP field names have no case; Go gateways write them capitalised.
static const char *header(const Magma__Orc8r__GatewayResponse *body, const char *name)
{
    for (size_t i = 0; i < body->n_headers; i++) {
        if (strcasecmp(body->headers[i]->key, name) == 0)
            return body->headers[i]->value;
    }
    return NULL;
}

static void final(struct rpc_tunnel_answer *out, int status, const char *message)
{
    out->kind = RPC_TUNNEL_FINAL;
    out->status = status;
    snprintf(out->message, sizeof(out->message), "%s", message);
}

static void interpret(const Magma__Orc8r__GatewayResponse *body, struct rpc_tunnel_answer *out)
{
    const char *status = header(body, "grpc-status");
    const char *message = header(body, "grpc-message");
    bool nothing = !body->status[0] && !body->n_headers && !body->payload.len;
    char text[48];
    if (body->err[0]) {
        final(out, RPC_UNAVAILABLE, body->err);
    } else if (nothing && body->keepconnactive) {
        out->kind = RPC_TUNNEL_KEEP;
    } else if (nothing) {
        final(out, RPC_UNAVAILABLE, "gateway gave an empty answer"); // an error without a text
    } else if (status) {
        final(out, rpc_status_parse(status, strlen(status)), "");
        if (message)
            rpc_message_decode(message, strlen(message), out->message, sizeof(out->message));
    } else if (body->status[0] && strcmp(body->status, "200") != 0) {
        snprintf(text, sizeof(text), "HTTP status %.16s", body->status);
        final(out, rpc_status_from_http((int)strtol(body->status, NULL, 10)), text);
    } else {
        out->kind = RPC_TUNNEL_PART;
    }
}

enum err rpc_tunnel_parse(const uint8_t *data, size_t len, struct rpc_tunnel_answer *out)
{
    memset(out, 0, sizeof(*out));
    struct base_arena *arena = base_arena_new(0, UNPACK_LIMIT(len));
    if (!arena)
        return ERR_NOMEM;
    Magma__Orc8r__SyncRPCResponse *response =
        magma__orc8r__sync_rpcresponse__unpack(base_arena_protobuf(arena), len, data);
    if (!response) {
        base_arena_free(arena);
        return ERR_DECODE_SYNTAX;
    }
    enum err err = ERR_OK;
    out->req_id = response->reqid;
    if (!response->respbody) {
        // beside the heart-beat there is no message without a body; it is a sign of life, no more
        out->kind = RPC_TUNNEL_HEARTBEAT;
    } else {
        const ProtobufCBinaryData *payload = &response->respbody->payload;
        interpret(response->respbody, out);
        if (out->kind != RPC_TUNNEL_KEEP)
            err = rpc_buf_append(&out->body, payload->data, payload->len);
    }
    base_arena_free(arena);
    return err;
}

enum err rpc_tunnel_unframe(const uint8_t *body, size_t len, const uint8_t **message,
                            size_t *message_len)
{
    if (len < RPC_PREFIX_LEN || body[0] > 1)
        return ERR_RPC_PROTOCOL;
    size_t want = (size_t)body[1] << 24 | (size_t)body[2] << 16 | (size_t)body[3] << 8 | body[4];
    if (want != len - RPC_PREFIX_LEN)
        return ERR_RPC_PROTOCOL;
    if (body[0] == 1)
        return ERR_UNSUPPORTED;
    *message = body + RPC_PREFIX_LEN;
    *message_len = want;
    return ERR_OK;
}
