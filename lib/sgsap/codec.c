// SPDX-License-Identifier: BSD-3-Clause
// Messages from and to octets, driven by the tables. The order of the checks is that of §7: unknown
// message, missing mandatory IE, invalid mandatory IE, conditional IE.
#include "sgsap/sgsap.h"

#include <string.h>

#include "sgsap/ie.h"

enum { TLV_HEAD = 2 };

void sgsap_init(struct sgsap_msg *msg, enum sgsap_type type)
{
    msg->type = (uint8_t)type;
    msg->remarks = 0;
    msg->n_own = 0;
    memset(msg->ie, 0, sizeof(msg->ie));
}

// --- decoding ---

struct decoder {
    const struct sgsap_message *message;
    enum sgsap_side from;
    struct sgsap_msg *msg;
    uint32_t seen;  // parts that occurred, well-formed or not
    int last;       // the furthest part so far
    enum err err;   // of the first mandatory IE that is not well-formed
    enum sgsap_ie bad;
};

_Static_assert(SGSAP_PARTS_MAX <= 32, "decoder.seen");

// One IE of the octets; len is at most what follows its head.
struct tlv {
    uint8_t iei, len;
    const uint8_t *value;
    bool cut; // it ends beyond the message
};

static bool next_tlv(const uint8_t *data, size_t len, size_t *at, struct tlv *out)
{
    if (*at >= len)
        return false;
    size_t left = len - *at;
    *out = (struct tlv){.iei = data[*at], .cut = left < TLV_HEAD};
    if (!out->cut) {
        out->len = data[*at + 1];
        out->value = data + *at + TLV_HEAD;
        out->cut = out->len > left - TLV_HEAD;
    }
    *at = out->cut ? len : *at + TLV_HEAD + out->len;
    return true;
}

static bool is_known_iei(uint8_t iei)
{
    for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++) {
        if (sgsap_element_of(ie)->iei == iei)
            return true;
    }
    return false;
}

// The part that this IEI stands for: the first one not seen yet. -1, with the remark entered.
static int find_part(struct decoder *d, uint8_t iei)
{
    bool foreseen = false;
    for (int i = 0; i < d->message->n_parts; i++) {
        const struct sgsap_part *part = &d->message->parts[i];
        if (sgsap_element_of(part->ie)->iei != iei || !sgsap_part_allowed(part, d->from))
            continue;
        foreseen = true;
        if (!(d->seen & UINT32_C(1) << i))
            return i;
    }
    d->msg->remarks |= foreseen            ? SGSAP_REMARK_REPEATED_IE
                       : is_known_iei(iei) ? SGSAP_REMARK_UNFORESEEN_IE
                                           : SGSAP_REMARK_UNKNOWN_IE;
    return -1;
}

static enum err check_tlv(struct decoder *d, const struct sgsap_element *element,
                          enum sgsap_ie ie, struct tlv *tlv)
{
    if (tlv->cut)
        return ERR_DECODE_TRUNCATED;
    if (element->min == element->max && tlv->len > element->max) {
        // not an error: a later release may append octets
        d->msg->remarks |= SGSAP_REMARK_OVERLONG_IE;
        tlv->len = element->max;
    }
    return sgsap_check(ie, tlv->value, tlv->len);
}

static void take(struct decoder *d, struct tlv *tlv)
{
    if (tlv->cut)
        d->msg->remarks |= SGSAP_REMARK_TRUNCATED;
    int i = find_part(d, tlv->iei);
    if (i < 0)
        return;
    const struct sgsap_part *part = &d->message->parts[i];
    d->seen |= UINT32_C(1) << i;
    if (i < d->last)
        d->msg->remarks |= SGSAP_REMARK_OUT_OF_SEQUENCE;
    else
        d->last = i;
    enum err err = check_tlv(d, sgsap_element_of(part->ie), part->ie, tlv);
    if (!err) {
        sgsap_set(d->msg, part->ie, tlv->value, tlv->len);
    } else if (!sgsap_part_required(part, d->from)) {
        d->msg->remarks |= SGSAP_REMARK_INVALID_OPTIONAL;
    } else if (!d->err) {
        d->err = err;
        d->bad = part->ie;
    }
}

static enum err blame(struct sgsap_fault *fault, enum err err, enum sgsap_cause cause,
                      enum sgsap_ie ie)
{
    fault->err = err;
    fault->cause = cause;
    fault->ie = ie;
    fault->answer = fault->type != SGSAP_STATUS;
    return err;
}

static const struct sgsap_part *first_missing(const struct decoder *d)
{
    for (int i = 0; i < d->message->n_parts; i++) {
        const struct sgsap_part *part = &d->message->parts[i];
        if (sgsap_part_required(part, d->from) && !(d->seen & UINT32_C(1) << i))
            return part;
    }
    return NULL;
}

static bool is_conditional(const struct sgsap_message *message, enum sgsap_ie ie)
{
    for (int i = 0; i < message->n_parts; i++) {
        if (message->parts[i].ie == ie)
            return message->parts[i].presence != SGSAP_MANDATORY;
    }
    return false;
}

static enum err judge(const struct decoder *d, struct sgsap_fault *fault)
{
    const struct sgsap_part *missing = first_missing(d);
    if (missing) {
        bool conditional = missing->presence != SGSAP_MANDATORY;
        return blame(fault, ERR_DECODE_MISSING,
                     conditional ? SGSAP_CAUSE_CONDITIONAL : SGSAP_CAUSE_MISSING_MANDATORY,
                     missing->ie);
    }
    if (d->err)
        return blame(fault, d->err,
                     is_conditional(d->message, d->bad) ? SGSAP_CAUSE_CONDITIONAL
                                                        : SGSAP_CAUSE_INVALID_MANDATORY,
                     d->bad);
    return ERR_OK;
}

// The IMSI of a message that has no place in the tables.
static void find_imsi(const uint8_t *data, size_t len, struct sgsap_fault *fault)
{
    size_t at = 1;
    struct tlv tlv;
    while (!fault->has_imsi && next_tlv(data, len, &at, &tlv)) {
        struct sgsap_value value = {.data = tlv.value, .len = tlv.len};
        if (!tlv.cut && tlv.iei == sgsap_element_of(SGSAP_IE_IMSI)->iei)
            fault->has_imsi = sgsap_read_imsi(value, &fault->imsi) == ERR_OK;
    }
}

static enum err decode(const uint8_t *data, size_t len, enum sgsap_side from,
                       struct sgsap_msg *msg, struct sgsap_fault *fault)
{
    sgsap_init(msg, len > 0 ? data[0] : 0);
    fault->type = msg->type;
    if (len == 0) {
        fault->err = ERR_DECODE_TRUNCATED; // §7.2: ignored
        return ERR_DECODE_TRUNCATED;
    }
    struct decoder d = {.message = sgsap_message_of(data[0]), .from = from, .msg = msg};
    bool expected = d.message && (from == SGSAP_MME ? d.message->from_mme : d.message->from_vlr);
    if (!expected) {
        find_imsi(data, len, fault);
        return blame(fault, ERR_DECODE_UNKNOWN, SGSAP_CAUSE_MESSAGE_UNKNOWN, SGSAP_IE_NONE);
    }
    size_t at = 1;
    struct tlv tlv;
    while (next_tlv(data, len, &at, &tlv))
        take(&d, &tlv);
    fault->has_imsi = sgsap_read_imsi(msg->ie[SGSAP_IE_IMSI], &fault->imsi) == ERR_OK;
    return judge(&d, fault);
}

enum err sgsap_decode(const uint8_t *data, size_t len, enum sgsap_side from,
                      struct sgsap_msg *msg, struct sgsap_fault *fault)
{
    struct sgsap_fault unused;
    if (!fault)
        fault = &unused;
    *fault = (struct sgsap_fault){.ie = SGSAP_IE_NONE};
    return decode(data, len, from, msg, fault);
}

void sgsap_fault_of(const struct sgsap_msg *msg, enum sgsap_cause cause,
                    struct sgsap_fault *fault)
{
    *fault = (struct sgsap_fault){.type = msg->type};
    fault->has_imsi = sgsap_read_imsi(msg->ie[SGSAP_IE_IMSI], &fault->imsi) == ERR_OK;
    blame(fault, ERR_WRONG_STATE, cause, SGSAP_IE_NONE);
}

// --- encoding ---

struct encoder {
    uint8_t *buf;
    size_t size, len;
};

static enum err put(struct encoder *e, uint8_t iei, struct sgsap_value value)
{
    if (e->size - e->len < TLV_HEAD + (size_t)value.len)
        return ERR_ENCODE_SPACE;
    e->buf[e->len++] = iei;
    e->buf[e->len++] = value.len;
    memcpy(e->buf + e->len, value.data, value.len);
    e->len += value.len;
    return ERR_OK;
}

// Writes the parts in order; *left are the IEs of the message that no part took.
static enum err put_parts(const struct sgsap_message *message, const struct sgsap_msg *msg,
                          enum sgsap_side from, struct encoder *e, uint64_t *left,
                          enum sgsap_ie *bad)
{
    for (int i = 0; i < message->n_parts; i++) {
        const struct sgsap_part *part = &message->parts[i];
        struct sgsap_value value = msg->ie[part->ie];
        *bad = part->ie;
        if (!value.data) {
            if (sgsap_part_required(part, from))
                return ERR_ENCODE_VALUE;
            continue;
        }
        if (!sgsap_part_allowed(part, from) ||
            sgsap_check(part->ie, value.data, value.len) != ERR_OK)
            return ERR_ENCODE_VALUE;
        enum err err = put(e, sgsap_element_of(part->ie)->iei, value);
        if (err)
            return err;
        *left &= ~(UINT64_C(1) << part->ie);
    }
    *bad = SGSAP_IE_NONE;
    return ERR_OK;
}

_Static_assert(SGSAP_IE_COUNT <= 64, "set of IEs in 64 bits");

static uint64_t set_ies(const struct sgsap_msg *msg)
{
    uint64_t set = 0;
    for (enum sgsap_ie ie = 0; ie < SGSAP_IE_COUNT; ie++) {
        if (msg->ie[ie].data)
            set |= UINT64_C(1) << ie;
    }
    return set;
}

enum err sgsap_encode(const struct sgsap_msg *msg, enum sgsap_side from, uint8_t *buf,
                      size_t size, size_t *len, enum sgsap_ie *bad)
{
    enum sgsap_ie unused;
    if (!bad)
        bad = &unused;
    *bad = SGSAP_IE_NONE;
    const struct sgsap_message *message = sgsap_message_of(msg->type);
    if (!message || !(from == SGSAP_MME ? message->from_mme : message->from_vlr))
        return ERR_ENCODE_VALUE;
    if (size == 0)
        return ERR_ENCODE_SPACE;
    struct encoder e = {.buf = buf, .size = size, .len = 1};
    buf[0] = msg->type;
    uint64_t left = set_ies(msg);
    enum err err = put_parts(message, msg, from, &e, &left, bad);
    if (!err && left) {
        *bad = (enum sgsap_ie)__builtin_ctzll(left);
        err = ERR_ENCODE_VALUE;
    }
    if (!err)
        *len = e.len;
    return err;
}

enum err sgsap_encode_status(const struct sgsap_fault *fault, const uint8_t *received,
                             size_t received_len, enum sgsap_side from, uint8_t *buf, size_t size,
                             size_t *len)
{
    if (!fault->answer || received_len == 0)
        return ERR_INVALID;
    struct sgsap_msg status;
    sgsap_init(&status, SGSAP_STATUS);
    if (fault->has_imsi)
        sgsap_set_imsi(&status, &fault->imsi);
    sgsap_set_octet(&status, SGSAP_IE_CAUSE, (uint8_t)fault->cause);
    sgsap_set(&status, SGSAP_IE_ERRONEOUS_MESSAGE, received,
              received_len > UINT8_MAX ? UINT8_MAX : (uint8_t)received_len);
    return sgsap_encode(&status, from, buf, size, len, NULL);
}
