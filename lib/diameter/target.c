// SPDX-License-Identifier: BSD-3-Clause
// Nothing gets lost, or ends the process, while a connection changes hands. Whoever has something
// to tell about a connection asks the library for its queue, and then posts there. When the peer's
// state machine takes the connection over, after it has sent CER, the library moves what is in that
// queue to the one of the peer: a CEA that comes just then is posted to the old one, which nobody
// reads any more, or finds it marked as dead, and then the library gives up. Here asking and
// posting are one step, which does not happen during the move.
// Only where interpose.c is in force.
#include <string.h>

#include "diameter/stack_int.h"

// A connection that changes hands does not wait for the traffic of all others to pause.
static pthread_rwlock_t moving = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

// What this thread asked for last.
static _Thread_local struct {
    struct cnxctx *cnx;
    struct fifo *queue;
} asked;

struct fifo *dia_target_ask(dia_target *ask, struct cnxctx *cnx)
{
    asked.cnx = cnx;
    return asked.queue = ask(cnx);
}

int dia_target_post(dia_target *ask, dia_event_send *post, struct fifo *queue, int code, size_t len,
                    void *data)
{
    struct cnxctx *cnx = asked.queue == queue ? asked.cnx : NULL;
    memset(&asked, 0, sizeof(asked));
    if (!cnx)
        return post(queue, code, len, data);
    int before = dia_no_cancel();
    pthread_rwlock_rdlock(&moving);
    int rc = post(ask(cnx), code, len, data);
    pthread_rwlock_unlock(&moving);
    dia_cancel_again(before);
    return rc;
}

int dia_target_move(dia_move *move, struct cnxctx *cnx, struct fifo *to)
{
    int before = dia_no_cancel();
    pthread_rwlock_wrlock(&moving);
    int rc = move(cnx, to);
    pthread_rwlock_unlock(&moving);
    dia_cancel_again(before);
    return rc;
}
