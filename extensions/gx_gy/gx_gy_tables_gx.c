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
    XLATE_END,
};
#define REPORTS_ROW XLATE_FIELD("rule_reports", AVP_CHARGING_RULE_REPORT, .members = report_rows)
static const struct xlate monitor_rows[] = {
    XLATE_FIELD("monitoring_key", AVP_MONITORING_KEY),
    XLATE_FIELD("granted", AVP_GRANTED_SERVICE_UNIT, .flags = XLATE_DECODE,
                .members = gxgy_granted_rows),
    XLATE_FIELD("used", AVP_USED_SERVICE_UNIT, .flags = XLATE_ENCODE, .members = gxgy_used_rows),
    XLATE_FIELD("level", AVP_USAGE_MONITORING_LEVEL),
    XLATE_FIELD("report_required", AVP_USAGE_MONITORING_REPORT, .conv = &xlate_presence,
                .flags = XLATE_DECODE),
    XLATE_FIELD("disabled", AVP_USAGE_MONITORING_SUPPORT, .conv = &xlate_presence,
                .flags = XLATE_DECODE),
    XLATE_END,
};

const struct xlate gxgy_gx_ccr_rows[] = {
    XLATE_AVP(AVP_AUTH_APPLICATION_ID, .flags = XLATE_CONST, .value = DIA_APP_GX),
    XLATE_FIELD("type", AVP_CC_REQUEST_TYPE, .flags = XLATE_REQUIRED, .min = 1, .max = 3),
    XLATE_FIELD("number", AVP_CC_REQUEST_NUMBER, .flags = XLATE_ALWAYS),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .flags = XLATE_REQUIRED, .members = imsi_rows),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .when = has_msisdn, .members = msisdn_rows),
    XLATE_FIELD("supported_features", AVP_SUPPORTED_FEATURES, .members = feature_rows),
    XLATE_FIELD("network_request_support", AVP_NETWORK_REQUEST_SUPPORT),
    XLATE_FIELD("framed_ipv4", AVP_FRAMED_IP_ADDRESS, .conv = &gxgy_ipv4),
    XLATE_FIELD("framed_ipv6", AVP_FRAMED_IPV6_PREFIX, .conv = &gxgy_ipv6_prefix),
    XLATE_FIELD("ip_can_type", AVP_IP_CAN_TYPE),
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
    XLATE_FIELD("access_timezone.offset_minutes", AVP_3GPP_MS_TIMEZONE, .conv = &gxgy_timezone),
    XLATE_FIELD("charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD("called_station_id", AVP_CALLED_STATION_ID),
    XLATE_FIELD("bearer_usage", AVP_BEARER_USAGE),
    XLATE_FIELD("online", AVP_ONLINE),
    XLATE_FIELD("offline", AVP_OFFLINE),
    REPORTS_ROW,
    XLATE_FIELD("event_triggers", AVP_EVENT_TRIGGER),
    XLATE_FIELD("gateway_address", AVP_ACCESS_NETWORK_CHARGING_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("usage", AVP_USAGE_MONITORING_INFORMATION, .members = monitor_rows),
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
static const struct xlate definition_rows[] = {
    XLATE_FIELD("name", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets, .flags = XLATE_REQUIRED),
    XLATE_FIELD("service_identifier", AVP_SERVICE_IDENTIFIER),
    XLATE_FIELD("rating_group", AVP_RATING_GROUP),
    XLATE_FIELD("flows", AVP_FLOW_INFORMATION, .members = flow_rows),
    XLATE_FIELD("default_bearer_indication", AVP_DEFAULT_BEARER_INDICATION),
    XLATE_FIELD("tdf_application_identifier", AVP_TDF_APPLICATION_IDENTIFIER, .conv = &gxgy_octets),
    XLATE_FIELD("flow_status", AVP_FLOW_STATUS),
    XLATE_FIELD("qos", AVP_QOS_INFORMATION, .members = gxgy_qos_rows),
    XLATE_FIELD("reporting_level", AVP_REPORTING_LEVEL),
    XLATE_FIELD("online", AVP_ONLINE),
    XLATE_FIELD("offline", AVP_OFFLINE),
    XLATE_FIELD("metering_method", AVP_METERING_METHOD),
    XLATE_FIELD("precedence", AVP_PRECEDENCE),
    XLATE_FIELD("af_charging_identifier", AVP_AF_CHARGING_IDENTIFIER),
    XLATE_FIELD("monitoring_key", AVP_MONITORING_KEY),
    XLATE_FIELD("redirect", AVP_REDIRECT_INFORMATION, .members = redirect_rows),
    XLATE_FIELD("mute_notification", AVP_MUTE_NOTIFICATION, .conv = &xlate_presence),
    XLATE_FIELD("sponsor_identity", AVP_SPONSOR_IDENTITY),
    XLATE_FIELD("application_service_provider_identity", AVP_APPLICATION_SERVICE_PROVIDER_IDENTITY),
    XLATE_FIELD("required_access_info", AVP_REQUIRED_ACCESS_INFO),
    XLATE_FIELD("content_version", AVP_CONTENT_VERSION),
    XLATE_END,
};
static const struct xlate install_rows[] = {
    XLATE_FIELD("definitions", AVP_CHARGING_RULE_DEFINITION, .members = definition_rows),
    XLATE_FIELD("names", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets),
    XLATE_FIELD("base_names", AVP_CHARGING_RULE_BASE_NAME),
    XLATE_FIELD("activation_unix", AVP_RULE_ACTIVATION_TIME, .conv = &xlate_unix),
    XLATE_FIELD("deactivation_unix", AVP_RULE_DEACTIVATION_TIME, .conv = &xlate_unix),
    XLATE_END,
};
static const struct xlate remove_rows[] = {
    XLATE_FIELD("names", AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets),
    XLATE_FIELD("base_names", AVP_CHARGING_RULE_BASE_NAME),
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

const struct xlate gxgy_gx_cca_rows[] = {
    XLATE_FIELD("supported_features", AVP_SUPPORTED_FEATURES, .members = feature_rows),
    XLATE_FIELD("bearer_control_mode", AVP_BEARER_CONTROL_MODE),
    TRIGGERS_ROW,
    RULES_ROWS,
    XLATE_FIELD("online", AVP_ONLINE),
    XLATE_FIELD("offline", AVP_OFFLINE),
    QOS_ROW,
    REVALIDATION_ROW,
    DEFAULT_QOS_ROW,
    MONITORS_ROW,
    RELEASE_ROW,
    XLATE_END,
};

const struct xlate gxgy_gx_rar_rows[] = {
    RELEASE_ROW, TRIGGERS_ROW,     RULES_ROWS,   DEFAULT_QOS_ROW,
    QOS_ROW,     REVALIDATION_ROW, MONITORS_ROW, XLATE_END,
};

const struct xlate gxgy_gx_raa_rows[] = {
    REPORTS_ROW,
    XLATE_END,
};
