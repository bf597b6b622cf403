// SPDX-License-Identifier: BSD-3-Clause
// Conversions of Gx and Gy values that other interfaces do not have, for the translation tables.
#pragma once

#include "diameter/xlate.h"

extern const struct xlate_conv gxgy_octets;      // text <-> OctetString (rule names)
extern const struct xlate_conv gxgy_msisdn;      // digits as text or TBCD -> digits
extern const struct xlate_conv gxgy_ipv4;        // "192.0.2.1" <-> 4 octets
extern const struct xlate_conv gxgy_ipv6_prefix; // address or prefix -> RFC 3162 2.3
extern const struct xlate_conv gxgy_timezone;    // minutes east of UTC <-> TS 29.061 16.4.7.2, 23
extern const struct xlate_conv gxgy_mcc_mnc;     // "00101", also as three BCD octets -> digits
