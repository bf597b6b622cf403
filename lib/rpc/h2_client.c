// SPDX-License-Identifier: BSD-3-Clause
// Client half of the connection core: opening streams, reading status and trailers of answers.
#include "rpc/client.h"
#include "rpc/h2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METADATA_MAX 16
#define DECODED_MESSAGE_MAX 1024

static nghttp2_nv nv_of(const char *name, const char *value, uint8_t flags)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), flags};
}

static void end_sending(struct rpc_h2_stream *stream)
{
    stream->finishing = true;
    rpc_h2_resume(stream);
}

enum err rpc_h2_open(struct rpc_h2 *h2, const struct rpc_h2_request *request,
                     struct rpc_h2_stream **out)
{
    nghttp2_nv nv[8 + METADATA_MAX];
    char timeout[12];
    size_t n = 0;
    if (h2->end != RPC_H2_ALIVE || h2->goaway_received || h2->goaway_sent)
        return ERR_SHUTDOWN;
    if (request->n_metadata > METADATA_MAX)
        return ERR_RANGE;
    struct rpc_h2_stream *stream = rpc_h2_stream_new(h2);
    if (!stream)
        return ERR_NOMEM;
    stream->mode = request->mode;
    nv[n++] = nv_of(":method", "POST", NGHTTP2_NV_FLAG_NONE);
    nv[n++] = nv_of(":scheme", h2->config->scheme, NGHTTP2_NV_FLAG_NONE);
    nv[n++] = nv_of(":path", request->path, NGHTTP2_NV_FLAG_NONE);
    nv[n++] = nv_of(":authority", request->authority, NGHTTP2_NV_FLAG_NONE);
    nv[n++] = nv_of("te", "trailers", NGHTTP2_NV_FLAG_NONE);
    nv[n++] = nv_of("content-type", "application/grpc", NGHTTP2_NV_FLAG_NONE);
    nv[n++] = nv_of("user-agent", "fgw-rpc", NGHTTP2_NV_FLAG_NONE);
    if (request->timeout_ns > 0) {
        // whole milliseconds, so that equal settings give equal (well compressed) headers
        rpc_timeout_format((request->timeout_ns + 999999) / 1000000 * 1000000, timeout);
        nv[n++] = nv_of("grpc-timeout", timeout, NGHTTP2_NV_FLAG_NONE);
    }
    for (size_t i = 0; i < request->n_metadata; i++)
        nv[n++] = nv_of(request->metadata[i].name, request->metadata[i].value,
                        NGHTTP2_NV_FLAG_NONE);
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = rpc_h2_read_body};
    int32_t id = nghttp2_submit_request(h2->session, NULL, nv, n, &provider, stream);
    stream->holds++; // the caller's
    if (id < 0) {
        rpc_h2_release(stream);
        return id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE ? ERR_SHUTDOWN : ERR_NOMEM;
    }
    rpc_h2_stream_link(stream, id);
    *out = stream;
    return ERR_OK;
}

void rpc_h2_half_close(struct rpc_h2_stream *stream)
{
    if (stream->in_session && !stream->finishing)
        end_sending(stream);
}

void rpc_h2_client_header(struct rpc_h2_stream *stream, const uint8_t *name, size_t name_len,
                          const uint8_t *value, size_t value_len)
{
    if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
        stream->http_status = (int)strtol((const char *)value, NULL, 10);
    } else if (name_len == 11 && memcmp(name, "grpc-status", 11) == 0) {
        if (stream->status < 0) {
            stream->status = rpc_status_parse((const char *)value, value_len);
            stream->status_seen = true;
        }
    } else if (name_len == 12 && memcmp(name, "grpc-message", 12) == 0) {
        char text[DECODED_MESSAGE_MAX];
        size_t n = rpc_message_decode((const char *)value, value_len, text, sizeof(text));
        if (!stream->message)
            rpc_h2_set_message(stream, text, n);
    }
}

static void settle(struct rpc_h2_stream *stream, int status, const char *message)
{
    stream->status = status;
    rpc_h2_set_message(stream, message, strlen(message));
}

void rpc_h2_client_remote_end(struct rpc_h2_stream *stream)
{
    const struct rpc_deframer *in = &stream->in;
    bool whole = in->have == RPC_PREFIX_LEN && in->body.len == in->want;
    if (stream->status < 0 && stream->http_status != 200) {
        char text[32];
        snprintf(text, sizeof(text), "HTTP status %d", stream->http_status);
        settle(stream, rpc_status_from_http(stream->http_status), text);
    } else if (stream->status < 0) {
        settle(stream, RPC_UNKNOWN, "answer without grpc-status");
    } else if (stream->status == RPC_OK && stream->mode == RPC_H2_UNARY && !whole) {
        settle(stream, RPC_INTERNAL, "answer without a whole message");
    } else if (stream->status == RPC_OK && stream->mode == RPC_H2_STREAMING &&
               !rpc_deframer_idle(in)) {
        settle(stream, RPC_INTERNAL, "answer message is truncated");
    }
    // The call is over; what we have not sent yet is of no use to the server.
    if (stream->in_session && (!stream->finishing || stream->out_at < stream->out.len))
        rpc_h2_reset(stream, NGHTTP2_NO_ERROR);
}

void rpc_h2_client_closed(struct rpc_h2_stream *stream)
{
    if (stream->status >= 0)
        return;
    struct rpc_h2 *h2 = stream->h2;
    stream->refused = stream->error_code == NGHTTP2_REFUSED_STREAM;
    if (stream->refused)
        settle(stream, RPC_UNAVAILABLE, "stream refused");
    else if (h2->end != RPC_H2_ALIVE)
        settle(stream, RPC_UNAVAILABLE, "connection lost");
    else
        settle(stream, rpc_status_from_h2(stream->error_code), "stream reset by the server");
}
