// SPDX-License-Identifier: BSD-3-Clause
// Decoding of S6a requests. Nothing here fails: what cannot be read is absent, and the procedures
// say what is missing.
#include "hss_decode.h"

#include <stdio.h>
#include <string.h>

#include "diameter/avp.h"

static bool copy_text(msg_or_avp *parent, dia_avp_id id, char *out, size_t size)
{
    const uint8_t *data;
    size_t len;

    if (dia_get_bytes(parent, id, &data, &len))
        return false;
    // too long for any of ours: cut, it will not be found
    snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), (const char *)data);
    return true;
}

enum hss_failed hss_decode_common(struct msg *request, struct hss_texts *texts)
{
    uint32_t state;

    texts->has_imsi = copy_text(request, AVP_USER_NAME, texts->imsi, sizeof texts->imsi);
    texts->has_host = copy_text(request, AVP_ORIGIN_HOST, texts->host, sizeof texts->host);
    texts->has_realm = copy_text(request, AVP_ORIGIN_REALM, texts->realm, sizeof texts->realm);
    if (!dia_find(request, AVP_SESSION_ID))
        return HSS_FAILED_SESSION_ID;
    if (dia_get_u32(request, AVP_AUTH_SESSION_STATE, &state))
        return HSS_FAILED_AUTH_SESSION_STATE;
    if (!texts->has_host)
        return HSS_FAILED_ORIGIN_HOST;
    if (!texts->has_realm)
        return HSS_FAILED_ORIGIN_REALM;
    return texts->has_imsi ? HSS_FAILED_NONE : HSS_FAILED_USER_NAME;
}

static void decode_features(struct msg *request, struct hss_features *out)
{
    struct avp *group = dia_find(request, AVP_SUPPORTED_FEATURES);

    for (out->n = 0; group && out->n < HSS_FEATURE_LISTS;
         group = dia_find_next(group, AVP_SUPPORTED_FEATURES)) {
        uint32_t vendor = 0, id = 0, list = 0;
        struct avp_hdr *hdr = NULL;

        if (dia_get_u32(group, AVP_VENDOR_ID, &vendor) || vendor != DIA_3GPP ||
            dia_get_u32(group, AVP_FEATURE_LIST_ID, &id) ||
            dia_get_u32(group, AVP_FEATURE_LIST, &list) || fd_msg_avp_hdr(group, &hdr))
            continue;
        out->item[out->n].id = id;
        out->item[out->n].list = list;
        out->item[out->n++].mandatory = hdr->avp_flags & AVP_FLAG_MANDATORY;
    }
}

static void decode_asked(struct msg *request, dia_avp_id id, struct hss_asked *out)
{
    struct avp *group = dia_find(request, id);

    memset(out, 0, sizeof *out);
    if (!group)
        return;
    out->present = true;
    out->n = 1;
    dia_get_u32(group, AVP_NUMBER_OF_REQUESTED_VECTORS, &out->n);
    out->immediate = dia_find(group, AVP_IMMEDIATE_RESPONSE_PREFERRED) != NULL;
    if (dia_get_bytes(group, AVP_RE_SYNCHRONIZATION_INFO, &out->resync, &out->resync_len))
        out->resync = NULL;
}

void hss_decode_air(struct msg *request, const struct hss_texts *texts, struct hss_air *out)
{
    memset(out, 0, sizeof *out);
    out->imsi = texts->has_imsi ? texts->imsi : NULL;
    if (dia_get_bytes(request, AVP_VISITED_PLMN_ID, &out->plmn, &out->plmn_len))
        out->plmn = NULL;
    decode_asked(request, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, &out->eutran);
    decode_asked(request, AVP_REQUESTED_UTRAN_GERAN_AUTHENTICATION_INFO, &out->utran);
    dia_get_u32(request, AVP_AIR_FLAGS, &out->air_flags);
    decode_features(request, &out->features);
}

void hss_decode_ulr(struct msg *request, struct hss_texts *texts, struct hss_ulr *out)
{
    struct avp *terminal = dia_find(request, AVP_TERMINAL_INFORMATION);
    int32_t sms;

    memset(out, 0, sizeof *out);
    out->imsi = texts->has_imsi ? texts->imsi : NULL;
    out->host = texts->has_host ? texts->host : NULL;
    out->realm = texts->has_realm ? texts->realm : NULL;
    if (dia_get_bytes(request, AVP_VISITED_PLMN_ID, &out->plmn, &out->plmn_len))
        out->plmn = NULL;
    out->has_rat = dia_get_u32(request, AVP_RAT_TYPE, &out->rat_type) == ERR_OK;
    out->has_flags = dia_get_u32(request, AVP_ULR_FLAGS, &out->flags) == ERR_OK;
    if (terminal && copy_text(terminal, AVP_IMEI, texts->imei, sizeof texts->imei))
        out->imei = texts->imei;
    out->sms_number = dia_find(request, AVP_MME_NUMBER_FOR_MT_SMS) != NULL;
    out->sms_request = dia_get_i32(request, AVP_SMS_REGISTER_REQUEST, &sms) ? -1 : sms;
    decode_features(request, &out->features);
}

void hss_decode_pur(struct msg *request, const struct hss_texts *texts, struct hss_pur *out)
{
    memset(out, 0, sizeof *out);
    out->imsi = texts->has_imsi ? texts->imsi : NULL;
    out->host = texts->has_host ? texts->host : NULL;
    out->realm = texts->has_realm ? texts->realm : NULL;
    out->has_flags = dia_get_u32(request, AVP_PUR_FLAGS, &out->flags) == ERR_OK;
}

void hss_decode_nor(struct msg *request, const struct hss_texts *texts, struct hss_nor *out)
{
    memset(out, 0, sizeof *out);
    out->imsi = texts->has_imsi ? texts->imsi : NULL;
    out->host = texts->has_host ? texts->host : NULL;
    out->realm = texts->has_realm ? texts->realm : NULL;
    dia_get_u32(request, AVP_NOR_FLAGS, &out->flags);
}
