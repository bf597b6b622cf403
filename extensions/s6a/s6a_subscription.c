// SPDX-License-Identifier: BSD-3-Clause
// Subscription-Data (TS 29.272 7.3.2) as rows of the translation engine, from the HSS to the access
// gateway. The fields exist under the same names in magma.feg.UpdateLocationAnswer (ULA) and
// fgw.s6a.SubscriptionData (IDR), so one table serves both. Not for the messages around it (s6a_tables.c).
#include "diameter/avp.h"
#include "extensions/s6a/s6a_tables.h"
#include "proto/s6a.pb-c.h"
#include "proto/s6a_gateway.pb-c.h"

typedef Magma__Feg__UpdateLocationAnswer ULA;
typedef Magma__Feg__UpdateLocationAnswer__APNConfiguration APN;
typedef Magma__Feg__UpdateLocationAnswer__APNConfiguration__QoSProfile QOS;
typedef Magma__Feg__UpdateLocationAnswer__AggregatedMaximumBitrate AMBR;

// ---- AMBR ----
// Access gateways ignore the unit of the total AMBR: it is always bit/s, cut at what 32 bits hold, as
// TS 29.272 7.3.41 has it for nodes without extended rates.
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

// The unit of an APN's AMBR is read: kbit/s as soon as one direction needs it. The other direction is
// rounded up, so that a small rate does not become zero.
static uint32_t as_kbps(uint32_t bps, uint32_t kbps)
{
    return kbps ? kbps : (uint32_t)(((uint64_t)bps + 999) / 1000);
}

static enum err apn_ambr_unit(struct xlate_ctx *ctx, ProtobufCMessage *msg)
{
    AMBR *ambr = (AMBR *)msg;
    if (!ambr->extended_max_bandwidth_ul_kbps && !ambr->extended_max_bandwidth_dl_kbps)
        return ERR_OK;
    ambr->unit = MAGMA__FEG__UPDATE_LOCATION_ANSWER__AGGREGATED_MAXIMUM_BITRATE__BITRATE_UNITS_AMBR__KBPS;
    ambr->max_bandwidth_ul = as_kbps(ambr->max_bandwidth_ul, ambr->extended_max_bandwidth_ul_kbps);
    ambr->max_bandwidth_dl = as_kbps(ambr->max_bandwidth_dl, ambr->extended_max_bandwidth_dl_kbps);
    return ERR_OK;
}

static const struct xlate ambr_rows[] = {
    {.field = "max_bandwidth_ul", .avp = AVP_MAX_REQUESTED_BANDWIDTH_UL},
    {.field = "max_bandwidth_dl", .avp = AVP_MAX_REQUESTED_BANDWIDTH_DL},
    {.field = "extended_max_bandwidth_ul_kbps", .avp = AVP_EXTENDED_MAX_REQUESTED_BW_UL},
    {.field = "extended_max_bandwidth_dl_kbps", .avp = AVP_EXTENDED_MAX_REQUESTED_BW_DL},
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

#define ARP_NOTE \
    "The bool is what unmodified access gateways make of it: they cast it to 0 ENABLED, 1 DISABLED."
static const struct xlate arp_rows[] = {
    {.field = "priority_level", .avp = AVP_PRIORITY_LEVEL},
    {.field = "preemption_capability", .avp = AVP_PRE_EMPTION_CAPABILITY, .flags = XLATE_DEFAULT,
     .value = 1, .note = ARP_NOTE},
    {.field = "preemption_vulnerability", .avp = AVP_PRE_EMPTION_VULNERABILITY,
     .flags = XLATE_DEFAULT, .value = 0, .note = ARP_NOTE},
    {.field = "arp_preemption_capability", .avp = AVP_PRE_EMPTION_CAPABILITY},
    {.field = "arp_preemption_vulnerability", .avp = AVP_PRE_EMPTION_VULNERABILITY},
    XLATE_END,
};
static const struct xlate qos_rows[] = {
    {.field = "class_id", .avp = AVP_QOS_CLASS_IDENTIFIER, .flags = XLATE_REQUIRED},
    {.avp = AVP_ALLOCATION_RETENTION_PRIORITY, .members = arp_rows},
    XLATE_END,
};

// ---- PDN gateways ----
static bool has_gateway_host(const ProtobufCMessage *msg)
{
    const Fgw__S6a__PdnGateway *gateway = (const Fgw__S6a__PdnGateway *)msg;
    return gateway->host && gateway->host[0];
}

static const struct xlate home_agent_host_rows[] = {
    {.field = "realm", .avp = AVP_DESTINATION_REALM, .flags = XLATE_REQUIRED},
    {.field = "host", .avp = AVP_DESTINATION_HOST, .flags = XLATE_REQUIRED},
    XLATE_END,
};
const struct xlate s6a_pdn_gateway_rows[] = {
    {.field = "address", .avp = AVP_MIP_HOME_AGENT_ADDRESS, .conv = &xlate_address},
    {.avp = AVP_MIP_HOME_AGENT_HOST, .when = has_gateway_host, .members = home_agent_host_rows},
    XLATE_END,
};
const struct xlate s6a_specific_apn_rows[] = {
    {.field = "service_selection", .avp = AVP_SERVICE_SELECTION, .flags = XLATE_REQUIRED},
    {.field = "pdn_gateway", .avp = AVP_MIP6_AGENT_INFO, .flags = XLATE_REQUIRED,
     .members = s6a_pdn_gateway_rows},
    {.field = "visited_network_identifier", .avp = AVP_VISITED_NETWORK_IDENTIFIER},
    XLATE_END,
};
static const struct xlate emergency_rows[] = {
    {.field = "extras.emergency_pdn_gateway", .avp = AVP_MIP6_AGENT_INFO,
     .members = s6a_pdn_gateway_rows},
    XLATE_END,
};

// ---- APN configurations ----
static const struct xlate wlan_rows[] = {
    {.field = "wlan_offloadability_eutran", .avp = AVP_WLAN_OFFLOADABILITY_EUTRAN},
    XLATE_END,
};
static const struct xlate apn_rows[] = {
    {.field = "context_id", .avp = AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED},
    {.field = "served_party_ip_address", .avp = AVP_SERVED_PARTY_IP_ADDRESS, .conv = &xlate_address},
    {.field = "pdn", .avp = AVP_PDN_TYPE, .flags = XLATE_REQUIRED},
    {.field = "service_selection", .avp = AVP_SERVICE_SELECTION, .flags = XLATE_REQUIRED},
    {.field = "qos_profile", .avp = AVP_EPS_SUBSCRIBED_QOS_PROFILE, .members = qos_rows,
     .after = qos_defaults},
    {.field = "vplmn_dynamic_address_allowed", .avp = AVP_VPLMN_DYNAMIC_ADDRESS_ALLOWED},
    {.field = "pdn_gateway", .avp = AVP_MIP6_AGENT_INFO, .members = s6a_pdn_gateway_rows},
    {.field = "visited_network_identifier", .avp = AVP_VISITED_NETWORK_IDENTIFIER},
    {.field = "pdn_gw_allocation_type", .avp = AVP_PDN_GW_ALLOCATION_TYPE},
    {.field = "charging_characteristics", .avp = AVP_3GPP_CHARGING_CHARACTERISTICS},
    {.field = "ambr", .avp = AVP_AMBR, .members = ambr_rows, .after = apn_ambr_unit,
     .note = "If a direction has an extended rate, `unit` is KBPS for both, rounded up; else BPS."},
    {.field = "specific_apns", .avp = AVP_SPECIFIC_APN_INFO, .members = s6a_specific_apn_rows},
    {.field = "apn_oi_replacement", .avp = AVP_APN_OI_REPLACEMENT},
    {.field = "sipto_permission", .avp = AVP_SIPTO_PERMISSION},
    {.field = "lipa_permission", .avp = AVP_LIPA_PERMISSION},
    {.field = "restoration_priority", .avp = AVP_RESTORATION_PRIORITY},
    {.field = "sipto_local_network_permission", .avp = AVP_SIPTO_LOCAL_NETWORK_PERMISSION},
    {.avp = AVP_WLAN_OFFLOADABILITY, .members = wlan_rows},
    {.field = "non_ip_pdn_type", .avp = AVP_NON_IP_PDN_TYPE_INDICATOR},
    {.field = "non_ip_data_delivery_mechanism", .avp = AVP_NON_IP_DATA_DELIVERY_MECHANISM},
    {.field = "scef_id", .avp = AVP_SCEF_ID},
    {.field = "scef_realm", .avp = AVP_SCEF_REALM},
    {.field = "preferred_data_mode", .avp = AVP_PREFERRED_DATA_MODE},
    {.field = "pdn_connection_continuity", .avp = AVP_PDN_CONNECTION_CONTINUITY},
    {.field = "rds_indicator", .avp = AVP_RDS_INDICATOR},
    {.field = "interworking_5gs", .avp = AVP_INTERWORKING_5GS_INDICATOR},
    {.field = "ethernet_pdn_type", .avp = AVP_ETHERNET_PDN_TYPE_INDICATOR},
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
    {.field = "default_context_id", .avp = AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED},
    {.field = "all_apns_included", .avp = AVP_ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR,
     .note = "True is 1 (modified or added ones): unmodified access gateways read the bool that way."},
    {.field = "extras.all_apn_configurations_indicator",
     .avp = AVP_ALL_APN_CONFIGURATIONS_INCLUDED_INDICATOR},
    {.field = "apn", .avp = AVP_APN_CONFIGURATION, .members = apn_rows,
     .note = "The default APN is put first: access gateways keep ten."},
    {.field = "extras.additional_context_id", .avp = AVP_ADDITIONAL_CONTEXT_IDENTIFIER},
    {.field = "extras.third_context_id", .avp = AVP_THIRD_CONTEXT_IDENTIFIER},
    XLATE_END,
};

// ---- location services, supplementary services ----
static const struct xlate service_rows[] = {
    {.field = "ss_code", .avp = AVP_SS_CODE, .flags = XLATE_REQUIRED},
    {.field = "ss_status", .avp = AVP_SS_STATUS, .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate privacy_rows[] = {
    {.field = "ss_code", .avp = AVP_SS_CODE, .flags = XLATE_REQUIRED},
    {.field = "ss_status", .avp = AVP_SS_STATUS, .flags = XLATE_REQUIRED},
    {.field = "notification_to_ue_user", .avp = AVP_NOTIFICATION_TO_UE_USER},
    XLATE_END,
};
static const struct xlate lcs_rows[] = {
    {.field = "gmlc_number", .avp = AVP_GMLC_NUMBER, .conv = &xlate_tbcd},
    {.field = "privacy_exceptions", .avp = AVP_LCS_PRIVACYEXCEPTION, .members = privacy_rows},
    {.field = "mo_lr", .avp = AVP_MO_LR, .members = service_rows},
    XLATE_END,
};
static const struct xlate teleservice_rows[] = {
    {.field = "extras.teleservices", .avp = AVP_TS_CODE},
    XLATE_END,
};

// ---- trace, CSG, GPRS and the rest ----
static const struct xlate trace_rows[] = {
    {.field = "trace_reference", .avp = AVP_TRACE_REFERENCE},
    {.field = "trace_depth", .avp = AVP_TRACE_DEPTH},
    {.field = "ne_type_list", .avp = AVP_TRACE_NE_TYPE_LIST},
    {.field = "interface_list", .avp = AVP_TRACE_INTERFACE_LIST},
    {.field = "event_list", .avp = AVP_TRACE_EVENT_LIST},
    {.field = "omc_id", .avp = AVP_OMC_ID},
    {.field = "collection_entity", .avp = AVP_TRACE_COLLECTION_ENTITY, .conv = &xlate_address},
    XLATE_END,
};
static const struct xlate csg_rows[] = {
    {.field = "csg_id", .avp = AVP_CSG_ID, .flags = XLATE_REQUIRED},
    {.field = "expiration_unix", .avp = AVP_EXPIRATION_DATE, .conv = &xlate_unix},
    {.field = "service_selection", .avp = AVP_SERVICE_SELECTION},
    {.field = "visited_plmn", .avp = AVP_VISITED_PLMN_ID, .min = 3, .max = 3},
    XLATE_END,
};
static const struct xlate pdp_ambr_rows[] = {
    {.field = "max_bandwidth_ul", .avp = AVP_MAX_REQUESTED_BANDWIDTH_UL},
    {.field = "max_bandwidth_dl", .avp = AVP_MAX_REQUESTED_BANDWIDTH_DL},
    XLATE_END,
};
static const struct xlate pdp_rows[] = {
    {.field = "context_id", .avp = AVP_CONTEXT_IDENTIFIER, .flags = XLATE_REQUIRED},
    {.field = "pdp_type", .avp = AVP_PDP_TYPE, .flags = XLATE_REQUIRED},
    {.field = "pdp_address", .avp = AVP_PDP_ADDRESS, .conv = &xlate_address},
    {.field = "qos_subscribed", .avp = AVP_QOS_SUBSCRIBED, .flags = XLATE_REQUIRED},
    {.field = "vplmn_dynamic_address_allowed", .avp = AVP_VPLMN_DYNAMIC_ADDRESS_ALLOWED},
    {.field = "service_selection", .avp = AVP_SERVICE_SELECTION, .flags = XLATE_REQUIRED},
    {.field = "charging_characteristics", .avp = AVP_3GPP_CHARGING_CHARACTERISTICS},
    {.field = "ext_pdp_type", .avp = AVP_EXT_PDP_TYPE},
    {.field = "ext_pdp_address", .avp = AVP_EXT_PDP_ADDRESS, .conv = &xlate_address},
    {.field = "apn_oi_replacement", .avp = AVP_APN_OI_REPLACEMENT},
    {.avp = AVP_AMBR, .members = pdp_ambr_rows},
    {.field = "sipto_permission", .avp = AVP_SIPTO_PERMISSION},
    {.field = "lipa_permission", .avp = AVP_LIPA_PERMISSION},
    {.field = "restoration_priority", .avp = AVP_RESTORATION_PRIORITY},
    XLATE_END,
};
static const struct xlate gprs_rows[] = {
    {.field = "complete_list_included", .avp = AVP_COMPLETE_DATA_LIST_INCLUDED_INDICATOR,
     .conv = &xlate_inverted},
    {.field = "pdp_contexts", .avp = AVP_PDP_CONTEXT, .members = pdp_rows},
    XLATE_END,
};
static const struct xlate adjacent_rows[] = {
    {.field = "visited_plmn", .avp = AVP_VISITED_PLMN_ID, .flags = XLATE_REQUIRED, .min = 3, .max = 3},
    {.field = "access_restriction_data", .avp = AVP_ACCESS_RESTRICTION_DATA, .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate imsi_group_rows[] = {
    {.field = "group_service_id", .avp = AVP_GROUP_SERVICE_ID},
    {.field = "plmn", .avp = AVP_GROUP_PLMN_ID},
    {.field = "local_id", .avp = AVP_LOCAL_GROUP_ID},
    XLATE_END,
};
static const struct xlate edrx_rows[] = {
    {.field = "rat_type", .avp = AVP_RAT_TYPE, .flags = XLATE_REQUIRED},
    {.field = "value", .avp = AVP_EDRX_CYCLE_LENGTH_VALUE, .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate paging_rows[] = {
    {.field = "operation_mode", .avp = AVP_OPERATION_MODE, .flags = XLATE_REQUIRED},
    {.field = "length", .avp = AVP_PAGING_TIME_WINDOW_LENGTH, .flags = XLATE_REQUIRED},
    XLATE_END,
};

const struct xlate s6a_subscription_rows[] = {
    {.field = "extras.subscriber_status", .avp = AVP_SUBSCRIBER_STATUS},
    {.field = "msisdn", .avp = AVP_MSISDN, .min = 1, .max = 16, .note = "Octets as received (TBCD)."},
    {.field = "extras.a_msisdn", .avp = AVP_A_MSISDN},
    {.field = "extras.external_identifier", .avp = AVP_EXTERNAL_IDENTIFIER},
    {.field = "extras.stn_sr", .avp = AVP_STN_SR, .conv = &xlate_tbcd},
    {.field = "extras.ics_indicator", .avp = AVP_ICS_INDICATOR},
    {.field = "network_access_mode", .avp = AVP_NETWORK_ACCESS_MODE},
    {.field = "extras.operator_determined_barring", .avp = AVP_OPERATOR_DETERMINED_BARRING},
    {.field = "extras.hplmn_odb", .avp = AVP_HPLMN_ODB},
    {.field = "regional_subscription_zone_code", .avp = AVP_REGIONAL_SUBSCRIPTION_ZONE_CODE,
     .min = 2, .max = 2},
    {.field = "extras.access_restriction_data", .avp = AVP_ACCESS_RESTRICTION_DATA},
    {.field = "extras.apn_oi_replacement", .avp = AVP_APN_OI_REPLACEMENT},
    {.field = "extras.lcs_info", .avp = AVP_LCS_INFO, .members = lcs_rows},
    {.avp = AVP_TELESERVICE_LIST, .members = teleservice_rows},
    {.field = "extras.call_barring", .avp = AVP_CALL_BARRING_INFO, .members = service_rows},
    {.field = "default_charging_characteristics", .avp = AVP_3GPP_CHARGING_CHARACTERISTICS},
    {.field = "total_ambr", .avp = AVP_AMBR, .members = ambr_rows, .after = total_ambr_unit,
     .note = "Always in bit/s, cut at 4294967295: access gateways ignore `unit` here."},
    {.avp = AVP_APN_CONFIGURATION_PROFILE, .members = profile_rows, .after = profile_order},
    {.field = "extras.rfsp_id", .avp = AVP_RAT_FREQUENCY_SELECTION_PRIORITY_ID},
    {.field = "extras.trace_data", .avp = AVP_TRACE_DATA, .members = trace_rows},
    {.field = "extras.gprs_subscription", .avp = AVP_GPRS_SUBSCRIPTION_DATA, .members = gprs_rows},
    {.field = "extras.csg_subscriptions", .avp = AVP_CSG_SUBSCRIPTION_DATA, .members = csg_rows},
    {.field = "extras.roaming_restricted_due_to_unsupported_feature",
     .avp = AVP_ROAMING_RESTRICTED_DUE_TO_UNSUPPORTED_FEATURE, .conv = &xlate_presence},
    {.field = "extras.subscribed_periodic_rau_tau_timer_s",
     .avp = AVP_SUBSCRIBED_PERIODIC_RAU_TAU_TIMER},
    {.field = "extras.mps_priority", .avp = AVP_MPS_PRIORITY},
    {.field = "extras.vplmn_lipa_allowed", .avp = AVP_VPLMN_LIPA_ALLOWED},
    {.field = "extras.relay_node", .avp = AVP_RELAY_NODE_INDICATOR},
    {.field = "extras.mdt_user_consent", .avp = AVP_MDT_USER_CONSENT},
    {.field = "extras.subscribed_vsrvcc", .avp = AVP_SUBSCRIBED_VSRVCC, .conv = &xlate_presence},
    {.field = "extras.subscription_data_flags", .avp = AVP_SUBSCRIPTION_DATA_FLAGS},
    {.field = "extras.adjacent_access_restrictions", .avp = AVP_ADJACENT_ACCESS_RESTRICTION_DATA,
     .members = adjacent_rows},
    {.field = "extras.dl_buffering_suggested_packet_count",
     .avp = AVP_DL_BUFFERING_SUGGESTED_PACKET_COUNT},
    {.field = "extras.imsi_groups", .avp = AVP_IMSI_GROUP_ID, .members = imsi_group_rows},
    {.field = "extras.ue_usage_type", .avp = AVP_UE_USAGE_TYPE},
    {.avp = AVP_EMERGENCY_INFO, .members = emergency_rows},
    {.field = "extras.edrx_cycle_lengths", .avp = AVP_EDRX_CYCLE_LENGTH, .members = edrx_rows},
    {.field = "extras.paging_time_windows", .avp = AVP_PAGING_TIME_WINDOW, .members = paging_rows},
    {.field = "extras.active_time_s", .avp = AVP_ACTIVE_TIME},
    {.field = "extras.service_gap_time_s", .avp = AVP_SERVICE_GAP_TIME},
    {.field = "extras.aerial_ue_subscription_information",
     .avp = AVP_AERIAL_UE_SUBSCRIPTION_INFORMATION},
    {.field = "extras.core_network_restrictions", .avp = AVP_CORE_NETWORK_RESTRICTIONS},
    XLATE_END,
};
