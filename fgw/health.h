// SPDX-License-Identifier: BSD-3-Clause
// Is the process alive (every loop turns), and is it ready for work (peers open, gateways can
// connect)? What /healthz, /readyz and the watchdog report. Main loop's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/loop.h"
#include "fgw/gateway.h"

struct fgw_health;

// Begins to look at the loops every second.
enum err fgw_health_new(struct base_loop *main_loop, struct base_loop *const *loops,
                        size_t n_loops, struct fgw_health **out);
// The other loops have stopped. NULL is fine.
void fgw_health_free(struct fgw_health *health);

// True if every loop answered lately; otherwise why[size] names the one that did not.
bool fgw_health_alive(const struct fgw_health *health, char *why, size_t size);
// Can it do its work? Otherwise why[size] gets the reason. Main loop's thread.
bool fgw_health_interface(const struct fgw_interface *interface, char *why, size_t size);
// Is the gateway of use? Calls reason for everything that is missing, which need not keep it from
// being so: see fgw_interface in gateway.h. Main loop's thread.
bool fgw_health_ready(void (*reason)(const char *text, void *arg), void *arg);
