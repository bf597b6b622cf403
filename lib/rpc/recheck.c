// SPDX-License-Identifier: BSD-3-Clause
// Connections that exist, held against what is in force now: whom `admit` refuses, or whose
// certificate is revoked by now, is sent away. A few connections per turn of each loop, because a
// certificate costs a signature check. Not for new connections (server_conn.c, call.c).
#include "rpc/server_int.h"

#define PER_TURN 32

static bool admitted(struct rpc_server *server, const char *gateway)
{
    return !gateway[0] || !server->admit || server->admit(server->admit_ctx, gateway) == ERR_OK;
}

// An answer for what is in flight and GOAWAY, then the end.
static void send_away(struct rpc_conn *conn)
{
    struct base_log_subject subject = {.agw = conn->identity, .peer = conn->remote};
    base_log(&log_rpc, BASE_LOG_NOTICE, &subject, "no longer admitted, connection is closed");
    rpc_refused("no_longer_admitted");
    rpc_conn_each_call(conn, rpc_call_evict);
    rpc_h2_goaway(conn->h2);
    rpc_conn_finish(conn, RPC_H2_EVICTED);
}

// Behind a front proxy, gateways share a connection: only their streams end.
static void recheck_stream(struct rpc_call *call)
{
    if (!call->conn || call->answered || !call->method || !call->method->method.stream)
        return;
    if (admitted(call->conn->worker->server, call->gateway))
        return;
    struct base_log_subject subject = {.agw = call->gateway, .peer = call->conn->remote};
    base_log(&log_rpc, BASE_LOG_NOTICE, &subject, "no longer admitted, stream is closed");
    rpc_refused("no_longer_admitted");
    rpc_call_evict(call);
}

static void recheck(struct rpc_conn *conn, SSL_CTX *ctx)
{
    struct rpc_server *server = conn->worker->server;
    if (!conn->h2 || conn->wire.finishing)
        return; // not up yet: looked at when it is; or leaving anyway
    if (conn->trusted_proxy) {
        rpc_conn_each_call(conn, recheck_stream);
        return;
    }
    bool welcome = admitted(server, conn->identity);
    conn->admission = welcome ? RPC_ADMIT_YES : RPC_ADMIT_NO;
    if (!welcome || (ctx && conn->wire.ssl && !rpc_tls_still_trusted(conn->wire.ssl, ctx)))
        send_away(conn);
}

static void recheck_some(struct base_job *job)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(job, struct rpc_worker, recheck_job);
    unsigned asked = atomic_load(&worker->recheck_asked), n = 0;
    struct rpc_conn *conn = NULL, *next;
    if (worker->server && !worker->draining) {
        SSL_CTX *ctx = rpc_server_ssl_ctx(worker->server);
        for (conn = worker->conns; conn && n < PER_TURN; conn = next) {
            next = conn->next;
            n += conn->rechecked != asked;
            if (conn->rechecked != asked)
                recheck(conn, ctx);
            conn->rechecked = asked;
        }
        SSL_CTX_free(ctx);
    }
    if (!conn) {
        atomic_store(&worker->recheck_queued, false);
        bool again = atomic_load(&worker->recheck_asked) != asked;
        if (!again || atomic_exchange(&worker->recheck_queued, true)) {
            rpc_worker_unref(worker);
            return;
        }
    }
    base_loop_post_admitted(worker->loop, job);
}

void rpc_server_recheck(struct rpc_server *server)
{
    for (size_t i = 0; i < server->n_workers; i++) {
        struct rpc_worker *worker = server->workers[i];
        atomic_fetch_add(&worker->refs, 1);
        atomic_fetch_add(&worker->recheck_asked, 1);
        if (atomic_exchange(&worker->recheck_queued, true)) {
            rpc_worker_unref(worker); // it is at work and will see that it was asked again
            continue;
        }
        worker->recheck_job.run = recheck_some;
        base_loop_post_admitted(worker->loop, &worker->recheck_job);
    }
}
