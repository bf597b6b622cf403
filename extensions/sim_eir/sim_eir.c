// SPDX-License-Identifier: BSD-3-Clause
// freeDiameter extension: a small EIR on S13/S13'.
//   LoadExtension = "dict.fdx" : "/usr/share/fgw/dictionaries";
//   LoadExtension = "sim_eir.fdx" : "/etc/fgw/sim_eir.conf";
// It runs in freeDiameterd as well as in fgwd. Not for production: it forgets what it was told.
#include <errno.h>
#include <stdlib.h>

#include <freeDiameter/extension.h>

#include "eir.h"
#include "sim.h"

#define DEFAULT_CONF "/etc/fgw/sim_eir.conf"

static struct eir *running;

static enum err read_conf(struct eir *eir, const char *path)
{
    enum base_log_level level;
    enum err err = conf_load(path, &eir->conf);

    if (!err)
        err = conf_read(eir->conf, "", eir_config_keys, &eir->config);
    for (size_t i = 0; eir->conf && i < conf_n_errors(eir->conf); i++)
        base_log(&log_eir, BASE_LOG_ERROR, NULL, "%s", conf_error_text(eir->conf, i));
    if (!err)
        err = base_log_level_parse(eir->config.log, &level);
    return err ? err : base_log_set_level("eir", level);
}

static enum err fill(struct eir *eir)
{
    const struct eir_equipment *equipment = eir->config.equipment.items;
    enum err err = eir_list_new(&eir->list);

    for (size_t i = 0; !err && i < eir->config.equipment.n; i++)
        err = eir_list_set(eir->list, equipment[i].imei, (enum eir_status)equipment[i].status);
    if (!err)
        err = sim_faults_new(&eir->faults);
    for (size_t i = 0; !err && i < eir->config.faults.n; i++) {
        struct sim_fault fault;
        const char *why;

        err = sim_fault_parse(eir->config.faults.items[i], &fault, &why);
        if (!err)
            err = sim_faults_add(eir->faults, &fault, NULL);
    }
    return err;
}

static enum err start(struct eir *eir, const char *path)
{
    enum err err = read_conf(eir, path);

    if (!err)
        err = fill(eir);
    if (!err)
        err = sim_sender_start(&eir->sender);
    if (!err)
        err = eir_dispatch_register(eir);
    if (!err)
        err = sim_peers_register(&eir->config.peers);
    eir->control_user = (struct sim_control_user){.run = eir_command_run, .ctx = eir};
    if (!err)
        err = sim_control_start(eir->config.control, &eir->control_user, &eir->control);
    return err;
}

static void stop(struct eir *eir)
{
    sim_control_stop(eir->control);
    sim_sender_stop(eir->sender);
    sim_faults_free(eir->faults);
    eir_list_free(eir->list);
    conf_free(eir->conf);
    free(eir);
}

static int sim_eir_entry(char *path)
{
    struct eir *eir = calloc(1, sizeof *eir);
    enum err err = eir ? start(eir, path ? path : DEFAULT_CONF) : ERR_NOMEM;

    running = eir;
    if (!err)
        return 0;
    // callbacks may be registered already: the daemon ends now, so what they refer to stays
    base_log(&log_eir, BASE_LOG_ERROR, NULL, "not started: %s", err_str(err));
    return EINVAL;
}

// freeDiameter looks these up by name: they have to be visible whatever the build hides
#pragma GCC visibility push(default)
int fd_ext_init(int major, int minor, char *conffile);
void fd_ext_fini(void);
extern const char *fd_ext_depends[];

void fd_ext_fini(void)
{
    if (running)
        stop(running);
    running = NULL;
}

EXTENSION_ENTRY("sim_eir", sim_eir_entry)
#pragma GCC visibility pop
