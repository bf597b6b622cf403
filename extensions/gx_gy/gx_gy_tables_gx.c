// SPDX-License-Identifier: BSD-3-Clause
// Tables of Gx, TS 29.212. Which values the fields of a request get is gx_gy_gx.c's business.
#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy_conv.h"
#include "extensions/gx_gy/gx_gy_tables.h"
#include "proto/gx_gy.pb-c.h"

typedef Fgw__Gxgy__GxRequest GxRequest;

static const struct xlate feature_rows[] = {
    {.field = "vendor_id", .avp = AVP_VENDOR_ID, .flags = XLATE_DEFAULT, .value = DIA_3GPP},
    {.field = "list_id", .avp = AVP_FEATURE_LIST_ID, .flags = XLATE_REQUIRED},
    {.field = "list", .avp = AVP_FEATURE_LIST, .flags = XLATE_ALWAYS},
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
    {.avp = AVP_SUBSCRIPTION_ID_TYPE, .flags = XLATE_CONST, .value = 1, .note = "IMSI."},
    {.field = "common_context.sid.id", .avp = AVP_SUBSCRIPTION_ID_DATA, .conv = &xlate_imsi,
     .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate msisdn_rows[] = {
    {.avp = AVP_SUBSCRIPTION_ID_TYPE, .flags = XLATE_CONST, .value = 0, .note = "E.164."},
    {.field = "common_context.msisdn", .avp = AVP_SUBSCRIPTION_ID_DATA, .conv = &gxgy_msisdn,
     .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate mac_rows[] = {
    {.avp = AVP_USER_EQUIPMENT_INFO_TYPE, .flags = XLATE_CONST, .value = 1, .note = "MAC."},
    {.field = "hardware_address", .avp = AVP_USER_EQUIPMENT_INFO_VALUE, .conv = &gxgy_octets,
     .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate default_qos_arp_rows[] = {
    {.field = "priority_level", .avp = AVP_PRIORITY_LEVEL, .flags = XLATE_REQUIRED, .min = 1, .max = 15},
    {.field = "preemption_capability", .avp = AVP_PRE_EMPTION_CAPABILITY, .note = "0 is enabled."},
    {.field = "preemption_vulnerability", .avp = AVP_PRE_EMPTION_VULNERABILITY, .note = "0 is enabled."},
    XLATE_END,
};
static const struct xlate default_qos_rows[] = {
    {.field = "qci", .avp = AVP_QOS_CLASS_IDENTIFIER},
    {.field = "arp", .avp = AVP_ALLOCATION_RETENTION_PRIORITY, .members = default_qos_arp_rows},
    XLATE_END,
};
static const struct xlate report_rows[] = {
    {.field = "rule_ids", .avp = AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets},
    {.field = "base_names", .avp = AVP_CHARGING_RULE_BASE_NAME},
    {.field = "status", .avp = AVP_PCC_RULE_STATUS, .flags = XLATE_ALWAYS},
    {.field = "failure_code", .avp = AVP_RULE_FAILURE_CODE},
    XLATE_END,
};
#define REPORTS_ROW \
    {.field = "rule_reports", .avp = AVP_CHARGING_RULE_REPORT, .members = report_rows}
static const struct xlate monitor_rows[] = {
    {.field = "monitoring_key", .avp = AVP_MONITORING_KEY},
    {.field = "granted", .avp = AVP_GRANTED_SERVICE_UNIT, .flags = XLATE_DECODE,
     .members = gxgy_granted_rows},
    {.field = "used", .avp = AVP_USED_SERVICE_UNIT, .flags = XLATE_ENCODE, .members = gxgy_used_rows},
    {.field = "level", .avp = AVP_USAGE_MONITORING_LEVEL},
    {.field = "report_required", .avp = AVP_USAGE_MONITORING_REPORT, .conv = &xlate_presence,
     .flags = XLATE_DECODE},
    {.field = "disabled", .avp = AVP_USAGE_MONITORING_SUPPORT, .conv = &xlate_presence,
     .flags = XLATE_DECODE},
    XLATE_END,
};

const struct xlate gxgy_gx_ccr_rows[] = {
    {.avp = AVP_AUTH_APPLICATION_ID, .flags = XLATE_CONST, .value = DIA_APP_GX},
    {.field = "type", .avp = AVP_CC_REQUEST_TYPE, .flags = XLATE_REQUIRED, .min = 1, .max = 3},
    {.field = "number", .avp = AVP_CC_REQUEST_NUMBER, .flags = XLATE_ALWAYS},
    {.avp = AVP_SUBSCRIPTION_ID, .flags = XLATE_REQUIRED, .members = imsi_rows},
    {.avp = AVP_SUBSCRIPTION_ID, .when = has_msisdn, .members = msisdn_rows},
    {.field = "supported_features", .avp = AVP_SUPPORTED_FEATURES, .members = feature_rows},
    {.field = "network_request_support", .avp = AVP_NETWORK_REQUEST_SUPPORT},
    {.field = "framed_ipv4", .avp = AVP_FRAMED_IP_ADDRESS, .conv = &gxgy_ipv4},
    {.field = "framed_ipv6", .avp = AVP_FRAMED_IPV6_PREFIX, .conv = &gxgy_ipv6_prefix},
    {.field = "ip_can_type", .avp = AVP_IP_CAN_TYPE},
    {.field = "rat_type", .avp = AVP_RAT_TYPE},
    {.field = "termination_cause", .avp = AVP_TERMINATION_CAUSE},
    {.avp = AVP_USER_EQUIPMENT_INFO, .when = has_imei, .members = gxgy_imei_rows},
    {.avp = AVP_USER_EQUIPMENT_INFO, .when = has_mac, .members = mac_rows},
    {.field = "qos", .avp = AVP_QOS_INFORMATION, .members = gxgy_qos_rows},
    {.field = "default_bearer_qos", .avp = AVP_DEFAULT_EPS_BEARER_QOS, .members = default_qos_rows},
    {.field = "gateway_address", .avp = AVP_AN_GW_ADDRESS, .conv = &xlate_address},
    {.field = "plmn_id", .avp = AVP_3GPP_SGSN_MCC_MNC, .conv = &gxgy_mcc_mnc},
    {.field = "gateway_address", .avp = AVP_3GPP_SGSN_ADDRESS, .conv = &gxgy_ipv4},
    {.field = "gateway_address", .avp = AVP_3GPP_GGSN_ADDRESS, .conv = &gxgy_ipv4},
    {.field = "selection_mode", .avp = AVP_3GPP_SELECTION_MODE},
    {.field = "user_location", .avp = AVP_3GPP_USER_LOCATION_INFO},
    {.field = "access_timezone.offset_minutes", .avp = AVP_3GPP_MS_TIMEZONE, .conv = &gxgy_timezone},
    {.field = "charging_characteristics", .avp = AVP_3GPP_CHARGING_CHARACTERISTICS},
    {.field = "called_station_id", .avp = AVP_CALLED_STATION_ID},
    {.field = "bearer_usage", .avp = AVP_BEARER_USAGE},
    {.field = "online", .avp = AVP_ONLINE},
    {.field = "offline", .avp = AVP_OFFLINE},
    REPORTS_ROW,
    {.field = "event_triggers", .avp = AVP_EVENT_TRIGGER},
    {.field = "gateway_address", .avp = AVP_ACCESS_NETWORK_CHARGING_ADDRESS, .conv = &xlate_address},
    {.field = "usage", .avp = AVP_USAGE_MONITORING_INFORMATION, .members = monitor_rows},
    XLATE_END,
};

// ---- CCA and RAR ----
static const struct xlate flow_rows[] = {
    {.field = "description", .avp = AVP_FLOW_DESCRIPTION},
    {.field = "packet_filter_identifier", .avp = AVP_PACKET_FILTER_IDENTIFIER},
    {.field = "tos_traffic_class", .avp = AVP_TOS_TRAFFIC_CLASS},
    {.field = "security_parameter_index", .avp = AVP_SECURITY_PARAMETER_INDEX},
    {.field = "flow_label", .avp = AVP_FLOW_LABEL},
    {.field = "direction", .avp = AVP_FLOW_DIRECTION},
    XLATE_END,
};
static const struct xlate redirect_rows[] = {
    {.field = "support", .avp = AVP_REDIRECT_SUPPORT},
    {.field = "address_type", .avp = AVP_REDIRECT_ADDRESS_TYPE},
    {.field = "server_address", .avp = AVP_REDIRECT_SERVER_ADDRESS},
    XLATE_END,
};
static const struct xlate definition_rows[] = {
    {.field = "name", .avp = AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets, .flags = XLATE_REQUIRED},
    {.field = "service_identifier", .avp = AVP_SERVICE_IDENTIFIER},
    {.field = "rating_group", .avp = AVP_RATING_GROUP},
    {.field = "flows", .avp = AVP_FLOW_INFORMATION, .members = flow_rows},
    {.field = "default_bearer_indication", .avp = AVP_DEFAULT_BEARER_INDICATION},
    {.field = "tdf_application_identifier", .avp = AVP_TDF_APPLICATION_IDENTIFIER, .conv = &gxgy_octets},
    {.field = "flow_status", .avp = AVP_FLOW_STATUS},
    {.field = "qos", .avp = AVP_QOS_INFORMATION, .members = gxgy_qos_rows},
    {.field = "reporting_level", .avp = AVP_REPORTING_LEVEL},
    {.field = "online", .avp = AVP_ONLINE},
    {.field = "offline", .avp = AVP_OFFLINE},
    {.field = "metering_method", .avp = AVP_METERING_METHOD},
    {.field = "precedence", .avp = AVP_PRECEDENCE},
    {.field = "af_charging_identifier", .avp = AVP_AF_CHARGING_IDENTIFIER},
    {.field = "monitoring_key", .avp = AVP_MONITORING_KEY},
    {.field = "redirect", .avp = AVP_REDIRECT_INFORMATION, .members = redirect_rows},
    {.field = "mute_notification", .avp = AVP_MUTE_NOTIFICATION, .conv = &xlate_presence},
    {.field = "sponsor_identity", .avp = AVP_SPONSOR_IDENTITY},
    {.field = "application_service_provider_identity",
     .avp = AVP_APPLICATION_SERVICE_PROVIDER_IDENTITY},
    {.field = "required_access_info", .avp = AVP_REQUIRED_ACCESS_INFO},
    {.field = "content_version", .avp = AVP_CONTENT_VERSION},
    XLATE_END,
};
static const struct xlate install_rows[] = {
    {.field = "definitions", .avp = AVP_CHARGING_RULE_DEFINITION, .members = definition_rows},
    {.field = "names", .avp = AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets},
    {.field = "base_names", .avp = AVP_CHARGING_RULE_BASE_NAME},
    {.field = "activation_unix", .avp = AVP_RULE_ACTIVATION_TIME, .conv = &xlate_unix},
    {.field = "deactivation_unix", .avp = AVP_RULE_DEACTIVATION_TIME, .conv = &xlate_unix},
    XLATE_END,
};
static const struct xlate remove_rows[] = {
    {.field = "names", .avp = AVP_CHARGING_RULE_NAME, .conv = &gxgy_octets},
    {.field = "base_names", .avp = AVP_CHARGING_RULE_BASE_NAME},
    XLATE_END,
};

#define TRIGGERS_ROW {.field = "event_triggers", .avp = AVP_EVENT_TRIGGER}
#define RULES_ROWS                                                                          \
    {.field = "remove", .avp = AVP_CHARGING_RULE_REMOVE, .members = remove_rows},           \
    {.field = "install", .avp = AVP_CHARGING_RULE_INSTALL, .members = install_rows}
#define QOS_ROW {.field = "qos", .avp = AVP_QOS_INFORMATION, .members = gxgy_qos_rows}
#define REVALIDATION_ROW \
    {.field = "revalidation_unix", .avp = AVP_REVALIDATION_TIME, .conv = &xlate_unix}
#define DEFAULT_QOS_ROW \
    {.field = "default_bearer_qos", .avp = AVP_DEFAULT_EPS_BEARER_QOS, .members = default_qos_rows}
#define MONITORS_ROW \
    {.field = "monitors", .avp = AVP_USAGE_MONITORING_INFORMATION, .members = monitor_rows}
#define RELEASE_ROW {.field = "session_release_cause", .avp = AVP_SESSION_RELEASE_CAUSE}

const struct xlate gxgy_gx_cca_rows[] = {
    {.field = "supported_features", .avp = AVP_SUPPORTED_FEATURES, .members = feature_rows},
    {.field = "bearer_control_mode", .avp = AVP_BEARER_CONTROL_MODE},
    TRIGGERS_ROW,
    RULES_ROWS,
    {.field = "online", .avp = AVP_ONLINE},
    {.field = "offline", .avp = AVP_OFFLINE},
    QOS_ROW,
    REVALIDATION_ROW,
    DEFAULT_QOS_ROW,
    MONITORS_ROW,
    RELEASE_ROW,
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
    XLATE_END,
};

const struct xlate gxgy_gx_raa_rows[] = {
    REPORTS_ROW,
    XLATE_END,
};
