// SPDX-License-Identifier: BSD-3-Clause
// How a credit-control simulator starts and ends as freeDiameter extension. A simulator fills a
// struct sim_extension, hands it over from its entry point, and is rid of it: fd_ext_fini is here.
#pragma once

#include "sim_server.h"

struct sim_extension {
    const char *name;         // "sim_ocs"
    const char *default_conf; // where the daemon's configuration names none
    struct sim_server_spec server;
    void *core;               // handed to all below, and to those of server
    enum err (*open)(void *core, const struct sim_config *config, struct sim_cc **cc);
    void (*close)(void *core);
};

// Reads the configuration, opens the core, serves. 0, or what fd_ext_init returns so that the
// daemon ends: the log says why. Once per process; the description stays in use until it ends.
int sim_extension_init(const struct sim_extension *extension, const char *conf);

// freeDiameter looks these up by name: they have to be visible whatever the build hides
#pragma GCC visibility push(default)
int fd_ext_init(int major, int minor, char *conffile);
void fd_ext_fini(void);
extern const char *fd_ext_depends[];
#pragma GCC visibility pop
