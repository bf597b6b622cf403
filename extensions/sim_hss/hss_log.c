// SPDX-License-Identifier: BSD-3-Clause
// What the HSS tells the common part of the simulators, and its log category.
#include "hss_log.h"

#include "sim.h"

BASE_LOG_CATEGORY(log_hss, "hss");

struct base_log_cat *const sim_log = &log_hss;

const struct sim_command sim_commands[] = {
    {"SAR", 301, true},  {"MAR", 303, true},  {"RTR", 304, false}, {"PPR", 305, false},
    {"ULR", 316, true},  {"CLR", 317, false}, {"AIR", 318, true},  {"IDR", 319, false},
    {"DSR", 320, false}, {"PUR", 321, true},  {"RSR", 322, false}, {"NOR", 323, true},
    {0},
};
