// SPDX-License-Identifier: BSD-3-Clause
// What the functions that interpose.c puts in the place of the library's do. Only for interpose.c
// and the stack; interpose.c itself must be compiled into the executable, because the dynamic
// linker takes the executable's definition before that of a library.
#pragma once

#include <stdbool.h>

#include "diameter/dict.h"

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
// fd_fifo_new: least room of the library's bounded queues.
#define DIA_FIFO_LEAST 1024
// fd_out_send of the router: a peer that is no longer connected gets no message through a
// connection that its own thread is taking down. An answer is then dropped (*msg is NULL, 0
// returned), a request refused (errno), so that the router tries the next peer. _not_out: the same
// after the library has refused; an error of this kind would otherwise end its router and with it
// the process.
int dia_interpose_out(struct msg **msg, struct peer_hdr *peer);
int dia_interpose_not_out(struct msg **msg, int rc);
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
