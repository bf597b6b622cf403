// SPDX-License-Identifier: BSD-3-Clause
// Log categories of the gateway core; interfaces declare their own. Defined in log.c.
#pragma once

#include "base/log.h"

extern struct base_log_cat log_fgw;       // start, stop, reload, configuration
extern struct base_log_cat log_admit;     // who was refused
extern struct base_log_cat log_directory; // subscriber -> gateway
extern struct base_log_cat log_admin;     // admin endpoint
extern struct base_log_cat log_agw;       // calls to gateways
