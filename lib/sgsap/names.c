// SPDX-License-Identifier: BSD-3-Clause
// Names of the numbers in SGsAP, for logs, counters and tools.
#include "sgsap/sgsap.h"

struct name {
    unsigned value;
    const char *text;
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define NAME_OF(table, value) name_of((table), COUNT(table), (value))

static const char *name_of(const struct name *table, size_t n, unsigned value)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].value == value)
            return table[i].text;
    }
    return "unknown";
}

const char *sgsap_type_name(uint8_t type)
{
    static const struct name table[] = {
#define NAME_(id, value, text) {value, text},
        SGSAP_TYPES(NAME_)
#undef NAME_
    };
    return NAME_OF(table, type);
}

const char *sgsap_ie_name(enum sgsap_ie ie)
{
    const struct sgsap_element *element = sgsap_element_of(ie);
    return element ? element->name : "unknown";
}

const char *sgsap_cause_name(uint8_t cause)
{
    static const struct name table[] = {
#define NAME_(id, value, text) {value, text},
        SGSAP_CAUSES(NAME_)
#undef NAME_
    };
    return NAME_OF(table, cause);
}

const char *sgsap_reject_cause_name(uint8_t cause)
{
    static const struct name table[] = {
        {2, "IMSI unknown in HLR"},
        {3, "illegal MS"},
        {4, "IMSI unknown in VLR"},
        {5, "IMEI not accepted"},
        {6, "illegal ME"},
        {11, "PLMN not allowed"},
        {12, "location area not allowed"},
        {13, "roaming not allowed in this location area"},
        {15, "no suitable cells in location area"},
        {17, "network failure"},
        {20, "MAC failure"},
        {21, "synch failure"},
        {22, "congestion"},
        {23, "GSM authentication unacceptable"},
        {25, "not authorized for this CSG"},
        {32, "service option not supported"},
        {33, "requested service option not subscribed"},
        {34, "service option temporarily out of order"},
        {38, "call cannot be identified"},
        {95, "semantically incorrect message"},
        {96, "invalid mandatory information"},
        {97, "message type non-existent or not implemented"},
        {98, "message type not compatible with the protocol state"},
        {99, "information element non-existent or not implemented"},
        {100, "conditional IE error"},
        {101, "message not compatible with the protocol state"},
        {111, "protocol error, unspecified"},
    };
    if (cause >= 48 && cause <= 63)
        return "retry upon entry into a new cell";
    return NAME_OF(table, cause);
}

const char *sgsap_eps_lu_type_name(uint8_t type)
{
    static const struct name table[] = {{1, "IMSI attach"}, {2, "normal"}};
    return NAME_OF(table, type);
}

const char *sgsap_eps_detach_name(uint8_t type)
{
    static const struct name table[] = {
        {1, "network initiated"},
        {2, "UE initiated"},
        {3, "EPS services not allowed"},
    };
    return NAME_OF(table, type);
}

const char *sgsap_imsi_detach_name(uint8_t type)
{
    static const struct name table[] = {
        {1, "explicit UE initiated from non-EPS"},
        {2, "combined UE initiated from EPS and non-EPS"},
        {3, "implicit network initiated from EPS and non-EPS"},
    };
    return NAME_OF(table, type);
}

const char *sgsap_service_name(uint8_t indicator)
{
    static const struct name table[] = {{1, "CS call"}, {2, "SMS"}};
    return NAME_OF(table, indicator);
}

const char *sgsap_lcs_indicator_name(uint8_t indicator)
{
    static const struct name table[] = {{1, "MT-LR"}};
    return NAME_OF(table, indicator);
}

const char *sgsap_emm_mode_name(uint8_t mode)
{
    static const struct name table[] = {{0, "EMM-IDLE"}, {1, "EMM-CONNECTED"}};
    return NAME_OF(table, mode);
}

const char *sgsap_remark_name(enum sgsap_remark remark)
{
    static const struct name table[] = {
        {SGSAP_REMARK_UNKNOWN_IE, "unknown_ie"},
        {SGSAP_REMARK_UNFORESEEN_IE, "unforeseen_ie"},
        {SGSAP_REMARK_OUT_OF_SEQUENCE, "out_of_sequence"},
        {SGSAP_REMARK_REPEATED_IE, "repeated_ie"},
        {SGSAP_REMARK_INVALID_OPTIONAL, "invalid_optional"},
        {SGSAP_REMARK_OVERLONG_IE, "overlong_ie"},
        {SGSAP_REMARK_TRUNCATED, "truncated"},
    };
    return NAME_OF(table, remark);
}

const char *sgsap_side_name(enum sgsap_side side)
{
    static const struct name table[] = {{SGSAP_MME, "MME"}, {SGSAP_VLR, "VLR"}};
    return NAME_OF(table, side);
}
