// SPDX-License-Identifier: BSD-3-Clause
// libusrsctp as a backend. Its threads (one per receiving socket, one for timers) only ring: an
// upcall posts a job to the loop of the socket's stack, once until it has run; everything else
// happens on that loop. The library is one per process: the first stack starts it, the last one
// stops it. Its threads and the loops' take turns (sctp_guard.h).
//
// What to know of the library (0.9.5, read in its source):
// - An upcall may still be on its way when its socket is closed. Its argument is therefore never
//   the socket but a slot, which is reused, and freed only after the library has stopped.
// - Timers that change a path ring nobody: sockets are looked at every POLL_MS besides.
// - usrsctp_finish fails while associations are being closed: it is tried for a while.
// - It does not say when its UDP port is taken: tried before.
// - The routing decides the source address of a packet, not the local address of the association.
// - Closing a listening socket races with packets for associations that nobody accepted yet: those
//   are accepted and closed first.
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include <usrsctp.h>

#include "sctp/sctp_guard.h"
#include "sctp/sctp_int.h"

enum {
    POLL_MS = 50,
    FINISH_TRIES = 200, // of 10 ms
    TICK_TRIES = 100, // of 10 ms
    WAIT_NS = 10 * 1000 * 1000,
    BACKLOG = 128,
    SOCKET_BUFFER = 1 << 20,
};

// What an upcall holds. All members but the job belong to bell_lock.
struct slot {
    struct base_job job;
    struct base_loop *loop; // NULL: nobody listens
    struct sct_sock *sock;
    bool posted;            // the job is queued
    SLIST_ENTRY(slot) link; // of free_slots
};

struct sct_sock {
    struct user *user;
    struct socket *so;
    struct slot *slot; // NULL before watch
    struct sct_watcher *watcher;
    bool listening;
    LIST_ENTRY(sct_sock) link;
};

struct user { // of one stack
    struct base_loop *loop;
    LIST_HEAD(, sct_sock) socks; // watched
    struct base_timer poll;
};

// --- ringing ---

static pthread_mutex_t bell_lock = PTHREAD_MUTEX_INITIALIZER;
static SLIST_HEAD(, slot) free_slots = SLIST_HEAD_INITIALIZER(free_slots);
static bool bells_live; // the library runs: an upcall may hold any slot

static void recycle(struct slot *slot)
{
    if (bells_live)
        SLIST_INSERT_HEAD(&free_slots, slot, link);
    else
        free(slot);
}

static void on_job(struct base_job *job)
{
    struct slot *slot = BASE_CONTAINER_OF(job, struct slot, job);
    pthread_mutex_lock(&bell_lock);
    struct sct_sock *sock = slot->sock;
    slot->posted = false; // before looking: what comes now rings again
    if (!slot->loop)
        recycle(slot);
    pthread_mutex_unlock(&bell_lock);
    if (sock)
        sock->watcher->ready(sock->watcher); // may close it
}

static void ring(struct slot *slot)
{
    pthread_mutex_lock(&bell_lock);
    if (slot->loop && !slot->posted) {
        slot->posted = true;
        base_loop_post_admitted(slot->loop, &slot->job);
    }
    pthread_mutex_unlock(&bell_lock);
}

// On a thread of the library.
static void on_upcall(struct socket *so, void *arg, int flags)
{
    if (arg)
        ring(arg);
}

static struct slot *take_slot(struct sct_sock *sock)
{
    pthread_mutex_lock(&bell_lock);
    struct slot *slot = SLIST_FIRST(&free_slots);
    if (slot)
        SLIST_REMOVE_HEAD(&free_slots, link);
    else
        slot = calloc(1, sizeof(*slot));
    if (slot) {
        slot->job.run = on_job;
        slot->loop = sock->user->loop;
        slot->sock = sock;
    }
    pthread_mutex_unlock(&bell_lock);
    return slot;
}

static void leave_slot(struct slot *slot)
{
    pthread_mutex_lock(&bell_lock);
    slot->loop = NULL;
    slot->sock = NULL;
    if (!slot->posted)
        recycle(slot);
    pthread_mutex_unlock(&bell_lock);
}

static void set_bells(bool live)
{
    pthread_mutex_lock(&bell_lock);
    bells_live = live;
    while (!live && !SLIST_EMPTY(&free_slots)) {
        struct slot *slot = SLIST_FIRST(&free_slots);
        SLIST_REMOVE_HEAD(&free_slots, link);
        free(slot);
    }
    pthread_mutex_unlock(&bell_lock);
}

static void on_poll(struct base_timer *timer)
{
    SCT_GUARDED();
    struct user *user = BASE_CONTAINER_OF(timer, struct user, poll);
    struct sct_sock *sock;
    LIST_FOREACH(sock, &user->socks, link) {
        if (usrsctp_get_events(sock->so) & (SCTP_EVENT_READ | SCTP_EVENT_ERROR))
            ring(sock->slot);
    }
    if (!LIST_EMPTY(&user->socks))
        base_timer_start(&user->poll, POLL_MS);
}

// --- the library ---

static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned library_users;
static bool library_runs;
static uint16_t library_port;

static enum err probe(int family, int type, int protocol, uint16_t port)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return sct_err_from_errno(errno);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    enum err err = ERR_OK;
    if (port != 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0)
        err = sct_err_from_errno(errno);
    close(fd);
    return err;
}

// Waits for the first tick of the library's timers; afterwards it is known.
static void check_guard(void)
{
    const struct timespec wait = {.tv_nsec = WAIT_NS};
    for (int i = 0; i < TICK_TRIES && !sct_guard_works(); i++)
        nanosleep(&wait, NULL);
    if (!sct_guard_works())
        base_log(&log_sctp, BASE_LOG_WARN, NULL, "this build of libusrsctp hides its functions: "
                 "its threads are not kept apart from ours, the end of an association may crash");
}

static enum err library_get(uint16_t port)
{
    enum err err = ERR_OK;
    pthread_mutex_lock(&library_lock);
    if (library_runs && library_port != port)
        err = ERR_EXISTS;
    else if (!library_runs)
        err = port ? probe(AF_INET, SOCK_DGRAM, 0, port)
                   : probe(AF_INET, SOCK_RAW, IPPROTO_SCTP, 0);
    if (!err && !library_runs) {
        usrsctp_init(port, NULL, NULL);
        usrsctp_sysctl_set_sctp_ecn_enable(0);
        if (port == 0) // raw IP: packets of other processes are not ours to refuse
            usrsctp_sysctl_set_sctp_blackhole(2);
        library_runs = true;
        library_port = port;
        set_bells(true);
        check_guard();
    }
    library_users += !err;
    pthread_mutex_unlock(&library_lock);
    return err;
}

static void library_put(void)
{
    const struct timespec wait = {.tv_nsec = WAIT_NS};
    pthread_mutex_lock(&library_lock);
    library_users--;
    for (int i = 0; i < FINISH_TRIES && library_users == 0 && library_runs; i++) {
        library_runs = usrsctp_finish() != 0;
        if (library_runs)
            nanosleep(&wait, NULL);
        else
            set_bells(false);
    }
    if (library_users == 0 && library_runs)
        base_log(&log_sctp, BASE_LOG_WARN, NULL, "libusrsctp still has sockets to close");
    pthread_mutex_unlock(&library_lock);
}

// --- stacks ---

static enum err user_start(struct sct_stack *stack, const struct sct_stack_conf *conf)
{
    struct user *user = calloc(1, sizeof(*user));
    if (!user)
        return ERR_NOMEM;
    enum err err = library_get((uint16_t)conf->udp_port);
    if (err) {
        free(user);
        return err;
    }
    user->loop = stack->loop;
    LIST_INIT(&user->socks);
    base_timer_init(&user->poll, stack->loop, on_poll);
    stack->backend = user;
    return ERR_OK;
}

static void user_stop(struct sct_stack *stack)
{
    struct user *user = stack->backend;
    base_timer_stop(&user->poll);
    free(user);
    library_put();
}

// --- sockets ---

static enum err set(struct socket *so, int level, int option, const void *value, size_t len)
{
    return usrsctp_setsockopt(so, level, option, value, (socklen_t)len) == 0
               ? ERR_OK : sct_err_from_errno(errno);
}

static enum err subscribe(struct socket *so)
{
    static const uint16_t types[] = {SCTP_ASSOC_CHANGE, SCTP_PEER_ADDR_CHANGE,
                                     SCTP_SEND_FAILED_EVENT, SCTP_SHUTDOWN_EVENT};
    const int on = 1;
    enum err err = set(so, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on));
    for (size_t i = 0; !err && i < sizeof(types) / sizeof(types[0]); i++) {
        const struct sctp_event event = {.se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = types[i],
                                         .se_on = 1};
        err = set(so, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof(event));
    }
    return err;
}

static enum err encapsulate(struct socket *so, int family, uint16_t port)
{
    struct sctp_udpencaps encaps = {.sue_port = htons(port)};
    if (port == 0)
        return ERR_OK;
    encaps.sue_address.ss_family = (sa_family_t)family;
    return set(so, IPPROTO_SCTP, SCTP_REMOTE_UDP_ENCAPS_PORT, &encaps, sizeof(encaps));
}

static enum err configure(struct socket *so, const struct sct_options *o)
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
    const int nodelay = o->nodelay, buffer = SOCKET_BUFFER;
    enum err err = subscribe(so);
    if (!err)
        err = set(so, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init));
    if (!err)
        err = set(so, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto));
    if (!err)
        err = set(so, IPPROTO_SCTP, SCTP_ASSOCINFO, &assoc, sizeof(assoc));
    if (!err)
        err = set(so, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path));
    if (!err)
        err = set(so, IPPROTO_SCTP, SCTP_NODELAY, &nodelay, sizeof(nodelay));
    if (!err)
        err = set(so, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    if (!err)
        err = set(so, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    return err;
}

static enum err wrap(struct user *user, struct socket *so, struct sct_sock **out)
{
    struct sct_sock *sock = calloc(1, sizeof(*sock));
    if (!sock || usrsctp_set_non_blocking(so, 1) != 0) {
        usrsctp_close(so);
        free(sock);
        return ERR_NOMEM;
    }
    sock->user = user;
    sock->so = so;
    *out = sock;
    return ERR_OK;
}

static enum err user_open(struct sct_stack *stack, int family, const struct sct_options *options,
                          struct sct_sock **out)
{
    SCT_GUARDED();
    struct socket *so = usrsctp_socket(family, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (!so)
        return sct_err_from_errno(errno);
    enum err err = configure(so, options);
    if (!err && library_port != 0)
        err = encapsulate(so, family, (uint16_t)options->peer_udp_port);
    if (err) {
        usrsctp_close(so);
        return err;
    }
    return wrap(stack->backend, so, out);
}

static enum err user_bind(struct sct_sock *sock, const struct sct_addrs *local)
{
    SCT_GUARDED();
    uint8_t packed[sizeof(local->at)];
    const int on = 1;
    sct_addrs_pack(local, packed, sizeof(packed));
    set(sock->so, IPPROTO_SCTP, SCTP_REUSE_PORT, &on, sizeof(on));
    return usrsctp_bindx(sock->so, (struct sockaddr *)(void *)packed, (int)local->n,
                         SCTP_BINDX_ADD_ADDR) == 0 ? ERR_OK : sct_err_from_errno(errno);
}

static enum err user_listen(struct sct_sock *sock)
{
    SCT_GUARDED();
    if (usrsctp_listen(sock->so, BACKLOG) != 0)
        return sct_err_from_errno(errno);
    sock->listening = true;
    return ERR_OK;
}

static enum err user_connect(struct sct_sock *sock, const struct sct_addrs *remote)
{
    SCT_GUARDED();
    uint8_t packed[sizeof(remote->at)];
    sctp_assoc_t id;
    sct_addrs_pack(remote, packed, sizeof(packed));
    return usrsctp_connectx(sock->so, (struct sockaddr *)(void *)packed, (int)remote->n, &id) == 0
               ? ERR_OK : sct_err_from_errno(errno);
}

// Passes over those that ended while they waited. NULL: nobody is left.
static struct socket *accept_next(struct socket *listening, struct sockaddr_storage *peer)
{
    struct socket *so;
    socklen_t len;
    do {
        len = sizeof(*peer);
        memset(peer, 0, sizeof(*peer));
        so = usrsctp_accept(listening, (struct sockaddr *)peer, &len);
    } while (!so && (errno == ECONNRESET || errno == ECONNABORTED));
    return so;
}

static enum err user_accept(struct sct_sock *sock, struct sct_sock **out,
                            struct sockaddr_storage *peer)
{
    SCT_GUARDED();
    struct socket *so = accept_next(sock->so, peer);
    return so ? wrap(sock->user, so, out) : ERR_AGAIN;
}

static enum err user_watch(struct sct_sock *sock, struct sct_watcher *watcher)
{
    SCT_GUARDED();
    struct user *user = sock->user;
    sock->watcher = watcher;
    sock->slot = take_slot(sock);
    if (!sock->slot)
        return ERR_NOMEM;
    if (LIST_EMPTY(&user->socks))
        base_timer_start(&user->poll, POLL_MS);
    LIST_INSERT_HEAD(&user->socks, sock, link);
    return usrsctp_set_upcall(sock->so, on_upcall, sock->slot) == 0 ? ERR_OK : ERR_INTERNAL;
}

static void user_want_write(struct sct_sock *sock, bool on)
{
    // every packet that frees room rings anyway
}

static enum err user_send(struct sct_sock *sock, const struct sct_message *message)
{
    SCT_GUARDED();
    struct sctp_sendv_spa spa = {
        .sendv_flags = SCTP_SEND_SNDINFO_VALID,
        .sendv_sndinfo = {
            .snd_sid = message->stream,
            .snd_flags = message->unordered ? SCTP_UNORDERED : 0,
            .snd_ppid = htonl(message->ppid),
        },
    };
    if (message->lifetime > 0) {
        spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
        spa.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
        spa.sendv_prinfo.pr_value = (uint32_t)message->lifetime;
    }
    return usrsctp_sendv(sock->so, message->data, message->len, NULL, 0, &spa, sizeof(spa),
                         SCTP_SENDV_SPA, 0) >= 0 ? ERR_OK : sct_err_from_errno(errno);
}

// --- notifications ---

static void assoc_change(const struct sctp_assoc_change *change, struct sct_event *out)
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
    default: // COMM_LOST, CANT_STR_ASSOC
        out->kind = SCT_EV_DOWN;
        out->why = SCT_DOWNS;
        break;
    }
}

static void path_change(const struct sctp_paddr_change *change, struct sct_event *out)
{
    static const struct {
        uint32_t state;
        enum sct_path_state ours;
    } table[] = {
        {SCTP_ADDR_AVAILABLE, SCT_PATH_UP},    {SCTP_ADDR_CONFIRMED, SCT_PATH_UP},
        {SCTP_ADDR_UNREACHABLE, SCT_PATH_DOWN}, {SCTP_ADDR_REMOVED, SCT_PATH_REMOVED},
        {SCTP_ADDR_ADDED, SCT_PATH_ADDED},     {SCTP_ADDR_MADE_PRIM, SCT_PATH_PRIMARY},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].state != change->spc_state)
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
        assoc_change(&change, out);
    } else if (type == SCTP_PEER_ADDR_CHANGE && len >= sizeof(path)) {
        memcpy(&path, buf, sizeof(path));
        path_change(&path, out);
    } else if (type == SCTP_SEND_FAILED_EVENT && len >= sizeof(struct sctp_send_failed_event)) {
        send_failed(buf, len, out);
    } else if (type == SCTP_SHUTDOWN_EVENT) {
        out->kind = SCT_EV_CLOSING;
    }
}

static enum err user_receive(struct sct_sock *sock, uint8_t *buf, size_t size,
                             struct sct_event *out)
{
    SCT_GUARDED();
    struct sctp_rcvinfo info = {0};
    socklen_t info_len = sizeof(info), from_len = 0;
    unsigned int info_type = 0;
    int flags = 0;
    memset(out, 0, sizeof(*out));
    ssize_t n = usrsctp_recvv(sock->so, buf, size, NULL, &from_len, &info, &info_len, &info_type,
                              &flags);
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

static bool user_streams(struct sct_sock *sock, uint16_t *out, uint16_t *in)
{
    SCT_GUARDED();
    struct sctp_status status = {0};
    socklen_t len = sizeof(status);
    if (usrsctp_getsockopt(sock->so, IPPROTO_SCTP, SCTP_STATUS, &status, &len) != 0)
        return false;
    *out = status.sstat_outstrms;
    *in = status.sstat_instrms;
    return true;
}

static size_t user_paths(struct sct_sock *sock, struct sct_path *paths, size_t max)
{
    SCT_GUARDED();
    struct sct_addrs addrs;
    struct sockaddr *packed = NULL;
    struct sctp_status status = {0};
    socklen_t len = sizeof(status);
    int n = usrsctp_getpaddrs(sock->so, 0, &packed);
    if (n <= 0)
        return 0;
    sct_addrs_unpack(packed, n, &addrs);
    usrsctp_freepaddrs(packed);
    usrsctp_getsockopt(sock->so, IPPROTO_SCTP, SCTP_STATUS, &status, &len);
    size_t used = 0;
    for (; used < addrs.n && used < max; used++) {
        struct sctp_paddrinfo info = {.spinfo_address = addrs.at[used]};
        len = sizeof(info);
        paths[used] = (struct sct_path){.addr = addrs.at[used]};
        if (usrsctp_getsockopt(sock->so, IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, &info, &len) != 0)
            continue;
        paths[used].up = info.spinfo_state == SCTP_ACTIVE;
        paths[used].primary = sct_addr_equal(&addrs.at[used],
                                             &status.sstat_primary.spinfo_address);
        paths[used].srtt = info.spinfo_srtt;
        paths[used].rto = info.spinfo_rto;
        paths[used].mtu = info.spinfo_mtu;
    }
    return used;
}

static enum err user_local(struct sct_sock *sock, struct sct_addrs *out)
{
    SCT_GUARDED();
    struct sockaddr *packed = NULL;
    int n = usrsctp_getladdrs(sock->so, 0, &packed);
    if (n <= 0)
        return ERR_CLOSED;
    sct_addrs_unpack(packed, n, out);
    usrsctp_freeladdrs(packed);
    return ERR_OK;
}

// --- ends ---

static void user_shutdown(struct sct_sock *sock)
{
    SCT_GUARDED();
    usrsctp_shutdown(sock->so, SHUT_WR);
}

static void abort_when_closed(struct socket *so)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    set(so, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void turn_away_waiting(struct socket *listening)
{
    struct sockaddr_storage unused;
    struct socket *so;
    while ((so = accept_next(listening, &unused)) != NULL) {
        abort_when_closed(so);
        usrsctp_close(so);
    }
}

static void user_close(struct sct_sock *sock, bool abort)
{
    SCT_GUARDED();
    if (abort)
        abort_when_closed(sock->so);
    if (sock->listening)
        turn_away_waiting(sock->so);
    usrsctp_set_upcall(sock->so, NULL, NULL);
    usrsctp_close(sock->so);
    if (sock->slot) {
        LIST_REMOVE(sock, link);
        leave_slot(sock->slot);
    }
    free(sock);
}

const struct sct_ops sct_user_ops = {
    .backend = SCT_USER,
    .start = user_start,
    .stop = user_stop,
    .open = user_open,
    .bind = user_bind,
    .listen = user_listen,
    .connect = user_connect,
    .accept = user_accept,
    .watch = user_watch,
    .want_write = user_want_write,
    .send = user_send,
    .receive = user_receive,
    .streams = user_streams,
    .paths = user_paths,
    .local = user_local,
    .shutdown = user_shutdown,
    .close = user_close,
};
