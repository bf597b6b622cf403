// SPDX-License-Identifier: BSD-3-Clause
// Names of the gRPC status codes and their default relation to enum err.
// Not for interface result codes: those have tables of their own.
#include "rpc/status.h"

#include <stddef.h>

static const char *const names[] = {
    [RPC_OK] = "OK",
    [RPC_CANCELLED] = "CANCELLED",
    [RPC_UNKNOWN] = "UNKNOWN",
    [RPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [RPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [RPC_NOT_FOUND] = "NOT_FOUND",
    [RPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [RPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [RPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [RPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [RPC_ABORTED] = "ABORTED",
    [RPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [RPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [RPC_INTERNAL] = "INTERNAL",
    [RPC_UNAVAILABLE] = "UNAVAILABLE",
    [RPC_DATA_LOSS] = "DATA_LOSS",
    [RPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const char *rpc_status_name(int status)
{
    if (status < 0 || (size_t)status >= sizeof(names) / sizeof(names[0]))
        return "?";
    return names[status];
}

enum rpc_status rpc_status_from_err(enum err err)
{
    switch (err) {
    case ERR_OK:
        return RPC_OK;
    case ERR_CANCELLED:
        return RPC_CANCELLED;
    case ERR_TIMEOUT:
        return RPC_DEADLINE_EXCEEDED;
    case ERR_NOT_FOUND:
    case ERR_FGW_UNKNOWN_SUBSCRIBER:
    case ERR_FGW_UNKNOWN_GATEWAY:
        return RPC_NOT_FOUND;
    case ERR_EXISTS:
        return RPC_ALREADY_EXISTS;
    case ERR_DENIED:
    case ERR_FGW_PLMN_DENIED:
        return RPC_PERMISSION_DENIED;
    case ERR_FULL:
    case ERR_NOMEM:
    case ERR_RPC_TOO_LARGE:
    case ERR_RPC_REFUSED:
    case ERR_DIA_BUSY:
        return RPC_RESOURCE_EXHAUSTED;
    case ERR_WRONG_STATE:
        return RPC_FAILED_PRECONDITION;
    case ERR_RANGE:
        return RPC_OUT_OF_RANGE;
    case ERR_UNSUPPORTED:
        return RPC_UNIMPLEMENTED;
    case ERR_AGAIN:
    case ERR_IO:
    case ERR_CLOSED:
    case ERR_SHUTDOWN:
    case ERR_RPC_UNREACHABLE:
    case ERR_RPC_TLS:
    case ERR_DIA_NO_PEER:
    case ERR_DIA_PEER_LOST:
    case ERR_FGW_GATEWAY_UNREACHABLE:
        return RPC_UNAVAILABLE;
    case ERR_INVALID:
        return RPC_INVALID_ARGUMENT;
    default:
        break;
    }
    return err_is_peer_fault(err) ? RPC_INVALID_ARGUMENT : RPC_INTERNAL;
}

enum err rpc_status_to_err(int status)
{
    static const enum err map[] = {
        [RPC_OK] = ERR_OK,
        [RPC_CANCELLED] = ERR_CANCELLED,
        [RPC_UNKNOWN] = ERR_RPC_STATUS,
        [RPC_INVALID_ARGUMENT] = ERR_INVALID,
        [RPC_DEADLINE_EXCEEDED] = ERR_TIMEOUT,
        [RPC_NOT_FOUND] = ERR_NOT_FOUND,
        [RPC_ALREADY_EXISTS] = ERR_EXISTS,
        [RPC_PERMISSION_DENIED] = ERR_DENIED,
        [RPC_RESOURCE_EXHAUSTED] = ERR_RPC_REFUSED,
        [RPC_FAILED_PRECONDITION] = ERR_WRONG_STATE,
        [RPC_ABORTED] = ERR_RPC_STATUS,
        [RPC_OUT_OF_RANGE] = ERR_RANGE,
        [RPC_UNIMPLEMENTED] = ERR_UNSUPPORTED,
        [RPC_INTERNAL] = ERR_RPC_STATUS,
        [RPC_UNAVAILABLE] = ERR_RPC_UNREACHABLE,
        [RPC_DATA_LOSS] = ERR_RPC_STATUS,
        [RPC_UNAUTHENTICATED] = ERR_DENIED,
    };
    if (status < 0 || (size_t)status >= sizeof(map) / sizeof(map[0]))
        return ERR_RPC_STATUS;
    return map[status];
}
