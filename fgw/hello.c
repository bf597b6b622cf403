// SPDX-License-Identifier: BSD-3-Clause
// SayHello echoes the greeting with a time stamp, or answers with the gRPC status asked for.
// grpc.health.v1.Health/Check (grpc/doc/health-checking.md) reports readiness; its two messages are
// one field each, so they are written by hand.
#include "fgw/hello.h"

#include <time.h>

#include "base/arena.h"
#include "fgw/core.h"
#include "proto/hello.pb-c.h"

enum { GREETING_MAX = 4096 };

static void reply_hello(struct rpc_call *call, struct base_arena *arena,
                        const Magma__Feg__HelloRequest *request)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    Google__Protobuf__Timestamp here = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    here.seconds = now.tv_sec;
    here.nanos = (int32_t)now.tv_nsec;
    Magma__Feg__ResponseTimestamps stamps = MAGMA__FEG__RESPONSE_TIMESTAMPS__INIT;
    stamps.agw_to_feg_relay_timestamp = request->agw_to_feg_relay_timestamp;
    stamps.feg_timestamp = &here;
    stamps.feg_relay_to_agw_timestamp = &here;
    Magma__Feg__HelloReply reply = MAGMA__FEG__HELLO_REPLY__INIT;
    reply.greeting = request->greeting;
    reply.timestamps = &stamps;
    uint8_t *out = base_arena_alloc(arena, magma__feg__hello_reply__get_packed_size(&reply));
    if (out)
        rpc_call_reply(call, RPC_OK, NULL, out, magma__feg__hello_reply__pack(&reply, out));
    else
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
}

static void say_hello(struct rpc_call *call, void *ctx)
{
    size_t len;
    const uint8_t *message = rpc_call_request(call, &len);
    struct base_arena *arena = base_arena_new(0, 4 * GREETING_MAX);
    Magma__Feg__HelloRequest *request = NULL;
    if (arena && len <= GREETING_MAX)
        request = magma__feg__hello_request__unpack(base_arena_protobuf(arena), len, message);
    if (!arena)
        rpc_call_reply(call, RPC_RESOURCE_EXHAUSTED, "out of memory", NULL, 0);
    else if (!request)
        rpc_call_reply(call, RPC_INVALID_ARGUMENT, "not a HelloRequest", NULL, 0);
    else if (request->grpc_err_code)
        rpc_call_reply(call, request->grpc_err_code <= RPC_UNAUTHENTICATED
                                 ? (int)request->grpc_err_code
                                 : RPC_UNKNOWN,
                       request->greeting, NULL, 0);
    else
        reply_hello(call, arena, request);
    base_arena_free(arena);
}

static void health_check(struct rpc_call *call, void *ctx)
{
    // HealthCheckResponse { status = 1: SERVING 1 | NOT_SERVING 2 }
    const uint8_t status = fgw_core_phase() == FGW_RUNNING ? 1 : 2;
    const uint8_t response[] = {1 << 3, status};
    rpc_call_reply(call, RPC_OK, NULL, response, sizeof(response));
}

const struct rpc_method fgw_own_methods[] = {
    {.path = "/magma.feg.Hello/SayHello", .unary = say_hello},
    {.path = "/grpc.health.v1.Health/Check", .unary = health_check},
    {0},
};
