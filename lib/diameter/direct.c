// SPDX-License-Identifier: BSD-3-Clause
// A request of ours on its way into its peer's queue without a detour: what the library does for it
// in its Routing-OUT thread is done here, in the thread that sends, which saves two hand-overs
// between threads. The same candidates, the same routing callbacks (the library's own, those of
// extensions, route.c last) in the same order, the same entry into the peer. Not for answers, nor
// for requests that come back (failover, rt_busypeers.fdx): these take the library's way.
// Only where interpose.c is in force, which is how the callbacks are known.
#include <errno.h>

#include "diameter/stack_int.h"

// Exported by libfdcore, declared in none of its public headers.
extern struct fd_list fd_g_activ_peers; // peers in state OPEN
extern pthread_rwlock_t fd_g_activ_peers_rw;
int fd_out_send(struct msg **msg, struct cnxctx *cnx, struct peer_hdr *peer, int routed);

enum {
    CALLBACKS_MAX = 32,
    LIBRARY_OWN = 2, // callbacks that the library registers for itself, before any other
};

struct callback {
    dia_route_fn *fn;
    void *data;
    int priority;
};

static struct {
    pthread_mutex_t mutex;               // of those who register
    struct callback list[CALLBACKS_MAX]; // highest priority first
    size_t n;
    bool incomplete; // too many, or one was taken back
    _Atomic bool ready;
} direct = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void dia_direct_callback(dia_route_fn *fn, void *data, int priority)
{
    pthread_mutex_lock(&direct.mutex);
    if (direct.n == CALLBACKS_MAX || atomic_load(&direct.ready)) {
        direct.incomplete = true;
        atomic_store(&direct.ready, false);
    } else {
        size_t at = direct.n++;
        for (; at > 0 && direct.list[at - 1].priority < priority; at--)
            direct.list[at] = direct.list[at - 1];
        direct.list[at] = (struct callback){.fn = fn, .data = data, .priority = priority};
    }
    pthread_mutex_unlock(&direct.mutex);
}

void dia_direct_callback_gone(void)
{
    pthread_mutex_lock(&direct.mutex);
    direct.incomplete = true;
    atomic_store(&direct.ready, false);
    pthread_mutex_unlock(&direct.mutex);
}

bool dia_direct_start(void)
{
    pthread_mutex_lock(&direct.mutex);
    bool ready = !direct.incomplete && direct.n > LIBRARY_OWN; // route.c is one, too
    atomic_store(&direct.ready, ready);
    pthread_mutex_unlock(&direct.mutex);
    return ready;
}

bool dia_direct_ready(void)
{
    return atomic_load_explicit(&direct.ready, memory_order_acquire);
}

// All open peers; the message keeps the list, for the library to know whom it has tried.
static enum err list_candidates(struct msg *request, struct fd_list **out)
{
    struct rt_data *route = NULL;
    int rc = fd_rtd_init(&route);
    if (rc != 0)
        return ERR_NOMEM;
    pthread_rwlock_rdlock(&fd_g_activ_peers_rw);
    for (struct fd_list *li = fd_g_activ_peers.next; rc == 0 && li != &fd_g_activ_peers;
         li = li->next) {
        const struct peer_info *info = &((const struct peer_hdr *)li->o)->info;
        rc = fd_rtd_candidate_add(route, info->pi_diamid, info->pi_diamidlen,
                                  info->runtime.pir_realm, info->runtime.pir_realmlen);
    }
    pthread_rwlock_unlock(&fd_g_activ_peers_rw);
    if (rc == 0)
        rc = fd_msg_rt_associate(request, route);
    if (rc != 0) {
        fd_rtd_free(&route);
        return rc == ENOMEM ? ERR_NOMEM : ERR_DIA_LIBRARY;
    }
    fd_rtd_candidate_extract(route, out, FD_SCORE_INI);
    return ERR_OK;
}

// A callback may have taken the request: *request is then NULL.
static enum err ask_callbacks(struct msg **request, struct fd_list *candidates)
{
    for (size_t i = 0; i < direct.n && *request; i++) {
        if (direct.list[i].fn(direct.list[i].data, request, candidates) != 0)
            return ERR_DIA_LIBRARY;
    }
    return ERR_OK;
}

// To the best candidate that takes it.
static enum err hand_over(struct msg **request, struct fd_list *candidates)
{
    if (fd_rtd_candidate_reorder(candidates) != 0)
        return ERR_DIA_LIBRARY;
    for (struct fd_list *li = candidates->prev; li != candidates; li = li->prev) {
        const struct rtd_candidate *candidate = (const struct rtd_candidate *)li;
        struct peer_hdr *peer = NULL;
        if (candidate->score < 0)
            break;
        if (fd_peer_getbyid(candidate->diamid, candidate->diamidlen, 0, &peer) != 0 || !peer ||
            fd_peer_get_state(peer) != STATE_OPEN)
            continue;
        if (fd_out_send(request, NULL, peer, 1) == 0 || !*request)
            return ERR_OK;
    }
    return ERR_DIA_NO_PEER;
}

void dia_direct_request(struct msg *request, dia_cookie cookie, const struct timespec *forget)
{
    struct fd_list *candidates = NULL;
    enum err err = ERR_OK;
    if (fd_msg_anscb_associate(request, dia_on_answer, (void *)(uintptr_t)cookie, dia_on_expiry,
                               forget) != 0)
        err = ERR_DIA_LIBRARY;
    if (err == ERR_OK)
        err = list_candidates(request, &candidates);
    if (err == ERR_OK)
        err = ask_callbacks(&request, candidates);
    if (err == ERR_OK && request)
        err = hand_over(&request, candidates);
    if (err == ERR_OK)
        return;
    if (err == ERR_DIA_NO_PEER)
        dia_count(DIA_COUNT_ROUTING);
    if (request)
        fd_msg_free(request);
    dia_tx_end(cookie, err, NULL, NULL);
}
