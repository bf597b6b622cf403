// SPDX-License-Identifier: BSD-3-Clause
// Non-3GPP-User-Data (TS 29.273 8.2.3.1) as rows of the translation engine, from the HSS to the
// access gateway. APNs, AMBR and trace data are the groups of S6a, with the rows of S6a. Not for
// the messages around it (swx_tables.c).
#include "diameter/avp.h"
#include "extensions/s6a/s6a_tables.h"
#include "extensions/swx/swx_tables.h"
#include "proto/swx_types.pb-c.h"

static const struct xlate subscription_id_rows[] = {
    XLATE_FIELD("type", AVP_SUBSCRIPTION_ID_TYPE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("data", AVP_SUBSCRIPTION_ID_DATA, .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate msisdn_rows[] = {
    XLATE_AVP(AVP_SUBSCRIPTION_ID_TYPE, .flags = XLATE_CONST | XLATE_MATCH,
              .value = AVP_SUBSCRIPTION_ID_TYPE_END_USER_E164),
    XLATE_FIELD("msisdn", AVP_SUBSCRIPTION_ID_DATA),
    XLATE_END,
};
static const struct xlate trace_info_rows[] = {
    XLATE_FIELD("trace_data", AVP_TRACE_DATA, .members = s6a_trace_rows),
    XLATE_FIELD("trace_reference", AVP_TRACE_REFERENCE),
    XLATE_END,
};
static const struct xlate wlan_identifier_rows[] = {
    XLATE_FIELD("ssid", AVP_SSID),
    XLATE_FIELD("hessid", AVP_HESSID),
    XLATE_END,
};
static const struct xlate twan_rows[] = {
    XLATE_FIELD("access_authorization_flags", AVP_ACCESS_AUTHORIZATION_FLAGS),
    XLATE_FIELD("wlan_identifier", AVP_WLAN_IDENTIFIER, .members = wlan_identifier_rows),
    XLATE_END,
};
static const struct xlate emergency_rows[] = {
    XLATE_FIELD("emergency_pdn_gateway", AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows),
    XLATE_END,
};

const struct xlate swx_user_data_rows[] = {
    XLATE_FIELD("subscription_ids", AVP_SUBSCRIPTION_ID, .members = subscription_id_rows),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .members = msisdn_rows,
              .note = "The one of type END_USER_E164."),
    XLATE_FIELD("non_3gpp_ip_access", AVP_NON_3GPP_IP_ACCESS),
    XLATE_FIELD("non_3gpp_ip_access_apn", AVP_NON_3GPP_IP_ACCESS_APN),
    XLATE_FIELD("rat_types", AVP_RAT_TYPE),
    XLATE_FIELD("session_timeout_s", AVP_SESSION_TIMEOUT),
    XLATE_FIELD("mip6_feature_vector", AVP_MIP6_FEATURE_VECTOR),
    XLATE_FIELD(
        "ambr", AVP_AMBR, .members = s6a_ambr_rows, .after = s6a_apn_ambr_unit,
        .note =
            "If a direction has an extended rate, `unit` is KBPS for both, rounded up; else BPS."),
    XLATE_FIELD("charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD("default_context_id", AVP_CONTEXT_IDENTIFIER),
    XLATE_FIELD("apn_oi_replacement", AVP_APN_OI_REPLACEMENT),
    XLATE_FIELD("apn", AVP_APN_CONFIGURATION, .members = s6a_apn_rows,
                .note = "The default APN is put first."),
    XLATE_AVP(AVP_TRACE_INFO, .members = trace_info_rows),
    XLATE_FIELD("twan_default_context_id", AVP_TWAN_DEFAULT_APN_CONTEXT_ID),
    XLATE_FIELD("twan_access_info", AVP_TWAN_ACCESS_INFO, .members = twan_rows),
    XLATE_FIELD("ue_usage_type", AVP_UE_USAGE_TYPE),
    XLATE_AVP(AVP_EMERGENCY_INFO, .members = emergency_rows),
    XLATE_FIELD("erp_authorization", AVP_ERP_AUTHORIZATION),
    XLATE_FIELD("core_network_restrictions", AVP_CORE_NETWORK_RESTRICTIONS),
    XLATE_END,
};

enum err swx_user_data_order(struct xlate_ctx *ctx, ProtobufCMessage *msg)
{
    Fgw__Swx__Non3gppUserData *data = (Fgw__Swx__Non3gppUserData *)msg;
    size_t i = 0;
    while (i < data->n_apn && data->apn[i]->context_id != data->default_context_id)
        i++;
    if (i == data->n_apn)
        return ERR_OK;
    Magma__Feg__UpdateLocationAnswer__APNConfiguration *found = data->apn[i];
    for (; i > 0; i--)
        data->apn[i] = data->apn[i - 1];
    data->apn[0] = found;
    return ERR_OK;
}
