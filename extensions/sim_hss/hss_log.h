// SPDX-License-Identifier: BSD-3-Clause
// The simulator's log category. Keys and vectors are never logged.
#pragma once

#include "base/log.h"

extern struct base_log_cat log_hss; // "hss"
