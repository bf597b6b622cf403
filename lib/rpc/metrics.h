// SPDX-License-Identifier: BSD-3-Clause
// Metric families of the room. Internal to the room; names are part of the operator's manual.
#pragma once

#include "base/metrics.h"

extern struct metric_family rpc_m_connections;     // gauge{}: open server connections
extern struct metric_family rpc_m_accepted;        // counter{listener}
extern struct metric_family rpc_m_ended;           // counter{reason}
extern struct metric_family rpc_m_tls_failures;    // counter{side,reason}
extern struct metric_family rpc_m_refused;         // counter{limit}
extern struct metric_family rpc_m_bytes;           // counter{direction}
extern struct metric_family rpc_m_requests;        // counter{path,status}
extern struct metric_family rpc_m_seconds;         // histogram{path}
extern struct metric_family rpc_m_streams;         // gauge{path}: open bidirectional streams
extern struct metric_family rpc_m_late;            // counter{}: replies after the call was over
extern struct metric_family rpc_m_client_requests; // counter{status}
extern struct metric_family rpc_m_client_connects; // counter{result}
extern struct metric_family rpc_m_tunnel_gateways; // gauge{}
extern struct metric_family rpc_m_tunnel_requests; // counter{result}
extern struct metric_family rpc_m_tunnel_seconds;  // histogram{}
extern struct metric_family rpc_m_tunnel_odd;      // counter{kind}: answers that fit no request
