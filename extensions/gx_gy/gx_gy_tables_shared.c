// SPDX-License-Identifier: BSD-3-Clause
// Rows that Gx and Gy share.
#include "diameter/avp.h"
#include "extensions/gx_gy/gx_gy_conv.h"
#include "extensions/gx_gy/gx_gy_tables.h"

static const struct xlate arp_rows[] = {
    {.field = "priority_level", .avp = AVP_PRIORITY_LEVEL, .flags = XLATE_REQUIRED, .min = 1, .max = 15},
    {.field = "preemption_capability", .avp = AVP_PRE_EMPTION_CAPABILITY, .note = "0 is enabled."},
    {.field = "preemption_vulnerability", .avp = AVP_PRE_EMPTION_VULNERABILITY, .note = "0 is enabled."},
    XLATE_END,
};

const struct xlate gxgy_qos_rows[] = {
    {.field = "qci", .avp = AVP_QOS_CLASS_IDENTIFIER},
    {.field = "max_bw_ul", .avp = AVP_MAX_REQUESTED_BANDWIDTH_UL},
    {.field = "max_bw_dl", .avp = AVP_MAX_REQUESTED_BANDWIDTH_DL},
    {.field = "extended_max_bw_ul", .avp = AVP_EXTENDED_MAX_REQUESTED_BW_UL},
    {.field = "extended_max_bw_dl", .avp = AVP_EXTENDED_MAX_REQUESTED_BW_DL},
    {.field = "gbr_ul", .avp = AVP_GUARANTEED_BITRATE_UL},
    {.field = "gbr_dl", .avp = AVP_GUARANTEED_BITRATE_DL},
    {.field = "extended_gbr_ul", .avp = AVP_EXTENDED_GBR_UL},
    {.field = "extended_gbr_dl", .avp = AVP_EXTENDED_GBR_DL},
    {.field = "arp", .avp = AVP_ALLOCATION_RETENTION_PRIORITY, .members = arp_rows},
    {.field = "ambr_ul", .avp = AVP_APN_AGGREGATE_MAX_BITRATE_UL},
    {.field = "ambr_dl", .avp = AVP_APN_AGGREGATE_MAX_BITRATE_DL},
    {.field = "extended_ambr_ul", .avp = AVP_EXTENDED_APN_AMBR_UL},
    {.field = "extended_ambr_dl", .avp = AVP_EXTENDED_APN_AMBR_DL},
    XLATE_END,
};

const struct xlate gxgy_used_rows[] = {
    {.field = "reporting_reason", .avp = AVP_REPORTING_REASON},
    {.field = "tariff_change_usage", .avp = AVP_TARIFF_CHANGE_USAGE},
    {.field = "time", .avp = AVP_CC_TIME},
    {.field = "total", .avp = AVP_CC_TOTAL_OCTETS},
    {.field = "input", .avp = AVP_CC_INPUT_OCTETS, .note = "From the UE."},
    {.field = "output", .avp = AVP_CC_OUTPUT_OCTETS, .note = "To the UE."},
    {.field = "units", .avp = AVP_CC_SERVICE_SPECIFIC_UNITS},
    XLATE_END,
};

static const struct xlate unit_value_rows[] = {
    {.field = "value_digits", .avp = AVP_VALUE_DIGITS, .flags = XLATE_REQUIRED},
    {.field = "exponent", .avp = AVP_EXPONENT},
    XLATE_END,
};

static const struct xlate money_rows[] = {
    {.avp = AVP_UNIT_VALUE, .flags = XLATE_REQUIRED, .members = unit_value_rows},
    {.field = "currency_code", .avp = AVP_CURRENCY_CODE},
    XLATE_END,
};

const struct xlate gxgy_granted_rows[] = {
    {.field = "tariff_time_change", .avp = AVP_TARIFF_TIME_CHANGE, .conv = &xlate_unix},
    {.field = "time", .avp = AVP_CC_TIME},
    {.field = "money", .avp = AVP_CC_MONEY, .members = money_rows},
    {.field = "total", .avp = AVP_CC_TOTAL_OCTETS},
    {.field = "input", .avp = AVP_CC_INPUT_OCTETS, .note = "From the UE."},
    {.field = "output", .avp = AVP_CC_OUTPUT_OCTETS, .note = "To the UE."},
    {.field = "units", .avp = AVP_CC_SERVICE_SPECIFIC_UNITS},
    XLATE_END,
};

const struct xlate gxgy_imei_rows[] = {
    {.avp = AVP_USER_EQUIPMENT_INFO_TYPE, .flags = XLATE_CONST, .value = 0, .note = "IMEISV."},
    {.field = "imei", .avp = AVP_USER_EQUIPMENT_INFO_VALUE, .conv = &gxgy_octets,
     .flags = XLATE_REQUIRED},
    XLATE_END,
};
