// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: a small PCRF on Gx (TS 29.212).
//   LoadExtension = "dict.fdx" : "/usr/share/fgw/dictionaries";
//   LoadExtension = "sim_pcrf.fdx" : "/etc/fgw/sim_pcrf.conf";
// It runs in freeDiameterd as well as in fgwd, also beside other simulators. Not for production.
#include <errno.h>

#include <freeDiameter/extension.h>

#include "pcrf_core.h"
#include "pcrf_log.h"
#include "sim_server.h"

#define DEFAULT_CONF "/etc/fgw/sim_pcrf.conf"

// One per process, as is the extension; callbacks may refer to it until the process ends.
static struct sim_config config;
static struct pcrf core;
static struct sim_server *server;
static bool running;

static void report(const char *line)
{
    base_log(sim_log, BASE_LOG_ERROR, NULL, "%s", line);
}

static json_t *update(void *pcrf, const json_t *row)
{
    return pcrf_update(pcrf, row);
}

static void answered(void *pcrf, const json_t *row, const json_t *avps)
{
    pcrf_answered(pcrf, row, avps);
}

static enum err start(const char *path)
{
    static struct sim_server_spec spec = {
        .application = 16777238, .vendor = 10415, .update = update,
        .answered = answered,
    };
    enum err err = sim_config_load(path, &config, report);

    spec.help = pcrf_help_text();
    if (!err)
        err = pcrf_open(config.database, &core);
    core.features = (uint32_t)config.features;
    if (!err)
        err = sim_server_start(&spec, &config, core.cc, &core, &server);
    return err;
}

static int sim_pcrf_entry(char *path)
{
    enum err err = start(path ? path : DEFAULT_CONF);

    running = !err;
    if (!err)
        return 0;
    base_log(sim_log, BASE_LOG_ERROR, NULL, "not started: %s", err_str(err));
    if (err == ERR_DIA_DICT)
        base_log(sim_log, BASE_LOG_ERROR, NULL, "load dict.fdx before sim_pcrf.fdx");
    return EINVAL; // the daemon ends; what is registered stays
}

// freeDiameter looks these up by name: they have to be visible whatever the build hides
#pragma GCC visibility push(default)
int fd_ext_init(int major, int minor, char *conffile);
void fd_ext_fini(void);
extern const char *fd_ext_depends[];

void fd_ext_fini(void)
{
    if (!running)
        return;
    running = false;
    sim_server_stop(server);
    pcrf_close(&core);
    sim_config_free(&config);
}

EXTENSION_ENTRY("sim_pcrf", sim_pcrf_entry)
#pragma GCC visibility pop
