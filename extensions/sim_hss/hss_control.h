// SPDX-License-Identifier: BSD-3-Clause
// The control socket: one line of words in, text out, and as its last line "exit N".
#pragma once

#include <stddef.h>

#include "base/err.h"

struct hss_ext;
struct hss_control;

// Text that a command writes; grows, and turns into ERR_NOMEM silently when it cannot.
struct hss_reply {
    char *text;
    size_t len, cap;
};
void hss_reply_add(struct hss_reply *reply, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

// Listens on a UNIX socket that only its owner may use, with a thread of its own, and one for each
// of at most 16 connections, as commands may wait for a serving node.
enum err hss_control_start(const char *path, struct hss_ext *ext, struct hss_control **out);
void hss_control_stop(struct hss_control *control); // NULL is fine; waits for running commands

// Runs one command; returns its exit code (hss_commands.c). words[0] is its name.
int hss_command_run(struct hss_ext *ext, int n, char **words, struct hss_reply *reply);

#define HSS_CONTROL_LINE_MAX 16384
