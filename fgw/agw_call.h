// SPDX-License-Identifier: BSD-3-Clause
// Retries of calls to gateways: what fgw_agw_call of gateway.h stands on.
#pragma once

#include "rpc/tunnel.h"

// The tunnel that calls go through; NULL: none (calls answer ERR_RPC_UNREACHABLE). Set while no
// loop runs.
void fgw_agw_call_use(struct rpc_tunnel *tunnel);
// Before a stop, while loops still run: calls that wait for a further try end with ERR_SHUTDOWN,
// and none is tried again from now on. Any thread.
void fgw_agw_call_drain(struct base_loop *const *loops, size_t n_loops);
