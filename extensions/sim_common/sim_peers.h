// SPDX-License-Identifier: BSD-3-Clause
// Peers of a simulator: who may connect, socket options, and quiet hooks.
#pragma once

#include "base/conf.h"

struct sim_peers_config {
    struct conf_strings accept;     // identities of peers that may connect, with * and ?
    bool quiet_hooks, nodelay;
};

// Registers with libfdcore; config is borrowed for good. Once per simulator. ERR_DIA_LIBRARY.
enum err sim_peers_register(struct sim_peers_config *config);
