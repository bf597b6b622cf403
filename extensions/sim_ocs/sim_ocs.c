// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: a small OCS on Gy (RFC 8506, TS 32.299).
//   LoadExtension = "dict.fdx" : "/usr/share/fgw/dictionaries";
//   LoadExtension = "sim_ocs.fdx" : "/etc/fgw/sim_ocs.conf";
// It runs in freeDiameterd as well as in fgwd, also beside other simulators. Not for production.
#include <freeDiameter/extension.h>

#include "ocs_core.h"
#include "ocs_log.h"
#include "sim_extension.h"

static struct ocs core;

static enum err open_core(void *ocs, const struct sim_config *config, struct sim_cc **cc)
{
    enum err err = ocs_open(config->database, ocs);

    *cc = core.cc;
    return err;
}

static void close_core(void *ocs)
{
    ocs_close(ocs);
}

static int sim_ocs_entry(char *path)
{
    static struct sim_extension extension = {
        .name = "sim_ocs",
        .default_conf = "/etc/fgw/sim_ocs.conf",
        .server = {.application = 4, .vendor = 0},
        .core = &core,
        .open = open_core,
        .close = close_core,
    };

    extension.server.help = ocs_help_text();
    return sim_extension_init(&extension, path);
}

EXTENSION_ENTRY("sim_ocs", sim_ocs_entry)
