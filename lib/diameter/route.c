// SPDX-License-Identifier: BSD-3-Clause
// Which peer gets a request. Runs last of the routing callbacks, in the thread that sends
// (direct.c) or in the library's Routing-OUT thread, on scores that say who may have it; picks the
// least loaded of the best and keeps everybody else out. The cap also keeps a peer that does not
// read from filling its socket: the library would hold up the traffic to all peers for a second
// over that. A request nobody can take is ended here. (Left to the library, it would come back as
// an answer through three bounded queues, and those can block each other.)
#include "diameter/avp.h"
#include "diameter/stack_int.h"

enum {
    LAST = -1000,  // priority: after everything that gives points
    OUT = -100000, // score of a candidate that must not be used
};

static uint32_t max_in_flight;
static _Atomic unsigned rotation;

struct choice {
    struct rtd_candidate *candidate;
    int score;
    long load;
    bool full; // at its cap
};

// A relay agent is the way to every realm that has no peer of its own here. Its score is then the
// one every candidate begins with; rules of rt_*.fdx give more.
static bool eligible(const struct rtd_candidate *candidate, const struct peer_hdr *peer)
{
    return candidate->score >= 0 || peer->info.runtime.pir_relay;
}

// The peer of ours that the request is for and nobody else but an agent (dia_exact_hosts), or NULL.
static const struct peer_hdr *only_peer(struct msg *msg, const struct msg_hdr *hdr)
{
    struct peer_hdr *peer = NULL;
    const uint8_t *host;
    size_t len;
    if (!dia_is_exact(hdr->msg_appl) ||
        dia_get_bytes(msg, AVP_DESTINATION_HOST, &host, &len) != ERR_OK ||
        fd_peer_getbyid((char *)(uintptr_t)host, len, 1, &peer) != 0 || !peer)
        return NULL;
    const struct dia_peer *ours = dia_peer_of(peer);
    bool gone = ours && atomic_load_explicit(&ours->disabled, memory_order_relaxed);
    return gone ? NULL : peer; // taken out of the configuration: reached some other way, if at all
}

static bool look_at(struct rtd_candidate *candidate, const struct peer_hdr *only,
                    struct choice *out)
{
    struct peer_hdr *peer = NULL;
    long unanswered = 0;
    int unsent = 0;
    if (candidate->score < FD_SCORE_INI)
        return false;
    if (fd_peer_getbyid(candidate->diamid, candidate->diamidlen, 0, &peer) != 0 || !peer ||
        fd_peer_get_state(peer) != STATE_OPEN || !eligible(candidate, peer))
        return false;
    if (only && peer != only && !peer->info.runtime.pir_relay)
        return false;
    const struct dia_peer *ours = dia_peer_get(candidate->diamid, candidate->diamidlen);
    if (ours && atomic_load_explicit(&ours->disabled, memory_order_relaxed))
        return false;
    // the library's own counts: what its list, walked linearly, really holds, and will hold in a
    // moment
    fd_peer_get_load_pending(peer, &unanswered, NULL);
    fd_stat_getstats(STAT_P_TOSEND, peer, &unsent, NULL, NULL, NULL, NULL, NULL, NULL);
    *out = (struct choice){
        .candidate = candidate, .score = candidate->score, .load = unanswered + unsent};
    out->full = out->load >= (long)max_in_flight;
    return true;
}

// Better score first; of equals those with room, then the less loaded.
static bool better(const struct choice *a, const struct choice *b)
{
    if (!b->candidate || a->score != b->score)
        return !b->candidate || a->score > b->score;
    if (a->full != b->full)
        return b->full;
    return a->load < b->load;
}

static struct choice choose(struct fd_list *candidates, const struct peer_hdr *only)
{
    struct choice best = {0};
    size_t n = 0, skip;
    for (struct fd_list *li = candidates->next; li != candidates; li = li->next)
        n++;
    // begin at another one each time, so that equals take turns
    skip = n ? atomic_fetch_add_explicit(&rotation, 1, memory_order_relaxed) % n : 0;
    struct fd_list *li = candidates->next;
    while (skip-- > 0)
        li = li->next;
    for (size_t i = 0; i < n; i++, li = li->next) {
        struct choice c;
        if (li == candidates)
            li = li->next;
        struct rtd_candidate *candidate = (struct rtd_candidate *)li;
        if (look_at(candidate, only, &c) && better(&c, &best))
            best = c;
    }
    return best;
}

static enum err decide(struct msg *msg, dia_cookie cookie, struct fd_list *candidates)
{
    struct msg_hdr *hdr = NULL;
    if (fd_msg_hdr(msg, &hdr) != 0)
        return ERR_DIA_LIBRARY;
    bool again = hdr->msg_flags & CMD_FLAG_RETRANSMIT;
    if (again && (cookie & DIA_COOKIE_NO_FAILOVER))
        return ERR_DIA_PEER_LOST;
    struct choice best = choose(candidates, only_peer(msg, hdr));
    if (!best.candidate)
        return again ? ERR_DIA_PEER_LOST : ERR_DIA_NO_PEER;
    if (best.full)
        return ERR_DIA_BUSY;
    // Only the chosen one stays: the library would otherwise pick among equals by lot. Should it
    // close at this moment the library answers for it.
    for (struct fd_list *li = candidates->next; li != candidates; li = li->next) {
        if (li != &best.candidate->chain)
            ((struct rtd_candidate *)li)->score = OUT;
        else if (best.candidate->score < 0)
            best.candidate->score = FD_SCORE_DEFAULT; // below zero the library would not send
    }
    return ERR_OK;
}

static int on_route(void *data, struct msg **msg, struct fd_list *candidates)
{
    dia_cookie cookie;
    if (!dia_tx_cookie(*msg, &cookie))
        return 0; // not ours
    int before = dia_no_cancel();
    enum err err = decide(*msg, cookie, candidates);
    if (err != ERR_OK) {
        fd_msg_free(*msg);
        *msg = NULL;
        if (err == ERR_DIA_BUSY)
            dia_count(DIA_COUNT_BUSY);
        dia_tx_end(cookie, err, NULL, NULL);
    }
    dia_cancel_again(before);
    return 0;
}

enum err dia_route_start(uint32_t cap)
{
    struct fd_rt_out_hdl *handle;
    max_in_flight = cap;
    return fd_rt_out_register(on_route, NULL, LAST, &handle) == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}
