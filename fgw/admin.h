// SPDX-License-Identifier: BSD-3-Clause
// The admin endpoint, HTTP/1.1 on the main loop. Over TCP (loopback unless configured) only what
// changes nothing and names no subscriber: /metrics, /healthz, /readyz. Everything else, and all
// that changes something, only over the UNIX socket, whose file permissions say who may.
// fgwctl is its client; docs/operations.md describes the paths.
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "fgw/settings.h"

struct fgw_admin;

// Main thread, before the loop runs. Errors are logged.
enum err fgw_admin_new(struct base_loop *loop, const struct fgw_admin_settings *settings,
                       struct fgw_admin **out);
void fgw_admin_free(struct fgw_admin *admin);            // NULL is fine
uint16_t fgw_admin_port(const struct fgw_admin *admin);  // of the TCP endpoint; 0: none
