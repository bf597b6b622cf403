// SPDX-License-Identifier: BSD-3-Clause
// Methods the gateway itself serves: magma.feg.Hello to test the road, grpc.health.v1.Health.
#pragma once

#include "rpc/server.h"

extern const struct rpc_method fgw_own_methods[]; // ends with path == NULL
