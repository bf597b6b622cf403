// SPDX-License-Identifier: BSD-3-Clause
// The gateway API: what an interface (a freeDiameter extension such as s6a.fdx) registers and may use.
// Adding an interface is a new folder and one LoadExtension line; nothing here changes for it.
// Threads: everything runs on the gateway's loops (one per rpc worker) unless said otherwise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "diameter/stack.h"
#include "rpc/server.h"
#include "rpc/tunnel.h"

// ---- the contract ----
struct fgw_interface {
    const char *name;                   // "s6a": section of gateway.conf, log category, metrics label
    const struct rpc_method *methods;   // gRPC methods served to AGWs; ends with path == NULL
    const struct conf_key *settings;    // section `name` of gateway.conf; may be NULL
    size_t settings_size;               // bytes of the settings struct
    // Called after configuration was read and before anything starts; checks what tables cannot.
    // Errors go to conf_error(conf, name, ...). Main thread.
    enum err (*configure)(struct conf *conf, const void *settings);
    enum err (*start)(void);            // dictionary is complete: compile tables, register Diameter commands
    // New settings came in force by reload (main loop's thread); old ones stay valid until return.
    void (*reloaded)(const void *old_settings, const void *new_settings);
    void (*stop)(void);                 // loops have stopped
    // One line per item for `fgwctl status` (optional).
    void (*status)(void (*line)(void *arg, const char *text), void *arg);
};

// Called from the extension's entry point. The struct must outlive the process. ERR_EXISTS if taken.
enum err fgw_interface_register(const struct fgw_interface *interface);
// Settings in force for an interface; any loop thread; valid for the current callback only.
const void *fgw_settings(const struct fgw_interface *interface);

// ---- who may do what: AGW admission ----
// May this gateway serve this subscriber / this visited PLMN? By the `gateways` section: per-gateway (or
// default) lists of PLMNs. plmn NULL: only the IMSI is checked. ERR_FGW_PLMN_DENIED, counted per interface.
enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn);

// ---- directory: subscriber -> AGW ----
// Kept in LMDB; survives restart. Look-ups are answered from memory-mapped pages, any thread, no I/O wait.
// Every uplink request of an interface teaches it. previous (size FGW_GATEWAY_ID_MAX+1, may be NULL)
// receives the other gateway that had the subscriber until now, or "".
#define FGW_GATEWAY_ID_MAX 127
enum err fgw_directory_learn(const struct base_imsi *imsi, const char *gateway, char *previous);
enum err fgw_directory_find(const struct base_imsi *imsi, char *gateway, size_t size);
// Forgets the subscriber if it still belongs to this gateway (purge, withdrawal).
enum err fgw_directory_forget(const struct base_imsi *imsi, const char *gateway);
// Visits all gateways that have ever been learned and not expired (Reset to all).
enum err fgw_directory_gateways(void (*visit)(const char *gateway, void *arg), void *arg);

// ---- calling an AGW through its tunnel ----
// As rpc_tunnel_send, with the gateway's retry policy: a call that did not reach the AGW is tried again
// within the deadline. done exactly once on this loop if ERR_OK is returned.
enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx);

// ---- counting: the same families for every interface ----
// fgw_requests_total{interface,procedure,direction,peer,result}, fgw_latency_seconds{interface,procedure,direction}
enum fgw_direction { FGW_UP, FGW_DOWN };
void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns);

// ---- the loops ----
size_t fgw_n_loops(void);
struct base_loop *fgw_loop(size_t i);
