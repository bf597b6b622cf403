// SPDX-License-Identifier: BSD-3-Clause
// Contents of the MM information IE: what the network tells the UE about itself and the time
// (TS 24.008 §9.2.15a, without protocol discriminator and message type).
#pragma once

#include "sgsap/sgsap.h"

#define SGSAP_NETWORK_NAME_MAX 128

struct sgsap_mm_info {
    char full_name[SGSAP_NETWORK_NAME_MAX];  // UTF-8, "" if absent; cut at a character
    char short_name[SGSAP_NETWORK_NAME_MAX];
    bool has_time_zone;
    int time_zone_minutes; // east of UTC, daylight saving included
    bool has_time;         // universal time
    int64_t time;          // seconds since 1970-01-01 UTC
    bool has_daylight_saving;
    uint8_t daylight_saving_hours; // 0..2, TS 24.008 §10.5.3.12
    bool has_lsa;
};

// Reads all elements; those it does not know are skipped where their length can be told
// (TS 24.007 §11.2.4). ERR_NOT_FOUND, ERR_DECODE_TRUNCATED, ERR_DECODE_LENGTH, ERR_DECODE_VALUE.
enum err sgsap_read_mm_info(struct sgsap_value value, struct sgsap_mm_info *out);

// Writes names (7-bit default alphabet where it suffices, else UCS-2) and, if has_time, time and
// zone into buf, which must live as long as a message that is to carry it. ERR_ENCODE_SPACE,
// ERR_ENCODE_VALUE.
enum err sgsap_write_mm_info(const struct sgsap_mm_info *info, uint8_t *buf, size_t size,
                             size_t *len);
