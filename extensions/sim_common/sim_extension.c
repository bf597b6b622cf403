// SPDX-License-Identifier: BSD-3-Clause
#include "sim_extension.h"

#include <errno.h>

#include "sim.h"

// One per process and extension; callbacks may refer to it until the process ends.
static struct {
    const struct sim_extension *extension;
    struct sim_config config;
    struct sim_server *server;
    bool running;
} one;

static void report(const char *line)
{
    base_log(sim_log, BASE_LOG_ERROR, NULL, "%s", line);
}

static enum err start(const char *conf)
{
    const struct sim_extension *x = one.extension;
    struct sim_cc *cc = NULL;
    enum err err = sim_config_load(conf, &one.config, report);

    if (!err)
        err = x->open(x->core, &one.config, &cc);
    if (!err)
        err = sim_server_start(&x->server, &one.config, cc, x->core, &one.server);
    return err;
}

int sim_extension_init(const struct sim_extension *extension, const char *conf)
{
    enum err err;

    one.extension = extension;
    err = start(conf ? conf : extension->default_conf);
    one.running = !err;
    if (!err)
        return 0;
    base_log(sim_log, BASE_LOG_ERROR, NULL, "not started: %s", err_str(err));
    if (err == ERR_DIA_DICT)
        base_log(sim_log, BASE_LOG_ERROR, NULL, "load dict.fdx before %s.fdx", extension->name);
    return EINVAL; // the daemon ends; what is registered stays
}

void fd_ext_fini(void)
{
    if (!one.running)
        return;
    one.running = false;
    sim_server_stop(one.server);
    one.extension->close(one.extension->core);
    sim_config_free(&one.config);
}
