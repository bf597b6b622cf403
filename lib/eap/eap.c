// SPDX-License-Identifier: BSD-3-Clause
// EAP packets. See eap.h.
#include "eap/eap.h"

#include <string.h>

enum err eap_decode(const uint8_t *in, size_t len, struct eap_packet *out)
{
    memset(out, 0, sizeof(*out));
    if (len < EAP_HEADER_LEN)
        return ERR_DECODE_TRUNCATED;
    out->code = in[0];
    out->id = in[1];
    out->total = (size_t)in[2] << 8 | in[3];
    if (out->total > len)
        return ERR_DECODE_TRUNCATED;
    switch (out->code) {
    case EAP_REQUEST:
    case EAP_RESPONSE:
        if (out->total <= EAP_HEADER_LEN)
            return ERR_DECODE_LENGTH;
        out->type = in[EAP_HEADER_LEN];
        out->data = in + EAP_HEADER_LEN + 1;
        out->len = out->total - EAP_HEADER_LEN - 1;
        return ERR_OK;
    case EAP_SUCCESS:
    case EAP_FAILURE:
        return out->total == EAP_HEADER_LEN ? ERR_OK : ERR_DECODE_LENGTH;
    default:
        return ERR_DECODE_VALUE;
    }
}

bool eap_nak_wants(const struct eap_packet *nak, enum eap_type type)
{
    return nak->type == EAP_NAK && memchr(nak->data, type, nak->len);
}

enum err eap_encode(enum eap_code code, uint8_t id, enum eap_type type, const void *data, size_t n,
                    uint8_t *out, size_t size, size_t *len)
{
    size_t total = EAP_HEADER_LEN + (type == EAP_NONE ? 0 : 1 + n);
    if (total > size || total > UINT16_MAX)
        return ERR_ENCODE_SPACE;
    out[0] = (uint8_t)code;
    out[1] = id;
    out[2] = (uint8_t)(total >> 8);
    out[3] = (uint8_t)total;
    if (type != EAP_NONE) {
        out[EAP_HEADER_LEN] = (uint8_t)type;
        if (n > 0)
            memcpy(out + EAP_HEADER_LEN + 1, data, n);
    }
    *len = total;
    return ERR_OK;
}
