// SPDX-License-Identifier: BSD-3-Clause
// Surroundings of the SCTP tests: a network namespace of its own with addresses that can be taken
// away, and the running of a loop until something has happened.
#pragma once

#include <stdbool.h>

#include "sctp/sctp.h"

// Enters a new network namespace with loopback and the addresses below. false: not permitted here;
// then only 127.0.0.1 can be used.
bool world_enter(void);
// Takes an address away: nobody reaches it any more. world_restore brings all of them back.
void world_lose(const char *addr);
void world_restore(void);

#define WORLD_A1 "10.99.1.1" // the client's two addresses
#define WORLD_A2 "10.99.2.1"
#define WORLD_B1 "10.99.1.2" // the server's
#define WORLD_B2 "10.99.2.2"

// Runs the loop until done(arg) or the time is up; returns done(arg).
bool world_run(struct base_loop *loop, bool (*done)(void *arg), void *arg, int ms);
void world_run_for(struct base_loop *loop, int ms);
