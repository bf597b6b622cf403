// SPDX-License-Identifier: BSD-3-Clause
// Configuration of the PCRF and OCS simulators.
#include "sim_config.h"

#include <string.h>

#include "sim.h"
#include "sim_fault.h"

struct file {
    struct sim_config c;
    char *log;
};

static enum err check_fault(const char *text, const char **why)
{
    struct sim_fault fault;

    return sim_fault_parse(text, &fault, why);
}

static const struct conf_key keys[] = {
    {"database", CONF_STRING, offsetof(struct file, c.database), .required = true,
     .help = "SQLite file"},
    {"control", CONF_STRING, offsetof(struct file, c.control), .required = true,
     .help = "UNIX socket for the command line tool"},
    {"script", CONF_STRING, offsetof(struct file, c.script),
     .help = "file of expected requests, from the start on"},
    {"accept", CONF_STRINGS, offsetof(struct file, c.peers.accept),
     .help = "Diameter identities that may connect unconfigured, with * and ?"},
    {"faults", CONF_STRINGS, offsetof(struct file, c.faults), .check = check_fault,
     .help = "fault rules active from the start"},
    {"push_timeout", CONF_MS, offsetof(struct file, c.push_timeout_ms), .def = 5000, .min = 100,
     .max = 60000, .help = "wait for the answer to RAR and ASR"},
    {"feature_list_1", CONF_INT, offsetof(struct file, c.features), .def = 0xffffffff, .min = 0,
     .max = UINT32_MAX, .help = "what we support of Feature-List-ID 1 (Gx)"},
    {"quiet_hooks", CONF_BOOL, offsetof(struct file, c.peers.quiet_hooks), .def = true,
     .help = "spare freeDiameter the formatting of every message"},
    {"nodelay", CONF_BOOL, offsetof(struct file, c.peers.nodelay), .def = true,
     .help = "TCP_NODELAY on connections to peers"},
    {"log", CONF_STRING, offsetof(struct file, log), .def_text = "notice",
     .help = "error, warn, notice, info, debug"},
    {0},
};

enum err sim_config_load(const char *path, struct sim_config *out,
                         void (*report)(const char *line))
{
    struct file file = {0};
    enum base_log_level level;
    enum err err;

    memset(out, 0, sizeof *out);
    err = conf_load(path, &out->conf);
    if (!out->conf)
        return err;
    if (!err) {
        conf_read(out->conf, "", keys, &file);
        conf_check_unread(out->conf);
        if (file.log && base_log_level_parse(file.log, &level))
            conf_error(out->conf, "", "log", ERR_CONF_RANGE,
                       "expected error, warn, notice, info or debug");
        else if (file.log)
            base_log_set_level(sim_log->name, level);
    }
    for (size_t i = 0; i < conf_n_errors(out->conf); i++)
        report(conf_error_text(out->conf, i));
    if (!err && conf_n_errors(out->conf))
        err = ERR_CONF_SYNTAX;
    if (err) {
        sim_config_free(out);
        return err;
    }
    file.c.conf = out->conf;
    *out = file.c;
    return ERR_OK;
}

void sim_config_free(struct sim_config *config)
{
    conf_free(config->conf);
    memset(config, 0, sizeof *config);
}
