// SPDX-License-Identifier: BSD-3-Clause
// The gRPC server: configuration, methods, TLS settings, life of workers, graceful drain.
// Not for listening sockets (listener.c), connections (server_conn.c) or calls (call.c).
#include "rpc/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/server_int.h"

BASE_LOG_CATEGORY(log_rpc, "rpc");

#define WIRE_IN (64 * 1024)
#define WIRE_OUT (128 * 1024)
#define NOTICE_MS 100 // between the notice and the final GOAWAY: about a round trip

// ---- configuration ----

#define DEFAULT(field, value)                                                               \
    do {                                                                                    \
        if (!(field))                                                                       \
            (field) = (value);                                                              \
    } while (0)

static void set_limits(struct rpc_server *server, const struct rpc_limits *given)
{
    struct rpc_limits *l = &server->limits;
    *l = *given;
    DEFAULT(l->max_connections, 10000);
    DEFAULT(l->max_streams, 256);
    DEFAULT(l->max_message, 4u << 20);
    DEFAULT(l->max_header_list, 16 * 1024);
    DEFAULT(l->max_buffered, 8u << 20);
    DEFAULT(l->reset_burst, 1000);
    DEFAULT(l->reset_rate, 33);
    DEFAULT(l->handshake_ms, 10000);
    DEFAULT(l->idle_ms, 30 * 60000);
    DEFAULT(l->stalled_ms, 30000);
    DEFAULT(l->keepalive_ms, 30000);
    DEFAULT(l->keepalive_timeout_ms, 10000);
    DEFAULT(l->default_deadline_ms, 60000);
    if (l->max_buffered < l->max_message)
        l->max_buffered = l->max_message;
    server->h2 = (struct rpc_h2_config){
        .server = true,
        .max_streams = l->max_streams,
        .max_message = l->max_message,
        .max_header_list = l->max_header_list,
        .max_buffered = l->max_buffered,
        .reset_burst = l->reset_burst,
        .reset_rate = l->reset_rate,
        .greeting_ns = l->handshake_ms * BASE_MS_NS,
        .idle_ns = l->idle_ms * BASE_MS_NS,
        .stalled_ns = l->stalled_ms * BASE_MS_NS,
        .keepalive_ns = l->keepalive_ms * BASE_MS_NS,
        .keepalive_timeout_ns = l->keepalive_timeout_ms * BASE_MS_NS,
        .user_size = sizeof(struct rpc_stream),
        .ops = rpc_call_ops,
    };
    server->handshake_ns = l->handshake_ms * BASE_MS_NS;
    int64_t shortest = l->handshake_ms;
    const int64_t others[] = {l->idle_ms, l->stalled_ms, l->keepalive_ms, l->keepalive_timeout_ms};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        shortest = others[i] < shortest ? others[i] : shortest;
    server->sweep_ms = shortest / 4 < 10 ? 10 : shortest / 4 > 1000 ? 1000 : shortest / 4;
}

static enum err copy_text(const char *from, const char **to)
{
    *to = from ? strdup(from) : NULL;
    return from && !*to ? ERR_NOMEM : ERR_OK;
}

static enum err copy_tls(const struct rpc_tls_config *from, struct rpc_tls_config *to)
{
    enum err err = copy_text(from->certificate, &to->certificate);
    if (!err)
        err = copy_text(from->key, &to->key);
    if (!err)
        err = copy_text(from->client_ca, &to->client_ca);
    if (!err)
        err = copy_text(from->crl, &to->crl);
    if (!err)
        err = copy_text(from->min_version, &to->min_version);
    return err;
}

static enum err copy_proxies(struct rpc_server *server, const struct rpc_server_config *config)
{
    if (!config->n_trusted_proxies)
        return ERR_OK;
    server->proxies = calloc(config->n_trusted_proxies, sizeof(*server->proxies));
    if (!server->proxies)
        return ERR_NOMEM;
    for (size_t i = 0; i < config->n_trusted_proxies; i++) {
        if (rpc_cidr_parse(config->trusted_proxies[i], &server->proxies[i])) {
            base_log(&log_rpc, BASE_LOG_ERROR, NULL, "trusted proxy \"%s\" is no address or CIDR",
                     config->trusted_proxies[i]);
            return ERR_INVALID;
        }
        server->n_proxies++;
    }
    return ERR_OK;
}

static enum err copy_listens(struct rpc_server *server, const struct rpc_server_config *config)
{
    server->listens = calloc(config->n_listens ? config->n_listens : 1, sizeof(*server->listens));
    if (!server->listens)
        return ERR_NOMEM;
    for (size_t i = 0; i < config->n_listens; i++) {
        struct rpc_listen_entry *entry = &server->listens[i];
        entry->listen = config->listens[i];
        entry->cleartext = entry->listen.cleartext || !config->tls.certificate ||
                           strncmp(config->listens[i].address, "unix:", 5) == 0;
        if (copy_text(config->listens[i].address, &entry->listen.address))
            return ERR_NOMEM;
        server->n_listens++;
        if (rpc_addr_parse(entry->listen.address, entry->listen.port, &entry->addr)) {
            base_log(&log_rpc, BASE_LOG_ERROR, NULL, "listen address \"%s\" is not numeric",
                     entry->listen.address);
            return ERR_INVALID;
        }
        if (entry->cleartext && !config->allow_cleartext_anywhere &&
            !rpc_addr_local(&entry->addr)) {
            base_log(&log_rpc, BASE_LOG_ERROR, NULL,
                     "cleartext gRPC on %s is not allowed: not a loopback address",
                     entry->listen.address);
            return ERR_DENIED;
        }
    }
    return ERR_OK;
}

// ---- life ----

static void on_tick(struct base_timer *timer);
static void on_sweep(struct base_timer *timer);
static void on_drain_step(struct base_timer *timer);

static enum err worker_new(struct rpc_server *server, struct base_loop *loop,
                           struct rpc_worker **out)
{
    struct rpc_worker *worker = calloc(1, sizeof(*worker));
    if (!worker)
        return ERR_NOMEM;
    if (rpc_wire_io_init(&worker->io, WIRE_IN, WIRE_OUT)) {
        free(worker);
        return ERR_NOMEM;
    }
    worker->server = server;
    worker->loop = loop;
    atomic_init(&worker->refs, 1);
    rpc_wheel_init(&worker->deadlines, base_now_ns());
    base_timer_init(&worker->tick, loop, on_tick);
    base_timer_init(&worker->sweep, loop, on_sweep);
    base_timer_init(&worker->drain_step, loop, on_drain_step);
    *out = worker;
    return ERR_OK;
}

void rpc_worker_unref(struct rpc_worker *worker)
{
    if (atomic_fetch_sub(&worker->refs, 1) == 1)
        free(worker);
}

static void resolve_cells(struct rpc_server *server)
{
    server->m_connections = metric_cell(&rpc_m_connections, NULL);
    server->m_late = metric_cell(&rpc_m_late, NULL);
    server->m_rx = METRIC_CELL(&rpc_m_bytes, "in");
    server->m_tx = METRIC_CELL(&rpc_m_bytes, "out");
    for (int i = 0; i <= RPC_UNAUTHENTICATED; i++)
        server->unknown_method[i] = METRIC_CELL(&rpc_m_requests, "unknown", rpc_status_name(i));
}

enum err rpc_server_new(const struct rpc_server_config *config, struct base_loop *const *loops,
                        size_t n_loops, struct rpc_server **out)
{
    if (!n_loops)
        return ERR_INVALID;
    struct rpc_server *server = calloc(1, sizeof(*server));
    if (!server)
        return ERR_NOMEM;
    pthread_mutex_init(&server->lock, NULL);
    server->allow_cleartext_anywhere = config->allow_cleartext_anywhere;
    server->allow_anonymous = config->allow_anonymous;
    server->admit = config->admit;
    server->admit_ctx = config->admit_ctx;
    set_limits(server, &config->limits);
    resolve_cells(server);
    enum err err = copy_tls(&config->tls, &server->tls);
    if (!err)
        err = copy_proxies(server, config);
    if (!err)
        err = copy_listens(server, config);
    if (!err && server->tls.certificate)
        err = rpc_server_reload_tls(server);
    server->workers = calloc(n_loops, sizeof(*server->workers));
    if (!err && !server->workers)
        err = ERR_NOMEM;
    for (size_t i = 0; !err && i < n_loops; i++) {
        err = worker_new(server, loops[i], &server->workers[i]);
        if (!err)
            server->n_workers++;
    }
    if (err) {
        rpc_server_free(server);
        return err;
    }
    *out = server;
    return ERR_OK;
}

enum err rpc_server_reload_tls(struct rpc_server *server)
{
    SSL_CTX *ctx = NULL, *old;
    char why[256] = "";
    if (!server->tls.certificate)
        return ERR_OK;
    enum err err = rpc_tls_server(&server->tls, &ctx, why, sizeof(why));
    if (err) {
        base_log(&log_rpc, BASE_LOG_ERROR, NULL, "TLS settings not loaded: %s", why);
        return err;
    }
    pthread_mutex_lock(&server->lock);
    old = server->ssl_ctx;
    server->ssl_ctx = ctx;
    pthread_mutex_unlock(&server->lock);
    if (old)
        base_log(&log_rpc, BASE_LOG_NOTICE, NULL, "TLS certificates reloaded");
    SSL_CTX_free(old);
    return ERR_OK;
}

static void worker_free(struct rpc_worker *worker)
{
    base_timer_stop(&worker->tick);
    base_timer_stop(&worker->sweep);
    base_timer_stop(&worker->drain_step);
    rpc_listeners_close(worker);
    while (worker->conns)
        rpc_conn_abort(worker->conns);
    rpc_h2_pool_free(&worker->pool);
    rpc_wire_io_fini(&worker->io);
    worker->server = NULL;
    rpc_worker_unref(worker);
}

static void free_methods(struct rpc_server *server)
{
    for (size_t i = 0; i < RPC_METHOD_BUCKETS; i++) {
        while (server->methods[i]) {
            struct rpc_method_entry *entry = server->methods[i];
            server->methods[i] = entry->next;
            free((char *)entry->method.path);
            free(entry);
        }
    }
}

void rpc_server_free(struct rpc_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->n_workers; i++)
        worker_free(server->workers[i]);
    free(server->workers);
    free_methods(server);
    for (size_t i = 0; i < server->n_listens; i++)
        free((char *)server->listens[i].listen.address);
    free(server->listens);
    free(server->proxies);
    free((char *)server->tls.certificate);
    free((char *)server->tls.key);
    free((char *)server->tls.client_ca);
    free((char *)server->tls.crl);
    free((char *)server->tls.min_version);
    SSL_CTX_free(server->ssl_ctx);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

// ---- methods ----

static size_t path_hash(const char *path)
{
    uint32_t h = 2166136261u;
    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 16777619u;
    return h % RPC_METHOD_BUCKETS;
}

struct rpc_method_entry *rpc_method_find(struct rpc_server *server, const char *path)
{
    struct rpc_method_entry *entry = server->methods[path_hash(path)];
    while (entry && strcmp(entry->method.path, path) != 0)
        entry = entry->next;
    return entry;
}

enum err rpc_server_add(struct rpc_server *server, const struct rpc_method *method)
{
    if (server->started)
        return ERR_WRONG_STATE;
    if (!method->path || method->path[0] != '/' || !method->unary == !method->stream)
        return ERR_INVALID;
    if (rpc_method_find(server, method->path))
        return ERR_EXISTS;
    struct rpc_method_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return ERR_NOMEM;
    entry->method = *method;
    if (copy_text(method->path, &entry->method.path)) {
        free(entry);
        return ERR_NOMEM;
    }
    for (int i = 0; i <= RPC_UNAUTHENTICATED; i++)
        entry->status[i] = METRIC_CELL(&rpc_m_requests, method->path, rpc_status_name(i));
    entry->seconds = METRIC_CELL(&rpc_m_seconds, method->path);
    entry->streams = METRIC_CELL(&rpc_m_streams, method->path);
    size_t at = path_hash(method->path);
    entry->next = server->methods[at];
    server->methods[at] = entry;
    return ERR_OK;
}

// ---- time ----

static void expire(struct rpc_wheel_item *item, void *arg)
{
    rpc_call_expired(BASE_CONTAINER_OF(item, struct rpc_call, deadline_item));
}

static void on_tick(struct base_timer *timer)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(timer, struct rpc_worker, tick);
    rpc_wheel_advance(&worker->deadlines, base_now_ns(), expire, worker);
    if (worker->deadlines.n)
        base_timer_start(&worker->tick, RPC_WHEEL_TICK_NS / BASE_MS_NS);
}

void rpc_worker_watch(struct rpc_worker *worker, struct rpc_call *call)
{
    rpc_wheel_add(&worker->deadlines, &call->deadline_item, call->deadline_ns,
                  base_loop_now_ns(worker->loop));
    if (!worker->tick.armed)
        base_timer_start(&worker->tick, RPC_WHEEL_TICK_NS / BASE_MS_NS);
}

static void on_sweep(struct base_timer *timer)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(timer, struct rpc_worker, sweep);
    int64_t now = base_now_ns();
    for (struct rpc_conn *conn = worker->conns, *next; conn; conn = next) {
        next = conn->next;
        rpc_conn_sweep(conn, now);
    }
    base_timer_start(&worker->sweep, worker->server->sweep_ms);
}

// ---- start ----

static void worker_start(struct base_job *job)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(job, struct rpc_worker, start_job);
    if (worker->server) {
        rpc_listeners_open(worker);
        base_timer_start(&worker->sweep, worker->server->sweep_ms);
    }
    rpc_worker_unref(worker);
}

enum err rpc_server_start(struct rpc_server *server)
{
    if (server->started)
        return ERR_WRONG_STATE;
    enum err err = rpc_listeners_bind(server);
    if (err)
        return err;
    server->started = true;
    for (size_t i = 0; i < server->n_workers; i++) {
        struct rpc_worker *worker = server->workers[i];
        atomic_fetch_add(&worker->refs, 1);
        worker->start_job.run = worker_start;
        base_loop_post_admitted(worker->loop, &worker->start_job);
    }
    return ERR_OK;
}

uint16_t rpc_server_port(const struct rpc_server *server, size_t listen_index)
{
    return listen_index < server->n_listens ? rpc_addr_port(&server->listens[listen_index].addr)
                                            : 0;
}

// ---- drain ----

static void drained(struct base_job *job)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(job, struct rpc_worker, drained_job);
    struct rpc_server *server = worker->server;
    if (server) {
        base_log(&log_rpc, BASE_LOG_NOTICE, NULL, "drained");
        if (server->drain_done)
            server->drain_done(server->drain_arg);
    }
    rpc_worker_unref(worker);
}

void rpc_worker_conn_gone(struct rpc_worker *worker)
{
    struct rpc_server *server = worker->server;
    if (!worker->draining || worker->drained || worker->conns)
        return;
    worker->drained = true;
    base_timer_stop(&worker->drain_step);
    if (atomic_fetch_sub(&server->workers_left, 1) == 1) {
        struct rpc_worker *first = server->workers[0];
        atomic_fetch_add(&first->refs, 1);
        first->drained_job.run = drained;
        base_loop_post_admitted(first->loop, &first->drained_job);
    }
}

// The grace time is over: answers what is in flight and closes.
static void cut_off(struct rpc_worker *worker)
{
    for (struct rpc_conn *conn = worker->conns; conn; conn = conn->next) {
        rpc_conn_each_call(conn, rpc_call_abandon);
        rpc_conn_finish(conn, RPC_H2_FINISHED);
    }
}

// First step: the final GOAWAY. Second: the end of the grace time. Third: nobody may keep us
// longer.
static void on_drain_step(struct base_timer *timer)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(timer, struct rpc_worker, drain_step);
    int64_t now = base_now_ns();
    if (!worker->said_goaway) {
        worker->said_goaway = true;
        for (struct rpc_conn *conn = worker->conns; conn; conn = conn->next) {
            if (conn->h2)
                rpc_h2_goaway(conn->h2);
            rpc_conn_each_call(conn, rpc_call_draining);
            rpc_conn_kick(conn);
        }
        int64_t left = (worker->drain_until_ns - now) / BASE_MS_NS;
        base_timer_start(&worker->drain_step, left < 1 ? 1 : left);
    } else if (!worker->cut_off) {
        worker->cut_off = true;
        cut_off(worker);
        base_timer_start(&worker->drain_step, NOTICE_MS);
    } else {
        for (struct rpc_conn *conn = worker->conns; conn; conn = conn->next)
            rpc_wire_close(&conn->wire, RPC_WIRE_LOCAL, NULL);
    }
}

static void worker_drain(struct base_job *job)
{
    struct rpc_worker *worker = BASE_CONTAINER_OF(job, struct rpc_worker, drain_job);
    if (worker->server) {
        int64_t grace_ms = worker->server->drain_grace_ms;
        worker->draining = true;
        worker->drain_until_ns = base_now_ns() + grace_ms * BASE_MS_NS;
        rpc_listeners_close(worker);
        for (struct rpc_conn *conn = worker->conns; conn; conn = conn->next) {
            if (conn->h2)
                rpc_h2_shutdown_notice(conn->h2);
            else
                rpc_wire_close(&conn->wire, RPC_WIRE_LOCAL, NULL);
            rpc_conn_kick(conn);
        }
        base_timer_start(&worker->drain_step, grace_ms < NOTICE_MS ? grace_ms : NOTICE_MS);
        rpc_worker_conn_gone(worker);
    }
    rpc_worker_unref(worker);
}

void rpc_server_drain(struct rpc_server *server, int64_t grace_ms, void (*done)(void *arg),
                      void *arg)
{
    pthread_mutex_lock(&server->lock);
    bool already = server->draining;
    if (!already) {
        server->draining = true;
        server->drain_done = done;
        server->drain_arg = arg;
        server->drain_grace_ms = grace_ms < 0 ? 0 : grace_ms;
        atomic_store(&server->workers_left, server->n_workers);
    }
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; !already && i < server->n_workers; i++) {
        struct rpc_worker *worker = server->workers[i];
        atomic_fetch_add(&worker->refs, 1);
        worker->drain_job.run = worker_drain;
        base_loop_post_admitted(worker->loop, &worker->drain_job);
    }
}
