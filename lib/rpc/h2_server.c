// SPDX-License-Identifier: BSD-3-Clause
// Server half of the connection core: request headers, early refusals, answers and trailers.
#include "rpc/h2.h"

#include <string.h>

#define NV(n, v, f)                                                                         \
    {                                                                                       \
        (uint8_t *)(uintptr_t)(n), (uint8_t *)(uintptr_t)(v), sizeof(n) - 1, strlen(v),     \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | (f)                                              \
    }
#define STATIC NGHTTP2_NV_FLAG_NO_COPY_VALUE
#define MESSAGE_MAX 1024 // percent-encoded grpc-message

static bool is(const uint8_t *text, size_t len, const char *want)
{
    return len == strlen(want) && memcmp(text, want, len) == 0;
}

// "application/grpc", optionally followed by "+proto" or parameters, gRPC-over-HTTP/2 spec.
static bool grpc_content_type(const uint8_t *value, size_t len)
{
    static const char base[] = "application/grpc";
    size_t n = sizeof(base) - 1;
    if (len < n || memcmp(value, base, n) != 0)
        return false;
    return len == n || value[n] == '+' || value[n] == ';';
}

static uint32_t keep(struct rpc_h2_stream *stream, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len)
{
    struct rpc_buf *buf = &stream->headers;
    if (rpc_buf_reserve(buf, name_len + value_len + 2)) {
        stream->headers_refused = true;
        return 0;
    }
    uint8_t *at = buf->data + buf->len;
    memcpy(at, name, name_len);
    at[name_len] = 0;
    memcpy(at + name_len + 1, value, value_len);
    at[name_len + 1 + value_len] = 0;
    uint32_t value_at = (uint32_t)(buf->len + name_len + 1);
    buf->len += name_len + value_len + 2;
    return value_at;
}

void rpc_h2_server_header(struct rpc_h2_stream *stream, const uint8_t *name, size_t name_len,
                          const uint8_t *value, size_t value_len)
{
    stream->header_list += (uint32_t)(name_len + value_len + 32);
    if (stream->header_list > stream->h2->config->max_header_list) {
        // nothing more is stored; how much can still be decoded is bounded by the guard
        stream->headers_refused = true;
        return;
    }
    uint32_t value_at = keep(stream, name, name_len, value, value_len);
    if (!value_at)
        return;
    if (is(name, name_len, ":path")) {
        stream->path_at = value_at;
    } else if (is(name, name_len, ":authority")) {
        stream->authority_at = value_at;
    } else if (is(name, name_len, ":method")) {
        stream->not_post = !is(value, value_len, "POST");
    } else if (is(name, name_len, "content-type")) {
        stream->has_content_type = true;
        stream->bad_content_type |= !grpc_content_type(value, value_len);
    } else if (is(name, name_len, "host")) {
        if (!stream->authority_at)
            stream->authority_at = value_at;
    } else if (is(name, name_len, "grpc-timeout")) {
        if (rpc_timeout_parse((const char *)value, value_len, &stream->timeout_ns))
            stream->timeout_ns = -2;
    }
}

// Requests that are not gRPC get an HTTP answer without a body.
static void answer_http(struct rpc_h2_stream *stream, const char *code)
{
    nghttp2_nv nv[] = {NV(":status", code, 0)};
    stream->mode = RPC_H2_DISCARD;
    stream->submitted = stream->finishing = true;
    nghttp2_submit_response(stream->h2->session, stream->id, nv, 1, NULL);
}

void rpc_h2_server_request(struct rpc_h2_stream *stream)
{
    if (stream->headers_refused)
        rpc_h2_fail(stream, RPC_RESOURCE_EXHAUSTED, "header list exceeds the size limit");
    else if (stream->not_post)
        answer_http(stream, "405");
    else if (!stream->has_content_type || stream->bad_content_type)
        answer_http(stream, "415");
    else if (rpc_h2_path(stream)[0] != '/')
        rpc_h2_fail(stream, RPC_UNIMPLEMENTED, "malformed method name");
    else if (stream->timeout_ns == -2)
        rpc_h2_fail(stream, RPC_INVALID_ARGUMENT, "malformed grpc-timeout");
    else
        stream->h2->config->ops.request(stream);
}

void rpc_h2_accept(struct rpc_h2_stream *stream, enum rpc_h2_mode mode)
{
    if (stream->mode == RPC_H2_NEW)
        stream->mode = mode;
}

void rpc_h2_server_remote_end(struct rpc_h2_stream *stream)
{
    const struct rpc_h2_ops *ops = &stream->h2->config->ops;
    const struct rpc_deframer *in = &stream->in;
    bool whole = in->have == RPC_PREFIX_LEN && in->body.len == in->want;
    switch (stream->mode) {
    case RPC_H2_UNARY:
        if (whole)
            ops->message(stream, in->body.data, in->body.len);
        else
            rpc_h2_fail(stream, RPC_INTERNAL,
                        rpc_deframer_idle(in) ? "request without a message"
                                              : "request message is truncated");
        return;
    case RPC_H2_STREAMING:
        if (rpc_deframer_idle(in))
            ops->half_closed(stream);
        else
            rpc_h2_fail(stream, RPC_INTERNAL, "request message is truncated");
        return;
    default:
        return;
    }
}

static size_t status_text(int status, char out[3])
{
    if (status < 0 || status > RPC_UNAUTHENTICATED)
        status = RPC_UNKNOWN;
    size_t n = 0;
    if (status >= 10)
        out[n++] = '1';
    out[n++] = (char)('0' + status % 10);
    out[n] = 0;
    return n;
}

// Appends grpc-status, grpc-message, grpc-accept-encoding.
static size_t status_headers(struct rpc_h2_stream *stream, char text[3], nghttp2_nv *nv)
{
    size_t n = 0;
    status_text(stream->status, text);
    nv[n++] = (nghttp2_nv)NV("grpc-status", text, 0);
    if (stream->message && stream->message[0])
        nv[n++] = (nghttp2_nv)NV("grpc-message", stream->message, NGHTTP2_NV_FLAG_NO_INDEX);
    if (stream->compressed)
        nv[n++] = (nghttp2_nv)NV("grpc-accept-encoding", "identity", STATIC);
    return n;
}

enum err rpc_h2_server_trailers(struct rpc_h2_stream *stream)
{
    nghttp2_nv nv[3];
    char text[3];
    size_t n = status_headers(stream, text, nv);
    return nghttp2_submit_trailer(stream->h2->session, stream->id, nv, n) ? ERR_NOMEM : ERR_OK;
}

static void submit_response(struct rpc_h2_stream *stream, bool body)
{
    nghttp2_nv nv[5] = {
        NV(":status", "200", STATIC),
        NV("content-type", "application/grpc", STATIC),
    };
    char text[3];
    size_t n = 2;
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = rpc_h2_read_body};
    if (!body)
        n += status_headers(stream, text, nv + n);
    stream->submitted = true;
    if (nghttp2_submit_response(stream->h2->session, stream->id, nv, n, body ? &provider : NULL))
        rpc_h2_reset(stream, NGHTTP2_INTERNAL_ERROR);
}

void rpc_h2_respond(struct rpc_h2_stream *stream)
{
    if (stream->in_session && !stream->submitted)
        submit_response(stream, true);
}

void rpc_h2_finish(struct rpc_h2_stream *stream, int status, const char *message)
{
    if (!stream->in_session || stream->finishing)
        return;
    stream->finishing = true;
    stream->status = status;
    if (message && message[0]) {
        char text[MESSAGE_MAX];
        size_t len = rpc_message_encode(message, text, sizeof(text));
        rpc_h2_set_message(stream, text, len);
    }
    if (stream->submitted)
        rpc_h2_resume(stream);
    else
        submit_response(stream, stream->out_at < stream->out.len);
}
