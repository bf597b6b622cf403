// SPDX-License-Identifier: BSD-3-Clause
// Digit strings of the 3GPP world. Every function checks its input completely: it may come from a
// peer.
#include "base/ident.h"

#include <string.h>

enum {
    IMSI_MIN_DIGITS = 6,
    IMSI_MAX_DIGITS = 15,
    MCC_DIGITS = 3,
    NIBBLE_FILLER = 0xf,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
    }
    return true;
}

static uint16_t number_of(const char *digits, size_t len)
{
    uint16_t n = 0;
    for (size_t i = 0; i < len; i++)
        n = (uint16_t)(n * 10 + (digits[i] - '0'));
    return n;
}

enum err base_imsi_parse(const char *text, size_t len, struct base_imsi *out)
{
    if (len >= 4 && memcmp(text, "IMSI", 4) == 0) {
        text += 4;
        len -= 4;
    }
    if (len < IMSI_MIN_DIGITS || len > IMSI_MAX_DIGITS)
        return ERR_DECODE_LENGTH;
    if (!all_digits(text, len))
        return ERR_DECODE_VALUE;
    memcpy(out->digits, text, len);
    memset(out->digits + len, 0, sizeof(out->digits) - len);
    out->len = (uint8_t)len;
    return ERR_OK;
}

// Octets of TS 24.008 §10.5.1.3: MCC2|MCC1, MNC3|MCC3, MNC2|MNC1; MNC3 is 0xf in a two-digit MNC.
enum err base_plmn_from_bcd(const uint8_t bcd[3], struct base_plmn *out)
{
    const uint8_t mcc[3] = {bcd[0] & 0xf, bcd[0] >> 4, bcd[1] & 0xf};
    const uint8_t mnc[3] = {bcd[2] & 0xf, bcd[2] >> 4, bcd[1] >> 4};
    for (int i = 0; i < 3; i++) {
        if (mcc[i] > 9 || (i < 2 && mnc[i] > 9))
            return ERR_DECODE_VALUE;
    }
    if (mnc[2] > 9 && mnc[2] != NIBBLE_FILLER)
        return ERR_DECODE_VALUE;
    out->mcc = (uint16_t)(mcc[0] * 100 + mcc[1] * 10 + mcc[2]);
    out->mnc = (uint16_t)(mnc[0] * 10 + mnc[1]);
    out->mnc_len = 2;
    if (mnc[2] != NIBBLE_FILLER) {
        out->mnc = (uint16_t)(out->mnc * 10 + mnc[2]);
        out->mnc_len = 3;
    }
    return ERR_OK;
}

// The up to six digits of a PLMN; mnc_len is trusted to be 2 or 3, anything else is taken as 2.
static size_t plmn_digits(const struct base_plmn *plmn, uint8_t out[6])
{
    out[0] = (uint8_t)(plmn->mcc / 100 % 10);
    out[1] = (uint8_t)(plmn->mcc / 10 % 10);
    out[2] = (uint8_t)(plmn->mcc % 10);
    if (plmn->mnc_len == 3) {
        out[3] = (uint8_t)(plmn->mnc / 100 % 10);
        out[4] = (uint8_t)(plmn->mnc / 10 % 10);
        out[5] = (uint8_t)(plmn->mnc % 10);
        return 6;
    }
    out[3] = (uint8_t)(plmn->mnc / 10 % 10);
    out[4] = (uint8_t)(plmn->mnc % 10);
    out[5] = NIBBLE_FILLER;
    return 5;
}

void base_plmn_to_bcd(const struct base_plmn *plmn, uint8_t bcd[3])
{
    uint8_t d[6];
    plmn_digits(plmn, d);
    bcd[0] = (uint8_t)(d[1] << 4 | d[0]);
    bcd[1] = (uint8_t)(d[5] << 4 | d[2]);
    bcd[2] = (uint8_t)(d[4] << 4 | d[3]);
}

enum err base_plmn_parse(const char *digits, size_t len, struct base_plmn *out)
{
    if (len != 5 && len != 6)
        return ERR_DECODE_LENGTH;
    if (!all_digits(digits, len))
        return ERR_DECODE_VALUE;
    out->mcc = number_of(digits, MCC_DIGITS);
    out->mnc = number_of(digits + MCC_DIGITS, len - MCC_DIGITS);
    out->mnc_len = (uint8_t)(len - MCC_DIGITS);
    return ERR_OK;
}

void base_plmn_text(const struct base_plmn *plmn, char out[7])
{
    uint8_t d[6];
    size_t n = plmn_digits(plmn, d);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('0' + d[i]);
    out[n] = '\0';
}

bool base_plmn_equal(const struct base_plmn *a, const struct base_plmn *b)
{
    return a->mcc == b->mcc && a->mnc == b->mnc && a->mnc_len == b->mnc_len;
}

bool base_plmn_matches_imsi(const struct base_plmn *plmn, const struct base_imsi *imsi)
{
    char text[7];
    base_plmn_text(plmn, text);
    return strncmp(imsi->digits, text, strlen(text)) == 0;
}

static const char tbcd_digits[] = "0123456789*#abc"; // position = nibble value

enum err base_tbcd_encode(const char *digits, uint8_t *out, size_t size, size_t *len)
{
    size_t n = strlen(digits);
    if ((n + 1) / 2 > size)
        return ERR_ENCODE_SPACE;
    for (size_t i = 0; i < n; i++) {
        const char *at = strchr(tbcd_digits, digits[i]);
        if (!at)
            return ERR_ENCODE_VALUE;
        uint8_t nibble = (uint8_t)(at - tbcd_digits);
        if (i % 2 == 0)
            out[i / 2] = (uint8_t)(NIBBLE_FILLER << 4 | nibble);
        else
            out[i / 2] = (uint8_t)(nibble << 4 | (out[i / 2] & 0xf));
    }
    *len = (n + 1) / 2;
    return ERR_OK;
}

enum err base_tbcd_decode(const uint8_t *tbcd, size_t len, char *out, size_t size)
{
    size_t n = 0;
    bool ended = false;
    for (size_t i = 0; i < 2 * len; i++) {
        uint8_t nibble = i % 2 == 0 ? tbcd[i / 2] & 0xf : tbcd[i / 2] >> 4;
        if (nibble == NIBBLE_FILLER) {
            ended = true; // only more filler may follow
            continue;
        }
        if (ended)
            return ERR_DECODE_VALUE;
        if (n + 1 >= size)
            return ERR_DECODE_LENGTH;
        out[n++] = tbcd_digits[nibble];
    }
    if (n >= size)
        return ERR_DECODE_LENGTH;
    out[n] = '\0';
    return ERR_OK;
}

void base_hex_encode(const uint8_t *data, size_t len, char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex[data[i] >> 4];
        out[2 * i + 1] = hex[data[i] & 0xf];
    }
    out[2 * len] = '\0';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err base_hex_decode(const char *text, uint8_t *out, size_t size, size_t *len)
{
    size_t n = strlen(text);
    if (n % 2 != 0)
        return ERR_DECODE_LENGTH;
    if (n / 2 > size)
        return ERR_RANGE;
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_value(text[i]);
        int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return ERR_DECODE_VALUE;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    *len = n / 2;
    return ERR_OK;
}
