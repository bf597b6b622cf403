// SPDX-License-Identifier: BSD-3-Clause
// Admission by the policy in force: the rpc server's question and the interfaces' (fgw_admit of
// gateway.h). Not for the rules themselves (policy.h).
#pragma once

#include "base/err.h"

// rpc_admit of rpc/server.h. Loop threads.
enum err fgw_admit_connection(void *ctx, const char *gateway);
