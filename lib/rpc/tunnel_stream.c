// SPDX-License-Identifier: BSD-3-Clause
// Reverse tunnel: the streams that gateways hold open, their heart-beats, and what comes up them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/tunnel_int.h"
#include "rpc/tunnel_wire.h"

#define BODY_MAX (4u << 20) // an answer collected from parts
#define ODD_BURST 1000.0
#define ODD_PER_SECOND 50.0
#define DRAIN_CHECK_MS 20
#define STREAMS_MAX 3       // of one gateway at a time; older ones are ended

// ---- down ----

// Bytes on their way to a stream's loop.
struct outgoing {
    struct base_job job;
    struct tunnel_stream *stream; // counted
    uint32_t req_id;              // 0: no call waits for the fate of this message
    bool end;                     // no message: the stream is to be ended
    struct rpc_buf bytes;
};

// Under the lock: the stream takes no more calls and its answers are no longer waited for.
static void unregister(struct tunnel_stream *stream)
{
    struct rpc_tunnel *tunnel = stream->tunnel;
    struct tunnel_gateway *gateway = stream->gateway;
    if (!gateway)
        return;
    struct tunnel_stream **link = &gateway->streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    stream->gateway = NULL;
    if (gateway->streams)
        return;
    gateway->since_ns = base_now_ns();
    metric_gauge_add(tunnel->m_gateways, -1);
    tunnel_set_left(tunnel, gateway, true);
}

// Our end of a stream. A dead line may keep it from closing for a while; nothing waits for that.
static void end_stream(struct tunnel_stream *stream, int status, const char *message)
{
    pthread_mutex_lock(&stream->tunnel->lock);
    unregister(stream);
    pthread_mutex_unlock(&stream->tunnel->lock);
    rpc_stream_end(stream->stream, status, message);
}

static void stream_unref(struct tunnel_stream *stream)
{
    if (atomic_fetch_sub(&stream->refs, 1) != 1)
        return;
    tunnel_unref(stream->tunnel);
    free(stream);
}

// The message could not be handed to HTTP/2: the call goes another way or ends.
static void not_sent(struct tunnel_stream *stream, uint32_t req_id, enum err err)
{
    struct rpc_tunnel *tunnel = stream->tunnel;
    pthread_mutex_lock(&tunnel->lock);
    if (err == ERR_CLOSED)
        unregister(stream); // it has ended; until a slow peer has read that, it is not closed
    struct tunnel_gateway *g = tunnel_find(tunnel, stream->id);
    struct tunnel_call *call = g ? tunnel_call_find(g, req_id) : NULL;
    if (call && err == ERR_CLOSED)
        tunnel_call_route(call); // to a newer stream, or it waits for one
    else if (call)
        tunnel_call_end(call, err);
    pthread_mutex_unlock(&tunnel->lock);
}

static void on_outgoing(struct base_job *job)
{
    struct outgoing *out = BASE_CONTAINER_OF(job, struct outgoing, job);
    struct tunnel_stream *stream = out->stream;
    enum err err = ERR_CLOSED;
    if (stream->stream && out->end) {
        end_stream(stream, RPC_ABORTED, "replaced by a newer stream");
        err = ERR_OK;
    } else if (stream->stream) {
        err = rpc_stream_send(stream->stream, out->bytes.data, out->bytes.len);
        stream->tx_ns = base_loop_now_ns(stream->loop);
    }
    if (err && out->req_id)
        not_sent(stream, out->req_id, err);
    rpc_buf_free(&out->bytes);
    stream_unref(stream);
    free(out);
}

static enum err post(struct tunnel_stream *stream, struct outgoing **given)
{
    struct outgoing *out = *given;
    out->stream = stream;
    out->job.run = on_outgoing;
    atomic_fetch_add(&stream->refs, 1);
    enum err err = base_loop_post(stream->loop, &out->job);
    if (!err) {
        *given = NULL;
        return ERR_OK;
    }
    atomic_fetch_sub(&stream->refs, 1); // never the last: the gateway's stream is in the table
    return err;
}

enum err tunnel_stream_post(struct tunnel_stream *stream, uint32_t req_id, struct rpc_buf *bytes)
{
    struct outgoing *out = calloc(1, sizeof(*out));
    if (!out)
        return ERR_NOMEM;
    out->req_id = req_id;
    out->bytes = *bytes;
    enum err err = post(stream, &out);
    if (err)
        free(out);
    else
        *bytes = (struct rpc_buf){0};
    return err;
}

static void post_end(struct tunnel_stream *stream)
{
    struct outgoing *out = calloc(1, sizeof(*out));
    if (!out)
        return;
    out->end = true;
    if (post(stream, &out))
        free(out);
}

// ---- heart-beats ----

static void arm(struct tunnel_stream *stream)
{
    const struct rpc_tunnel_config *c = &stream->tunnel->config;
    if (stream->draining) {
        base_timer_start(&stream->timer, DRAIN_CHECK_MS);
        return;
    }
    int64_t ms = c->heartbeat_ms < c->silent_ms ? c->heartbeat_ms : c->silent_ms;
    base_timer_start(&stream->timer, ms / 4 > 10000 ? 10000 : ms / 4 < 5 ? 5 : ms / 4);
}

static bool nothing_in_flight(struct tunnel_stream *stream)
{
    pthread_mutex_lock(&stream->tunnel->lock);
    bool nothing = !stream->gateway || !stream->gateway->in_flight;
    pthread_mutex_unlock(&stream->tunnel->lock);
    return nothing;
}

static void on_timer(struct base_timer *timer)
{
    struct tunnel_stream *stream = BASE_CONTAINER_OF(timer, struct tunnel_stream, timer);
    const struct rpc_tunnel_config *c = &stream->tunnel->config;
    int64_t now = base_now_ns();
    struct rpc_buf bytes = {0};
    if (stream->draining && nothing_in_flight(stream)) {
        end_stream(stream, RPC_UNAVAILABLE, "server is shutting down");
        return;
    }
    if (now - stream->rx_ns > c->silent_ms * BASE_MS_NS) {
        struct base_log_subject subject = {.agw = stream->id, .peer = stream->remote};
        base_log_limited(&log_tunnel, BASE_LOG_WARN, &subject, "silent gateway is cut off");
        tunnel_odd("silent");
        end_stream(stream, RPC_DEADLINE_EXCEEDED, "no heart-beat");
        return;
    }
    if (now - stream->tx_ns >= c->heartbeat_ms * BASE_MS_NS &&
        rpc_tunnel_pack_heartbeat(&bytes) == ERR_OK) {
        rpc_stream_send(stream->stream, bytes.data, bytes.len);
        stream->tx_ns = now;
    }
    rpc_buf_free(&bytes);
    arm(stream);
}

// ---- up ----

static void sign_of_life(struct tunnel_call *call)
{
    int64_t until = base_now_ns() + call->timeout_ns;
    call->until_ns = until < call->last_ns ? until : call->last_ns;
}

static void take_answer(struct tunnel_call *call, struct rpc_tunnel_answer *answer)
{
    if (answer->kind == RPC_TUNNEL_KEEP) {
        sign_of_life(call);
        return;
    }
    enum err err = ERR_OK;
    if (call->body.len + answer->body.len > BODY_MAX)
        err = ERR_RPC_TOO_LARGE;
    else if (answer->body.len)
        err = rpc_buf_append(&call->body, answer->body.data, answer->body.len);
    if (err) {
        tunnel_call_end(call, err);
    } else if (answer->kind == RPC_TUNNEL_PART) {
        sign_of_life(call);
    } else {
        call->status = answer->status;
        call->message = answer->message[0] ? strdup(answer->message) : NULL;
        tunnel_call_end(call, ERR_OK);
    }
}

// A message that fits no request: neither one that waits nor one that has ended unanswered.
static void odd_message(struct tunnel_stream *stream, const char *kind)
{
    tunnel_odd(kind);
    if (rpc_bucket_take(&stream->odd, stream->rx_ns))
        return;
    struct base_log_subject subject = {.agw = stream->id, .peer = stream->remote};
    base_log_limited(&log_tunnel, BASE_LOG_WARN, &subject, "gateway sends nonsense, is cut off");
    tunnel_odd("flood");
    end_stream(stream, RPC_RESOURCE_EXHAUSTED, "too many messages that answer no request");
}

static void on_message(struct rpc_stream *rpc, void *user, const uint8_t *data, size_t len)
{
    struct tunnel_stream *stream = user;
    struct rpc_tunnel *tunnel = stream->tunnel;
    struct base_log_subject subject = {.agw = stream->id, .peer = stream->remote};
    struct rpc_tunnel_answer answer;
    stream->rx_ns = base_now_ns();
    enum err err = rpc_tunnel_parse(data, len, &answer);
    if (err) {
        base_log_limited(&log_tunnel, BASE_LOG_WARN, &subject, "malformed message: %s",
                         err_str(err));
        odd_message(stream, "malformed");
        return;
    }
    if (answer.kind == RPC_TUNNEL_HEARTBEAT)
        return;
    pthread_mutex_lock(&tunnel->lock);
    // only this gateway's own calls are looked at: nobody can answer for another
    struct tunnel_call *call =
        stream->gateway ? tunnel_call_find(stream->gateway, answer.req_id) : NULL;
    bool late = !call && stream->gateway && stream->gateway->owed > 0 &&
                answer.kind != RPC_TUNNEL_PART;
    if (call)
        take_answer(call, &answer);
    else if (late)
        stream->gateway->owed--;
    pthread_mutex_unlock(&tunnel->lock);
    if (late) { // a slow gateway is none that sends nonsense
        tunnel_odd("late_or_unknown");
    } else if (!call) {
        base_log_limited(&log_tunnel, BASE_LOG_INFO, &subject, "answer to no request: %u",
                         answer.req_id);
        odd_message(stream, "late_or_unknown");
    }
    rpc_buf_free(&answer.body);
}

// ---- coming and going ----

// Under the lock. True: the gateway is new to those who watch.
static bool register_stream(struct tunnel_stream *stream)
{
    struct tunnel_gateway *gateway = stream->gateway;
    unsigned n = 1;
    bool news = !gateway->announced;
    if (!gateway->streams) {
        gateway->since_ns = base_now_ns();
        metric_gauge_add(stream->tunnel->m_gateways, 1);
    }
    tunnel_set_left(stream->tunnel, gateway, false);
    gateway->announced = true;
    stream->next = gateway->streams;
    gateway->streams = stream;
    snprintf(gateway->remote, sizeof(gateway->remote), "%s", stream->remote);
    for (struct tunnel_stream *s = stream->next; s; s = s->next) {
        if (++n > STREAMS_MAX)
            post_end(s);
    }
    for (size_t i = 0; i < RPC_TUNNEL_CALL_BUCKETS; i++) {
        for (struct tunnel_call *call = gateway->calls[i], *next; call; call = next) {
            next = call->next;
            if (call->state == CALL_WAITING)
                tunnel_call_route(call);
        }
    }
    return news;
}

static enum err on_open(struct rpc_stream *rpc, void *ctx, void **user)
{
    struct rpc_tunnel *tunnel = ctx;
    const char *id = rpc_stream_gateway(rpc);
    bool news = false;
    if (!id[0])
        return ERR_DENIED;
    struct tunnel_stream *stream = calloc(1, sizeof(*stream) + strlen(id) + 1);
    if (!stream)
        return ERR_NOMEM;
    memcpy(stream->id, id, strlen(id) + 1);
    stream->tunnel = tunnel;
    atomic_fetch_add(&tunnel->refs, 1);
    atomic_init(&stream->refs, 1);
    stream->stream = rpc;
    stream->loop = rpc_stream_loop(rpc);
    stream->rx_ns = stream->tx_ns = base_now_ns();
    rpc_bucket_init(&stream->odd, ODD_BURST, ODD_PER_SECOND, stream->rx_ns);
    snprintf(stream->remote, sizeof(stream->remote), "%s", rpc_stream_remote(rpc));
    base_timer_init(&stream->timer, stream->loop, on_timer);
    pthread_mutex_lock(&tunnel->lock);
    enum err err = tunnel->dead ? ERR_SHUTDOWN : tunnel_find_or_add(tunnel, id, &stream->gateway);
    if (!err)
        news = register_stream(stream);
    pthread_mutex_unlock(&tunnel->lock);
    if (err) {
        stream_unref(stream);
        return err;
    }
    arm(stream);
    struct base_log_subject subject = {.agw = stream->id, .peer = stream->remote};
    if (news)
        base_log(&log_tunnel, BASE_LOG_NOTICE, &subject, "gateway connected");
    else
        base_log_limited(&log_tunnel, BASE_LOG_INFO, &subject, "gateway opened another stream");
    if (news && tunnel->changed)
        tunnel->changed(tunnel->changed_ctx, id, true);
    *user = stream;
    return ERR_OK;
}

static void on_half_closed(struct rpc_stream *rpc, void *user)
{
    end_stream(user, RPC_OK, NULL);
}

static void on_closed(struct rpc_stream *rpc, void *user)
{
    struct tunnel_stream *stream = user;
    struct rpc_tunnel *tunnel = stream->tunnel;
    base_timer_stop(&stream->timer);
    stream->stream = NULL;
    pthread_mutex_lock(&tunnel->lock);
    unregister(stream);
    pthread_mutex_unlock(&tunnel->lock);
    struct base_log_subject subject = {.agw = stream->id, .peer = stream->remote};
    base_log(&log_tunnel, BASE_LOG_INFO, &subject, "stream closed");
    stream_unref(stream);
}

// The gateway shall open its tunnel elsewhere, but the answers that are due come first.
static void on_draining(struct rpc_stream *rpc, void *user)
{
    struct tunnel_stream *stream = user;
    stream->draining = true;
    arm(stream);
}

const struct rpc_stream_ops tunnel_stream_ops = {
    .open = on_open,
    .message = on_message,
    .half_closed = on_half_closed,
    .closed = on_closed,
    .draining = on_draining,
};
