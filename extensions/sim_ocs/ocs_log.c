// SPDX-License-Identifier: BSD-3-Clause
// What the OCS tells the common part of the simulators.
#include "ocs_log.h"

BASE_LOG_CATEGORY(log_ocs, "ocs");

struct base_log_cat *const sim_log = &log_ocs;
