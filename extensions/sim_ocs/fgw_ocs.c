// SPDX-License-Identifier: BSD-3-Clause
// fgw-ocs: command line of the OCS simulator.
#include "ocs_core.h"
#include "sim_cli.h"

static struct ocs core;

static enum err open_core(const char *database, struct sim_cc **cc)
{
    enum err err = ocs_open(database, &core);

    *cc = core.cc;
    return err;
}

int main(int argc, char **argv)
{
    const struct sim_cli cli = {
        .name = "fgw-ocs",
        .default_conf = "/etc/fgw/sim_ocs.conf",
        .help = ocs_help_text(),
        .open = open_core,
    };

    return sim_cli_main(&cli, argc, argv);
}
