// SPDX-License-Identifier: BSD-3-Clause
// Calls and streams of a client channel: queueing until connected, deadline, retry of what a server
// has surely not seen, exactly one end. Not for connecting (channel.c).
#include "rpc/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/client_int.h"

#define PENDING_MAX 10000 // while there is no connection
#define CALLS_MAX 100000  // altogether

static struct rpc_client_stream *call_of(const struct rpc_h2_stream *h2s)
{
    struct rpc_client_stream *call;
    memcpy(&call, h2s->user, sizeof(call));
    return call;
}

static void set_call(struct rpc_h2_stream *h2s, struct rpc_client_stream *call)
{
    memcpy(h2s->user, &call, sizeof(call));
}

static struct rpc_link *link_of(struct rpc_h2_stream *h2s)
{
    return h2s->h2->ctx;
}

// ---- lists ----

static void leave(struct rpc_client_stream *call)
{
    struct rpc_channel *channel = call->channel;
    if (call->next)
        call->next->prev = call->prev;
    else
        channel->lists[call->list].last = call->prev;
    if (call->prev)
        call->prev->next = call->next;
    else
        channel->lists[call->list].first = call->next;
    channel->lists[call->list].n--;
    call->next = call->prev = NULL;
}

// At the end of the list: first come, first served.
static void enter(struct rpc_client_stream *call, enum rpc_call_list list)
{
    struct rpc_channel *channel = call->channel;
    call->list = list;
    call->next = NULL;
    call->prev = channel->lists[list].last;
    if (call->prev)
        call->prev->next = call;
    else
        channel->lists[list].first = call;
    channel->lists[list].last = call;
    channel->lists[list].n++;
}

static void call_free(struct rpc_client_stream *call)
{
    for (size_t i = 0; i < call->n_metadata; i++) {
        free((char *)call->metadata[i].name);
        free((char *)call->metadata[i].value);
    }
    free(call->metadata);
    free(call->path);
    rpc_buf_free(&call->early);
    call->channel->n_calls--;
    free(call);
}

// ---- the end of a call ----

static void detach(struct rpc_client_stream *call, uint32_t reset_code)
{
    struct rpc_h2_stream *h2s = call->h2s;
    if (!h2s)
        return;
    call->h2s = NULL;
    set_call(h2s, NULL);
    if (h2s->in_session) {
        rpc_h2_reset(h2s, reset_code);
        rpc_wire_kick(&link_of(h2s)->wire);
    }
    rpc_h2_release(h2s);
}

// Calls the owner back and frees the call. payload is borrowed.
static void end_call(struct rpc_client_stream *call, int status, const char *message,
                     const uint8_t *payload, size_t len)
{
    struct rpc_channel *channel = call->channel;
    leave(call);
    rpc_wheel_remove(&channel->deadlines, &call->deadline_item);
    metric_inc(channel->m_status[status]);
    if (call->unary) {
        struct rpc_result result = {
            .status = status, .message = message ? message : "", .payload = payload, .len = len};
        call->done(call->ctx, &result);
    } else {
        call->ops.closed(call, call->ctx, status, message ? message : "");
    }
    detach(call, NGHTTP2_CANCEL);
    call_free(call);
}

static void doom(struct rpc_client_stream *call, int status, const char *text)
{
    if (call->list == RPC_LIST_DOOMED)
        return;
    leave(call);
    enter(call, RPC_LIST_DOOMED);
    call->doom_status = status;
    call->doom_text = text;
    base_timer_start(&call->channel->doom, 0);
}

void rpc_client_doom(struct base_timer *timer)
{
    struct rpc_channel *channel = BASE_CONTAINER_OF(timer, struct rpc_channel, doom);
    struct rpc_client_stream *call;
    // those that are doomed meanwhile wait for the next turn
    for (size_t n = channel->lists[RPC_LIST_DOOMED].n; n; n--) {
        call = channel->lists[RPC_LIST_DOOMED].first;
        if (!call)
            break;
        end_call(call, call->doom_status, call->doom_text, NULL, 0);
    }
    if (channel->lists[RPC_LIST_DOOMED].first)
        base_timer_start(&channel->doom, 0);
}

static void expired(struct rpc_wheel_item *item, void *arg)
{
    struct rpc_client_stream *call =
        BASE_CONTAINER_OF(item, struct rpc_client_stream, deadline_item);
    end_call(call, RPC_DEADLINE_EXCEEDED,
             call->list == RPC_LIST_PENDING ? "deadline exceeded before the server was reached"
                           : "deadline exceeded",
             NULL, 0);
}

void rpc_client_tick(struct base_timer *timer)
{
    struct rpc_channel *channel = BASE_CONTAINER_OF(timer, struct rpc_channel, tick);
    rpc_wheel_advance(&channel->deadlines, base_now_ns(), expired, NULL);
    if (channel->deadlines.n)
        base_timer_start(&channel->tick, RPC_WHEEL_TICK_NS / BASE_MS_NS);
}

// ---- on a connection ----

static void send_early(struct rpc_client_stream *call)
{
    struct rpc_h2_stream *h2s = call->h2s;
    enum err err = ERR_OK;
    if (call->unary) {
        err = rpc_h2_send(h2s, call->early.data, call->early.len);
        rpc_h2_half_close(h2s);
    } else {
        const uint8_t *at = call->early.data, *end = at + call->early.len;
        while (!err && at < end) {
            uint32_t len;
            memcpy(&len, at, sizeof(len));
            err = rpc_h2_send(h2s, at + sizeof(len), len);
            at += sizeof(len) + len;
        }
        rpc_buf_free(&call->early);
        if (call->half_closed)
            rpc_h2_half_close(h2s);
    }
    if (err)
        doom(call, RPC_RESOURCE_EXHAUSTED, "server does not read its requests");
}

// Opens the stream; false: this connection takes no more, the call stays where it was.
static bool start_on(struct rpc_client_stream *call, struct rpc_link *link)
{
    struct rpc_channel *channel = call->channel;
    struct rpc_h2_request request = {
        .path = call->path,
        .authority = channel->config.authority,
        .metadata = call->metadata,
        .n_metadata = call->n_metadata,
        .mode = call->unary ? RPC_H2_UNARY : RPC_H2_STREAMING,
    };
    if (call->deadline_ns) {
        request.timeout_ns = call->deadline_ns - base_now_ns();
        if (request.timeout_ns <= 0)
            request.timeout_ns = BASE_MS_NS; // the wheel is about to end it
    }
    enum err err = rpc_h2_open(link->h2, &request, &call->h2s);
    if (err == ERR_SHUTDOWN)
        return false;
    leave(call);
    enter(call, RPC_LIST_ACTIVE);
    if (err) {
        doom(call, RPC_RESOURCE_EXHAUSTED, err_str(err));
        return true;
    }
    set_call(call->h2s, call);
    send_early(call);
    rpc_wire_kick(&link->wire);
    return true;
}

void rpc_client_start_pending(struct rpc_channel *channel)
{
    struct rpc_client_stream *call;
    while ((call = channel->lists[RPC_LIST_PENDING].first) && channel->current &&
           start_on(call, channel->current))
        continue;
}

void rpc_client_fail_pending(struct rpc_channel *channel, const char *why)
{
    for (size_t n = channel->lists[RPC_LIST_PENDING].n; n; n--) {
        struct rpc_client_stream *call = channel->lists[RPC_LIST_PENDING].first;
        if (!call)
            break;
        end_call(call, RPC_UNAVAILABLE, why, NULL, 0);
    }
}

void rpc_client_end_all(struct rpc_channel *channel)
{
    for (int list = 0; list < RPC_LISTS; list++) {
        while (channel->lists[list].first)
            end_call(channel->lists[list].first, RPC_CANCELLED, "channel closed", NULL, 0);
    }
}

// ---- events of the connection core ----

static void on_message(struct rpc_h2_stream *h2s, const uint8_t *data, size_t len)
{
    struct rpc_client_stream *call = call_of(h2s);
    if (call && call->list != RPC_LIST_DOOMED && call->ops.message)
        call->ops.message(call, call->ctx, data, len);
}

// A call that the server has not processed may be repeated, once.
static bool retry(struct rpc_client_stream *call)
{
    struct rpc_channel *channel = call->channel;
    if (!call->unary || call->retried || channel->freeing ||
        call->list == RPC_LIST_DOOMED)
        return false;
    call->retried = true;
    detach(call, NGHTTP2_CANCEL);
    leave(call);
    enter(call, RPC_LIST_PENDING);
    if (channel->state == RPC_CHANNEL_READY)
        rpc_client_start_pending(channel);
    return true;
}

static void on_stream_closed(struct rpc_h2_stream *h2s)
{
    struct rpc_client_stream *call = call_of(h2s);
    if (!call)
        return;
    if (h2s->refused && retry(call))
        return;
    end_call(call, h2s->status, h2s->message, h2s->status == RPC_OK ? h2s->in.body.data : NULL,
             h2s->status == RPC_OK ? h2s->in.body.len : 0);
}

const struct rpc_h2_ops rpc_client_ops = {
    .message = on_message,
    .closed = on_stream_closed,
    .goaway = rpc_link_goaway,
};

// ---- what callers use ----

static enum err copy_metadata(struct rpc_client_stream *call, const struct rpc_metadata *metadata,
                              size_t n)
{
    if (!n)
        return ERR_OK;
    call->metadata = calloc(n, sizeof(*call->metadata));
    if (!call->metadata)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        call->metadata[i].name = strdup(metadata[i].name);
        call->metadata[i].value = strdup(metadata[i].value);
        call->n_metadata++;
        if (!call->metadata[i].name || !call->metadata[i].value)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static enum err call_new(struct rpc_channel *channel, const char *path, void *ctx,
                         struct rpc_client_stream **out)
{
    if (channel->lists[RPC_LIST_PENDING].n >= PENDING_MAX || channel->n_calls >= CALLS_MAX)
        return ERR_FULL;
    struct rpc_client_stream *call = calloc(1, sizeof(*call));
    if (!call)
        return ERR_NOMEM;
    call->channel = channel;
    call->ctx = ctx;
    call->path = strdup(path);
    if (!call->path) {
        free(call);
        return ERR_NOMEM;
    }
    channel->n_calls++;
    *out = call;
    return ERR_OK;
}

static void start(struct rpc_client_stream *call)
{
    struct rpc_channel *channel = call->channel;
    enter(call, RPC_LIST_PENDING);
    rpc_channel_wanted(channel);
    if (channel->state == RPC_CHANNEL_READY)
        rpc_client_start_pending(channel);
    else if (channel->state == RPC_CHANNEL_BACKOFF)
        doom(call, RPC_UNAVAILABLE, channel->why);
}

enum err rpc_unary(struct rpc_channel *channel, const char *path, const uint8_t *message,
                   size_t len, int64_t timeout_ms, const struct rpc_metadata *metadata,
                   size_t n_metadata, void (*done)(void *ctx, const struct rpc_result *result),
                   void *ctx)
{
    struct rpc_client_stream *call;
    enum err err = call_new(channel, path, ctx, &call);
    if (err)
        return err;
    call->unary = true;
    call->done = done;
    err = rpc_buf_append(&call->early, message, len);
    if (!err)
        err = copy_metadata(call, metadata, n_metadata);
    if (err) {
        call_free(call);
        return err;
    }
    if (timeout_ms > 0) {
        int64_t now = base_now_ns();
        call->deadline_ns = now + timeout_ms * BASE_MS_NS;
        rpc_wheel_add(&channel->deadlines, &call->deadline_item, call->deadline_ns, now);
        if (!channel->tick.armed)
            base_timer_start(&channel->tick, RPC_WHEEL_TICK_NS / BASE_MS_NS);
    }
    start(call);
    return ERR_OK;
}

enum err rpc_client_stream_open(struct rpc_channel *channel, const char *path,
                                const struct rpc_client_stream_ops *ops, void *ctx,
                                struct rpc_client_stream **out)
{
    struct rpc_client_stream *call;
    enum err err = call_new(channel, path, ctx, &call);
    if (err)
        return err;
    call->ops = *ops;
    *out = call;
    start(call);
    return ERR_OK;
}

enum err rpc_client_stream_send(struct rpc_client_stream *stream, const uint8_t *data, size_t len)
{
    if (stream->half_closed || stream->list == RPC_LIST_DOOMED)
        return ERR_CLOSED;
    if (stream->h2s) {
        enum err err = rpc_h2_send(stream->h2s, data, len);
        if (!err)
            rpc_wire_kick(&link_of(stream->h2s)->wire);
        return err;
    }
    uint32_t n = (uint32_t)len;
    if (stream->early.len + len > stream->channel->h2.max_buffered)
        return ERR_FULL;
    enum err err = rpc_buf_reserve(&stream->early, sizeof(n) + len);
    if (!err)
        err = rpc_buf_append(&stream->early, &n, sizeof(n));
    if (!err)
        err = rpc_buf_append(&stream->early, data, len);
    return err;
}

void rpc_client_stream_end(struct rpc_client_stream *stream)
{
    stream->half_closed = true;
    if (!stream->h2s)
        return;
    rpc_h2_half_close(stream->h2s);
    rpc_wire_kick(&link_of(stream->h2s)->wire);
}

void rpc_client_stream_cancel(struct rpc_client_stream *stream)
{
    doom(stream, RPC_CANCELLED, "cancelled");
}
