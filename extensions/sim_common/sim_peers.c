// SPDX-License-Identifier: BSD-3-Clause
// Peers of the extension: who may connect, socket options, and quiet hooks.
#include <fnmatch.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sim.h"
#include "sim_peers.h"
#include "sim_sender.h"

// freeDiameter gives the validation callback no context.
static const struct conf_strings *accepted;

static int validate(struct peer_info *info, int *auth, int (**second)(struct peer_info *))
{
    *auth = 0; // no decision: freeDiameter refuses unknown peers
    *second = NULL;
    for (size_t i = 0; i < accepted->n; i++) {
        if (fnmatch(accepted->items[i], info->pi_diamid, FNM_CASEFOLD) != 0)
            continue;
        *auth = 1;
        // a handshake on the TLS port has happened already
        info->config.pic_flags.sec = PI_SEC_NONE;
        return 0;
    }
    return 0;
}

static void set_nodelay(struct peer_hdr *peer)
{
    int fd = sim_peer_socket(peer), on = 1;

    // SCTP sockets refuse; they have no Nagle to switch off
    if (fd >= 0)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void on_connected(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer,
                         void *other, struct fd_hook_permsgdata *pmd, void *arg)
{
    const struct sim_peers_config *config = arg;
    const struct base_log_subject subject = {.peer = peer ? peer->info.pi_diamid : NULL};

    if (!peer)
        return;
    if (config->nodelay)
        set_nodelay(peer);
    base_log(sim_log, BASE_LOG_NOTICE, &subject, "peer is connected");
}

// Errors are told in one line: the library's default is a dump of the message.
static void on_trouble(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer, void *other,
                       struct fd_hook_permsgdata *pmd, void *arg)
{
    const struct base_log_subject subject = {.peer = peer ? peer->info.pi_diamid : NULL};
    const char *what = type == HOOK_MESSAGE_DROPPED         ? "message dropped"
                       : type == HOOK_MESSAGE_ROUTING_ERROR ? "message not routed"
                                                            : "message not understood";

    base_log_limited(sim_log, BASE_LOG_WARN, &subject, "%s: %s", what,
                     other && type != HOOK_MESSAGE_PARSING_ERROR ? (const char *)other : "-");
}

static void on_message(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer, void *other,
                       struct fd_hook_permsgdata *pmd, void *arg)
{
}

enum err sim_peers_register(struct sim_peers_config *config)
{
    static struct fd_hook_hdl *connected, *trouble, *message;

    accepted = &config->accept;
    if (accepted->n && fd_peer_validate_register(validate) != 0)
        return ERR_DIA_LIBRARY;
    if (fd_hook_register(HOOK_MASK(HOOK_PEER_CONNECT_SUCCESS), on_connected, config, NULL,
                         &connected) != 0)
        return ERR_DIA_LIBRARY;
    if (!config->quiet_hooks)
        return ERR_OK;
    if (fd_hook_register(HOOK_MASK(HOOK_MESSAGE_DROPPED, HOOK_MESSAGE_ROUTING_ERROR,
                                   HOOK_MESSAGE_PARSING_ERROR),
                         on_trouble, config, NULL, &trouble) != 0 ||
        fd_hook_register(HOOK_MASK(HOOK_MESSAGE_RECEIVED, HOOK_MESSAGE_LOCAL, HOOK_MESSAGE_SENDING,
                                   HOOK_MESSAGE_SENT, HOOK_MESSAGE_ROUTING_FORWARD,
                                   HOOK_MESSAGE_ROUTING_LOCAL),
                         on_message, config, NULL, &message) != 0)
        return ERR_DIA_LIBRARY;
    return ERR_OK;
}
