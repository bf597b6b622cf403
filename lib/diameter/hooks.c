// SPDX-License-Identifier: BSD-3-Clause
// Our own hooks at every point where the library has one. Its default hooks format each message to
// text under a global mutex, and dump it whole when it is dropped; these count.
#include "diameter/stack_int.h"

static void on_sent(struct msg *msg, struct peer_hdr *hdr)
{
    dia_cookie cookie;
    if (!hdr || !dia_tx_cookie(msg, &cookie)) // answers have no callback
        return;
    struct dia_peer *peer = dia_peer_of(hdr);
    if (peer) {
        dia_tx_sent(cookie, peer);
        atomic_fetch_add_explicit(&peer->requests, 1, memory_order_relaxed);
    }
}

static void on_failover(struct peer_hdr *hdr)
{
    struct dia_peer *peer = dia_peer_of(hdr);
    if (!peer)
        return;
    atomic_fetch_add_explicit(&peer->failovers, 1, memory_order_relaxed);
    dia_count_failover(peer);
}

static void tell(enum dia_count count, struct peer_hdr *hdr, const char *what, const void *why)
{
    const struct dia_peer *peer = dia_peer_of(hdr);
    const struct base_log_subject subject = {.peer = peer ? peer->identity : NULL};
    dia_count(count);
    base_log_limited(&log_dia, BASE_LOG_INFO, &subject, "%s: %.200s", what,
                     why ? (const char *)why : "no reason given");
}

static void on_connected(struct peer_hdr *hdr)
{
    struct dia_peer *peer = dia_peer_of(hdr);
    const struct peer_info *info = &hdr->info;
    if (peer && info->runtime.pir_realm)
        dia_peer_set_realm(peer, info->runtime.pir_realm, info->runtime.pir_realmlen);
    dia_stack_self_test();
}

static void on_not_connected(struct peer_hdr *hdr, const void *why)
{
    const struct dia_peer *peer = dia_peer_of(hdr);
    const struct base_log_subject subject = {.peer = peer ? peer->identity : NULL};
    base_log_limited(&log_dia, BASE_LOG_WARN, &subject, "not connected: %.200s",
                     why ? (const char *)why : "no reason given");
}

static void on_hook(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer, void *other,
                    struct fd_hook_permsgdata *pmd, void *data)
{
    if (type == HOOK_DATA_RECEIVED || type == HOOK_MESSAGE_RECEIVED)
        return; // twice per transaction
    if (type == HOOK_MESSAGE_SENDING) {
        dia_capabilities_sending(msg);
        return;
    }
    int before = dia_no_cancel();
    switch (type) {
    case HOOK_MESSAGE_SENT:
        on_sent(msg, peer);
        break;
    case HOOK_MESSAGE_FAILOVER:
        on_failover(peer);
        break;
    case HOOK_MESSAGE_PARSING_ERROR: // without a message `other` is the received data
        tell(DIA_COUNT_PARSING, peer, "not understood", msg ? other : "not a Diameter message");
        break;
    case HOOK_MESSAGE_ROUTING_ERROR:
        tell(DIA_COUNT_ROUTING, peer, "not delivered", other);
        break;
    case HOOK_MESSAGE_DROPPED:
        tell(DIA_COUNT_DROPPED, peer, "dropped", other);
        if (msg)
            dia_late_dropped(msg, dia_peer_of(peer));
        break;
    case HOOK_PEER_CONNECT_SUCCESS:
        on_connected(peer);
        break;
    case HOOK_PEER_CONNECT_FAILED:
        on_not_connected(peer, other);
        break;
    default:
        break;
    }
    dia_cancel_again(before);
}

enum err dia_hooks_start(void)
{
    uint32_t all = 0;
    struct fd_hook_hdl *handle;
    for (int type = 0; type <= HOOK_LAST; type++)
        all |= (uint32_t)1 << type;
    return fd_hook_register(all, on_hook, NULL, NULL, &handle) == 0 ? ERR_OK : ERR_DIA_LIBRARY;
}
