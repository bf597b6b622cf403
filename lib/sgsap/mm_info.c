// SPDX-License-Identifier: BSD-3-Clause
// Network names are TS 23.038 text (7-bit packed or UCS-2), times are swapped BCD. Broken text
// becomes U+FFFD or an error, never raw octets: it ends up in logs.
#include "sgsap/mm_info.h"

#include <string.h>
#include <time.h>

#include "sgsap/ie.h"
#include "sgsap/text.h"

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
};

// TS 24.008 §10.5.3.5a, from octet 3 on.
static enum err read_network_name(const uint8_t *data, size_t len, char *out)
{
    if (len < 1)
        return ERR_DECODE_LENGTH;
    unsigned coding = data[0] >> 4 & 7, spare = data[0] & 7;
    out[0] = '\0';
    data++;
    len--;
    if (len == 0)
        return ERR_OK;
    if (coding == CODING_GSM)
        sgsap_septets_read(data, len, (8 * len - spare) / 7, out, SGSAP_NETWORK_NAME_MAX);
    else if (coding == CODING_UCS2)
        sgsap_ucs2_read(data, len, out, SGSAP_NETWORK_NAME_MAX);
    else
        return ERR_DECODE_VALUE;
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

static enum err write_text(struct writer *w, const char *text)
{
    size_t head = w->len, n, len = 0;
    if (!add(w, 0))
        return ERR_ENCODE_SPACE;
    enum err err = sgsap_septets_write(text, w->buf + w->len, w->size - w->len, &n, &len);
    if (!err) {
        w->buf[head] = (uint8_t)(0x80 | CODING_GSM << 4 | (8 * len - 7 * n));
    } else if (err == ERR_ENCODE_VALUE) {
        w->buf[head] = 0x80 | CODING_UCS2 << 4;
        err = sgsap_ucs2_write(text, w->buf + w->len, w->size - w->len, &len);
    }
    if (!err)
        w->len += len;
    return err;
}

static enum err write_name(struct writer *w, uint8_t iei, const char *name)
{
    if (!*name)
        return ERR_OK;
    if (!add(w, iei) || !add(w, 0))
        return ERR_ENCODE_SPACE;
    size_t start = w->len;
    enum err err = write_text(w, name);
    if (!err)
        w->buf[start - 1] = (uint8_t)(w->len - start); // w->size is at most 255
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
