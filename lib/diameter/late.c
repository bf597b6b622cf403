// SPDX-License-Identifier: BSD-3-Clause
// Answers that nobody waits for any more, for those who must know of them all the same: what was
// asked for has happened at the server. Most come while the library still knows the request (tx.c);
// once it has forgotten it, or sent it to another peer, it throws the answer away, which its hook
// tells. Not for answers to requests that are under way.
#include <stdlib.h>

#include "diameter/stack_int.h"

enum { LISTENERS_MAX = 16 };

static struct {
    struct {
        uint32_t application, command;
        dia_late_fn fn;
        void *ctx;
    } list[LISTENERS_MAX];
    size_t n;
} listeners;

enum err dia_on_late(uint32_t application, uint32_t command, dia_late_fn fn, void *ctx)
{
    if (listeners.n == LISTENERS_MAX)
        return ERR_FULL;
    listeners.list[listeners.n].application = application;
    listeners.list[listeners.n].command = command;
    listeners.list[listeners.n].fn = fn;
    listeners.list[listeners.n].ctx = ctx;
    listeners.n++;
    return ERR_OK;
}

static bool is_listener(size_t i, const struct msg_hdr *hdr)
{
    return listeners.list[i].application == hdr->msg_appl &&
           listeners.list[i].command == hdr->msg_code;
}

void dia_late(struct base_loop *loop, struct msg **answer, const struct dia_peer *peer)
{
    struct msg_hdr *hdr = NULL;
    if (fd_msg_hdr(*answer, &hdr) != 0)
        return;
    for (size_t i = 0; i < listeners.n && *answer; i++)
        if (is_listener(i, hdr))
            listeners.list[i].fn(listeners.list[i].ctx, loop, answer, peer ? peer->identity : "");
}

// A copy: what the library throws away it frees after the hook.
void dia_late_dropped(struct msg *msg, struct dia_peer *peer)
{
    struct msg_hdr *hdr = NULL;
    struct msg *copy = NULL;
    uint8_t *bytes = NULL;
    size_t len, i = 0;
    if (fd_msg_hdr(msg, &hdr) != 0 || (hdr->msg_flags & (CMD_FLAG_REQUEST | CMD_FLAG_ERROR)))
        return;
    while (i < listeners.n && !is_listener(i, hdr))
        i++;
    if (i == listeners.n || dia_msg_bytes(msg, &bytes, &len) != ERR_OK)
        return;
    if (dia_msg_parse(bytes, len, &copy) == ERR_OK)
        dia_tx_stray(copy, peer);
    free(bytes);
}
