// SPDX-License-Identifier: BSD-3-Clause
// SWx messages, TS 29.273 §8.2.2. Nothing in a decoder fails: what cannot be read is absent.
#include "hss_swx_msg.h"

#include <stdio.h>
#include <string.h>

#include "diameter/avp.h"
#include "hss_encode.h"

static bool is_text(const uint8_t *data, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(data, text, len) == 0;
}

void hss_decode_mar(struct msg *request, const struct hss_texts *texts, char anid[64],
                    struct hss_mar *out)
{
    struct avp *item = dia_find(request, AVP_SIP_AUTH_DATA_ITEM);
    const uint8_t *data;
    uint32_t indication;
    size_t len;

    memset(out, 0, sizeof *out);
    out->imsi = texts->imsi;
    out->host = texts->host;
    out->realm = texts->realm;
    out->has_item = item != NULL;
    if (item && dia_get_bytes(item, AVP_SIP_AUTHENTICATION_SCHEME, &data, &len) == ERR_OK) {
        out->prime = is_text(data, len, "EAP-AKA'");
        out->known_scheme = out->prime || is_text(data, len, "EAP-AKA");
    }
    if (!item || dia_get_bytes(item, AVP_SIP_AUTHORIZATION, &out->resync, &out->resync_len))
        out->resync = NULL;
    dia_get_u32(request, AVP_SIP_NUMBER_AUTH_ITEMS, &out->n);
    if (dia_get_bytes(request, AVP_ANID, &data, &len) == ERR_OK) {
        snprintf(anid, 64, "%.*s", (int)(len < 64 ? len : 63), (const char *)data);
        out->anid = anid;
    }
    out->aaa_failure =
        dia_get_u32(request, AVP_AAA_FAILURE_INDICATION, &indication) == ERR_OK && (indication & 1);
}

void hss_decode_sar(struct msg *request, const struct hss_texts *texts, struct hss_sar *out)
{
    memset(out, 0, sizeof *out);
    out->imsi = texts->imsi;
    out->host = texts->host;
    out->realm = texts->realm;
    out->has_type = dia_get_i32(request, AVP_SERVER_ASSIGNMENT_TYPE, &out->type) == ERR_OK;
}

static enum err encode_vector(struct msg *answer, bool prime, uint32_t number,
                              const struct aka_quintet *q)
{
    uint8_t rand_autn[AKA_RAND_LEN + AKA_AUTN_LEN];
    struct avp *item;
    enum err err = dia_add_group(answer, AVP_SIP_AUTH_DATA_ITEM, &item);

    memcpy(rand_autn, q->rand, AKA_RAND_LEN);
    memcpy(rand_autn + AKA_RAND_LEN, q->autn, AKA_AUTN_LEN);
    if (!err)
        err = dia_add_u32(item, AVP_SIP_ITEM_NUMBER, number);
    if (!err)
        err = dia_add_text(item, AVP_SIP_AUTHENTICATION_SCHEME, prime ? "EAP-AKA'" : "EAP-AKA");
    if (!err)
        err = dia_add_bytes(item, AVP_SIP_AUTHENTICATE, rand_autn, sizeof rand_autn);
    if (!err)
        err = dia_add_bytes(item, AVP_SIP_AUTHORIZATION, q->xres, q->xres_len);
    if (!err)
        err = dia_add_bytes(item, AVP_CONFIDENTIALITY_KEY, q->ck, sizeof q->ck);
    if (!err)
        err = dia_add_bytes(item, AVP_INTEGRITY_KEY, q->ik, sizeof q->ik);
    return err;
}

enum err hss_encode_maa(struct msg *answer, const char *imsi, const struct hss_maa *maa)
{
    enum err err = dia_add_text(answer, AVP_USER_NAME, imsi);

    if (!err && maa->n)
        err = dia_add_u32(answer, AVP_SIP_NUMBER_AUTH_ITEMS, (uint32_t)maa->n);
    for (size_t i = 0; !err && i < maa->n; i++)
        err = encode_vector(answer, maa->prime, (uint32_t)i + 1, &maa->vector[i]);
    if (!err && maa->server[0])
        err = dia_add_text(answer, AVP_3GPP_AAA_SERVER_NAME, maa->server);
    return err;
}

static enum err add_subscription_id(struct avp *data, int32_t type, const char *text)
{
    struct avp *group;
    enum err err = dia_add_group(data, AVP_SUBSCRIPTION_ID, &group);

    if (!err)
        err = dia_add_i32(group, AVP_SUBSCRIPTION_ID_TYPE, type);
    return err ? err : dia_add_text(group, AVP_SUBSCRIPTION_ID_DATA, text);
}

// Non-3GPP-User-Data §8.2.3.1: identities, what is allowed, and the subscription to packet
// services.
static enum err encode_user_data(struct msg *msg, const struct hss_profile *p)
{
    struct avp *data;
    enum err err = dia_add_group(msg, AVP_NON_3GPP_USER_DATA, &data);

    if (!err)
        err = add_subscription_id(data, AVP_SUBSCRIPTION_ID_TYPE_END_USER_IMSI, p->imsi);
    if (!err && p->msisdn[0])
        err = add_subscription_id(data, AVP_SUBSCRIPTION_ID_TYPE_END_USER_E164, p->msisdn);
    if (!err) // a barred subscriber is barred on Wi-Fi too
        err = dia_add_i32(data, AVP_NON_3GPP_IP_ACCESS, p->status);
    if (!err) // so is one without packet services (ODB, 29.272 §7.3.30): no APN, §8.2.3.4
        err = dia_add_i32(data, AVP_NON_3GPP_IP_ACCESS_APN, (int32_t)(p->odb & 1));
    if (!err)
        err = hss_encode_ambr(data, p->ambr_ul, p->ambr_dl);
    if (!err && p->charging[0])
        err = dia_add_text(data, AVP_3GPP_CHARGING_CHARACTERISTICS, p->charging);
    if (!err && p->n_apns)
        err = dia_add_u32(data, AVP_CONTEXT_IDENTIFIER, p->default_context);
    if (!err && p->apn_oi[0])
        err = dia_add_text(data, AVP_APN_OI_REPLACEMENT, p->apn_oi);
    for (size_t i = 0; !err && i < p->n_apns; i++)
        err = hss_encode_apn(data, &p->apns[i]);
    if (!err && p->ue_usage_type)
        err = dia_add_u32(data, AVP_UE_USAGE_TYPE, p->ue_usage_type);
    if (!err && p->core_restriction)
        err = dia_add_u32(data, AVP_CORE_NETWORK_RESTRICTIONS, p->core_restriction);
    return err;
}

enum err hss_encode_saa(struct msg *answer, const char *imsi, const struct hss_saa *saa)
{
    enum err err = dia_add_text(answer, AVP_USER_NAME, imsi);

    if (!err && saa->data)
        err = encode_user_data(answer, saa->data);
    if (!err && saa->server[0])
        err = dia_add_text(answer, AVP_3GPP_AAA_SERVER_NAME, saa->server);
    return err;
}

// ---- requests of the HSS ----

enum err hss_rtr_new(const struct hss_to *to, const char *imsi, int32_t reason, const char *info,
                     struct msg **out)
{
    struct avp *group;
    struct msg *msg = NULL;
    enum err err = hss_request_new(DIA_APP_SWX, DIA_CMD_RTR, to, &msg);

    if (!err)
        err = dia_add_text(msg, AVP_USER_NAME, imsi);
    if (!err)
        err = dia_add_group(msg, AVP_DEREGISTRATION_REASON, &group);
    if (!err)
        err = dia_add_i32(group, AVP_REASON_CODE, reason);
    if (!err && info)
        err = dia_add_text(group, AVP_REASON_INFO, info);
    return hss_request_end(err, msg, out);
}

enum err hss_ppr_new(const struct hss_to *to, const char *imsi, const struct hss_profile *p,
                     uint32_t ppr_flags, struct msg **out)
{
    struct msg *msg = NULL;
    enum err err = hss_request_new(DIA_APP_SWX, DIA_CMD_PPR, to, &msg);

    if (!err)
        err = dia_add_text(msg, AVP_USER_NAME, imsi);
    if (!err && p)
        err = encode_user_data(msg, p);
    if (!err && ppr_flags)
        err = dia_add_u32(msg, AVP_PPR_FLAGS, ppr_flags);
    return hss_request_end(err, msg, out);
}
