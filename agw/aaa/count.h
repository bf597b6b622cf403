// SPDX-License-Identifier: BSD-3-Clause
// Metrics of fgw-aaa; names are part of the operator's manual.
#pragma once

#include "base/log.h"
#include "base/metrics.h"

extern struct base_log_cat log_aaa;

extern struct metric_family aaa_m_requests;      // counter{client,kind,result}
extern struct metric_family aaa_m_dropped;       // counter{reason}
extern struct metric_family aaa_m_auth;          // counter{method,how,result}
extern struct metric_family aaa_m_core;          // counter{procedure,status}
extern struct metric_family aaa_m_core_seconds;  // histogram{procedure}
extern struct metric_family aaa_m_down;          // counter{procedure,result}
extern struct metric_family aaa_m_dyn;           // counter{kind,result}
extern struct metric_family aaa_m_acct;          // counter{status}
extern struct metric_family aaa_m_store;         // counter{result}: transactions
extern struct metric_family aaa_m_conversations; // gauge{}
extern struct metric_family aaa_m_sessions;      // gauge{}
extern struct metric_family aaa_m_tunnel;        // gauge{}: 1 while the stream is open

#define AAA_COUNT(family, ...) metric_inc(METRIC_CELL(&(family), __VA_ARGS__))
