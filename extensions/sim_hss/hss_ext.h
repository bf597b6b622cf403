// SPDX-License-Identifier: BSD-3-Clause
// The running extension: what its dispatch callbacks and its control commands share.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "hss_config.h"
#include "hss_push.h"
#include "hss_s6a.h"
#include "hss_saver.h"
#include "hss_swx.h"
#include "sim_control.h"
#include "sim_fault.h"
#include "sim_sender.h"

enum hss_command { HSS_AIR, HSS_ULR, HSS_PUR, HSS_NOR, HSS_MAR, HSS_SAR, HSS_COMMANDS };
extern const uint32_t hss_command_codes[HSS_COMMANDS];

struct hss_counters {
    atomic_uint_fast64_t requests, success, refused, faults;
};

struct hss_ext {
    struct hss hss;
    struct hss_swx *swx;
    struct hss_config config;
    struct hss_store *saver_store;   // the saver thread's
    struct hss_saver *saver;
    struct sim_faults *faults;
    struct sim_sender *sender;
    struct sim_pushes *pushes;
    struct sim_control *control;
    struct sim_control_user control_user;
    struct hss_counters counters[HSS_COMMANDS];
    int64_t started_ns;
    pthread_mutex_t store_mutex;     // for control commands: the next two
    struct hss_store *store;
    struct aka_gen *gen;
};

// Registers the callbacks with libfdcore (hss_dispatch.c). ERR_DIA_DICT if the dictionary lacks
// S6a.
enum err hss_dispatch_register(struct hss_ext *ext);
// Runs one command of the control socket (hss_commands.c); returns its exit code.
int hss_command_run(void *ext, int n, char **words, struct sim_reply *reply);

// Reads subscribers from the store into the cache: one, or ("") all; those that are in the cache
// but no longer in the store are removed. *n: how many were read.
enum err hss_ext_reload(struct hss_ext *ext, const char *imsi, size_t *n);
