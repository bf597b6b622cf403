// SPDX-License-Identifier: BSD-3-Clause
// gRPC text and framing helpers (see grpc.h). Not for HTTP/2 itself (h2.c).
#include "rpc/grpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/status.h"

#define TIMEOUT_MAX_NS (1000000000LL * BASE_S_NS)

enum err rpc_buf_reserve(struct rpc_buf *buf, size_t more)
{
    size_t need = buf->len + more;
    if (need < more)
        return ERR_NOMEM;
    if (need <= buf->cap)
        return ERR_OK;
    size_t cap = buf->cap ? buf->cap : 256;
    while (cap < need) {
        if (cap > SIZE_MAX / 2)
            return ERR_NOMEM;
        cap *= 2;
    }
    uint8_t *data = realloc(buf->data, cap);
    if (!data)
        return ERR_NOMEM;
    buf->data = data;
    buf->cap = cap;
    return ERR_OK;
}

enum err rpc_buf_append(struct rpc_buf *buf, const void *data, size_t len)
{
    enum err err = rpc_buf_reserve(buf, len);
    if (err)
        return err;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    return ERR_OK;
}

void rpc_buf_free(struct rpc_buf *buf)
{
    free(buf->data);
    *buf = (struct rpc_buf){0};
}

void rpc_buf_reset(struct rpc_buf *buf, size_t keep)
{
    if (buf->cap > keep)
        rpc_buf_free(buf);
    buf->len = 0;
}

void rpc_prefix_write(uint8_t out[RPC_PREFIX_LEN], uint32_t len)
{
    out[0] = 0;
    out[1] = (uint8_t)(len >> 24);
    out[2] = (uint8_t)(len >> 16);
    out[3] = (uint8_t)(len >> 8);
    out[4] = (uint8_t)len;
}

static enum err prefix_check(struct rpc_deframer *d, uint32_t max)
{
    if (d->prefix[0] > 1)
        return ERR_RPC_PROTOCOL;
    if (d->prefix[0] == 1)
        return ERR_UNSUPPORTED;
    d->want = (uint32_t)d->prefix[1] << 24 | (uint32_t)d->prefix[2] << 16 |
              (uint32_t)d->prefix[3] << 8 | d->prefix[4];
    return d->want > max ? ERR_RPC_TOO_LARGE : ERR_OK;
}

enum err rpc_deframe(struct rpc_deframer *d, uint32_t max, const uint8_t *data, size_t len,
                     size_t *used, bool *complete)
{
    size_t at = 0;
    *complete = false;
    *used = 0;
    while (d->have < RPC_PREFIX_LEN && at < len)
        d->prefix[d->have++] = data[at++];
    *used = at;
    if (d->have < RPC_PREFIX_LEN)
        return ERR_OK;
    enum err err = prefix_check(d, max);
    if (err)
        return err;
    size_t take = d->want - d->body.len;
    if (take > len - at)
        take = len - at;
    err = rpc_buf_append(&d->body, data + at, take);
    if (err)
        return err;
    *used = at + take;
    *complete = d->body.len == d->want;
    return ERR_OK;
}

void rpc_deframer_next(struct rpc_deframer *d, size_t keep)
{
    d->have = 0;
    d->want = 0;
    rpc_buf_reset(&d->body, keep);
}

bool rpc_deframer_idle(const struct rpc_deframer *d)
{
    return d->have == 0;
}

enum err rpc_timeout_parse(const char *text, size_t len, int64_t *ns)
{
    int64_t value = 0, unit;
    if (len < 2 || len > 9)
        return ERR_DECODE_SYNTAX;
    for (size_t i = 0; i + 1 < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return ERR_DECODE_SYNTAX;
        value = value * 10 + (text[i] - '0');
    }
    switch (text[len - 1]) {
    case 'H':
        unit = 3600 * BASE_S_NS;
        break;
    case 'M':
        unit = 60 * BASE_S_NS;
        break;
    case 'S':
        unit = BASE_S_NS;
        break;
    case 'm':
        unit = BASE_MS_NS;
        break;
    case 'u':
        unit = 1000;
        break;
    case 'n':
        unit = 1;
        break;
    default:
        return ERR_DECODE_SYNTAX;
    }
    *ns = value > TIMEOUT_MAX_NS / unit ? TIMEOUT_MAX_NS : value * unit;
    return ERR_OK;
}

void rpc_timeout_format(int64_t ns, char out[12])
{
    static const struct {
        char letter;
        int64_t ns;
    } units[] = {{'n', 1}, {'u', 1000}, {'m', BASE_MS_NS}, {'S', BASE_S_NS}, {'M', 60 * BASE_S_NS}};
    if (ns < 0)
        ns = 0;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        int64_t value = ns / units[i].ns;
        if (value <= 99999999) {
            snprintf(out, 12, "%u%c", (unsigned)value, units[i].letter);
            return;
        }
    }
    snprintf(out, 12, "99999999M");
}

size_t rpc_message_encode(const char *text, char *out, size_t size)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool plain = *p >= 0x20 && *p <= 0x7e && *p != '%';
        // HTTP trims blanks at the ends of a field value, so those are escaped too
        if (*p == ' ' && (n == 0 || p[1] == 0))
            plain = false;
        if (n + (plain ? 1 : 3) >= size)
            break;
        if (plain) {
            out[n++] = (char)*p;
        } else {
            out[n++] = '%';
            out[n++] = hex[*p >> 4];
            out[n++] = hex[*p & 15];
        }
    }
    out[n] = 0;
    return n;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t rpc_message_decode(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < len && n + 1 < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '%' && i + 2 < len && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
            c = (unsigned char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
            i += 2;
        }
        out[n++] = (c < 0x20 || c == 0x7f) ? '?' : (char)c;
    }
    out[n] = 0;
    return n;
}

int rpc_status_parse(const char *text, size_t len)
{
    int value = 0;
    if (len < 1 || len > 2)
        return RPC_UNKNOWN;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return RPC_UNKNOWN;
        value = value * 10 + (text[i] - '0');
    }
    return value > RPC_UNAUTHENTICATED ? RPC_UNKNOWN : value;
}

int rpc_status_from_http(int http)
{
    switch (http) {
    case 400:
        return RPC_INTERNAL;
    case 401:
        return RPC_UNAUTHENTICATED;
    case 403:
        return RPC_PERMISSION_DENIED;
    case 404:
        return RPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return RPC_UNAVAILABLE;
    default:
        return RPC_UNKNOWN;
    }
}

int rpc_status_from_h2(uint32_t error_code)
{
    switch (error_code) {
    case 0x7: // REFUSED_STREAM
        return RPC_UNAVAILABLE;
    case 0x8: // CANCEL
        return RPC_CANCELLED;
    case 0xb: // ENHANCE_YOUR_CALM
        return RPC_RESOURCE_EXHAUSTED;
    case 0xc: // INADEQUATE_SECURITY
        return RPC_PERMISSION_DENIED;
    default:
        return RPC_INTERNAL;
    }
}
