// SPDX-License-Identifier: BSD-3-Clause
// The configuration that the PCRF and OCS simulators have in common (libconfig syntax);
// conf/sim_pcrf.conf and conf/sim_ocs.conf are its manual.
#pragma once

#include "sim_peers.h"

struct sim_config {
    struct conf *conf;        // owns the strings
    char *database, *control; // paths
    char *script;             // expectations from the start on; NULL: none
    int64_t push_timeout_ms;
    int64_t features;         // of Feature-List-ID 1
    struct sim_peers_config peers;
    struct conf_strings faults;
};

// Reads and checks the file, and sets the log level. On failure the errors have been given to
// `report`, one line each.
enum err sim_config_load(const char *path, struct sim_config *out,
                         void (*report)(const char *line));
void sim_config_free(struct sim_config *config);
