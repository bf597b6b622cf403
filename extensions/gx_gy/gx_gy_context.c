// SPDX-License-Identifier: BSD-3-Clause
// What an access gateway says about a session, wherever its messages have it. Not for what the core
// is told of it.
#include <string.h>

#include "extensions/gx_gy/gx_gy.h"

// Rates of 5G may be above 32 bits of bit/s; the values of pre-emption are the other way round.
static const Magma__Lte__QosInformationRequest *qos_of_nr(
    struct base_arena *arena, const Magma__Lte__M5GQosInformationRequest *from)
{
    Magma__Lte__QosInformationRequest *qos =
        GXGY_NEW(arena, magma__lte__qos_information_request__descriptor);
    bool kbps = from->br_unit == MAGMA__LTE__M5_GQOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__KBPS;
    if (!qos)
        return NULL;
    uint64_t scale =
        !kbps && (from->apn_ambr_ul > UINT32_MAX || from->apn_ambr_dl > UINT32_MAX) ? 1000 : 1;
    uint64_t up = from->apn_ambr_ul / scale, down = from->apn_ambr_dl / scale;
    qos->br_unit = kbps || scale > 1 ? MAGMA__LTE__QOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__KBPS
                                     : MAGMA__LTE__QOS_INFORMATION_REQUEST__BITRATE_UNITS_AMBR__BPS;
    qos->apn_ambr_ul = up > UINT32_MAX ? UINT32_MAX : (uint32_t)up;
    qos->apn_ambr_dl = down > UINT32_MAX ? UINT32_MAX : (uint32_t)down;
    qos->qos_class_id = (uint32_t)from->qos_class_id;
    qos->priority_level = from->priority_level;
    qos->preemption_capability = from->preemption_capability == 0;
    qos->preemption_vulnerability = from->preemption_vulnerability == 0;
    return qos;
}

static enum err set_rat(struct base_arena *arena, struct gxgy_context *c,
                        const Magma__Lte__RatSpecificContext *rat)
{
    if (!rat)
        return ERR_OK;
    if (rat->context_case == MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_LTE_CONTEXT) {
        const Magma__Lte__LTESessionContext *lte = rat->lte_context;
        c->qos = lte->qos_info;
        c->bearer_id = lte->bearer_id;
        if (lte->spgw_ipv4[0])
            c->spgw_ipv4 = lte->spgw_ipv4;
        if (lte->imei[0])
            c->imei = lte->imei;
        if (lte->plmn_id[0])
            c->plmn_id = lte->plmn_id;
        if (lte->imsi_plmn_id[0])
            c->imsi_plmn_id = lte->imsi_plmn_id;
        if (lte->user_location.len)
            c->user_location = lte->user_location;
        if (lte->charging_characteristics[0])
            c->charging_characteristics = lte->charging_characteristics;
    } else if (rat->context_case == MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_WLAN_CONTEXT) {
        c->hardware_address = rat->wlan_context->mac_addr_binary;
    } else if (rat->context_case ==
               MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_M5GSM_SESSION_CONTEXT) {
        const Magma__Lte__M5GSMSessionContext *nr = rat->m5gsm_session_context;
        if (nr->imei[0])
            c->imei = nr->imei;
        if (nr->subscribed_qos)
            c->qos = qos_of_nr(arena, nr->subscribed_qos);
        if (nr->subscribed_qos && !c->qos)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

// Settings may be replaced while the session's requests are under way.
static enum err set_policy(struct base_arena *arena, struct gxgy_context *c)
{
    c->policy = gxgy_policy_find(gxgy_settings(), c->common->apn, c->charging_characteristics);
    c->policy.gx_apn = gxgy_keep(arena, c->policy.gx_apn);
    c->policy.gy_apn = gxgy_keep(arena, c->policy.gy_apn);
    return c->policy.gx_apn && c->policy.gy_apn ? ERR_OK : ERR_NOMEM;
}

// Fields of sub-messages that are absent are empty.
static enum err complete(struct base_arena *arena, const Magma__Lte__RatSpecificContext *rat,
                         struct gxgy_context *c)
{
    enum err err = set_rat(arena, c, rat);
    if (err != ERR_OK)
        return err;
    if (!c->common)
        c->common = GXGY_NEW(arena, magma__lte__common_session_context__descriptor);
    if (c->common && !c->common->sid)
        c->common->sid = GXGY_NEW(arena, magma__lte__subscriber_id__descriptor);
    if (!c->tgpp)
        c->tgpp = GXGY_NEW(arena, magma__lte__tgpp_context__descriptor);
    if (!c->common || !c->common->sid || !c->tgpp)
        return ERR_NOMEM;
    const char *sid = c->common->sid->id;
    if (!c->session_id[0] || strlen(c->session_id) > GXGY_SESSION_ID_MAX)
        return ERR_ENCODE_VALUE;
    if (sid[0] ? base_imsi_parse(sid, strlen(sid), &c->imsi) != ERR_OK
               : gxgy_session_imsi(c->session_id, &c->imsi) != ERR_OK)
        return ERR_ENCODE_VALUE;
    if (!sid[0])
        c->common->sid->id = base_arena_strndup(arena, c->imsi.digits, c->imsi.len);
    if (!c->common->sid->id)
        return ERR_NOMEM;
    uint32_t charging_id = gxgy_charging_id_said(c->report);
    if (gxgy_tgpp_said(arena, c->qos, c->bearer_id, charging_id, &c->tgpp) != ERR_OK)
        return ERR_NOMEM;
    return set_policy(arena, c);
}

static struct gxgy_context nothing(void)
{
    return (struct gxgy_context){.gateway = "",
                                 .session_id = "",
                                 .spgw_ipv4 = "",
                                 .imei = "",
                                 .plmn_id = "",
                                 .imsi_plmn_id = "",
                                 .charging_characteristics = ""};
}

enum err gxgy_context_of_create(struct base_arena *arena, const Magma__Lte__CreateSessionRequest *r,
                                struct gxgy_context *out)
{
    *out = nothing();
    out->session_id = r->session_id;
    out->common = r->common_context;
    out->timezone = r->access_timezone;
    out->report = r->report;
    return complete(arena, r->rat_specific_context, out);
}

enum err gxgy_context_of_credit(struct base_arena *arena, const Magma__Lte__CreditUsageUpdate *u,
                                struct gxgy_context *out)
{
    *out = nothing();
    out->session_id = u->session_id;
    out->common = u->common_context;
    out->tgpp = u->tgpp_ctx;
    out->spgw_ipv4 = u->spgw_ipv4;
    out->imei = u->imei;
    out->plmn_id = u->plmn_id;
    out->imsi_plmn_id = u->imsi_plmn_id;
    out->user_location = u->user_location;
    out->hardware_address = u->hardware_addr;
    out->charging_characteristics = u->charging_characteristics;
    return complete(arena, u->rat_specific_context, out);
}

enum err gxgy_context_of_monitor(struct base_arena *arena,
                                 const Magma__Lte__UsageMonitoringUpdateRequest *u,
                                 struct gxgy_context *out)
{
    *out = nothing();
    out->session_id = u->session_id;
    out->common = u->common_context;
    out->timezone = u->access_timezone;
    out->report = u->report;
    out->tgpp = u->tgpp_ctx;
    out->hardware_address = u->hardware_addr;
    out->charging_characteristics = u->charging_characteristics;
    if (!out->common) { // unmodified access gateways send these alone
        out->common = GXGY_NEW(arena, magma__lte__common_session_context__descriptor);
        if (!out->common)
            return ERR_NOMEM;
        out->common->ue_ipv4 = u->ue_ipv4;
        out->common->rat_type = u->rat_type;
        out->common->sid = GXGY_NEW(arena, magma__lte__subscriber_id__descriptor);
        if (!out->common->sid)
            return ERR_NOMEM;
        out->common->sid->id = u->sid;
    }
    return complete(arena, u->rat_specific_context, out);
}

enum err gxgy_context_of_terminate(struct base_arena *arena,
                                   const Magma__Lte__SessionTerminateRequest *r,
                                   struct gxgy_context *out)
{
    *out = nothing();
    out->session_id = r->session_id;
    out->common = r->common_context;
    out->tgpp = r->tgpp_ctx;
    out->spgw_ipv4 = r->spgw_ipv4;
    out->imei = r->imei;
    out->plmn_id = r->plmn_id;
    out->imsi_plmn_id = r->imsi_plmn_id;
    out->user_location = r->user_location;
    out->hardware_address = r->hardware_addr;
    out->report = r->report;
    out->charging_characteristics = r->charging_characteristics;
    return complete(arena, NULL, out);
}

enum err gxgy_context_of_event(struct base_arena *arena, char *session_id,
                               Magma__Lte__CommonSessionContext *common,
                               Magma__Lte__TgppContext *tgpp,
                               const Magma__Lte__RatSpecificContext *rat, struct gxgy_context *out)
{
    *out = nothing();
    out->session_id = session_id;
    out->common = common;
    out->tgpp = tgpp;
    return complete(arena, rat, out);
}

char *gxgy_keep(struct base_arena *arena, const char *text)
{
    return base_arena_strndup(arena, text, strlen(text));
}

uint8_t *gxgy_pack(struct base_arena *arena, const ProtobufCMessage *message, size_t *len)
{
    *len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = base_arena_alloc(arena, *len ? *len : 1);
    if (bytes)
        protobuf_c_message_pack(message, bytes);
    return bytes;
}

void *gxgy_list(struct base_arena *arena, void *list, size_t have, size_t more)
{
    void **longer = base_arena_zalloc(arena, (have + more + 1) * sizeof(void *));
    if (longer && have)
        memcpy(longer, list, have * sizeof(void *));
    return longer;
}
