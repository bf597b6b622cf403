// SPDX-License-Identifier: BSD-3-Clause
// The simulator's log category, "pcrf".
#pragma once

#include "sim.h"

extern struct base_log_cat log_pcrf SIM_HIDDEN;
