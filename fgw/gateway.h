// SPDX-License-Identifier: BSD-3-Clause
// The gateway API: what an interface (a freeDiameter extension such as s6a.fdx) registers and may
// use. Adding an interface is a new folder and one LoadExtension line; nothing here changes for it.
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
#include "fgw/access.h"
#include "rpc/server.h"
#include "rpc/tunnel.h"

// ---- the contract ----
enum { FGW_APPLICATIONS_MAX = 4 };
struct fgw_interface {
    const char *name;                 // "s6a": section of gateway.conf, log category, metrics label
    const struct rpc_method *methods; // gRPC methods served to AGWs; ends with path == NULL
    const struct conf_key *settings;  // section `name` of gateway.conf; may be NULL
    size_t settings_size;             // bytes of the settings struct
    // Called after configuration was read, before anything starts, and again at each reload before
    // the new settings come in force; checks what tables cannot, changes nothing. Errors go to
    // conf_error(conf, name, ...). Main loop's thread.
    enum err (*configure)(struct conf *conf, const void *settings);
    // Dictionary is complete: compile tables, register Diameter commands. Main thread; loops
    // exist but do not run yet. `fgwd -t` calls it too (an AVP missing from the dictionary is a
    // configuration error), so it opens nothing and sends nothing.
    enum err (*start)(void);
    // New settings came in force by reload (main loop's thread); old ones stay valid until return.
    void (*reloaded)(const void *old_settings, const void *new_settings);
    void (*stop)(void); // loops have stopped
    // One line per item for `fgwctl status` (optional). Main loop's thread.
    void (*status)(void (*line)(void *arg, const char *text), void *arg);
    // Can this interface do its work now? If not, why[size] gets the reason for /readyz, which then
    // says no (optional). Main loop's thread.
    bool (*ready)(char *why, size_t size);
    // Without ready(), and unless without_diameter is set, an interface can work while an open
    // Diameter peer serves each of its applications (none named: any peer). /readyz tells it for
    // each interface, and says no when no such interface can work.
    uint32_t applications[FGW_APPLICATIONS_MAX]; // 0: no more
    bool without_diameter;
};

// Called from the extension's entry point. The struct must outlive the process. ERR_EXISTS: taken.
enum err fgw_interface_register(const struct fgw_interface *interface);
// Settings in force for an interface; any loop thread; valid for the current callback only.
const void *fgw_settings(const struct fgw_interface *interface);

// ---- who may do what: AGW admission ----
// May this gateway serve this subscriber / this visited PLMN? By the `gateways` section:
// per-gateway (or default, section `agw`) lists of PLMNs and IMSI prefixes. plmn NULL: only the
// IMSI is checked. ERR_FGW_PLMN_DENIED: outside the lists. ERR_FGW_UNKNOWN_GATEWAY: not listed (any
// more) and unknown ones are not allowed. ERR_DENIED: locked out. Counted and logged here. Any loop
// thread.
enum err fgw_admit(const char *gateway, const struct base_imsi *imsi, const struct base_plmn *plmn);

// ---- directory: subscriber -> AGW ----
// Kept in LMDB; survives restart. Look-ups are answered from memory-mapped pages, any thread, no
// I/O wait. Every uplink request of an interface teaches it. previous (size FGW_GATEWAY_ID_MAX+1,
// may be NULL) receives the other gateway that had the subscriber until now, or "". Visible at once
// to all threads; on disk within 50 ms, after which it survives kill -9. An unchanged mapping costs
// a look-up. ERR_FULL: storage does not keep up (counted; the caller's request need not fail).
#define FGW_GATEWAY_ID_MAX 127
// By access: a subscriber may be served over LTE by one gateway and over Wi-Fi by another, and the
// core asks for each on an interface of its own. Without _at: FGW_ACCESS_MME.
enum err fgw_directory_learn_at(enum fgw_access access, const struct base_imsi *imsi,
                                const char *gateway, char *previous);
// ERR_FGW_UNKNOWN_SUBSCRIBER; ERR_RANGE if size is too small (FGW_GATEWAY_ID_MAX+1 always fits).
enum err fgw_directory_find_at(enum fgw_access access, const struct base_imsi *imsi, char *gateway,
                               size_t size);
// Forgets the subscriber if it still belongs to this gateway (purge, withdrawal). ERR_NOT_FOUND if
// there was nothing to forget.
enum err fgw_directory_forget_at(enum fgw_access access, const struct base_imsi *imsi,
                                 const char *gateway);
static inline enum err fgw_directory_learn(const struct base_imsi *imsi, const char *gateway,
                                           char *previous)
{
    return fgw_directory_learn_at(FGW_ACCESS_MME, imsi, gateway, previous);
}
static inline enum err fgw_directory_find(const struct base_imsi *imsi, char *gateway, size_t size)
{
    return fgw_directory_find_at(FGW_ACCESS_MME, imsi, gateway, size);
}
static inline enum err fgw_directory_forget(const struct base_imsi *imsi, const char *gateway)
{
    return fgw_directory_forget_at(FGW_ACCESS_MME, imsi, gateway);
}
// Visits all gateways that have ever been learned and not expired (Reset to all). visit may call
// back into the directory.
enum err fgw_directory_gateways(void (*visit)(const char *gateway, void *arg), void *arg);

// Gateways that serve subscribers of an access whose IMSI begins with one of n prefixes of 1 to 15
// digits (a whole IMSI is one too). The directory's own thread looks, so that loops do not wait;
// 100 thousand subscribers take some 20 ms. Then, on `loop`, visit is called once for each such
// gateway and done once. If ERR_OK is not returned neither is: ERR_INVALID: a prefix is none;
// ERR_FULL: too many searches wait. done gets ERR_OK, ERR_SHUTDOWN or a failure of the storage
// (visited gateways are then not all).
enum err fgw_directory_search(struct base_loop *loop, enum fgw_access access,
                              const char *const *prefixes, size_t n,
                              void (*visit)(const char *gateway, void *arg),
                              void (*done)(enum err err, void *arg), void *arg);
// The core's server (Diameter identity) that a subscriber is registered with; "" forgets it. Stored
// as the gateway is, and kept when the subscriber moves between gateways. An unchanged one costs a
// look-up. ERR_FGW_UNKNOWN_SUBSCRIBER; ERR_FULL: storage does not keep up, or too many servers.
enum err fgw_directory_learn_host(enum fgw_access access, const struct base_imsi *imsi,
                                  const char *host);
// ERR_FGW_UNKNOWN_SUBSCRIBER; ERR_NOT_FOUND: none is known; ERR_RANGE: size is too small.
enum err fgw_directory_host(enum fgw_access access, const struct base_imsi *imsi, char *host,
                            size_t size);

// ---- calling an AGW through its tunnel ----
// As rpc_tunnel_send, with the gateway's retry policy (section `agw.calls`): a call that did not
// reach the AGW (not connected, its queue is full, its service answers UNAVAILABLE) is tried again
// within the deadline. done exactly once on this loop if ERR_OK is returned, never from inside this
// function; on any other return never.
enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx);

// ---- counting: the same families for every interface ----
// fgw_requests_total{interface,procedure,direction,peer,result} and
// fgw_latency_seconds{interface,procedure,direction}. Any thread.
enum fgw_direction { FGW_UP, FGW_DOWN };
void fgw_count(const char *interface, const char *procedure, enum fgw_direction direction,
               const char *peer, const char *result, int64_t elapsed_ns);

// ---- the loops ----
// The rpc loops, from the interfaces' start() until their stop() has returned.
size_t fgw_n_loops(void);
struct base_loop *fgw_loop(size_t i);
