// SPDX-License-Identifier: BSD-3-Clause
#include "frames.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_add(struct bytes *b, const void *data, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2 + 64;
        b->data = realloc(b->data, b->cap);
        if (!b->data)
            abort();
    }
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void bytes_free(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

void put_frame(struct bytes *b, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
               size_t len)
{
    uint8_t header[9] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags,
                         (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8),
                         (uint8_t)stream};
    bytes_add(b, header, sizeof(header));
    bytes_add(b, payload, len);
}

void put_greeting(struct bytes *b)
{
    bytes_add(b, PREFACE, PREFACE_LEN);
    put_frame(b, SETTINGS, 0, 0, NULL, 0);
}

// RFC 7541 §5.1 integer with a 7-bit prefix, then the bytes
static void put_string(struct bytes *block, const char *text)
{
    size_t len = strlen(text);
    uint8_t head[4];
    size_t n = 0;
    if (len < 127) {
        head[n++] = (uint8_t)len;
    } else {
        size_t rest = len - 127;
        head[n++] = 127;
        while (rest >= 128) {
            head[n++] = (uint8_t)(rest % 128 + 128);
            rest /= 128;
        }
        head[n++] = (uint8_t)rest;
    }
    bytes_add(block, head, n);
    bytes_add(block, text, len);
}

void put_field(struct bytes *block, const char *name, const char *value)
{
    uint8_t literal = 0; // RFC 7541 §6.2.2, new name
    bytes_add(block, &literal, 1);
    put_string(block, name);
    put_string(block, value);
}

void put_request_fields(struct bytes *block, const char *path)
{
    put_field(block, ":method", "POST");
    put_field(block, ":scheme", "http");
    put_field(block, ":path", path);
    put_field(block, ":authority", "s6a_proxy-controller.test");
    put_field(block, "content-type", "application/grpc");
    put_field(block, "te", "trailers");
}

void put_request(struct bytes *b, uint32_t stream, const char *path, bool end)
{
    struct bytes block = {0};
    put_request_fields(&block, path);
    put_frame(b, HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block.data, block.len);
    bytes_free(&block);
}

void put_message(struct bytes *b, uint32_t stream, const void *message, size_t len, bool end)
{
    struct bytes framed = {0};
    uint8_t prefix[5] = {0, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                         (uint8_t)len};
    bytes_add(&framed, prefix, sizeof(prefix));
    bytes_add(&framed, message, len);
    for (size_t at = 0; at < framed.len; at += 16384) {
        size_t n = framed.len - at < 16384 ? framed.len - at : 16384;
        put_frame(b, DATA, end && at + n == framed.len ? END_STREAM : 0, stream, framed.data + at,
                  n);
    }
    bytes_free(&framed);
}

// ---- reading ----

void heard_init(struct heard *heard)
{
    nghttp2_hd_inflater *inflater;
    memset(heard, 0, sizeof(*heard));
    for (int i = 0; i < STREAMS; i++)
        heard->stream[i].http_status = heard->stream[i].grpc_status = -1;
    if (nghttp2_hd_inflate_new(&inflater))
        abort();
    heard->inflater = inflater;
}

void heard_free(struct heard *heard)
{
    nghttp2_hd_inflate_del(heard->inflater);
    bytes_free(&heard->rest);
}

static void field(struct heard *heard, uint32_t id, const nghttp2_nv *nv)
{
    const char *name = (const char *)nv->name, *value = (const char *)nv->value;
    if (strcmp(name, ":status") == 0)
        heard->stream[id].http_status = (int)strtol(value, NULL, 10);
    else if (strcmp(name, "grpc-status") == 0)
        heard->stream[id].grpc_status = (int)strtol(value, NULL, 10);
    else if (strcmp(name, "grpc-message") == 0)
        snprintf(heard->stream[id].grpc_message, 256, "%s", value);
    else if (strcmp(name, "content-type") == 0)
        snprintf(heard->stream[id].content_type, 64, "%s", value);
    else if (strcmp(name, "grpc-accept-encoding") == 0)
        snprintf(heard->stream[id].accept_encoding, 32, "%s", value);
}

static void headers(struct heard *heard, uint32_t id, const uint8_t *block, size_t len)
{
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(heard->inflater, &nv, &flags, block, len, 1);
        if (n < 0)
            abort();
        block += n;
        len -= (size_t)n;
        if (flags & NGHTTP2_HD_INFLATE_EMIT)
            field(heard, id, &nv);
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            break;
    }
    nghttp2_hd_inflate_end_headers(heard->inflater);
    heard->stream[id].headers++;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void frame(struct heard *heard, uint8_t type, uint8_t flags, uint32_t id, const uint8_t *p,
                  size_t len)
{
    if (id >= STREAMS)
        return;
    switch (type) {
    case DATA:
        if (heard->stream[id].body_len + len <= sizeof(heard->stream[id].body))
            memcpy(heard->stream[id].body + heard->stream[id].body_len, p, len);
        heard->stream[id].body_len += len;
        heard->stream[id].ended |= (flags & END_STREAM) != 0;
        break;
    case HEADERS:
        headers(heard, id, p, len);
        heard->stream[id].ended |= (flags & END_STREAM) != 0;
        break;
    case RST_STREAM:
        heard->stream[id].reset = true;
        heard->stream[id].reset_code = u32(p);
        break;
    case SETTINGS:
        *(flags & ACK ? &heard->settings_acks : &heard->settings) += 1;
        break;
    case PING:
        *(flags & ACK ? &heard->ping_acks : &heard->pings) += 1;
        break;
    case GOAWAY:
        heard->goaways++;
        heard->goaway_last = u32(p);
        heard->goaway_code = u32(p + 4);
        break;
    default:
        break;
    }
}

void heard_feed(struct heard *heard, const uint8_t *data, size_t len)
{
    struct bytes *rest = &heard->rest;
    bytes_add(rest, data, len);
    size_t at = 0;
    while (rest->len - at >= 9) {
        const uint8_t *h = rest->data + at;
        size_t n = (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
        if (rest->len - at < 9 + n)
            break;
        frame(heard, h[3], h[4], u32(h + 5) & 0x7fffffff, h + 9, n);
        at += 9 + n;
    }
    if (at)
        memmove(rest->data, rest->data + at, rest->len - at);
    rest->len -= at;
}
