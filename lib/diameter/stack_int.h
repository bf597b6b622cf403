// SPDX-License-Identifier: BSD-3-Clause
// What the files of the stack share. Not for other rooms.
//   stack.c    start and stop, the library's log
//   tx.c       requests to the core, per loop
//   capabilities.c  what CER and CEA say of us
//   late.c     answers that nobody waits for any more
//   direct.c   a request straight into its peer's queue
//   route.c    which peer, caps
//   exact.c    applications for which a named host is the only one
//   sender.c   the one thread that calls fd_msg_send: answers; requests where direct.c cannot
//   inbound.c  requests from the core
//   hooks.c    what the library tells on its way
//   peers.c    table of peers
//   reload.c   ConnectPeer again (peer_conf.c reads it)
//   rescue.c, coalesce.c, early.c, target.c  what interpose.c does
//   counts.c   metrics
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "diameter/interpose.h"
#include "diameter/peer_conf.h"
#include "diameter/stack.h"

extern struct base_log_cat log_dia;

// Exported by libfdcore in every release, declared in none.
int fd_psm_terminate(struct peer_hdr *peer, char *reason);

enum dia_phase { DIA_IDLE, DIA_READY, DIA_RUNNING, DIA_DRAINING, DIA_STOPPED };

enum {
    DIA_LOOPS_MAX = 128,
    DIA_PEERS_MAX = 256,
    DIA_CAPACITY_MAX = (1 << 24) - 2, // index bits of a cookie
};

// The library's threads may be cancelled at any cancellation point; nothing of ours is written for
// that. Around everything in a callback that takes a lock or allocates.
static inline int dia_no_cancel(void)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}
static inline void dia_cancel_again(int before)
{
    int ignored;
    pthread_setcancelstate(before, &ignored);
}

// ---- peers.c ----
// One per identity ever seen; never freed, so pointers may be kept and read anywhere.
struct dia_peer {
    char identity[256];
    size_t len;
    char realm[256];       // under the table's mutex
    _Atomic bool disabled; // no traffic: no longer configured
    _Atomic int state;     // enum peer_state as last seen by the watch
    _Atomic uint64_t requests, answers, timeouts, failovers;
    _Atomic bool dead_reported;
    unsigned number; // index in the table
};
// Finds or adds. NULL when the table is full. Any thread.
struct dia_peer *dia_peer_get(const char *identity, size_t len);
struct dia_peer *dia_peer_of(struct peer_hdr *peer); // NULL gives NULL
struct dia_peer *dia_peer_at(unsigned number);       // NULL beyond
void dia_peer_set_realm(struct dia_peer *peer, const char *realm, size_t len);
// Looks at the state of every peer and tells what changed; twice a second, sender thread.
void dia_peers_watch(void);
const char *dia_peer_state_name(int state); // "OPEN"
// Says goodbye (DPR) to all and waits for them to go; false if one did not within wait_ms.
bool dia_peers_terminate(int64_t wait_ms);

// ---- tx.c ----
// What the library carries for us in the pointer of its callbacks: loop, handle and no_failover.
typedef uint64_t dia_cookie;
#define DIA_COOKIE_NO_FAILOVER ((uint64_t)1 << 31)

struct dia_tx_loop;
struct dia_tx_loop *dia_tx_loop_of(struct base_loop *loop);
struct base_loop *dia_tx_loop_at(size_t i); // NULL beyond
size_t dia_tx_n_loops(void);
// Ends a transaction from any thread: hands answer (owned, may be NULL) and err to its loop.
void dia_tx_end(dia_cookie cookie, enum err err, struct msg *answer, struct dia_peer *peer);
// The request was written to this peer. Any thread.
void dia_tx_sent(dia_cookie cookie, const struct dia_peer *peer);
// Hands an answer that belongs to no transaction (owned) to a loop, as a late one.
void dia_tx_stray(struct msg *answer, struct dia_peer *peer);
// The cookie of a request of ours; false if it is not one.
bool dia_tx_cookie(struct msg *request, dia_cookie *out);
void dia_on_answer(void *data, struct msg **answer); // fd_msg_send callbacks
void dia_on_expiry(void *data, DiamId_t peer, size_t len, struct msg **request);
uint64_t dia_tx_live(void);           // transactions not ended, all loops
void dia_tx_end_all(int64_t wait_ms); // SHUTDOWN for all, on their loops
void dia_tx_detach(void);             // loops are about to go; whatever still comes is dropped

// ---- late.c ----
// On a loop: tells whoever wants to know of late answers of this kind, and may take it (NULL then).
void dia_late(struct base_loop *loop, struct msg **answer, const struct dia_peer *peer);
// The library is about to throw this away; message and peer are its own. Its threads.
void dia_late_dropped(struct msg *msg, struct dia_peer *peer);

// ---- sender.c ----
enum err dia_sender_start(uint32_t max_queue);
void dia_sender_stop(int64_t wait_ms);
// Requests are bounded by max_queue (ERR_FULL, msg stays the caller's). deadline_ns: past it the
// request is dropped, because its transaction has ended.
enum err dia_sender_request(struct msg *msg, dia_cookie cookie, int64_t deadline_ns);
// Answers were admitted with their request. Takes msg.
void dia_sender_answer(struct msg *msg);
size_t dia_sender_queued(void);

// When the library is to forget a request: on its clock, a little after our own timer.
struct timespec dia_library_deadline(int64_t deadline_ns);

// ---- direct.c ----
// After the last routing callback was registered; false: requests take the library's way.
bool dia_direct_start(void);
bool dia_direct_ready(void);
// Sends, or ends the transaction. Takes request. Any thread; does not block.
void dia_direct_request(struct msg *request, dia_cookie cookie, const struct timespec *forget);

// ---- inbound.c ----
uint64_t dia_inbound_live(void); // requests from the core not yet answered
enum err dia_inbound_register_all(void);

// ---- capabilities.c ----
void dia_capabilities_start(const struct dia_stack_config *config);
void dia_capabilities_sending(struct msg *msg); // any message, in the thread that sends it

// ---- exact.c, route.c, hooks.c, rescue.c ----
bool dia_is_exact(uint32_t application);
enum err dia_route_start(uint32_t max_in_flight);
enum err dia_hooks_start(void);
// Was this answer rescued from a parse error by the interposer in this thread? Says which, once.
enum err dia_rescue_take(const struct msg *answer);

// ---- reload.c ----
// Remembers what the configuration said at start.
enum err dia_reload_prepare(const char *conf_path);

// ---- counts.c ----
enum dia_count {
    DIA_COUNT_LATE,          // answer to a transaction that has ended
    DIA_COUNT_DROPPED,       // the library threw a message away
    DIA_COUNT_ROUTING,       // it found no way for a message
    DIA_COUNT_PARSING,       // it could not parse a message
    DIA_COUNT_RESCUED,       // answers of those that reached us all the same
    DIA_COUNT_BUSY,          // refused: all peers at their cap, or queue full
    DIA_COUNT_QUEUE_TIMEOUT, // deadline passed in the sender's queue
    DIA_COUNT_NO_MEMORY,
    DIA_COUNT_INBOUND_REFUSED, // request from the core answered TOO_BUSY
    DIA_COUNT_INBOUND_LOST,    // request or answer dropped for overload
    DIA_COUNT_INBOUND_LATE,    // our answer came after the deadline
    DIA_COUNTS
};
void dia_count(enum dia_count what);
void dia_counts_start(void);
void dia_count_request(const struct dia_peer *peer, const char *procedure, enum err err,
                       const struct dia_result *result, int64_t elapsed_ns);
void dia_count_inbound(const struct dia_peer *peer, const char *procedure,
                       const struct dia_result *result, int64_t elapsed_ns);
void dia_count_failover(const struct dia_peer *peer);

// ---- stack.c ----
enum dia_phase dia_phase(void);
int64_t dia_inbound_deadline_setting_ms(void);
// The library has ended itself: the process must end.
void dia_stack_fail(const char *why);
// After the first connection: are the functions of interpose.c in force?
void dia_stack_self_test(void);
