// SPDX-License-Identifier: BSD-3-Clause
// Rows that Gx and Gy share.
#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy_conv.h"
#include "extensions/gx_gy/gx_gy_tables.h"

static const struct xlate arp_rows[] = {
    XLATE_FIELD("priority_level", AVP_PRIORITY_LEVEL, .flags = XLATE_REQUIRED, .min = 1, .max = 15),
    XLATE_FIELD("preemption_capability", AVP_PRE_EMPTION_CAPABILITY, .note = "0 is enabled."),
    XLATE_FIELD("preemption_vulnerability", AVP_PRE_EMPTION_VULNERABILITY, .note = "0 is enabled."),
    XLATE_END,
};

const struct xlate gxgy_qos_rows[] = {
    XLATE_FIELD("qci", AVP_QOS_CLASS_IDENTIFIER),
    XLATE_FIELD("max_bw_ul", AVP_MAX_REQUESTED_BANDWIDTH_UL),
    XLATE_FIELD("max_bw_dl", AVP_MAX_REQUESTED_BANDWIDTH_DL),
    XLATE_FIELD("extended_max_bw_ul", AVP_EXTENDED_MAX_REQUESTED_BW_UL),
    XLATE_FIELD("extended_max_bw_dl", AVP_EXTENDED_MAX_REQUESTED_BW_DL),
    XLATE_FIELD("gbr_ul", AVP_GUARANTEED_BITRATE_UL),
    XLATE_FIELD("gbr_dl", AVP_GUARANTEED_BITRATE_DL),
    XLATE_FIELD("extended_gbr_ul", AVP_EXTENDED_GBR_UL),
    XLATE_FIELD("extended_gbr_dl", AVP_EXTENDED_GBR_DL),
    XLATE_FIELD("arp", AVP_ALLOCATION_RETENTION_PRIORITY, .members = arp_rows),
    XLATE_FIELD("ambr_ul", AVP_APN_AGGREGATE_MAX_BITRATE_UL),
    XLATE_FIELD("ambr_dl", AVP_APN_AGGREGATE_MAX_BITRATE_DL),
    XLATE_FIELD("extended_ambr_ul", AVP_EXTENDED_APN_AMBR_UL),
    XLATE_FIELD("extended_ambr_dl", AVP_EXTENDED_APN_AMBR_DL),
    XLATE_END,
};

const struct xlate gxgy_used_rows[] = {
    XLATE_FIELD("reporting_reason", AVP_REPORTING_REASON),
    XLATE_FIELD("tariff_change_usage", AVP_TARIFF_CHANGE_USAGE),
    XLATE_FIELD("time", AVP_CC_TIME),
    XLATE_FIELD("total", AVP_CC_TOTAL_OCTETS),
    XLATE_FIELD("input", AVP_CC_INPUT_OCTETS, .note = "From the UE."),
    XLATE_FIELD("output", AVP_CC_OUTPUT_OCTETS, .note = "To the UE."),
    XLATE_FIELD("units", AVP_CC_SERVICE_SPECIFIC_UNITS),
    XLATE_END,
};

static const struct xlate unit_value_rows[] = {
    XLATE_FIELD("value_digits", AVP_VALUE_DIGITS, .flags = XLATE_REQUIRED),
    XLATE_FIELD("exponent", AVP_EXPONENT),
    XLATE_END,
};

const struct xlate gxgy_money_rows[] = {
    XLATE_AVP(AVP_UNIT_VALUE, .flags = XLATE_REQUIRED, .members = unit_value_rows),
    XLATE_FIELD("currency_code", AVP_CURRENCY_CODE),
    XLATE_END,
};

const struct xlate gxgy_granted_rows[] = {
    XLATE_FIELD("tariff_time_change", AVP_TARIFF_TIME_CHANGE, .conv = &xlate_unix),
    XLATE_FIELD("time", AVP_CC_TIME),
    XLATE_FIELD("money", AVP_CC_MONEY, .members = gxgy_money_rows),
    XLATE_FIELD("total", AVP_CC_TOTAL_OCTETS),
    XLATE_FIELD("input", AVP_CC_INPUT_OCTETS, .note = "From the UE."),
    XLATE_FIELD("output", AVP_CC_OUTPUT_OCTETS, .note = "To the UE."),
    XLATE_FIELD("units", AVP_CC_SERVICE_SPECIFIC_UNITS),
    XLATE_END,
};

const struct xlate gxgy_imei_rows[] = {
    XLATE_AVP(AVP_USER_EQUIPMENT_INFO_TYPE, .flags = XLATE_CONST, .value = 0, .note = "IMEISV."),
    XLATE_FIELD("imei", AVP_USER_EQUIPMENT_INFO_VALUE, .conv = &gxgy_octets,
                .flags = XLATE_REQUIRED),
    XLATE_END,
};

const struct xlate gxgy_presence_rows[] = {
    XLATE_FIELD("identifier", AVP_PRESENCE_REPORTING_AREA_IDENTIFIER),
    XLATE_FIELD("status", AVP_PRESENCE_REPORTING_AREA_STATUS),
    XLATE_FIELD("elements", AVP_PRESENCE_REPORTING_AREA_ELEMENTS_LIST),
    XLATE_FIELD("node", AVP_PRESENCE_REPORTING_AREA_NODE),
    XLATE_END,
};
