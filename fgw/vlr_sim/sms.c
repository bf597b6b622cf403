// SPDX-License-Identifier: BSD-3-Clause
// Reading goes through a cursor that never runs past the end; writing through one that stops.
#include "vlr_sim/sms.h"

#include <string.h>
#include <time.h>

#include "base/ident.h"
#include "sgsap/text.h"

enum {
    PD_SMS = 9,
    TI_FLAG = 8, // set: sent by the side that did not begin the transaction
    TP_DELIVER = 0,
    TP_SUBMIT = 1,
    TP_NO_MORE = 4,
    TON_INTERNATIONAL = 0x91,
    DCS_GSM = 0,
    DCS_UCS2 = 8,
    ALPHABET_MASK = 0x0c,
    GENERAL_GROUP = 0xc0, // DCS bits that are 0 in the general group
};

// --- reading ---

struct cursor {
    const uint8_t *at, *end;
    bool ok;
};

static uint8_t take(struct cursor *c)
{
    c->ok = c->ok && c->at < c->end;
    return c->ok ? *c->at++ : 0;
}

static struct cursor sub(struct cursor *c, size_t len)
{
    struct cursor part = {.at = c->at, .end = c->at, .ok = c->ok};
    if (!c->ok || len > (size_t)(c->end - c->at)) {
        c->ok = part.ok = false;
        return part;
    }
    part.end = c->at += len;
    return part;
}

// RP address: length, type of number, digits.
static void read_rp_address(struct cursor *c, char out[24])
{
    struct cursor part = sub(c, take(c));
    out[0] = '\0';
    if (!part.ok || part.at == part.end)
        return;
    part.at++;
    if (base_tbcd_decode(part.at, (size_t)(part.end - part.at), out, 24) != ERR_OK)
        out[0] = '\0';
}

// TP address: number of digits, type of number, digits.
static void read_tp_address(struct cursor *c, char out[24])
{
    size_t n = take(c);
    take(c);
    struct cursor part = sub(c, (n + 1) / 2);
    out[0] = '\0';
    if (part.ok && base_tbcd_decode(part.at, (size_t)(part.end - part.at), out, 24) != ERR_OK)
        out[0] = '\0';
}

static void read_text(struct cursor *c, uint8_t dcs, char *out)
{
    size_t n = take(c);
    out[0] = '\0';
    if (!c->ok || (dcs & GENERAL_GROUP) != 0)
        return;
    size_t len = (size_t)(c->end - c->at);
    if ((dcs & ALPHABET_MASK) == DCS_UCS2)
        sgsap_ucs2_read(c->at, n < len ? n : len, out, SMS_TEXT_MAX);
    else if ((dcs & ALPHABET_MASK) == DCS_GSM)
        sgsap_septets_read(c->at, len, n, out, SMS_TEXT_MAX);
}

static void read_tpdu(struct cursor c, bool from_ue, struct sms *out)
{
    static const uint8_t validity_octets[] = {0, 7, 1, 7}; // by TP-VPF: none, enhanced, relative
    uint8_t first = take(&c);
    if ((first & 3) != (from_ue ? TP_SUBMIT : TP_DELIVER))
        return;
    if (from_ue)
        take(&c); // TP-MR
    read_tp_address(&c, out->peer);
    take(&c); // TP-PID
    uint8_t dcs = take(&c);
    sub(&c, from_ue ? validity_octets[first >> 3 & 3] : 7);
    read_text(&c, dcs, out->text);
}

static enum err read_rp(struct cursor c, struct sms *out)
{
    char ignored[24];
    uint8_t type = take(&c) & 7;
    out->rp = type;
    out->reference = take(&c);
    bool from_ue = type == SMS_RP_DATA_FROM_UE;
    if (type == SMS_RP_DATA_FROM_UE || type == SMS_RP_DATA_TO_UE) {
        read_rp_address(&c, from_ue ? ignored : out->center);
        read_rp_address(&c, from_ue ? out->center : ignored);
        read_tpdu(sub(&c, take(&c)), from_ue, out);
    } else if (type == SMS_RP_ERROR_FROM_UE || type == SMS_RP_ERROR_TO_UE) {
        struct cursor cause = sub(&c, take(&c));
        out->rp_cause = take(&cause) & 0x7f;
        c.ok = c.ok && cause.ok;
    }
    return c.ok ? ERR_OK : ERR_DECODE_TRUNCATED;
}

enum err sms_read(const uint8_t *nas, size_t len, struct sms *out)
{
    struct cursor c = {.at = nas, .end = nas + len, .ok = true};
    memset(out, 0, sizeof(*out));
    out->rp = -1;
    uint8_t head = take(&c);
    uint8_t type = take(&c);
    if (!c.ok)
        return ERR_DECODE_TRUNCATED;
    if ((head & 0xf) != PD_SMS || (head >> 4 & 7) == 7)
        return ERR_DECODE_VALUE;
    out->transaction = head >> 4 & 7;
    out->ours = head >> 4 & TI_FLAG;
    out->cp = (enum sms_cp)type;
    switch (type) {
    case SMS_CP_DATA:
        return read_rp(sub(&c, take(&c)), out);
    case SMS_CP_ACK:
        return ERR_OK;
    case SMS_CP_ERROR:
        out->cp_cause = take(&c) & 0x7f;
        return c.ok ? ERR_OK : ERR_DECODE_TRUNCATED;
    default:
        return ERR_DECODE_VALUE;
    }
}

// --- writing ---

static uint8_t head_of(uint8_t transaction, bool ours)
{
    return (uint8_t)((ours ? 0 : TI_FLAG) << 4 | transaction << 4 | PD_SMS);
}

size_t sms_cp_ack(uint8_t transaction, bool ours, uint8_t *buf)
{
    buf[0] = head_of(transaction, ours);
    buf[1] = SMS_CP_ACK;
    return 2;
}

size_t sms_rp_ack(uint8_t transaction, uint8_t reference, uint8_t *buf)
{
    const uint8_t octets[] = {head_of(transaction, false), SMS_CP_DATA, 2, SMS_RP_ACK_TO_UE,
                              reference};
    memcpy(buf, octets, sizeof(octets));
    return sizeof(octets);
}

size_t sms_rp_error(uint8_t transaction, uint8_t reference, uint8_t cause, uint8_t *buf)
{
    const uint8_t octets[] = {head_of(transaction, false), SMS_CP_DATA, 4, SMS_RP_ERROR_TO_UE,
                              reference, 1, cause & 0x7f};
    memcpy(buf, octets, sizeof(octets));
    return sizeof(octets);
}

struct writer {
    uint8_t *buf;
    size_t len;
    enum err err;
};

static void add(struct writer *w, uint8_t octet)
{
    if (w->len == SMS_NAS_MAX)
        w->err = w->err ? w->err : ERR_ENCODE_SPACE;
    else
        w->buf[w->len++] = octet;
}

static void add_digits(struct writer *w, const char *digits)
{
    size_t len = 0;
    if (w->err)
        return;
    w->err = base_tbcd_encode(digits, w->buf + w->len, SMS_NAS_MAX - w->len, &len);
    w->len += len;
}

static void add_swapped(struct writer *w, int value)
{
    add(w, (uint8_t)((value % 10) << 4 | value / 10 % 10));
}

static void add_time(struct writer *w, int64_t now)
{
    time_t at = (time_t)now;
    struct tm tm = {0};
    gmtime_r(&at, &tm);
    const int fields[] = {tm.tm_year, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        add_swapped(w, fields[i] % 100);
    add(w, 0); // UTC
}

// DCS, time stamp, length, text; in the 7-bit alphabet if it suffices.
static void add_text(struct writer *w, const char *text, int64_t now)
{
    uint8_t packed[140];
    size_t n = 0, len = 0;
    bool gsm = true;
    enum err err = sgsap_septets_write(text, packed, sizeof(packed), &n, &len);
    if (err == ERR_ENCODE_VALUE) {
        gsm = false;
        err = sgsap_ucs2_write(text, packed, sizeof(packed), &len);
    }
    w->err = w->err ? w->err : err;
    add(w, gsm ? DCS_GSM : DCS_UCS2);
    add_time(w, now);
    add(w, (uint8_t)(gsm ? n : len));
    for (size_t i = 0; i < len; i++)
        add(w, packed[i]);
}

enum err sms_deliver(uint8_t transaction, uint8_t reference, const char *center, const char *from,
                     const char *text, int64_t now, uint8_t *buf, size_t *len)
{
    struct writer w = {.buf = buf};
    add(&w, head_of(transaction, true));
    add(&w, SMS_CP_DATA);
    size_t cp_len = w.len;
    add(&w, 0);
    add(&w, SMS_RP_DATA_TO_UE);
    add(&w, reference);
    add(&w, (uint8_t)(1 + (strlen(center) + 1) / 2));
    add(&w, TON_INTERNATIONAL);
    add_digits(&w, center);
    add(&w, 0); // destination: the UE
    size_t tp_len = w.len;
    add(&w, 0);
    add(&w, TP_DELIVER | TP_NO_MORE);
    add(&w, (uint8_t)strlen(from));
    add(&w, TON_INTERNATIONAL);
    add_digits(&w, from);
    add(&w, 0); // TP-PID
    add_text(&w, text, now);
    if (w.err)
        return w.err;
    w.buf[cp_len] = (uint8_t)(w.len - cp_len - 1);
    w.buf[tp_len] = (uint8_t)(w.len - tp_len - 1);
    *len = w.len;
    return ERR_OK;
}
