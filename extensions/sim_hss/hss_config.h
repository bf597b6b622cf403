// SPDX-License-Identifier: BSD-3-Clause
// The simulator's configuration file (libconfig syntax); conf/sim_hss.conf is its manual.
#pragma once

#include "base/conf.h"
#include "hss_s6a.h"
#include "sim_peers.h"

struct hss_config {
    struct conf *conf;              // owns the strings
    char *database, *control;       // paths
    struct hss_settings settings;
    struct aka_sqn_scheme scheme;
    uint64_t jump;
    int64_t flush_ms;
    int64_t push_timeout_ms;
    struct sim_peers_config peers;
    struct conf_strings faults;
};

// Reads and checks the file. On failure the errors have been given to `report`, one line each.
enum err hss_config_load(const char *path, struct hss_config *out,
                         void (*report)(const char *line));
void hss_config_free(struct hss_config *config);
