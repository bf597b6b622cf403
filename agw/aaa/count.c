// SPDX-License-Identifier: BSD-3-Clause
// Declarations of metrics and of the log category. See count.h.
#include "aaa/count.h"

BASE_LOG_CATEGORY(log_aaa, "aaa");

struct metric_family aaa_m_requests = {
    .name = "aaa_requests_total",
    .help = "RADIUS requests by client, kind and how they were answered",
    .labels = {"client", "kind", "result"},
};
struct metric_family aaa_m_dropped = {
    .name = "aaa_dropped_total",
    .help = "RADIUS packets that were not answered",
    .labels = {"reason"},
};
struct metric_family aaa_m_auth = {
    .name = "aaa_authentications_total",
    .help = "EAP conversations by method, kind (full, reauth) and result",
    .labels = {"method", "how", "result"},
};
struct metric_family aaa_m_core = {
    .name = "aaa_core_requests_total",
    .help = "Calls to the federation gateway by procedure and gRPC status",
    .labels = {"procedure", "status"},
};
struct metric_family aaa_m_core_seconds = {
    .name = "aaa_core_seconds",
    .help = "Time until the federation gateway answered",
    .type = METRIC_HISTOGRAM,
    .labels = {"procedure"},
};
struct metric_family aaa_m_down = {
    .name = "aaa_core_inbound_total",
    .help = "Requests of the HSS by procedure and result",
    .labels = {"procedure", "result"},
};
struct metric_family aaa_m_dyn = {
    .name = "aaa_disconnects_total",
    .help = "Disconnect- and CoA-Requests by kind and result",
    .labels = {"kind", "result"},
};
struct metric_family aaa_m_acct = {
    .name = "aaa_accounting_total",
    .help = "Accounting-Requests recorded, by Acct-Status-Type",
    .labels = {"status"},
};
struct metric_family aaa_m_store = {
    .name = "aaa_store_transactions_total",
    .help = "Transactions of the database by result",
    .labels = {"result"},
};
struct metric_family aaa_m_conversations = {
    .name = "aaa_conversations",
    .help = "EAP conversations under way",
    .type = METRIC_GAUGE,
};
struct metric_family aaa_m_sessions = {
    .name = "aaa_sessions",
    .help = "Sessions of users",
    .type = METRIC_GAUGE,
};
struct metric_family aaa_m_tunnel = {
    .name = "aaa_tunnel_open",
    .help = "1 while requests of the HSS can reach us",
    .type = METRIC_GAUGE,
};
