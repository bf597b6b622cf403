// SPDX-License-Identifier: BSD-3-Clause
// Coding of the IEs' value parts. Every reader checks completely: the octets come from a peer.
#include "sgsap/ie.h"

#include <stdio.h>
#include <string.h>

enum {
    TYPE_IMSI = 1, // TS 24.008 §10.5.1.4, type of identity
    TYPE_TMSI = 4,
    TYPE_MASK = 7,
    ODD_DIGITS = 8,
    FILLER = 0xf,
    LABEL_MAX = 63,
    EXTENSION = 0x80, // set: no further octet of this group
};

// Room for `len` octets in the message, entered as the IE's value.
static enum err own(struct sgsap_msg *msg, enum sgsap_ie ie, size_t len, uint8_t **out)
{
    if (len > UINT8_MAX || len > sizeof(msg->own) - msg->n_own)
        return ERR_ENCODE_SPACE;
    *out = msg->own + msg->n_own;
    msg->n_own = (uint16_t)(msg->n_own + len);
    msg->ie[ie] = (struct sgsap_value){.data = *out, .len = (uint8_t)len};
    return ERR_OK;
}

void sgsap_set(struct sgsap_msg *msg, enum sgsap_ie ie, const void *data, uint8_t len)
{
    msg->ie[ie] = (struct sgsap_value){.data = data, .len = len};
}

static enum err need(struct sgsap_value value, size_t min)
{
    if (!value.data)
        return ERR_NOT_FOUND;
    return value.len < min ? ERR_DECODE_LENGTH : ERR_OK;
}

// --- digits ---

// Digits with the first one in the high nibble of octet 1, as IMSI and mobile identity have them.
static enum err read_identity_digits(struct sgsap_value value, struct base_imsi *out)
{
    char digits[17];
    bool odd = value.data[0] & ODD_DIGITS;
    size_t n = 2 * (size_t)value.len - (odd ? 1 : 2);
    if (n + 1 > sizeof(digits))
        return ERR_DECODE_LENGTH;
    for (size_t i = 0; i < n; i++) {
        uint8_t octet = value.data[(i + 1) / 2];
        uint8_t nibble = i % 2 == 0 ? octet >> 4 : octet & 0xf;
        if (nibble > 9)
            return ERR_DECODE_VALUE;
        digits[i] = (char)('0' + nibble);
    }
    if (!odd && value.data[value.len - 1] >> 4 != FILLER)
        return ERR_DECODE_VALUE;
    return base_imsi_parse(digits, n, out);
}

enum err sgsap_read_imsi(struct sgsap_value value, struct base_imsi *out)
{
    enum err err = need(value, 1);
    if (err)
        return err;
    if ((value.data[0] & TYPE_MASK) != TYPE_IMSI)
        return ERR_DECODE_VALUE;
    return read_identity_digits(value, out);
}

static enum err set_identity_digits(struct sgsap_msg *msg, enum sgsap_ie ie,
                                    const struct base_imsi *imsi)
{
    struct base_imsi checked;
    if (base_imsi_parse(imsi->digits, imsi->len, &checked) != ERR_OK)
        return ERR_ENCODE_VALUE;
    bool odd = checked.len % 2 != 0;
    uint8_t *at;
    enum err err = own(msg, ie, (size_t)checked.len / 2 + 1, &at);
    if (err)
        return err;
    at[0] = (uint8_t)((checked.digits[0] - '0') << 4 | (odd ? ODD_DIGITS : 0) | TYPE_IMSI);
    for (size_t i = 1; i < checked.len; i += 2) {
        uint8_t low = (uint8_t)(checked.digits[i] - '0');
        uint8_t high = i + 1 < checked.len ? (uint8_t)(checked.digits[i + 1] - '0') : FILLER;
        at[(i + 1) / 2] = (uint8_t)(high << 4 | low);
    }
    return ERR_OK;
}

enum err sgsap_set_imsi(struct sgsap_msg *msg, const struct base_imsi *imsi)
{
    return set_identity_digits(msg, SGSAP_IE_IMSI, imsi);
}

enum err sgsap_read_mobile(struct sgsap_value value, struct sgsap_mobile *out)
{
    enum err err = need(value, 1);
    if (err)
        return err;
    memset(out, 0, sizeof(*out));
    switch (value.data[0] & TYPE_MASK) {
    case TYPE_IMSI:
        return read_identity_digits(value, &out->imsi);
    case TYPE_TMSI:
        if (value.len != 5)
            return ERR_DECODE_LENGTH;
        out->is_tmsi = true;
        out->tmsi = (uint32_t)value.data[1] << 24 | (uint32_t)value.data[2] << 16 |
                    (uint32_t)value.data[3] << 8 | value.data[4];
        return ERR_OK;
    default:
        return ERR_DECODE_VALUE;
    }
}

enum err sgsap_set_mobile(struct sgsap_msg *msg, enum sgsap_ie ie,
                          const struct sgsap_mobile *mobile)
{
    if (!mobile->is_tmsi)
        return set_identity_digits(msg, ie, &mobile->imsi);
    uint8_t *at;
    enum err err = own(msg, ie, 5, &at);
    if (err)
        return err;
    at[0] = FILLER << 4 | TYPE_TMSI;
    for (int i = 0; i < 4; i++)
        at[1 + i] = (uint8_t)(mobile->tmsi >> (24 - 8 * i));
    return ERR_OK;
}

enum err sgsap_read_digits(struct sgsap_value value, char *out, size_t size)
{
    enum err err = need(value, 1);
    if (err)
        return err;
    if (size < 2 * (size_t)value.len + 1)
        return ERR_DECODE_LENGTH;
    for (size_t i = 0; i < 2 * (size_t)value.len; i++) {
        uint8_t octet = value.data[i / 2];
        uint8_t nibble = i % 2 == 0 ? octet & 0xf : octet >> 4;
        if (nibble > 9)
            return ERR_DECODE_VALUE;
        out[i] = (char)('0' + nibble);
    }
    out[2 * (size_t)value.len] = '\0';
    return ERR_OK;
}

enum err sgsap_set_digits(struct sgsap_msg *msg, enum sgsap_ie ie, const char *digits)
{
    size_t n = strlen(digits), len;
    if (n == 0 || n % 2 != 0 || strspn(digits, "0123456789") != n)
        return ERR_ENCODE_VALUE;
    uint8_t *at;
    enum err err = own(msg, ie, n / 2, &at);
    return err ? err : base_tbcd_encode(digits, at, n / 2, &len);
}

enum err sgsap_read_caller(struct sgsap_value value, struct sgsap_caller *out)
{
    enum err err = need(value, 1);
    if (err)
        return err;
    memset(out, 0, sizeof(*out));
    out->number_type = value.data[0] >> 4 & 7;
    out->plan = value.data[0] & 0xf;
    size_t at = 1;
    if (!(value.data[0] & EXTENSION)) {
        if (value.len < 2)
            return ERR_DECODE_LENGTH;
        out->has_presentation = true;
        out->presentation = value.data[1] >> 5 & 3;
        out->screening = value.data[1] & 3;
        at = 2;
    }
    return base_tbcd_decode(value.data + at, value.len - at, out->digits, sizeof(out->digits));
}

enum err sgsap_set_caller(struct sgsap_msg *msg, enum sgsap_ie ie,
                          const struct sgsap_caller *caller)
{
    uint8_t digits[12], *at;
    size_t len, head = caller->has_presentation ? 2 : 1;
    if (caller->number_type > 7 || caller->plan > 0xf || caller->presentation > 3 ||
        caller->screening > 3 ||
        base_tbcd_encode(caller->digits, digits, sizeof(digits), &len) != ERR_OK)
        return ERR_ENCODE_VALUE;
    enum err err = own(msg, ie, head + len, &at);
    if (err)
        return err;
    at[0] = (uint8_t)(caller->number_type << 4 | caller->plan);
    if (caller->has_presentation)
        at[1] = (uint8_t)(EXTENSION | caller->presentation << 5 | caller->screening);
    else
        at[0] |= EXTENSION;
    memcpy(at + head, digits, len);
    return ERR_OK;
}

// --- numbers ---

enum err sgsap_read_octet(struct sgsap_value value, uint8_t *out)
{
    enum err err = need(value, 1);
    if (!err)
        *out = value.data[0];
    return err;
}

enum err sgsap_set_octet(struct sgsap_msg *msg, enum sgsap_ie ie, uint8_t octet)
{
    uint8_t *at;
    enum err err = own(msg, ie, 1, &at);
    if (!err)
        at[0] = octet;
    return err;
}

enum err sgsap_read_service(struct sgsap_value value, enum sgsap_service *out)
{
    uint8_t octet;
    enum err err = sgsap_read_octet(value, &octet);
    if (!err)
        *out = octet == SGSAP_SERVICE_SMS ? SGSAP_SERVICE_SMS : SGSAP_SERVICE_CS;
    return err;
}

enum err sgsap_read_lu_type(struct sgsap_value value, enum sgsap_lu_type *out)
{
    uint8_t octet;
    enum err err = sgsap_read_octet(value, &octet);
    if (!err)
        *out = octet == SGSAP_LU_IMSI_ATTACH ? SGSAP_LU_IMSI_ATTACH : SGSAP_LU_NORMAL;
    return err;
}

enum err sgsap_read_cause(struct sgsap_value value, enum sgsap_cause *out)
{
    uint8_t octet;
    enum err err = sgsap_read_octet(value, &octet);
    if (err)
        return err;
    bool known = octet <= SGSAP_CAUSE_TEMPORARILY_UNREACHABLE;
    *out = known ? (enum sgsap_cause)octet : SGSAP_CAUSE_NORMAL;
    return ERR_OK;
}

enum err sgsap_read_number(struct sgsap_value value, uint32_t *out)
{
    enum err err = need(value, 1);
    if (err)
        return err;
    if (value.len > sizeof(*out))
        return ERR_DECODE_LENGTH;
    *out = 0;
    for (size_t i = 0; i < value.len; i++)
        *out = *out << 8 | value.data[i];
    return ERR_OK;
}

enum err sgsap_set_number(struct sgsap_msg *msg, enum sgsap_ie ie, uint32_t number)
{
    size_t len = sgsap_element_of(ie)->max;
    uint8_t *at;
    if (len > sizeof(number) || (len < sizeof(number) && number >> (8 * len) != 0))
        return ERR_ENCODE_VALUE;
    enum err err = own(msg, ie, len, &at);
    for (size_t i = 0; !err && i < len; i++)
        at[i] = (uint8_t)(number >> (8 * (len - 1 - i)));
    return err;
}

enum err sgsap_read_nri(struct sgsap_value value, uint16_t *out)
{
    enum err err = need(value, 2);
    if (!err)
        *out = (uint16_t)(value.data[0] << 2 | value.data[1] >> 6);
    return err;
}

enum err sgsap_set_nri(struct sgsap_msg *msg, uint16_t nri)
{
    return nri > 0x3ff ? ERR_ENCODE_VALUE
                       : sgsap_set_number(msg, SGSAP_IE_NRI_CONTAINER, (uint32_t)nri << 6);
}

enum err sgsap_time_zone_minutes(uint8_t octet, int *minutes)
{
    int tens = octet & 7, ones = octet >> 4;
    if (ones > 9)
        return ERR_DECODE_VALUE;
    int quarters = 10 * tens + ones;
    *minutes = (octet & 8 ? -15 : 15) * quarters;
    return ERR_OK;
}

enum err sgsap_time_zone_octet(int minutes, uint8_t *octet)
{
    int quarters = (minutes < 0 ? -minutes : minutes) / 15;
    if (minutes % 15 != 0 || quarters > 79)
        return ERR_ENCODE_VALUE;
    *octet = (uint8_t)((quarters % 10) << 4 | (minutes < 0 ? 8 : 0) | quarters / 10);
    return ERR_OK;
}

// --- names ---

static bool is_name_char(uint8_t c)
{
    return c > ' ' && c < 0x7f && c != '.';
}

static enum err read_labels(struct sgsap_value value, char *out)
{
    size_t n = 0, at = 0, end = value.len;
    if (end > 1 && value.data[end - 1] == 0)
        end--; // some peers send the root label too
    while (at < end) {
        size_t label = value.data[at++];
        if (label == 0 || label > LABEL_MAX || label > end - at)
            return ERR_DECODE_VALUE;
        if (n > 0)
            out[n++] = '.';
        for (; label > 0; label--, at++) {
            if (!is_name_char(value.data[at]))
                return ERR_DECODE_VALUE;
            out[n++] = (char)value.data[at];
        }
    }
    out[n] = '\0';
    return ERR_OK;
}

static enum err read_dotted(struct sgsap_value value, char *out)
{
    size_t end = value.len;
    if (end > 1 && value.data[end - 1] == 0)
        end--;
    if (end > 1 && value.data[end - 1] == '.')
        end--;
    for (size_t i = 0; i < end; i++) {
        bool dot = value.data[i] == '.';
        bool empty = dot && (i == 0 || i + 1 == end || value.data[i - 1] == '.');
        if (empty || (!dot && !is_name_char(value.data[i])))
            return ERR_DECODE_VALUE;
        out[i] = (char)value.data[i];
    }
    out[end] = '\0';
    return ERR_OK;
}

enum err sgsap_read_name(struct sgsap_value value, char *out, size_t size)
{
    char text[SGSAP_NAME_MAX];
    enum err err = need(value, 1);
    if (err)
        return err;
    if (read_labels(value, text) != ERR_OK) // what is sound as labels is hardly meant as text
        err = read_dotted(value, text);
    if (err)
        return err;
    size_t len = strlen(text);
    if (len >= size)
        return ERR_DECODE_LENGTH;
    memcpy(out, text, len + 1);
    return ERR_OK;
}

enum err sgsap_set_name(struct sgsap_msg *msg, enum sgsap_ie ie, const char *dotted)
{
    size_t len = strlen(dotted), label = 0;
    if (len > 0 && dotted[len - 1] == '.')
        len--;
    if (len == 0 || len + 1 > UINT8_MAX)
        return ERR_ENCODE_VALUE;
    for (size_t i = 0; i <= len; i++) {
        bool end = i == len || dotted[i] == '.';
        if (end ? label == 0 || label > LABEL_MAX : !is_name_char((uint8_t)dotted[i]))
            return ERR_ENCODE_VALUE;
        label = end ? 0 : label + 1;
    }
    uint8_t *at;
    enum err err = own(msg, ie, len + 1, &at);
    if (err)
        return err;
    size_t head = 0; // where the present label's length goes
    for (size_t i = 0; i <= len; i++) {
        if (i == len || dotted[i] == '.') {
            at[head] = (uint8_t)(i - head);
            head = i + 1;
        } else {
            at[i + 1] = (uint8_t)dotted[i];
        }
    }
    return ERR_OK;
}

void sgsap_mme_name(const struct base_plmn *plmn, uint16_t group, uint8_t code,
                    char out[SGSAP_MME_NAME_LEN + 1])
{
    snprintf(out, SGSAP_MME_NAME_LEN + 1,
             "mmec%02x.mmegi%04x.mme.epc.mnc%03u.mcc%03u.3gppnetwork.org", code, group,
             plmn->mnc % 1000u, plmn->mcc % 1000u);
}

// --- areas ---

enum err sgsap_read_plmn(struct sgsap_value value, struct base_plmn *out)
{
    enum err err = need(value, 3);
    return err ? err : base_plmn_from_bcd(value.data, out);
}

enum err sgsap_set_plmn(struct sgsap_msg *msg, enum sgsap_ie ie, const struct base_plmn *plmn)
{
    uint8_t *at;
    enum err err = own(msg, ie, 3, &at);
    if (!err)
        base_plmn_to_bcd(plmn, at);
    return err;
}

enum err sgsap_read_area(struct sgsap_value value, struct sgsap_area *out)
{
    enum err err = need(value, 5);
    if (err)
        return err;
    out->code = (uint16_t)(value.data[3] << 8 | value.data[4]);
    return base_plmn_from_bcd(value.data, &out->plmn);
}

enum err sgsap_set_area(struct sgsap_msg *msg, enum sgsap_ie ie, const struct sgsap_area *area)
{
    uint8_t *at;
    enum err err = own(msg, ie, 5, &at);
    if (err)
        return err;
    base_plmn_to_bcd(&area->plmn, at);
    at[3] = (uint8_t)(area->code >> 8);
    at[4] = (uint8_t)area->code;
    return ERR_OK;
}

enum err sgsap_read_cell(struct sgsap_value value, struct sgsap_cell *out)
{
    enum err err = need(value, 7);
    if (err)
        return err;
    out->eci = (uint32_t)(value.data[3] & 0xf) << 24 | (uint32_t)value.data[4] << 16 |
               (uint32_t)value.data[5] << 8 | value.data[6];
    return base_plmn_from_bcd(value.data, &out->plmn);
}

enum err sgsap_set_cell(struct sgsap_msg *msg, enum sgsap_ie ie, const struct sgsap_cell *cell)
{
    if (cell->eci >> 28 != 0)
        return ERR_ENCODE_VALUE;
    uint8_t *at;
    enum err err = own(msg, ie, 7, &at);
    if (err)
        return err;
    base_plmn_to_bcd(&cell->plmn, at);
    for (int i = 0; i < 4; i++)
        at[3 + i] = (uint8_t)(cell->eci >> (24 - 8 * i));
    return ERR_OK;
}

// --- check ---

static enum err check_kind(enum sgsap_kind kind, struct sgsap_value value)
{
    char text[2 * UINT8_MAX + 1];
    struct base_imsi imsi;
    struct base_plmn plmn;
    struct sgsap_mobile mobile;
    struct sgsap_caller caller;
    switch (kind) {
    case SGSAP_IMSI:
        return sgsap_read_imsi(value, &imsi);
    case SGSAP_DIGITS:
        return sgsap_read_digits(value, text, sizeof(text));
    case SGSAP_NAME:
        return sgsap_read_name(value, text, sizeof(text));
    case SGSAP_AREA:
    case SGSAP_CELL:
    case SGSAP_PLMN:
        return sgsap_read_plmn(value, &plmn);
    case SGSAP_MOBILE:
        return sgsap_read_mobile(value, &mobile);
    case SGSAP_CALLER:
        return sgsap_read_caller(value, &caller);
    case SGSAP_DETACH:
        return value.data[0] >= 1 && value.data[0] <= 3 ? ERR_OK : ERR_DECODE_VALUE;
    default: // SGSAP_OPAQUE, SGSAP_OCTET, SGSAP_NUMBER
        return ERR_OK;
    }
}

enum err sgsap_check(enum sgsap_ie ie, const void *data, size_t len)
{
    const struct sgsap_element *element = sgsap_element_of(ie);
    if (!element)
        return ERR_INVALID;
    if (len < element->min || len > element->max)
        return ERR_DECODE_LENGTH;
    return check_kind(element->kind, (struct sgsap_value){.data = data, .len = (uint8_t)len});
}
