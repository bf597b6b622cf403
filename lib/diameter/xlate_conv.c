// SPDX-License-Identifier: BSD-3-Clause
// The named conversions of translation tables. Each is a pair of pure functions between the value
// of a field and the value of an AVP. Not for types that match by themselves (default conversion).
#include <arpa/inet.h>
#include <string.h>

#include "base/ident.h"
#include "diameter/xlate_int.h"

static bool all_digits(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] < '0' || data[i] > '9')
            return false;
    return true;
}

// ---- IMSI ----
static enum err imsi_encode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    struct base_imsi imsi;
    if (base_imsi_parse((const char *)in->data, in->len, &imsi) != ERR_OK)
        return ERR_ENCODE_VALUE;
    out->is_bytes = true;
    out->len = imsi.len;
    out->data = base_arena_dup(ctx->arena, imsi.digits, imsi.len);
    return out->data ? ERR_OK : ERR_NOMEM;
}

static enum err imsi_decode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    struct base_imsi imsi;
    if (!all_digits(in->data, in->len) ||
        base_imsi_parse((const char *)in->data, in->len, &imsi) != ERR_OK)
        return ERR_DECODE_VALUE;
    *out = *in;
    return ERR_OK;
}

const struct xlate_conv xlate_imsi = {
    .name = "IMSI",
    .help = "6 to 15 digits; toward the core a leading `IMSI` is taken off",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_TEXT,
    .encode = imsi_encode,
    .decode = imsi_decode,
};

// ---- TBCD ----
#define TBCD_DIGITS 64

static enum err tbcd_encode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    char digits[TBCD_DIGITS + 1];
    uint8_t tbcd[TBCD_DIGITS / 2];
    if (in->len > TBCD_DIGITS)
        return ERR_ENCODE_VALUE;
    memcpy(digits, in->data, in->len);
    digits[in->len] = '\0';
    out->is_bytes = true;
    if (base_tbcd_encode(digits, tbcd, sizeof(tbcd), &out->len) != ERR_OK)
        return ERR_ENCODE_VALUE;
    out->data = base_arena_dup(ctx->arena, tbcd, out->len);
    return out->data ? ERR_OK : ERR_NOMEM;
}

static enum err tbcd_decode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    char digits[TBCD_DIGITS + 1];
    if (in->len > TBCD_DIGITS / 2)
        return ERR_DECODE_LENGTH;
    if (base_tbcd_decode(in->data, in->len, digits, sizeof(digits)) != ERR_OK)
        return ERR_DECODE_VALUE;
    out->is_bytes = true;
    out->len = strlen(digits);
    out->data = (const uint8_t *)base_arena_strndup(ctx->arena, digits, out->len);
    return out->data ? ERR_OK : ERR_NOMEM;
}

const struct xlate_conv xlate_tbcd = {
    .name = "TBCD",
    .help = "decimal digits as telephony BCD (TS 29.002)",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_OCTETS,
    .encode = tbcd_encode,
    .decode = tbcd_decode,
};

// ---- one bit of a flags AVP; the engine joins the bits when encoding ----
static enum err bit_decode(struct xlate_ctx *ctx, const struct xlate *row,
                           const struct xlate_value *in, struct xlate_value *out)
{
    out->num = ((uint64_t)in->num >> row->value) & 1;
    return ERR_OK;
}

const struct xlate_conv xlate_bit = {
    .name = "bit",
    .help = "one bit of the AVP",
    .fields = XLATE_F_BOOL,
    .avps = XLATE_A_NUMBER,
    .decode = bit_decode,
};

// ---- bool whose true is zero ----
static enum err inverted(struct xlate_ctx *ctx, const struct xlate *row,
                         const struct xlate_value *in, struct xlate_value *out)
{
    out->num = in->num == 0;
    return ERR_OK;
}

const struct xlate_conv xlate_inverted = {
    .name = "inverted",
    .help = "true is 0, false is 1",
    .fields = XLATE_F_BOOL,
    .avps = XLATE_A_NUMBER,
    .encode = inverted,
    .decode = inverted,
};

// ---- bool that says whether the AVP is there ----
static enum err presence_encode(struct xlate_ctx *ctx, const struct xlate *row,
                                const struct xlate_value *in, struct xlate_value *out)
{
    out->num = row->value;
    return ERR_OK;
}

static enum err presence_decode(struct xlate_ctx *ctx, const struct xlate *row,
                                const struct xlate_value *in, struct xlate_value *out)
{
    out->num = 1;
    return ERR_OK;
}

const struct xlate_conv xlate_presence = {
    .name = "presence",
    .help = "true: the AVP is present, whatever its value",
    .fields = XLATE_F_BOOL,
    .avps = XLATE_A_NUMBER,
    .encode = presence_encode,
    .decode = presence_decode,
};

// ---- Address, RFC 6733 4.3.1: two octets of address family, then the address ----
static enum err address_encode(struct xlate_ctx *ctx, const struct xlate *row,
                               const struct xlate_value *in, struct xlate_value *out)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t octets[2 + 16] = {0};
    if (in->len >= sizeof(text))
        return ERR_ENCODE_VALUE;
    memcpy(text, in->data, in->len);
    text[in->len] = '\0';
    out->is_bytes = true;
    if (inet_pton(AF_INET, text, octets + 2) == 1) {
        octets[1] = 1;
        out->len = 2 + 4;
    } else if (inet_pton(AF_INET6, text, octets + 2) == 1) {
        octets[1] = 2;
        out->len = 2 + 16;
    } else {
        return ERR_ENCODE_VALUE;
    }
    out->data = base_arena_dup(ctx->arena, octets, out->len);
    return out->data ? ERR_OK : ERR_NOMEM;
}

static enum err address_decode(struct xlate_ctx *ctx, const struct xlate *row,
                               const struct xlate_value *in, struct xlate_value *out)
{
    char text[INET6_ADDRSTRLEN];
    int family;
    if (in->len == 2 + 4 && in->data[0] == 0 && in->data[1] == 1)
        family = AF_INET;
    else if (in->len == 2 + 16 && in->data[0] == 0 && in->data[1] == 2)
        family = AF_INET6;
    else
        return ERR_DECODE_VALUE;
    if (!inet_ntop(family, in->data + 2, text, sizeof(text)))
        return ERR_DECODE_VALUE;
    out->is_bytes = true;
    out->len = strlen(text);
    out->data = (const uint8_t *)base_arena_strndup(ctx->arena, text, out->len);
    return out->data ? ERR_OK : ERR_NOMEM;
}

const struct xlate_conv xlate_address = {
    .name = "address",
    .help = "IPv4 or IPv6 address in text form",
    .fields = XLATE_F_STRING,
    .avps = XLATE_A_ADDRESS,
    .encode = address_encode,
    .decode = address_decode,
};

// ---- Time, RFC 6733 4.3.1: seconds since 1900; values without the top bit are of the era that
// begins on 7 February 2036 ----
#define NTP_TO_UNIX 2208988800LL
#define NTP_ERA 4294967296LL

static enum err unix_encode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    if (in->num < 0x80000000LL - NTP_TO_UNIX || in->num >= NTP_ERA + 0x80000000LL - NTP_TO_UNIX)
        return ERR_ENCODE_VALUE;
    int64_t ntp = in->num + NTP_TO_UNIX;
    uint8_t octets[4] = {(uint8_t)(ntp >> 24), (uint8_t)(ntp >> 16), (uint8_t)(ntp >> 8),
                         (uint8_t)ntp};
    out->is_bytes = true;
    out->len = sizeof(octets);
    out->data = base_arena_dup(ctx->arena, octets, sizeof(octets));
    return out->data ? ERR_OK : ERR_NOMEM;
}

static enum err unix_decode(struct xlate_ctx *ctx, const struct xlate *row,
                            const struct xlate_value *in, struct xlate_value *out)
{
    if (in->len != 4)
        return ERR_DECODE_LENGTH;
    int64_t ntp = (int64_t)in->data[0] << 24 | in->data[1] << 16 | in->data[2] << 8 | in->data[3];
    if (!(ntp & 0x80000000LL))
        ntp += NTP_ERA;
    out->num = ntp - NTP_TO_UNIX;
    return ERR_OK;
}

const struct xlate_conv xlate_unix = {
    .name = "time",
    .help = "seconds since 1970-01-01 UTC",
    .fields = XLATE_F_INT,
    .avps = XLATE_A_TIME,
    .encode = unix_encode,
    .decode = unix_decode,
};

// ---- number with an upper bound toward the core ----
static enum err at_most_encode(struct xlate_ctx *ctx, const struct xlate *row,
                               const struct xlate_value *in, struct xlate_value *out)
{
    out->num = in->num > row->max ? row->max : in->num;
    return ERR_OK;
}

const struct xlate_conv xlate_at_most = {
    .name = "at most",
    .help = "larger values are sent as the maximum",
    .fields = XLATE_F_INT,
    .avps = XLATE_A_NUMBER,
    .encode = at_most_encode,
};

// ---- types that match by themselves ----
static const struct xlate_conv direct = {.name = "", .help = ""};

const struct xlate_conv *xlate_default_conv(void)
{
    return &direct;
}
