// SPDX-License-Identifier: BSD-3-Clause
// Listening sockets: binding (one socket per loop, SO_REUSEPORT), accepting, connection limits.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "rpc/server_int.h"

#define ACCEPTS_PER_TURN 32
#define BACKLOG 1024
#define PAUSE_MS 100

// ---- connections per client ----

static struct rpc_client_count **client_slot(struct rpc_server *server, const uint8_t key[16])
{
    uint32_t h = 2166136261u;
    for (int i = 0; i < 16; i++)
        h = (h ^ key[i]) * 16777619u;
    struct rpc_client_count **slot = &server->clients[h % RPC_CLIENT_BUCKETS];
    while (*slot && memcmp((*slot)->key, key, 16) != 0)
        slot = &(*slot)->next;
    return slot;
}

bool rpc_client_count_up(struct rpc_server *server, const uint8_t key[16])
{
    bool ok = false;
    pthread_mutex_lock(&server->lock);
    struct rpc_client_count **slot = client_slot(server, key);
    if (!*slot) {
        *slot = calloc(1, sizeof(**slot));
        if (*slot)
            memcpy((*slot)->key, key, 16);
    }
    if (*slot && (*slot)->n < server->limits.max_connections_per_ip) {
        (*slot)->n++;
        ok = true;
    }
    pthread_mutex_unlock(&server->lock);
    return ok;
}

void rpc_client_count_down(struct rpc_server *server, const uint8_t key[16])
{
    pthread_mutex_lock(&server->lock);
    struct rpc_client_count **slot = client_slot(server, key);
    if (*slot && --(*slot)->n == 0) {
        struct rpc_client_count *count = *slot;
        *slot = count->next;
        free(count);
    }
    pthread_mutex_unlock(&server->lock);
}

// ---- accepting ----

static void pause_accept(struct rpc_listener *listener, int errnum)
{
    base_log_limited(&log_rpc, BASE_LOG_ERROR, NULL, "accept on %s: %s", listener->entry->name,
                     strerror(errnum));
    rpc_refused("descriptors");
    event_del(&listener->event);
    base_timer_start(&listener->pause, PAUSE_MS);
}

static void on_pause_over(struct base_timer *timer)
{
    struct rpc_listener *listener = BASE_CONTAINER_OF(timer, struct rpc_listener, pause);
    event_add(&listener->event, NULL);
}

static void take(struct rpc_listener *listener, int fd, const struct rpc_addr *peer)
{
    struct rpc_worker *worker = listener->worker;
    struct rpc_server *server = worker->server;
    char remote[RPC_ADDR_TEXT];
    const char *limit = NULL;
    metric_inc(listener->entry->accepted);
    if (atomic_fetch_add(&server->n_conns, 1) >= server->limits.max_connections) {
        atomic_fetch_sub(&server->n_conns, 1);
        limit = "connections";
    } else {
        enum err err = rpc_conn_new(worker, listener->entry, fd, peer);
        if (err)
            limit = err == ERR_RPC_REFUSED ? "connections_per_ip" : "memory";
    }
    if (!limit)
        return;
    rpc_addr_text(peer, remote);
    struct base_log_subject subject = {.peer = remote};
    base_log_limited(&log_rpc, BASE_LOG_WARN, &subject, "connection refused: limit of %s", limit);
    rpc_refused(limit);
    close(fd);
}

static void on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
    struct rpc_listener *listener = arg;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct rpc_addr peer = {.len = sizeof(peer.sa)};
        int fd = accept4(listener->fd, (struct sockaddr *)&peer.sa, &peer.len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(listener, fd, &peer);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accept(listener, errno);
        else if (errno == EINTR || errno == ECONNABORTED)
            continue;
        return;
    }
}

// ---- binding ----

// A socket file that a dead process left behind must go; one that answers stays.
static void remove_stale(const struct rpc_addr *addr)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&addr->sa, addr->len) != 0 && errno == ECONNREFUSED)
        unlink(((const struct sockaddr_un *)&addr->sa)->sun_path);
    close(fd);
}

// shared: other sockets of ours may be bound to the same port. Without it the port must be free,
// which keeps a second process from silently taking half of the connections.
static enum err bind_one(struct rpc_listen_entry *entry, bool shared, int *out)
{
    int on = 1;
    int family = entry->addr.sa.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    if (family == AF_UNIX)
        remove_stale(&entry->addr);
    else
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (family != AF_UNIX && shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&entry->addr.sa, entry->addr.len) != 0 ||
        listen(fd, BACKLOG) != 0)
        goto fail;
    if (family != AF_UNIX) {
        entry->addr.len = sizeof(entry->addr.sa);
        if (getsockname(fd, (struct sockaddr *)&entry->addr.sa, &entry->addr.len) != 0)
            goto fail;
    }
    *out = fd;
    return ERR_OK;

fail:;
    int saved = errno;
    base_log(&log_rpc, BASE_LOG_ERROR, NULL, "cannot listen on %s port %u: %s",
             entry->listen.address, entry->listen.port, strerror(saved));
    close(fd);
    return err_from_errno(saved);
}

static enum err bind_worker(struct rpc_server *server, struct rpc_worker *worker)
{
    worker->listeners = calloc(server->n_listens ? server->n_listens : 1,
                               sizeof(*worker->listeners));
    if (!worker->listeners)
        return ERR_NOMEM;
    for (size_t i = 0; i < server->n_listens; i++) {
        struct rpc_listen_entry *entry = &server->listens[i];
        struct rpc_listener *listener = &worker->listeners[worker->n_listeners];
        if (entry->addr.sa.ss_family == AF_UNIX && worker != server->workers[0])
            continue; // a path can be bound once
        enum err err = ERR_OK;
        if (worker == server->workers[0] && entry->addr.sa.ss_family != AF_UNIX) {
            err = bind_one(entry, false, &listener->fd);
            if (!err)
                close(listener->fd);
        }
        if (!err)
            err = bind_one(entry, true, &listener->fd);
        if (err)
            return err;
        listener->worker = worker;
        listener->entry = entry;
        worker->n_listeners++;
        event_assign(&listener->event, base_loop_event_base(worker->loop), listener->fd,
                     EV_READ | EV_PERSIST, on_accept, listener);
        base_timer_init(&listener->pause, worker->loop, on_pause_over);
    }
    return ERR_OK;
}

enum err rpc_listeners_bind(struct rpc_server *server)
{
    enum err err = ERR_OK;
    for (size_t w = 0; !err && w < server->n_workers; w++)
        err = bind_worker(server, server->workers[w]);
    if (err) {
        for (size_t w = 0; w < server->n_workers; w++)
            rpc_listeners_close(server->workers[w]);
        return err;
    }
    for (size_t i = 0; i < server->n_listens; i++) {
        struct rpc_listen_entry *entry = &server->listens[i];
        if (entry->addr.sa.ss_family == AF_UNIX)
            snprintf(entry->name, sizeof(entry->name), "%.60s", entry->listen.address);
        else
            rpc_addr_text(&entry->addr, entry->name);
        entry->accepted = METRIC_CELL(&rpc_m_accepted, entry->name);
        base_log(&log_rpc, BASE_LOG_NOTICE, NULL, "listening on %s%s%s", entry->name,
                 entry->cleartext ? " (cleartext)" : " (TLS)",
                 entry->listen.front_proxy ? ", front proxy" : "");
    }
    return ERR_OK;
}

void rpc_listeners_open(struct rpc_worker *worker)
{
    for (size_t i = 0; i < worker->n_listeners; i++) {
        worker->listeners[i].added = true;
        event_add(&worker->listeners[i].event, NULL);
    }
}

void rpc_listeners_close(struct rpc_worker *worker)
{
    for (size_t i = 0; i < worker->n_listeners; i++) {
        struct rpc_listener *listener = &worker->listeners[i];
        if (listener->added)
            event_del(&listener->event);
        base_timer_stop(&listener->pause);
        if (listener->entry->addr.sa.ss_family == AF_UNIX)
            unlink(((const struct sockaddr_un *)&listener->entry->addr.sa)->sun_path);
        close(listener->fd);
    }
    free(worker->listeners);
    worker->listeners = NULL;
    worker->n_listeners = 0;
}
