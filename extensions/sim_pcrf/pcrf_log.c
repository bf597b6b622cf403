// SPDX-License-Identifier: BSD-3-Clause
// What the PCRF tells the common part of the simulators.
#include "pcrf_log.h"

#include "sim_cc.h"

BASE_LOG_CATEGORY(log_pcrf, "pcrf");

struct base_log_cat *const sim_log = &log_pcrf;

const struct sim_command sim_commands[] = {
    {"CCR-I", SIM_CC_KEYS + SIM_CC_INITIAL, true},
    {"CCR-U", SIM_CC_KEYS + SIM_CC_UPDATE, true},
    {"CCR-T", SIM_CC_KEYS + SIM_CC_TERMINATE, true},
    {"CCR-E", SIM_CC_KEYS + SIM_CC_EVENT, true},
    {"RAR", 258, false},
    {"ASR", 274, false},
    {0},
};
