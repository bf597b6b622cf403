// SPDX-License-Identifier: BSD-3-Clause
// Command line of a credit-control simulator. Where it runs, it executes the command; where it does
// not, commands on the database are executed here.
#pragma once

#include "sim_cc.h"

struct sim_cli {
    const char *name;         // "fgw-ocs"
    const char *default_conf;
    const char *help;         // of the core's commands
    // Opens the core; what it returns in *cc is freed by sim_cc_free.
    enum err (*open)(const char *database, struct sim_cc **cc);
};

// The whole of main: returns the exit code.
int sim_cli_main(const struct sim_cli *cli, int argc, char **argv);
