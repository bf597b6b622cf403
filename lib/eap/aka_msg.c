// SPDX-License-Identifier: BSD-3-Clause
// Attributes of EAP-AKA and EAP-AKA'. See aka_msg.h.
#include "eap/aka_msg.h"

#include <string.h>

#define AKA_HEADER_LEN 8 // EAP header, type, subtype, two reserved octets
#define AT_PADDING 6
#define SKIPPABLE 128 // types from here on may be ignored

// How the octets after type and length are laid out.
enum layout {
    BARE,   // n octets
    PLAIN,  // two reserved octets, n octets
    NUMBER, // two octets
    FLAG,   // two octets without meaning
    TEXT,   // length in octets, that many, padding
    RES,    // length in bits, that many, padding
    BLOCKS, // two reserved octets, blocks of 16
    CODE,   // two reserved octets, nothing or a hash
};

static const struct {
    uint8_t type;
    enum layout layout;
    uint8_t n; // octets of the value: BARE, PLAIN
    const char *name;
} attributes[EAP_AT_COUNT] = {
    [EAP_AT_RAND] = {1, PLAIN, 16, "AT_RAND"},
    [EAP_AT_AUTN] = {2, PLAIN, 16, "AT_AUTN"},
    [EAP_AT_RES] = {3, RES, 0, "AT_RES"},
    [EAP_AT_AUTS] = {4, BARE, 14, "AT_AUTS"},
    [EAP_AT_PERMANENT_ID_REQ] = {10, FLAG, 0, "AT_PERMANENT_ID_REQ"},
    [EAP_AT_MAC] = {11, PLAIN, 16, "AT_MAC"},
    [EAP_AT_NOTIFICATION] = {12, NUMBER, 0, "AT_NOTIFICATION"},
    [EAP_AT_ANY_ID_REQ] = {13, FLAG, 0, "AT_ANY_ID_REQ"},
    [EAP_AT_IDENTITY] = {14, TEXT, 0, "AT_IDENTITY"},
    [EAP_AT_FULLAUTH_ID_REQ] = {17, FLAG, 0, "AT_FULLAUTH_ID_REQ"},
    [EAP_AT_COUNTER] = {19, NUMBER, 0, "AT_COUNTER"},
    [EAP_AT_COUNTER_TOO_SMALL] = {20, FLAG, 0, "AT_COUNTER_TOO_SMALL"},
    [EAP_AT_NONCE_S] = {21, PLAIN, 16, "AT_NONCE_S"},
    [EAP_AT_CLIENT_ERROR_CODE] = {22, NUMBER, 0, "AT_CLIENT_ERROR_CODE"},
    [EAP_AT_KDF_INPUT] = {23, TEXT, 0, "AT_KDF_INPUT"},
    [EAP_AT_KDF] = {24, NUMBER, 0, "AT_KDF"},
    [EAP_AT_IV] = {129, PLAIN, 16, "AT_IV"},
    [EAP_AT_ENCR_DATA] = {130, BLOCKS, 0, "AT_ENCR_DATA"},
    [EAP_AT_NEXT_PSEUDONYM] = {132, TEXT, 0, "AT_NEXT_PSEUDONYM"},
    [EAP_AT_NEXT_REAUTH_ID] = {133, TEXT, 0, "AT_NEXT_REAUTH_ID"},
    [EAP_AT_CHECKCODE] = {134, CODE, 0, "AT_CHECKCODE"},
    [EAP_AT_RESULT_IND] = {135, FLAG, 0, "AT_RESULT_IND"},
    [EAP_AT_BIDDING] = {136, NUMBER, 0, "AT_BIDDING"},
};

const char *eap_at_name(enum eap_at at)
{
    return (unsigned)at < EAP_AT_COUNT ? attributes[at].name : "?";
}

// ---- which message carries what: RFC 4187 §10.1, RFC 9048 §3 ----

#define B(at) EAP_AT_BIT(EAP_AT_##at)
#define ENCRYPTED (B(IV) | B(ENCR_DATA))

static const struct {
    uint8_t code, subtype;
    uint32_t must, may; // may: beyond must
} carries[] = {
    {EAP_REQUEST, EAP_AKA_IDENTITY, 0, B(PERMANENT_ID_REQ) | B(FULLAUTH_ID_REQ) | B(ANY_ID_REQ)},
    {EAP_RESPONSE, EAP_AKA_IDENTITY, B(IDENTITY), 0},
    {EAP_REQUEST, EAP_AKA_CHALLENGE, B(RAND) | B(AUTN) | B(MAC),
     ENCRYPTED | B(CHECKCODE) | B(RESULT_IND) | B(KDF) | B(KDF_INPUT) | B(BIDDING)},
    // without AT_RES and AT_MAC it answers AT_KDF only; see check_carried
    {EAP_RESPONSE, EAP_AKA_CHALLENGE, 0,
     B(RES) | B(MAC) | ENCRYPTED | B(CHECKCODE) | B(RESULT_IND) | B(KDF)},
    {EAP_RESPONSE, EAP_AKA_AUTHENTICATION_REJECT, 0, 0},
    {EAP_RESPONSE, EAP_AKA_SYNCHRONIZATION_FAILURE, B(AUTS), B(KDF)},
    {EAP_REQUEST, EAP_AKA_NOTIFICATION, B(NOTIFICATION), B(MAC) | ENCRYPTED},
    {EAP_RESPONSE, EAP_AKA_NOTIFICATION, 0, B(MAC) | ENCRYPTED},
    {EAP_REQUEST, EAP_AKA_REAUTHENTICATION, ENCRYPTED | B(MAC), B(CHECKCODE) | B(RESULT_IND)},
    {EAP_RESPONSE, EAP_AKA_REAUTHENTICATION, ENCRYPTED | B(MAC), B(CHECKCODE) | B(RESULT_IND)},
    {EAP_RESPONSE, EAP_AKA_CLIENT_ERROR, B(CLIENT_ERROR_CODE), 0},
};

static const uint32_t inner_may =
    B(NEXT_PSEUDONYM) | B(NEXT_REAUTH_ID) | B(COUNTER) | B(COUNTER_TOO_SMALL) | B(NONCE_S);

static enum err check_carried(const struct eap_aka_msg *msg)
{
    // unknown to RFC 4187, and not to be skipped
    if (msg->method == EAP_AKA && (msg->have & (B(KDF) | B(KDF_INPUT))))
        return ERR_DECODE_UNKNOWN;
    for (size_t i = 0; i < sizeof(carries) / sizeof(carries[0]); i++) {
        if (carries[i].code != msg->code || carries[i].subtype != msg->subtype)
            continue;
        uint32_t must = carries[i].must;
        bool answers = msg->code == EAP_RESPONSE && msg->subtype == EAP_AKA_CHALLENGE;
        if (answers && !(msg->method == EAP_AKA_PRIME && msg->have == B(KDF)))
            must |= B(RES) | B(MAC);
        if (must & ~msg->have)
            return ERR_DECODE_MISSING;
        if (msg->have & ~(must | carries[i].may))
            return ERR_DECODE_UNKNOWN;
        bool iv = eap_aka_has(msg, EAP_AT_IV), data = eap_aka_has(msg, EAP_AT_ENCR_DATA);
        return iv == data ? ERR_OK : ERR_DECODE_MISSING;
    }
    return ERR_DECODE_VALUE; // no such subtype
}

// ---- decoding ----

static bool zero(const uint8_t *p, size_t n)
{
    while (n > 0 && *p == 0) {
        p++;
        n--;
    }
    return n == 0;
}

// p, n: after type and length; n >= 2.
static enum err take(enum eap_at at, const uint8_t *p, size_t n, struct eap_aka_attr *out)
{
    size_t number = (size_t)p[0] << 8 | p[1];
    *out = (struct eap_aka_attr){p + 2, (uint16_t)(n - 2)};
    switch (attributes[at].layout) {
    case BARE:
        *out = (struct eap_aka_attr){p, (uint16_t)n};
        return n == attributes[at].n ? ERR_OK : ERR_DECODE_LENGTH;
    case PLAIN:
        return out->len == attributes[at].n ? ERR_OK : ERR_DECODE_LENGTH;
    case NUMBER:
        *out = (struct eap_aka_attr){p, 2};
        return n == 2 ? ERR_OK : ERR_DECODE_LENGTH;
    case FLAG:
        return n == 2 ? ERR_OK : ERR_DECODE_LENGTH;
    case RES: // 4 to 16 octets, RFC 4187 §10.8
        if (number % 8 != 0 || number < 32 || number > 128)
            return ERR_DECODE_VALUE;
        number /= 8;
        break;
    case TEXT:
        if (number == 0)
            return ERR_DECODE_LENGTH;
        break;
    case BLOCKS:
        return out->len > 0 && out->len % 16 == 0 ? ERR_OK : ERR_DECODE_LENGTH;
    case CODE:
        return out->len == 0 || out->len == 20 || out->len == 32 ? ERR_OK : ERR_DECODE_LENGTH;
    }
    if (number > out->len || out->len - number > 3)
        return ERR_DECODE_LENGTH;
    if (!zero(out->data + number, out->len - number))
        return ERR_DECODE_VALUE;
    out->len = (uint16_t)number;
    return ERR_OK;
}

static int find(uint8_t type)
{
    for (int i = 0; i < EAP_AT_COUNT; i++) {
        if (attributes[i].type == type)
            return i;
    }
    return -1;
}

static enum err add_kdf(struct eap_aka_msg *out)
{
    if (out->n_kdf == EAP_KDF_MAX)
        return ERR_DECODE_DUPLICATE;
    out->kdf[out->n_kdf++] = eap_aka_u16(out, EAP_AT_KDF);
    return ERR_OK;
}

// One attribute: type, its octets after the length.
static enum err decode_one(uint8_t type, const uint8_t *p, size_t n, bool inner, size_t offset,
                           struct eap_aka_msg *out)
{
    struct eap_aka_attr attr;
    int at = find(type);
    if (type == AT_PADDING && inner)
        return n <= 10 && zero(p, n) ? ERR_OK : ERR_DECODE_VALUE;
    if (at < 0)
        return type >= SKIPPABLE ? ERR_OK : ERR_DECODE_UNKNOWN;
    if (eap_aka_has(out, (enum eap_at)at) && at != EAP_AT_KDF)
        return ERR_DECODE_DUPLICATE;
    enum err err = take((enum eap_at)at, p, n, &attr);
    if (err)
        return err;
    out->at[at] = attr;
    out->have |= EAP_AT_BIT(at);
    if (at == EAP_AT_MAC)
        out->mac_at = (uint16_t)(offset + 4);
    return at == EAP_AT_KDF ? add_kdf(out) : ERR_OK;
}

static enum err decode_all(const uint8_t *p, size_t len, size_t offset, bool inner,
                           struct eap_aka_msg *out)
{
    for (size_t at = 0; at < len;) {
        if (len - at < 4)
            return ERR_DECODE_TRUNCATED;
        size_t n = (size_t)p[at + 1] * 4;
        if (n == 0)
            return ERR_DECODE_LENGTH;
        if (n > len - at)
            return ERR_DECODE_TRUNCATED;
        enum err err = decode_one(p[at], p + at + 2, n - 2, inner, offset + at, out);
        if (err)
            return err;
        at += n;
    }
    return ERR_OK;
}

enum err eap_aka_decode(const uint8_t *packet, size_t len, struct eap_aka_msg *out)
{
    struct eap_packet eap;
    memset(out, 0, sizeof(*out));
    enum err err = eap_decode(packet, len, &eap);
    if (err)
        return err;
    if (eap.type != EAP_AKA && eap.type != EAP_AKA_PRIME)
        return ERR_DECODE_VALUE;
    if (eap.total < AKA_HEADER_LEN)
        return ERR_DECODE_TRUNCATED;
    out->code = eap.code;
    out->id = eap.id;
    out->method = (enum eap_type)eap.type;
    out->subtype = packet[5];
    err =
        decode_all(packet + AKA_HEADER_LEN, eap.total - AKA_HEADER_LEN, AKA_HEADER_LEN, false, out);
    return err ? err : check_carried(out);
}

enum err eap_aka_decode_inner(const uint8_t *plain, size_t len, struct eap_aka_msg *out)
{
    memset(out, 0, sizeof(*out));
    enum err err = decode_all(plain, len, 0, true, out);
    if (err)
        return err;
    return out->have & ~inner_may ? ERR_DECODE_UNKNOWN : ERR_OK;
}

uint16_t eap_aka_u16(const struct eap_aka_msg *msg, enum eap_at at)
{
    const struct eap_aka_attr *attr = &msg->at[at];
    return attr->data && attr->len == 2 ? (uint16_t)(attr->data[0] << 8 | attr->data[1]) : 0;
}

// ---- encoding ----

static uint8_t *grow(struct eap_aka_writer *w, size_t n)
{
    if (w->err)
        return NULL;
    if (n > sizeof(w->buf) - w->len) {
        w->err = ERR_ENCODE_SPACE;
        return NULL;
    }
    uint8_t *at = w->buf + w->len;
    memset(at, 0, n);
    w->len += n;
    return at;
}

void eap_aka_begin_inner(struct eap_aka_writer *w)
{
    w->len = w->mac_at = 0;
    w->err = ERR_OK;
}

void eap_aka_begin(struct eap_aka_writer *w, enum eap_code code, uint8_t id, enum eap_type method,
                   enum eap_aka_subtype subtype)
{
    eap_aka_begin_inner(w);
    uint8_t *p = grow(w, AKA_HEADER_LEN);
    p[0] = (uint8_t)code;
    p[1] = id;
    p[4] = (uint8_t)method;
    p[5] = (uint8_t)subtype;
}

void eap_aka_put(struct eap_aka_writer *w, enum eap_at at, const void *value, size_t len)
{
    enum layout layout = attributes[at].layout;
    size_t before = layout == BARE || layout == NUMBER ? 2 : 4;
    size_t total = (before + (layout == FLAG ? 0 : len) + 3) / 4 * 4;
    if (((layout == BARE || layout == PLAIN) && len != attributes[at].n) || total / 4 > 255 ||
        (layout == BLOCKS && len % 16 != 0)) {
        w->err = w->err ? w->err : ERR_ENCODE_VALUE;
        return;
    }
    uint8_t *p = grow(w, total);
    if (!p)
        return;
    p[0] = attributes[at].type;
    p[1] = (uint8_t)(total / 4);
    size_t number = layout == RES ? len * 8 : len;
    if (layout == RES || layout == TEXT) {
        p[2] = (uint8_t)(number >> 8);
        p[3] = (uint8_t)number;
    }
    if (layout != FLAG && len > 0)
        memcpy(p + before, value, len);
}

void eap_aka_put_u16(struct eap_aka_writer *w, enum eap_at at, uint16_t value)
{
    const uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    eap_aka_put(w, at, octets, sizeof(octets));
}

void eap_aka_put_encrypted(struct eap_aka_writer *w, const struct eap_aka_keys *keys,
                           const uint8_t iv[16], const struct eap_aka_writer *inner)
{
    uint8_t plain[EAP_PACKET_MAX + 16];
    size_t padding = (16 - inner->len % 16) % 16;
    size_t len = inner->len + padding;
    enum err err = inner->err;
    memcpy(plain, inner->buf, inner->len);
    memset(plain + inner->len, 0, padding);
    if (padding > 0) {
        plain[inner->len] = AT_PADDING;
        plain[inner->len + 1] = (uint8_t)(padding / 4);
    }
    if (!err)
        err = eap_aka_crypt(keys, true, iv, plain, len);
    if (err) {
        w->err = w->err ? w->err : err;
        return;
    }
    eap_aka_put(w, EAP_AT_IV, iv, 16);
    eap_aka_put(w, EAP_AT_ENCR_DATA, plain, len);
}

enum err eap_aka_end(struct eap_aka_writer *w, const struct eap_aka_keys *keys, const void *extra,
                     size_t extra_len)
{
    uint8_t mac[EAP_MAC_LEN] = {0};
    if (keys) {
        w->mac_at = w->len + 4;
        eap_aka_put(w, EAP_AT_MAC, mac, sizeof(mac));
    }
    if (w->err)
        return w->err;
    w->buf[2] = (uint8_t)(w->len >> 8);
    w->buf[3] = (uint8_t)w->len;
    if (!keys)
        return ERR_OK;
    w->err = eap_aka_mac(keys, w->buf, w->len, w->mac_at, extra, extra_len, mac);
    memcpy(w->buf + w->mac_at, mac, sizeof(mac));
    return w->err;
}
