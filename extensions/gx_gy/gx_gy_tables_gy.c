// SPDX-License-Identifier: BSD-3-Clause
// Tables of Gy, TS 32.299 and RFC 8506. Which values the fields of a request get is gx_gy_gy.c's
// business.
#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy_conv.h"
#include "extensions/gx_gy/gx_gy_tables.h"
#include "proto/gx_gy.pb-c.h"

typedef Fgw__Gxgy__GyRequest GyRequest;

// ---- CCR ----
static bool has_msisdn(const ProtobufCMessage *msg)
{
    const GyRequest *m = (const GyRequest *)msg;
    return m->common_context && m->common_context->msisdn.len > 0;
}

static bool has_imei(const ProtobufCMessage *msg)
{
    return ((const GyRequest *)msg)->imei[0] != '\0';
}

static bool has_triggers(const ProtobufCMessage *msg)
{
    return ((const Fgw__Gxgy__ServiceRequest *)msg)->n_trigger_types > 0;
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
static const struct xlate requested_rows[] = {
    {.field = "time", .avp = AVP_CC_TIME},
    {.field = "total", .avp = AVP_CC_TOTAL_OCTETS},
    {.field = "input", .avp = AVP_CC_INPUT_OCTETS, .note = "From the UE."},
    {.field = "output", .avp = AVP_CC_OUTPUT_OCTETS, .note = "To the UE."},
    {.field = "units", .avp = AVP_CC_SERVICE_SPECIFIC_UNITS},
    XLATE_END,
};
static const struct xlate trigger_rows[] = {
    {.field = "trigger_types", .avp = AVP_TRIGGER_TYPE},
    XLATE_END,
};
static const struct xlate service_request_rows[] = {
    {.field = "requested", .avp = AVP_REQUESTED_SERVICE_UNIT, .flags = XLATE_ALWAYS,
     .members = requested_rows, .note = "Empty where the OCS decides on the quota."},
    {.field = "used", .avp = AVP_USED_SERVICE_UNIT, .flags = XLATE_ALWAYS, .members = gxgy_used_rows},
    {.field = "service_identifiers", .avp = AVP_SERVICE_IDENTIFIER},
    {.field = "rating_group", .avp = AVP_RATING_GROUP},
    {.field = "reporting_reasons", .avp = AVP_REPORTING_REASON},
    {.avp = AVP_TRIGGER, .when = has_triggers, .members = trigger_rows},
    XLATE_END,
};
static const struct xlate ps_rows[] = {
    {.field = "charging_id", .avp = AVP_3GPP_CHARGING_ID},
    {.field = "pdp_type", .avp = AVP_3GPP_PDP_TYPE},
    {.field = "pdp_addresses", .avp = AVP_PDP_ADDRESS, .conv = &xlate_address},
    {.field = "prefix_length", .avp = AVP_PDP_ADDRESS_PREFIX_LENGTH},
    {.field = "qos", .avp = AVP_QOS_INFORMATION, .members = gxgy_qos_rows},
    {.field = "sgsn_address", .avp = AVP_SGSN_ADDRESS, .conv = &xlate_address},
    {.field = "ggsn_address", .avp = AVP_GGSN_ADDRESS, .conv = &xlate_address},
    {.field = "cg_address", .avp = AVP_CG_ADDRESS, .conv = &xlate_address},
    {.field = "serving_node_type", .avp = AVP_SERVING_NODE_TYPE},
    {.field = "imsi_mcc_mnc", .avp = AVP_3GPP_IMSI_MCC_MNC, .conv = &gxgy_mcc_mnc},
    {.field = "ggsn_mcc_mnc", .avp = AVP_3GPP_GGSN_MCC_MNC, .conv = &gxgy_mcc_mnc},
    {.field = "nsapi", .avp = AVP_3GPP_NSAPI},
    {.field = "called_station_id", .avp = AVP_CALLED_STATION_ID},
    {.field = "session_stop_indicator", .avp = AVP_3GPP_SESSION_STOP_INDICATOR},
    {.field = "selection_mode", .avp = AVP_3GPP_SELECTION_MODE},
    {.field = "charging_characteristics", .avp = AVP_3GPP_CHARGING_CHARACTERISTICS},
    {.field = "sgsn_mcc_mnc", .avp = AVP_3GPP_SGSN_MCC_MNC, .conv = &gxgy_mcc_mnc},
    {.field = "access_timezone.offset_minutes", .avp = AVP_3GPP_MS_TIMEZONE, .conv = &gxgy_timezone},
    {.field = "user_location", .avp = AVP_3GPP_USER_LOCATION_INFO},
    {.field = "rat_type", .avp = AVP_3GPP_RAT_TYPE, .note = "One octet, TS 29.061 16.4.7.2, 21."},
    XLATE_END,
};
static const struct xlate information_rows[] = {
    {.field = "ps_information", .avp = AVP_PS_INFORMATION, .members = ps_rows},
    XLATE_END,
};

const struct xlate gxgy_gy_ccr_rows[] = {
    {.avp = AVP_AUTH_APPLICATION_ID, .flags = XLATE_CONST, .value = DIA_APP_CREDIT_CONTROL},
    {.field = "service_context_id", .avp = AVP_SERVICE_CONTEXT_ID, .flags = XLATE_REQUIRED},
    {.field = "type", .avp = AVP_CC_REQUEST_TYPE, .flags = XLATE_REQUIRED, .min = 1, .max = 4},
    {.field = "number", .avp = AVP_CC_REQUEST_NUMBER, .flags = XLATE_ALWAYS},
    {.field = "user_name", .avp = AVP_USER_NAME},
    {.field = "event_timestamp", .avp = AVP_EVENT_TIMESTAMP, .conv = &xlate_unix},
    {.avp = AVP_SUBSCRIPTION_ID, .when = has_msisdn, .members = msisdn_rows},
    {.avp = AVP_SUBSCRIPTION_ID, .flags = XLATE_REQUIRED, .members = imsi_rows},
    {.field = "termination_cause", .avp = AVP_TERMINATION_CAUSE},
    {.field = "requested_action", .avp = AVP_REQUESTED_ACTION},
    {.field = "multiple_services", .avp = AVP_MULTIPLE_SERVICES_INDICATOR},
    {.field = "services", .avp = AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, .members = service_request_rows},
    {.avp = AVP_USER_EQUIPMENT_INFO, .when = has_imei, .members = gxgy_imei_rows},
    {.avp = AVP_SERVICE_INFORMATION, .members = information_rows},
    XLATE_END,
};

// ---- CCA ----
static const struct xlate pool_value_rows[] = {
    {.field = "value_digits", .avp = AVP_VALUE_DIGITS, .flags = XLATE_REQUIRED},
    {.field = "exponent", .avp = AVP_EXPONENT},
    XLATE_END,
};
static const struct xlate pool_rows[] = {
    {.field = "identifier", .avp = AVP_G_S_U_POOL_IDENTIFIER, .flags = XLATE_REQUIRED},
    {.field = "unit_type", .avp = AVP_CC_UNIT_TYPE, .flags = XLATE_REQUIRED},
    {.avp = AVP_UNIT_VALUE, .flags = XLATE_REQUIRED, .members = pool_value_rows},
    XLATE_END,
};
static const struct xlate redirect_server_rows[] = {
    {.field = "redirect_address_type", .avp = AVP_REDIRECT_ADDRESS_TYPE, .flags = XLATE_REQUIRED},
    {.field = "redirect_server_address", .avp = AVP_REDIRECT_SERVER_ADDRESS, .flags = XLATE_REQUIRED},
    XLATE_END,
};
static const struct xlate final_rows[] = {
    {.field = "action", .avp = AVP_FINAL_UNIT_ACTION, .flags = XLATE_REQUIRED, .max = 2},
    {.field = "restriction_filter_rules", .avp = AVP_RESTRICTION_FILTER_RULE},
    {.field = "filter_ids", .avp = AVP_FILTER_ID},
    {.field = "redirect_server", .avp = AVP_REDIRECT_SERVER, .members = redirect_server_rows},
    XLATE_END,
};
static const struct xlate qos_final_rows[] = {
    {.field = "action", .avp = AVP_FINAL_UNIT_ACTION, .flags = XLATE_REQUIRED, .max = 2},
    {.field = "filter_ids", .avp = AVP_FILTER_ID},
    XLATE_END,
};
static const struct xlate trigger_answer_rows[] = {
    {.field = "trigger_types", .avp = AVP_TRIGGER_TYPE},
    XLATE_END,
};
static const struct xlate service_answer_rows[] = {
    {.field = "granted", .avp = AVP_GRANTED_SERVICE_UNIT, .members = gxgy_granted_rows},
    {.field = "service_identifiers", .avp = AVP_SERVICE_IDENTIFIER},
    {.field = "rating_group", .avp = AVP_RATING_GROUP},
    {.field = "pools", .avp = AVP_G_S_U_POOL_REFERENCE, .members = pool_rows},
    {.field = "validity_time", .avp = AVP_VALIDITY_TIME},
    {.field = "result_code", .avp = AVP_RESULT_CODE},
    {.field = "final_unit", .avp = AVP_FINAL_UNIT_INDICATION, .members = final_rows},
    {.field = "qos_final_unit", .avp = AVP_QOS_FINAL_UNIT_INDICATION, .members = qos_final_rows,
     .note = "Used where there is no Final-Unit-Indication."},
    {.field = "time_quota_threshold", .avp = AVP_TIME_QUOTA_THRESHOLD},
    {.field = "volume_quota_threshold", .avp = AVP_VOLUME_QUOTA_THRESHOLD},
    {.field = "unit_quota_threshold", .avp = AVP_UNIT_QUOTA_THRESHOLD},
    {.field = "quota_holding_time", .avp = AVP_QUOTA_HOLDING_TIME},
    {.field = "quota_consumption_time", .avp = AVP_QUOTA_CONSUMPTION_TIME},
    {.avp = AVP_TRIGGER, .members = trigger_answer_rows},
    XLATE_END,
};

const struct xlate gxgy_gy_cca_rows[] = {
    {.field = "session_failover", .avp = AVP_CC_SESSION_FAILOVER},
    {.field = "granted", .avp = AVP_GRANTED_SERVICE_UNIT, .members = gxgy_granted_rows},
    {.field = "services", .avp = AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, .members = service_answer_rows},
    {.field = "final_unit", .avp = AVP_FINAL_UNIT_INDICATION, .members = final_rows},
    {.field = "failure_handling", .avp = AVP_CREDIT_CONTROL_FAILURE_HANDLING, .max = 2},
    {.field = "validity_time", .avp = AVP_VALIDITY_TIME},
    XLATE_END,
};

const struct xlate gxgy_gy_rar_rows[] = {
    {.field = "service_identifier", .avp = AVP_SERVICE_IDENTIFIER},
    {.field = "rating_group", .avp = AVP_RATING_GROUP},
    XLATE_END,
};
