// SPDX-License-Identifier: BSD-3-Clause
#include "fgw/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "rpc/status.h"

bool fgw_verdict_find(const struct fgw_verdict_row *rows, size_t n, uint32_t code,
                      struct fgw_verdict *out)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].code != code)
            continue;
        *out = rows[i].verdict;
        return true;
    }
    return false;
}

static const struct fgw_verdict_row base_rows[] = {
    {2001, {RPC_OK, 0, "success"}},
    {2002, {RPC_OK, 0, "limited_success"}},
    {3001, {RPC_UNIMPLEMENTED, 0, "command_unsupported"}},
    {3002, {RPC_UNAVAILABLE, 0, "unable_to_deliver"}},
    {3003, {RPC_UNAVAILABLE, 0, "realm_not_served"}},
    {3004, {RPC_RESOURCE_EXHAUSTED, 0, "too_busy"}},
    {3005, {RPC_UNAVAILABLE, 0, "loop_detected"}},
    {3006, {RPC_UNAVAILABLE, 0, "redirect_indication"}},
    {3007, {RPC_UNIMPLEMENTED, 0, "application_unsupported"}},
    {3008, {RPC_INTERNAL, 0, "invalid_hdr_bits"}},
    {3009, {RPC_INTERNAL, 0, "invalid_avp_bits"}},
    {3010, {RPC_UNAVAILABLE, 0, "unknown_peer"}},
    {4001, {RPC_UNAUTHENTICATED, 0, "authentication_rejected"}},
    {4002, {RPC_RESOURCE_EXHAUSTED, 0, "out_of_space"}},
    {5001, {RPC_INTERNAL, 0, "avp_unsupported"}},
    {5002, {RPC_INTERNAL, 0, "unknown_session_id"}},
    {5003, {RPC_PERMISSION_DENIED, 0, "authorization_rejected"}},
    {5004, {RPC_INTERNAL, 0, "invalid_avp_value"}},
    {5005, {RPC_INTERNAL, 0, "missing_avp"}},
    {5008, {RPC_INTERNAL, 0, "avp_not_allowed"}},
    {5009, {RPC_INTERNAL, 0, "avp_occurs_too_many_times"}},
    {5012, {RPC_INTERNAL, 0, "unable_to_comply"}},
    {5014, {RPC_INTERNAL, 0, "invalid_avp_length"}},
};

struct fgw_verdict fgw_verdict_of_base(uint32_t result_code)
{
    struct fgw_verdict verdict;
    if (fgw_verdict_find(base_rows, sizeof(base_rows) / sizeof(base_rows[0]), result_code,
                         &verdict))
        return verdict;
    switch (result_code / 1000) {
    case 2:
        return (struct fgw_verdict){RPC_OK, 0, "success"};
    case 3:
        return (struct fgw_verdict){RPC_UNAVAILABLE, 0, "other_3xxx"};
    case 4:
        return (struct fgw_verdict){RPC_UNAVAILABLE, 0, "other_4xxx"};
    case 5:
        return (struct fgw_verdict){RPC_INTERNAL, 0, "other_5xxx"};
    default:
        return (struct fgw_verdict){RPC_UNKNOWN, 0, "other"};
    }
}

void fgw_verdict_text(const struct fgw_verdict *verdict, const struct dia_result *result,
                      char *text, size_t size)
{
    snprintf(text, size, "Diameter %s %" PRIu32 " (%s)",
             result->experimental ? "Experimental-Result" : "Result-Code", result->code,
             verdict->label);
}

struct fgw_verdict fgw_verdict_of_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return (struct fgw_verdict){RPC_OK, 0, "success"};
    case ERR_TIMEOUT:
        return (struct fgw_verdict){RPC_DEADLINE_EXCEEDED, 0, "timeout"};
    case ERR_CANCELLED:
        return (struct fgw_verdict){RPC_CANCELLED, 0, "cancelled"};
    case ERR_DIA_BUSY:
    case ERR_FULL:
    case ERR_NOMEM:
        return (struct fgw_verdict){RPC_RESOURCE_EXHAUSTED, 0, "busy"};
    case ERR_DIA_NO_PEER:
        return (struct fgw_verdict){RPC_UNAVAILABLE, 0, "no_peer"};
    case ERR_DIA_PEER_LOST:
        return (struct fgw_verdict){RPC_UNAVAILABLE, 0, "peer_lost"};
    case ERR_SHUTDOWN:
        return (struct fgw_verdict){RPC_UNAVAILABLE, 0, "shutdown"};
    case ERR_ENCODE_VALUE:
    case ERR_ENCODE_SPACE:
        return (struct fgw_verdict){RPC_INVALID_ARGUMENT, 0, "invalid_request"};
    default:
        return (struct fgw_verdict){RPC_INTERNAL, 0,
                                    err_is_peer_fault(err) ? "bad_answer" : "internal"};
    }
}

const struct fgw_core_result fgw_core_success = {0, 2001, "success"};
const struct fgw_core_result fgw_core_unable = {0, 5012, "unable_to_comply"};
const struct fgw_core_result fgw_core_no_delivery = {0, 3002, "unable_to_deliver"};
const struct fgw_core_result fgw_core_busy = {0, 3004, "too_busy"};

bool fgw_core_is_success(const struct fgw_core_result *result)
{
    return result->vendor == 0 && result->code / 1000 == 2;
}

struct fgw_core_result fgw_core_of_status(int grpc_status, const struct fgw_core_result *unknown)
{
    switch (grpc_status) {
    case RPC_OK:
        return fgw_core_success;
    case RPC_NOT_FOUND:
        return *unknown;
    case RPC_UNAVAILABLE:
    case RPC_DEADLINE_EXCEEDED:
        return fgw_core_no_delivery;
    case RPC_RESOURCE_EXHAUSTED:
        return fgw_core_busy;
    default:
        return fgw_core_unable;
    }
}

struct fgw_core_result fgw_core_of_err(enum err err, const struct fgw_core_result *unknown)
{
    switch (err) {
    case ERR_OK:
        return fgw_core_success;
    case ERR_FGW_UNKNOWN_SUBSCRIBER:
        return *unknown;
    case ERR_FULL:
    case ERR_RPC_REFUSED:
    case ERR_NOMEM:
        return fgw_core_busy;
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_SHUTDOWN:
    case ERR_RPC_UNREACHABLE:
    case ERR_FGW_UNKNOWN_GATEWAY:
    case ERR_FGW_GATEWAY_UNREACHABLE:
        return fgw_core_no_delivery;
    default:
        return fgw_core_unable;
    }
}
