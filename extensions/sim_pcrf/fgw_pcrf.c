// SPDX-License-Identifier: BSD-3-Clause
// fgw-pcrf: command line of the PCRF simulator.
#include "pcrf_core.h"
#include "sim_cli.h"

static struct pcrf core;

static enum err open_core(const char *database, struct sim_cc **cc)
{
    enum err err = pcrf_open(database, &core);

    *cc = core.cc;
    return err;
}

int main(int argc, char **argv)
{
    const struct sim_cli cli = {
        .name = "fgw-pcrf",
        .default_conf = "/etc/fgw/sim_pcrf.conf",
        .help = pcrf_help_text(),
        .open = open_core,
    };

    return sim_cli_main(&cli, argc, argv);
}
