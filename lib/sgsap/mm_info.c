// SPDX-License-Identifier: BSD-3-Clause
// Network names are TS 23.038 text (7-bit packed or UCS-2), times are swapped BCD. Broken text
// becomes U+FFFD or an error, never raw octets: it ends up in logs.
#include "sgsap/mm_info.h"

#include <string.h>
#include <time.h>

#include "sgsap/ie.h"

enum { // TS 24.008 table 9.2.18
    IEI_FULL_NAME = 0x43,
    IEI_SHORT_NAME = 0x45,
    IEI_TIME_ZONE = 0x46, // one octet, no length
    IEI_TIME = 0x47,      // seven octets, no length
    IEI_LSA = 0x48,
    IEI_DAYLIGHT_SAVING = 0x49,
    TIME_OCTETS = 7,
    CODING_GSM = 0,
    CODING_UCS2 = 1,
    ESCAPE = 0x1b,
    REPLACEMENT = 0xfffd,
};

// TS 23.038 §6.2.1, the characters that are not ASCII at their place; 0: as ASCII.
static const uint16_t gsm_alphabet[128] = {
    [0x00] = '@', [0x01] = 0xa3, [0x02] = '$', [0x03] = 0xa5, [0x04] = 0xe8, [0x05] = 0xe9,
    [0x06] = 0xf9, [0x07] = 0xec, [0x08] = 0xf2, [0x09] = 0xc7, [0x0b] = 0xd8, [0x0c] = 0xf8,
    [0x0e] = 0xc5, [0x0f] = 0xe5, [0x10] = 0x394, [0x11] = '_', [0x12] = 0x3a6, [0x13] = 0x393,
    [0x14] = 0x39b, [0x15] = 0x3a9, [0x16] = 0x3a0, [0x17] = 0x3a8, [0x18] = 0x3a3,
    [0x19] = 0x398, [0x1a] = 0x39e, [0x1c] = 0xc6, [0x1d] = 0xe6, [0x1e] = 0xdf, [0x1f] = 0xc9,
    [0x24] = 0xa4, [0x40] = 0xa1, [0x5b] = 0xc4, [0x5c] = 0xd6, [0x5d] = 0xd1, [0x5e] = 0xdc,
    [0x5f] = 0xa7, [0x60] = 0xbf, [0x7b] = 0xe4, [0x7c] = 0xf6, [0x7d] = 0xf1, [0x7e] = 0xfc,
    [0x7f] = 0xe0,
};

// After ESCAPE, §6.2.1.1.
static const struct {
    uint8_t code;
    uint16_t unicode;
} gsm_extension[] = {
    {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2f, '\\'}, {0x3c, '['},
    {0x3d, '~'}, {0x3e, ']'}, {0x40, '|'}, {0x65, 0x20ac},
};

// --- text ---

struct text {
    char *out;
    size_t size, len;
    bool full;
};

static void add_char(struct text *text, uint32_t c)
{
    char utf8[3];
    size_t n = 0;
    if (c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000))
        c = REPLACEMENT;
    if (c < 0x80) {
        utf8[n++] = (char)c;
    } else if (c < 0x800) {
        utf8[n++] = (char)(0xc0 | c >> 6);
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    } else {
        utf8[n++] = (char)(0xe0 | c >> 12);
        utf8[n++] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[n++] = (char)(0x80 | (c & 0x3f));
    }
    text->full = text->full || text->len + n >= text->size;
    if (text->full)
        return;
    memcpy(text->out + text->len, utf8, n);
    text->len += n;
    text->out[text->len] = '\0';
}

static uint32_t extended(uint8_t septet)
{
    for (size_t i = 0; i < sizeof(gsm_extension) / sizeof(gsm_extension[0]); i++) {
        if (gsm_extension[i].code == septet)
            return gsm_extension[i].unicode;
    }
    return REPLACEMENT;
}

static void read_septets(const uint8_t *data, size_t len, unsigned spare, struct text *text)
{
    bool escaped = false;
    for (size_t bit = 0; bit + 7 <= 8 * len - spare; bit += 7) {
        unsigned pair = data[bit / 8];
        if (bit / 8 + 1 < len)
            pair |= (unsigned)data[bit / 8 + 1] << 8;
        uint8_t septet = pair >> bit % 8 & 0x7f;
        if (escaped)
            add_char(text, extended(septet));
        else if (septet != ESCAPE)
            add_char(text, gsm_alphabet[septet] ? gsm_alphabet[septet] : septet);
        escaped = !escaped && septet == ESCAPE;
    }
}

// TS 24.008 §10.5.3.5a, from octet 3 on.
static enum err read_network_name(const uint8_t *data, size_t len, char *out)
{
    if (len < 1)
        return ERR_DECODE_LENGTH;
    unsigned coding = data[0] >> 4 & 7, spare = data[0] & 7;
    struct text text = {.out = out, .size = SGSAP_NETWORK_NAME_MAX};
    out[0] = '\0';
    data++;
    len--;
    if (coding == CODING_GSM && len > 0) {
        read_septets(data, len, spare, &text);
    } else if (coding == CODING_UCS2) {
        for (size_t i = 0; i + 2 <= len; i += 2)
            add_char(&text, (uint32_t)data[i] << 8 | data[i + 1]);
    } else if (len > 0) {
        return ERR_DECODE_VALUE;
    }
    return ERR_OK;
}

// --- time ---

static bool swapped_bcd(uint8_t octet, int *out)
{
    *out = 10 * (octet & 0xf) + (octet >> 4);
    return (octet & 0xf) <= 9 && octet >> 4 <= 9;
}

static uint8_t to_swapped_bcd(int value)
{
    return (uint8_t)((value % 10) << 4 | value / 10 % 10);
}

// TS 24.008 §10.5.3.9: year of the century, month, day, hour, minute, second, zone.
static enum err read_time(const uint8_t *data, struct sgsap_mm_info *out)
{
    int field[6];
    for (int i = 0; i < 6; i++) {
        if (!swapped_bcd(data[i], &field[i]))
            return ERR_DECODE_VALUE;
    }
    if (field[1] < 1 || field[1] > 12 || field[2] < 1 || field[2] > 31 || field[3] > 23 ||
        field[4] > 59 || field[5] > 59)
        return ERR_DECODE_VALUE;
    struct tm tm = {.tm_year = 100 + field[0], .tm_mon = field[1] - 1, .tm_mday = field[2],
                    .tm_hour = field[3], .tm_min = field[4], .tm_sec = field[5]};
    out->time = (int64_t)timegm(&tm);
    out->has_time = true;
    out->has_time_zone = true;
    return sgsap_time_zone_minutes(data[6], &out->time_zone_minutes);
}

// --- elements ---

static enum err read_element(uint8_t iei, const uint8_t *data, size_t len,
                             struct sgsap_mm_info *out)
{
    switch (iei) {
    case IEI_FULL_NAME:
        return read_network_name(data, len, out->full_name);
    case IEI_SHORT_NAME:
        return read_network_name(data, len, out->short_name);
    case IEI_TIME_ZONE:
        out->has_time_zone = true;
        return sgsap_time_zone_minutes(data[0], &out->time_zone_minutes);
    case IEI_TIME:
        return read_time(data, out);
    case IEI_DAYLIGHT_SAVING:
        if (len < 1)
            return ERR_DECODE_LENGTH;
        out->has_daylight_saving = true;
        out->daylight_saving_hours = data[0] & 3;
        return ERR_OK;
    case IEI_LSA:
        out->has_lsa = true;
        return ERR_OK;
    default:
        return ERR_OK;
    }
}

enum err sgsap_read_mm_info(struct sgsap_value value, struct sgsap_mm_info *out)
{
    memset(out, 0, sizeof(*out));
    if (!value.data)
        return ERR_NOT_FOUND;
    for (size_t at = 0; at < value.len;) {
        uint8_t iei = value.data[at++];
        if (iei & 0x80)
            continue; // type 1 or 2: one octet altogether
        size_t len = iei == IEI_TIME_ZONE ? 1 : TIME_OCTETS;
        if (iei != IEI_TIME_ZONE && iei != IEI_TIME) {
            if (at == value.len)
                return ERR_DECODE_TRUNCATED;
            len = value.data[at++];
        }
        if (len > value.len - at)
            return ERR_DECODE_TRUNCATED;
        enum err err = read_element(iei, value.data + at, len, out);
        if (err)
            return err;
        at += len;
    }
    return ERR_OK;
}

// --- writing ---

struct writer {
    uint8_t *buf;
    size_t size, len;
};

static bool add(struct writer *w, uint8_t octet)
{
    if (w->len == w->size)
        return false;
    w->buf[w->len++] = octet;
    return true;
}

// One character of UTF-8 from the basic plane; 0 if it is not one.
static uint32_t next_char(const char **text)
{
    const uint8_t *at = (const uint8_t *)*text;
    uint32_t c = 0;
    size_t n = 0;
    if (at[0] < 0x80) {
        c = at[0];
        n = 1;
    } else if ((at[0] & 0xe0) == 0xc0 && (at[1] & 0xc0) == 0x80) {
        c = (at[0] & 0x1fu) << 6 | (at[1] & 0x3fu);
        n = 2;
    } else if ((at[0] & 0xf0) == 0xe0 && (at[1] & 0xc0) == 0x80 && (at[2] & 0xc0) == 0x80) {
        c = (at[0] & 0xfu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
        n = 3;
    }
    *text += n;
    return c;
}

static int septet_of(uint32_t c)
{
    for (int i = 0; i < 128; i++) {
        if (i != ESCAPE && (gsm_alphabet[i] ? gsm_alphabet[i] == c : (uint32_t)i == c))
            return i;
    }
    return -1;
}

static bool fits_gsm(const char *text)
{
    while (*text) {
        uint32_t c = next_char(&text);
        if (c < ' ' || septet_of(c) < 0)
            return false;
    }
    return true;
}

static bool write_septets(struct writer *w, const char *text)
{
    size_t head = w->len;
    unsigned pending = 0, bits = 0;
    bool ok = add(w, 0);
    while (ok && *text) {
        pending |= (unsigned)septet_of(next_char(&text)) << bits;
        bits += 7;
        if (bits >= 8) {
            ok = add(w, (uint8_t)pending);
            pending >>= 8;
            bits -= 8;
        }
    }
    if (ok && bits > 0)
        ok = add(w, (uint8_t)pending);
    if (ok)
        w->buf[head] = (uint8_t)(0x80 | CODING_GSM << 4 | (8 - bits) % 8);
    return ok;
}

static enum err write_ucs2(struct writer *w, const char *text)
{
    if (!add(w, 0x80 | CODING_UCS2 << 4))
        return ERR_ENCODE_SPACE;
    while (*text) {
        uint32_t c = next_char(&text);
        if (c < ' ')
            return ERR_ENCODE_VALUE;
        if (!add(w, (uint8_t)(c >> 8)) || !add(w, (uint8_t)c))
            return ERR_ENCODE_SPACE;
    }
    return ERR_OK;
}

static enum err write_name(struct writer *w, uint8_t iei, const char *name)
{
    if (!*name)
        return ERR_OK;
    if (!add(w, iei) || !add(w, 0))
        return ERR_ENCODE_SPACE;
    size_t start = w->len;
    enum err err;
    if (fits_gsm(name))
        err = write_septets(w, name) ? ERR_OK : ERR_ENCODE_SPACE;
    else
        err = write_ucs2(w, name);
    if (!err && w->len - start > UINT8_MAX)
        err = ERR_ENCODE_SPACE;
    if (!err)
        w->buf[start - 1] = (uint8_t)(w->len - start);
    return err;
}

static enum err write_time(struct writer *w, const struct sgsap_mm_info *info)
{
    time_t at = (time_t)info->time;
    struct tm tm;
    uint8_t zone;
    enum err err = sgsap_time_zone_octet(info->time_zone_minutes, &zone);
    if (err)
        return err;
    if (!gmtime_r(&at, &tm) || tm.tm_year < 100 || tm.tm_year > 199)
        return ERR_ENCODE_VALUE;
    const uint8_t octets[] = {
        IEI_TIME,
        to_swapped_bcd(tm.tm_year - 100),
        to_swapped_bcd(tm.tm_mon + 1),
        to_swapped_bcd(tm.tm_mday),
        to_swapped_bcd(tm.tm_hour),
        to_swapped_bcd(tm.tm_min),
        to_swapped_bcd(tm.tm_sec),
        zone,
    };
    for (size_t i = 0; i < sizeof(octets); i++) {
        if (!add(w, octets[i]))
            return ERR_ENCODE_SPACE;
    }
    return ERR_OK;
}

enum err sgsap_write_mm_info(const struct sgsap_mm_info *info, uint8_t *buf, size_t size,
                             size_t *len)
{
    struct writer w = {.buf = buf, .size = size < UINT8_MAX ? size : UINT8_MAX};
    enum err err = write_name(&w, IEI_FULL_NAME, info->full_name);
    if (!err)
        err = write_name(&w, IEI_SHORT_NAME, info->short_name);
    if (!err && info->has_time)
        err = write_time(&w, info);
    if (!err)
        *len = w.len;
    return err;
}
