// SPDX-License-Identifier: BSD-3-Clause
// The categories of log.h. Not for levels and sinks (base/log.h).
#include "fgw/log.h"

BASE_LOG_CATEGORY(log_fgw, "fgw");
BASE_LOG_CATEGORY(log_admit, "admit");
BASE_LOG_CATEGORY(log_directory, "directory");
BASE_LOG_CATEGORY(log_admin, "admin");
BASE_LOG_CATEGORY(log_agw, "agw");
