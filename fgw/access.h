// SPDX-License-Identifier: BSD-3-Clause
// The accesses a subscriber may have at a time, each through an access gateway of its own: LTE on
// S6a, Wi-Fi on SWx, the circuit-switched domain on SGs. The directory keeps one gateway for each.
#pragma once

enum fgw_access { FGW_ACCESS_MME, FGW_ACCESS_WLAN, FGW_ACCESS_SGS };
