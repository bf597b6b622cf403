// SPDX-License-Identifier: BSD-3-Clause
// Configuration of the simulator.
#include "hss_config.h"

#include <string.h>

#include "sim_fault.h"
#include "hss_log.h"

struct file {
    char *database, *control;
    struct conf_strings home, accept, faults;
    int64_t flush_ms, push_timeout_ms, feature_list_1, feature_list_2;
    bool quiet_hooks, nodelay;
    char *log;
    int64_t max_vectors, immediate_vectors;
    int mode;
    int64_t ind_bits, tick_ms, delta_bits, jump;
};

static const char *const sqn_modes[] = {"counter", "clock", NULL};

static enum err check_plmn(const char *text, const char **why)
{
    struct base_plmn plmn;

    *why = "expected a PLMN, five or six digits";
    return base_plmn_parse(text, strlen(text), &plmn);
}

static enum err check_fault(const char *text, const char **why)
{
    struct sim_fault fault;

    return sim_fault_parse(text, &fault, why);
}

static const struct conf_key vector_keys[] = {
    {"max", CONF_INT, offsetof(struct file, max_vectors), .def = 5, .min = 1,
     .max = HSS_VECTORS_MAX, .help = "most vectors of a kind in one answer"},
    {"immediate", CONF_INT, offsetof(struct file, immediate_vectors), .def = 5, .min = 1,
     .max = HSS_VECTORS_MAX, .help = "the same where Immediate-Response-Preferred is set"},
    {0},
};

static const struct conf_key sqn_keys[] = {
    {"mode", CONF_ENUM, offsetof(struct file, mode), .choices = sqn_modes,
     .help = "counter: SEQ counts; clock: SEQ follows the time of day"},
    {"ind_bits", CONF_INT, offsetof(struct file, ind_bits), .def = 5, .min = 1,
     .max = AKA_SQN_IND_BITS_MAX, .help = "bits of IND, the lower part of SQN"},
    {"tick", CONF_MS, offsetof(struct file, tick_ms), .def = 100, .min = 1, .max = 60000,
     .help = "clock: unit of SEQ"},
    {"delta_bits", CONF_INT, offsetof(struct file, delta_bits), .def = 28, .min = 8, .max = 40,
     .help = "cards accept jumps of SEQ up to 2^delta_bits"},
    {"jump", CONF_INT, offsetof(struct file, jump), .def = 65536, .min = 4, .max = 1 << 24,
     .help = "SEQ skipped after a crash, and most SEQ used ahead of the database"},
    {0},
};

static const struct conf_key root_keys[] = {
    {"database", CONF_STRING, offsetof(struct file, database), .required = true,
     .help = "SQLite file"},
    {"control", CONF_STRING, offsetof(struct file, control), .required = true,
     .help = "UNIX socket for fgw-hss"},
    {"home", CONF_STRINGS, offsetof(struct file, home), .check = check_plmn,
     .help = "home PLMNs; none: the PLMN each IMSI begins with"},
    {"accept", CONF_STRINGS, offsetof(struct file, accept),
     .help = "Diameter identities that may connect unconfigured, with * and ?"},
    {"faults", CONF_STRINGS, offsetof(struct file, faults), .check = check_fault,
     .help = "fault rules active from the start"},
    {"flush", CONF_MS, offsetof(struct file, flush_ms), .def = 200, .min = 1, .max = 60000,
     .help = "how long changes are collected before they are written"},
    {"push_timeout", CONF_MS, offsetof(struct file, push_timeout_ms), .def = 5000, .min = 100,
     .max = 60000, .help = "wait for the answer to CLR, IDR, DSR, RSR"},
    {"feature_list_1", CONF_INT, offsetof(struct file, feature_list_1), .def = 0x1fffffff,
     .min = 0, .max = UINT32_MAX, .help = "what we support of Feature-List-ID 1"},
    {"feature_list_2", CONF_INT, offsetof(struct file, feature_list_2), .def = 0x0fffffff,
     .min = 0, .max = UINT32_MAX, .help = "what we support of Feature-List-ID 2"},
    {"quiet_hooks", CONF_BOOL, offsetof(struct file, quiet_hooks), .def = true,
     .help = "spare freeDiameter the formatting of every message"},
    {"nodelay", CONF_BOOL, offsetof(struct file, nodelay), .def = true,
     .help = "TCP_NODELAY on connections to peers"},
    {"log", CONF_STRING, offsetof(struct file, log), .def_text = "notice",
     .help = "error, warn, notice, info, debug"},
    {0},
};

static void take_scheme(const struct file *f, struct aka_sqn_scheme *s)
{
    uint16_t half = (uint16_t)(1u << (f->ind_bits - 1));

    *s = aka_sqn_counter;
    s->time_based = f->mode == 1;
    s->tick_ms = (uint32_t)f->tick_ms;
    s->ind_bits = (uint8_t)f->ind_bits;
    s->delta = 1ULL << f->delta_bits;
    s->ind[AKA_DOMAIN_PS].first = 0;
    s->ind[AKA_DOMAIN_CS].first = half;
    s->ind[AKA_DOMAIN_PS].n = s->ind[AKA_DOMAIN_CS].n = half;
}

static void take_settings(const struct file *f, struct hss_config *out)
{
    struct hss_settings *s = &out->settings;

    s->max_vectors = (size_t)f->max_vectors;
    s->immediate_vectors = (size_t)f->immediate_vectors;
    s->features[0] = (uint32_t)f->feature_list_1;
    s->features[1] = (uint32_t)f->feature_list_2;
    for (size_t i = 0; i < f->home.n && i < sizeof s->home / sizeof s->home[0]; i++) {
        const char *text = f->home.items[i];

        if (base_plmn_parse(text, strlen(text), &s->home[s->n_home]) == ERR_OK)
            s->n_home++;
    }
    out->database = f->database;
    out->control = f->control;
    out->jump = (uint64_t)f->jump;
    out->flush_ms = f->flush_ms;
    out->push_timeout_ms = f->push_timeout_ms;
    out->peers.quiet_hooks = f->quiet_hooks;
    out->peers.nodelay = f->nodelay;
    out->peers.accept = f->accept;
    out->faults = f->faults;
}

enum err hss_config_load(const char *path, struct hss_config *out,
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
        conf_read(out->conf, "", root_keys, &file);
        conf_read(out->conf, "vectors", vector_keys, &file);
        conf_read(out->conf, "sqn", sqn_keys, &file);
        conf_check_unread(out->conf);
        if (file.log && base_log_level_parse(file.log, &level))
            conf_error(out->conf, "", "log", ERR_CONF_RANGE,
                       "expected error, warn, notice, info or debug");
        else if (file.log)
            base_log_set_level("hss", level);
    }
    for (size_t i = 0; i < conf_n_errors(out->conf); i++)
        report(conf_error_text(out->conf, i));
    if (!err && conf_n_errors(out->conf))
        err = ERR_CONF_SYNTAX;
    if (err) {
        hss_config_free(out);
        return err;
    }
    take_scheme(&file, &out->scheme);
    take_settings(&file, out);
    return ERR_OK;
}

void hss_config_free(struct hss_config *config)
{
    conf_free(config->conf);
    memset(config, 0, sizeof *config);
}
