// SPDX-License-Identifier: BSD-3-Clause
// Each conversion is a pair of pure functions between the value of a field and the value of an AVP.
#include "extensions/gx_gy/gx_gy_conv.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/ident.h"

static enum err put(struct xlate_ctx *ctx, struct xlate_value *out, const void *data, size_t len)
{
    out->is_bytes = true;
    out->len = len;
    out->data = base_arena_dup(ctx->arena, data, len);
    return out->data ? ERR_OK : ERR_NOMEM;
}

// ---- text in octets ----
const struct xlate_conv gxgy_octets = {
    .name = "text",
    .help = "the octets are UTF-8 text",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_OCTETS,
};

// ---- MSISDN ----
static enum err msisdn_encode(struct xlate_ctx *ctx, const struct xlate *row,
                              const struct xlate_value *in, struct xlate_value *out)
{
    char digits[32];
    bool text = in->len > 0 && in->len <= 15 + 1;
    for (size_t i = 0; i < in->len && text; i++)
        text = (in->data[i] >= '0' && in->data[i] <= '9') || (i == 0 && in->data[i] == '+');
    if (text) {
        size_t plus = in->data[0] == '+';
        return put(ctx, out, in->data + plus, in->len - plus);
    }
    if (in->len > 9 || base_tbcd_decode(in->data, in->len, digits, sizeof(digits)) != ERR_OK)
        return ERR_ENCODE_VALUE;
    return put(ctx, out, digits, strlen(digits));
}

const struct xlate_conv gxgy_msisdn = {
    .name = "MSISDN",
    .help = "digits as text, or as telephony BCD; sent as digits without `+`",
    .fields = XLATE_F_BYTES,
    .avps = XLATE_A_TEXT,
    .encode = msisdn_encode,
};

// ---- addresses ----
static bool address_of(const struct xlate_value *in, int family, void *out)
{
    char text[INET6_ADDRSTRLEN];
    if (in->len >= sizeof(text))
        return false;
    memcpy(text, in->data, in->len);
    text[in->len] = '\0';
    return inet_pton(family, text, out) == 1;
}

static enum err ipv4_encode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    struct in_addr address;
    return address_of(in, AF_INET, &address) ? put(ctx, out, &address, 4) : ERR_ENCODE_VALUE;
}

static enum err ipv4_decode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    char text[INET_ADDRSTRLEN];
    if (in->len != 4)
        return ERR_DECODE_LENGTH;
    if (!inet_ntop(AF_INET, in->data, text, sizeof(text)))
        return ERR_DECODE_VALUE;
    return put(ctx, out, text, strlen(text));
}

const struct xlate_conv gxgy_ipv4 = {
    .name = "IPv4",
    .help = "dotted decimal; four octets on the wire",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_OCTETS,
    .encode = ipv4_encode,
    .decode = ipv4_decode,
};

// RFC 3162 2.3: reserved, prefix length, prefix. A UE has a /64 (TS 23.401 5.3.1.2.2).
static enum err prefix_encode(struct xlate_ctx *ctx, const struct xlate *row,
                              const struct xlate_value *in, struct xlate_value *out)
{
    uint8_t octets[2 + 16] = {0};
    char text[INET6_ADDRSTRLEN + 4], *end;
    unsigned long bits = 64;
    if (in->len >= sizeof(text))
        return ERR_ENCODE_VALUE;
    memcpy(text, in->data, in->len);
    text[in->len] = '\0';
    char *slash = strchr(text, '/');
    if (slash) {
        *slash = '\0';
        bits = strtoul(slash + 1, &end, 10);
        if (end == slash + 1 || *end || bits > 128)
            return ERR_ENCODE_VALUE;
    }
    if (inet_pton(AF_INET6, text, octets + 2) != 1)
        return ERR_ENCODE_VALUE;
    size_t len = (bits + 7) / 8;
    if (bits % 8)
        octets[2 + len - 1] &= (uint8_t)(0xff << (8 - bits % 8));
    octets[1] = (uint8_t)bits;
    return put(ctx, out, octets, 2 + len);
}

const struct xlate_conv gxgy_ipv6_prefix = {
    .name = "IPv6 prefix",
    .help = "address or prefix as text; sent as RFC 3162 2.3 has it, /64 where no length is given",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_OCTETS,
    .encode = prefix_encode,
};

// ---- time zone: quarters of an hour as swapped BCD with a sign bit (TS 24.008 10.5.3.8), then DST
// ----
enum { QUARTER = 15, QUARTERS_MAX = 79, SIGN = 0x08 };

static enum err timezone_encode(struct xlate_ctx *ctx, const struct xlate *row,
                                const struct xlate_value *in, struct xlate_value *out)
{
    int64_t quarters = in->num / QUARTER;
    bool west = quarters < 0;
    if (west)
        quarters = -quarters;
    if (quarters > QUARTERS_MAX)
        return ERR_ENCODE_VALUE;
    uint8_t octets[2] = {(uint8_t)(quarters % 10 << 4 | quarters / 10), 0};
    if (west)
        octets[0] |= SIGN;
    return put(ctx, out, octets, sizeof(octets));
}

static enum err timezone_decode(struct xlate_ctx *ctx, const struct xlate *row,
                                const struct xlate_value *in, struct xlate_value *out)
{
    if (in->len != 2)
        return ERR_DECODE_LENGTH;
    int64_t quarters = (in->data[0] & 0x07) * 10 + (in->data[0] >> 4);
    out->num = (in->data[0] & SIGN ? -quarters : quarters) * QUARTER;
    return ERR_OK;
}

const struct xlate_conv gxgy_timezone = {
    .name = "time zone",
    .help = "minutes east of UTC, in quarters of an hour, without daylight saving",
    .fields = XLATE_F_INT,
    .avps = XLATE_A_OCTETS,
    .encode = timezone_encode,
    .decode = timezone_decode,
};

// ---- PLMN as digits ----
static enum err mcc_mnc_encode(struct xlate_ctx *ctx, const struct xlate *row,
                               const struct xlate_value *in, struct xlate_value *out)
{
    struct base_plmn plmn;
    char text[7];
    if (base_plmn_parse((const char *)in->data, in->len, &plmn) == ERR_OK)
        return put(ctx, out, in->data, in->len);
    if (in->len != 3 || base_plmn_from_bcd(in->data, &plmn) != ERR_OK)
        return ERR_ENCODE_VALUE;
    base_plmn_text(&plmn, text);
    return put(ctx, out, text, strlen(text));
}

const struct xlate_conv gxgy_mcc_mnc = {
    .name = "MCC and MNC",
    .help = "five or six digits; three octets of BCD are understood",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_TEXT,
    .encode = mcc_mnc_encode,
};
