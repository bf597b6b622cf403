// SPDX-License-Identifier: BSD-3-Clause
// One HTTP request over a UNIX socket, blocking, with a time limit. For fgwctl only.
#pragma once

#include <stddef.h>

struct ctl_reply {
    int code;   // HTTP status
    char *body; // NUL-terminated, malloc
    size_t len;
};

// Returns 0, or -1 with a reason in why[size].
int ctl_request(const char *socket_path, const char *method, const char *path, int timeout_s,
                struct ctl_reply *reply, char *why, size_t size);
