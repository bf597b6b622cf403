// SPDX-License-Identifier: BSD-3-Clause
// What the PCRF tells the common part of the simulators.
#include "pcrf_log.h"

BASE_LOG_CATEGORY(log_pcrf, "pcrf");

struct base_log_cat *const sim_log = &log_pcrf;
