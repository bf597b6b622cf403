// SPDX-License-Identifier: BSD-3-Clause
// Connection core: the nghttp2 session, its callbacks, output, time-outs, and what both sides
// share. Not for request semantics (h2_server.c) or answers (h2_client.c), nor streams' memory
// (h2_stream.c).
#include "rpc/h2.h"

#include <stdlib.h>
#include <string.h>

// Ceiling of what one DATA chunk of a peer may let us buffer before back-pressure; also the
// smallest window that keeps a gigabit line of 50 ms busy.
#define STREAM_WINDOW (1u << 20)
#define CONNECTION_WINDOW (8u << 20)
#define MAX_OUTBOUND_ACK 256
#define MAX_SETTINGS_ENTRIES 32

const char *rpc_h2_end_name(enum rpc_h2_end end)
{
    static const char *const names[RPC_H2_END_COUNT] = {
        [RPC_H2_ALIVE] = "alive",
        [RPC_H2_FINISHED] = "finished",
        [RPC_H2_PROTOCOL] = "protocol",
        [RPC_H2_ABUSE] = "abuse",
        [RPC_H2_NO_GREETING] = "no_greeting",
        [RPC_H2_SLOW_HEADERS] = "slow_headers",
        [RPC_H2_STALLED] = "stalled",
        [RPC_H2_NO_PONG] = "no_pong",
        [RPC_H2_IDLE] = "idle",
        [RPC_H2_NOMEM] = "no_memory",
        [RPC_H2_EVICTED] = "no_longer_admitted",
    };
    return end < RPC_H2_END_COUNT ? names[end] : "?";
}

static void abused(struct rpc_h2 *h2, enum rpc_abuse abuse)
{
    if (h2->end != RPC_H2_ALIVE)
        return;
    h2->abuse = abuse;
    h2->end = RPC_H2_ABUSE;
    nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
}

// ---- callbacks of nghttp2 ----

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    if (!h2->config->server || frame->hd.type != NGHTTP2_HEADERS ||
        frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    // Answered late or cancelled calls keep their memory until their owner lets go.
    if (h2->n_held >= 2 * h2->config->max_streams) {
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_REFUSED_STREAM);
        h2->refused_streams++;
        return 0;
    }
    struct rpc_h2_stream *stream = rpc_h2_stream_new(h2);
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    rpc_h2_stream_link(stream, frame->hd.stream_id);
    nghttp2_session_set_stream_user_data(session, stream->id, stream);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    struct rpc_h2_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (!stream || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    // request trailers mean nothing in gRPC
    if (!h2->config->server)
        rpc_h2_client_header(stream, name, name_len, value, value_len);
    else if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        rpc_h2_server_header(stream, name, name_len, value, value_len);
    return 0;
}

// Adds to the message under way and keeps the connection's account.
static enum err gather(struct rpc_h2_stream *stream, const uint8_t *data, size_t len, size_t *used,
                       bool *complete)
{
    struct rpc_h2 *h2 = stream->h2;
    enum err err =
        rpc_deframe(&stream->in, h2->config->max_message, data, len, used, complete);
    uint32_t more = (uint32_t)stream->in.body.len - stream->in_counted;
    stream->in_counted += more;
    h2->in_bytes += more;
    if (!err && h2->in_bytes > h2->config->max_buffered)
        return ERR_RPC_REFUSED;
    return err;
}

static void gather_next(struct rpc_h2_stream *stream)
{
    stream->h2->in_bytes -= stream->in_counted;
    stream->in_counted = 0;
    rpc_deframer_next(&stream->in, 4096);
}

static void frame_error(struct rpc_h2_stream *stream, enum err err)
{
    switch (err) {
    case ERR_RPC_TOO_LARGE:
        rpc_h2_fail(stream, RPC_RESOURCE_EXHAUSTED, "message exceeds the size limit");
        return;
    case ERR_RPC_REFUSED:
        rpc_h2_fail(stream, RPC_RESOURCE_EXHAUSTED, "too much data in flight on this connection");
        return;
    case ERR_UNSUPPORTED:
        stream->compressed = true;
        rpc_h2_fail(stream, stream->h2->config->server ? RPC_UNIMPLEMENTED : RPC_INTERNAL,
                    "compressed messages are not supported");
        return;
    case ERR_NOMEM:
        rpc_h2_fail(stream, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    default:
        rpc_h2_fail(stream, RPC_INTERNAL, "malformed message prefix");
    }
}

static void take_unary(struct rpc_h2_stream *stream, const uint8_t *data, size_t len)
{
    bool complete;
    size_t used;
    enum err err = gather(stream, data, len, &used, &complete);
    if (err)
        frame_error(stream, err);
    else if (used < len)
        rpc_h2_fail(stream, RPC_INTERNAL, "more than one message in a unary call");
}

static void take_streaming(struct rpc_h2_stream *stream, const uint8_t *data, size_t len)
{
    const struct rpc_h2_ops *ops = &stream->h2->config->ops;
    while (len > 0 && stream->mode == RPC_H2_STREAMING) {
        bool complete;
        size_t used;
        enum err err = gather(stream, data, len, &used, &complete);
        if (err) {
            frame_error(stream, err);
            return;
        }
        data += used;
        len -= used;
        if (!complete)
            continue;
        rpc_guard_credit(&stream->h2->guard);
        ops->message(stream, stream->in.body.data, stream->in.body.len);
        gather_next(stream);
    }
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *ctx)
{
    struct rpc_h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (!stream)
        return 0;
    stream->rx_ns = stream->h2->now_ns;
    if (stream->mode == RPC_H2_UNARY)
        take_unary(stream, data, len);
    else if (stream->mode == RPC_H2_STREAMING)
        take_streaming(stream, data, len);
    return 0;
}

static void remote_end(struct rpc_h2_stream *stream)
{
    stream->remote_ended = true;
    if (stream->h2->config->server)
        rpc_h2_server_remote_end(stream);
    else
        rpc_h2_client_remote_end(stream);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    struct rpc_h2_stream *stream;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (!stream)
            return 0;
        stream->rx_ns = h2->now_ns;
        if (h2->config->server && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            rpc_h2_server_request(stream);
        else if (!h2->config->server && stream->http_status / 100 != 1 &&
                 stream->http_status != 200)
            stream->mode = RPC_H2_DISCARD; // an error page is no message
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            remote_end(stream);
        return 0;
    case NGHTTP2_DATA:
        stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (stream && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
            remote_end(stream);
        return 0;
    case NGHTTP2_GOAWAY:
        if (!h2->goaway_received && h2->config->ops.goaway) {
            h2->goaway_received = true;
            h2->config->ops.goaway(h2);
        }
        h2->goaway_received = true;
        return 0;
    default:
        return 0;
    }
}

static int on_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int code,
                            void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    if (code == NGHTTP2_ERR_REFUSED_STREAM)
        h2->refused_streams++;
    enum rpc_abuse abuse = rpc_guard_stream_error(&h2->guard, h2->now_ns);
    if (abuse)
        abused(h2, abuse);
    return 0;
}

static void closed(struct rpc_h2 *h2, struct rpc_h2_stream *stream, uint32_t error_code)
{
    nghttp2_session_set_stream_user_data(h2->session, stream->id, NULL);
    stream->in_session = false;
    stream->error_code = error_code;
    if (stream->next)
        stream->next->prev = stream->prev;
    if (stream->prev)
        stream->prev->next = stream->next;
    else
        h2->streams = stream->next;
    h2->n_streams--;
    h2->busy_ns = h2->now_ns;
    h2->out_bytes -= stream->out.len - stream->out_at;
    stream->out.len = stream->out_at = 0;
    if (!h2->config->server)
        rpc_h2_client_closed(stream);
    h2->config->ops.closed(stream);
    rpc_h2_release(stream);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *ctx)
{
    struct rpc_h2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    if (stream)
        closed(ctx, stream, error_code);
    return 0;
}

// A request that never left (GOAWAY came first, or it was cancelled while it waited for its turn).
static int on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame, int code,
                             void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    if (h2->config->server || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    for (struct rpc_h2_stream *s = h2->streams; s; s = s->next) {
        if (s->id != frame->hd.stream_id)
            continue;
        bool refused = code == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED;
        closed(h2, s, refused ? NGHTTP2_REFUSED_STREAM : NGHTTP2_CANCEL);
        break;
    }
    return 0;
}

// A server that answers before the request is complete asks the client to stop, RFC 9113 §8.1.
static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        h2->goaway_sent = true;
    } else if (h2->config->server && frame->hd.type == NGHTTP2_HEADERS &&
               frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        struct rpc_h2_stream *stream =
            nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        rpc_guard_credit(&h2->guard);
        if (stream && !stream->remote_ended)
            nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
    }
    return 0;
}

ssize_t rpc_h2_read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
    struct rpc_h2 *h2 = ctx;
    struct rpc_h2_stream *stream = source->ptr;
    size_t n = stream->out.len - stream->out_at;
    if (n > length)
        n = length;
    if (n) {
        memcpy(buf, stream->out.data + stream->out_at, n);
        stream->out_at += n;
        h2->out_bytes -= n;
        stream->tx_ns = h2->now_ns;
    }
    if (stream->out_at < stream->out.len)
        return (ssize_t)n;
    rpc_buf_reset(&stream->out, 4096);
    stream->out_at = 0;
    if (!stream->finishing) {
        if (n)
            return (ssize_t)n;
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (h2->config->server) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (rpc_h2_server_trailers(stream))
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)n;
}

// ---- life ----

static enum err session_new(struct rpc_h2 *h2)
{
    const struct rpc_h2_config *c = h2->config;
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *option = NULL;
    enum err err = ERR_NOMEM;
    if (nghttp2_session_callbacks_new(&cb) || nghttp2_option_new(&option))
        goto out;
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(cb, on_frame_not_send);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_outbound_ack(option, MAX_OUTBOUND_ACK);
    nghttp2_option_set_max_settings(option, MAX_SETTINGS_ENTRIES);
    nghttp2_option_set_max_reserved_remote_streams(option, 0);
    if (c->server)
        nghttp2_option_set_stream_reset_rate_limit(option, c->reset_burst, c->reset_rate);
    int rv = c->server ? nghttp2_session_server_new2(&h2->session, cb, h2, option)
                       : nghttp2_session_client_new2(&h2->session, cb, h2, option);
    err = rv ? ERR_NOMEM : ERR_OK;
out:
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(cb);
    return err;
}

static enum err greet(struct rpc_h2 *h2)
{
    const struct rpc_h2_config *c = h2->config;
    const nghttp2_settings_entry server[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->max_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, c->max_header_list},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    const nghttp2_settings_entry client[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, c->max_header_list},
    };
    int rv = c->server ? nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, server, 4)
                       : nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, client, 3);
    if (!rv)
        rv = nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0,
                                                   CONNECTION_WINDOW);
    return rv ? ERR_NOMEM : ERR_OK;
}

static void unref(struct rpc_h2 *h2)
{
    if (--h2->refs == 0)
        free(h2);
}

enum err rpc_h2_new(const struct rpc_h2_config *config, void *ctx, int64_t now_ns,
                    struct rpc_h2 **out)
{
    struct rpc_h2 *h2 = calloc(1, sizeof(*h2));
    if (!h2)
        return ERR_NOMEM;
    h2->config = config;
    h2->ctx = ctx;
    h2->refs = 1;
    h2->pool = config->pool;
    h2->now_ns = h2->rx_ns = h2->busy_ns = now_ns;
    rpc_guard_init(&h2->guard, config->server, 2ull * config->max_header_list,
                   config->reset_burst, config->reset_rate, now_ns);
    enum err err = session_new(h2);
    if (!err)
        err = greet(h2);
    if (err) {
        nghttp2_session_del(h2->session);
        free(h2);
        return err;
    }
    *out = h2;
    return ERR_OK;
}

void rpc_h2_free(struct rpc_h2 *h2)
{
    if (!h2)
        return;
    if (h2->end == RPC_H2_ALIVE)
        h2->end = RPC_H2_FINISHED;
    while (h2->streams)
        closed(h2, h2->streams, NGHTTP2_INTERNAL_ERROR);
    nghttp2_session_del(h2->session);
    h2->session = NULL;
    h2->pool = NULL;
    unref(h2);
}

// ---- bytes ----

enum err rpc_h2_recv(struct rpc_h2 *h2, const uint8_t *data, size_t len, int64_t now_ns)
{
    h2->now_ns = now_ns;
    if (h2->end != RPC_H2_ALIVE)
        return ERR_CLOSED;
    h2->rx_ns = now_ns;
    h2->ping_ns = 0;
    enum rpc_abuse abuse = rpc_guard_scan(&h2->guard, data, len, now_ns);
    if (abuse) {
        abused(h2, abuse);
        return ERR_RPC_REFUSED;
    }
    ssize_t n = nghttp2_session_mem_recv(h2->session, data, len);
    if (h2->end != RPC_H2_ALIVE) // by a callback
        return ERR_RPC_REFUSED;
    if (n == NGHTTP2_ERR_FLOODED) {
        abused(h2, RPC_ABUSE_OUTBOUND);
        return ERR_RPC_REFUSED;
    }
    if (n < 0) {
        h2->end = nghttp2_is_fatal((int)n) ? RPC_H2_NOMEM : RPC_H2_PROTOCOL;
        if (n == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
            h2->end = RPC_H2_PROTOCOL;
        return ERR_RPC_PROTOCOL;
    }
    return ERR_OK;
}

size_t rpc_h2_output(struct rpc_h2 *h2, uint8_t *buf, size_t size)
{
    size_t n = 0;
    while (n < size) {
        if (!h2->pending_len) {
            ssize_t got = nghttp2_session_mem_send(h2->session, &h2->pending);
            if (got < 0 && h2->end == RPC_H2_ALIVE)
                h2->end = RPC_H2_NOMEM;
            if (got <= 0)
                break;
            h2->pending_len = (size_t)got;
        }
        size_t take = h2->pending_len < size - n ? h2->pending_len : size - n;
        memcpy(buf + n, h2->pending, take);
        h2->pending += take;
        h2->pending_len -= take;
        n += take;
    }
    return n;
}

bool rpc_h2_has_output(const struct rpc_h2 *h2)
{
    return h2->pending_len || nghttp2_session_want_write(h2->session);
}

bool rpc_h2_done(const struct rpc_h2 *h2)
{
    return !rpc_h2_has_output(h2) &&
           (h2->end != RPC_H2_ALIVE || !nghttp2_session_want_read(h2->session));
}

// ---- time ----

static void check_streams(struct rpc_h2 *h2, int64_t now_ns)
{
    int64_t limit = h2->config->stalled_ns;
    for (struct rpc_h2_stream *s = h2->streams, *next; s; s = next) {
        next = s->next;
        bool slow_in = h2->config->server && s->mode == RPC_H2_UNARY && !s->remote_ended &&
                       now_ns - s->rx_ns > limit;
        bool slow_out = s->out_at < s->out.len && now_ns - s->tx_ns > limit;
        if (!slow_in && !slow_out)
            continue;
        h2->stalled_streams++;
        if (slow_in)
            rpc_h2_fail(s, RPC_DEADLINE_EXCEEDED, "request stalled");
        else
            rpc_h2_reset(s, NGHTTP2_CANCEL);
        s->rx_ns = s->tx_ns = now_ns;
    }
}

static enum rpc_h2_end too_slow(struct rpc_h2 *h2, int64_t now_ns)
{
    const struct rpc_h2_config *c = h2->config;
    int64_t since;
    // until the greeting, rx_ns moves with every byte but busy_ns does not
    if (!rpc_guard_greeted(&h2->guard))
        return now_ns - h2->busy_ns > c->greeting_ns ? RPC_H2_NO_GREETING : RPC_H2_ALIVE;
    if (rpc_guard_in_block(&h2->guard, &since) && now_ns - since > c->greeting_ns)
        return RPC_H2_SLOW_HEADERS;
    if (rpc_guard_in_frame(&h2->guard, &since) && now_ns - since > c->stalled_ns)
        return RPC_H2_STALLED;
    if (h2->ping_ns && now_ns - h2->ping_ns > c->keepalive_timeout_ns)
        return RPC_H2_NO_PONG;
    if (!h2->n_streams && now_ns - h2->busy_ns > c->idle_ns)
        return RPC_H2_IDLE;
    return RPC_H2_ALIVE;
}

enum rpc_h2_end rpc_h2_check(struct rpc_h2 *h2, int64_t now_ns)
{
    h2->now_ns = now_ns;
    if (h2->end != RPC_H2_ALIVE)
        return h2->end;
    enum rpc_h2_end end = too_slow(h2, now_ns);
    if (end) {
        h2->end = end;
        nghttp2_session_terminate_session(h2->session, NGHTTP2_NO_ERROR);
        return end;
    }
    check_streams(h2, now_ns);
    if (!h2->ping_ns && now_ns - h2->rx_ns > h2->config->keepalive_ns &&
        nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL) == 0)
        h2->ping_ns = now_ns;
    return RPC_H2_ALIVE;
}

void rpc_h2_shutdown_notice(struct rpc_h2 *h2)
{
    nghttp2_submit_shutdown_notice(h2->session);
}

void rpc_h2_goaway(struct rpc_h2 *h2)
{
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
}
