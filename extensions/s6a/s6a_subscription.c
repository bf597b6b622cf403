// SPDX-License-Identifier: BSD-3-Clause
// Subscription-Data (TS 29.272 7.3.2) as rows of the translation engine, from the HSS to the access
// gateway. The fields exist under the same names in magma.feg.UpdateLocationAnswer (ULA) and
// fgw.s6a.SubscriptionData (IDR), so one table serves both. Not for the messages around it
// (s6a_tables.c).
#include "diameter/avp.h"
#include "extensions/s6a/s6a_tables.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

typedef Magma__Feg__UpdateLocationAnswer ULA;
typedef Magma__Feg__UpdateLocationAnswer__APNConfiguration APN;
typedef Magma__Feg__UpdateLocationAnswer__APNConfiguration__QoSProfile QOS;
typedef Magma__Feg__UpdateLocationAnswer__AggregatedMaximumBitrate AMBR;

// ---- AMBR ----
// Access gateways ignore the unit of the total AMBR: it is always bit/s, cut at what 32 bits hold,
// as TS 29.272 7.3.41 has it for nodes without extended rates.
static uint32_t as_bps(uint32_t bps, uint32_t kbps)
{
    uint64_t extended = (uint64_t)kbps * 1000;
    if (bps != 0 || kbps == 0)
        return bps;
    return extended > UINT32_MAX ? UINT32_MAX : (uint32_t)extended;
}

static enum err total_ambr_unit(struct xlate_ctx *ctx, ProtobufCMessage *msg)
{
    AMBR *ambr = (AMBR *)msg;
    ambr->max_bandwidth_ul = as_bps(ambr->max_bandwidth_ul, ambr->extended_max_bandwidth_ul_kbps);
    ambr->max_bandwidth_dl = as_bps(ambr->max_bandwidth_dl, ambr->extended_max_bandwidth_dl_kbps);
    return ERR_OK;
}

// The unit of an APN's AMBR is read: kbit/s as soon as one direction needs it. The other direction
// is rounded up, so that a small rate does not become zero.
static uint32_t as_kbps(uint32_t bps, uint32_t kbps)
{
    return kbps ? kbps : (uint32_t)(((uint64_t)bps + 999) / 1000);
}

enum err s6a_apn_ambr_unit(struct xlate_ctx *ctx, ProtobufCMessage *msg)
{
    AMBR *ambr = (AMBR *)msg;
    if (!ambr->extended_max_bandwidth_ul_kbps && !ambr->extended_max_bandwidth_dl_kbps)
        return ERR_OK;
    ambr->unit =
        MAGMA__FEG__UPDATE_LOCATION_ANSWER__AGGREGATED_MAXIMUM_BITRATE__BITRATE_UNITS_AMBR__KBPS;
    ambr->max_bandwidth_ul = as_kbps(ambr->max_bandwidth_ul, ambr->extended_max_bandwidth_ul_kbps);
    ambr->max_bandwidth_dl = as_kbps(ambr->max_bandwidth_dl, ambr->extended_max_bandwidth_dl_kbps);
    return ERR_OK;
}

const struct xlate s6a_ambr_rows[] = {
    XLATE_FIELD("max_bandwidth_ul", AVP_MAX_REQUESTED_BANDWIDTH_UL),
    XLATE_FIELD("max_bandwidth_dl", AVP_MAX_REQUESTED_BANDWIDTH_DL),
    XLATE_FIELD("extended_max_bandwidth_ul_kbps", AVP_EXTENDED_MAX_REQUESTED_BW_UL),
    XLATE_FIELD("extended_max_bandwidth_dl_kbps", AVP_EXTENDED_MAX_REQUESTED_BW_DL),
    XLATE_END,
};

// ---- QoS ----
// Without Allocation-Retention-Priority the defaults of TS 29.212 5.3.46 and 5.3.47 count.
static enum err qos_defaults(struct xlate_ctx *ctx, ProtobufCMessage *msg)
{
    QOS *qos = (QOS *)msg;
    if (qos->priority_level == 0)
        qos->preemption_capability = 1;
    return ERR_OK;
}

#define ARP_NOTE                                                                                   \
    "The bool is what unmodified access gateways make of it: they cast it to 0 ENABLED, 1 "        \
    "DISABLED."
static const struct xlate arp_rows[] = {
    XLATE_FIELD("priority_level", AVP_PRIORITY_LEVEL),
    XLATE_FIELD("preemption_capability", AVP_PRE_EMPTION_CAPABILITY, .flags = XLATE_DEFAULT,
                .value = 1, .note = ARP_NOTE),
    XLATE_FIELD("preemption_vulnerability", AVP_PRE_EMPTION_VULNERABILITY, .flags = XLATE_DEFAULT,
                .value = 0, .note = ARP_NOTE),
    XLATE_FIELD("arp_preemption_capability", AVP_PRE_EMPTION_CAPABILITY),
    XLATE_FIELD("arp_preemption_vulnerability", AVP_PRE_EMPTION_VULNERABILITY),
    XLATE_END,
};
static const struct xlate qos_rows[] = {
    XLATE_FIELD("class_id", AVP_QOS_CLASS_IDENTIFIER, .flags = XLATE_REQUIRED),
    XLATE_AVP(AVP_ALLOCATION_RETENTION_PRIORITY, .members = arp_rows),
    XLATE_END,
};

// ---- PDN gateways ----
static bool has_gateway_host(const ProtobufCMessage *msg)
{
    const Fgw__S6a__PdnGateway *gateway = (const Fgw__S6a__PdnGateway *)msg;
    return gateway->host && gateway->host[0];
}

static const struct xlate home_agent_host_rows[] = {
    XLATE_FIELD("realm", AVP_DESTINATION_REALM, .flags = XLATE_REQUIRED),
    XLATE_FIELD("host", AVP_DESTINATION_HOST, .flags = XLATE_REQUIRED),
    XLATE_END,
};
const struct xlate s6a_pdn_gateway_rows[] = {
    XLATE_FIELD("address", AVP_MIP_HOME_AGENT_ADDRESS, .conv = &xlate_address),
    XLATE_AVP(AVP_MIP_HOME_AGENT_HOST, .when = has_gateway_host, .members = home_agent_host_rows),
    XLATE_END,
};
const struct xlate s6a_specific_apn_rows[] = {
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION, .flags = XLATE_REQUIRED),
    XLATE_FIELD("pdn_gateway", AVP_MIP6_AGENT_INFO, .flags = XLATE_REQUIRED,
                .members = s6a_pdn_gateway_rows),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    XLATE_END,
};
static const struct xlate emergency_rows[] = {
    XLATE_FIELD("extras.emergency_pdn_gateway", AVP_MIP6_AGENT_INFO,
                .members = s6a_pdn_gateway_rows),
    XLATE_END,
};

// ---- APN configurations ----
static const struct xlate wlan_rows[] = {
    XLATE_FIELD("wlan_offloadability_eutran", AVP_WLAN_OFFLOADABILITY_EUTRAN),
    XLATE_END,
};
const struct xlate s6a_apn_rows[] = {
    XLATE_FIELD("context_id", AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED),
    XLATE_FIELD("served_party_ip_address", AVP_SERVED_PARTY_IP_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("pdn", AVP_PDN_TYPE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION, .flags = XLATE_REQUIRED),
    XLATE_FIELD("qos_profile", AVP_EPS_SUBSCRIBED_QOS_PROFILE, .members = qos_rows,
                .after = qos_defaults),
    XLATE_FIELD("vplmn_dynamic_address_allowed", AVP_VPLMN_DYNAMIC_ADDRESS_ALLOWED),
    XLATE_FIELD("pdn_gateway", AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows),
    XLATE_FIELD("visited_network_identifier", AVP_VISITED_NETWORK_IDENTIFIER),
    XLATE_FIELD("pdn_gw_allocation_type", AVP_PDN_GW_ALLOCATION_TYPE),
    XLATE_FIELD("charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD(
        "ambr", AVP_AMBR, .members = s6a_ambr_rows, .after = s6a_apn_ambr_unit,
        .note =
            "If a direction has an extended rate, `unit` is KBPS for both, rounded up; else BPS."),
    XLATE_FIELD("specific_apns", AVP_SPECIFIC_APN_INFO, .members = s6a_specific_apn_rows),
    XLATE_FIELD("apn_oi_replacement", AVP_APN_OI_REPLACEMENT),
    XLATE_FIELD("sipto_permission", AVP_SIPTO_PERMISSION),
    XLATE_FIELD("lipa_permission", AVP_LIPA_PERMISSION),
    XLATE_FIELD("restoration_priority", AVP_RESTORATION_PRIORITY),
    XLATE_FIELD("sipto_local_network_permission", AVP_SIPTO_LOCAL_NETWORK_PERMISSION),
    XLATE_AVP(AVP_WLAN_OFFLOADABILITY, .members = wlan_rows),
    XLATE_FIELD("non_ip_pdn_type", AVP_NON_IP_PDN_TYPE_INDICATOR),
    XLATE_FIELD("non_ip_data_delivery_mechanism", AVP_NON_IP_DATA_DELIVERY_MECHANISM),
    XLATE_FIELD("scef_id", AVP_SCEF_ID),
    XLATE_FIELD("scef_realm", AVP_SCEF_REALM),
    XLATE_FIELD("preferred_data_mode", AVP_PREFERRED_DATA_MODE),
    XLATE_FIELD("pdn_connection_continuity", AVP_PDN_CONNECTION_CONTINUITY),
    XLATE_FIELD("rds_indicator", AVP_RDS_INDICATOR),
    XLATE_FIELD("interworking_5gs", AVP_INTERWORKING_5GS_INDICATOR),
    XLATE_FIELD("ethernet_pdn_type", AVP_ETHERNET_PDN_TYPE_INDICATOR),
    XLATE_END,
};

// Access gateways keep the first ten APNs: the default one must be among them, so it goes first.
static void default_first(APN **apn, size_t n, uint32_t default_id)
{
    size_t i = 0;
    while (i < n && apn[i]->context_id != default_id)
        i++;
    if (i == n)
        return;
    APN *found = apn[i];
    for (; i > 0; i--)
        apn[i] = apn[i - 1];
    apn[0] = found;
}

static enum err profile_order(struct xlate_ctx *ctx, ProtobufCMessage *msg)
{
    if (msg->descriptor == &magma__feg__update_location_answer__descriptor) {
        ULA *ula = (ULA *)msg;
        default_first(ula->apn, ula->n_apn, ula->default_context_id);
    } else if (msg->descriptor == &fgw__s6a__subscription_data__descriptor) {
        Fgw__S6a__SubscriptionData *data = (Fgw__S6a__SubscriptionData *)msg;
        default_first(data->apn, data->n_apn, data->default_context_id);
    }
    return ERR_OK;
}

static const struct xlate profile_rows[] = {
    XLATE_FIELD("default_context_id", AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED),
    XLATE_FIELD("all_apns_included", AVP_ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR,
                .note = "True is 1 (modified or added ones): unmodified access gateways read the "
                        "bool that way."),
    XLATE_FIELD("extras.all_apn_configurations_indicator",
                AVP_ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR),
    XLATE_FIELD("apn", AVP_APN_CONFIGURATION, .members = s6a_apn_rows,
                .note = "The default APN is put first: access gateways keep ten."),
    XLATE_FIELD("extras.additional_context_id", AVP_ADDITIONAL_CONTEXT_IDENTIFIER),
    XLATE_FIELD("extras.third_context_id", AVP_THIRD_CONTEXT_IDENTIFIER),
    XLATE_END,
};

// ---- location services, supplementary services ----
static const struct xlate service_rows[] = {
    XLATE_FIELD("ss_code", AVP_SS_CODE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("ss_status", AVP_SS_STATUS, .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate privacy_rows[] = {
    XLATE_FIELD("ss_code", AVP_SS_CODE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("ss_status", AVP_SS_STATUS, .flags = XLATE_REQUIRED),
    XLATE_FIELD("notification_to_ue_user", AVP_NOTIFICATION_TO_UE_USER),
    XLATE_END,
};
static const struct xlate lcs_rows[] = {
    XLATE_FIELD("gmlc_number", AVP_GMLC_NUMBER, .conv = &xlate_tbcd),
    XLATE_FIELD("privacy_exceptions", AVP_LCS_PRIVACYEXCEPTION, .members = privacy_rows),
    XLATE_FIELD("mo_lr", AVP_MO_LR, .members = service_rows),
    XLATE_END,
};
static const struct xlate teleservice_rows[] = {
    XLATE_FIELD("extras.teleservices", AVP_TS_CODE),
    XLATE_END,
};

// ---- trace, CSG, GPRS and the rest ----
const struct xlate s6a_trace_rows[] = {
    XLATE_FIELD("trace_reference", AVP_TRACE_REFERENCE),
    XLATE_FIELD("trace_depth", AVP_TRACE_DEPTH),
    XLATE_FIELD("ne_type_list", AVP_TRACE_NE_TYPE_LIST),
    XLATE_FIELD("interface_list", AVP_TRACE_INTERFACE_LIST),
    XLATE_FIELD("event_list", AVP_TRACE_EVENT_LIST),
    XLATE_FIELD("omc_id", AVP_OMC_ID),
    XLATE_FIELD("collection_entity", AVP_TRACE_COLLECTION_ENTITY, .conv = &xlate_address),
    XLATE_END,
};
static const struct xlate csg_rows[] = {
    XLATE_FIELD("csg_id", AVP_CSG_ID, .flags = XLATE_REQUIRED),
    XLATE_FIELD("expiration_unix", AVP_EXPIRATION_DATE, .conv = &xlate_unix),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION),
    XLATE_FIELD("visited_plmn", AVP_VISITED_PLMN_ID, .min = 3, .max = 3),
    XLATE_END,
};
static const struct xlate pdp_ambr_rows[] = {
    XLATE_FIELD("max_bandwidth_ul", AVP_MAX_REQUESTED_BANDWIDTH_UL),
    XLATE_FIELD("max_bandwidth_dl", AVP_MAX_REQUESTED_BANDWIDTH_DL),
    XLATE_END,
};
static const struct xlate pdp_rows[] = {
    XLATE_FIELD("context_id", AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED),
    XLATE_FIELD("pdp_type", AVP_PDP_TYPE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("pdp_address", AVP_PDP_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("qos_subscribed", AVP_QOS_SUBSCRIBED, .flags = XLATE_REQUIRED),
    XLATE_FIELD("vplmn_dynamic_address_allowed", AVP_VPLMN_DYNAMIC_ADDRESS_ALLOWED),
    XLATE_FIELD("service_selection", AVP_SERVICE_SELECTION, .flags = XLATE_REQUIRED),
    XLATE_FIELD("charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD("ext_pdp_type", AVP_EXT_PDP_TYPE),
    XLATE_FIELD("ext_pdp_address", AVP_EXT_PDP_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("apn_oi_replacement", AVP_APN_OI_REPLACEMENT),
    XLATE_AVP(AVP_AMBR, .members = pdp_ambr_rows),
    XLATE_FIELD("sipto_permission", AVP_SIPTO_PERMISSION),
    XLATE_FIELD("lipa_permission", AVP_LIPA_PERMISSION),
    XLATE_FIELD("restoration_priority", AVP_RESTORATION_PRIORITY),
    XLATE_END,
};
static const struct xlate gprs_rows[] = {
    XLATE_FIELD("complete_list_included", AVP_COMPLETE_DATA_LIST_INCLUDED_INDICATOR,
                .conv = &xlate_inverted),
    XLATE_FIELD("pdp_contexts", AVP_PDP_CONTEXT, .members = pdp_rows),
    XLATE_END,
};
static const struct xlate adjacent_rows[] = {
    XLATE_FIELD("visited_plmn", AVP_VISITED_PLMN_ID, .flags = XLATE_REQUIRED, .min = 3, .max = 3),
    XLATE_FIELD("access_restriction_data", AVP_ACCESS_RESTRICTION_DATA, .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate imsi_group_rows[] = {
    XLATE_FIELD("group_service_id", AVP_GROUP_SERVICE_ID),
    XLATE_FIELD("plmn", AVP_GROUP_PLMN_ID),
    XLATE_FIELD("local_id", AVP_LOCAL_GROUP_ID),
    XLATE_END,
};
static const struct xlate edrx_rows[] = {
    XLATE_FIELD("rat_type", AVP_RAT_TYPE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("value", AVP_EDRX_CYCLE_LENGTH_VALUE, .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate paging_rows[] = {
    XLATE_FIELD("operation_mode", AVP_OPERATION_MODE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("length", AVP_PAGING_TIME_WINDOW_LENGTH, .flags = XLATE_REQUIRED),
    XLATE_END,
};

const struct xlate s6a_subscription_rows[] = {
    XLATE_FIELD("extras.subscriber_status", AVP_SUBSCRIBER_STATUS),
    XLATE_FIELD("msisdn", AVP_MSISDN, .min = 1, .max = 16, .note = "Octets as received (TBCD)."),
    XLATE_FIELD("extras.a_msisdn", AVP_A_MSISDN),
    XLATE_FIELD("extras.external_identifier", AVP_EXTERNAL_IDENTIFIER),
    XLATE_FIELD("extras.stn_sr", AVP_STN_SR, .conv = &xlate_tbcd),
    XLATE_FIELD("extras.ics_indicator", AVP_ICS_INDICATOR),
    XLATE_FIELD("network_access_mode", AVP_NETWORK_ACCESS_MODE),
    XLATE_FIELD("extras.operator_determined_barring", AVP_OPERATOR_DETERMINED_BARRING),
    XLATE_FIELD("extras.hplmn_odb", AVP_HPLMN_ODB),
    XLATE_FIELD("regional_subscription_zone_code", AVP_REGIONAL_SUBSCRIPTION_ZONE_CODE, .min = 2,
                .max = 2),
    XLATE_FIELD("extras.access_restriction_data", AVP_ACCESS_RESTRICTION_DATA),
    XLATE_FIELD("extras.apn_oi_replacement", AVP_APN_OI_REPLACEMENT),
    XLATE_FIELD("extras.lcs_info", AVP_LCS_INFO, .members = lcs_rows),
    XLATE_AVP(AVP_TELESERVICE_LIST, .members = teleservice_rows),
    XLATE_FIELD("extras.call_barring", AVP_CALL_BARRING_INFO, .members = service_rows),
    XLATE_FIELD("default_charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD("total_ambr", AVP_AMBR, .members = s6a_ambr_rows, .after = total_ambr_unit,
                .note = "Always in bit/s, cut at 4294967295: access gateways ignore `unit` here."),
    XLATE_AVP(AVP_APN_CONFIGURATION_PROFILE, .members = profile_rows, .after = profile_order),
    XLATE_FIELD("extras.rfsp_id", AVP_RAT_FREQUENCY_SELECTION_PRIORITY_ID),
    XLATE_FIELD("extras.trace_data", AVP_TRACE_DATA, .members = s6a_trace_rows),
    XLATE_FIELD("extras.gprs_subscription", AVP_GPRS_SUBSCRIPTION_DATA, .members = gprs_rows),
    XLATE_FIELD("extras.csg_subscriptions", AVP_CSG_SUBSCRIPTION_DATA, .members = csg_rows),
    XLATE_FIELD("extras.roaming_restricted_due_to_unsupported_feature",
                AVP_ROAMING_RESTRICTED_DUE_TO_UNSUPPORTED_FEATURE, .conv = &xlate_presence),
    XLATE_FIELD("extras.subscribed_periodic_rau_tau_timer_s",
                AVP_SUBSCRIBED_PERIODIC_RAU_TAU_TIMER),
    XLATE_FIELD("extras.mps_priority", AVP_MPS_PRIORITY),
    XLATE_FIELD("extras.vplmn_lipa_allowed", AVP_VPLMN_LIPA_ALLOWED),
    XLATE_FIELD("extras.relay_node", AVP_RELAY_NODE_INDICATOR),
    XLATE_FIELD("extras.mdt_user_consent", AVP_MDT_USER_CONSENT),
    XLATE_FIELD("extras.subscribed_vsrvcc", AVP_SUBSCRIBED_VSRVCC, .conv = &xlate_presence),
    XLATE_FIELD("extras.subscription_data_flags", AVP_SUBSCRIPTION_DATA_FLAGS),
    XLATE_FIELD("extras.adjacent_access_restrictions", AVP_ADJACENT_ACCESS_RESTRICTION_DATA,
                .members = adjacent_rows),
    XLATE_FIELD("extras.dl_buffering_suggested_packet_count",
                AVP_DL_BUFFERING_SUGGESTED_PACKET_COUNT),
    XLATE_FIELD("extras.imsi_groups", AVP_IMSI_GROUP_ID, .members = imsi_group_rows),
    XLATE_FIELD("extras.ue_usage_type", AVP_UE_USAGE_TYPE),
    XLATE_AVP(AVP_EMERGENCY_INFO, .members = emergency_rows),
    XLATE_FIELD("extras.edrx_cycle_lengths", AVP_EDRX_CYCLE_LENGTH, .members = edrx_rows),
    XLATE_FIELD("extras.paging_time_windows", AVP_PAGING_TIME_WINDOW, .members = paging_rows),
    XLATE_FIELD("extras.active_time_s", AVP_ACTIVE_TIME),
    XLATE_FIELD("extras.service_gap_time_s", AVP_SERVICE_GAP_TIME),
    XLATE_FIELD("extras.aerial_ue_subscription_information",
                AVP_AERIAL_UE_SUBSCRIPTION_INFORMATION),
    XLATE_FIELD("extras.core_network_restrictions", AVP_CORE_NETWORK_RESTRICTIONS),
    XLATE_END,
};
