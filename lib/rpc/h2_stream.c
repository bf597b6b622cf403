// SPDX-License-Identifier: BSD-3-Clause
// Streams of a connection: memory, holds, queueing of messages, reset. Shared by both sides.
#include "rpc/h2.h"

#include <stdlib.h>
#include <string.h>

#define POOL_MAX 1024
#define KEEP 4096 // a pooled stream keeps buffers up to this size

static void buffers_free(struct rpc_h2_stream *stream)
{
    rpc_buf_free(&stream->headers);
    rpc_buf_free(&stream->in.body);
    rpc_buf_free(&stream->out);
}

void rpc_h2_pool_free(struct rpc_h2_pool *pool)
{
    while (pool->free) {
        struct rpc_h2_stream *stream = pool->free;
        pool->free = stream->next;
        buffers_free(stream);
        free(stream);
    }
    pool->n = 0;
}

struct rpc_h2_stream *rpc_h2_stream_new(struct rpc_h2 *h2)
{
    size_t user = h2->config->user_size;
    struct rpc_h2_stream *stream = h2->pool ? h2->pool->free : NULL;
    if (stream) {
        h2->pool->free = stream->next;
        h2->pool->n--;
        struct rpc_buf headers = stream->headers, body = stream->in.body, out = stream->out;
        memset(stream, 0, sizeof(*stream) + user);
        stream->headers = headers;
        stream->in.body = body;
        stream->out = out;
    } else {
        stream = calloc(1, sizeof(*stream) + user);
        if (!stream)
            return NULL;
    }
    stream->h2 = h2;
    stream->status = -1;
    stream->timeout_ns = -1;
    stream->opened_ns = stream->rx_ns = stream->tx_ns = h2->now_ns;
    h2->refs++;
    h2->n_held++;
    return stream;
}

void rpc_h2_stream_link(struct rpc_h2_stream *stream, int32_t id)
{
    struct rpc_h2 *h2 = stream->h2;
    stream->id = id;
    stream->in_session = true;
    stream->holds++;
    stream->next = h2->streams;
    if (h2->streams)
        h2->streams->prev = stream;
    h2->streams = stream;
    h2->n_streams++;
    h2->busy_ns = h2->now_ns;
}

void rpc_h2_hold(struct rpc_h2_stream *stream)
{
    stream->holds++;
}

void rpc_h2_release(struct rpc_h2_stream *stream)
{
    if (--stream->holds)
        return;
    struct rpc_h2 *h2 = stream->h2;
    h2->in_bytes -= stream->in_counted;
    h2->n_held--;
    free(stream->message);
    if (h2->pool && h2->pool->n < POOL_MAX) {
        rpc_buf_reset(&stream->headers, KEEP);
        rpc_buf_reset(&stream->in.body, KEEP);
        rpc_buf_reset(&stream->out, KEEP);
        stream->next = h2->pool->free;
        h2->pool->free = stream;
        h2->pool->n++;
    } else {
        buffers_free(stream);
        free(stream);
    }
    if (--h2->refs == 0)
        free(h2);
}

void rpc_h2_set_message(struct rpc_h2_stream *stream, const char *text, size_t len)
{
    free(stream->message);
    stream->message = strndup(text, len);
}

void rpc_h2_resume(struct rpc_h2_stream *stream)
{
    if (!stream->deferred || !stream->in_session)
        return;
    stream->deferred = false;
    stream->tx_ns = stream->h2->now_ns;
    nghttp2_session_resume_data(stream->h2->session, stream->id);
}

// What has been sent makes room. At least half of the bytes, so that each is moved once on average.
static void forget_sent(struct rpc_buf *out, size_t *at)
{
    size_t left = out->len - *at;
    if (*at == 0 || *at < left)
        return;
    memmove(out->data, out->data + *at, left);
    out->len = left;
    *at = 0;
}

enum err rpc_h2_send(struct rpc_h2_stream *stream, const uint8_t *data, size_t len)
{
    struct rpc_h2 *h2 = stream->h2;
    uint8_t prefix[RPC_PREFIX_LEN];
    if (!stream->in_session || stream->finishing)
        return ERR_CLOSED;
    if (len > UINT32_MAX - RPC_PREFIX_LEN)
        return ERR_RPC_TOO_LARGE;
    // One message of any permitted size may always be queued on an otherwise empty connection.
    if (h2->out_bytes && h2->out_bytes + len + RPC_PREFIX_LEN > h2->config->max_buffered)
        return ERR_FULL;
    forget_sent(&stream->out, &stream->out_at);
    enum err err = rpc_buf_reserve(&stream->out, len + RPC_PREFIX_LEN);
    if (err)
        return err;
    if (stream->out_at == stream->out.len)
        stream->tx_ns = h2->now_ns;
    rpc_prefix_write(prefix, (uint32_t)len);
    memcpy(stream->out.data + stream->out.len, prefix, RPC_PREFIX_LEN);
    if (len)
        memcpy(stream->out.data + stream->out.len + RPC_PREFIX_LEN, data, len);
    stream->out.len += len + RPC_PREFIX_LEN;
    h2->out_bytes += len + RPC_PREFIX_LEN;
    rpc_h2_resume(stream);
    return ERR_OK;
}

void rpc_h2_reset(struct rpc_h2_stream *stream, uint32_t error_code)
{
    if (!stream->in_session)
        return;
    stream->mode = RPC_H2_DISCARD;
    stream->finishing = true;
    nghttp2_submit_rst_stream(stream->h2->session, NGHTTP2_FLAG_NONE, stream->id, error_code);
}

void rpc_h2_fail(struct rpc_h2_stream *stream, int status, const char *message)
{
    if (stream->h2->config->server) {
        stream->mode = RPC_H2_DISCARD;
        rpc_h2_finish(stream, status, message);
        return;
    }
    if (stream->status < 0) {
        stream->status = status;
        rpc_h2_set_message(stream, message, strlen(message));
    }
    rpc_h2_reset(stream, NGHTTP2_CANCEL);
}

const char *rpc_h2_path(const struct rpc_h2_stream *stream)
{
    return stream->path_at ? (const char *)stream->headers.data + stream->path_at : "";
}

const char *rpc_h2_authority(const struct rpc_h2_stream *stream)
{
    return stream->authority_at ? (const char *)stream->headers.data + stream->authority_at : "";
}

const char *rpc_h2_header(const struct rpc_h2_stream *stream, const char *name, unsigned *count)
{
    const char *found = NULL;
    const char *at = (const char *)stream->headers.data;
    const char *end = at + stream->headers.len;
    unsigned n = 0;
    while (at < end) {
        const char *value = at + strlen(at) + 1;
        if (strcmp(at, name) == 0 && n++ == 0)
            found = value;
        at = value + strlen(value) + 1;
    }
    if (count)
        *count = n;
    return found;
}
