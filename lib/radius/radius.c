// SPDX-License-Identifier: BSD-3-Clause
// RADIUS packets. See radius.h.
#include "radius/radius.h"

#include <openssl/crypto.h>
#include <string.h>

#include "radius/crypt.h"

#define MPPE_PLAIN_LEN 48 // length octet, key of 32, padding

static const uint8_t zeros[RAD_AUTH_LEN];

const char *rad_code_name(int code)
{
    switch (code) {
    case RAD_ACCESS_REQUEST:
        return "Access-Request";
    case RAD_ACCESS_ACCEPT:
        return "Access-Accept";
    case RAD_ACCESS_REJECT:
        return "Access-Reject";
    case RAD_ACCOUNTING_REQUEST:
        return "Accounting-Request";
    case RAD_ACCOUNTING_RESPONSE:
        return "Accounting-Response";
    case RAD_ACCESS_CHALLENGE:
        return "Access-Challenge";
    case RAD_STATUS_SERVER:
        return "Status-Server";
    case RAD_DISCONNECT_REQUEST:
        return "Disconnect-Request";
    case RAD_DISCONNECT_ACK:
        return "Disconnect-ACK";
    case RAD_DISCONNECT_NAK:
        return "Disconnect-NAK";
    case RAD_COA_REQUEST:
        return "CoA-Request";
    case RAD_COA_ACK:
        return "CoA-ACK";
    case RAD_COA_NAK:
        return "CoA-NAK";
    default:
        return "?";
    }
}

// ---- reading ----

enum err rad_decode(const uint8_t *in, size_t len, struct rad_packet *out)
{
    memset(out, 0, sizeof(*out));
    if (len < RAD_HEADER_LEN)
        return ERR_DECODE_TRUNCATED;
    size_t own = (size_t)in[2] << 8 | in[3];
    if (own < RAD_HEADER_LEN || own > RAD_PACKET_MAX)
        return ERR_DECODE_LENGTH;
    if (own > len)
        return ERR_DECODE_TRUNCATED;
    for (size_t at = RAD_HEADER_LEN; at < own; at += in[at + 1]) {
        if (own - at < 2 || in[at + 1] < 2 || in[at + 1] > own - at)
            return ERR_DECODE_LENGTH;
    }
    *out = (struct rad_packet){
        .code = in[0],
        .id = in[1],
        .authenticator = in + 4,
        .attrs = in + RAD_HEADER_LEN,
        .attrs_len = own - RAD_HEADER_LEN,
        .whole = in,
        .len = own,
    };
    return ERR_OK;
}

bool rad_next(const struct rad_packet *packet, size_t *at, struct rad_attr *out)
{
    if (*at >= packet->attrs_len)
        return false;
    const uint8_t *p = packet->attrs + *at;
    *out = (struct rad_attr){p[0], (uint8_t)(p[1] - 2), p + 2};
    *at += p[1];
    return true;
}

bool rad_find(const struct rad_packet *packet, enum rad_type type, struct rad_attr *out)
{
    for (size_t at = 0; rad_next(packet, &at, out);) {
        if (out->type == type)
            return true;
    }
    memset(out, 0, sizeof(*out));
    return false;
}

size_t rad_count(const struct rad_packet *packet, enum rad_type type)
{
    struct rad_attr attr;
    size_t n = 0;
    for (size_t at = 0; rad_next(packet, &at, &attr);)
        n += attr.type == type;
    return n;
}

enum err rad_u32(const struct rad_packet *packet, enum rad_type type, uint32_t *out)
{
    struct rad_attr attr;
    *out = 0;
    if (!rad_find(packet, type, &attr))
        return ERR_NOT_FOUND;
    if (attr.len != 4)
        return ERR_DECODE_LENGTH;
    for (size_t i = 0; i < 4; i++)
        *out = *out << 8 | attr.value[i];
    return ERR_OK;
}

bool rad_text(const struct rad_packet *packet, enum rad_type type, char *out, size_t size)
{
    struct rad_attr attr;
    size_t n = 0;
    bool found = rad_find(packet, type, &attr);
    for (; found && n < attr.len && n + 1 < size; n++)
        out[n] = attr.value[n] < 0x20 || attr.value[n] > 0x7e ? '?' : (char)attr.value[n];
    out[n] = '\0';
    return found;
}

enum err rad_eap_message(const struct rad_packet *packet, uint8_t *out, size_t size, size_t *len)
{
    struct rad_attr attr;
    bool began = false, ended = false;
    *len = 0;
    for (size_t at = 0; rad_next(packet, &at, &attr);) {
        if (attr.type != RAD_EAP_MESSAGE) {
            ended = began;
            continue;
        }
        if (ended)
            return ERR_DECODE_SYNTAX;
        began = true;
        if (attr.len > size - *len)
            return ERR_ENCODE_SPACE;
        memcpy(out + *len, attr.value, attr.len);
        *len += attr.len;
    }
    return began ? ERR_OK : ERR_NOT_FOUND;
}

// ---- checking ----

static enum err find_message(const struct rad_packet *packet, size_t *at)
{
    struct rad_attr attr;
    if (!rad_find(packet, RAD_MESSAGE_AUTHENTICATOR, &attr))
        return ERR_NOT_FOUND;
    if (attr.len != 16)
        return ERR_DECODE_LENGTH;
    if (rad_count(packet, RAD_MESSAGE_AUTHENTICATOR) > 1)
        return ERR_DECODE_DUPLICATE;
    *at = (size_t)(attr.value - packet->whole);
    return ERR_OK;
}

static enum err check_message(const struct rad_packet *packet, struct rad_secret secret,
                              const uint8_t *authenticator)
{
    uint8_t mac[16];
    size_t at = 0;
    enum err err = find_message(packet, &at);
    if (!err)
        err = rad_hmac(packet->whole, packet->len, authenticator, at, secret, mac);
    if (err)
        return err;
    return CRYPTO_memcmp(mac, packet->whole + at, sizeof(mac)) == 0 ? ERR_OK : ERR_DENIED;
}

static bool own_authenticator(uint8_t code)
{
    return code == RAD_ACCESS_REQUEST || code == RAD_STATUS_SERVER;
}

enum err rad_check_message(const struct rad_packet *packet, struct rad_secret secret)
{
    return check_message(packet, secret,
                         own_authenticator(packet->code) ? packet->authenticator : zeros);
}

// MD5(code, id, length, authenticator, attributes, secret): both kinds of authenticator.
static enum err sum(const uint8_t *packet, size_t len, const uint8_t *authenticator,
                    struct rad_secret secret, uint8_t out[16])
{
    const struct rad_piece pieces[] = {
        {packet, 4},
        {authenticator, RAD_AUTH_LEN},
        {packet + RAD_HEADER_LEN, len - RAD_HEADER_LEN},
        {secret.data, secret.len},
    };
    return rad_md5(pieces, 4, out);
}

static enum err check_sum(const struct rad_packet *packet, struct rad_secret secret,
                          const uint8_t *authenticator)
{
    uint8_t md5[16];
    enum err err = sum(packet->whole, packet->len, authenticator, secret, md5);
    if (err)
        return err;
    return CRYPTO_memcmp(md5, packet->authenticator, sizeof(md5)) == 0 ? ERR_OK : ERR_DENIED;
}

enum err rad_check_request(const struct rad_packet *packet, struct rad_secret secret)
{
    return check_sum(packet, secret, zeros);
}

enum err rad_check_response(const struct rad_packet *packet, struct rad_secret secret,
                            const uint8_t request_authenticator[RAD_AUTH_LEN])
{
    enum err err = check_sum(packet, secret, request_authenticator);
    if (err)
        return err;
    err = check_message(packet, secret, request_authenticator);
    return err == ERR_NOT_FOUND ? ERR_OK : err ? ERR_DENIED : ERR_OK;
}

// ---- writing ----

void rad_begin(struct rad_writer *w, enum rad_code code, uint8_t id)
{
    w->buf[0] = (uint8_t)code;
    w->buf[1] = id;
    memset(w->buf + 2, 0, RAD_HEADER_LEN - 2);
    w->len = RAD_HEADER_LEN;
    w->message_at = 0;
    w->err = ERR_OK;
}

void rad_put(struct rad_writer *w, enum rad_type type, const void *value, size_t len)
{
    if (len > RAD_VALUE_MAX || len + 2 > sizeof(w->buf) - w->len) {
        w->err = w->err ? w->err : ERR_ENCODE_SPACE;
        return;
    }
    w->buf[w->len] = (uint8_t)type;
    w->buf[w->len + 1] = (uint8_t)(len + 2);
    if (len > 0)
        memcpy(w->buf + w->len + 2, value, len);
    w->len += len + 2;
}

void rad_put_text(struct rad_writer *w, enum rad_type type, const char *text)
{
    if (*text)
        rad_put(w, type, text, strlen(text));
}

void rad_put_u32(struct rad_writer *w, enum rad_type type, uint32_t value)
{
    const uint8_t octets[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                               (uint8_t)(value >> 8), (uint8_t)value};
    rad_put(w, type, octets, sizeof(octets));
}

void rad_put_eap(struct rad_writer *w, const uint8_t *packet, size_t len)
{
    while (len > 0) {
        size_t n = len < RAD_VALUE_MAX ? len : RAD_VALUE_MAX;
        rad_put(w, RAD_EAP_MESSAGE, packet, n);
        packet += n;
        len -= n;
    }
}

void rad_put_message_authenticator(struct rad_writer *w)
{
    w->message_at = w->len + 2;
    rad_put(w, RAD_MESSAGE_AUTHENTICATOR, zeros, sizeof(zeros));
}

static void put_mppe(struct rad_writer *w, uint8_t kind, const uint8_t key[32],
                     struct rad_secret secret, const uint8_t *authenticator, const uint8_t salt[2])
{
    // vendor, vendor type, vendor length, salt, hidden string
    uint8_t value[8 + MPPE_PLAIN_LEN] = {
        0, 0, RAD_VENDOR_MICROSOFT >> 8, RAD_VENDOR_MICROSOFT & 0xff, kind, sizeof(value) - 4};
    value[6] = salt[0] | 0x80;
    value[7] = salt[1];
    value[8] = 32;
    memcpy(value + 9, key, 32);
    enum err err =
        rad_mppe_cipher(true, secret, authenticator, value + 6, value + 8, MPPE_PLAIN_LEN);
    if (err)
        w->err = w->err ? w->err : err;
    rad_put(w, RAD_VENDOR_SPECIFIC, value, sizeof(value));
}

void rad_put_mppe_keys(struct rad_writer *w, const uint8_t msk[64], struct rad_secret secret,
                       const uint8_t request_authenticator[RAD_AUTH_LEN], const uint8_t salts[4])
{
    uint8_t second[2] = {salts[2] | 0x80, salts[3]};
    if (second[0] == (salts[0] | 0x80) && second[1] == salts[1])
        second[1] ^= 1;
    put_mppe(w, RAD_MS_MPPE_RECV_KEY, msk, secret, request_authenticator, salts);
    put_mppe(w, RAD_MS_MPPE_SEND_KEY, msk + 32, secret, request_authenticator, second);
}

void rad_put_proxy_states(struct rad_writer *w, const struct rad_packet *request)
{
    struct rad_attr attr;
    for (size_t at = 0; rad_next(request, &at, &attr);) {
        if (attr.type == RAD_PROXY_STATE)
            rad_put(w, RAD_PROXY_STATE, attr.value, attr.len);
    }
}

// Message-Authenticator and then the sum, both over this authenticator.
static enum err finish(struct rad_writer *w, struct rad_secret secret, const uint8_t *authenticator,
                       bool summed)
{
    if (w->err)
        return w->err;
    w->buf[2] = (uint8_t)(w->len >> 8);
    w->buf[3] = (uint8_t)w->len;
    if (w->message_at)
        w->err =
            rad_hmac(w->buf, w->len, authenticator, w->message_at, secret, w->buf + w->message_at);
    if (!w->err && summed)
        w->err = sum(w->buf, w->len, authenticator, secret, w->buf + 4);
    if (!summed)
        memcpy(w->buf + 4, authenticator, RAD_AUTH_LEN);
    return w->err;
}

enum err rad_end_response(struct rad_writer *w, struct rad_secret secret,
                          const uint8_t request_authenticator[RAD_AUTH_LEN])
{
    return finish(w, secret, request_authenticator, true);
}

enum err rad_end_request(struct rad_writer *w, struct rad_secret secret,
                         const uint8_t random[RAD_AUTH_LEN])
{
    if (!own_authenticator(w->buf[0]))
        return finish(w, secret, zeros, true);
    return random ? finish(w, secret, random, false) : ERR_INVALID;
}

enum err rad_mppe_open(const uint8_t *value, size_t len, struct rad_secret secret,
                       const uint8_t request_authenticator[RAD_AUTH_LEN], uint8_t out[32])
{
    uint8_t plain[MPPE_PLAIN_LEN];
    if (len != 2 + sizeof(plain))
        return ERR_DECODE_LENGTH;
    memcpy(plain, value + 2, sizeof(plain));
    enum err err =
        rad_mppe_cipher(false, secret, request_authenticator, value, plain, sizeof(plain));
    if (err)
        return err;
    if (plain[0] != 32)
        return ERR_DECODE_VALUE;
    memcpy(out, plain + 1, 32);
    return ERR_OK;
}
