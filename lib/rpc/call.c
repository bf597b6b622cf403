// SPDX-License-Identifier: BSD-3-Clause
// Calls and streams of the server: who calls, routing, deadline, cancellation, exactly one answer.
// Not for connections (server_conn.c) or HTTP/2 (h2.c).
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/server_int.h"

#define PROXY_HEADER "x-magma-client-cert-cn"

// ---- accounting ----

static void account(struct rpc_call *call, int status)
{
    if (status < 0 || status > RPC_UNAUTHENTICATED)
        status = RPC_UNKNOWN;
    if (!call->method) {
        metric_inc(call->conn->worker->server->unknown_method[status]);
        return;
    }
    metric_inc(call->method->status[status]);
    if (!call->method->method.stream)
        metric_observe(call->method->seconds,
                       (double)(base_now_ns() - call->stream->opened_ns) / BASE_S_NS);
}

// Answers a call that will not be (or no longer is) a handler's to answer.
void rpc_call_shed(struct rpc_call *call, int status, const char *message)
{
    if (call->answered)
        return;
    call->answered = true;
    account(call, status);
    rpc_h2_fail(call->stream, status, message);
}

static void cancel(struct rpc_call *call)
{
    void (*fn)(struct rpc_call *, void *) = call->on_cancel;
    if (call->cancelled)
        return;
    call->cancelled = true;
    call->on_cancel = NULL;
    if (fn)
        fn(call, call->cancel_arg);
}

// ---- who calls ----

static enum rpc_admission admit(struct rpc_server *server, const char *gateway)
{
    if (!server->admit || server->admit(server->admit_ctx, gateway) == ERR_OK)
        return RPC_ADMIT_YES;
    return RPC_ADMIT_NO;
}

// True: the call may go on. Otherwise it has been refused.
static bool identify(struct rpc_call *call)
{
    struct rpc_conn *conn = call->conn;
    struct rpc_server *server = conn->worker->server;
    enum rpc_admission admission;
    call->gateway = conn->identity;
    if (conn->trusted_proxy) {
        unsigned n;
        const char *cn = rpc_h2_header(call->stream, PROXY_HEADER, &n);
        call->gateway = n == 1 && strlen(cn) < RPC_IDENTITY_MAX ? cn : "";
    }
    if (!call->gateway[0]) {
        if (server->allow_anonymous)
            return true;
        rpc_refused("unauthenticated");
        rpc_call_shed(call, RPC_UNAUTHENTICATED, "no client certificate");
        return false;
    }
    if (conn->trusted_proxy) {
        admission = admit(server, call->gateway);
    } else {
        if (conn->admission == RPC_ADMIT_UNKNOWN)
            conn->admission = admit(server, call->gateway);
        admission = conn->admission;
    }
    if (admission == RPC_ADMIT_YES)
        return true;
    struct base_log_subject subject = {.agw = call->gateway, .peer = conn->remote};
    base_log_limited(&log_rpc, BASE_LOG_WARN, &subject, "gateway is not admitted");
    rpc_refused("not_admitted");
    rpc_call_shed(call, RPC_PERMISSION_DENIED, "gateway is not admitted");
    return false;
}

// ---- events of the connection core ----

static void open_stream(struct rpc_stream *stream)
{
    struct rpc_call *call = &stream->call;
    const struct rpc_method *method = &call->method->method;
    rpc_h2_accept(call->stream, RPC_H2_STREAMING);
    if (call->stream->timeout_ns >= 0) {
        call->deadline_ns = call->stream->opened_ns + call->stream->timeout_ns;
        rpc_worker_watch(call->conn->worker, call);
    }
    call->dispatched = true;
    stream->open = true;
    metric_gauge_add(call->method->streams, 1);
    enum err err = method->stream->open(stream, method->ctx, &stream->user);
    if (err) {
        stream->open = false;
        metric_gauge_add(call->method->streams, -1);
        rpc_call_shed(call, rpc_status_from_err(err), err_str(err));
        return;
    }
    rpc_h2_respond(call->stream);
}

static void on_request(struct rpc_h2_stream *h2s)
{
    struct rpc_call *call = (struct rpc_call *)h2s->user;
    struct rpc_conn *conn = h2s->h2->ctx;
    call->stream = h2s;
    call->conn = conn;
    call->gateway = "";
    if (!identify(call))
        return;
    call->method = rpc_method_find(conn->worker->server, rpc_h2_path(h2s));
    if (!call->method) {
        rpc_call_shed(call, RPC_UNIMPLEMENTED, "unknown method");
    } else if (call->method->method.stream) {
        open_stream((struct rpc_stream *)h2s->user);
    } else {
        int64_t timeout = h2s->timeout_ns >= 0
                              ? h2s->timeout_ns
                              : conn->worker->server->limits.default_deadline_ms * BASE_MS_NS;
        call->deadline_ns = h2s->opened_ns + timeout;
        rpc_h2_accept(h2s, RPC_H2_UNARY);
        rpc_worker_watch(conn->worker, call);
    }
}

static void on_message(struct rpc_h2_stream *h2s, const uint8_t *data, size_t len)
{
    struct rpc_call *call = (struct rpc_call *)h2s->user;
    const struct rpc_method *method = &call->method->method;
    if (method->stream) {
        struct rpc_stream *stream = (struct rpc_stream *)h2s->user;
        if (stream->open && !call->answered)
            method->stream->message(stream, stream->user, data, len);
        return;
    }
    if (call->answered)
        return;
    call->dispatched = true;
    rpc_h2_hold(h2s); // until rpc_call_reply
    call->conn->refs++;
    method->unary(call, method->ctx);
}

static void on_half_closed(struct rpc_h2_stream *h2s)
{
    struct rpc_stream *stream = (struct rpc_stream *)h2s->user;
    const struct rpc_stream_ops *ops = stream->call.method->method.stream;
    if (stream->open && ops->half_closed)
        ops->half_closed(stream, stream->user);
}

static void on_closed(struct rpc_h2_stream *h2s)
{
    struct rpc_call *call = (struct rpc_call *)h2s->user;
    if (!call->conn)
        return; // refused by the core
    if (call->deadline_item.link)
        rpc_wheel_remove(&call->conn->worker->deadlines, &call->deadline_item);
    if (!call->answered) {
        call->answered = true;
        account(call, h2s->status >= 0 ? h2s->status : RPC_CANCELLED);
        if (call->dispatched && !call->method->method.stream)
            cancel(call);
    }
    if (call->method && call->method->method.stream) {
        struct rpc_stream *stream = (struct rpc_stream *)h2s->user;
        if (stream->open) {
            stream->open = false;
            metric_gauge_add(call->method->streams, -1);
            call->method->method.stream->closed(stream, stream->user);
        }
    }
}

const struct rpc_h2_ops rpc_call_ops = {
    .request = on_request,
    .message = on_message,
    .half_closed = on_half_closed,
    .closed = on_closed,
};

static void end_early(struct rpc_call *call, int status, const char *message)
{
    struct rpc_conn *conn = call->conn;
    if (!conn || call->answered)
        return;
    rpc_call_shed(call, status, message);
    if (call->dispatched && !call->method->method.stream)
        cancel(call);
    rpc_conn_kick(conn);
}

void rpc_call_expired(struct rpc_call *call)
{
    end_early(call, RPC_DEADLINE_EXCEEDED, "deadline exceeded");
}

void rpc_call_abandon(struct rpc_call *call)
{
    end_early(call, RPC_UNAVAILABLE, "server is shutting down");
}

void rpc_call_evict(struct rpc_call *call)
{
    end_early(call, RPC_PERMISSION_DENIED, "gateway is no longer admitted");
}

void rpc_call_draining(struct rpc_call *call)
{
    if (!call->conn || call->answered || !call->method || !call->method->method.stream)
        return;
    struct rpc_stream *stream = (struct rpc_stream *)call->stream->user;
    const struct rpc_stream_ops *ops = call->method->method.stream;
    if (stream->open && ops->draining)
        ops->draining(stream, stream->user);
}

// ---- what handlers use ----

const uint8_t *rpc_call_request(const struct rpc_call *call, size_t *len)
{
    *len = call->stream->in.body.len;
    return call->stream->in.body.data;
}

const char *rpc_call_gateway(const struct rpc_call *call)
{
    return call->gateway;
}

const char *rpc_call_path(const struct rpc_call *call)
{
    return rpc_h2_path(call->stream);
}

const char *rpc_call_authority(const struct rpc_call *call)
{
    return rpc_h2_authority(call->stream);
}

const char *rpc_call_remote(const struct rpc_call *call)
{
    return call->conn->remote;
}

const char *rpc_call_metadata(const struct rpc_call *call, const char *name)
{
    return rpc_h2_header(call->stream, name, NULL);
}

int64_t rpc_call_deadline_ns(const struct rpc_call *call)
{
    return call->deadline_ns;
}

struct base_loop *rpc_call_loop(const struct rpc_call *call)
{
    return call->conn->loop;
}

void rpc_call_on_cancel(struct rpc_call *call, void (*fn)(struct rpc_call *call, void *arg),
                        void *arg)
{
    call->on_cancel = fn;
    call->cancel_arg = arg;
}

bool rpc_call_cancelled(const struct rpc_call *call)
{
    return call->cancelled;
}

static void answer(struct rpc_call *call, int status, const char *message, const uint8_t *payload,
                   size_t len)
{
    if (status < 0 || status > RPC_UNAUTHENTICATED)
        status = RPC_UNKNOWN;
    call->stream->h2->now_ns = base_loop_now_ns(call->conn->loop);
    if (status == RPC_OK) {
        enum err err = rpc_h2_send(call->stream, payload, len);
        if (err) {
            status = RPC_RESOURCE_EXHAUSTED;
            message = err == ERR_FULL ? "client does not read its answers" : err_str(err);
            rpc_refused("unread_answers");
        }
    }
    call->answered = true;
    account(call, status);
    rpc_h2_finish(call->stream, status, status == RPC_OK ? NULL : message);
    rpc_wheel_remove(&call->conn->worker->deadlines, &call->deadline_item);
    rpc_conn_kick(call->conn);
}

void rpc_call_reply(struct rpc_call *call, int status, const char *message, const uint8_t *payload,
                    size_t len)
{
    struct rpc_conn *conn = call->conn;
    if (!call->answered)
        answer(call, status, message, payload, len);
    else if (conn->worker->server)
        metric_inc(conn->worker->server->m_late);
    call->on_cancel = NULL;
    rpc_h2_release(call->stream); // the call's memory
    rpc_conn_unref(conn);
}

// ---- streams ----

const char *rpc_stream_gateway(const struct rpc_stream *stream)
{
    return stream->call.gateway;
}

const char *rpc_stream_remote(const struct rpc_stream *stream)
{
    return stream->call.conn->remote;
}

struct base_loop *rpc_stream_loop(const struct rpc_stream *stream)
{
    return stream->call.conn->loop;
}

enum err rpc_stream_send(struct rpc_stream *stream, const uint8_t *data, size_t len)
{
    const struct rpc_call *call = &stream->call;
    if (call->answered)
        return ERR_CLOSED;
    call->stream->h2->now_ns = base_loop_now_ns(call->conn->loop);
    enum err err = rpc_h2_send(call->stream, data, len);
    if (!err)
        rpc_conn_kick(call->conn);
    return err;
}

void rpc_stream_end(struct rpc_stream *stream, int status, const char *message)
{
    struct rpc_call *call = &stream->call;
    if (call->answered)
        return;
    call->answered = true;
    account(call, status);
    rpc_h2_finish(call->stream, status, message);
    call->stream->mode = RPC_H2_DISCARD;
    rpc_conn_kick(call->conn);
}
