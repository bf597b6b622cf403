// SPDX-License-Identifier: BSD-3-Clause
// The running credit-control simulator: requests from freeDiameter to the core and back, faults,
// expectations, RAR and ASR, control socket. The PCRF and the OCS are this with a core each.
#pragma once

#include "sim_cc.h"
#include "sim_config.h"

struct sim_server;

struct sim_server_spec {
    uint32_t application;
    uint32_t vendor;           // advertised with it: 10415, or 0 for a plain Auth-Application-Id
    // AVPs that a session should be told now (PCRF: "push"); NULL: the simulator has none
    json_t *(*update)(void *core, const json_t *row);
    // what the answer to a RAR of the session says; NULL: nothing of interest
    void (*answered)(void *core, const json_t *row, const json_t *avps);
    const char *help;          // of the core's commands
};

// Registers with libfdcore and starts. config, cc and core are borrowed. After a failure what is
// registered stays, and so must everything given here. ERR_DIA_DICT: load dict.fdx first.
enum err sim_server_start(const struct sim_server_spec *spec, struct sim_config *config,
                          struct sim_cc *cc, void *core, struct sim_server **out);
void sim_server_stop(struct sim_server *server); // NULL is fine
