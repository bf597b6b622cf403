// SPDX-License-Identifier: BSD-3-Clause
// AVPs of SWx as hex, written out from their clauses: code, flags, length, vendor, value.
#pragma once

#include "../world/world.h"
#include "extensions/swx/swx.h"

#define IMSI "001010000000001"
#define X4(tag) tag tag tag tag
#define X8(tag) X4(tag) X4(tag)
#define X16(tag) X8(tag) X8(tag)

#define AVP_AKA "00000260c0000013000028af4541502d414b4100"       // "EAP-AKA"
#define AVP_AKA_PRIME "00000260c0000014000028af4541502d414b4127" // "EAP-AKA'"
// SIP-Auth-Data-Item with its SIP-Item-Number (2 hex digits), all octets of its values `tag`
#define VECTOR_OF(item, tag, scheme)                                                               \
    "00000264c00000a8000028af"                                                                     \
    "00000265c0000010000028af000000" item scheme "00000261c000002c000028af" X16(tag)               \
        X16(tag) "00000262c0000014000028af" X8(tag) "00000271c000001c000028af" X16(                \
            tag) "00000272c000001c000028af" X16(tag)
#define VECTOR(item, tag) VECTOR_OF(item, tag, AVP_AKA)
#define PRIME_VECTOR(item, tag) VECTOR_OF(item, tag, AVP_AKA_PRIME)
// 3GPP-AAA-Server-Name "aaa2.example.org"
#define AVP_OTHER_SERVER "0000013ec000001c000028af616161322e6578616d706c652e6f7267"
#define AVP_IMSI "000000014000001730303130313030303030303030303100"
#define AVP_SESSION "00000107400000106873733b313b3131" // Session-Id "hss;1;11"
// Non-3GPP-User-Data {Subscription-Id {E.164, "49170"}, Non-3GPP-IP-Access}
#define USER_DATA(access)                                                                          \
    "000005dcc0000040000028af000001bb40000024000001c24000000c00000000000001bc4000000d3439313730"   \
    "000000"                                                                                       \
    "000005ddc0000010000028af000000" access
#define ALLOWED "00"
#define BARRED "01"
