// SPDX-License-Identifier: BSD-3-Clause
// libfdcore, embedded and tamed: start and stop, peers, requests with our own deadlines, requests
// from the core parked until the gateway has answered.
// Sending never blocks the caller: requests go straight into their peer's queue (direct.c), what
// may wait goes through one sender thread. Callbacks run on the caller's loop.
// Not for translation (xlate.h) and not for what to do with an answer (extensions/).
#pragma once

#include "base/handle.h"
#include "base/loop.h"
#include "diameter/dict.h"
#include "diameter/msg.h"

struct dia_stack_config {
    const char *conf_path;        // freeDiameter configuration file
    uint32_t max_in_flight_peer;  // 0: 1000
    uint32_t max_queue; // requests waiting for the sender thread, where direct.c cannot; 0: 4000
    int64_t inbound_deadline_ms;  // a parked request from the core is answered by us after; 0: 8 s
    bool interposed; // the executable carries interpose.c: check at start that it works
    // An extension of somebody else's freeDiameterd: the library is initialised, started and shut
    // down by it. dia_stack_init while extensions load, dia_stack_start once the library has
    // started.
    bool hosted;
    // What peers are told of us in CER and CEA; copied.
    const char *product_name;          // NULL: the library's
    uint32_t vendor_id;                // 0: the library's
    const uint32_t *supported_vendors; // Supported-Vendor-Ids; none: those of the dictionaries
    size_t n_supported_vendors;        // at most DIA_SUPPORTED_VENDORS_MAX
};
enum { DIA_SUPPORTED_VENDORS_MAX = 32, DIA_PRODUCT_NAME_MAX = 127 };

// Initialises libfdcore, reads its configuration (which loads the extensions), then dia_stack_start
// starts peers and the sender. Main thread. One stack per process (the library allows one).
enum err dia_stack_init(const struct dia_stack_config *config);
enum err dia_stack_start(void);
// Refuses new requests, waits for those in flight at most grace_ms, ends the rest with ERR_SHUTDOWN
// on their loops (which should still run), and says goodbye to the peers (DPR). Blocks for at most
// grace_ms + 6 s. Threads of the library stay until the process ends, which it should then do;
// extensions stay mapped.
void dia_stack_stop(int64_t grace_ms);
// True once self-test saw that the interposed functions are really called (after the first CEA).
bool dia_stack_interposed_ok(void);
// The library works no longer (a thread of it met an error it cannot handle); the process has been
// sent SIGTERM and should exit with an error, so that its manager restarts it.
bool dia_stack_failed(void);

const char *dia_origin_host(void);
const char *dia_origin_realm(void);

// ---- requests toward the core ----
// How a request ended; exactly once per request, on the loop that sent it.
struct dia_outcome {
    // OK: answer is set. DIA_BAD_ANSWER: it may be. TIMEOUT, DIA_NO_PEER, DIA_BUSY, DIA_PEER_LOST,
    // SHUTDOWN ...
    enum err err;
    struct msg *answer;  // borrowed for the callback, freed by the stack afterwards
    const char *peer;    // Diameter identity that answered, or was asked last; "" if none
    bool moved; // the library took it back from another peer, which may have served it all the same
    int64_t elapsed_ns;
};
typedef void (*dia_done)(void *ctx, const struct dia_outcome *outcome);

struct dia_send_options {
    int64_t timeout_ms;
    bool no_failover;     // do not let the library re-send this request to another peer (CCR: CCFH)
    const char *procedure; // static text for metrics: "AIR"
};
// Takes ownership of *request and sets it to NULL, in every case. On ERR_OK done will be called
// exactly once, later; on ERR_DIA_BUSY, ERR_DIA_NO_PEER, ERR_SHUTDOWN it will not. Any loop thread.
// *out (may be NULL) can be used to cancel.
enum err dia_send(struct base_loop *loop, struct msg **request,
                  const struct dia_send_options *options, dia_done done, void *ctx,
                  base_handle *out);
// done will not be called; a later answer is counted and dropped. Loop thread that sent.
void dia_cancel(struct base_loop *loop, base_handle handle);
// Answers to requests that have ended: after their time, after the library has forgotten them or
// sent them elsewhere, and second ones. fn may look at the answer, or take it and set *answer to
// NULL; else it is freed. On the loop that sent the request where that is still known, otherwise on
// any. Answers that break a rule of the dictionary are not told. Before the stack starts. ERR_FULL.
typedef void (*dia_late_fn)(void *ctx, struct base_loop *loop, struct msg **answer,
                            const char *peer);
enum err dia_on_late(uint32_t application, uint32_t command, dia_late_fn fn, void *ctx);
// Prepares a loop for dia_send (its transaction table). Before the loop is used; capacity: most
// requests.
enum err dia_loop_attach(struct base_loop *loop, size_t capacity);

// ---- requests from the core ----
struct dia_inbound; // a parked request; owned by the stack until answered
// Called on one of the attached loops (by hash of Session-Id).
typedef void (*dia_inbound_fn)(void *ctx, struct dia_inbound *inbound);
// Registers an application's command; at extension load. advertise: put it in CER (auth
// application).
enum err dia_accept(uint32_t application, uint32_t command, dia_inbound_fn fn, void *ctx);
enum err dia_advertise(uint32_t application, uint32_t vendor);
// Borrowed until the answer is sent. NULL once the deadline has passed.
struct msg *dia_inbound_request(struct dia_inbound *inbound);
const char *dia_inbound_peer(const struct dia_inbound *inbound);
struct base_loop *dia_inbound_loop(const struct dia_inbound *inbound);
int64_t dia_inbound_deadline_ns(const struct dia_inbound *inbound);
// Creates the answer (Session-Id, Origin-Host/Realm, Proxy-Info copied); caller fills and sends it
// in the same callback, because the deadline no longer runs. ERR_TIMEOUT: the deadline has passed
// and the stack has answered; dia_inbound_send (with NULL) or dia_inbound_result still has to be
// called, to give it back.
enum err dia_inbound_answer(struct dia_inbound *inbound, struct msg **answer);
// Throws that answer away, because it could not be filled; the request waits for another one, in
// the same callback. Frees *answer.
void dia_inbound_take_back(struct dia_inbound *inbound, struct msg **answer);
// Sends it, takes ownership of *answer; the inbound is invalid afterwards. Exactly one per inbound.
// If the deadline has passed, the stack has answered DIAMETER_UNABLE_TO_DELIVER (3002) and this one
// is dropped and counted.
void dia_inbound_send(struct dia_inbound *inbound, struct msg **answer);
// Shortcut: answers with a result only (vendor 0: Result-Code; else Experimental-Result).
void dia_inbound_result(struct dia_inbound *inbound, uint32_t vendor, uint32_t code);

// Servers of this application keep sessions. A request of ours that names a host which is one of
// our peers goes there or to a relay agent, never to another server of the realm: with the host
// away it ends with ERR_DIA_NO_PEER, or ERR_DIA_PEER_LOST if it had gone out. Before the stack
// starts, one thread. ERR_FULL.
enum err dia_exact_hosts(uint32_t application);

// ---- peers ----
struct dia_peer_info {
    const char *identity, *realm, *state; // "OPEN", "CLOSED" ...
    bool disabled;
    uint32_t in_flight;
    uint64_t requests, answers, timeouts, failovers;
    bool relay;                   // takes every application
    const uint32_t *applications; // that it named when it connected; while it is open
    size_t n_applications;
};
// Any thread.
void dia_peer_each(void (*visit)(const struct dia_peer_info *peer, void *arg), void *arg);
// Reads conf_path again: adds new ConnectPeers, disables those no longer named (no traffic, DPR),
// and reports through `note` (one line each) what was done and what needs a restart.
enum err dia_stack_reload(void (*note)(const char *line, void *arg), void *arg);
