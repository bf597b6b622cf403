// SPDX-License-Identifier: BSD-3-Clause
// Metric families of the room (see metrics.h).
#include "rpc/metrics.h"

struct metric_family rpc_m_connections = {
    .name = "fgw_rpc_connections",
    .help = "Open connections of gateways and other gRPC clients",
    .type = METRIC_GAUGE,
};
struct metric_family rpc_m_accepted = {
    .name = "fgw_rpc_connections_total",
    .help = "Connections accepted",
    .type = METRIC_COUNTER,
    .labels = {"listener"},
};
struct metric_family rpc_m_ended = {
    .name = "fgw_rpc_connection_ends_total",
    .help = "Connections closed, by reason",
    .type = METRIC_COUNTER,
    .labels = {"reason"},
};
struct metric_family rpc_m_tls_failures = {
    .name = "fgw_rpc_tls_failures_total",
    .help = "TLS handshakes and sessions that failed, by reason",
    .type = METRIC_COUNTER,
    .labels = {"side", "reason"},
};
struct metric_family rpc_m_refused = {
    .name = "fgw_rpc_refused_total",
    .help = "Connections, streams and calls refused or cut off, by limit",
    .type = METRIC_COUNTER,
    .labels = {"limit"},
};
struct metric_family rpc_m_bytes = {
    .name = "fgw_rpc_bytes_total",
    .help = "Bytes exchanged with clients, without TLS overhead",
    .type = METRIC_COUNTER,
    .labels = {"direction"},
};
struct metric_family rpc_m_requests = {
    .name = "fgw_rpc_requests_total",
    .help = "Calls answered, by method and gRPC status",
    .type = METRIC_COUNTER,
    .labels = {"path", "status"},
    .max_cells = 4096,
};
struct metric_family rpc_m_seconds = {
    .name = "fgw_rpc_request_seconds",
    .help = "Time from the request's headers to its answer",
    .type = METRIC_HISTOGRAM,
    .labels = {"path"},
};
struct metric_family rpc_m_streams = {
    .name = "fgw_rpc_streams",
    .help = "Open bidirectional streams",
    .type = METRIC_GAUGE,
    .labels = {"path"},
};
struct metric_family rpc_m_late = {
    .name = "fgw_rpc_late_replies_total",
    .help = "Replies that came after the caller had gone or its deadline had passed",
    .type = METRIC_COUNTER,
};
struct metric_family rpc_m_client_requests = {
    .name = "fgw_rpc_client_requests_total",
    .help = "Calls made as a gRPC client, by status",
    .type = METRIC_COUNTER,
    .labels = {"status"},
};
struct metric_family rpc_m_client_connects = {
    .name = "fgw_rpc_client_connects_total",
    .help = "Connection attempts as a gRPC client, by result",
    .type = METRIC_COUNTER,
    .labels = {"result"},
};
struct metric_family rpc_m_tunnel_gateways = {
    .name = "fgw_tunnel_gateways",
    .help = "Gateways whose reverse tunnel is open",
    .type = METRIC_GAUGE,
};
struct metric_family rpc_m_tunnel_requests = {
    .name = "fgw_tunnel_requests_total",
    .help = "Requests to gateways through the reverse tunnel, by result",
    .type = METRIC_COUNTER,
    .labels = {"result"},
};
struct metric_family rpc_m_tunnel_seconds = {
    .name = "fgw_tunnel_request_seconds",
    .help = "Time until a gateway answered through the reverse tunnel",
    .type = METRIC_HISTOGRAM,
};
struct metric_family rpc_m_tunnel_odd = {
    .name = "fgw_tunnel_odd_answers_total",
    .help = "Messages of gateways that fit no request: late, unknown, malformed",
    .type = METRIC_COUNTER,
    .labels = {"kind"},
};
