// SPDX-License-Identifier: BSD-3-Clause
// What each simulator tells the parts that all simulators share. Several simulators can live in one
// freeDiameter daemon, which makes the symbols of its extensions visible to each other: therefore
// these, and everything in this folder, are hidden, and each simulator has its own.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

#define SIM_HIDDEN __attribute__((visibility("hidden")))

// A command by the short name of its request. The key is what fault rules compare; the simulator
// chooses it (the command code where that tells enough).
struct sim_command {
    const char *name; // "AIR"; NULL ends the table
    uint32_t key;
    bool served;      // the simulator answers it: fault rules may name it
};

extern struct base_log_cat *const sim_log SIM_HIDDEN;
extern const struct sim_command sim_commands[] SIM_HIDDEN;

// "AIR" -> its key; 0: unknown. And back; NULL: unknown.
uint32_t sim_command_key(const char *name);
const char *sim_command_name(uint32_t key);
