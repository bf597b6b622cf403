// SPDX-License-Identifier: BSD-3-Clause
// The gRPC services that fgw-agw knows: those it calls and those it answers through the tunnel.
#pragma once

#include <protobuf-c/protobuf-c.h>

extern const ProtobufCServiceDescriptor *const agwc_services[]; // ends with NULL
