// SPDX-License-Identifier: BSD-3-Clause
// The life of a gateway: load (read and check everything, what `fgwd -t` does), start, reload,
// drain, stop. One per process, as libfdcore allows one. Used by fgwd's main and by gateway.fdx.
// Main thread (or, after start, the main loop's thread) unless said otherwise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "fgw/conf_diff.h"

struct rpc_tunnel;
struct fgw_directory;
struct fgw_health;

struct fgw_options {
    const char *dia_conf;     // freeDiameter's configuration file
    const char *gateway_conf; // gateway.conf
    const char *const *levels; // "cat=level" of the command line; they win over the file
    size_t n_levels;
    bool interposed; // the executable carries lib/diameter/interpose.c
    // Inside freeDiameterd (extensions/gateway): load while extensions load, start when libfdcore
    // has started; dia_conf is the host's file.
    bool hosted;
};

enum fgw_phase { FGW_STOPPED, FGW_STARTING, FGW_RUNNING, FGW_DRAINING };

// Reads and checks both files, loads the extensions, lets every interface prepare. Each error is
// told to note as "file:line: ..."; nothing is bound, sent or written. After an error the process
// can only end.
enum err fgw_core_load(const struct fgw_options *options, fgw_note note, void *arg);
// Opens the directory, listens, connects to peers. Loops run when it returns, except the main loop:
// the caller runs it.
enum err fgw_core_start(void);
// Applies what can change live; logs and tells note what it did and what needs a restart.
// gateway.conf and the certificates come in force as a whole or, on error, not at all; then
// dia_conf's peers.
enum err fgw_core_reload(fgw_note note, void *arg);
// Takes no new work and lets what is in flight finish, at most for process.shutdown. done is called
// on the main loop. Again: does nothing.
void fgw_core_drain(void (*done)(void *arg), void *arg);
// Ends everything, peers get a DPR. Blocks. The main loop must not run any more.
void fgw_core_stop(void);

struct base_loop *fgw_core_main_loop(void);
enum fgw_phase fgw_core_phase(void); // any thread
const char *fgw_phase_name(enum fgw_phase phase);
struct rpc_tunnel *fgw_core_tunnel(void);          // NULL before start
struct fgw_directory *fgw_core_directory(void);    // NULL before start
const struct fgw_health *fgw_core_health(void);    // NULL before start
int64_t fgw_core_shutdown_ms(void);                // time that drain may take
// Port in use of listener i; 0 beyond.
uint16_t fgw_core_port(size_t i);
uint16_t fgw_core_admin_port(void); // of the TCP admin endpoint; 0: none
