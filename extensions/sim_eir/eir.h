// SPDX-License-Identifier: BSD-3-Clause
// The running EIR: what its life, its dispatch callback and its control commands share.
#pragma once

#include <stdatomic.h>

#include "base/conf.h"
#include "base/log.h"
#include "eir_list.h"
#include "sim_control.h"
#include "sim_fault.h"
#include "sim_peers.h"
#include "sim_sender.h"

struct eir_equipment { // item of the setting `equipment`
    char *imei;
    int status; // enum eir_status
};
struct eir_config {
    char *control, *log;
    struct conf_list equipment;
    struct conf_strings faults;
    int unknown; // enum eir_status of equipment that is not in the list
    struct sim_peers_config peers;
};
struct eir {
    struct conf *conf; // owns the strings of config
    struct eir_config config;
    struct eir_list *list;
    struct sim_faults *faults;
    struct sim_sender *sender;
    struct sim_control *control;
    struct sim_control_user control_user;
    atomic_uint_fast64_t requests, answers[EIR_STATUSES], refused, faulty;
};

extern struct base_log_cat log_eir;
extern const struct conf_key eir_config_keys[];
// Registers the callback with libfdcore (eir_dispatch.c). ERR_DIA_DICT if the dictionary lacks S13.
enum err eir_dispatch_register(struct eir *eir);
// Runs one command of the control socket (eir_commands.c); returns its exit code.
int eir_command_run(void *eir, int n, char **words, struct sim_reply *reply);
