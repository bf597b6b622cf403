// SPDX-License-Identifier: BSD-3-Clause
// The control socket: one line of words in, text out, and as its last line "exit N".
#pragma once

#include <stddef.h>

#include "base/err.h"

struct sim_control;

// Text that a command writes; grows, and turns into ERR_NOMEM silently when it cannot.
struct sim_reply {
    char *text;
    size_t len, cap;
};
void sim_reply_add(struct sim_reply *reply, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

// Who runs the commands. run returns the exit code; words[0] is the command's name. Called in a
// thread of the connection.
struct sim_control_user {
    int (*run)(void *ctx, int n, char **words, struct sim_reply *reply);
    void *ctx;
};

// Listens on a UNIX socket that only its owner may use, with a thread of its own, and one for each
// of at most 16 connections, as commands may wait for a peer. user is borrowed.
enum err sim_control_start(const char *path, const struct sim_control_user *user,
                           struct sim_control **out);
void sim_control_stop(struct sim_control *control); // NULL is fine; waits for running commands

#define SIM_CONTROL_LINE_MAX 16384
