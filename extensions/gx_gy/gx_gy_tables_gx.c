// SPDX-License-Identifier: BSD-3-Clause
// Tables of Gx, TS 29.212. Which values the fields of a request get is gx_gy_gx.c's business.
#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy_conv.h"
#include "extensions/gx_gy/gx_gy_tables.h"
#include "proto/gx_gy.pb-c.h"

typedef Fgw__Gxgy__GxRequest GxRequest;

static const struct xlate feature_rows[] = {
    XLATE_FIELD("vendor_id", AVP_VENDOR_ID, .flags = XLATE_DEFAULT, .value = DIA_3GPP),
    XLATE_FIELD("list_id", AVP_FEATURE_LIST_ID, .flags = XLATE_REQUIRED),
    XLATE_FIELD("list", AVP_FEATURE_LIST, .flags = XLATE_ALWAYS),
    XLATE_END,
};

// ---- CCR ----
static bool has_msisdn(const ProtobufCMessage *msg)
{
    const GxRequest *m = (const GxRequest *)msg;
    return m->common_context && m->common_context->msisdn.len > 0;
}

static bool has_imei(const ProtobufCMessage *msg)
{
    return ((const GxRequest *)msg)->imei[0] != '\0';
}

static bool has_mac(const ProtobufCMessage *msg)
{
    return !has_imei(msg) && ((const GxRequest *)msg)->hardware_address[0] != '\0';
}

static const struct xlate imsi_rows[] = {
    XLATE_AVP(AVP_SUBSCRIPTION_ID_TYPE, .flags = XLATE_CONST, .value = 1, .note = "IMSI."),
    XLATE_FIELD("common_context.sid.id", AVP_SUBSCRIPTION_ID_DATA, .conv = &xlate_imsi,
                .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate msisdn_rows[] = {
    XLATE_AVP(AVP_SUBSCRIPTION_ID_TYPE, .flags = XLATE_CONST, .value = 0, .note = "E.164."),
    XLATE_FIELD("common_context.msisdn", AVP_SUBSCRIPTION_ID_DATA, .conv = &gxgy_msisdn,
                .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate mac_rows[] = {
    XLATE_AVP(AVP_USER_EQUIPMENT_INFO_TYPE, .flags = XLATE_CONST, .value = 1, .note = "MAC."),
    XLATE_FIELD("hardware_address", AVP_USER_EQUIPMENT_INFO_VALUE, .conv = &gxgy_octets,
                .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate default_qos_arp_rows[] = {
    XLATE_FIELD("priority_level", AVP_PRIORITY_LEVEL, .flags = XLATE_REQUIRED, .min = 1, .max = 15),
    XLATE_FIELD("preemption_capability", AVP_PRE_EMPTION_CAPABILITY, .note = "0 is enabled."),
    XLATE_FIELD("preemption_vulnerability", AVP_PRE_EMPTION_VULNERABILITY, .note = "0 is enabled."),
    XLATE_END,
};
static const struct xlate default_qos_rows[] = {
    XLATE_FIELD("qci", AVP_QOS_CLASS_IDENTIFIER),
    XLATE_FIELD("arp", AVP_ALLOCATION_RETENTION_PRIORITY, .members = default_qos_arp_rows),
    XLATE_END,
};
static const struct xlate report_rows[] = {
    XLATE_FIELD("rule_ids", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets),
    XLATE_FIELD("base_names", AVP_CHARGING_RULE_BASE_NAME),
    XLATE_FIELD("status", AVP_PCC_RULE_STATUS, .flags = XLATE_ALWAYS),
    XLATE_FIELD("failure_code", AVP_RULE_FAILURE_CODE),
    XLATE_FIELD("ran_nas_release_causes", AVP_RAN_NAS_RELEASE_CAUSE),
    XLATE_FIELD("content_versions", AVP_CONTENT_VERSION),
    XLATE_END,
};
#define REPORTS_ROW XLATE_FIELD("rule_reports", AVP_CHARGING_RULE_REPORT, .members = report_rows)
static const struct xlate monitor_rows[] = {
    XLATE_FIELD("monitoring_key", AVP_MONITORING_KEY),
    XLATE_FIELD("granted", AVP_GRANTED_SERVICE_UNIT, .flags = XLATE_DECODE,
                .members = gxgy_granted_rows),
    XLATE_FIELD("used", AVP_USED_SERVICE_UNIT, .flags = XLATE_ENCODE, .members = gxgy_used_rows),
    XLATE_FIELD("quota_consumption_time", AVP_QUOTA_CONSUMPTION_TIME, .flags = XLATE_DECODE),
    XLATE_FIELD("level", AVP_USAGE_MONITORING_LEVEL),
    XLATE_FIELD("report_required", AVP_USAGE_MONITORING_REPORT, .conv = &xlate_presence,
                .flags = XLATE_DECODE),
    XLATE_FIELD("disabled", AVP_USAGE_MONITORING_SUPPORT, .conv = &xlate_presence,
                .flags = XLATE_DECODE),
    XLATE_END,
};

// ---- what an access gateway reports besides ----
static const struct xlate routing_filter_rows[] = {
    XLATE_FIELD("description", AVP_FLOW_DESCRIPTION, .flags = XLATE_REQUIRED),
    XLATE_FIELD("direction", AVP_FLOW_DIRECTION, .flags = XLATE_ALWAYS),
    XLATE_FIELD("tos_traffic_class", AVP_TOS_TRAFFIC_CLASS),
    XLATE_FIELD("security_parameter_index", AVP_SECURITY_PARAMETER_INDEX),
    XLATE_FIELD("flow_label", AVP_FLOW_LABEL),
    XLATE_END,
};
static const struct xlate routing_rule_rows[] = {
    XLATE_FIELD("identifier", AVP_ROUTING_RULE_IDENTIFIER, .flags = XLATE_REQUIRED),
    XLATE_FIELD("filters", AVP_ROUTING_FILTER, .members = routing_filter_rows),
    XLATE_FIELD("precedence", AVP_PRECEDENCE),
    XLATE_FIELD("address", AVP_ROUTING_IP_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("ip_can_type", AVP_IP_CAN_TYPE),
    XLATE_END,
};
static const struct xlate routing_install_rows[] = {
    XLATE_FIELD("report.routing_rules", AVP_ROUTING_RULE_DEFINITION, .members = routing_rule_rows),
    XLATE_END,
};
static const struct xlate routing_remove_rows[] = {
    XLATE_FIELD("report.routing_rules_removed", AVP_ROUTING_RULE_IDENTIFIER),
    XLATE_END,
};
static const struct xlate packet_filter_rows[] = {
    XLATE_FIELD("identifier", AVP_PACKET_FILTER_IDENTIFIER),
    XLATE_FIELD("precedence", AVP_PRECEDENCE),
    XLATE_FIELD("content", AVP_PACKET_FILTER_CONTENT),
    XLATE_FIELD("tos_traffic_class", AVP_TOS_TRAFFIC_CLASS),
    XLATE_FIELD("security_parameter_index", AVP_SECURITY_PARAMETER_INDEX),
    XLATE_FIELD("flow_label", AVP_FLOW_LABEL),
    XLATE_FIELD("direction", AVP_FLOW_DIRECTION),
    XLATE_END,
};
static const struct xlate tft_rows[] = {
    XLATE_FIELD("precedence", AVP_PRECEDENCE),
    XLATE_FIELD("filter", AVP_TFT_FILTER),
    XLATE_FIELD("tos_traffic_class", AVP_TOS_TRAFFIC_CLASS),
    XLATE_FIELD("security_parameter_index", AVP_SECURITY_PARAMETER_INDEX),
    XLATE_FIELD("flow_label", AVP_FLOW_LABEL),
    XLATE_FIELD("direction", AVP_FLOW_DIRECTION),
    XLATE_END,
};
static const struct xlate application_rows[] = {
    XLATE_FIELD("application", AVP_TDF_APPLICATION_IDENTIFIER, .conv = &gxgy_octets,
                .flags = XLATE_REQUIRED),
    XLATE_FIELD("instance", AVP_TDF_APPLICATION_INSTANCE_IDENTIFIER, .conv = &gxgy_octets),
    XLATE_FIELD("flows", AVP_FLOW_INFORMATION, .members = routing_filter_rows),
    XLATE_END,
};
static const struct xlate charging_identifier_rows[] = {
    XLATE_FIELD("value", AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_VALUE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("base_names", AVP_CHARGING_RULE_BASE_NAME),
    XLATE_FIELD("rule_ids", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets),
    XLATE_FIELD("session_scope", AVP_IP_CAN_SESSION_CHARGING_SCOPE),
    XLATE_END,
};

static bool has_routing_rules(const ProtobufCMessage *msg)
{
    const Magma__Lte__SessionReport *report = ((const GxRequest *)msg)->report;
    return report && report->n_routing_rules > 0;
}

static bool has_removed_routing_rules(const ProtobufCMessage *msg)
{
    const Magma__Lte__SessionReport *report = ((const GxRequest *)msg)->report;
    return report && report->n_routing_rules_removed > 0;
}

const struct xlate gxgy_gx_ccr_rows[] = {
    XLATE_AVP(AVP_AUTH_APPLICATION_ID, .flags = XLATE_CONST, .value = DIA_APP_GX),
    XLATE_FIELD("type", AVP_CC_REQUEST_TYPE, .flags = XLATE_REQUIRED, .min = 1, .max = 3),
    XLATE_FIELD("number", AVP_CC_REQUEST_NUMBER, .flags = XLATE_ALWAYS),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .flags = XLATE_REQUIRED, .members = imsi_rows),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .when = has_msisdn, .members = msisdn_rows),
    XLATE_FIELD("supported_features", AVP_SUPPORTED_FEATURES, .members = feature_rows),
    XLATE_FIELD("network_request_support", AVP_NETWORK_REQUEST_SUPPORT),
    XLATE_FIELD("report.packet_filters", AVP_PACKET_FILTER_INFORMATION,
                .members = packet_filter_rows),
    XLATE_FIELD("report.packet_filter_operation", AVP_PACKET_FILTER_OPERATION),
    XLATE_FIELD("framed_ipv4", AVP_FRAMED_IP_ADDRESS, .conv = &gxgy_ipv4),
    XLATE_FIELD("framed_ipv6", AVP_FRAMED_IPV6_PREFIX, .conv = &gxgy_ipv6_prefix),
    XLATE_FIELD("ip_can_type", AVP_IP_CAN_TYPE),
    XLATE_FIELD("report.trusted_access", AVP_AN_TRUSTED),
    XLATE_FIELD("rat_type", AVP_RAT_TYPE),
    XLATE_FIELD("termination_cause", AVP_TERMINATION_CAUSE),
    XLATE_AVP(AVP_USER_EQUIPMENT_INFO, .when = has_imei, .members = gxgy_imei_rows),
    XLATE_AVP(AVP_USER_EQUIPMENT_INFO, .when = has_mac, .members = mac_rows),
    XLATE_FIELD("qos", AVP_QOS_INFORMATION, .members = gxgy_qos_rows),
    XLATE_FIELD("default_bearer_qos", AVP_DEFAULT_EPS_BEARER_QOS, .members = default_qos_rows),
    XLATE_FIELD("gateway_address", AVP_AN_GW_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("plmn_id", AVP_3GPP_SGSN_MCC_MNC, .conv = &gxgy_mcc_mnc),
    XLATE_FIELD("gateway_address", AVP_3GPP_SGSN_ADDRESS, .conv = &gxgy_ipv4),
    XLATE_FIELD("gateway_address", AVP_3GPP_GGSN_ADDRESS, .conv = &gxgy_ipv4),
    XLATE_FIELD("selection_mode", AVP_3GPP_SELECTION_MODE),
    XLATE_FIELD("user_location", AVP_3GPP_USER_LOCATION_INFO),
    XLATE_FIELD("report.user_location_time_unix", AVP_USER_LOCATION_INFO_TIME, .conv = &xlate_unix),
    XLATE_FIELD("report.twan_identifier", AVP_TWAN_IDENTIFIER),
    XLATE_FIELD("access_timezone.offset_minutes", AVP_3GPP_MS_TIMEZONE, .conv = &gxgy_timezone),
    XLATE_FIELD("report.ran_nas_release_causes", AVP_RAN_NAS_RELEASE_CAUSE),
    XLATE_FIELD("charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD("called_station_id", AVP_CALLED_STATION_ID),
    XLATE_FIELD("bearer_usage", AVP_BEARER_USAGE),
    XLATE_FIELD("online", AVP_ONLINE),
    XLATE_FIELD("offline", AVP_OFFLINE),
    XLATE_FIELD("report.tft_filters", AVP_TFT_PACKET_FILTER_INFORMATION, .members = tft_rows),
    REPORTS_ROW,
    XLATE_FIELD("report.applications", AVP_APPLICATION_DETECTION_INFORMATION,
                .members = application_rows),
    XLATE_FIELD("event_triggers", AVP_EVENT_TRIGGER),
    XLATE_FIELD("gateway_address", AVP_ACCESS_NETWORK_CHARGING_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("charging_identifiers", AVP_ACCESS_NETWORK_CHARGING_IDENTIFIER_GX,
                .members = charging_identifier_rows),
    XLATE_FIELD("usage", AVP_USAGE_MONITORING_INFORMATION, .members = monitor_rows),
    XLATE_FIELD("report.nbifom_support", AVP_NBIFOM_SUPPORT),
    XLATE_FIELD("report.nbifom_mode", AVP_NBIFOM_MODE),
    XLATE_FIELD("report.default_access", AVP_DEFAULT_ACCESS),
    XLATE_FIELD("report.origination_unix_ms", AVP_ORIGINATION_TIME_STAMP),
    XLATE_FIELD("report.maximum_wait_ms", AVP_MAXIMUM_WAIT_TIME),
    XLATE_AVP(AVP_ROUTING_RULE_INSTALL, .when = has_routing_rules, .members = routing_install_rows),
    XLATE_AVP(AVP_ROUTING_RULE_REMOVE, .when = has_removed_routing_rules,
              .members = routing_remove_rows),
    XLATE_FIELD("report.presence_areas", AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                .members = gxgy_presence_rows),
    XLATE_END,
};

// ---- CCA and RAR ----
static const struct xlate flow_rows[] = {
    XLATE_FIELD("description", AVP_FLOW_DESCRIPTION),
    XLATE_FIELD("packet_filter_identifier", AVP_PACKET_FILTER_IDENTIFIER),
    XLATE_FIELD("tos_traffic_class", AVP_TOS_TRAFFIC_CLASS),
    XLATE_FIELD("security_parameter_index", AVP_SECURITY_PARAMETER_INDEX),
    XLATE_FIELD("flow_label", AVP_FLOW_LABEL),
    XLATE_FIELD("direction", AVP_FLOW_DIRECTION),
    XLATE_END,
};
static const struct xlate redirect_rows[] = {
    XLATE_FIELD("support", AVP_REDIRECT_SUPPORT),
    XLATE_FIELD("address_type", AVP_REDIRECT_ADDRESS_TYPE),
    XLATE_FIELD("server_address", AVP_REDIRECT_SERVER_ADDRESS),
    XLATE_END,
};
static const struct xlate media_flow_rows[] = {
    XLATE_FIELD("component", AVP_MEDIA_COMPONENT_NUMBER, .flags = XLATE_REQUIRED),
    XLATE_FIELD("flows", AVP_FLOW_NUMBER),
    XLATE_END,
};
static const struct xlate definition_rows[] = {
    XLATE_FIELD("name", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets, .flags = XLATE_REQUIRED),
    XLATE_FIELD("service_identifier", AVP_SERVICE_IDENTIFIER),
    XLATE_FIELD("rating_group", AVP_RATING_GROUP),
    XLATE_FIELD("flows", AVP_FLOW_INFORMATION, .members = flow_rows),
    XLATE_FIELD("default_bearer_indication", AVP_DEFAULT_BEARER_INDICATION),
    XLATE_FIELD("tdf_application_identifier", AVP_TDF_APPLICATION_IDENTIFIER, .conv = &gxgy_octets),
    XLATE_FIELD("flow_status", AVP_FLOW_STATUS),
    XLATE_FIELD("qos", AVP_QOS_INFORMATION, .members = gxgy_qos_rows),
    XLATE_FIELD("ps_to_cs_continuity", AVP_PS_TO_CS_SESSION_CONTINUITY, .conv = &xlate_presence),
    XLATE_FIELD("reporting_level", AVP_REPORTING_LEVEL),
    XLATE_FIELD("online", AVP_ONLINE),
    XLATE_FIELD("offline", AVP_OFFLINE),
    XLATE_FIELD("metering_method", AVP_METERING_METHOD),
    XLATE_FIELD("precedence", AVP_PRECEDENCE),
    XLATE_FIELD("af_charging_identifier", AVP_AF_CHARGING_IDENTIFIER),
    XLATE_FIELD("media_flows", AVP_FLOWS, .members = media_flow_rows),
    XLATE_FIELD("monitoring_key", AVP_MONITORING_KEY),
    XLATE_FIELD("redirect", AVP_REDIRECT_INFORMATION, .members = redirect_rows),
    XLATE_FIELD("mute_notification", AVP_MUTE_NOTIFICATION, .conv = &xlate_presence),
    XLATE_FIELD("af_signalling_protocol", AVP_AF_SIGNALLING_PROTOCOL),
    XLATE_FIELD("sponsor_identity", AVP_SPONSOR_IDENTITY),
    XLATE_FIELD("application_service_provider_identity", AVP_APPLICATION_SERVICE_PROVIDER_IDENTITY),
    XLATE_FIELD("required_access_info", AVP_REQUIRED_ACCESS_INFO),
    XLATE_FIELD("sharing_key_dl", AVP_SHARING_KEY_DL),
    XLATE_FIELD("sharing_key_ul", AVP_SHARING_KEY_UL),
    XLATE_FIELD("traffic_steering_dl", AVP_TRAFFIC_STEERING_POLICY_IDENTIFIER_DL),
    XLATE_FIELD("traffic_steering_ul", AVP_TRAFFIC_STEERING_POLICY_IDENTIFIER_UL),
    XLATE_FIELD("content_version", AVP_CONTENT_VERSION),
    XLATE_END,
};
static const struct xlate install_rows[] = {
    XLATE_FIELD("definitions", AVP_CHARGING_RULE_DEFINITION, .members = definition_rows),
    XLATE_FIELD("names", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets),
    XLATE_FIELD("base_names", AVP_CHARGING_RULE_BASE_NAME),
    XLATE_FIELD("activation_unix", AVP_RULE_ACTIVATION_TIME, .conv = &xlate_unix),
    XLATE_FIELD("deactivation_unix", AVP_RULE_DEACTIVATION_TIME, .conv = &xlate_unix),
    XLATE_FIELD("notify_allocation", AVP_RESOURCE_ALLOCATION_NOTIFICATION, .conv = &xlate_presence),
    XLATE_FIELD("charging_correlation", AVP_CHARGING_CORRELATION_INDICATOR,
                .conv = &xlate_presence),
    XLATE_END,
};
static const struct xlate remove_rows[] = {
    XLATE_FIELD("names", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets),
    XLATE_FIELD("base_names", AVP_CHARGING_RULE_BASE_NAME),
    XLATE_END,
};

static const struct xlate charging_rows[] = {
    XLATE_FIELD("primary_ecf", AVP_PRIMARY_EVENT_CHARGING_FUNCTION_NAME),
    XLATE_FIELD("secondary_ecf", AVP_SECONDARY_EVENT_CHARGING_FUNCTION_NAME),
    XLATE_FIELD("primary_ccf", AVP_PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME),
    XLATE_FIELD("secondary_ccf", AVP_SECONDARY_CHARGING_COLLECTION_FUNCTION_NAME),
    XLATE_END,
};
static const struct xlate conditional_arp_rows[] = {
    XLATE_FIELD("priority_level", AVP_PRIORITY_LEVEL, .flags = XLATE_REQUIRED, .min = 1, .max = 15),
    XLATE_FIELD("pre_capability", AVP_PRE_EMPTION_CAPABILITY, .flags = XLATE_DEFAULT, .value = 1),
    XLATE_FIELD("pre_vulnerability", AVP_PRE_EMPTION_VULNERABILITY, .flags = XLATE_DEFAULT,
                .value = 0),
    XLATE_END,
};
static const struct xlate pra_install_rows[] = {
    XLATE_FIELD("policy.presence_areas", AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                .members = gxgy_presence_rows),
    XLATE_END,
};
static const struct xlate pra_remove_rows[] = {
    XLATE_FIELD("policy.presence_areas_removed", AVP_PRESENCE_REPORTING_AREA_IDENTIFIER),
    XLATE_END,
};
static const struct xlate conditional_qos_rows[] = {
    XLATE_FIELD("qci", AVP_QOS_CLASS_IDENTIFIER),
    XLATE_FIELD("arp", AVP_ALLOCATION_RETENTION_PRIORITY, .members = conditional_arp_rows),
    XLATE_END,
};
static const struct xlate conditional_rows[] = {
    XLATE_FIELD("execution_unix", AVP_EXECUTION_TIME, .conv = &xlate_unix),
    XLATE_AVP(AVP_DEFAULT_EPS_BEARER_QOS, .members = conditional_qos_rows),
    XLATE_FIELD("ambr_ul", AVP_APN_AGGREGATE_MAX_BITRATE_UL),
    XLATE_FIELD("ambr_dl", AVP_APN_AGGREGATE_MAX_BITRATE_DL),
    XLATE_FIELD("extended_ambr_ul", AVP_EXTENDED_APN_AMBR_UL),
    XLATE_FIELD("extended_ambr_dl", AVP_EXTENDED_APN_AMBR_DL),
    XLATE_END,
};
static const struct xlate routing_report_rows[] = {
    XLATE_FIELD("identifiers", AVP_ROUTING_RULE_IDENTIFIER),
    XLATE_FIELD("status", AVP_PCC_RULE_STATUS),
    XLATE_FIELD("failure_code", AVP_ROUTING_RULE_FAILURE_CODE),
    XLATE_END,
};

#define TRIGGERS_ROW XLATE_FIELD("event_triggers", AVP_EVENT_TRIGGER)
#define RULES_ROWS                                                                                 \
    XLATE_FIELD("remove", AVP_CHARGING_RULE_REMOVE, .members = remove_rows),                       \
        XLATE_FIELD("install", AVP_CHARGING_RULE_INSTALL, .members = install_rows)
#define QOS_ROW XLATE_FIELD("qos", AVP_QOS_INFORMATION, .members = gxgy_qos_rows)
#define REVALIDATION_ROW                                                                           \
    XLATE_FIELD("revalidation_unix", AVP_REVALIDATION_TIME, .conv = &xlate_unix)
#define DEFAULT_QOS_ROW                                                                            \
    XLATE_FIELD("default_bearer_qos", AVP_DEFAULT_EPS_BEARER_QOS, .members = default_qos_rows)
#define MONITORS_ROW                                                                               \
    XLATE_FIELD("monitors", AVP_USAGE_MONITORING_INFORMATION, .members = monitor_rows)
#define RELEASE_ROW XLATE_FIELD("session_release_cause", AVP_SESSION_RELEASE_CAUSE)

#define PRESENCE_ROWS                                                                              \
    XLATE_AVP(AVP_PRA_INSTALL, .members = pra_install_rows),                                       \
        XLATE_AVP(AVP_PRA_REMOVE, .members = pra_remove_rows)
#define CSG_ROW XLATE_FIELD("policy.csg_reporting", AVP_CSG_INFORMATION_REPORTING)
#define CONDITIONAL_ROWS                                                                           \
    XLATE_FIELD("policy.conditional", AVP_CONDITIONAL_POLICY_INFORMATION,                          \
                .members = conditional_rows),                                                      \
        XLATE_FIELD("policy.removal_of_access", AVP_REMOVAL_OF_ACCESS, .conv = &xlate_presence),   \
        XLATE_FIELD("policy.removed_ip_can", AVP_IP_CAN_TYPE)

const struct xlate gxgy_gx_cca_rows[] = {
    XLATE_FIELD("supported_features", AVP_SUPPORTED_FEATURES, .members = feature_rows),
    XLATE_FIELD("policy.bearer_control_mode", AVP_BEARER_CONTROL_MODE),
    TRIGGERS_ROW,
    RULES_ROWS,
    XLATE_FIELD("policy.charging", AVP_CHARGING_INFORMATION, .members = charging_rows),
    XLATE_FIELD("online", AVP_ONLINE),
    XLATE_FIELD("offline", AVP_OFFLINE),
    QOS_ROW,
    REVALIDATION_ROW,
    DEFAULT_QOS_ROW,
    MONITORS_ROW,
    CSG_ROW,
    PRESENCE_ROWS,
    XLATE_FIELD("policy.presence_area", AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                .members = gxgy_presence_rows, .note = "Releases before PRA-Install."),
    RELEASE_ROW,
    XLATE_FIELD("policy.nbifom_support", AVP_NBIFOM_SUPPORT),
    XLATE_FIELD("policy.nbifom_mode", AVP_NBIFOM_MODE),
    XLATE_FIELD("policy.default_access", AVP_DEFAULT_ACCESS),
    XLATE_FIELD("policy.ran_rule_support", AVP_RAN_RULE_SUPPORT),
    XLATE_FIELD("policy.routing_rules", AVP_ROUTING_RULE_REPORT, .members = routing_report_rows),
    CONDITIONAL_ROWS,
    XLATE_END,
};

const struct xlate gxgy_gx_rar_rows[] = {
    RELEASE_ROW,
    TRIGGERS_ROW,
    RULES_ROWS,
    DEFAULT_QOS_ROW,
    QOS_ROW,
    REVALIDATION_ROW,
    MONITORS_ROW,
    XLATE_FIELD("policy.pcscf_restoration", AVP_PCSCF_RESTORATION_INDICATION,
                .conv = &xlate_presence),
    CONDITIONAL_ROWS,
    PRESENCE_ROWS,
    CSG_ROW,
    XLATE_END,
};

const struct xlate gxgy_gx_raa_rows[] = {
    REPORTS_ROW,
    XLATE_END,
};
