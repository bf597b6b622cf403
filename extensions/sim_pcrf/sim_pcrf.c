// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: a small PCRF on Gx (TS 29.212).
//   LoadExtension = "dict.fdx" : "/usr/share/fgw/dictionaries";
//   LoadExtension = "sim_pcrf.fdx" : "/etc/fgw/sim_pcrf.conf";
// It runs in freeDiameterd as well as in fgwd, also beside other simulators. Not for production.
#include <freeDiameter/extension.h>

#include "pcrf_core.h"
#include "pcrf_log.h"
#include "sim_extension.h"

static struct pcrf core;

static json_t *update(void *pcrf, const json_t *row)
{
    return pcrf_update(pcrf, row);
}

static void answered(void *pcrf, const json_t *row, const json_t *avps)
{
    pcrf_answered(pcrf, row, avps);
}

static enum err open_core(void *pcrf, const struct sim_config *config, struct sim_cc **cc)
{
    enum err err = pcrf_open(config->database, pcrf);

    core.features = (uint32_t)config->features;
    *cc = core.cc;
    return err;
}

static void close_core(void *pcrf)
{
    pcrf_close(pcrf);
}

static int sim_pcrf_entry(char *path)
{
    static struct sim_extension extension = {
        .name = "sim_pcrf",
        .default_conf = "/etc/fgw/sim_pcrf.conf",
        .server = {.application = 16777238, .vendor = 10415, .update = update,
                   .answered = answered},
        .core = &core,
        .open = open_core,
        .close = close_core,
    };

    extension.server.help = pcrf_help_text();
    return sim_extension_init(&extension, path);
}

EXTENSION_ENTRY("sim_pcrf", sim_pcrf_entry)
