// SPDX-License-Identifier: BSD-3-Clause
// gRPC status codes (grpc/doc/statuscodes.md numbering) and their relation to enum err.
#pragma once

#include "base/err.h"

enum rpc_status {
    RPC_OK = 0,
    RPC_CANCELLED = 1,
    RPC_UNKNOWN = 2,
    RPC_INVALID_ARGUMENT = 3,
    RPC_DEADLINE_EXCEEDED = 4,
    RPC_NOT_FOUND = 5,
    RPC_ALREADY_EXISTS = 6,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_FAILED_PRECONDITION = 9,
    RPC_ABORTED = 10,
    RPC_OUT_OF_RANGE = 11,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_DATA_LOSS = 15,
    RPC_UNAUTHENTICATED = 16,
};

// "DEADLINE_EXCEEDED"; "?" for a number that gRPC does not know
const char *rpc_status_name(int status);
// the default mapping; interfaces may have their own
enum rpc_status rpc_status_from_err(enum err err);
enum err rpc_status_to_err(int status);            // OK->OK, DEADLINE_EXCEEDED->TIMEOUT, ...
