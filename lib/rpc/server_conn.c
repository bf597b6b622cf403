// SPDX-License-Identifier: BSD-3-Clause
// A server connection: glue between the wire and the connection core, identity, time-outs,
// accounting. Not for listening (server.c) or calls (call.c).
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/server_int.h"

void rpc_refused(const char *limit)
{
    metric_inc(METRIC_CELL(&rpc_m_refused, limit));
}

void rpc_conn_kick(struct rpc_conn *conn)
{
    if (conn->open)
        rpc_wire_kick(&conn->wire);
}

void rpc_conn_unref(struct rpc_conn *conn)
{
    if (--conn->refs)
        return;
    rpc_worker_unref(conn->worker);
    free(conn);
}

static void count_bytes(struct rpc_conn *conn)
{
    struct rpc_server *server = conn->worker->server;
    metric_add(server->m_rx, conn->wire.rx_bytes - conn->rx_counted);
    metric_add(server->m_tx, conn->wire.tx_bytes - conn->tx_counted);
    conn->rx_counted = conn->wire.rx_bytes;
    conn->tx_counted = conn->wire.tx_bytes;
}

// The connection leaves the worker. Its memory stays while handlers hold calls.
static void gone(struct rpc_conn *conn, const char *reason)
{
    struct rpc_worker *worker = conn->worker;
    struct rpc_server *server = worker->server;
    uint8_t key[16];
    conn->open = false;
    count_bytes(conn);
    rpc_h2_free(conn->h2);
    conn->h2 = NULL;
    if (conn->next)
        conn->next->prev = conn->prev;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        worker->conns = conn->next;
    worker->n_conns--;
    if (conn->counted_client && rpc_addr_client_key(&conn->peer, key))
        rpc_client_count_down(server, key);
    atomic_fetch_sub(&server->n_conns, 1);
    metric_gauge_add(server->m_connections, -1);
    metric_inc(METRIC_CELL(&rpc_m_ended, reason));
    struct base_log_subject subject = {.agw = conn->identity[0] ? conn->identity : NULL,
                                       .peer = conn->remote};
    base_log(&log_rpc, BASE_LOG_INFO, &subject, "connection closed: %s", reason);
    rpc_conn_unref(conn);
}

// ---- the wire's events ----

SSL_CTX *rpc_server_ssl_ctx(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    SSL_CTX *ctx = server->ssl_ctx;
    if (ctx)
        SSL_CTX_up_ref(ctx);
    pthread_mutex_unlock(&server->lock);
    return ctx;
}

// The handshake began under settings that a reload may have replaced since.
static bool holds_now(struct rpc_server *server, SSL *ssl)
{
    SSL_CTX *ctx = rpc_server_ssl_ctx(server);
    bool holds = !ctx || SSL_get_SSL_CTX(ssl) == ctx || rpc_tls_still_trusted(ssl, ctx);
    SSL_CTX_free(ctx);
    return holds;
}

static void on_ready(struct rpc_wire *wire)
{
    struct rpc_conn *conn = wire->ctx;
    struct rpc_server *server = conn->worker->server;
    struct base_log_subject subject = {.peer = conn->remote};
    if (rpc_tls_identity(wire->ssl, conn->identity, sizeof(conn->identity)))
        base_log_limited(&log_rpc, BASE_LOG_WARN, &subject,
                         "client certificate carries no usable name");
    if (conn->identity[0])
        subject.agw = conn->identity;
    if (wire->ssl && !holds_now(server, wire->ssl)) {
        rpc_wire_close(wire, RPC_WIRE_TLS, "revoked");
        return;
    }
    base_log(&log_rpc, BASE_LOG_INFO, &subject, "connected (%s)",
             wire->ssl ? SSL_get_version(wire->ssl) : "cleartext");
    if (rpc_h2_new(&server->h2, conn, base_now_ns(), &conn->h2)) {
        rpc_refused("memory");
        rpc_wire_close(wire, RPC_WIRE_LOCAL, NULL);
        return;
    }
    if (conn->worker->draining)
        rpc_h2_shutdown_notice(conn->h2);
}

static bool on_bytes(struct rpc_wire *wire, const uint8_t *data, size_t len)
{
    struct rpc_conn *conn = wire->ctx;
    if (!conn->h2)
        return false;
    if (rpc_h2_recv(conn->h2, data, len, base_now_ns()) == ERR_OK)
        return true;
    conn->why = conn->h2->end;
    if (conn->why == RPC_H2_ABUSE) {
        struct base_log_subject subject = {.agw = conn->identity[0] ? conn->identity : NULL,
                                           .peer = conn->remote};
        const char *abuse = rpc_abuse_name(conn->h2->abuse);
        base_log_limited(&log_rpc, BASE_LOG_WARN, &subject, "cut off: %s", abuse);
        rpc_refused(abuse);
    }
    return false;
}

static size_t on_fill(struct rpc_wire *wire, uint8_t *buf, size_t size)
{
    struct rpc_conn *conn = wire->ctx;
    return conn->h2 ? rpc_h2_output(conn->h2, buf, size) : 0;
}

static bool on_done(struct rpc_wire *wire)
{
    struct rpc_conn *conn = wire->ctx;
    return !conn->h2 || rpc_h2_done(conn->h2);
}

static void on_closed(struct rpc_wire *wire, enum rpc_wire_end end, const char *detail)
{
    struct rpc_conn *conn = wire->ctx;
    struct rpc_worker *worker = conn->worker;
    const char *reason = rpc_h2_end_name(conn->why ? conn->why : RPC_H2_FINISHED);
    if (end == RPC_WIRE_TLS) {
        struct base_log_subject subject = {.peer = conn->remote};
        base_log_limited(&log_rpc, BASE_LOG_WARN, &subject, "TLS failure: %s", detail);
        metric_inc(METRIC_CELL(&rpc_m_tls_failures, "server", detail));
        reason = "tls";
    } else if (end == RPC_WIRE_EOF) {
        reason = "closed_by_peer";
    } else if (end == RPC_WIRE_IO) {
        reason = "io_error";
    }
    gone(conn, reason);
    rpc_worker_conn_gone(worker);
}

static const struct rpc_wire_ops wire_ops = {
    .ready = on_ready,
    .bytes = on_bytes,
    .fill = on_fill,
    .done = on_done,
    .closed = on_closed,
};

// ---- life ----

static bool is_trusted_proxy(struct rpc_server *server, const struct rpc_listen_entry *listen,
                             const struct rpc_addr *peer)
{
    for (size_t i = 0; listen->listen.front_proxy && i < server->n_proxies; i++) {
        if (rpc_cidr_contains(&server->proxies[i], peer))
            return true;
    }
    return false;
}

static void link_conn(struct rpc_conn *conn, struct rpc_worker *worker)
{
    conn->next = worker->conns;
    if (conn->next)
        conn->next->prev = conn;
    worker->conns = conn;
    worker->n_conns++;
    conn->open = true;
    metric_gauge_add(worker->server->m_connections, 1);
}

enum err rpc_conn_new(struct rpc_worker *worker, const struct rpc_listen_entry *listen, int fd,
                      const struct rpc_addr *peer)
{
    struct rpc_server *server = worker->server;
    struct rpc_conn *conn = calloc(1, sizeof(*conn));
    SSL_CTX *ctx = NULL;
    uint8_t key[16];
    enum err err;
    if (!conn) {
        atomic_fetch_sub(&server->n_conns, 1);
        return ERR_NOMEM;
    }
    atomic_fetch_add(&worker->refs, 1);
    conn->worker = worker;
    conn->loop = worker->loop;
    conn->listen = listen;
    conn->refs = 1;
    conn->rechecked = atomic_load(&worker->recheck_asked);
    conn->peer = *peer;
    conn->opened_ns = base_now_ns();
    conn->trusted_proxy = is_trusted_proxy(server, listen, peer);
    rpc_addr_text(peer, conn->remote);
    if (server->limits.max_connections_per_ip && rpc_addr_client_key(peer, key)) {
        err = ERR_RPC_REFUSED;
        if (!rpc_client_count_up(server, key))
            goto out;
        conn->counted_client = true;
    }
    link_conn(conn, worker); // before the wire, whose first event may need it
    if (!listen->cleartext)
        ctx = rpc_server_ssl_ctx(server);
    err = rpc_wire_accept(&conn->wire, worker->loop, &worker->io, fd, ctx, &wire_ops, conn);
    SSL_CTX_free(ctx);
    if (!err)
        return ERR_OK;
    gone(conn, "no_memory");
    return err;

out:
    atomic_fetch_sub(&server->n_conns, 1);
    rpc_conn_unref(conn);
    return err;
}

void rpc_conn_finish(struct rpc_conn *conn, enum rpc_h2_end why)
{
    conn->why = why;
    if (!conn->h2) {
        rpc_wire_close(&conn->wire, RPC_WIRE_LOCAL, NULL);
        return;
    }
    rpc_wire_finish(&conn->wire);
}

void rpc_conn_each_call(struct rpc_conn *conn, void (*visit)(struct rpc_call *call))
{
    for (struct rpc_h2_stream *s = conn->h2 ? conn->h2->streams : NULL, *next; s; s = next) {
        next = s->next;
        visit((struct rpc_call *)s->user);
    }
}

void rpc_conn_sweep(struct rpc_conn *conn, int64_t now_ns)
{
    struct rpc_server *server = conn->worker->server;
    if (!conn->open)
        return;
    count_bytes(conn);
    if (!conn->h2) {
        if (now_ns - conn->opened_ns > server->handshake_ns)
            rpc_wire_close(&conn->wire, RPC_WIRE_TLS, "handshake_timeout");
        return;
    }
    if (conn->wire.blocked_ns && now_ns - conn->wire.blocked_ns > server->h2.stalled_ns) {
        rpc_refused("stalled_reader");
        conn->why = RPC_H2_STALLED;
        rpc_wire_close(&conn->wire, RPC_WIRE_LOCAL, NULL);
        return;
    }
    if (conn->wire.finishing)
        return;
    enum rpc_h2_end end = rpc_h2_check(conn->h2, now_ns);
    for (; conn->h2->stalled_streams; conn->h2->stalled_streams--)
        rpc_refused("stalled_stream");
    for (; conn->h2->refused_streams; conn->h2->refused_streams--)
        rpc_refused("streams");
    if (end != RPC_H2_ALIVE) {
        if (end != RPC_H2_IDLE)
            rpc_refused(rpc_h2_end_name(end));
        rpc_conn_finish(conn, end);
    }
    if (rpc_h2_has_output(conn->h2))
        rpc_conn_kick(conn);
}

void rpc_conn_abort(struct rpc_conn *conn)
{
    rpc_wire_abort(&conn->wire);
    gone(conn, "shutdown");
}
