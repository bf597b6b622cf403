// SPDX-License-Identifier: BSD-3-Clause
// Calls of an access gateway and AVPs of the core that several tests use. The AVPs' bytes were
// written out from their clauses by the tests' own encoder (tests/system/peer.py), not by this
// program.
#pragma once

#include "kit.h"

#define CHARGED_RULES                                                                              \
    "000003e9c00000a4000028af000003ebc0000070000028af000003edc000000e000028af723100000000"         \
    "01b04000000c000000070000042280000048000028af000001fbc0000029000028af7065726d6974206f"         \
    "75742069702066726f6d20616e7920746f20616e790000000000043880000010000028af000000030000"         \
    "03ebc0000028000028af000003edc000000e000028af72320000000001b04000000c00000007"

#define ONLINE_0 "000003f1c0000010000028af00000000"

#define GRANT_7                                                                                    \
    "000001c840000044000001af40000018000001a5400000100000000000200000000001b04000000c0000"         \
    "0007000001c04000000c00000e100000010c4000000c000007d1"

#define LIMIT_7 "000001c840000020000001b04000000c000000070000010c4000000c00000fac"

#define BARRED_7 "000001c840000020000001b04000000c000000070000010c4000000c00000faa"

#define HANDLING_CONTINUE "000001ab4000000c00000001"

#define FAILOVER_SUPPORTED "000001a24000000c00000001"

#define INSTALL_NAMES                                                                              \
    "000003e9c000004c000028af000003edc000000f000028af6f6e6500000003ecc0000010000028af6261"         \
    "736500000413c0000010000028afeef4508000000414c0000010000028afeef45e90"

#define SESSION_PART                                                                               \
    "000003eec0000010000028af00000011000003eec0000010000028af00000021000003f8c000002c0000"         \
    "28af0000041080000010000028af003d09000000041180000010000028af001e848000000412c0000010"         \
    "000028afeef450800000041980000058000028af00000404c0000010000028af000000080000040a8000"         \
    "003c000028af0000041680000010000028af000000030000041780000010000028af0000000100000418"         \
    "80000010000028af000000000000042b80000044000028af0000042a8000000f000028af6d6b31000000"         \
    "01af40000018000001a54000001000000000000003e80000042c80000010000028af00000000"

#define MONITOR_MK1                                                                                \
    "0000042b80000064000028af0000042a8000000f000028af6d6b3100000001af40000038000001a54000"         \
    "001000000000000001f40000019c4000001000000000000000c80000019e40000010000000000000012c"         \
    "0000042c80000010000028af00000000"

#define MONITOR_MK2                                                                                \
    "0000042b80000044000028af0000042a8000000f000028af6d6b3200000001af40000018000001a54000"         \
    "001000000000000000460000042c80000010000028af00000001"

#define MONITOR_MK1_OFF                                                                            \
    "0000042b8000002c000028af0000042a8000000f000028af6d6b31000000042e80000010000028af0000"         \
    "0000"

#define MONITOR_MK1_REPORT                                                                         \
    "0000042b8000002c000028af0000042a8000000f000028af6d6b31000000042d80000010000028af0000"         \
    "0000"

#define REMOVE_NAMES                                                                               \
    "000003eac000003c000028af000003edc0000010000028af6f6c6431000003edc0000010000028af6f6c"         \
    "6432000003ecc0000010000028af62617365"

#define RELEASE "00000415c0000010000028af00000000"

#define GRANT_8_UNITS                                                                              \
    "000001c84000013c000001af40000068000001a44000000c0000003c000001a140000010000000000000"         \
    "00030000019d40000038000001bd40000024000001bf4000001000000000000004e2000001ad4000000c"         \
    "fffffffe000001a94000000c000003d2000001c34000000ceef45080000001b74000000c000000050000"         \
    "01b04000000c0000000800000364c0000010000028af0000000b00000365c0000010000028af00000016"         \
    "000004cac0000010000028af0000002100000367c0000010000028af0000002c00000371c00000100000"         \
    "28af00000037000004f0c000002c000028af00000366c0000010000028af0000000100000366c0000010"         \
    "000028af00000003000001c940000038000001c54000000c00000009000001c64000000c000000020000"         \
    "01bd40000018000001bf400000100000000000000001"

#define FINAL_REDIRECT_7                                                                           \
    "000001c840000080000001af40000018000001a5400000100000000000000001000001b04000000c0000"         \
    "0007000001ae40000048000001c14000000c00000001000001b240000034000001b14000000c00000002"         \
    "000001b340000020687474703a2f2f746f7075702e6578616d706c652e6f72670000010c4000000c0000"         \
    "07d1"

#define FINAL_RESTRICT_7                                                                           \
    "000001c84000008c000001af40000018000001a5400000100000000000000001000001b04000000c0000"         \
    "0007000001ae40000054000001c14000000c00000002000001b64000002b7065726d6974206f75742069"         \
    "702066726f6d203139322e302e322e3120746f20616e79000000000b40000012746f7075702d6f6e6c79"         \
    "00000000010c4000000c000007d1"

#define FINAL_TERMINATE_7                                                                          \
    "000001c84000004c000001af40000018000001a5400000100000000000000001000001b04000000c0000"         \
    "0007000001ae40000014000001c14000000c000000000000010c4000000c000007d1"

#define RAR_HEAD "0000011d4000000c00000000"

#define UNKNOWN_M "0000fde74000000c77686174"

#define UNKNOWN_OPTIONAL "0000fde70000000c77686174"

#define RATING_GROUP_7 "000001b04000000c00000007"

#define SERVICE_5 "000001b74000000c00000005"

#define WIDE_RULE                                                                                  \
    "000003e9c0000078000028af000003ebc000006c000028af000003edc0000010000028af776964650000"         \
    "042280000050000028af000001fbc0000032000028af7065726d6974206f757420362066726f6d20616e"         \
    "7920746f20616e7920313030302d3530303000000000043880000010000028af00000001"

#define DUPLICATES                                                                                 \
    "0000010740000011616761696e3b313b320000000000012540000015782e6578616d706c652e6f726700"         \
    "00000000011b400000136578616d706c652e6f726700"

// An unknown AVP with the M bit inside a group that has none.
#define UNKNOWN_M_INSIDE                                                                           \
    "0000042b80000028000028af0000042a8000000f000028af6d6b31000000fde74000000c77686174"

// ---- CreateSession ----
struct create {
    Magma__Lte__CreateSessionRequest request;
    Magma__Lte__CommonSessionContext common;
    Magma__Lte__SubscriberID sid;
    Magma__Lte__RatSpecificContext rat;
    Magma__Lte__LTESessionContext lte;
    Magma__Lte__QosInformationRequest qos;
    Magma__Lte__RequestedUnits units;
    Magma__Lte__Timezone timezone;
};

static inline void create_init(struct create *c)
{
    magma__lte__create_session_request__init(&c->request);
    magma__lte__common_session_context__init(&c->common);
    magma__lte__subscriber_id__init(&c->sid);
    magma__lte__rat_specific_context__init(&c->rat);
    magma__lte__ltesession_context__init(&c->lte);
    magma__lte__qos_information_request__init(&c->qos);
    magma__lte__requested_units__init(&c->units);
    magma__lte__timezone__init(&c->timezone);
    c->request.session_id = TEXT(SESSION);
    c->request.common_context = &c->common;
    c->request.rat_specific_context = &c->rat;
    c->request.requested_units = &c->units;
    c->request.access_timezone = &c->timezone;
    c->units.total = 5000;
    c->timezone.offset_minutes = 60;
    c->common.sid = &c->sid;
    c->sid.id = TEXT("IMSI" IMSI);
    c->common.ue_ipv4 = TEXT("10.0.0.7");
    c->common.apn = TEXT("internet");
    c->common.msisdn = BYTES("491701234567");
    c->rat.context_case = MAGMA__LTE__RAT_SPECIFIC_CONTEXT__CONTEXT_LTE_CONTEXT;
    c->rat.lte_context = &c->lte;
    c->lte.spgw_ipv4 = TEXT("192.0.2.9");
    c->lte.imei = TEXT("35609204079301");
    c->lte.plmn_id = TEXT("00101");
    c->lte.imsi_plmn_id = TEXT("00101");
    c->lte.user_location = BYTES("\x82\x00\xf1\x10\x00\x01\x00\xf1\x10\x00\x00\x01\x02");
    c->lte.charging_characteristics = TEXT("0800");
    c->lte.qos_info = &c->qos;
    c->qos.apn_ambr_ul = 1000000;
    c->qos.apn_ambr_dl = 2000000;
    c->qos.qos_class_id = 9;
    c->qos.priority_level = 15;
}

static inline void create(void)
{
    struct create c;
    create_init(&c);
    kit_call("CreateSession", &c.request.base);
}
