// SPDX-License-Identifier: BSD-3-Clause
// The operating system's SCTP: one-to-one sockets on the loop's event base. Errors of a socket come
// before its notifications: whichever tells the end of the association first, decides.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/sctp.h>

#include "sctp/sctp_int.h"

enum { BACKLOG = 128 };

struct sct_sock {
    struct base_loop *loop;
    int fd;
    struct event readable, writable;
    bool watched;
    struct sct_watcher *watcher;
};

static enum err kernel_start(struct sct_stack *stack, const struct sct_stack_conf *conf)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
    if (fd < 0)
        return sct_err_from_errno(errno);
    close(fd);
    return ERR_OK;
}

static void kernel_stop(struct sct_stack *stack)
{
}

static enum err set(int fd, int option, const void *value, size_t len)
{
    return setsockopt(fd, IPPROTO_SCTP, option, value, (socklen_t)len) == 0
               ? ERR_OK : sct_err_from_errno(errno);
}

static enum err subscribe(int fd)
{
    static const uint16_t types[] = {SCTP_ASSOC_CHANGE, SCTP_PEER_ADDR_CHANGE,
                                     SCTP_SEND_FAILED_EVENT, SCTP_SHUTDOWN_EVENT};
    const int on = 1;
    enum err err = set(fd, SCTP_RECVRCVINFO, &on, sizeof(on));
    for (size_t i = 0; !err && i < sizeof(types) / sizeof(types[0]); i++) {
        const struct sctp_event event = {.se_type = types[i], .se_on = 1};
        err = set(fd, SCTP_EVENT, &event, sizeof(event));
    }
    return err;
}

static enum err configure(int fd, const struct sct_options *o)
{
    const struct sctp_initmsg init = {
        .sinit_num_ostreams = (uint16_t)o->streams,
        .sinit_max_instreams = (uint16_t)o->streams,
        .sinit_max_attempts = (uint16_t)o->init_attempts,
        .sinit_max_init_timeo = (uint16_t)(o->rto_max < UINT16_MAX ? o->rto_max : UINT16_MAX),
    };
    const struct sctp_rtoinfo rto = {
        .srto_initial = (uint32_t)o->rto_initial,
        .srto_min = (uint32_t)o->rto_min,
        .srto_max = (uint32_t)o->rto_max,
    };
    const struct sctp_assocparams assoc = {.sasoc_asocmaxrxt = (uint16_t)o->assoc_max_retrans};
    const struct sctp_paddrparams path = {
        .spp_hbinterval = (uint32_t)o->heartbeat,
        .spp_pathmaxrxt = (uint16_t)o->path_max_retrans,
        .spp_flags = o->heartbeat > 0 ? SPP_HB_ENABLE : SPP_HB_DISABLE,
    };
    const int nodelay = o->nodelay;
    enum err err = subscribe(fd);
    if (!err)
        err = set(fd, SCTP_INITMSG, &init, sizeof(init));
    if (!err)
        err = set(fd, SCTP_RTOINFO, &rto, sizeof(rto));
    if (!err)
        err = set(fd, SCTP_ASSOCINFO, &assoc, sizeof(assoc));
    if (!err)
        err = set(fd, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path));
    if (!err)
        err = set(fd, SCTP_NODELAY, &nodelay, sizeof(nodelay));
    return err;
}

static enum err wrap(struct base_loop *loop, int fd, struct sct_sock **out)
{
    struct sct_sock *sock = calloc(1, sizeof(*sock));
    if (!sock) {
        close(fd);
        return ERR_NOMEM;
    }
    sock->loop = loop;
    sock->fd = fd;
    *out = sock;
    return ERR_OK;
}

static enum err kernel_open(struct sct_stack *stack, int family,
                            const struct sct_options *options, struct sct_sock **out)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP);
    if (fd < 0)
        return sct_err_from_errno(errno);
    enum err err = configure(fd, options);
    if (err) {
        close(fd);
        return err;
    }
    return wrap(stack->loop, fd, out);
}

static enum err kernel_bind(struct sct_sock *sock, const struct sct_addrs *local)
{
    uint8_t packed[sizeof(local->at)];
    const int on = 1;
    sct_addrs_pack(local, packed, sizeof(packed));
    setsockopt(sock->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    return sctp_bindx(sock->fd, (struct sockaddr *)(void *)packed, (int)local->n,
                      SCTP_BINDX_ADD_ADDR) == 0 ? ERR_OK : sct_err_from_errno(errno);
}

static enum err kernel_listen(struct sct_sock *sock)
{
    return listen(sock->fd, BACKLOG) == 0 ? ERR_OK : sct_err_from_errno(errno);
}

static enum err kernel_connect(struct sct_sock *sock, const struct sct_addrs *remote)
{
    uint8_t packed[sizeof(remote->at)];
    sct_addrs_pack(remote, packed, sizeof(packed));
    return sctp_connectx(sock->fd, (struct sockaddr *)(void *)packed, (int)remote->n, NULL) == 0
               ? ERR_OK : sct_err_from_errno(errno);
}

static enum err kernel_accept(struct sct_sock *sock, struct sct_sock **out,
                              struct sockaddr_storage *peer)
{
    socklen_t len = sizeof(*peer);
    memset(peer, 0, sizeof(*peer));
    int fd = accept4(sock->fd, (struct sockaddr *)peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            base_log_limited(&log_sctp, BASE_LOG_WARN, NULL, "accept: %s", strerror(errno));
        return ERR_AGAIN;
    }
    return wrap(sock->loop, fd, out);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct sct_sock *sock = arg;
    sock->watcher->ready(sock->watcher);
}

static enum err kernel_watch(struct sct_sock *sock, struct sct_watcher *watcher)
{
    struct event_base *events = base_loop_event_base(sock->loop);
    sock->watcher = watcher;
    event_assign(&sock->readable, events, sock->fd, EV_READ | EV_PERSIST, on_event, sock);
    event_assign(&sock->writable, events, sock->fd, EV_WRITE | EV_PERSIST, on_event, sock);
    sock->watched = true;
    return event_add(&sock->readable, NULL) == 0 ? ERR_OK : ERR_NOMEM;
}

static void kernel_want_write(struct sct_sock *sock, bool on)
{
    if (on)
        event_add(&sock->writable, NULL);
    else
        event_del(&sock->writable);
}

static void add_control(struct msghdr *header, int type, const void *data, size_t len)
{
    struct cmsghdr *control = (struct cmsghdr *)((uint8_t *)header->msg_control +
                                                 header->msg_controllen);
    *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(len), .cmsg_level = IPPROTO_SCTP,
                                .cmsg_type = type};
    memcpy(CMSG_DATA(control), data, len);
    header->msg_controllen += CMSG_SPACE(len);
}

// Not by sctp_sendv: SIGPIPE came in spite of MSG_NOSIGNAL.
static enum err kernel_send(struct sct_sock *sock, const struct sct_message *message)
{
    const struct sctp_sndinfo info = {
        .snd_sid = message->stream,
        .snd_flags = message->unordered ? SCTP_UNORDERED : 0,
        .snd_ppid = htonl(message->ppid),
    };
    const struct sctp_prinfo lifetime = {.pr_policy = SCTP_PR_SCTP_TTL,
                                         .pr_value = (uint32_t)message->lifetime};
    union {
        struct cmsghdr align;
        uint8_t octets[CMSG_SPACE(sizeof(info)) + CMSG_SPACE(sizeof(lifetime))];
    } control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)message->data, .iov_len = message->len};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};
    add_control(&header, SCTP_SNDINFO, &info, sizeof(info));
    if (message->lifetime > 0)
        add_control(&header, SCTP_PRINFO, &lifetime, sizeof(lifetime));
    return sendmsg(sock->fd, &header, MSG_NOSIGNAL) >= 0 ? ERR_OK : sct_err_from_errno(errno);
}

// --- notifications ---

static void assoc_change(const struct sctp_assoc_change *change, size_t len,
                         struct sct_event *out)
{
    switch (change->sac_state) {
    case SCTP_COMM_UP:
        out->kind = SCT_EV_UP;
        break;
    case SCTP_RESTART:
        out->kind = SCT_EV_RESTARTED;
        break;
    case SCTP_SHUTDOWN_COMP:
        out->kind = SCT_EV_DOWN;
        out->why = SCT_DOWN_SHUTDOWN;
        break;
    default: // COMM_LOST, CANT_STR_ASSOC; the ABORT, if there was one, lies behind
        out->kind = SCT_EV_DOWN;
        out->why = len > sizeof(*change) ? SCT_DOWN_ABORTED : SCT_DOWNS;
        break;
    }
}

static void path_change(const struct sctp_paddr_change *change, struct sct_event *out)
{
    static const struct {
        int state;
        enum sct_path_state ours;
    } table[] = {
        {SCTP_ADDR_AVAILABLE, SCT_PATH_UP},    {SCTP_ADDR_CONFIRMED, SCT_PATH_UP},
        {SCTP_ADDR_UNREACHABLE, SCT_PATH_DOWN}, {SCTP_ADDR_REMOVED, SCT_PATH_REMOVED},
        {SCTP_ADDR_ADDED, SCT_PATH_ADDED},     {SCTP_ADDR_MADE_PRIM, SCT_PATH_PRIMARY},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].state != (int)change->spc_state)
            continue;
        out->kind = SCT_EV_PATH;
        out->state = table[i].ours;
        memcpy(&out->addr, &change->spc_aaddr, sizeof(out->addr));
    }
}

static void send_failed(const uint8_t *buf, size_t len, struct sct_event *out)
{
    struct sctp_send_failed_event failed;
    memcpy(&failed, buf, sizeof(failed));
    out->kind = SCT_EV_SEND_FAILED;
    out->message = (struct sct_message){
        .data = buf + sizeof(failed),
        .len = len - sizeof(failed),
        .stream = failed.ssfe_info.snd_sid,
        .ppid = ntohl(failed.ssfe_info.snd_ppid),
        .unordered = failed.ssfe_info.snd_flags & SCTP_UNORDERED,
    };
}

static void notification(const uint8_t *buf, size_t len, struct sct_event *out)
{
    struct sctp_assoc_change change;
    struct sctp_paddr_change path;
    uint16_t type = 0;
    out->kind = SCT_EV_NOTHING;
    if (len < sizeof(type))
        return;
    memcpy(&type, buf, sizeof(type));
    if (type == SCTP_ASSOC_CHANGE && len >= sizeof(change)) {
        memcpy(&change, buf, sizeof(change));
        assoc_change(&change, len, out);
    } else if (type == SCTP_PEER_ADDR_CHANGE && len >= sizeof(path)) {
        memcpy(&path, buf, sizeof(path));
        path_change(&path, out);
    } else if (type == SCTP_SEND_FAILED_EVENT && len >= sizeof(struct sctp_send_failed_event)) {
        send_failed(buf, len, out);
    } else if (type == SCTP_SHUTDOWN_EVENT) {
        out->kind = SCT_EV_CLOSING;
    }
}

static enum err kernel_receive(struct sct_sock *sock, uint8_t *buf, size_t size,
                               struct sct_event *out)
{
    struct sctp_rcvinfo info = {0};
    socklen_t info_len = sizeof(info), from_len = 0;
    unsigned int info_type = 0;
    int flags = 0;
    const struct iovec iov = {.iov_base = buf, .iov_len = size};
    memset(out, 0, sizeof(*out));
    int n = sctp_recvv(sock->fd, &iov, 1, NULL, &from_len, &info, &info_len, &info_type, &flags);
    if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
        return ERR_AGAIN; // ENOTCONN: still being set up
    if (n <= 0) {
        out->kind = SCT_EV_DOWN;
        out->why = n == 0 ? SCT_DOWNS : sct_down_from_errno(errno);
        return ERR_OK;
    }
    if (flags & MSG_NOTIFICATION) {
        notification(buf, (size_t)n, out);
        return ERR_OK;
    }
    out->kind = SCT_EV_DATA;
    out->end = flags & MSG_EOR;
    out->message = (struct sct_message){
        .data = buf,
        .len = (size_t)n,
        .stream = info.rcv_sid,
        .ppid = ntohl(info.rcv_ppid),
        .unordered = info.rcv_flags & SCTP_UNORDERED,
    };
    return ERR_OK;
}

// --- what it knows ---

static bool kernel_streams(struct sct_sock *sock, uint16_t *out, uint16_t *in)
{
    struct sctp_status status = {0};
    socklen_t len = sizeof(status);
    if (getsockopt(sock->fd, IPPROTO_SCTP, SCTP_STATUS, &status, &len) != 0)
        return false;
    *out = status.sstat_outstrms;
    *in = status.sstat_instrms;
    return true;
}

static size_t kernel_paths(struct sct_sock *sock, struct sct_path *paths, size_t max)
{
    struct sct_addrs addrs;
    struct sockaddr *packed = NULL;
    struct sctp_status status = {0};
    socklen_t len = sizeof(status);
    struct sockaddr_storage primary = {0};
    int n = sctp_getpaddrs(sock->fd, 0, &packed);
    if (n <= 0)
        return 0;
    sct_addrs_unpack(packed, n, &addrs);
    sctp_freepaddrs(packed);
    if (getsockopt(sock->fd, IPPROTO_SCTP, SCTP_STATUS, &status, &len) == 0)
        memcpy(&primary, &status.sstat_primary.spinfo_address, sizeof(primary));
    size_t used = 0;
    for (; used < addrs.n && used < max; used++) {
        struct sctp_paddrinfo info = {0};
        len = sizeof(info);
        memcpy(&info.spinfo_address, &addrs.at[used], sizeof(info.spinfo_address));
        paths[used] = (struct sct_path){.addr = addrs.at[used]};
        if (getsockopt(sock->fd, IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, &info, &len) != 0)
            continue;
        paths[used].up = info.spinfo_state == SCTP_ACTIVE;
        paths[used].primary = sct_addr_equal(&addrs.at[used], &primary);
        paths[used].srtt = info.spinfo_srtt;
        paths[used].rto = info.spinfo_rto;
        paths[used].mtu = info.spinfo_mtu;
    }
    return used;
}

static enum err kernel_local(struct sct_sock *sock, struct sct_addrs *out)
{
    struct sockaddr *packed = NULL;
    int n = sctp_getladdrs(sock->fd, 0, &packed);
    if (n <= 0)
        return ERR_CLOSED;
    sct_addrs_unpack(packed, n, out);
    sctp_freeladdrs(packed);
    return ERR_OK;
}

// --- ends ---

static void kernel_shutdown(struct sct_sock *sock)
{
    shutdown(sock->fd, SHUT_WR);
}

static void kernel_close(struct sct_sock *sock, bool abort)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (abort)
        setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (sock->watched) {
        event_del(&sock->readable);
        event_del(&sock->writable);
    }
    close(sock->fd);
    free(sock);
}

const struct sct_ops sct_kernel_ops = {
    .backend = SCT_KERNEL,
    .start = kernel_start,
    .stop = kernel_stop,
    .open = kernel_open,
    .bind = kernel_bind,
    .listen = kernel_listen,
    .connect = kernel_connect,
    .accept = kernel_accept,
    .watch = kernel_watch,
    .want_write = kernel_want_write,
    .send = kernel_send,
    .receive = kernel_receive,
    .streams = kernel_streams,
    .paths = kernel_paths,
    .local = kernel_local,
    .shutdown = kernel_shutdown,
    .close = kernel_close,
};
