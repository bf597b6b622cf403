// SPDX-License-Identifier: BSD-3-Clause
// Between the files of the server: requests (sim_server.c), commands (sim_server_commands.c).
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "sim_fault.h"
#include "sim_push.h"
#include "sim_script.h"
#include "sim_server.h"

struct sim_server {
    const struct sim_server_spec *spec;
    struct sim_config *config;
    void *core;
    pthread_mutex_t mutex;     // of cc and core
    struct sim_cc *cc;
    struct sim_faults *faults;
    struct sim_script *script;
    struct sim_sender *sender;
    struct sim_pushes *pushes;
    struct sim_control *control;
    struct sim_control_user control_user;
    atomic_uint_fast64_t requests, success, refused, faulted;
    int64_t started_ns;
};

// Runs one command of the control socket; ctx is the server.
int sim_server_command(void *ctx, int n, char **words, struct sim_reply *reply);
// Reads a file of expectations. On failure `why` tells.
enum err sim_server_load_script(struct sim_server *server, const char *path, char *why,
                                size_t size);
