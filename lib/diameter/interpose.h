// SPDX-License-Identifier: BSD-3-Clause
// What the functions that interpose.c puts in the place of the library's do. Only for interpose.c
// and the stack; interpose.c itself must be compiled into the executable, because the dynamic
// linker takes the executable's definition before that of a library.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "diameter/dict.h"

// Exported by libfdcore, declared in none of its public headers.
extern struct fifo *fd_g_incoming; // what was received and is to be routed

// fd_msg_parse_or_error: a request that breaks the rules gets a complete error answer; an answer
// that does reaches its callback all the same, parsed as far as it can be, and marked.
int dia_interpose_parse(struct msg **msg, struct msg **error);
// fd_fifo_post, where the library hands on what it has received: an answer to a request of ours
// ends its transaction at once, in the thread of its peer, instead of going through two more
// threads (Routing-IN, Dispatch) which would do nothing else with it. True if it was one; *item is
// then NULL. Protocol errors (E bit) take the long way, because rt_busypeers.fdx and
// rt_redirect.fdx wait for them there. A request that would stop the library (a decorated user
// name, a Session-Id or Proxy-Info that it cannot copy) is refused here.
bool dia_interpose_post(struct fifo *queue, void **item);
// fd_fifo_new: least room of the library's bounded queues; beyond the cap of a peer, so that a
// thread which sends never waits for a peer.
int dia_interpose_fifo_least(void);
void dia_interpose_fifo_set(uint32_t max_in_flight);
// fd_out_send of the router: a peer that is no longer connected gets no message through a
// connection that its own thread is taking down. An answer is then dropped (*msg is NULL, 0
// returned), a request refused (errno), so that the router tries the next peer. _not_out: the same
// after the library has refused; an error of this kind would otherwise end its router and with it
// the process.
int dia_interpose_out(struct msg **msg, struct peer_hdr *peer);
int dia_interpose_not_out(struct msg **msg, int rc);
// coalesce.c: fewer system calls on TCP connections. _thread learns from the name that a thread of
// the library gives itself what it is; the others do nothing in threads of other names. write and
// read are the library's own. _write keeps the bytes until there is no room for the next, or
// _flush, which must follow before the thread waits (_pending: there is something to flush); an
// error of either is one of the connection.
struct cnxctx; // a connection of the library
typedef int dia_write(struct cnxctx *cnx, uint8_t *data, size_t len);
typedef ssize_t dia_read(struct cnxctx *cnx, void *into, size_t len);
void dia_coalesce_thread(const char *name);
int dia_coalesce_write(dia_write *write, struct cnxctx *cnx, int protocol, uint8_t *data,
                       size_t len);
bool dia_coalesce_pending(void);
int dia_coalesce_flush(dia_write *write);
ssize_t dia_coalesce_read(dia_read *read, struct cnxctx *cnx, void *into, size_t len);
// early.c: an answer goes on in the thread that has read it. _thread learns which thread that is,
// _waits and _fetches (fd_event_timedget, fd_p_sr_fetch: a peer's state machine waits for an event,
// and looks for the request to an answer) what belongs to a peer. _answer (fd_event_send of what
// was received): true if it has taken the data; *out is then the answer with its request, to be
// posted as received, or NULL if nobody had asked.
struct sr_list; // what was sent to a peer and is not answered
void dia_early_thread(const char *name);
void dia_early_waits(struct fifo *events);
void dia_early_fetches(struct sr_list *sent);
bool dia_early_answer(struct fifo *events, uint8_t *data, size_t len, struct msg **out);
// target.c: a connection changes hands. _ask (fd_cnx_target_queue): where what is told about it
// goes; _post (fd_event_send): tells it there, or if it has been handed over since, where it goes
// now; _move (fd_cnx_recv_setaltfifo): hands it over. ask, post and move are the library's own.
typedef struct fifo *dia_target(struct cnxctx *cnx);
typedef int dia_event_send(struct fifo *queue, int code, size_t len, void *data);
typedef int dia_move(struct cnxctx *cnx, struct fifo *to);
struct fifo *dia_target_ask(dia_target *ask, struct cnxctx *cnx);
int dia_target_post(dia_target *ask, dia_event_send *post, struct fifo *queue, int code, size_t len,
                    void *data);
int dia_target_move(dia_move *move, struct cnxctx *cnx, struct fifo *to);
// fd_rt_out_register, fd_rt_out_unregister: direct.c asks the same callbacks as the library.
typedef int dia_route_fn(void *data, struct msg **msg, struct fd_list *candidates);
void dia_direct_callback(dia_route_fn *fn, void *data, int priority);
void dia_direct_callback_gone(void);
// Call counts, for the self-test (dia_stack_interposed_ok) after the first connection.
enum dia_interposed {
    DIA_INTERPOSED_PARSE,
    DIA_INTERPOSED_SEARCH,
    DIA_INTERPOSED_SETSOCKOPT,
    DIA_INTERPOSED
};
void dia_interpose_seen(enum dia_interposed what);
bool dia_interpose_was_seen(enum dia_interposed what);
// fd_core_shutdown: a thread of the library (or an extension) has given up. The library does not
// take itself apart while everything else runs; the process is asked to end (dia_stack_failed).
void dia_interpose_shutdown(void);
