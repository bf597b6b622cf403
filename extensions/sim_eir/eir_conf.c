// SPDX-License-Identifier: BSD-3-Clause
// Configuration of the simulator: conf/sim_eir.conf shows it.
#include "eir.h"

#define AT(member) offsetof(struct eir_config, member)

static const char *const statuses[] = {"white", "black", "grey", "unknown", NULL};

static enum err check_fault(const char *text, const char **why)
{
    struct sim_fault fault;

    return sim_fault_parse(text, &fault, why);
}

static const struct conf_key equipment_keys[] = {
    {"imei", CONF_STRING, offsetof(struct eir_equipment, imei), .required = true,
     .help = "leading digits of IMEIs"},
    {"status", CONF_ENUM, offsetof(struct eir_equipment, status), .required = true,
     .choices = statuses, .help = "white: permitted, black: prohibited, grey: tracked"},
    {0},
};

const struct conf_key eir_config_keys[] = {
    {"control", CONF_STRING, AT(control), .required = true, .help = "UNIX socket for commands"},
    {"accept", CONF_STRINGS, AT(peers.accept),
     .help = "Diameter identities that may connect unconfigured, with * and ?"},
    {"equipment", CONF_LIST, AT(equipment), .members = equipment_keys,
     .item_size = sizeof(struct eir_equipment), .help = "what is known at first"},
    {"unknown", CONF_ENUM, AT(unknown), .choices = statuses, .def = EIR_UNKNOWN,
     .help = "what equipment is that is in no list"},
    {"faults", CONF_STRINGS, AT(faults), .check = check_fault,
     .help = "fault rules active from the start"},
    {"quiet_hooks", CONF_BOOL, AT(peers.quiet_hooks), .def = true,
     .help = "spare freeDiameter the formatting of every message"},
    {"nodelay", CONF_BOOL, AT(peers.nodelay), .def = true,
     .help = "TCP_NODELAY on connections to peers"},
    {"log", CONF_STRING, AT(log), .def_text = "notice", .help = "error, warn, notice, info, debug"},
    {0},
};
