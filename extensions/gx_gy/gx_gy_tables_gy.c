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

static bool has_causes(const ProtobufCMessage *msg)
{
    const Magma__Lte__SessionReport *report = ((const Fgw__Gxgy__PsInformation *)msg)->report;
    return report && report->n_ran_nas_release_causes > 0;
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
static const struct xlate requested_rows[] = {
    XLATE_FIELD("time", AVP_CC_TIME),
    XLATE_FIELD("money", AVP_CC_MONEY, .members = gxgy_money_rows),
    XLATE_FIELD("total", AVP_CC_TOTAL_OCTETS),
    XLATE_FIELD("input", AVP_CC_INPUT_OCTETS, .note = "From the UE."),
    XLATE_FIELD("output", AVP_CC_OUTPUT_OCTETS, .note = "To the UE."),
    XLATE_FIELD("units", AVP_CC_SERVICE_SPECIFIC_UNITS),
    XLATE_END,
};
static const struct xlate trigger_rows[] = {
    XLATE_FIELD("trigger_types", AVP_TRIGGER_TYPE),
    XLATE_END,
};
static const struct xlate service_request_rows[] = {
    XLATE_FIELD("requested", AVP_REQUESTED_SERVICE_UNIT, .flags = XLATE_ALWAYS,
                .members = requested_rows, .note = "Empty where the OCS decides on the quota."),
    XLATE_FIELD("used", AVP_USED_SERVICE_UNIT, .flags = XLATE_ALWAYS, .members = gxgy_used_rows),
    XLATE_FIELD("service_identifiers", AVP_SERVICE_IDENTIFIER),
    XLATE_FIELD("rating_group", AVP_RATING_GROUP),
    XLATE_FIELD("reporting_reasons", AVP_REPORTING_REASON),
    XLATE_AVP(AVP_TRIGGER, .when = has_triggers, .members = trigger_rows),
    XLATE_FIELD("refund_information", AVP_REFUND_INFORMATION),
    XLATE_END,
};
static const struct xlate diagnostics_rows[] = {
    XLATE_FIELD("report.ran_nas_release_causes", AVP_RAN_NAS_RELEASE_CAUSE),
    XLATE_END,
};
static const struct xlate ps_rows[] = {
    XLATE_FIELD("charging_id", AVP_3GPP_CHARGING_ID),
    XLATE_FIELD("pdn_connection_charging_id", AVP_PDN_CONNECTION_CHARGING_ID),
    XLATE_FIELD("node_id", AVP_NODE_ID, .note = "The access gateway, where set."),
    XLATE_FIELD("pdp_type", AVP_3GPP_PDP_TYPE),
    XLATE_FIELD("pdp_addresses", AVP_PDP_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("prefix_length", AVP_PDP_ADDRESS_PREFIX_LENGTH),
    XLATE_FIELD("qos", AVP_QOS_INFORMATION, .members = gxgy_qos_rows),
    XLATE_FIELD("negotiated_qos", AVP_3GPP_GPRS_NEGOTIATED_QOS_PROFILE,
                .note = "TS 29.061 16.4.7.2, 5; where set, for OCSs of releases before 8."),
    XLATE_FIELD("sgsn_address", AVP_SGSN_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("ggsn_address", AVP_GGSN_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("cg_address", AVP_CG_ADDRESS, .conv = &xlate_address),
    XLATE_FIELD("serving_node_type", AVP_SERVING_NODE_TYPE),
    XLATE_FIELD("imsi_mcc_mnc", AVP_3GPP_IMSI_MCC_MNC, .conv = &gxgy_mcc_mnc),
    XLATE_FIELD("ggsn_mcc_mnc", AVP_3GPP_GGSN_MCC_MNC, .conv = &gxgy_mcc_mnc),
    XLATE_FIELD("nsapi", AVP_3GPP_NSAPI),
    XLATE_FIELD("called_station_id", AVP_CALLED_STATION_ID),
    XLATE_FIELD("session_stop_indicator", AVP_3GPP_SESSION_STOP_INDICATOR),
    XLATE_FIELD("selection_mode", AVP_3GPP_SELECTION_MODE),
    XLATE_FIELD("charging_characteristics", AVP_3GPP_CHARGING_CHARACTERISTICS),
    XLATE_FIELD("sgsn_mcc_mnc", AVP_3GPP_SGSN_MCC_MNC, .conv = &gxgy_mcc_mnc),
    XLATE_FIELD("access_timezone.offset_minutes", AVP_3GPP_MS_TIMEZONE, .conv = &gxgy_timezone),
    XLATE_FIELD("user_location", AVP_3GPP_USER_LOCATION_INFO),
    XLATE_FIELD("report.user_location_time_unix", AVP_USER_LOCATION_INFO_TIME, .conv = &xlate_unix),
    XLATE_FIELD("report.presence_areas", AVP_PRESENCE_REPORTING_AREA_INFORMATION,
                .members = gxgy_presence_rows),
    XLATE_FIELD("rat_type", AVP_3GPP_RAT_TYPE, .note = "One octet, TS 29.061 16.4.7.2, 21."),
    XLATE_FIELD("report.nbifom_mode", AVP_NBIFOM_MODE),
    XLATE_FIELD("report.nbifom_support", AVP_NBIFOM_SUPPORT),
    XLATE_AVP(AVP_ENHANCED_DIAGNOSTICS, .when = has_causes, .members = diagnostics_rows),
    XLATE_END,
};
static const struct xlate information_rows[] = {
    XLATE_FIELD("ps_information", AVP_PS_INFORMATION, .members = ps_rows),
    XLATE_END,
};

const struct xlate gxgy_gy_ccr_rows[] = {
    XLATE_AVP(AVP_AUTH_APPLICATION_ID, .flags = XLATE_CONST, .value = DIA_APP_CREDIT_CONTROL),
    XLATE_FIELD("service_context_id", AVP_SERVICE_CONTEXT_ID, .flags = XLATE_REQUIRED),
    XLATE_FIELD("type", AVP_CC_REQUEST_TYPE, .flags = XLATE_REQUIRED, .min = 1, .max = 4),
    XLATE_FIELD("number", AVP_CC_REQUEST_NUMBER, .flags = XLATE_ALWAYS),
    XLATE_FIELD("user_name", AVP_USER_NAME),
    XLATE_FIELD("event_timestamp", AVP_EVENT_TIMESTAMP, .conv = &xlate_unix),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .when = has_msisdn, .members = msisdn_rows),
    XLATE_AVP(AVP_SUBSCRIPTION_ID, .flags = XLATE_REQUIRED, .members = imsi_rows),
    XLATE_FIELD("termination_cause", AVP_TERMINATION_CAUSE),
    XLATE_FIELD("requested_action", AVP_REQUESTED_ACTION),
    XLATE_FIELD("multiple_services", AVP_MULTIPLE_SERVICES_INDICATOR),
    XLATE_FIELD("services", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, .members = service_request_rows),
    XLATE_AVP(AVP_USER_EQUIPMENT_INFO, .when = has_imei, .members = gxgy_imei_rows),
    XLATE_AVP(AVP_SERVICE_INFORMATION, .members = information_rows),
    XLATE_END,
};

// ---- CCA ----
static const struct xlate pool_value_rows[] = {
    XLATE_FIELD("value_digits", AVP_VALUE_DIGITS, .flags = XLATE_REQUIRED),
    XLATE_FIELD("exponent", AVP_EXPONENT),
    XLATE_END,
};
static const struct xlate pool_rows[] = {
    XLATE_FIELD("identifier", AVP_G_S_U_POOL_IDENTIFIER, .flags = XLATE_REQUIRED),
    XLATE_FIELD("unit_type", AVP_CC_UNIT_TYPE, .flags = XLATE_REQUIRED),
    XLATE_AVP(AVP_UNIT_VALUE, .flags = XLATE_REQUIRED, .members = pool_value_rows),
    XLATE_END,
};
static const struct xlate redirect_server_rows[] = {
    XLATE_FIELD("redirect_address_type", AVP_REDIRECT_ADDRESS_TYPE, .flags = XLATE_REQUIRED),
    XLATE_FIELD("redirect_server_address", AVP_REDIRECT_SERVER_ADDRESS, .flags = XLATE_REQUIRED),
    XLATE_END,
};
static const struct xlate final_rows[] = {
    XLATE_FIELD("action", AVP_FINAL_UNIT_ACTION, .flags = XLATE_REQUIRED, .max = 2),
    XLATE_FIELD("restriction_filter_rules", AVP_RESTRICTION_FILTER_RULE),
    XLATE_FIELD("filter_ids", AVP_FILTER_ID),
    XLATE_FIELD("redirect_server", AVP_REDIRECT_SERVER, .members = redirect_server_rows),
    XLATE_END,
};
static const struct xlate qos_final_rows[] = {
    XLATE_FIELD("action", AVP_FINAL_UNIT_ACTION, .flags = XLATE_REQUIRED, .max = 2),
    XLATE_FIELD("filter_ids", AVP_FILTER_ID),
    XLATE_END,
};
static const struct xlate trigger_answer_rows[] = {
    XLATE_FIELD("trigger_types", AVP_TRIGGER_TYPE),
    XLATE_END,
};
// A grant whose service or result cannot be read is nobody's.
static const struct xlate service_answer_rows[] = {
    XLATE_FIELD("granted", AVP_GRANTED_SERVICE_UNIT, .members = gxgy_granted_rows),
    XLATE_FIELD("service_identifiers", AVP_SERVICE_IDENTIFIER, .flags = XLATE_KEY),
    XLATE_FIELD("rating_group", AVP_RATING_GROUP, .flags = XLATE_KEY),
    XLATE_FIELD("pools", AVP_G_S_U_POOL_REFERENCE, .members = pool_rows),
    XLATE_FIELD("validity_time", AVP_VALIDITY_TIME),
    XLATE_FIELD("result_code", AVP_RESULT_CODE, .flags = XLATE_KEY),
    XLATE_FIELD("final_unit", AVP_FINAL_UNIT_INDICATION, .members = final_rows),
    XLATE_FIELD("qos_final_unit", AVP_QOS_FINAL_UNIT_INDICATION, .members = qos_final_rows,
                .note = "Used where there is no Final-Unit-Indication."),
    XLATE_FIELD("time_quota_threshold", AVP_TIME_QUOTA_THRESHOLD),
    XLATE_FIELD("volume_quota_threshold", AVP_VOLUME_QUOTA_THRESHOLD),
    XLATE_FIELD("unit_quota_threshold", AVP_UNIT_QUOTA_THRESHOLD),
    XLATE_FIELD("quota_holding_time", AVP_QUOTA_HOLDING_TIME),
    XLATE_FIELD("quota_consumption_time", AVP_QUOTA_CONSUMPTION_TIME),
    XLATE_AVP(AVP_TRIGGER, .members = trigger_answer_rows),
    XLATE_FIELD("refund_information", AVP_REFUND_INFORMATION),
    XLATE_END,
};

static const struct xlate cost_value_rows[] = {
    XLATE_FIELD("cost.value_digits", AVP_VALUE_DIGITS, .flags = XLATE_REQUIRED),
    XLATE_FIELD("cost.exponent", AVP_EXPONENT),
    XLATE_END,
};
static const struct xlate cost_rows[] = {
    XLATE_AVP(AVP_UNIT_VALUE, .flags = XLATE_REQUIRED, .members = cost_value_rows),
    XLATE_FIELD("cost.currency_code", AVP_CURRENCY_CODE),
    XLATE_FIELD("cost_unit", AVP_COST_UNIT),
    XLATE_END,
};
static const struct xlate balance_value_rows[] = {
    XLATE_FIELD("remaining_balance.value_digits", AVP_VALUE_DIGITS, .flags = XLATE_REQUIRED),
    XLATE_FIELD("remaining_balance.exponent", AVP_EXPONENT),
    XLATE_END,
};
static const struct xlate balance_rows[] = {
    XLATE_AVP(AVP_UNIT_VALUE, .flags = XLATE_REQUIRED, .members = balance_value_rows),
    XLATE_FIELD("remaining_balance.currency_code", AVP_CURRENCY_CODE),
    XLATE_END,
};

const struct xlate gxgy_gy_cca_rows[] = {
    XLATE_FIELD("session_failover", AVP_CC_SESSION_FAILOVER),
    XLATE_FIELD("granted", AVP_GRANTED_SERVICE_UNIT, .members = gxgy_granted_rows),
    XLATE_FIELD("services", AVP_MULTIPLE_SERVICES_CREDIT_CONTROL, .members = service_answer_rows),
    XLATE_AVP(AVP_COST_INFORMATION, .members = cost_rows),
    XLATE_FIELD("low_balance", AVP_LOW_BALANCE_INDICATION),
    XLATE_AVP(AVP_REMAINING_BALANCE, .members = balance_rows),
    XLATE_FIELD("final_unit", AVP_FINAL_UNIT_INDICATION, .members = final_rows),
    XLATE_FIELD("check_balance", AVP_CHECK_BALANCE_RESULT),
    XLATE_FIELD("failure_handling", AVP_CREDIT_CONTROL_FAILURE_HANDLING, .max = 2),
    XLATE_FIELD("direct_debiting", AVP_DIRECT_DEBITING_FAILURE_HANDLING, .max = 1),
    XLATE_FIELD("validity_time", AVP_VALIDITY_TIME),
    XLATE_END,
};

const struct xlate gxgy_gy_rar_rows[] = {
    XLATE_FIELD("service_identifier", AVP_SERVICE_IDENTIFIER),
    XLATE_FIELD("rating_group", AVP_RATING_GROUP),
    XLATE_END,
};
