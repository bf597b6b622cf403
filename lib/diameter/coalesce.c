// SPDX-License-Identifier: BSD-3-Clause
// Fewer system calls on the library's TCP connections. It writes every message by itself and reads
// each in two pieces, four bytes and the rest, which under load is a third of what a transaction
// costs. Here one write takes all that a peer's OUT thread finds in its queue, and one read all
// that the socket holds. What is written and read stays the same, and in the same order.
// Not for SCTP, where a message is a record of its own, and reading not for TLS, which has its own
// buffer below.
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "diameter/interpose.h"
#include "diameter/stack_int.h"

enum {
    OUT_BYTES = 64 * 1024,
    IN_BYTES = 64 * 1024,
};

enum role { NEITHER, SENDS, RECEIVES };

// One thread of the library sends on a connection while it is open, and another one reads from it,
// from the first byte to the last; both are named for that. So what they buffer is theirs.
struct side {
    enum role role;
    struct cnxctx *cnx; // whose bytes are waiting; out only
    size_t start, end;
    uint8_t bytes[];
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct side *mine;

static void make_key(void)
{
    (void)pthread_key_create(&key, free);
}

void dia_coalesce_thread(const char *name)
{
    enum role role = strncmp(name, "OUT/", 4) == 0                                       ? SENDS
                     : strncmp(name, "Receiver (", 10) == 0 && strstr(name, "TCP/noTLS") ? RECEIVES
                                                                                         : NEITHER;
    if (role == NEITHER || mine)
        return;
    pthread_once(&once, make_key);
    struct side *side = malloc(sizeof(*side) + (role == SENDS ? OUT_BYTES : IN_BYTES));
    if (!side)
        return; // one system call per message, then
    *side = (struct side){.role = role};
    if (pthread_setspecific(key, side) != 0) // which frees it when the thread ends
        free(side);
    else
        mine = side;
}

int dia_coalesce_flush(dia_write *write)
{
    struct side *side = mine;
    if (!side || side->role != SENDS || side->end == 0)
        return 0;
    size_t len = side->end;
    side->end = 0; // whatever happens: a cancelled thread does not come back
    return write(side->cnx, side->bytes, len);
}

int dia_coalesce_write(dia_write *write, struct cnxctx *cnx, int protocol, uint8_t *data,
                       size_t len)
{
    struct side *side = mine;
    int rc = 0;
    if (!side || side->role != SENDS || protocol != IPPROTO_TCP)
        return write(cnx, data, len);
    if (side->end + len > OUT_BYTES || side->cnx != cnx)
        rc = dia_coalesce_flush(write);
    if (rc != 0 || len > OUT_BYTES)
        return rc != 0 ? rc : write(cnx, data, len);
    side->cnx = cnx;
    memcpy(side->bytes + side->end, data, len);
    side->end += len;
    return 0;
}

bool dia_coalesce_pending(void)
{
    return mine && mine->role == SENDS && mine->end > 0;
}

ssize_t dia_coalesce_read(dia_read *read, struct cnxctx *cnx, void *into, size_t len)
{
    struct side *side = mine;
    if (!side || side->role != RECEIVES)
        return read(cnx, into, len);
    if (side->start == side->end) {
        if (len >= IN_BYTES)
            return read(cnx, into, len);
        ssize_t n = read(cnx, side->bytes, IN_BYTES);
        if (n <= 0)
            return n;
        side->start = 0;
        side->end = (size_t)n;
    }
    if (len > side->end - side->start)
        len = side->end - side->start;
    memcpy(into, side->bytes + side->start, len);
    side->start += len;
    return (ssize_t)len;
}
