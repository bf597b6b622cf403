// SPDX-License-Identifier: BSD-3-Clause
// Reverse tunnel: the table of gateways, calls to them, their deadlines, exactly one end each.
// Not for streams (tunnel_stream.c) or message formats (tunnel_wire.c).
#include "rpc/tunnel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "rpc/tunnel_int.h"
#include "rpc/tunnel_wire.h"

BASE_LOG_CATEGORY(log_tunnel, "tunnel");

// The gateway itself gives up after 120 s, so signs of life keep no call alive for longer.
#define LIFE_MAX_NS (120 * BASE_S_NS)
#define HOUSEKEEPING_MS 100

void tunnel_unref(struct rpc_tunnel *tunnel)
{
    if (atomic_fetch_sub(&tunnel->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&tunnel->lock);
    free(tunnel);
}

void tunnel_odd(const char *kind)
{
    metric_inc(METRIC_CELL(&rpc_m_tunnel_odd, kind));
}

// ---- gateways; under the lock ----

static struct tunnel_gateway **gateway_slot(struct rpc_tunnel *tunnel, const char *id)
{
    uint32_t h = 2166136261u;
    for (const char *p = id; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    struct tunnel_gateway **slot = &tunnel->gateways[h % RPC_TUNNEL_GATEWAY_BUCKETS];
    while (*slot && strcmp((*slot)->id, id) != 0)
        slot = &(*slot)->next;
    return slot;
}

struct tunnel_gateway *tunnel_find(struct rpc_tunnel *tunnel, const char *id)
{
    return *gateway_slot(tunnel, id);
}

void tunnel_set_left(struct rpc_tunnel *tunnel, struct tunnel_gateway *gateway, bool left)
{
    if (gateway->in_grace == left)
        return;
    gateway->in_grace = left;
    if (left) {
        gateway->left_prev = NULL;
        gateway->left_next = tunnel->left;
        if (tunnel->left)
            tunnel->left->left_prev = gateway;
        tunnel->left = gateway;
        return;
    }
    if (gateway->left_next)
        gateway->left_next->left_prev = gateway->left_prev;
    if (gateway->left_prev)
        gateway->left_prev->left_next = gateway->left_next;
    else
        tunnel->left = gateway->left_next;
}

static void gateway_free(struct rpc_tunnel *tunnel, struct tunnel_gateway **slot)
{
    struct tunnel_gateway *gateway = *slot;
    *slot = gateway->next;
    tunnel_set_left(tunnel, gateway, false);
    tunnel->n_gateways--;
    free(gateway->id);
    free(gateway);
}

// Makes room by forgetting the gateway that has been gone for longest.
static bool evict(struct rpc_tunnel *tunnel)
{
    struct tunnel_gateway **oldest = NULL;
    for (size_t i = 0; i < RPC_TUNNEL_GATEWAY_BUCKETS; i++) {
        for (struct tunnel_gateway **slot = &tunnel->gateways[i]; *slot; slot = &(*slot)->next) {
            if (!(*slot)->streams && !(*slot)->in_grace && !(*slot)->in_flight &&
                (!oldest || (*slot)->since_ns < (*oldest)->since_ns))
                oldest = slot;
        }
    }
    if (!oldest)
        return false;
    gateway_free(tunnel, oldest);
    return true;
}

enum err tunnel_find_or_add(struct rpc_tunnel *tunnel, const char *id, struct tunnel_gateway **out)
{
    *out = tunnel_find(tunnel, id);
    if (*out)
        return ERR_OK;
    if (tunnel->n_gateways >= tunnel->config.max_gateways && !evict(tunnel))
        return ERR_FULL;
    struct tunnel_gateway *gateway = calloc(1, sizeof(*gateway));
    if (!gateway)
        return ERR_NOMEM;
    gateway->id = strdup(id);
    if (!gateway->id) {
        free(gateway);
        return ERR_NOMEM;
    }
    *gateway_slot(tunnel, id) = gateway;
    tunnel->n_gateways++;
    *out = gateway;
    return ERR_OK;
}

// ---- calls; under the lock ----

static struct tunnel_call **call_bucket(struct tunnel_gateway *gateway, uint32_t req_id)
{
    return &gateway->calls[req_id % RPC_TUNNEL_CALL_BUCKETS];
}

struct tunnel_call *tunnel_call_find(struct tunnel_gateway *gateway, uint32_t req_id)
{
    struct tunnel_call *call = *call_bucket(gateway, req_id);
    while (call && call->req_id != req_id)
        call = call->next;
    return call;
}

static void insert(struct tunnel_call *call)
{
    struct tunnel_call **bucket = call_bucket(call->gateway, call->req_id);
    call->prev = NULL;
    call->next = *bucket;
    if (call->next)
        call->next->prev = call;
    *bucket = call;
    call->gateway->in_flight++;
    call->gateway->requests++;
}

static void take_out(struct tunnel_call *call, bool answered)
{
    call->gateway->owed += call->state == CALL_SENT && !answered;
    if (call->next)
        call->next->prev = call->prev;
    if (call->prev)
        call->prev->next = call->next;
    else
        *call_bucket(call->gateway, call->req_id) = call->next;
    call->gateway->in_flight--;
    call->state = CALL_ENDED;
}

void tunnel_call_end(struct tunnel_call *call, enum err err)
{
    call->err = err;
    if (err)
        call->gateway->failures++;
    take_out(call, err == ERR_OK);
    base_loop_post_admitted(call->loop, &call->job);
}

void tunnel_call_route(struct tunnel_call *call)
{
    struct tunnel_stream *stream = call->gateway->streams;
    struct rpc_buf bytes = {0};
    if (!stream) {
        call->state = CALL_WAITING;
        return;
    }
    enum err err = rpc_buf_append(&bytes, call->request.data, call->request.len);
    if (!err)
        err = tunnel_stream_post(stream, call->req_id, &bytes);
    rpc_buf_free(&bytes);
    if (err)
        tunnel_call_end(call, err);
    else
        call->state = CALL_SENT;
}

// sent: the end of calls that have gone down a stream; waiting: of the others.
static void end_all(struct tunnel_gateway *gateway, enum err sent, enum err waiting)
{
    for (size_t i = 0; i < RPC_TUNNEL_CALL_BUCKETS; i++) {
        for (struct tunnel_call *call; (call = gateway->calls[i]);)
            tunnel_call_end(call, call->state == CALL_SENT ? sent : waiting);
    }
}

// ---- the end of a call; caller's loop, not under the lock ----

static const char *result_name(const struct tunnel_call *call)
{
    switch (call->err) {
    case ERR_OK:
        return call->status == RPC_OK ? "ok" : "error_status";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_RPC_UNREACHABLE:
        return "unreachable";
    case ERR_CLOSED:
        return "lost";
    case ERR_FULL:
        return "full";
    case ERR_SHUTDOWN:
        return "shutdown";
    default:
        return "bad_answer";
    }
}

static void call_free(struct tunnel_call *call)
{
    rpc_buf_free(&call->request);
    rpc_buf_free(&call->body);
    free(call->message);
    tunnel_unref(call->tunnel);
    free(call);
}

static void tell(struct tunnel_call *call)
{
    struct rpc_tunnel_result result = {
        .err = call->err, .status = call->status, .message = call->message};
    base_timer_stop(&call->timer);
    if (!call->err && call->status == RPC_OK)
        result.err = rpc_tunnel_unframe(call->body.data, call->body.len, &result.payload,
                                        &result.len);
    call->err = result.err;
    metric_inc(METRIC_CELL(&rpc_m_tunnel_requests, result_name(call)));
    if (!call->err)
        metric_observe(call->tunnel->m_seconds,
                       (double)(base_now_ns() - call->started_ns) / BASE_S_NS);
    call->done(call->ctx, &result);
    call_free(call);
}

static void on_job(struct base_job *job)
{
    tell(BASE_CONTAINER_OF(job, struct tunnel_call, job));
}

static void on_timeout(struct base_timer *timer)
{
    struct tunnel_call *call = BASE_CONTAINER_OF(timer, struct tunnel_call, timer);
    struct rpc_tunnel *tunnel = call->tunnel;
    struct rpc_buf cancel = {0};
    pthread_mutex_lock(&tunnel->lock);
    if (call->state == CALL_ENDED) { // its job is on the way
        pthread_mutex_unlock(&tunnel->lock);
        return;
    }
    int64_t left_ms = base_ms_until(call->until_ns);
    if (left_ms > 0) { // there was a sign of life
        pthread_mutex_unlock(&tunnel->lock);
        base_timer_start(timer, left_ms);
        return;
    }
    bool sent = call->state == CALL_SENT;
    struct tunnel_stream *stream = call->gateway->streams;
    if (sent && stream && rpc_tunnel_pack_cancel(call->req_id, &cancel) == ERR_OK)
        tunnel_stream_post(stream, 0, &cancel);
    rpc_buf_free(&cancel);
    call->gateway->failures++;
    take_out(call, false);
    pthread_mutex_unlock(&tunnel->lock);
    call->err = sent ? ERR_TIMEOUT : ERR_RPC_UNREACHABLE;
    tell(call);
}

// ---- making a call ----

static enum err call_new(struct rpc_tunnel *tunnel, struct base_loop *loop,
                         const struct rpc_tunnel_call *given, struct tunnel_call **out)
{
    struct tunnel_call *call = calloc(1, sizeof(*call));
    if (!call)
        return ERR_NOMEM;
    call->tunnel = tunnel;
    atomic_fetch_add(&tunnel->refs, 1);
    call->loop = loop;
    call->job.run = on_job;
    call->req_id = atomic_fetch_add(&tunnel->next_req_id, 1);
    if (!call->req_id)
        call->req_id = atomic_fetch_add(&tunnel->next_req_id, 1);
    call->started_ns = base_now_ns();
    call->timeout_ns = given->timeout_ms * BASE_MS_NS;
    call->until_ns = call->started_ns + call->timeout_ns;
    call->last_ns = call->timeout_ns > LIFE_MAX_NS ? call->until_ns
                                                   : call->started_ns + LIFE_MAX_NS;
    base_timer_init(&call->timer, loop, on_timeout);
    enum err err = rpc_tunnel_pack_call(call->req_id, given, &call->request);
    if (!err)
        err = base_timer_start(&call->timer, given->timeout_ms);
    if (err) {
        call_free(call);
        return err;
    }
    *out = call;
    return ERR_OK;
}

// Finds where to wait. A gateway not seen since this process began may be about to reconnect.
static enum err admit(struct rpc_tunnel *tunnel, const char *id, struct tunnel_gateway **out)
{
    struct tunnel_gateway *gateway = tunnel_find(tunnel, id);
    int64_t grace_ns = tunnel->config.reconnect_grace_ms * BASE_MS_NS;
    if (tunnel->dead)
        return ERR_SHUTDOWN;
    if (!gateway && base_now_ns() - tunnel->started_ns < grace_ns) {
        enum err err = tunnel_find_or_add(tunnel, id, &gateway);
        if (err)
            return err;
        gateway->since_ns = tunnel->started_ns;
        tunnel_set_left(tunnel, gateway, true);
    }
    if (!gateway || (!gateway->streams && !gateway->in_grace))
        return ERR_RPC_UNREACHABLE;
    if (gateway->in_flight >= tunnel->config.max_in_flight)
        return ERR_FULL;
    *out = gateway;
    return ERR_OK;
}

static void count_refusal(enum err err)
{
    const char *name = err == ERR_RPC_UNREACHABLE ? "unreachable"
                       : err == ERR_FULL          ? "full"
                       : err == ERR_SHUTDOWN      ? "shutdown"
                                                  : "refused";
    metric_inc(METRIC_CELL(&rpc_m_tunnel_requests, name));
}

enum err rpc_tunnel_send(struct rpc_tunnel *tunnel, struct base_loop *loop,
                         const struct rpc_tunnel_call *given, rpc_tunnel_done done, void *ctx)
{
    struct tunnel_call *call;
    struct tunnel_gateway *gateway = NULL;
    if (!given->gateway || !given->service || !given->path || given->timeout_ms <= 0)
        return ERR_INVALID;
    enum err err = call_new(tunnel, loop, given, &call);
    if (err)
        return err;
    call->done = done;
    call->ctx = ctx;
    pthread_mutex_lock(&tunnel->lock);
    err = admit(tunnel, given->gateway, &gateway);
    if (!err) {
        // once the counter has gone round, an id may still be in use
        if (tunnel_call_find(gateway, call->req_id))
            err = ERR_AGAIN;
        call->gateway = gateway;
    }
    if (!err) {
        insert(call);
        tunnel_call_route(call);
    }
    pthread_mutex_unlock(&tunnel->lock);
    if (!err)
        return ERR_OK;
    count_refusal(err);
    base_timer_stop(&call->timer);
    call_free(call);
    return err;
}

// ---- life ----

struct gone {
    struct gone *next;
    char id[];
};

static struct gone *note_gone(struct gone *list, const char *id)
{
    struct gone *gone = malloc(sizeof(*gone) + strlen(id) + 1);
    if (!gone)
        return list;
    memcpy(gone->id, id, strlen(id) + 1);
    gone->next = list;
    return gone;
}

static void on_housekeeping(struct base_timer *timer)
{
    struct rpc_tunnel *tunnel = BASE_CONTAINER_OF(timer, struct rpc_tunnel, housekeeping);
    int64_t now = base_now_ns(), grace_ns = tunnel->config.reconnect_grace_ms * BASE_MS_NS;
    struct gone *list = NULL;
    pthread_mutex_lock(&tunnel->lock);
    for (struct tunnel_gateway *g = tunnel->left, *next; g; g = next) {
        next = g->left_next;
        if (now - g->since_ns < grace_ns)
            continue;
        tunnel_set_left(tunnel, g, false);
        end_all(g, ERR_CLOSED, ERR_RPC_UNREACHABLE);
        if (g->announced)
            list = note_gone(list, g->id);
        g->announced = false;
    }
    pthread_mutex_unlock(&tunnel->lock);
    while (list) {
        struct gone *gone = list;
        struct base_log_subject subject = {.agw = gone->id};
        list = gone->next;
        base_log(&log_tunnel, BASE_LOG_NOTICE, &subject, "gateway is gone");
        if (tunnel->changed)
            tunnel->changed(tunnel->changed_ctx, gone->id, false);
        free(gone);
    }
    base_timer_start(&tunnel->housekeeping, HOUSEKEEPING_MS);
}

struct start {
    struct base_job job;
    struct rpc_tunnel *tunnel;
};

static void on_start(struct base_job *job)
{
    struct start *start = BASE_CONTAINER_OF(job, struct start, job);
    struct rpc_tunnel *tunnel = start->tunnel;
    free(start);
    if (!tunnel->dead)
        base_timer_start(&tunnel->housekeeping, HOUSEKEEPING_MS);
    tunnel_unref(tunnel);
}

static void set_config(struct rpc_tunnel *tunnel, const struct rpc_tunnel_config *given)
{
    struct rpc_tunnel_config *c = &tunnel->config;
    *c = *given;
    if (!c->heartbeat_ms)
        c->heartbeat_ms = 60000;
    if (!c->silent_ms)
        c->silent_ms = 3 * c->heartbeat_ms;
    if (!c->reconnect_grace_ms)
        c->reconnect_grace_ms = 5000;
    if (!c->max_in_flight)
        c->max_in_flight = 512;
    if (!c->max_gateways)
        c->max_gateways = 20000;
}

enum err rpc_tunnel_new(struct rpc_server *server, const struct rpc_tunnel_config *config,
                        struct base_loop *const *loops, size_t n_loops, struct rpc_tunnel **out)
{
    static const char *const paths[] = {"/magma.orc8r.SyncRPCService/EstablishSyncRPCStream",
                                        "/magma.orc8r.SyncRPCService/SyncRPC"};
    if (!n_loops)
        return ERR_INVALID;
    struct rpc_tunnel *tunnel = calloc(1, sizeof(*tunnel));
    struct start *start = calloc(1, sizeof(*start));
    uint32_t first = 0;
    enum err err = tunnel && start ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; !err && i < 2; i++) {
        struct rpc_method method = {.path = paths[i], .stream = &tunnel_stream_ops, .ctx = tunnel};
        err = rpc_server_add(server, &method);
    }
    if (err) {
        free(tunnel);
        free(start);
        return err;
    }
    set_config(tunnel, config);
    pthread_mutex_init(&tunnel->lock, NULL);
    atomic_init(&tunnel->refs, 2); // the owner's and the start's
    tunnel->loop0 = loops[0];
    tunnel->started_ns = base_now_ns();
    // Gateways remember cancelled ids over a reconnect, so a restarted server must not begin at 1.
    if (getrandom(&first, sizeof(first), GRND_NONBLOCK) < 0)
        first = (uint32_t)(tunnel->started_ns / BASE_MS_NS);
    atomic_init(&tunnel->next_req_id, first);
    tunnel->m_gateways = metric_cell(&rpc_m_tunnel_gateways, NULL);
    tunnel->m_seconds = metric_cell(&rpc_m_tunnel_seconds, NULL);
    base_timer_init(&tunnel->housekeeping, tunnel->loop0, on_housekeeping);
    start->tunnel = tunnel;
    start->job.run = on_start;
    base_loop_post_admitted(tunnel->loop0, &start->job);
    *out = tunnel;
    return ERR_OK;
}

void rpc_tunnel_free(struct rpc_tunnel *tunnel)
{
    if (!tunnel)
        return;
    base_timer_stop(&tunnel->housekeeping);
    pthread_mutex_lock(&tunnel->lock);
    tunnel->dead = true;
    for (size_t i = 0; i < RPC_TUNNEL_GATEWAY_BUCKETS; i++) {
        while (tunnel->gateways[i]) {
            struct tunnel_gateway *gateway = tunnel->gateways[i];
            end_all(gateway, ERR_SHUTDOWN, ERR_SHUTDOWN);
            for (struct tunnel_stream *s = gateway->streams; s; s = s->next) {
                s->gateway = NULL;
                metric_gauge_add(tunnel->m_gateways, s == gateway->streams ? -1 : 0);
            }
            gateway_free(tunnel, &tunnel->gateways[i]);
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
    tunnel_unref(tunnel);
}

// ---- looking at it ----

void rpc_tunnel_each(struct rpc_tunnel *tunnel,
                     void (*visit)(const struct rpc_tunnel_gateway *gateway, void *arg), void *arg)
{
    int64_t now = base_now_ns();
    pthread_mutex_lock(&tunnel->lock);
    for (size_t i = 0; i < RPC_TUNNEL_GATEWAY_BUCKETS; i++) {
        for (struct tunnel_gateway *g = tunnel->gateways[i]; g; g = g->next) {
            struct rpc_tunnel_gateway view = {
                .id = g->id,
                .remote = g->remote,
                .connected = g->streams != NULL,
                .since_ms = (now - g->since_ns) / BASE_MS_NS,
                .in_flight = g->in_flight,
                .requests = g->requests,
                .failures = g->failures,
            };
            visit(&view, arg);
        }
    }
    pthread_mutex_unlock(&tunnel->lock);
}

bool rpc_tunnel_connected(struct rpc_tunnel *tunnel, const char *gateway)
{
    pthread_mutex_lock(&tunnel->lock);
    struct tunnel_gateway *found = tunnel_find(tunnel, gateway);
    bool connected = found && found->streams;
    pthread_mutex_unlock(&tunnel->lock);
    return connected;
}

void rpc_tunnel_on_change(struct rpc_tunnel *tunnel,
                          void (*changed)(void *ctx, const char *gateway, bool connected),
                          void *ctx)
{
    tunnel->changed = changed;
    tunnel->changed_ctx = ctx;
}
