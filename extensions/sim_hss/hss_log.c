// SPDX-License-Identifier: BSD-3-Clause
// The simulator's log category.
#include "hss_log.h"

BASE_LOG_CATEGORY(log_hss, "hss");
