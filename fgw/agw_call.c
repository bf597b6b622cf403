// SPDX-License-Identifier: BSD-3-Clause
// A call that did not reach its gateway is made again after a pause that doubles each time, while
// the deadline allows. What the gateway's service may have seen is never repeated: a lost stream
// ends a call.
#include "fgw/agw_call.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fgw/log.h"
#include "fgw/snapshot.h"

static struct rpc_tunnel *tunnel; // changed only while no loop runs
static _Atomic bool draining;

static struct metric_family calls = {
    .name = "fgw_agw_calls_total",
    .help = "Calls to gateways through their tunnels, by the tunnel's result.",
    .type = METRIC_COUNTER,
    .labels = {"service", "result"},
};
static struct metric_family retries = {
    .name = "fgw_agw_call_retries_total",
    .help = "Further tries of calls that had not reached their gateway.",
    .type = METRIC_COUNTER,
};

struct agw_call {
    struct base_loop *loop;
    struct rpc_tunnel_call call; // texts and message point into data
    rpc_tunnel_done done;
    void *ctx;
    int64_t deadline_ns, pause_ms;
    int tries_left;
    struct base_timer timer;
    struct agw_call *next, **at; // among those waiting on this loop, while the timer runs
    char data[];
};

static _Thread_local struct agw_call *waiting; // of this loop

static void try_now(struct agw_call *c);

// The call waits for its next try.
static enum err wait_for(struct agw_call *c, int64_t pause_ms)
{
    enum err err = base_timer_start(&c->timer, pause_ms);
    if (err)
        return err;
    c->next = waiting;
    c->at = &waiting;
    if (waiting)
        waiting->at = &c->next;
    waiting = c;
    return ERR_OK;
}

static void wait_no_more(struct agw_call *c)
{
    base_timer_stop(&c->timer);
    *c->at = c->next;
    if (c->next)
        c->next->at = c->at;
}

static void again(struct base_timer *timer)
{
    struct agw_call *c = BASE_CONTAINER_OF(timer, struct agw_call, timer);
    wait_no_more(c);
    try_now(c);
}

static void finish(struct agw_call *c, const struct rpc_tunnel_result *result)
{
    metric_inc(METRIC_CELL(&calls, c->call.service, err_name(result->err)));
    c->done(c->ctx, result);
    free(c);
}

// Did the call certainly not reach the service?
static bool not_reached(const struct rpc_tunnel_result *result)
{
    if (result->err == ERR_OK)
        return result->status == RPC_UNAVAILABLE;
    return result->err == ERR_RPC_UNREACHABLE || result->err == ERR_FULL ||
           result->err == ERR_AGAIN;
}

// True if a further try was arranged.
static bool retry(struct agw_call *c, const struct rpc_tunnel_result *result)
{
    if (!not_reached(result) || c->tries_left <= 0 || atomic_load(&draining) ||
        base_ms_until(c->deadline_ns) <= c->pause_ms)
        return false;
    struct base_log_subject subject = {.agw = c->call.gateway};
    base_log_limited(&log_agw, BASE_LOG_INFO, &subject, "%s not reached (%s), again in %d ms",
                     c->call.path, err_str(result->err), (int)c->pause_ms);
    if (wait_for(c, c->pause_ms))
        return false;
    metric_inc(metric_cell(&retries, (const char *const[]){NULL}));
    c->pause_ms *= 2;
    return true;
}

static void on_done(void *ctx, const struct rpc_tunnel_result *result)
{
    struct agw_call *c = ctx;
    if (!retry(c, result))
        finish(c, result);
}

static void try_now(struct agw_call *c)
{
    c->tries_left--;
    c->call.timeout_ms = base_ms_until(c->deadline_ns);
    enum err err = ERR_TIMEOUT;
    if (c->call.timeout_ms > 0)
        err = tunnel ? rpc_tunnel_send(tunnel, c->loop, &c->call, on_done, c)
                     : ERR_RPC_UNREACHABLE;
    struct rpc_tunnel_result result = {.err = err};
    if (err && !retry(c, &result))
        finish(c, &result);
}

static char *keep(char **at, const void *data, size_t len)
{
    char *place = *at;
    memcpy(place, data, len);
    *at += len;
    return place;
}

enum err fgw_agw_call(struct base_loop *loop, const struct rpc_tunnel_call *call,
                      rpc_tunnel_done done, void *ctx)
{
    const struct fgw_snapshot *snapshot = fgw_snapshot_current();
    if (!snapshot)
        return ERR_WRONG_STATE;
    size_t gateway = strlen(call->gateway) + 1, service = strlen(call->service) + 1,
           path = strlen(call->path) + 1;
    struct agw_call *c = malloc(sizeof(*c) + gateway + service + path + call->len);
    if (!c)
        return ERR_NOMEM;
    char *at = c->data;
    *c = (struct agw_call){
        .loop = loop,
        .call = *call,
        .done = done,
        .ctx = ctx,
        .deadline_ns = base_now_ns() + call->timeout_ms * BASE_MS_NS,
        .pause_ms = snapshot->settings.agw.calls.pause_ms,
        .tries_left = (int)snapshot->settings.agw.calls.tries,
    };
    c->call.gateway = keep(&at, call->gateway, gateway);
    c->call.service = keep(&at, call->service, service);
    c->call.path = keep(&at, call->path, path);
    c->call.message = (const uint8_t *)keep(&at, call->len ? (const void *)call->message : "",
                                            call->len);
    base_timer_init(&c->timer, loop, again);
    // the first try begins in the next turn, so that done is never called from inside
    enum err err = wait_for(c, 0);
    if (err)
        free(c);
    return err;
}

static void end_waiting(struct base_job *job)
{
    static const struct rpc_tunnel_result shutdown = {.err = ERR_SHUTDOWN};
    while (waiting) {
        struct agw_call *c = waiting;
        wait_no_more(c);
        finish(c, &shutdown);
    }
    free(job);
}

void fgw_agw_call_drain(struct base_loop *const *loops, size_t n_loops)
{
    atomic_store(&draining, true);
    for (size_t i = 0; i < n_loops; i++) {
        struct base_job *job = calloc(1, sizeof(*job));
        if (!job)
            return; // their deadlines end them
        job->run = end_waiting;
        base_loop_post_admitted(loops[i], job);
    }
}

void fgw_agw_call_use(struct rpc_tunnel *use)
{
    atomic_store(&draining, false);
    tunnel = use;
}
